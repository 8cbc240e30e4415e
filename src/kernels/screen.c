/* Why the bound holds for floats. With n blocks, u = 2^-24 and a block's exact integer product I: a kernel rounds d * s once and each fused addition once, so the matrix's product
 * is off by at most (n + 1) u times the sum of |I| d s, and |I| <= |v| |q| <= 128 sqrt(32) |q| = 725 |q|. The screen's is off by as much with its own, longer, n, and 8 |h| <= 128
 * too. Hence a block's column holds d * (|e| + 725 * (4 n + 16) u), which is more than both, and 2^-12 of that for the rounding of these columns themselves. */
#include "kernels/screen.h"

#include "kernels/panel.h"

#include <math.h>
#include <string.h>

enum { MAX_V = 725, FIRST = 16, LAST = 31, MAX_ERROR = LAST - FIRST };
#define LARGEST_SCALE 8188.0f /* eight times this is a finite f16 */
#define LARGEST_ACT 1e20f     /* times a scale, 725 and any number of blocks it is a finite float */

static size_t n_error_blocks(size_t n_blocks) {
    return (n_blocks + MOTE_BLOCK - 1) / MOTE_BLOCK;
}

size_t mote_screen_k(size_t k) {
    return k + n_error_blocks(k / MOTE_BLOCK) * MOTE_BLOCK;
}

/* Eight vectors of 5-bit numbers as planes. */
static void store_planes(const uint8_t u[8][MOTE_PANEL_VECTOR], uint8_t *quants) {
    uint8_t *high = quants + (ptrdiff_t)4 * MOTE_PANEL_VECTOR;
    for (int p = 0; p < 4; p++)
        for (int i = 0; i < MOTE_PANEL_VECTOR; i++)
            quants[p * MOTE_PANEL_VECTOR + i] = (uint8_t)((u[p][i] & 15) | (u[p + 4][i] & 15) << 4);
    memset(high, 0, MOTE_PANEL_VECTOR);
    for (int p = 0; p < 8; p++)
        for (int i = 0; i < MOTE_PANEL_VECTOR; i++)
            high[i] |= (uint8_t)(u[p][i] >> 4 << p);
}

/* One block of 16 rows: its 5-bit numbers, and the squared length of what they miss by row. */
static void reduce_block(const uint8_t *from, uint8_t *quants, int32_t error[MOTE_PANEL_ROWS]) {
    uint8_t u[8][MOTE_PANEL_VECTOR];
    int16_t squares[MOTE_PANEL_VECTOR] = {0}; /* of 8 numbers; an error is at most 7 */
    for (int p = 0; p < 8; p++)
        for (int i = 0; i < MOTE_PANEL_VECTOR; i++) {
            int16_t v = from[p * MOTE_PANEL_VECTOR + i], h = (int16_t)((v + 4) >> 3);
            h = h < LAST ? h : LAST;
            u[p][i] = (uint8_t)h;
            int16_t e = (int16_t)(v - h * 8);
            squares[i] = (int16_t)(squares[i] + e * e);
        }
    store_planes((const uint8_t(*)[MOTE_PANEL_VECTOR])u, quants);
    for (int r = 0; r < MOTE_PANEL_ROWS; r++)
        error[r] = squares[4 * r] + squares[4 * r + 1] + squares[4 * r + 2] + squares[4 * r + 3];
}

/* The smallest f16 that is not below x >= 0; infinity if there is none. */
static uint16_t f16_above(double x) {
    uint16_t h = mote_half_to_f16((float)x);
    return (double)mote_half_from_f16(h) < x ? (uint16_t)(h + 1) : h;
}

/* Columns of errors [n <= 32][16 rows] as a block with its record; false if they are too large. */
static bool store_errors(const double (*error)[MOTE_PANEL_ROWS], size_t n, uint8_t *record, uint8_t *quants) {
    uint8_t u[8][MOTE_PANEL_VECTOR];
    memset(u, FIRST, sizeof u);
    for (size_t r = 0; r < MOTE_PANEL_ROWS; r++) {
        double most = 0;
        for (size_t b = 0; b < n; b++)
            most = error[b][r] > most ? error[b][r] : most;
        uint16_t scale = f16_above(most / MAX_ERROR);
        double d = (double)mote_half_from_f16(scale);
        if (isinf(d))
            return false;
        memcpy(record + 2 * r, &scale, sizeof scale);
        for (size_t b = 0; b < n && d > 0; b++) {
            double steps = ceil(error[b][r] / d);
            u[b / 4][4 * r + b % 4] = (uint8_t)(FIRST + (steps < MAX_ERROR ? (int)steps : MAX_ERROR));
        }
    }
    store_planes((const uint8_t(*)[MOTE_PANEL_VECTOR])u, quants);
    return true;
}

