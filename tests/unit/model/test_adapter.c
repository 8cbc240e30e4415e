/* Adapters on disk and bound to a base: what is read, what is refused and by which name, and the arithmetic against plain sums. */
#include "adapter_files.h"

#include "model/adapter_change.h"

static const tensor_spec PLAIN[] = {
    {Q0 "lora_A.weight", 3, N_EMBD, 1}, {Q0 "lora_B.weight", N_HEADS *HEAD_DIM, 3, 2}, {DOWN1 "lora_A.weight", 3, N_FF, 3}, {DOWN1 "lora_B.weight", N_EMBD, 3, 4}};
enum { N_PLAIN = 4 };

static mote_status open_peft(const char *config, const tensor_spec *t, size_t n, mote_adapter_source *s, mote_error *err) {
    char folder[FOLDER_BYTES];
    make_peft(folder, config, t, n);
    mote_status status = mote_adapter_source_open(folder, s, err);
    remove_peft(folder);
    return status;
}

static void scales_follow_the_configuration(void **state) {
    (void)state;
    static const struct {
        const char *config;
        float q, down;
    } CASES[] = {{CONFIG(""), 2, 2},
                 {CONFIG(",\"use_rslora\":true"), 3.46410162f, 3.46410162f},
                 {CONFIG(",\"alpha_pattern\":{\"q_proj\":12}"), 4, 2},
                 {CONFIG(",\"alpha_pattern\":{\"^model.layers.0.self_attn.q_proj$\":1.5,\"down_proj\":3}"), 0.5f, 1},
                 {CONFIG(",\"alpha_pattern\":{\"proj\":12,\"layers.1.mlp.down_proj\":9}"), 2, 3},
                 {CONFIG(",\"alpha_pattern\":{\"mlp\\\\.down_proj\":9}"), 2, 3},
                 {CONFIG(",\"rank_pattern\":{\"q_proj\":3},\"alpha_pattern\":null"), 2, 2}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mote_adapter_source s;
        mote_error err = {0};
        if (open_peft(CASES[i].config, PLAIN, N_PLAIN, &s, &err) != MOTE_OK)
            fail_msg("%s: %s", CASES[i].config, err.message);
        assert_int_equal(s.n_modules, 2);
        for (size_t m = 0; m < 2; m++) {
            bool is_q = mote_str_is(s.modules[m].name, "model.layers.0.self_attn.q_proj");
            assert_true(is_q || mote_str_is(s.modules[m].name, "model.layers.1.mlp.down_proj"));
            assert_float_equal(s.modules[m].scale, is_q ? CASES[i].q : CASES[i].down, 1e-6);
        }
        mote_adapter_source_close(&s);
    }
}

static void what_changes_more_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *config, *word;
        mote_status status;
    } CASES[] = {
        {CONFIG(",\"modules_to_save\":[\"lm_head\"]"), "modules_to_save", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"fan_in_fan_out\":true"), "fan_in_fan_out", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"lora_bias\":true"), "lora_bias", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"trainable_token_indices\":[1]"), "trainable_token_indices", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"layer_replication\":[[0,1]]"), "layer_replication", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"target_parameters\":[\"experts\"]"), "target_parameters", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"alora_invocation_tokens\":[7]"), "alora_invocation_tokens", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"init_lora_weights\":\"pissa\""), "pissa", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"alpha_pattern\":{\".*q_proj\":1}"), ".*q_proj", MOTE_ERR_UNSUPPORTED},
        {CONFIG(",\"alpha_pattern\":{\"q_proj\":\"much\"}"), "alpha_pattern", MOTE_ERR_FORMAT},
        {CONFIG(",\"rank_pattern\":{\"q_proj\":8}"), "q_proj", MOTE_ERR_FORMAT},
        {CONFIG(",\"rank_pattern\":{\"q_proj\":0}"), "rank", MOTE_ERR_FORMAT},
        {CONFIG(",\"rank_pattern\":[1]"), "rank_pattern", MOTE_ERR_FORMAT},
        {CONFIG(",\"use_dora\":true"), "use_dora", MOTE_ERR_FORMAT},
        {"{\"peft_type\":\"LORA\",\"r\":3,\"lora_alpha\":6,\"bias\":\"all\"}", "bias", MOTE_ERR_UNSUPPORTED},
        {"{\"peft_type\":\"IA3\",\"r\":3,\"lora_alpha\":6}", "IA3", MOTE_ERR_UNSUPPORTED},
        {"{\"r\":3,\"lora_alpha\":6}", "peft_type", MOTE_ERR_FORMAT},
        {"{\"peft_type\":\"LORA\",\"r\":0,\"lora_alpha\":6}", "r is not", MOTE_ERR_FORMAT},
        {"{\"peft_type\":\"LORA\",\"r\":3}", "lora_alpha", MOTE_ERR_FORMAT},
        {"[]", "object", MOTE_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mote_adapter_source s;
        mote_error err = {0};
        mote_status status = open_peft(CASES[i].config, PLAIN, N_PLAIN, &s, &err);
        if (status != CASES[i].status || !strstr(err.message, CASES[i].word))
            fail_msg("%s: %d, %s", CASES[i].config, (int)status, err.message);
    }
}

