#include "harness.h"

#include "kernels/panel.h"

#include <string.h>

const mote_dtype HARNESS_TYPES[] = {MOTE_DTYPE_F32,  MOTE_DTYPE_F16,  MOTE_DTYPE_BF16, MOTE_DTYPE_Q4_0, MOTE_DTYPE_Q4_1, MOTE_DTYPE_Q5_0,   MOTE_DTYPE_Q5_1,  MOTE_DTYPE_Q8_0,
                                    MOTE_DTYPE_Q2_K, MOTE_DTYPE_Q3_K, MOTE_DTYPE_Q4_K, MOTE_DTYPE_Q5_K, MOTE_DTYPE_Q6_K, MOTE_DTYPE_IQ4_NL, MOTE_DTYPE_IQ4_XS};
const size_t HARNESS_N_TYPES = sizeof HARNESS_TYPES / sizeof *HARNESS_TYPES;

void *harness_alloc(size_t n_bytes) {
    void *p = mote_mem_alloc_aligned(n_bytes);
    if (!p) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return p;
}

uint64_t harness_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

float harness_random_float(uint64_t *state) {
    return (float)(int32_t)(harness_random(state) >> 32) * 0x1p-31f;
}

static void fill_random(uint8_t *p, size_t n, uint64_t *rng) {
    for (size_t i = 0; i < n; i += 8) {
        uint64_t r = harness_random(rng);
        memcpy(p + i, &r, n - i < 8 ? n - i : 8);
    }
}

/* Makes n f16 numbers of random bits finite and below 2 in magnitude. */
static void tame_halves(uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        p[2 * i + 1] &= 0xbf;
}

mote_packed harness_make_matrix(mote_dtype type, size_t n_rows, size_t k, uint64_t *rng, bool is_extreme) {
    const mote_panel_layout *layout = mote_panel_get_layout(type);
    mote_packed w = {.type = type, .n_rows = n_rows, .k = k, .panel_bytes = mote_pack_panel_bytes(type, k)};
    size_t n_panels = (n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS;
    w.data = harness_alloc(n_panels * w.panel_bytes);
    fill_random(w.data, n_panels * w.panel_bytes, rng);
    for (size_t p = 0; p < n_panels; p++) {
        uint8_t *panel = (uint8_t *)w.data + p * w.panel_bytes;
        if (!layout) {
            size_t n = mote_panel_pad_k(k) * MOTE_PANEL_ROWS;
            for (size_t i = 0; i < n; i++) {
                float x = i / MOTE_PANEL_ROWS < k ? harness_random_float(rng) : 0;
                uint16_t h = type == MOTE_DTYPE_F16 ? mote_half_to_f16(x) : mote_half_to_bf16(x);
                if (type == MOTE_DTYPE_F32)
                    memcpy(panel + i * 4, &x, 4);
                else
                    memcpy(panel + i * 2, &h, 2);
            }
            continue;
        }
        for (size_t r = 0; r < k / layout->record_len; r++)
            tame_halves(panel + r * layout->record_bytes, layout->offset < 0 ? 32 : 16);
        if (is_extreme)
            for (size_t i = mote_panel_quants_at(layout, k); i < w.panel_bytes; i++)
                panel[i] = p % 2 ? 0 : 0xff;
    }
    return w;
}

void harness_free_matrix(mote_packed *w) {
    mote_mem_free(w->data);
    w->data = NULL;
}

mote_acts harness_make_acts(const mote_packed *w, size_t n_tokens, uint64_t *rng, bool is_extreme) {
    mote_acts x = {.kind = mote_pack_act_kind(w->type), .n_tokens = n_tokens, .k = mote_panel_pad_k(w->k)};
    size_t n = n_tokens * x.k;
    if (x.kind == MOTE_ACT_F32) {
        float *f = harness_alloc(n * sizeof *f);
        for (size_t i = 0; i < n; i++)
            f[i] = i % x.k < w->k ? harness_random_float(rng) : 0;
        x.f = f;
        return x;
    }
    int8_t *q = harness_alloc(n);
    float *scale = harness_alloc(n / MOTE_BLOCK * sizeof *scale);
    int32_t *sum = harness_alloc(n / 16 * sizeof *sum);
    memset(sum, 0, n / 16 * sizeof *sum);
    for (size_t i = 0; i < n; i++) {
        int v = is_extreme ? (i / x.k % 2 ? 127 : -127) : (int)(harness_random(rng) % 255) - 127;
        q[i] = (int8_t)v;
        sum[i / 16] += v;
    }
    for (size_t i = 0; i < n / MOTE_BLOCK; i++)
        scale[i] = harness_random_float(rng);
    x.q = q;
    x.scale = scale;
    x.sum = sum;
    return x;
}

void harness_free_acts(mote_acts *x) {
    mote_mem_free((void *)x->f);
    mote_mem_free((void *)x->q);
    mote_mem_free((void *)x->scale);
    mote_mem_free((void *)x->sum);
    *x = (mote_acts){0};
}
