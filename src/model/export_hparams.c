/* Keys in the order and types of llama.cpp's converter. What a family's GGUF form leaves out is checked here against what its readers assume: an attention scale other than
 * 1/sqrt(head size), layers without rope elsewhere than every fourth, weights of experts that don't add up to 1. */
#include "base/error.h"
#include "model/export.h"
#include "model/recurrent.h"

#include <math.h>
#include <stdio.h>

enum { KEY_BYTES = 128 };

typedef struct exporter {
    const mote_source *s;
    const mote_hparams *h;
    const char *architecture;
    mote_gguf_writer *w;
    mote_error *err;
} exporter;

static const char *key_of(const exporter *e, const char *name, char key[KEY_BYTES]) {
    snprintf(key, KEY_BYTES, "%s.%s", e->architecture, name);
    return key;
}

static mote_status put_u32(const exporter *e, const char *name, uint32_t value) {
    char key[KEY_BYTES];
    return mote_gguf_writer_u32(e->w, key_of(e, name, key), value, e->err);
}

static mote_status put_f32(const exporter *e, const char *name, float value) {
    char key[KEY_BYTES];
    return mote_gguf_writer_f32(e->w, key_of(e, name, key), value, e->err);
}

static mote_status put_text(const exporter *e, const char *name, const char *value) {
    char key[KEY_BYTES];
    return mote_gguf_writer_string(e->w, key_of(e, name, key), mote_str_of(value), e->err);
}

static mote_status put_bool(const exporter *e, const char *name, bool value) {
    char key[KEY_BYTES];
    return mote_gguf_writer_bool(e->w, key_of(e, name, key), value, e->err);
}

/* A number of mote_layer_hparams: once where all layers agree, else an array. */
static mote_status put_u32_of_layers(const exporter *e, const char *name, size_t offset) {
    int32_t values[MOTE_HPARAMS_MAX_LAYERS]; /* signed, as in the files of llama.cpp */
    char key[KEY_BYTES];
    bool same = true;
    for (uint32_t l = 0; l < e->h->n_layers; l++) {
        memcpy(&values[l], (const char *)&e->h->layers[l] + offset, sizeof values[l]);
        same = same && values[l] == values[0];
    }
    return same ? put_u32(e, name, (uint32_t)values[0]) : mote_gguf_writer_array(e->w, key_of(e, name, key), MOTE_GGUF_I32, values, e->h->n_layers, e->err);
}

static bool is(const exporter *e, const char *family) {
    return strcmp(e->h->family->name, family) == 0;
}

static mote_status refuse(const exporter *e, const char *what) {
    return mote_error_set(e->err, MOTE_ERR_UNSUPPORTED, "%s: a GGUF of architecture '%s' can't say it", what, e->architecture);
}

static mote_status put_heads(const exporter *e) {
    const mote_hparams *h = e->h;
    MOTE_TRY(put_u32_of_layers(e, "attention.head_count", offsetof(mote_layer_hparams, n_heads)));
    MOTE_TRY(put_u32_of_layers(e, "attention.head_count_kv", offsetof(mote_layer_hparams, n_kv_heads)));
    if (h->family->uses_layer_norm)
        MOTE_TRY(put_f32(e, "attention.layer_norm_epsilon", h->norm_eps));
    else
        MOTE_TRY(put_f32(e, "attention.layer_norm_rms_epsilon", h->norm_eps));
    if (mote_json_get(e->s->config, "head_dim") || (uint64_t)h->n_heads * h->head_dim != h->n_embd) {
        MOTE_TRY(put_u32(e, "attention.key_length", h->head_dim));
        MOTE_TRY(put_u32(e, "attention.value_length", h->head_dim));
    }
    return MOTE_OK;
}

static mote_status put_rope(const exporter *e) {
    const mote_rope_hparams *r = &e->h->rope;
    MOTE_TRY(put_u32(e, "rope.dimension_count", e->h->n_rot));
    MOTE_TRY(put_f32(e, "rope.freq_base", r->base));
    if (e->h->family->local_rope_base != 0) {
        if (e->h->rope_local.scaling != MOTE_ROPE_NONE)
            return refuse(e, "rope scaling of sliding layers");
        MOTE_TRY(put_f32(e, "rope.freq_base_swa", e->h->rope_local.base));
    }
    if (r->scaling == MOTE_ROPE_LONG) {
        MOTE_TRY(put_f32(e, "rope.scaling.attn_factor", r->attn_factor));
        return put_u32(e, "rope.scaling.original_context_length", (uint32_t)r->original_context);
    }
    if (is(e, "phi3"))
        MOTE_TRY(put_u32(e, "rope.scaling.original_context_length", e->h->n_ctx_train));
    if (r->scaling != MOTE_ROPE_LINEAR && r->scaling != MOTE_ROPE_YARN)
        return MOTE_OK;
    MOTE_TRY(put_text(e, "rope.scaling.type", r->scaling == MOTE_ROPE_LINEAR ? "linear" : "yarn"));
    MOTE_TRY(put_f32(e, "rope.scaling.factor", r->factor));
    if (r->scaling == MOTE_ROPE_LINEAR)
        return MOTE_OK;
    if (fabsf(r->attn_factor - (r->factor > 1 ? 0.1f * logf(r->factor) + 1 : 1)) > 1e-5f)
        return refuse(e, "yarn's attention_factor");
    MOTE_TRY(put_u32(e, "rope.scaling.original_context_length", (uint32_t)r->original_context));
    MOTE_TRY(put_f32(e, "rope.scaling.yarn_beta_fast", r->beta_fast));
    return put_f32(e, "rope.scaling.yarn_beta_slow", r->beta_slow);
}

