/* The loop: propose, judge, take what gains enough and doesn't touch another, again with the sentence as it is then. */
#include "tasks/proof_private.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "text/facts.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_TEXT_BYTES = 1 << 30, MAX_ARENA_BYTES = 1 << 30, MAX_SENTENCE_BYTES = 8000, MAX_REJECTED = 512, NEAR_BYTES = 24, MAX_RIVALS = 3 };
static const double CLEARLY = 1.5;
static const double ASKED = 1000; /* above any quick gain */
#define KEPT_FACTS (MOTE_FACT_NUMBER | MOTE_FACT_NAME | MOTE_FACT_NEGATION | MOTE_FACT_LINK)

static const char *const kind_names[] = {
#define NAME(name) #name,
    MOTE_PROOF_KINDS(NAME)
#undef NAME
};

static mote_status read_settings(mote_proofreader *p, mote_error *err) {
    const mote_json *margins = mote_json_get(p->task.root, "margins");
    mote_str context;
    for (size_t i = 0; i < MOTE_PROOF_N_KINDS; i++) {
        const mote_json *margin = mote_json_get(margins, kind_names[i]);
        if (!mote_json_is_number(margin))
            return mote_error_set(err, MOTE_ERR_FORMAT, "task %s: \"margins\" has no number \"%s\"", p->task.name, kind_names[i]);
        p->margins[i] = mote_json_number(margin, 0);
    }
    MOTE_TRY(mote_task_text(&p->task, "context", &context, err));
    int32_t first = mote_engine_first_token(p->engine->model);
    p->judge.tokenizer = mote_model_tokenizer(p->engine->model);
    p->judge.n_vocab = p->engine->model->h.n_vocab;
    p->window = (size_t)mote_task_number(&p->task, "window", 14);
    p->spelling_window = (size_t)mote_task_number(&p->task, "spelling_window", 3);
    p->n_candidates = (size_t)mote_task_number(&p->task, "candidates", 40);
    p->n_rounds = (size_t)mote_task_number(&p->task, "rounds", 3);
    p->least_quick_gain = mote_task_number(&p->task, "least_quick_gain", -4);
    if (first >= 0 && mote_ids_append(&p->judge.context, &first, 1) != MOTE_OK)
        return mote_error_alloc(err, sizeof first);
    MOTE_TRY(mote_prompt_ids_append_text(&p->judge.context, p->judge.tokenizer, context, 0, err));
    return p->judge.context.n ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "task %s: \"context\" is empty", p->task.name);
}

static mote_status read_tables(mote_proofreader *p, mote_error *err) {
    MOTE_TRY(mote_word_table_read(&p->swaps, &p->task, "swaps.txt", err));
    MOTE_TRY(mote_word_table_read(&p->confusions, &p->task, "confusions.txt", err));
    MOTE_TRY(mote_word_table_read(&p->inserts, &p->task, "inserts.txt", err));
    MOTE_TRY(mote_word_table_read(&p->deletes, &p->task, "deletes.txt", err));
    MOTE_TRY(mote_word_table_read(&p->forms, &p->task, "forms.txt", err));
    return mote_lexicon_init(&p->lexicon, p->judge.tokenizer, err);
}

mote_status mote_proofreader_create(mote_engine *engine, const mote_proofread_options *options, mote_proofreader **proofreader, mote_error *err) {
    mote_proofread_options o = MOTE_PROOFREAD_OPTIONS_INIT;
    if (options)
        o = *options;
    *proofreader = NULL;
    mote_proofreader *p = mote_mem_zalloc_array(1, sizeof *p);
    if (!p)
        return mote_error_alloc(err, sizeof *p);
    mote_status status;
    p->engine = engine;
    p->progress = o.progress;
    p->progress_context = o.progress_context;
    MOTE_TRY_DONE(mote_task_open(&p->task, o.task ? o.task : "proofread", "proofread", err));
    MOTE_TRY_DONE(read_settings(p, err));
    MOTE_TRY_DONE(read_tables(p, err));
    MOTE_TRY_DONE(mote_session_create(engine, &p->judge.session, err));
    if (!o.no_generation)
        MOTE_TRY_DONE(mote_proof_prepare_asking(p, err));
    *proofreader = p;
    p = NULL;
done:
    mote_proofreader_free(&p);
    return status;
}

