/* Model files that somebody overwrites in place while they are opened, loaded, run and quantised: wrong numbers or an error, never unsafe memory (the sanitizers watch). The writer
 * puts mutants of the file's own beginning over it, of the same length, and single numbers over its lengths and counts, so that what was checked a moment ago no longer holds. */
#include "base/rng.h"
#include "formats/gguf.h"
#include "formats/safetensors.h"
#include "fuzz/mutate_gguf.h"
#include "fuzz/mutate_safetensors.h"
#include "text/tokenizer.h"

#include <mote/mote.h>
#include <mote/quantize.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 400, MAX_FILE_BYTES = 1 << 20, PATH_BYTES = 4096, HEADER_BYTES = 8192 };

typedef struct vandal {
    const char *path;
    const uint8_t *good;
    size_t n_bytes;
    mutate_fn mutator;
    atomic_bool stop;
    atomic_uint n_writes;
} vandal;

static char folder[64];

static void put(int fd, const void *data, size_t n, size_t at) {
    if (pwrite(fd, data, n, (off_t)at) != (ssize_t)n)
        abort();
}

static void *overwrite(void *context) {
    vandal *v = context;
    mote_buffer out;
    mote_rng rng;
    int fd = open(v->path, O_WRONLY);
    mote_buffer_init(&out, 2 * MAX_FILE_BYTES);
    mote_rng_init(&rng, 1);
    for (uint64_t i = 0; fd >= 0 && !atomic_load(&v->stop); i++) {
        size_t room = v->n_bytes < HEADER_BYTES ? v->n_bytes : HEADER_BYTES;
        if (i % 2) {
            mutate m;
            mutate_init(&m, i);
            mote_buffer_clear(&out);
            if (v->mutator(&m, (mutate_span){v->good, v->n_bytes}, &out))
                put(fd, out.data, out.len < v->n_bytes ? out.len : v->n_bytes, 0);
            mutate_deinit(&m);
        } else {
            uint64_t number = mote_rng_next(&rng) % 4 ? mote_rng_next(&rng) % 512 : UINT64_MAX >> mote_rng_next(&rng) % 64;
            for (int k = 0; k < 64; k++)
                put(fd, &number, 8, mote_rng_next(&rng) % (room - 8));
        }
        put(fd, v->good, v->n_bytes, 0);
        atomic_fetch_add(&v->n_writes, 1);
    }
    if (fd >= 0)
        close(fd);
    mote_buffer_deinit(&out);
    return NULL;
}

static uint8_t *read_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(MAX_FILE_BYTES);
    assert_non_null(f);
    assert_non_null(data);
    *n = fread(data, 1, MAX_FILE_BYTES, f);
    fclose(f);
    assert_true(*n > 0 && *n < MAX_FILE_BYTES);
    return data;
}

static void write_file(const char *path, const uint8_t *data, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static bool run(const mote_model *model) {
    mote_engine_options options = MOTE_ENGINE_OPTIONS_INIT;
    mote_engine *engine = NULL;
    mote_session *session = NULL;
    mote_error err;
    const int32_t ids[4] = {0, 1, 2, 3};
    options.n_ctx = 16;
    options.n_threads = 1;
    bool ran = mote_engine_create(model, &options, &engine, &err) == MOTE_OK && mote_session_create(engine, &session, &err) == MOTE_OK &&
               mote_session_feed(session, ids, 4, &err) == MOTE_OK;
    mote_session_free(&session);
    mote_engine_free(&engine);
    return ran;
}

/* What is there to be done with a model, again and again. Whether it works is a matter of luck; each way happens at least once. */
static void use(const char *path, bool is_file, vandal *v) {
    char out[PATH_BYTES], *json = NULL;
    unsigned n_good = 0, n_bad = 0;
    mote_error err;
    snprintf(out, sizeof out, "%s/out.gguf", folder);
    for (int i = 0; i < ROUNDS || atomic_load(&v->n_writes) < ROUNDS; i++) {
        mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
        mote_model *model = NULL;
        mote_status status = MOTE_OK;
        options.n_threads = 1;
        options.type = i % 2 ? "f32" : NULL;
        switch (i % 4) {
        case 0:
        case 1:
            status = mote_model_open(path, &options, &model, &err);
            if (status == MOTE_OK && !run(model))
                status = MOTE_ERR_FAILED;
            mote_model_free(&model);
            break;
        case 2:
            status = mote_check_file(path, is_file ? "gguf" : NULL, NULL, &err);
            if (mote_model_describe(path, &json, &err) == MOTE_OK)
                mote_free(json);
            break;
        default:
            if (is_file)
                status = mote_quantize_file(path, out, i % 8 == 3 ? "Q4_0" : "Q8_0", NULL, NULL, &err);
        }
        n_good += status == MOTE_OK;
        n_bad += status != MOTE_OK;
    }
    unlink(out);
    assert_true(n_good > 0);
    assert_true(n_bad > 0);
}

static void vandalise(const char *path, const char *opened, bool is_file, mutate_fn mutator) {
    vandal v = {.path = path, .mutator = mutator};
    uint8_t *good = read_file(path, &v.n_bytes);
    pthread_t thread;
    v.good = good;
    assert_int_equal(pthread_create(&thread, NULL, overwrite, &v), 0);
    use(opened, is_file, &v);
    atomic_store(&v.stop, true);
    pthread_join(thread, NULL);
    free(good);
}

static void copy(const char *from, const char *name, char path[PATH_BYTES]) {
    size_t n;
    uint8_t *data = read_file(from, &n);
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    write_file(path, data, n);
    free(data);
}

/* All keys, numbers and texts in one number. */
static uint64_t digest(const mote_gguf *g) {
    uint64_t sum = 0;
    for (size_t i = 0; i < mote_gguf_n_values(g); i++) {
        const mote_gguf_value *v = mote_gguf_value_at(g, i);
        uint64_t cursor = 0;
        mote_str s = {0};
        while (mote_gguf_next_string(v, &cursor, &s))
            for (size_t j = 0; j < s.len; j++)
                sum = sum * 31 + (uint8_t)s.data[j];
        for (uint64_t j = 0; j < v->n_bytes; j++)
            sum = sum * 31 + v->data[j];
        for (size_t j = 0; j < v->key.len; j++)
            sum = sum * 31 + (uint8_t)v->key.data[j];
    }
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++)
        for (size_t j = 0; j < mote_gguf_tensor_at(g, i)->name.len; j++)
            sum = sum * 31 + (uint8_t)mote_gguf_tensor_at(g, i)->name.data[j];
    return sum;
}

