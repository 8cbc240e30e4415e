/* PCRE2 without its own JIT stack: the 32 KiB it takes of the machine's are enough for the patterns in use, and what exceeds them falls back to the heap. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <pcre2.h>
#include <stdbool.h>
#include <string.h>

/* A search that takes ten million steps would block for about a tenth of a second; 64 MiB is what a megabyte of nested groups needs. */
enum { MATCH_LIMIT = 10000000, HEAP_LIMIT_KIB = 64 << 10, PATTERN_MAX = 1 << 16 };

mote_status mote_regex_compile(mote_str pattern, void **regex, mote_error *err) {
    int code;
    PCRE2_SIZE offset;
    *regex = NULL;
    if (pattern.len > PATTERN_MAX)
        return mote_error_set(err, MOTE_ERR_LIMIT, "a pattern of %zu bytes, at most %d are compiled", pattern.len, PATTERN_MAX);
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)(pattern.len ? pattern.data : ""), pattern.len, PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &offset, NULL);
    if (!re)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "pattern '%.*s' is not understood at %zu", MOTE_STR_ARGS(pattern), (size_t)offset);
    (void)pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
    *regex = re;
    return MOTE_OK;
}

void mote_regex_free(void *regex) {
    pcre2_code_free(regex);
}

/* Checking once keeps PCRE2 from checking the rest of the text before each match. A malformed byte reads as U+001A, which is neither letter, digit nor space. */
static bool clean_text(mote_regex_search *s) {
    for (size_t i = 0; i < s->len;) {
        uint32_t c;
        size_t n = mote_unicode_decode(s->text + i, s->len - i, &c);
        if (c == MOTE_UNICODE_BAD) {
            if (!s->clean) {
                s->clean = mote_mem_alloc(s->len);
                if (!s->clean)
                    return false;
                memcpy(s->clean, s->text, s->len);
            }
            s->clean[i] = 0x1a;
        }
        i += n;
    }
    if (s->clean)
        s->text = s->clean;
    return true;
}

mote_status mote_regex_search_init(mote_regex_search *s, const void *regex, const uint8_t *text, size_t len, mote_error *err) {
    *s = (mote_regex_search){.code = regex, .text = text, .len = len};
    s->match = pcre2_match_data_create_from_pattern(regex, NULL);
    s->context = pcre2_match_context_create(NULL);
    if (!s->match || !s->context || !clean_text(s)) {
        mote_regex_search_deinit(s);
        return mote_error_alloc(err, len);
    }
    pcre2_set_match_limit(s->context, MATCH_LIMIT);
    pcre2_set_heap_limit(s->context, HEAP_LIMIT_KIB);
    return MOTE_OK;
}

void mote_regex_search_deinit(mote_regex_search *s) {
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->context);
    mote_mem_free(s->clean);
    s->match = s->context = s->clean = NULL;
}

mote_status mote_regex_search_next(mote_regex_search *s, size_t *start, size_t *end, mote_error *err) {
    *start = *end = s->len;
    bool after_empty = false;
    while (s->at < s->len) {
        uint32_t options = PCRE2_NO_UTF_CHECK | (after_empty ? PCRE2_NOTEMPTY_ATSTART : 0);
        int rc = pcre2_match(s->code, s->text, s->len, s->at, options, s->match, s->context);
        if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
            rc = pcre2_match(s->code, s->text, s->len, s->at, PCRE2_NO_JIT | options, s->match, s->context);
        if (rc == PCRE2_ERROR_NOMATCH)
            return MOTE_OK;
        if (rc < 0)
            return mote_error_set(err, rc == PCRE2_ERROR_NOMEMORY ? MOTE_ERR_ALLOC : MOTE_ERR_LIMIT, "a pattern of the tokenizer gave up at byte %zu of the text (PCRE2: %d)",
                                  s->at, rc);
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(s->match);
        if (at[0] < at[1] && at[0] >= s->at) {
            *start = at[0];
            *end = s->at = at[1];
            return MOTE_OK;
        }
        after_empty = true;
        s->at = at[0] > s->at ? at[0] : s->at;
    }
    return MOTE_OK;
}
