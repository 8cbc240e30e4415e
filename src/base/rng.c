#include "base/rng.h"

void mote_rng_init(mote_rng *rng, uint64_t seed) {
    *rng = (mote_rng){.state = 0, .stream = 0xda3e39cb94b95bdbu | 1};
    mote_rng_next(rng);
    rng->state += seed;
    mote_rng_next(rng);
}

uint32_t mote_rng_next(mote_rng *rng) {
    uint64_t old = rng->state;
    rng->state = old * 6364136223846793005u + rng->stream;
    uint32_t x = (uint32_t)(((old >> 18) ^ old) >> 27), r = (uint32_t)(old >> 59);
    return (x >> r) | (x << ((32 - r) & 31));
}

double mote_rng_uniform(mote_rng *rng) {
    uint64_t hi = mote_rng_next(rng), lo = mote_rng_next(rng);
    return (double)((hi << 32 | lo) >> 11) * 0x1p-53;
}
