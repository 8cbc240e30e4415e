/* The plan: every slot of the family's table gets the rows of a tensor, whose shape and type are checked before anything is allocated for weights. */
#include "base/error.h"
#include "base/mem.h"
#include "kernels/blocks.h"
#include "model/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_GLOBAL = MOTE_SLOT_ATTN_NORM, N_LAYER = MOTE_SLOT_COUNT - MOTE_SLOT_ATTN_NORM, N_EXPERT_SLOTS = 3 };
enum { MAX_INTS_BYTES = 64 << 20 /* 300,000 integer matrices */ };

static size_t index_of(mote_slot slot, uint32_t layer) {
    return mote_slot_is_per_layer(slot) ? N_GLOBAL + (size_t)layer * N_LAYER + (slot - MOTE_SLOT_ATTN_NORM) : (size_t)slot;
}

static size_t expert_index(const mote_weights_plan *plan, mote_slot slot, uint32_t layer, uint32_t expert) {
    return ((size_t)layer * N_EXPERT_SLOTS + (slot - MOTE_SLOT_EXPERTS_GATE)) * plan->n_experts + expert;
}

const mote_tensor_view *mote_weights_plan_view(const mote_weights_plan *plan, mote_slot slot, uint32_t layer) {
    return &plan->views[index_of(slot, layer)];
}

const mote_tensor_view *mote_weights_plan_expert(const mote_weights_plan *plan, mote_slot slot, uint32_t layer, uint32_t expert) {
    return &plan->experts[expert_index(plan, slot, layer, expert)];
}

void mote_tensor_view_read(const mote_tensor_view *v, uint64_t first_row, uint64_t n_rows, float *out) {
    size_t row_bytes = mote_dtype_row_bytes(v->type, (size_t)v->n_columns);
    if (v->ints) {
        mote_int_matrix_read(v->ints, v->ints_row + first_row, (size_t)n_rows, out);
        return;
    }
    for (uint64_t r = 0; r < n_rows; r++)
        mote_blocks_dequantize(v->type, v->data + (first_row + r) * row_bytes, out + r * v->n_columns, (size_t)v->n_columns);
    for (uint64_t i = 0; v->is_log && i < n_rows * v->n_columns; i++)
        out[i] = -expf(out[i]);
}

/* A whole tensor of the source: n_matrices times [n_rows, n_columns]. */
typedef struct found_tensor {
    mote_dtype type;
    uint64_t n_columns, n_rows, n_matrices;
    const uint8_t *data; /* NULL: absent */
    uint64_t n_bytes;
    const mote_int_matrix *ints;
} found_tensor;

typedef struct planner {
    const mote_weights_source *source;
    const mote_hparams *h;
    mote_weights_type type;
    mote_weights_plan *plan;
} planner;

static mote_status find_gguf(const mote_gguf *g, const char *name, found_tensor *f, mote_error *err) {
    const mote_gguf_tensor *t = mote_gguf_find_tensor(g, name);
    if (!t)
        return MOTE_OK;
    if (t->n_dims > 3 && t->dims[3] != 1)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s': its shape has more than 3 dimensions", name);
    *f = (found_tensor){.type = t->type, .n_columns = t->dims[0], .n_rows = t->dims[1], .n_matrices = t->dims[2], .data = t->data, .n_bytes = t->n_bytes};
    return MOTE_OK;
}

/* An integer matrix in place of name, which ends in ".weight". Eight bits a weight keep what it says, half floats where rows are no whole number of blocks. */
static mote_status find_ints(const planner *p, const char *name, found_tensor *f, mote_error *err) {
    static const mote_str suffix = {".weight", 7};
    mote_str module = mote_str_of(name);
    char stem[128];
    mote_int_matrix m;
    if (!p->source->ints || !mote_str_ends(module, suffix) || module.len >= sizeof stem)
        return MOTE_OK;
    snprintf(stem, sizeof stem, "%.*s", (int)(module.len - suffix.len), name);
    MOTE_TRY(mote_int_matrix_find(p->source->safetensors, stem, p->source->ints, &m, err));
    if (!m.numbers)
        return MOTE_OK;
    mote_int_matrix *kept = mote_arena_alloc(&p->plan->ints, sizeof *kept);
    if (!kept)
        return mote_error_alloc(err, sizeof *kept);
    *kept = m;
    mote_dtype type = m.n_columns % mote_dtype_get(MOTE_DTYPE_Q8_0)->block_len == 0 ? MOTE_DTYPE_Q8_0 : MOTE_DTYPE_F16;
    *f = (found_tensor){.type = type, .n_columns = m.n_columns, .n_rows = m.n_rows, .n_matrices = 1, .data = m.numbers, .n_bytes = m.n_bytes, .ints = kept};
    return MOTE_OK;
}