static void tensors_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const struct {
        tensor_spec t[3];
        size_t n;
        const char *word;
        mote_status status;
    } CASES[] = {
        {{{Q0 "lora_A.weight", 3, N_EMBD, 1}}, 1, "lora_B", MOTE_ERR_FORMAT},
        {{{Q0 "lora_B.weight", 48, 3, 1}}, 1, "lora_A", MOTE_ERR_FORMAT},
        {{{Q0 "lora_A.weight", 3, N_EMBD, 1}, {Q0 "lora_B.weight", 48, 2, 1}}, 2, "rank", MOTE_ERR_FORMAT},
        {{{Q0 "lora_A.weight", 2, N_EMBD, 1}, {Q0 "lora_B.weight", 48, 2, 1}}, 2, "rank 2", MOTE_ERR_FORMAT},
        {{{Q0 "lora_A.weight", 0, N_EMBD, 1}, {Q0 "lora_B.weight", 48, 3, 1}}, 2, "dimensions", MOTE_ERR_FORMAT},
        {{{Q0 "lora_A.weight", 3, N_EMBD, 1}, {Q0 "lora_B.weight", 48, 3, 1}, {Q0 "lora_B.bias", 0, 48, 1}}, 3, "lora_B.bias", MOTE_ERR_UNSUPPORTED},
        {{{Q0 "lora_A.weight", 3, N_EMBD, 1}, {Q0 "lora_B.weight", 48, 3, 1}, {Q0 "lora_magnitude_vector", 0, 48, 1}}, 3, "magnitude", MOTE_ERR_FORMAT},
        {{{Q0 "lora_A.weight", 3, N_EMBD, 1}, {Q0 "lora_A.default.weight", 3, N_EMBD, 1}, {Q0 "lora_B.weight", 48, 3, 1}}, 3, "twice", MOTE_ERR_FORMAT},
        {{{"base_model.model.lm_head.weight", 40, N_EMBD, 1}}, 1, "lm_head", MOTE_ERR_UNSUPPORTED},
        {{{"base_model.model.model.embed_tokens.lora_embedding_A", 3, 40, 1}}, 1, "embed_tokens", MOTE_ERR_UNSUPPORTED},
        {{{0}}, 0, "no tensors", MOTE_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mote_adapter_source s;
        mote_error err = {0};
        mote_status status = open_peft(CONFIG(""), CASES[i].t, CASES[i].n, &s, &err);
        if (status != CASES[i].status || !strstr(err.message, CASES[i].word))
            fail_msg("case %zu: %d, %s", i, (int)status, err.message);
    }
}

static mote_status check(const tensor_spec *t, size_t n, const mote_hparams *h, mote_error *err) {
    mote_adapter_source s;
    mote_status status = open_peft(CONFIG(""), t, n, &s, err);
    mote_adapter_base base = {.h = h};
    if (status == MOTE_OK)
        status = mote_adapter_check_base(&s, &base, err);
    mote_adapter_source_close(&s);
    return status;
}

