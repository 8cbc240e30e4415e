/* PCG32 (M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms", 2014): small, seedable, the same on every machine. */
#ifndef MOTE_BASE_RNG_H
#define MOTE_BASE_RNG_H

#include <stdint.h>

typedef struct mote_rng {
    uint64_t state, stream;
} mote_rng;

void mote_rng_init(mote_rng *rng, uint64_t seed);
uint32_t mote_rng_next(mote_rng *rng);
double mote_rng_uniform(mote_rng *rng); /* [0, 1), 53 bits */

#endif