void mote_proofreader_free(mote_proofreader **proofreader) {
    mote_proofreader *p = *proofreader;
    *proofreader = NULL;
    if (!p)
        return;
    mote_session_free(&p->judge.session);
    mote_session_free(&p->generator);
    mote_sampler_free(&p->sampler);
    mote_form_free(&p->form);
    mote_judge_deinit(&p->judge);
    mote_lexicon_deinit(&p->lexicon);
    mote_word_table_deinit(&p->swaps);
    mote_word_table_deinit(&p->confusions);
    mote_word_table_deinit(&p->inserts);
    mote_word_table_deinit(&p->deletes);
    mote_word_table_deinit(&p->forms);
    mote_task_close(&p->task);
    mote_mem_free(p);
}

/* What is done with one text. */
typedef struct work {
    mote_proofreader *p;
    mote_str text;
    mote_arena *arena;  /* of the result */
    mote_arena scratch; /* of a sentence */
    mote_taken *taken;  /* [n_taken] of the whole text */
    size_t n_taken, capacity;
    mote_proof_sentence *sentence;
    uint64_t rejected[MAX_REJECTED]; /* [n_rejected] edits of this sentence that lost clearly, with the words around them */
    size_t n_rejected;
    mote_error *err;
} work;

/* An edit in its surroundings. */
static uint64_t key_of(const mote_proof_sentence *s, const mote_edit *e) {
    size_t start = e->start > NEAR_BYTES ? e->start - NEAR_BYTES : 0, end = e->end + NEAR_BYTES < s->text.len ? e->end + NEAR_BYTES : s->text.len;
    mote_checksum sum;
    mote_checksum_init(&sum);
    mote_checksum_update(&sum, s->text.data + start, end - start);
    mote_checksum_update(&sum, "", 1);
    mote_checksum_update(&sum, e->after.data, e->after.len);
    return mote_checksum_value(&sum);
}

static bool was_rejected(const work *w, uint64_t key) {
    for (size_t i = 0; i < w->n_rejected; i++)
        if (w->rejected[i] == key)
            return true;
    return false;
}

static int by_quick(const void *a, const void *b) {
    const mote_edit *x = *(mote_edit *const *)a, *y = *(mote_edit *const *)b;
    return x->quick != y->quick ? (x->quick < y->quick ? 1 : -1) : x->start != y->start ? (x->start < y->start ? -1 : 1) : x->kind - y->kind;
}

static int by_gain(const void *a, const void *b) {
    const mote_edit *x = *(mote_edit *const *)a, *y = *(mote_edit *const *)b;
    return x->gain != y->gain ? (x->gain < y->gain ? 1 : -1) : x->start != y->start ? (x->start < y->start ? -1 : 1) : x->kind - y->kind;
}

/* Whether a sentence with the edit has the same numbers, names, negations and links. Capital letters may change. */
static mote_status keeps_facts(const mote_proof_sentence *s, const mote_edit *e, bool *keeps) {
    mote_buffer after;
    mote_fact fact;
    mote_buffer_init(&after, MAX_TEXT_BYTES);
    mote_status status = mote_buffer_append(&after, s->text.data, e->start);
    if (status == MOTE_OK)
        status = mote_buffer_append_str(&after, e->after);
    if (status == MOTE_OK)
        status = mote_buffer_append(&after, s->text.data + e->end, s->text.len - e->end);
    *keeps =
        status == MOTE_OK && !mote_facts_lacking(s->text, mote_buffer_str(&after), KEPT_FACTS, &fact) && !mote_facts_lacking(mote_buffer_str(&after), s->text, KEPT_FACTS, &fact);
    mote_buffer_deinit(&after);
    return status;
}

