/* Instantiates the quantised bodies of matmul_tmpl.h for every type and drives them: which tokens and panels go through which kernel. Included by matmul_<isa>.c. */
#ifndef MOTE_KERNELS_MATMUL_RUN_H
#define MOTE_KERNELS_MATMUL_RUN_H

#include "kernels/matmul_tmpl.h"

#include <stddef.h>

typedef void direct_fn(const uint8_t *panel, size_t k, size_t first, size_t n_blocks, const int8_t *q, size_t q_stride, const direct_columns *x, size_t column, float *sums);
typedef void unpack_fn(const uint8_t *panel, size_t panel_bytes, size_t k, size_t first, size_t n_blocks, tile_scratch *out);
typedef void tile_fn(const tile_scratch *weights, size_t n_blocks, const tile_activations *x, const float *sums, float *y, size_t y_stride);

typedef struct direct_width {
    int n;
    direct_fn *run;
} direct_width;
typedef struct tile_width {
    int n;
    tile_fn *run;
} tile_width;

/* The functions of each type: direct kernels and unpacking. */
#define TRAITS(name, len, bytes, low, high, off, n, code) ((type_traits){MOTE_DTYPE_##name, len, low, high, off, n, code, bytes})
#define DIRECT_FUNCTION(width, type, ...)                                                                                                                                        \
    static void direct_##type##_##width(const uint8_t *panel, size_t k, size_t first, size_t n_blocks, const int8_t *q, size_t q_stride, const direct_columns *x, size_t column, \
                                        float *sums) {                                                                                                                           \
        direct_body(TRAITS(type, __VA_ARGS__), width, panel, k, first, n_blocks, q, q_stride, x, column, sums);                                                                  \
    }
#define DIRECT_ENTRY(width, type, ...) {width, direct_##type##_##width},
#define TYPE_FUNCTIONS(type, ...)                                                                                                     \
    DIRECT_WIDTHS(DIRECT_FUNCTION, type, __VA_ARGS__)                                                                                 \
    static const direct_width direct_##type[] = {DIRECT_WIDTHS(DIRECT_ENTRY, type, __VA_ARGS__)};                                     \
    static void unpack_##type(const uint8_t *panel, size_t panel_bytes, size_t k, size_t first, size_t n_blocks, tile_scratch *out) { \
        unpack_body(TRAITS(type, __VA_ARGS__), panel, panel_bytes, k, first, n_blocks, out);                                          \
    }
MOTE_PANEL_TYPES(TYPE_FUNCTIONS)

/* Large tiles know no types: X(name, scales per 32, offset, bits) */
#define TILE_KINDS(X)                                \
    X(plain_4, 1, 8, 4)                              \
    X(plain_5, 1, 16, 5)                             \
    X(plain_8, 1, (HAS_SIGNED_NUMBERS ? 0 : 128), 8) \
    X(affine_4, 1, -1, 4)                            \
    X(affine_5, 1, -1, 5)                            \
    X(halves_3, 2, 4, 3)                             \
    X(halves_6, 2, 32, 6)                            \
    X(halves_affine_2, 2, -1, 2)
#define TILE_FUNCTION(width, name, n_scales, offset, bits)                                                                                                     \
    static void tile_##name##_##width(const tile_scratch *weights, size_t n_blocks, const tile_activations *x, const float *sums, float *y, size_t y_stride) { \
        tile_body(width, n_scales, offset, bits, weights, n_blocks, x, sums, y, y_stride);                                                                     \
    }
#define TILE_ENTRY(width, name, ...) {width, tile_##name##_##width},
#define KIND_FUNCTIONS(name, ...)                 \
    TILE_WIDTHS(TILE_FUNCTION, name, __VA_ARGS__) \
    static const tile_width tile_##name[] = {TILE_WIDTHS(TILE_ENTRY, name, __VA_ARGS__)};
TILE_KINDS(KIND_FUNCTIONS)

typedef struct type_functions {
    type_traits traits;
    const direct_width *direct;
    unpack_fn *unpack;
} type_functions;

static const type_functions *functions_of(mote_dtype type) {
#define TYPE_ENTRY(name, ...) {TRAITS_INIT(name, __VA_ARGS__), direct_##name, unpack_##name},
#define TRAITS_INIT(name, len, bytes, low, high, off, n, code) \
    { MOTE_DTYPE_##name, len, low, high, off, n, code, bytes }
    static const type_functions table[] = {MOTE_PANEL_TYPES(TYPE_ENTRY)};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].traits.type == (int)type)
            return table + i;
    return NULL;
}

static const tile_width *tiles_of(type_traits t) {
    static const struct {
        int n_scales, is_affine, bits;
        const tile_width *tiles;
    } kinds[] = {
#define KIND_ENTRY(name, n_scales, offset, bits) {n_scales, (offset) < 0, bits, tile_##name},
        TILE_KINDS(KIND_ENTRY)};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].n_scales == t.n_scales && kinds[i].is_affine == (t.offset < 0) && kinds[i].bits == traits_bits(t))
            return kinds[i].tiles;
    return NULL;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Copies sums [n][16] to n tokens' outputs from `row` on, cut to the matrix. */
static void store_panel(const mote_packed *w, size_t row, const float *sums, size_t n, float *y, size_t y_stride) {
    size_t n_rows = least(w->n_rows - row, MOTE_PANEL_ROWS);
    for (size_t t = 0; t < n; t++)
        memcpy(y + t * y_stride + row, sums + t * MOTE_PANEL_ROWS, n_rows * sizeof *y);
}

