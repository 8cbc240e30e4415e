/* XXH64: values of the reference implementation, and pieces of any size. */
#include "base/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t sum_of(const void *data, size_t n) {
    mote_checksum c;
    mote_checksum_init(&c);
    mote_checksum_update(&c, data, n);
    return mote_checksum_value(&c);
}

static void known_values(void **state) {
    (void)state;
    const char *long_text = "Nobody inspects the spammish repetition";
    assert_true(sum_of("", 0) == 0xEF46DB3751D8E999);
    assert_true(sum_of("a", 1) == 0xD24EC4F1A98C6E5B);
    assert_true(sum_of("abc", 3) == 0x44BC2CF5AD770999);
    assert_true(sum_of(long_text, strlen(long_text)) == 0xFBCEA83C8A378BF1);
}

static void pieces_make_the_same_sum(void **state) {
    (void)state;
    uint8_t data[200];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + i / 5);
    for (size_t n = 0; n <= sizeof data; n++)
        for (size_t piece = 1; piece < 70; piece += 3) {
            mote_checksum c;
            mote_checksum_init(&c);
            for (size_t i = 0; i < n; i += piece)
                mote_checksum_update(&c, data + i, n - i < piece ? n - i : piece);
            assert_true(mote_checksum_value(&c) == sum_of(data, n));
        }
}

static void every_bit_counts(void **state) {
    (void)state;
    uint8_t data[75] = {0};
    uint64_t sum = sum_of(data, sizeof data);
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(sum_of(data, sizeof data) != sum);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(pieces_make_the_same_sum),
        cmocka_unit_test(every_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
