/* Normal forms follow Unicode Standard Annex 15: decompose, order marks by combining class, compose. utf8proc has the tables and the composition; its own
 * ordering takes quadratic time on long runs of marks, so marks are sorted here. */
#include "text/normalize.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/regex.h"
#include "text/unicode.h"

#include <string.h>
#include <utf8proc.h>

/* UAX 15's longest decomposition of one character has 18 code points. */
enum { DECOMPOSED_MAX = 32, CLASSES = 256, SHORT_RUN = 16 };

typedef struct points {
    utf8proc_int32_t *items;
    size_t len, capacity;
} points;

static bool points_room(points *p, size_t more) {
    if (p->len + more <= p->capacity)
        return true;
    size_t capacity = p->capacity ? p->capacity * 2 : 256;
    if (capacity < p->len + more)
        capacity = p->len + more;
    utf8proc_int32_t *items = mote_mem_resize_array(p->items, capacity, sizeof *items);
    if (!items)
        return false;
    p->items = items;
    p->capacity = capacity;
    return true;
}

static int combining_class(utf8proc_int32_t c) {
    return c < 0x300 ? 0 : utf8proc_get_property(c)->combining_class;
}

/* Stable sort of a run of marks by combining class: insertion for the usual two or three, counting for the hostile thousands. */
static bool sort_marks(utf8proc_int32_t *run, size_t n) {
    if (n <= SHORT_RUN) {
        for (size_t i = 1; i < n; i++) {
            utf8proc_int32_t c = run[i];
            size_t k = i;
            for (; k > 0 && combining_class(run[k - 1]) > combining_class(c); k--)
                run[k] = run[k - 1];
            run[k] = c;
        }
        return true;
    }
    size_t start[CLASSES + 1] = {0};
    utf8proc_int32_t *sorted = mote_mem_alloc_array(n, sizeof *sorted);
    if (!sorted)
        return false;
    for (size_t i = 0; i < n; i++)
        start[combining_class(run[i]) + 1]++;
    for (size_t k = 0; k < CLASSES; k++)
        start[k + 1] += start[k];
    for (size_t i = 0; i < n; i++)
        sorted[start[combining_class(run[i])]++] = run[i];
    memcpy(run, sorted, n * sizeof *run);
    mote_mem_free(sorted);
    return true;
}

static mote_status flush_points(points *p, bool compose, mote_buffer *out) {
    for (size_t i = 0; i < p->len;) {
        size_t n = 0;
        while (i + n < p->len && combining_class(p->items[i + n]) != 0)
            n++;
        if (n > 1 && !sort_marks(p->items + i, n))
            return MOTE_ERR_ALLOC;
        i += n ? n : 1;
    }
    size_t len = p->len;
    if (compose && len > 1) {
        utf8proc_ssize_t n = utf8proc_normalize_utf32(p->items, (utf8proc_ssize_t)len, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
        if (n < 0)
            return MOTE_ERR_FAILED;
        len = (size_t)n;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t bytes[4];
        MOTE_TRY(mote_buffer_append(out, bytes, mote_unicode_encode((uint32_t)p->items[i], bytes)));
    }
    p->len = 0;
    return MOTE_OK;
}

/* Malformed bytes pass as they are and separate what is around them. */
static mote_status normal_form(mote_normalize_op op, const uint8_t *text, size_t len, mote_buffer *out) {
    bool compose = op == MOTE_NORMALIZE_NFC || op == MOTE_NORMALIZE_NFKC, compatible = op == MOTE_NORMALIZE_NFKC || op == MOTE_NORMALIZE_NFKD;
    utf8proc_option_t options = UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
    points p = {0};
    mote_status status = MOTE_OK;
    int boundary_class = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = mote_unicode_decode(text + i, len - i, &c);
        if (c < 0x80 || c == MOTE_UNICODE_BAD) {
            /* Nothing composes across ASCII from the left, but ASCII itself may begin a composition: it stays pending unless the next is ASCII too. */
            MOTE_TRY_DONE(p.len ? flush_points(&p, compose, out) : MOTE_OK);
            if (c == MOTE_UNICODE_BAD || i + n >= len || text[i + n] < 0x80) {
                MOTE_TRY_DONE(mote_buffer_append(out, text + i, n));
                i += n;
                continue;
            }
        }
        if (!points_room(&p, DECOMPOSED_MAX)) {
            status = MOTE_ERR_ALLOC;
            goto done;
        }
        utf8proc_ssize_t k = utf8proc_decompose_char((utf8proc_int32_t)c, p.items + p.len, DECOMPOSED_MAX, options, &boundary_class);
        if (k < 0 || k > DECOMPOSED_MAX) {
            status = MOTE_ERR_FAILED;
            goto done;
        }
        p.len += (size_t)k;
        i += n;
    }
    status = flush_points(&p, compose, out);
done:
    mote_mem_free(p.items);
    return status;
}

