/* Packed weights that come from the cache: the same bits as those that are packed anew, and nothing is taken that isn't exactly what was kept. */
#include "failing_memory.h"
#include "formats/gguf.h"

#include <mote/check.h>
#include <mote/engine.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WIDTH = 512, N_FF = 10240, N_VOCAB = 64, PATH_BYTES = 512, BODY_AT = 2 << 20 };

static char folder[64], model_path[PATH_BYTES], cache[PATH_BYTES];

/* A Llama of one layer and 18 MB, with numbers from a fixed sequence. */
static void write_model(const char *path, uint32_t seed) {
    static const struct {
        const char *name;
        uint64_t columns, rows;
    } TENSORS[] = {{"token_embd.weight", WIDTH, N_VOCAB},  {"output_norm.weight", WIDTH, 0},      {"blk.0.attn_norm.weight", WIDTH, 0},       {"blk.0.attn_q.weight", WIDTH, WIDTH},
                   {"blk.0.attn_k.weight", WIDTH, WIDTH},  {"blk.0.attn_v.weight", WIDTH, WIDTH}, {"blk.0.attn_output.weight", WIDTH, WIDTH}, {"blk.0.ffn_norm.weight", WIDTH, 0},
                   {"blk.0.ffn_gate.weight", WIDTH, N_FF}, {"blk.0.ffn_up.weight", WIDTH, N_FF},  {"blk.0.ffn_down.weight", N_FF, WIDTH}};
    static const struct {
        const char *key;
        uint32_t value;
    } NUMBERS[] = {{"llama.block_count", 1},          {"llama.context_length", 64},        {"llama.embedding_length", WIDTH}, {"llama.feed_forward_length", N_FF},
                   {"llama.attention.head_count", 8}, {"llama.attention.head_count_kv", 8}};
    mote_gguf_writer *w = NULL;
    mote_str tokens[N_VOCAB];
    static char letters[N_VOCAB];
    float scores[N_VOCAB] = {0};
    for (int i = 0; i < N_VOCAB; i++) {
        letters[i] = (char)(' ' + i);
        tokens[i] = (mote_str){&letters[i], 1};
    }
    assert_int_equal(mote_gguf_writer_create(path, &w, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_string(w, "general.architecture", MOTE_STR("llama"), NULL), MOTE_OK);
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++)
        assert_int_equal(mote_gguf_writer_u32(w, NUMBERS[i].key, NUMBERS[i].value, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_string(w, "tokenizer.ggml.model", MOTE_STR("llama"), NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_strings(w, "tokenizer.ggml.tokens", tokens, N_VOCAB, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_array(w, "tokenizer.ggml.scores", MOTE_GGUF_F32, scores, N_VOCAB, NULL), MOTE_OK);
    for (size_t i = 0; i < sizeof TENSORS / sizeof *TENSORS; i++) {
        uint64_t dims[2] = {TENSORS[i].columns, TENSORS[i].rows};
        assert_int_equal(mote_gguf_writer_tensor(w, mote_str_of(TENSORS[i].name), dims[1] ? MOTE_DTYPE_Q8_0 : MOTE_DTYPE_F32, dims[1] ? 2 : 1, dims, NULL), MOTE_OK);
    }
    assert_int_equal(mote_gguf_writer_begin_data(w, NULL), MOTE_OK);
    static uint8_t row[N_FF / 32 * 34];
    for (size_t i = 0; i < sizeof TENSORS / sizeof *TENSORS; i++) {
        bool is_matrix = TENSORS[i].rows != 0;
        size_t n = is_matrix ? TENSORS[i].columns / 32 * 34 : TENSORS[i].columns * 4;
        for (uint64_t r = 0; r < (is_matrix ? TENSORS[i].rows : 1); r++) {
            const float one = 1;
            for (size_t b = 0; b < n; b++)
                row[b] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
            for (size_t b = 0; is_matrix && b < n; b += 34)
                memcpy(row + b, (uint8_t[]){0, 0x10}, 2); /* a scale of 2^-11 */
            for (size_t b = 0; !is_matrix && b < n; b += 4)
                memcpy(row + b, &one, 4);
            assert_int_equal(mote_gguf_writer_data(w, row, n, NULL), MOTE_OK);
        }
    }
    assert_int_equal(mote_gguf_writer_finish(&w, NULL), MOTE_OK);
}

/* The files of the cache; *first: the path of one. */
static int count_kept(char first[PATH_BYTES]) {
    char place[PATH_BYTES];
    int n = 0;
    snprintf(place, sizeof place, "%.256s/mote/panels", cache);
    DIR *dir = opendir(place);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.' && ++n == 1 && first)
            snprintf(first, PATH_BYTES, "%.300s/%.200s", place, e->d_name);
    if (dir)
        closedir(dir);
    return n;
}

/* Opens, computes the logits of three tokens, closes (by then the cache is written). */
static mote_status use(const char *path, const char *type, float logits[N_VOCAB], bool *is_kept, mote_error *err) {
    static const int32_t IDS[] = {3, 17, 40};
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    mote_engine_options engine_options = MOTE_ENGINE_OPTIONS_INIT;
    mote_model *m = NULL;
    mote_engine *e = NULL;
    mote_session *s = NULL;
    options.type = type;
    options.n_threads = engine_options.n_threads = 2;
    mote_status status = mote_model_open(path, &options, &m, err);
    if (status == MOTE_OK) {
        mote_model_info info;
        mote_model_get_info(m, &info);
        *is_kept = info.weights_kept;
        status = mote_engine_create(m, &engine_options, &e, err);
    }
    if (status == MOTE_OK)
        status = mote_session_create(e, &s, err);
    if (status == MOTE_OK)
        status = mote_session_feed(s, IDS, 3, err);
    if (status == MOTE_OK)
        memcpy(logits, mote_session_logits(s), N_VOCAB * sizeof *logits);
    mote_session_free(&s);
    mote_engine_free(&e);
    mote_model_free(&m);
    return status;
}

static void expect(const char *type, const float *same_as, bool kept) {
    float logits[N_VOCAB];
    bool is_kept;
    mote_error err = {0};
    if (use(model_path, type, logits, &is_kept, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(is_kept, kept);
    if (same_as)
        assert_memory_equal(logits, same_as, sizeof logits);
}

static float plain[N_VOCAB]; /* without a cache */

static int make_folder(void **state) {
    (void)state;
    bool is_kept;
    snprintf(folder, sizeof folder, "/var/tmp/mote-kept-XXXXXX"); /* /tmp may be in memory, where nothing is kept */
    assert_non_null(mkdtemp(folder));
    snprintf(model_path, sizeof model_path, "%s/m.gguf", folder);
    snprintf(cache, sizeof cache, "%s/cache", folder);
    write_model(model_path, 1);
    setenv("XDG_CACHE_HOME", cache, 1);
    setenv("MOTE_CACHE_MAX", "0", 1);
    assert_int_equal(use(model_path, NULL, plain, &is_kept, NULL), MOTE_OK);
    assert_int_equal(count_kept(NULL), 0);
    setenv("MOTE_CACHE_MAX", "1G", 1);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    char command[PATH_BYTES];
    snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", folder, folder);
    return system(command);
}

static void keep(void) {
    expect(NULL, plain, false);
    if (count_kept(NULL) == 0)
        skip(); /* a folder in memory, or a full disk */
}

static void the_second_opening_takes_what_was_kept(void **state) {
    (void)state;
    char file[PATH_BYTES];
    keep();
    assert_int_equal(count_kept(file), 1);
    assert_int_equal(mote_check_file(file, NULL, NULL, NULL), MOTE_OK);
    expect(NULL, plain, true);
    expect(NULL, plain, true);
    expect("q4_0", NULL, false); /* another type: a file of its own */
    assert_int_equal(count_kept(NULL), 2);
    expect("q4_0", NULL, true);
}

static void a_changed_model_is_packed_anew(void **state) {
    (void)state;
    keep();
    assert_int_equal(utimensat(AT_FDCWD, model_path, (struct timespec[]){{1, 0}, {1, 1}}, 0), 0);
    expect(NULL, plain, false);
    expect(NULL, plain, true);
    write_model(model_path, 2);
    float logits[N_VOCAB];
    bool is_kept;
    assert_int_equal(use(model_path, NULL, logits, &is_kept, NULL), MOTE_OK);
    assert_false(is_kept);
    assert_memory_not_equal(logits, plain, sizeof logits);
}

static void write_at(const char *file, long at, char byte) {
    int fd = open(file, O_WRONLY);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void damaged_files_are_not_trusted(void **state) {
    (void)state;
    static const long PLACES[] = {0, 16, 120};
    char file[PATH_BYTES];
    struct stat st;
    mote_error err = {0};
    keep();
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        count_kept(file);
        write_at(file, PLACES[i], 0x55);
        expect(NULL, plain, false); /* and it is written anew */
        expect(NULL, plain, true);
    }
    count_kept(file);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(truncate(file, st.st_size - 1), 0);
    expect(NULL, plain, false);
    assert_int_equal(truncate(file, 100), 0);
    expect(NULL, plain, false);
    assert_int_equal(truncate(file, 0), 0);
    expect(NULL, plain, false);
    assert_int_equal(chmod(file, 0666), 0); /* anybody could have written it */
    expect(NULL, plain, false);
    expect(NULL, plain, true);
    write_at(file, BODY_AT + 4097, 0x55);
    assert_int_equal(mote_check_file(file, NULL, NULL, &err), MOTE_ERR_FORMAT);
    assert_non_null(strstr(err.message, "damaged"));
}

static void the_limit_removes_the_oldest(void **state) {
    (void)state;
    char first[PATH_BYTES];
    mote_error err = {0};
    float logits[N_VOCAB];
    bool is_kept;
    keep();
    count_kept(first);
    assert_int_equal(utimensat(AT_FDCWD, first, (struct timespec[]){{1, 0}, {1, 0}}, 0), 0);
    setenv("MOTE_CACHE_MAX", "30M", 1); /* one of 20 MB, not a second of 16 */
    expect("q6_k", NULL, false);
    assert_int_equal(count_kept(NULL), 1);
    assert_int_not_equal(access(first, F_OK), 0);
    setenv("MOTE_CACHE_MAX", "16M", 1);
    expect(NULL, plain, false); /* it doesn't fit at all, and nothing goes for it */
    assert_int_equal(count_kept(NULL), 1);
    setenv("MOTE_CACHE_MAX", "2X", 1);
    assert_int_equal(use(model_path, NULL, logits, &is_kept, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "MOTE_CACHE_MAX"));
}

static void no_folder_is_no_failure(void **state) {
    (void)state;
    int fd = open(cache, O_WRONLY | O_CREAT, 0600); /* a file where the folder would be */
    close(fd);
    expect(NULL, plain, false);
    expect(NULL, plain, false);
    unlink(cache);
    setenv("XDG_CACHE_HOME", "/dev/shm", 1);
    expect(NULL, plain, false);
    expect(NULL, plain, false); /* in memory: not kept */
    rmdir("/dev/shm/mote/panels");
    rmdir("/dev/shm/mote");
}

static void *open_often(void *context) {
    float logits[N_VOCAB];
    bool is_kept;
    for (int i = 0; i < 2; i++)
        if (use(model_path, NULL, logits, &is_kept, NULL) != MOTE_OK || memcmp(logits, plain, sizeof plain) != 0)
            return context;
    return NULL;
}

static void several_at_once_are_fine(void **state) {
    (void)state;
    pthread_t threads[3];
    void *bad[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_often, &bad[i]), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], &bad[i]);
    for (int i = 0; i < 3; i++)
        assert_null(bad[i]);
    assert_true(count_kept(NULL) <= 1);
}

/* Every allocation fails in turn, with a cache and without one: an error or the right logits, nothing leaked. The thread that writes the cache counts, too. */
static void nothing_leaks(void **state) {
    (void)state;
    float logits[N_VOCAB];
    bool is_kept;
    keep();
    for (int round = 0; round < 2; round++) {
        persistent = round == 1;
        fail_at = 0;
        do {
            fail_at++;
            n_calls = n_live = 0;
            mote_status status = use(model_path, NULL, logits, &is_kept, NULL);
            assert_int_equal(n_live, 0);
            if (status == MOTE_OK)
                assert_memory_equal(logits, plain, sizeof logits);
            else
                assert_int_equal(status, MOTE_ERR_ALLOC);
        } while (n_calls >= fail_at);
        fail_at = 0;
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(the_second_opening_takes_what_was_kept),
                                       TEST(a_changed_model_is_packed_anew),
                                       TEST(damaged_files_are_not_trusted),
                                       TEST(the_limit_removes_the_oldest),
                                       TEST(no_folder_is_no_failure),
                                       TEST(several_at_once_are_fine),
                                       TEST(nothing_leaks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
