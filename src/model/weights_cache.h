/* Packed weights on disk: the key of a model's, taking them from the cache (store/panel_cache.h), and writing them to it beside the work that they are needed for.
 *
 * The key is a hash of all that decides the packed bytes: identity and header of every file that tensors come from, the configuration of a folder, type, shape and treatment of
 * every tensor of the plan, and MOTE_PANEL_VERSION.
 *
 * Weights are read from end to end for every token, so how they are mapped decides the speed: with pages of 4 KiB a third of it is lost. Where the file system keeps files in large
 * pages, a file is mapped; elsewhere it is read into memory of large pages by all threads, which costs about as much as reading it once. */
#ifndef MOTE_MODEL_WEIGHTS_CACHE_H
#define MOTE_MODEL_WEIGHTS_CACHE_H

#include "model/weights.h"
#include "store/panel_cache.h"

typedef struct mote_weights_cache {
    mote_panel_cache files;
    uint8_t key[MOTE_PANELS_KEY_BYTES];
} mote_weights_cache;

/* config: the path of a folder's config.json, NULL of a file. MOTE_ERR_ARGUMENT (MOTE_CACHE_MAX), _IO (config.json), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_weights_cache_init(mote_weights_cache *c, const mote_weights_source *source, const mote_weights_plan *plan, const mote_hparams *h,
                                                    const char *config, mote_error *err);
void mote_weights_cache_deinit(mote_weights_cache *c);

/* Sets w->bytes, is_kept and mapped, and items (mote_mem_free) to where the cache says each matrix and vector lies. False: nothing is kept, or there is no memory. */
bool mote_weights_cache_take(const mote_weights_cache *c, mote_thread_pool *pool, mote_weights *w, mote_panels_item **items, size_t *n_items);
/* Begins to write w->bytes, which stay as they are until mote_weights_cache_finish. Takes c->files and items. Where it can't begin, nothing is written. */
void mote_weights_cache_keep(mote_weights_cache *c, mote_panels_item *items, size_t n_items, mote_weights *w);
/* Waits for the writing to end. */
void mote_weights_cache_finish(mote_weights *w);

#endif
