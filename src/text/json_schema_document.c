/* Addresses inside one document (RFC 3986 as far as $id and $ref use it, RFC 6901 behind the #), and the words of the standard. */
#include "text/json_schema_document.h"

#include "text/unicode.h"

#include <stdio.h>

enum { MAX_WARNINGS = 64, MAX_URI_BYTES = 2000, MAX_DEPTH = 600, MAX_POINTER_BYTES = 4000 };

typedef enum word_kind { PLAIN, ONE, MANY, NAMED } word_kind; /* what is in the value: no schema, one or a list, a list, schemas by name */

static const struct {
    const char *name;
    word_kind kind;
} words[] = {
    {"$schema", PLAIN},
    {"$id", PLAIN},
    {"id", PLAIN},
    {"$ref", PLAIN},
    {"$anchor", PLAIN},
    {"$dynamicRef", PLAIN},
    {"$dynamicAnchor", PLAIN},
    {"$recursiveRef", PLAIN},
    {"$recursiveAnchor", PLAIN},
    {"$vocabulary", PLAIN},
    {"$comment", PLAIN},
    {"$defs", NAMED},
    {"definitions", NAMED},
    {"title", PLAIN},
    {"description", PLAIN},
    {"default", PLAIN},
    {"examples", PLAIN},
    {"deprecated", PLAIN},
    {"readOnly", PLAIN},
    {"writeOnly", PLAIN},
    {"contentEncoding", PLAIN},
    {"contentMediaType", PLAIN},
    {"contentSchema", ONE},
    {"type", PLAIN},
    {"enum", PLAIN},
    {"const", PLAIN},
    {"multipleOf", PLAIN},
    {"minimum", PLAIN},
    {"maximum", PLAIN},
    {"exclusiveMinimum", PLAIN},
    {"exclusiveMaximum", PLAIN},
    {"minLength", PLAIN},
    {"maxLength", PLAIN},
    {"pattern", PLAIN},
    {"format", PLAIN},
    {"items", ONE},
    {"prefixItems", MANY},
    {"additionalItems", ONE},
    {"unevaluatedItems", ONE},
    {"contains", ONE},
    {"minContains", PLAIN},
    {"maxContains", PLAIN},
    {"minItems", PLAIN},
    {"maxItems", PLAIN},
    {"uniqueItems", PLAIN},
    {"properties", NAMED},
    {"patternProperties", NAMED},
    {"additionalProperties", ONE},
    {"unevaluatedProperties", ONE},
    {"propertyNames", ONE},
    {"required", PLAIN},
    {"minProperties", PLAIN},
    {"maxProperties", PLAIN},
    {"dependencies", NAMED},
    {"dependentRequired", PLAIN},
    {"dependentSchemas", NAMED},
    {"allOf", MANY},
    {"anyOf", MANY},
    {"oneOf", MANY},
    {"not", ONE},
    {"if", ONE},
    {"then", ONE},
    {"else", ONE},
};

static mote_str copy_str(mote_schema_compiler *c, const char *data, size_t len) {
    char *copy = mote_arena_dup(c->arena, data, len);
    if (!copy)
        mote_schema_fail(c, MOTE_ERR_LIMIT, "no memory for the schema");
    return (mote_str){copy, copy ? len : 0};
}

void mote_schema_warn(mote_schema_compiler *c, const char *what, mote_str word) {
    mote_schema_document *d = c->document;
    char text[160];
    int n = snprintf(text, sizeof text, "%s '%.*s' is not of the standard: ignored", what, (int)(word.len > 80 ? 80 : word.len), word.len ? word.data : "");
    for (size_t i = 0; i < d->n_warnings; i++)
        if (strcmp(d->warnings[i], text) == 0)
            return;
    if (d->strict)
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "%s '%.*s' is not of the standard", what, MOTE_STR_ARGS(word));
    if (d->n_warnings < MAX_WARNINGS && c->status == MOTE_OK)
        d->warnings[d->n_warnings++] = copy_str(c, text, (size_t)n).data;
}

void mote_schema_check_words(mote_schema_compiler *c, const mote_json *schema) {
    for (mote_json_iter *it = mote_json_first(schema); it && c->status == MOTE_OK; it = mote_json_next(schema, it)) {
        bool known = false;
        for (size_t i = 0; !known && i < sizeof words / sizeof *words; i++)
            known = mote_str_is(mote_json_iter_key(it), words[i].name);
        c->where = "schema";
        if (!known)
            mote_schema_warn(c, "keyword", mote_json_iter_key(it));
    }
}

