/* A GGUF's tensors are paired by name; a .dat file is
 *
 *     i32 n_entries, then for each: i32 length, name, i32 n_calls, i32 n_values, f32 values[n_values]      (values: means times n_calls)
 *     optionally: i32 n_chunks, i32 length, dataset's name
 *
 * Both become a list of entries that point into the file's bytes, with an index of their names. */
#include "formats/imatrix.h"

#include "base/error.h"
#include "base/file.h"
#include "base/half.h"
#include "base/mem.h"
#include "formats/gguf.h"
#include "formats/name_index.h"

#include <math.h>
#include <stdio.h>

enum { MAX_ENTRIES = 1 << 16, MAX_NAME_BYTES = 255 /* a GGUF tensor's name */ };

struct mote_imatrix {
    mote_file_map map; /* of a .dat file */
    mote_gguf *gguf;   /* or this */
    mote_imatrix_entry *entries;
    size_t n_entries;
    mote_name_index names;
    mote_str dataset;
    uint32_t n_chunks;
};

static const mote_str sums_suffix = {".in_sum2", 8}, counts_suffix = {".counts", 7};

static uint32_t load_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static float load_f32(const uint8_t *p) {
    return mote_half_float(load_u32(p));
}

static mote_status check_values(mote_str name, const char *what, const uint8_t *values, uint64_t n, mote_error *err) {
    for (uint64_t i = 0; i < n; i++) {
        float x = load_f32(values + 4 * i);
        if (!isfinite(x) || x < 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "importance of '%.*s': %s %llu is %g", MOTE_STR_ARGS(name), what, (unsigned long long)i, (double)x);
    }
    return MOTE_OK;
}

static mote_status add_pair(mote_imatrix *m, const mote_gguf_tensor *sums, mote_error *err) {
    char name[MAX_NAME_BYTES + 1];
    mote_str base = {sums->name.data, sums->name.len - sums_suffix.len};
    snprintf(name, sizeof name, "%.*s%s", (int)base.len, base.data, counts_suffix.data);
    const mote_gguf_tensor *counts = mote_gguf_find_tensor(m->gguf, name);
    if (!counts)
        return mote_error_set(err, MOTE_ERR_FORMAT, "importance of '%.*s': there are sums but no counts", MOTE_STR_ARGS(base));
    if (sums->type != MOTE_DTYPE_F32 || counts->type != MOTE_DTYPE_F32)
        return mote_error_set(err, MOTE_ERR_FORMAT, "importance of '%.*s': sums and counts must be F32", MOTE_STR_ARGS(base));
    uint64_t n_values = sums->n_bytes / 4, n_counts = counts->n_bytes / 4;
    if (n_counts != 1 && n_counts != n_values / sums->dims[0])
        return mote_error_set(err, MOTE_ERR_FORMAT, "importance of '%.*s': %llu counts for %llu matrices", MOTE_STR_ARGS(base), (unsigned long long)n_counts,
                              (unsigned long long)(n_values / sums->dims[0]));
    MOTE_TRY(check_values(base, "sum", sums->data, n_values, err));
    MOTE_TRY(check_values(base, "count", counts->data, n_counts, err));
    m->entries[m->n_entries++] = (mote_imatrix_entry){base, n_values, n_counts, sums->data, counts->data};
    return MOTE_OK;
}

static mote_status read_keys(mote_imatrix *m, mote_error *err) {
    const mote_gguf_value *datasets = mote_gguf_find(m->gguf, "imatrix.datasets");
    uint64_t cursor = 0;
    if (datasets)
        (void)mote_gguf_next_string(datasets, &cursor, &m->dataset);
    return mote_gguf_get_u32(m->gguf, "imatrix.chunk_count", false, &m->n_chunks, err);
}

static mote_status read_gguf(mote_imatrix *m, mote_error *err) {
    size_t n_tensors = mote_gguf_n_tensors(m->gguf), n_sums = 0, n_counts = 0;
    for (size_t i = 0; i < n_tensors; i++) {
        mote_str name = mote_gguf_tensor_at(m->gguf, i)->name;
        n_sums += mote_str_ends(name, sums_suffix);
        n_counts += mote_str_ends(name, counts_suffix);
    }
    if (n_sums == 0 || n_sums != n_counts)
        return mote_error_set(err, MOTE_ERR_FORMAT, "no importance matrix: %zu tensors of sums, %zu of counts", n_sums, n_counts);
    m->entries = mote_mem_zalloc_array(n_sums, sizeof *m->entries);
    if (!m->entries)
        return mote_error_alloc(err, n_sums * sizeof *m->entries);
    for (size_t i = 0; i < n_tensors; i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(m->gguf, i);
        if (mote_str_ends(t->name, sums_suffix))
            MOTE_TRY(add_pair(m, t, err));
    }
    return read_keys(m, err);
}

/* What is left of a .dat file. */
typedef struct cursor {
    const uint8_t *data, *p;
    size_t left;
} cursor;

static bool take_i32(cursor *c, uint32_t least, uint32_t most, uint32_t *out) {
    uint32_t x = c->left < 4 ? 0 : load_u32(c->p); /* once: the file may be overwritten meanwhile */
    if (c->left < 4 || x < least || x > most)
        return false;
    *out = x;
    c->p += 4;
    c->left -= 4;
    return true;
}

static bool take_bytes(cursor *c, size_t n, const uint8_t **out) {
    if (c->left < n)
        return false;
    *out = c->p;
    c->p += n;
    c->left -= n;
    return true;
}

