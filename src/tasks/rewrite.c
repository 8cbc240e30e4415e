/* Ask, check the facts, ask again. */
#include <mote/rewrite.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "tasks/author.h"
#include "tasks/score_ngrams.h"
#include "text/facts.h"

enum { MAX_TEXT_BYTES = 64 << 20, MAX_PIECE_TOKENS = 320, MAX_ANSWER_TOKENS = 900 };
#define KEPT (MOTE_FACT_NUMBER | MOTE_FACT_NAME | MOTE_FACT_LINK | MOTE_FACT_QUOTE)
#define NOT_NEW (MOTE_FACT_NUMBER | MOTE_FACT_NAME | MOTE_FACT_LINK)
/* Versions that share more of their word pairs than this are the same one. */
static const double MAX_LIKENESS = 0.7;

typedef struct rewriting {
    mote_author author;
    mote_task task;
    const mote_rewrite_options *options;
    mote_buffer instruction;
    double temperature;
    size_t n_tries;
    mote_fact fact; /* that the last answer lost or made up */
    bool is_new;
    char fact_text[96];
} rewriting;

static void list_tones(const mote_json *tones, char out[256]) {
    size_t n = 0;
    for (mote_json_iter *it = mote_json_first(tones); it; it = mote_json_next(tones, it)) {
        mote_str key = mote_json_iter_key(it);
        if (n + key.len + 3 < 256) {
            memcpy(out + n, n ? ", " : "", n ? 2 : 0);
            n += n ? 2 : 0;
            memcpy(out + n, key.data, key.len);
            n += key.len;
        }
    }
    out[n] = 0;
}

static mote_status find_instruction(rewriting *r, mote_error *err) {
    const mote_rewrite_options *o = r->options;
    mote_str text = mote_str_of(o->instruction);
    if (!o->instruction) {
        const mote_json *tones = mote_json_get(r->task.root, "tones");
        const char *tone = o->tone ? o->tone : mote_json_text(mote_json_get(r->task.root, "default"));
        text = mote_json_string(tone ? mote_json_get(tones, tone) : NULL);
        if (!text.data) {
            char known[256];
            list_tones(tones, known);
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "the task %s has no tone '%.60s'; it has %s", r->task.name, tone ? tone : "", known);
        }
    }
    return mote_buffer_append_str(&r->instruction, text) == MOTE_OK ? MOTE_OK : mote_error_alloc(err, text.len);
}

/* Remembers the first fact that is lost or made up; true if there is none. */
static bool keeps_facts(rewriting *r, mote_str before, mote_str after) {
    mote_fact negation;
    r->is_new = false;
    bool lacks = mote_facts_lacking(before, after, KEPT, &r->fact);
    if (!lacks && mote_facts_find(before, MOTE_FACT_NEGATION, &r->fact, 1) && !mote_facts_find(after, MOTE_FACT_NEGATION, &negation, 1))
        lacks = true; /* one "not" may become a word, all of them seldom do */
    if (!lacks)
        lacks = r->is_new = mote_facts_lacking(after, before, NOT_NEW, &r->fact);
    if (lacks) {
        size_t n = r->fact.text.len < sizeof r->fact_text - 1 ? r->fact.text.len : sizeof r->fact_text - 1;
        memcpy(r->fact_text, r->fact.text.data, n);
        r->fact_text[n] = 0;
    }
    return !lacks;
}

/* Share of word pairs that two texts have in common, of those of the shorter. */
static mote_status likeness(mote_str a, mote_str b, double *out) {
    mote_words words = {0};
    mote_ngrams of_a = {0}, of_b = {0};
    mote_status status;
    MOTE_TRY_DONE(mote_words_rouge(&words, a, false));
    MOTE_TRY_DONE(mote_ngrams_add_words(&of_a, &words, 2));
    MOTE_TRY_DONE(mote_words_rouge(&words, b, false));
    MOTE_TRY_DONE(mote_ngrams_add_words(&of_b, &words, 2));
    uint64_t n_a = mote_ngrams_total(&of_a), n_b = mote_ngrams_total(&of_b), least = n_a < n_b ? n_a : n_b;
    *out = least ? (double)mote_ngrams_common(&of_a, &of_b) / (double)least : 1;
done:
    mote_words_deinit(&words);
    mote_ngrams_deinit(&of_a);
    mote_ngrams_deinit(&of_b);
    return status;
}

/* The next piece of a text from *at on: a paragraph, or all that is left where that is short; its end, behind which white space follows. */
static mote_status next_piece(const rewriting *r, mote_str text, size_t at, size_t *end, mote_error *err) {
    mote_prompt_ids ids = {0};
    mote_status status = mote_prompt_ids_append_text(&ids, mote_model_tokenizer(r->author.engine->model), (mote_str){text.data + at, text.len - at}, 0, err);
    bool is_short = ids.n <= MAX_PIECE_TOKENS;
    mote_prompt_ids_deinit(&ids);
    *end = at;
    while (*end < text.len && (is_short || !mote_str_starts((mote_str){text.data + *end, text.len - *end}, MOTE_STR("\n\n"))))
        ++*end;
    while (*end > at && strchr(" \t\r\n", text.data[*end - 1]))
        --*end;
    return status;
}

