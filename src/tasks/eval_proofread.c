/* Proofreading on JFLEG (dev.src, dev.ref0 … dev.ref3, or test.*): GLEU of the result and of the untouched source, how many sentences changed, and how many edits change a number,
 * a name or a negation. The tokens are joined to sentences as people write them, corrected, and cut to tokens again; sentences without an edit keep the tokens they had. On a
 * folder with clean.txt (correct sentences, one a line), the share that is left as it was. */
#include "tasks/eval_files.h"
#include "tasks/eval_run.h"

#include "base/error.h"
#include "base/mem.h"
#include "tasks/score_gleu.h"
#include "tasks/spacing.h"
#include "text/facts.h"

#include <mote/proofread.h>

#include <stdio.h>

enum { N_REFERENCES = 4, MAX_LINE_BYTES = 1 << 20 };

typedef struct proof_set {
    mote_lines source, references[N_REFERENCES];
    mote_gleu *before, *after;
    size_t n_changed, n_edits, n_facts;
} proof_set;

/* Edits that change a fact when they stand alone. */
static size_t count_facts(mote_str sentence, const mote_proof_result *r) {
    mote_fact fact;
    unsigned kinds = MOTE_FACT_NUMBER | MOTE_FACT_NAME | MOTE_FACT_NEGATION;
    mote_str after = {r->text, r->text_bytes};
    return mote_facts_lacking(sentence, after, kinds, &fact) + mote_facts_lacking(after, sentence, kinds, &fact);
}

static mote_status correct(mote_eval_run *run, mote_proofreader *p, size_t n, mote_str tokens, mote_buffer *output, proof_set *s, mote_error *err) {
    mote_buffer sentence;
    mote_proof_result r = {0};
    mote_buffer_init(&sentence, MAX_LINE_BYTES);
    mote_status status = mote_spacing_join(&sentence, tokens);
    if (status == MOTE_OK)
        status = mote_eval_begin(run, n, err);
    if (status == MOTE_OK)
        status = mote_proofread(p, sentence.data ? sentence.data : "", sentence.len, &r, err);
    if (status == MOTE_OK)
        status = mote_eval_end(run, r.n_tokens, err);
    if (status == MOTE_OK) {
        s->n_changed += r.n_edits > 0;
        s->n_edits += r.n_edits;
        s->n_facts += count_facts(mote_buffer_str(&sentence), &r);
        bool quotes = false;
        for (size_t i = 0; i + 1 < tokens.len; i++)
            quotes = quotes || (tokens.data[i] == '`' && tokens.data[i + 1] == '`');
        status = r.n_edits ? mote_spacing_split(output, (mote_str){r.text, r.text_bytes}, quotes) : mote_buffer_append_str(output, tokens);
    }
    mote_proof_result_deinit(&r);
    mote_buffer_deinit(&sentence);
    return status;
}

static mote_status read_jfleg(proof_set *s, const char *folder, mote_error *err) {
    const char *part = mote_eval_has(folder, "dev.src") ? "dev" : "test";
    char name[32];
    snprintf(name, sizeof name, "%s.src", part);
    MOTE_TRY(mote_lines_read(&s->source, folder, name, err));
    for (size_t i = 0; i < N_REFERENCES; i++) {
        snprintf(name, sizeof name, "%s.ref%zu", part, i);
        MOTE_TRY(mote_lines_read(&s->references[i], folder, name, err));
        if (s->references[i].n != s->source.n)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s/%s: %zu lines, the source has %zu", folder, name, s->references[i].n, s->source.n);
    }
    return MOTE_OK;
}

static mote_status measure(mote_eval_run *run, mote_proofreader *p, proof_set *s, mote_error *err) {
    mote_buffer output;
    size_t n;
    mote_buffer_init(&output, MAX_LINE_BYTES);
    mote_eval_pick(run, s->source.n, 0, &n);
    mote_status status = MOTE_OK;
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        size_t at = mote_eval_pick(run, s->source.n, i, &n);
        mote_str references[N_REFERENCES], source = s->source.items[at];
        mote_buffer_clear(&output);
        status = correct(run, p, n, source, &output, s, err);
        for (size_t r = 0; s->before && r < N_REFERENCES; r++)
            references[r] = s->references[r].items[at];
        if (status == MOTE_OK && s->before)
            status = mote_gleu_add(s->before, source, source, references, N_REFERENCES);
        if (status == MOTE_OK && s->before)
            status = mote_gleu_add(s->after, source, mote_buffer_str(&output), references, N_REFERENCES);
    }
    mote_buffer_deinit(&output);
    return status;
}

static mote_status report(mote_eval_run *run, const proof_set *s) {
    double n = run->n ? (double)run->n : 1;
    if (s->before) {
        MOTE_TRY(mote_eval_metric(run, "gleu", 100 * mote_gleu_value(s->after)));
        MOTE_TRY(mote_eval_metric(run, "gleu_source", 100 * mote_gleu_value(s->before)));
    }
    MOTE_TRY(mote_eval_metric(run, "unchanged", 1 - (double)s->n_changed / n));
    MOTE_TRY(mote_eval_metric(run, "edits_per_sentence", (double)s->n_edits / n));
    return mote_eval_metric(run, "facts_changed", (double)s->n_facts);
}

static mote_status run_set(mote_eval_run *run, proof_set *s, mote_error *err) {
    mote_proofread_options o = MOTE_PROOFREAD_OPTIONS_INIT;
    mote_proofreader *p = NULL;
    o.task = run->options->task;
    mote_status status = mote_proofreader_create(run->engine, &o, &p, err);
    if (status == MOTE_OK)
        status = measure(run, p, s, err);
    if (status == MOTE_OK)
        status = report(run, s);
    mote_proofreader_free(&p);
    return status;
}

mote_status mote_eval_proofread(mote_eval_run *run, mote_error *err) {
    const char *folder = run->options->folder;
    proof_set s = {0};
    mote_status status;
    if (mote_eval_has(folder, "dev.src") || mote_eval_has(folder, "test.src")) {
        s.before = mote_mem_alloc(sizeof *s.before);
        s.after = mote_mem_alloc(sizeof *s.after);
        status = s.before && s.after ? read_jfleg(&s, folder, err) : mote_error_alloc(err, 2 * sizeof *s.before);
        if (s.before && s.after) {
            mote_gleu_init(s.before);
            mote_gleu_init(s.after);
        }
    } else if (mote_eval_has(folder, "clean.txt")) {
        status = mote_lines_read(&s.source, folder, "clean.txt", err);
    } else {
        status = mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: neither dev.src or test.src (JFLEG) nor clean.txt", folder);
    }
    if (status == MOTE_OK)
        status = run_set(run, &s, err);
    mote_lines_deinit(&s.source);
    for (size_t i = 0; i < N_REFERENCES; i++)
        mote_lines_deinit(&s.references[i]);
    if (s.before && s.after) {
        mote_gleu_deinit(s.before);
        mote_gleu_deinit(s.after);
    }
    mote_mem_free(s.before);
    mote_mem_free(s.after);
    return status;
}
