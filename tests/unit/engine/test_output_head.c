/* Logits of some rows on a small model with a large vocabulary: those that are wanted have the bits of the whole product, and samplers choose the same tokens. */
#include "base/half.h"
#include "base/mem.h"
#include "base/rng.h"
#include "engine/engine.h"
#include "engine/sampler.h"
#include "formats/gguf.h"
#include "model/decoder_private.h"

#include <mote/generate.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { COLUMNS = 64, VOCABULARY = 65541, N_PREDICT = 70, BLOCK_BYTES = 34 };

typedef struct tensor {
    const char *name;
    mote_dtype type;
    int n_dims;
    uint64_t dims[2];
} tensor;

static const tensor tensors[] = {
    {"token_embd.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, VOCABULARY}},     {"output_norm.weight", MOTE_DTYPE_F32, 1, {COLUMNS, 1}},
    {"blk.0.attn_norm.weight", MOTE_DTYPE_F32, 1, {COLUMNS, 1}},          {"blk.0.attn_q.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, COLUMNS}},
    {"blk.0.attn_k.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, COLUMNS}},      {"blk.0.attn_v.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, COLUMNS}},
    {"blk.0.attn_output.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, COLUMNS}}, {"blk.0.ffn_norm.weight", MOTE_DTYPE_F32, 1, {COLUMNS, 1}},
    {"blk.0.ffn_gate.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, COLUMNS}},    {"blk.0.ffn_up.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, COLUMNS}},
    {"blk.0.ffn_down.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, COLUMNS}},
};
enum { N_TENSORS = sizeof tensors / sizeof *tensors };

static mote_status write_data(mote_gguf_writer *w, const tensor *t, mote_rng *rng) {
    uint8_t row[COLUMNS * 4];
    for (uint64_t r = 0; r < t->dims[1]; r++) {
        for (size_t i = 0; i < COLUMNS; i++) {
            float one = 1;
            uint16_t d = mote_half_to_f16((1 + (float)mote_rng_uniform(rng)) / 128);
            if (t->type == MOTE_DTYPE_F32)
                memcpy(row + 4 * i, &one, 4);
            else if (i % MOTE_BLOCK == 0)
                memcpy(row + i / MOTE_BLOCK * BLOCK_BYTES, &d, 2);
            if (t->type != MOTE_DTYPE_F32)
                row[i / MOTE_BLOCK * BLOCK_BYTES + 2 + i % MOTE_BLOCK] = (uint8_t)mote_rng_next(rng);
        }
        mote_status status = mote_gguf_writer_data(w, row, mote_dtype_row_bytes(t->type, COLUMNS), NULL);
        if (status != MOTE_OK)
            return status;
    }
    return MOTE_OK;
}

static void write_model(const char *path) {
    static const struct {
        const char *key;
        uint32_t value;
    } numbers[] = {{"llama.block_count", 1},      {"llama.embedding_length", COLUMNS},  {"llama.feed_forward_length", COLUMNS}, {"llama.attention.head_count", 2},
                   {"llama.context_length", 256}, {"llama.attention.head_count_kv", 2}, {"llama.vocab_size", VOCABULARY},       {"llama.rope.dimension_count", 32}};
    mote_gguf_writer *w = NULL;
    mote_rng rng;
    mote_rng_init(&rng, 3);
    assert_int_equal(mote_gguf_writer_create(path, &w, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_string(w, "general.architecture", MOTE_STR("llama"), NULL), MOTE_OK);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal(mote_gguf_writer_u32(w, numbers[i].key, numbers[i].value, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f, NULL), MOTE_OK);
    for (size_t i = 0; i < N_TENSORS; i++)
        assert_int_equal(mote_gguf_writer_tensor(w, mote_str_of(tensors[i].name), tensors[i].type, tensors[i].n_dims, tensors[i].dims, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_begin_data(w, NULL), MOTE_OK);
    for (size_t i = 0; i < N_TENSORS; i++)
        assert_int_equal(write_data(w, &tensors[i], &rng), MOTE_OK);
    assert_int_equal(mote_gguf_writer_finish(&w, NULL), MOTE_OK);
}

typedef struct fixture {
    mote_model *model;
    mote_engine *engine;
    mote_session *session;
    float *full;
} fixture;

static int open_all(void **state) {
    static fixture f;
    char path[64];
    mote_error err = {0};
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    o.n_threads = 3;
    snprintf(path, sizeof path, "output_head_%ld.gguf", (long)getpid());
    write_model(path);
    mote_status status = mote_model_open(path, NULL, &f.model, &err);
    remove(path);
    f.full = mote_mem_alloc_array(VOCABULARY, sizeof *f.full);
    if (status != MOTE_OK || !f.full || mote_engine_create(f.model, &o, &f.engine, &err) != MOTE_OK || mote_session_create(f.engine, &f.session, &err) != MOTE_OK) {
        fprintf(stderr, "%s\n", err.message);
        return -1;
    }
    *state = &f;
    return 0;
}

static int close_all(void **state) {
    fixture *f = *state;
    mote_session_free(&f->session);
    mote_engine_free(&f->engine);
    mote_model_free(&f->model);
    mote_mem_free(f->full);
    return 0;
}

static void feed(fixture *f, int32_t token) {
    assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    assert_int_equal(mote_session_feed(f->session, &token, 1, NULL), MOTE_OK);
    memcpy(f->full, mote_session_logits(f->session), VOCABULARY * sizeof *f->full);
}

/* Every logit is that of the whole product or impossible; the greatest n and those of rows are there. */
static void check_some(const fixture *f, const float *some, const mote_logit_choice *c) {
    mote_candidates greatest;
    assert_int_equal(mote_candidates_init(&greatest, VOCABULARY, f->model->kernels.attn.softmax, NULL), MOTE_OK);
    mote_candidates_load(&greatest, f->full, VOCABULARY);
    mote_candidates_sort_to(&greatest, c->n_first);
    for (size_t i = 0; i < VOCABULARY; i++)
        assert_true(some[i] == f->full[i] || some[i] == -INFINITY);
    for (size_t i = 0; i < c->n_first; i++)
        assert_true(some[greatest.items[i].id] == f->full[greatest.items[i].id]);
    for (size_t i = 0; i < c->n_rows; i++)
        assert_true(some[c->rows[i]] == f->full[c->rows[i]]);
    mote_candidates_deinit(&greatest);
}

static void only_the_rows_of_a_choice(void **state) {
    fixture *f = *state;
    const int32_t rows[] = {0, 17, 17, 30000, VOCABULARY - 1};
    const mote_logit_choice few = {.rows = rows, .n_rows = 5};
    feed(f, 7);
    const float *some = mote_decoder_logits_some(f->engine->decoder, 0, &few);
    size_t n = 0;
    check_some(f, some, &few);
    for (size_t i = 0; i < VOCABULARY; i++)
        n += some[i] != -INFINITY;
    assert_in_range(n, 4, 4 * MOTE_PANEL_ROWS);
}

static void the_greatest_are_found(void **state) {
    fixture *f = *state;
    mote_decoder *d = f->engine->decoder;
    const size_t n_first[] = {1, 2, 40, 300, MOTE_DECODER_MAX_FIRST, MOTE_DECODER_MAX_FIRST + 1, VOCABULARY};
    const int32_t rows[] = {5, VOCABULARY - 2};
    bool was_screened = false;
    assert_true(mote_decoder_screen_bytes(f->model) > 0);
    for (int with_screen = 0; with_screen < 2; with_screen++) {
        if (with_screen)
            assert_int_equal(mote_decoder_make_screen(d, NULL), MOTE_OK);
        for (int32_t token = 0; token < 10; token++)
            for (size_t i = 0; i < sizeof n_first / sizeof *n_first; i++) {
                const mote_logit_choice c = {.n_first = n_first[i], .rows = rows, .n_rows = 2};
                feed(f, token * 997);
                d->head.n_rests = 0;
                check_some(f, mote_decoder_logits_some(d, 0, &c), &c);
                was_screened |= d->head.is_screened && atomic_load(&d->head.n_computed) < VOCABULARY / MOTE_PANEL_ROWS / 4;
            }
        assert_int_equal(was_screened, with_screen);
    }
}

static void generate(fixture *f, const mote_sampler_options *o, int32_t n_logprobs, int32_t *tokens) {
    const int32_t prompt[] = {11, 222, 3333, 44444};
    mote_sampler *sampler = NULL;
    mote_generate_result r;
    mote_generate_options go = MOTE_GENERATE_OPTIONS_INIT;
    go.n_predict = N_PREDICT;
    go.n_logprobs = n_logprobs; /* with log-probabilities all logits are needed */
    assert_int_equal(mote_sampler_create(f->model, o, &sampler, NULL), MOTE_OK);
    assert_int_equal(mote_generate(f->session, sampler, prompt, 4, &go, &r, NULL), MOTE_OK);
    assert_int_equal(r.n_tokens, N_PREDICT);
    memcpy(tokens, r.tokens, N_PREDICT * sizeof *tokens);
    mote_generate_result_deinit(&r);
    mote_sampler_free(&sampler);
}

static void samplers_choose_the_same(void **state) {
    fixture *f = *state;
    const mote_logit_bias bias[] = {{11, 4}, {44444, -INFINITY}, {65540, 30}};
    int32_t some[N_PREDICT], all[N_PREDICT];
    assert_true(f->engine->may_screen);
    for (int i = 0; i < 12; i++) {
        mote_sampler_options o = mote_sampler_options_default();
        o.seed = (uint64_t)i;
        o.temperature = i % 3 == 0 ? 0 : 1.5f;
        o.top_k = i % 4 == 3 ? 100 : 40;
        o.repeat_penalty = i % 2 ? 1.3f : 1;
        o.dry_multiplier = i % 5 == 4 ? 0.8f : 0;
        o.logit_bias = bias;
        o.n_logit_bias = i % 4 ? 0 : 3;
        o.order = i == 7 ? "top_p;top_k;temperature" : i == 8 ? "temperature;top_k" : NULL;
        o.mirostat = i == 10 ? 2 : 0;
        generate(f, &o, -1, some);
        assert_non_null(f->engine->decoder->head.screen.data);
        const float *logits = mote_session_logits(f->session);
        for (size_t k = 0; k < VOCABULARY; k++)
            assert_true(logits[k] > -INFINITY); /* whoever asks afterwards gets all */
        generate(f, &o, 0, all);
        assert_memory_equal(some, all, sizeof all);
    }
}

static void samplers_say_what_they_need(void **state) {
    (void)state;
    static const struct {
        const char *order;
        float temperature;
        int32_t top_k, mirostat;
        size_t n;
    } cases[] = {{NULL, 0.8f, 40, 0, 40},
                 {NULL, 0, 40, 0, 1},
                 {NULL, 0.8f, 0, 0, 0},
                 {"top_p;top_k", 0.8f, 40, 0, 0},
                 {"top_k", 0.8f, 7, 0, 7},
                 {NULL, 0.8f, 40, 1, 0},
                 {"temperature;top_k", 1, 5, 0, 0},
                 {"dry;top_n_sigma;top_k", 0.8f, 9, 0, 9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_sampler_options o = mote_sampler_options_default();
        mote_sampler *s = NULL;
        int32_t rows[64];
        size_t n_rows = 99;
        o.order = cases[i].order;
        o.temperature = cases[i].temperature;
        o.top_k = cases[i].top_k;
        o.mirostat = cases[i].mirostat;
        assert_int_equal(mote_sampler_create_core(1000, NULL, 100, &o, &s, NULL), MOTE_OK);
        assert_int_equal(mote_sampler_needs(s, rows, 64, &n_rows), cases[i].n);
        assert_int_equal(n_rows, 0);
        mote_sampler_free(&s);
    }
}

static void changed_rows_are_named(void **state) {
    (void)state;
    const mote_logit_bias bias[] = {{3, 1}};
    mote_sampler_options o = mote_sampler_options_default();
    mote_sampler *s = NULL;
    int32_t rows[64];
    size_t n_rows = 0;
    o.repeat_penalty = 1.1f;
    o.logit_bias = bias;
    o.n_logit_bias = 1;
    assert_int_equal(mote_sampler_create_core(1000, NULL, 100, &o, &s, NULL), MOTE_OK);
    mote_sampler_accept(s, 8);
    mote_sampler_accept(s, 9);
    mote_sampler_accept(s, 8);
    assert_int_equal(mote_sampler_needs(s, rows, 64, &n_rows), 40);
    assert_int_equal(n_rows, 3);
    assert_int_equal(rows[0], 3);
    assert_int_equal(rows[1] + rows[2], 8 + 9);
    assert_int_equal(mote_sampler_needs(s, rows, 2, &n_rows), 0); /* no room for them */
    mote_sampler_free(&s);
}

static void a_budget_without_room_has_no_screen(void **state) {
    fixture *f = *state;
    mote_engine *e = NULL;
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    uint64_t screen_bytes = mote_decoder_screen_bytes(f->model), without;
    o.n_threads = 1;
    o.mem_max_bytes = 1u << 30;
    assert_int_equal(mote_engine_create(f->model, &o, &e, NULL), MOTE_OK);
    assert_true(e->may_screen);
    without = mote_engine_bytes(e) - screen_bytes;
    mote_engine_free(&e);
    o.mem_max_bytes = f->model->w.n_bytes + without + screen_bytes - 1;
    assert_int_equal(mote_engine_create(f->model, &o, &e, NULL), MOTE_OK);
    assert_false(e->may_screen);
    assert_int_equal(mote_engine_bytes(e), without);
    mote_engine_free(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_rows_of_a_choice),   cmocka_unit_test(the_greatest_are_found), cmocka_unit_test(samplers_choose_the_same),
        cmocka_unit_test(samplers_say_what_they_need), cmocka_unit_test(changed_rows_are_named), cmocka_unit_test(a_budget_without_room_has_no_screen),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
