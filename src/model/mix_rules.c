/* One function a role. The thresholds are llama.cpp's, found there by measuring; the numbers of tensors that have been met count as it counts them. */
#include "model/mix_rules.h"

#include "base/error.h"

/* The first and the last eighth of the layers, and every third between. */
static bool wants_more_bits(uint32_t i, uint32_t n) {
    return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

static bool is_architecture(const mote_mix_rules *r, const char *name) {
    return mote_str_is(r->model->architecture, name);
}

/* Models of 80 layers whose values are an eighth of their queries: cheap to keep better. */
static bool is_70b(const mote_mix_rules *r) {
    const mote_mix_model *m = r->model;
    if (is_architecture(r, "jais2"))
        return m->n_layers == 68;
    if (is_architecture(r, "llama"))
        return m->n_layers == 80 && m->n_heads != m->n_kv_heads;
    return m->n_layers == 80 && (is_architecture(r, "deci") || is_architecture(r, "olmo") || is_architecture(r, "qwen2"));
}

static mote_dtype choose_output(const mote_mix_rules *r, const mote_mix_tensor *t, mote_dtype type) {
    if (r->options->output)
        return *r->options->output;
    if (is_architecture(r, "falcon") || t->dims[0] % mote_dtype_get((int)type)->block_len != 0)
        return MOTE_DTYPE_Q8_0;
    return type == MOTE_DTYPE_Q8_0 ? type : MOTE_DTYPE_Q6_K;
}

static mote_dtype choose_values(mote_mix_rules *r, mote_dtype type) {
    uint32_t i = r->i_values++, n_shared = r->model->n_kv_heads ? r->model->n_heads / r->model->n_kv_heads : 0;
    bool is_shared = n_shared >= 4;
    switch (r->options->mix->file_type) {
    case MOTE_MIX_Q2_K:
        type = is_shared ? MOTE_DTYPE_Q4_K : MOTE_DTYPE_Q3_K;
        break;
    case MOTE_MIX_Q2_K_S:
        type = is_shared ? MOTE_DTYPE_Q4_K : type;
        break;
    case MOTE_MIX_Q3_K_M:
        type = i < 2 ? MOTE_DTYPE_Q5_K : MOTE_DTYPE_Q4_K;
        break;
    case MOTE_MIX_Q3_K_L:
        type = MOTE_DTYPE_Q5_K;
        break;
    case MOTE_MIX_IQ4_NL:
    case MOTE_MIX_IQ4_XS:
        type = is_shared ? MOTE_DTYPE_Q5_K : type;
        break;
    case MOTE_MIX_Q4_K_M:
    case MOTE_MIX_Q5_K_M:
        type = wants_more_bits(i, r->n_values) ? MOTE_DTYPE_Q6_K : type;
        break;
    case MOTE_MIX_Q4_K_S:
        type = i < 4 ? MOTE_DTYPE_Q5_K : type;
        break;
    default:
        break;
    }
    if (is_70b(r) && (type == MOTE_DTYPE_Q3_K || type == MOTE_DTYPE_Q4_K))
        type = MOTE_DTYPE_Q5_K;
    return r->model->n_experts == 8 ? MOTE_DTYPE_Q8_0 : type;
}

/* i of n layers. */
static mote_dtype choose_down(const mote_mix_rules *r, uint32_t i, uint32_t n, mote_dtype type) {
    bool is_falcon = is_architecture(r, "falcon"), is_early = i < n / 8, has_importance = r->options->has_importance;
    switch (r->options->mix->file_type) {
    case MOTE_MIX_Q2_K:
        return MOTE_DTYPE_Q3_K;
    case MOTE_MIX_Q2_K_S:
        return is_early ? MOTE_DTYPE_Q4_K : type;
    case MOTE_MIX_Q3_K_M:
        return i < n / 16 ? MOTE_DTYPE_Q5_K : !is_falcon || wants_more_bits(i, n) ? MOTE_DTYPE_Q4_K : MOTE_DTYPE_Q3_K;
    case MOTE_MIX_Q3_K_L:
        return is_falcon ? MOTE_DTYPE_Q4_K : MOTE_DTYPE_Q5_K;
    case MOTE_MIX_Q4_K_M:
        if (is_falcon)
            return i < n / 16 ? MOTE_DTYPE_Q6_K : wants_more_bits(i, n) ? MOTE_DTYPE_Q5_K : MOTE_DTYPE_Q4_K;
        return wants_more_bits(i, n) ? MOTE_DTYPE_Q6_K : type;
    case MOTE_MIX_IQ4_NL:
    case MOTE_MIX_IQ4_XS:
        return is_early && !has_importance ? MOTE_DTYPE_Q5_K : type;
    case MOTE_MIX_Q5_K_M:
        return wants_more_bits(i, n) ? MOTE_DTYPE_Q6_K : type;
    case MOTE_MIX_Q4_K_S:
        return !is_falcon && is_early ? MOTE_DTYPE_Q5_K : type;
    case MOTE_MIX_Q4_0:
        return is_early && has_importance ? MOTE_DTYPE_Q4_1 : type;
    case MOTE_MIX_Q5_0:
        return is_early && has_importance ? MOTE_DTYPE_Q5_1 : type;
    default:
        return type;
    }
}

static mote_dtype choose_attention_output(const mote_mix_rules *r, mote_dtype type) {
    uint32_t mix = r->options->mix->file_type;
    if (is_architecture(r, "falcon"))
        return mix == MOTE_MIX_Q3_K_L ? MOTE_DTYPE_Q4_K : type;
    if (r->model->n_experts == 8) {
        bool is_low = mix == MOTE_MIX_Q2_K || mix == MOTE_MIX_Q3_K_S || mix == MOTE_MIX_Q3_K_M || mix == MOTE_MIX_IQ4_NL || mix == MOTE_MIX_Q4_K_S || mix == MOTE_MIX_Q4_K_M ||
                      mix == MOTE_MIX_IQ4_XS;
        return is_low ? MOTE_DTYPE_Q5_K : type;
    }
    return mix == MOTE_MIX_Q2_K ? MOTE_DTYPE_Q3_K : mix == MOTE_MIX_Q3_K_M ? MOTE_DTYPE_Q4_K : mix == MOTE_MIX_Q3_K_L ? MOTE_DTYPE_Q5_K : type;
}

mote_status mote_mix_rules_apply(mote_mix_rules *r, const mote_mix_tensor *t, mote_mix_role role, int layer, mote_dtype *type, mote_error *err) {
    uint32_t n_layers = r->model->n_layers, i_down;
    switch (role) {
    case MOTE_MIX_ROLE_OUTPUT:
        *type = choose_output(r, t, *type);
        return MOTE_OK;
    case MOTE_MIX_ROLE_EMBEDDING:
        *type = r->is_tied ? choose_output(r, t, *type) : *type;
        return MOTE_OK;
    case MOTE_MIX_ROLE_V:
        *type = choose_values(r, *type);
        return MOTE_OK;
    case MOTE_MIX_ROLE_K:
        *type = r->model->n_experts == 8 ? MOTE_DTYPE_Q8_0 : *type;
        return MOTE_OK;
    case MOTE_MIX_ROLE_O:
        *type = choose_attention_output(r, *type);
        return MOTE_OK;
    case MOTE_MIX_ROLE_DOWN:
        /* in a mixture of experts a layer may have several, in any number: the name tells the layer */
        i_down = r->i_downs++;
        if (r->model->n_experts > 1) {
            if (layer < 0 || (uint32_t)layer >= n_layers)
                return mote_error_set(err, MOTE_ERR_FORMAT, "tensor '%.*s': no layer of the model's %u", MOTE_STR_ARGS(t->name), n_layers);
            i_down = (uint32_t)layer;
        }
        *type = choose_down(r, i_down, n_layers, *type);
        return MOTE_OK;
    case MOTE_MIX_ROLE_OTHER:
        break;
    }
    return MOTE_OK;
}
