/* Parts by structure, their summaries, and a check of every number. */
#include <mote/summarize.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "tasks/author.h"
#include "tasks/parts.h"
#include "text/facts.h"

#include <ctype.h>

enum { MAX_TEXT_BYTES = 256 << 20, MAX_LEVELS = 6, PROMPT_TOKENS = 250 };

typedef struct summarizing {
    mote_author author;
    mote_task task;
    const mote_summarize_options *options;
    mote_str source;
    mote_str form; /* the instruction */
    const char *form_name;
    size_t n_words, n_tries, part_tokens, n_predict;
    double temperature;
    mote_buffer instruction;
    mote_summary *summary;
    size_t n_asked;
} summarizing;

static mote_status read_settings(summarizing *s, mote_error *err) {
    const mote_json *forms = mote_json_get(s->task.root, "forms");
    s->form_name = s->options->form ? s->options->form : "paragraph";
    s->form = mote_json_string(mote_json_get(forms, s->form_name));
    if (!s->form.data)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "the task %s has no form '%.60s'", s->task.name, s->form_name);
    s->n_words = s->options->n_words ? s->options->n_words : (size_t)mote_json_number(mote_json_get(mote_json_get(s->task.root, "words"), s->form_name), 60);
    s->n_tries = (size_t)mote_task_number(&s->task, "tries", 4);
    s->temperature = mote_task_number(&s->task, "temperature", 0.3);
    s->part_tokens = (size_t)mote_task_number(&s->task, "part_tokens", 1200);
    s->n_predict = 2 * s->n_words + 60;
    size_t n_ctx = s->author.engine->n_ctx;
    if (n_ctx < s->n_predict + PROMPT_TOKENS + 100)
        return mote_error_set(err, MOTE_ERR_CONTEXT, "a summary of %zu words takes a context of %zu tokens at least, there are %zu", s->n_words, s->n_predict + PROMPT_TOKENS + 100,
                              n_ctx);
    size_t room = n_ctx - s->n_predict - PROMPT_TOKENS;
    s->part_tokens = s->part_tokens < room ? s->part_tokens : room;
    return MOTE_OK;
}

/* The instruction of a part, or of the whole with its length and what it is about. */
static mote_status instruct(summarizing *s, bool is_part, mote_error *err) {
    mote_str text = is_part ? mote_json_string(mote_json_get(s->task.root, "part")) : s->form, gap = MOTE_STR("{length}");
    mote_buffer *b = &s->instruction;
    mote_status status = MOTE_OK;
    mote_buffer_clear(b);
    for (size_t at = 0; status == MOTE_OK && at < text.len;) {
        bool is_gap = mote_str_starts((mote_str){text.data + at, text.len - at}, gap);
        status = is_gap ? mote_buffer_appendf(b, " in about %zu words", s->n_words) : mote_buffer_append_char(b, text.data[at]);
        at += is_gap ? gap.len : 1;
    }
    if (status == MOTE_OK && s->options->query)
        status = mote_buffer_appendf(b, " Say only what answers this: %s", s->options->query);
    return status == MOTE_OK ? MOTE_OK : mote_error_alloc(err, b->len);
}

static bool has_own_numbers(const summarizing *s, mote_str unit) {
    mote_fact fact;
    return mote_facts_lacking(unit, s->source, MOTE_FACT_NUMBER, &fact);
}

/* The end of the unit that begins at `at`: a line of a list or table, else a sentence. */
static size_t unit_end(mote_str text, size_t at, bool by_lines) {
    for (size_t i = at; i < text.len; i++) {
        if (text.data[i] == '\n')
            return i + 1;
        if (!by_lines && strchr(".!?", text.data[i]) && i + 1 < text.len && isspace((unsigned char)text.data[i + 1]))
            return i + 2;
    }
    return text.len;
}

/* Marks of a list are told alike ("* ", "• ", "1. " are "- "); numbers of points would be numbers that the text doesn't have. */
static mote_str without_point(mote_str line) {
    size_t at = 0;
    while (at < line.len && isspace((unsigned char)line.data[at]))
        at++;
    size_t mark = at;
    if (mote_str_starts((mote_str){line.data + at, line.len - at}, MOTE_STR("\xe2\x80\xa2")))
        at += 3;
    else if (at < line.len && strchr("-*", line.data[at]))
        at++;
    else
        while (at < line.len && isdigit((unsigned char)line.data[at]))
            at++;
    if (at < line.len && at > mark && isdigit((unsigned char)line.data[mark]))
        at = strchr(".)", line.data[at]) ? at + 1 : mark;
    while (at > mark && at < line.len && line.data[at] == ' ')
        at++;
    return (mote_str){line.data + at, line.len - at};
}

