/* What is done with a mutant, through the public API only: opened, described, its tokenizer and template tried, run for eight tokens, quantised. An error is a right answer
 * anywhere, as long as it has a message; what is checked and accepted must load, and what is quantised must be a good file. */
#include "fuzz/mutants.h"

#include <mote/mote.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_TOKENS = 8, N_CTX = 24, PATH_BYTES = 4096 };
static const uint64_t mem_max_bytes = 512u << 20; /* a mutant may rightly ask for more: then it is refused by the budget */

static void begin(mutants_report *r, const char *phase) {
    snprintf(r->phase, r->phase_bytes, "%s", phase);
}

static mutants_outcome wrong(mutants_report *r, const char *fmt, ...) MOTE_PRINTF(2, 3);
static mutants_outcome wrong(mutants_report *r, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->message, sizeof r->message, fmt, args);
    va_end(args);
    return MUTANTS_WRONG;
}

/* A refusal, which must say why. */
static mutants_outcome rejected(mutants_report *r, mote_status status, const mote_error *err) {
    if (err->message[0] == 0 || err->status != status)
        return wrong(r, "%s: status %d (%s) without a message of its own", r->phase, (int)status, mote_status_text(status));
    snprintf(r->message, sizeof r->message, "%s: %s", r->phase, err->message);
    return MUTANTS_REJECTED;
}

static void use_tokenizer(const mote_tokenizer *t, mutants_report *r) {
    static const char *const texts[] = {"Hello, world!  1234 <s> it's", "\xe2\x82\xac\xf0\x9f\x98\x80 caf\xc3\xa9\n\n", "\xff\xfe\x80", "<|im_start|>user\n",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    mote_error err = {0};
    begin(r, "tokenize");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int32_t *ids = NULL;
        size_t n = 0, n_text;
        char *text = NULL;
        unsigned flags = i % 2 ? MOTE_TOKENIZE_ADD_SPECIAL | MOTE_TOKENIZE_PARSE_SPECIAL : 0;
        if (mote_tokenize(t, texts[i], strlen(texts[i]), flags, &ids, &n, &err) == MOTE_OK && mote_detokenize(t, ids, n, true, &text, &n_text, &err) == MOTE_OK)
            mote_free(text);
        mote_free(ids);
    }
    mote_detokenizer *stream = NULL;
    const char *piece;
    size_t n_piece, n_tokens = (size_t)mote_tokenizer_n_tokens(t);
    if (mote_detokenizer_create(t, true, &stream, &err) == MOTE_OK) {
        for (size_t i = 0; i < n_tokens && i < 300; i++)
            if (mote_detokenizer_push(stream, (int32_t)i, &piece, &n_piece) != MOTE_OK)
                break;
        if (mote_detokenizer_flush(stream, &piece, &n_piece) != MOTE_OK)
            n_piece = 0;
    }
    mote_detokenizer_free(&stream);
}

