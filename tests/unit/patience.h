/* How many times longer than on an idle machine a step may take in a test: sanitizers and emulators are slow, and tests run side by side
 * (MOTE_SLOW_FACTOR, set in cmake/testing.cmake). The strict limits are those of the acceptance run, which has the machine to itself. */
#ifndef MOTE_TESTS_PATIENCE_H
#define MOTE_TESTS_PATIENCE_H

#include <stdlib.h>

static inline double patience(void) {
    const char *factor = getenv("MOTE_SLOW_FACTOR");
    return factor ? atof(factor) : 1;
}

#endif
