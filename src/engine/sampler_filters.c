/* Truncation and temperature, with llama.cpp's rules (src/llama-sampler.cpp): which candidates stay, whether a limit is inclusive, when a step is off. */
#include "engine/sampler_filters.h"

#include <math.h>

enum { FIRST_SORT = 256 }; /* as many as top_p and its like seldom need more than */

/* C. Tang et al., "Top-nσ", 2024: impossible are all further below the greatest than n standard deviations of the possible logits. */
void mote_sampler_filters_top_n_sigma(mote_candidates *c, float n) {
    if (n <= 0 || c->n <= 1)
        return;
    float max = mote_candidates_max(c);
    double sum = 0, squares = 0;
    size_t n_possible = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].logit == -INFINITY)
            continue;
        double d = (double)c->items[i].logit - (double)max; /* close to the mean, for the difference below */
        sum += d;
        squares += d * d;
        n_possible++;
    }
    if (n_possible == 0)
        return;
    double mean = sum / (double)n_possible, variance = squares / (double)n_possible - mean * mean;
    float least = (float)((double)max - (double)n * sqrt(variance > 0 ? variance : 0));
    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].logit < least)
            c->items[i].logit = -INFINITY;
    }
}

void mote_sampler_filters_top_k(mote_candidates *c, int32_t k) {
    if (k > 0)
        mote_candidates_keep_first(c, (size_t)k);
}

/* A. Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020: the fewest greatest whose probabilities reach p. */
void mote_sampler_filters_top_p(mote_candidates *c, float p, size_t min_keep) {
    float max = mote_candidates_max(c);
    if (p >= 1 || c->n <= 1 || max == -INFINITY)
        return;
    double target = (double)p * mote_candidates_weigh(c, max), sum = 0;
    size_t i = 0;
    for (; i < c->n; i++) {
        if (i == c->n_sorted)
            mote_candidates_sort_to(c, i < FIRST_SORT ? FIRST_SORT : 8 * i);
        sum += (double)mote_candidates_weight(c->items[i].logit, max);
        if (sum >= target && i + 1 >= min_keep)
            break;
    }
    mote_candidates_keep_first(c, i + 1);
}

/* M. Nguyen et al., "Turning Up the Heat: Min-p Sampling", 2024: those at least p times as likely as the greatest. */
void mote_sampler_filters_min_p(mote_candidates *c, float p, size_t min_keep) {
    if (p <= 0 || c->n <= 1)
        return;
    float least = (float)((double)mote_candidates_max(c) + log((double)p));
    if (mote_candidates_keep_above(c, least, min_keep > 1 ? min_keep : 1) < min_keep)
        mote_candidates_keep_first(c, min_keep);
}

/* C. Meister et al., "Locally Typical Sampling", 2022: those whose information -log p is nearest to the entropy, until their probabilities exceed p. */
void mote_sampler_filters_typical_p(mote_candidates *c, float p, size_t min_keep, float *saved) {
    float max = mote_candidates_max(c);
    if (p >= 1 || c->n <= 1 || max == -INFINITY)
        return;
    double total = mote_candidates_weigh(c, max), mean = 0, sum = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->p[i] > 0)
            mean += (double)c->p[i] * ((double)c->items[i].logit - (double)max);
    }
    mean /= total; /* -log p - entropy = mean - (logit - max): log(total) cancels */
    for (size_t i = 0; i < c->n; i++) {
        mote_candidate *item = &c->items[i];
        saved[item->id] = item->logit;
        item->logit = -(float)fabs(mean - ((double)item->logit - (double)max));
    }
    c->n_sorted = 0;
    size_t i = 0;
    for (; i < c->n; i++) {
        if (i == c->n_sorted)
            mote_candidates_sort_to(c, i < FIRST_SORT ? FIRST_SORT : 8 * i);
        sum += (double)mote_candidates_weight(saved[c->items[i].id], max);
        if (sum > (double)p * total && i + 1 >= min_keep)
            break;
    }
    c->n = i < c->n ? i + 1 : c->n;
    for (i = 0; i < c->n; i++)
        c->items[i].logit = saved[c->items[i].id];
    c->n_sorted = 0;
}

/* "Exclude top choices" (P. E. Weidmann, 2024): with some probability, of all that reach the threshold only the least likely stays. */
void mote_sampler_filters_xtc(mote_candidates *c, float probability, float threshold, size_t min_keep, mote_rng *rng) {
    if (probability <= 0 || threshold > 0.5f || c->n < 2)
        return;
    if (mote_rng_uniform(rng) > (double)probability)
        return;
    float max = mote_candidates_max(c);
    if (max == -INFINITY)
        return;
    double least = (double)threshold * mote_candidates_weigh(c, max);
    size_t n_above = 0;
    for (; n_above < c->n; n_above++) {
        if (n_above == c->n_sorted)
            mote_candidates_sort_to(c, n_above < FIRST_SORT ? FIRST_SORT : 8 * n_above);
        if ((double)mote_candidates_weight(c->items[n_above].logit, max) < least)
            break;
    }
    size_t n_dropped = n_above > 0 ? n_above - 1 : 0;
    if (n_dropped == 0 || c->n - n_dropped < min_keep)
        return;
    for (size_t i = n_dropped; i < c->n; i++)
        c->items[i - n_dropped] = c->items[i];
    c->n -= n_dropped;
    c->n_sorted -= n_dropped;
}

/* Y. Zhu et al., "Hot or Cold? Adaptive Temperature Sampling", 2024, in llama.cpp's form: between the ends by normalised entropy to a power. */
static float dynamic_temperature(mote_candidates *c, float max, float temperature, float range, float exponent) {
    double total = mote_candidates_weigh(c, max), mean = 0, low = (double)temperature - (double)range;
    for (size_t i = 0; i < c->n; i++) {
        if (c->p[i] > 0)
            mean += (double)c->p[i] * ((double)c->items[i].logit - (double)max);
    }
    double entropy = log(total) - mean / total, share = entropy / log((double)c->n);
    low = low > 0 ? low : 0;
    share = share > 0 ? share : 0;
    return (float)(low + ((double)temperature + (double)range - low) * pow(share, (double)exponent));
}

void mote_sampler_filters_temperature(mote_candidates *c, float temperature, float range, float exponent) {
    float max = mote_candidates_max(c);
    if (c->n <= 1 || max == -INFINITY)
        return;
    if (range > 0)
        temperature = dynamic_temperature(c, max, temperature, range, exponent);
    /* so cold that logits overflow is as good as 0: neighbouring floats are then further apart than exp can tell */
    if (temperature <= 0 || !isfinite(max / temperature)) {
        mote_candidates_keep_first(c, 1);
        return;
    }
    if (temperature == 1)
        return;
    for (size_t i = 0; i < c->n; i++)
        c->items[i].logit /= temperature;
}
