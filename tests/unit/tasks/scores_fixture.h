/* The figures of the reference implementations (tests/golden/make_scores.py). */
#ifndef MOTE_TEST_SCORES_FIXTURE_H
#define MOTE_TEST_SCORES_FIXTURE_H

#include "formats/json.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static mote_json *fixture;

static inline int fixture_open(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/scores.json", getenv("MOTE_SOURCE_DIR") ? getenv("MOTE_SOURCE_DIR") : ".");
    return mote_json_read(path, &fixture, NULL) == MOTE_OK ? 0 : -1;
}

static inline int fixture_close(void **state) {
    (void)state;
    mote_json_free(&fixture);
    return 0;
}

/* Strings of an array; at most 8. */
static inline size_t fixture_strings(const mote_json *array, mote_str strings[8]) {
    size_t n = mote_json_length(array);
    assert_true(n <= 8);
    for (size_t i = 0; i < n; i++)
        strings[i] = mote_json_string(mote_json_at(array, i));
    return n;
}

static inline void assert_close(double given, const mote_json *wanted, double epsilon) {
    double w = mote_json_number(wanted, -1);
    if (!(given >= w - epsilon && given <= w + epsilon))
        fail_msg("%.12g, the reference has %.12g", given, w);
}

#endif
