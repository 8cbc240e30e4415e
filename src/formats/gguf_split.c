/* Split files: NAME-00001-of-00003.gguf and so on, each a whole GGUF file. Part 1 (split.no 0) carries the metadata, every part carries split.no, split.count
 * and split.tensors.count (the sum). They are looked for beside the part that was named. */
#include "base/error.h"
#include "base/mem.h"
#include "formats/gguf_private.h"

#include <stdio.h>

enum {
    MAX_PARTS = 1000,  /* each is a mapping; the largest published model has some 300 */
    SUFFIX_BYTES = 20, /* "-00001-of-00003.gguf" */
    PATH_BYTES = 4096
};

mote_status mote_gguf_split_count(const mote_gguf *g, uint32_t *n_parts, mote_error *err) {
    *n_parts = 1;
    return mote_gguf_get_u32(g, "split.count", false, n_parts, err);
}

static mote_status check_part(const mote_gguf *g, uint32_t index, uint32_t n_parts, uint64_t n_tensors, mote_error *err) {
    uint32_t count = 1, no = 0;
    uint64_t n = 0;
    MOTE_TRY(mote_gguf_get_u32(g, "split.count", true, &count, err));
    MOTE_TRY(mote_gguf_get_u32(g, "split.no", true, &no, err));
    MOTE_TRY(mote_gguf_get_u64(g, "split.tensors.count", true, &n, err));
    if (count != n_parts)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: split.count is %u, but another part has %u", g->path, count, n_parts);
    if (no != index)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: split.no is %u, but the file's name says part %u (split.no %u)", g->path, no, index + 1, index);
    if (n != n_tensors)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: split.tensors.count is %llu, but another part has %llu", g->path, (unsigned long long)n, (unsigned long long)n_tensors);
    return MOTE_OK;
}

/* The path of part `index`, made from the path of any part. */
static mote_status part_path(const mote_gguf *g, uint32_t index, uint32_t n_parts, char path[PATH_BYTES], mote_error *err) {
    uint32_t no = 0;
    char suffix[SUFFIX_BYTES + 16];
    size_t len = strlen(g->path);
    MOTE_TRY(mote_gguf_get_u32(g, "split.no", true, &no, err));
    snprintf(suffix, sizeof suffix, "-%05u-of-%05u.gguf", no < MAX_PARTS ? no + 1 : 0, n_parts);
    if (len <= SUFFIX_BYTES || strcmp(g->path + len - SUFFIX_BYTES, suffix) != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: this is part %u of %u of a split file (split.no %u), but the name does not end in %s", g->path, no + 1, n_parts, no,
                              suffix);
    int n = snprintf(path, PATH_BYTES, "%.*s-%05u-of-%05u.gguf", (int)(len - SUFFIX_BYTES), g->path, index + 1, n_parts);
    if (n < 0 || n >= PATH_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "%s: the path of a part is too long", g->path);
    return MOTE_OK;
}

/* Moves the tensors, mappings and headers of all parts into the first. */
static mote_status merge(mote_gguf **parts, uint32_t n_parts, uint64_t n_tensors, mote_error *err) {
    uint64_t n = 0, at = 0;
    for (uint32_t i = 0; i < n_parts; i++)
        n += parts[i]->n_tensors;
    mote_gguf *first = parts[0];
    if (n != n_tensors)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: split.tensors.count is %llu, but the parts hold %llu tensors", first->path, (unsigned long long)n_tensors,
                              (unsigned long long)n);
    mote_gguf_tensor *tensors = mote_mem_zalloc_array(n, sizeof *tensors);
    mote_gguf_part *files = mote_mem_zalloc_array(n_parts, sizeof *files);
    mote_name_index names = {0};
    mote_status status;
    if (!tensors || !files) {
        status = mote_error_alloc(err, n * sizeof *tensors);
        goto done;
    }
    MOTE_TRY_DONE(mote_name_index_init(&names, n, err));
    for (uint32_t i = 0; i < n_parts; i++)
        for (size_t j = 0; j < parts[i]->n_tensors; j++, at++) {
            tensors[at] = parts[i]->tensors[j];
            names.slots[at] = (mote_name_slot){tensors[at].name, at};
        }
    status = mote_name_index_sort(&names, "tensor", err);
    if (status != MOTE_OK) {
        mote_error_prefix(err, "%s", first->path);
        goto done;
    }
    for (uint32_t i = 0; i < n_parts; i++) {
        files[i] = parts[i]->parts[0];
        parts[i]->n_parts = 0;
    }
    mote_mem_free(first->tensors);
    mote_mem_free(first->parts);
    mote_name_index_deinit(&first->names);
    first->tensors = tensors;
    first->n_tensors = n;
    first->parts = files;
    first->n_parts = n_parts;
    first->names = names;
    return MOTE_OK;
done:
    mote_mem_free(tensors);
    mote_mem_free(files);
    mote_name_index_deinit(&names);
    return status;
}

mote_status mote_gguf_split_join(mote_gguf **gguf, uint32_t n_parts, mote_error *err) {
    if (n_parts > MAX_PARTS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "%s: split.count %u is over the limit of %d", (*gguf)->path, n_parts, MAX_PARTS);
    uint64_t n_tensors = 0;
    MOTE_TRY(mote_gguf_get_u64(*gguf, "split.tensors.count", true, &n_tensors, err));
    mote_gguf **parts = mote_mem_zalloc_array(n_parts, sizeof *parts);
    char *path = mote_mem_alloc(PATH_BYTES);
    mote_status status = MOTE_OK;
    if (!parts || !path) {
        status = mote_error_alloc(err, n_parts * sizeof *parts + PATH_BYTES);
        goto done;
    }
    for (uint32_t i = 0; i < n_parts; i++) {
        MOTE_TRY_DONE(part_path(*gguf, i, n_parts, path, err));
        status = mote_gguf_open_part(path, &parts[i], err);
        if (status == MOTE_ERR_NOT_FOUND)
            mote_error_set(err, status, "%s: part %u of %u is missing", path, i + 1, n_parts);
        if (status != MOTE_OK)
            goto done;
        MOTE_TRY_DONE(check_part(parts[i], i, n_parts, n_tensors, err));
    }
    MOTE_TRY_DONE(merge(parts, n_parts, n_tensors, err));
    mote_gguf_close(gguf);
    *gguf = parts[0];
    parts[0] = NULL;
done:
    for (uint32_t i = 0; parts && i < n_parts; i++)
        mote_gguf_close(&parts[i]);
    mote_mem_free(parts);
    mote_mem_free(path);
    return status;
}