/* The edits to take, from the best on: those above their margin that keep the facts and leave two bytes at least between them. */
static mote_status choose(const mote_proofreader *p, mote_proof_sentence *s, size_t n, mote_edit **chosen, size_t *n_chosen) {
    for (size_t i = 0; i < n; i++)
        s->edits[i]->gain -= p->margins[s->edits[i]->kind] + s->edits[i]->cost;
    qsort(s->edits, n, sizeof *s->edits, by_gain);
    *n_chosen = 0;
    for (size_t i = 0; i < n && s->edits[i]->gain > 0; i++) {
        mote_edit *e = s->edits[i];
        bool is_free = true, keeps = false;
        for (size_t k = 0; k < *n_chosen && is_free; k++)
            is_free = e->end + 12 < chosen[k]->start || chosen[k]->end + 12 < e->start;
        if (!is_free)
            continue;
        MOTE_TRY(keeps_facts(s, e, &keeps));
        if (keeps)
            chosen[(*n_chosen)++] = e;
    }
    return MOTE_OK;
}

static int by_end(const void *a, const void *b) {
    const mote_edit *x = *(mote_edit *const *)a, *y = *(mote_edit *const *)b;
    return x->start < y->start ? 1 : x->start > y->start ? -1 : 0;
}

/* Of the first n edits, those at the same place. */
static size_t count_rivals(const mote_proof_sentence *s, size_t n, const mote_edit *e) {
    size_t rivals = 0;
    for (size_t i = 0; i < n; i++)
        rivals += s->edits[i]->start == e->start && s->edits[i]->end == e->end && s->edits[i]->kind != MOTE_PROOF_model;
    return rivals;
}

/* Brings those edits to the front that are worth a pass, the most promising first; their number. What the model asked for is among them in any case. */
static size_t select_edits(const work *w, mote_proof_sentence *s, size_t most) {
    size_t n = 0;
    for (size_t i = 0; i < s->n_edits; i++)
        s->edits[i]->quick += s->edits[i]->kind == MOTE_PROOF_model ? ASKED : -s->edits[i]->cost;
    qsort(s->edits, s->n_edits, sizeof *s->edits, by_quick);
    for (size_t i = 0; i < s->n_edits && n < most && s->edits[i]->quick > w->p->least_quick_gain; i++)
        if (count_rivals(s, n, s->edits[i]) < MAX_RIVALS && !was_rejected(w, key_of(s, s->edits[i])))
            s->edits[n++] = s->edits[i];
    for (size_t i = 0; i < n; i++)
        s->edits[i]->quick -= s->edits[i]->kind == MOTE_PROOF_model ? ASKED : -s->edits[i]->cost;
    return n;
}

/* Judged edits [n] of the sentence: takes those that are good enough, and remembers those that clearly aren't. */
static mote_status take_best(work *w, mote_buffer *now, mote_taken_list *list, mote_str original, size_t n, size_t *n_taken) {
    mote_proof_sentence *s = w->sentence;
    mote_edit *chosen[64];
    MOTE_TRY(choose(w->p, s, n < 64 ? n : 64, chosen, n_taken));
    for (size_t i = 0; i < n && w->n_rejected < MAX_REJECTED; i++)
        if (s->edits[i]->gain < -CLEARLY)
            w->rejected[w->n_rejected++] = key_of(s, s->edits[i]);
    qsort(chosen, *n_taken, sizeof *chosen, by_end); /* from the end on, so that the others keep their places */
    for (size_t i = 0; i < *n_taken; i++)
        MOTE_TRY(mote_taken_apply(list, original, now, chosen[i], w->arena));
    return MOTE_OK;
}

/* One round on the sentence as it is now; *n_taken: edits that were taken. */
static mote_status go_round(work *w, mote_buffer *now, mote_taken_list *list, mote_str original, bool words_only, bool asks, size_t *n_taken) {
    mote_proofreader *p = w->p;
    mote_proof_sentence *s = w->sentence;
    s->text = mote_buffer_str(now);
    s->n_edits = 0;
    s->words_only = words_only;
    p->judge.window = words_only ? p->spelling_window : p->window;
    s->n_words = mote_proof_words(s->text, s->words, MOTE_PROOF_MAX_WORDS);
    *n_taken = 0;
    MOTE_TRY(mote_proof_propose(p, s));
    size_t n_rules = s->n_edits;
    if (asks && p->form)
        MOTE_TRY(mote_proof_ask(p, s, w->err));
    size_t n_asked = s->n_edits - n_rules;
    if (s->n_edits == 0)
        return MOTE_OK;
    MOTE_TRY(mote_judge_read(&p->judge, s->text, s->edits, s->n_edits, &w->scratch, w->err));
    size_t n = select_edits(w, s, p->n_candidates + n_asked);
    MOTE_TRY(mote_judge_gains(&p->judge, s->edits, n, w->err));
    return take_best(w, now, list, original, n, n_taken);
}

