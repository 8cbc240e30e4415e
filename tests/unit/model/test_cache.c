/* A cache of every element type: its bytes, and windows that move down without changing what is kept. */
#include "base/mem.h"
#include "kernels/kernels.h"
#include "model/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { HEAD_DIM = 64, N_HEADS = 2, N_POSITIONS = 4096, N_BATCH = 16, WINDOW = 100, N_STEPS = 2000 };

static const mote_dtype TYPES[] = {MOTE_DTYPE_F32, MOTE_DTYPE_F16, MOTE_DTYPE_BF16, MOTE_DTYPE_Q8_0, MOTE_DTYPE_Q4_0};
enum { N_TYPES = sizeof TYPES / sizeof *TYPES };

static void lay_out(mote_cache_layout *layout, mote_dtype type_k, mote_dtype type_v, bool is_windowed) {
    mote_hparams *h = mote_mem_zalloc_array(1, sizeof *h);
    assert_non_null(h);
    h->n_layers = 1;
    h->head_dim = HEAD_DIM;
    h->window = is_windowed ? WINDOW : 0;
    h->layers[0] = (mote_layer_hparams){.mixer = MOTE_MIXER_ATTENTION, .n_heads = N_HEADS, .n_kv_heads = N_HEADS, .is_windowed = is_windowed};
    mote_cache_layout_init(layout, h, type_k, type_v, N_POSITIONS, N_BATCH);
    mote_mem_free(h);
}

static void fill(float *x, size_t position, uint32_t head) {
    for (size_t d = 0; d < HEAD_DIM; d++)
        x[d] = (float)((position * 7 + d * 3 + head) % 29) - 14;
}

/* The scores of the window's positions, and their mix. */
static void read_window(const mote_kernels *k, const mote_cache *c, size_t from, size_t to, uint32_t head, float *scores, float *mix) {
    float q[HEAD_DIM], weights[WINDOW + 16];
    size_t first = from / 16 * 16, base = mote_cache_base(c, 0);
    fill(q, 1, 0);
    for (size_t i = 0; i < to - first; i++)
        weights[i] = first + i < from ? 0 : 1;
    k->attn.scores(mote_cache_k(c, 0, head), c->layout->type_k, HEAD_DIM, first - base, to - base, q, HEAD_DIM, 1, 1, scores, 0);
    memmove(scores, scores + (from - first), (to - from) * sizeof *scores);
    k->attn.mix(mote_cache_v(c, 0, head), c->layout->type_v, HEAD_DIM, first - base, to - base, weights, 0, 1, mix, HEAD_DIM);
}

static void check_moves(const mote_kernels *k, mote_dtype type_k, mote_dtype type_v) {
    mote_cache_layout window, whole;
    lay_out(&window, type_k, type_v, true);
    lay_out(&whole, type_k, type_v, false);
    assert_true(window.n_bytes < whole.n_bytes / 4);
    void *window_data = mote_mem_alloc_aligned(window.n_bytes), *whole_data = mote_mem_alloc_aligned(whole.n_bytes);
    assert_true(window_data && whole_data);
    memset(window_data, 0, window.n_bytes);
    memset(whole_data, 0, whole.n_bytes);
    mote_cache moves, keeps;
    mote_cache_init(&moves, &window, window_data);
    mote_cache_init(&keeps, &whole, whole_data);
    for (size_t p = 0; p < N_STEPS; p++) {
        mote_cache_make_room(&moves, p, 1);
        mote_cache_make_room(&keeps, p, 1);
        for (uint32_t head = 0; head < N_HEADS; head++) {
            float x[HEAD_DIM];
            fill(x, p, head);
            k->attn.store_k(mote_cache_k(&moves, 0, head), type_k, HEAD_DIM, p - mote_cache_base(&moves, 0), x);
            k->attn.store_v(mote_cache_v(&moves, 0, head), type_v, HEAD_DIM, p - mote_cache_base(&moves, 0), x);
            k->attn.store_k(mote_cache_k(&keeps, 0, head), type_k, HEAD_DIM, p, x);
            k->attn.store_v(mote_cache_v(&keeps, 0, head), type_v, HEAD_DIM, p, x);
        }
        if (p % 67 != 0 && p != N_STEPS - 1)
            continue;
        size_t from = p + 1 > WINDOW ? p + 1 - WINDOW : 0;
        for (uint32_t head = 0; head < N_HEADS; head++) {
            float scores[2][WINDOW + 16], mix[2][HEAD_DIM];
            read_window(k, &moves, from, p + 1, head, scores[0], mix[0]);
            read_window(k, &keeps, from, p + 1, head, scores[1], mix[1]);
            assert_memory_equal(scores[0], scores[1], (p + 1 - from) * sizeof **scores);
            assert_memory_equal(mix[0], mix[1], sizeof *mix);
        }
    }
    assert_true(mote_cache_base(&moves, 0) > 0);
    mote_mem_free(window_data);
    mote_mem_free(whole_data);
}

static void windows_of_every_type_move(void **state) {
    (void)state;
    mote_kernels k;
    mote_cpu_level level;
    assert_int_equal(mote_cpu_choose(NULL, &level, NULL), MOTE_OK);
    mote_kernels_init(&k, level);
    for (int type = 0; type < N_TYPES; type++) {
        check_moves(&k, TYPES[type], TYPES[type]);
        check_moves(&k, TYPES[type], TYPES[N_TYPES - 1 - type]);
    }
}

static void bytes_are_those_of_the_types(void **state) {
    (void)state;
    mote_cache_layout layout;
    const size_t block_bytes[N_TYPES] = {128, 64, 64, 34, 18}; /* of 32 elements */
    for (int k = 0; k < N_TYPES; k++)
        for (int v = 0; v < N_TYPES; v++) {
            lay_out(&layout, TYPES[k], TYPES[v], false);
            assert_int_equal(layout.n_bytes, N_HEADS * N_POSITIONS * HEAD_DIM / 32 * (block_bytes[k] + block_bytes[v]));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(windows_of_every_type_move), cmocka_unit_test(bytes_are_those_of_the_types)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
