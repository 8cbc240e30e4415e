/* A page is an array of {"type":"file"|"directory","path","size","oid"[,"lfs":{"oid","size"}]}. `oid` is git's SHA-1 of the blob, lfs.oid the SHA-256 of the content. A path that
 * would leave the repository condemns the whole listing: nobody sends one by mistake. */
#include "store/hub_listing.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"

enum {
    MAX_FILES = 50000, /* of a repository: the largest have some thousand */
    MAX_PATH = 1024,
    MAX_PART = 255 /* what file systems take */
};
static const uint64_t MAX_FILE_BYTES = UINT64_C(1) << 46; /* 64 TiB: beyond any model, and far from what sums overflow at */

void mote_hub_listing_free(mote_hub_listing *listing) {
    for (size_t i = 0; i < listing->n; i++)
        mote_mem_free(listing->files[i].path);
    mote_mem_free(listing->files);
    *listing = (mote_hub_listing){NULL, 0, 0};
}

static bool is_part(mote_str part) {
    return part.len > 0 && part.len <= MAX_PART && !mote_str_is(part, ".") && !mote_str_is(part, "..");
}

bool mote_hub_listing_is_path(mote_str path) {
    if (path.len == 0 || path.len > MAX_PATH)
        return false;
    size_t start = 0;
    for (size_t i = 0; i <= path.len; i++) {
        unsigned char c = i < path.len ? (unsigned char)path.data[i] : '/';
        if (c < 32 || c == 127 || c == '\\')
            return false;
        if (c != '/')
            continue;
        if (!is_part((mote_str){path.data + start, i - start}))
            return false;
        start = i + 1;
    }
    return true;
}

static bool is_hash(mote_str text, size_t n_digits) {
    if (text.len != n_digits)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!memchr("0123456789abcdef", text.data[i], 16))
            return false;
    return true;
}

mote_status mote_hub_listing_add(mote_hub_listing *listing, mote_str path, uint64_t n_bytes, const char *hash, mote_error *err) {
    if (!mote_hub_listing_is_path(path))
        return mote_error_set(err, MOTE_ERR_FORMAT, "the listing holds the path '%.*s', which no file of a model has", MOTE_STR_ARGS(path));
    if (n_bytes > MAX_FILE_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "%.*s: %llu bytes are no model's", MOTE_STR_ARGS(path), (unsigned long long)n_bytes);
    if (listing->n == MAX_FILES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the listing holds more than %d files", MAX_FILES);
    if (listing->n == listing->n_reserved) {
        size_t n = listing->n_reserved ? 2 * listing->n_reserved : 32;
        mote_hub_file *more = mote_mem_resize_array(listing->files, n, sizeof *more);
        if (!more)
            return mote_error_alloc(err, n * sizeof *more);
        listing->files = more;
        listing->n_reserved = n;
    }
    mote_hub_file *f = &listing->files[listing->n];
    f->path = mote_mem_alloc(path.len + 1);
    if (!f->path)
        return mote_error_alloc(err, path.len + 1);
    memcpy(f->path, path.data, path.len);
    f->path[path.len] = 0;
    f->n_bytes = n_bytes;
    strcpy(f->hash, hash);
    listing->n++;
    return MOTE_OK;
}

static mote_status read_file(mote_hub_listing *listing, const mote_json *entry, mote_error *err) {
    const mote_json *lfs = mote_json_get(entry, "lfs");
    bool is_lfs = mote_json_typeof(lfs) == MOTE_JSON_OBJECT;
    mote_str path = mote_json_string(mote_json_get(entry, "path")), oid = mote_json_string(mote_json_get(is_lfs ? lfs : entry, "oid"));
    int64_t n_bytes = mote_json_integer(mote_json_get(is_lfs ? lfs : entry, "size"), -1);
    char hash[MOTE_HUB_HASH_MAX + 1] = "";
    if (!mote_hub_listing_is_path(path))
        return mote_hub_listing_add(listing, path, 0, "", err);
    if (n_bytes < 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the listing gives no size for %.*s", MOTE_STR_ARGS(path));
    if (mote_str_starts(oid, MOTE_STR("sha256:")))
        oid = (mote_str){oid.data + 7, oid.len - 7};
    if (!is_hash(oid, is_lfs ? 64 : 40))
        return mote_error_set(err, MOTE_ERR_FORMAT, "the listing gives no hash for %.*s", MOTE_STR_ARGS(path));
    memcpy(hash, oid.data, oid.len);
    return mote_hub_listing_add(listing, path, (uint64_t)n_bytes, hash, err);
}

mote_status mote_hub_listing_read(mote_hub_listing *listing, const char *json, size_t json_bytes, mote_error *err) {
    mote_json *root = NULL;
    mote_status status = mote_json_parse(json, json_bytes, &root, err);
    if (status == MOTE_OK && mote_json_typeof(root) != MOTE_JSON_ARRAY)
        status = mote_error_set(err, MOTE_ERR_FORMAT, "not a list of files");
    for (size_t i = 0; status == MOTE_OK && i < mote_json_length(root); i++) {
        const mote_json *entry = mote_json_at(root, i);
        if (mote_str_is(mote_json_string(mote_json_get(entry, "type")), "file"))
            status = read_file(listing, entry, err);
    }
    mote_json_free(&root);
    return status;
}

mote_status mote_hub_listing_read_commit(const char *json, size_t json_bytes, char commit[MOTE_HUB_COMMIT_DIGITS + 1], mote_error *err) {
    mote_json *root = NULL;
    MOTE_TRY(mote_json_parse(json, json_bytes, &root, err));
    mote_str sha = mote_json_string(mote_json_get(root, "sha"));
    bool ok = is_hash(sha, MOTE_HUB_COMMIT_DIGITS);
    if (ok) {
        memcpy(commit, sha.data, sha.len);
        commit[sha.len] = 0;
    }
    mote_json_free(&root);
    return ok ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "the answer names no commit");
}
