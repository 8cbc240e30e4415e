/* Values: what Jansson stores, read through getters. A mote_json is a json_t that nobody else can name. json_parse.c makes them. */
#include "formats/json.h"

#include "base/error.h"
#include "base/file.h"

#include <jansson.h>

enum { MAX_FILE_BYTES = 256 << 20 }; /* what mote_json_parse takes */

mote_status mote_json_read(const char *path, mote_json **root, mote_error *err) {
    *root = NULL;
    mote_buffer text;
    mote_buffer_init(&text, MAX_FILE_BYTES);
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

const mote_json *mote_json_get_str(const mote_json *object, mote_str key) {
    return (const mote_json *)json_object_getn((const json_t *)object, key.data, key.len);
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
