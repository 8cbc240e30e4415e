/* Sets of code points. */
#include "text/regular_ast.h"

#include "base/mem.h"
#include "text/unicode.h"

#include <stdlib.h>

enum { LAST = 0x10ffff };

void mote_regular_set_add(mote_regular_set *s, uint32_t lo, uint32_t hi) {
    if (s->n == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 16;
        mote_regular_range *items = mote_mem_resize_array(s->items, capacity, sizeof *items);
        if (!items) {
            s->failed = true;
            return;
        }
        s->items = items;
        s->capacity = capacity;
    }
    s->items[s->n++] = (mote_regular_range){lo, hi};
}

static int compare(const void *a, const void *b) {
    uint32_t x = ((const mote_regular_range *)a)->lo, y = ((const mote_regular_range *)b)->lo;
    return (x > y) - (x < y);
}

void mote_regular_set_sort(mote_regular_set *s) {
    if (s->n > 1)
        qsort(s->items, s->n, sizeof *s->items, compare);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        mote_regular_range r = s->items[i];
        if (n > 0 && r.lo <= s->items[n - 1].hi + 1)
            s->items[n - 1].hi = r.hi > s->items[n - 1].hi ? r.hi : s->items[n - 1].hi;
        else
            s->items[n++] = r;
    }
    s->n = n;
}

void mote_regular_set_invert(mote_regular_set *s) {
    mote_regular_set_sort(s);
    mote_regular_set out = {.failed = s->failed};
    uint32_t next = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->items[i].lo > next)
            mote_regular_set_add(&out, next, s->items[i].lo - 1);
        next = s->items[i].hi + 1;
    }
    if (next <= LAST)
        mote_regular_set_add(&out, next, LAST);
    mote_mem_free(s->items);
    *s = out;
}

void mote_regular_set_deinit(mote_regular_set *s) {
    mote_mem_free(s->items);
    *s = (mote_regular_set){0};
}

void mote_regular_set_digits(mote_regular_set *s) {
    mote_regular_set_add(s, '0', '9');
}

void mote_regular_set_words(mote_regular_set *s) {
    mote_regular_set_digits(s);
    mote_regular_set_add(s, 'A', 'Z');
    mote_regular_set_add(s, '_', '_');
    mote_regular_set_add(s, 'a', 'z');
}

/* ECMA-262's WhiteSpace and LineTerminator. */
void mote_regular_set_spaces(mote_regular_set *s) {
    static const mote_regular_range spaces[] = {{9, 13},          {32, 32},         {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
                                                {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        mote_regular_set_add(s, spaces[i].lo, spaces[i].hi);
}

/* Everything but the line terminators. */
void mote_regular_set_dot(mote_regular_set *s) {
    mote_regular_set_add(s, 0, '\n' - 1);
    mote_regular_set_add(s, '\n' + 1, '\r' - 1);
    mote_regular_set_add(s, '\r' + 1, 0x2027);
    mote_regular_set_add(s, 0x202a, LAST);
}

/* utf8proc's categories by number: the bit of mote_unicode_class. */
static const struct {
    const char *brief, *full;
    uint32_t bits;
} categories[] = {
    {"L", "Letter", 0x1fu << 1},
    {"Lu", "Uppercase_Letter", 1u << 1},
    {"Ll", "Lowercase_Letter", 1u << 2},
    {"Lt", "Titlecase_Letter", 1u << 3},
    {"Lm", "Modifier_Letter", 1u << 4},
    {"Lo", "Other_Letter", 1u << 5},
    {"M", "Mark", 7u << 6},
    {"Mn", "Nonspacing_Mark", 1u << 6},
    {"Mc", "Spacing_Mark", 1u << 7},
    {"Me", "Enclosing_Mark", 1u << 8},
    {"N", "Number", 7u << 9},
    {"Nd", "Decimal_Number", 1u << 9},
    {"Nd", "digit", 1u << 9},
    {"Nl", "Letter_Number", 1u << 10},
    {"No", "Other_Number", 1u << 11},
    {"P", "Punctuation", 0x7fu << 12},
    {"Pc", "Connector_Punctuation", 1u << 12},
    {"Pd", "Dash_Punctuation", 1u << 13},
    {"Ps", "Open_Punctuation", 1u << 14},
    {"Pe", "Close_Punctuation", 1u << 15},
    {"Pi", "Initial_Punctuation", 1u << 16},
    {"Pf", "Final_Punctuation", 1u << 17},
    {"Po", "Other_Punctuation", 1u << 18},
    {"S", "Symbol", 0xfu << 19},
    {"Sm", "Math_Symbol", 1u << 19},
    {"Sc", "Currency_Symbol", 1u << 20},
    {"Sk", "Modifier_Symbol", 1u << 21},
    {"So", "Other_Symbol", 1u << 22},
    {"Z", "Separator", 7u << 23},
    {"Zs", "Space_Separator", 1u << 23},
    {"Zl", "Line_Separator", 1u << 24},
    {"Zp", "Paragraph_Separator", 1u << 25},
    {"C", "Other", 1u | 0xfu << 26},
    {"Cc", "Control", 1u << 26},
    {"Cf", "Format", 1u << 27},
    {"Co", "Private_Use", 1u << 29},
    {"Cn", "Unassigned", 1u},
};

bool mote_regular_set_category(mote_regular_set *s, mote_str name) {
    uint32_t bits = 0;
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (mote_str_is(name, categories[i].brief) || mote_str_is(name, categories[i].full))
            bits = categories[i].bits;
    if (bits == 0)
        return false;
    /* The planes in between have no characters; their last two code points are like the rest there. */
    static const mote_regular_range looked_at[] = {{0, 0x3ffff}, {0xe0000, 0xe0fff}}, alike[] = {{0x40000, 0xdffff}, {0xe1000, 0xeffff}, {0xf0000, 0xffffd}, {0x100000, 0x10fffd}};
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        if (mote_unicode_class(alike[i].lo) & bits)
            mote_regular_set_add(s, alike[i].lo, alike[i].hi);
    for (size_t i = 0; i < sizeof looked_at / sizeof *looked_at; i++)
        for (uint32_t c = looked_at[i].lo; c <= looked_at[i].hi; c++) {
            if (!(mote_unicode_class(c) & bits))
                continue;
            uint32_t lo = c;
            while (c < looked_at[i].hi && mote_unicode_class(c + 1) & bits)
                c++;
            mote_regular_set_add(s, lo, c);
        }
    return true;
}