static void use_template(const char *source, mutants_report *r) {
    static const char conversation[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"h\\u00e9\"}],\"add_generation_prompt\":true,\"bos_token\":\"<s>\"}";
    mote_template *t = NULL;
    mote_error err = {0};
    char *text = NULL;
    size_t n;
    begin(r, "template");
    if (mote_template_parse(source, strlen(source), &t, &err) == MOTE_OK && mote_template_render(t, conversation, sizeof conversation - 1, &text, &n, &err) == MOTE_OK)
        mote_free(text);
    mote_template_free(&t);
}

/* Eight tokens, greedy or with every sampler; the ids need not mean anything. */
static mote_status generate(mote_session *session, const mote_model *model, uint64_t turn, mutants_report *r, mote_error *err) {
    mote_sampler_options options = mote_sampler_options_default();
    mote_generate_options g = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result result = {0};
    mote_sampler *sampler = NULL;
    mote_model_info info;
    mote_model_get_info(model, &info);
    int32_t prompt[3] = {0, (int32_t)(info.n_vocab / 2), (int32_t)info.n_vocab - 1};
    options.seed = turn;
    options.temperature = turn % 2 ? 1.0f : 0.0f;
    options.dry_multiplier = turn % 4 == 3 ? 0.8f : 0.0f;
    options.mirostat = turn % 8 == 5 ? 2 : 0;
    g.n_predict = N_TOKENS;
    g.ignore_eos = true;
    g.n_logprobs = turn % 4 == 1 ? 3 : -1;
    begin(r, "run");
    mote_status status = mote_sampler_create(model, &options, &sampler, err);
    if (status == MOTE_OK)
        status = mote_generate(session, sampler, prompt, info.n_vocab >= 2 ? 3 : 1, &g, &result, err);
    r->ran = status == MOTE_OK && result.n_tokens == N_TOKENS;
    mote_generate_result_deinit(&result);
    mote_sampler_free(&sampler);
    return status;
}

static mote_status run(const mote_model *model, const mote_adapter *adapter, uint64_t turn, mutants_report *r, mote_error *err) {
    mote_engine_options options = MOTE_ENGINE_OPTIONS_INIT;
    mote_engine *engine = NULL;
    mote_session *session = NULL;
    options.n_ctx = N_CTX;
    options.n_batch = turn % 3 == 0 ? 1 : 8;
    options.n_threads = turn % 16 == 0 ? 2 : 1;
    options.mem_max_bytes = mem_max_bytes;
    begin(r, "engine");
    mote_status status = mote_engine_create(model, &options, &engine, err);
    if (status == MOTE_OK)
        status = mote_session_create(engine, &session, err);
    if (status == MOTE_OK && adapter)
        status = mote_session_set_adapters(session, &adapter, NULL, 1, err);
    if (status == MOTE_OK)
        status = generate(session, model, turn, r, err);
    mote_session_free(&session);
    mote_engine_free(&engine);
    return status;
}

static mote_status embed(const mote_model *model, uint64_t turn, mutants_report *r, mote_error *err) {
    static const char *const poolings[] = {NULL, "mean", "cls", "last", "max"};
    mote_embedder *embedder = NULL;
    begin(r, "embed");
    mote_embed_options options = MOTE_EMBED_OPTIONS_INIT;
    mote_embed_text text = {.text = "a small text", .text_bytes = 12};
    options.n_threads = 1;
    options.pooling = poolings[turn % 5];
    mote_status status = mote_embedder_create(model, &options, &embedder, err);
    float *v = status == MOTE_OK ? calloc(mote_embedder_dim(embedder) + 1, sizeof *v) : NULL;
    if (v)
        status = mote_embed(embedder, &text, 1, v, err);
    r->ran = status == MOTE_OK;
    free(v);
    mote_embedder_free(&embedder);
    return status;
}

static mote_status rerank(const mote_model *model, mutants_report *r, mote_error *err) {
    mote_reranker *reranker = NULL;
    mote_embed_text passages[] = {{.text = "a small text", .text_bytes = 12}, {.text = "", .text_bytes = 0}};
    float scores[2];
    begin(r, "rerank");
    mote_status status = mote_reranker_create(model, 1, false, &reranker, err);
    if (status == MOTE_OK)
        status = mote_rerank(reranker, "a text", 6, passages, 2, scores, err);
    r->ran = status == MOTE_OK;
    mote_reranker_free(&reranker);
    return status;
}

/* What was written must be whole: it is opened, too. */
static mutants_outcome check_output(const char *out, mutants_report *r) {
    mote_error err = {0};
    begin(r, "check of the output");
    mote_status status = mote_check_file(out, "gguf", NULL, &err);
    unlink(out);
    if (status != MOTE_OK)
        return wrong(r, "the file written from it is refused: %s", err.message);
    r->quantised = true;
    return MUTANTS_ACCEPTED;
}

static mutants_outcome quantise(const char *path, const char *imatrix, const char *scratch, uint64_t turn, mutants_report *r) {
    static const char *const types[] = {"Q4_K_M", "Q8_0", "Q4_0", "Q6_K", "IQ4_XS", "Q2_K", "Q5_K_S", "F16", "Q3_K_M", "Q5_1", "BF16", "Q4_1", "IQ4_NL", "Q5_0", "F32"};
    mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
    mote_error err = {0};
    char out[PATH_BYTES];
    snprintf(out, sizeof out, "%s/written.gguf", scratch);
    options.n_threads = turn % 16 == 0 ? 2 : 1;
    options.pure = turn % 5 == 0;
    options.imatrix = imatrix;
    begin(r, "quantise");
    mote_status status = mote_quantize_file(path, out, types[turn % (sizeof types / sizeof *types)], &options, NULL, &err);
    return status == MOTE_OK ? check_output(out, r) : rejected(r, status, &err);
}

static mutants_outcome convert(const char *folder, const char *scratch, uint64_t turn, mutants_report *r) {
    static const char *const types[] = {NULL, "Q8_0", "Q4_K_M", "F16"};
    mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
    mote_error err = {0};
    char out[PATH_BYTES];
    snprintf(out, sizeof out, "%s/written.gguf", scratch);
    options.n_threads = 1;
    options.type = types[turn % 4];
    begin(r, "convert");
    mote_status status = mote_convert_folder(folder, out, &options, NULL, &err);
    return status == MOTE_OK ? check_output(out, r) : rejected(r, status, &err);
}

static mutants_outcome use_model(const char *path, bool is_file, const char *scratch, uint64_t turn, mutants_report *r) {
    mote_error err = {0};
    begin(r, "check");
    mote_status status = mote_check_file(path, is_file ? "gguf" : NULL, NULL, &err);
    if (status != MOTE_OK && turn % 8 != 0)
        return rejected(r, status, &err);
    mote_status checked = status;
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    mote_model *model = NULL;
    options.mem_max_bytes = mem_max_bytes;
    options.n_threads = turn % 16 == 0 ? 2 : 1;
    options.type = turn % 4 == 2 ? "f32" : turn % 8 == 3 && !is_file ? "q4_k" : turn % 8 == 7 && !is_file ? "q8_0" : NULL;
    begin(r, "open");
    status = mote_model_open(path, &options, &model, &err);
    if (status != MOTE_OK)
        return rejected(r, status, &err);
    mutants_outcome outcome = MUTANTS_ACCEPTED;
    if (checked != MOTE_OK)
        outcome = wrong(r, "it opens, but its check refuses it");
    mote_model_info info;
    mote_model_get_info(model, &info);
    if (mote_model_tokenizer(model))
        use_tokenizer(mote_model_tokenizer(model), r);
    if (mote_model_template(model))
        use_template(mote_model_template(model), r);
    status = info.is_encoder && turn % 2 ? rerank(model, r, &err) : MOTE_ERR_UNSUPPORTED;
    if (status == MOTE_ERR_UNSUPPORTED) /* an encoder of one kind or the other */
        status = info.is_encoder ? embed(model, turn, r, &err) : run(model, NULL, turn, r, &err);
    if (status != MOTE_OK && outcome == MUTANTS_ACCEPTED && rejected(r, status, &err) == MUTANTS_WRONG)
        outcome = MUTANTS_WRONG;
    mote_model_free(&model);
    char *json = NULL;
    begin(r, "describe");
    if (mote_model_describe(path, &json, &err) == MOTE_OK)
        mote_free(json);
    if (outcome != MUTANTS_ACCEPTED)
        return outcome;
    outcome = is_file ? quantise(path, NULL, scratch, turn, r) : convert(path, scratch, turn, r);
    return outcome == MUTANTS_WRONG ? outcome : MUTANTS_ACCEPTED; /* a model may run and not be fit for quantising */
}

/* The model of adapters and importance matrices: not mutated, so it is opened once. */
static const mote_model *base_of(const char *path) {
    static mote_model *model;
    static char opened[PATH_BYTES];
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    mote_error err;
    if (strcmp(opened, path) == 0)
        return model;
    mote_model_free(&model);
    options.n_threads = 1;
    snprintf(opened, sizeof opened, "%s", path);
    return mote_model_open(path, &options, &model, &err) == MOTE_OK ? model : NULL;
}

static mutants_outcome use_adapter(const char *path, const char *model_path, const char *scratch, uint64_t turn, mutants_report *r) {
    mote_adapter_options options = MOTE_ADAPTER_OPTIONS_INIT;
    mote_adapter *adapter = NULL;
    mote_error err = {0};
    char out[PATH_BYTES];
    const mote_model *model = base_of(model_path);
    if (!model)
        return wrong(r, "the model of the adapter can't be opened");
    options.n_threads = 1;
    options.mem_max_bytes = mem_max_bytes;
    begin(r, "open");
    mote_status status = mote_adapter_open(model, path, &options, &adapter, &err);
    if (status != MOTE_OK)
        return rejected(r, status, &err);
    status = run(model, adapter, turn, r, &err);
    mote_adapter_free(&adapter);
    if (status != MOTE_OK)
        return rejected(r, status, &err) == MUTANTS_WRONG ? MUTANTS_WRONG : MUTANTS_ACCEPTED;
    snprintf(out, sizeof out, "%s/written.gguf", scratch);
    begin(r, "merge");
    status = mote_merge_model(model_path, &path, NULL, 1, out, NULL, NULL, &err);
    if (status == MOTE_OK)
        return check_output(out, r);
    return rejected(r, status, &err) == MUTANTS_WRONG ? MUTANTS_WRONG : MUTANTS_ACCEPTED;
}

static mutants_outcome use_vocabulary(const char *path, mutants_report *r) {
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    begin(r, "open");
    mote_status status = mote_tokenizer_open(path, &t, &err);
    if (status != MOTE_OK)
        return rejected(r, status, &err);
    use_tokenizer(t, r);
    mote_tokenizer_free(&t);
    r->ran = true;
    return MUTANTS_ACCEPTED;
}

static mutants_outcome check_only(const char *path, mutants_report *r) {
    mote_error err = {0};
    begin(r, "check");
    mote_status status = mote_check_file(path, NULL, NULL, &err);
    return status == MOTE_OK ? MUTANTS_ACCEPTED : rejected(r, status, &err);
}

mutants_outcome mutants_use(const char *kind, const char *path, const char *model, const char *scratch, uint64_t turn, mutants_report *r) {
    r->ran = r->quantised = false;
    r->message[0] = 0;
    if (strcmp(kind, "gguf") == 0)
        return use_model(path, true, scratch, turn, r);
    if (strcmp(kind, "folder") == 0)
        return use_model(path, false, scratch, turn, r);
    if (strcmp(kind, "tokenizer") == 0)
        return use_vocabulary(path, r);
    if (strcmp(kind, "adapter") == 0)
        return use_adapter(path, model, scratch, turn, r);
    if (strcmp(kind, "imatrix") == 0)
        return quantise(model, path, scratch, turn, r);
    return check_only(path, r);
}