bool mote_schema_ref_stands_alone(const mote_schema_compiler *c) {
    return c->document->ref_alone;
}

/* The length of "scheme:" at the start, or 0. */
static size_t scheme_length(mote_str uri) {
    for (size_t i = 0; i < uri.len; i++) {
        char ch = uri.data[i];
        if (ch == ':')
            return i > 0 ? i + 1 : 0;
        if (!((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z') && !(i > 0 && ((ch >= '0' && ch <= '9') || strchr("+-.", ch))))
            return 0;
    }
    return 0;
}

static size_t find(mote_str s, char wanted, size_t from) {
    while (from < s.len && s.data[from] != wanted)
        from++;
    return from;
}

/* Removes "." and ".." from the path that begins at `path`. */
static size_t remove_dots(char *uri, size_t path, size_t len) {
    size_t out = path;
    for (size_t at = path; at < len;) {
        size_t end = at + 1;
        while (end < len && uri[end] != '/')
            end++;
        size_t n = end - at;
        if (n == 2 && uri[at + 1] == '.') {
            if (end == len)
                uri[out++] = '/';
        } else if (n == 3 && uri[at + 1] == '.' && uri[at + 2] == '.') {
            while (out > path && uri[--out] != '/')
                continue;
            if (end == len)
                uri[out++] = '/';
        } else {
            memmove(uri + out, uri + at, n);
            out += n;
        }
        at = end;
    }
    return out;
}

/* A reference from a base, both without what is behind #. */
static mote_str resolve_uri(mote_schema_compiler *c, mote_str base, mote_str ref) {
    char text[MAX_URI_BYTES];
    size_t len = 0;
    if (ref.len == 0)
        return base;
    if (base.len + ref.len + 2 > sizeof text) {
        mote_schema_fail(c, MOTE_ERR_LIMIT, "an address of more than %d bytes", MAX_URI_BYTES);
        return base;
    }
    size_t scheme = scheme_length(base), path = scheme;
    if (base.len >= scheme + 2 && memcmp(base.data + scheme, "//", 2) == 0)
        path = find(base, '/', scheme + 2);
    if (scheme_length(ref) > 0)
        len = 0;
    else if (ref.data[0] == '/')
        len = ref.len > 1 && ref.data[1] == '/' ? scheme : path;
    else {
        for (len = base.len; len > path && base.data[len - 1] != '/';)
            len--;
    }
    if (len > 0)
        memcpy(text, base.data, len);
    if (len == path && path > scheme && scheme > 0 && ref.data[0] != '/' && scheme_length(ref) == 0)
        text[len++] = '/';
    memcpy(text + len, ref.data, ref.len);
    len += ref.len;
    if (scheme_length(ref) == 0 && path < len && text[path] == '/')
        len = remove_dots(text, path, len);
    return copy_str(c, text, len);
}

static mote_str before_fragment(mote_str uri) {
    return (mote_str){uri.data, find(uri, '#', 0)};
}

static mote_str join_anchor(mote_schema_compiler *c, mote_str base, mote_str anchor) {
    char text[MAX_URI_BYTES];
    if (base.len + anchor.len + 1 > sizeof text) {
        mote_schema_fail(c, MOTE_ERR_LIMIT, "an address of more than %d bytes", MAX_URI_BYTES);
        return base;
    }
    if (base.len > 0)
        memcpy(text, base.data, base.len);
    text[base.len] = '#';
    if (anchor.len > 0)
        memcpy(text + base.len + 1, anchor.data, anchor.len);
    return copy_str(c, text, base.len + 1 + anchor.len);
}

static void add_resource(mote_schema_compiler *c, mote_str uri, const mote_json *schema) {
    mote_schema_document *d = c->document;
    if (d->n_resources == d->resources_capacity) {
        size_t capacity = d->resources_capacity ? 2 * d->resources_capacity : 16;
        mote_schema_resource *resources = mote_schema_alloc(c, capacity, sizeof *resources);
        if (!resources)
            return;
        if (d->n_resources > 0)
            memcpy(resources, d->resources, d->n_resources * sizeof *resources);
        d->resources = resources;
        d->resources_capacity = capacity;
    }
    d->resources[d->n_resources++] = (mote_schema_resource){uri, schema};
}

static mote_schema_base *find_base(mote_schema_document *d, const mote_json *schema) {
    size_t at = ((uintptr_t)schema >> 4) * 0x9e3779b1u & (d->bases_size - 1);
    while (d->bases[at].schema && d->bases[at].schema != schema)
        at = (at + 1) & (d->bases_size - 1);
    return &d->bases[at];
}

/* Only schemas whose address isn't the document's are entered. */
static void add_base(mote_schema_compiler *c, const mote_json *schema, mote_str uri) {
    mote_schema_document *d = c->document;
    if (2 * (d->n_bases + 1) > d->bases_size) {
        size_t size = d->bases_size, larger = size ? 2 * size : 64;
        mote_schema_base *old = d->bases, *bases = mote_schema_alloc(c, larger, sizeof *bases);
        if (!bases)
            return;
        d->bases = bases;
        d->bases_size = larger;
        for (size_t i = 0; i < size; i++)
            if (old[i].schema)
                *find_base(d, old[i].schema) = old[i];
    }
    *find_base(d, schema) = (mote_schema_base){schema, uri};
    d->n_bases++;
}

static void walk(mote_schema_compiler *c, const mote_json *schema, mote_str base, unsigned depth);

static void walk_value(mote_schema_compiler *c, const mote_json *value, word_kind kind, mote_str base, unsigned depth) {
    if (kind != NAMED && mote_json_typeof(value) == MOTE_JSON_ARRAY)
        for (size_t i = 0; i < mote_json_length(value); i++)
            walk(c, mote_json_at(value, i), base, depth + 1);
    else if (kind == ONE)
        walk(c, value, base, depth + 1);
    else if (kind == NAMED)
        for (mote_json_iter *it = mote_json_first(value); it; it = mote_json_next(value, it))
            walk(c, mote_json_iter_value(it), base, depth + 1);
}

static void note_anchors(mote_schema_compiler *c, const mote_json *schema, mote_str base) {
    mote_schema_document *d = c->document;
    mote_str anchor = mote_json_string(mote_json_get(schema, "$anchor")), dynamic = mote_json_string(mote_json_get(schema, "$dynamicAnchor"));
    if (anchor.data)
        add_resource(c, join_anchor(c, base, anchor), schema);
    if (dynamic.data) {
        add_resource(c, join_anchor(c, base, dynamic), schema);
        if (d->n_dynamic < sizeof d->dynamic / sizeof *d->dynamic)
            d->dynamic[d->n_dynamic] = dynamic;
        d->n_dynamic++;
    }
    d->recursive_anchor |= mote_json_bool(mote_json_get(schema, "$recursiveAnchor"), false);
    c->all_subsets |= mote_json_get(schema, "unevaluatedProperties") || mote_json_get(schema, "unevaluatedItems");
}

static void walk(mote_schema_compiler *c, const mote_json *schema, mote_str base, unsigned depth) {
    if (mote_json_typeof(schema) != MOTE_JSON_OBJECT || !mote_schema_work(c, 5))
        return;
    if (depth > MAX_DEPTH) {
        mote_schema_fail(c, MOTE_ERR_LIMIT, "schemas within schemas, deeper than %d", MAX_DEPTH);
        return;
    }
    mote_str id = mote_json_string(mote_json_get(schema, "$id"));
    if (!id.data)
        id = mote_json_string(mote_json_get(schema, "id"));
    if (id.data && !(mote_json_get(schema, "$ref") && c->document->ref_alone)) {
        mote_str own = before_fragment(id);
        if (own.len > 0) {
            base = resolve_uri(c, base, own);
            add_resource(c, base, schema);
        }
        if (own.len + 1 < id.len) /* draft 7's anchors */
            add_resource(c, join_anchor(c, base, (mote_str){id.data + own.len + 1, id.len - own.len - 1}), schema);
    }
    if (base.len > 0)
        add_base(c, schema, base);
    note_anchors(c, schema, base);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].kind != PLAIN) {
            const mote_json *value = mote_json_get(schema, words[i].name);
            if (value)
                walk_value(c, value, words[i].kind, base, depth);
        }
}

void mote_schema_open(mote_schema_compiler *c, const mote_json *root) {
    mote_schema_document *d = c->document;
    mote_str dialect = mote_json_string(mote_json_get(root, "$schema"));
    d->root = root;
    d->warnings = mote_schema_alloc(c, MAX_WARNINGS, sizeof *d->warnings);
    for (size_t i = 0; i + 8 <= dialect.len; i++)
        if (memcmp(dialect.data + i, "draft-0", 7) == 0) {
            d->ref_alone |= dialect.data[i + 7] <= '7';
            d->unmarked_integers |= dialect.data[i + 7] <= '4';
        }
    c->where = "$id";
    add_resource(c, MOTE_STR(""), root);
    walk(c, root, MOTE_STR(""), 0);
}

/* %41 becomes A. */
static mote_str unescape_percent(mote_str s, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool is_escape = s.data[i] == '%' && i + 2 < s.len;
        int high = is_escape ? mote_unicode_hex_digit((uint8_t)s.data[i + 1]) : -1, low = is_escape ? mote_unicode_hex_digit((uint8_t)s.data[i + 2]) : -1;
        out[n++] = high >= 0 && low >= 0 ? (char)(high * 16 + low) : s.data[i];
        i += high >= 0 && low >= 0 ? 2 : 0;
    }
    return (mote_str){out, n};
}

