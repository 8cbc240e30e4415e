#include "model/slots.h"

#include "model/recurrent.h"

mote_slot_kind mote_slot_kind_of(mote_slot slot) {
    switch (slot) {
    case MOTE_SLOT_TOKEN_EMBD:
    case MOTE_SLOT_OUTPUT:
    case MOTE_SLOT_Q:
    case MOTE_SLOT_K:
    case MOTE_SLOT_V:
    case MOTE_SLOT_O:
    case MOTE_SLOT_GATE:
    case MOTE_SLOT_UP:
    case MOTE_SLOT_DOWN:
    case MOTE_SLOT_ROUTER:
    case MOTE_SLOT_DENSE_1:
    case MOTE_SLOT_DENSE_2:
    case MOTE_SLOT_MIXER_IN:
    case MOTE_SLOT_MIXER_OUT:
        return MOTE_SLOT_KIND_MATRIX;
    case MOTE_SLOT_CONV:
        return MOTE_SLOT_KIND_TAPS;
    case MOTE_SLOT_EXPERTS_GATE:
    case MOTE_SLOT_EXPERTS_UP:
    case MOTE_SLOT_EXPERTS_DOWN:
        return MOTE_SLOT_KIND_EXPERTS;
    case MOTE_SLOT_POSITION_EMBD:
    case MOTE_SLOT_TYPE_EMBD:
        return MOTE_SLOT_KIND_TABLE;
    case MOTE_SLOT_OUTPUT_NORM:
    case MOTE_SLOT_ATTN_NORM:
    case MOTE_SLOT_Q_NORM:
    case MOTE_SLOT_K_NORM:
    case MOTE_SLOT_POST_ATTN_NORM:
    case MOTE_SLOT_FFN_NORM:
    case MOTE_SLOT_POST_FFN_NORM:
        return MOTE_SLOT_KIND_NORM;
    default:
        return MOTE_SLOT_KIND_VECTOR;
    }
}

static void shape(uint64_t *rows, uint64_t *columns, uint64_t r, uint64_t c) {
    *rows = r;
    *columns = c;
}

static void global_shape(const mote_hparams *h, mote_slot slot, uint64_t *rows, uint64_t *columns) {
    switch (slot) {
    case MOTE_SLOT_TOKEN_EMBD:
    case MOTE_SLOT_OUTPUT:
        return shape(rows, columns, h->n_vocab, h->n_embd);
    case MOTE_SLOT_POSITION_EMBD:
        return shape(rows, columns, h->n_ctx_train, h->n_embd);
    case MOTE_SLOT_TYPE_EMBD:
        return shape(rows, columns, h->n_token_types, h->n_embd);
    case MOTE_SLOT_DENSE_1:
    case MOTE_SLOT_DENSE_2:
        return shape(rows, columns, h->dense[slot - MOTE_SLOT_DENSE_1].n_out, h->dense[slot - MOTE_SLOT_DENSE_1].n_in);
    case MOTE_SLOT_DENSE_1_BIAS:
    case MOTE_SLOT_DENSE_2_BIAS:
        return shape(rows, columns, 1, h->dense[slot - MOTE_SLOT_DENSE_1_BIAS].n_out);
    case MOTE_SLOT_ROPE_FACTORS:
    case MOTE_SLOT_ROPE_SHORT:
    case MOTE_SLOT_ROPE_LONG:
        return shape(rows, columns, 1, h->n_rot / 2);
    default:
        return shape(rows, columns, 1, h->n_embd);
    }
}

static void attention_shape(const mote_hparams *h, mote_slot slot, const mote_layer_hparams *l, uint64_t *rows, uint64_t *columns) {
    uint64_t n_q = (uint64_t)l->n_heads * h->head_dim, n_kv = (uint64_t)l->n_kv_heads * h->head_dim;
    switch (slot) {
    case MOTE_SLOT_Q:
        return shape(rows, columns, n_q, h->n_embd);
    case MOTE_SLOT_K:
    case MOTE_SLOT_V:
        return shape(rows, columns, n_kv, h->n_embd);
    case MOTE_SLOT_O:
        return shape(rows, columns, h->n_embd, n_q);
    case MOTE_SLOT_Q_BIAS:
        return shape(rows, columns, 1, n_q);
    case MOTE_SLOT_K_BIAS:
    case MOTE_SLOT_V_BIAS:
        return shape(rows, columns, 1, n_kv);
    case MOTE_SLOT_Q_NORM:
        return shape(rows, columns, 1, h->family->norms_whole_heads ? n_q : h->head_dim);
    case MOTE_SLOT_K_NORM:
        return shape(rows, columns, 1, h->family->norms_whole_heads ? n_kv : h->head_dim);
    default:
        return shape(rows, columns, 1, h->n_embd);
    }
}