static void damage(const char *path) {
    uint8_t bytes[HEADER_BYTES];
    int fd = open(path, O_WRONLY);
    memset(bytes, 0xff, sizeof bytes);
    assert_true(fd >= 0);
    put(fd, bytes, sizeof bytes, 0);
    close(fd);
}

/* Without any race: nothing of what was checked when the file was opened is read from it again. */
static void gguf_header_is_kept(void **state) {
    (void)state;
    char from[PATH_BYTES], path[PATH_BYTES];
    mote_gguf *g = NULL;
    mote_tokenizer *t = NULL;
    snprintf(from, sizeof from, "%s/tests/cli/tiny.gguf", getenv("MOTE_SOURCE_DIR"));
    copy(from, "model.gguf", path);
    assert_int_equal(mote_gguf_open(path, &g, NULL), MOTE_OK);
    uint64_t before = digest(g);
    damage(path);
    assert_true(digest(g) == before);
    assert_non_null(mote_gguf_find_tensor(g, "token_embd.weight"));
    assert_int_equal(mote_tokenizer_from_gguf(g, &t, NULL), MOTE_OK);
    mote_tokenizer_free(&t);
    mote_gguf_close(&g);
    unlink(path);
}

static void safetensors_header_is_kept(void **state) {
    (void)state;
    char from[PATH_BYTES], path[PATH_BYTES];
    mote_safetensors *st = NULL;
    snprintf(from, sizeof from, "%s/tests/golden/families/llama/model.safetensors", getenv("MOTE_SOURCE_DIR"));
    copy(from, "model.safetensors", path);
    assert_int_equal(mote_safetensors_open(path, &st, NULL), MOTE_OK);
    damage(path);
    const mote_safetensors_tensor *t = mote_safetensors_find(st, "model.norm.weight");
    assert_non_null(t);
    assert_int_equal(t->dims[0], 32);
    assert_true(mote_str_is(t->dtype_name, "F32"));
    mote_safetensors_close(&st);
    unlink(path);
}

static void gguf_overwritten(void **state) {
    (void)state;
    char from[PATH_BYTES], path[PATH_BYTES];
    snprintf(from, sizeof from, "%s/tests/cli/tiny.gguf", getenv("MOTE_SOURCE_DIR"));
    copy(from, "model.gguf", path);
    vandalise(path, path, true, mutate_gguf);
    unlink(path);
}

static void safetensors_overwritten(void **state) {
    (void)state;
    static const char *const files[] = {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"};
    char from[PATH_BYTES], path[PATH_BYTES];
    for (size_t i = 0; i < 4; i++) {
        snprintf(from, sizeof from, "%s/tests/golden/families/llama/%s", getenv("MOTE_SOURCE_DIR"), files[i]);
        copy(from, files[i], path);
    }
    vandalise(path, folder, false, mutate_safetensors);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-overwrite-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gguf_header_is_kept, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(safetensors_header_is_kept, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(gguf_overwritten, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(safetensors_overwritten, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
