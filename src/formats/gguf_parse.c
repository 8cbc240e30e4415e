/* The bytes of one GGUF file, in order:
 *
 *     "GGUF"  u32 version  u64 n_tensors  u64 n_keys
 *     n_keys    x  string key, u32 type, value          string: u64 length, bytes; array: u32 item type, u64 count, items
 *     n_tensors x  string name, u32 n_dims, u64 dims[n_dims], u32 type, u64 offset
 *     padding to general.alignment (32)
 *     tensor data; offsets count from here and are multiples of the alignment
 *
 * Every count is held against the bytes that are left before anything is allocated from it, and every sum and product is checked: the bugs of other
 * readers of this format were nearly all one overflow. All up to the padding is walked once to find its end, copied, and read from the copy, which nobody else can write.
 * Specification: github.com/ggml-org/ggml, docs/gguf.md. */
#include "base/error.h"
#include "base/mem.h"
#include "formats/gguf_private.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

enum {
    MIN_VALUE_BYTES = 8 + 1 + 4 + 1,         /* a key of one byte, type, one byte */
    MIN_TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8 /* a name of one byte, one dimension */
};

typedef struct cursor {
    const uint8_t *data;
    uint64_t len, at;
    uint64_t file_bytes; /* as long as len, or data is a copy of the file's beginning */
    mote_error *err;
} cursor;

static const struct {
    const char *name;
    uint8_t item_bytes;
} TYPES[] = {
    [MOTE_GGUF_U8] = {"u8", 1},   [MOTE_GGUF_I8] = {"i8", 1},   [MOTE_GGUF_U16] = {"u16", 2},   [MOTE_GGUF_I16] = {"i16", 2},       [MOTE_GGUF_U32] = {"u32", 4},
    [MOTE_GGUF_I32] = {"i32", 4}, [MOTE_GGUF_F32] = {"f32", 4}, [MOTE_GGUF_BOOL] = {"bool", 1}, [MOTE_GGUF_STRING] = {"string", 0}, [MOTE_GGUF_ARRAY] = {"array", 0},
    [MOTE_GGUF_U64] = {"u64", 8}, [MOTE_GGUF_I64] = {"i64", 8}, [MOTE_GGUF_F64] = {"f64", 8},
};
enum { N_TYPES = sizeof TYPES / sizeof *TYPES };

size_t mote_gguf_parse_item_bytes(mote_gguf_type type) {
    return (unsigned)type < N_TYPES ? TYPES[type].item_bytes : 0;
}

const char *mote_gguf_parse_type_name(mote_gguf_type type) {
    return (unsigned)type < N_TYPES ? TYPES[type].name : "unknown";
}

