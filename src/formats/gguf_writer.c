/* Writes GGUF version 3. Keys and tensor headers gather in memory, so that their counts are known when the file begins; tensor data goes straight through.
 * Every tensor, the last too, is padded to the alignment with zeros, as the format's reference writers do. */
#include "base/error.h"
#include "base/half.h"
#include "base/mem.h"
#include "formats/gguf_private.h"

#include <inttypes.h>

enum { MAX_HEADER_BYTES = 1 << 30 }; /* of keys, and again of tensors */

/* A key or tensor, by its place in the buffer: the buffer moves while it grows. */
typedef struct entry {
    size_t name_offset, name_len;
    uint64_t n_bytes; /* of a tensor's data */
} entry;

typedef struct entry_list {
    mote_buffer bytes; /* as they go into the file */
    entry *entries;
    size_t n, capacity;
} entry_list;

struct mote_gguf_writer {
    mote_file_writer *file;
    entry_list keys, tensors;
    uint64_t alignment, data_offset; /* data_offset: of the next tensor declared */
    bool in_data;
    size_t current;   /* tensor being written */
    uint64_t written; /* bytes of it */
};

mote_status mote_gguf_writer_create(const char *path, mote_gguf_writer **writer, mote_error *err) {
    mote_gguf_writer *w = *writer = mote_mem_zalloc_array(1, sizeof *w);
    if (!w)
        return mote_error_alloc(err, sizeof *w);
    w->alignment = MOTE_GGUF_DEFAULT_ALIGNMENT;
    mote_buffer_init(&w->keys.bytes, MAX_HEADER_BYTES);
    mote_buffer_init(&w->tensors.bytes, MAX_HEADER_BYTES);
    mote_status status = mote_file_writer_create(path, &w->file, err);
    if (status != MOTE_OK)
        mote_gguf_writer_discard(writer);
    return status;
}

void mote_gguf_writer_discard(mote_gguf_writer **writer) {
    mote_gguf_writer *w = *writer;
    if (!w)
        return;
    mote_file_writer_discard(&w->file);
    mote_buffer_deinit(&w->keys.bytes);
    mote_buffer_deinit(&w->tensors.bytes);
    mote_mem_free(w->keys.entries);
    mote_mem_free(w->tensors.entries);
    mote_mem_free(w);
    *writer = NULL;
}

static mote_status put(mote_buffer *b, const void *data, size_t n_bytes, mote_error *err) {
    mote_status status = mote_buffer_append(b, data, n_bytes);
    if (status == MOTE_ERR_LIMIT)
        return mote_error_set(err, status, "GGUF: keys or tensor headers of more than %zu bytes", b->max_bytes);
    return status == MOTE_OK ? status : mote_error_alloc(err, n_bytes);
}

static mote_status put_integer(mote_buffer *b, uint64_t x, size_t n_bytes, mote_error *err) {
    uint8_t bytes[8];
    for (size_t i = 0; i < n_bytes; i++)
        bytes[i] = (uint8_t)(x >> (8 * i));
    return put(b, bytes, n_bytes, err);
}

static mote_status put_string(mote_buffer *b, mote_str s, mote_error *err) {
    MOTE_TRY(put_integer(b, s.len, 8, err));
    return put(b, s.data, s.len, err);
}

/* Begins a key or tensor with its name. */
static mote_status begin_entry(mote_gguf_writer *w, entry_list *list, mote_str name, size_t max_entries, size_t max_name_bytes, mote_error *err) {
    if (w->in_data)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: '%.*s' is declared after the data has begun", MOTE_STR_ARGS(name));
    if (name.len == 0 || name.len > max_name_bytes)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: the name '%.*s' has not 1 to %zu bytes", MOTE_STR_ARGS(name), max_name_bytes);
    if (list->n == max_entries)
        return mote_error_set(err, MOTE_ERR_LIMIT, "GGUF: '%.*s' is one over the limit of %zu", MOTE_STR_ARGS(name), max_entries);
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        entry *entries = mote_mem_resize_array(list->entries, capacity, sizeof *entries);
        if (!entries)
            return mote_error_alloc(err, capacity * sizeof *entries);
        list->entries = entries;
        list->capacity = capacity;
    }
    list->entries[list->n] = (entry){list->bytes.len + 8, name.len, 0};
    MOTE_TRY(put_string(&list->bytes, name, err));
    list->n++;
    return MOTE_OK;
}

static mote_status begin_value(mote_gguf_writer *w, mote_str key, mote_gguf_type type, mote_error *err) {
    MOTE_TRY(begin_entry(w, &w->keys, key, MOTE_GGUF_MAX_VALUES, MOTE_GGUF_MAX_KEY_BYTES, err));
    return put_integer(&w->keys.bytes, type, 4, err);
}