static bool is_usual_pattern(const mote_hparams *h) {
    uint32_t period = h->family->window_period;
    for (uint32_t l = 0; l < h->n_layers; l++)
        if (h->layers[l].is_windowed != (period == 0 || (l + 1) % period != 0))
            return false;
    return true;
}

bool mote_export_drops_window(const mote_hparams *h) {
    bool any = false;
    for (uint32_t l = 0; l < h->n_layers; l++)
        any = any || mote_hparams_is_windowed(h, l);
    return any && h->family->window_period == 0;
}

static mote_status put_window(const exporter *e) {
    const mote_hparams *h = e->h;
    char key[KEY_BYTES];
    if (is(e, "phi3")) /* 0 tells Phi-4 from the others */
        return put_u32(e, "attention.sliding_window", h->window);
    if (h->window == 0 || h->family->window_period == 0)
        return MOTE_OK;
    MOTE_TRY(put_u32(e, "attention.sliding_window", h->window));
    if (is_usual_pattern(h))
        return MOTE_OK;
    bool pattern[MOTE_HPARAMS_MAX_LAYERS];
    for (uint32_t l = 0; l < h->n_layers; l++)
        pattern[l] = h->layers[l].is_windowed;
    return mote_gguf_writer_array(e->w, key_of(e, "attention.sliding_window_pattern", key), MOTE_GGUF_BOOL, pattern, h->n_layers, e->err);
}

static mote_status put_scales(const exporter *e) {
    const mote_hparams *h = e->h;
    if (h->attn_softcap != 0)
        MOTE_TRY(put_f32(e, "attn_logit_softcapping", h->attn_softcap));
    if (h->final_softcap != 0)
        MOTE_TRY(put_f32(e, "final_logit_softcapping", h->final_softcap));
    if (!h->family->has_multipliers) {
        float usual = (float)(1 / sqrt((double)h->head_dim));
        return fabsf(h->attn_scale - usual) <= 1e-6f * usual ? MOTE_OK : refuse(e, "query_pre_attn_scalar other than the head's size");
    }
    MOTE_TRY(put_f32(e, "attention.scale", h->attn_scale));
    MOTE_TRY(put_f32(e, "embedding_scale", h->embed_scale));
    MOTE_TRY(put_f32(e, "residual_scale", h->residual_scale));
    return put_f32(e, "logit_scale", 1 / h->logit_scale);
}

static mote_status put_experts(const exporter *e) {
    const mote_hparams *h = e->h;
    if (h->experts.n == 0)
        return h->family->has_experts && !h->family->may_be_dense ? refuse(e, "a model without experts") : MOTE_OK;
    for (uint32_t l = 0; l < h->n_layers; l++)
        if (!h->layers[l].has_experts)
            return refuse(e, "layers without experts among those with them");
    if (!h->experts.normalises)
        return refuse(e, "norm_topk_prob false");
    MOTE_TRY(put_u32(e, "expert_count", h->experts.n));
    MOTE_TRY(put_u32(e, "expert_used_count", h->experts.n_used));
    if (h->n_ff != 0)
        MOTE_TRY(put_u32(e, "expert_shared_feed_forward_length", h->n_ff));
    return h->family->ff_is_experts ? MOTE_OK : put_u32(e, "expert_feed_forward_length", h->experts.n_ff);
}

/* Where all layers have experts, the dense length is the config's, which no layer uses. */
static mote_status put_feed_forward(const exporter *e) {
    if (e->h->experts.n != 0 && e->h->family->ff_is_experts)
        return put_u32(e, "feed_forward_length", e->h->experts.n_ff);
    if (e->h->n_ff != 0)
        return put_u32_of_layers(e, "feed_forward_length", offsetof(mote_layer_hparams, n_ff));
    int64_t n_ff = mote_json_integer(mote_json_get(e->s->config, "intermediate_size"), e->h->experts.n_ff);
    return put_u32(e, "feed_forward_length", n_ff > 0 && n_ff <= UINT32_MAX ? (uint32_t)n_ff : e->h->experts.n_ff);
}

/* Granite: in place of a key of its own, that of a rope that was tuned. */
static bool says_rope(const mote_hparams *h) {
    return h->family->has_multipliers;
}