/* Tensor types that ggml has or had and we have not, so that the refusal can name them. */
static const char *foreign_type_name(uint32_t type) {
    static const struct {
        uint32_t number;
        const char *name;
    } foreign[] = {
        {4, "Q4_2"},        {5, "Q4_3"},        {9, "Q8_1"},        {15, "Q8_K"},     {16, "IQ2_XXS"},  {17, "IQ2_XS"},   {18, "IQ3_XXS"}, {19, "IQ1_S"},
        {21, "IQ3_S"},      {22, "IQ2_S"},      {29, "IQ1_M"},      {31, "Q4_0_4_4"}, {32, "Q4_0_4_8"}, {33, "Q4_0_8_8"}, {34, "TQ1_0"},   {35, "TQ2_0"},
        {36, "IQ4_NL_4_4"}, {37, "IQ4_NL_4_8"}, {38, "IQ4_NL_8_8"}, {39, "MXFP4"},    {40, "NVFP4"},    {41, "Q1_0"},     {42, "Q2_0"},
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (foreign[i].number == type)
            return foreign[i].name;
    return NULL;
}

static mote_status take(cursor *c, uint64_t n, const char *what, const uint8_t **p) {
    if (n > c->len - c->at)
        return mote_error_set(c->err, MOTE_ERR_FORMAT, "truncated: %s of %" PRIu64 " bytes at offset %" PRIu64 " reaches beyond the end of file at %" PRIu64, what, n, c->at,
                              c->file_bytes);
    *p = c->data + c->at;
    c->at += n;
    return MOTE_OK;
}

static mote_status take_integer(cursor *c, size_t n_bytes, const char *what, uint64_t *x) {
    const uint8_t *p = NULL;
    MOTE_TRY(take(c, n_bytes, what, &p));
    *x = mote_gguf_load(p, n_bytes);
    return MOTE_OK;
}

static mote_status take_string(cursor *c, const char *what, mote_str *s) {
    uint64_t len;
    const uint8_t *p = NULL;
    MOTE_TRY(take_integer(c, 8, "string length", &len));
    MOTE_TRY(take(c, len, what, &p));
    *s = (mote_str){(const char *)p, len};
    return MOTE_OK;
}

static mote_status take_array(cursor *c, mote_gguf_value *v) {
    uint64_t type;
    MOTE_TRY(take_integer(c, 4, "array type", &type));
    MOTE_TRY(take_integer(c, 8, "array length", &v->n_items));
    if (type == MOTE_GGUF_ARRAY)
        return mote_error_set(c->err, MOTE_ERR_UNSUPPORTED, "an array nested in an array at offset %" PRIu64 " is not supported", c->at);
    if (type >= N_TYPES)
        return mote_error_set(c->err, MOTE_ERR_FORMAT, "array with unknown item type %" PRIu64, type);
    v->item_type = (mote_gguf_type)type;
    size_t item_bytes = mote_gguf_parse_item_bytes(v->item_type), least = item_bytes ? item_bytes : 8;
    if (v->n_items > (c->file_bytes - c->at) / least)
        return mote_error_set(c->err, MOTE_ERR_FORMAT, "truncated: array of length %" PRIu64 " (type %s) at offset %" PRIu64 " reaches beyond the end of file at %" PRIu64,
                              v->n_items, mote_gguf_parse_type_name(v->item_type), c->at, c->file_bytes);
    v->data = c->data + c->at;
    if (item_bytes) {
        const uint8_t *items = NULL;
        return take(c, v->n_items * item_bytes, "array", &items);
    }
    if (v->n_items > MOTE_GGUF_MAX_STRINGS)
        return mote_error_set(c->err, MOTE_ERR_LIMIT, "array of %" PRIu64 " strings is longer than %d", v->n_items, MOTE_GGUF_MAX_STRINGS);
    for (uint64_t i = 0; i < v->n_items; i++) {
        mote_str ignored;
        if (take_string(c, "string in an array", &ignored) != MOTE_OK) {
            mote_error_prefix(c->err, "item %" PRIu64, i);
            return MOTE_ERR_FORMAT;
        }
    }
    return MOTE_OK;
}

static mote_status take_payload(cursor *c, mote_gguf_value *v) {
    uint64_t type;
    MOTE_TRY(take_integer(c, 4, "type", &type));
    if (type >= N_TYPES)
        return mote_error_set(c->err, MOTE_ERR_FORMAT, "unknown type %" PRIu64 " at offset %" PRIu64, type, c->at - 4);
    v->type = (mote_gguf_type)type;
    uint64_t start = c->at;
    v->data = c->data + start;
    if (v->type == MOTE_GGUF_ARRAY) {
        MOTE_TRY(take_array(c, v));
        start = (uint64_t)(v->data - c->data);
    } else if (v->type == MOTE_GGUF_STRING) {
        mote_str ignored;
        MOTE_TRY(take_string(c, "string", &ignored));
    } else {
        const uint8_t *p = NULL;
        MOTE_TRY(take(c, mote_gguf_parse_item_bytes(v->type), "value", &p));
        if (v->type == MOTE_GGUF_BOOL && *p > 1)
            return mote_error_set(c->err, MOTE_ERR_FORMAT, "a bool is 0 or 1, not %d", *p);
    }
    v->n_bytes = c->at - start;
    return MOTE_OK;
}

static mote_status parse_values(mote_gguf *g, cursor *c, uint64_t n) {
    uint64_t all_keys_bytes = 0;
    for (; g->n_values < n; g->n_values++) {
        mote_gguf_value *v = &g->values[g->n_values];
        mote_status status = take_string(c, "key", &v->key);
        if (status == MOTE_OK) {
            all_keys_bytes += v->key.len;
            if (v->key.len == 0)
                status = mote_error_set(c->err, MOTE_ERR_FORMAT, "the key is empty");
            else if (v->key.len > MOTE_GGUF_MAX_KEY_BYTES || all_keys_bytes > MOTE_GGUF_MAX_ALL_KEYS_BYTES)
                status = mote_error_set(c->err, MOTE_ERR_LIMIT, "the key's length of %zu bytes is over the limit", v->key.len);
        }
        if (status != MOTE_OK) {
            mote_error_prefix(c->err, "metadata key number %zu", g->n_values);
            return status;
        }
        status = take_payload(c, v);
        if (status != MOTE_OK) {
            mote_error_prefix(c->err, "metadata key '%.*s'", MOTE_STR_ARGS(v->key));
            return status;
        }
        g->keys.slots[g->n_values] = (mote_name_slot){v->key, g->n_values};
    }
    return mote_name_index_sort(&g->keys, "metadata key", c->err);
}

mote_status mote_gguf_parse_check_alignment(const mote_gguf_value *v, uint64_t *alignment, mote_error *err) {
    if (v->type != MOTE_GGUF_U32)
        return mote_error_set(err, MOTE_ERR_FORMAT, "general.alignment: the type must be u32, not %s", mote_gguf_parse_type_name(v->type));
    uint64_t x = mote_gguf_load(v->data, 4);
    if (x < MOTE_GGUF_MIN_ALIGNMENT || x > MOTE_GGUF_MAX_ALIGNMENT || (x & (x - 1)) != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "general.alignment: %" PRIu64 " is not a power of two from %d to %d", x, MOTE_GGUF_MIN_ALIGNMENT, MOTE_GGUF_MAX_ALIGNMENT);
    *alignment = x;
    return MOTE_OK;
}

static mote_status check_tensor_type(uint64_t type, mote_error *err) {
    if (type <= INT_MAX && mote_dtype_get((int)type))
        return MOTE_OK;
    const char *foreign = type <= INT_MAX ? foreign_type_name((uint32_t)type) : NULL;
    if (foreign)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "type %s (%" PRIu64 ") is not supported", foreign, type);
    return mote_error_set(err, MOTE_ERR_FORMAT, "unknown type %" PRIu64, type);
}