/* Other words near a misspelled one, in place of the one on trial; each must only be the likelier one, so that its cost undoes the margin. */
static mote_status propose_others(const mote_proofreader *p, mote_proof_sentence *s, size_t start, size_t end, mote_str before) {
    mote_lexicon_match near[MOTE_LEXICON_NEAR];
    size_t n = mote_lexicon_near(&p->lexicon, before, 1, near);
    for (size_t i = 0; i < n; i++)
        MOTE_TRY(mote_proof_add(s, start, end, near[i].word, MOTE_PROOF_spelling, -p->margins[MOTE_PROOF_spelling]));
    return MOTE_OK;
}

/* Takes back what was corrected on trial, where the sentence isn't clearly the better for it. */
static mote_status review(work *w, mote_buffer *now, mote_taken_list *list, mote_str original, size_t *n_taken) {
    const mote_proofreader *p = w->p;
    mote_proof_sentence *s = w->sentence;
    const double margin = p->margins[MOTE_PROOF_spelling];
    mote_edit *back[256]; /* of each, the way back */
    ptrdiff_t shift = 0;
    s->text = mote_buffer_str(now);
    s->n_edits = 0;
    for (size_t i = 0; i < list->n; i++) {
        mote_taken *t = &list->items[i];
        t->cost = t->cost > 0 ? t->cost : 0; /* another word's, see propose_others */
        size_t start = (size_t)((ptrdiff_t)t->start + shift), n_before = s->n_edits;
        mote_str before = {original.data + t->start, t->end - t->start};
        /* What this gains, the correction loses; the correction must gain margin and cost. */
        MOTE_TRY(mote_proof_add(s, start, start + t->after.len, before, MOTE_PROOF_spelling, -2 * margin - t->cost));
        back[i] = s->n_edits > n_before ? s->edits[n_before] : NULL;
        MOTE_TRY(propose_others(p, s, start, start + t->after.len, before));
        shift += (ptrdiff_t)t->after.len - (ptrdiff_t)before.len;
    }
    MOTE_TRY(mote_judge_read(&w->p->judge, s->text, s->edits, s->n_edits, &w->scratch, w->err));
    MOTE_TRY(mote_judge_gains(&w->p->judge, s->edits, s->n_edits, w->err));
    for (size_t i = 0; i < list->n; i++)
        list->items[i].gain = back[i] ? -back[i]->gain - margin - list->items[i].cost : 0;
    return take_best(w, now, list, original, s->n_edits, n_taken);
}

/* Several misspelled words in one sentence make each other likely. So all of them are corrected on trial, and each is then judged in the company of the corrected others. */
static mote_status try_nearest(work *w, mote_buffer *now, mote_taken_list *list, mote_str original) {
    mote_proof_sentence *s = w->sentence;
    s->text = mote_buffer_str(now);
    s->n_edits = 0;
    s->n_words = mote_proof_words(s->text, s->words, MOTE_PROOF_MAX_WORDS);
    w->p->judge.window = w->p->spelling_window;
    MOTE_TRY(mote_proof_propose_nearest(w->p, s));
    if (s->n_edits < 2)
        return MOTE_OK;
    for (size_t i = s->n_edits; i-- > 0;) { /* from the end on, so that the others keep their places */
        bool keeps;
        MOTE_TRY(keeps_facts(s, s->edits[i], &keeps));
        if (keeps)
            MOTE_TRY(mote_taken_apply(list, original, now, s->edits[i], w->arena));
        s->text = mote_buffer_str(now);
    }
    size_t n_taken = 1;
    for (size_t i = 0; n_taken && list->n && i < w->p->n_rounds; i++)
        MOTE_TRY(review(w, now, list, original, &n_taken));
    return MOTE_OK;
}

