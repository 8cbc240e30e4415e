/* The matmul of float32, float16 and bfloat16 weights, in the operations of a matmul_<width>.h header included before; matmul_c.c defines the order of sums. Panels are [k][16
 * rows]; a tile of rows and tokens keeps the sums of the present block and the totals in registers. For many tokens 16-bit weights are widened once, a chunk of k at a time. */
#ifndef MOTE_KERNELS_MATMUL_FLOAT_H
#define MOTE_KERNELS_MATMUL_FLOAT_H

#include "kernels/matmul_run.h"

enum { FLOAT_CHUNK = 256 /* k of a chunk: 32 KiB of float32 for 32 rows */, MOST_VECTORS = (int)TILE_VECTORS > (int)STRIPS ? (int)TILE_VECTORS : (int)STRIPS };

INLINE lanes_f load_weights(int type, const uint8_t *p) {
    return type == MOTE_DTYPE_F32 ? lanes_load_f((const float *)(const void *)p) : type == MOTE_DTYPE_F16 ? lanes_load_f16(p) : lanes_load_bf16(p);
}

/* y [n][n_vectors * LANES] = sums (in rows of as many; zero if NULL) + weights times n columns of x. w: the first panel's k = 0, the next panel panel_bytes on. */
INLINE void float_body(const int type, const int n_vectors, const int n, const uint8_t *w, size_t panel_bytes, size_t k, const float *x, size_t x_stride, const float *sums,
                       float *y, size_t y_stride) {
    const size_t width = type == MOTE_DTYPE_F32 ? 4 : 2;
    lanes_f total[8][MOST_VECTORS];
    UNROLL for (int c = 0; c < n; c++) {
        UNROLL for (int v = 0; v < n_vectors; v++) total[c][v] = sums ? lanes_load_f(sums + (c * n_vectors + v) * LANES) : lanes_zero_f();
    }
    for (size_t b = 0; b < k; b += MOTE_BLOCK) {
        lanes_f block[8][MOST_VECTORS];
        UNROLL for (int c = 0; c < n; c++) {
            UNROLL for (int v = 0; v < n_vectors; v++) block[c][v] = lanes_zero_f();
        }
        for (size_t i = 0; i < MOTE_BLOCK; i++, w += MOTE_PANEL_ROWS * width, x++) {
            lanes_f row[8];
            UNROLL for (int v = 0; v < n_vectors; v++) row[v] = load_weights(type, w + (size_t)(v / STRIPS) * panel_bytes + (size_t)(v % STRIPS) * LANES * width);
            UNROLL for (int c = 0; c < n; c++) {
                lanes_f one = lanes_set_f(x[(size_t)c * x_stride]);
                UNROLL for (int v = 0; v < n_vectors; v++) block[c][v] = lanes_fma(row[v], one, block[c][v]);
            }
            if (n <= 2) /* a stream of weights */
                __builtin_prefetch(w + PREFETCH_BYTES);
        }
        UNROLL for (int c = 0; c < n; c++) {
            UNROLL for (int v = 0; v < n_vectors; v++) total[c][v] = lanes_add(total[c][v], block[c][v]);
        }
    }
    UNROLL for (int c = 0; c < n; c++) {
        UNROLL for (int v = 0; v < n_vectors; v++) lanes_store_f(y + (size_t)c * y_stride + v * LANES, total[c][v]);
    }
}

typedef void float_fn(const uint8_t *w, size_t panel_bytes, size_t k, const float *x, size_t x_stride, const float *sums, float *y, size_t y_stride);
typedef struct float_width {
    int n;
    float_fn *run;
} float_width;

#define FLOAT_FUNCTION(width, name, type, n_vectors)                                                                                                                    \
    static void float_##name##_##width(const uint8_t *w, size_t panel_bytes, size_t k, const float *x, size_t x_stride, const float *sums, float *y, size_t y_stride) { \
        float_body(type, n_vectors, width, w, panel_bytes, k, x, x_stride, sums, y, y_stride);                                                                          \
    }
#define FLOAT_ENTRY(width, name, ...) {width, float_##name##_##width},
#define FLOAT_WIDTHS(X, ...) X(4, __VA_ARGS__) X(2, __VA_ARGS__) X(1, __VA_ARGS__)
#define FLOAT_FUNCTIONS(name, type, n_vectors)          \
    FLOAT_WIDTHS(FLOAT_FUNCTION, name, type, n_vectors) \
    static const float_width float_##name[] = {FLOAT_WIDTHS(FLOAT_ENTRY, name)};
