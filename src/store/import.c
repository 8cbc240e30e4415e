/* Importing a model: the source is checked to be one, copied under a temporary name while its SHA-256 is computed, compared, synced and only then renamed. A folder is
 * copied into a hidden folder beside the others, which is renamed as a whole; of a folder, only the kinds of files that a model needs are taken. The parts of a split GGUF become
 * such a folder. */
#include <mote/store.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "formats/gguf.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "store/catalogue.h"
#include "store/places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COPY_BYTES = 1 << 20,  /* a piece: large enough for the disk, small enough to cancel between two */
    MAX_FILES = 1000,      /* of a folder: sharded weights of the largest models have some hundred */
    MAX_DEPTH = 3,         /* 1_Pooling/config.json is one down */
    MAX_OPEN_FOLDERS = 16, /* descriptors that removal may use */
    PART_BYTES = sizeof "-00001-of-00003.gguf" - 1
};

typedef struct import_job {
    const char *folder, *name; /* of models; under which */
    char sha256[65];           /* wanted, in lower case; "" for any */
    mote_progress_fn progress;
    void *progress_context;
    uint64_t done_bytes, all_bytes;
    int n_files;
    uint32_t n_parts; /* of a split GGUF; otherwise 0 or 1 */
    uint8_t *piece;   /* [COPY_BYTES] */
} import_job;

static mote_status io_error(mote_error *err, const char *path) {
    return mote_error_set(err, errno == ENOENT ? MOTE_ERR_NOT_FOUND : MOTE_ERR_IO, "%s: %s", path, strerror(errno));
}

static mote_status step(import_job *job, size_t n_bytes, mote_error *err) {
    job->done_bytes += n_bytes;
    double fraction = job->all_bytes ? (double)job->done_bytes / (double)job->all_bytes : 1;
    if (job->progress && !job->progress(job->progress_context, "copying", fraction > 1 ? 1 : fraction))
        return mote_error_set(err, MOTE_ERR_CANCELLED, "importing '%s' was cancelled", job->name);
    return MOTE_OK;
}

