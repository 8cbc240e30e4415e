/* What encoders have more than decoders, from config.json and GGUF keys: types and positions of tokens, pooling, the dense layers behind it, a reranker's head. */
#include "base/error.h"
#include "model/hparams.h"

#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 128 };

static mote_status get_u32(const mote_json *config, const char *key, bool required, uint32_t *out, mote_error *err) {
    const mote_json *v = mote_json_get(config, key);
    if (!v || mote_json_typeof(v) == MOTE_JSON_NULL)
        return required ? mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s is missing", key) : MOTE_OK;
    int64_t x = mote_json_integer(v, -1);
    if (mote_json_typeof(v) != MOTE_JSON_INTEGER || x < 0 || x > UINT32_MAX)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s has the wrong type or range", key);
    *out = (uint32_t)x;
    return MOTE_OK;
}

static bool is_truth(const mote_json *config, const char *key) {
    return mote_json_bool(mote_json_get(config, key), false);
}

/* What published nomic-bert configurations can ask for and this encoder doesn't do. */
static mote_status refuse_nomic(const mote_json *config, mote_error *err) {
    static const char *const REFUSED[] = {"prenorm", "parallel_block", "use_rms_norm", "rotary_emb_interleaved", "causal", "qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
        if (is_truth(config, REFUSED[i]))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: %s is not supported for nomic-bert", REFUSED[i]);
    const char *activation = mote_json_text(mote_json_get(config, "activation_function"));
    if (activation && strcmp(activation, "swiglu") != 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: activation_function '%s' is not supported for nomic-bert, swiglu is", activation);
    if (mote_json_number(mote_json_get(config, "rotary_emb_fraction"), 1) != 1)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: rotary_emb_fraction is not supported but for 1");
    return MOTE_OK;
}

mote_status mote_hparams_read_nomic(const mote_json *config, mote_hparams *h, mote_error *err) {
    uint32_t trained = 0;
    MOTE_TRY(get_u32(config, "n_layer", true, &h->n_layers, err));
    MOTE_TRY(get_u32(config, "n_embd", true, &h->n_embd, err));
    MOTE_TRY(get_u32(config, "n_inner", true, &h->n_ff, err));
    MOTE_TRY(get_u32(config, "n_head", true, &h->n_heads, err));
    MOTE_TRY(get_u32(config, "vocab_size", true, &h->n_vocab, err));
    MOTE_TRY(get_u32(config, "n_positions", true, &h->n_ctx_train, err));
    MOTE_TRY(get_u32(config, "max_trained_positions", false, &trained, err));
    if (trained != 0 && mote_json_is_number(mote_json_get(config, "rotary_scaling_factor")) && trained < h->n_ctx_train)
        h->n_ctx_train = trained; /* beyond it the rotary base would change with the length of each text */
    h->n_kv_heads = h->n_heads;
    if (h->n_heads == 0 || h->n_embd % h->n_heads != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: n_embd %u is no multiple of n_head %u", h->n_embd, h->n_heads);
    h->head_dim = h->n_embd / h->n_heads;
    const mote_json *eps = mote_json_get(config, "layer_norm_epsilon");
    if (!mote_json_is_number(eps))
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: layer_norm_epsilon is missing");
    h->norm_eps = (float)mote_json_number(eps, 0);
    return mote_hparams_init_layers(h, err);
}

/* Every layer rotates, or a table has the positions. */
static void set_positions(mote_hparams *h) {
    bool has_table = mote_family_name_of(h->family, MOTE_SLOT_POSITION_EMBD) != NULL;
    for (uint32_t l = 0; l < h->n_layers; l++)
        h->layers[l].has_rope = !has_table;
}

/* RoBERTa counts positions from behind the padding's id. */
static mote_status skip_positions(const mote_json *config, mote_hparams *h, mote_error *err) {
    uint32_t padding = 1;
    MOTE_TRY(get_u32(config, "pad_token_id", false, &padding, err));
    if (padding >= h->n_ctx_train - (h->n_ctx_train != 0))
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: pad_token_id %u leaves no position of max_position_embeddings %u", padding, h->n_ctx_train);
    h->position_offset = padding + 1;
    h->n_ctx_train -= h->position_offset;
    return MOTE_OK;
}

static mote_status read_classifier(const mote_json *config, mote_hparams *h, mote_error *err) {
    mote_str architecture = mote_json_string(mote_json_at(mote_json_get(config, "architectures"), 0));
    if (!mote_str_ends(architecture, MOTE_STR("ForSequenceClassification")))
        return MOTE_OK;
    const mote_json *labels = mote_json_get(config, "id2label");
    uint32_t n_labels = labels ? (uint32_t)mote_json_length(labels) : 2;
    MOTE_TRY(get_u32(config, "num_labels", false, &n_labels, err));
    if (n_labels != 1)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: a classifier of %u labels (id2label) is not supported, a reranker with one is", n_labels);
    if (!mote_family_name_of(h->family, MOTE_SLOT_DENSE_2))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: architecture '%.*s' is not supported", MOTE_STR_ARGS(architecture));
    h->dense[0] = (mote_dense_hparams){.n_in = h->n_embd, .n_out = h->n_embd, .is_tanh = true};
    h->dense[1] = (mote_dense_hparams){.n_in = h->n_embd, .n_out = 1};
    h->is_reranker = true;
    h->pooling = MOTE_POOLING_CLS;
    return MOTE_OK;
}

mote_status mote_hparams_read_encoder_config(const mote_json *config, mote_hparams *h, mote_error *err) {
    const char *type = mote_json_text(mote_json_get(config, "model_type")), *positions = mote_json_text(mote_json_get(config, "position_embedding_type"));
    if (!h->family->is_encoder)
        return MOTE_OK;
    h->n_token_types = 2;
    MOTE_TRY(get_u32(config, "type_vocab_size", false, &h->n_token_types, err));
    if (h->family->encodes_by_decoder)
        return MOTE_OK;
    set_positions(h);
    if (positions && strcmp(positions, "absolute") != 0 && !h->layers[0].has_rope)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: position_embedding_type '%s' is not supported", positions);
    if (is_truth(config, "is_decoder"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: is_decoder is not supported for %s", h->family->name);
    if (type && strstr(type, "roberta"))
        MOTE_TRY(skip_positions(config, h, err));
    if (strcmp(h->family->name, "nomic-bert") == 0) {
        MOTE_TRY(refuse_nomic(config, err));
        if (!mote_json_get(config, "rope_parameters"))
            h->rope.base = h->rope_local.base = (float)mote_json_number(mote_json_get(config, "rotary_emb_base"), 1000);
    }
    return read_classifier(config, h, err);
}

static const char *key_of(const mote_hparams *h, const char *name, char key[KEY_BYTES]) {
    snprintf(key, KEY_BYTES, "%s.%s", h->family->name, name);
    return key;
}

static mote_status read_pooling_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    static const mote_pooling KNOWN[] = {MOTE_POOLING_NONE, MOTE_POOLING_MEAN, MOTE_POOLING_CLS, MOTE_POOLING_LAST, MOTE_POOLING_CLS};
    enum { RANK = 4 };
    uint32_t pooling = 0;
    char key[KEY_BYTES];
    MOTE_TRY(mote_gguf_get_u32(g, key_of(h, "pooling_type", key), false, &pooling, err));
    if (pooling > RANK || (pooling == RANK && !h->family->is_encoder))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s %u is not supported", key, pooling);
    h->pooling = KNOWN[pooling];
    if (pooling == RANK && !h->is_reranker)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s is %d (rank), but there is no tensor 'cls.output.weight'", key, RANK);
    if (h->is_reranker && pooling == 0)
        h->pooling = MOTE_POOLING_CLS;
    return MOTE_OK;
}

/* The dense layers that the file has, with their own sizes. */
static mote_status read_dense_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++) {
        const mote_tensor_name *name = mote_family_name_of(h->family, (mote_slot)(MOTE_SLOT_DENSE_1 + i));
        const mote_gguf_tensor *t = name && name->gguf ? mote_gguf_find_tensor(g, name->gguf) : NULL;
        if (!t)
            continue;
        if (t->dims[0] > MOTE_HPARAMS_MAX_WIDTH || t->dims[1] > MOTE_HPARAMS_MAX_WIDTH)
            return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%s': larger than %d", name->gguf, MOTE_HPARAMS_MAX_WIDTH);
        h->dense[i] = (mote_dense_hparams){.n_in = (uint32_t)t->dims[0], .n_out = (uint32_t)t->dims[1]};
    }
    if (h->family->encodes_by_decoder || h->dense[MOTE_HPARAMS_MAX_DENSE - 1].n_out == 0)
        return MOTE_OK;
    h->dense[0].is_tanh = true;
    h->is_reranker = true;
    if (h->dense[1].n_out != 1)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor 'cls.output.weight': %u labels are not supported, a reranker has one", h->dense[1].n_out);
    return MOTE_OK;
}

mote_status mote_hparams_read_encoder_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    bool is_causal = false;
    char key[KEY_BYTES];
    if (!h->family->is_encoder)
        return read_pooling_gguf(g, h, err);
    MOTE_TRY(mote_gguf_get_bool(g, key_of(h, "attention.causal", key), false, &is_causal, err));
    if (is_causal)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s is true; %s is supported as an encoder", key, h->family->name);
    h->n_token_types = 1;
    MOTE_TRY(mote_gguf_get_u32(g, "tokenizer.ggml.token_type_count", false, &h->n_token_types, err));
    if (!h->family->encodes_by_decoder)
        set_positions(h);
    MOTE_TRY(read_dense_gguf(g, h, err));
    return read_pooling_gguf(g, h, err);
}

/* The encoder's layers are all alike, and its heads fill a hidden state. */
static mote_status check_layers(const mote_hparams *h, mote_error *err) {
    if (h->n_token_types == 0 || h->n_token_types > MOTE_HPARAMS_MAX_TOKEN_TYPES)
        return mote_error_set(err, MOTE_ERR_FORMAT, "token_type_count (type_vocab_size) is %u, not between 1 and %d", h->n_token_types, MOTE_HPARAMS_MAX_TOKEN_TYPES);
    for (uint32_t l = 0; l < h->n_layers; l++) {
        const mote_layer_hparams *layer = &h->layers[l];
        if (layer->n_heads != h->n_heads || layer->n_kv_heads != h->n_heads || layer->n_ff != h->n_ff || (uint64_t)h->n_heads * h->head_dim != h->n_embd)
            return mote_error_set(err, MOTE_ERR_FORMAT,
                                  "layer %u: attention.head_count %u, attention.head_count_kv %u, key_length %u or feed_forward_length %u is not an encoder's", l, layer->n_heads,
                                  layer->n_kv_heads, h->head_dim, layer->n_ff);
    }
    return MOTE_OK;
}

mote_status mote_hparams_check_encoder(const mote_hparams *h, mote_error *err) {
    uint32_t width = h->n_embd;
    if (h->family->is_encoder && !h->family->encodes_by_decoder)
        MOTE_TRY(check_layers(h, err));
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++) {
        const mote_dense_hparams *d = &h->dense[i];
        if (d->n_out == 0)
            continue;
        if (d->n_in != width || d->n_out > MOTE_HPARAMS_MAX_WIDTH)
            return mote_error_set(err, MOTE_ERR_FORMAT, "the dense layer %d behind pooling takes %u numbers and gives %u; %u come in", i + 1, d->n_in, d->n_out, width);
        width = d->n_out;
    }
    return MOTE_OK;
}

uint32_t mote_hparams_n_embedding(const mote_hparams *h) {
    uint32_t width = h->n_embd;
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++)
        width = h->dense[i].n_out ? h->dense[i].n_out : width;
    return width;
}
