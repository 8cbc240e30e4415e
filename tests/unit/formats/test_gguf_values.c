/* Typed getters: every type at the ends of its range, refusals that name the key. */
#include "gguf_bytes.h"

#include <float.h>
#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static mote_buffer bytes;
static mote_gguf *g;

typedef struct scalar {
    const char *key;
    mote_gguf_type type;
    uint64_t bits;
    size_t n_bytes;
} scalar;

/* clang-format off */
static const scalar scalars[] = {
    {"u8", MOTE_GGUF_U8, 255, 1}, {"i8", MOTE_GGUF_I8, 127, 1}, {"i8neg", MOTE_GGUF_I8, 0x80, 1}, {"u16", MOTE_GGUF_U16, 65535, 2},
    {"i16", MOTE_GGUF_I16, 32767, 2}, {"i16neg", MOTE_GGUF_I16, 0xffff, 2}, {"u32", MOTE_GGUF_U32, UINT32_MAX, 4}, {"i32", MOTE_GGUF_I32, INT32_MAX, 4},
    {"i32neg", MOTE_GGUF_I32, 0x80000000, 4}, {"u64", MOTE_GGUF_U64, UINT64_MAX, 8}, {"u64small", MOTE_GGUF_U64, 7, 8}, {"u64over", MOTE_GGUF_U64, UINT64_C(1) << 32, 8},
    {"i64", MOTE_GGUF_I64, INT64_MAX, 8}, {"i64neg", MOTE_GGUF_I64, UINT64_MAX, 8}, {"f32", MOTE_GGUF_F32, 0x3fc00000, 4}, {"f32nan", MOTE_GGUF_F32, 0x7fc00000, 4},
    {"f32inf", MOTE_GGUF_F32, 0xff800000, 4}, {"f64", MOTE_GGUF_F64, 0x3ff8000000000000, 8}, {"f64large", MOTE_GGUF_F64, 0x7fe0000000000000, 8},
    {"true", MOTE_GGUF_BOOL, 1, 1}, {"false", MOTE_GGUF_BOOL, 0, 1},
};
/* clang-format on */
enum { N_SCALARS = sizeof scalars / sizeof *scalars };

static void put_array(const char *key, mote_gguf_type type, uint64_t n) {
    put_key(&bytes, key, MOTE_GGUF_ARRAY);
    put(&bytes, type, 4);
    put(&bytes, n, 8);
}

static int set_up(void **state) {
    (void)state;
    mote_buffer_init(&bytes, 1 << 20);
    put_head(&bytes, 3, 0, N_SCALARS + 7);
    for (int i = 0; i < N_SCALARS; i++) {
        put_key(&bytes, scalars[i].key, scalars[i].type);
        put(&bytes, scalars[i].bits, scalars[i].n_bytes);
    }
    put_key(&bytes, "string", MOTE_GGUF_STRING);
    put_text(&bytes, "hello");
    put_key(&bytes, "empty", MOTE_GGUF_STRING);
    put_text(&bytes, "");
    put_array("strings", MOTE_GGUF_STRING, 3);
    put_text(&bytes, "a");
    put_text(&bytes, "");
    put_text(&bytes, "ccc");
    put_array("bools", MOTE_GGUF_BOOL, 2);
    put(&bytes, 0x0100, 2);
    put_array("i16s", MOTE_GGUF_I16, 2);
    put(&bytes, 0xfffe8000, 4);
    put_array("f64s", MOTE_GGUF_F64, 1);
    put(&bytes, 0x3ff8000000000000, 8);
    put_array("u64s", MOTE_GGUF_U64, 2);
    put(&bytes, INT64_MAX, 8);
    put(&bytes, UINT64_C(1) << 63, 8);
    return mote_gguf_open_memory((const uint8_t *)bytes.data, bytes.len, "values", &g, NULL);
}

static int tear_down(void **state) {
    (void)state;
    mote_gguf_close(&g);
    mote_buffer_deinit(&bytes);
    return 0;
}

static void assert_names(const mote_error *err, const char *key) {
    assert_int_equal(err->status, MOTE_ERR_FORMAT);
    if (!strstr(err->message, key) || !strstr(err->message, "values: "))
        fail_msg("no '%s' in: %s", key, err->message);
}

