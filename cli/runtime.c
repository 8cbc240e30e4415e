/* Opening, in the order of what can be refused earliest: name, budget, weights, engine, sampler. */
#include "cli/runtime.h"

#include "cli/adapters.h"
#include "cli/constrain.h"
#include "cli/input.h"
#include "cli/progress.h"

#include <stdlib.h>
#include <string.h>

int cli_runtime_resolve(const cli_options *o, char **path) {
    mote_error err = {0};
    mote_status status = mote_store_resolve(o->model, path, &err);
    if (status == MOTE_OK)
        return CLI_DONE;
    return cli_output_fail(cli_output_code(status, false), "`mote models` lists what is installed", "%s", err.message);
}

static int open_adapters(cli_runtime *r, const cli_options *o) {
    cli_adapter_list list;
    int code = cli_adapters_parse(o, &list);
    r->adapters = code == CLI_DONE ? cli_alloc(list.n, sizeof *r->adapters) : NULL;
    r->adapter_scales = code == CLI_DONE ? cli_alloc(list.n, sizeof *r->adapter_scales) : NULL;
    uint64_t used = r->info.weights_bytes;
    double begun = cli_output_clock();
    for (size_t i = 0; code == CLI_DONE && i < list.n; i++) {
        mote_adapter_options options = MOTE_ADAPTER_OPTIONS_INIT;
        mote_error err = {0};
        options.mem_max_bytes = o->mem_max_bytes > used ? o->mem_max_bytes - used : o->mem_max_bytes ? 1 : 0;
        options.n_threads = o->n_threads;
        mote_status status = mote_adapter_open(r->model, list.paths[i], &options, &r->adapters[i], &err);
        if (status != MOTE_OK) {
            code = cli_output_status(status, &err, false);
            break;
        }
        mote_adapter_info info;
        mote_adapter_get_info(r->adapters[i], &info);
        used += info.n_bytes;
        r->adapter_scales[i] = list.scales[i];
        r->n_adapters++;
    }
    r->load_seconds += cli_output_clock() - begun;
    cli_adapters_free(&list);
    return code;
}

int cli_runtime_open_model(cli_runtime *r, const cli_options *o) {
    memset(r, 0, sizeof *r);
    int code = cli_runtime_resolve(o, &r->path);
    if (code != CLI_DONE)
        return code;
    cli_progress progress;
    cli_progress_begin(&progress, o);
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    options.type = o->type;
    options.mem_max_bytes = o->mem_max_bytes;
    options.n_threads = o->n_threads;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_error err = {0};
    double begun = cli_output_clock();
    mote_status status = mote_model_open(r->path, &options, &r->model, &err);
    cli_progress_end(&progress);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, false);
    r->load_seconds = cli_output_clock() - begun;
    mote_model_get_info(r->model, &r->info);
    r->tokenizer = mote_model_tokenizer(r->model);
    return open_adapters(r, o);
}

mote_engine_options cli_runtime_engine_options(const cli_runtime *r, const cli_options *o) {
    mote_engine_options options = MOTE_ENGINE_OPTIONS_INIT;
    options.n_ctx = o->n_ctx == 0 ? (int32_t)r->info.n_ctx_train : o->n_ctx < 0 ? 0 : o->n_ctx;
    options.n_batch = o->n_batch;
    options.n_threads = o->n_threads;
    options.n_sessions = o->n_sessions;
    options.cache_type_k = o->cache_type_k;
    options.cache_type_v = o->cache_type_v;
    options.mem_max_bytes = o->mem_max_bytes;
    options.adapters = (const mote_adapter *const *)r->adapters;
    options.adapter_scales = r->adapter_scales;
    options.n_adapters = r->n_adapters;
    if (!o->keeps_prefixes)
        options.prefix_cache_bytes = 0;
    return options;
}