/* Dimensions and type to bytes. */
static mote_status measure_tensor(mote_gguf_tensor *t, mote_error *err) {
    const mote_dtype_info *info = mote_dtype_get(t->type);
    if (t->dims[0] % info->block_len != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "a row of %" PRIu64 " elements is no multiple of the block of %u that type %s has", t->dims[0], info->block_len, info->name);
    uint64_t n_bytes;
    bool overflow = __builtin_mul_overflow(t->dims[0] / info->block_len, (uint64_t)info->block_bytes, &n_bytes);
    for (int i = 1; i < MOTE_GGUF_MAX_DIMS; i++)
        overflow = overflow || __builtin_mul_overflow(n_bytes, t->dims[i], &n_bytes);
    if (overflow || n_bytes > INT64_MAX)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the size of shape [%" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 "] overflows", t->dims[0], t->dims[1], t->dims[2],
                              t->dims[3]);
    t->n_bytes = n_bytes;
    return MOTE_OK;
}

static mote_status take_tensor(cursor *c, mote_gguf_tensor *t, uint64_t *offset) {
    uint64_t n_dims, type;
    MOTE_TRY(take_integer(c, 4, "number of dimensions", &n_dims));
    if (n_dims < 1 || n_dims > MOTE_GGUF_MAX_DIMS)
        return mote_error_set(c->err, MOTE_ERR_FORMAT, "n_dims is %" PRIu64 ", but 1 to %d dimensions are possible", n_dims, MOTE_GGUF_MAX_DIMS);
    t->n_dims = (int)n_dims;
    for (int i = 0; i < MOTE_GGUF_MAX_DIMS; i++) {
        t->dims[i] = 1;
        if (i < t->n_dims)
            MOTE_TRY(take_integer(c, 8, "dimension", &t->dims[i]));
        if (t->dims[i] == 0)
            return mote_error_set(c->err, MOTE_ERR_FORMAT, "dimension %d is zero", i);
    }
    MOTE_TRY(take_integer(c, 4, "type", &type));
    MOTE_TRY(check_tensor_type(type, c->err));
    t->type = (mote_dtype)type;
    MOTE_TRY(take_integer(c, 8, "offset", offset));
    return measure_tensor(t, c->err);
}

/* Where a tensor's bytes are, for finding overlaps. */
typedef struct extent {
    uint64_t offset, end;
    size_t tensor;
} extent;

static int compare_extents(const void *a, const void *b) {
    uint64_t x = ((const extent *)a)->offset, y = ((const extent *)b)->offset;
    return (x > y) - (x < y);
}

