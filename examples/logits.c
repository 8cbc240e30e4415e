/*
 * logits [MODEL] [TEXT]: which tokens the model thinks may come next, and how likely each is.
 */
#include <mote/mote.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77, /* what a test runner takes for "not here" */ N_SHOWN = 5 };

static double log_sum_exp(const float *logits, size_t n) {
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, logits[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp(logits[i] - max);
    return max + log(sum);
}

static void print_likeliest(const mote_tokenizer *tokenizer, const float *logits, size_t n) {
    double total = log_sum_exp(logits, n);
    float below = INFINITY;
    for (int shown = 0; shown < N_SHOWN; shown++) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if (logits[i] < below && (best == n || logits[i] > logits[best]))
                best = i;
        if (best == n)
            break;
        printf("%6.2f %%  %s\n", 100 * exp(logits[best] - total), mote_tokenizer_text(tokenizer, (int32_t)best));
        below = logits[best];
    }
}

static mote_status predict(const char *path, const char *text, mote_error *err) {
    mote_model *model = NULL;
    mote_engine *engine = NULL;
    mote_session *session = NULL;
    int32_t *ids = NULL;
    size_t n_ids = 0;
    mote_model_info info;

    mote_status status = mote_model_open(path, NULL, &model, err);
    if (status != MOTE_OK)
        goto done;
    mote_model_get_info(model, &info);
    mote_engine_options options = MOTE_ENGINE_OPTIONS_INIT;
    options.n_ctx = 256;
    if ((status = mote_engine_create(model, &options, &engine, err)) != MOTE_OK || (status = mote_session_create(engine, &session, err)) != MOTE_OK ||
        (status = mote_tokenize(mote_model_tokenizer(model), text, strlen(text), MOTE_TOKENIZE_ADD_SPECIAL, &ids, &n_ids, err)) != MOTE_OK ||
        (status = mote_session_feed(session, ids, n_ids, err)) != MOTE_OK)
        goto done;
    printf("%s, %.1f million weights; after \"%s\":\n", info.family, (double)info.n_params / 1e6, text);
    print_likeliest(mote_model_tokenizer(model), mote_session_logits(session), info.n_vocab);

done:
    mote_free(ids);
    mote_session_free(&session);
    mote_engine_free(&engine);
    mote_model_free(&model);
    return status;
}

int main(int argc, char **argv) {
    mote_error err = {0};
    char *path = NULL;
    mote_status status = mote_store_resolve(argc > 1 ? argv[1] : NULL, &path, &err);
    if (status == MOTE_ERR_NOT_FOUND && argc < 2) {
        fprintf(stderr, "skipped: %s\n", err.message);
        return SKIPPED;
    }
    if (status == MOTE_OK)
        status = predict(path, argc > 2 ? argv[2] : "The capital of France is", &err);
    if (status != MOTE_OK)
        fprintf(stderr, "%s\n", err.message);
    mote_free(path);
    return status == MOTE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
