/* Half precision, SHA-256, random numbers, element types. */
#include "base/dtype.h"
#include "base/half.h"
#include "base/rng.h"
#include "base/sha256.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_half_survives_the_way_to_float_and_back(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float x = mote_half_from_f16((uint16_t)h), y = mote_half_from_bf16((uint16_t)h);
        if (isnan(x))
            assert_true(isnan(mote_half_from_f16(mote_half_to_f16(x))));
        else
            assert_int_equal(mote_half_to_f16(x), h);
        if (isnan(y))
            assert_true(isnan(mote_half_from_bf16(mote_half_to_bf16(y))));
        else
            assert_int_equal(mote_half_to_bf16(y), h);
    }
}

/* Between two neighbouring halves: the nearer one; in the very middle the one with the even last bit. */
static void halves_round_to_the_nearest_even(void **state) {
    (void)state;
    for (uint16_t h = 0; h < 0x7bff; h++) {
        double low = (double)mote_half_from_f16(h), high = (double)mote_half_from_f16((uint16_t)(h + 1));
        float middle = (float)((low + high) / 2);
        assert_int_equal(mote_half_to_f16(middle), h % 2 == 0 ? h : h + 1);
        assert_int_equal(mote_half_to_f16(nextafterf(middle, 0)), h);
        assert_int_equal(mote_half_to_f16(nextafterf(middle, INFINITY)), h + 1);
        assert_int_equal(mote_half_to_f16(-middle), 0x8000 | (h % 2 == 0 ? h : h + 1));
    }
    assert_int_equal(mote_half_to_f16(65519.0f), 0x7bff);
    assert_int_equal(mote_half_to_f16(65520.0f), 0x7c00);
    assert_int_equal(mote_half_to_f16(1e30f), 0x7c00);
    assert_int_equal(mote_half_to_bf16(1.00390625f), 0x3f80); /* halfway between 0x3f80 and 0x3f81 */
    assert_int_equal(mote_half_to_bf16(1.01171875f), 0x3f82);
}

static void sha256_is_that_of_the_standard(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t times;
        const char *hex;
    } known[] = {
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        mote_sha256 s;
        uint8_t digest[32];
        char hex[65];
        mote_sha256_init(&s);
        for (size_t j = 0; j < known[i].times; j++)
            mote_sha256_update(&s, known[i].text, strlen(known[i].text));
        mote_sha256_final(&s, digest);
        mote_sha256_hex(digest, hex);
        assert_string_equal(hex, known[i].hex);
    }
}

static void random_numbers_repeat_and_spread(void **state) {
    (void)state;
    mote_rng a, b, c;
    mote_rng_init(&a, 42);
    mote_rng_init(&b, 42);
    mote_rng_init(&c, 43);
    unsigned same = 0, buckets[16] = {0};
    for (int i = 0; i < 16000; i++) {
        uint32_t x = mote_rng_next(&a);
        assert_int_equal(x, mote_rng_next(&b));
        same += x == mote_rng_next(&c);
        double u = mote_rng_uniform(&a);
        assert_true(u >= 0 && u < 1);
        (void)mote_rng_uniform(&b);
        buckets[(int)(u * 16)]++;
    }
    assert_true(same < 3);
    for (int i = 0; i < 16; i++) /* 1000 expected, standard deviation 31 */
        assert_in_range(buckets[i], 800, 1200);
}

static void types_have_the_sizes_of_the_format(void **state) {
    (void)state;
    assert_int_equal(mote_dtype_row_bytes(MOTE_DTYPE_Q4_K, 512), 288);
    assert_int_equal(mote_dtype_row_bytes(MOTE_DTYPE_Q8_0, 64), 68);
    assert_int_equal(mote_dtype_row_bytes(MOTE_DTYPE_BF16, 3), 6);
    assert_int_equal(mote_dtype_from_name("q4_k"), MOTE_DTYPE_Q4_K);
    assert_int_equal(mote_dtype_from_name("IQ4_XS"), MOTE_DTYPE_IQ4_XS);
    assert_int_equal(mote_dtype_from_name("q4_k_m"), MOTE_DTYPE_NONE);
    assert_null(mote_dtype_get(-1));
    assert_null(mote_dtype_get(4));
    assert_null(mote_dtype_get(1 << 30));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_survives_the_way_to_float_and_back),
        cmocka_unit_test(halves_round_to_the_nearest_even),
        cmocka_unit_test(sha256_is_that_of_the_standard),
        cmocka_unit_test(random_numbers_repeat_and_spread),
        cmocka_unit_test(types_have_the_sizes_of_the_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