mote_status mote_gguf_writer_copy(mote_gguf_writer *w, const mote_gguf_value *v, mote_error *err) {
    if (mote_str_is(v->key, "general.alignment")) {
        if (w->tensors.n > 0)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: general.alignment must be declared before tensors");
        MOTE_TRY(mote_gguf_parse_check_alignment(v, &w->alignment, err));
    }
    MOTE_TRY(begin_value(w, v->key, v->type, err));
    if (v->type == MOTE_GGUF_ARRAY) {
        MOTE_TRY(put_integer(&w->keys.bytes, v->item_type, 4, err));
        MOTE_TRY(put_integer(&w->keys.bytes, v->n_items, 8, err));
    }
    return put(&w->keys.bytes, v->data, v->n_bytes, err);
}

mote_status mote_gguf_writer_u32(mote_gguf_writer *w, const char *key, uint32_t x, mote_error *err) {
    uint8_t bytes[4] = {(uint8_t)x, (uint8_t)(x >> 8), (uint8_t)(x >> 16), (uint8_t)(x >> 24)};
    mote_gguf_value v = {.key = mote_str_of(key), .type = MOTE_GGUF_U32, .data = bytes, .n_bytes = 4};
    return mote_gguf_writer_copy(w, &v, err);
}

mote_status mote_gguf_writer_f32(mote_gguf_writer *w, const char *key, float v, mote_error *err) {
    MOTE_TRY(begin_value(w, mote_str_of(key), MOTE_GGUF_F32, err));
    return put_integer(&w->keys.bytes, mote_half_bits(v), 4, err);
}

mote_status mote_gguf_writer_bool(mote_gguf_writer *w, const char *key, bool v, mote_error *err) {
    MOTE_TRY(begin_value(w, mote_str_of(key), MOTE_GGUF_BOOL, err));
    return put_integer(&w->keys.bytes, v, 1, err);
}

mote_status mote_gguf_writer_string(mote_gguf_writer *w, const char *key, mote_str v, mote_error *err) {
    MOTE_TRY(begin_value(w, mote_str_of(key), MOTE_GGUF_STRING, err));
    return put_string(&w->keys.bytes, v, err);
}

static mote_status begin_array(mote_gguf_writer *w, const char *key, mote_gguf_type item_type, size_t n, mote_error *err) {
    MOTE_TRY(begin_value(w, mote_str_of(key), MOTE_GGUF_ARRAY, err));
    MOTE_TRY(put_integer(&w->keys.bytes, item_type, 4, err));
    return put_integer(&w->keys.bytes, n, 8, err);
}

mote_status mote_gguf_writer_strings(mote_gguf_writer *w, const char *key, const mote_str *v, size_t n, mote_error *err) {
    if (n > MOTE_GGUF_MAX_STRINGS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "GGUF: key '%s': %zu strings are more than %d", key, n, MOTE_GGUF_MAX_STRINGS);
    MOTE_TRY(begin_array(w, key, MOTE_GGUF_STRING, n, err));
    for (size_t i = 0; i < n; i++)
        MOTE_TRY(put_string(&w->keys.bytes, v[i], err));
    return MOTE_OK;
}

mote_status mote_gguf_writer_array(mote_gguf_writer *w, const char *key, mote_gguf_type item_type, const void *items, size_t n, mote_error *err) {
    size_t item_bytes = mote_gguf_parse_item_bytes(item_type);
    if (item_bytes == 0)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: key '%s': items of type %s are no numbers", key, mote_gguf_parse_type_name(item_type));
    if (n > MAX_HEADER_BYTES / item_bytes)
        return mote_error_set(err, MOTE_ERR_LIMIT, "GGUF: key '%s': an array of %zu items is too long", key, n);
    MOTE_TRY(begin_array(w, key, item_type, n, err));
    return put(&w->keys.bytes, items, n * item_bytes, err); /* little-endian machines only, as everywhere */
}

mote_status mote_gguf_writer_tensor(mote_gguf_writer *w, mote_str name, mote_dtype type, int n_dims, const uint64_t *dims, mote_error *err) {
    const mote_dtype_info *info = mote_dtype_get(type);
    if (!info || n_dims < 1 || n_dims > MOTE_GGUF_MAX_DIMS || dims[0] % info->block_len != 0)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: tensor '%.*s': type, number of dimensions (%d) or row length does not fit", MOTE_STR_ARGS(name), n_dims);
    uint64_t n_bytes = info->block_bytes, end;
    bool wrong = __builtin_mul_overflow(n_bytes, dims[0] / info->block_len, &n_bytes);
    for (int i = 1; i < n_dims; i++)
        wrong = wrong || __builtin_mul_overflow(n_bytes, dims[i], &n_bytes);
    wrong = wrong || n_bytes == 0 || n_bytes > INT64_MAX / 2 || __builtin_add_overflow(w->data_offset, n_bytes, &end) || end > INT64_MAX;
    if (wrong)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: tensor '%.*s': a dimension is zero or the size overflows", MOTE_STR_ARGS(name));
    mote_buffer *b = &w->tensors.bytes;
    MOTE_TRY(begin_entry(w, &w->tensors, name, MOTE_GGUF_MAX_TENSORS, MOTE_GGUF_MAX_NAME_BYTES, err));
    w->tensors.entries[w->tensors.n - 1].n_bytes = n_bytes;
    MOTE_TRY(put_integer(b, (uint64_t)n_dims, 4, err));
    for (int i = 0; i < n_dims; i++)
        MOTE_TRY(put_integer(b, dims[i], 8, err));
    MOTE_TRY(put_integer(b, (uint64_t)type, 4, err));
    MOTE_TRY(put_integer(b, w->data_offset, 8, err));
    w->data_offset = (end + w->alignment - 1) / w->alignment * w->alignment;
    return MOTE_OK;
}

