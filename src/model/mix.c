/* The rules run over the tensors in llama.cpp's order, by layer and then by name, since "the third value matrix" counts in that order. Which rule a tensor falls under is decided
 * by its name alone (a role); the rules themselves are in mix_rules.c. */
#include "model/mix.h"

#include "base/error.h"
#include "base/mem.h"
#include "model/mix_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const mote_mix mixes[] = {
    {"F32", MOTE_DTYPE_F32, MOTE_MIX_F32},        {"F16", MOTE_DTYPE_F16, MOTE_MIX_F16},          {"BF16", MOTE_DTYPE_BF16, MOTE_MIX_BF16},
    {"Q8_0", MOTE_DTYPE_Q8_0, MOTE_MIX_Q8_0},     {"Q6_K", MOTE_DTYPE_Q6_K, MOTE_MIX_Q6_K},       {"Q5_K_M", MOTE_DTYPE_Q5_K, MOTE_MIX_Q5_K_M},
    {"Q5_K_S", MOTE_DTYPE_Q5_K, MOTE_MIX_Q5_K_S}, {"Q5_1", MOTE_DTYPE_Q5_1, MOTE_MIX_Q5_1},       {"Q5_0", MOTE_DTYPE_Q5_0, MOTE_MIX_Q5_0},
    {"Q4_K_M", MOTE_DTYPE_Q4_K, MOTE_MIX_Q4_K_M}, {"Q4_K_S", MOTE_DTYPE_Q4_K, MOTE_MIX_Q4_K_S},   {"Q4_1", MOTE_DTYPE_Q4_1, MOTE_MIX_Q4_1},
    {"Q4_0", MOTE_DTYPE_Q4_0, MOTE_MIX_Q4_0},     {"IQ4_NL", MOTE_DTYPE_IQ4_NL, MOTE_MIX_IQ4_NL}, {"IQ4_XS", MOTE_DTYPE_IQ4_XS, MOTE_MIX_IQ4_XS},
    {"Q3_K_L", MOTE_DTYPE_Q3_K, MOTE_MIX_Q3_K_L}, {"Q3_K_M", MOTE_DTYPE_Q3_K, MOTE_MIX_Q3_K_M},   {"Q3_K_S", MOTE_DTYPE_Q3_K, MOTE_MIX_Q3_K_S},
    {"Q2_K", MOTE_DTYPE_Q2_K, MOTE_MIX_Q2_K},     {"Q2_K_S", MOTE_DTYPE_Q2_K, MOTE_MIX_Q2_K_S},
};

static const char known_names[] = "F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 IQ4_NL IQ4_XS Q3_K_L Q3_K_M Q3_K_S Q2_K Q2_K_S";

const mote_mix *mote_mix_at(size_t i) {
    return i < sizeof mixes / sizeof *mixes ? &mixes[i] : NULL;
}

mote_status mote_mix_find(const char *name, const mote_mix **mix, mote_error *err) {
    static const char *const aliases[][2] = {{"Q3_K", "Q3_K_M"}, {"Q4_K", "Q4_K_M"}, {"Q5_K", "Q5_K_M"}};
    static const char *const others[] = {"Q1_0",  "Q2_0",  "MXFP4_MOE", "NVFP4",  "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS",
                                         "IQ2_S", "IQ2_M", "IQ3_XXS",   "IQ3_XS", "IQ3_S", "IQ3_M", "TQ1_0",   "TQ2_0"};
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcasecmp(name, aliases[i][0]) == 0)
            name = aliases[i][1];
    for (size_t i = 0; mote_mix_at(i); i++) {
        if (strcasecmp(name, mixes[i].name) == 0) {
            *mix = &mixes[i];
            return MOTE_OK;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcasecmp(name, others[i]) == 0)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "type '%s' is not supported; these are: %s", name, known_names);
    return mote_error_set(err, MOTE_ERR_ARGUMENT, "'%s' is no type; these are: %s", name, known_names);
}

/* A count that may be given once for all layers or once a layer; the first then. */
static mote_status read_first(const mote_gguf *g, mote_str architecture, const char *what, uint32_t *out, mote_error *err) {
    char key[160];
    snprintf(key, sizeof key, "%.*s.%s", MOTE_STR_ARGS(architecture), what);
    const mote_gguf_value *v = mote_gguf_find(g, key);
    int64_t first;
    if (!v || v->type != MOTE_GGUF_ARRAY)
        return mote_gguf_get_u32(g, key, false, out, err);
    if (!mote_gguf_item_integer(v, 0, &first) || first < 0 || first > UINT32_MAX)
        return mote_error_set(err, MOTE_ERR_FORMAT, "key '%s': its first item is no count", key);
    *out = (uint32_t)first;
    return MOTE_OK;
}

