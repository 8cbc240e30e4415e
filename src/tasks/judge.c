#include "tasks/judge.h"

#include "base/error.h"
#include "base/mem.h"
#include "tasks/likelihood.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_SENTENCE_BYTES = 1 << 20 };

void mote_judge_deinit(mote_judge *judge) {
    mote_prompt_ids_deinit(&judge->context);
    mote_prompt_ids_deinit(&judge->sentence);
    mote_mem_free(judge->log_probabilities);
    judge->log_probabilities = NULL;
}

/* Tokens at the end that both have, beyond the beginning they share. */
static size_t common_end(const mote_judge *j, const mote_edit *e) {
    size_t n_own = j->sentence.n - j->context.n, n = 0;
    while (n < n_own - e->n_common && n < e->n_ids - e->n_common && j->sentence.ids[j->sentence.n - 1 - n] == e->ids[e->n_ids - 1 - n])
        n++;
    return n;
}

static mote_status tokenize_edit(mote_judge *j, mote_str sentence, mote_edit *e, mote_buffer *text, mote_prompt_ids *ids, mote_arena *arena, mote_error *err) {
    mote_buffer_clear(text);
    ids->n = 0;
    mote_status status = mote_buffer_append(text, sentence.data, e->start);
    if (status == MOTE_OK)
        status = mote_buffer_append_str(text, e->after);
    if (status == MOTE_OK)
        status = mote_buffer_append(text, sentence.data + e->end, sentence.len - e->end);
    if (status == MOTE_OK)
        status = mote_buffer_append_char(text, '\n');
    if (status == MOTE_OK)
        status = mote_prompt_ids_append_text(ids, j->tokenizer, mote_buffer_str(text), 0, err);
    MOTE_TRY(status);
    e->ids = mote_arena_alloc(arena, (ids->n + 1) * sizeof *e->ids);
    if (!e->ids)
        return mote_error_alloc(err, ids->n * sizeof *e->ids);
    if (ids->n)
        memcpy(e->ids, ids->ids, ids->n * sizeof *e->ids);
    e->n_ids = ids->n;
    const int32_t *own = j->sentence.ids + j->context.n;
    size_t n_own = j->sentence.n - j->context.n;
    e->n_common = 0;
    while (e->n_common < e->n_ids && e->n_common < n_own && e->ids[e->n_common] == own[e->n_common])
        e->n_common++;
    e->n_end = common_end(j, e);
    e->gain = e->quick = -INFINITY;
    return MOTE_OK;
}

static int falling(const void *a, const void *b) {
    const mote_edit *x = *(mote_edit *const *)a, *y = *(mote_edit *const *)b;
    return x->n_common != y->n_common ? (x->n_common < y->n_common ? 1 : -1) : x->start != y->start ? (x->start < y->start ? 1 : -1) : 0;
}

typedef struct reader {
    mote_judge *judge;
    mote_edit **edits; /* [n] sorted */
    size_t n;
} reader;

/* Row i is behind token i of the sentence. */
static bool read_row(void *context, size_t index, const float *logits) {
    reader *r = context;
    mote_judge *j = r->judge;
    size_t at = j->context.n + index; /* of the token predicted */
    double sum = mote_likelihood_log_sum(logits, j->n_vocab);
    if (at < j->sentence.n)
        j->log_probabilities[at] = logits[j->sentence.ids[at]] - sum;
    while (r->n && r->edits[r->n - 1]->n_common == index) {
        mote_edit *e = r->edits[--r->n];
        if (e->n_common < e->n_ids && at < j->sentence.n)
            e->quick = logits[e->ids[e->n_common]] - sum;
    }
    return true;
}

static mote_status read_sentence(mote_judge *j, mote_str sentence, mote_error *err) {
    j->sentence.n = 0;
    if (mote_ids_append(&j->sentence, j->context.ids, j->context.n) != MOTE_OK)
        return mote_error_alloc(err, j->context.n * sizeof(int32_t));
    mote_buffer text;
    mote_buffer_init(&text, MAX_SENTENCE_BYTES);
    mote_status status = mote_buffer_append_str(&text, sentence);
    if (status == MOTE_OK)
        status = mote_buffer_append_char(&text, '\n');
    status = status == MOTE_OK ? mote_prompt_ids_append_text(&j->sentence, j->tokenizer, mote_buffer_str(&text), 0, err) : mote_error_alloc(err, sentence.len);
    mote_buffer_deinit(&text);
    MOTE_TRY(status);
    if (j->sentence.n > j->capacity) {
        double *p = mote_mem_resize_array(j->log_probabilities, 2 * j->sentence.n, sizeof *p);
        if (!p)
            return mote_error_alloc(err, 2 * j->sentence.n * sizeof *p);
        j->log_probabilities = p;
        j->capacity = 2 * j->sentence.n;
    }
    return MOTE_OK;
}

