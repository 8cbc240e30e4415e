#include "model/adapter.h"

#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "kernels/blocks.h"
#include "model/identity.h"
#include "model/loaded.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };
static const float HALF_MAX = 65504;

/* What binding works with. */
typedef struct binder {
    const mote_adapter_source *s;
    const mote_adapter_base *base;
    mote_adapter *adapter;
    uint8_t *next; /* where the next matrix goes */
    float *floats; /* a whole A or B */
    mote_thread_pool *pool;
} binder;

static uint64_t round_up(uint64_t n) {
    return (n + 63) / 64 * 64;
}

static bool is_half(mote_dtype type) {
    return type == MOTE_DTYPE_F16 || type == MOTE_DTYPE_BF16;
}

static bool fits_half(const mote_adapter_matrix *m) {
    for (uint64_t i = 0; i < m->n_rows * m->n_columns; i++) {
        float x;
        memcpy(&x, m->data + i * sizeof x, sizeof x);
        if (!(fabsf(x) <= HALF_MAX))
            return false;
    }
    return true;
}

/* Half floats stay what they are. Beside quantised weights, whose products are rougher than half floats, float32 is halved too: a token reads all of an adapter. Everything else
 * becomes float32, so that nothing is lost. */
static mote_dtype packed_type(const mote_adapter_base *base, const mote_adapter_target *t, const mote_adapter_matrix *m) {
    if (is_half(m->type))
        return m->type;
    if (!base->weights || m->type != MOTE_DTYPE_F32)
        return MOTE_DTYPE_F32;
    const mote_packed *w = t->slot == MOTE_SLOT_OUTPUT ? &base->weights->output : &base->weights->layers[t->layer].m[t->slot];
    return mote_pack_act_kind(w->type) == MOTE_ACT_Q8 && fits_half(m) ? MOTE_DTYPE_F16 : MOTE_DTYPE_F32;
}

static uint64_t packed_bytes(mote_dtype type, uint64_t n_rows, uint64_t k) {
    return (n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * mote_pack_panel_bytes(type, (size_t)k);
}

static uint64_t pair_bytes(const mote_adapter_base *base, const mote_adapter_module *m, const mote_adapter_target *t) {
    return packed_bytes(packed_type(base, t, &m->a), m->a.n_rows, m->a.n_columns) + packed_bytes(packed_type(base, t, &m->b), t->n_rows, m->b.n_columns) +
           (m->magnitude.data ? round_up(t->n_rows * MOTE_ADAPTER_DORA * sizeof(float)) : 0);
}

static size_t index_of(mote_slot slot, uint32_t layer) {
    return (mote_slot_is_per_layer(slot) ? (size_t)layer + 1 : 0) * MOTE_SLOT_COUNT + slot;
}

/* Whether rows of q and k come in another order than the base has them: pairs of a head as neighbours, or half a head apart. */
static bool is_permuted(const binder *b, mote_slot slot) {
    const mote_hparams *h = b->base->h;
    if ((slot != MOTE_SLOT_Q && slot != MOTE_SLOT_K) || !h->family->gguf_rope_interleaved)
        return false;
    return (b->s->gguf != NULL) == h->rope_neox;
}

/* The row of the adapter's file that becomes row r of the base's order. */
static size_t source_row(const binder *b, size_t r) {
    const mote_hparams *h = b->base->h;
    size_t d = h->head_dim, head = r / d, i = r % d;
    if (h->rope_neox) /* from neighbours to halves */
        return head * d + i % (d / 2) * 2 + i / (d / 2);
    return head * d + i % 2 * (d / 2) + i / 2;
}

static mote_status read_floats(const binder *b, const mote_adapter_module *m, const mote_adapter_matrix *from, uint64_t first_row, uint64_t n_rows, mote_error *err) {
    size_t n = (size_t)from->n_columns, row_bytes = mote_dtype_row_bytes(from->type, n);
    for (uint64_t r = 0; r < n_rows; r++) {
        float *row = b->floats + r * n;
        if (!mote_blocks_dequantize(from->type, from->data + (first_row + r) * row_bytes, row, n))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter tensor '%.*s': its type can't be read", MOTE_STR_ARGS(m->name));
        for (size_t i = 0; i < n; i++)
            if (!isfinite(row[i]))
                return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': row %llu holds a number that is not finite", MOTE_STR_ARGS(m->name),
                                      (unsigned long long)(first_row + r));
    }
    return MOTE_OK;
}

