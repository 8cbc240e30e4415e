#include "model/weights_cache.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "kernels/panel.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LARGE_PAGE = 2 << 20 };

static void hash_view(mote_sha256 *sha, const mote_tensor_view *v) {
    const mote_int_matrix *m = v->ints;
    if (!v->data)
        return;
    uint64_t facts[] = {v->type,
                        v->packed_type,
                        v->n_rows,
                        v->n_columns,
                        v->n_bytes,
                        v->is_log,
                        v->ints_row,
                        m ? (uint64_t)m->scheme.layout + 1 : 0,
                        m ? m->scheme.bits : 0,
                        m ? m->scheme.group_size : 0,
                        m ? m->scheme.zeros_less_one : 0};
    mote_sha256_update(sha, v->name, strlen(v->name) + 1);
    mote_sha256_update(sha, facts, sizeof facts);
}

mote_status mote_weights_cache_init(mote_weights_cache *c, const mote_weights_source *source, const mote_weights_plan *plan, const mote_hparams *h, const char *config,
                                    mote_error *err) {
    const uint64_t version = MOTE_PANEL_VERSION;
    mote_sha256 sha;
    *c = (mote_weights_cache){0};
    MOTE_TRY(mote_panel_cache_init(&c->files, err));
    if (!c->files.folder || plan->packed_bytes < MOTE_PANEL_CACHE_MIN_BYTES)
        return MOTE_OK;
    mote_sha256_init(&sha);
    mote_sha256_update(&sha, &version, sizeof version);
    if (source->gguf)
        mote_gguf_hash_identity(source->gguf, &sha);
    if (source->safetensors)
        mote_safetensors_hash_identity(source->safetensors, &sha);
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++)
        if (source->dense[i])
            mote_safetensors_hash_identity(source->dense[i], &sha);
    if (config) {
        mote_file_map map;
        MOTE_TRY(mote_file_map_open(config, &map, err));
        mote_sha256_update(&sha, map.data, map.len);
        mote_file_map_close(&map);
    }
    for (size_t i = 0; i < plan->n_views; i++)
        hash_view(&sha, &plan->views[i]);
    for (size_t i = 0; plan->experts && i < (size_t)h->n_layers * 3 * plan->n_experts; i++)
        hash_view(&sha, &plan->experts[i]);
    mote_sha256_final(&sha, c->key);
    return MOTE_OK;
}

void mote_weights_cache_deinit(mote_weights_cache *c) {
    mote_panel_cache_deinit(&c->files);
}

static long n_faults(void) {
    struct rusage use;
    return getrusage(RUSAGE_THREAD, &use) == 0 ? use.ru_minflt + use.ru_majflt : 0;
}

