/* The folder of models: names, import, list, removal. Each test has a folder of its own. */
#include <mote/store.h>

#include "base/file.h"
#include "base/mem.h"
#include "formats/gguf.h"
#include "formats/json.h"
#include "store/catalogue.h"
#include "store/places.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct place {
    char folder[64], models[96], tiny[512];
} place;

static int make_place(void **state) {
    place *p = calloc(1, sizeof *p);
    const char *source = getenv("MOTE_SOURCE_DIR");
    if (!p)
        return -1;
    strcpy(p->folder, "/tmp/mote-store-XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->models, sizeof p->models, "%s/a/models", p->folder);
    snprintf(p->tiny, sizeof p->tiny, "%s/tests/cli/tiny.gguf", source ? source : ".");
    setenv("MOTE_MODELS", p->models, 1);
    setenv("HF_HUB_CACHE", p->folder, 1);
    unsetenv("MOTE_MODEL");
    *state = p;
    return 0;
}

static int drop_place(void **state) {
    place *p = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    int failed = system(command);
    free(p);
    return failed;
}

static size_t count_entries(const char *folder) {
    size_t n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (dir)
        closedir(dir);
    return n;
}

static void write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_name_is_never_a_path(void **state) {
    static const char *const good[] = {"a", "smollm2-135m", "qwen2.5-coder-0.5b", "0_x"};
    static const char *const bad[] = {"", ".", "..", "../x", "/x", "a/b", ".hidden", "-x", "_x", "A", "a b", "a\n", "\xc3\xa9"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(mote_places_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mote_places_is_name(bad[i]));
    char longest[MOTE_PLACES_MAX_NAME + 2];
    memset(longest, 'a', sizeof longest);
    longest[MOTE_PLACES_MAX_NAME + 1] = 0;
    assert_false(mote_places_is_name(longest));
    longest[MOTE_PLACES_MAX_NAME] = 0;
    assert_true(mote_places_is_name(longest));
}

static void a_name_comes_from_the_file(void **state) {
    static const char *const cases[][2] = {{"/x/Model-1.0.Q4_K_M.GGUF", "model-1.0.q4_k_m"}, {"/x/Some Folder/", "some-folder"}, {"__a.gguf", "a"}, {"/..gguf/x.gguf", "x"}};
    (void)state;
    char *name = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(mote_store_name_of(cases[i][0], &name, NULL), MOTE_OK);
        assert_string_equal(name, cases[i][1]);
        mote_mem_free(name);
    }
    assert_int_equal(mote_store_name_of("/", &name, NULL), MOTE_ERR_ARGUMENT);
    assert_null(name);
}

static void the_catalogue_is_complete(void **state) {
    mote_catalogue catalogue = {NULL};
    size_t n_default = 0;
    (void)state;
    assert_int_equal(mote_catalogue_open(&catalogue, NULL), MOTE_OK);
    assert_int_equal(mote_catalogue_count(&catalogue), 5);
    for (size_t i = 0; i < mote_catalogue_count(&catalogue); i++) {
        mote_catalogue_entry entry = mote_catalogue_at(&catalogue, i);
        assert_true(mote_places_is_name(entry.name));
        assert_int_equal(strlen(entry.sha256), 64);
        assert_true(entry.bytes > 0 && entry.licence[0] && mote_json_length(entry.packages) > 0);
        n_default += entry.is_default;
    }
    assert_int_equal(n_default, 1);
    assert_string_equal(mote_catalogue_default(&catalogue), "smollm2-135m");
    mote_catalogue_close(&catalogue);
}

static void a_file_comes_and_goes(void **state) {
    const place *p = *state;
    char *path = NULL, wanted[128];
    snprintf(wanted, sizeof wanted, "%s/mine.gguf", p->models);
    assert_int_equal(mote_store_path("mine", &path, NULL), MOTE_ERR_NOT_FOUND);
    assert_int_equal(mote_store_import(p->tiny, "mine", NULL, NULL, NULL, NULL), MOTE_OK);
    assert_int_equal(mote_store_import(p->tiny, "mine", NULL, NULL, NULL, NULL), MOTE_OK);
    assert_int_equal(mote_store_path("mine", &path, NULL), MOTE_OK);
    assert_string_equal(path, wanted);
    /* From its own place: nothing to do, and nothing harmed. */
    assert_int_equal(mote_store_import(path, "mine", NULL, NULL, NULL, NULL), MOTE_OK);
    mote_mem_free(path);
    setenv("MOTE_MODEL", "mine", 1);
    assert_int_equal(mote_store_resolve(NULL, &path, NULL), MOTE_OK);
    assert_string_equal(path, wanted);
    mote_mem_free(path);
    assert_int_equal(mote_store_resolve(p->tiny, &path, NULL), MOTE_OK);
    assert_string_equal(path, p->tiny);
    mote_mem_free(path);
    assert_int_equal(count_entries(p->models), 1);
    assert_int_equal(mote_store_remove("mine", NULL), MOTE_OK);
    assert_int_equal(mote_store_remove("mine", NULL), MOTE_ERR_NOT_FOUND);
    assert_int_equal(count_entries(p->models), 0);
}

static bool stop_at_once(void *context, const char *what, double fraction) {
    (void)what;
    (void)fraction;
    ++*(int *)context;
    return false;
}

static void nothing_half_written_is_left(void **state) {
    const place *p = *state;
    char zeros[65], not_a_model[128];
    int n_calls = 0;
    mote_error err = {0};
    memset(zeros, '0', 64);
    zeros[64] = 0;
    snprintf(not_a_model, sizeof not_a_model, "%s/text.gguf", p->folder);
    write_text(not_a_model, "this is no model, though it is long enough to be read as one");
    assert_int_equal(mote_store_import(p->tiny, "mine", zeros, NULL, NULL, &err), MOTE_ERR_FORMAT);
    assert_non_null(strstr(err.message, zeros));
    assert_int_equal(mote_store_import(p->tiny, "mine", "12", NULL, NULL, NULL), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_store_import(p->tiny, "smollm2-135m", NULL, NULL, NULL, NULL), MOTE_ERR_FORMAT);
    assert_int_equal(mote_store_import(p->tiny, "mine", NULL, stop_at_once, &n_calls, NULL), MOTE_ERR_CANCELLED);
    assert_int_equal(n_calls, 1);
    assert_int_equal(mote_store_import(not_a_model, "mine", NULL, NULL, NULL, NULL), MOTE_ERR_FORMAT);
    assert_int_equal(mote_store_import("/nothing/here.gguf", "mine", NULL, NULL, NULL, NULL), MOTE_ERR_NOT_FOUND);
    assert_int_equal(count_entries(p->models), 0);
}

/* A folder with the smallest safetensors file there is: one tensor of one number. */
static void make_folder(const char *folder) {
    static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  ";
    char path[160];
    uint64_t n = sizeof header - 1;
    assert_int_equal(mote_file_make_directories(folder, NULL), MOTE_OK);
    snprintf(path, sizeof path, "%s/config.json", folder);
    write_text(path, "{}");
    snprintf(path, sizeof path, "%s/README.md", folder);
    write_text(path, "not needed");
    snprintf(path, sizeof path, "%s/1_Pooling", folder);
    assert_int_equal(mote_file_make_directories(path, NULL), MOTE_OK);
    snprintf(path, sizeof path, "%s/1_Pooling/config.json", folder);
    write_text(path, "{}");
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (int i = 0; i < 8; i++)
        fputc((int)(n >> (8 * i)) & 255, f);
    fwrite(header, 1, n, f);
    fwrite("\0\0\0\0", 1, 4, f);
    fclose(f);
}

static void a_folder_comes_as_a_whole(void **state) {
    const place *p = *state;
    char folder[96], inside[160], *path = NULL;
    snprintf(folder, sizeof folder, "%s/Tiny Encoder", p->folder);
    make_folder(folder);
    for (int again = 0; again < 2; again++)
        assert_int_equal(mote_store_import(folder, NULL, NULL, NULL, NULL, NULL), MOTE_OK);
    assert_int_equal(mote_store_path("tiny-encoder", &path, NULL), MOTE_OK);
    assert_int_equal(count_entries(path), 3);
    snprintf(inside, sizeof inside, "%s/1_Pooling/config.json", path);
    assert_true(mote_file_exists(inside));
    assert_int_equal(count_entries(p->models), 1);
    mote_mem_free(path);
    snprintf(inside, sizeof inside, "%s/config.json", folder);
    unlink(inside);
    assert_int_not_equal(mote_store_import(folder, "other", NULL, NULL, NULL, NULL), MOTE_OK);
    assert_int_equal(count_entries(p->models), 1);
    assert_int_equal(mote_store_remove("tiny-encoder", NULL), MOTE_OK);
    assert_int_equal(count_entries(p->models), 0);
}

/* Three parts of a model of three tensors, under a name that needs tidying. */
static void write_parts(const char *folder) {
    for (uint32_t part = 0; part < 3; part++) {
        char path[160];
        const float x[2] = {1, 2};
        mote_gguf_writer *w = NULL;
        snprintf(path, sizeof path, "%s/My Model-%05u-of-00003.gguf", folder, part + 1);
        assert_int_equal(mote_gguf_writer_create(path, &w, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_writer_u32(w, "split.no", part, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_writer_u32(w, "split.count", 3, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_writer_u32(w, "split.tensors.count", 3, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_writer_tensor(w, mote_str_of(part == 0 ? "a" : part == 1 ? "b" : "c"), MOTE_DTYPE_F32, 1, (uint64_t[]){2}, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_writer_begin_data(w, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_writer_data(w, x, sizeof x, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_writer_finish(&w, NULL), MOTE_OK);
    }
}

static void parts_stay_together(void **state) {
    const place *p = *state;
    char any[96], *path = NULL, *json = NULL;
    mote_gguf *gguf = NULL;
    mote_error err = {0};
    write_parts(p->folder);
    snprintf(any, sizeof any, "%s/My Model-00002-of-00003.gguf", p->folder);
    assert_int_equal(mote_store_import(any, NULL, "0000000000000000000000000000000000000000000000000000000000000000", NULL, NULL, &err), MOTE_ERR_ARGUMENT);
    /* Where a single file has the name, the parts take its place; the same again changes nothing. */
    assert_int_equal(mote_store_import(p->tiny, "my-model", NULL, NULL, NULL, NULL), MOTE_OK);
    for (int again = 0; again < 2; again++)
        assert_int_equal(mote_store_import(any, NULL, NULL, NULL, NULL, &err), MOTE_OK);
    assert_int_equal(count_entries(p->models), 1);
    assert_int_equal(mote_store_path("my-model", &path, NULL), MOTE_OK);
    assert_non_null(strstr(path, "/my-model/my-model-00001-of-00003.gguf"));
    assert_int_equal(mote_gguf_open(path, &gguf, &err), MOTE_OK);
    assert_int_equal(mote_gguf_n_tensors(gguf), 3);
    mote_gguf_close(&gguf);
    mote_mem_free(path);
    assert_int_equal(mote_store_list(&json, NULL), MOTE_OK);
    assert_non_null(strstr(json, "\"name\":\"my-model\",\"installed\":true"));
    mote_mem_free(json);
    assert_int_equal(mote_store_remove("my-model", NULL), MOTE_OK);
    assert_int_equal(count_entries(p->models), 0);
    /* A part is missing: nothing appears. */
    unlink(any);
    any[strlen(p->folder) + strlen("/My Model-0000")] = '1';
    assert_int_equal(mote_store_import(any, NULL, NULL, NULL, NULL, NULL), MOTE_ERR_NOT_FOUND);
    assert_int_equal(count_entries(p->models), 0);
}

/* A folder of models that is called like a model is not the model. */
static void removal_stays_inside(void **state) {
    const place *p = *state;
    char models[160];
    snprintf(models, sizeof models, "%s/tiny", p->folder);
    setenv("MOTE_MODELS", models, 1);
    assert_int_equal(mote_store_import(p->tiny, "tiny", NULL, NULL, NULL, NULL), MOTE_OK);
    assert_int_equal(mote_store_import(p->tiny, "other", NULL, NULL, NULL, NULL), MOTE_OK);
    assert_int_equal(mote_store_remove("tiny", NULL), MOTE_OK);
    assert_int_equal(count_entries(models), 1);
}

static void the_list_has_what_is_installed(void **state) {
    const place *p = *state;
    char *text = NULL;
    mote_json *list = NULL;
    assert_int_equal(mote_store_import(p->tiny, "zz", NULL, NULL, NULL, NULL), MOTE_OK);
    assert_int_equal(mote_store_list(&text, NULL), MOTE_OK);
    assert_int_equal(mote_json_parse(text, strlen(text), &list, NULL), MOTE_OK);
    assert_int_equal(mote_json_length(list), 6);
    const mote_json *first = mote_json_at(list, 0), *last = mote_json_at(list, 5);
    assert_false(mote_json_bool(mote_json_get(first, "installed"), true));
    assert_true(mote_json_bool(mote_json_get(first, "default"), false));
    assert_string_equal(mote_json_text(mote_json_get(last, "name")), "zz");
    assert_true(mote_json_bool(mote_json_get(last, "installed"), false));
    mote_json_free(&list);
    mote_mem_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_never_a_path),
        cmocka_unit_test(a_name_comes_from_the_file),
        cmocka_unit_test(the_catalogue_is_complete),
        cmocka_unit_test_setup_teardown(a_file_comes_and_goes, make_place, drop_place),
        cmocka_unit_test_setup_teardown(nothing_half_written_is_left, make_place, drop_place),
        cmocka_unit_test_setup_teardown(a_folder_comes_as_a_whole, make_place, drop_place),
        cmocka_unit_test_setup_teardown(parts_stay_together, make_place, drop_place),
        cmocka_unit_test_setup_teardown(removal_stays_inside, make_place, drop_place),
        cmocka_unit_test_setup_teardown(the_list_has_what_is_installed, make_place, drop_place),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
