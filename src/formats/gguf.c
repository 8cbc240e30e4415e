/* Opening, closing and looking up; the bytes are read in gguf_parse.c, parts are joined in gguf_split.c. */
#include "formats/gguf.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/gguf_private.h"

static mote_status create(const char *path, mote_gguf **gguf, mote_error *err) {
    mote_gguf *g = *gguf = mote_mem_zalloc_array(1, sizeof *g);
    if (g) {
        g->path = mote_mem_dup_text(path);
        g->parts = mote_mem_zalloc_array(1, sizeof *g->parts);
        g->n_parts = g->parts != NULL;
    }
    if (g && g->path && g->parts)
        return MOTE_OK;
    mote_gguf_close(gguf);
    return mote_error_alloc(err, sizeof *g);
}

mote_status mote_gguf_open_part(const char *path, mote_gguf **gguf, mote_error *err) {
    MOTE_TRY(create(path, gguf, err));
    mote_gguf *g = *gguf;
    mote_status status;
    mote_file_map *map = &g->parts->map;
    MOTE_TRY_DONE(mote_file_map_open(path, map, err));
    status = mote_gguf_parse(g, map->data, map->len, g->parts, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", path);
done:
    if (status != MOTE_OK)
        mote_gguf_close(gguf);
    return status;
}

mote_status mote_gguf_open(const char *path, mote_gguf **gguf, mote_error *err) {
    uint32_t n_parts;
    MOTE_TRY(mote_gguf_open_part(path, gguf, err));
    mote_status status = mote_gguf_split_count(*gguf, &n_parts, err);
    if (status == MOTE_OK && n_parts > 1)
        status = mote_gguf_split_join(gguf, n_parts, err);
    if (status != MOTE_OK)
        mote_gguf_close(gguf);
    return status;
}

mote_status mote_gguf_open_memory(const uint8_t *data, size_t n_bytes, const char *name, mote_gguf **gguf, mote_error *err) {
    uint32_t n_parts;
    MOTE_TRY(create(name, gguf, err));
    mote_status status = mote_gguf_parse(*gguf, data, n_bytes, (*gguf)->parts, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", name);
    else
        status = mote_gguf_split_count(*gguf, &n_parts, err);
    if (status == MOTE_OK && n_parts > 1)
        status = mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: split.count is %u, but only files can be split", name, n_parts);
    if (status != MOTE_OK)
        mote_gguf_close(gguf);
    return status;
}

void mote_gguf_close(mote_gguf **gguf) {
    mote_gguf *g = *gguf;
    if (!g)
        return;
    for (size_t i = 0; i < g->n_parts; i++) {
        mote_file_map_close(&g->parts[i].map);
        mote_mem_free(g->parts[i].header);
    }
    mote_mem_free(g->parts);
    mote_mem_free(g->values);
    mote_mem_free(g->tensors);
    mote_name_index_deinit(&g->keys);
    mote_name_index_deinit(&g->names);
    mote_mem_free(g->path);
    mote_mem_free(g);
    *gguf = NULL;
}

void mote_gguf_hash_identity(const mote_gguf *g, mote_sha256 *sha) {
    for (size_t i = 0; i < g->n_parts; i++) {
        mote_sha256_update(sha, &g->parts[i].map.identity, sizeof g->parts[i].map.identity);
        mote_sha256_update(sha, g->parts[i].header, g->parts[i].header_bytes);
    }
}

uint32_t mote_gguf_version(const mote_gguf *g) {
    return g->version;
}

size_t mote_gguf_n_values(const mote_gguf *g) {
    return g->n_values;
}

const mote_gguf_value *mote_gguf_value_at(const mote_gguf *g, size_t i) {
    return i < g->n_values ? &g->values[i] : NULL;
}

const mote_gguf_value *mote_gguf_find(const mote_gguf *g, const char *key) {
    const mote_name_slot *slot = mote_name_index_find(&g->keys, mote_str_of(key));
    return slot ? &g->values[slot->position] : NULL;
}

size_t mote_gguf_n_tensors(const mote_gguf *g) {
    return g->n_tensors;
}

const mote_gguf_tensor *mote_gguf_tensor_at(const mote_gguf *g, size_t i) {
    return i < g->n_tensors ? &g->tensors[i] : NULL;
}

const mote_gguf_tensor *mote_gguf_find_tensor(const mote_gguf *g, const char *name) {
    const mote_name_slot *slot = mote_name_index_find(&g->names, mote_str_of(name));
    return slot ? &g->tensors[slot->position] : NULL;
}
