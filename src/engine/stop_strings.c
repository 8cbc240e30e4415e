#include "engine/stop_strings.h"

#include "base/error.h"
#include "base/mem.h"

enum { MAX_STRINGS = 256, MAX_STRING_BYTES = 4096 };

mote_status mote_stop_strings_init(mote_stop_strings *s, const char *const *strings, size_t n, mote_error *err) {
    *s = (mote_stop_strings){0};
    if (n == 0)
        return MOTE_OK;
    if (n > MAX_STRINGS)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%zu stop strings; at most %d", n, MAX_STRINGS);
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(strings[i]);
        if (len == 0 || len > MAX_STRING_BYTES)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "stop string %zu: %zu bytes, not between 1 and %d", i, len, MAX_STRING_BYTES);
        total += len;
    }
    s->items = mote_mem_alloc_array(n, sizeof *s->items);
    s->bytes = mote_mem_alloc(total);
    if (!s->items || !s->bytes) {
        mote_stop_strings_deinit(s);
        return mote_error_alloc(err, total);
    }
    char *at = s->bytes;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(strings[i]);
        memcpy(at, strings[i], len);
        s->items[s->n_items++] = (mote_str){at, len};
        s->longest = len > s->longest ? len : s->longest;
        at += len;
    }
    return MOTE_OK;
}

void mote_stop_strings_deinit(mote_stop_strings *s) {
    mote_mem_free(s->items);
    mote_mem_free(s->bytes);
    *s = (mote_stop_strings){0};
}

size_t mote_stop_strings_find(const mote_stop_strings *s, mote_str text, size_t seen) {
    size_t from = seen >= s->longest ? seen - s->longest + 1 : 0;
    for (size_t at = from; s->n_items > 0 && at < text.len; at++)
        for (size_t i = 0; i < s->n_items; i++)
            if (mote_str_starts((mote_str){text.data + at, text.len - at}, s->items[i]))
                return at;
    return MOTE_STOP_NONE;
}

size_t mote_stop_strings_held(const mote_stop_strings *s, mote_str text) {
    size_t longest = 0;
    for (size_t i = 0; i < s->n_items; i++) {
        size_t most = s->items[i].len - 1 < text.len ? s->items[i].len - 1 : text.len;
        for (size_t n = most; n > longest; n--)
            if (memcmp(text.data + text.len - n, s->items[i].data, n) == 0) {
                longest = n;
                break;
            }
    }
    return longest;
}
