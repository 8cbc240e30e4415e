/* Opening and closing models: the public face of model/. */
#include <mote/model.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/loaded.h"
#include "model/rope.h"
#include "model/source.h"
#include "model/weights_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mote_free(void *p) {
    mote_mem_free(p);
}

static mote_status choose_kernels(mote_model *m, mote_error *err) {
    mote_cpu_level level;
    MOTE_TRY(mote_cpu_choose(getenv("MOTE_CPU"), &level, err));
    mote_kernels_init(&m->kernels, level);
    return MOTE_OK;
}

/* The type that most of the weights' bytes have. */
static void set_type_text(mote_model *m, const mote_weights_plan *plan, const mote_weights_type *type) {
    int best = 0;
    if (type->mix) {
        snprintf(m->type_text, sizeof m->type_text, "%s", type->mix->name);
        return;
    }
    for (int i = 1; i < 64; i++)
        if (plan->type_bytes[i] > plan->type_bytes[best])
            best = i;
    const mote_dtype_info *info = mote_dtype_get(best);
    snprintf(m->type_text, sizeof m->type_text, "%s", info ? info->name : "?");
}

static mote_status compute_rope(mote_model *m, mote_error *err) {
    const mote_hparams *h = &m->h;
    const float *const *v = m->w.vectors;
    bool is_long = h->rope.scaling == MOTE_ROPE_LONG, is_local = memcmp(&h->rope, &h->rope_local, sizeof h->rope) != 0;
    const float *factors = v[MOTE_SLOT_ROPE_FACTORS], *beyond = h->has_rope_factors ? h->rope_long : v[MOTE_SLOT_ROPE_LONG];
    if (is_long)
        factors = h->has_rope_factors ? h->rope_short : v[MOTE_SLOT_ROPE_SHORT];
    for (int i = 0; i < (is_long ? 3 : 2); i++) {
        m->inv_freq[i] = mote_mem_zalloc_array(h->n_rot / 2 + 1, sizeof(float));
        if (!m->inv_freq[i])
            return mote_error_alloc(err, h->n_rot * sizeof(float));
    }
    mote_rope_frequencies(&h->rope, h->n_rot, factors, m->inv_freq[0]);
    mote_rope_frequencies(&h->rope_local, h->n_rot, is_local ? NULL : factors, m->inv_freq[1]);
    if (is_long)
        mote_rope_frequencies(&h->rope, h->n_rot, beyond, m->inv_freq[2]);
    return MOTE_OK;
}

static mote_status check_budget(const mote_weights_plan *plan, uint64_t mem_max_bytes, const char *path, mote_error *err) {
    if (mem_max_bytes == 0 || plan->packed_bytes <= mem_max_bytes)
        return MOTE_OK;
    return mote_error_set(err, MOTE_ERR_BUDGET, "%s: the weights need %.1f MiB, the memory budget is %.1f MiB", path, (double)plan->packed_bytes / 1048576,
                          (double)mem_max_bytes / 1048576);
}

static mote_status load_weights(mote_model *m, const mote_source *s, const mote_model_options *o, mote_error *err) {
    mote_weights_source source = mote_source_weights(s);
    mote_weights_plan plan = {0};
    mote_thread_pool *pool = NULL;
    mote_weights_cache cache = {0};
    mote_weights_type type;
    char config[4096];
    mote_status status;
    snprintf(config, sizeof config, "%s/config.json", s->path);
    MOTE_TRY_DONE(mote_weights_type_read(o->type, !s->gguf, o->mem_max_bytes, &type, err));
    m->exact = type.exact;
    MOTE_TRY_DONE(mote_weights_plan_create(&source, &m->h, type, &plan, err));
    MOTE_TRY_DONE(check_budget(&plan, o->mem_max_bytes, s->path, err));
    set_type_text(m, &plan, &type);
    m->n_params = plan.n_params;
    m->source_bytes = plan.source_bytes;
    MOTE_TRY_DONE(mote_thread_pool_create(o->n_threads > 0 ? o->n_threads : mote_cpu_default_threads(), &pool, err));
    MOTE_TRY_DONE(mote_weights_cache_init(&cache, &source, &plan, &m->h, s->gguf ? NULL : config, err));
    MOTE_TRY_DONE(mote_weights_load(&plan, &m->h, !s->gguf && m->h.family->hf_norm_plus_one, &cache, pool, o->progress, o->progress_context, &m->w, err));
    MOTE_TRY_DONE(compute_rope(m, err));
done:
    mote_weights_cache_deinit(&cache);
    mote_thread_pool_free(&pool);
    mote_weights_plan_free(&plan);
    return status;
}

