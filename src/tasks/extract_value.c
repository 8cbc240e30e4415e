/* A value is walked from its root down; at each string or number the visitor is told the steps that lead there. */
#include "tasks/extract_value.h"

#include "base/error.h"
#include "base/mem.h"
#include "tasks/locate.h"

enum { MAX_DEPTH = 128, MAX_REFERENCES = 32, MAX_VALUE_BYTES = 64 << 20 };

typedef struct walk {
    const mote_extract_rules *rules;
    mote_str text;
    mote_extract_step steps[MAX_DEPTH];
    size_t n_steps;
    /* of writing */
    mote_buffer *out;
    const bool *is_null; /* by the leaf's number */
    size_t n_leaves;
    /* of looking */
    bool *lacks; /* [capacity] */
    size_t capacity;
    mote_extraction *extraction;
} walk;

typedef mote_status (*leaf_fn)(walk *w, const mote_json *leaf);

static bool is_leaf(const mote_json *v) {
    return mote_json_typeof(v) == MOTE_JSON_STRING || mote_json_is_number(v);
}

static mote_status each_leaf(walk *w, const mote_json *v, leaf_fn visit) {
    if (is_leaf(v))
        return visit(w, v);
    if (w->n_steps == MAX_DEPTH)
        return MOTE_ERR_LIMIT;
    mote_extract_step *step = &w->steps[w->n_steps++];
    mote_status status = MOTE_OK;
    if (mote_json_typeof(v) == MOTE_JSON_ARRAY)
        for (size_t i = 0; status == MOTE_OK && i < mote_json_length(v); i++) {
            *step = (mote_extract_step){{NULL, 0}, i};
            status = each_leaf(w, mote_json_at(v, i), visit);
        }
    else
        for (mote_json_iter *it = mote_json_first(v); status == MOTE_OK && it; it = mote_json_next(v, it)) {
            *step = (mote_extract_step){mote_json_iter_key(it), 0};
            status = each_leaf(w, mote_json_iter_value(it), visit);
        }
    w->n_steps--;
    return status;
}

/* The value with its leaves, null where is_null says so. */
static mote_status write_nulled(walk *w, const mote_json *v) {
    if (is_leaf(v))
        return w->is_null[w->n_leaves++] ? mote_buffer_append_text(w->out, "null") : mote_json_write(w->out, v);
    mote_json_type type = mote_json_typeof(v);
    if (type == MOTE_JSON_ARRAY) {
        MOTE_TRY(mote_buffer_append_char(w->out, '['));
        for (size_t i = 0; i < mote_json_length(v); i++) {
            MOTE_TRY(mote_buffer_append_text(w->out, i ? "," : ""));
            MOTE_TRY(write_nulled(w, mote_json_at(v, i)));
        }
        return mote_buffer_append_char(w->out, ']');
    }
    if (type != MOTE_JSON_OBJECT)
        return mote_json_write(w->out, v);
    MOTE_TRY(mote_buffer_append_char(w->out, '{'));
    const char *between = "";
    for (mote_json_iter *it = mote_json_first(v); it; it = mote_json_next(v, it)) {
        MOTE_TRY(mote_buffer_append_text(w->out, between));
        MOTE_TRY(mote_json_write_string(w->out, mote_json_iter_key(it)));
        MOTE_TRY(mote_buffer_append_char(w->out, ':'));
        MOTE_TRY(write_nulled(w, mote_json_iter_value(it)));
        between = ",";
    }
    return mote_buffer_append_char(w->out, '}');
}

/* What a reference inside the schema points to ("#/$defs/x"); NULL where it is another's, or has escapes. */
static const mote_json *follow(const mote_json *root, mote_str reference) {
    const mote_json *at = root;
    if (!mote_str_starts(reference, MOTE_STR("#")))
        return NULL;
    for (size_t i = 1, n; at && i < reference.len; i += n + 1) {
        n = 0;
        while (i + 1 + n < reference.len && reference.data[i + 1 + n] != '/')
            n++;
        at = reference.data[i] == '/' ? mote_json_get_str(at, (mote_str){reference.data + i + 1, n}) : NULL;
    }
    return at;
}

static bool has(const mote_json *list, mote_str value) {
    for (size_t i = 0; i < mote_json_length(list); i++)
        if (mote_json_typeof(mote_json_at(list, i)) == MOTE_JSON_STRING && mote_str_equal(mote_json_string(mote_json_at(list, i)), value))
            return true;
    return false;
}

