/* Rows of a cache in every element type: all of its bytes are visited, and a scale that is no number is found in keys and in values. */
#include "base/mem.h"
#include "kernels/kernels.h"
#include "model/cache_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { HEAD_DIM = 64, N_HEADS = 2, N_POSITIONS = 128 };

static const mote_dtype TYPES[] = {MOTE_DTYPE_F32, MOTE_DTYPE_F16, MOTE_DTYPE_BF16, MOTE_DTYPE_Q8_0, MOTE_DTYPE_Q4_0};
enum { N_TYPES = sizeof TYPES / sizeof *TYPES };

typedef struct visit {
    uint8_t *at;
    size_t n_bytes;
    bool is_finite;
} visit;

static mote_status take(void *context, mote_dtype type, size_t n_lanes, uint8_t *bytes, size_t n_bytes) {
    visit *v = context;
    memcpy(v->at, bytes, n_bytes);
    v->at += n_bytes;
    v->n_bytes += n_bytes;
    v->is_finite = v->is_finite && mote_cache_is_finite(type, n_lanes, bytes, n_bytes);
    return MOTE_OK;
}

static visit visit_all(const mote_cache *c, uint8_t *copy) {
    visit v = {copy, 0, true};
    for (size_t from = 0; from < N_POSITIONS; from += 32)
        assert_int_equal(mote_cache_visit_rows(c, from, from + 32, 0, take, &v), MOTE_OK);
    return v;
}

static void check_type(const mote_kernels *k, mote_dtype type) {
    mote_hparams *h = mote_mem_zalloc_array(1, sizeof *h);
    mote_cache_layout layout;
    mote_cache cache;
    assert_non_null(h);
    h->n_layers = 1;
    h->head_dim = HEAD_DIM;
    h->layers[0] = (mote_layer_hparams){.mixer = MOTE_MIXER_ATTENTION, .n_heads = N_HEADS, .n_kv_heads = N_HEADS};
    mote_cache_layout_init(&layout, h, type, type, N_POSITIONS, 1);
    uint8_t *data = mote_mem_alloc_aligned(layout.n_bytes), *copy = mote_mem_alloc_aligned(layout.n_bytes);
    assert_true(data && copy);
    memset(data, 0, layout.n_bytes);
    mote_cache_init(&cache, &layout, data);
    for (size_t p = 0; p < N_POSITIONS; p++)
        for (uint32_t head = 0; head < N_HEADS; head++) {
            float x[HEAD_DIM];
            for (size_t d = 0; d < HEAD_DIM; d++)
                x[d] = (float)((p * 7 + d * 3 + head) % 29) - 14;
            k->attn.store_k(mote_cache_k(&cache, 0, head), type, HEAD_DIM, p, x);
            k->attn.store_v(mote_cache_v(&cache, 0, head), type, HEAD_DIM, p, x);
        }
    assert_int_equal(mote_cache_rows_bytes(&layout, 0, N_POSITIONS, 0), layout.n_bytes);
    visit v = visit_all(&cache, copy);
    assert_int_equal(v.n_bytes, layout.n_bytes);
    assert_true(v.is_finite);
    /* the last position's last element or scale, of keys and of values, becomes infinite */
    size_t block = mote_dtype_row_bytes(type, 32), is_blocks = type == MOTE_DTYPE_Q8_0 || type == MOTE_DTYPE_Q4_0;
    uint8_t *ends[2] = {mote_cache_k(&cache, 0, 1), mote_cache_v(&cache, 0, 1)};
    for (int is_value = 0; is_value < 2; is_value++) {
        uint8_t *end = ends[is_value] + N_POSITIONS * mote_dtype_row_bytes(type, HEAD_DIM);
        uint8_t *high = !is_blocks ? end - 1 : is_value ? end - block + 1 : end - 16 * block + 31;
        uint8_t before[2] = {high[-1], high[0]};
        high[-1] = type == MOTE_DTYPE_F32 || type == MOTE_DTYPE_BF16 ? 0x80 : 0;
        high[0] = type == MOTE_DTYPE_F32 || type == MOTE_DTYPE_BF16 ? 0x7f : 0x7c;
        assert_false(visit_all(&cache, copy).is_finite);
        high[-1] = before[0];
        high[0] = before[1];
    }
    mote_mem_free(data);
    mote_mem_free(copy);
    mote_mem_free(h);
}

static void rows_of_every_type(void **state) {
    mote_kernels k;
    mote_cpu_level level;
    (void)state;
    assert_int_equal(mote_cpu_choose(NULL, &level, NULL), MOTE_OK);
    mote_kernels_init(&k, level);
    for (int type = 0; type < N_TYPES; type++)
        check_type(&k, TYPES[type]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_every_type)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
