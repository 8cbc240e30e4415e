/* Rewriting on ASSET (asset.valid.orig, asset.valid.simp.0 … 9: SARI of the plain tone, and of the copy), summaries on DialogSum (dialogsum.dev.jsonl) and QMSum (qmsum.val.jsonl,
 * whole meetings): ROUGE with stems, and how many summaries have a number that their source doesn't. An item that is refused counts with its source (rewrite) or an empty text
 * (summarize). */
#include "tasks/eval_files.h"
#include "tasks/eval_run.h"

#include "base/error.h"
#include "formats/json.h"
#include "tasks/score_rouge.h"
#include "tasks/score_sari.h"
#include "text/facts.h"

#include <mote/rewrite.h>
#include <mote/summarize.h>

#include <stdio.h>

enum { N_SIMPLE = 10, MAX_TEXT_BYTES = 64 << 20 };

typedef struct simple_set {
    mote_lines source, references[N_SIMPLE];
    mote_sari sari, copy;
    size_t n_refused, n_lost;
} simple_set;

static mote_status rewrite_one(mote_eval_run *run, simple_set *s, size_t at, size_t n, mote_error *err) {
    mote_rewrite_options o = MOTE_REWRITE_OPTIONS_INIT;
    mote_rewrite_result r = {0};
    mote_str source = s->source.items[at], references[N_SIMPLE];
    mote_fact fact;
    o.task = run->options->task;
    o.tone = "plain";
    MOTE_TRY(mote_eval_begin(run, n, err));
    mote_status status = mote_rewrite(run->engine, source.data, source.len, &o, &r, err);
    bool is_refused = status == MOTE_ERR_FAILED;
    s->n_refused += is_refused;
    if (status != MOTE_OK && !is_refused)
        return status;
    status = mote_eval_end(run, r.n_tokens, err);
    mote_str output = is_refused ? source : mote_str_of(r.versions[0]);
    s->n_lost += mote_facts_lacking(source, output, MOTE_FACT_NUMBER | MOTE_FACT_NAME | MOTE_FACT_LINK | MOTE_FACT_QUOTE, &fact);
    for (size_t i = 0; i < N_SIMPLE; i++)
        references[i] = s->references[i].items[at];
    if (status == MOTE_OK)
        status = mote_sari_add(&s->sari, source, output, references, N_SIMPLE);
    if (status == MOTE_OK)
        status = mote_sari_add(&s->copy, source, source, references, N_SIMPLE);
    mote_rewrite_result_deinit(&r);
    return status;
}

static mote_status read_asset(simple_set *s, const char *folder, mote_error *err) {
    const char *part = mote_eval_has(folder, "asset.valid.orig") ? "valid" : "test";
    char name[64];
    snprintf(name, sizeof name, "asset.%s.orig", part);
    if (!mote_eval_has(folder, name))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: no asset.valid.orig or asset.test.orig (ASSET)", folder);
    MOTE_TRY(mote_lines_read(&s->source, folder, name, err));
    for (size_t i = 0; i < N_SIMPLE; i++) {
        snprintf(name, sizeof name, "asset.%s.simp.%zu", part, i);
        MOTE_TRY(mote_lines_read(&s->references[i], folder, name, err));
        if (s->references[i].n != s->source.n)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s/%s: %zu lines, the source has %zu", folder, name, s->references[i].n, s->source.n);
    }
    return MOTE_OK;
}

mote_status mote_eval_rewrite(mote_eval_run *run, mote_error *err) {
    simple_set s = {0};
    size_t n = 0;
    mote_status status = read_asset(&s, run->options->folder, err);
    mote_eval_pick(run, s.source.n, 0, &n);
    for (size_t i = 0; status == MOTE_OK && i < n; i++)
        status = rewrite_one(run, &s, mote_eval_pick(run, s.source.n, i, &n), n, err);
    mote_lines_deinit(&s.source);
    for (size_t i = 0; i < N_SIMPLE; i++)
        mote_lines_deinit(&s.references[i]);
    MOTE_TRY(status);
    MOTE_TRY(mote_eval_metric(run, "sari", 100 * mote_sari_value(&s.sari)));
    MOTE_TRY(mote_eval_metric(run, "sari_copy", 100 * mote_sari_value(&s.copy)));
    MOTE_TRY(mote_eval_metric(run, "refused", n ? (double)s.n_refused / (double)n : 0));
    return mote_eval_metric(run, "facts_lost", (double)s.n_lost);
}

typedef struct summary_sums {
    double rouge_1, rouge_2, rouge_l;
    size_t n, n_refused, n_numbers;
} summary_sums;

