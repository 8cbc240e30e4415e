/* Extracting on sentences with tagged words: SNIPS (folder valid, examples of train) and WNUT-17 (emerging.dev.conll, examples of wnut17train.conll); F1 of slots or entities;
 * receipts are eval_receipts.c's. A value stands for the first words with its text that no other value of its type took; one that the sentence doesn't have counts as given. */
#include "tasks/eval_extraction.h"
#include "tasks/eval_files.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "tasks/score_entities.h"
#include "tasks/score_rouge.h"

#include <stdio.h>

enum { MAX_WORDS = 512, MAX_TYPES = 64, SHOTS = 10 };

typedef struct sentence {
    mote_str *words, *tags; /* [n] borrowed from the part */
    size_t n;
    mote_str intent; /* data NULL: the set has none */
} sentence;

typedef struct part {
    mote_lines files[3];
    mote_str *words, *tags; /* of all sentences */
    sentence *sentences;    /* [n] */
    size_t n, n_words;
} part;

typedef struct tagged_set {
    part train, measured;
    mote_str types[MAX_TYPES], intents[MAX_TYPES];
    size_t n_types, n_intents;
    mote_entity_sums sums;
    size_t n_intents_right, n_all_right;
} tagged_set;

static void part_deinit(part *p) {
    for (size_t i = 0; i < 3; i++)
        mote_lines_deinit(&p->files[i]);
    mote_mem_free(p->words);
    mote_mem_free(p->tags);
    mote_mem_free(p->sentences);
}

static mote_status make_room(part *p, size_t n_sentences, size_t n_words, mote_error *err) {
    p->sentences = mote_mem_zalloc_array(n_sentences + 1, sizeof *p->sentences);
    p->words = mote_mem_alloc_array(n_words + 1, sizeof *p->words);
    p->tags = mote_mem_alloc_array(n_words + 1, sizeof *p->tags);
    return p->sentences && p->words && p->tags ? MOTE_OK : mote_error_alloc(err, n_words * sizeof *p->words);
}

/* What stands between spaces; at most MAX_WORDS. */
static size_t split_words(mote_str line, mote_str *words) {
    size_t n = 0;
    for (size_t i = 0; i < line.len && n < MAX_WORDS; i++) {
        if (line.data[i] == ' ')
            continue;
        if (i == 0 || line.data[i - 1] == ' ')
            words[n++] = (mote_str){line.data + i, 0};
        words[n - 1].len++;
    }
    return n;
}

static mote_status read_snips(part *p, const char *folder, const char *name, mote_error *err) {
    static const char *const files[] = {"seq.in", "seq.out", "label"};
    for (size_t f = 0; f < 3; f++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", name, files[f]);
        MOTE_TRY(mote_lines_read(&p->files[f], folder, path, err));
    }
    if (p->files[1].n != p->files[0].n || p->files[2].n != p->files[0].n)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s/%s: seq.in, seq.out and label differ in their number of lines", folder, name);
    MOTE_TRY(make_room(p, p->files[0].n, p->files[0].bytes.len, err));
    for (size_t i = 0; i < p->files[0].n; i++) {
        sentence *s = &p->sentences[p->n++];
        mote_str label[MAX_WORDS];
        *s = (sentence){p->words + p->n_words, p->tags + p->n_words, 0, {NULL, 0}};
        s->n = split_words(p->files[0].items[i], s->words);
        if (split_words(p->files[1].items[i], s->tags) != s->n || split_words(p->files[2].items[i], label) != 1)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s/%s, line %zu: words and tags differ in number, or there is not one label", folder, name, i + 1);
        s->intent = label[0];
        p->n_words += s->n;
    }
    return MOTE_OK;
}

static mote_status read_conll(part *p, const char *folder, const char *file, mote_error *err) {
    const mote_lines *lines = &p->files[0];
    MOTE_TRY(mote_lines_read(&p->files[0], folder, file, err));
    MOTE_TRY(make_room(p, lines->n, lines->n, err));
    bool is_open = false;
    for (size_t i = 0; i < lines->n; i++) {
        mote_str cells[2];
        bool is_blank = lines->items[i].len == 0 || lines->items[i].data[0] == '\t';
        if (!is_blank && mote_cells(lines->items[i], '\t', cells, 2) != 2)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s/%s, line %zu: no word and tag", folder, file, i + 1);
        if (!is_blank && !is_open)
            p->sentences[p->n++] = (sentence){p->words + p->n_words, p->tags + p->n_words, 0, {NULL, 0}};
        is_open = !is_blank;
        if (is_blank || p->sentences[p->n - 1].n == MAX_WORDS)
            continue;
        p->words[p->n_words] = cells[0];
        p->tags[p->n_words++] = cells[1];
        p->sentences[p->n - 1].n++;
    }
    return MOTE_OK;
}

static void add_name(mote_str *names, size_t *n, mote_str name) {
    size_t i = 0;
    while (i < *n && !mote_str_equal(names[i], name))
        i++;
    if (i == *n && *n < MAX_TYPES)
        names[(*n)++] = name;
}