mote_status mote_mix_model_from_gguf(const mote_gguf *g, mote_mix_model *model, mote_error *err) {
    char key[160];
    *model = (mote_mix_model){0};
    MOTE_TRY(mote_gguf_get_string(g, "general.architecture", true, &model->architecture, err));
    if (model->architecture.len == 0 || model->architecture.len > 64)
        return mote_error_set(err, MOTE_ERR_FORMAT, "key 'general.architecture': a name of %zu bytes", model->architecture.len);
    snprintf(key, sizeof key, "%.*s.block_count", MOTE_STR_ARGS(model->architecture));
    MOTE_TRY(mote_gguf_get_u32(g, key, true, &model->n_layers, err));
    MOTE_TRY(read_first(g, model->architecture, "attention.head_count", &model->n_heads, err));
    model->n_kv_heads = model->n_heads;
    MOTE_TRY(read_first(g, model->architecture, "attention.head_count_kv", &model->n_kv_heads, err));
    return read_first(g, model->architecture, "expert_count", &model->n_experts, err);
}

static bool has(mote_str name, const char *part) {
    return memmem(name.data, name.len, part, strlen(part)) != NULL;
}

bool mote_mix_is_quantisable(const mote_mix_tensor *t, bool leaves_output) {
    /* Small, or of a kind that rounding hurts: norms, routers, positions, recurrent states' convolutions, RWKV's mixers, parts of encoders of images and sound. */
    static const char *const kept[] = {
        "_norm.weight",
        "ffn_gate_inp.weight",
        "ffn_gate_tid2eid.weight",
        "altup",
        "laurel",
        "per_layer_model_proj",
        "ssm_conv1d",
        "shortconv.conv.weight",
        "indexer.k_proj.weight",
        "indexer.q_proj.weight",
        "time_mix_first.weight",
        "time_mix_w0.weight",
        "time_mix_w1.weight",
        "time_mix_w2.weight",
        "time_mix_v0.weight",
        "time_mix_v1.weight",
        "time_mix_v2.weight",
        "time_mix_a0.weight",
        "time_mix_a1.weight",
        "time_mix_a2.weight",
        "time_mix_g1.weight",
        "time_mix_g2.weight",
        "time_mix_decay_w1.weight",
        "time_mix_decay_w2.weight",
        "time_mix_lerp_fused.weight",
        "attn_rel_b.weight",
        ".position_embd",
        "sam.pos_embd",
        "sam.neck.",
        "sam.net_",
        ".rel_pos",
        ".patch_embd",
        ".patch_merger",
        "a.rvq.codebook",
        "mm.a.code_embd",
    };
    bool is_vector = t->dims[1] <= 1 && t->dims[2] <= 1 && t->dims[3] <= 1;
    if (is_vector || !mote_str_ends(t->name, MOTE_STR("weight")))
        return false;
    if (mote_str_is(t->name, "position_embd.weight") || mote_str_is(t->name, "token_types.weight") || (leaves_output && mote_str_is(t->name, "output.weight")))
        return false;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (has(t->name, kept[i]))
            return false;
    return true;
}

static mote_mix_role role_of(mote_str name) {
    static const struct {
        const char *part;
        mote_mix_role role;
    } parts[] = {
        {"attn_qkv.weight", MOTE_MIX_ROLE_V}, {"attn_kv_b.weight", MOTE_MIX_ROLE_V},  {"attn_v.weight", MOTE_MIX_ROLE_V},
        {"attn_k.weight", MOTE_MIX_ROLE_K},   {"attn_q.weight", MOTE_MIX_ROLE_OTHER}, {"attn_output.weight", MOTE_MIX_ROLE_O},
        {"ffn_up", MOTE_MIX_ROLE_OTHER},      {"ffn_gate", MOTE_MIX_ROLE_OTHER},      {"ffn_down", MOTE_MIX_ROLE_DOWN},
    };
    if (mote_str_is(name, "output.weight"))
        return MOTE_MIX_ROLE_OUTPUT;
    if (mote_str_is(name, "token_embd.weight") || mote_str_is(name, "per_layer_token_embd.weight"))
        return MOTE_MIX_ROLE_EMBEDDING;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (has(name, parts[i].part))
            return parts[i].role;
    return MOTE_MIX_ROLE_OTHER;
}

/* N of "blk.N.", or -1. Numbers that no model has count as none. */
static int layer_of(mote_str name) {
    static const size_t head = 4, max_digits = 6;
    size_t i = head;
    int layer = 0;
    if (!mote_str_starts(name, MOTE_STR("blk.")))
        return -1;
    for (; i < name.len && name.data[i] >= '0' && name.data[i] <= '9' && i < head + max_digits; i++)
        layer = layer * 10 + (name.data[i] - '0');
    return i > head ? layer : -1;
}

