#include "tasks/score_ngrams.h"

#include "base/error.h"
#include "base/mem.h"

void mote_ngrams_deinit(mote_ngrams *g) {
    mote_mem_free(g->places);
    *g = (mote_ngrams){0};
}

void mote_ngrams_clear(mote_ngrams *g) {
    if (g->n)
        memset(g->places, 0, g->n_places * sizeof *g->places);
    g->n = 0;
}

static uint64_t mix(uint64_t x) { /* the finaliser of splitmix64 */
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static mote_ngram *find(const mote_ngrams *g, const uint64_t key[2]) {
    size_t mask = g->n_places - 1;
    for (size_t i = (size_t)mix(key[0] ^ mix(key[1])) & mask;; i = (i + 1) & mask) {
        mote_ngram *place = &g->places[i];
        if (!place->count || (place->key[0] == key[0] && place->key[1] == key[1]))
            return place;
    }
}

static mote_status grow(mote_ngrams *g) {
    mote_ngrams larger = {.n_places = g->n_places ? 2 * g->n_places : 64, .n = g->n};
    larger.places = mote_mem_zalloc_array(larger.n_places, sizeof *larger.places);
    if (!larger.places)
        return MOTE_ERR_ALLOC;
    MOTE_NGRAMS_EACH(g, it) {
        *find(&larger, it->key) = *it;
    }
    mote_mem_free(g->places);
    *g = larger;
    return MOTE_OK;
}

mote_status mote_ngrams_add(mote_ngrams *g, const uint64_t key[2], uint64_t count) {
    if (2 * g->n >= g->n_places)
        MOTE_TRY(grow(g));
    mote_ngram *place = find(g, key);
    if (!place->count) {
        place->key[0] = key[0];
        place->key[1] = key[1];
        g->n++;
    }
    place->count += count;
    return MOTE_OK;
}

uint64_t mote_ngrams_count(const mote_ngrams *g, const uint64_t key[2]) {
    return g->n ? find(g, key)->count : 0;
}

uint64_t mote_ngrams_total(const mote_ngrams *g) {
    uint64_t total = 0;
    MOTE_NGRAMS_EACH(g, it) {
        total += it->count;
    }
    return total;
}

uint64_t mote_ngrams_common(const mote_ngrams *a, const mote_ngrams *b) {
    uint64_t common = 0;
    MOTE_NGRAMS_EACH(a, it) {
        uint64_t other = mote_ngrams_count(b, it->key);
        common += it->count < other ? it->count : other;
    }
    return common;
}

mote_status mote_ngrams_add_words(mote_ngrams *g, const mote_words *words, size_t order) {
    for (size_t i = 0; i + order <= words->n; i++) {
        uint64_t key[2] = {order, ~(uint64_t)order};
        for (size_t k = 0; k < order; k++) {
            key[0] = mix(key[0] ^ words->hashes[i + k]);
            key[1] = mix(key[1] + 0x9e3779b97f4a7c15u * words->hashes[i + k]);
        }
        MOTE_TRY(mote_ngrams_add(g, key, 1));
    }
    return MOTE_OK;
}