/* The one-to-many case: U+0130 becomes i and U+0307. A final capital sigma is lowered as any other. */
static mote_status append_lower(uint32_t c, mote_buffer *out) {
    if (c == 0x130)
        return mote_buffer_append(out, "i\xcc\x87", 3);
    uint8_t bytes[4];
    return mote_buffer_append(out, bytes, mote_unicode_encode((uint32_t)utf8proc_tolower((utf8proc_int32_t)c), bytes));
}

static bool is_han(uint32_t c) {
    static const uint32_t ranges[][2] = {{0x4e00, 0x9fff},   {0x3400, 0x4dbf},   {0x20000, 0x2a6df}, {0x2a700, 0x2b73f},
                                         {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf}, {0xf900, 0xfaff},   {0x2f800, 0x2fa1f}};
    if (c < 0x3400)
        return false;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

static mote_status map_character(mote_normalize_op op, uint32_t c, const uint8_t *bytes, size_t n, mote_buffer *out) {
    uint32_t class = mote_unicode_class(c);
    if (c == MOTE_UNICODE_BAD)
        return op == MOTE_NORMALIZE_CLEAN ? MOTE_OK : mote_buffer_append(out, bytes, n);
    switch (op) {
    case MOTE_NORMALIZE_LOWERCASE:
        return c < 0x80 ? mote_buffer_append_char(out, (char)(c - 'A' < 26 ? c + 32 : c)) : append_lower(c, out);
    case MOTE_NORMALIZE_STRIP_ACCENTS:
        return class & MOTE_UNICODE_MN ? MOTE_OK : mote_buffer_append(out, bytes, n);
    case MOTE_NORMALIZE_STRIP_MARKS:
        return class & MOTE_UNICODE_M ? MOTE_OK : mote_buffer_append(out, bytes, n);
    case MOTE_NORMALIZE_CLEAN:
        if (c == '\t' || c == '\n' || c == '\r')
            return mote_buffer_append_char(out, ' ');
        if (c == 0 || c == 0xfffd || class & (MOTE_UNICODE_CC | MOTE_UNICODE_CF | MOTE_UNICODE_CO))
            return MOTE_OK;
        return class & MOTE_UNICODE_SPACE ? mote_buffer_append_char(out, ' ') : mote_buffer_append(out, bytes, n);
    default: /* MOTE_NORMALIZE_SPACE_HAN */
        if (!is_han(c))
            return mote_buffer_append(out, bytes, n);
        MOTE_TRY(mote_buffer_append_char(out, ' '));
        MOTE_TRY(mote_buffer_append(out, bytes, n));
        return mote_buffer_append_char(out, ' ');
    }
}

static mote_status replace(const mote_normalize_step *step, const uint8_t *text, size_t len, mote_buffer *out) {
    size_t from = 0;
    while (step->pattern_len && from < len) {
        const uint8_t *at = memmem(text + from, len - from, step->pattern, step->pattern_len);
        if (!at)
            break;
        MOTE_TRY(mote_buffer_append(out, text + from, (size_t)(at - text) - from));
        MOTE_TRY(mote_buffer_append(out, step->content, step->content_len));
        from = (size_t)(at - text) + step->pattern_len;
    }
    return mote_buffer_append(out, text + from, len - from);
}

static mote_status replace_regex(const mote_normalize_step *step, const uint8_t *text, size_t len, mote_buffer *out, mote_error *err) {
    mote_regex_search search;
    MOTE_TRY(mote_regex_search_init(&search, step->regex, text, len, err));
    mote_status status = MOTE_OK;
    size_t from = 0, start, end;
    while ((status = mote_regex_search_next(&search, &start, &end, err)) == MOTE_OK && start < len) {
        MOTE_TRY_DONE(mote_buffer_append(out, text + from, start - from));
        MOTE_TRY_DONE(mote_buffer_append(out, step->content, step->content_len));
        from = end;
    }
    if (status == MOTE_OK)
        status = mote_buffer_append(out, text + from, len - from);
done:
    mote_regex_search_deinit(&search);
    return status;
}

static mote_status strip(const mote_normalize_step *step, const uint8_t *text, size_t len, mote_buffer *out) {
    size_t first = len, last = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = mote_unicode_decode(text + i, len - i, &c);
        if (!mote_unicode_is_space(c)) {
            first = first < i ? first : i;
            last = i + n;
        }
        i += n;
    }
    size_t from = step->left ? first : 0, to = step->right ? last : len;
    return from < to ? mote_buffer_append(out, text + from, to - from) : MOTE_OK;
}

