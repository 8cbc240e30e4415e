#include "base/error.h"
#include "base/mem.h"
#include "model/weights.h"

#include <stdio.h>
#include <string.h>

enum { N_GLOBAL = MOTE_SLOT_ATTN_NORM, N_LAYER = MOTE_SLOT_COUNT - MOTE_SLOT_ATTN_NORM };

static size_t index_of(mote_slot slot, uint32_t layer) {
    return mote_slot_is_per_layer(slot) ? N_GLOBAL + (size_t)layer * N_LAYER + (slot - MOTE_SLOT_ATTN_NORM) : (size_t)slot;
}

const mote_tensor_view *mote_weights_plan_view(const mote_weights_plan *plan, mote_slot slot, uint32_t layer) {
    return &plan->views[index_of(slot, layer)];
}

/* The shape a slot must have; rows 0: a vector. */
static void shape_of(const mote_hparams *h, mote_slot slot, uint64_t *rows, uint64_t *columns) {
    uint64_t n_q = (uint64_t)h->n_heads * h->head_dim, n_kv = (uint64_t)h->n_kv_heads * h->head_dim;
    *rows = 0;
    switch (slot) {
    case MOTE_SLOT_TOKEN_EMBD:
    case MOTE_SLOT_OUTPUT:
        *rows = h->n_vocab, *columns = h->n_embd;
        break;
    case MOTE_SLOT_POSITION_EMBD:
        *rows = h->n_ctx_train, *columns = h->n_embd;
        break;
    case MOTE_SLOT_TYPE_EMBD:
        *rows = 1, *columns = h->n_embd;
        break;
    case MOTE_SLOT_Q:
        *rows = n_q, *columns = h->n_embd;
        break;
    case MOTE_SLOT_K:
    case MOTE_SLOT_V:
        *rows = n_kv, *columns = h->n_embd;
        break;
    case MOTE_SLOT_O:
        *rows = h->n_embd, *columns = n_q;
        break;
    case MOTE_SLOT_GATE:
    case MOTE_SLOT_UP:
        *rows = h->n_ff, *columns = h->n_embd;
        break;
    case MOTE_SLOT_DOWN:
        *rows = h->n_embd, *columns = h->n_ff;
        break;
    case MOTE_SLOT_Q_BIAS:
        *columns = n_q;
        break;
    case MOTE_SLOT_K_BIAS:
    case MOTE_SLOT_V_BIAS:
        *columns = n_kv;
        break;
    case MOTE_SLOT_Q_NORM:
    case MOTE_SLOT_K_NORM:
        *columns = h->head_dim;
        break;
    case MOTE_SLOT_UP_BIAS:
        *columns = h->n_ff;
        break;
    case MOTE_SLOT_ROPE_FACTORS:
        *columns = h->n_rot / 2;
        break;
    default:
        *columns = h->n_embd;
    }
}

/* Looks a tensor up by its full name; absent: data stays NULL. */
static mote_status find(const mote_weights_source *source, mote_tensor_view *v, mote_error *err) {
    if (source->gguf) {
        const mote_gguf_tensor *t = mote_gguf_find_tensor(source->gguf, v->name);
        if (!t)
            return MOTE_OK;
        v->type = t->type;
        v->n_columns = t->dims[0];
        v->n_rows = t->dims[1];
        if (t->n_dims > 2 && (t->dims[2] != 1 || t->dims[3] != 1))
            return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s': its shape has more than 2 dimensions", v->name);
        v->data = t->data;
        v->n_bytes = t->n_bytes;
        return MOTE_OK;
    }
    const mote_safetensors_tensor *t = mote_safetensors_find(source->safetensors, v->name);
    if (!t && strncmp(v->name, "embeddings.", 11) != 0 && strncmp(v->name, "encoder.", 8) != 0)
        return MOTE_OK;
    if (!t) { /* BERT checkpoints of other heads prefix their encoder */
        char prefixed[160];
        snprintf(prefixed, sizeof prefixed, "bert.%s", v->name);
        t = mote_safetensors_find(source->safetensors, prefixed);
        if (!t)
            return MOTE_OK;
    }
    if (t->type == MOTE_DTYPE_NONE)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%s': type %.*s is not supported", v->name, MOTE_STR_ARGS(t->dtype_name));
    if (t->n_dims < 1 || t->n_dims > 2)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s': its shape has %d dimensions, not 1 or 2", v->name, t->n_dims);
    v->type = t->type;
    v->n_columns = t->dims[t->n_dims - 1];
    v->n_rows = t->n_dims == 2 ? t->dims[0] : 1;
    v->data = t->data;
    v->n_bytes = t->n_bytes;
    return MOTE_OK;
}