static mote_status find_safetensors(const planner *p, const mote_safetensors *st, const char *name, found_tensor *f, mote_error *err) {
    const char *prefix = p->h->family->hf_prefix;
    const mote_safetensors_tensor *t = mote_safetensors_find(st, name);
    if (!t && prefix) {
        char prefixed[160];
        snprintf(prefixed, sizeof prefixed, "%s%s", prefix, name);
        t = mote_safetensors_find(st, prefixed);
    }
    if (!t && strncmp(name, MOTE_WEIGHTS_BARE_PREFIX, sizeof MOTE_WEIGHTS_BARE_PREFIX - 1) == 0)
        t = mote_safetensors_find(st, name + sizeof MOTE_WEIGHTS_BARE_PREFIX - 1);
    if (!t)
        return MOTE_OK;
    if (t->type == MOTE_DTYPE_NONE)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%s': type %.*s is not supported", name, MOTE_STR_ARGS(t->dtype_name));
    if (t->n_dims < 1 || t->n_dims > 3)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s': its shape has %d dimensions, not 1 to 3", name, t->n_dims);
    *f = (found_tensor){.type = t->type,
                        .n_columns = t->dims[t->n_dims - 1],
                        .n_rows = t->n_dims > 1 ? t->dims[t->n_dims - 2] : 1,
                        .n_matrices = t->n_dims > 2 ? t->dims[0] : 1,
                        .data = t->data,
                        .n_bytes = t->n_bytes};
    return MOTE_OK;
}

/* A tensor of a checkpoint; dense layers behind pooling may have a file of their own. */
static mote_status find_in_checkpoint(const planner *p, mote_slot slot, const char *name, found_tensor *f, mote_error *err) {
    const mote_safetensors *st = slot >= MOTE_SLOT_DENSE_1 && slot <= MOTE_SLOT_DENSE_2_BIAS ? p->source->dense[(slot - MOTE_SLOT_DENSE_1) % MOTE_HPARAMS_MAX_DENSE] : NULL;
    if (st)
        return find_safetensors(p, st, slot < MOTE_SLOT_DENSE_1_BIAS ? "linear.weight" : "linear.bias", f, err);
    MOTE_TRY(find_ints(p, name, f, err));
    return f->data ? MOTE_OK : find_safetensors(p, p->source->safetensors, name, f, err);
}

/* The rows of a fused tensor that come before a part, and of the whole. */
static void part_of(const mote_hparams *h, mote_tensor_part part, uint32_t layer, uint64_t rows, uint64_t *before, uint64_t *all) {
    uint64_t n_q = (uint64_t)h->layers[layer].n_heads * h->head_dim, n_kv = (uint64_t)h->layers[layer].n_kv_heads * h->head_dim;
    *before = part == MOTE_PART_K ? n_q : part == MOTE_PART_V ? n_q + n_kv : part == MOTE_PART_SECOND_HALF ? rows : 0;
    *all = part == MOTE_PART_WHOLE ? rows : part == MOTE_PART_FIRST_HALF || part == MOTE_PART_SECOND_HALF ? 2 * rows : n_q + 2 * n_kv;
}

/* A vector has one row or one column; Mamba's norm, a row a group. Kernels of convolutions over single channels have a dimension of 1 in the middle. */
static bool is_vector_of(const mote_hparams *h, const found_tensor *f, mote_slot slot, uint64_t columns) {
    bool has_groups = slot == MOTE_SLOT_SSM_NORM && f->n_rows == h->recurrent.n_groups;
    return f->n_columns * f->n_rows == columns && (f->n_rows == 1 || f->n_columns == 1 || has_groups) && f->n_matrices == 1;
}

static mote_status check_shape(const planner *p, const char *name, const found_tensor *f, mote_slot slot, uint64_t rows, uint64_t columns, uint64_t n_matrices, mote_error *err) {
    mote_slot_kind kind = mote_slot_kind_of(slot);
    bool fits = f->n_columns == columns && f->n_rows == rows && f->n_matrices == n_matrices;
    if (kind == MOTE_SLOT_KIND_VECTOR || kind == MOTE_SLOT_KIND_NORM)
        fits = is_vector_of(p->h, f, slot, columns);
    if (kind == MOTE_SLOT_KIND_TAPS)
        fits = f->n_columns == columns && (f->n_rows == 1 || f->n_matrices == 1) && f->n_rows * f->n_matrices == rows;
    if (kind == MOTE_SLOT_KIND_TABLE) /* rows that are never asked for may follow */
        fits = f->n_columns == columns && f->n_rows >= rows && f->n_matrices == 1;
    if (fits)
        return MOTE_OK;
    return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s': shape [%llu, %llu, %llu], expected [%llu, %llu, %llu]", name, (unsigned long long)f->n_columns,
                          (unsigned long long)f->n_rows, (unsigned long long)f->n_matrices, (unsigned long long)columns, (unsigned long long)rows, (unsigned long long)n_matrices);
}

