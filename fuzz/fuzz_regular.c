/* Regular expressions: the expression up to the first NUL, then a text to match. The automaton of a whole match has to close from wherever the text leads. */
#include "text/regular.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void walk(mote_str pattern, const uint8_t *text, size_t n) {
    mote_automaton *a = NULL;
    mote_error err = {0};
    if (mote_regular_automaton(pattern, &a, &err) != MOTE_OK)
        return;
    mote_state s = a->ops->start(a);
    for (size_t i = 0; i < n && s != MOTE_STATE_DEAD; i++) {
        mote_state t = a->ops->step(a, s, text[i]);
        s = t != MOTE_STATE_DEAD ? t : s;
    }
    for (uint32_t left = s != MOTE_STATE_DEAD ? a->ops->distance(a, s) : 0; left > 0; left--) {
        if (a->ops->distance(a, s) != left)
            __builtin_trap();
        s = a->ops->step(a, s, (unsigned char)a->ops->closing(a, s));
    }
    if (s != MOTE_STATE_DEAD && !a->ops->accepts(a, s))
        __builtin_trap();
    a->ops->free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    const uint8_t *end = n_bytes > 0 ? memchr(data, 0, n_bytes) : NULL;
    size_t n = end ? (size_t)(end - data) : n_bytes, n_text = end ? n_bytes - n - 1 : 0;
    mote_str pattern = {(const char *)data, n};
    mote_regular *r = NULL;
    mote_error err = {0};
    if (mote_regular_compile(pattern, &r, &err) == MOTE_OK)
        mote_regular_matches(r, (mote_str){(const char *)data + n_bytes - n_text, n_text});
    else if (r || err.message[0] == '\0')
        __builtin_trap();
    mote_regular_free(&r);
    walk(pattern, data + n_bytes - n_text, n_text);
    return 0;
}