bool mote_screen_pack_panel(const mote_packed *w, size_t p, void *panel) {
    const mote_panel_layout *from = mote_panel_get_layout(MOTE_DTYPE_Q8_0), *to = mote_panel_get_layout(MOTE_DTYPE_Q5_0);
    const size_t n_blocks = w->k / MOTE_BLOCK, n_errors = n_error_blocks(n_blocks), k = mote_screen_k(w->k);
    const uint8_t *source = (const uint8_t *)w->data + p * w->panel_bytes, *numbers = source + mote_panel_quants_at(from, w->k);
    uint8_t *out = panel, *quants = out + mote_panel_quants_at(to, k);
    const double rounding = MAX_V * (4.0 * (double)(n_blocks + n_errors) + 16) * 0x1p-24;
    double errors[MOTE_BLOCK][MOTE_PANEL_ROWS];
    memset(out, 0, mote_pack_panel_bytes(MOTE_DTYPE_Q5_0, k));
    for (size_t b = 0; b < n_blocks; b++) {
        int32_t squares[MOTE_PANEL_ROWS];
        reduce_block(numbers + b * mote_panel_quant_bytes(from), quants + b * mote_panel_quant_bytes(to), squares);
        for (size_t r = 0; r < MOTE_PANEL_ROWS; r++) {
            float d, m;
            mote_pack_read_scales(MOTE_DTYPE_Q8_0, source, b, r, &d, &m);
            if (!(fabsf(d) <= LARGEST_SCALE))
                return false;
            uint16_t scale = mote_half_to_f16(8 * d);
            memcpy(out + b * to->record_bytes + 2 * r, &scale, sizeof scale);
            errors[b % MOTE_BLOCK][r] = (double)fabsf(d) * (sqrt((double)squares[r]) + rounding) * (1 + 0x1p-12);
        }
        size_t n = b % MOTE_BLOCK + 1, at = n_blocks + b / MOTE_BLOCK;
        if ((n == MOTE_BLOCK || b + 1 == n_blocks) &&
            !store_errors((const double(*)[MOTE_PANEL_ROWS])errors, n, out + at * to->record_bytes, quants + at * mote_panel_quant_bytes(to)))
            return false;
    }
    return true;
}

/* Lengths [n <= 32] of blocks of activations as a block of their own, rounded up. */
static void set_lengths(const double *length, size_t n, int8_t *q, float *scale, int32_t *sum) {
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = length[i] > most ? length[i] : most;
    float s = (float)(most / 127);
    if ((double)s * 127 < most)
        s = nextafterf(s, INFINITY);
    memset(q, 0, MOTE_BLOCK);
    *scale = s;
    sum[0] = sum[1] = 0;
    for (size_t i = 0; i < n && s > 0; i++) {
        double steps = ceil(length[i] / (double)s);
        q[i] = (int8_t)(steps < 127 ? steps : 127);
        sum[i / 16] += q[i];
    }
}

bool mote_screen_set_acts(const mote_acts *x, int8_t *q, float *scale, int32_t *sum) {
    const size_t n_blocks = x->k / MOTE_BLOCK;
    double length[MOTE_BLOCK];
    memcpy(q, x->q, x->k);
    memcpy(scale, x->scale, n_blocks * sizeof *scale);
    memcpy(sum, x->sum, 2 * n_blocks * sizeof *sum);
    for (size_t b = 0; b < n_blocks; b++) {
        int32_t squares = 0;
        for (size_t i = 0; i < MOTE_BLOCK; i++)
            squares += x->q[b * MOTE_BLOCK + i] * x->q[b * MOTE_BLOCK + i];
        if (!(x->scale[b] <= LARGEST_ACT))
            return false;
        length[b % MOTE_BLOCK] = sqrt((double)squares) * (double)x->scale[b] * (1 + 0x1p-40);
        size_t n = b % MOTE_BLOCK + 1, at = n_blocks + b / MOTE_BLOCK;
        if (n == MOTE_BLOCK || b + 1 == n_blocks)
            set_lengths(length, n, q + at * MOTE_BLOCK, scale + at, sum + 2 * at);
    }
    return true;
}