static mote_status parse_tensors(mote_gguf *g, cursor *c, uint64_t n, extent *extents) {
    for (; g->n_tensors < n; g->n_tensors++) {
        mote_gguf_tensor *t = &g->tensors[g->n_tensors];
        extent *e = &extents[g->n_tensors];
        mote_status status = take_string(c, "name", &t->name);
        if (status == MOTE_OK && (t->name.len == 0 || t->name.len > MOTE_GGUF_MAX_NAME_BYTES))
            status = mote_error_set(c->err, MOTE_ERR_FORMAT, "a name has a length of 1 to %d bytes, not %zu", MOTE_GGUF_MAX_NAME_BYTES, t->name.len);
        if (status != MOTE_OK) {
            mote_error_prefix(c->err, "tensor number %zu", g->n_tensors);
            return status;
        }
        status = take_tensor(c, t, &e->offset);
        if (status != MOTE_OK) {
            mote_error_prefix(c->err, "tensor '%.*s'", MOTE_STR_ARGS(t->name));
            return status;
        }
        e->tensor = g->n_tensors;
        g->names.slots[g->n_tensors] = (mote_name_slot){t->name, g->n_tensors};
    }
    return mote_name_index_sort(&g->names, "tensor", c->err);
}

/* Offsets to pointers: aligned, inside the file, no two over each other. Gaps are allowed, bytes after the last tensor too. */
static mote_status place_tensors(mote_gguf *g, const uint8_t *data, const cursor *c, uint64_t alignment, extent *extents) {
    uint64_t start = (c->at + alignment - 1) / alignment * alignment, room = start < c->file_bytes ? c->file_bytes - start : 0;
    for (size_t i = 0; i < g->n_tensors; i++) {
        mote_gguf_tensor *t = &g->tensors[i];
        extent *e = &extents[i];
        if (e->offset % alignment != 0)
            return mote_error_set(c->err, MOTE_ERR_FORMAT, "tensor '%.*s': offset %" PRIu64 " is no multiple of the alignment %" PRIu64, MOTE_STR_ARGS(t->name), e->offset,
                                  alignment);
        if (e->offset > room || t->n_bytes > room - e->offset)
            return mote_error_set(c->err, MOTE_ERR_FORMAT,
                                  "tensor '%.*s': truncated: %" PRIu64 " bytes at data offset %" PRIu64 " reach beyond the end of file (%" PRIu64 " bytes of data)",
                                  MOTE_STR_ARGS(t->name), t->n_bytes, e->offset, room);
        e->end = e->offset + t->n_bytes;
        t->data = data + start + e->offset;
    }
    if (g->n_tensors > 1)
        qsort(extents, g->n_tensors, sizeof *extents, compare_extents);
    for (size_t i = 1; i < g->n_tensors; i++)
        if (extents[i].offset < extents[i - 1].end) {
            mote_str a = g->tensors[extents[i - 1].tensor].name, b = g->tensors[extents[i].tensor].name;
            return mote_error_set(c->err, MOTE_ERR_FORMAT, "tensors '%.*s' and '%.*s' overlap at data offset %" PRIu64, MOTE_STR_ARGS(a), MOTE_STR_ARGS(b), extents[i].offset);
        }
    return MOTE_OK;
}

static mote_status parse_version(mote_gguf *g, cursor *c) {
    const uint8_t *magic = NULL;
    uint64_t version;
    MOTE_TRY(take(c, 4, "magic", &magic));
    if (memcmp(magic, "GGUF", 4) != 0)
        return mote_error_set(c->err, MOTE_ERR_FORMAT, "not a GGUF file: the magic is %02x %02x %02x %02x", magic[0], magic[1], magic[2], magic[3]);
    MOTE_TRY(take_integer(c, 4, "version", &version));
    if (version != 0 && (version & 0xffff) == 0) /* a small number the other way round */
        return mote_error_set(c->err, MOTE_ERR_UNSUPPORTED, "big-endian GGUF files (version %" PRIu64 " in that byte order) are not supported", version >> 24);
    if (version < 2 || version > MOTE_GGUF_VERSION)
        return mote_error_set(c->err, MOTE_ERR_UNSUPPORTED, "GGUF version %" PRIu64 " is not supported, only 2 and 3", version);
    g->version = (uint32_t)version;
    return MOTE_OK;
}

