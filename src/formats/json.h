/* JSON values, read with limits: depth, size, UTF-8 and duplicate keys are checked. Jansson stores them; only json.c and json_parse.c know.
 * A mote_json * is borrowed from its document unless a name says otherwise. Every getter accepts NULL and a value of another type and then gives its default. */
#ifndef MOTE_FORMATS_JSON_H
#define MOTE_FORMATS_JSON_H

#include "base/buffer.h"
#include "base/str.h"

#include <mote/status.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct mote_json mote_json;

typedef enum mote_json_type {
    MOTE_JSON_NULL,
    MOTE_JSON_FALSE,
    MOTE_JSON_TRUE,
    MOTE_JSON_INTEGER, /* fits int64_t */
    MOTE_JSON_REAL,    /* has a fraction or exponent, or is an integer too large for int64_t */
    MOTE_JSON_STRING,
    MOTE_JSON_ARRAY,
    MOTE_JSON_OBJECT
} mote_json_type;

/* Parses one value (any type at the top; whitespace around it). MOTE_ERR_FORMAT names what and the byte offset; _LIMIT (depth, size); _ALLOC. */
MOTE_MUST_CHECK mote_status mote_json_parse(const char *text, size_t text_bytes, mote_json **root, mote_error *err);
/* The same from a file. Messages begin with the path. */
MOTE_MUST_CHECK mote_status mote_json_read(const char *path, mote_json **root, mote_error *err);
void mote_json_free(mote_json **root); /* of a document's root only */

mote_json_type mote_json_typeof(const mote_json *v); /* NULL gives MOTE_JSON_NULL */
bool mote_json_is_number(const mote_json *v);
int64_t mote_json_integer(const mote_json *v, int64_t otherwise);
double mote_json_number(const mote_json *v, double otherwise); /* integers too */
bool mote_json_bool(const mote_json *v, bool otherwise);
mote_str mote_json_string(const mote_json *v);  /* empty {NULL,0} otherwise; may hold NUL */
const char *mote_json_text(const mote_json *v); /* NUL-terminated; NULL if not a string or with a NUL inside */

size_t mote_json_length(const mote_json *v); /* members of an array or object */
const mote_json *mote_json_at(const mote_json *array, size_t index);
const mote_json *mote_json_get(const mote_json *object, const char *key);  /* NULL if absent */
const mote_json *mote_json_get_str(const mote_json *object, mote_str key); /* the same; the key may hold NULs */

/* Members of an object in file order: for (it = mote_json_first(o); it; it = mote_json_next(o, it)). */
typedef void mote_json_iter;
mote_json_iter *mote_json_first(const mote_json *object);
mote_json_iter *mote_json_next(const mote_json *object, mote_json_iter *it);
mote_str mote_json_iter_key(mote_json_iter *it);
const mote_json *mote_json_iter_value(mote_json_iter *it);

/* Writing: appends to a buffer. Strings are escaped as JSON needs; malformed UTF-8 becomes U+FFFD. Reals with the fewest digits that read back the same; NaN and infinities as
 * null. */
MOTE_MUST_CHECK mote_status mote_json_write_string(mote_buffer *out, mote_str s);
MOTE_MUST_CHECK mote_status mote_json_write_real(mote_buffer *out, double x);
MOTE_MUST_CHECK mote_status mote_json_write(mote_buffer *out, const mote_json *v); /* compact */

#endif
