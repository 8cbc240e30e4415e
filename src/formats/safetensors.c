/* Files and folders of safetensors; safetensors_parse.c reads the bytes of one. */
#include "formats/safetensors.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "formats/safetensors_private.h"

#include <stdio.h>

enum {
    MAX_FILES = 1000, /* each is a mapping; published models have up to 300 */
    MAX_FILE_NAME_BYTES = 255
};

static mote_status create(size_t n_files, mote_safetensors **st, mote_error *err) {
    mote_safetensors *s = *st = mote_mem_zalloc_array(1, sizeof *s);
    if (s)
        s->files = mote_mem_zalloc_array(n_files, sizeof *s->files);
    if (s && s->files)
        return MOTE_OK;
    mote_safetensors_close(st);
    return mote_error_alloc(err, n_files * sizeof *s->files);
}

/* Gathers the tensors of all files. */
static mote_status collect(mote_safetensors *st, mote_error *err) {
    size_t n = 0;
    for (size_t i = 0; i < st->n_files; i++)
        n += st->files[i].n_tensors;
    st->tensors = mote_mem_zalloc_array(n, sizeof *st->tensors);
    if (!st->tensors)
        return mote_error_alloc(err, n * sizeof *st->tensors);
    MOTE_TRY(mote_name_index_init(&st->names, n, err));
    for (size_t i = 0; i < st->n_files; i++)
        for (size_t j = 0; j < st->files[i].n_tensors; j++) {
            st->tensors[st->n_tensors] = st->files[i].tensors[j];
            st->names.slots[st->n_tensors] = (mote_name_slot){st->tensors[st->n_tensors].name, st->n_tensors};
            st->n_tensors++;
        }
    return mote_name_index_sort(&st->names, "tensor", err);
}