/* Maps a file at an address that large pages can be at. Their order over the address space isn't the kernel's choice: room is taken first. */
static bool map_file(int fd, uint64_t n_bytes, mote_file_map *map) {
    if (n_bytes > SIZE_MAX / 2)
        return false;
    size_t len = (size_t)n_bytes;
    uint8_t *room = mmap(NULL, len + LARGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return false;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (LARGE_PAGE - (uintptr_t)room % LARGE_PAGE) % LARGE_PAGE, end = before + (len + page - 1) / page * page;
    uint8_t *p = mmap(room + before, len, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
    if (p == MAP_FAILED) {
        munmap(room, len + LARGE_PAGE);
        return false;
    }
    if (before)
        munmap(room, before);
    if (len + LARGE_PAGE > end)
        munmap(room + end, len + LARGE_PAGE - end);
    (void)madvise(p, len, MADV_HUGEPAGE); /* then what isn't in the page cache yet is read into large pages */
    *map = (mote_file_map){.data = p, .len = len};
    return true;
}

/* Pieces of LARGE_PAGE bytes of the file's body, read by all threads to where they belong. */
typedef struct reader {
    int fd;
    uint8_t *body;
    uint64_t n_bytes;
    const uint32_t *pieces; /* which; NULL: all */
    size_t n_pieces;
    mote_thread_pool *pool;
    atomic_bool failed;
} reader;

static void read_run(void *context, int worker, int n_workers) {
    reader *r = context;
    (void)worker;
    (void)n_workers;
    for (size_t i; (i = (size_t)mote_thread_pool_next(r->pool)) < r->n_pieces;) {
        uint64_t at = (uint64_t)(r->pieces ? r->pieces[i] : i) * LARGE_PAGE;
        size_t n = r->n_bytes - at < LARGE_PAGE ? (size_t)(r->n_bytes - at) : LARGE_PAGE, done = 0;
        for (ssize_t got; done < n && (got = pread(r->fd, r->body + at + done, n - done, (off_t)(MOTE_PANELS_BODY_AT + at + done))) > 0;)
            done += (size_t)got;
        if (done < n)
            atomic_store(&r->failed, true);
    }
}

static bool read_pieces(reader *r) {
    mote_thread_pool_run(r->pool, read_run, r);
    return !atomic_load(&r->failed);
}

static bool read_body(int fd, mote_thread_pool *pool, mote_weights *w) {
    reader r = {.fd = fd, .body = mote_mem_alloc_large((size_t)w->n_bytes), .n_bytes = w->n_bytes, .n_pieces = (size_t)((w->n_bytes + LARGE_PAGE - 1) / LARGE_PAGE), .pool = pool};
    if (!r.body)
        return false;
    if (!read_pieces(&r)) {
        mote_mem_free(r.body);
        return false;
    }
    w->bytes = r.body;
    return true;
}

/* Whether a mapped stretch of LARGE_PAGE bytes is a large page: after its first byte was read, its middle is there too. */
static bool is_large_page(const volatile uint8_t *p) {
    uint8_t read = p[0];
    long before = n_faults();
    read ^= p[LARGE_PAGE / 2];
    (void)read;
    return n_faults() == before;
}

/* Where the page cache has small pages, memory in large ones takes the mapping's place: generation is 15 % slower from small pages (docs/speed.md). False: the mapping is of no
 * use. */
static bool mend_small_pages(int fd, mote_thread_pool *pool, uint8_t *body, uint64_t n_bytes) {
    size_t n = (size_t)(n_bytes / LARGE_PAGE), n_small = 0;
    uint32_t *small = mote_mem_alloc_array(n + 1, sizeof *small);
    bool is_good = small;
    for (size_t i = 0; is_good && i < n; i++)
        if (!is_large_page(body + i * LARGE_PAGE))
            small[n_small++] = (uint32_t)i;
    for (size_t i = 0; is_good && i < n_small; i++) {
        uint8_t *p = body + (size_t)small[i] * LARGE_PAGE;
        is_good = mmap(p, LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
        if (is_good)
            (void)madvise(p, LARGE_PAGE, MADV_HUGEPAGE); /* a wish */
    }
    if (is_good && n_small)
        is_good = read_pieces(&(reader){.fd = fd, .body = body, .n_bytes = n_bytes, .pieces = small, .n_pieces = n_small, .pool = pool});
    mote_mem_free(small);
    return is_good;
}

bool mote_weights_cache_take(const mote_weights_cache *c, mote_thread_pool *pool, mote_weights *w, mote_panels_item **items, size_t *n_items) {
    mote_panel_cache_file file;
    if (w->n_bytes < MOTE_PANEL_CACHE_MIN_BYTES || !mote_panel_cache_open(&c->files, c->key, w->n_bytes, &file))
        return false;
    if (map_file(file.fd, MOTE_PANELS_BODY_AT + w->n_bytes, &w->mapped)) {
        w->bytes = (uint8_t *)w->mapped.data + MOTE_PANELS_BODY_AT;
        if (!mend_small_pages(file.fd, pool, w->bytes, w->n_bytes)) {
            mote_file_map_close(&w->mapped);
            w->bytes = NULL;
        }
    }
    w->is_kept = w->bytes || read_body(file.fd, pool, w);
    if (w->is_kept) {
        *items = file.panels.items;
        *n_items = file.panels.n_items;
        file.panels.items = NULL;
    }
    mote_panel_cache_close(&file);
    return w->is_kept;
}

typedef struct mote_weights_keeper {
    pthread_t thread;
    mote_panel_cache files;
    mote_panels panels;
    const uint8_t *body;
} mote_weights_keeper;

static void *keep(void *context) {
    mote_weights_keeper *k = context;
    mote_panel_cache_write(&k->files, &k->panels, k->body);
    return NULL;
}

static void free_keeper(mote_weights_keeper *k) {
    mote_panel_cache_deinit(&k->files);
    mote_mem_free(k->panels.items);
    mote_mem_free(k);
}

void mote_weights_cache_keep(mote_weights_cache *c, mote_panels_item *items, size_t n_items, mote_weights *w) {
    mote_weights_keeper *k = c->files.folder && w->n_bytes >= MOTE_PANEL_CACHE_MIN_BYTES ? mote_mem_zalloc_array(1, sizeof *k) : NULL;
    if (!k) {
        mote_mem_free(items);
        return;
    }
    k->files = c->files;
    c->files = (mote_panel_cache){0};
    k->panels = (mote_panels){.body_bytes = w->n_bytes, .items = items, .n_items = n_items};
    memcpy(k->panels.key, c->key, sizeof c->key);
    k->body = w->bytes;
    if (pthread_create(&k->thread, NULL, keep, k) == 0)
        w->keeper = k;
    else
        free_keeper(k);
}

void mote_weights_cache_finish(mote_weights *w) {
    if (!w->keeper)
        return;
    pthread_join(w->keeper->thread, NULL);
    free_keeper(w->keeper);
    w->keeper = NULL;
}