static mote_status refuse_duplicates(const entry_list *list, const char *what, mote_error *err) {
    mote_name_index index;
    MOTE_TRY(mote_name_index_init(&index, list->n, err));
    for (size_t i = 0; i < list->n; i++)
        index.slots[i] = (mote_name_slot){{list->bytes.data + list->entries[i].name_offset, list->entries[i].name_len}, i};
    mote_status status = mote_name_index_sort(&index, what, err);
    mote_name_index_deinit(&index);
    return status == MOTE_ERR_FORMAT ? MOTE_ERR_ARGUMENT : status;
}

static mote_status pad(mote_gguf_writer *w, mote_error *err) {
    static const uint8_t zeros[4096];
    uint64_t rest = (w->alignment - mote_file_writer_offset(w->file) % w->alignment) % w->alignment;
    while (rest > 0) {
        size_t n = rest < sizeof zeros ? (size_t)rest : sizeof zeros;
        MOTE_TRY(mote_file_writer_write(w->file, zeros, n, err));
        rest -= n;
    }
    return MOTE_OK;
}

mote_status mote_gguf_writer_begin_data(mote_gguf_writer *w, mote_error *err) {
    if (w->in_data)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: the data has begun already");
    MOTE_TRY(refuse_duplicates(&w->keys, "key", err));
    MOTE_TRY(refuse_duplicates(&w->tensors, "tensor", err));
    uint8_t head[24] = "GGUF";
    head[4] = MOTE_GGUF_VERSION;
    for (int i = 0; i < 8; i++) {
        head[8 + i] = (uint8_t)((uint64_t)w->tensors.n >> (8 * i));
        head[16 + i] = (uint8_t)((uint64_t)w->keys.n >> (8 * i));
    }
    w->in_data = true;
    MOTE_TRY(mote_file_writer_write(w->file, head, sizeof head, err));
    MOTE_TRY(mote_file_writer_write(w->file, w->keys.bytes.data, w->keys.bytes.len, err));
    MOTE_TRY(mote_file_writer_write(w->file, w->tensors.bytes.data, w->tensors.bytes.len, err));
    return pad(w, err);
}

mote_status mote_gguf_writer_data(mote_gguf_writer *w, const void *data, size_t n_bytes, mote_error *err) {
    if (!w->in_data)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: tensor bytes before the data has begun");
    if (n_bytes == 0)
        return MOTE_OK;
    if (w->current == w->tensors.n)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: %zu bytes after the last tensor", n_bytes);
    const entry *e = &w->tensors.entries[w->current];
    if (n_bytes > e->n_bytes - w->written)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: tensor '%.*s' has %" PRIu64 " bytes, %zu are too many after %" PRIu64, (int)e->name_len,
                              w->tensors.bytes.data + e->name_offset, e->n_bytes, n_bytes, w->written);
    MOTE_TRY(mote_file_writer_write(w->file, data, n_bytes, err));
    w->written += n_bytes;
    if (w->written < e->n_bytes)
        return MOTE_OK;
    w->current++;
    w->written = 0;
    return pad(w, err);
}

mote_status mote_gguf_writer_finish(mote_gguf_writer **writer, mote_error *err) {
    mote_gguf_writer *w = *writer;
    mote_status status = w->in_data ? MOTE_OK : mote_gguf_writer_begin_data(w, err);
    if (status == MOTE_OK && w->current < w->tensors.n) {
        const entry *e = &w->tensors.entries[w->current];
        status = mote_error_set(err, MOTE_ERR_ARGUMENT, "GGUF: tensor '%.*s' is incomplete: %" PRIu64 " of %" PRIu64 " bytes", (int)e->name_len,
                                w->tensors.bytes.data + e->name_offset, w->written, e->n_bytes);
    }
    if (status == MOTE_OK)
        status = mote_file_writer_commit(&w->file, err);
    mote_gguf_writer_discard(writer);
    return status;
}
