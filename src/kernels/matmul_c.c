/* The reference of quantize_q8 and matmul: plain C that defines every bit of the result. The order of operations for one output element, blocks of 32 k ascending:
 *
 *   float weights   block = 0; for each k: block = fma(w, x, block); then total += block
 *   symmetric       total = fma(dot(u, q) - offset * sum(q), d * s, total)            dot and sum in integers
 *   affine          total = fma(dot(u, q), d * s, total); total = fma(m, s * sum(q), total)
 *   two scales      block = dot[0] * d[0]; block = fma(dot[1], d[1], block); affine: block = fma(m[0], sum[0](q), block) and the same for 1; total = fma(block, s, total)
 *
 * where s is the activation block's scale; types with two scales have one for every 16 weights, and their dots are dot(u, q) - offset * sum(q) if they are symmetric. */
#include "kernels/levels.h"
#include "kernels/panel.h"

#include <math.h>
#include <string.h>

enum { TILE = 16 /* tokens for which a panel is read once */ };

/* Below this an inverse scale could overflow; such a block is all zeros to any model. */
#define SMALLEST_PEAK 0x1p-100f

static void quantize_block(const float *x, int8_t *q, float *scale, int32_t *sum) {
    float peak = 0;
    for (size_t i = 0; i < MOTE_BLOCK; i++) {
        float a = fabsf(x[i]);
        peak = a > peak ? a : peak;
    }
    peak = peak < 0x1.fffffep127f ? peak : 0x1.fffffep127f;
    if (peak < SMALLEST_PEAK) {
        memset(q, 0, MOTE_BLOCK);
        *scale = 0;
        sum[0] = sum[1] = 0;
        return;
    }
    float inverse = 127.0f / peak;
    *scale = peak / 127.0f;
    sum[0] = sum[1] = 0;
    for (size_t i = 0; i < MOTE_BLOCK; i++) {
        float v = x[i] * inverse;
        v = v < 127.0f ? v : 127.0f;
        v = v > -127.0f ? v : -127.0f;
        v = (v + 0x1.8p23f) - 0x1.8p23f; /* to the nearest integer, ties to even */
        q[i] = (int8_t)v;
        sum[i / 16] += q[i];
    }
}

static void quantize_q8_c(const float *x, size_t k, int8_t *q, float *scale, int32_t *sum) {
    size_t n_blocks = k / MOTE_BLOCK, rest = k % MOTE_BLOCK;
    for (size_t b = 0; b < n_blocks; b++)
        quantize_block(x + b * MOTE_BLOCK, q + b * MOTE_BLOCK, scale + b, sum + 2 * b);
    if (rest) {
        float last[MOTE_BLOCK] = {0};
        memcpy(last, x + n_blocks * MOTE_BLOCK, rest * sizeof *x);
        quantize_block(last, q + n_blocks * MOTE_BLOCK, scale + n_blocks, sum + 2 * n_blocks);
    }
}

/* One block of a panel, read: u widened for the compiler's 16-bit multiply-add. */
typedef struct panel_block {
    int16_t u[MOTE_PANEL_ROWS][MOTE_BLOCK];
    float d[MOTE_PANEL_ROWS][2], m[MOTE_PANEL_ROWS][2];
} panel_block;

static void read_block(const mote_packed *w, const mote_panel_layout *layout, const uint8_t *panel, size_t block, panel_block *out) {
    static const uint8_t codebook[16] = MOTE_PANEL_CODEBOOK_U;
    uint8_t u[MOTE_PANEL_ROWS][MOTE_BLOCK];
    mote_pack_read_numbers(layout, panel, w->k, block, 0, MOTE_PANEL_ROWS, u[0]);
    for (size_t r = 0; r < MOTE_PANEL_ROWS; r++) {
        mote_pack_read_scales(w->type, panel, block, r, out->d[r], out->m[r]);
        for (size_t i = 0; i < MOTE_BLOCK; i++)
            out->u[r][i] = layout->is_codebook ? codebook[u[r][i]] : u[r][i];
    }
}

static int32_t dot(const int16_t *u, const int16_t *q, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += u[i] * q[i];
    return sum;
}

/* What a block adds to one row's total. */
static float add_one_scale(const mote_panel_layout *layout, const int16_t *u, float d, float m, const int16_t *q, float s, int32_t sum, float total) {
    int32_t product = dot(u, q, MOTE_BLOCK);
    if (layout->offset >= 0)
        return fmaf((float)(product - layout->offset * sum), d * s, total);
    return fmaf(m, s * (float)sum, fmaf((float)product, d * s, total));
}

