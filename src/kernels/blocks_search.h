/* Searches for the scales of quantised blocks: which scale, and which integer level for each weight, lose least of the weighted square.
 *
 * Every search works on one block of at most 256 weights, cut into groups that share a scale. It starts from a grid of scales for each group alone, chooses the block's
 * half-precision scale for the groups' integer scales, and then alternates: best integer scales and levels for the scale as it is really stored, best scale for those levels.
 * The best that was seen under the true error (stored scales, rounded) is the result. */
#ifndef MOTE_KERNELS_BLOCKS_SEARCH_H
#define MOTE_KERNELS_BLOCKS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOTE_BLOCKS_MAX_LEN = 256, MOTE_BLOCKS_MAX_GROUPS = 16 };

/* One block made fit for the searches: finite values, weights of their squared errors that are finite and nowhere all zero. */
typedef struct mote_blocks_sample {
    float x[MOTE_BLOCKS_MAX_LEN], w[MOTE_BLOCKS_MAX_LEN];
} mote_blocks_sample;

/* x [len], importance [len] or NULL; groups of group_len. NaN counts as 0, huge values are clamped.
 * The squared error of a weight counts importance * sqrt(4 mean(x^2) + x^2): a little more where the weight is large itself. That lies between importance alone, which the output's
 * error to first order asks for, and llama.cpp's steeper rules (importance * sqrt(mean + x^2), x^2, |x|), and loses less than llama.cpp's quantisers under both measures. */
void mote_blocks_search_prepare(mote_blocks_sample *sample, const float *x, const float *importance, size_t len, size_t group_len);

/* Whether all weights [len] are the same. */
bool mote_blocks_search_is_constant(const mote_blocks_sample *sample, int len);

/* weight = d * scale[group] * level, level one of level_lo … level_hi, or of a codebook. */
typedef struct mote_blocks_symmetric {
    int n_groups, group_len; /* group_len a multiple of 8 */
    int level_lo, level_hi;
    const int8_t *codebook; /* NULL, or 16 ascending values from level_lo to level_hi */
    int scale_lo, scale_hi; /* both 1: the block has no group scales */
} mote_blocks_symmetric;

/* weight = d * scale[group] * level - dmin * min[group], level 0 … level_hi, scale and min 0 … scale_hi. */
typedef struct mote_blocks_affine {
    int n_groups, group_len; /* group_len a multiple of 8 */
    int level_hi;
    int scale_hi; /* 1 with one group: no group scales; dmin may then be negative */
} mote_blocks_affine;

typedef struct mote_blocks_fit {
    uint16_t d, dmin; /* half precision */
    int scale[MOTE_BLOCKS_MAX_GROUPS], min[MOTE_BLOCKS_MAX_GROUPS];
    uint8_t level[MOTE_BLOCKS_MAX_LEN]; /* counted from 0: level - level_lo, or the place in the codebook */
} mote_blocks_fit;

void mote_blocks_symmetric_search(const mote_blocks_symmetric *form, const mote_blocks_sample *sample, mote_blocks_fit *fit);
void mote_blocks_affine_search(const mote_blocks_affine *form, const mote_blocks_sample *sample, mote_blocks_fit *fit);

/* Half precision nearest to x, never an infinity. */
uint16_t mote_blocks_search_half(float x);

#endif