static void run_direct_panel(const mote_packed *w, const type_functions *type, const uint8_t *panel, size_t first, size_t n_blocks, const int8_t *q, size_t q_stride, size_t n,
                             const direct_columns *columns, float *sums) {
    const direct_width *width = type->direct;
    for (size_t c = 0; c < n; c += (size_t)width->n) {
        while ((size_t)width->n > n - c)
            width++;
        width->run(panel, w->k, first, n_blocks, q + c * q_stride + first * MOTE_BLOCK, q_stride, columns, c, sums + c * MOTE_PANEL_ROWS);
    }
}

static void run_direct(const mote_packed *w, const type_functions *type, size_t first_panel, size_t last_panel, const mote_acts *x, float *y, size_t y_stride) {
    const size_t n_blocks = w->k / MOTE_BLOCK, x_blocks = x->k / MOTE_BLOCK;
    const type_traits t = type->traits;
    for (size_t from = 0; from < x->n_tokens; from += DIRECT_TOKENS) {
        const size_t n = least(x->n_tokens - from, DIRECT_TOKENS);
        direct_columns columns;
        size_t prepared = SIZE_MAX;
        for (size_t p = first_panel; p < last_panel; p++) {
            const uint8_t *panel = (const uint8_t *)w->data + p * w->panel_bytes;
            _Alignas(64) float sums[DIRECT_TOKENS * MOTE_PANEL_ROWS];
            memset(sums, 0, n * MOTE_PANEL_ROWS * sizeof *sums);
            for (size_t first = 0; first < n_blocks; first += DIRECT_CHUNK) {
                const size_t len = least(n_blocks - first, DIRECT_CHUNK);
                for (size_t c = 0; c < n && prepared != first; c++) {
                    size_t at = (from + c) * x_blocks + first;
                    prepare_column(t.n_scales, traits_offset(t), x->scale + at, x->sum + 2 * at, len, columns.scale[c], columns.sum[c]);
                }
                prepared = first;
                run_direct_panel(w, type, panel, first, len, x->q + from * x->k, x->k, n, &columns, sums);
            }
            store_panel(w, p * MOTE_PANEL_ROWS, sums, n, y + from * y_stride, y_stride);
        }
    }
}

/* One large tile of rows times the tokens from..to, at most SPAN_TOKENS. Sums wait in a compact array between chunks: rows of y may lie a power of two apart, where caches thrash.
 */
static void run_tile(const mote_packed *w, const type_functions *type, size_t panel, const mote_acts *x, size_t from, size_t to, float *y, size_t y_stride) {
    const size_t n_blocks = w->k / MOTE_BLOCK, x_blocks = x->k / MOTE_BLOCK;
    const tile_width *widths = tiles_of(type->traits);
    tile_scratch scratch;
    _Alignas(64) float sums[SPAN_TOKENS * TILE_ROWS];
    for (size_t first = 0; first < n_blocks; first += CHUNK) {
        const size_t len = least(n_blocks - first, CHUNK);
        const bool is_last = first + len == n_blocks;
        const tile_width *width = widths;
        type->unpack((const uint8_t *)w->data + panel * w->panel_bytes, w->panel_bytes, w->k, first, len, &scratch);
        for (size_t t = from; t < to; t += (size_t)width->n) {
            while ((size_t)width->n > to - t)
                width++;
            const tile_activations columns = {x->q + t * x->k + first * MOTE_BLOCK, x->scale + t * x_blocks + first, x->sum + 2 * (t * x_blocks + first), x->k, x_blocks};
            float *waiting = sums + (t - from) * TILE_ROWS;
            width->run(&scratch, len, &columns, first > 0 ? waiting : NULL, is_last ? y + t * y_stride + panel * MOTE_PANEL_ROWS : waiting, is_last ? y_stride : TILE_ROWS);
        }
    }
}

/* Tokens of a span: as even as can be, at most SPAN_TOKENS, with activations (row_bytes a token) that stay in the second-level cache. */
static size_t span_tokens(size_t n_tokens, size_t row_bytes) {
    enum { SPAN_BYTES = 512 << 10 }; /* half of the smallest such cache */
    size_t most = SPAN_BYTES / (row_bytes + 1) / TILE_COLUMNS * TILE_COLUMNS;
    most = most < TILE_COLUMNS ? TILE_COLUMNS : most > SPAN_TOKENS ? SPAN_TOKENS : most;
    size_t n_spans = (n_tokens + most - 1) / most, even = (n_tokens + n_spans - 1) / n_spans;
    return (even + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS;
}

/* How many of the panels first..last go through large tiles: whole ones, as many as make tiles. */
static size_t tiled_panels(const mote_packed *w, size_t first_panel, size_t last_panel, const mote_acts *x, size_t min_tokens) {
    size_t whole = least(last_panel, w->n_rows / MOTE_PANEL_ROWS);
    return x->n_tokens >= min_tokens && whole > first_panel ? (whole - first_panel) / TILE_PANELS * TILE_PANELS : 0;
}

static void run_quantised(const mote_packed *w, size_t first_panel, size_t last_panel, const mote_acts *x, float *y, size_t y_stride) {
    const type_functions *type = functions_of(w->type);
    const size_t n_tiled = tiled_panels(w, first_panel, last_panel, x, TILE_MIN_TOKENS);
    if (n_tiled) {
        const size_t span = span_tokens(x->n_tokens, x->k);
        for (size_t from = 0; from < x->n_tokens; from += span)
            for (size_t p = first_panel; p < first_panel + n_tiled; p += TILE_PANELS)
                run_tile(w, type, p, x, from, least(from + span, x->n_tokens), y, y_stride);
    }
    if (first_panel + n_tiled < last_panel)
        run_direct(w, type, first_panel + n_tiled, last_panel, x, y, y_stride);
}

#endif
