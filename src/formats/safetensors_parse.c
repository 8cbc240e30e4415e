/* The bytes of one safetensors file:
 *
 *     u64 header_bytes   header: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …, "__metadata__": {"key": "text"}}   data
 *
 * The tensors must cover the data exactly: no overlap, no hole, no rest. Otherwise one file could mean two things to two readers, or carry a second file. */
#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "formats/safetensors_private.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    LENGTH_BYTES = 8,
    /* Some 150,000 tensors. The reference allows 100 MB, of which the JSON would take a gigabyte. */
    MAX_HEADER_BYTES = 16 << 20,
    MAX_ARENA_BYTES = 256 << 20 /* 150,000 tensors at some 200 bytes, and room */
};

static const struct {
    const char *name;
    mote_dtype type;
    uint32_t n_bits;
} DTYPES[] = {
    {"F64", MOTE_DTYPE_F64, 64},         {"F32", MOTE_DTYPE_F32, 32},         {"F16", MOTE_DTYPE_F16, 16},     {"BF16", MOTE_DTYPE_BF16, 16},
    {"I64", MOTE_DTYPE_I64, 64},         {"I32", MOTE_DTYPE_I32, 32},         {"I16", MOTE_DTYPE_I16, 16},     {"I8", MOTE_DTYPE_I8, 8},
    {"BOOL", MOTE_DTYPE_NONE, 8},        {"U8", MOTE_DTYPE_NONE, 8},          {"U16", MOTE_DTYPE_NONE, 16},    {"U32", MOTE_DTYPE_NONE, 32},
    {"U64", MOTE_DTYPE_NONE, 64},        {"C64", MOTE_DTYPE_NONE, 64},        {"F8_E5M2", MOTE_DTYPE_NONE, 8}, {"F8_E4M3", MOTE_DTYPE_NONE, 8},
    {"F8_E5M2FNUZ", MOTE_DTYPE_NONE, 8}, {"F8_E4M3FNUZ", MOTE_DTYPE_NONE, 8}, {"F8_E8M0", MOTE_DTYPE_NONE, 8}, {"F6_E2M3", MOTE_DTYPE_NONE, 6},
    {"F6_E3M2", MOTE_DTYPE_NONE, 6},     {"F4", MOTE_DTYPE_NONE, 4},
};

static mote_status parse_dtype(const mote_json *v, mote_safetensors_tensor *t, uint32_t *n_bits, mote_error *err) {
    mote_str name = mote_json_string(v);
    if (!name.data)
        return mote_error_set(err, MOTE_ERR_FORMAT, "dtype is missing or not a string");
    for (size_t i = 0; i < sizeof DTYPES / sizeof *DTYPES; i++)
        if (mote_str_is(name, DTYPES[i].name)) {
            t->type = DTYPES[i].type;
            t->dtype_name = mote_str_of(DTYPES[i].name);
            *n_bits = DTYPES[i].n_bits;
            return MOTE_OK;
        }
    return mote_error_set(err, MOTE_ERR_FORMAT, "unknown dtype '%.*s'", MOTE_STR_ARGS(name));
}

/* *n_elements is the product of the shape; 1 of an empty one. */
static mote_status parse_shape(const mote_json *v, mote_safetensors_tensor *t, uint64_t *n_elements, mote_error *err) {
    if (mote_json_typeof(v) != MOTE_JSON_ARRAY)
        return mote_error_set(err, MOTE_ERR_FORMAT, "shape is missing or not an array");
    size_t n_dims = mote_json_length(v);
    if (n_dims > MOTE_SAFETENSORS_MAX_DIMS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "shape of %zu dimensions, more than %d", n_dims, MOTE_SAFETENSORS_MAX_DIMS);
    t->n_dims = (int)n_dims;
    *n_elements = 1;
    for (size_t i = 0; i < n_dims; i++) {
        int64_t dim = mote_json_integer(mote_json_at(v, i), -1);
        if (dim < 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "shape: dimension %zu is not a natural number of 63 bits", i);
        t->dims[i] = (uint64_t)dim;
        if (__builtin_mul_overflow(*n_elements, t->dims[i], n_elements))
            return mote_error_set(err, MOTE_ERR_FORMAT, "shape: the product of the dimensions overflows");
    }
    return MOTE_OK;
}