static mote_status merge_spaces(const uint8_t *text, size_t len, mote_buffer *out) {
    bool pending = false, begun = false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ') {
            pending = begun;
            continue;
        }
        if (pending)
            MOTE_TRY(mote_buffer_append_char(out, ' '));
        MOTE_TRY(mote_buffer_append_char(out, (char)text[i]));
        pending = false;
        begun = true;
    }
    return MOTE_OK;
}

static mote_status prepend(const mote_normalize_step *step, const uint8_t *text, size_t len, bool first, mote_buffer *out) {
    bool has = step->op != MOTE_NORMALIZE_PREPEND && len >= step->content_len && memcmp(text, step->content, step->content_len) == 0;
    if (len > 0 && !has && (first || step->op != MOTE_NORMALIZE_PREPEND_FIRST))
        MOTE_TRY(mote_buffer_append(out, step->content, step->content_len));
    return mote_buffer_append(out, text, len);
}

static mote_status apply(const mote_normalize_step *step, const uint8_t *text, size_t len, bool first, mote_buffer *out, mote_error *err) {
    switch (step->op) {
    case MOTE_NORMALIZE_NFC:
    case MOTE_NORMALIZE_NFD:
    case MOTE_NORMALIZE_NFKC:
    case MOTE_NORMALIZE_NFKD:
        return normal_form(step->op, text, len, out);
    case MOTE_NORMALIZE_STRIP:
        return strip(step, text, len, out);
    case MOTE_NORMALIZE_REPLACE:
        return replace(step, text, len, out);
    case MOTE_NORMALIZE_PREPEND:
    case MOTE_NORMALIZE_PREPEND_NEW:
    case MOTE_NORMALIZE_PREPEND_FIRST:
        return prepend(step, text, len, first, out);
    case MOTE_NORMALIZE_APPEND:
        MOTE_TRY(mote_buffer_append(out, text, len));
        return len ? mote_buffer_append(out, step->content, step->content_len) : MOTE_OK;
    case MOTE_NORMALIZE_MERGE_SPACES:
        return merge_spaces(text, len, out);
    case MOTE_NORMALIZE_CHARSMAP:
        return mote_charsmap_apply((const uint8_t *)step->content, step->content_len, text, len, out);
    case MOTE_NORMALIZE_REGEX:
        return replace_regex(step, text, len, out, err);
    default:
        break;
    }
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = mote_unicode_decode(text + i, len - i, &c);
        MOTE_TRY(map_character(step->op, c, text + i, n, out));
        i += n;
    }
    return MOTE_OK;
}

mote_status mote_normalize_apply(const mote_normalize_step *step, const uint8_t *text, size_t len, bool first, mote_buffer *out, mote_error *err) {
    mote_status status = apply(step, text, len, first, out, err);
    if (status == MOTE_ERR_ALLOC || (status == MOTE_ERR_LIMIT && step->op != MOTE_NORMALIZE_REGEX))
        return mote_error_set(err, status, "normalizing %zu bytes of text: %s", len, mote_status_text(status));
    return status;
}

void mote_normalize_step_deinit(mote_normalize_step *step) {
    mote_mem_free(step->pattern);
    mote_mem_free(step->content);
    mote_regex_free(step->regex);
    *step = (mote_normalize_step){0};
}
