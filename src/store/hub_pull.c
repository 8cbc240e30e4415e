/* mote_store_pull: everything is decided from the listing before the first byte of a file is asked for; files become visible in the snapshot only when all of them are there. */
#include <mote/store.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/hub_cache.h"
#include "store/hub_download.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SPARE_BYTES = 16 << 20 /* that a pull leaves on the disk: links, folders, other programs' last notes */ };

typedef struct pull {
    mote_hub_name name;
    mote_hub_settings settings;
    mote_hub_api api;
    mote_hub_progress progress;
    mote_hub_listing listing;
    mote_hub_choice choice;
    char commit[MOTE_HUB_COMMIT_DIGITS + 1];
    char *repo;
} pull;

static const mote_hub_file *file_at(const pull *p, size_t i) {
    return &p->listing.files[p->choice.files[i]];
}

static double gib(uint64_t n_bytes) {
    return (double)n_bytes / (double)(1 << 30);
}

/* What the machine has, or the control group of this process is allowed. 0 if that can't be known. */
static uint64_t memory_bytes(void) {
    long n_pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t bytes = n_pages > 0 && page > 0 ? (uint64_t)n_pages * (uint64_t)page : 0;
    mote_buffer text;
    mote_buffer_init(&text, 64);
    if (mote_file_exists("/sys/fs/cgroup/memory.max") && mote_file_read("/sys/fs/cgroup/memory.max", &text, NULL) == MOTE_OK && text.len) {
        uint64_t limit = strtoull(text.data, NULL, 10); /* "max" is 0 */
        if (limit && (!bytes || limit < bytes))
            bytes = limit;
    }
    mote_buffer_deinit(&text);
    return bytes;
}

/* A GGUF's weights lie in memory at about their size in the file; those of a folder, mostly of 16 bits, may be quantised to a quarter of it while loading. Refused is only what
 * can't fit in any case. */
static mote_status check_memory(const pull *p, uint64_t mem_max_bytes, mote_error *err) {
    uint64_t needed = p->choice.is_folder ? p->progress.all_bytes / 4 : p->progress.all_bytes, there = mem_max_bytes ? mem_max_bytes : memory_bytes();
    if (!there || needed <= there)
        return MOTE_OK;
    return mote_error_set(err, MOTE_ERR_BUDGET, "%s/%s needs at least %.2f GiB of memory to run, %s %.2f GiB; nothing was downloaded", p->name.user, p->name.repo, gib(needed),
                          mem_max_bytes ? "the limit is" : "this machine has", gib(there));
}

static mote_status check_space(const pull *p, mote_error *err) {
    struct statvfs fs;
    uint64_t held = 0, there;
    MOTE_TRY(mote_file_make_directories(p->repo, err));
    for (size_t i = 0; i < p->choice.n; i++)
        held += mote_hub_download_held(p->repo, file_at(p, i));
    uint64_t needed = p->progress.all_bytes - held;
    if (needed == 0 || statvfs(p->repo, &fs) != 0 || __builtin_mul_overflow((uint64_t)fs.f_bavail, (uint64_t)fs.f_frsize, &there))
        return MOTE_OK;
    if (needed + SPARE_BYTES <= there)
        return MOTE_OK;
    return mote_error_set(err, MOTE_ERR_IO, "%s: %.2f GiB are needed, %.2f GiB are free; nothing was downloaded", p->settings.cache, gib(needed + SPARE_BYTES), gib(there));
}

/* Sums sizes; compares with the hash that the caller wants, which names one file. */
static mote_status examine(pull *p, const char *sha256_hex, mote_error *err) {
    p->progress.all_bytes = 0;
    for (size_t i = 0; i < p->choice.n; i++)
        if (__builtin_add_overflow(p->progress.all_bytes, file_at(p, i)->n_bytes, &p->progress.all_bytes))
            return mote_error_set(err, MOTE_ERR_LIMIT, "%s/%s: sizes beyond all measure", p->name.user, p->name.repo);
    if (!sha256_hex)
        return MOTE_OK;
    if (strlen(sha256_hex) != 64 || strspn(sha256_hex, "0123456789abcdefABCDEF") != 64)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "a SHA-256 has 64 hexadecimal digits");
    if (p->choice.is_folder || p->choice.n != 1)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s/%s is more than one file: one SHA-256 doesn't name it", p->name.user, p->name.repo);
    if (strcasecmp(sha256_hex, file_at(p, 0)->hash) != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: the hub's file has SHA-256 %s, another was asked for; nothing was downloaded", file_at(p, 0)->path, file_at(p, 0)->hash);
    return MOTE_OK;
}