static mote_status keep_taken(work *w, const mote_taken_list *list, size_t offset) {
    if (w->n_taken + list->n > w->capacity) {
        size_t capacity = 2 * w->capacity + list->n + 64;
        mote_taken *taken = mote_mem_resize_array(w->taken, capacity, sizeof *taken);
        if (!taken)
            return MOTE_ERR_ALLOC;
        w->taken = taken;
        w->capacity = capacity;
    }
    for (size_t i = 0; i < list->n; i++) {
        mote_taken t = list->items[i];
        t.start += offset;
        t.end += offset;
        w->taken[w->n_taken++] = t;
    }
    return MOTE_OK;
}

static mote_status correct_sentence(work *w, mote_str original, size_t offset, mote_buffer *now) {
    mote_taken_list *list = mote_arena_zalloc_array(&w->scratch, 1, sizeof *list);
    mote_status status = list ? MOTE_OK : MOTE_ERR_ALLOC;
    size_t n_taken = 1;
    w->n_rejected = 0;
    if (status == MOTE_OK)
        status = try_nearest(w, now, list, original);
    for (size_t i = 0; status == MOTE_OK && n_taken && i < w->p->n_rounds; i++)
        status = go_round(w, now, list, original, true, false, &n_taken);
    n_taken = 1;
    for (size_t i = 0; status == MOTE_OK && n_taken && i < w->p->n_rounds; i++)
        status = go_round(w, now, list, original, false, i == 0, &n_taken);
    if (status == MOTE_ERR_CONTEXT)
        status = MOTE_OK;
    return status == MOTE_OK ? keep_taken(w, list, offset) : status;
}

static mote_status each_sentence(void *context, size_t start, size_t end, bool is_prose, bool ends_block, const mote_span *kept, size_t n_kept) {
    work *w = context;
    mote_proofreader *p = w->p;
    if (p->progress && !p->progress(p->progress_context, "proofreading", (double)start / (double)w->text.len))
        return mote_error_set(w->err, MOTE_ERR_CANCELLED, "cancelled");
    if (end - start > MAX_SENTENCE_BYTES)
        return MOTE_OK;
    mote_arena_init(&w->scratch, MAX_ARENA_BYTES);
    mote_span *spans = mote_arena_zalloc_array(&w->scratch, n_kept + 1, sizeof *spans);
    mote_buffer now;
    mote_buffer_init(&now, MAX_TEXT_BYTES);
    mote_status status = spans ? mote_buffer_append(&now, w->text.data + start, end - start) : MOTE_ERR_ALLOC;
    size_t n = 0;
    for (size_t i = 0; status == MOTE_OK && i < n_kept; i++)
        if (kept[i].start < end && kept[i].end > start) /* of what begins before it, the part inside */
            spans[n++] = (mote_span){kept[i].start > start ? kept[i].start - start : 0, kept[i].end - start};
    for (size_t i = 0; i < now.len; i++)
        now.data[i] = now.data[i] == '\n' || now.data[i] == '\r' ? ' ' : now.data[i];
    w->sentence->arena = &w->scratch;
    w->sentence->is_prose = is_prose;
    w->sentence->may_stop = is_prose && ends_block;
    w->sentence->kept = spans;
    w->sentence->n_kept = n;
    if (status == MOTE_OK)
        status = correct_sentence(w, (mote_str){w->text.data + start, end - start}, start, &now);
    mote_buffer_deinit(&now);
    mote_arena_deinit(&w->scratch);
    return status;
}

