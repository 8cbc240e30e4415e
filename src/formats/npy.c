/* "\x93NUMPY" u8 major u8 minor, u16 (1.0) or u32 header length, the header (a Python dict display: {'descr': '<f4', 'fortran_order': False,
 * 'shape': (3, 4), } padded with spaces to a multiple of 64, newline), the elements. The three keys come in any order, exactly once. */
#include "formats/npy.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

enum { PREFIX_BYTES = 10, HEADER_BYTES = 128, MAX_HEADER_BYTES = 65535 };

struct mote_npy_writer {
    mote_file_writer *file;
    uint64_t n_rows, n_columns, n_written;
};

mote_status mote_npy_writer_create(const char *path, uint64_t n_rows, uint64_t n_columns, mote_npy_writer **writer, mote_error *err) {
    uint64_t n_bytes;
    *writer = NULL;
    if (__builtin_mul_overflow(n_rows, n_columns, &n_bytes) || n_bytes > INT64_MAX / sizeof(float))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: an array of %" PRIu64 " x %" PRIu64 " is too large", path, n_rows, n_columns);
    mote_npy_writer *w = *writer = mote_mem_zalloc_array(1, sizeof *w);
    if (!w)
        return mote_error_alloc(err, sizeof *w);
    w->n_rows = n_rows;
    w->n_columns = n_columns;
    char header[HEADER_BYTES + 1];
    int n = snprintf(header + PREFIX_BYTES, sizeof header - PREFIX_BYTES, "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu64 ", %" PRIu64 "), }", n_rows, n_columns);
    memset(header + PREFIX_BYTES + n, ' ', (size_t)(HEADER_BYTES - PREFIX_BYTES - n));
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER_BYTES - PREFIX_BYTES;
    header[9] = 0;
    header[HEADER_BYTES - 1] = '\n';
    mote_status status = mote_file_writer_create(path, &w->file, err);
    if (status == MOTE_OK)
        status = mote_file_writer_write(w->file, header, HEADER_BYTES, err);
    if (status != MOTE_OK)
        mote_npy_writer_discard(writer);
    return status;
}

mote_status mote_npy_writer_row(mote_npy_writer *w, const float *row, mote_error *err) {
    if (w->n_written == w->n_rows)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "npy: a row after the last of %" PRIu64, w->n_rows);
    MOTE_TRY(mote_file_writer_write(w->file, row, w->n_columns * sizeof *row, err));
    w->n_written++;
    return MOTE_OK;
}

void mote_npy_writer_discard(mote_npy_writer **writer) {
    if (!*writer)
        return;
    mote_file_writer_discard(&(*writer)->file);
    mote_mem_free(*writer);
    *writer = NULL;
}

mote_status mote_npy_writer_finish(mote_npy_writer **writer, mote_error *err) {
    mote_npy_writer *w = *writer;
    mote_status status = MOTE_OK;
    if (w->n_written < w->n_rows)
        status = mote_error_set(err, MOTE_ERR_ARGUMENT, "npy: %" PRIu64 " of %" PRIu64 " rows are missing", w->n_rows - w->n_written, w->n_rows);
    else
        status = mote_file_writer_commit(&w->file, err);
    mote_npy_writer_discard(writer);
    return status;
}

/* The header's text while it is read; spaces are skipped before each piece. */
typedef struct reader {
    mote_str rest;
} reader;

static bool skip(reader *r, mote_str piece) {
    while (r->rest.len > 0 && (r->rest.data[0] == ' ' || r->rest.data[0] == '\n')) {
        r->rest.data++;
        r->rest.len--;
    }
    if (!mote_str_starts(r->rest, piece))
        return false;
    r->rest.data += piece.len;
    r->rest.len -= piece.len;
    return true;
}

/* A string in either kind of quotes, without escapes. */
static bool read_string(reader *r, mote_str *s) {
    char quote = '\'';
    if (!skip(r, MOTE_STR("'"))) {
        if (!skip(r, MOTE_STR("\"")))
            return false;
        quote = '"';
    }
    const char *end = r->rest.len ? memchr(r->rest.data, quote, r->rest.len) : NULL;
    if (!end)
        return false;
    *s = (mote_str){r->rest.data, (size_t)(end - r->rest.data)};
    r->rest.data = end + 1;
    r->rest.len -= s->len + 1;
    return memchr(s->data, '\\', s->len) == NULL;
}

static bool read_number(reader *r, uint64_t *x) {
    (void)skip(r, MOTE_STR(""));
    size_t n = 0;
    *x = 0;
    for (; n < r->rest.len && r->rest.data[n] >= '0' && r->rest.data[n] <= '9'; n++)
        if (__builtin_mul_overflow(*x, 10, x) || __builtin_add_overflow(*x, (uint64_t)(r->rest.data[n] - '0'), x))
            return false;
    r->rest.data += n;
    r->rest.len -= n;
    return n > 0;
}