static void integers_that_fit_are_taken(void **state) {
    (void)state;
    uint32_t u = 0;
    uint64_t u64 = 0;
    const char *const fit[] = {"u8", "i8", "u16", "i16", "u32", "i32", "u64small"};
    const uint32_t want[] = {255, 127, 65535, 32767, UINT32_MAX, INT32_MAX, 7};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(mote_gguf_get_u32(g, fit[i], true, &u, NULL), MOTE_OK);
        assert_int_equal(u, want[i]);
        assert_int_equal(mote_gguf_get_u64(g, fit[i], true, &u64, NULL), MOTE_OK);
        assert_int_equal(u64, want[i]);
    }
    assert_int_equal(mote_gguf_get_u64(g, "u64", true, &u64, NULL), MOTE_OK);
    assert_int_equal(u64, UINT64_MAX);
}

static void integers_that_do_not_fit_are_named(void **state) {
    (void)state;
    const char *const wrong[] = {"u64", "u64over", "i64", "i64neg", "i8neg", "i16neg", "i32neg", "f32", "f64", "true", "string", "strings", "i16s"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        mote_error err = {0};
        uint32_t u = 77;
        assert_int_equal(mote_gguf_get_u32(g, wrong[i], false, &u, &err), MOTE_ERR_FORMAT);
        assert_names(&err, wrong[i]);
        assert_non_null(strstr(err.message, "type"));
        assert_int_equal(u, 77);
    }
    mote_error err = {0};
    uint64_t u64 = 77;
    assert_int_equal(mote_gguf_get_u64(g, "i8neg", true, &u64, &err), MOTE_ERR_FORMAT);
    assert_non_null(strstr(err.message, "-128"));
    assert_int_equal(u64, 77);
}

static void absent_keys_keep_the_default(void **state) {
    (void)state;
    uint32_t u = 5;
    uint64_t u64 = 6;
    float f = 7;
    bool b = true;
    mote_str s = MOTE_STR("default");
    mote_error err = {0};
    assert_int_equal(mote_gguf_get_u32(g, "no", false, &u, &err), MOTE_OK);
    assert_int_equal(mote_gguf_get_u64(g, "no", false, &u64, &err), MOTE_OK);
    assert_int_equal(mote_gguf_get_f32(g, "no", false, &f, &err), MOTE_OK);
    assert_int_equal(mote_gguf_get_bool(g, "no", false, &b, &err), MOTE_OK);
    assert_int_equal(mote_gguf_get_string(g, "no", false, &s, &err), MOTE_OK);
    assert_true(u == 5 && u64 == 6 && f == 7 && b && mote_str_is(s, "default"));
    assert_int_equal(mote_gguf_get_u32(g, "no.u", true, &u, &err), MOTE_ERR_FORMAT);
    assert_names(&err, "no.u");
    assert_int_equal(mote_gguf_get_f32(g, "no.f", true, &f, &err), MOTE_ERR_FORMAT);
    assert_names(&err, "no.f");
    assert_int_equal(mote_gguf_get_bool(g, "no.b", true, &b, &err), MOTE_ERR_FORMAT);
    assert_names(&err, "no.b");
    assert_int_equal(mote_gguf_get_string(g, "no.s", true, &s, &err), MOTE_ERR_FORMAT);
    assert_names(&err, "no.s");
}

static void floats_are_finite(void **state) {
    (void)state;
    float f = 0;
    mote_error err = {0};
    assert_int_equal(mote_gguf_get_f32(g, "f32", true, &f, NULL), MOTE_OK);
    assert_true(f == 1.5f);
    assert_int_equal(mote_gguf_get_f32(g, "f64", true, &f, NULL), MOTE_OK);
    assert_true(f == 1.5f);
    assert_int_equal(mote_gguf_get_f32(g, "i8neg", true, &f, NULL), MOTE_OK);
    assert_true(f == -128.0f);
    assert_int_equal(mote_gguf_get_f32(g, "u64", true, &f, NULL), MOTE_OK);
    assert_true(f == 0x1p64f);
    const char *const wrong[] = {"f32nan", "f32inf", "f64large", "true", "string", "f64s"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(mote_gguf_get_f32(g, wrong[i], true, &f, &err), MOTE_ERR_FORMAT);
        assert_names(&err, wrong[i]);
        assert_true(f == 0x1p64f);
    }
}

static void bools_and_strings(void **state) {
    (void)state;
    bool b = false;
    mote_str s = {0};
    mote_error err = {0};
    assert_int_equal(mote_gguf_get_bool(g, "true", true, &b, NULL), MOTE_OK);
    assert_true(b);
    assert_int_equal(mote_gguf_get_bool(g, "false", true, &b, NULL), MOTE_OK);
    assert_false(b);
    assert_int_equal(mote_gguf_get_bool(g, "u8", true, &b, &err), MOTE_ERR_FORMAT);
    assert_names(&err, "u8");
    assert_int_equal(mote_gguf_get_string(g, "string", true, &s, NULL), MOTE_OK);
    assert_true(mote_str_is(s, "hello"));
    assert_int_equal(mote_gguf_get_string(g, "empty", true, &s, NULL), MOTE_OK);
    assert_int_equal(s.len, 0);
    assert_int_equal(mote_gguf_get_string(g, "strings", true, &s, &err), MOTE_ERR_FORMAT);
    assert_names(&err, "strings");
}

