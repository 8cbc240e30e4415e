/* The last tokens of a timeline, as many as any step of a sampler looks back. */
#ifndef MOTE_ENGINE_SAMPLER_HISTORY_H
#define MOTE_ENGINE_SAMPLER_HISTORY_H

#include <stddef.h>
#include <stdint.h>

typedef struct mote_sampler_history {
    int32_t *tokens; /* [capacity] a ring; the next goes to n_total % capacity */
    size_t capacity, n_total;
} mote_sampler_history;

static inline size_t mote_sampler_history_len(const mote_sampler_history *h) {
    return h->n_total < h->capacity ? h->n_total : h->capacity;
}
/* The token `back` steps before the last one; back < _len. */
static inline int32_t mote_sampler_history_get(const mote_sampler_history *h, size_t back) {
    return h->tokens[(h->n_total - 1 - back) % h->capacity];
}
static inline void mote_sampler_history_add(mote_sampler_history *h, int32_t token) {
    if (h->capacity > 0)
        h->tokens[h->n_total++ % h->capacity] = token;
}

#endif
