/* The searches of the block quantisers with 16 lanes. */
#define MOTE_BLOCKS_LANES 16
#include "kernels/blocks.h"
#include "kernels/blocks_affine_lanes.h"
#include "kernels/blocks_grid_lanes.h"
#include "kernels/blocks_symmetric_lanes.h"
#include "kernels/levels.h"

static const mote_blocks_searches searches = {search_symmetric, search_affine, search_symmetric_grid, search_affine_grid};

static bool quantize(mote_dtype type, const float *src, void *dst, size_t n, const mote_blocks_importance *importance) {
    return mote_blocks_quantize_by(&searches, type, src, dst, n, importance);
}

void mote_blocks_init_avx512(mote_kernels *k) {
    k->quantize = quantize;
}