static mote_str trim(const char *text) {
    mote_str s = mote_str_of(text);
    while (s.len && s.data[0] == ' ') {
        s.data++;
        s.len--;
    }
    while (s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

/* "{before}" and "{after}" in an explanation. */
static mote_status explain(mote_arena *arena, mote_str pattern, const char *before, const char *after, const char **out) {
    const struct { mote_str name, value; } values[] = {{MOTE_STR("{before}"), trim(before)}, {MOTE_STR("{after}"), trim(after)}};
    mote_buffer text;
    mote_buffer_init(&text, MAX_TEXT_BYTES);
    mote_status status = MOTE_OK;
    for (size_t at = 0; status == MOTE_OK && at < pattern.len;) {
        mote_str rest = {pattern.data + at, pattern.len - at};
        size_t i = 0;
        while (i < 2 && !mote_str_starts(rest, values[i].name))
            i++;
        status = i < 2 ? mote_buffer_append_str(&text, values[i].value) : mote_buffer_append_char(&text, rest.data[0]);
        at += i < 2 ? values[i].name.len : 1;
    }
    *out = status == MOTE_OK ? mote_arena_dup(arena, text.len ? text.data : "", text.len) : NULL;
    mote_buffer_deinit(&text);
    return *out ? MOTE_OK : MOTE_ERR_ALLOC;
}

static mote_status describe(const work *w, const mote_taken *t, mote_proof_edit *e) {
    const mote_proofreader *p = w->p;
    const char *name = kind_names[t->kind], *kind = mote_json_text(mote_json_get(mote_json_get(p->task.root, "kinds"), name));
    mote_str pattern = mote_json_string(mote_json_get(mote_json_get(p->task.root, "explanations"), name));
    *e = (mote_proof_edit){.start = t->start, .end = t->end, .after = t->after.data, .gain = t->gain};
    e->before = mote_arena_dup(w->arena, w->text.data + t->start, t->end - t->start);
    e->kind = mote_arena_dup(w->arena, kind ? kind : name, strlen(kind ? kind : name));
    return e->before && e->kind ? explain(w->arena, pattern, e->before, e->after, &e->explanation) : MOTE_ERR_ALLOC;
}

static mote_status finish(const work *w, mote_proof_result *r) {
    mote_buffer text;
    size_t at = 0;
    mote_buffer_init(&text, MAX_TEXT_BYTES);
    mote_status status = MOTE_OK;
    r->edits = mote_arena_zalloc_array(w->arena, w->n_taken + 1, sizeof *r->edits);
    if (!r->edits)
        return MOTE_ERR_ALLOC;
    for (size_t i = 0; status == MOTE_OK && i < w->n_taken; i++) {
        const mote_taken *t = &w->taken[i];
        status = mote_buffer_append(&text, w->text.data + at, t->start - at);
        if (status == MOTE_OK)
            status = mote_buffer_append_str(&text, t->after);
        if (status == MOTE_OK)
            status = describe(w, t, &r->edits[r->n_edits++]);
        at = t->end;
    }
    if (status == MOTE_OK)
        status = mote_buffer_append(&text, w->text.data + at, w->text.len - at);
    r->text_bytes = text.len;
    r->text = status == MOTE_OK ? mote_buffer_take(&text) : NULL;
    mote_buffer_deinit(&text);
    return r->text ? MOTE_OK : MOTE_ERR_ALLOC;
}

mote_status mote_proofread(mote_proofreader *proofreader, const char *text, size_t text_bytes, mote_proof_result *result, mote_error *err) {
    *result = (mote_proof_result){0};
    mote_arena *arena = mote_mem_alloc(sizeof *arena);
    work w = {.p = proofreader, .text = {text, text_bytes}, .arena = arena, .err = err};
    w.sentence = mote_mem_zalloc_array(1, sizeof *w.sentence);
    mote_status status = arena && w.sentence ? MOTE_OK : MOTE_ERR_ALLOC;
    proofreader->judge.n_tokens = 0;
    if (arena)
        mote_arena_init(arena, MAX_ARENA_BYTES);
    result->memory = arena;
    if (status == MOTE_OK)
        status = mote_proof_sentences(w.text, each_sentence, &w);
    if (status == MOTE_OK)
        status = finish(&w, result);
    result->n_tokens = proofreader->judge.n_tokens;
    mote_mem_free(w.sentence);
    mote_mem_free(w.taken);
    if (status != MOTE_OK)
        mote_proof_result_deinit(result);
    return status == MOTE_ERR_ALLOC ? mote_error_alloc(err, text_bytes) : status;
}

void mote_proof_result_deinit(mote_proof_result *result) {
    mote_mem_free(result->text);
    if (result->memory)
        mote_arena_deinit(result->memory);
    mote_mem_free(result->memory);
    *result = (mote_proof_result){0};
}
