/* Exact decimal numbers of some forty digits, as JSON writes them: comparison, divisibility, and numbers of a grid within bounds. No floating point: 0.1 is a tenth. */
#ifndef MOTE_TEXT_DECIMAL_H
#define MOTE_TEXT_DECIMAL_H

#include "base/str.h"

#include <stdint.h>

enum { MOTE_DECIMAL_DIGITS = 40 };

/* 0.d1 d2 ... dn times ten to the exp; d1 and dn are not 0; n is 0 for zero, which has no sign. */
typedef struct mote_decimal {
    int32_t exp;
    bool negative;
    uint8_t n, digit[MOTE_DECIMAL_DIGITS];
} mote_decimal;

/* A JSON number; false if it isn't one, or has more digits than fit or an exponent beyond five digits. */
bool mote_decimal_parse(mote_str text, mote_decimal *out);
int mote_decimal_compare(const mote_decimal *a, const mote_decimal *b);
/* x is a whole multiple of m, which isn't 0. m has at most 18 digits. */
bool mote_decimal_is_multiple(const mote_decimal *x, const mote_decimal *m);

/* Numbers in fixed point, not negative: MOTE_FIXED_WHOLE digits before the point, the rest behind it, the most significant first. */
enum { MOTE_FIXED_WHOLE = 44, MOTE_FIXED_DIGITS = 84 };
typedef struct mote_fixed {
    uint8_t digit[MOTE_FIXED_DIGITS];
} mote_fixed;

/* The magnitude of x, rounded to what fits: down, or up. false if it is too large. */
bool mote_fixed_of(const mote_decimal *x, bool up, mote_fixed *out);
int mote_fixed_compare(const mote_fixed *a, const mote_fixed *b);
/* The least multiple of step / 10^places that isn't below x, or, with `above`, is above it. false if it is too large. step < 10^18, places within the digits behind the point. */
bool mote_fixed_next_multiple(const mote_fixed *x, uint64_t step, unsigned places, bool above, mote_fixed *out);
/* x is a whole multiple of m. */
bool mote_fixed_is_multiple(const mote_fixed *x, const mote_decimal *m);

/* m as step / 10^places; false if it has more than 18 digits that way, or more places than fit. */
bool mote_decimal_step(const mote_decimal *m, uint64_t *step, unsigned *places);

#endif