static mote_status parse_offsets(const mote_json *v, uint64_t n_data_bytes, uint64_t *begin, uint64_t *end, mote_error *err) {
    int64_t from = mote_json_integer(mote_json_at(v, 0), -1), to = mote_json_integer(mote_json_at(v, 1), -1);
    if (mote_json_typeof(v) != MOTE_JSON_ARRAY || mote_json_length(v) != 2 || from < 0 || to < 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "data_offsets is missing or not two natural numbers");
    if (from > to || (uint64_t)to > n_data_bytes)
        return mote_error_set(err, MOTE_ERR_FORMAT, "data_offsets %" PRId64 " to %" PRId64 " are not inside the %" PRIu64 " bytes of data (reversed, or truncated)", from, to,
                              n_data_bytes);
    *begin = (uint64_t)from;
    *end = (uint64_t)to;
    return MOTE_OK;
}

static mote_status parse_tensor(const mote_json *v, const uint8_t *data, uint64_t n_data_bytes, mote_safetensors_tensor *t, mote_error *err) {
    uint32_t n_bits = 0;
    uint64_t n_elements = 0, n_total_bits, begin = 0, end = 0;
    if (mote_json_typeof(v) != MOTE_JSON_OBJECT)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the entry is not an object with dtype, shape and data_offsets");
    MOTE_TRY(parse_dtype(mote_json_get(v, "dtype"), t, &n_bits, err));
    MOTE_TRY(parse_shape(mote_json_get(v, "shape"), t, &n_elements, err));
    MOTE_TRY(parse_offsets(mote_json_get(v, "data_offsets"), n_data_bytes, &begin, &end, err));
    if (__builtin_mul_overflow(n_elements, (uint64_t)n_bits, &n_total_bits))
        return mote_error_set(err, MOTE_ERR_FORMAT, "the size of the shape in bits overflows");
    if (n_total_bits % 8 != 0 || n_total_bits / 8 != end - begin)
        return mote_error_set(err, MOTE_ERR_FORMAT, "shape and dtype %s need %" PRIu64 " bits, but data_offsets give %" PRIu64 " bytes", t->dtype_name.data, n_total_bits,
                              end - begin);
    t->data = data + begin;
    t->n_bytes = end - begin;
    return MOTE_OK;
}

static mote_status check_metadata(const mote_json *v, mote_error *err) {
    if (mote_json_typeof(v) != MOTE_JSON_OBJECT)
        return mote_error_set(err, MOTE_ERR_FORMAT, "header: __metadata__ is not an object of strings");
    for (mote_json_iter *it = mote_json_first(v); it; it = mote_json_next(v, it))
        if (mote_json_typeof(mote_json_iter_value(it)) != MOTE_JSON_STRING)
            return mote_error_set(err, MOTE_ERR_FORMAT, "header: __metadata__ '%.*s' is not a string", MOTE_STR_ARGS(mote_json_iter_key(it)));
    return MOTE_OK;
}

static int compare_places(const void *a, const void *b) {
    const mote_safetensors_tensor *x = a, *y = b;
    int order = (x->data > y->data) - (x->data < y->data);
    return order ? order : (x->n_bytes > y->n_bytes) - (x->n_bytes < y->n_bytes);
}

