/* The table of compute kernels, chosen once for a CPU level. The C references fill it first, then each supported instruction set overwrites what it has.
 *
 * One result: every output element is reduced in one fixed order that doesn't depend on how rows, columns or threads are cut, so that results are bit-equal however the work is
 * split. All lanes are independent outputs (16 weight rows, 16 key positions, 16 value channels): no horizontal sums; the integer parts are exact; float parts are fused
 * multiply-adds in ascending order of the reduced index. Therefore the C reference and every instruction set give the same bits (fmaf in C). */
#ifndef MOTE_KERNELS_KERNELS_H
#define MOTE_KERNELS_KERNELS_H

#include "base/cpu.h"
#include "base/dtype.h"
#include "kernels/attention.h"
#include "kernels/blocks_search.h"
#include "kernels/ssm.h"

#include <mote/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOTE_PANEL_ROWS = 16, MOTE_BLOCK = 32 };

/* How activations enter a product with packed weights. */
typedef enum mote_act_kind {
    MOTE_ACT_F32, /* weights F32, F16, BF16: float rows */
    MOTE_ACT_Q8   /* quantised weights: int8 with a scale per 32 */
} mote_act_kind;

/* Rows of activations [n_tokens, k] as a kernel wants them. k is padded up to a multiple of 32 with zeros. */
typedef struct mote_acts {
    mote_act_kind kind;
    size_t n_tokens, k; /* k: padded */
    const float *f;     /* F32: [n_tokens, k] */
    const int8_t *q;    /* Q8: [n_tokens, k], 64-byte aligned rows where k is a multiple of 64 */
    const float *scale; /* Q8: [n_tokens, k/32]; x ~ q * scale, scale = max|x|/127 */
    const int32_t *sum; /* Q8: [n_tokens, k/16]: the sum of 16 q each */
} mote_acts;

/* A weight matrix [n_rows, k] packed in panels of 16 rows (the last padded with zero rows). The layout inside a panel is the business of kernels/pack.c and the matmul kernels. */
typedef struct mote_packed {
    mote_dtype type;    /* of the source; decides layout and kernel */
    size_t n_rows, k;   /* k: true length of a row, a multiple of the type's block */
    size_t panel_bytes; /* bytes of one panel of 16 rows, a multiple of 64 */
    void *data;         /* 64-byte aligned, ceil(n_rows/16) * panel_bytes */
} mote_packed;