static void collect_names(tagged_set *s, const part *p) {
    for (size_t i = 0; i < p->n; i++) {
        const sentence *it = &p->sentences[i];
        mote_entity entities[MAX_WORDS];
        size_t n = mote_entities_read(it->tags, it->n, entities);
        for (size_t k = 0; k < n; k++)
            add_name(s->types, &s->n_types, entities[k].type);
        if (it->intent.data)
            add_name(s->intents, &s->n_intents, it->intent);
    }
}

static mote_status write_names(mote_buffer *out, const mote_str *names, size_t n) {
    MOTE_TRY(mote_buffer_append_text(out, "{\"enum\":["));
    for (size_t i = 0; i < n; i++) {
        MOTE_TRY(mote_buffer_append_text(out, i ? "," : ""));
        MOTE_TRY(mote_json_write_string(out, names[i]));
    }
    return mote_buffer_append_text(out, "]}");
}

static mote_status write_schema(const tagged_set *s, mote_buffer *out) {
    MOTE_TRY(mote_buffer_append_text(out, "{\"type\":\"object\",\"properties\":{"));
    if (s->n_intents) {
        MOTE_TRY(mote_buffer_append_text(out, "\"intent\":"));
        MOTE_TRY(write_names(out, s->intents, s->n_intents));
        MOTE_TRY(mote_buffer_append_char(out, ','));
    }
    MOTE_TRY(mote_buffer_append_text(out, "\"slots\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"type\":"));
    MOTE_TRY(write_names(out, s->types, s->n_types));
    MOTE_TRY(mote_buffer_append_text(out, ",\"text\":{\"type\":\"string\"}},\"required\":[\"type\",\"text\"],\"additionalProperties\":false}}},\"required\":["));
    return mote_buffer_append_text(out, s->n_intents ? "\"intent\",\"slots\"],\"additionalProperties\":false}" : "\"slots\"],\"additionalProperties\":false}");
}

static mote_status join_words(mote_buffer *out, const mote_str *words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        MOTE_TRY(mote_buffer_append_text(out, i ? " " : ""));
        MOTE_TRY(mote_buffer_append_str(out, words[i]));
    }
    return MOTE_OK;
}

/* A sentence's key as JSON. */
static mote_status write_key(const sentence *s, mote_buffer *out) {
    mote_entity entities[MAX_WORDS];
    size_t n = mote_entities_read(s->tags, s->n, entities);
    mote_buffer text;
    mote_buffer_init(&text, MOTE_EVAL_TEXT_BYTES);
    mote_status status = mote_buffer_append_char(out, '{');
    if (status == MOTE_OK && s->intent.data)
        status = mote_buffer_appendf(out, "\"intent\":\"%.*s\",", MOTE_STR_ARGS(s->intent));
    if (status == MOTE_OK)
        status = mote_buffer_append_text(out, "\"slots\":[");
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        mote_buffer_clear(&text);
        status = join_words(&text, s->words + entities[i].first, entities[i].last - entities[i].first + 1);
        if (status == MOTE_OK)
            status = mote_buffer_appendf(out, "%s{\"type\":\"%.*s\",\"text\":", i ? "," : "", MOTE_STR_ARGS(entities[i].type));
        if (status == MOTE_OK)
            status = mote_json_write_string(out, mote_buffer_str(&text));
        if (status == MOTE_OK)
            status = mote_buffer_append_char(out, '}');
    }
    mote_buffer_deinit(&text);
    return status == MOTE_OK ? mote_buffer_append_text(out, "]}") : status;
}

/* Sentences of the training part, evenly spread; of a set without intents only those that have an entity, since most have none. */
static mote_status choose_shots(const mote_eval_run *run, const part *train, mote_eval_shots *shots) {
    size_t wanted = mote_eval_shots_wanted(run, SHOTS, MOTE_EVAL_SHOTS_MAX);
    for (size_t i = 0; i < wanted && train->n; i++) {
        mote_entity entities[MAX_WORDS];
        size_t at = (size_t)((double)i * (double)train->n / (double)wanted);
        const sentence *s = &train->sentences[at];
        while (!s->intent.data && i % 3 && at + 1 < train->n && mote_entities_read(s->tags, s->n, entities) == 0)
            s = &train->sentences[++at];
        mote_eval_shots_add(shots);
        MOTE_TRY(join_words(&shots->texts[i], s->words, s->n));
        MOTE_TRY(write_key(s, &shots->values[i]));
    }
    return MOTE_OK;
}

static bool is_at(const sentence *s, size_t at, mote_str text, size_t *last) {
    size_t used = 0;
    for (size_t i = at; i < s->n; i++) {
        mote_str rest = {text.data + used, text.len - used};
        if (!mote_str_starts(rest, s->words[i]))
            return false;
        used += s->words[i].len;
        *last = i;
        if (used == text.len)
            return true;
        used += text.data[used] == ' ';
    }
    return false;
}