static mote_status put_recurrent(const exporter *e) {
    const mote_recurrent_hparams *r = &e->h->recurrent;
    if (!mote_recurrent_has(e->h))
        return MOTE_OK;
    if (e->h->family->recurrent == MOTE_MIXER_SHORTCONV)
        return put_u32(e, "shortconv.l_cache", r->n_taps);
    MOTE_TRY(put_u32(e, "ssm.conv_kernel", r->n_taps));
    MOTE_TRY(put_u32(e, "ssm.state_size", r->d_state));
    MOTE_TRY(put_u32(e, "ssm.group_count", r->n_groups));
    MOTE_TRY(put_u32(e, "ssm.inner_size", r->d_inner));
    return put_u32(e, "ssm.time_step_rank", r->n_heads);
}

/* How states become a vector, and the dense layers behind that. A reranker's pooling is said by its tensors. */
static mote_status put_pooling(const exporter *e) {
    static const uint32_t NUMBERS[] = {[MOTE_POOLING_NONE] = 0, [MOTE_POOLING_MEAN] = 1, [MOTE_POOLING_CLS] = 2, [MOTE_POOLING_LAST] = 3};
    const mote_hparams *h = e->h;
    char name[32], key[KEY_BYTES];
    const mote_str label = MOTE_STR("LABEL_0");
    if (h->is_reranker)
        return mote_gguf_writer_strings(e->w, key_of(e, "classifier.output_labels", key), &label, 1, e->err);
    if (h->pooling >= sizeof NUMBERS / sizeof *NUMBERS)
        return refuse(e, "max pooling");
    if (h->pooling != MOTE_POOLING_NONE)
        MOTE_TRY(put_u32(e, "pooling_type", NUMBERS[h->pooling]));
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++) {
        if (h->dense[i].n_out == 0)
            continue;
        if (h->dense[i].is_tanh)
            return refuse(e, "a dense layer with tanh behind pooling");
        snprintf(name, sizeof name, "dense_%d_feat_in", i + 2);
        MOTE_TRY(put_u32(e, name, h->dense[i].n_in));
        snprintf(name, sizeof name, "dense_%d_feat_out", i + 2);
        MOTE_TRY(put_u32(e, name, h->dense[i].n_out));
    }
    return MOTE_OK;
}

static mote_status put_encoder(const exporter *e) {
    if (e->h->family->is_encoder) {
        MOTE_TRY(put_bool(e, "attention.causal", false));
        MOTE_TRY(mote_gguf_writer_u32(e->w, "tokenizer.ggml.token_type_count", e->h->n_token_types, e->err));
    }
    return put_pooling(e);
}

const char *mote_export_architecture(const mote_hparams *h) {
    if (strcmp(h->family->name, "xlm-roberta") == 0)
        return "bert";
    bool is_dense = h->family->recurrent == MOTE_MIXER_MAMBA2 && !mote_recurrent_has(h);
    return !is_dense ? h->family->name : h->experts.n ? "granitemoe" : "granite";
}

static mote_status check_rope_layers(const exporter *e) {
    uint32_t period = e->h->family->no_rope_period;
    if (says_rope(e->h)) {
        for (uint32_t l = 1; l < e->h->n_layers; l++)
            if (e->h->layers[l].has_rope != e->h->layers[0].has_rope)
                return refuse(e, "layers without rope among those with it");
        return put_bool(e, "rope.scaling.finetuned", e->h->layers[0].has_rope);
    }
    for (uint32_t l = 0; l < e->h->n_layers; l++)
        if (e->h->layers[l].mixer == MOTE_MIXER_ATTENTION && e->h->layers[l].has_rope != (period == 0 || (l + 1) % period != 0))
            return refuse(e, "no_rope_layers other than every fourth");
    return MOTE_OK;
}

mote_status mote_export_hparams(const mote_source *s, mote_gguf_writer *w, mote_error *err) {
    const exporter e = {s, &s->h, mote_export_architecture(&s->h), w, err};
    const mote_hparams *h = &s->h;
    MOTE_TRY(mote_gguf_writer_string(w, "general.architecture", mote_str_of(e.architecture), err));
    MOTE_TRY(put_u32(&e, "block_count", h->n_layers));
    MOTE_TRY(put_u32(&e, "context_length", h->n_ctx_train));
    MOTE_TRY(put_u32(&e, "embedding_length", h->n_embd));
    MOTE_TRY(put_u32(&e, "vocab_size", h->n_vocab));
    MOTE_TRY(put_feed_forward(&e));
    MOTE_TRY(put_heads(&e));
    MOTE_TRY(put_experts(&e));
    MOTE_TRY(put_recurrent(&e));
    if (is(&e, "stablelm"))
        MOTE_TRY(put_bool(&e, "use_parallel_residual", false));
    MOTE_TRY(put_encoder(&e));
    if (h->layers[0].has_rope || !h->family->is_encoder)
        MOTE_TRY(put_rope(&e));
    if (!h->family->is_encoder)
        MOTE_TRY(check_rope_layers(&e));
    MOTE_TRY(put_scales(&e));
    return put_window(&e);
}