/* One step of a pointer: ~1 is a slash, ~0 a tilde. */
static const mote_json *pointer_step(const mote_json *at, mote_str token) {
    char name[MAX_POINTER_BYTES + 1];
    size_t n = 0, index = 0;
    for (size_t i = 0; i < token.len; i++)
        name[n++] = token.data[i] == '~' && i + 1 < token.len ? (token.data[++i] == '1' ? '/' : '~') : token.data[i];
    name[n] = '\0';
    if (mote_json_typeof(at) == MOTE_JSON_OBJECT)
        return strlen(name) == n ? mote_json_get(at, name) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (name[i] < '0' || name[i] > '9' || n > 9)
            return NULL;
        index = index * 10 + (size_t)(name[i] - '0');
    }
    return n > 0 ? mote_json_at(at, index) : NULL;
}

static const mote_json *follow(const mote_json *at, mote_str pointer) {
    char plain[MAX_POINTER_BYTES];
    if (pointer.len > sizeof plain)
        return NULL;
    pointer = unescape_percent(pointer, plain);
    for (size_t i = 1; at && i <= pointer.len;) {
        size_t end = find(pointer, '/', i);
        at = pointer_step(at, (mote_str){pointer.data + i, end - i});
        i = end + 1;
    }
    return at;
}

