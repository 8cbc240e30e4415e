/* Listings, what is chosen from them, and the hub's cache on disk. Each test of the cache has one of its own. */
#include <mote/store.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/hub_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void paths_stay_inside(void **state) {
    static const char *const good[] = {"a", "a/b", "a.gguf", "a b", ".gitattributes", "..a", "a..", "\xc3\xa9", "1_Pooling/config.json", "..."};
    static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/../b", "../a", "a\\b", "a\nb", "a\x7f", "a\x01"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(mote_hub_listing_is_path(mote_str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mote_hub_listing_is_path(mote_str_of(bad[i])));
    assert_false(mote_hub_listing_is_path((mote_str){"a\0b", 3}));
}

/* A listing of the paths, which end with NULL; each a byte longer than the one before. */
static mote_hub_listing listing_of(const char *const *paths) {
    mote_hub_listing listing = {NULL, 0, 0};
    for (size_t i = 0; paths[i]; i++)
        assert_int_equal(mote_hub_listing_add(&listing, mote_str_of(paths[i]), i + 1, HASH_A, NULL), MOTE_OK);
    return listing;
}

static mote_hub_name name_of(const char *text) {
    mote_hub_name name;
    assert_true(mote_hub_name_parse(text, &name));
    return name;
}

/* The first file that is chosen, or the beginning of why none is. */
static void chooses(const char *const *paths, const char *text, const char *wanted, const char *quant) {
    mote_hub_listing listing = listing_of(paths);
    mote_hub_name name = name_of(text);
    mote_hub_choice choice;
    mote_error err = {0};
    if (mote_hub_choice_make(&listing, &name, &choice, &err) == MOTE_OK) {
        assert_string_equal(choice.is_folder ? "folder" : listing.files[choice.files[0]].path, wanted);
        assert_string_equal(choice.quant, quant);
    } else if (strncmp(err.message, wanted, strlen(wanted)) != 0) {
        fail_msg("%s: %s", text, err.message);
    }
    mote_hub_choice_free(&choice);
    mote_hub_listing_free(&listing);
}

