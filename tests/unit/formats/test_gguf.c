/* The container: what is accepted and what is refused, with the word that says why. Each case is built from numbers. */
#include "gguf_bytes.h"

#include "base/clock.h"
#include "base/mem.h"
#include "patience.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static mote_buffer bytes;

static int set_up(void **state) {
    (void)state;
    mote_buffer_init(&bytes, 1 << 28);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    mote_buffer_deinit(&bytes);
    return 0;
}

static mote_status open_bytes(size_t len, mote_gguf **g, mote_error *err) {
    /* a block of exactly this size, so that the address sanitizer sees a read past the end */
    uint8_t *copy = mote_mem_alloc(len);
    assert_non_null(copy);
    if (len)
        memcpy(copy, bytes.data, len);
    mote_status status = mote_gguf_open_memory(copy, len, "built", g, err);
    if (status != MOTE_OK) {
        assert_null(*g);
        assert_int_equal(strncmp(err->message, "built: ", 7), 0);
        assert_int_equal(err->status, status);
    } else {
        mote_gguf_close(g);
    }
    mote_mem_free(copy);
    return status;
}

static void assert_refused(mote_status status, const char *word) {
    mote_gguf *g = NULL;
    mote_error err = {0};
    assert_int_equal(open_bytes(bytes.len, &g, &err), status);
    if (!strstr(err.message, word))
        fail_msg("no '%s' in: %s", word, err.message);
}