static mote_status read_dat_entry(cursor *c, mote_imatrix_entry *e, mote_error *err) {
    uint32_t n_name, n_calls, n_values;
    const uint8_t *name;
    bool ok = take_i32(c, 1, MAX_NAME_BYTES, &n_name) && take_bytes(c, n_name, &name) && take_i32(c, 0, INT32_MAX, &n_calls) && take_i32(c, 1, INT32_MAX, &n_values);
    if (!ok || n_values > c->left / 4)
        return mote_error_set(err, MOTE_ERR_FORMAT, "no importance matrix: the entry before offset %zu is malformed or cut", (size_t)(c->p - c->data));
    *e = (mote_imatrix_entry){{(const char *)name, n_name}, n_values, 1, NULL, NULL};
    (void)take_bytes(c, 4 * (size_t)n_values, &e->sums);
    return check_values(e->name, "value", e->sums, n_values, err);
}

static mote_status read_dat(mote_imatrix *m, const uint8_t *data, size_t n_bytes, mote_error *err) {
    cursor c = {data, data, n_bytes};
    uint32_t n_entries, n_name;
    const uint8_t *name;
    if (!take_i32(&c, 1, MAX_ENTRIES, &n_entries))
        return mote_error_set(err, MOTE_ERR_FORMAT, "no importance matrix: neither a GGUF nor a number of entries from 1 to %d at the beginning", MAX_ENTRIES);
    if (n_entries > c.left / 12)
        return mote_error_set(err, MOTE_ERR_FORMAT, "no importance matrix: %u entries don't fit into %zu bytes", n_entries, n_bytes);
    m->entries = mote_mem_zalloc_array(n_entries, sizeof *m->entries);
    if (!m->entries)
        return mote_error_alloc(err, n_entries * sizeof *m->entries);
    for (; m->n_entries < n_entries; m->n_entries++)
        MOTE_TRY(read_dat_entry(&c, &m->entries[m->n_entries], err));
    if (take_i32(&c, 0, INT32_MAX, &m->n_chunks) && take_i32(&c, 1, INT32_MAX, &n_name) && take_bytes(&c, n_name, &name))
        m->dataset = (mote_str){(const char *)name, n_name};
    return MOTE_OK;
}

static mote_status index_names(mote_imatrix *m, mote_error *err) {
    MOTE_TRY(mote_name_index_init(&m->names, m->n_entries, err));
    for (size_t i = 0; i < m->n_entries; i++)
        m->names.slots[i] = (mote_name_slot){m->entries[i].name, i};
    return mote_name_index_sort(&m->names, "importance of", err);
}

static bool is_gguf(const uint8_t *data, size_t n_bytes) {
    return n_bytes >= 4 && memcmp(data, "GGUF", 4) == 0;
}

mote_status mote_imatrix_open_memory(const uint8_t *data, size_t n_bytes, const char *name, mote_imatrix **imatrix, mote_error *err) {
    mote_imatrix *m = *imatrix = mote_mem_zalloc_array(1, sizeof *m);
    mote_status status = MOTE_OK;
    if (!m)
        return mote_error_alloc(err, sizeof *m);
    if (is_gguf(data, n_bytes)) {
        MOTE_TRY_DONE(mote_gguf_open_memory(data, n_bytes, name, &m->gguf, err));
        status = read_gguf(m, err);
    } else {
        status = read_dat(m, data, n_bytes, err);
    }
    if (status == MOTE_OK)
        status = index_names(m, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", name);
done:
    if (status != MOTE_OK)
        mote_imatrix_close(imatrix);
    return status;
}

mote_status mote_imatrix_open(const char *path, mote_imatrix **imatrix, mote_error *err) {
    mote_file_map map;
    *imatrix = NULL;
    MOTE_TRY(mote_file_map_open(path, &map, err));
    mote_status status = mote_imatrix_open_memory(map.data, map.len, path, imatrix, err);
    if (status == MOTE_OK)
        (*imatrix)->map = map;
    else
        mote_file_map_close(&map);
    return status;
}

void mote_imatrix_close(mote_imatrix **imatrix) {
    mote_imatrix *m = *imatrix;
    if (!m)
        return;
    mote_gguf_close(&m->gguf);
    mote_file_map_close(&m->map);
    mote_name_index_deinit(&m->names);
    mote_mem_free(m->entries);
    mote_mem_free(m);
    *imatrix = NULL;
}

size_t mote_imatrix_n_entries(const mote_imatrix *m) {
    return m->n_entries;
}

const mote_imatrix_entry *mote_imatrix_at(const mote_imatrix *m, size_t i) {
    return i < m->n_entries ? &m->entries[i] : NULL;
}

const mote_imatrix_entry *mote_imatrix_find(const mote_imatrix *m, mote_str name) {
    const mote_name_slot *slot = mote_name_index_find(&m->names, name);
    return slot ? &m->entries[slot->position] : NULL;
}

mote_str mote_imatrix_dataset(const mote_imatrix *m) {
    return m->dataset;
}

uint32_t mote_imatrix_n_chunks(const mote_imatrix *m) {
    return m->n_chunks;
}

void mote_imatrix_read(const mote_imatrix_entry *e, uint64_t first, uint64_t n, float *means) {
    uint64_t per_count = e->n_values / e->n_counts;
    for (uint64_t i = 0; i < n; i++) {
        float sum = load_f32(e->sums + 4 * (first + i)), count = e->counts ? load_f32(e->counts + 4 * ((first + i) / per_count)) : 1;
        means[i] = count > 0 ? sum / count : 1;
    }
}
