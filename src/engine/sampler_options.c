/* Defaults and limits of the options, and the names of the steps. */
#include "base/error.h"
#include "engine/sampler.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

mote_sampler_options mote_sampler_options_default(void) {
    return (mote_sampler_options){
        .size = sizeof(mote_sampler_options),
        .seed = MOTE_SAMPLER_SEED_RANDOM,
        .temperature = 0.8f,
        .top_k = 40,
        .top_p = 0.95f,
        .min_p = 0.05f,
        .typical_p = 1,
        .top_n_sigma = -1,
        .xtc_threshold = 0.1f,
        .dynatemp_exponent = 1,
        .repeat_last_n = 64,
        .repeat_penalty = 1,
        .dry_base = 1.75f,
        .dry_allowed_length = 2,
        .dry_penalty_last_n = -1,
        .mirostat_tau = 5,
        .mirostat_eta = 0.1f,
    };
}

typedef struct float_limit {
    const char *name;
    float value, lowest, highest;
} float_limit;

static mote_status check_floats(const mote_sampler_options *o, mote_error *err) {
    const float big = 1e30f; /* finite: any number that no formula here overflows with */
    const float_limit limits[] = {
        {"temperature", o->temperature, -big, big},
        {"top_p", o->top_p, 0, 1},
        {"min_p", o->min_p, 0, 1},
        {"typical_p", o->typical_p, 0, 1},
        {"top_n_sigma", o->top_n_sigma, -big, big},
        {"xtc_probability", o->xtc_probability, 0, 1},
        {"xtc_threshold", o->xtc_threshold, 0, 1},
        {"dynatemp_range", o->dynatemp_range, 0, big},
        {"dynatemp_exponent", o->dynatemp_exponent, 0, big},
        {"repeat_penalty", o->repeat_penalty, 1e-30f, big},
        {"frequency_penalty", o->frequency_penalty, -big, big},
        {"presence_penalty", o->presence_penalty, -big, big},
        {"dry_multiplier", o->dry_multiplier, 0, big},
        {"dry_base", o->dry_base, 0, big},
        {"mirostat_tau", o->mirostat_tau, 0, big},
        {"mirostat_eta", o->mirostat_eta, 0, big},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (!(limits[i].value >= limits[i].lowest && limits[i].value <= limits[i].highest))
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: %g is not between %g and %g", limits[i].name, (double)limits[i].value, (double)limits[i].lowest,
                                  (double)limits[i].highest);
    }
    return MOTE_OK;
}

typedef struct int_limit {
    const char *name;
    int32_t value, lowest, highest;
} int_limit;

static mote_status check_ints(const mote_sampler_options *o, mote_error *err) {
    const int_limit limits[] = {
        {"repeat_last_n", o->repeat_last_n, -1, INT32_MAX},
        {"dry_allowed_length", o->dry_allowed_length, 0, INT32_MAX},
        {"dry_penalty_last_n", o->dry_penalty_last_n, -1, INT32_MAX},
        {"mirostat", o->mirostat, 0, 2},
        {"min_keep", o->min_keep, 0, INT32_MAX},
        {"n_context", o->n_context, 0, MOTE_SAMPLER_MAX_CONTEXT},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (limits[i].value < limits[i].lowest || limits[i].value > limits[i].highest)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: %d is not between %d and %d", limits[i].name, (int)limits[i].value, (int)limits[i].lowest, (int)limits[i].highest);
    }
    return MOTE_OK;
}

mote_status mote_sampler_options_check(const mote_sampler_options *o, size_t n_vocab, mote_error *err) {
    MOTE_TRY(check_floats(o, err));
    MOTE_TRY(check_ints(o, err));
    if (o->n_logit_bias > 0 && !o->logit_bias)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "logit_bias: %zu entries, but none given", o->n_logit_bias);
    for (size_t i = 0; i < o->n_logit_bias; i++) {
        if (o->logit_bias[i].token < 0 || (size_t)o->logit_bias[i].token >= n_vocab)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "logit_bias: token %d is outside the vocabulary of %zu", (int)o->logit_bias[i].token, n_vocab);
        if (o->logit_bias[i].bias != o->logit_bias[i].bias)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "logit_bias: the bias of token %d is not a number", (int)o->logit_bias[i].token);
    }
    return MOTE_OK;
}

/* Equal but for case and '-', '_'. */
static bool same_name(const char *name, size_t len, const char *known) {
    size_t i = 0;
    for (;;) {
        while (i < len && (name[i] == '-' || name[i] == '_'))
            i++;
        while (*known == '_')
            known++;
        if (i == len || !*known)
            return i == len && !*known;
        if (tolower((unsigned char)name[i]) != *known)
            return false;
        i++;
        known++;
    }
}

static bool find_step(const char *name, size_t len, mote_sampler_step *step) {
    static const struct {
        const char *name;
        mote_sampler_step step;
    } known[] = {
#define STEP_NAME(id, text) {text, MOTE_SAMPLER_STEP_##id},
        MOTE_SAMPLER_STEP_MAP(STEP_NAME)
#undef STEP_NAME
        /* llama.cpp's other names */
        {"nucleus", MOTE_SAMPLER_STEP_TOP_P},
        {"temp", MOTE_SAMPLER_STEP_TEMPERATURE},
        {"typ", MOTE_SAMPLER_STEP_TYP_P},
        {"typical", MOTE_SAMPLER_STEP_TYP_P},
        {"typical_p", MOTE_SAMPLER_STEP_TYP_P},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (same_name(name, len, known[i].name)) {
            *step = known[i].step;
            return true;
        }
    }
    return false;
}

mote_status mote_sampler_options_order(const char *order, mote_sampler_step *steps, size_t *n_steps, mote_error *err) {
    *n_steps = 0;
    if (!order)
        order = "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature";
    for (const char *at = order; *at;) {
        size_t len = strcspn(at, ";");
        if (*n_steps == MOTE_SAMPLER_MAX_STEPS)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "order: more than %d names", MOTE_SAMPLER_MAX_STEPS);
        if (!find_step(at, len, &steps[*n_steps]))
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "order: no sampler is called '%.*s'", (int)(len < 100 ? len : 100), at);
        ++*n_steps;
        at += len;
        at += *at == ';';
    }
    return MOTE_OK;
}