static mote_status take_count(cursor *c, const char *what, uint64_t least_bytes, uint64_t max, uint64_t *n) {
    MOTE_TRY(take_integer(c, 8, what, n));
    if (*n > (c->file_bytes - c->at) / least_bytes)
        return mote_error_set(c->err, MOTE_ERR_FORMAT, "truncated: a %s of %" PRIu64 " needs more bytes than the file has", what, *n);
    if (*n > max)
        return mote_error_set(c->err, MOTE_ERR_LIMIT, "a %s of %" PRIu64 " is over the limit of %" PRIu64, what, *n, max);
    return MOTE_OK;
}

/* Where the header ends, or where something is wrong with it: the reader of the copy then meets it there. */
static uint64_t measure(const uint8_t *data, uint64_t n_bytes) {
    mote_error ignored;
    mote_gguf g = {0};
    mote_gguf_value value = {0};
    mote_gguf_tensor tensor = {0};
    cursor c = {data, n_bytes, 0, n_bytes, &ignored};
    uint64_t n_tensors, n_values, offset;
    mote_str name;
    bool good = parse_version(&g, &c) == MOTE_OK && take_count(&c, "", MIN_TENSOR_BYTES, MOTE_GGUF_MAX_TENSORS, &n_tensors) == MOTE_OK &&
                take_count(&c, "", MIN_VALUE_BYTES, MOTE_GGUF_MAX_VALUES, &n_values) == MOTE_OK;
    for (uint64_t i = 0; good && i < n_values; i++)
        good = take_string(&c, "", &name) == MOTE_OK && take_payload(&c, &value) == MOTE_OK;
    for (uint64_t i = 0; good && i < n_tensors; i++)
        good = take_string(&c, "", &name) == MOTE_OK && take_tensor(&c, &tensor, &offset) == MOTE_OK;
    return c.at;
}

static mote_status copy_header(const uint8_t *data, uint64_t n_bytes, mote_gguf_part *part, mote_error *err) {
    uint64_t len = measure(data, n_bytes);
    if (len > MOTE_GGUF_MAX_HEADER_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "keys and tensor list of %" PRIu64 " bytes are over the limit of %d", len, MOTE_GGUF_MAX_HEADER_BYTES);
    part->header = mote_mem_alloc(len);
    if (!part->header)
        return mote_error_alloc(err, len);
    if (len)
        memcpy(part->header, data, len);
    part->header_bytes = len;
    return MOTE_OK;
}

mote_status mote_gguf_parse(mote_gguf *g, const uint8_t *data, size_t n_bytes, mote_gguf_part *part, mote_error *err) {
    uint64_t n_tensors, n_values, alignment = MOTE_GGUF_DEFAULT_ALIGNMENT;
    MOTE_TRY(copy_header(data, n_bytes, part, err));
    cursor c = {part->header, part->header_bytes, 0, n_bytes, err};
    extent *extents = NULL;
    mote_status status;
    MOTE_TRY_DONE(parse_version(g, &c));
    MOTE_TRY_DONE(take_count(&c, "tensor count", MIN_TENSOR_BYTES, MOTE_GGUF_MAX_TENSORS, &n_tensors));
    MOTE_TRY_DONE(take_count(&c, "metadata key count", MIN_VALUE_BYTES, MOTE_GGUF_MAX_VALUES, &n_values));
    g->values = mote_mem_zalloc_array(n_values, sizeof *g->values);
    g->tensors = mote_mem_zalloc_array(n_tensors, sizeof *g->tensors);
    extents = mote_mem_zalloc_array(n_tensors, sizeof *extents);
    if (!g->values || !g->tensors || !extents) {
        status = mote_error_alloc(err, n_values * sizeof *g->values + n_tensors * (sizeof *g->tensors + sizeof *extents));
        goto done;
    }
    MOTE_TRY_DONE(mote_name_index_init(&g->keys, n_values, err));
    MOTE_TRY_DONE(mote_name_index_init(&g->names, n_tensors, err));
    MOTE_TRY_DONE(parse_values(g, &c, n_values));
    const mote_gguf_value *stated = mote_gguf_find(g, "general.alignment");
    if (stated)
        MOTE_TRY_DONE(mote_gguf_parse_check_alignment(stated, &alignment, err));
    MOTE_TRY_DONE(parse_tensors(g, &c, n_tensors, extents));
    MOTE_TRY_DONE(place_tensors(g, data, &c, alignment, extents));
done:
    mote_mem_free(extents);
    return status;
}