static void another_base_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *module;
        size_t n_in, n_out;
        const char *word;
        mote_status status;
    } CASES[] = {
        {"base_model.model.model.layers.1.mlp.gate_proj", N_EMBD, N_FF, "", MOTE_OK},
        {"base_model.model.layers.1.mlp.gate_proj", N_EMBD, N_FF, "", MOTE_OK}, /* made on the model without its head */
        {"base_model.model.lm_head", N_EMBD, N_VOCAB, "", MOTE_OK},
        {"base_model.model.model.layers.2.mlp.gate_proj", N_EMBD, N_FF, "blk.1", MOTE_ERR_FORMAT},
        {"base_model.model.model.layers.01.mlp.gate_proj", N_EMBD, N_FF, "no tensor", MOTE_ERR_FORMAT},
        {"base_model.model.model.layers.1.mlp.gate_proj", N_EMBD, N_FF - 1, "shape [48, 79], the base's is [48, 80]", MOTE_ERR_FORMAT},
        {"base_model.model.model.layers.1.mlp.gate_proj", N_FF, N_FF, "shape", MOTE_ERR_FORMAT},
        {"base_model.model.model.layers.1.mlp.fc1", N_EMBD, N_FF, "mlp.fc1", MOTE_ERR_FORMAT},
        {"base_model.model.model.embed_tokens", N_EMBD, N_VOCAB, "embed_tokens", MOTE_ERR_UNSUPPORTED},
        {"base_model.model.model.layers.4294967297.mlp.gate_proj", N_EMBD, N_FF, "no tensor", MOTE_ERR_FORMAT},
    };
    mote_hparams *h = make_hparams("llama", true);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char a[128], b[128];
        snprintf(a, sizeof a, "%s.lora_A.weight", CASES[i].module);
        snprintf(b, sizeof b, "%s.lora_B.weight", CASES[i].module);
        mote_error err = {0};
        mote_status status = check((tensor_spec[]){{a, 3, CASES[i].n_in, 1}, {b, CASES[i].n_out, 3, 2}}, 2, h, &err);
        if (status != CASES[i].status || !strstr(err.message, CASES[i].word))
            fail_msg("%s: %d, %s", CASES[i].module, (int)status, err.message);
    }
    mote_error err = {0};
    tensor_spec twice[] = {{Q0 "lora_A.weight", 3, N_EMBD, 1},
                           {Q0 "lora_B.weight", 48, 3, 2},
                           {"base_model.model.layers.0.self_attn.q_proj.lora_A.weight", 3, N_EMBD, 1},
                           {"base_model.model.layers.0.self_attn.q_proj.lora_B.weight", 48, 3, 2}};
    mote_adapter_source s;
    mote_adapter *adapter = NULL;
    mote_adapter_base base = {.h = h};
    assert_int_equal(open_peft(CONFIG(""), twice, 4, &s, &err), MOTE_OK);
    assert_int_equal(mote_adapter_bind(&s, &base, 0, 1, &adapter, &err), MOTE_ERR_FORMAT);
    assert_non_null(strstr(err.message, "twice"));
    assert_null(adapter);
    assert_int_equal(mote_adapter_bind(&s, &base, 1000, 1, &adapter, &err), MOTE_ERR_BUDGET);
    mote_adapter_source_close(&s);
}

