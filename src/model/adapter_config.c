/* adapter_config.json of PEFT: which rank and scale each module has. What would change more than W + scale * B A is refused by its key. Which modules are targets
 * (target_modules, layers_to_transform, …) is read off the tensors themselves. */
#include "model/adapter_source.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>

/* A pattern for each module of the largest models, and not more. */
enum { MAX_PATTERNS = 1 << 12 };

struct mote_adapter_config {
    uint64_t rank;
    float alpha;
    bool uses_rslora, uses_dora;
    const mote_json *ranks, *alphas; /* {pattern: number}, borrowed */
};

static bool is_empty(const mote_json *v) {
    switch (mote_json_typeof(v)) {
    case MOTE_JSON_NULL:
    case MOTE_JSON_FALSE:
        return true;
    case MOTE_JSON_ARRAY:
    case MOTE_JSON_OBJECT:
        return mote_json_length(v) == 0;
    case MOTE_JSON_STRING:
        return mote_json_string(v).len == 0;
    default:
        return false;
    }
}

static mote_status refuse_what_changes_more(const mote_json *root, mote_error *err) {
    static const char *const KEYS[] = {"modules_to_save",
                                       "trainable_token_indices",
                                       "target_parameters",
                                       "layer_replication",
                                       "alora_invocation_tokens",
                                       "fan_in_fan_out",
                                       "lora_bias",
                                       "use_qalora",
                                       "use_bdlora",
                                       "arrow_config",
                                       "velora_config",
                                       "monteclora_config",
                                       "kasa_config"};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        if (!is_empty(mote_json_get(root, KEYS[i])))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter_config.json: %s is not supported", KEYS[i]);
    mote_str type = mote_json_string(mote_json_get(root, "peft_type")), bias = mote_json_string(mote_json_get(root, "bias"));
    if (!mote_str_is(type, "LORA"))
        return mote_error_set(err, type.len ? MOTE_ERR_UNSUPPORTED : MOTE_ERR_FORMAT, "adapter_config.json: peft_type '%.*s' is not LORA", MOTE_STR_ARGS(type));
    if (bias.len && !mote_str_is(bias, "none"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter_config.json: bias '%.*s' is not supported; 'none' is", MOTE_STR_ARGS(bias));
    /* These begin by taking a part out of the base's weights, so the adapter belongs to other weights than the base has. */
    mote_str start = mote_json_string(mote_json_get(root, "init_lora_weights"));
    if (start.len && !mote_str_is(start, "gaussian") && !mote_str_is(start, "eva") && !mote_str_is(start, "orthogonal"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter_config.json: init_lora_weights '%.*s' changes the base; PEFT can save the adapter converted to plain LoRA",
                              MOTE_STR_ARGS(start));
    return MOTE_OK;
}

static mote_status read_patterns(const mote_json *root, const char *key, const mote_json **patterns, mote_error *err) {
    const mote_json *v = mote_json_get(root, key);
    *patterns = NULL;
    if (mote_json_typeof(v) == MOTE_JSON_NULL)
        return MOTE_OK;
    if (mote_json_typeof(v) != MOTE_JSON_OBJECT)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter_config.json: %s is no object", key);
    if (mote_json_length(v) > MAX_PATTERNS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "adapter_config.json: %s has more than %d entries", key, MAX_PATTERNS);
    for (mote_json_iter *it = mote_json_first(v); it; it = mote_json_next(v, it)) {
        double x = mote_json_number(mote_json_iter_value(it), NAN);
        mote_str name = mote_json_iter_key(it);
        if (!isfinite(x) || fabs(x) > 1e9)
            return mote_error_set(err, MOTE_ERR_FORMAT, "adapter_config.json: %s of '%.*s' is no usable number", key, MOTE_STR_ARGS(name));
    }
    *patterns = v;
    return MOTE_OK;
}

mote_status mote_adapter_config_create(const mote_json *root, mote_adapter_config **config, mote_error *err) {
    *config = NULL;
    if (mote_json_typeof(root) != MOTE_JSON_OBJECT)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter_config.json is no object");
    MOTE_TRY(refuse_what_changes_more(root, err));
    int64_t rank = mote_json_integer(mote_json_get(root, "r"), 0);
    double alpha = mote_json_number(mote_json_get(root, "lora_alpha"), NAN);
    if (rank < 1 || rank > MOTE_ADAPTER_MAX_RANK)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter_config.json: r is not between 1 and %d", MOTE_ADAPTER_MAX_RANK);
    if (!isfinite(alpha) || fabs(alpha) > 1e9)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter_config.json: lora_alpha is no usable number");
    mote_adapter_config c = {.rank = (uint64_t)rank,
                             .alpha = (float)alpha,
                             .uses_rslora = mote_json_bool(mote_json_get(root, "use_rslora"), false),
                             .uses_dora = mote_json_bool(mote_json_get(root, "use_dora"), false)};
    MOTE_TRY(read_patterns(root, "rank_pattern", &c.ranks, err));
    MOTE_TRY(read_patterns(root, "alpha_pattern", &c.alphas, err));
    *config = mote_mem_zalloc_array(1, sizeof **config);
    if (!*config)
        return mote_error_alloc(err, sizeof **config);
    **config = c;
    return MOTE_OK;
}

void mote_adapter_config_free(mote_adapter_config **config) {
    mote_mem_free(*config);
    *config = NULL;
}

bool mote_adapter_config_uses_dora(const mote_adapter_config *c) {
    return c->uses_dora;
}

bool mote_adapter_config_uses_rslora(const mote_adapter_config *c) {
    return c->uses_rslora;
}

float mote_adapter_config_alpha(const mote_adapter_config *c) {
    return c->alpha;
}

typedef enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN } match;

/* PEFT takes a pattern as a regular expression for the name or what is behind one of its dots. Patterns in use are names, with the marks ^ and $ and escaped dots at most. */
static match matches(mote_str pattern, mote_str name) {
    bool is_whole = pattern.len && pattern.data[0] == '^';
    size_t first = is_whole, last = pattern.len - (pattern.len > first && pattern.data[pattern.len - 1] == '$'), at = name.len;
    for (size_t i = first; i < last; i++) {
        char c = pattern.data[i];
        bool is_dot = c == '\\' && i + 1 < last && pattern.data[i + 1] == '.',
             is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_plain && !is_dot && c != '.')
            return MATCH_UNKNOWN;
        i += is_dot;
    }
    for (size_t i = last; i > first; i--) {
        char c = pattern.data[i - 1];
        if (at == 0 || (name.data[at - 1] != c && c != '.'))
            return MATCH_NO;
        at--;
        i -= c == '.' && i - 1 > first && pattern.data[i - 2] == '\\';
    }
    return at == 0 || (!is_whole && name.data[at - 1] == '.') ? MATCH_YES : MATCH_NO;
}

/* The number of the first pattern that matches; a regular expression that is met before it and not understood goes into *unknown. */
static double find_pattern(const mote_json *patterns, mote_str name, double otherwise, mote_str *unknown) {
    for (mote_json_iter *it = mote_json_first(patterns); it; it = mote_json_next(patterns, it)) {
        match m = matches(mote_json_iter_key(it), name);
        if (m == MATCH_YES)
            return mote_json_number(mote_json_iter_value(it), otherwise);
        if (m == MATCH_UNKNOWN)
            *unknown = mote_json_iter_key(it);
    }
    return otherwise;
}

mote_status mote_adapter_config_of_module(const mote_adapter_config *c, mote_str name, uint64_t *rank, float *alpha, mote_error *err) {
    mote_str unknown = {0};
    double r = find_pattern(c->ranks, name, (double)c->rank, &unknown), a = find_pattern(c->alphas, name, c->alpha, &unknown);
    if (unknown.data)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter_config.json: pattern '%.*s' is a regular expression; names of modules are supported", MOTE_STR_ARGS(unknown));
    if (r < 1 || r > MOTE_ADAPTER_MAX_RANK || r != floor(r))
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter_config.json: the rank of '%.*s' is not between 1 and %d", MOTE_STR_ARGS(name), MOTE_ADAPTER_MAX_RANK);
    *rank = (uint64_t)r;
    *alpha = (float)a;
    return MOTE_OK;
}