static bool is_float(mote_dtype type) {
    return type == MOTE_DTYPE_F32 || type == MOTE_DTYPE_F16 || type == MOTE_DTYPE_BF16;
}

static mote_status check_type(mote_tensor_view *v, const planner *p, mote_slot_kind kind, mote_error *err) {
    if (kind != MOTE_SLOT_KIND_MATRIX && kind != MOTE_SLOT_KIND_EXPERTS) {
        if (is_float(v->type))
            return MOTE_OK;
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%s': type %s, expected F32, F16 or BF16", v->name, mote_dtype_get((int)v->type)->name);
    }
    v->packed_type = p->type.exact ? MOTE_DTYPE_F32 : v->type;
    if (!mote_pack_supports(v->type) || mote_pack_panel_bytes(v->type, (size_t)v->n_columns) == 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%s': type %s can't hold rows of %llu weights", v->name, mote_dtype_get((int)v->type)->name,
                              (unsigned long long)v->n_columns);
    return MOTE_OK;
}

static bool is_packed(mote_slot slot) {
    mote_slot_kind kind = mote_slot_kind_of(slot);
    return kind == MOTE_SLOT_KIND_MATRIX || kind == MOTE_SLOT_KIND_EXPERTS;
}

static uint64_t packed_bytes_of(const mote_tensor_view *v, bool packed) {
    if (!v->data)
        return 0;
    if (packed)
        return (v->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * mote_pack_panel_bytes(v->packed_type, (size_t)v->n_columns);
    return (v->n_rows * v->n_columns * 4 + 63) / 64 * 64;
}

void mote_weights_plan_count_packed(mote_weights_plan *plan, const mote_hparams *h) {
    plan->packed_bytes = 0;
    for (size_t i = 0; i < plan->n_views; i++)
        plan->packed_bytes += packed_bytes_of(&plan->views[i], is_packed((mote_slot)(i < N_GLOBAL ? i : N_GLOBAL + (i - N_GLOBAL) % N_LAYER)));
    for (size_t i = 0; i < (size_t)h->n_layers * N_EXPERT_SLOTS * plan->n_experts; i++)
        plan->packed_bytes += packed_bytes_of(&plan->experts[i], true);
}

static void count_view(mote_weights_plan *plan, const mote_tensor_view *v) {
    plan->n_params += v->n_rows * v->n_columns;
    plan->source_bytes += v->n_bytes;
    plan->type_bytes[v->type] += v->n_bytes;
}

/* One view: of the whole tensor, of a part of its rows, of one matrix of a stack of experts. */
static mote_status plan_view(const planner *p, const mote_tensor_name *n, uint32_t layer, uint32_t expert, mote_tensor_view *v, mote_error *err) {
    const mote_hparams *h = p->h;
    bool is_gguf = p->source->gguf != NULL;
    const char *format = is_gguf ? n->gguf : n->hf;
    mote_slot_kind kind = mote_slot_kind_of(n->slot);
    if (v->data || !mote_family_format(n, is_gguf, layer, expert, v->name, sizeof v->name))
        return MOTE_OK;
    found_tensor f = {0};
    MOTE_TRY(is_gguf ? find_gguf(p->source->gguf, v->name, &f, err) : find_in_checkpoint(p, n->slot, v->name, &f, err));
    if (!f.data)
        return MOTE_OK;
    uint64_t rows, columns, before, all;
    mote_slot_shape(h, n->slot, layer, &rows, &columns);
    part_of(h, is_gguf ? n->gguf_part : n->hf_part, layer, rows, &before, &all);
    if (n->slot == MOTE_SLOT_POSITION_EMBD) {
        before = h->position_offset;
        all = before + rows;
    }
    const char *second = strstr(format, "%u");
    bool is_stack = kind == MOTE_SLOT_KIND_EXPERTS && !(second && strstr(second + 2, "%u"));
    MOTE_TRY(check_shape(p, v->name, &f, n->slot, all, columns, is_stack ? h->experts.n : 1, err));
    v->type = f.type;
    v->n_columns = columns;
    v->n_rows = rows;
    v->is_log = n->slot == MOTE_SLOT_SSM_A && !is_gguf;
    bool is_vector = kind == MOTE_SLOT_KIND_VECTOR || kind == MOTE_SLOT_KIND_NORM;
    uint64_t matrix_bytes = f.n_bytes / (is_stack ? f.n_matrices : 1), row_bytes = matrix_bytes / (is_vector ? 1 : kind == MOTE_SLOT_KIND_TAPS ? rows : f.n_rows);
    v->data = f.data + (is_stack ? expert * matrix_bytes : 0) + (f.ints ? 0 : before * row_bytes);
    v->n_bytes = rows * row_bytes;
    v->ints = f.ints;
    v->ints_row = before;
    MOTE_TRY(check_type(v, p, kind, err));
    count_view(p->plan, v);
    return MOTE_OK;
}

static mote_status plan_slot(const planner *p, const mote_tensor_name *n, uint32_t layer, mote_error *err) {
    if (n->slot == MOTE_SLOT_OUTPUT && p->h->ties_output)
        return MOTE_OK; /* some checkpoints repeat the embedding; the config says it is the same */
    bool is_expert = mote_slot_kind_of(n->slot) == MOTE_SLOT_KIND_EXPERTS, has_name = (p->source->gguf ? n->gguf : n->hf) != NULL;
    if (!mote_slot_is_in_layer(p->h, n->slot, layer))
        return MOTE_OK;
    for (uint32_t e = 0; e < (is_expert ? p->h->experts.n : 1); e++) {
        mote_tensor_view *v = is_expert ? &p->plan->experts[expert_index(p->plan, n->slot, layer, e)] : &p->plan->views[index_of(n->slot, layer)];
        MOTE_TRY(plan_view(p, n, layer, e, v, err));
        if (!v->data && has_name && !n->is_optional)
            return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s' is missing", v->name);
    }
    return MOTE_OK;
}

mote_status mote_weights_plan_create(const mote_weights_source *source, const mote_hparams *h, mote_weights_type type, mote_weights_plan *plan, mote_error *err) {
    *plan = (mote_weights_plan){.n_views = N_GLOBAL + (size_t)h->n_layers * N_LAYER, .n_experts = h->experts.n};
    size_t n_experts = (size_t)h->n_layers * N_EXPERT_SLOTS * h->experts.n;
    mote_arena_init(&plan->ints, MAX_INTS_BYTES);
    plan->views = mote_mem_zalloc_array(plan->n_views, sizeof *plan->views);
    plan->experts = n_experts ? mote_mem_zalloc_array(n_experts, sizeof *plan->experts) : NULL;
    mote_status status = MOTE_OK;
    if (!plan->views || (n_experts && !plan->experts)) {
        status = mote_error_alloc(err, (plan->n_views + n_experts) * sizeof *plan->views);
        goto done;
    }
    planner p = {source, h, type, plan};
    for (size_t i = 0; i < h->family->n_names; i++) {
        const mote_tensor_name *n = &h->family->names[i];
        uint32_t n_layers = mote_slot_is_per_layer(n->slot) ? h->n_layers : 1;
        for (uint32_t l = 0; l < n_layers; l++)
            MOTE_TRY_DONE(plan_slot(&p, n, l, err));
    }
    if (!h->family->is_encoder) /* checkpoints of encoders carry the heads of their training */
        MOTE_TRY_DONE(mote_weights_check_unused(source, h->family, err));
    mote_weights_plan_count_packed(plan, h);
    if (type.mix)
        MOTE_TRY_DONE(mote_weights_plan_set_mix(plan, h, type.mix, err));
    static const char *const SMALLER[] = {"Q8_0", "Q6_K", "Q4_K_M"};
    for (size_t i = 0; type.limit_bytes != 0 && plan->packed_bytes > type.limit_bytes && i < sizeof SMALLER / sizeof *SMALLER; i++) {
        MOTE_TRY_DONE(mote_mix_find(SMALLER[i], &type.mix, err));
        MOTE_TRY_DONE(mote_weights_plan_set_mix(plan, h, type.mix, err));
    }
done:
    if (status != MOTE_OK)
        mote_weights_plan_free(plan);
    return status;
}

void mote_weights_plan_free(mote_weights_plan *plan) {
    mote_arena_deinit(&plan->ints);
    mote_mem_free(plan->views);
    mote_mem_free(plan->experts);
    *plan = (mote_weights_plan){0};
}