/* What the model keeps of its source. */
static void take_source(mote_model *m, mote_source *s) {
    m->h = s->h;
    m->tokenizer = s->tokenizer;
    m->chat_template = s->chat_template;
    m->name = s->name;
    s->tokenizer = NULL;
    s->chat_template = s->name = NULL;
}

mote_status mote_model_open(const char *path, const mote_model_options *options, mote_model **model, mote_error *err) {
    mote_model_options o = MOTE_MODEL_OPTIONS_INIT;
    if (options)
        o = *options;
    *model = NULL;
    double start = mote_clock_seconds();
    mote_source s;
    MOTE_TRY(mote_source_open(path, o.vocabulary_only ? MOTE_SOURCE_VOCABULARY : MOTE_SOURCE_ALL, &s, err));
    mote_status status;
    mote_model *m = mote_mem_zalloc_array(1, sizeof *m);
    if (!m) {
        status = mote_error_alloc(err, sizeof *m);
        goto done;
    }
    take_source(m, &s);
    m->path = mote_mem_dup_text(path);
    if (!m->path) {
        status = mote_error_alloc(err, strlen(path));
        goto done;
    }
    MOTE_TRY_DONE(choose_kernels(m, err));
    if (!o.vocabulary_only)
        MOTE_TRY_DONE(load_weights(m, &s, &o, err));
    m->sentence = s.sentence;
    s.sentence = (mote_sentence){0};
    mote_sentence_close_files(&m->sentence);
    m->load_seconds = mote_clock_seconds() - start;
    *model = m;
    m = NULL;
done:
    mote_model_free(&m);
    mote_source_close(&s);
    return status;
}

void mote_model_free(mote_model **model) {
    mote_model *m = *model;
    if (!m)
        return;
    mote_weights_free(&m->w);
    mote_tokenizer_free(&m->tokenizer);
    mote_mem_free(m->chat_template);
    mote_sentence_deinit(&m->sentence);
    mote_mem_free(m->name);
    mote_mem_free(m->path);
    for (size_t i = 0; i < sizeof m->inv_freq / sizeof *m->inv_freq; i++)
        mote_mem_free(m->inv_freq[i]);
    mote_mem_free(m);
    *model = NULL;
}

void mote_model_get_info(const mote_model *m, mote_model_info *info) {
    const mote_hparams *h = &m->h;
    *info = (mote_model_info){.family = h->family ? h->family->name : "",
                              .name = m->name,
                              .type = m->type_text,
                              .is_encoder = h->family && h->family->is_encoder,
                              .embeds = h->family && !h->is_reranker && (h->family->is_encoder || h->pooling != MOTE_POOLING_NONE),
                              .reranks = h->is_reranker,
                              .n_layers = h->n_layers,
                              .n_embd = h->n_embd,
                              .n_heads = h->n_heads,
                              .n_kv_heads = h->n_kv_heads,
                              .head_dim = h->head_dim,
                              .n_ff = h->n_ff,
                              .n_vocab = h->n_vocab     ? h->n_vocab
                                         : m->tokenizer ? (uint32_t)mote_tokenizer_n_tokens(m->tokenizer)
                                                        : 0,
                              .n_ctx_train = h->n_ctx_train,
                              .n_params = m->n_params,
                              .file_bytes = m->source_bytes,
                              .weights_bytes = m->w.n_bytes,
                              .weights_kept = m->w.is_kept,
                              .load_seconds = m->load_seconds};
}

const mote_tokenizer *mote_model_tokenizer(const mote_model *model) {
    return model->tokenizer;
}

const char *mote_model_template(const mote_model *model) {
    return model->chat_template;
}
