/* What timelines of an engine had in common with others: keys and values of whole blocks of tokens, kept when a session computed them, so that another timeline which begins with
 * the same tokens copies them instead. Blocks make a tree: a child's tokens follow its parent's. All memory is taken at the beginning; when it is full, the block that was not used
 * for the longest time and has no children goes.
 *
 *        (nothing before)
 *         |            |
 *     [32 tokens]  [32 tokens]        a block: the tokens, and the rows of all layers at their positions
 *         |   \
 *     [32]    [32]                    a state: of recurrent layers, behind some of the blocks
 *
 * Copies are bytes that this engine computed for the same tokens, positions and adapters, so results don't depend on what is here. Only timelines of the same owner share. */
#ifndef MOTE_ENGINE_PREFIX_CACHE_H
#define MOTE_ENGINE_PREFIX_CACHE_H

#include "model/cache.h"

#include <mote/status.h>

enum { MOTE_PREFIX_BLOCK = 32 }; /* tokens; a block of the attention's stores (kernels/attention.h) */

typedef struct mote_prefix_cache mote_prefix_cache;

/* Who may share: the same salt, and the same adapters at the same scales. */
typedef struct mote_prefix_owner {
    uint64_t salt, adapters;
} mote_prefix_owner;

/* How many blocks and states n_bytes hold. */
typedef struct mote_prefix_sizes {
    size_t n_blocks, n_states;
    size_t block_bytes, state_bytes; /* of one */
    uint64_t n_bytes;                /* of everything, at most those given */
} mote_prefix_sizes;

void mote_prefix_sizes_fit(const mote_cache_layout *layout, uint64_t n_bytes, mote_prefix_sizes *sizes);
/* MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_prefix_cache_create(const mote_prefix_sizes *sizes, mote_prefix_cache **cache, mote_error *err);
void mote_prefix_cache_free(mote_prefix_cache **cache);

/* Keeps what isn't kept yet of a timeline of tokens [n_tokens], which c holds. Its states are kept where n_tokens ends a block. */
void mote_prefix_cache_store(mote_prefix_cache *p, mote_prefix_owner owner, const mote_cache *c, const int32_t *tokens, size_t n_tokens);
/* Of tokens [n_limit] c holds the first n_have. Copies more of them into c where they are kept; gives how many it then holds. */
size_t mote_prefix_cache_load(mote_prefix_cache *p, mote_prefix_owner owner, mote_cache *c, const int32_t *tokens, size_t n_have, size_t n_limit);

#endif