/* Last come the config of a folder and the first part of a GGUF: with them, the model is there. */
static mote_status make_visible(const pull *p, mote_error *err) {
    for (size_t i = p->choice.n; i-- > 0 && !p->choice.is_folder;)
        MOTE_TRY(mote_hub_cache_link(p->repo, p->commit, file_at(p, i), err));
    for (size_t i = 0; i < p->choice.n && p->choice.is_folder; i++)
        MOTE_TRY(mote_hub_cache_link(p->repo, p->commit, file_at(p, i), err));
    return mote_hub_cache_set_ref(p->repo, p->name.revision, p->commit, err);
}

static mote_status pull_online(pull *p, const mote_pull_options *o, mote_error *err) {
    MOTE_TRY(mote_hub_http_open(&p->settings, &p->api.http, err));
    MOTE_TRY(mote_hub_api_commit(&p->api, p->commit, err));
    MOTE_TRY(mote_hub_api_list(&p->api, p->commit, &p->listing, err));
    MOTE_TRY(mote_hub_choice_make(&p->listing, &p->name, &p->choice, err));
    MOTE_TRY(examine(p, o->sha256_hex, err));
    MOTE_TRY(check_memory(p, o->mem_max_bytes, err));
    MOTE_TRY(check_space(p, err));
    char *blobs = mote_hub_cache_blob(p->repo, "", "");
    mote_status status = blobs ? mote_file_make_directories(blobs, err) : mote_error_alloc(err, 0);
    mote_mem_free(blobs);
    for (size_t i = 0; status == MOTE_OK && i < p->choice.n; i++)
        status = mote_hub_download(&p->api, &p->progress, p->settings.cache, p->repo, p->commit, file_at(p, i), err);
    return status == MOTE_OK ? make_visible(p, err) : status;
}

static mote_status find(const pull *p, mote_pull_result *result, mote_error *err) {
    char text[MOTE_HUB_TEXT_MAX + 1], *path = NULL;
    mote_hub_name name = p->name;
    if (p->choice.quant[0])
        strcpy(name.quant, p->choice.quant);
    mote_hub_name_write(&name, text);
    MOTE_TRY(mote_hub_cache_find(p->settings.cache, &name, &path, &result->n_bytes, err));
    if (!path && p->settings.is_offline)
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s is not in the cache, and HF_HUB_OFFLINE forbids to ask the hub", text);
    if (!path)
        return mote_error_set(err, MOTE_ERR_IO, "%s was pulled, but is not in %s", text, p->settings.cache);
    result->path = path;
    result->name = mote_mem_dup_text(text);
    return result->name ? MOTE_OK : mote_error_alloc(err, strlen(text));
}

bool mote_store_is_hub_name(const char *text) {
    mote_hub_name name;
    return mote_hub_name_parse(text, &name);
}

void mote_pull_result_deinit(mote_pull_result *result) {
    mote_mem_free(result->name);
    mote_mem_free(result->path);
    *result = (mote_pull_result){.name = NULL};
}

mote_status mote_store_pull(const char *name, const mote_pull_options *options, mote_pull_result *result, mote_error *err) {
    static const mote_pull_options defaults = MOTE_PULL_OPTIONS_INIT;
    pull p = {.repo = NULL};
    const mote_pull_options *o = options ? options : &defaults;
    *result = (mote_pull_result){.name = NULL};
    if (!mote_hub_name_parse(name, &p.name))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "'%.200s' is no name on a hub: user/repo, user/repo:QUANT", name);
    MOTE_TRY(mote_hub_settings_read(&p.settings, err));
    p.progress = (mote_hub_progress){.report = o->progress, .context = o->progress_context, .what = "downloading"};
    p.api = (mote_hub_api){.settings = &p.settings, .name = &p.name, .go_on = mote_hub_progress_go_on, .context = &p.progress};
    p.repo = mote_hub_cache_repo(p.settings.cache, &p.name);
    mote_status status = p.repo ? MOTE_OK : mote_error_alloc(err, 0);
    if (status == MOTE_OK && !p.settings.is_offline)
        status = pull_online(&p, o, err);
    if (status == MOTE_OK)
        status = find(&p, result, err);
    if (status != MOTE_OK)
        mote_pull_result_deinit(result);
    mote_hub_http_close(&p.api.http);
    mote_hub_choice_free(&p.choice);
    mote_hub_listing_free(&p.listing);
    mote_hub_settings_free(&p.settings);
    mote_mem_free(p.repo);
    return status;
}