/* Small models say a sentence again and again; it is kept once. */
typedef struct said {
    uint64_t hashes[256];
    size_t n;
} said;

static bool is_new(said *before, mote_str sentence) {
    mote_checksum sum;
    while (sentence.len && isspace((unsigned char)sentence.data[sentence.len - 1]))
        sentence.len--;
    mote_checksum_init(&sum);
    mote_checksum_update(&sum, sentence.data, sentence.len);
    uint64_t hash = mote_checksum_value(&sum);
    for (size_t i = 0; i < before->n; i++)
        if (before->hashes[i] == hash)
            return false;
    if (before->n < sizeof before->hashes / sizeof *before->hashes)
        before->hashes[before->n++] = hash;
    return true;
}

static mote_status append_new(said *before, mote_str unit, mote_buffer *out) {
    for (size_t at = 0; at < unit.len;) {
        size_t end = unit_end(unit, at, false);
        mote_str sentence = {unit.data + at, end - at};
        if (sentence.len < 8 || is_new(before, sentence)) {
            MOTE_TRY(mote_buffer_append_str(out, sentence));
        } else if (sentence.data[sentence.len - 1] == '\n') {
            while (out->len && out->data[out->len - 1] == ' ')
                out->data[--out->len] = 0;
            MOTE_TRY(mote_buffer_append_char(out, '\n'));
        }
        at = end;
    }
    return MOTE_OK;
}

static mote_status keep_unit(const summarizing *s, said *before, mote_str unit, mote_buffer *out) {
    if (strcmp(s->form_name, "table") == 0)
        return mote_buffer_append_str(out, unit);
    if (strcmp(s->form_name, "bullets") != 0)
        return append_new(before, unit, out);
    unit = without_point(unit);
    if (unit.len == 0 || unit.data[0] == '\n')
        return MOTE_OK;
    size_t n_before = out->len;
    MOTE_TRY(mote_buffer_append_text(out, "- "));
    MOTE_TRY(append_new(before, unit, out));
    if (out->len <= n_before + strlen("- \n")) { /* nothing new in it */
        out->len = n_before;
        out->data[n_before] = 0;
    }
    return MOTE_OK;
}

/* The answer without units that have numbers of their own; *n_bad of them. */
static mote_status filter(const summarizing *s, mote_str answer, mote_buffer *out, size_t *n_bad) {
    bool is_table = strcmp(s->form_name, "table") == 0, by_lines = is_table || strcmp(s->form_name, "bullets") == 0;
    said before = {.n = 0};
    *n_bad = 0;
    mote_buffer_clear(out);
    for (size_t at = 0; at < answer.len;) {
        size_t end = unit_end(answer, at, by_lines);
        mote_str unit = {answer.data + at, end - at};
        bool is_bad = has_own_numbers(s, by_lines && !is_table ? without_point(unit) : unit);
        *n_bad += is_bad;
        if (!is_bad && !(is_table && unit.data[0] != '|'))
            MOTE_TRY(keep_unit(s, &before, unit, out));
        at = end;
    }
    while (out->len && isspace((unsigned char)out->data[out->len - 1]))
        out->data[--out->len] = 0;
    return MOTE_OK;
}

/* Asks until all numbers are the source's; of several answers the one with the fewest others is kept, without these. */
static mote_status ask(summarizing *s, mote_str text, size_t n_predict, mote_buffer *out, size_t *n_dropped, mote_error *err) {
    mote_buffer answer, kept;
    size_t least = SIZE_MAX;
    mote_buffer_init(&answer, MAX_TEXT_BYTES);
    mote_buffer_init(&kept, MAX_TEXT_BYTES);
    mote_status status = MOTE_OK;
    for (size_t i = 0; status == MOTE_OK && least > 0 && i < s->n_tries; i++) {
        size_t n_bad;
        if (s->options->progress && !s->options->progress(s->options->progress_context, "summarizing", (double)s->n_asked / (double)(s->n_asked + 4)))
            status = mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
        if (status == MOTE_OK)
            status = mote_author_ask(&s->author, mote_buffer_str(&s->instruction), text, i ? s->temperature * (double)i : 0, s->options->seed + i, n_predict, &answer, err);
        if (status == MOTE_OK)
            status = filter(s, mote_buffer_str(&answer), &kept, &n_bad);
        if (status != MOTE_OK || kept.len == 0 || n_bad >= least)
            continue;
        least = n_bad;
        mote_buffer_clear(out);
        status = mote_buffer_append_str(out, mote_buffer_str(&kept));
    }
    s->n_asked++;
    *n_dropped += least == SIZE_MAX ? 0 : least;
    if (status == MOTE_OK && least == SIZE_MAX)
        status = mote_error_set(err, MOTE_ERR_FAILED, "refused: in %zu tries the model gave no summary%s", s->n_tries,
                                strcmp(s->form_name, "table") == 0 ? " in the form of a table" : " that has the text's numbers only");
    mote_buffer_deinit(&answer);
    mote_buffer_deinit(&kept);
    return status;
}