static void a_quant_picks_a_file(void **state) {
    static const char *const many[] = {"README.md",
                                       "m-Q2_K.gguf",
                                       "m-Q4_0.gguf",
                                       "m-Q4_0_4_4.gguf",
                                       "m-Q4_K_S.gguf",
                                       "m-UD-Q4_K_M.gguf",
                                       "m-Q4_K_M.gguf",
                                       "m.Q5_K_M.gguf",
                                       "m-Q8_0.gguf",
                                       "mmproj-m-Q6_K.gguf",
                                       "imatrix.gguf",
                                       "m-bf16/m-BF16.gguf",
                                       NULL};
    static const char *const one[] = {"model.gguf", "notes.txt", NULL};
    static const char *const two[] = {"a.gguf", "b.gguf", NULL};
    static const char *const both[] = {"config.json", "model.safetensors", "m-Q2_K.gguf", "n-Q3_K.gguf", NULL};
    static const char *const parts[] = {"m-Q8_0-00002-of-00002.gguf", "m-Q8_0-00001-of-00002.gguf", "m-Q4_0-00001-of-00002.gguf", NULL};
    (void)state;
    chooses(many, "a/b", "m-Q4_K_M.gguf", "Q4_K_M");
    chooses(many, "a/b:q4_k_m", "m-Q4_K_M.gguf", "Q4_K_M");
    chooses(many, "a/b:UD-Q4_K_M", "m-UD-Q4_K_M.gguf", "UD-Q4_K_M");
    chooses((const char *const[]){"a-Q2_K.gguf", "bb-Q2_K.gguf", NULL}, "a/b:bb-Q2_K", "bb-Q2_K.gguf", "bb-Q2_K");
    chooses(many, "a/b:Q4_0", "m-Q4_0.gguf", "Q4_0");
    chooses(many, "a/b:Q5_K_M", "m.Q5_K_M.gguf", "Q5_K_M");
    chooses(many, "a/b:bf16", "m-bf16/m-BF16.gguf", "BF16");
    chooses(many, "a/b:m-Q2_K", "m-Q2_K.gguf", "Q2_K");
    chooses(many, "a/b:Q4_K", "a/b has no Q4_K; there are", "");
    chooses(many, "a/b:Q6_K", "a/b has no Q6_K; there are", "");
    chooses(many, "a/b:K", "a/b has no K;", "");
    chooses((const char *const[]){"m_Q4_K_M.gguf", "m_q8_0.gguf", NULL}, "a/b", "m_Q4_K_M.gguf", "Q4_K_M");
    chooses((const char *const[]){"m_Q4_K_M.gguf", "m_q8_0.gguf", NULL}, "a/b:Q8_0", "m_q8_0.gguf", "Q8_0");
    chooses(one, "a/b", "model.gguf", "model");
    chooses(one, "a/b:model", "model.gguf", "model");
    chooses(two, "a/b", "a/b has several models; a/b:QUANT names one: a b", "");
    chooses(two, "a/b:B", "b.gguf", "b");
    chooses(both, "a/b", "folder", "safetensors");
    chooses(both, "a/b:safetensors", "folder", "safetensors");
    chooses(both, "a/b:Q3_K", "n-Q3_K.gguf", "Q3_K");
    chooses(parts, "a/b", "m-Q4_0-00001-of-00002.gguf: part 2 of 2 is missing", "");
    chooses(parts, "a/b:Q8_0", "m-Q8_0-00001-of-00002.gguf", "Q8_0");
    chooses((const char *const[]){"config.json", NULL}, "a/b", "a/b holds no model", "");
    chooses((const char *const[]){"model.safetensors", NULL}, "a/b", "a/b holds no model", "");
    chooses((const char *const[]){NULL}, "a/b", "a/b holds no model", "");
    chooses((const char *const[]){"adapter_config.json", "adapter_model.safetensors", NULL}, "a/b", "folder", "");
}

static void a_folder_is_what_a_model_needs(void **state) {
    static const char *const paths[] = {"config.json",
                                        "pytorch_model.bin",
                                        "model.safetensors",
                                        "model.fp16.safetensors",
                                        "2_Dense/model.safetensors",
                                        "2_Dense/pytorch_model.bin",
                                        "1_Pooling/config.json",
                                        "onnx/config.json",
                                        "tokenizer.model",
                                        "vocab.txt",
                                        "README.md",
                                        "optimizer.json",
                                        "sentence_bert_config.json",
                                        "1_a/b/config.json",
                                        NULL};
    static const char *const wanted[] = {"model.safetensors", "2_Dense/model.safetensors", "1_Pooling/config.json", "tokenizer.model", "vocab.txt", "sentence_bert_config.json",
                                         "config.json"};
    mote_hub_listing listing = listing_of(paths);
    mote_hub_name name = name_of("a/b");
    mote_hub_choice choice;
    (void)state;
    assert_int_equal(mote_hub_choice_make(&listing, &name, &choice, NULL), MOTE_OK);
    assert_int_equal(choice.n, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < choice.n; i++)
        assert_string_equal(listing.files[choice.files[i]].path, wanted[i]);
    mote_hub_choice_free(&choice);
    mote_hub_listing_free(&listing);
}