typedef struct mote_kernels {
    mote_cpu_level level;

    /* x [k] -> q [k_padded], scale [k_padded/32], sum [k_padded/16] of one token. Rounds to nearest even; q lies in -127..127; a block below 2^-100 becomes zeros;
     * non-finite input gives finite garbage. */
    void (*quantize_q8)(const float *x, size_t k, int8_t *q, float *scale, int32_t *sum);

    /* A row of weights in blocks of a type: see mote_blocks_quantize, whose bytes these are. */
    bool (*quantize)(mote_dtype type, const float *src, void *dst, size_t n, const mote_blocks_importance *importance);

    /* y[t * y_stride + r] = sum_k w[r, k] x[t, k] for rows first_panel*16 … last_panel*16 (exclusive, cut to n_rows) and all tokens of x.
     * y must have room for n_rows entries a token only (no write past n_rows). */
    void (*matmul)(const mote_packed *w, size_t first_panel, size_t last_panel, const mote_acts *x, float *y, size_t y_stride);

    /* y = x * rsqrt(mean(x^2) + eps) * weight; sums in float with 16 partial sums (index modulo 16) added in ascending order. y may be x, here and below. */
    void (*rms_norm)(const float *x, const float *weight, float *y, size_t n, float eps);
    /* y = (x - mean) * rsqrt(mean((x - mean)^2) + eps) * weight + bias */
    void (*layer_norm)(const float *x, const float *weight, const float *bias, float *y, size_t n, float eps);
    void (*add)(float *y, const float *x, size_t n);                          /* y += x */
    void (*scale)(float *y, float s, size_t n);                               /* y *= s */
    void (*silu_mul)(float *y, const float *gate, const float *up, size_t n); /* y = gate * sigmoid(gate) * up */
    void (*gelu_mul)(float *y, const float *gate, const float *up, size_t n); /* y = gelu_tanh(gate) * up */
    void (*gelu_erf)(float *y, const float *x, size_t n);                     /* y = x * (1 + erf(x / sqrt 2)) / 2 */
    /* y[i] = cap * tanh(x[i] / cap) in place */
    void (*softcap)(float *y, float cap, size_t n);

    /* Rotary embedding of one head x [n_rot], in place. Pairs (i, i + n_rot/2) when neox, else (2i, 2i+1). cos_sin [n_rot]: cos at i, sin at n_rot/2 + i, i < n_rot/2. */
    void (*rope)(float *x, const float *cos_sin, size_t n_rot, bool neox);

    /* Attention of one query group over one key/value head. See kernels/attention.h for the cache layout and the order of sums. */
    struct {
        /* k [head_dim] written as position `pos` of the key store; v likewise. type F32, F16, BF16, Q8_0 or Q4_0. */
        void (*store_k)(void *k_store, mote_dtype type, size_t head_dim, size_t pos, const float *k);
        void (*store_v)(void *v_store, mote_dtype type, size_t head_dim, size_t pos, const float *v);
        /* scores[g * score_stride + p - first] = q[g] . k[p] * scale for positions first <= p < last; first is a multiple of 16 (callers mask what lies before their window). */
        void (*scores)(const void *k_store, mote_dtype type, size_t head_dim, size_t first, size_t last, const float *q, size_t q_stride, size_t n_queries, float scale,
                       float *scores, size_t score_stride);
        /* In place on scores [n]: exp(s - most), most the largest (at least -FLT_MAX); returns it and their sum: 16 partial sums (index modulo 16), added in ascending order. A
         * score of -inf gives 0. */
        mote_attention_sum (*weigh)(float *scores, size_t n);
        /* Joins a span's sum and mix [n] to what came before, in the same units: each times exp(own most - common most). Before the first: {-FLT_MAX, 0} and zeros. */
        void (*join)(mote_attention_sum *all, float *all_mix, mote_attention_sum next, const float *next_mix, size_t n);
        /* weigh, for its sum alone. */
        float (*softmax)(float *scores, size_t n);
        /* out[g * out_stride + d] = sum_p weights[g * weight_stride + p - first] * v[p, d] over first <= p < last (at least one) in ascending order. */
        void (*mix)(const void *v_store, mote_dtype type, size_t head_dim, size_t first, size_t last, const float *weights, size_t weight_stride, size_t n_queries, float *out,
                    size_t out_stride);
    } attn;

    /* Recurrent mixers. See kernels/ssm.h for definitions, layouts and the order of sums. */
    struct {
        /* dt [n_heads] becomes softplus(dt + bias); decay [n_heads] = exp(dt * a), a <= 0. */
        void (*steps)(float *dt, const float *bias, const float *a, float *decay, size_t n_heads);
        /* Channels first … last - 1 of x [n_tokens, n_channels], rows x_stride apart: silu(convolution), in place. */
        void (*conv_silu)(const mote_ssm_conv *c, size_t first, size_t last, float *x, size_t x_stride, size_t n_tokens);
        /* Channels first … last - 1 of rows B, C, X [n_tokens, 3 * n_channels]: B becomes C * convolution(B * X). */
        void (*conv_gated)(const mote_ssm_conv *c, size_t first, size_t last, float *bcx, size_t n_tokens);
        void (*scan)(const mote_ssm_scan *s);
    } ssm;
} mote_kernels;

/* Fills the table for a level (see base/cpu.h). */
void mote_kernels_init(mote_kernels *k, mote_cpu_level level);

/* Whether `type` can be packed: F32 F16 BF16 and every quantised type. */
bool mote_pack_supports(mote_dtype type);
mote_act_kind mote_pack_act_kind(mote_dtype type);
/* Bytes of one panel; 0 if k is not a multiple of the type's block or the type can't be packed. */
size_t mote_pack_panel_bytes(mote_dtype type, size_t k);
/* Packs rows [n_rows <= 16, k] of source blocks (row stride row_bytes) as one panel; missing rows become zeros. */
void mote_pack_panel(mote_dtype type, const void *rows, size_t row_bytes, size_t n_rows, size_t k, void *panel);
/* One row of a packed matrix as float32 [k] (embedding look-up): exactly the dequantised source. */
void mote_pack_get_row(const mote_packed *w, size_t row, float *out);

/* Bytes of a key or value store of n_positions (rounded up to a multiple of 16) for one head; 0 for a type that is no F32, F16, BF16, Q8_0 or Q4_0, for one
 * with blocks where head_dim is no multiple of 32, or on overflow. */
size_t mote_attn_store_bytes(mote_dtype type, size_t head_dim, size_t n_positions);

#endif