static mote_status check_matrix(const mote_tensor_view *v, uint64_t rows, uint64_t columns, mote_error *err) {
    if (v->n_columns != columns || v->n_rows != rows)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s': shape [%llu, %llu], expected [%llu, %llu]", v->name, (unsigned long long)v->n_columns,
                              (unsigned long long)v->n_rows, (unsigned long long)columns, (unsigned long long)rows);
    if (!mote_pack_supports(v->type) || mote_pack_panel_bytes(v->type, (size_t)columns) == 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%s': type %s can't hold rows of %llu weights", v->name, mote_dtype_get((int)v->type)->name,
                              (unsigned long long)columns);
    return MOTE_OK;
}

static mote_status check_vector(const mote_tensor_view *v, uint64_t columns, mote_error *err) {
    if (v->n_columns * v->n_rows != columns || (v->n_rows != 1 && v->n_columns != 1))
        return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s': shape [%llu, %llu], expected [%llu]", v->name, (unsigned long long)v->n_columns, (unsigned long long)v->n_rows,
                              (unsigned long long)columns);
    if (v->type != MOTE_DTYPE_F32 && v->type != MOTE_DTYPE_F16 && v->type != MOTE_DTYPE_BF16)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%s': type %s, expected F32, F16 or BF16", v->name, mote_dtype_get((int)v->type)->name);
    return MOTE_OK;
}

static mote_status plan_one(const mote_weights_source *source, const mote_hparams *h, const mote_tensor_name *n, uint32_t layer, bool exact, mote_weights_plan *plan,
                            mote_error *err) {
    const char *format = source->gguf ? n->gguf : n->hf;
    mote_tensor_view *v = &plan->views[index_of(n->slot, layer)];
    if (!format)
        return MOTE_OK;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(v->name, sizeof v->name, format, (unsigned)layer);
#pragma GCC diagnostic pop
    if (n->slot == MOTE_SLOT_OUTPUT && h->ties_output)
        return MOTE_OK; /* some checkpoints repeat the embedding; the config says it is the same */
    MOTE_TRY(find(source, v, err));
    if (!v->data)
        return n->is_optional ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s' is missing", v->name);
    uint64_t rows, columns;
    shape_of(h, n->slot, &rows, &columns);
    if (n->slot == MOTE_SLOT_TYPE_EMBD && v->n_rows >= 1)
        rows = v->n_rows;
    MOTE_TRY(rows != 0 ? check_matrix(v, rows, columns, err) : check_vector(v, columns, err));
    plan->n_params += v->n_rows * v->n_columns;
    plan->source_bytes += v->n_bytes;
    plan->type_bytes[v->type] += v->n_bytes;
    if (rows == 0 || n->slot == MOTE_SLOT_POSITION_EMBD || n->slot == MOTE_SLOT_TYPE_EMBD)
        plan->packed_bytes += (v->n_rows * v->n_columns * 4 + 63) / 64 * 64;
    else
        plan->packed_bytes += (rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * mote_pack_panel_bytes(exact ? MOTE_DTYPE_F32 : v->type, (size_t)columns);
    return MOTE_OK;
}

mote_status mote_weights_plan_create(const mote_weights_source *source, const mote_hparams *h, bool exact, mote_weights_plan *plan, mote_error *err) {
    *plan = (mote_weights_plan){.n_views = N_GLOBAL + (size_t)h->n_layers * N_LAYER};
    plan->views = mote_mem_zalloc_array(plan->n_views, sizeof *plan->views);
    if (!plan->views)
        return mote_error_alloc(err, plan->n_views * sizeof *plan->views);
    mote_status status = MOTE_OK;
    for (size_t i = 0; i < h->family->n_names; i++) {
        const mote_tensor_name *n = &h->family->names[i];
        uint32_t n_layers = mote_slot_is_per_layer(n->slot) ? h->n_layers : 1;
        for (uint32_t l = 0; l < n_layers; l++)
            MOTE_TRY_DONE(plan_one(source, h, n, l, exact, plan, err));
    }
done:
    if (status != MOTE_OK)
        mote_weights_plan_free(plan);
    return status;
}

void mote_weights_plan_free(mote_weights_plan *plan) {
    mote_mem_free(plan->views);
    *plan = (mote_weights_plan){0};
}