static const mote_json *find_resource(const mote_schema_document *d, mote_str uri) {
    for (size_t i = 0; i < d->n_resources; i++)
        if (mote_str_equal(d->resources[i].uri, uri))
            return d->resources[i].schema;
    return NULL;
}

/* A dynamic reference that can only mean one thing is an ordinary one. */
static bool is_dynamic(const mote_schema_document *d, const char *keyword, mote_str fragment) {
    size_t n = 0;
    if (strcmp(keyword, "$recursiveRef") == 0)
        return d->recursive_anchor;
    if (strcmp(keyword, "$dynamicRef") != 0)
        return false;
    if (d->n_dynamic > sizeof d->dynamic / sizeof *d->dynamic)
        return true;
    for (size_t i = 0; i < d->n_dynamic; i++)
        n += mote_str_equal(d->dynamic[i], fragment);
    return n > 1;
}

const mote_json *mote_schema_resolve(mote_schema_compiler *c, const mote_json *schema, const char *keyword) {
    mote_schema_document *d = c->document;
    mote_str ref = mote_json_string(mote_json_get(schema, keyword)), base = {"", 0};
    if (!ref.data)
        return mote_schema_fail(c, MOTE_ERR_FORMAT, "a string is expected");
    if (d->bases_size > 0 && find_base(d, schema)->schema)
        base = find_base(d, schema)->uri;
    mote_str own = before_fragment(ref), document = resolve_uri(c, base, own);
    mote_str fragment = own.len < ref.len ? (mote_str){ref.data + own.len + 1, ref.len - own.len - 1} : (mote_str){"", 0};
    const mote_json *there = find_resource(d, document);
    if (there && fragment.len > 0)
        there = fragment.data[0] == '/' ? follow(there, fragment) : find_resource(d, join_anchor(c, document, fragment));
    if (!there)
        return mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "'%.*s' is not in this document", MOTE_STR_ARGS(ref));
    if (is_dynamic(d, keyword, fragment))
        return mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "'%.*s' depends on where it is reached from", MOTE_STR_ARGS(ref));
    if (mote_json_typeof(there) != MOTE_JSON_OBJECT && mote_json_typeof(there) != MOTE_JSON_TRUE && mote_json_typeof(there) != MOTE_JSON_FALSE)
        return mote_schema_fail(c, MOTE_ERR_FORMAT, "'%.*s' is no schema", MOTE_STR_ARGS(ref));
    return there;
}
