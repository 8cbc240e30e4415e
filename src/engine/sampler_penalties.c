/* A positive logit is divided by the repetition penalty, a negative one multiplied (N. S. Keskar et al., "CTRL", 2019, with the usual mending for negative logits); then count *
 * frequency and once presence are taken off. Counts are kept as tokens enter and leave the window, so that a step costs what the window holds and not the vocabulary. */
#include "engine/sampler_penalties.h"

#include "base/error.h"
#include "base/mem.h"

#include <float.h>

mote_status mote_sampler_penalties_init(mote_sampler_penalties *p, size_t n_vocab, size_t window, mote_error *err) {
    *p = (mote_sampler_penalties){.window = window};
    if (window == 0)
        return MOTE_OK;
    p->count = mote_mem_zalloc_array(n_vocab, sizeof *p->count);
    p->place = mote_mem_alloc_array(n_vocab, sizeof *p->place);
    p->present = mote_mem_alloc_array(window, sizeof *p->present);
    if (p->count && p->place && p->present)
        return MOTE_OK;
    mote_sampler_penalties_deinit(p);
    return mote_error_alloc(err, n_vocab * (sizeof *p->count + sizeof *p->place) + window * sizeof *p->present);
}

void mote_sampler_penalties_deinit(mote_sampler_penalties *p) {
    mote_mem_free(p->count);
    mote_mem_free(p->place);
    mote_mem_free(p->present);
    *p = (mote_sampler_penalties){0};
}

void mote_sampler_penalties_accept(mote_sampler_penalties *p, const mote_sampler_history *history, int32_t token) {
    if (p->window == 0)
        return;
    if (history->n_total >= p->window) {
        int32_t old = mote_sampler_history_get(history, p->window - 1);
        if (--p->count[old] == 0) {
            int32_t last = p->present[--p->n_present];
            p->present[p->place[old]] = last;
            p->place[last] = p->place[old];
        }
    }
    if (p->count[token]++ == 0) {
        p->place[token] = (uint32_t)p->n_present;
        p->present[p->n_present++] = token;
    }
}

void mote_sampler_penalties_reset(mote_sampler_penalties *p) {
    for (size_t i = 0; i < p->n_present; i++)
        p->count[p->present[i]] = 0;
    p->n_present = 0;
}

static void penalise(mote_candidate *item, uint32_t count, const mote_sampler_options *o) {
    float x = item->logit;
    x = x <= 0 ? x * o->repeat_penalty : x / o->repeat_penalty;
    x -= (float)count * o->frequency_penalty + o->presence_penalty;
    item->logit = x > FLT_MAX ? FLT_MAX : x == x ? x : item->logit;
}

void mote_sampler_penalties_apply(const mote_sampler_penalties *p, const mote_sampler_options *o, mote_candidates *c) {
    if (p->n_present == 0)
        return;
    if (c->is_dense) {
        for (size_t i = 0; i < p->n_present; i++)
            penalise(&c->items[p->present[i]], p->count[p->present[i]], o);
    } else {
        for (size_t i = 0; i < c->n; i++) {
            if (p->count[c->items[i].id] > 0)
                penalise(&c->items[i], p->count[c->items[i].id], o);
        }
    }
    mote_candidates_disorder(c);
}
