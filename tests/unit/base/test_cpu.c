/* MOTE_CPU's masks: names, order, falling back, other architectures. */
#include "base/cpu.h"
#include "base/thread_pool.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void plain_c_is_always_there(void **state) {
    (void)state;
    mote_cpu_level level = MOTE_CPU_I8MM;
    assert_int_equal(mote_cpu_choose("c", &level, NULL), MOTE_OK);
    assert_int_equal(level, MOTE_CPU_C);
    assert_string_equal(mote_cpu_level_name(level), "c");
}

static void masks_only_lower(void **state) {
    (void)state;
    static const char *const names[] = {"c", "avx2", "avxvnni", "avx512", "avx512vnni", "neon", "dotprod", "i8mm"};
    mote_cpu_level best, level, last = MOTE_CPU_C;
    int n_known = 0;
    assert_int_equal(mote_cpu_choose(NULL, &best, NULL), MOTE_OK);
    assert_int_equal(mote_cpu_choose("", &level, NULL), MOTE_OK);
    assert_int_equal(level, best);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        mote_error err = {0};
        if (mote_cpu_choose(names[i], &level, &err) != MOTE_OK) {
            assert_int_equal(err.status, MOTE_ERR_ARGUMENT); /* of the other architecture */
            assert_non_null(strstr(err.message, names[i]));
            continue;
        }
        n_known++;
        assert_true(level >= last && level <= best);
        last = level;
    }
    assert_true(n_known >= 1);
    assert_int_equal(last, best);
}

static void unknown_names_are_refused(void **state) {
    (void)state;
    mote_cpu_level level = MOTE_CPU_C;
    mote_error err = {0};
    assert_int_equal(mote_cpu_choose("avx9", &level, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "avx9"));
    assert_int_equal(mote_cpu_choose("AVX2", &level, &err), MOTE_ERR_ARGUMENT);
    assert_string_equal(mote_cpu_level_name((mote_cpu_level)99), "unknown");
}

static void default_threads_fit_the_pool(void **state) {
    (void)state;
    assert_in_range(mote_cpu_default_threads(), 1, MOTE_THREADS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_c_is_always_there),
        cmocka_unit_test(masks_only_lower),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test(default_threads_fit_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
