/* Inside of strings and names: bytes and escapes become the text that automata and names are compared with.
 *
 * An escape that has begun stands for a range of code points; it lives if one of them does. High surrogates have to be followed by low ones. */
#include "text/json_schema_machine.h"

#include "text/json_schema_text.h"
#include "text/unicode.h"

/* The escape of a cell: mode, digits so far and their value, the ten bits of a high surrogate. */
static uint32_t pack(mote_escape_mode mode, uint32_t n_digits, uint32_t value, uint32_t high) {
    return mode | n_digits << 4 | value << 8 | high << 20;
}

static uint32_t *escape_of(mote_cell *cell) {
    return cell->kind == MOTE_CELL_STRING ? &cell->c : &cell->e;
}

mote_escape mote_text_escape(const mote_cell *cell) {
    uint32_t packed = cell->kind == MOTE_CELL_STRING ? cell->c : cell->e;
    return (mote_escape){packed & 15, packed >> 4 & 15, packed >> 8 & 0xfff, packed >> 20};
}

bool mote_text_feed(mote_machine *m, mote_cell *cell, uint8_t byte) {
    if (cell->kind == MOTE_CELL_NAME)
        return mote_name_step(m, cell, byte);
    const mote_settled_string *s = mote_machine_string(m, cell);
    cell->a = mote_dfa_step(s->dfa, cell->a, byte);
    if ((byte & 0xc0) != 0x80 && !(cell->b & MOTE_COUNT_STILL))
        cell->b = s->bounded || cell->b < s->last ? cell->b + 1 : s->last;
    if (cell->g != 0 && cell->g != MOTE_TEXT_NEW)
        cell->g = m->probing ? mote_machine_find_text(m, cell->g, byte) : mote_machine_text(m, cell->g, byte);
    return mote_settled_string_rest(s, cell->a, cell->b) < MOTE_FAR && (cell->g == 0 || mote_unique_string_lives(m, cell));
}

bool mote_text_feed_code_point(mote_machine *m, mote_cell *cell, uint32_t c) {
    uint8_t bytes[4];
    size_t n = mote_unicode_encode(c, bytes);
    for (size_t i = 0; i < n; i++)
        if (!mote_text_feed(m, cell, bytes[i]))
            return false;
    return true;
}

/* Encodings of equal length, byte by byte: the first that lives. */
static bool find_encoding(mote_machine *m, const mote_cell *cell, const uint8_t *lo, const uint8_t *hi, size_t n, uint32_t before, uint32_t *found) {
    static const uint8_t least[] = {0x80, 0x80, 0x80}, most[] = {0xbf, 0xbf, 0xbf};
    if (n == 0) {
        *found = before;
        return true;
    }
    for (unsigned byte = lo[0]; byte <= hi[0]; byte++) {
        mote_cell next = *cell;
        if (!mote_text_feed(m, &next, (uint8_t)byte))
            continue;
        uint32_t value = byte < 0x80 ? byte : byte < 0xc0 ? before << 6 | (byte & 0x3f) : byte < 0xe0 ? byte & 0x1f : byte < 0xf0 ? byte & 0xf : byte & 7;
        if (find_encoding(m, &next, byte == lo[0] ? lo + 1 : least, byte == hi[0] ? hi + 1 : most, n - 1, value, found))
            return true;
    }
    return false;
}

bool mote_text_find(mote_machine *m, const mote_cell *cell, uint32_t lo, uint32_t hi, uint32_t *found) {
    static const uint32_t parts[][2] = {{0, 0x7f}, {0x80, 0x7ff}, {0x800, 0xd7ff}, {0xe000, 0xffff}, {0x10000, 0x10ffff}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint32_t from = lo > parts[i][0] ? lo : parts[i][0], to = hi < parts[i][1] ? hi : parts[i][1];
        uint8_t first[4], last[4];
        if (from > to)
            continue;
        size_t n = mote_unicode_encode(from, first);
        mote_unicode_encode(to, last);
        if (find_encoding(m, cell, first, last, n, 0, found))
            return true;
    }
    return false;
}