/* The log-probability of what an edit replaces; of the token it is put before, where it replaces none; and of the token behind, where it only takes out. */
static double replaced(const mote_judge *j, const mote_edit *e) {
    size_t first = j->context.n + e->n_common, end = j->sentence.n - e->n_end;
    end += e->n_ids == e->n_common + e->n_end && e->n_end > 0;
    double sum = 0;
    for (size_t i = first; i < end || i == first; i++)
        sum += j->log_probabilities[i];
    return sum;
}

mote_status mote_judge_read(mote_judge *judge, mote_str sentence, mote_edit **edits, size_t n, mote_arena *arena, mote_error *err) {
    mote_buffer text;
    mote_prompt_ids ids = {0};
    mote_buffer_init(&text, MAX_SENTENCE_BYTES);
    mote_status status = read_sentence(judge, sentence, err);
    for (size_t i = 0; status == MOTE_OK && i < n; i++)
        status = tokenize_edit(judge, sentence, edits[i], &text, &ids, arena, err);
    mote_buffer_deinit(&text);
    mote_prompt_ids_deinit(&ids);
    MOTE_TRY(status);
    if (n)
        qsort(edits, n, sizeof *edits, falling);
    reader r = {judge, edits, n};
    size_t before = judge->context.n - 1;
    MOTE_TRY(mote_likelihood_feed_to(judge->session, judge->sentence.ids, before, err));
    judge->n_tokens += judge->sentence.n - before;
    MOTE_TRY(mote_session_score(judge->session, judge->sentence.ids + before, judge->sentence.n - before, read_row, &r, err));
    for (size_t i = 0; i < n; i++)
        if (edits[i]->quick > -INFINITY)
            edits[i]->quick -= replaced(judge, edits[i]);
    return MOTE_OK;
}

typedef struct gainer {
    const mote_edit *edit;
    size_t n_vocab, n_wanted;
    double sum;
} gainer;

static bool gain_row(void *context, size_t index, const float *logits) {
    gainer *g = context;
    size_t at = g->edit->n_common + index + 1;
    if (index + 1 < g->n_wanted)
        g->sum += logits[g->edit->ids[at]] - mote_likelihood_log_sum(logits, g->n_vocab);
    return true;
}

static mote_status judge_one(mote_judge *j, mote_edit *e, mote_error *err) {
    size_t n_end = e->n_end, n_counted = n_end < j->window ? n_end : j->window;
    size_t n_theirs = e->n_ids - e->n_common - n_end + n_counted, n_own = j->sentence.n - j->context.n - e->n_common - n_end + n_counted;
    const double *own = j->log_probabilities + j->context.n + e->n_common;
    double before = 0;
    if (n_theirs == 0 || n_own == 0)
        return MOTE_OK;
    for (size_t i = 0; i < n_own; i++)
        before += own[i];
    gainer g = {e, j->n_vocab, n_theirs, e->quick + replaced(j, e)};
    if (n_theirs > 1) {
        MOTE_TRY(mote_likelihood_feed_to(j->session, j->sentence.ids, j->context.n + e->n_common, err));
        MOTE_TRY(mote_session_score(j->session, e->ids + e->n_common, n_theirs - 1, gain_row, &g, err));
        j->n_tokens += n_theirs - 1;
    }
    e->gain = g.sum - before;
    return MOTE_OK;
}

mote_status mote_judge_gains(mote_judge *judge, mote_edit **edits, size_t n, mote_error *err) {
    if (n) /* the later ones first: what they cut of the timeline, the earlier ones don't need */
        qsort(edits, n, sizeof *edits, falling);
    for (size_t i = 0; i < n; i++)
        MOTE_TRY(judge_one(judge, edits[i], err));
    return MOTE_OK;
}
