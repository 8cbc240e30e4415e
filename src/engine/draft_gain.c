/* Times are kept as ratios and one running time: load on the machine and a growing context change the time of all passes alike and the ratios hardly. A draft is right as far as
 * all of its guesses are, and each right guess makes the match longer, so the tokens expected of a draft of d are 1 + p(m) + p(m) p(m + 1) + … */
#include "engine/draft_gain.h"

#include <string.h>

enum {
    SINGLES_FIRST = 2,    /* passes of one token before the first draft: nothing is worth anything until their time is known */
    SINGLES_EVERY = 48,   /* and one in so many passes later */
    LONGEST_AVERAGE = 16, /* passes that a ratio averages over */
};

/* Before anything is measured: a pass is bound by reading the weights, and each more token costs about this share of it. */
static const double PRIOR_SLOPE = 0.1;
/* A gain below this is noise. */
static const double LEAST_GAIN = 1.03;

static const float PRIOR_RIGHT[MOTE_DRAFT_KINDS][MOTE_DRAFT_LENGTHS] = {
    [MOTE_DRAFT_FOUND] = {0, 0.1f, 0.3f, 0.5f, 0.7f, 0.85f, 0.92f, 0.95f},
    [MOTE_DRAFT_FOLLOWED] = {0.2f, 0.55f, 0.7f, 0.8f, 0.9f, 0.95f, 0.97f, 0.98f},
    [MOTE_DRAFT_GIVEN] = {0.95f, 0.95f, 0.95f, 0.95f, 0.95f, 0.95f, 0.95f, 0.95f},
};

static int bucket_of(size_t n_matched) {
    int bucket = 0;
    for (size_t most = 0; n_matched > most && bucket < MOTE_DRAFT_LENGTHS - 1; most = most < 2 ? most + 1 : 2 * most)
        bucket++;
    return bucket;
}

void mote_draft_gain_init(mote_draft_gain *g) {
    *g = (mote_draft_gain){0};
    g->ratio[1] = 1;
    memcpy(g->right, PRIOR_RIGHT, sizeof PRIOR_RIGHT);
}

void mote_draft_gain_begin(mote_draft_gain *g) {
    for (int k = 0; k < MOTE_DRAFT_KINDS; k++)
        for (int i = 0; i < MOTE_DRAFT_LENGTHS; i++)
            g->right[k][i] = (g->right[k][i] + PRIOR_RIGHT[k][i]) / 2;
}

/* Between the nearest that were measured, or in proportion beyond them; one token is always known. */
static double ratio_of(const mote_draft_gain *g, size_t n) {
    size_t low = n, high = n;
    while (low > 1 && g->n_passes[low] == 0)
        low--;
    while (high <= MOTE_DRAFT_MAX + 1 && g->n_passes[high] == 0)
        high++;
    if (low == n)
        return g->ratio[n];
    if (high <= MOTE_DRAFT_MAX + 1)
        return g->ratio[low] + (g->ratio[high] - g->ratio[low]) * (double)(n - low) / (double)(high - low);
    double slope = low > 1 ? (g->ratio[low] - 1) / (double)(low - 1) : PRIOR_SLOPE;
    return g->ratio[low] + slope * (double)(n - low);
}

/* How the ratio of n tokens moves, seen `seconds` of one pass. */
static void learn_ratio(mote_draft_gain *g, size_t n, double seconds) {
    double before = ratio_of(g, n), ratio = seconds / g->seconds;
    if (g->n_passes[n] > 0 && ratio > 2 * before)
        ratio = 2 * before; /* somebody else had the processor */
    uint32_t average = g->n_passes[n] + 1 < LONGEST_AVERAGE ? g->n_passes[n] + 1 : LONGEST_AVERAGE;
    ratio = before + (ratio - before) / average;
    g->ratio[n] = ratio < 1 ? 1 : ratio;
    g->n_passes[n]++;
}

/* A time other than expected moves the ratio a little and the running time more; a ratio that is seen first takes all of it. */
void mote_draft_gain_learn_pass(mote_draft_gain *g, size_t n, double seconds) {
    bool is_known = g->n_passes[1] >= SINGLES_FIRST;
    g->n_since_single = n == 1 ? 0 : g->n_since_single + 1;
    if (n > 1 && is_known)
        learn_ratio(g, n, seconds);
    double now = seconds / ratio_of(g, n);
    if (is_known && now > 2 * g->seconds)
        now = 2 * g->seconds;
    g->seconds = is_known ? g->seconds + (now - g->seconds) / 4 : now;
    g->n_passes[1] += n == 1;
}

void mote_draft_gain_learn_guess(mote_draft_gain *g, mote_draft_kind kind, size_t n_matched, bool is_right) {
    float *right = &g->right[kind][bucket_of(n_matched)];
    *right += ((is_right ? 1.0f : 0.0f) - *right) / 32;
}

/* What was measured in a bad moment is forgotten slowly where it alone stands against drafts. */
static void doubt(mote_draft_gain *g) {
    for (size_t n = 2; n <= MOTE_DRAFT_MAX + 1; n++) {
        double prior = 1 + PRIOR_SLOPE * (double)(n - 1);
        if (g->ratio[n] > prior)
            g->ratio[n] += (prior - g->ratio[n]) / 256;
    }
}

size_t mote_draft_gain_length(mote_draft_gain *g, mote_draft_kind kind, size_t n_matched, size_t n_max) {
    if (n_max == 0 || g->n_passes[1] < SINGLES_FIRST || g->n_since_single >= SINGLES_EVERY)
        return 0;
    double chance = 1, expected = 1, best = LEAST_GAIN;
    size_t length = 0;
    for (size_t d = 1; d <= n_max; d++) {
        chance *= g->right[kind][bucket_of(n_matched + d - 1)];
        expected += chance;
        double gain = expected / ratio_of(g, d + 1);
        if (gain > best) {
            best = gain;
            length = d;
        }
    }
    if (length == 0)
        doubt(g);
    return length;
}
