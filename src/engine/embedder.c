/* Text to one vector: tokens, hidden states, pooling, dense layers, unit length (Reimers and Gurevych, "Sentence-BERT", 2019). */
#include "base/error.h"
#include "base/mem.h"
#include "engine/reading.h"

#include <mote/embed.h>

#include <math.h>
#include <string.h>

/* Texts that are read before the first is computed: enough to fill the passes of short ones. */
enum { TEXTS_AT_ONCE = 64 };

struct mote_embedder {
    const mote_model *model;
    mote_pooler *pooler;
    mote_str prompt;
    uint32_t n_whole, n_dimensions; /* of a vector before and after it is cut */
    size_t most_tokens;
    mote_reading readings[TEXTS_AT_ONCE];
    float *vectors; /* [TEXTS_AT_ONCE, n_whole] */
};

static mote_status choose_pooling(const mote_model *m, const char *name, mote_pooling *pooling, mote_error *err) {
    static const char *const NAMES[] = {[MOTE_POOLING_MEAN] = "mean", [MOTE_POOLING_CLS] = "cls", [MOTE_POOLING_LAST] = "last", [MOTE_POOLING_MAX] = "max"};
    *pooling = m->h.pooling;
    if (!name)
        return MOTE_OK;
    for (int i = MOTE_POOLING_MEAN; i <= MOTE_POOLING_MAX; i++)
        if (strcmp(name, NAMES[i]) == 0) {
            *pooling = (mote_pooling)i;
            return MOTE_OK;
        }
    return mote_error_set(err, MOTE_ERR_ARGUMENT, "pooling '%.100s' is none of mean, cls, last and max", name);
}

static mote_status choose_prompt(const mote_sentence *s, const char *name, mote_str *prompt, mote_error *err) {
    *prompt = (mote_str){0};
    if (!name && s->default_prompt < s->n_prompts)
        *prompt = mote_str_of(s->prompts[s->default_prompt].text);
    if (!name || !*name)
        return MOTE_OK;
    for (size_t i = 0; i < s->n_prompts; i++)
        if (strcmp(s->prompts[i].name, name) == 0) {
            *prompt = mote_str_of(s->prompts[i].text);
            return MOTE_OK;
        }
    char known[200] = "";
    for (size_t i = 0, at = 0; i < s->n_prompts && at + strlen(s->prompts[i].name) + 3 < sizeof known; i++) {
        memcpy(known + at, at ? ", " : "", at ? 2 : 0);
        at += at ? 2 : 0;
        memcpy(known + at, s->prompts[i].name, strlen(s->prompts[i].name) + 1);
        at += strlen(s->prompts[i].name);
    }
    return mote_error_set(err, MOTE_ERR_ARGUMENT, "prompt '%.100s' is none of the model's (%s)", name, *known ? known : "it has none");
}

mote_status mote_embedder_create(const mote_model *model, const mote_embed_options *options, mote_embedder **embedder, mote_error *err) {
    mote_embed_options o = MOTE_EMBED_OPTIONS_INIT;
    mote_pooling pooling;
    if (options)
        o = *options;
    *embedder = NULL;
    if (model->h.is_reranker)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the model is a reranker: it scores pairs of texts and gives no vectors");
    mote_embedder *e = mote_mem_zalloc_array(1, sizeof *e);
    if (!e)
        return mote_error_alloc(err, sizeof *e);
    e->model = model;
    e->n_whole = e->n_dimensions = mote_hparams_n_embedding(&model->h);
    mote_status status;
    MOTE_TRY_DONE(choose_pooling(model, o.pooling, &pooling, err));
    MOTE_TRY_DONE(choose_prompt(&model->sentence, o.prompt, &e->prompt, err));
    MOTE_TRY_DONE(mote_pooler_create(model, pooling, o.n_threads, &e->pooler, err));
    e->most_tokens = mote_reading_most_tokens(model, e->pooler);
    if (o.n_dimensions > e->n_whole) {
        status = mote_error_set(err, MOTE_ERR_ARGUMENT, "%u dimensions: the model's vectors have %u", o.n_dimensions, e->n_whole);
        goto done;
    }
    e->n_dimensions = o.n_dimensions ? o.n_dimensions : e->n_whole;
    e->vectors = mote_mem_alloc_array(TEXTS_AT_ONCE, e->n_whole * sizeof *e->vectors);
    if (!e->vectors) {
        status = mote_error_alloc(err, TEXTS_AT_ONCE * e->n_whole * sizeof *e->vectors);
        goto done;
    }
    *embedder = e;
    e = NULL;
done:
    mote_embedder_free(&e);
    return status;
}

void mote_embedder_free(mote_embedder **embedder) {
    mote_embedder *e = *embedder;
    if (!e)
        return;
    mote_pooler_free(&e->pooler);
    mote_mem_free(e->vectors);
    mote_mem_free(e);
    *embedder = NULL;
}

uint32_t mote_embedder_dim(const mote_embedder *embedder) {
    return embedder->n_dimensions;
}

static void to_unit_length(const mote_embedder *e, float *vector, size_t n) {
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (double)vector[i] * vector[i];
    if (squares > 0)
        e->model->kernels.scale(vector, (float)(1 / sqrt(squares)), n);
}

/* Cut vectors get unit length even where whole ones keep theirs: their own length means nothing. */
static void write_vector(const mote_embedder *e, const float *whole, float *vector) {
    memcpy(vector, whole, e->n_dimensions * sizeof *vector);
    if (e->model->sentence.normalises || e->n_dimensions < e->n_whole)
        to_unit_length(e, vector, e->n_dimensions);
}

static mote_status embed_some(mote_embedder *e, mote_embed_text *texts, size_t n, float *vectors, mote_error *err) {
    mote_pooler_text tokens[TEXTS_AT_ONCE];
    mote_status status = MOTE_OK;
    size_t n_read = 0;
    for (; n_read < n; n_read++) {
        mote_reading *r = &e->readings[n_read];
        MOTE_TRY_DONE(mote_reading_of_text(e->model, e->prompt, (mote_str){texts[n_read].text, texts[n_read].text_bytes}, e->most_tokens, r, err));
        tokens[n_read] = mote_reading_tokens(r);
        texts[n_read].n_tokens = r->n;
        texts[n_read].n_dropped = r->n_dropped;
    }
    MOTE_TRY_DONE(mote_pooler_run(e->pooler, tokens, n, e->vectors, err));
    for (size_t i = 0; i < n; i++)
        write_vector(e, e->vectors + i * e->n_whole, vectors + i * e->n_dimensions);
done:
    for (size_t i = 0; i < n_read; i++)
        mote_reading_deinit(&e->readings[i]);
    return status;
}

mote_status mote_embed(mote_embedder *e, mote_embed_text *texts, size_t n_texts, float *vectors, mote_error *err) {
    for (size_t i = 0; i < n_texts; i += TEXTS_AT_ONCE) {
        size_t n = n_texts - i < TEXTS_AT_ONCE ? n_texts - i : TEXTS_AT_ONCE;
        MOTE_TRY(embed_some(e, texts + i, n, vectors + i * e->n_dimensions, err));
    }
    return MOTE_OK;
}