typedef struct place {
    const mote_mix_tensor *tensor;
    int layer;
    size_t index;
} place;

static int compare_places(const void *a, const void *b) {
    const place *p = a, *q = b;
    if (p->layer != q->layer)
        return p->layer < q->layer ? -1 : 1;
    mote_str s = p->tensor->name, t = q->tensor->name;
    int order = memcmp(s.data, t.data, s.len < t.len ? s.len : t.len);
    return order ? order : s.len < t.len ? -1 : s.len > t.len;
}

/* A type for rows of n_columns: as chosen, or one of 32 weights a block of about as many bits, or F16. */
static mote_dtype fit_rows(mote_dtype type, uint64_t n_columns, size_t *n_fallbacks) {
    if (n_columns % mote_dtype_get((int)type)->block_len == 0)
        return type;
    ++*n_fallbacks;
    mote_dtype other = type == MOTE_DTYPE_IQ4_XS                            ? MOTE_DTYPE_IQ4_NL
                       : type == MOTE_DTYPE_Q2_K || type == MOTE_DTYPE_Q3_K ? MOTE_DTYPE_Q4_0
                       : type == MOTE_DTYPE_Q4_K                            ? MOTE_DTYPE_Q5_0
                       : type == MOTE_DTYPE_Q5_K                            ? MOTE_DTYPE_Q5_1
                       : type == MOTE_DTYPE_Q6_K                            ? MOTE_DTYPE_Q8_0
                                                                            : type;
    return n_columns % mote_dtype_get((int)other)->block_len == 0 ? other : MOTE_DTYPE_F16;
}

static mote_status choose_one(mote_mix_rules *rules, const place *p, size_t *n_fallbacks, mote_dtype *type, mote_error *err) {
    const mote_mix_options *o = rules->options;
    const mote_mix_tensor *t = p->tensor;
    mote_mix_role role = role_of(t->name);
    *type = t->type;
    if (!mote_mix_is_quantisable(t, o->leaves_output))
        return MOTE_OK;
    const mote_dtype *asked = role == MOTE_MIX_ROLE_EMBEDDING ? o->embedding : role == MOTE_MIX_ROLE_OUTPUT ? o->output : NULL;
    if (asked) {
        *type = *asked;
        /* asked for by name: not replaced in silence */
        const mote_dtype_info *info = mote_dtype_get((int)*type);
        if (t->dims[0] % info->block_len != 0)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "tensor '%.*s' has rows of %llu weights, %s has blocks of %u", MOTE_STR_ARGS(t->name), (unsigned long long)t->dims[0],
                                  info->name, info->block_len);
        return MOTE_OK;
    }
    *type = o->mix->type;
    if (!mote_dtype_get((int)*type)->is_quantised)
        return MOTE_OK;
    if (!o->is_pure)
        MOTE_TRY(mote_mix_rules_apply(rules, t, role, p->layer, type, err));
    *type = fit_rows(*type, t->dims[0], n_fallbacks);
    bool is_weak = o->mix->file_type == MOTE_MIX_Q2_K_S && *type == MOTE_DTYPE_Q2_K && role != MOTE_MIX_ROLE_OUTPUT && role != MOTE_MIX_ROLE_EMBEDDING;
    if (is_weak && !o->has_importance)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "Q2_K_S needs an importance matrix (tensor '%.*s'); Q2_K does not", MOTE_STR_ARGS(t->name));
    return MOTE_OK;
}

mote_status mote_mix_choose(const mote_mix_options *options, const mote_mix_model *model, const mote_mix_tensor *tensors, size_t n, mote_dtype *types, size_t *n_fallbacks,
                            mote_error *err) {
    mote_mix_rules rules = {.options = options, .model = model, .is_tied = true};
    size_t fallbacks = 0;
    mote_status status = MOTE_OK;
    place *places = mote_mem_alloc_array(n + 1, sizeof *places);
    if (!places)
        return mote_error_alloc(err, n * sizeof *places);
    for (size_t i = 0; i < n; i++) {
        mote_mix_role role = role_of(tensors[i].name);
        rules.n_values += role == MOTE_MIX_ROLE_V;
        rules.is_tied = rules.is_tied && role != MOTE_MIX_ROLE_OUTPUT;
        places[i] = (place){&tensors[i], layer_of(tensors[i].name), i};
    }
    qsort(places, n, sizeof *places, compare_places);
    for (size_t i = 0; i < n && status == MOTE_OK; i++)
        status = choose_one(&rules, &places[i], &fallbacks, &types[places[i].index], err);
    if (n_fallbacks)
        *n_fallbacks = fallbacks;
    mote_mem_free(places);
    return status;
}