static int make_cache(void **state) {
    static char folder[64];
    strcpy(folder, "/tmp/mote-hub-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    setenv("HF_HUB_CACHE", folder, 1);
    setenv("MOTE_MODELS", "/nonexistent", 1);
    *state = folder;
    return 0;
}

static int drop_cache(void **state) {
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    return system(command);
}

/* Puts a file into a repository of the cache, as a pull does. */
static void put(const char *cache, const char *text, const char *commit, const char *path, const char *hash, const char *bytes) {
    mote_hub_name name = name_of(text);
    mote_hub_file file = {.path = (char *)(uintptr_t)path, .n_bytes = strlen(bytes)};
    strcpy(file.hash, hash);
    char *repo = mote_hub_cache_repo(cache, &name), *blob = mote_hub_cache_blob(repo, hash, "");
    *strrchr(blob, '/') = 0;
    assert_int_equal(mote_file_make_directories(blob, NULL), MOTE_OK);
    blob[strlen(blob)] = '/';
    FILE *f = fopen(blob, "wb");
    assert_non_null(f);
    fputs(bytes, f);
    fclose(f);
    assert_int_equal(mote_hub_cache_link(repo, commit, &file, NULL), MOTE_OK);
    assert_int_equal(mote_hub_cache_set_ref(repo, name.revision, commit, NULL), MOTE_OK);
    mote_mem_free(repo);
    mote_mem_free(blob);
}

static void is_at(const char *text, const char *wanted) {
    char *path = NULL;
    mote_error err = {0};
    mote_status status = mote_store_resolve(text, &path, &err);
    if (!wanted) {
        assert_int_equal(status, MOTE_ERR_NOT_FOUND);
    } else {
        assert_int_equal(status, MOTE_OK);
        assert_non_null(strstr(path, wanted));
    }
    mote_mem_free(path);
}

static void names_lead_to_the_cache(void **state) {
    is_at("org/m", NULL);
    put(*state, "org/m", COMMIT, "m-Q2_K.gguf", HASH_A, "abc");
    is_at("org/m", "/models--org--m/snapshots/" COMMIT "/m-Q2_K.gguf");
    is_at("org/m:q2_k", "/m-Q2_K.gguf");
    is_at("hf.co/org/m@" COMMIT, "/m-Q2_K.gguf");
    is_at("org/m:Q8_0", NULL);
    is_at("org/m@v1", NULL);
    is_at("org/other", NULL);
    put(*state, "org/m", COMMIT, "deep/er/m-IQ2_M.gguf", HASH_B, "abcd");
    is_at("org/m:iq2_m", "/deep/er/m-IQ2_M.gguf");
    mote_error err = {0};
    char *path = NULL;
    assert_int_equal(mote_store_path("org/m", &path, &err), MOTE_ERR_NOT_FOUND); /* which of the two? */
    assert_non_null(strstr(err.message, "several models"));
    put(*state, "org/f@v1", COMMIT, "model.safetensors", HASH_A, "abc");
    is_at("org/f@v1", NULL); /* its config isn't there yet */
    put(*state, "org/f@v1", COMMIT, "config.json", HASH_B, "{}");
    is_at("org/f@v1", "/models--org--f/snapshots/" COMMIT);
    is_at("org/f", NULL);
}

static void a_link_to_nothing_is_no_model(void **state) {
    char path[300];
    put(*state, "org/m", COMMIT, "m-Q4_0.gguf", HASH_A, "abc");
    is_at("org/m", "m-Q4_0");
    snprintf(path, sizeof path, "%s/models--org--m/blobs/" HASH_A, (char *)*state);
    assert_int_equal(unlink(path), 0);
    is_at("org/m", NULL);
    /* A ref that holds something else than a commit leads nowhere. */
    put(*state, "org/m", COMMIT, "m-Q4_0.gguf", HASH_A, "abc");
    snprintf(path, sizeof path, "%s/models--org--m/refs/main", (char *)*state);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("../../../../etc", f);
    fclose(f);
    is_at("org/m", NULL);
}

static void the_list_has_them(void **state) {
    char *json = NULL;
    put(*state, "org/m", COMMIT, "m-Q4_0.gguf", HASH_A, "abc");
    put(*state, "org/m", COMMIT, "m-Q8_0.gguf", HASH_B, "abcd");
    put(*state, "big/f", COMMIT, "model.safetensors", HASH_A, "abc");
    put(*state, "big/f", COMMIT, "config.json", HASH_B, "{}");
    put(*state, "org/old@" COMMIT, COMMIT, "only.gguf", HASH_A, "abc");
    assert_int_equal(mote_store_list(&json, NULL), MOTE_OK);
    const char *f = strstr(json, "{\"name\":\"big/f\",\"installed\":true"), *four = strstr(json, "{\"name\":\"org/m:Q4_0\""), *eight = strstr(json, "{\"name\":\"org/m:Q8_0\""),
               *old = strstr(json, "{\"name\":\"org/old:only@" COMMIT "\"");
    assert_true(f && four && eight && old && f < four && four < eight && eight < old);
    assert_non_null(strstr(f, "\"bytes\":5,"));
    assert_non_null(strstr(eight, "\"bytes\":4,"));
    mote_mem_free(json);
    is_at("org/old:only@" COMMIT, "/only.gguf");
}

static void removal_leaves_what_others_use(void **state) {
    char path[300];
    put(*state, "org/m", COMMIT, "m-Q4_0.gguf", HASH_A, "abc");
    put(*state, "org/m", COMMIT, "m-Q8_0.gguf", HASH_B, "abcd");
    put(*state, "org/m@v2", "ff" COMMIT, "n-Q4_0.gguf", HASH_A, "abc");
    assert_int_equal(mote_store_remove("org/m:Q4_0", NULL), MOTE_OK);
    is_at("org/m:Q4_0", NULL);
    is_at("org/m:Q8_0", "m-Q8_0");
    is_at("org/m@v2", "n-Q4_0"); /* the same blob */
    assert_int_equal(mote_store_remove("org/m:Q4_0", NULL), MOTE_ERR_NOT_FOUND);
    assert_int_equal(mote_store_remove("org/m", NULL), MOTE_OK);
    assert_int_equal(mote_store_remove("org/m@v2", NULL), MOTE_OK);
    snprintf(path, sizeof path, "%s/models--org--m", (char *)*state);
    assert_false(mote_file_exists(path));
    /* A link that leads elsewhere is removed; what it leads to isn't. */
    put(*state, "org/m", COMMIT, "m-Q4_0.gguf", HASH_A, "abc");
    char other[300], link[300];
    snprintf(other, sizeof other, "%s/blobs", (char *)*state);
    assert_int_equal(mote_file_make_directories(other, NULL), MOTE_OK);
    snprintf(other, sizeof other, "%s/blobs/mine", (char *)*state);
    FILE *f = fopen(other, "w");
    assert_non_null(f);
    fclose(f);
    snprintf(link, sizeof link, "%s/models--org--m/snapshots/" COMMIT "/x-Q8_0.gguf", (char *)*state);
    assert_int_equal(symlink(other, link), 0);
    assert_int_equal(mote_store_remove("org/m:Q8_0", NULL), MOTE_OK);
    assert_true(mote_file_exists(other));
    is_at("org/m", "m-Q4_0");
}

static void offline_asks_nobody(void **state) {
    mote_pull_result got;
    mote_error err = {0};
    setenv("HF_HUB_OFFLINE", "1", 1);
    setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
    assert_int_equal(mote_store_pull("org/m", NULL, &got, &err), MOTE_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "HF_HUB_OFFLINE"));
    put(*state, "org/m", COMMIT, "m-Q4_0.gguf", HASH_A, "abc");
    assert_int_equal(mote_store_pull("org/m", NULL, &got, &err), MOTE_OK);
    assert_string_equal(got.name, "org/m");
    assert_int_equal(got.n_bytes, 3);
    mote_pull_result_deinit(&got);
    assert_int_equal(mote_store_pull("no name", NULL, &got, &err), MOTE_ERR_ARGUMENT);
    unsetenv("HF_HUB_OFFLINE");
    unsetenv("HF_ENDPOINT");
}

#define IN_CACHE(test) cmocka_unit_test_setup_teardown(test, make_cache, drop_cache)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_stay_inside),      cmocka_unit_test(a_quant_picks_a_file),  cmocka_unit_test(a_folder_is_what_a_model_needs),
        IN_CACHE(names_lead_to_the_cache),        IN_CACHE(a_link_to_nothing_is_no_model), IN_CACHE(the_list_has_them),
        IN_CACHE(removal_leaves_what_others_use), IN_CACHE(offline_asks_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
