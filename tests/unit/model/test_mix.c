/* Mixes against llama.cpp's choices (tests/golden/mixes.txt), whatever the order of the tensors; names, options, refusals. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/rng.h"
#include "model/mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MAX_TENSORS = 1024 };

/* One model of the golden file. */
typedef struct golden {
    mote_mix_model model;
    mote_mix_tensor tensors[MAX_TENSORS];
    size_t n;
} golden;

static mote_dtype type_of_letter(char letter) {
    static const struct {
        char letter;
        mote_dtype type;
    } letters[] = {{'.', MOTE_DTYPE_F32},  {'h', MOTE_DTYPE_F16},    {'b', MOTE_DTYPE_BF16},   {'8', MOTE_DTYPE_Q8_0}, {'6', MOTE_DTYPE_Q6_K},
                   {'5', MOTE_DTYPE_Q5_K}, {'F', MOTE_DTYPE_Q5_1},   {'f', MOTE_DTYPE_Q5_0},   {'4', MOTE_DTYPE_Q4_K}, {'D', MOTE_DTYPE_Q4_1},
                   {'d', MOTE_DTYPE_Q4_0}, {'n', MOTE_DTYPE_IQ4_NL}, {'x', MOTE_DTYPE_IQ4_XS}, {'3', MOTE_DTYPE_Q3_K}, {'2', MOTE_DTYPE_Q2_K}};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].letter == letter)
            return letters[i].type;
    fail_msg("no type has the letter '%c'", letter);
    return MOTE_DTYPE_NONE;
}

static mote_buffer read_golden(void) {
    char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_buffer b;
    mote_buffer_init(&b, 1 << 24);
    snprintf(path, sizeof path, "%s/tests/golden/mixes.txt", root ? root : ".");
    assert_int_equal(mote_file_read(path, &b, NULL), MOTE_OK);
    return b;
}

static void begin_model(golden *g, char *line) {
    static char architecture[32];
    unsigned n_layers, n_heads, n_kv_heads, n_experts;
    assert_int_equal(sscanf(line, "model %*s %31s %u %u %u %u", architecture, &n_layers, &n_heads, &n_kv_heads, &n_experts), 5);
    g->model = (mote_mix_model){mote_str_of(architecture), n_layers, n_experts, n_heads, n_kv_heads};
    g->n = 0;
}

static void add_tensor(golden *g, char *line) {
    static char names[MAX_TENSORS][64];
    unsigned long long d[3] = {1, 1, 1};
    assert_true(g->n < MAX_TENSORS);
    assert_true(sscanf(line, "tensor %63s %llu %llu %llu", names[g->n], &d[0], &d[1], &d[2]) >= 2);
    g->tensors[g->n] = (mote_mix_tensor){mote_str_of(names[g->n]), MOTE_DTYPE_F32, {d[0], d[1], d[2], 1}};
    g->n++;
}

static void check_types(const golden *g, const char *line) {
    static mote_mix_tensor shuffled[MAX_TENSORS];
    static mote_dtype types[MAX_TENSORS], again[MAX_TENSORS];
    static size_t place[MAX_TENSORS];
    static char letters[MAX_TENSORS + 1];
    char mix[16];
    int importance;
    mote_rng rng;
    mote_error err = {0};
    assert_int_equal(sscanf(line, "types %15s %d %1024s", mix, &importance, letters), 3);
    assert_int_equal(strlen(letters), g->n);
    mote_mix_options options = {.has_importance = importance};
    assert_int_equal(mote_mix_find(mix, &options.mix, &err), MOTE_OK);
    assert_int_equal(mote_mix_choose(&options, &g->model, g->tensors, g->n, types, NULL, &err), MOTE_OK);
    for (size_t i = 0; i < g->n; i++)
        if (types[i] != type_of_letter(letters[i]))
            fail_msg("%.*s, %s, importance %d: '%.*s' is %s, llama.cpp has '%c'", MOTE_STR_ARGS(g->model.architecture), mix, importance, MOTE_STR_ARGS(g->tensors[i].name),
                     mote_dtype_get((int)types[i])->name, letters[i]);
    mote_rng_init(&rng, g->n);
    for (size_t i = 0; i < g->n; i++)
        place[i] = i;
    for (size_t i = g->n; i > 1; i--) {
        size_t k = mote_rng_next(&rng) % i, other = place[k];
        place[k] = place[i - 1];
        place[i - 1] = other;
    }
    for (size_t i = 0; i < g->n; i++)
        shuffled[i] = g->tensors[place[i]];
    assert_int_equal(mote_mix_choose(&options, &g->model, shuffled, g->n, again, NULL, &err), MOTE_OK);
    for (size_t i = 0; i < g->n; i++)
        assert_int_equal(again[i], types[place[i]]);
}

static void test_types_as_llama(void **state) {
    (void)state;
    static golden g;
    size_t n_checked = 0;
    mote_buffer b = read_golden();
    for (char *rest = b.data, *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (strncmp(line, "model", 5) == 0)
            begin_model(&g, line);
        else if (strncmp(line, "tensor", 6) == 0)
            add_tensor(&g, line);
        else if (strncmp(line, "types", 5) == 0) {
            check_types(&g, line);
            n_checked++;
        }
    }
    assert_int_equal(n_checked, 12 * 39);
    mote_buffer_deinit(&b);
}

