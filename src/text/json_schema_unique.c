/* Arrays whose items differ. The items are scalars, each with one text that stands for it: so 1 and 1.0 are the same, and so are a string and its escapes. What has been written is
 * a list in the array's cell; an item that could only become one of the list isn't gone on with. */
#include "text/json_schema_machine.h"

#include <stdio.h>

enum { MAX_ITEMS = 512, MAX_BYTES = 16384 }; /* of a list: a state keeps it, and there is one such array open at a time */

bool mote_unique_in(const mote_machine *m, const mote_cell *around) {
    return around->kind == MOTE_CELL_ARRAY && mote_machine_array(m, around)->unique;
}

static bool has_room(const mote_machine *m, const mote_cell *around) {
    return m->lists[around->f].n < MAX_ITEMS && m->lists[around->f].bytes < MAX_BYTES;
}

bool mote_unique_take(mote_machine *m, mote_cell *around, uint32_t text) {
    if (mote_machine_listed(m, around->f, text))
        return false;
    around->f = mote_machine_list(m, around->f, text);
    return true;
}

uint32_t mote_unique_number(mote_machine *m, mote_str text) {
    mote_decimal x;
    char exponent[16];
    if (!mote_decimal_parse(text, &x))
        return MOTE_TEXT_NEW;
    uint32_t t = mote_machine_text(m, 0, 'n');
    t = mote_machine_text(m, t, x.negative ? '-' : '+');
    for (unsigned i = 0; i < x.n; i++)
        t = mote_machine_text(m, t, (uint8_t)('0' + x.digit[i]));
    int n = snprintf(exponent, sizeof exponent, "e%d", (int)x.exp - (int)x.n);
    for (int i = 0; i < n; i++)
        t = mote_machine_text(m, t, (uint8_t)exponent[i]);
    return t;
}

bool mote_unique_string_lives(mote_machine *m, const mote_cell *string) {
    const mote_settled_string *s = mote_machine_string(m, string);
    uint32_t written = string->parent != 0 ? mote_machine_listed_below(m, m->cells[string->parent].f, string->g) : 0;
    return written == 0 || mote_settled_string_more(s, string->a, string->b, written);
}

/* The numbers of a list. */
static size_t read_numbers(const mote_machine *m, uint32_t list, mote_decimal *out) {
    char text[MOTE_DECIMAL_DIGITS + 20];
    size_t n = 0;
    for (; list != 0; list = m->lists[list].next) {
        if (m->text_len[m->lists[list].text] > sizeof text)
            continue;
        size_t len = mote_machine_read_text(m, m->lists[list].text, text, sizeof text);
        if (len < 4 || text[0] != 'n')
            continue;
        size_t from = text[1] == '-' ? 1 : 2; /* a number has no plus */
        if (text[2] == 'e')
            out[n++] = (mote_decimal){0};
        else
            n += mote_decimal_parse((mote_str){text + from, len - from}, &out[n]);
    }
    return n;
}

int mote_unique_complete(mote_machine *m, const mote_cell *around, const mote_number_shape *shape, mote_str text, char *rest) {
    mote_decimal items[MAX_ITEMS + 1];
    mote_number_others others = {items, read_numbers(m, around->f, items)};
    return mote_number_complete(shape, text, &others, rest);
}

static bool literal_left(mote_machine *m, const mote_cell *around, uint8_t letter) {
    uint32_t text = mote_machine_find_text(m, 0, letter);
    return text == MOTE_TEXT_NEW || !mote_machine_listed(m, around->f, text);
}

uint32_t mote_unique_item(mote_machine *m, const mote_cell *around, const mote_shape_node *shape, int *first) {
    const mote_settled_node *node = shape->settled;
    uint32_t best = MOTE_FAR;
    char rest[MOTE_SCHEMA_MAX_NUMBER + 1];
    if (!has_room(m, around))
        return MOTE_FAR;
    if ((node->null && literal_left(m, around, 'n')) || (node->yes && literal_left(m, around, 't'))) {
        best = 4;
        *first = node->null && literal_left(m, around, 'n') ? 'n' : 't';
    } else if (node->no && literal_left(m, around, 'f')) {
        best = 5;
        *first = 'f';
    }
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_NUMBER]; i++) {
        mote_cell cell = {.shape = node->shapes[MOTE_SHAPE_NUMBER][i]};
        int n = mote_unique_complete(m, around, mote_machine_number(m, &cell), MOTE_STR(""), rest);
        if (n > 0 && (uint32_t)n < best) {
            best = (uint32_t)n;
            *first = rest[0];
        }
    }
    uint32_t quote = mote_machine_find_text(m, 0, '"'), written = mote_machine_listed_below(m, around->f, quote);
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_STRING]; i++) {
        mote_cell cell = {.shape = node->shapes[MOTE_SHAPE_STRING][i]};
        const mote_settled_string *s = mote_machine_string(m, &cell);
        uint32_t own = mote_far_add(mote_settled_string_distance(s), written > 0 ? MOTE_UNLIKE_BYTES : 0);
        if (own < best && mote_settled_string_more(s, s->dfa->start, 0, written)) {
            best = own;
            *first = '"';
        }
    }
    return best;
}
