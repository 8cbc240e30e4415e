/* The arena: alignment, separate pieces, the bound on what it takes from the system. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void pieces_are_aligned_and_apart(void **state) {
    (void)state;
    enum { N = 2000 };
    static unsigned char *pieces[N];
    mote_arena a;
    mote_arena_init(&a, 64 << 20);
    for (size_t i = 0; i < N; i++) {
        pieces[i] = mote_arena_alloc(&a, i % 97 * 31);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)(i & 255), i % 97 * 31);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i % 97 * 31; j++)
            assert_int_equal(pieces[i][j], i & 255);
    mote_arena_deinit(&a);
    assert_null(a.chunks);
    assert_int_equal(a.used_bytes, 0);
}

static void refuses_past_its_maximum(void **state) {
    (void)state;
    mote_arena a;
    mote_arena_init(&a, 10000);
    size_t total = 0;
    while (mote_arena_alloc(&a, 100))
        total += 100;
    assert_in_range(total, 8000, 10000);
    assert_true(a.used_bytes <= 10000);
    assert_null(mote_arena_alloc(&a, SIZE_MAX));
    assert_null(mote_arena_alloc(&a, SIZE_MAX / 4 + 1));
    assert_null(mote_arena_zalloc_array(&a, SIZE_MAX / 2, 4));
    assert_null(mote_arena_dup(&a, "", SIZE_MAX));
    mote_arena_deinit(&a);
    mote_arena_init(&a, 0);
    assert_null(mote_arena_alloc(&a, 1));
    mote_arena_deinit(&a);
}

static void zeroes_and_copies(void **state) {
    (void)state;
    mote_arena a;
    mote_arena_init(&a, 1 << 20);
    memset(mote_arena_alloc(&a, 64), 255, 64);
    const unsigned char *zeros = mote_arena_zalloc_array(&a, 100, 10);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(zeros[i], 0);
    assert_memory_equal(mote_arena_dup(&a, "a\0b", 3), "a\0b", 4);
    assert_string_equal(mote_arena_dup(&a, NULL, 0), "");
    mote_arena_deinit(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(refuses_past_its_maximum),
        cmocka_unit_test(zeroes_and_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