FLOAT_FUNCTIONS(f32, MOTE_DTYPE_F32, STRIPS)
FLOAT_FUNCTIONS(f16, MOTE_DTYPE_F16, STRIPS)
FLOAT_FUNCTIONS(bf16, MOTE_DTYPE_BF16, STRIPS)
TILE_WIDTHS(FLOAT_FUNCTION, tile, MOTE_DTYPE_F32, TILE_VECTORS)
static const float_width float_tile[] = {TILE_WIDTHS(FLOAT_ENTRY, tile)};

/* Panels one by one. */
static void run_float_direct(const mote_packed *w, size_t first_panel, size_t last_panel, const mote_acts *x, float *y, size_t y_stride) {
    const float_width *widths = w->type == MOTE_DTYPE_F32 ? float_f32 : w->type == MOTE_DTYPE_F16 ? float_f16 : float_bf16;
    for (size_t p = first_panel; p < last_panel; p++) {
        const float_width *width = widths;
        for (size_t t = 0; t < x->n_tokens; t += (size_t)width->n) {
            _Alignas(64) float sums[4 * MOTE_PANEL_ROWS];
            while ((size_t)width->n > x->n_tokens - t)
                width++;
            width->run((const uint8_t *)w->data + p * w->panel_bytes, w->panel_bytes, x->k, x->f + t * x->k, x->k, NULL, sums, MOTE_PANEL_ROWS);
            store_panel(w, p * MOTE_PANEL_ROWS, sums, (size_t)width->n, y + t * y_stride, y_stride);
        }
    }
}

/* k `first` to `first` + n of TILE_PANELS panels as float32. */
static void widen(const mote_packed *w, size_t panel, size_t first, size_t n, float *out) {
    for (size_t p = 0; p < TILE_PANELS; p++) {
        const uint8_t *from = (const uint8_t *)w->data + (panel + p) * w->panel_bytes + first * MOTE_PANEL_ROWS * 2;
        float *to = out + p * FLOAT_CHUNK * MOTE_PANEL_ROWS;
        for (size_t i = 0; i < n * MOTE_PANEL_ROWS; i += LANES)
            lanes_store_f(to + i, w->type == MOTE_DTYPE_F16 ? lanes_load_f16(from + i * 2) : lanes_load_bf16(from + i * 2));
    }
}

static void run_float_tile(const mote_packed *w, size_t panel, const mote_acts *x, size_t from, size_t to, float *y, size_t y_stride) {
    _Alignas(64) float scratch[TILE_PANELS * FLOAT_CHUNK * MOTE_PANEL_ROWS], sums[SPAN_TOKENS * TILE_ROWS];
    for (size_t first = 0; first < x->k; first += FLOAT_CHUNK) {
        const size_t len = least(x->k - first, FLOAT_CHUNK);
        const bool is_last = first + len == x->k;
        const uint8_t *weights = (const uint8_t *)w->data + panel * w->panel_bytes + first * MOTE_PANEL_ROWS * 4;
        size_t distance = w->panel_bytes;
        if (w->type != MOTE_DTYPE_F32) {
            widen(w, panel, first, len, scratch);
            weights = (const uint8_t *)scratch;
            distance = sizeof(float) * FLOAT_CHUNK * MOTE_PANEL_ROWS;
        }
        const float_width *width = float_tile;
        for (size_t t = from; t < to; t += (size_t)width->n) {
            while ((size_t)width->n > to - t)
                width++;
            float *waiting = sums + (t - from) * TILE_ROWS;
            width->run(weights, distance, len, x->f + t * x->k + first, x->k, first > 0 ? waiting : NULL, is_last ? y + t * y_stride + panel * MOTE_PANEL_ROWS : waiting,
                       is_last ? y_stride : TILE_ROWS);
        }
    }
}

static void run_floats(const mote_packed *w, size_t first_panel, size_t last_panel, const mote_acts *x, float *y, size_t y_stride) {
    enum { FLOAT_MIN_TOKENS = 5 };
    const size_t n_tiled = tiled_panels(w, first_panel, last_panel, x, FLOAT_MIN_TOKENS);
    if (n_tiled) {
        const size_t span = span_tokens(x->n_tokens, x->k * sizeof(float));
        for (size_t from = 0; from < x->n_tokens; from += span)
            for (size_t p = first_panel; p < first_panel + n_tiled; p += TILE_PANELS)
                run_float_tile(w, p, x, from, least(from + span, x->n_tokens), y, y_stride);
    }
    if (first_panel + n_tiled < last_panel)
        run_float_direct(w, first_panel + n_tiled, last_panel, x, y, y_stride);
}

static void run_matmul(const mote_packed *w, size_t first_panel, size_t last_panel, const mote_acts *x, float *y, size_t y_stride) {
    if (mote_panel_get_layout(w->type))
        run_quantised(w, first_panel, last_panel, x, y, y_stride);
    else
        run_floats(w, first_panel, last_panel, x, y, y_stride);
}

#endif