int cli_runtime_set_sampler(cli_runtime *r, const cli_options *o) {
    static const char *const no_breaker = NULL;
    mote_sampler_options options = o->sampling;
    options.logit_bias = o->biases.items;
    options.n_logit_bias = o->biases.n;
    options.n_context = mote_engine_n_ctx(r->engine);
    if (o->breakers.n == 1 && strcmp(o->breakers.items[0], "none") == 0) {
        options.dry_sequence_breakers = &no_breaker; /* not NULL, which would mean the usual ones */
        options.n_dry_sequence_breakers = 0;
    } else if (o->breakers.n) {
        options.dry_sequence_breakers = o->breakers.items;
        options.n_dry_sequence_breakers = o->breakers.n;
    }
    mote_error err = {0};
    mote_sampler *sampler = NULL;
    mote_status status = mote_sampler_create(r->model, &options, &sampler, &err);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, true);
    mote_sampler_free(&r->sampler);
    r->sampler = sampler;
    return CLI_DONE;
}

/* The whole budget, before anything is loaded. */
static int check_budget(const cli_options *o) {
    if (o->mem_max_bytes == 0)
        return CLI_DONE;
    char *path = NULL;
    int code = cli_runtime_resolve(o, &path);
    if (code != CLI_DONE)
        return code;
    mote_model_options model_options = MOTE_MODEL_OPTIONS_INIT;
    model_options.type = o->type;
    cli_runtime none = {0};
    mote_engine_options options = cli_runtime_engine_options(&none, o);
    uint64_t n_bytes;
    mote_error err = {0};
    mote_status status = mote_engine_plan(path, &model_options, &options, &n_bytes, &err);
    mote_free(path);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, false);
}

int cli_runtime_open(cli_runtime *r, const cli_options *o) {
    mote_constraint *constraint = NULL;
    memset(r, 0, sizeof *r);
    int code = cli_constrain(o, &constraint);
    if (code == CLI_DONE)
        code = check_budget(o);
    if (code == CLI_DONE)
        code = cli_runtime_open_model(r, o);
    r->constraint = constraint;
    if (code != CLI_DONE)
        return code;
    if (r->info.is_encoder)
        return cli_output_fail(CLI_UNSUPPORTED, "`mote embed` uses it", "%s: an embedding model (%s) does not generate text", r->path, r->info.family);
    if (!r->tokenizer)
        return cli_output_fail(CLI_FAILED, NULL, "%s: the model has no tokenizer", r->path);
    double begun = cli_output_clock();
    mote_engine_options options = cli_runtime_engine_options(r, o);
    mote_error err = {0};
    mote_status status = mote_engine_create(r->model, &options, &r->engine, &err);
    if (status == MOTE_OK)
        status = mote_session_create(r->engine, &r->session, &err);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, true);
    r->load_seconds += cli_output_clock() - begun;
    return cli_runtime_set_sampler(r, o);
}

void cli_runtime_close(cli_runtime *r) {
    mote_sampler_free(&r->sampler);
    mote_constraint_free(&r->constraint);
    mote_session_free(&r->session);
    mote_engine_free(&r->engine);
    for (size_t i = 0; i < r->n_adapters; i++)
        mote_adapter_free(&r->adapters[i]);
    free(r->adapters);
    free(r->adapter_scales);
    mote_model_free(&r->model);
    mote_free(r->path);
    memset(r, 0, sizeof *r);
}

int cli_runtime_open_tokenizer(const cli_options *o, mote_tokenizer **tokenizer) {
    char *path = NULL;
    mote_error err = {0};
    int code = cli_runtime_resolve(o, &path);
    if (code != CLI_DONE)
        return code;
    mote_status status = mote_tokenizer_open(path, tokenizer, &err);
    mote_free(path);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, false);
}

int cli_runtime_tokenize_file(const cli_runtime *r, const char *path, int32_t **ids, size_t *n_ids) {
    cli_text text;
    int32_t *found = NULL;
    mote_error err = {0};
    if (!r->tokenizer)
        return cli_output_fail(CLI_FAILED, "--tokens FILE gives ids", "%s: the model has no tokenizer", r->path);
    int code = cli_input_read(path, &text);
    if (code != CLI_DONE)
        return code;
    mote_status status = mote_tokenize(r->tokenizer, text.data, text.n_bytes, MOTE_TOKENIZE_ADD_SPECIAL, &found, n_ids, &err);
    if (status == MOTE_OK) {
        *ids = cli_alloc(*n_ids, sizeof **ids);
        for (size_t i = 0; i < *n_ids; i++)
            (*ids)[i] = found[i];
    }
    mote_free(found);
    cli_text_free(&text);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, false);
}