static void assert_accepted(void) {
    mote_gguf *g = NULL;
    mote_error err = {0};
    if (open_bytes(bytes.len, &g, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static void heads(void **state) {
    (void)state;
    put_head(&bytes, 3, 0, 0);
    assert_accepted();
    put_head(&bytes, 2, 0, 0);
    assert_accepted();
    for (uint32_t version = 0; version < 2; version++) {
        put_head(&bytes, version, 0, 0);
        assert_refused(MOTE_ERR_UNSUPPORTED, "version");
    }
    put_head(&bytes, 4, 0, 0);
    assert_refused(MOTE_ERR_UNSUPPORTED, "version 4");
    put_head(&bytes, 0x03000000, 0, 0);
    assert_refused(MOTE_ERR_UNSUPPORTED, "big-endian");
    put_head(&bytes, 3, 0, 0);
    bytes.data[0] = 'g';
    assert_refused(MOTE_ERR_FORMAT, "magic");
    for (size_t len = 0; len < 24; len++) {
        mote_gguf *g = NULL;
        mote_error err = {0};
        put_head(&bytes, 3, 0, 0);
        assert_int_equal(open_bytes(len, &g, &err), MOTE_ERR_FORMAT);
        assert_non_null(strstr(err.message, "truncated"));
    }
}

static void counts_beyond_the_file(void **state) {
    (void)state;
    static const uint64_t counts[] = {1, 100, 1u << 31, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        put_head(&bytes, 3, counts[i], 0);
        assert_refused(MOTE_ERR_FORMAT, "tensor");
        put_head(&bytes, 3, 0, counts[i]);
        assert_refused(MOTE_ERR_FORMAT, "key");
    }
    put_head(&bytes, 3, 0, 70000);
    while (bytes.len < 2000000)
        put(&bytes, 0, 8);
    assert_refused(MOTE_ERR_LIMIT, "key");
}

static void keys(void **state) {
    (void)state;
    put_head(&bytes, 3, 0, 1);
    put_key(&bytes, "", MOTE_GGUF_U8);
    put(&bytes, 0, 8);
    assert_refused(MOTE_ERR_FORMAT, "empty");
    put_head(&bytes, 3, 0, 1);
    put_key(&bytes, "k", 13);
    put(&bytes, 0, 1);
    assert_refused(MOTE_ERR_FORMAT, "'k': unknown type 13");
    put_head(&bytes, 3, 0, 1);
    put_key(&bytes, "k", MOTE_GGUF_BOOL);
    put(&bytes, 2, 1);
    assert_refused(MOTE_ERR_FORMAT, "bool");
    put_head(&bytes, 3, 0, 2);
    for (int i = 0; i < 2; i++) {
        put_key(&bytes, "same", MOTE_GGUF_U8);
        put(&bytes, 0, 1);
    }
    assert_refused(MOTE_ERR_FORMAT, "'same': duplicate");
    put_head(&bytes, 3, 0, 1);
    put_key(&bytes, "k", MOTE_GGUF_ARRAY);
    put(&bytes, MOTE_GGUF_ARRAY, 4);
    put(&bytes, 0, 8);
    assert_refused(MOTE_ERR_UNSUPPORTED, "nested");
}

static void arrays_beyond_the_file(void **state) {
    (void)state;
    static const uint64_t counts[] = {3, UINT64_C(1) << 31, UINT64_C(1) << 61, UINT64_C(1) << 63, UINT64_MAX};
    for (uint32_t type = 0; type <= MOTE_GGUF_F64; type++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts && type != MOTE_GGUF_ARRAY; i++) {
            put_head(&bytes, 3, 0, 1);
            put_key(&bytes, "k", MOTE_GGUF_ARRAY);
            put(&bytes, type, 4);
            put(&bytes, counts[i], 8);
            put(&bytes, 0, 2);
            assert_refused(MOTE_ERR_FORMAT, "truncated");
        }
}

static void alignments(void **state) {
    (void)state;
    for (uint64_t x = 0; x < 300000; x = x < 300 ? x + 1 : x * 2 + (x & 1)) {
        put_head(&bytes, 3, 0, 1);
        put_key(&bytes, "general.alignment", MOTE_GGUF_U32);
        put(&bytes, x, 4);
        if (x >= 8 && x <= 65536 && (x & (x - 1)) == 0)
            assert_accepted();
        else
            assert_refused(MOTE_ERR_FORMAT, "alignment");
    }
    put_head(&bytes, 3, 0, 1);
    put_key(&bytes, "general.alignment", MOTE_GGUF_U64);
    put(&bytes, 32, 8);
    assert_refused(MOTE_ERR_FORMAT, "general.alignment: the type");
}

typedef struct shape {
    uint32_t n_dims;
    uint64_t dims[6];
    uint32_t type;
    uint64_t offset;
    mote_status status;
    const char *word;
} shape;

static void build_one_tensor(const shape *s) {
    put_head(&bytes, 3, 1, 0);
    put_tensor(&bytes, "w", s->n_dims, s->dims, s->type, s->offset);
    put_padding(&bytes, 32);
    for (int i = 0; i < 128; i++)
        put(&bytes, 0, 1);
}

static void tensors(void **state) {
    (void)state;
    const uint64_t big = UINT64_C(1) << 63;
    const shape shapes[] = {
        {1, {32}, 0, 0, MOTE_OK, ""},
        {4, {2, 2, 2, 4}, 0, 0, MOTE_OK, ""},
        {1, {64}, 1, 0, MOTE_OK, ""},
        {1, {32}, 8, 64, MOTE_OK, ""},
        {0, {0}, 0, 0, MOTE_ERR_FORMAT, "n_dims"},
        {5, {1, 1, 1, 1, 1}, 0, 0, MOTE_ERR_FORMAT, "n_dims"},
        {2, {8, 0}, 0, 0, MOTE_ERR_FORMAT, "dimension 1 is zero"},
        {1, {33}, 0, 0, MOTE_ERR_FORMAT, "end of file"},
        {1, {32}, 0, 32, MOTE_ERR_FORMAT, "end of file"},
        {1, {8}, 0, 33, MOTE_ERR_FORMAT, "alignment"},
        {1, {8}, 0, big, MOTE_ERR_FORMAT, "end of file"},
        {1, {8}, 0, UINT64_MAX - 31, MOTE_ERR_FORMAT, "end of file"},
        {2, {big, 2}, 0, 0, MOTE_ERR_FORMAT, "overflow"},
        {2, {UINT64_C(1) << 32, UINT64_C(1) << 32}, 0, 0, MOTE_ERR_FORMAT, "overflow"},
        {1, {UINT64_C(1) << 62}, 0, 0, MOTE_ERR_FORMAT, "overflow"},
        {4, {65536, 65536, 65536, 65536}, 24, 0, MOTE_ERR_FORMAT, "overflow"},
        {1, {31}, 2, 0, MOTE_ERR_FORMAT, "multiple of the block"},
        {1, {128}, 12, 0, MOTE_ERR_FORMAT, "multiple of the block"},
        {1, {8}, 16, 0, MOTE_ERR_UNSUPPORTED, "'w': type IQ2_XXS (16)"},
        {1, {8}, 39, 0, MOTE_ERR_UNSUPPORTED, "MXFP4"},
        {1, {8}, 34, 0, MOTE_ERR_UNSUPPORTED, "TQ1_0"},
        {1, {8}, 31, 0, MOTE_ERR_UNSUPPORTED, "type"},
        {1, {8}, 99, 0, MOTE_ERR_FORMAT, "'w': unknown type 99"},
        {1, {8}, 0x80000000, 0, MOTE_ERR_FORMAT, "unknown type 2147483648"},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        build_one_tensor(&shapes[i]);
        if (shapes[i].status == MOTE_OK)
            assert_accepted();
        else
            assert_refused(shapes[i].status, shapes[i].word);
    }
}

static void build_two_tensors(const char *a, const char *b, uint64_t offset_a, uint64_t offset_b) {
    put_head(&bytes, 3, 2, 0);
    put_tensor(&bytes, a, 1, (uint64_t[]){16}, 0, offset_a);
    put_tensor(&bytes, b, 1, (uint64_t[]){16}, 0, offset_b);
    put_padding(&bytes, 32);
    for (int i = 0; i < 256; i++)
        put(&bytes, 0, 1);
}

static void places_of_two_tensors(void **state) {
    (void)state;
    build_two_tensors("a", "b", 0, 64);
    assert_accepted();
    build_two_tensors("a", "b", 64, 0); /* the order does not matter */
    assert_accepted();
    build_two_tensors("a", "b", 0, 192); /* nor does a gap */
    assert_accepted();
    build_two_tensors("a", "b", 0, 32);
    assert_refused(MOTE_ERR_FORMAT, "overlap");
    build_two_tensors("a", "b", 64, 64);
    assert_refused(MOTE_ERR_FORMAT, "overlap");
    build_two_tensors("a", "a", 0, 64);
    assert_refused(MOTE_ERR_FORMAT, "'a': duplicate");
}

static void every_cut_is_refused(void **state) {
    (void)state;
    put_head(&bytes, 3, 1, 3);
    put_key(&bytes, "general.alignment", MOTE_GGUF_U32);
    put(&bytes, 64, 4);
    put_key(&bytes, "s", MOTE_GGUF_STRING);
    put_text(&bytes, "text");
    put_key(&bytes, "a", MOTE_GGUF_ARRAY);
    put(&bytes, MOTE_GGUF_STRING, 4);
    put(&bytes, 2, 8);
    put_text(&bytes, "x");
    put_text(&bytes, "");
    put_tensor(&bytes, "w", 2, (uint64_t[]){4, 2}, 0, 0);
    put_padding(&bytes, 64);
    for (int i = 0; i < 32; i++)
        put(&bytes, 1, 1);
    assert_accepted();
    for (size_t len = 0; len < bytes.len; len++) {
        mote_gguf *g = NULL;
        mote_error err = {0};
        assert_int_equal(open_bytes(len, &g, &err), MOTE_ERR_FORMAT);
        assert_non_null(strstr(err.message, "truncated"));
    }
}

/* Names made to be slow: long, nearly equal, in an unfortunate order. */
static void many_long_keys_take_no_time(void **state) {
    (void)state;
    enum { N = 60000 };
    char key[257];
    memset(key, 'k', 256);
    key[256] = 0;
    put_head(&bytes, 3, 0, N);
    for (int i = 0; i < N; i++) {
        snprintf(key + 248, 9, "%08d", (i * 7919) % N);
        put_key(&bytes, key, MOTE_GGUF_U8);
        put(&bytes, 0, 1);
    }
    double start = mote_clock_seconds();
    assert_accepted();
    assert_true(mote_clock_seconds() - start < 1.0 * patience());
}

static void parts_need_files(void **state) {
    (void)state;
    put_head(&bytes, 3, 0, 1);
    put_key(&bytes, "split.count", MOTE_GGUF_U16);
    put(&bytes, 1, 2);
    assert_accepted();
    put_head(&bytes, 3, 0, 1);
    put_key(&bytes, "split.count", MOTE_GGUF_U16);
    put(&bytes, 2, 2);
    assert_refused(MOTE_ERR_UNSUPPORTED, "split.count");
}

static void files_that_are_none(void **state) {
    (void)state;
    mote_gguf *g = NULL;
    mote_error err = {0};
    assert_int_equal(mote_gguf_open("/tmp", &g, &err), MOTE_ERR_ARGUMENT);
    assert_null(g);
    assert_int_equal(mote_gguf_open("/dev/zero", &g, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_open("/no/such/file.gguf", &g, &err), MOTE_ERR_NOT_FOUND);
    assert_null(g);
    mote_gguf_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(counts_beyond_the_file),
        cmocka_unit_test(keys),
        cmocka_unit_test(arrays_beyond_the_file),
        cmocka_unit_test(alignments),
        cmocka_unit_test(tensors),
        cmocka_unit_test(places_of_two_tensors),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(many_long_keys_take_no_time),
        cmocka_unit_test(parts_need_files),
        cmocka_unit_test(files_that_are_none),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