static bool lists(const mote_json *root, const mote_json *schema, const mote_extract_step *steps, size_t n, mote_str value, int n_references) {
    static const char *const unions[] = {"anyOf", "oneOf", "allOf"};
    const mote_json *reference = mote_json_get(schema, "$ref"), *constant = mote_json_get(schema, "const");
    if (n_references > MAX_REFERENCES)
        return false;
    if (reference && lists(root, follow(root, mote_json_string(reference)), steps, n, value, n_references + 1))
        return true;
    for (size_t u = 0; u < sizeof unions / sizeof *unions; u++) {
        const mote_json *branches = mote_json_get(schema, unions[u]);
        for (size_t i = 0; i < mote_json_length(branches); i++)
            if (lists(root, mote_json_at(branches, i), steps, n, value, n_references + 1))
                return true;
    }
    if (n == 0)
        return has(mote_json_get(schema, "enum"), value) || (mote_json_typeof(constant) == MOTE_JSON_STRING && mote_str_equal(mote_json_string(constant), value));
    const mote_json *next;
    if (steps->key.data) {
        next = mote_json_get_str(mote_json_get(schema, "properties"), steps->key);
        next = next ? next : mote_json_get(schema, "additionalProperties");
    } else {
        const mote_json *items = mote_json_get(schema, "items"), *first = mote_json_get(schema, "prefixItems");
        first = first ? first : items;
        next = mote_json_at(first, steps->index);
        next = next ? next : items;
    }
    return next && lists(root, next, steps + 1, n - 1, value, n_references);
}

bool mote_extract_lists(const mote_json *schema, const mote_extract_step *steps, size_t n, mote_str value) {
    return lists(schema, schema, steps, n, value, 0);
}

static bool is_listed(const walk *w, const mote_json *leaf) {
    return mote_json_typeof(leaf) == MOTE_JSON_STRING && mote_extract_lists(w->rules->schema, w->steps, w->n_steps, mote_json_string(leaf));
}

static bool find_place(const walk *w, const mote_json *leaf, mote_place *place) {
    *place = (mote_place){0, 0};
    return mote_json_is_number(leaf) ? mote_locate_number(w->text, mote_json_number(leaf, 0), place) : mote_locate_string(w->text, mote_json_string(leaf), place);
}

static mote_status mark_lacking(walk *w, const mote_json *leaf) {
    mote_place place;
    if (w->n_leaves == w->capacity) {
        size_t capacity = 2 * w->capacity + 64;
        bool *lacks = mote_mem_resize_array(w->lacks, capacity, sizeof *lacks);
        if (!lacks)
            return MOTE_ERR_ALLOC;
        w->lacks = lacks;
        w->capacity = capacity;
    }
    w->lacks[w->n_leaves++] = mote_json_typeof(leaf) == MOTE_JSON_STRING && !is_listed(w, leaf) && !find_place(w, leaf, &place);
    return MOTE_OK;
}

static mote_status append_nulled(const mote_extract_rules *rules, const mote_json *value, const bool *is_null, mote_buffer *out, bool *matches, mote_error *err) {
    walk w = {.rules = rules, .out = out, .is_null = is_null};
    size_t offset;
    mote_buffer_clear(out);
    MOTE_TRY(write_nulled(&w, value));
    return mote_constraint_match(rules->constraint, out->data, out->len, matches, &offset, err);
}

mote_status mote_extract_ground(const mote_extract_rules *rules, mote_str text, const mote_json *value, mote_buffer *out, mote_error *err) {
    walk w = {.rules = rules, .text = text};
    mote_buffer trial;
    bool *is_null = NULL, matches = false;
    mote_buffer_init(&trial, MAX_VALUE_BYTES);
    mote_status status;
    MOTE_TRY_DONE(each_leaf(&w, value, mark_lacking));
    is_null = mote_mem_zalloc_array(w.n_leaves + 1, sizeof *is_null);
    status = is_null ? MOTE_OK : MOTE_ERR_ALLOC;
    for (size_t i = 0; status == MOTE_OK && i < w.n_leaves; i++) {
        if (!w.lacks[i])
            continue;
        is_null[i] = true;
        status = append_nulled(rules, value, is_null, &trial, &matches, err);
        is_null[i] = matches;
    }
    if (status == MOTE_OK)
        status = append_nulled(rules, value, is_null, &trial, &matches, err);
    if (status == MOTE_OK)
        status = mote_buffer_append_str(out, mote_buffer_str(&trial));
done:
    mote_buffer_deinit(&trial);
    mote_mem_free(is_null);
    mote_mem_free(w.lacks);
    return status == MOTE_ERR_ALLOC ? mote_error_alloc(err, w.n_leaves) : status;
}

/* The steps as a JSON Pointer; free with mote_mem_free. */
static char *pointer(const walk *w) {
    mote_buffer out;
    mote_buffer_init(&out, MAX_VALUE_BYTES);
    mote_status status = MOTE_OK;
    for (size_t i = 0; status == MOTE_OK && i < w->n_steps; i++) {
        const mote_extract_step *step = &w->steps[i];
        status = step->key.data ? mote_buffer_append_char(&out, '/') : mote_buffer_appendf(&out, "/%zu", step->index);
        for (size_t k = 0; status == MOTE_OK && step->key.data && k < step->key.len; k++) {
            char c = step->key.data[k];
            status = c == '~' ? mote_buffer_append_text(&out, "~0") : c == '/' ? mote_buffer_append_text(&out, "~1") : mote_buffer_append_char(&out, c);
        }
    }
    char *path = status == MOTE_OK ? mote_buffer_take(&out) : NULL;
    mote_buffer_deinit(&out);
    return path;
}

