/* Jansson behind a guard. Before Jansson sees the text one pass over its bytes bounds nesting and the number of values (Jansson's parser recurses, and a
 * value takes some fifty times the two bytes it may be written in) and finds integers that do not fit int64_t. Jansson knows only "all integers" or "no
 * integer" as reals, so those few get an exponent of zero in a copy of the text, which makes reals of them and leaves ordinary integers exact.
 *
 * A mote_json is a json_t that nobody else can name. RFC 8259. */
#include "formats/json.h"

#include "base/error.h"
#include "base/file.h"

#include <jansson.h>

enum {
    MAX_TEXT_BYTES = 256 << 20, /* the largest tokenizer.json known has 33 MB */
    MAX_DEPTH = 512,            /* recursion of readers and of Jansson; browsers allow as much */
    MAX_VALUES = 8 << 20,       /* at 50 to 100 bytes each; a vocabulary of 256,000 with its merges has two million */
    MAX_INT64_DIGITS = 19
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Whether the integer text[start..end), with an optional minus sign, is outside int64_t. */
static bool is_outside_int64(const char *text, size_t start, size_t end) {
    static const char most[] = "9223372036854775807", least[] = "9223372036854775808";
    bool negative = text[start] == '-';
    start += negative;
    if (end - start != MAX_INT64_DIGITS)
        return end - start > MAX_INT64_DIGITS;
    return memcmp(text + start, negative ? least : most, MAX_INT64_DIGITS) > 0;
}

typedef struct scan {
    const char *text;
    size_t len, at;
    size_t depth, n_values;
    bool in_string;
} scan;

/* Moves to behind the next integer that does not fit int64_t, or to the end. What is no JSON is passed over: Jansson will say so. */
static mote_status scan_to_big_integer(scan *s, bool *found, mote_error *err) {
    *found = false;
    while (s->at < s->len) {
        char c = s->text[s->at++];
        if (s->in_string) {
            if (c == '"')
                s->in_string = false;
            else if (c == '\\' && s->at < s->len)
                s->at++;
        } else if (c == '"') {
            s->in_string = true;
        } else if (c == '[' || c == '{') {
            s->n_values++;
            if (++s->depth > MAX_DEPTH)
                return mote_error_set(err, MOTE_ERR_LIMIT, "JSON: nesting is deeper than %d levels at byte %zu", MAX_DEPTH, s->at - 1);
        } else if (c == ']' || c == '}') {
            s->depth -= s->depth > 0;
        } else if (c == ',' || c == ':') {
            if (++s->n_values > MAX_VALUES)
                return mote_error_set(err, MOTE_ERR_LIMIT, "JSON: more than %d values at byte %zu", MAX_VALUES, s->at - 1);
        } else if (c == '-' || is_digit(c)) {
            size_t start = s->at - 1;
            while (s->at < s->len && is_digit(s->text[s->at]))
                s->at++;
            char next = s->at < s->len ? s->text[s->at] : 0;
            bool is_real = next == '.' || next == 'e' || next == 'E';
            if (!is_real && is_outside_int64(s->text, start, s->at)) {
                *found = true;
                return MOTE_OK;
            }
            while (is_real && s->at < s->len && (is_digit(s->text[s->at]) || strchr(".eE+-", s->text[s->at])) && s->text[s->at])
                s->at++;
        }
    }
    return MOTE_OK;
}

/* Appends to every integer outside int64_t. Leaves `copy` empty when there is none. */
static mote_status widen_integers(const char *text, size_t len, mote_buffer *copy, mote_error *err) {
    scan s = {.text = text, .len = len};
    size_t done = 0;
    for (;;) {
        bool found;
        MOTE_TRY(scan_to_big_integer(&s, &found, err));
        if (!found && done == 0)
            return MOTE_OK;
        mote_status status = mote_buffer_append(copy, text + done, s.at - done);
        if (status == MOTE_OK && found)
            status = mote_buffer_append_text(copy, "e0");
        if (status == MOTE_ERR_LIMIT)
            return mote_error_set(err, status, "JSON: too many integers that do not fit 64 bits before byte %zu", s.at);
        if (status != MOTE_OK)
            return mote_error_alloc(err, len);
        done = s.at;
        if (!found)
            return MOTE_OK;
    }
}

/* The place in the text given of a place in its widened copy. */
static size_t original_offset(const char *text, size_t len, size_t copy_offset) {
    scan s = {.text = text, .len = len};
    size_t n_added = 0;
    bool found;
    while (scan_to_big_integer(&s, &found, NULL) == MOTE_OK && found && s.at + n_added < copy_offset)
        n_added += 2;
    return copy_offset >= n_added ? copy_offset - n_added : 0;
}

mote_status mote_json_parse(const char *text, size_t text_bytes, mote_json **root, mote_error *err) {
    *root = NULL;
    if (text_bytes > MAX_TEXT_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "JSON: a text of %zu bytes is longer than %d", text_bytes, MAX_TEXT_BYTES);
    const char *nul = text_bytes ? memchr(text, 0, text_bytes) : NULL; /* Jansson 2.14 passes over one behind a number or a word */
    if (nul)
        return mote_error_set(err, MOTE_ERR_FORMAT, "JSON: invalid NUL at byte %zu", (size_t)(nul - text));
    mote_buffer copy;
    mote_buffer_init(&copy, MAX_TEXT_BYTES);
    json_error_t error;
    json_t *value = NULL;
    mote_status status;
    MOTE_TRY_DONE(widen_integers(text, text_bytes, &copy, err));
    mote_str used = copy.len ? mote_buffer_str(&copy) : (mote_str){text_bytes ? text : "", text_bytes};
    value = json_loadb(used.data, used.len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (!value && json_error_code(&error) == json_error_out_of_memory) {
        status = mote_error_alloc(err, used.len);
    } else if (!value) {
        size_t at = error.position > 0 ? (size_t)error.position : 0;
        status = mote_error_set(err, MOTE_ERR_FORMAT, "JSON: %s at byte %zu", error.text, copy.len ? original_offset(text, text_bytes, at) : at);
    }
    *root = (mote_json *)value;
done:
    mote_buffer_deinit(&copy);
    return status;
}

mote_status mote_json_read(const char *path, mote_json **root, mote_error *err) {
    *root = NULL;
    mote_buffer text;
    mote_buffer_init(&text, MAX_TEXT_BYTES);
    mote_status status;
    MOTE_TRY_DONE(mote_file_read(path, &text, err));
    status = mote_json_parse(text.data, text.len, root, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", path);
done:
    mote_buffer_deinit(&text);
    return status;
}

void mote_json_free(mote_json **root) {
    json_decref((json_t *)*root);
    *root = NULL;
}

mote_json_type mote_json_typeof(const mote_json *v) {
    if (!v)
        return MOTE_JSON_NULL;
    switch (json_typeof((const json_t *)v)) {
    case JSON_OBJECT:
        return MOTE_JSON_OBJECT;
    case JSON_ARRAY:
        return MOTE_JSON_ARRAY;
    case JSON_STRING:
        return MOTE_JSON_STRING;
    case JSON_INTEGER:
        return MOTE_JSON_INTEGER;
    case JSON_REAL:
        return MOTE_JSON_REAL;
    case JSON_TRUE:
        return MOTE_JSON_TRUE;
    case JSON_FALSE:
        return MOTE_JSON_FALSE;
    case JSON_NULL:
        break;
    }
    return MOTE_JSON_NULL;
}

bool mote_json_is_number(const mote_json *v) {
    return json_is_number((const json_t *)v);
}

int64_t mote_json_integer(const mote_json *v, int64_t otherwise) {
    return json_is_integer((const json_t *)v) ? json_integer_value((const json_t *)v) : otherwise;
}

double mote_json_number(const mote_json *v, double otherwise) {
    return json_is_number((const json_t *)v) ? json_number_value((const json_t *)v) : otherwise;
}

bool mote_json_bool(const mote_json *v, bool otherwise) {
    return json_is_boolean((const json_t *)v) ? json_is_true((const json_t *)v) : otherwise;
}

mote_str mote_json_string(const mote_json *v) {
    return (mote_str){json_string_value((const json_t *)v), json_string_length((const json_t *)v)};
}

const char *mote_json_text(const mote_json *v) {
    mote_str s = mote_json_string(v);
    return s.data && strlen(s.data) == s.len ? s.data : NULL;
}

size_t mote_json_length(const mote_json *v) {
    return json_is_object((const json_t *)v) ? json_object_size((const json_t *)v) : json_array_size((const json_t *)v);
}

const mote_json *mote_json_at(const mote_json *array, size_t index) {
    return (const mote_json *)json_array_get((const json_t *)array, index);
}

const mote_json *mote_json_get(const mote_json *object, const char *key) {
    return (const mote_json *)json_object_get((const json_t *)object, key);
}

mote_json_iter *mote_json_first(const mote_json *object) {
    return json_object_iter((json_t *)object);
}

mote_json_iter *mote_json_next(const mote_json *object, mote_json_iter *it) {
    return json_object_iter_next((json_t *)object, it);
}

mote_str mote_json_iter_key(mote_json_iter *it) {
    return (mote_str){json_object_iter_key(it), json_object_iter_key_len(it)};
}

const mote_json *mote_json_iter_value(mote_json_iter *it) {
    return (const mote_json *)json_object_iter_value(it);
}
