/*
 * complete [MODEL] [PROMPT]: the shortest useful program. Opens a model, asks it one question by its chat template and prints the answer as it comes.
 */
#include <mote/mote.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77 }; /* what a test runner takes for "not here" */

static bool print(void *context, const mote_generate_event *event) {
    (void)context;
    fwrite(event->text, 1, event->text_bytes, stdout);
    fflush(stdout);
    return true;
}

/* Quotes a prompt as JSON; good for printable ASCII, which is enough here. */
static void quote(const char *text, char *out, size_t out_bytes) {
    size_t n = 0;
    for (const char *c = text; *c && n + 3 < out_bytes; c++) {
        if (*c == '"' || *c == '\\')
            out[n++] = '\\';
        out[n++] = *c;
    }
    out[n] = '\0';
}

static mote_status answer(const char *path, const char *prompt, mote_error *err) {
    mote_model *model = NULL;
    mote_engine *engine = NULL;
    mote_session *session = NULL;
    mote_sampler *sampler = NULL;
    mote_template *chat = NULL;
    char *text = NULL;
    int32_t *ids = NULL;
    size_t text_bytes = 0, n_ids = 0;
    mote_generate_result result = {0};
    char quoted[1024], variables[1200];

    mote_status status = mote_model_open(path, NULL, &model, err);
    if (status != MOTE_OK)
        goto done;
    mote_engine_options engine_options = MOTE_ENGINE_OPTIONS_INIT;
    engine_options.n_ctx = 512;
    if ((status = mote_engine_create(model, &engine_options, &engine, err)) != MOTE_OK || (status = mote_session_create(engine, &session, err)) != MOTE_OK)
        goto done;

    const char *template_text = mote_model_template(model);
    if (!template_text) {
        fprintf(stderr, "this model has no chat template\n");
        goto done;
    }
    quote(prompt, quoted, sizeof quoted);
    int n = snprintf(variables, sizeof variables, "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"add_generation_prompt\":true}", quoted);
    if ((status = mote_template_parse(template_text, strlen(template_text), &chat, err)) != MOTE_OK ||
        (status = mote_template_render(chat, variables, (size_t)n, &text, &text_bytes, err)) != MOTE_OK ||
        (status = mote_tokenize(mote_model_tokenizer(model), text, text_bytes, MOTE_TOKENIZE_PARSE_SPECIAL, &ids, &n_ids, err)) != MOTE_OK)
        goto done;

    mote_sampler_options sampling = mote_sampler_options_default();
    sampling.temperature = 0; /* always the likeliest token: the same answer each time */
    mote_generate_options options = MOTE_GENERATE_OPTIONS_INIT;
    options.n_predict = 48;
    options.on_token = print;
    if ((status = mote_sampler_create(model, &sampling, &sampler, err)) != MOTE_OK || (status = mote_generate(session, sampler, ids, n_ids, &options, &result, err)) != MOTE_OK)
        goto done;
    printf("\n[%zu tokens in, %zu out, %s]\n", result.n_prompt_tokens, result.n_tokens, result.finish_reason);

done:
    mote_generate_result_deinit(&result);
    mote_sampler_free(&sampler);
    mote_free(ids);
    mote_free(text);
    mote_template_free(&chat);
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
        status = answer(path, argc > 2 ? argv[2] : "What does a water pump do?", &err);
    if (status != MOTE_OK)
        fprintf(stderr, "%s\n", err.message);
    mote_free(path);
    return status == MOTE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