static mote_status copy_pieces(import_job *job, int in, const char *from, mote_file_writer *out, char hex[65], mote_error *err) {
    mote_sha256 sha;
    uint8_t digest[32];
    mote_sha256_init(&sha);
    for (;;) {
        ssize_t n = read(in, job->piece, COPY_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_error(err, from);
        if (n == 0)
            break;
        mote_sha256_update(&sha, job->piece, (size_t)n);
        MOTE_TRY(mote_file_writer_write(out, job->piece, (size_t)n, err));
        MOTE_TRY(step(job, (size_t)n, err));
    }
    mote_sha256_final(&sha, digest);
    mote_sha256_hex(digest, hex);
    return MOTE_OK;
}

/* Copies one file; `is_judged`: its hash must be the wanted one. */
static mote_status copy_file(import_job *job, const char *from, const char *to, bool is_judged, mote_error *err) {
    mote_file_writer *out = NULL;
    char hex[65];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return io_error(err, from);
    mote_status status;
    MOTE_TRY_DONE(mote_file_writer_create(to, &out, err));
    MOTE_TRY_DONE(copy_pieces(job, in, from, out, hex, err));
    if (is_judged && job->sha256[0] && strcmp(hex, job->sha256) != 0) {
        status = mote_error_set(err, MOTE_ERR_FORMAT, "%s: SHA-256 is %s, '%s' must have %s", from, hex, job->name, job->sha256);
        goto done;
    }
    status = mote_file_writer_commit(&out, err);
done:
    mote_file_writer_discard(&out);
    close(in);
    return status;
}

static bool is_model_file(const char *name) {
    static const char *const endings[] = {".json", ".safetensors", ".txt", ".model", ".jinja"};
    mote_str text = mote_str_of(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (name[0] != '.' && mote_str_ends(text, mote_str_of(endings[i])))
            return true;
    return false;
}

static mote_status copy_folder(import_job *job, const char *from, const char *to, int depth, mote_error *err);

static mote_status copy_entry(import_job *job, const char *from, const char *to, const char *name, int depth, mote_error *err) {
    struct stat st;
    char *source = mote_places_join(from, name, ""), *target = mote_places_join(to, name, "");
    mote_status status = source && target ? MOTE_OK : mote_error_alloc(err, 0);
    if (status == MOTE_OK && stat(source, &st) != 0)
        status = io_error(err, source);
    else if (status == MOTE_OK && S_ISDIR(st.st_mode) && name[0] != '.' && depth < MAX_DEPTH)
        status = copy_folder(job, source, target, depth + 1, err);
    else if (status == MOTE_OK && S_ISREG(st.st_mode) && is_model_file(name)) {
        if (++job->n_files > MAX_FILES)
            status = mote_error_set(err, MOTE_ERR_LIMIT, "%s: more than %d files", from, MAX_FILES);
        else
            status = copy_file(job, source, target, depth == 0 && strcmp(name, "model.safetensors") == 0, err);
    }
    mote_mem_free(source);
    mote_mem_free(target);
    return status;
}

static mote_status copy_folder(import_job *job, const char *from, const char *to, int depth, mote_error *err) {
    MOTE_TRY(mote_file_make_directories(to, err));
    DIR *dir = opendir(from);
    if (!dir)
        return io_error(err, from);
    mote_status status = MOTE_OK;
    for (struct dirent *entry; status == MOTE_OK && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = copy_entry(job, from, to, entry->d_name, depth, err);
    closedir(dir);
    if (depth > 0)
        rmdir(to); /* goes away only if nothing of a model was in it */
    return status;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place) {
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

/* Puts the finished folder in the place of what had that name. */
static mote_status replace_folder(import_job *job, const char *temporary, mote_error *err) {
    char *target = mote_places_join(job->folder, job->name, ""), *old = mote_places_join(temporary, "", ".old");
    mote_status status = target && old ? MOTE_OK : mote_error_alloc(err, 0);
    if (status == MOTE_OK) {
        *strrchr(old, '/') = '-';
        bool had_old = rename(target, old) == 0;
        if (rename(temporary, target) != 0) {
            status = io_error(err, target);
            if (had_old && rename(old, target) != 0)
                status = io_error(err, old);
        } else {
            char *file = mote_places_join(job->folder, job->name, ".gguf");
            if (file)
                unlink(file); /* what had the name as a single file is no longer meant by it */
            mote_mem_free(file);
        }
        if (status == MOTE_OK && had_old) {
            nftw(old, remove_one, MAX_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
        }
    }
    mote_mem_free(target);
    mote_mem_free(old);
    return status;
}

/* PREFIX-00002-of-00003.gguf, where `path` is any part's path; free with mote_mem_free. */
static char *part_path(const char *path, uint32_t part, uint32_t n_parts) {
    size_t n_bytes = strlen(path) + 1;
    char *other = mote_mem_alloc(n_bytes);
    if (other)
        snprintf(other, n_bytes, "%.*s-%05u-of-%05u.gguf", (int)(n_bytes - 1 - PART_BYTES), path, part, n_parts);
    return other;
}

/* The parts get the model's name, as the reader of a split file wants it. */
static mote_status copy_parts(import_job *job, const char *path, const char *folder, mote_error *err) {
    char *target = mote_places_join(folder, job->name, "-00000-of-00000.gguf");
    mote_status status = target ? MOTE_OK : mote_error_alloc(err, 0);
    for (uint32_t part = 1; status == MOTE_OK && part <= job->n_parts; part++) {
        char *from = part_path(path, part, job->n_parts), *to = part_path(target, part, job->n_parts);
        status = from && to ? copy_file(job, from, to, false, err) : mote_error_alloc(err, 0);
        mote_mem_free(from);
        mote_mem_free(to);
    }
    mote_mem_free(target);
    return status;
}

static mote_status import_folder(import_job *job, const char *path, mote_error *err) {
    char *temporary = mote_places_join(job->folder, ".import-", "XXXXXX");
    if (!temporary)
        return mote_error_alloc(err, 0);
    if (!mkdtemp(temporary)) {
        mote_status failed = io_error(err, temporary);
        mote_mem_free(temporary);
        return failed;
    }
    mote_status status = job->n_parts > 1 ? copy_parts(job, path, temporary, err) : copy_folder(job, path, temporary, 0, err);
    if (status == MOTE_OK)
        status = replace_folder(job, temporary, err);
    if (status != MOTE_OK)
        nftw(temporary, remove_one, MAX_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    mote_mem_free(temporary);
    return status;
}

static mote_status import_file(import_job *job, const char *path, mote_error *err) {
    char *target = mote_places_join(job->folder, job->name, ".gguf");
    if (!target)
        return mote_error_alloc(err, 0);
    struct stat from, to;
    /* Its own place: reading and renaming over it would be harmless, but it is also needless. */
    bool is_same = stat(path, &from) == 0 && stat(target, &to) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino;
    mote_status status = is_same ? MOTE_OK : copy_file(job, path, target, true, err);
    mote_mem_free(target);
    return status;
}

/* The reader has found all parts beside each other, so the names are of their form. */
static mote_status examine_parts(import_job *job, const char *path, uint32_t n_parts, mote_error *err) {
    if (job->sha256[0])
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: a model of %u files; one SHA-256 doesn't name it", path, n_parts);
    job->n_parts = n_parts;
    mote_status status = MOTE_OK;
    for (uint32_t part = 1; status == MOTE_OK && part <= n_parts; part++) {
        struct stat st;
        char *file = part_path(path, part, n_parts);
        if (!file)
            status = mote_error_alloc(err, 0);
        else if (stat(file, &st) != 0)
            status = io_error(err, file);
        else
            job->all_bytes += (uint64_t)st.st_size;
        mote_mem_free(file);
    }
    return status;
}

/* Whether this is a model at all; also its size. */
static mote_status examine(import_job *job, const char *path, bool is_folder, mote_error *err) {
    struct stat st;
    if (!is_folder) {
        mote_gguf *gguf = NULL;
        uint32_t n_parts = 0;
        MOTE_TRY(mote_gguf_open(path, &gguf, err));
        mote_status status = mote_gguf_get_u32(gguf, "split.count", false, &n_parts, err);
        mote_gguf_close(&gguf);
        MOTE_TRY(status);
        if (n_parts > 1)
            return examine_parts(job, path, n_parts, err);
        if (stat(path, &st) != 0)
            return io_error(err, path);
        job->all_bytes = (uint64_t)st.st_size;
        return MOTE_OK;
    }
    mote_json *config = NULL;
    mote_safetensors *weights = NULL;
    char *file = mote_places_join(path, "config.json", "");
    if (!file)
        return mote_error_alloc(err, 0);
    mote_status status = mote_json_read(file, &config, err);
    if (status == MOTE_OK)
        status = mote_safetensors_open_folder(path, &weights, err);
    for (size_t i = 0; weights && i < mote_safetensors_n_tensors(weights); i++)
        job->all_bytes += mote_safetensors_at(weights, i)->n_bytes;
    mote_safetensors_close(&weights);
    mote_json_free(&config);
    mote_mem_free(file);
    return status;
}

/* The file's name without its ending, in lower case, with '-' for what a name may not hold. */
static void name_from_path(const char *path, char name[MOTE_PLACES_MAX_NAME + 1]) {
    size_t end = strlen(path), n = 0;
    while (end && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start && path[start - 1] != '/')
        start--;
    if (end - start > 5 && strncasecmp(path + end - 5, ".gguf", 5) == 0)
        end -= 5;
    unsigned part, n_parts;
    int n_read = 0;
    if (end - start > 15 && sscanf(path + end - 15, "-%5u-of-%5u%n", &part, &n_parts, &n_read) == 2 && n_read == 15)
        end -= 15; /* of a split file, what its parts share */
    for (size_t i = start; i < end && n < MOTE_PLACES_MAX_NAME; i++) {
        char c = path[i] >= 'A' && path[i] <= 'Z' ? (char)(path[i] + 32) : path[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain || n > 0)
            name[n++] = is_plain || strchr("._-", c) ? c : '-';
    }
    name[n] = 0;
}

/* The hash that is asked for: the caller's, else the catalogue's for that name. Both must agree where both are there. */
static mote_status choose_hash(import_job *job, const char *sha256_hex, mote_error *err) {
    mote_catalogue catalogue = {NULL};
    mote_catalogue_entry entry;
    if (sha256_hex && (strlen(sha256_hex) != 64 || strspn(sha256_hex, "0123456789abcdefABCDEF") != 64))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "a SHA-256 has 64 hexadecimal digits");
    for (size_t i = 0; i < 64 && sha256_hex; i++)
        job->sha256[i] = sha256_hex[i] >= 'A' && sha256_hex[i] <= 'F' ? (char)(sha256_hex[i] + 32) : sha256_hex[i];
    MOTE_TRY(mote_catalogue_open(&catalogue, err));
    mote_status status = MOTE_OK;
    if (mote_catalogue_find(&catalogue, job->name, &entry) && strlen(entry.sha256) == 64) {
        if (job->sha256[0] && strcmp(job->sha256, entry.sha256) != 0)
            status = mote_error_set(err, MOTE_ERR_FORMAT, "the catalogue's '%s' has SHA-256 %s", job->name, entry.sha256);
        memcpy(job->sha256, entry.sha256, 64);
    }
    mote_catalogue_close(&catalogue);
    return status;
}

mote_status mote_store_name_of(const char *path, char **name, mote_error *err) {
    char text[MOTE_PLACES_MAX_NAME + 1];
    name_from_path(path, text);
    *name = NULL;
    if (!mote_places_is_name(text))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: no name can be made of this; give one", path);
    *name = mote_mem_dup_text(text);
    return *name ? MOTE_OK : mote_error_alloc(err, sizeof text);
}

mote_status mote_store_import(const char *path, const char *name, const char *sha256_hex, mote_progress_fn progress, void *progress_context, mote_error *err) {
    char *own_name = NULL, *folder = NULL;
    if (!name) {
        MOTE_TRY(mote_store_name_of(path, &own_name, err));
        name = own_name;
    }
    if (!mote_places_is_name(name))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "'%s' is no name for a model: a-z, 0-9, '.', '_' and '-', at most %d", name, MOTE_PLACES_MAX_NAME);
    import_job job = {.name = name, .progress = progress, .progress_context = progress_context};
    bool is_folder = mote_file_is_directory(path);
    mote_status status;
    MOTE_TRY_DONE(choose_hash(&job, sha256_hex, err));
    MOTE_TRY_DONE(examine(&job, path, is_folder, err));
    MOTE_TRY_DONE(mote_places_folder(&folder, err));
    MOTE_TRY_DONE(mote_file_make_directories(folder, err));
    job.folder = folder;
    job.piece = mote_mem_alloc(COPY_BYTES);
    status = job.piece ? MOTE_OK : mote_error_alloc(err, COPY_BYTES);
    if (status == MOTE_OK)
        status = is_folder || job.n_parts > 1 ? import_folder(&job, path, err) : import_file(&job, path, err);
done:
    mote_mem_free(job.piece);
    mote_mem_free(folder);
    mote_mem_free(own_name);
    return status;
}