/* The entity of a value; one that isn't in the sentence lies behind its end. */
static mote_entity find_entity(const sentence *s, mote_str type, mote_str text, const mote_entity *others, size_t n) {
    size_t last = 0;
    for (size_t at = 0; at < s->n; at++) {
        size_t i = 0;
        if (text.len == 0 || !is_at(s, at, text, &last))
            continue;
        while (i < n && !(others[i].first == at && others[i].last == last && mote_str_equal(others[i].type, type)))
            i++;
        if (i == n)
            return (mote_entity){type, at, last};
    }
    return (mote_entity){type, s->n + n, s->n + n};
}

static mote_status read_text(void *context, size_t index, mote_buffer *text, mote_error *err) {
    const sentence *s = &((const tagged_set *)context)->measured.sentences[index];
    return join_words(text, s->words, s->n) == MOTE_OK ? MOTE_OK : mote_error_alloc(err, text->len);
}

static mote_status score(void *context, size_t index, const mote_extraction *e, mote_error *err) {
    tagged_set *set = context;
    const sentence *s = &set->measured.sentences[index];
    mote_entity given[MAX_WORDS], wanted[MAX_WORDS];
    mote_json *value = NULL;
    mote_entity_sums own = {0};
    size_t n = 0, n_wanted = mote_entities_read(s->tags, s->n, wanted);
    MOTE_TRY(mote_json_parse(e->value, e->value_bytes, &value, err));
    const mote_json *slots = mote_json_get(value, "slots");
    for (; n < mote_json_length(slots) && n < MAX_WORDS; n++) {
        const mote_json *slot = mote_json_at(slots, n);
        given[n] = find_entity(s, mote_json_string(mote_json_get(slot, "type")), mote_json_string(mote_json_get(slot, "text")), given, n);
    }
    mote_entities_add(&own, given, n, wanted, n_wanted);
    bool intent_right = mote_str_equal(mote_json_string(mote_json_get(value, "intent")), s->intent);
    set->sums.right += own.right;
    set->sums.given += own.given;
    set->sums.wanted += own.wanted;
    set->n_intents_right += intent_right;
    set->n_all_right += intent_right && own.right == own.given && own.right == own.wanted;
    mote_json_free(&value);
    return MOTE_OK;
}

static mote_status measure(mote_eval_run *run, tagged_set *set, mote_error *err) {
    const mote_eval_items items = {set, set->measured.n, read_text, score};
    mote_eval_shots shots = {.n = 0};
    mote_buffer schema;
    mote_buffer_init(&schema, MOTE_EVAL_TEXT_BYTES);
    mote_status status = write_schema(set, &schema);
    if (status == MOTE_OK)
        status = choose_shots(run, &set->train, &shots);
    if (status == MOTE_OK)
        status = mote_eval_extraction(run, mote_buffer_str(&schema), &shots, &items, err);
    mote_eval_shots_deinit(&shots);
    mote_buffer_deinit(&schema);
    return status;
}

static mote_status read_set(tagged_set *s, const char *folder, mote_error *err) {
    bool is_snips = mote_eval_has(folder, "valid/seq.in") || mote_eval_has(folder, "test/seq.in");
    bool is_wnut = mote_eval_has(folder, "emerging.dev.conll") || mote_eval_has(folder, "emerging.test.annotated");
    if (!is_snips && !is_wnut)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED,
                              "%s: none of valid/seq.in or test/seq.in (SNIPS), emerging.dev.conll or emerging.test.annotated (WNUT-17), box and key (receipts)", folder);
    if (is_snips) {
        MOTE_TRY(read_snips(&s->measured, folder, mote_eval_has(folder, "valid/seq.in") ? "valid" : "test", err));
        if (mote_eval_has(folder, "train/seq.in"))
            MOTE_TRY(read_snips(&s->train, folder, "train", err));
    } else {
        MOTE_TRY(read_conll(&s->measured, folder, mote_eval_has(folder, "emerging.dev.conll") ? "emerging.dev.conll" : "emerging.test.annotated", err));
        if (mote_eval_has(folder, "wnut17train.conll"))
            MOTE_TRY(read_conll(&s->train, folder, "wnut17train.conll", err));
    }
    collect_names(s, &s->train);
    collect_names(s, &s->measured);
    return MOTE_OK;
}

mote_status mote_eval_extract(mote_eval_run *run, mote_error *err) {
    if (mote_eval_has(run->options->folder, "box"))
        return mote_eval_receipts(run, err);
    tagged_set set = {0};
    mote_status status = read_set(&set, run->options->folder, err);
    if (status == MOTE_OK)
        status = measure(run, &set, err);
    bool has_intents = set.n_intents > 0;
    part_deinit(&set.train);
    part_deinit(&set.measured);
    MOTE_TRY(status);
    mote_f_score f = mote_f_score_of((double)set.sums.right, (double)set.sums.given, (double)set.sums.wanted);
    double n = run->n ? (double)run->n : 1;
    MOTE_TRY(mote_eval_metric(run, has_intents ? "slot_f1" : "entity_f1", f.f1));
    MOTE_TRY(mote_eval_metric(run, "precision", f.precision));
    MOTE_TRY(mote_eval_metric(run, "recall", f.recall));
    if (has_intents)
        MOTE_TRY(mote_eval_metric(run, "intent_accuracy", (double)set.n_intents_right / n));
    return mote_eval_metric(run, "all_right", (double)set.n_all_right / n);
}