static mote_status read_shape(reader *r, uint64_t dims[4], int *n_dims, mote_error *err) {
    *n_dims = 0;
    if (!skip(r, MOTE_STR("(")))
        return mote_error_set(err, MOTE_ERR_FORMAT, "npy header: shape is no tuple");
    while (!skip(r, MOTE_STR(")"))) {
        if (*n_dims == MOTE_NPY_MAX_DIMS)
            return mote_error_set(err, MOTE_ERR_LIMIT, "npy header: shape of more than %d dimensions", MOTE_NPY_MAX_DIMS);
        if (!read_number(r, &dims[*n_dims]))
            return mote_error_set(err, MOTE_ERR_FORMAT, "npy header: shape: dimension %d is no natural number of 64 bits", *n_dims);
        ++*n_dims;
        bool comma = skip(r, MOTE_STR(","));
        if (!comma && (*n_dims == 1 || !mote_str_starts(r->rest, MOTE_STR(")"))))
            return mote_error_set(err, MOTE_ERR_FORMAT, "npy header: shape: a comma is missing after dimension %d", *n_dims - 1);
    }
    return MOTE_OK;
}

/* One of the three members; *seen collects them as bits. */
static mote_status read_member(reader *r, uint64_t dims[4], int *n_dims, unsigned *seen, mote_error *err) {
    enum { DESCR = 1, ORDER = 2, SHAPE = 4 };
    mote_str key, descr;
    if (!read_string(r, &key) || !skip(r, MOTE_STR(":")))
        return mote_error_set(err, MOTE_ERR_FORMAT, "npy header: not a dict of strings and values");
    unsigned bit = mote_str_is(key, "descr") ? DESCR : mote_str_is(key, "fortran_order") ? ORDER : mote_str_is(key, "shape") ? SHAPE : 0;
    if (bit == 0 || (*seen & bit))
        return mote_error_set(err, MOTE_ERR_FORMAT, "npy header: key '%.*s' is %s", MOTE_STR_ARGS(key), bit ? "there twice" : "unknown");
    *seen |= bit;
    if (bit == SHAPE)
        return read_shape(r, dims, n_dims, err);
    if (bit == ORDER) {
        if (skip(r, MOTE_STR("True")))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "npy header: fortran_order True is not supported");
        return skip(r, MOTE_STR("False")) ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "npy header: fortran_order is neither True nor False");
    }
    if (!read_string(r, &descr))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "npy header: descr is no plain type; only '<f4' is supported");
    if (!mote_str_is(descr, "<f4"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "npy header: descr '%.*s' is not supported, only '<f4'", MOTE_STR_ARGS(descr));
    return MOTE_OK;
}

static mote_status read_header(mote_str text, uint64_t dims[4], int *n_dims, mote_error *err) {
    reader r = {text};
    unsigned seen = 0;
    if (!skip(&r, MOTE_STR("{")))
        return mote_error_set(err, MOTE_ERR_FORMAT, "npy header: not a dict");
    while (!skip(&r, MOTE_STR("}"))) {
        MOTE_TRY(read_member(&r, dims, n_dims, &seen, err));
        if (!skip(&r, MOTE_STR(",")) && !mote_str_starts(r.rest, MOTE_STR("}")))
            return mote_error_set(err, MOTE_ERR_FORMAT, "npy header: a comma is missing");
    }
    (void)skip(&r, MOTE_STR(""));
    if (seen != 7 || r.rest.len > 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "npy header: %s", seen == 7 ? "bytes after the dict" : "descr, fortran_order or shape is missing");
    return MOTE_OK;
}

mote_status mote_npy_read_memory(const uint8_t *bytes, size_t n_bytes, float **data, uint64_t dims[4], int *n_dims, mote_error *err) {
    *data = NULL;
    if (n_bytes < 12)
        return mote_error_set(err, MOTE_ERR_FORMAT, "npy: truncated: %zu bytes", n_bytes);
    if (memcmp(bytes, "\x93NUMPY", 6) != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "not an npy file: wrong magic");
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "npy version %d.%d is not supported", bytes[6], bytes[7]);
    size_t start = bytes[6] == 1 ? 10 : 12;
    size_t header_bytes = bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1)
        header_bytes |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (header_bytes > n_bytes - start || header_bytes > MAX_HEADER_BYTES)
        return mote_error_set(err, MOTE_ERR_FORMAT, "npy: truncated: a header length of %zu in %zu bytes (limit %d)", header_bytes, n_bytes, MAX_HEADER_BYTES);
    for (int i = 0; i < MOTE_NPY_MAX_DIMS; i++)
        dims[i] = 1;
    MOTE_TRY(read_header((mote_str){(const char *)bytes + start, header_bytes}, dims, n_dims, err));
    uint64_t total = sizeof(float), room = n_bytes - start - header_bytes;
    bool overflow = false;
    for (int i = 0; i < MOTE_NPY_MAX_DIMS; i++)
        overflow = overflow || __builtin_mul_overflow(total, dims[i], &total);
    if (overflow || total != room)
        return mote_error_set(err, MOTE_ERR_FORMAT, "npy: the shape does not fit the %" PRIu64 " bytes of data", room);
    *data = mote_mem_alloc(total);
    if (!*data)
        return mote_error_alloc(err, total);
    memcpy(*data, bytes + start + header_bytes, total);
    return MOTE_OK;
}

mote_status mote_npy_read(const char *path, float **data, uint64_t dims[4], int *n_dims, mote_error *err) {
    mote_file_map map;
    *data = NULL;
    MOTE_TRY(mote_file_map_open(path, &map, err));
    mote_status status = mote_npy_read_memory(map.data, map.len, data, dims, n_dims, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", path);
    mote_file_map_close(&map);
    return status;
}