/* Packs rows [n_rows, k] of b->floats; row r of the matrix is source_row(r) where they are permuted. */
static void pack(binder *b, mote_dtype type, size_t n_rows, size_t k, bool permuted, mote_packed *out) {
    *out = (mote_packed){.type = type, .n_rows = n_rows, .k = k, .panel_bytes = mote_pack_panel_bytes(type, k), .data = b->next};
    size_t row_bytes = mote_dtype_row_bytes(type, k);
    for (size_t first = 0; first < n_rows; first += MOTE_PANEL_ROWS) {
        size_t n = n_rows - first < MOTE_PANEL_ROWS ? n_rows - first : MOTE_PANEL_ROWS;
        uint8_t *panel = (uint8_t *)out->data + first / MOTE_PANEL_ROWS * out->panel_bytes, *rows = (uint8_t *)(b->floats + n_rows * k);
        for (size_t r = 0; r < n; r++) {
            const float *row = b->floats + (permuted ? source_row(b, first + r) : first + r) * k;
            if (is_half(type))
                (void)mote_blocks_quantize(type, row, rows + r * row_bytes, k, NULL);
            else
                memcpy(rows + r * row_bytes, row, row_bytes);
        }
        mote_pack_panel(type, rows, row_bytes, n, k, panel);
    }
    b->next += (n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * out->panel_bytes;
}

static mote_status add_pair(binder *b, const mote_adapter_module *m, const mote_adapter_target *t, mote_error *err) {
    mote_adapter *a = b->adapter;
    uint16_t *place = &a->index[index_of(t->slot, t->layer)];
    if (*place)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': its matrix is changed twice", MOTE_STR_ARGS(m->name));
    mote_adapter_pair *p = &a->pairs[a->n_pairs];
    *p = (mote_adapter_pair){.slot = t->slot, .layer = t->layer, .scale = m->scale};
    size_t rank = (size_t)m->a.n_rows, n_rows = (size_t)t->n_rows;
    bool permuted = is_permuted(b, t->slot);
    MOTE_TRY(read_floats(b, m, &m->a, 0, rank, err));
    pack(b, packed_type(b->base, t, &m->a), rank, (size_t)t->n_columns, false, &p->a);
    MOTE_TRY(read_floats(b, m, &m->b, t->first_row, n_rows, err));
    pack(b, packed_type(b->base, t, &m->b), n_rows, rank, permuted, &p->b);
    if (m->magnitude.data) {
        p->dora = (float *)(void *)b->next;
        p->first_gain = a->n_gains;
        a->n_gains += n_rows;
        b->next += round_up(n_rows * MOTE_ADAPTER_DORA * sizeof(float));
        mote_adapter_matrix column = {.type = m->magnitude.type, .n_rows = m->b.n_rows, .n_columns = 1, .data = m->magnitude.data};
        MOTE_TRY(read_floats(b, m, &column, t->first_row, n_rows, err));
        for (size_t r = 0; r < n_rows; r++)
            p->dora[r * MOTE_ADAPTER_DORA + MOTE_ADAPTER_MAGNITUDE] = b->floats[permuted ? source_row(b, r) : r];
        MOTE_TRY(mote_adapter_dora_measure(p, b->base, b->pool, err));
    }
    *place = (uint16_t)++a->n_pairs;
    a->max_rank = rank > a->max_rank ? (uint32_t)rank : a->max_rank;
    a->n_params += rank * (t->n_columns + t->n_rows) + (p->dora ? t->n_rows : 0);
    return MOTE_OK;
}

/* Sizes of everything, and the largest matrix in floats with 16 of its rows again. */
typedef struct adapter_sizes {
    size_t n_pairs, n_gains;
    uint64_t n_bytes, n_floats;
} adapter_sizes;

static mote_status measure(const mote_adapter_source *s, const mote_adapter_base *base, adapter_sizes *sizes, mote_error *err) {
    *sizes = (adapter_sizes){0};
    for (size_t i = 0; i < s->n_modules; i++) {
        const mote_adapter_module *m = &s->modules[i];
        mote_adapter_target targets[MOTE_ADAPTER_MAX_TARGETS];
        size_t n;
        MOTE_TRY(mote_adapter_find_targets(s, m, base->h, targets, &n, err));
        for (size_t t = 0; t < n; t++) {
            uint64_t a = (m->a.n_rows + MOTE_PANEL_ROWS) * m->a.n_columns, b = (targets[t].n_rows + MOTE_PANEL_ROWS) * m->b.n_columns;
            sizes->n_bytes += pair_bytes(base, m, &targets[t]);
            sizes->n_gains += m->magnitude.data ? (size_t)targets[t].n_rows : 0;
            sizes->n_floats = a > sizes->n_floats ? a : sizes->n_floats;
            sizes->n_floats = b > sizes->n_floats ? b : sizes->n_floats;
        }
        sizes->n_pairs += n;
    }
    sizes->n_bytes += round_up(sizes->n_gains * sizeof(float));
    if (sizes->n_pairs > UINT16_MAX - 1)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the adapter changes %zu matrices", sizes->n_pairs);
    return MOTE_OK;
}

static void hash_file(const char *path, char hex[65], mote_status *status, mote_error *err) {
    mote_file_map map;
    *status = mote_file_map_open(path, &map, err);
    if (*status != MOTE_OK)
        return;
    mote_sha256 sha;
    uint8_t digest[32];
    mote_sha256_init(&sha);
    mote_sha256_update(&sha, map.data, map.len);
    mote_sha256_final(&sha, digest);
    mote_sha256_hex(digest, hex);
    mote_file_map_close(&map);
}

/* The base that the adapter was made for, where it says so. */
static mote_status check_made_for(const mote_adapter_source *s, const mote_adapter_base *base, mote_error *err) {
    if (s->family.len && !mote_str_is(s->family, base->h->family->name))
        return mote_error_set(err, MOTE_ERR_FORMAT, "general.architecture: the adapter is for '%.*s', the base is '%s'", MOTE_STR_ARGS(s->family), base->h->family->name);
    if (s->base_sha256.len == 0 || !base->path)
        return MOTE_OK;
    char path[PATH_BYTES], hex[65];
    bool is_folder = mote_file_is_directory(base->path);
    int n = snprintf(path, sizeof path, "%s%s", base->path, is_folder ? "/model.safetensors" : "");
    if (n < 0 || (size_t)n >= sizeof path || (is_folder && !mote_file_exists(path)))
        return MOTE_OK; /* shards have no one hash */
    mote_status status;
    hash_file(path, hex, &status, err);
    if (status != MOTE_OK || mote_str_is(s->base_sha256, hex))
        return status;
    return mote_error_set(err, MOTE_ERR_FORMAT, "the adapter was made for a base with SHA-256 %.*s; %s has %s", (int)(s->base_sha256.len < 64 ? s->base_sha256.len : 64),
                          s->base_sha256.data, path, hex);
}

mote_status mote_adapter_check_base(const mote_adapter_source *s, const mote_adapter_base *base, mote_error *err) {
    adapter_sizes sizes;
    MOTE_TRY(check_made_for(s, base, err));
    return measure(s, base, &sizes, err);
}

static mote_status take_memory(binder *b, const adapter_sizes *sizes, mote_error *err) {
    mote_adapter *a = b->adapter;
    a->pairs = mote_mem_zalloc_array(sizes->n_pairs, sizeof *a->pairs);
    a->index = mote_mem_zalloc_array(((size_t)b->base->h->n_layers + 1) * MOTE_SLOT_COUNT, sizeof *a->index);
    a->bytes = mote_mem_alloc_aligned((size_t)sizes->n_bytes);
    b->floats = mote_mem_alloc_array((size_t)sizes->n_floats, sizeof *b->floats);
    if (!a->pairs || !a->index || !a->bytes || !b->floats)
        return mote_error_alloc(err, (size_t)(sizes->n_bytes + sizes->n_floats * sizeof *b->floats));
    a->gains = (float *)(void *)a->bytes;
    b->next = a->bytes + round_up(sizes->n_gains * sizeof(float));
    a->n_bytes = sizes->n_bytes;
    return MOTE_OK;
}

mote_status mote_adapter_bind(const mote_adapter_source *s, const mote_adapter_base *base, uint64_t max_bytes, int n_threads, mote_adapter **adapter, mote_error *err) {
    *adapter = NULL;
    adapter_sizes sizes;
    MOTE_TRY(check_made_for(s, base, err));
    MOTE_TRY(measure(s, base, &sizes, err));
    if (max_bytes != 0 && sizes.n_bytes > max_bytes)
        return mote_error_set(err, MOTE_ERR_BUDGET, "the adapter needs %.1f MiB, %.1f MiB are left of the memory budget", (double)sizes.n_bytes / 1048576,
                              (double)max_bytes / 1048576);
    binder b = {.s = s, .base = base, .adapter = mote_mem_zalloc_array(1, sizeof *b.adapter)};
    if (!b.adapter)
        return mote_error_alloc(err, sizeof *b.adapter);
    mote_adapter *a = b.adapter;
    mote_status status;
    *a = (mote_adapter){.n_layers = base->h->n_layers, .uses_dora = s->uses_dora, .uses_rslora = s->uses_rslora, .alpha = s->alpha};
    MOTE_TRY_DONE(take_memory(&b, &sizes, err));
    if (s->uses_dora)
        MOTE_TRY_DONE(mote_thread_pool_create(n_threads > 0 ? n_threads : mote_cpu_default_threads(), &b.pool, err));
    for (size_t i = 0; i < s->n_modules; i++) {
        mote_adapter_target targets[MOTE_ADAPTER_MAX_TARGETS];
        size_t n;
        MOTE_TRY_DONE(mote_adapter_find_targets(s, &s->modules[i], base->h, targets, &n, err));
        for (size_t t = 0; t < n; t++)
            MOTE_TRY_DONE(add_pair(&b, &s->modules[i], &targets[t], err));
    }
    MOTE_TRY_DONE(mote_adapter_dora_gains(a, 1, a->gains, err));
    MOTE_TRY_DONE(mote_identity_of_adapter(a, &a->identity, err));
    *adapter = b.adapter;
    b.adapter = NULL;
done:
    mote_thread_pool_free(&b.pool);
    mote_mem_free(b.floats);
    mote_adapter_free(&b.adapter);
    return status;
}

void mote_adapter_free(mote_adapter **adapter) {
    mote_adapter *a = *adapter;
    if (!a)
        return;
    mote_mem_free(a->pairs);
    mote_mem_free(a->index);
    mote_mem_free(a->bytes);
    mote_mem_free(a);
    *adapter = NULL;
}

const mote_adapter_pair *mote_adapter_find(const mote_adapter *a, mote_slot slot, uint32_t layer) {
    uint16_t i = a->index[index_of(slot, layer)];
    return i ? &a->pairs[i - 1] : NULL;
}

mote_status mote_adapter_open(const mote_model *model, const char *path, const mote_adapter_options *options, mote_adapter **adapter, mote_error *err) {
    mote_adapter_options o = MOTE_ADAPTER_OPTIONS_INIT;
    if (options)
        o = *options;
    *adapter = NULL;
    if (!model->h.family || !model->w.bytes)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the model was opened for its vocabulary only");
    if (model->h.family->is_encoder)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: adapters of encoders are not supported", model->h.family->name);
    mote_adapter_source s;
    MOTE_TRY(mote_adapter_source_open(path, &s, err));
    mote_adapter_base base = {.h = &model->h, .kernels = &model->kernels, .weights = &model->w, .path = model->path};
    mote_status status = mote_adapter_bind(&s, &base, o.mem_max_bytes, o.n_threads, adapter, err);
    mote_adapter_source_close(&s);
    if (status != MOTE_OK) {
        mote_error_prefix(err, "%s", path);
        return status;
    }
    (*adapter)->model = model;
    return MOTE_OK;
}

void mote_adapter_get_info(const mote_adapter *a, mote_adapter_info *info) {
    static const char *const KINDS[] = {"lora", "rslora", "dora", "dora, rslora"};
    *info = (mote_adapter_info){
        .kind = KINDS[a->uses_rslora + 2 * a->uses_dora], .n_matrices = a->n_pairs, .max_rank = a->max_rank, .alpha = a->alpha, .n_params = a->n_params, .n_bytes = a->n_bytes};
}