static mote_status summarize_one(mote_eval_run *run, summary_sums *sums, mote_str text, mote_str query, mote_str reference, size_t n, mote_error *err) {
    mote_summarize_options o = MOTE_SUMMARIZE_OPTIONS_INIT;
    mote_summary summary = {0};
    mote_rouge rouge;
    mote_fact fact;
    o.task = run->options->task;
    o.n_words = 30;
    o.query = query.data;
    MOTE_TRY(mote_eval_begin(run, n, err));
    mote_status status = mote_summarize(run->engine, text.data, text.len, &o, &summary, err);
    sums->n_refused += status == MOTE_ERR_FAILED;
    if (status != MOTE_OK && status != MOTE_ERR_FAILED)
        return status;
    mote_str output = {summary.text ? summary.text : "", summary.text_bytes};
    status = mote_eval_end(run, summary.n_tokens, err);
    if (status == MOTE_OK)
        status = mote_rouge_score(reference, output, true, &rouge);
    if (status == MOTE_OK) {
        sums->n++;
        sums->rouge_1 += rouge.of_1.f1;
        sums->rouge_2 += rouge.of_2.f1;
        sums->rouge_l += rouge.of_l.f1;
        sums->n_numbers += mote_facts_lacking(output, text, MOTE_FACT_NUMBER, &fact);
    }
    mote_summary_deinit(&summary);
    return status;
}

static mote_status read_line(const mote_lines *lines, size_t i, mote_json **value, mote_error *err) {
    mote_status status = mote_json_parse(lines->items[i].data, lines->items[i].len, value, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "line %zu", i + 1);
    return status;
}

/* A meeting as text: a turn a paragraph. */
static mote_status write_meeting(const mote_json *meeting, mote_buffer *out) {
    const mote_json *turns = mote_json_get(meeting, "meeting_transcripts");
    mote_buffer_clear(out);
    for (size_t i = 0; i < mote_json_length(turns); i++) {
        MOTE_TRY(mote_buffer_append_str(out, mote_json_string(mote_json_get(mote_json_at(turns, i), "speaker"))));
        MOTE_TRY(mote_buffer_append_text(out, ": "));
        MOTE_TRY(mote_buffer_append_str(out, mote_json_string(mote_json_get(mote_json_at(turns, i), "content"))));
        MOTE_TRY(mote_buffer_append_text(out, "\n\n"));
    }
    return MOTE_OK;
}

static mote_status summarize_line(mote_eval_run *run, summary_sums *sums, const mote_json *value, bool is_meeting, size_t n, mote_error *err) {
    const mote_json *reference = mote_json_get(value, "summary");
    if (!is_meeting) /* of a test part's three, the first */
        return summarize_one(run, sums, mote_json_string(mote_json_get(value, "dialogue")), (mote_str){NULL, 0},
                             mote_json_string(reference ? reference : mote_json_get(value, "summary1")), n, err);
    mote_buffer text;
    mote_buffer_init(&text, MAX_TEXT_BYTES);
    const mote_json *query = mote_json_at(mote_json_get(value, "general_query_list"), 0);
    mote_status status = write_meeting(value, &text);
    if (status == MOTE_OK)
        status = summarize_one(run, sums, mote_buffer_str(&text), (mote_str){NULL, 0}, mote_json_string(mote_json_get(query, "answer")), n, err);
    mote_buffer_deinit(&text);
    return status;
}

mote_status mote_eval_summarize(mote_eval_run *run, mote_error *err) {
    const char *folder = run->options->folder;
    static const char *const files[] = {"qmsum.val.jsonl", "qmsum.test.jsonl", "dialogsum.dev.jsonl", "dialogsum.test.jsonl"};
    size_t file = 0;
    while (file < 4 && !mote_eval_has(folder, files[file]))
        file++;
    bool is_meeting = file < 2;
    mote_lines lines = {0};
    summary_sums sums = {0};
    size_t n = 0;
    if (file == 4)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: neither dialogsum.dev.jsonl or .test (DialogSum) nor qmsum.val.jsonl or .test (QMSum)", folder);
    mote_status status = mote_lines_read(&lines, folder, files[file], err);
    mote_eval_pick(run, lines.n, 0, &n);
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        mote_json *value = NULL;
        status = read_line(&lines, mote_eval_pick(run, lines.n, i, &n), &value, err);
        if (status == MOTE_OK)
            status = summarize_line(run, &sums, value, is_meeting, n, err);
        mote_json_free(&value);
    }
    mote_lines_deinit(&lines);
    MOTE_TRY(status);
    double all = sums.n ? (double)sums.n : 1;
    MOTE_TRY(mote_eval_metric(run, "rouge1", 100 * sums.rouge_1 / all));
    MOTE_TRY(mote_eval_metric(run, "rouge2", 100 * sums.rouge_2 / all));
    MOTE_TRY(mote_eval_metric(run, "rougeL", 100 * sums.rouge_l / all));
    MOTE_TRY(mote_eval_metric(run, "refused", (double)sums.n_refused / all));
    return mote_eval_metric(run, "numbers_made_up", (double)sums.n_numbers);
}
