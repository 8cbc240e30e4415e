/* An adapter, read and bound to a small base: a GGUF, or what a PEFT folder holds as one text: the configuration's length (4 bytes, little-endian), the configuration, the
 * safetensors. What is accepted then changes rows of every matrix. */
#include "base/mem.h"
#include "model/adapter_change.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

enum { N_LAYERS = 2, N_EMBD = 32, N_FF = 48, N_HEADS = 4, N_KV_HEADS = 2, HEAD_DIM = 8, N_VOCAB = 40, MOST_COLUMNS = N_FF };

static mote_hparams h;
static mote_layer layers[N_LAYERS];
static mote_weights weights;
static mote_kernels kernels;

static bool make_matrix(mote_packed *m, mote_slot slot, uint32_t layer) {
    uint64_t n_rows, k;
    float rows[MOTE_PANEL_ROWS * MOST_COLUMNS];
    mote_slot_shape(&h, slot, layer, &n_rows, &k);
    *m = (mote_packed){.type = MOTE_DTYPE_F32, .n_rows = (size_t)n_rows, .k = (size_t)k, .panel_bytes = mote_pack_panel_bytes(MOTE_DTYPE_F32, (size_t)k)};
    size_t n_panels = (size_t)(n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS;
    m->data = mote_mem_alloc_aligned(n_panels * m->panel_bytes);
    for (size_t i = 0; i < MOTE_PANEL_ROWS * k; i++)
        rows[i] = (float)(i % 7) - 3;
    for (size_t p = 0; m->data && p < n_panels; p++)
        mote_pack_panel(MOTE_DTYPE_F32, rows, (size_t)k * 4, MOTE_PANEL_ROWS, (size_t)k, (uint8_t *)m->data + p * m->panel_bytes);
    return m->data != NULL;
}

static bool make_base(void) {
    static const mote_slot slots[] = {MOTE_SLOT_Q, MOTE_SLOT_K, MOTE_SLOT_V, MOTE_SLOT_O, MOTE_SLOT_GATE, MOTE_SLOT_UP, MOTE_SLOT_DOWN};
    h = (mote_hparams){.family = mote_family_by_gguf_name("llama", 5),
                       .n_layers = N_LAYERS,
                       .n_embd = N_EMBD,
                       .n_heads = N_HEADS,
                       .n_kv_heads = N_KV_HEADS,
                       .head_dim = HEAD_DIM,
                       .n_rot = HEAD_DIM,
                       .n_ff = N_FF,
                       .n_vocab = N_VOCAB,
                       .n_ctx_train = 64};
    bool ok = mote_hparams_init_layers(&h, NULL) == MOTE_OK && make_matrix(&weights.output, MOTE_SLOT_OUTPUT, 0);
    weights.layers = layers;
    mote_kernels_init(&kernels, MOTE_CPU_C);
    for (uint32_t l = 0; l < N_LAYERS; l++)
        for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
            ok = ok && make_matrix(&layers[l].m[slots[i]], slots[i], l);
    return ok;
}

static void change_all(const mote_adapter *a) {
    mote_adapter_set set;
    mote_error err = {0};
    float rows[3 * MOST_COLUMNS] = {0};
    if (mote_adapter_set_init(&set, &a, (float[]){-0.5f}, 1, &err) != MOTE_OK)
        return;
    for (uint32_t l = 0; l < N_LAYERS; l++)
        for (mote_slot s = 0; s < MOTE_SLOT_COUNT; s++) {
            mote_adapter_change *change = NULL;
            if (mote_adapter_change_create(&set, &kernels, s, l, &change, &err) == MOTE_OK && change)
                mote_adapter_change_rows(change, 1, 3, rows);
            mote_adapter_change_free(&change);
        }
    mote_adapter_set_deinit(&set);
}

static mote_status open_peft(const uint8_t *data, size_t n_bytes, mote_adapter_source *s, mote_error *err) {
    uint32_t n_config = 0;
    if (n_bytes >= 4)
        memcpy(&n_config, data, 4);
    if (n_bytes < 4 || n_config > n_bytes - 4)
        return MOTE_ERR_FORMAT;
    mote_status status = mote_json_parse((const char *)data + 4, n_config, &s->config, err);
    if (status == MOTE_OK)
        status = mote_safetensors_open_memory(data + 4 + n_config, n_bytes - 4 - n_config, "fuzz", &s->safetensors, err);
    return status == MOTE_OK ? mote_adapter_peft_read(s, err) : status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    static bool is_made;
    mote_adapter_source s = {0};
    mote_error err = {0};
    if (!is_made && !make_base())
        abort();
    is_made = true;
    bool is_gguf = n_bytes >= 4 && memcmp(data, "GGUF", 4) == 0;
    mote_status status = is_gguf ? mote_gguf_open_memory(data, n_bytes, "fuzz", &s.gguf, &err) : open_peft(data, n_bytes, &s, &err);
    if (status == MOTE_OK && is_gguf)
        status = mote_adapter_gguf_read(&s, &err);
    for (int neox = 0; status == MOTE_OK && neox < 2; neox++) {
        mote_adapter *a = NULL;
        mote_adapter_base base = {.h = &h, .kernels = &kernels, .weights = &weights};
        h.rope_neox = neox;
        status = mote_adapter_bind(&s, &base, 0, 1, &a, &err);
        if (status == MOTE_OK)
            change_all(a);
        mote_adapter_free(&a);
    }
    mote_adapter_source_close(&s);
    return 0;
}
