/* A saved session, read for an engine with a layer that attends to everything, one with a window and one with a state; its checksum may be wrong. What is accepted is loaded and
 * then goes back, copies its states and moves its window. */
#include "base/mem.h"
#include "engine/session_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

enum { N_CTX = 100, N_BATCH = 16, N_VOCAB = 40 };

static mote_hparams h;
static mote_cache_layout layout;
static mote_cache cache;
static int32_t tokens[N_CTX];

static void make_cache(void) {
    h = (mote_hparams){.family = mote_family_by_gguf_name("lfm2", 4), .n_layers = 3, .n_embd = 16, .n_heads = 2, .n_kv_heads = 1, .head_dim = 8, .n_vocab = N_VOCAB, .window = 20};
    if (mote_hparams_init_layers(&h, NULL) != MOTE_OK)
        abort();
    h.recurrent.n_taps = 3;
    h.layers[0].mixer = h.layers[1].mixer = MOTE_MIXER_ATTENTION;
    h.layers[0].n_kv_heads = h.layers[1].n_kv_heads = 1;
    h.layers[1].is_windowed = true;
    h.layers[2].mixer = MOTE_MIXER_SHORTCONV;
    mote_cache_layout_init(&layout, &h, MOTE_DTYPE_F16, MOTE_DTYPE_F16, N_CTX, N_BATCH);
    void *bytes = mote_mem_alloc_aligned(layout.n_bytes);
    if (!bytes)
        abort();
    memset(bytes, 0, layout.n_bytes);
    mote_cache_init(&cache, &layout, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    const mote_session_key key = {.library = "fuzz", .cache_format = 1, .type_k = MOTE_DTYPE_F16, .type_v = MOTE_DTYPE_F16, .n_ctx = N_CTX, .model = 7, .model_name = "fuzz"};
    mote_session_file file;
    mote_error err = {0};
    if (!cache.data)
        make_cache();
    (void)!mote_session_file_check_sum(data, n_bytes, &err);
    if (mote_session_file_parse(data, n_bytes, &key, &cache, N_CTX, N_VOCAB, &file, &err) != MOTE_OK)
        return 0;
    mote_session_file_load(&file, tokens, &cache);
    size_t n = file.header.n_computed;
    for (size_t i = 0; i < file.header.n_tokens; i++)
        if (tokens[i] < 0 || tokens[i] >= N_VOCAB)
            abort();
    mote_cache_save_states(&cache, n);
    if (n < N_CTX)
        mote_cache_make_room(&cache, n, N_CTX - n < N_BATCH ? N_CTX - n : N_BATCH);
    if (mote_cache_go_back(&cache, n, n / 2) > n / 2)
        abort();
    return 0;
}