static void test_names(void **state) {
    (void)state;
    mote_error err = {0};
    const mote_mix *mix = NULL;
    for (size_t i = 0; mote_mix_at(i); i++) {
        assert_int_equal(mote_mix_find(mote_mix_at(i)->name, &mix, &err), MOTE_OK);
        assert_ptr_equal(mix, mote_mix_at(i));
    }
    assert_int_equal(mote_mix_find("q4_k", &mix, &err), MOTE_OK);
    assert_string_equal(mix->name, "Q4_K_M");
    assert_int_equal(mote_mix_find("iq2_xxs", &mix, &err), MOTE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "iq2_xxs"));
    assert_int_equal(mote_mix_find("q9", &mix, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "Q4_K_M"));
    assert_int_equal(mote_mix_find("", &mix, &err), MOTE_ERR_ARGUMENT);
}

static const mote_mix_model small = {{"llama", 5}, 2, 0, 4, 4};

static mote_dtype choose(const mote_mix_options *options, const mote_mix_model *model, const char *name, uint64_t n_columns, mote_status expected) {
    mote_mix_tensor t = {mote_str_of(name), MOTE_DTYPE_BF16, {n_columns, 64, 1, 1}}, output = {MOTE_STR("output.weight"), MOTE_DTYPE_F16, {256, 64, 1, 1}};
    mote_mix_tensor tensors[] = {t, output};
    mote_dtype types[2] = {MOTE_DTYPE_NONE, MOTE_DTYPE_NONE};
    mote_error err = {0};
    assert_int_equal(mote_mix_choose(options, model, tensors, strcmp(name, "output.weight") ? 2 : 1, types, NULL, &err), expected);
    return types[0];
}

static void test_options(void **state) {
    (void)state;
    const mote_dtype q8 = MOTE_DTYPE_Q8_0, q6 = MOTE_DTYPE_Q6_K;
    mote_mix_options o = {0};
    assert_int_equal(mote_mix_find("Q4_K_M", &o.mix, NULL), MOTE_OK);
    assert_int_equal(choose(&o, &small, "output.weight", 256, MOTE_OK), MOTE_DTYPE_Q6_K);
    assert_int_equal(choose(&o, &small, "blk.0.attn_norm.weight", 256, MOTE_OK), MOTE_DTYPE_BF16); /* left as it is */
    assert_int_equal(choose(&o, &small, "blk.0.ffn_gate_inp.weight", 256, MOTE_OK), MOTE_DTYPE_BF16);
    assert_int_equal(choose(&o, &small, "blk.0.attn_q.bias", 256, MOTE_OK), MOTE_DTYPE_BF16);
    o.output = &q8;
    o.embedding = &q6;
    assert_int_equal(choose(&o, &small, "output.weight", 256, MOTE_OK), MOTE_DTYPE_Q8_0);
    assert_int_equal(choose(&o, &small, "token_embd.weight", 256, MOTE_OK), MOTE_DTYPE_Q6_K);
    (void)choose(&o, &small, "token_embd.weight", 32, MOTE_ERR_ARGUMENT); /* asked for by name and impossible */
    o.output = o.embedding = NULL;
    o.is_pure = true;
    assert_int_equal(choose(&o, &small, "output.weight", 256, MOTE_OK), MOTE_DTYPE_Q4_K);
    assert_int_equal(choose(&o, &small, "blk.0.attn_v.weight", 256, MOTE_OK), MOTE_DTYPE_Q4_K);
    assert_int_equal(choose(&o, &small, "blk.0.attn_v.weight", 64, MOTE_OK), MOTE_DTYPE_Q5_0);
    assert_int_equal(choose(&o, &small, "blk.0.attn_v.weight", 20, MOTE_OK), MOTE_DTYPE_F16);
    o.is_pure = false;
    o.leaves_output = true;
    assert_int_equal(choose(&o, &small, "output.weight", 256, MOTE_OK), MOTE_DTYPE_BF16);
}

static void test_refusals(void **state) {
    (void)state;
    mote_mix_options o = {0};
    mote_mix_model experts = small;
    experts.n_experts = 8;
    assert_int_equal(mote_mix_find("Q2_K_S", &o.mix, NULL), MOTE_OK);
    (void)choose(&o, &small, "blk.0.attn_q.weight", 256, MOTE_ERR_ARGUMENT);
    o.has_importance = true;
    assert_int_equal(choose(&o, &small, "blk.0.attn_q.weight", 256, MOTE_OK), MOTE_DTYPE_Q2_K);
    (void)choose(&o, &experts, "blk.2.ffn_down_exps.weight", 256, MOTE_ERR_FORMAT); /* the model has two layers */
    (void)choose(&o, &experts, "ffn_down_exps.weight", 256, MOTE_ERR_FORMAT);
    (void)choose(&o, &experts, "blk.99999999999999999999.ffn_down_exps.weight", 256, MOTE_ERR_FORMAT);
    (void)choose(&o, &experts, "blk.1.ffn_down_exps.weight", 256, MOTE_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_as_llama),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