static mote_adapter *bind(const char *config, const tensor_spec *t, size_t n, const mote_hparams *h, const test_weights *w) {
    mote_adapter_source s;
    mote_adapter *a = NULL;
    mote_error err = {0};
    mote_adapter_base base = {.h = h, .kernels = &w->kernels, .weights = &w->w};
    if (open_peft(config, t, n, &s, &err) != MOTE_OK || mote_adapter_bind(&s, &base, 0, 2, &a, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    mote_adapter_source_close(&s);
    return a;
}

/* The row of the file that is row r of a base whose pairs are neighbours. */
static size_t row_in_file(size_t r) {
    return r / HEAD_DIM * HEAD_DIM + r % HEAD_DIM % 2 * (HEAD_DIM / 2) + r % HEAD_DIM / 2;
}

static void rows_of_q_follow_the_base(void **state) {
    (void)state;
    for (int neox = 0; neox < 2; neox++) {
        mote_hparams *h = make_hparams("llama", neox);
        test_weights *w = make_weights(h);
        mote_adapter *a = bind(CONFIG(""), PLAIN, N_PLAIN, h, w);
        const mote_adapter_pair *q = mote_adapter_find(a, MOTE_SLOT_Q, 0), *down = mote_adapter_find(a, MOTE_SLOT_DOWN, 1);
        assert_non_null(q);
        assert_non_null(down);
        assert_null(mote_adapter_find(a, MOTE_SLOT_Q, 1));
        float row[32];
        for (size_t r = 0; r < N_HEADS * HEAD_DIM; r++) {
            mote_pack_get_row(&q->b, r, row);
            assert_float_equal(row[1], value_at(2, (neox ? r : row_in_file(r)) * 3 + 1), 0);
        }
        mote_pack_get_row(&down->b, 5, row);
        assert_float_equal(row[2], value_at(4, 5 * 3 + 2), 0);
        mote_adapter_info info;
        mote_adapter_get_info(a, &info);
        assert_string_equal(info.kind, "lora");
        assert_int_equal(info.n_matrices, 2);
        assert_int_equal(info.max_rank, 3);
        assert_int_equal(info.n_params, 3 * (N_EMBD + 48) + 3 * (N_FF + N_EMBD));
        mote_adapter_free(&a);
        free_weights(w);
    }
}

static void fused_modules_are_cut(void **state) {
    (void)state;
    enum { N_Q = N_HEADS * HEAD_DIM, N_KV = N_KV_HEADS * HEAD_DIM };
    static const tensor_spec FUSED[] = {{"base_model.model.model.layers.0.self_attn.qkv_proj.lora_A.weight", 3, N_EMBD, 1},
                                        {"base_model.model.model.layers.0.self_attn.qkv_proj.lora_B.weight", N_Q + 2 * N_KV, 3, 2},
                                        {"base_model.model.model.layers.1.mlp.gate_up_proj.lora_A.weight", 3, N_EMBD, 3},
                                        {"base_model.model.model.layers.1.mlp.gate_up_proj.lora_B.weight", 2 * N_FF, 3, 4}};
    mote_hparams *h = make_hparams("phi3", true);
    test_weights *w = make_weights(h);
    mote_adapter *a = bind(CONFIG(""), FUSED, 4, h, w);
    static const struct {
        mote_slot slot;
        uint32_t layer;
        size_t first, n;
        unsigned seed;
    } PARTS[] = {
        {MOTE_SLOT_Q, 0, 0, N_Q, 2}, {MOTE_SLOT_K, 0, N_Q, N_KV, 2}, {MOTE_SLOT_V, 0, N_Q + N_KV, N_KV, 2}, {MOTE_SLOT_GATE, 1, 0, N_FF, 4}, {MOTE_SLOT_UP, 1, N_FF, N_FF, 4}};
    for (size_t i = 0; i < 5; i++) {
        const mote_adapter_pair *p = mote_adapter_find(a, PARTS[i].slot, PARTS[i].layer);
        float row[32];
        assert_non_null(p);
        assert_int_equal(p->b.n_rows, PARTS[i].n);
        mote_pack_get_row(&p->b, PARTS[i].n - 1, row);
        assert_float_equal(row[0], value_at(PARTS[i].seed, (PARTS[i].first + PARTS[i].n - 1) * 3), 0);
    }
    mote_adapter_free(&a);
    free_weights(w);
}

/* Row r of W + scale * c B A, times magnitude over its norm where there is one; of a matrix whose rows stay in the file's order. */
static void change_row(mote_slot slot, uint32_t layer, size_t n_in, size_t rank, unsigned seed_a, unsigned seed_b, double c, const double *magnitude, size_t r, const double *from,
                       double *out) {
    double square = 0;
    for (size_t i = 0; i < n_in; i++) {
        double sum = 0;
        for (size_t k = 0; k < rank; k++)
            sum += (double)value_at(seed_b, r * rank + k) * value_at(seed_a, k * n_in + i);
        double w = base_value(slot, layer, r, i) + c * sum;
        square += w * w;
        out[i] = from[i] + c * sum;
    }
    for (size_t i = 0; magnitude && i < n_in; i++)
        out[i] *= *magnitude / sqrt(square);
}

static void matrices_are_changed_as_defined(void **state) {
    (void)state;
    static const tensor_spec DORA[] = {{V1 "lora_A.weight", 3, N_EMBD, 11}, {V1 "lora_B.weight", 24, 3, 12}, {V1 "lora_magnitude_vector", 0, 24, 13}};
    static const tensor_spec LORA[] = {{V1 "lora_A.default.weight", 3, N_EMBD, 21}, {V1 "lora_B.default.weight", 24, 3, 22}};
    mote_hparams *h = make_hparams("llama", true);
    test_weights *w = make_weights(h);
    const mote_adapter *both[] = {bind(CONFIG(""), LORA, 2, h, w), bind(CONFIG(",\"use_dora\":true"), DORA, 3, h, w)};
    static const float SCALES[][2] = {{1, 1}, {0.5f, 0.25f}, {0, -1.5f}, {2, 0}};
    for (size_t s = 0; s < 4; s++) {
        mote_adapter_set set;
        mote_adapter_change *change = NULL;
        mote_error err = {0};
        assert_int_equal(mote_adapter_set_init(&set, both, SCALES[s], 2, &err), MOTE_OK);
        assert_int_equal(set.n, 2 - (SCALES[s][0] == 0) - (SCALES[s][1] == 0));
        assert_int_equal(mote_adapter_change_create(&set, &w->kernels, MOTE_SLOT_Q, 1, &change, &err), MOTE_OK);
        assert_null(change);
        assert_int_equal(mote_adapter_change_create(&set, &w->kernels, MOTE_SLOT_V, 1, &change, &err), MOTE_OK);
        float rows[24 * N_EMBD];
        for (size_t r = 0; r < 24; r++)
            for (size_t i = 0; i < N_EMBD; i++)
                rows[r * N_EMBD + i] = base_value(MOTE_SLOT_V, 1, r, i);
        mote_adapter_change_rows(change, 0, 7, rows);
        mote_adapter_change_rows(change, 7, 17, rows + 7 * N_EMBD);
        for (size_t r = 0; r < 24; r++) {
            double want[N_EMBD], next[N_EMBD], magnitude = value_at(13, r);
            for (size_t i = 0; i < N_EMBD; i++)
                want[i] = base_value(MOTE_SLOT_V, 1, r, i);
            change_row(MOTE_SLOT_V, 1, N_EMBD, 3, 21, 22, 2.0 * SCALES[s][0], NULL, r, want, next);
            if (SCALES[s][1] != 0)
                change_row(MOTE_SLOT_V, 1, N_EMBD, 3, 11, 12, 2.0 * SCALES[s][1], &magnitude, r, next, want);
            for (size_t i = 0; i < N_EMBD; i++)
                assert_float_equal(rows[r * N_EMBD + i], SCALES[s][1] != 0 ? want[i] : next[i], 2e-5);
        }
        mote_adapter_change_free(&change);
        mote_adapter_set_deinit(&set);
    }
    for (size_t i = 0; i < 2; i++)
        mote_adapter_free((mote_adapter **)&both[i]);
    free_weights(w);
}

static void sets_have_limits(void **state) {
    (void)state;
    mote_adapter plain = {0};
    const mote_adapter *many[MOTE_ADAPTERS_MAX + 1];
    float scales[MOTE_ADAPTERS_MAX + 1];
    mote_adapter_set set;
    mote_error err = {0};
    for (size_t i = 0; i <= MOTE_ADAPTERS_MAX; i++) {
        many[i] = &plain;
        scales[i] = 1;
    }
    assert_int_equal(mote_adapter_set_init(&set, many, scales, MOTE_ADAPTERS_MAX, &err), MOTE_OK);
    mote_adapter_set_deinit(&set);
    assert_int_equal(mote_adapter_set_init(&set, many, scales, MOTE_ADAPTERS_MAX + 1, &err), MOTE_ERR_LIMIT);
    scales[0] = NAN;
    assert_int_equal(mote_adapter_set_init(&set, many, scales, 1, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(set.n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_follow_the_configuration),     cmocka_unit_test(what_changes_more_is_refused_by_name),
        cmocka_unit_test(tensors_that_do_not_fit_are_refused), cmocka_unit_test(another_base_is_refused),
        cmocka_unit_test(rows_of_q_follow_the_base),           cmocka_unit_test(fused_modules_are_cut),
        cmocka_unit_test(matrices_are_changed_as_defined),     cmocka_unit_test(sets_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