static float add_two_scales(const mote_panel_layout *layout, const int16_t *u, const float d[2], const float m[2], const int16_t *q, float s, const int32_t sum[2], float total) {
    const size_t len = MOTE_BLOCK / 2;
    int32_t product[2];
    for (size_t h = 0; h < 2; h++)
        product[h] = dot(u + h * len, q + h * len, len) - (layout->offset >= 0 ? layout->offset * sum[h] : 0);
    float block = fmaf((float)product[1], d[1], (float)product[0] * d[0]);
    if (layout->offset < 0)
        block = fmaf(m[1], (float)sum[1], fmaf(m[0], (float)sum[0], block));
    return fmaf(block, s, total);
}

static void add_block(const mote_panel_layout *layout, const panel_block *b, const int16_t q[MOTE_BLOCK], float s, const int32_t sum[2], float total[MOTE_PANEL_ROWS]) {
    for (size_t r = 0; r < MOTE_PANEL_ROWS; r++)
        total[r] = layout->n_scales == 1 ? add_one_scale(layout, b->u[r], b->d[r][0], b->m[r][0], q, s, sum[0] + sum[1], total[r])
                                         : add_two_scales(layout, b->u[r], b->d[r], b->m[r], q, s, sum, total[r]);
}

static void multiply_quantised(const mote_packed *w, const uint8_t *panel, const mote_acts *x, size_t first, size_t n, float total[TILE][MOTE_PANEL_ROWS]) {
    const mote_panel_layout *layout = mote_panel_get_layout(w->type);
    size_t n_blocks = w->k / MOTE_BLOCK, x_blocks = x->k / MOTE_BLOCK;
    for (size_t b = 0; b < n_blocks; b++) {
        panel_block block;
        read_block(w, layout, panel, b, &block);
        for (size_t t = 0; t < n; t++) {
            const int8_t *q8 = x->q + (first + t) * x->k + b * MOTE_BLOCK;
            size_t at = (first + t) * x_blocks + b;
            int16_t q[MOTE_BLOCK];
            for (size_t i = 0; i < MOTE_BLOCK; i++)
                q[i] = q8[i];
            add_block(layout, &block, q, x->scale[at], x->sum + 2 * at, total[t]);
        }
    }
}

static void multiply_floats(const mote_packed *w, const uint8_t *panel, const mote_acts *x, size_t first, size_t n, float total[TILE][MOTE_PANEL_ROWS]) {
    size_t n_blocks = mote_panel_pad_k(w->k) / MOTE_BLOCK;
    for (size_t b = 0; b < n_blocks; b++) {
        float block[MOTE_BLOCK * MOTE_PANEL_ROWS];
        for (size_t i = 0; i < MOTE_BLOCK * MOTE_PANEL_ROWS; i++) {
            uint16_t h = 0;
            if (w->type == MOTE_DTYPE_F32) {
                memcpy(block + i, panel + (b * MOTE_BLOCK * MOTE_PANEL_ROWS + i) * 4, 4);
                continue;
            }
            memcpy(&h, panel + (b * MOTE_BLOCK * MOTE_PANEL_ROWS + i) * 2, 2);
            block[i] = w->type == MOTE_DTYPE_F16 ? mote_half_from_f16(h) : mote_half_from_bf16(h);
        }
        for (size_t t = 0; t < n; t++) {
            const float *xt = x->f + (first + t) * x->k + b * MOTE_BLOCK;
            float sum[MOTE_PANEL_ROWS] = {0};
            for (size_t i = 0; i < MOTE_BLOCK; i++)
                for (size_t r = 0; r < MOTE_PANEL_ROWS; r++)
                    sum[r] = fmaf(block[i * MOTE_PANEL_ROWS + r], xt[i], sum[r]);
            for (size_t r = 0; r < MOTE_PANEL_ROWS; r++)
                total[t][r] += sum[r];
        }
    }
}

static void matmul_c(const mote_packed *w, size_t first_panel, size_t last_panel, const mote_acts *x, float *y, size_t y_stride) {
    for (size_t p = first_panel; p < last_panel; p++) {
        const uint8_t *panel = (const uint8_t *)w->data + p * w->panel_bytes;
        size_t row = p * MOTE_PANEL_ROWS, n_rows = w->n_rows - row < MOTE_PANEL_ROWS ? w->n_rows - row : MOTE_PANEL_ROWS;
        for (size_t first = 0; first < x->n_tokens; first += TILE) {
            size_t n = x->n_tokens - first < TILE ? x->n_tokens - first : TILE;
            float total[TILE][MOTE_PANEL_ROWS] = {{0}};
            if (x->kind == MOTE_ACT_Q8)
                multiply_quantised(w, panel, x, first, n, total);
            else
                multiply_floats(w, panel, x, first, n, total);
            for (size_t t = 0; t < n; t++)
                memcpy(y + (first + t) * y_stride + row, total[t], n_rows * sizeof *y);
        }
    }
}

void mote_kernels_init_c(mote_kernels *k) {
    k->quantize_q8 = quantize_q8_c;
    k->matmul = matmul_c;
}