bool mote_text_find_escaped(mote_machine *m, const mote_cell *cell, uint32_t *found) {
    mote_escape e = mote_text_escape(cell);
    mote_cell plain = *cell;
    *escape_of(&plain) = 0;
    unsigned open = 4 * (4 - e.n_digits);
    uint32_t lo = e.value << open, hi = lo | ((1u << open) - 1), base = 0x10000 + (e.high << 10);
    switch (e.mode) {
    case MOTE_ESCAPE_NONE:
    case MOTE_ESCAPE_BEGUN:
        return mote_text_find(m, &plain, 0, 0x10ffff, found);
    case MOTE_ESCAPE_HEX:
        if (mote_text_find(m, &plain, lo, hi, found))
            return true;
        lo = lo > 0xd800 ? lo : 0xd800;
        hi = hi < 0xdbff ? hi : 0xdbff;
        return lo <= hi && mote_text_find(m, &plain, 0x10000 + ((lo - 0xd800) << 10), 0x10000 + ((hi - 0xd800) << 10 | 0x3ff), found);
    case MOTE_ESCAPE_HIGH:
    case MOTE_ESCAPE_HIGH_BEGUN:
        return mote_text_find(m, &plain, base, base | 0x3ff, found);
    case MOTE_ESCAPE_LOW:
        lo = lo > 0xdc00 ? lo : 0xdc00;
        hi = hi < 0xdfff ? hi : 0xdfff;
        return lo <= hi && mote_text_find(m, &plain, base | (lo - 0xdc00), base | (hi - 0xdc00), found);
    }
    return false;
}

int mote_text_simple_escape(uint8_t byte) {
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *at = byte != 0 ? strchr(letters, byte) : NULL;
    return at ? values[at - letters] : -1;
}

static bool lives(mote_machine *m, const mote_cell *cell) {
    uint32_t found;
    m->probing++;
    bool found_one = mote_text_find_escaped(m, cell, &found);
    m->probing--;
    return found_one;
}

static bool step_hex(mote_machine *m, mote_cell *cell, mote_escape e, uint8_t byte) {
    int v = mote_unicode_hex_digit(byte);
    uint32_t value = e.value << 4 | (uint32_t)v;
    if (v < 0)
        return false;
    if (e.n_digits < 3) {
        *escape_of(cell) = pack(e.mode, e.n_digits + 1, value, e.high);
        return lives(m, cell);
    }
    if (e.mode == MOTE_ESCAPE_HEX && value >= 0xd800 && value < 0xdc00) {
        *escape_of(cell) = pack(MOTE_ESCAPE_HIGH, 0, 0, value - 0xd800);
        return lives(m, cell);
    }
    if ((value >= 0xdc00 && value < 0xe000) != (e.mode == MOTE_ESCAPE_LOW))
        return false;
    *escape_of(cell) = 0;
    return mote_text_feed_code_point(m, cell, e.mode == MOTE_ESCAPE_LOW ? 0x10000 + (e.high << 10) + (value - 0xdc00) : value);
}

bool mote_text_step(mote_machine *m, mote_cell *cell, uint8_t byte) {
    mote_escape e = mote_text_escape(cell);
    switch (e.mode) {
    case MOTE_ESCAPE_NONE:
        if (byte != '\\')
            return byte >= 0x20 && byte != '"' && mote_text_feed(m, cell, byte);
        if (!mote_text_between(m, cell))
            return false;
        *escape_of(cell) = pack(MOTE_ESCAPE_BEGUN, 0, 0, 0);
        return lives(m, cell);
    case MOTE_ESCAPE_BEGUN:
        if (byte == 'u') {
            *escape_of(cell) = pack(MOTE_ESCAPE_HEX, 0, 0, 0);
            return lives(m, cell);
        }
        *escape_of(cell) = 0;
        return mote_text_simple_escape(byte) >= 0 && mote_text_feed(m, cell, (uint8_t)mote_text_simple_escape(byte));
    case MOTE_ESCAPE_HIGH:
        *escape_of(cell) = pack(MOTE_ESCAPE_HIGH_BEGUN, 0, 0, e.high);
        return byte == '\\';
    case MOTE_ESCAPE_HIGH_BEGUN:
        *escape_of(cell) = pack(MOTE_ESCAPE_LOW, 0, 0, e.high);
        return byte == 'u';
    case MOTE_ESCAPE_HEX:
    case MOTE_ESCAPE_LOW:
        return step_hex(m, cell, e, byte);
    }
    return false;
}

/* Not in the middle of a character: no byte that could only continue one lives. */
bool mote_text_between(mote_machine *m, const mote_cell *cell) {
    bool between = true;
    m->probing++;
    for (unsigned byte = 0x80; byte < 0xc0 && between; byte++) {
        mote_cell next = *cell;
        between = !mote_text_feed(m, &next, (uint8_t)byte);
    }
    m->probing--;
    return between;
}

void mote_machine_step_text(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    mote_cell next = *cell;
    if (byte == '"' && mote_text_escape(cell).mode == MOTE_ESCAPE_NONE) {
        if (cell->kind == MOTE_CELL_NAME)
            mote_name_end(m, cell);
        else if (mote_settled_string_rest(mote_machine_string(m, cell), cell->a, cell->b) == 0) {
            mote_cell parent = m->cells[cell->parent];
            if (cell->g == 0)
                mote_machine_emit_id(m, cell->parent);
            else if (mote_unique_take(m, &parent, cell->g))
                mote_machine_emit(m, &parent);
        }
    } else if (mote_text_step(m, &next, byte))
        mote_machine_emit(m, &next);
}
