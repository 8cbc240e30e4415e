/* Sessions saved, restored and forked: they go on bit for bit as if nothing had happened, and files that don't fit are refused by name. On models with whole attention, windows and
 * states, cache types, adapters. */
#include "base/checksum.h"
#include "engine/engine.h"
#include "engine/session_file.h"

#include <mote/mote.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_CTX = 640, N_IDS = 500 };

static const char *const MODELS[] = {"llama", "ministral", "qwen2-window", "granite-4-h-dense", "lfm2"};

static char file[64]; /* what the tests write */

static const char *path_of(const char *name) {
    static char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/tests/golden/families/%s", root ? root : ".", name);
    return path;
}

typedef struct fixture {
    mote_model *model;
    mote_engine *engine;
    size_t n_vocab;
    int32_t ids[N_IDS];
} fixture;

static mote_engine_options options_of(int32_t n_ctx, int32_t n_batch, const char *type) {
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    o.n_ctx = n_ctx;
    o.n_batch = n_batch;
    o.n_threads = 2;
    o.n_sessions = 3;
    o.cache_type_k = o.cache_type_v = type;
    o.prefix_cache_bytes = 0; /* what is computed is seen */
    return o;
}

static void open_engine(fixture *f, mote_engine_options o) {
    mote_error err = {0};
    mote_engine_free(&f->engine);
    if (mote_engine_create(f->model, &o, &f->engine, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static void open_model(fixture *f, const char *name) {
    mote_error err = {0};
    *f = (fixture){0};
    if (mote_model_open(path_of(name), NULL, &f->model, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    mote_model_info info;
    mote_model_get_info(f->model, &info);
    f->n_vocab = info.n_vocab;
    for (size_t i = 0; i < N_IDS; i++)
        f->ids[i] = (int32_t)((i * 31 + i / 7) % f->n_vocab);
    open_engine(f, options_of(N_CTX, 40, NULL));
}

static void close_model(fixture *f) {
    mote_engine_free(&f->engine);
    mote_model_free(&f->model);
}

static mote_session *open_session(fixture *f) {
    mote_session *s = NULL;
    mote_error err = {0};
    if (mote_session_create(f->engine, &s, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return s;
}

static void feed(mote_session *s, const int32_t *ids, size_t n) {
    mote_error err = {0};
    if (mote_session_feed(s, ids, n, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static void save(const mote_session *s) {
    mote_error err = {0};
    if (mote_session_save(s, file, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static void restore(mote_session *s) {
    mote_error err = {0};
    if (mote_session_restore(s, file, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

/* Both are at `at` tokens; they go on with the same. */
static void assert_go_on_alike(const fixture *f, mote_session *a, mote_session *b, size_t at) {
    const int32_t more[] = {5, 17, 3, 9};
    assert_int_equal(mote_session_n_tokens(a), at);
    assert_int_equal(mote_session_n_tokens(b), at);
    assert_memory_equal(mote_session_tokens(a), mote_session_tokens(b), at * sizeof(int32_t));
    float *logits = malloc(f->n_vocab * sizeof *logits);
    for (int i = 0; i < 2; i++) {
        feed(a, more + 2 * i, 2);
        memcpy(logits, mote_session_logits(a), f->n_vocab * sizeof *logits);
        feed(b, more + 2 * i, 2);
        assert_true(b->n_reused == a->n_reused || b->cache.layout->window != 0); /* a file has the last window only */
        assert_memory_equal(logits, mote_session_logits(b), f->n_vocab * sizeof *logits);
    }
    free(logits);
}

/* Lengths inside a block, at its end, and where windows have moved; engines of other batches and contexts. */
static void goes_on(fixture *f) {
    static const size_t LENGTHS[] = {1, 31, 32, 33, 77, 300, 500};
    const mote_engine_options others[] = {options_of(N_CTX, 40, NULL), options_of(600, 16, NULL), options_of(2000, 512, NULL)};
    for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
        for (int other = 0; other < 3; other++) {
            open_engine(f, options_of(N_CTX, 40, NULL));
            mote_session *a = open_session(f);
            feed(a, f->ids, LENGTHS[i]);
            save(a);
            feed(a, f->ids, 2);
            float *expected = malloc(f->n_vocab * sizeof *expected);
            memcpy(expected, mote_session_logits(a), f->n_vocab * sizeof *expected);
            mote_session_free(&a);
            open_engine(f, others[other]);
            mote_session *b = open_session(f);
            feed(b, f->ids + 90, 350); /* something else was here */
            restore(b);
            assert_null(mote_session_logits(b));
            assert_int_equal(mote_session_n_tokens(b), LENGTHS[i]);
            feed(b, f->ids, 2);
            assert_int_equal(b->n_reused, LENGTHS[i]);
            assert_memory_equal(expected, mote_session_logits(b), f->n_vocab * sizeof *expected);
            free(expected);
            mote_session_free(&b);
        }
    }
    open_engine(f, options_of(N_CTX, 40, NULL));
}

/* What can be gone back to can be after a restoring or forking too: states behind the prompt, windows as far as they are there. */
static void goes_back(fixture *f, bool forks) {
    mote_session *a = open_session(f), *b = NULL;
    mote_error err = {0};
    feed(a, f->ids, 100);
    for (size_t i = 100; i < 110; i++)
        feed(a, f->ids + i, 1);
    if (forks) {
        assert_int_equal(mote_session_fork(a, &b, &err), MOTE_OK);
    } else {
        save(a);
        b = open_session(f);
        restore(b);
    }
    static const size_t KEPT[] = {110, 105, 100, 60, 0};
    for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++) {
        assert_int_equal(mote_session_truncate(a, KEPT[i]), MOTE_OK);
        assert_int_equal(mote_session_truncate(b, KEPT[i]), MOTE_OK);
        assert_go_on_alike(f, a, b, KEPT[i]);
        assert_int_equal(mote_session_truncate(a, KEPT[i]), MOTE_OK);
        assert_int_equal(mote_session_truncate(b, KEPT[i]), MOTE_OK);
    }
    mote_session_free(&a);
    mote_session_free(&b);
}

static void every_model_goes_on(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof MODELS / sizeof *MODELS; i++) {
        fixture f;
        open_model(&f, MODELS[i]);
        goes_on(&f);
        goes_back(&f, false);
        goes_back(&f, true);
        close_model(&f);
    }
}

static void a_fork_is_its_own(void **state) {
    fixture f;
    mote_session *a, *b = NULL, *c = NULL, *d = NULL;
    mote_error err = {0};
    (void)state;
    open_model(&f, "llama");
    a = open_session(&f);
    mote_session_set_salt(a, 4);
    feed(a, f.ids, 50);
    assert_int_equal(mote_session_fork(a, &b, &err), MOTE_OK);
    assert_int_equal(b->owner.salt, 4);
    feed(b, f.ids + 7, 9);
    assert_int_equal(mote_session_truncate(b, 50), MOTE_OK);
    assert_go_on_alike(&f, a, b, 50);
    assert_int_equal(mote_session_fork(a, &c, &err), MOTE_OK);
    assert_int_equal(mote_session_fork(a, &d, &err), MOTE_ERR_LIMIT);
    assert_null(d);
    mote_session_free(&a);
    mote_session_free(&b);
    mote_session_free(&c);
    close_model(&f);
}

static void an_empty_session_is_saved(void **state) {
    fixture f;
    (void)state;
    open_model(&f, "lfm2");
    mote_session *a = open_session(&f);
    save(a);
    feed(a, f.ids, 20);
    restore(a);
    assert_int_equal(mote_session_n_tokens(a), 0);
    feed(a, f.ids, 20);
    mote_session_set_salt(a, 1); /* tokens that nothing is computed of */
    save(a);
    restore(a);
    assert_int_equal(mote_session_n_tokens(a), 20);
    feed(a, f.ids, 2);
    assert_int_equal(a->n_reused, 0);
    mote_session_free(&a);
    close_model(&f);
}

static void cache_types_go_on(void **state) {
    static const char *const TYPES[] = {"f32", "f16", "bf16"};
    fixture f;
    mote_error err = {0};
    (void)state;
    open_model(&f, "llama");
    for (int i = 0; i < 3; i++) {
        open_engine(&f, options_of(N_CTX, 40, TYPES[i]));
        mote_session *a = open_session(&f), *b = open_session(&f);
        feed(a, f.ids, 70);
        save(a);
        restore(b);
        assert_go_on_alike(&f, a, b, 70);
        mote_session_free(&a);
        mote_session_free(&b);
        open_engine(&f, options_of(N_CTX, 40, TYPES[(i + 1) % 3]));
        a = open_session(&f);
        assert_int_equal(mote_session_restore(a, file, &err), MOTE_ERR_FORMAT);
        assert_non_null(strstr(err.message, "-ctk"));
        assert_non_null(strstr(err.message, file));
        mote_session_free(&a);
    }
    close_model(&f);
}

static void refuse(mote_session *s, mote_status status, const char *why) {
    mote_error err = {0};
    int32_t before[N_IDS];
    size_t n = mote_session_n_tokens(s);
    memcpy(before, mote_session_tokens(s), n * sizeof *before);
    assert_int_equal(mote_session_restore(s, file, &err), status);
    if (!strstr(err.message, why))
        fail_msg("'%s' doesn't say '%s'", err.message, why);
    assert_int_equal(mote_session_n_tokens(s), n);
    assert_memory_equal(before, mote_session_tokens(s), n * sizeof *before);
}

static void adapters_must_be_the_same(void **state) {
    fixture f;
    mote_error err = {0};
    mote_adapter *dora = NULL, *lora = NULL;
    (void)state;
    open_model(&f, "llama");
    assert_int_equal(mote_adapter_open(f.model, path_of("llama/adapters/dora"), NULL, &dora, &err), MOTE_OK);
    assert_int_equal(mote_adapter_open(f.model, path_of("llama/adapters/plain"), NULL, &lora, &err), MOTE_OK);
    mote_session *a = open_session(&f), *b = open_session(&f);
    assert_int_equal(mote_session_set_adapters(a, (const mote_adapter *[]){dora}, (float[]){0.5f}, 1, &err), MOTE_OK);
    feed(a, f.ids, 70);
    save(a);
    refuse(b, MOTE_ERR_FORMAT, "1 adapters, here are 0");
    assert_int_equal(mote_session_set_adapters(b, (const mote_adapter *[]){lora}, (float[]){0.5f}, 1, &err), MOTE_OK);
    refuse(b, MOTE_ERR_FORMAT, "another adapter 0");
    assert_int_equal(mote_session_set_adapters(b, (const mote_adapter *[]){dora}, (float[]){0.25f}, 1, &err), MOTE_OK);
    refuse(b, MOTE_ERR_FORMAT, "scale 0.5 of adapter 0, here it is 0.25");
    assert_int_equal(mote_session_set_adapters(b, (const mote_adapter *[]){dora}, (float[]){0.5f}, 1, &err), MOTE_OK);
    restore(b);
    assert_go_on_alike(&f, a, b, 70);
    assert_int_equal(mote_session_set_adapters(a, (const mote_adapter *[]){dora, lora}, (float[]){0.5f, 1}, 2, &err), MOTE_OK);
    assert_int_equal(mote_session_truncate(a, 70), MOTE_OK);
    feed(a, f.ids, 5);
    mote_session_free(&b);
    assert_int_equal(mote_session_fork(a, &b, &err), MOTE_OK); /* a fork has them too */
    assert_go_on_alike(&f, a, b, 75);
    mote_session_free(&a);
    mote_session_free(&b);
    mote_adapter_free(&dora);
    mote_adapter_free(&lora);
    close_model(&f);
}

static void models_must_be_the_same(void **state) {
    fixture f, other;
    mote_model_options as_q8 = MOTE_MODEL_OPTIONS_INIT;
    mote_error err = {0};
    (void)state;
    open_model(&f, "llama");
    open_model(&other, "ministral");
    mote_session *a = open_session(&f), *b = open_session(&other);
    feed(a, f.ids, 40);
    save(a);
    feed(b, f.ids, 3);
    refuse(b, MOTE_ERR_FORMAT, "another model");
    mote_session_free(&b);
    close_model(&other);
    as_q8.type = "f32";
    assert_int_equal(mote_model_open(path_of("llama"), &as_q8, &other.model, &err), MOTE_OK);
    open_engine(&other, options_of(N_CTX, 40, "f16"));
    b = open_session(&other);
    refuse(b, MOTE_ERR_FORMAT, "another model");
    mote_session_free(&b);
    mote_session_free(&a);
    close_model(&f);
    mote_engine_free(&other.engine);
    mote_model_free(&other.model);
}

static void other_contexts(void **state) {
    fixture f;
    (void)state;
    open_model(&f, "llama");
    mote_session *a = open_session(&f);
    feed(a, f.ids, 100);
    save(a);
    mote_session_free(&a);
    open_engine(&f, options_of(99, 40, NULL));
    a = open_session(&f);
    refuse(a, MOTE_ERR_CONTEXT, "100 tokens, the context holds 99");
    mote_session_free(&a);
    open_engine(&f, options_of(100, 40, NULL));
    a = open_session(&f);
    restore(a);
    mote_session_free(&a);
    close_model(&f);
    open_model(&f, "phi-4-mini"); /* long rope: beyond the original context positions rotate otherwise */
    open_engine(&f, options_of(32, 32, NULL));
    a = open_session(&f);
    feed(a, f.ids, 20);
    save(a);
    mote_session_free(&a);
    size_t original = (size_t)f.model->h.rope.original_context;
    assert_in_range(original, 32, 100000);
    open_engine(&f, options_of((int32_t)original + 1, 40, NULL));
    a = open_session(&f);
    refuse(a, MOTE_ERR_FORMAT, "in a context of 32 tokens (-c)");
    mote_session_free(&a);
    close_model(&f);
}

static uint8_t *read_file(size_t *n) {
    FILE *in = fopen(file, "rb");
    assert_non_null(in);
    uint8_t *data = malloc(1 << 24);
    *n = fread(data, 1, 1 << 24, in);
    fclose(in);
    return data;
}

static void write_file(const uint8_t *data, size_t n) {
    FILE *out = fopen(file, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

/* A file with a sum that is right again. */
static void write_summed(uint8_t *data, size_t n) {
    mote_checksum sum;
    mote_checksum_init(&sum);
    mote_checksum_update(&sum, data + offsetof(mote_session_header, n_bytes), n - offsetof(mote_session_header, n_bytes));
    uint64_t value = mote_checksum_value(&sum);
    memcpy(data + offsetof(mote_session_header, checksum), &value, sizeof value);
    write_file(data, n);
}

static void cut_and_damaged_files_are_refused(void **state) {
    fixture f;
    size_t n;
    (void)state;
    open_model(&f, "granite-4-h-dense");
    mote_session *a = open_session(&f);
    feed(a, f.ids, 40);
    feed(a, f.ids, 1);
    save(a);
    uint8_t *data = read_file(&n);
    for (size_t cut = 0; cut < n; cut += 1 + n / 50) {
        write_file(data, cut);
        refuse(a, MOTE_ERR_FORMAT, "session file");
    }
    write_file(data, n + 1 < 1 << 24 ? n + 1 : n);
    refuse(a, MOTE_ERR_FORMAT, "it should have");
    for (size_t i = 0; i < 100; i++) {
        size_t at = i < 60 ? i * sizeof(mote_session_header) / 60 : (i - 60) * (n / 41);
        data[at] ^= 16;
        write_file(data, n);
        refuse(a, MOTE_ERR_FORMAT, "session file");
        data[at] ^= 16;
    }
    write_file(data, n);
    restore(a);
    free(data);
    mote_session_free(&a);
    close_model(&f);
}

static void set_u64(uint8_t *data, size_t offset, uint64_t x) {
    memcpy(data + offset, &x, sizeof x);
}

/* Sums are right, contents are not. */
static void hostile_files_are_refused(void **state) {
    fixture f;
    size_t n;
    (void)state;
    open_model(&f, "granite-4-h-dense");
    mote_session *a = open_session(&f);
    feed(a, f.ids, 40);
    feed(a, f.ids, 1);
    save(a);
    uint8_t *data = read_file(&n), *copy = malloc(n);
    static const uint64_t COUNTS[] = {0, 1, 40, 42, N_CTX, N_CTX + 1, UINT64_C(1) << 62, UINT64_MAX};
    for (size_t which = 0; which < 3; which++)
        for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
            mote_error err = {0};
            if ((which == 1 && COUNTS[i] == 40) || (which == 2 && COUNTS[i] <= 40 && COUNTS[i] != 0))
                continue; /* the states would be taken for those of another place: wrong, but nothing that could be seen */
            memcpy(copy, data, n);
            set_u64(copy, offsetof(mote_session_header, n_tokens) + 8 * which, COUNTS[i]);
            write_summed(copy, n);
            mote_status status = mote_session_restore(a, file, &err);
            assert_true(status == MOTE_ERR_FORMAT || status == MOTE_ERR_CONTEXT);
            assert_int_equal(mote_session_n_tokens(a), 41);
        }
    const int32_t bad[] = {-1, (int32_t)f.n_vocab, INT32_MAX};
    for (int i = 0; i < 3; i++) {
        memcpy(copy, data, n);
        memcpy(copy + sizeof(mote_session_header) + 4 * 17, &bad[i], 4);
        write_summed(copy, n);
        refuse(a, MOTE_ERR_FORMAT, "token 17");
    }
    for (size_t at = sizeof(mote_session_header) + 4 * 41; at + 4 <= n; at += 4 * (1 + n / 400)) { /* NaN, whichever type it lies in */
        memcpy(copy, data, n);
        memset(copy + at / 4 * 4, 0xff, 4);
        write_summed(copy, n);
        refuse(a, MOTE_ERR_FORMAT, "not finite");
    }
    memcpy(copy, data, n);
    memcpy(copy + offsetof(mote_session_header, key), "9.9.9", 6);
    write_summed(copy, n);
    refuse(a, MOTE_ERR_FORMAT, "saved by mote 9.9.9");
    write_file((const uint8_t *)"{\"messages\":[]}", 15);
    refuse(a, MOTE_ERR_FORMAT, "no session file");
    unlink(file);
    refuse(a, MOTE_ERR_NOT_FOUND, file);
    free(data);
    free(copy);
    mote_session_free(&a);
    close_model(&f);
}

static void what_was_there_stays(void **state) {
    fixture f;
    mote_error err = {0};
    (void)state;
    open_model(&f, "llama");
    mote_session *a = open_session(&f);
    feed(a, f.ids, 40);
    assert_int_equal(mote_session_save(a, "/nowhere/at/all", &err), MOTE_ERR_NOT_FOUND);
    assert_int_equal(mote_session_restore(a, "/dev/zero", &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_session_n_tokens(a), 40);
    mote_session_free(&a);
    close_model(&f);
}

static int make_name(void **state) {
    (void)state;
    snprintf(file, sizeof file, "/tmp/mote-session-XXXXXX");
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state) {
    (void)state;
    unlink(file);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_goes_on),
        cmocka_unit_test(a_fork_is_its_own),
        cmocka_unit_test(an_empty_session_is_saved),
        cmocka_unit_test(cache_types_go_on),
        cmocka_unit_test(adapters_must_be_the_same),
        cmocka_unit_test(models_must_be_the_same),
        cmocka_unit_test(other_contexts),
        cmocka_unit_test(cut_and_damaged_files_are_refused),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(what_was_there_stays),
    };
    return cmocka_run_group_tests(tests, make_name, remove_file);
}