static mote_status rewrite_piece(rewriting *r, mote_str piece, size_t version, const mote_rewrite_result *others, mote_buffer *out, mote_error *err) {
    mote_prompt_ids ids = {0};
    mote_buffer answer;
    bool found = false, is_repeated = false;
    mote_buffer_init(&answer, MAX_TEXT_BYTES);
    mote_status status = mote_prompt_ids_append_text(&ids, mote_model_tokenizer(r->author.engine->model), piece, 0, err);
    size_t n_predict = 2 * ids.n + 60 < MAX_ANSWER_TOKENS ? 2 * ids.n + 60 : MAX_ANSWER_TOKENS;
    mote_prompt_ids_deinit(&ids);
    r->fact_text[0] = 0;
    for (size_t i = 0; status == MOTE_OK && !found && i < r->n_tries; i++) {
        double temperature = version || i ? r->temperature + 0.15 * (double)(i + 2 * (version > 0)) : 0;
        status =
            mote_author_ask(&r->author, mote_buffer_str(&r->instruction), piece, temperature < 1 ? temperature : 1, r->options->seed + 1000 * version + i, n_predict, &answer, err);
        if (status != MOTE_OK || answer.len == 0)
            continue;
        if (version == 0 && mote_str_equal(mote_buffer_str(&answer), piece)) { /* asked again, but better than none: a signature has no other tone */
            is_repeated = true;
            continue;
        }
        found = keeps_facts(r, piece, mote_buffer_str(&answer));
        for (size_t v = 0; status == MOTE_OK && found && v < others->n_versions; v++) {
            double alike;
            status = likeness(mote_str_of(others->versions[v]), mote_buffer_str(&answer), &alike);
            found = alike <= MAX_LIKENESS;
        }
    }
    if (status == MOTE_OK && found)
        status = mote_buffer_append_str(out, mote_buffer_str(&answer));
    else if (status == MOTE_OK && is_repeated)
        status = mote_buffer_append_str(out, piece);
    else if (status == MOTE_OK && r->fact_text[0])
        status = mote_error_set(err, MOTE_ERR_FAILED, "refused: in %zu tries the model %s the %s '%s'", r->n_tries, r->is_new ? "made up" : "lost",
                                mote_fact_kind_text(r->fact.kind), r->fact_text);
    else if (status == MOTE_OK)
        status = mote_error_set(err, MOTE_ERR_FAILED, "in %zu tries the model had no %s", r->n_tries, version ? "version that differs" : "answer");
    mote_buffer_deinit(&answer);
    return status;
}

static mote_status rewrite_all(rewriting *r, mote_str text, size_t version, mote_rewrite_result *result, mote_error *err) {
    mote_buffer out;
    mote_buffer_init(&out, MAX_TEXT_BYTES);
    mote_status status = MOTE_OK;
    for (size_t at = 0; status == MOTE_OK && at < text.len;) {
        const mote_rewrite_options *o = r->options;
        size_t begin = at, end = text.len;
        while (at < text.len && strchr(" \t\r\n", text.data[at]))
            at++;
        status = mote_buffer_append(&out, text.data + begin, at - begin);
        if (status != MOTE_OK || at == text.len)
            break;
        if (o->progress && !o->progress(o->progress_context, "rewriting", (double)at / (double)text.len))
            status = mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
        if (status == MOTE_OK)
            status = next_piece(r, text, at, &end, err);
        if (status == MOTE_OK)
            status = rewrite_piece(r, (mote_str){text.data + at, end - at}, version, result, &out, err);
        at = end;
    }
    if (status == MOTE_OK && !(result->versions[result->n_versions] = mote_buffer_take(&out)))
        status = mote_error_alloc(err, text.len);
    if (status == MOTE_OK)
        result->n_versions++;
    mote_buffer_deinit(&out);
    return status;
}

static bool is_blank(mote_str s) {
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(" \t\r\n", s.data[i]))
            return false;
    return true;
}

mote_status mote_rewrite(mote_engine *engine, const char *text, size_t text_bytes, const mote_rewrite_options *options, mote_rewrite_result *result, mote_error *err) {
    rewriting r = {.options = options};
    size_t n = options->n_versions ? options->n_versions : 1;
    mote_str another;
    *result = (mote_rewrite_result){0};
    mote_buffer_init(&r.instruction, MAX_TEXT_BYTES);
    if (is_blank((mote_str){text, text_bytes}))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "there is no text to rewrite");
    if (n > MOTE_REWRITE_VERSIONS)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%zu versions; at most %d", n, MOTE_REWRITE_VERSIONS);
    mote_status status;
    MOTE_TRY_DONE(mote_task_open(&r.task, options->task ? options->task : "rewrite", "rewrite", err));
    MOTE_TRY_DONE(find_instruction(&r, err));
    MOTE_TRY_DONE(mote_author_init(&r.author, engine, &r.task, err));
    r.n_tries = (size_t)mote_task_number(&r.task, "tries", 5);
    r.temperature = mote_task_number(&r.task, "temperature", 0.3);
    another = mote_json_string(mote_json_get(r.task.root, "another"));
    for (size_t v = 0; status == MOTE_OK && v < n; v++) {
        if (v == 1 && another.len && (mote_buffer_append_char(&r.instruction, ' ') != MOTE_OK || mote_buffer_append_str(&r.instruction, another) != MOTE_OK))
            status = mote_error_alloc(err, another.len);
        if (status == MOTE_OK)
            status = rewrite_all(&r, (mote_str){text, text_bytes}, v, result, err);
    }
    if (status == MOTE_ERR_FAILED && result->n_versions) /* what there is, is good */
        status = MOTE_OK;
done:
    result->n_tokens = r.author.n_tokens;
    mote_author_deinit(&r.author);
    mote_task_close(&r.task);
    mote_buffer_deinit(&r.instruction);
    if (status != MOTE_OK)
        mote_rewrite_result_deinit(result);
    return status;
}

void mote_rewrite_result_deinit(mote_rewrite_result *result) {
    for (size_t i = 0; i < result->n_versions; i++)
        mote_mem_free(result->versions[i]);
    *result = (mote_rewrite_result){0};
}