static void ffn_shape(const mote_hparams *h, mote_slot slot, const mote_layer_hparams *l, uint64_t *rows, uint64_t *columns) {
    switch (slot) {
    case MOTE_SLOT_GATE:
    case MOTE_SLOT_UP:
        return shape(rows, columns, l->n_ff, h->n_embd);
    case MOTE_SLOT_DOWN:
        return shape(rows, columns, h->n_embd, l->n_ff);
    case MOTE_SLOT_UP_BIAS:
        return shape(rows, columns, 1, l->n_ff);
    case MOTE_SLOT_ROUTER:
        return shape(rows, columns, h->experts.n, h->n_embd);
    case MOTE_SLOT_EXPERTS_GATE:
    case MOTE_SLOT_EXPERTS_UP:
        return shape(rows, columns, h->experts.n_ff, h->n_embd);
    case MOTE_SLOT_EXPERTS_DOWN:
        return shape(rows, columns, h->n_embd, h->experts.n_ff);
    default:
        return shape(rows, columns, 1, h->n_embd);
    }
}

static void recurrent_shape(const mote_hparams *h, mote_slot slot, const mote_layer_hparams *l, uint64_t *rows, uint64_t *columns) {
    switch (slot) {
    case MOTE_SLOT_MIXER_IN:
        return shape(rows, columns, mote_recurrent_in_width(h, l->mixer), h->n_embd);
    case MOTE_SLOT_MIXER_OUT:
        return shape(rows, columns, h->n_embd, mote_recurrent_out_width(h, l->mixer));
    case MOTE_SLOT_MIXER_IN_BIAS:
        return shape(rows, columns, 1, mote_recurrent_in_width(h, l->mixer));
    case MOTE_SLOT_CONV:
        return shape(rows, columns, mote_recurrent_channels(h, l->mixer), h->recurrent.n_taps);
    case MOTE_SLOT_CONV_BIAS:
        return shape(rows, columns, 1, mote_recurrent_channels(h, l->mixer));
    case MOTE_SLOT_SSM_DT_BIAS:
    case MOTE_SLOT_SSM_A:
    case MOTE_SLOT_SSM_D:
        return shape(rows, columns, 1, h->recurrent.n_heads);
    case MOTE_SLOT_SSM_NORM:
        return shape(rows, columns, 1, h->recurrent.d_inner);
    default:
        return shape(rows, columns, 1, h->n_embd);
    }
}

void mote_slot_shape(const mote_hparams *h, mote_slot slot, uint32_t layer, uint64_t *rows, uint64_t *columns) {
    const mote_layer_hparams *l = &h->layers[layer];
    if (!mote_slot_is_per_layer(slot))
        return global_shape(h, slot, rows, columns);
    if (slot >= MOTE_SLOT_Q && slot <= MOTE_SLOT_K_NORM)
        return attention_shape(h, slot, l, rows, columns);
    if (slot >= MOTE_SLOT_GATE && slot <= MOTE_SLOT_EXPERTS_DOWN)
        return ffn_shape(h, slot, l, rows, columns);
    return recurrent_shape(h, slot, l, rows, columns);
}

bool mote_slot_is_in_layer(const mote_hparams *h, mote_slot slot, uint32_t layer) {
    const mote_layer_hparams *l = &h->layers[layer];
    switch (slot) {
    case MOTE_SLOT_Q:
    case MOTE_SLOT_K:
    case MOTE_SLOT_V:
    case MOTE_SLOT_O:
    case MOTE_SLOT_Q_BIAS:
    case MOTE_SLOT_K_BIAS:
    case MOTE_SLOT_V_BIAS:
    case MOTE_SLOT_O_BIAS:
    case MOTE_SLOT_Q_NORM:
    case MOTE_SLOT_K_NORM:
        return l->mixer == MOTE_MIXER_ATTENTION;
    case MOTE_SLOT_GATE:
    case MOTE_SLOT_UP:
    case MOTE_SLOT_UP_BIAS:
    case MOTE_SLOT_DOWN:
    case MOTE_SLOT_DOWN_BIAS:
        return l->n_ff != 0;
    case MOTE_SLOT_ROUTER:
    case MOTE_SLOT_EXPERTS_GATE:
    case MOTE_SLOT_EXPERTS_UP:
    case MOTE_SLOT_EXPERTS_DOWN:
        return l->has_experts;
    case MOTE_SLOT_DENSE_1:
    case MOTE_SLOT_DENSE_2:
        return h->dense[slot - MOTE_SLOT_DENSE_1].n_out != 0;
    case MOTE_SLOT_DENSE_1_BIAS:
    case MOTE_SLOT_DENSE_2_BIAS:
        return h->dense[slot - MOTE_SLOT_DENSE_1_BIAS].n_out != 0;
    case MOTE_SLOT_MIXER_IN:
    case MOTE_SLOT_MIXER_IN_BIAS:
    case MOTE_SLOT_CONV:
    case MOTE_SLOT_CONV_BIAS:
    case MOTE_SLOT_MIXER_OUT:
    case MOTE_SLOT_MIXER_OUT_BIAS:
        return l->mixer != MOTE_MIXER_ATTENTION;
    case MOTE_SLOT_SSM_DT_BIAS:
    case MOTE_SLOT_SSM_A:
    case MOTE_SLOT_SSM_D:
    case MOTE_SLOT_SSM_NORM:
        return l->mixer == MOTE_MIXER_MAMBA2;
    default:
        return true;
    }
}