static mote_status count_tokens(const summarizing *s, mote_str text, size_t *n, mote_error *err) {
    mote_prompt_ids ids = {0};
    mote_status status = mote_prompt_ids_append_text(&ids, mote_model_tokenizer(s->author.engine->model), text, 0, err);
    *n = ids.n;
    mote_prompt_ids_deinit(&ids);
    return status;
}

/* Summaries of the parts of a text, one below the other. */
static mote_status summarize_parts(summarizing *s, mote_str text, size_t n_tokens, mote_buffer *out, mote_error *err) {
    size_t most = text.len / n_tokens * s->part_tokens * 9 / 10, n_dropped = 0;
    const char *name = s->form_name;
    mote_buffer one;
    mote_buffer_init(&one, MAX_TEXT_BYTES);
    mote_status status = instruct(s, true, err);
    s->form_name = "paragraph"; /* of the parts */
    for (size_t at = 0; status == MOTE_OK && at < text.len;) {
        size_t end = mote_part_end(text, at, most > 64 ? most : 64);
        status = ask(s, (mote_str){text.data + at, end - at}, 160, &one, &n_dropped, err);
        if (status == MOTE_ERR_FAILED) /* a part that nothing can be said of */
            status = MOTE_OK;
        else if (status == MOTE_OK)
            status = mote_buffer_append_str(out, mote_buffer_str(&one));
        if (status == MOTE_OK)
            status = mote_buffer_append_text(out, "\n");
        mote_buffer_clear(&one);
        s->summary->n_parts++;
        at = end;
    }
    s->form_name = name;
    mote_buffer_deinit(&one);
    return status;
}

static mote_status run(summarizing *s, mote_buffer *out, mote_error *err) {
    mote_buffer levels[2];
    mote_str text = s->source;
    mote_status status = MOTE_OK;
    size_t n_tokens = 0;
    mote_buffer_init(&levels[0], MAX_TEXT_BYTES);
    mote_buffer_init(&levels[1], MAX_TEXT_BYTES);
    for (int level = 0; level < MAX_LEVELS; level++) {
        mote_buffer *to = &levels[level % 2];
        status = count_tokens(s, text, &n_tokens, err);
        if (status != MOTE_OK || n_tokens <= s->part_tokens)
            break;
        mote_buffer_clear(to);
        status = summarize_parts(s, text, n_tokens, to, err);
        if (status != MOTE_OK)
            break;
        text = mote_buffer_str(to);
    }
    if (s->summary->n_parts == 0)
        s->summary->n_parts = 1;
    if (status == MOTE_OK)
        status = instruct(s, false, err);
    if (status == MOTE_OK)
        status = ask(s, text, s->n_predict, out, &s->summary->n_dropped, err);
    mote_buffer_deinit(&levels[0]);
    mote_buffer_deinit(&levels[1]);
    return status;
}

mote_status mote_summarize(mote_engine *engine, const char *text, size_t text_bytes, const mote_summarize_options *options, mote_summary *summary, mote_error *err) {
    summarizing s = {.options = options, .source = {text, text_bytes}, .summary = summary};
    mote_buffer out;
    size_t n = 0;
    *summary = (mote_summary){0};
    while (n < text_bytes && isspace((unsigned char)text[n]))
        n++;
    if (n == text_bytes)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "there is no text to summarize");
    mote_buffer_init(&s.instruction, MAX_TEXT_BYTES);
    mote_buffer_init(&out, MAX_TEXT_BYTES);
    mote_status status;
    MOTE_TRY_DONE(mote_task_open(&s.task, options->task ? options->task : "summarize", "summarize", err));
    MOTE_TRY_DONE(mote_author_init(&s.author, engine, &s.task, err));
    MOTE_TRY_DONE(read_settings(&s, err));
    MOTE_TRY_DONE(run(&s, &out, err));
    summary->text_bytes = out.len;
    summary->text = mote_buffer_take(&out);
    if (!summary->text)
        status = mote_error_alloc(err, 1);
done:
    summary->n_tokens = s.author.n_tokens;
    mote_author_deinit(&s.author);
    mote_task_close(&s.task);
    mote_buffer_deinit(&s.instruction);
    mote_buffer_deinit(&out);
    return status;
}

void mote_summary_deinit(mote_summary *summary) {
    mote_mem_free(summary->text);
    *summary = (mote_summary){0};
}
