/* Searches for the scales of quantised blocks: which scale, and which integer level for each weight, lose least of the weighted square.
 *
 * A block is cut into groups that share a scale. A search starts from a grid of scales for each group alone, chooses the block's half-precision scale for the groups' integer
 * scales, and then alternates: best integer scales and levels for the scale as it is really stored, best scale for those levels. The best that was seen under the true error
 * (stored scales, rounded) is the result.
 *
 * MOTE_BLOCKS_GROUPS groups are searched side by side, a group a lane: of one block of 16 groups, of two of 8, or of 16 blocks without group scales. No group looks at another but
 * where the sums of a block are made, in one order; so every instruction set gives the same bytes, and so does every number of blocks at a time. */
#ifndef MOTE_KERNELS_BLOCKS_SEARCH_H
#define MOTE_KERNELS_BLOCKS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOTE_BLOCKS_GROUPS = 16, MOTE_BLOCKS_MAX_GROUP_LEN = 32, MOTE_BLOCKS_MAX_LEN = 256 };

/* weight = d * scale[group] * level, level one of level_lo … level_hi, or of a codebook. */
typedef struct mote_blocks_symmetric {
    int n_groups, group_len; /* 1, 8 or 16; 16 or 32 */
    int level_lo, level_hi;
    const int8_t *codebook; /* NULL, or 16 ascending values from level_lo to level_hi */
    int scale_lo, scale_hi; /* both 1: the block has no group scales */
} mote_blocks_symmetric;

/* weight = d * scale[group] * level - dmin * min[group], level 0 … level_hi, scale and min 0 … scale_hi. */
typedef struct mote_blocks_affine {
    int n_groups, group_len;
    int level_hi;
    int scale_hi; /* 1 with one group: no group scales */
} mote_blocks_affine;

typedef struct mote_blocks_fit {
    uint16_t d, dmin; /* half precision */
    int scale[MOTE_BLOCKS_GROUPS], min[MOTE_BLOCKS_GROUPS];
    uint8_t level[MOTE_BLOCKS_MAX_LEN]; /* counted from 0: level - level_lo, or the place in the codebook */
} mote_blocks_fit;

/* What weighs the squared errors of a row. */
typedef struct mote_blocks_importance {
    const float *of;       /* [columns], llama.cpp's imatrix */
    float row_mean_square; /* of all the row's weights, where mote_blocks_weighs_by_row */
} mote_blocks_importance;

/* x: n_blocks blocks, at most MOTE_BLOCKS_GROUPS / n_groups; importance the same. NaN counts as 0, huge values are clamped. */
typedef void (*mote_blocks_symmetric_fn)(const mote_blocks_symmetric *form, const float *x, const mote_blocks_importance *importance, int n_blocks, mote_blocks_fit *fits);
typedef void (*mote_blocks_affine_fn)(const mote_blocks_affine *form, const float *x, const mote_blocks_importance *importance, int n_blocks, mote_blocks_fit *fits);

/* The searches of one instruction set: our own, importance may be NULL; and by the rule of llama.cpp's quantiser (blocks_grid_lanes.h), with importance only.
 * In our own the squared error of a weight counts importance * sqrt(f mean(x^2) + x^2), mean over the block: more where the weight is large itself, since large weights tend to
 * stand where inputs are large. f is 1; 4 for two bits with importance. Perplexity follows no rule closely (conformance/real's text, November 2026, f = 4 and 1): SmolLM2 135M
 * without importance Q4_K_M 19.01, 19.07, IQ4_XS 21.46, 21.07. */
typedef struct mote_blocks_searches {
    mote_blocks_symmetric_fn symmetric;
    mote_blocks_affine_fn affine;
    mote_blocks_symmetric_fn symmetric_grid;
    mote_blocks_affine_fn affine_grid;
} mote_blocks_searches;

extern const mote_blocks_searches mote_blocks_searches_c;

/* All weights x: the integers and scales that lose least in half precision. */
void mote_blocks_symmetric_fit_constant(const mote_blocks_symmetric *form, float x, mote_blocks_fit *fit);
void mote_blocks_affine_fit_constant(const mote_blocks_affine *form, float x, mote_blocks_fit *fit);

/* To nearest even, between lo and hi; a NaN is lo. */
int mote_blocks_grid_round(float x, int lo, int hi);
/* Integers [n] from 0 to hi for values >= 0, of a block's groups, and the factor that turns them back: the best of a grid, then one integer at a time while the weighted error
 * falls. */
float mote_blocks_grid_integers(const float *value, const float *weight, int n, int hi, int *integer);

/* Half precision nearest to x, never an infinity. */
uint16_t mote_blocks_search_half(float x);
/* The same, but never zero unless x is: the least half there is; what to do with it is left to the groups' integers. */
uint16_t mote_blocks_search_store(float x);

#endif