/* Each tensor begins where the one before ends, and the last ends with the file. */
static mote_status check_cover(const mote_safetensors_file *file, const uint8_t *data, uint64_t n_data_bytes, mote_error *err) {
    uint64_t covered = 0;
    for (size_t i = 0; i < file->n_tensors; i++) {
        const mote_safetensors_tensor *t = &file->tensors[i];
        uint64_t begin = (uint64_t)(t->data - data);
        if (begin != covered)
            return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%.*s': data offset %" PRIu64 ", but the data before ends at %" PRIu64 " (%s)", MOTE_STR_ARGS(t->name), begin,
                                  covered, begin < covered ? "overlap" : "gap");
        covered += t->n_bytes;
    }
    if (covered != n_data_bytes)
        return mote_error_set(err, MOTE_ERR_FORMAT, "trailing data: the tensors end at data offset %" PRIu64 ", the file has %" PRIu64 " bytes of data", covered, n_data_bytes);
    return MOTE_OK;
}

static mote_status parse_header(mote_safetensors_file *file, const mote_json *header, const uint8_t *data, uint64_t n_data_bytes, mote_error *err) {
    size_t n = mote_json_length(header);
    file->tensors = mote_arena_zalloc_array(&file->arena, n, sizeof *file->tensors);
    if (!file->tensors)
        return mote_error_alloc(err, n * sizeof *file->tensors);
    for (mote_json_iter *it = mote_json_first(header); it; it = mote_json_next(header, it)) {
        mote_str name = mote_json_iter_key(it);
        if (mote_str_is(name, "__metadata__")) {
            MOTE_TRY(check_metadata(mote_json_iter_value(it), err));
            continue;
        }
        mote_safetensors_tensor *t = &file->tensors[file->n_tensors];
        mote_status status = parse_tensor(mote_json_iter_value(it), data, n_data_bytes, t, err);
        if (status != MOTE_OK) {
            mote_error_prefix(err, "tensor '%.*s'", MOTE_STR_ARGS(name));
            return status;
        }
        t->name = (mote_str){mote_arena_dup(&file->arena, name.data, name.len), name.len};
        if (!t->name.data)
            return mote_error_alloc(err, name.len);
        file->n_tensors++;
    }
    if (file->n_tensors > 1)
        qsort(file->tensors, file->n_tensors, sizeof *file->tensors, compare_places);
    return check_cover(file, data, n_data_bytes, err);
}

mote_status mote_safetensors_parse(mote_safetensors_file *file, const uint8_t *data, size_t n_bytes, mote_error *err) {
    if (n_bytes < LENGTH_BYTES)
        return mote_error_set(err, MOTE_ERR_FORMAT, "truncated: %zu bytes, but the header length alone has %d", n_bytes, LENGTH_BYTES);
    uint64_t header_bytes = 0, room = n_bytes - LENGTH_BYTES;
    for (int i = 0; i < LENGTH_BYTES; i++)
        header_bytes |= (uint64_t)data[i] << (8 * i);
    if (header_bytes > room)
        return mote_error_set(err, MOTE_ERR_FORMAT, "truncated: header length %" PRIu64 ", but %" PRIu64 " bytes follow", header_bytes, room);
    if (header_bytes > MAX_HEADER_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "header length %" PRIu64 " is over the limit of %d", header_bytes, MAX_HEADER_BYTES);
    if (header_bytes < 2 || data[LENGTH_BYTES] != '{')
        return mote_error_set(err, MOTE_ERR_FORMAT, "header: not a JSON object (header length %" PRIu64 ")", header_bytes);
    /* Checked and read from a copy: whoever overwrites the file meanwhile can't come between the two. */
    char *text = mote_mem_alloc(header_bytes);
    if (!text)
        return mote_error_alloc(err, header_bytes);
    memcpy(text, data + LENGTH_BYTES, header_bytes);
    mote_json *header = NULL;
    mote_arena_init(&file->arena, MAX_ARENA_BYTES);
    file->header_bytes = LENGTH_BYTES + header_bytes;
    mote_status status = mote_json_parse(text, header_bytes, &header, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "header");
    else
        status = parse_header(file, header, data + LENGTH_BYTES + header_bytes, room - header_bytes, err);
    mote_json_free(&header);
    mote_mem_free(text);
    return status;
}
