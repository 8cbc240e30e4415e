/* A screen: a copy of a Q8_0 matrix in 5 bits whose product bounds the matrix's own product from above, row by row, for half of the bytes and a little more.
 *
 * A weight is d * v with v in -128 … 127; its copy is 8 * d * h with h in -16 … 15, and what is missing of a block of 32 is a vector e of known length. By Cauchy and Schwarz
 *
 *     sum of e * x  <=  sum over blocks of |e| * |x|
 *
 * so a row is longer by a column a block: it holds |e| rounded up, and the activations hold |x| there, rounded up. Both products are sums in float; |e| also has what their
 * rounding may come to, so that the bound holds for the numbers that the kernels give and not only on paper. The screen is a packed matrix of type Q5_0: every kernel can compute
 * it. */
#ifndef MOTE_KERNELS_SCREEN_H
#define MOTE_KERNELS_SCREEN_H

#include "kernels/kernels.h"

/* Longer rows could round by more than is allowed for. */
enum { MOTE_SCREEN_MAX_K = 32 * 1024 };

/* Columns of the screen of a matrix with k columns, a multiple of 32. */
size_t mote_screen_k(size_t k);
/* Panel p of w (Q8_0, k <= MOTE_SCREEN_MAX_K) as a panel of a Q5_0 matrix [w->n_rows, mote_screen_k(w->k)]; depends on nothing else. False if a scale is not finite or too large.
 */
bool mote_screen_pack_panel(const mote_packed *w, size_t p, void *panel);
/* Activations of one token (Q8) for the screen: q [mote_screen_k(x->k)], scale [a 32nd], sum [a 16th]. False if they are so large that the screen could overflow where the product
 * doesn't. */
bool mote_screen_set_acts(const mote_acts *x, int8_t *q, float *scale, int32_t *sum);
/* Results that both are below this in magnitude may be wrong by underflow. */
#define MOTE_SCREEN_TINY 0x1p-100f

#endif
