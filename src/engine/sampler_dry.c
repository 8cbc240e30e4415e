/* DRY's rule: breakers end the look back; how far the last tokens also stand elsewhere is found for every place at once by the Z algorithm (D. Gusfield, "Algorithms on Strings,
 * Trees and Sequences", 1997, ch. 1.4) on the history read backwards; the token that followed such a place would continue the repetition.
 *
 *     history        a b c c b c y a b c | ?       read backwards: c b a y c b c c b a
 *     repeats                                      for the place one step before "c y a b c": 2 ("b c"), followed by y: y would make it 3 */
#include "engine/sampler_dry.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

mote_status mote_sampler_dry_init(mote_sampler_dry *d, size_t n_vocab, size_t window, const mote_tokenizer *tokenizer, const char *const *breakers, size_t n_breakers,
                                  mote_error *err) {
    *d = (mote_sampler_dry){.window = window};
    if (window == 0)
        return MOTE_OK;
    mote_status status = mote_sampler_breakers_find(d, n_vocab, tokenizer, breakers, n_breakers, err);
    if (status == MOTE_OK) {
        d->recent = mote_mem_alloc_array(window, sizeof *d->recent);
        d->repeats = mote_mem_alloc_array(window, sizeof *d->repeats);
        d->longest = mote_mem_zalloc_array(n_vocab, sizeof *d->longest);
        d->continuing = mote_mem_alloc_array(window, sizeof *d->continuing);
        if (!d->recent || !d->repeats || !d->longest || !d->continuing)
            status = mote_error_alloc(err, 3 * window * sizeof *d->recent + n_vocab * sizeof *d->longest);
    }
    if (status != MOTE_OK)
        mote_sampler_dry_deinit(d);
    return status;
}

void mote_sampler_dry_deinit(mote_sampler_dry *d) {
    mote_mem_free(d->breakers);
    mote_mem_free(d->tails);
    mote_mem_free(d->recent);
    mote_mem_free(d->repeats);
    mote_mem_free(d->longest);
    mote_mem_free(d->continuing);
    *d = (mote_sampler_dry){0};
}

/* The first of the head's entries, or n_breakers. */
static size_t find_head(const mote_sampler_dry *d, int32_t head) {
    size_t low = 0, high = d->n_breakers;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->breakers[middle].head < head)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool breaks_alone(const mote_sampler_dry *d, int32_t token) {
    for (size_t i = find_head(d, token); i < d->n_breakers && d->breakers[i].head == token; i++) {
        if (d->breakers[i].n_tail == 0)
            return true;
    }
    return false;
}

/* How many of the last tokens come after the last breaker, counted as llama.cpp does: a breaker's longest matching tail ends the look back. */
static size_t tokens_since_breaker(const mote_sampler_dry *d, size_t n) {
    for (size_t back = 0; back < n; back++) {
        int64_t longest = -1;
        for (size_t i = find_head(d, d->recent[back]); i < d->n_breakers && d->breakers[i].head == d->recent[back]; i++) {
            const mote_sampler_dry_breaker *b = &d->breakers[i];
            if ((int64_t)b->n_tail <= longest || b->n_tail > back)
                continue;
            uint32_t matched = 0;
            while (matched < b->n_tail && d->tails[b->tail + matched] == d->recent[back - matched - 1])
                matched++;
            if (matched == b->n_tail)
                longest = b->n_tail;
        }
        if (longest >= 0)
            return back - (size_t)longest;
    }
    return n;
}

/* repeats[k] = the length of the common beginning of recent and recent + k. */
static void find_repeats(mote_sampler_dry *d, size_t n) {
    const int32_t *t = d->recent;
    size_t left = 0, right = 0; /* the match that reaches furthest: t[left … right) equals the beginning */
    for (size_t k = 1; k < n; k++) {
        size_t len = k < right && d->repeats[k - left] < right - k ? d->repeats[k - left] : k < right ? right - k : 0;
        while (k + len < n && t[len] == t[k + len])
            len++;
        d->repeats[k] = (uint32_t)len;
        if (k + len > right) {
            left = k;
            right = k + len;
        }
    }
}

/* base^exponent by squaring: the same on every machine, and finite because exponents are bounded. */
static double power(double base, uint32_t exponent) {
    double result = 1;
    for (; exponent > 0; exponent >>= 1, base *= base) {
        if (exponent & 1)
            result *= base;
    }
    return result;
}

static float penalty_of(const mote_sampler_dry *d, const mote_sampler_options *o, int32_t token, uint32_t repeat_len) {
    if (breaks_alone(d, token))
        return 0;
    const double float_max_log = 88.7228391;
    uint32_t exponent = repeat_len - (uint32_t)o->dry_allowed_length, most = o->dry_base > 1.000001f ? (uint32_t)(float_max_log / log((double)o->dry_base)) : 0;
    if (most > 0 && exponent > most)
        exponent = most;
    return o->dry_multiplier * (float)power((double)o->dry_base, exponent);
}

static void subtract(mote_candidate *item, float penalty) {
    item->logit -= penalty; /* -infinity where it overflows */
}

void mote_sampler_dry_apply(mote_sampler_dry *d, const mote_sampler_history *history, const mote_sampler_options *o, mote_candidates *c) {
    size_t n = mote_sampler_history_len(history), allowed = (size_t)o->dry_allowed_length, n_continuing = 0;
    n = n < d->window ? n : d->window;
    if (n <= allowed)
        return;
    for (size_t i = 0; i < n; i++)
        d->recent[i] = mote_sampler_history_get(history, i);
    size_t limit = tokens_since_breaker(d, n);
    if (limit < allowed)
        return;
    find_repeats(d, n);
    for (size_t k = n - 1; k > 0; k--) {
        size_t len = d->repeats[k] < limit ? d->repeats[k] : limit;
        int32_t token = d->recent[k - 1];
        if (len < allowed)
            continue;
        if (d->longest[token] == 0)
            d->continuing[n_continuing++] = token;
        if (d->longest[token] < len + 1)
            d->longest[token] = (uint32_t)len + 1;
    }
    if (c->is_dense) {
        for (size_t i = 0; i < n_continuing; i++)
            subtract(&c->items[d->continuing[i]], penalty_of(d, o, d->continuing[i], d->longest[d->continuing[i]] - 1));
    } else {
        for (size_t i = 0; n_continuing > 0 && i < c->n; i++) {
            int32_t id = c->items[i].id;
            if (d->longest[id] > 0)
                subtract(&c->items[i], penalty_of(d, o, id, d->longest[id] - 1));
        }
    }
    for (size_t i = 0; i < n_continuing; i++)
        d->longest[d->continuing[i]] = 0;
    if (n_continuing > 0)
        mote_candidates_disorder(c);
}
