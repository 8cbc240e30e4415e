#include "engine/sampler_mirostat.h"

#include <math.h>

enum { ZIPF_TOKENS = 100 }; /* the paper's m: tokens that the exponent is estimated from */

/* Version 1: estimate the Zipf exponent s of the greatest, and from it the k whose top-k has the cross-entropy mu. */
void mote_sampler_mirostat_narrow_1(mote_candidates *c, size_t n_vocab, float mu) {
    double ratios = 0, squares = 0;
    if (c->n <= 1)
        return;
    mote_candidates_sort_to(c, ZIPF_TOKENS);
    for (size_t i = 0; i + 1 < ZIPF_TOKENS && i + 1 < c->n && c->items[i + 1].logit > -INFINITY; i++) {
        double t = log((double)(i + 2) / (double)(i + 1));
        ratios += t * ((double)c->items[i].logit - (double)c->items[i + 1].logit);
        squares += t * t;
    }
    double s = squares > 0 ? ratios / squares : 0, epsilon = s - 1, n = (double)n_vocab;
    double harmonic = fabs(epsilon) < 1e-9 ? 1 / log(n > 1 ? n : 2) : epsilon / (1 - pow(n, -epsilon));
    double k = s > 0 ? pow(harmonic * exp2((double)mu), 1 / s) : n; /* no slope: all are alike */
    mote_candidates_keep_first(c, k >= n ? c->n : k >= 1 ? (size_t)k : 1);
}

/* Version 2: drop what is more surprising than mu. */
void mote_sampler_mirostat_narrow_2(mote_candidates *c, float mu) {
    float max = mote_candidates_max(c);
    double total = mote_candidates_weigh(c, max);
    if (c->n <= 1 || total <= 0)
        return;
    float least = (float)((double)max + log(total) - (double)mu * 0.69314718055994531);
    if (mote_candidates_keep_above(c, least, 1) == 0)
        mote_candidates_keep_first(c, 1);
}

float mote_sampler_mirostat_learn(float mu, float tau, float eta, double p, double total) {
    double surprise = p > 0 && total > 0 ? -log2(p / total) : 0;
    return mu - eta * ((float)surprise - tau);
}
