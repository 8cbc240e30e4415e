/* Grammars: the bytes up to the first NUL are GBNF, the rest a text. What compiles is walked; each state on the way must be closed by exactly as many bytes as it says, and a
 * refresh may change nothing. */
#include "text/constraint.h"
#include "text/grammar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

enum { MAX_CLOSING = 200, MAX_CHECKED = 6 };

static void check(bool ok) {
    if (!ok)
        abort();
}

/* Follows the closing, as far as it is short enough and there is room. */
static void close_text(mote_automaton *a, mote_state s) {
    uint32_t n = a->ops->distance(a, s);
    check((n == 0) == a->ops->accepts(a, s));
    for (; n > 0 && n < MAX_CLOSING; n--) {
        int byte = a->ops->closing(a, s);
        check(byte >= 0);
        s = a->ops->step(a, s, (unsigned char)byte);
        if (s == MOTE_STATE_FULL)
            return;
        check(s != MOTE_STATE_DEAD && a->ops->distance(a, s) == n - 1);
    }
}

/* A key decides about every byte that stays inside. */
static void check_key(mote_automaton *a, mote_state s) {
    uint32_t key = a->ops->key(a, s);
    for (unsigned b = 0; key && b < 256; b++) {
        uint32_t inner = a->ops->inner(a, key, (unsigned char)b);
        mote_state next = a->ops->step(a, s, (unsigned char)b);
        if (next == MOTE_STATE_FULL)
            return;
        check(inner != MOTE_STATE_DEAD || next == MOTE_STATE_DEAD);
        check(inner == MOTE_STATE_DEAD || inner == MOTE_STATE_LEFT || a->ops->key(a, next) == inner);
    }
}

static void walk(mote_automaton *a, const uint8_t *text, size_t len) {
    mote_state s = a->ops->start(a);
    for (size_t i = 0; i <= len && s != MOTE_STATE_DEAD && s != MOTE_STATE_FULL; i++) {
        uint32_t distance = a->ops->distance(a, s);
        if (i < MAX_CHECKED) {
            close_text(a, s);
            check_key(a, s);
        }
        if (i % 5 == 4)
            s = a->ops->refresh(a, s);
        check(a->ops->distance(a, s) == distance);
        if (i < len) {
            mote_state next = a->ops->step(a, s, text[i]);
            if (next == MOTE_STATE_FULL)
                next = a->ops->step(a, a->ops->refresh(a, s), text[i]);
            s = next;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    const uint8_t *end = n_bytes ? memchr(data, 0, n_bytes) : NULL;
    size_t n_grammar = end ? (size_t)(end - data) : n_bytes;
    mote_error err = {0};
    mote_grammar *g = NULL;
    mote_automaton *a = NULL;
    mote_status status = mote_grammar_compile((mote_str){(const char *)data, n_grammar}, &g, &err);
    check((status == MOTE_OK) == (err.message[0] == 0));
    if (status == MOTE_OK && mote_grammar_automaton(g, &a, &err) == MOTE_OK)
        walk(a, end ? end + 1 : data, end ? n_bytes - n_grammar - 1 : 0);
    mote_automaton_free(&a);
    mote_grammar_free(&g);
    return 0;
}
