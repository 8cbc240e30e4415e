/* MT19937, seeded and asked as CPython's `random` does: for scores whose reference implementation draws with it.
 * M. Matsumoto, T. Nishimura, "Mersenne Twister: A 623-Dimensionally Equidistributed Uniform Pseudo-Random Number Generator", ACM TOMACS 8(1), 1998. */
#ifndef MOTE_TASKS_MERSENNE_H
#define MOTE_TASKS_MERSENNE_H

#include <stddef.h>
#include <stdint.h>

enum { MOTE_MERSENNE_WORDS = 624 };

typedef struct mote_mersenne {
    uint32_t words[MOTE_MERSENNE_WORDS];
    size_t at;
} mote_mersenne;

/* random.seed(seed) */
void mote_mersenne_init(mote_mersenne *m, uint32_t seed);
/* random.randrange(n), n >= 1 */
uint32_t mote_mersenne_below(mote_mersenne *m, uint32_t n);

#endif
