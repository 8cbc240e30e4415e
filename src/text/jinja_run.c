/* Failing with a line number, paying for work, building text, and calling built-ins with Python's rules for arguments. */
#include "text/jinja_run.h"

#include "base/error.h"
#include "text/jinja_ast.h"
#include "text/jinja_unicode.h"

#include <stdarg.h>
#include <stdio.h>

bool mote_jinja_fail(jinja_run *r, mote_status status, const char *fmt, ...) {
    char message[MOTE_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    r->status = mote_error_set(r->err, status, "template line %u: %s", r->line, message);
    return false;
}

bool mote_jinja_fail_undefined(jinja_run *r, jinja_value v) {
    mote_str name = v.sub == JINJA_UNDEF_HINT ? mote_str_of(v.u.hint) : v.u.s ? v.u.s->text : MOTE_STR("?");
    const char *type = mote_jinja_type_name((jinja_value){.type = (uint8_t)v.extra});
    switch (v.sub) {
    case JINJA_UNDEF_NAME:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "'%.*s' is undefined", MOTE_STR_ARGS(name));
    case JINJA_UNDEF_ATTR:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "undefined: '%s object' has no attribute '%.*s'", type, MOTE_STR_ARGS(name));
    case JINJA_UNDEF_ITEM:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "undefined: '%s object' has no such element", type);
    case JINJA_UNDEF_UNSAFE:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "access to attribute '%.*s' of '%s' object is unsafe", MOTE_STR_ARGS(name), type);
    default:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "undefined: %.*s", MOTE_STR_ARGS(name));
    }
}

bool mote_jinja_fail_steps(jinja_run *r) {
    r->steps_left = 0;
    return mote_jinja_fail(r, MOTE_ERR_LIMIT, "the template needs more steps than the limit");
}

void *mote_jinja_alloc(jinja_run *r, size_t n_bytes) {
    void *memory = mote_arena_alloc(&r->arena, n_bytes);
    if (memory)
        return memory;
    enum { CHUNK_HEAD = 128 }; /* at most what the arena needs for itself */
    if (n_bytes > SIZE_MAX / 4 || n_bytes + CHUNK_HEAD > r->arena.max_bytes - r->arena.used_bytes)
        mote_jinja_fail(r, MOTE_ERR_LIMIT, "values need more memory than the limit of %zu bytes", r->arena.max_bytes);
    else
        mote_jinja_fail(r, MOTE_ERR_ALLOC, "out of memory");
    return NULL;
}

void *mote_jinja_alloc_array(jinja_run *r, size_t n, size_t item_bytes) {
    size_t total;
    if (__builtin_mul_overflow(n, item_bytes, &total))
        total = SIZE_MAX;
    return mote_jinja_alloc(r, total);
}

bool mote_jinja_put(jinja_run *r, const void *data, size_t len_bytes) {
    if (!jinja_spend(r, len_bytes / JINJA_BYTES_PER_STEP))
        return false;
    mote_status status = mote_buffer_append(&r->text, data, len_bytes);
    if (status == MOTE_OK)
        return true;
    if (status == MOTE_ERR_LIMIT)
        return mote_jinja_fail(r, status, "the output is longer than the limit of %zu bytes", r->text.max_bytes);
    return mote_jinja_fail(r, status, "out of memory");
}

bool mote_jinja_put_text(jinja_run *r, const char *text) {
    return mote_jinja_put(r, text, strlen(text));
}

bool mote_jinja_put_char(jinja_run *r, uint32_t code_point) {
    char bytes[4];
    return mote_jinja_put(r, bytes, mote_jinja_unicode_encode(code_point, bytes));
}

bool mote_jinja_put_repeat(jinja_run *r, mote_str piece, size_t times) {
    size_t total;
    if (__builtin_mul_overflow(piece.len, times, &total) || total > r->text.max_bytes)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "the output is longer than the limit of %zu bytes", r->text.max_bytes);
    if (total == 0)
        return true;
    if (!jinja_spend(r, total / JINJA_BYTES_PER_STEP + (piece.len > 1 ? times : 0)) || mote_buffer_reserve(&r->text, total) != MOTE_OK)
        return r->status != MOTE_OK ? false : mote_jinja_fail(r, MOTE_ERR_LIMIT, "the output is longer than the limit of %zu bytes", r->text.max_bytes);
    char *at = r->text.data + r->text.len;
    if (piece.len == 1)
        memset(at, piece.data[0], times);
    else
        for (size_t i = 0; i < times; i++)
            memcpy(at + i * piece.len, piece.data, piece.len);
    at[total] = 0;
    r->text.len += total;
    return true;
}

bool mote_jinja_take(jinja_run *r, size_t mark, jinja_value *out) {
    mote_str text = {r->text.data ? r->text.data + mark : "", r->text.len - mark};
    bool ok = mote_jinja_make_chars(r, text, out);
    r->text.len = mark;
    if (r->text.data)
        r->text.data[mark] = 0;
    return ok;
}

/* The n-th name of a comma-separated list; false behind the last. */
static bool param_name(const char **params, mote_str *name) {
    if (!*params || !**params)
        return false;
    const char *end = strchrnul(*params, ',');
    *name = (mote_str){*params, (size_t)(end - *params)};
    *params = *end ? end + 1 : end;
    return true;
}

bool mote_jinja_bind(jinja_run *r, const jinja_builtin *b, const jinja_args *args, jinja_value *bound) {
    const char *params = b->params;
    mote_str name;
    size_t n = 0, n_kw = 0;
    for (; n < JINJA_MAX_PARAMS && param_name(&params, &name); n++) {
        bound[n] = n < args->n ? args->v[n] : JINJA_MISSING_VALUE;
        for (size_t i = 0; i < args->n_kw; i++)
            if (mote_str_equal(args->kw[i].name, name)) {
                if (bound[n].type != JINJA_MISSING)
                    return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %s() got two values for argument '%.*s'", b->name, MOTE_STR_ARGS(name));
                bound[n] = args->kw[i].value;
                n_kw++;
            }
        if (n < b->n_required && bound[n].type == JINJA_MISSING)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %s() is missing an argument", b->name);
    }
    if (args->n > n)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %s() takes at most %zu arguments, not %zu", b->name, n, args->n);
    if (n_kw < args->n_kw)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %s() got an unexpected keyword argument", b->name);
    return true;
}

bool mote_jinja_call_builtin(jinja_run *r, const jinja_builtin *b, const jinja_args *args, jinja_value *out) {
    jinja_value bound[JINJA_MAX_PARAMS];
    if (b->raw)
        return b->raw(r, args, out);
    return mote_jinja_bind(r, b, args, bound) && b->call(r, bound, out);
}

const jinja_builtin *mote_jinja_find(const jinja_builtin *table, mote_str name) {
    for (; table->name; table++)
        if (table->name[0] == (name.len ? name.data[0] : 0) && mote_str_is(name, table->name))
            return table;
    return NULL;
}

bool mote_jinja_str_arg(jinja_run *r, jinja_value v, const char *who, mote_str *out) {
    if (v.type == JINJA_STR) {
        *out = v.u.s->text;
        return true;
    }
    if (v.type == JINJA_UNDEFINED)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %s needs a string, not an undefined value", who);
    return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %s needs a string, not %s", who, mote_jinja_type_name(v));
}