static void items_of_arrays(void **state) {
    (void)state;
    int64_t x = 0;
    float f = 0;
    const mote_gguf_value *v = mote_gguf_find(g, "i16s");
    assert_int_equal(v->n_items, 2);
    assert_int_equal(v->n_bytes, 4);
    assert_true(mote_gguf_item_integer(v, 0, &x));
    assert_int_equal(x, INT16_MIN);
    assert_true(mote_gguf_item_integer(v, 1, &x));
    assert_int_equal(x, -2);
    assert_false(mote_gguf_item_integer(v, 2, &x));
    assert_false(mote_gguf_item_integer(v, UINT64_MAX, &x));
    assert_false(mote_gguf_item_float(v, 0, &f));
    v = mote_gguf_find(g, "f64s");
    assert_true(mote_gguf_item_float(v, 0, &f));
    assert_true(f == 1.5f);
    assert_false(mote_gguf_item_integer(v, 0, &x));
    v = mote_gguf_find(g, "u64s");
    assert_true(mote_gguf_item_integer(v, 0, &x));
    assert_int_equal(x, INT64_MAX);
    assert_false(mote_gguf_item_integer(v, 1, &x));
    assert_false(mote_gguf_item_integer(mote_gguf_find(g, "u8"), 0, &x));
    assert_false(mote_gguf_item_integer(mote_gguf_find(g, "strings"), 0, &x));
    assert_false(mote_gguf_item_integer(NULL, 0, &x));
}

static void truths_of_arrays(void **state) {
    (void)state;
    bool b = true;
    const mote_gguf_value *v = mote_gguf_find(g, "bools");
    assert_true(mote_gguf_item_bool(v, 0, &b));
    assert_false(b);
    assert_true(mote_gguf_item_bool(v, 1, &b));
    assert_true(b);
    assert_false(mote_gguf_item_bool(v, 2, &b));
    assert_true(mote_gguf_item_bool(mote_gguf_find(g, "i16s"), 1, &b));
    assert_true(b);
    assert_false(mote_gguf_item_bool(mote_gguf_find(g, "f64s"), 0, &b));
    assert_false(mote_gguf_item_bool(mote_gguf_find(g, "true"), 0, &b));
}

static void strings_of_arrays(void **state) {
    (void)state;
    const char *const want[] = {"a", "", "ccc"};
    const mote_gguf_value *v = mote_gguf_find(g, "strings");
    uint64_t cursor = 0;
    mote_str s;
    for (int i = 0; i < 3; i++) {
        assert_true(mote_gguf_next_string(v, &cursor, &s));
        assert_true(mote_str_is(s, want[i]));
    }
    assert_false(mote_gguf_next_string(v, &cursor, &s));
    cursor = 0;
    assert_false(mote_gguf_next_string(mote_gguf_find(g, "string"), &cursor, &s));
    assert_false(mote_gguf_next_string(mote_gguf_find(g, "i16s"), &cursor, &s));
    assert_false(mote_gguf_next_string(NULL, &cursor, &s));
}

static void values_by_position(void **state) {
    (void)state;
    assert_int_equal(mote_gguf_n_values(g), N_SCALARS + 7);
    for (size_t i = 0; i < N_SCALARS; i++) {
        assert_true(mote_str_is(mote_gguf_value_at(g, i)->key, scalars[i].key));
        assert_ptr_equal(mote_gguf_find(g, scalars[i].key), mote_gguf_value_at(g, i));
    }
    assert_null(mote_gguf_value_at(g, N_SCALARS + 7));
    assert_null(mote_gguf_tensor_at(g, 0));
    assert_null(mote_gguf_find_tensor(g, "w"));
    assert_null(mote_gguf_find(g, ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_that_fit_are_taken),
        cmocka_unit_test(integers_that_do_not_fit_are_named),
        cmocka_unit_test(absent_keys_keep_the_default),
        cmocka_unit_test(floats_are_finite),
        cmocka_unit_test(bools_and_strings),
        cmocka_unit_test(items_of_arrays),
        cmocka_unit_test(truths_of_arrays),
        cmocka_unit_test(strings_of_arrays),
        cmocka_unit_test(values_by_position),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