static mote_status add_file(mote_safetensors *st, const char *path, mote_error *err) {
    mote_safetensors_file *file = &st->files[st->n_files++];
    MOTE_TRY(mote_file_map_open(path, &file->map, err));
    mote_status status = mote_safetensors_parse(file, file->map.data, file->map.len, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", path);
    return status;
}

mote_status mote_safetensors_open(const char *path, mote_safetensors **st, mote_error *err) {
    MOTE_TRY(create(1, st, err));
    mote_status status;
    MOTE_TRY_DONE(add_file(*st, path, err));
    MOTE_TRY_DONE(collect(*st, err));
done:
    if (status != MOTE_OK)
        mote_safetensors_close(st);
    return status;
}

mote_status mote_safetensors_open_memory(const uint8_t *data, size_t n_bytes, const char *name, mote_safetensors **st, mote_error *err) {
    MOTE_TRY(create(1, st, err));
    (*st)->n_files = 1;
    mote_status status = mote_safetensors_parse((*st)->files, data, n_bytes, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", name);
    else
        status = collect(*st, err);
    if (status != MOTE_OK)
        mote_safetensors_close(st);
    return status;
}

static mote_status join_path(const char *folder, mote_str name, char **path, mote_error *err) {
    size_t n = strlen(folder) + name.len + 2;
    *path = mote_mem_alloc(n);
    if (!*path)
        return mote_error_alloc(err, n);
    snprintf(*path, n, "%s/%.*s", folder, (int)name.len, name.data);
    return MOTE_OK;
}

/* A file name of the index: of this folder, plain. */
static mote_status check_file_name(mote_str name, mote_error *err) {
    bool ok = name.len > 0 && name.len <= MAX_FILE_NAME_BYTES && name.data[0] != '.' && mote_str_ends(name, MOTE_STR(".safetensors"));
    for (size_t i = 0; ok && i < name.len; i++)
        ok = (unsigned char)name.data[i] >= 0x20 && name.data[i] != '/' && name.data[i] != '\\';
    return ok ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "weight_map: '%.*s' is not the plain name of a .safetensors file", MOTE_STR_ARGS(name));
}

/* The place of a file name in a sorted list, or where it belongs. */
static size_t find_file(const mote_str *files, size_t n_files, mote_str name) {
    size_t low = 0, high = n_files;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (mote_name_index_compare(files[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The distinct file names of the index, sorted. */
static mote_status list_files(const mote_json *map, mote_str files[MAX_FILES], size_t *n_files, mote_error *err) {
    if (mote_json_typeof(map) != MOTE_JSON_OBJECT)
        return mote_error_set(err, MOTE_ERR_FORMAT, "weight_map is missing or not an object");
    *n_files = 0;
    for (mote_json_iter *it = mote_json_first(map); it; it = mote_json_next(map, it)) {
        mote_str name = mote_json_string(mote_json_iter_value(it));
        MOTE_TRY(check_file_name(name, err));
        size_t low = find_file(files, *n_files, name);
        if (low < *n_files && mote_str_equal(files[low], name))
            continue;
        if (*n_files == MAX_FILES)
            return mote_error_set(err, MOTE_ERR_LIMIT, "weight_map: more than %d files", MAX_FILES);
        memmove(files + low + 1, files + low, (*n_files - low) * sizeof *files);
        files[low] = name;
        ++*n_files;
    }
    return *n_files ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "weight_map is empty");
}

/* Every tensor of the index must be there, and in the file that the index names: a folder of shards from two models would else open as one. */
static mote_status check_index(const mote_safetensors *st, const mote_json *map, const mote_str *files, mote_error *err) {
    for (mote_json_iter *it = mote_json_first(map); it; it = mote_json_next(map, it)) {
        mote_str name = mote_json_iter_key(it), file = mote_json_string(mote_json_iter_value(it));
        const mote_name_slot *slot = mote_name_index_find(&st->names, name);
        if (!slot)
            return mote_error_set(err, MOTE_ERR_FORMAT, "weight_map: tensor '%.*s' is in none of the files", MOTE_STR_ARGS(name));
        const mote_file_map *m = &st->files[find_file(files, st->n_files, file)].map;
        const mote_safetensors_tensor *t = &st->tensors[slot->position];
        if (t->data < m->data || t->data > m->data + m->len)
            return mote_error_set(err, MOTE_ERR_FORMAT, "weight_map: tensor '%.*s' is not in '%.*s'", MOTE_STR_ARGS(name), MOTE_STR_ARGS(file));
    }
    return MOTE_OK;
}

/* What is wrong with a folder that has none of the two. */
static mote_status refuse_folder(const char *folder, mote_error *err) {
    static const char *const pickles[] = {"pytorch_model.bin", "pytorch_model.bin.index.json"};
    for (size_t i = 0; i < sizeof pickles / sizeof *pickles; i++) {
        char *path = NULL;
        MOTE_TRY(join_path(folder, mote_str_of(pickles[i]), &path, err));
        bool exists = mote_file_exists(path);
        mote_mem_free(path);
        if (exists)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: weights only as %s, a pickle, which can run code when it is read; save them as safetensors", folder, pickles[i]);
    }
    return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s: neither model.safetensors nor model.safetensors.index.json is there", folder);
}

static mote_status open_index(const char *folder, const char *index_path, mote_safetensors **st, mote_error *err) {
    mote_json *index = NULL;
    char *path = NULL;
    size_t n_files = 0;
    mote_status status = MOTE_OK;
    mote_str *files = mote_mem_alloc_array(MAX_FILES, sizeof *files);
    if (!files) {
        status = mote_error_alloc(err, MAX_FILES * sizeof *files);
        goto done;
    }
    MOTE_TRY_DONE(mote_json_read(index_path, &index, err));
    const mote_json *map = mote_json_get(index, "weight_map");
    status = list_files(map, files, &n_files, err);
    if (status != MOTE_OK) {
        mote_error_prefix(err, "%s", index_path);
        goto done;
    }
    MOTE_TRY_DONE(create(n_files, st, err));
    for (size_t i = 0; i < n_files; i++) {
        MOTE_TRY_DONE(join_path(folder, files[i], &path, err));
        MOTE_TRY_DONE(add_file(*st, path, err));
        mote_mem_free(path);
        path = NULL;
    }
    status = collect(*st, err);
    if (status == MOTE_OK)
        status = check_index(*st, map, files, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", index_path);
done:
    if (status != MOTE_OK)
        mote_safetensors_close(st);
    mote_mem_free(path);
    mote_mem_free(files);
    mote_json_free(&index);
    return status;
}

mote_status mote_safetensors_open_folder(const char *folder, mote_safetensors **st, mote_error *err) {
    *st = NULL;
    char *single = NULL, *index = NULL;
    mote_status status;
    MOTE_TRY_DONE(join_path(folder, MOTE_STR("model.safetensors"), &single, err));
    MOTE_TRY_DONE(join_path(folder, MOTE_STR("model.safetensors.index.json"), &index, err));
    if (mote_file_exists(single))
        status = mote_safetensors_open(single, st, err);
    else if (mote_file_exists(index))
        status = open_index(folder, index, st, err);
    else
        status = refuse_folder(folder, err);
done:
    mote_mem_free(single);
    mote_mem_free(index);
    return status;
}

void mote_safetensors_close(mote_safetensors **st) {
    mote_safetensors *s = *st;
    if (!s)
        return;
    for (size_t i = 0; i < s->n_files; i++) {
        mote_arena_deinit(&s->files[i].arena);
        mote_file_map_close(&s->files[i].map);
    }
    mote_mem_free(s->files);
    mote_mem_free(s->tensors);
    mote_name_index_deinit(&s->names);
    mote_mem_free(s);
    *st = NULL;
}

void mote_safetensors_hash_identity(const mote_safetensors *st, mote_sha256 *sha) {
    for (size_t i = 0; i < st->n_files; i++) {
        const mote_safetensors_file *f = &st->files[i];
        mote_sha256_update(sha, &f->map.identity, sizeof f->map.identity);
        mote_sha256_update(sha, f->map.data, f->map.data ? (size_t)f->header_bytes : 0);
    }
}

size_t mote_safetensors_n_tensors(const mote_safetensors *st) {
    return st->n_tensors;
}

const mote_safetensors_tensor *mote_safetensors_at(const mote_safetensors *st, size_t i) {
    return i < st->n_tensors ? &st->tensors[i] : NULL;
}

const mote_safetensors_tensor *mote_safetensors_find(const mote_safetensors *st, const char *name) {
    const mote_name_slot *slot = mote_name_index_find(&st->names, mote_str_of(name));
    return slot ? &st->tensors[slot->position] : NULL;
}