static mote_status add_place(walk *w, const mote_json *leaf) {
    mote_extraction *e = w->extraction;
    mote_place place;
    bool is_found = find_place(w, leaf, &place);
    if (!is_found && is_listed(w, leaf))
        return MOTE_OK;
    if (e->n_spans == w->capacity) {
        size_t capacity = 2 * w->capacity + 64;
        mote_extract_span *spans = mote_mem_resize_array(e->spans, capacity, sizeof *spans);
        if (!spans)
            return MOTE_ERR_ALLOC;
        e->spans = spans;
        w->capacity = capacity;
    }
    char *path = pointer(w);
    if (!path)
        return MOTE_ERR_ALLOC;
    e->spans[e->n_spans++] = (mote_extract_span){path, is_found, place.start, place.end};
    return MOTE_OK;
}

mote_status mote_extract_places(const mote_extract_rules *rules, mote_str text, const mote_json *value, mote_extraction *extraction, mote_error *err) {
    walk w = {.rules = rules, .text = text, .extraction = extraction, .capacity = extraction->n_spans};
    mote_status status = each_leaf(&w, value, add_place);
    return status == MOTE_ERR_ALLOC ? mote_error_alloc(err, 64 * sizeof *extraction->spans) : status;
}

static bool is_empty(const mote_json *v) {
    return mote_json_typeof(v) == MOTE_JSON_NULL || (mote_json_typeof(v) == MOTE_JSON_STRING && mote_json_string(v).len == 0);
}

static mote_status write_merged(const mote_json *a, const mote_json *b, mote_buffer *out);

static mote_status write_joined(const mote_json *a, const mote_json *b, mote_buffer *out) {
    size_t n = mote_json_length(a), n_all = n + mote_json_length(b);
    MOTE_TRY(mote_buffer_append_char(out, '['));
    for (size_t i = 0; i < n_all; i++) {
        MOTE_TRY(mote_buffer_append_text(out, i ? "," : ""));
        MOTE_TRY(mote_json_write(out, i < n ? mote_json_at(a, i) : mote_json_at(b, i - n)));
    }
    return mote_buffer_append_char(out, ']');
}

static mote_status write_members(const mote_json *a, const mote_json *b, mote_buffer *out) {
    const char *between = "";
    MOTE_TRY(mote_buffer_append_char(out, '{'));
    for (int of_b = 0; of_b < 2; of_b++) {
        const mote_json *from = of_b ? b : a, *other = of_b ? a : b;
        for (mote_json_iter *it = mote_json_first(from); it; it = mote_json_next(from, it)) {
            const mote_json *its = mote_json_get_str(other, mote_json_iter_key(it));
            if (of_b && its)
                continue;
            MOTE_TRY(mote_buffer_append_text(out, between));
            MOTE_TRY(mote_json_write_string(out, mote_json_iter_key(it)));
            MOTE_TRY(mote_buffer_append_char(out, ':'));
            MOTE_TRY(its ? write_merged(mote_json_iter_value(it), its, out) : mote_json_write(out, mote_json_iter_value(it)));
            between = ",";
        }
    }
    return mote_buffer_append_char(out, '}');
}

static mote_status write_merged(const mote_json *a, const mote_json *b, mote_buffer *out) {
    mote_json_type type = mote_json_typeof(a);
    if (type == mote_json_typeof(b) && type == MOTE_JSON_ARRAY)
        return write_joined(a, b, out);
    if (type == mote_json_typeof(b) && type == MOTE_JSON_OBJECT)
        return write_members(a, b, out);
    return mote_json_write(out, is_empty(a) && !is_empty(b) ? b : a);
}

mote_status mote_extract_merge(const mote_extract_rules *rules, const mote_json *first, const mote_json *second, mote_buffer *out, mote_error *err) {
    bool matches = false;
    size_t offset;
    mote_buffer whole;
    mote_buffer_init(&whole, MAX_VALUE_BYTES);
    mote_status status = write_merged(first, second, &whole);
    if (status == MOTE_OK)
        status = mote_constraint_match(rules->constraint, whole.data, whole.len, &matches, &offset, err);
    if (status == MOTE_OK)
        status = matches ? mote_buffer_append_str(out, mote_buffer_str(&whole)) : mote_json_write(out, first);
    mote_buffer_deinit(&whole);
    return status == MOTE_ERR_ALLOC ? mote_error_alloc(err, 1) : status;
}
