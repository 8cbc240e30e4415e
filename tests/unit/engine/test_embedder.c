/* Embedders and rerankers on the tiny models of tests/golden/families: batches, cut vectors, prompts, lengths, and what sentence-transformers' files can say wrongly. */
#include "engine/pooler.h"
#include "model/loaded.h"

#include <mote/embed.h>
#include <mote/rerank.h>
#include <mote/tokenizer.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 1024, MAX_DIM = 64, N_SENTENCES = 5 };

static const char *const SENTENCES[N_SENTENCES] = {"the quick brown fox jumps over the lazy dog.", "bytes", "a river runs through the valley", "who said that?",
                                                   "one two three four five six seven eight nine ten eleven twelve"};

static const char *family_path(const char *name, char path[PATH_BYTES]) {
    const char *source = getenv("MOTE_SOURCE_DIR");
    if (!source)
        skip();
    snprintf(path, PATH_BYTES, "%s/tests/golden/families/%s", source, name);
    return path;
}

static mote_model *open_exact(const char *path) {
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    mote_model *model;
    mote_error err = {0};
    options.type = "f32";
    if (mote_model_open(path, &options, &model, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return model;
}

static mote_embedder *create(const mote_model *model, uint32_t n_dimensions, const char *pooling, const char *prompt) {
    mote_embed_options options = MOTE_EMBED_OPTIONS_INIT;
    mote_embedder *embedder;
    mote_error err = {0};
    options.n_threads = 2;
    options.n_dimensions = n_dimensions;
    options.pooling = pooling;
    options.prompt = prompt;
    if (mote_embedder_create(model, &options, &embedder, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return embedder;
}

static mote_embed_text embed_one(mote_embedder *embedder, const char *text, float *vector) {
    mote_embed_text one = {.text = text, .text_bytes = strlen(text)};
    mote_error err = {0};
    if (mote_embed(embedder, &one, 1, vector, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return one;
}

static double length_of(const float *v, size_t n) {
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (double)v[i] * v[i];
    return sqrt(squares);
}

/* A folder of symbolic links to a tiny model, some of whose files are replaced. */
typedef struct changed_folder {
    char path[64];
} changed_folder;

static void link_file(const char *from, const char *folder, const char *name) {
    char source[2 * PATH_BYTES], target[PATH_BYTES];
    struct stat st;
    snprintf(source, sizeof source, "%s/%s", from, name);
    snprintf(target, sizeof target, "%s/%s", folder, name);
    if (stat(source, &st) == 0)
        assert_int_equal(symlink(source, target), 0);
}

static void begin_folder(changed_folder *f, const char *family) {
    static const char *const PARTS[] = {"config.json",         "model.safetensors",        "tokenizer.json",      "tokenizer_config.json",
                                        "modules.json",        "1_Pooling/config.json",    "2_Dense/config.json", "2_Dense/model.safetensors",
                                        "3_Dense/config.json", "3_Dense/model.safetensors"};
    static const char *const FOLDERS[] = {"1_Pooling", "2_Dense", "3_Dense"};
    char from[PATH_BYTES], sub[PATH_BYTES];
    family_path(family, from);
    snprintf(f->path, sizeof f->path, "/tmp/mote-embedder-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        snprintf(sub, sizeof sub, "%s/%s", f->path, FOLDERS[i]);
        assert_int_equal(mkdir(sub, 0700), 0);
    }
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        link_file(from, f->path, PARTS[i]);
}

/* text NULL: the file is taken away. */
static void replace(const changed_folder *f, const char *name, const char *text) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    unlink(path);
    if (!text)
        return;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void end_folder(const changed_folder *f) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->path);
    assert_int_equal(system(command), 0);
}

/* Texts of one pass, in passes of their own, by other numbers of threads: the same bits. */
static void test_batches(void **state) {
    static const char *const FAMILIES[] = {"bert-cls", "bert-mean", "xlm-roberta", "nomic-bert", "embeddinggemma", "qwen3-embedding"};
    (void)state;
    for (size_t f = 0; f < sizeof FAMILIES / sizeof *FAMILIES; f++) {
        char path[PATH_BYTES];
        mote_model *model = open_exact(family_path(FAMILIES[f], path));
        mote_embedder *embedder = create(model, 0, NULL, NULL);
        uint32_t dim = mote_embedder_dim(embedder);
        float together[N_SENTENCES * MAX_DIM], alone[MAX_DIM];
        mote_embed_text texts[N_SENTENCES];
        mote_error err = {0};
        assert_true(dim <= MAX_DIM);
        for (size_t i = 0; i < N_SENTENCES; i++)
            texts[i] = (mote_embed_text){.text = SENTENCES[i], .text_bytes = strlen(SENTENCES[i])};
        assert_int_equal(mote_embed(embedder, texts, N_SENTENCES, together, &err), MOTE_OK);
        for (size_t i = 0; i < N_SENTENCES; i++) {
            mote_embed_text one = embed_one(embedder, SENTENCES[i], alone);
            assert_memory_equal(alone, together + i * dim, dim * sizeof *alone);
            assert_int_equal(one.n_tokens, texts[i].n_tokens);
            assert_true(fabs(length_of(alone, dim) - 1) < 1e-6);
        }
        mote_embedder_free(&embedder);
        mote_model_free(&model);
    }
}

static void test_dimensions(void **state) {
    (void)state;
    char path[PATH_BYTES];
    mote_model *model = open_exact(family_path("bert-mean", path));
    mote_embedder *whole = create(model, 0, NULL, NULL), *cut = create(model, 8, NULL, NULL), *none = NULL;
    float a[MAX_DIM], b[MAX_DIM];
    mote_error err = {0};
    assert_int_equal(mote_embedder_dim(cut), 8);
    embed_one(whole, SENTENCES[0], a);
    embed_one(cut, SENTENCES[0], b);
    double length = length_of(a, 8);
    for (size_t i = 0; i < 8; i++)
        assert_true(fabs(a[i] / length - b[i]) < 1e-6);
    mote_embed_options options = MOTE_EMBED_OPTIONS_INIT;
    options.n_dimensions = mote_embedder_dim(whole) + 1;
    assert_int_equal(mote_embedder_create(model, &options, &none, &err), MOTE_ERR_ARGUMENT);
    assert_null(none);
    assert_non_null(strstr(err.message, "33 dimensions"));
    mote_embedder_free(&whole);
    mote_embedder_free(&cut);
    mote_model_free(&model);
}

static void test_prompts(void **state) {
    (void)state;
    changed_folder folder;
    begin_folder(&folder, "bert-mean");
    replace(&folder, "config_sentence_transformers.json", "{\"prompts\": {\"query\": \"who said \", \"passage\": \"\"}, \"default_prompt_name\": \"query\"}");
    mote_model *model = open_exact(folder.path);
    mote_embedder *usual = create(model, 0, NULL, NULL), *named = create(model, 0, NULL, "query"), *empty = create(model, 0, NULL, "passage"), *off = create(model, 0, NULL, "");
    float a[MAX_DIM], b[MAX_DIM], c[MAX_DIM];
    embed_one(off, "who said that?", a);
    embed_one(usual, "that?", b);
    assert_memory_equal(a, b, 32 * sizeof *a);
    embed_one(named, "that?", b);
    assert_memory_equal(a, b, 32 * sizeof *a);
    embed_one(empty, "that?", b);
    embed_one(off, "that?", c);
    assert_memory_equal(b, c, 32 * sizeof *b);
    assert_memory_not_equal(a, b, 32 * sizeof *a);
    mote_embed_options options = MOTE_EMBED_OPTIONS_INIT;
    mote_embedder *none = NULL;
    mote_error err = {0};
    options.prompt = "answer";
    assert_int_equal(mote_embedder_create(model, &options, &none, &err), MOTE_ERR_ARGUMENT);
    assert_string_equal(err.message, "prompt 'answer' is none of the model's (query, passage)");
    mote_embedder_free(&usual);
    mote_embedder_free(&named);
    mote_embedder_free(&empty);
    mote_embedder_free(&off);
    mote_model_free(&model);
    end_folder(&folder);
}

/* The mean over the last token alone is that token's state; a prompt that is left out changes the mean, not the states. */
static void test_unpooled(void **state) {
    (void)state;
    char path[PATH_BYTES];
    mote_model *model = open_exact(family_path("bert-mean", path));
    mote_pooler *mean, *last;
    mote_error err = {0};
    static const int32_t ids[] = {2, 10, 11, 12, 3};
    mote_pooler_text text = {{ids, NULL, 5}, 4};
    float a[MAX_DIM], b[MAX_DIM];
    assert_int_equal(mote_pooler_create(model, MOTE_POOLING_MEAN, 1, &mean, &err), MOTE_OK);
    assert_int_equal(mote_pooler_create(model, MOTE_POOLING_LAST, 1, &last, &err), MOTE_OK);
    assert_int_equal(mote_pooler_run(mean, &text, 1, a, &err), MOTE_OK);
    assert_int_equal(mote_pooler_run(last, &text, 1, b, &err), MOTE_OK);
    assert_memory_equal(a, b, 32 * sizeof *a);
    mote_pooler_free(&mean);
    mote_pooler_free(&last);
    mote_model_free(&model);
}

static void test_lengths(void **state) {
    (void)state;
    changed_folder folder;
    begin_folder(&folder, "bert-mean");
    replace(&folder, "sentence_bert_config.json", "{\"max_seq_length\": 6, \"do_lower_case\": false}");
    mote_model *model = open_exact(folder.path);
    mote_embedder *embedder = create(model, 0, NULL, NULL);
    float a[MAX_DIM], b[MAX_DIM];
    int32_t *ids;
    size_t n;
    mote_error err = {0};
    mote_embed_text cut = embed_one(embedder, SENTENCES[0], a);
    assert_int_equal(mote_tokenize(mote_model_tokenizer(model), SENTENCES[0], strlen(SENTENCES[0]), MOTE_TOKENIZE_ADD_SPECIAL, &ids, &n, &err), MOTE_OK);
    assert_int_equal(cut.n_tokens, 6);
    assert_int_equal(cut.n_dropped, n - 6);
    int32_t kept[6]; /* what is around the text stays */
    memcpy(kept, ids, 5 * sizeof *kept);
    kept[5] = ids[n - 1];
    mote_pooler *pooler;
    mote_pooler_text text = {{kept, NULL, 6}, 0};
    assert_int_equal(mote_pooler_create(model, MOTE_POOLING_MEAN, 1, &pooler, &err), MOTE_OK);
    assert_int_equal(mote_pooler_run(pooler, &text, 1, b, &err), MOTE_OK);
    double length = length_of(b, 32);
    for (size_t i = 0; i < 32; i++)
        assert_true(fabs(b[i] / length - a[i]) < 1e-6);
    mote_free(ids);
    mote_pooler_free(&pooler);
    mote_embedder_free(&embedder);
    mote_model_free(&model);
    end_folder(&folder);
}

/* A list of modules without Normalize leaves vectors as long as they are, unless they are cut. */
static void test_not_normalised(void **state) {
    (void)state;
    changed_folder folder;
    begin_folder(&folder, "bert-mean");
    replace(&folder, "modules.json",
            "[{\"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"}, {\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"}]");
    mote_model *model = open_exact(folder.path);
    mote_embedder *whole = create(model, 0, NULL, NULL), *cut = create(model, 8, NULL, NULL);
    float a[MAX_DIM], b[MAX_DIM];
    embed_one(whole, SENTENCES[0], a);
    embed_one(cut, SENTENCES[0], b);
    assert_true(fabs(length_of(a, 32) - 1) > 0.01);
    assert_true(fabs(length_of(b, 8) - 1) < 1e-6);
    mote_embedder_free(&whole);
    mote_embedder_free(&cut);
    mote_model_free(&model);
    end_folder(&folder);
}

#define POOLING_MODULE "{\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"}"
#define DENSE_MODULE "{\"path\": \"2_Dense\", \"type\": \"sentence_transformers.models.Dense\"}"

static void test_malformed(void **state) {
    static const struct {
        const char *family, *file, *text;
        mote_status status;
        const char *message;
    } CASES[] = {
        {"bert-mean", "1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true, \"pooling_mode_cls_token\": true}", MOTE_ERR_UNSUPPORTED, "pooling by several modes or none"},
        {"bert-mean", "1_Pooling/config.json", "{}", MOTE_ERR_UNSUPPORTED, "pooling by several modes or none"},
        {"bert-mean", "1_Pooling/config.json", "{\"pooling_mode\": \"attention\"}", MOTE_ERR_UNSUPPORTED, "pooling 'attention'"},
        {"bert-mean", "1_Pooling/config.json", "{\"pooling_mode_weightedmean_tokens\": true}", MOTE_ERR_UNSUPPORTED, "weightedmean"},
        {"bert-mean", "1_Pooling/config.json", "[]", MOTE_ERR_FORMAT, "1_Pooling/config.json: no JSON object"},
        {"bert-mean", "1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true", MOTE_ERR_FORMAT, "1_Pooling/config.json"},
        {"bert-mean", "1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true, \"word_embedding_dimension\": 48}", MOTE_ERR_FORMAT, "word_embedding_dimension is 48"},
        {"bert-mean", "modules.json", "{}", MOTE_ERR_FORMAT, "not a list of 1 to 32 modules"},
        {"bert-mean", "modules.json", "[7]", MOTE_ERR_FORMAT, "type of a module is missing"},
        {"bert-mean", "modules.json", "[{\"path\": \"../x\", \"type\": \"models.Pooling\"}]", MOTE_ERR_FORMAT, "leads out of the folder"},
        {"bert-mean", "modules.json", "[{\"path\": \"/etc\", \"type\": \"models.Pooling\"}]", MOTE_ERR_FORMAT, "leads out of the folder"},
        {"bert-mean", "modules.json", "[{\"path\": \"1_CNN\", \"type\": \"models.CNN\"}]", MOTE_ERR_UNSUPPORTED, "module 'models.CNN'"},
        {"qwen3-embedding", "modules.json", "[" POOLING_MODULE ", " DENSE_MODULE "]", MOTE_ERR_UNSUPPORTED, "dense layers are not supported for qwen3"},
        {"embeddinggemma", "modules.json", "[" DENSE_MODULE ", " DENSE_MODULE ", " DENSE_MODULE "]", MOTE_ERR_UNSUPPORTED, "more than two dense layers"},
        {"embeddinggemma", "2_Dense/config.json", NULL, MOTE_ERR_FORMAT, "2_Dense/config.json is missing"},
        {"embeddinggemma", "2_Dense/config.json", "{\"in_features\": 32}", MOTE_ERR_FORMAT, "out_features is missing"},
        {"embeddinggemma", "2_Dense/config.json", "{\"in_features\": 32, \"out_features\": 4611686018427387904}", MOTE_ERR_FORMAT, "out_features is missing or not between"},
        {"embeddinggemma", "2_Dense/config.json", "{\"in_features\": 32, \"out_features\": 48, \"activation_function\": \"torch.nn.ReLU\"}", MOTE_ERR_UNSUPPORTED,
         "'torch.nn.ReLU'"},
        {"embeddinggemma", "2_Dense/config.json", "{\"in_features\": 31, \"out_features\": 48, \"activation_function\": \"Identity\"}", MOTE_ERR_FORMAT, "takes 31 numbers"},
        {"embeddinggemma", "3_Dense/config.json", "{\"in_features\": 48, \"out_features\": 31, \"activation_function\": \"Identity\"}", MOTE_ERR_FORMAT, "shape [48, 32, 1]"},
        {"embeddinggemma", "2_Dense/model.safetensors", NULL, MOTE_ERR_NOT_FOUND, "2_Dense/model.safetensors"},
        {"embeddinggemma", "2_Dense/model.safetensors", "not tensors", MOTE_ERR_FORMAT, "2_Dense/model.safetensors"},
        {"bert-mean", "sentence_bert_config.json", "{\"max_seq_length\": -3}", MOTE_ERR_FORMAT, "a length of -3 tokens"},
        {"bert-mean", "config_sentence_transformers.json", "{\"prompts\": {\"query\": 5}}", MOTE_ERR_FORMAT, "prompt 'query' is no text"},
        {"bert-mean", "config_sentence_transformers.json", "{\"prompts\": {}, \"default_prompt_name\": \"query\"}", MOTE_ERR_FORMAT, "default_prompt_name 'query'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        changed_folder folder;
        mote_model *model = NULL;
        mote_error err = {0};
        begin_folder(&folder, CASES[i].family);
        replace(&folder, CASES[i].file, CASES[i].text);
        mote_status status = mote_model_open(folder.path, NULL, &model, &err);
        if (status != CASES[i].status || !strstr(err.message, CASES[i].message))
            fail_msg("case %zu (%s): status %d, '%s', expected '%s'", i, CASES[i].file, (int)status, err.message, CASES[i].message);
        assert_null(model);
        end_folder(&folder);
    }
}

static void test_refused(void **state) {
    (void)state;
    char path[PATH_BYTES];
    mote_error err = {0};
    mote_embedder *embedder = NULL;
    mote_reranker *reranker = NULL;
    mote_embed_options options = MOTE_EMBED_OPTIONS_INIT;
    mote_model *decoder = open_exact(family_path("llama", path)), *judge = open_exact(family_path("bert-reranker", path));
    assert_int_equal(mote_embedder_create(decoder, NULL, &embedder, &err), MOTE_ERR_UNSUPPORTED);
    assert_int_equal(mote_reranker_create(decoder, 0, false, &reranker, &err), MOTE_ERR_UNSUPPORTED);
    assert_int_equal(mote_embedder_create(judge, NULL, &embedder, &err), MOTE_ERR_UNSUPPORTED);
    options.pooling = "middle";
    assert_int_equal(mote_embedder_create(decoder, &options, &embedder, &err), MOTE_ERR_ARGUMENT);
    assert_null(embedder);
    assert_null(reranker);
    options.pooling = "max"; /* any decoder embeds when it is told how */
    assert_int_equal(mote_embedder_create(decoder, &options, &embedder, &err), MOTE_OK);
    float vector[MAX_DIM * 8];
    assert_true(mote_embedder_dim(embedder) <= MAX_DIM * 8);
    embed_one(embedder, "a small text", vector);
    assert_true(fabs(length_of(vector, mote_embedder_dim(embedder)) - 1) < 1e-6);
    mote_embedder_free(&embedder);
    mote_model_free(&decoder);
    mote_model_free(&judge);
}

static void score(const mote_model *model, bool is_raw, const char *query, mote_embed_text *passage, float *result) {
    mote_reranker *reranker;
    mote_error err = {0};
    assert_int_equal(mote_reranker_create(model, 1, is_raw, &reranker, &err), MOTE_OK);
    if (mote_rerank(reranker, query, strlen(query), passage, 1, result, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    mote_reranker_free(&reranker);
}

static void test_scores(void **state) {
    (void)state;
    char path[PATH_BYTES];
    mote_model *model = open_exact(family_path("bert-reranker", path));
    mote_embed_text passage = {.text = SENTENCES[0], .text_bytes = strlen(SENTENCES[0])};
    float raw, usual;
    score(model, true, "who jumps?", &passage, &raw);
    score(model, false, "who jumps?", &passage, &usual);
    assert_true(fabs(1 / (1 + exp(-(double)raw)) - usual) < 1e-6);
    mote_model_free(&model);
    changed_folder folder;
    begin_folder(&folder, "bert-reranker");
    replace(&folder, "sentence_bert_config.json", "{\"max_seq_length\": 16}");
    model = open_exact(folder.path);
    score(model, true, "who jumps?", &passage, &raw);
    assert_int_equal(passage.n_tokens, 16);
    assert_true(passage.n_dropped > 0);
    mote_model_free(&model);
    end_folder(&folder);
}

/* A model may ask for the network's own scores. */
static void test_identity(void **state) {
    (void)state;
    changed_folder folder;
    mote_error err = {0};
    mote_embed_text passage = {.text = SENTENCES[0], .text_bytes = strlen(SENTENCES[0])};
    float raw, usual;
    char text[4096], path[PATH_BYTES], file[2 * PATH_BYTES];
    snprintf(file, sizeof file, "%s/config.json", family_path("bert-reranker", path));
    FILE *f = fopen(file, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    char *end = strrchr(text, '}');
    assert_non_null(end);
    snprintf(end, sizeof text - (size_t)(end - text), ", \"sbert_ce_default_activation_function\": \"torch.nn.modules.linear.Identity\"}");
    begin_folder(&folder, "bert-reranker");
    replace(&folder, "config.json", text);
    mote_model *model = open_exact(folder.path);
    score(model, true, "who jumps?", &passage, &raw);
    score(model, false, "who jumps?", &passage, &usual);
    assert_true(raw == usual);
    mote_model_free(&model);
    snprintf(end, sizeof text - (size_t)(end - text), ", \"sbert_ce_default_activation_function\": \"torch.nn.Softmax\"}");
    replace(&folder, "config.json", text);
    assert_int_equal(mote_model_open(folder.path, NULL, &model, &err), MOTE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "torch.nn.Softmax"));
    snprintf(end, sizeof text - (size_t)(end - text), ", \"num_labels\": 3}");
    replace(&folder, "config.json", text);
    assert_int_equal(mote_model_open(folder.path, NULL, &model, &err), MOTE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "3 labels"));
    end_folder(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),        cmocka_unit_test(test_dimensions), cmocka_unit_test(test_prompts), cmocka_unit_test(test_unpooled), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_not_normalised), cmocka_unit_test(test_malformed),  cmocka_unit_test(test_refused), cmocka_unit_test(test_scores),   cmocka_unit_test(test_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
