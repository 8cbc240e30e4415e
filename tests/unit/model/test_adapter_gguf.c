/* Adapters in GGUF: keys, scales, pairs, and what binds them to a base. */
#include "adapter_files.h"

#include "base/sha256.h"

typedef struct gguf_spec {
    const char *family, *type, *sha256;
    float alpha;
    bool is_alora;
    const tensor_spec *t;
    size_t n;
} gguf_spec;

static const tensor_spec PLAIN[] = {{"blk.0.attn_q.weight.lora_a", 3, N_EMBD, 1}, {"blk.0.attn_q.weight.lora_b", N_HEADS *HEAD_DIM, 3, 2}};

static void write_gguf(const char *path, const gguf_spec *g) {
    static float numbers[1 << 14];
    mote_gguf_writer *w = NULL;
    mote_error err = {0};
    assert_int_equal(mote_gguf_writer_create(path, &w, &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_string(w, "general.architecture", mote_str_of(g->family), &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_string(w, "general.type", MOTE_STR("adapter"), &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_string(w, "adapter.type", mote_str_of(g->type), &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_f32(w, "adapter.lora.alpha", g->alpha, &err), MOTE_OK);
    if (g->sha256)
        assert_int_equal(mote_gguf_writer_string(w, "adapter.base.sha256", mote_str_of(g->sha256), &err), MOTE_OK);
    if (g->is_alora)
        assert_int_equal(mote_gguf_writer_u32(w, "adapter.alora.invocation_tokens", 1, &err), MOTE_OK);
    for (size_t i = 0; i < g->n; i++)
        assert_int_equal(mote_gguf_writer_tensor(w, mote_str_of(g->t[i].name), MOTE_DTYPE_F32, 2, (uint64_t[]){g->t[i].n_columns, g->t[i].n_rows}, &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_begin_data(w, &err), MOTE_OK);
    for (size_t i = 0; i < g->n; i++) {
        size_t count = g->t[i].n_rows * g->t[i].n_columns;
        for (size_t k = 0; k < count; k++)
            numbers[k] = value_at(g->t[i].seed, k);
        assert_int_equal(mote_gguf_writer_data(w, numbers, count * 4, &err), MOTE_OK);
    }
    assert_int_equal(mote_gguf_writer_finish(&w, &err), MOTE_OK);
}

/* Opens and checks against a base of family `base`; base_path: a file to hash, or NULL. */
static mote_status open_and_check(const gguf_spec *g, const char *family, bool neox, const char *base_path, mote_adapter_source *s, mote_error *err) {
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 16];
    snprintf(folder, sizeof folder, "/tmp/mote-adapter-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/adapter.gguf", folder);
    write_gguf(path, g);
    mote_status status = mote_adapter_source_open(path, s, err);
    remove_peft(folder);
    mote_adapter_base base = {.h = make_hparams(family, neox), .path = base_path};
    if (status == MOTE_OK)
        status = mote_adapter_check_base(s, &base, err);
    return status;
}

static void scales_come_from_alpha(void **state) {
    (void)state;
    const gguf_spec six = {"llama", "lora", NULL, 6, false, PLAIN, 2}, none = {"llama", "lora", NULL, 0, false, PLAIN, 2};
    mote_adapter_source s;
    mote_error err = {0};
    assert_int_equal(open_and_check(&six, "llama", false, NULL, &s, &err), MOTE_OK);
    assert_float_equal(s.modules[0].scale, 2, 0);
    mote_adapter_source_close(&s);
    assert_int_equal(open_and_check(&none, "llama", false, NULL, &s, &err), MOTE_OK);
    assert_float_equal(s.modules[0].scale, 1, 0);
    mote_adapter_source_close(&s);
}

static void wrong_files_are_refused(void **state) {
    (void)state;
    static const tensor_spec NO_PAIR[] = {{"blk.0.attn_q.weight.lora_b", 48, 3, 2}}, OTHER[] = {{"blk.0.attn_norm.weight", 1, N_EMBD, 2}},
                             EMBEDDING[] = {{"token_embd.weight.lora_a", 3, N_VOCAB, 1}, {"token_embd.weight.lora_b", N_EMBD, 3, 2}},
                             NORM[] = {{"blk.0.attn_norm.weight.lora_a", 1, 1, 1}, {"blk.0.attn_norm.weight.lora_b", N_EMBD, 1, 2}};
    static const struct {
        gguf_spec g;
        const char *word;
        mote_status status;
    } CASES[] = {
        {{"qwen2", "lora", NULL, 6, false, PLAIN, 2}, "the adapter is for 'qwen2', the base is 'llama'", MOTE_ERR_FORMAT},
        {{"llama", "loha", NULL, 6, false, PLAIN, 2}, "loha", MOTE_ERR_UNSUPPORTED},
        {{"llama", "lora", NULL, INFINITY, false, PLAIN, 2}, "alpha", MOTE_ERR_FORMAT},
        {{"llama", "lora", NULL, 6, true, PLAIN, 2}, "alora", MOTE_ERR_UNSUPPORTED},
        {{"llama", "lora", NULL, 6, false, NO_PAIR, 1}, "no pair", MOTE_ERR_FORMAT},
        {{"llama", "lora", NULL, 6, false, OTHER, 1}, "neither lora_a nor lora_b", MOTE_ERR_FORMAT},
        {{"llama", "lora", NULL, 6, false, EMBEDDING, 2}, "embedding", MOTE_ERR_UNSUPPORTED},
        {{"llama", "lora", NULL, 6, false, NORM, 2}, "attn_norm", MOTE_ERR_UNSUPPORTED},
        {{"llama", "lora", NULL, 6, false, PLAIN, 0}, "no tensors", MOTE_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mote_adapter_source s;
        mote_error err = {0};
        mote_status status = open_and_check(&CASES[i].g, "llama", false, NULL, &s, &err);
        if (status != CASES[i].status || !strstr(err.message, CASES[i].word))
            fail_msg("case %zu: %d, %s", i, (int)status, err.message);
        mote_adapter_source_close(&s);
    }
}

static void a_recorded_hash_binds(void **state) {
    (void)state;
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 16], hex[65];
    static const char base_bytes[] = "weights";
    snprintf(folder, sizeof folder, "/tmp/mote-adapter-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/adapter.gguf", folder); /* any file will do */
    write_file(folder, "adapter.gguf", base_bytes, sizeof base_bytes);
    mote_sha256 sha;
    uint8_t digest[32];
    mote_sha256_init(&sha);
    mote_sha256_update(&sha, base_bytes, sizeof base_bytes);
    mote_sha256_final(&sha, digest);
    mote_sha256_hex(digest, hex);
    gguf_spec g = {"llama", "lora", hex, 6, false, PLAIN, 2};
    mote_adapter_source s;
    mote_error err = {0};
    assert_int_equal(open_and_check(&g, "llama", false, path, &s, &err), MOTE_OK);
    mote_adapter_source_close(&s);
    g.sha256 = "00000000000000000000000000000000000000000000000000000000000000ff";
    assert_int_equal(open_and_check(&g, "llama", false, path, &s, &err), MOTE_ERR_FORMAT);
    assert_non_null(strstr(err.message, g.sha256));
    assert_non_null(strstr(err.message, hex));
    mote_adapter_source_close(&s);
    remove_peft(folder);
}

/* Pairs of q are neighbours in the file; a base from a folder has them half a head apart. */
static void rows_of_q_follow_the_base(void **state) {
    (void)state;
    for (int neox = 0; neox < 2; neox++) {
        const gguf_spec g = {"llama", "lora", NULL, 6, false, PLAIN, 2};
        mote_adapter_source s;
        mote_adapter *a = NULL;
        mote_error err = {0};
        assert_int_equal(open_and_check(&g, "llama", neox, NULL, &s, &err), MOTE_OK);
        mote_adapter_base base = {.h = make_hparams("llama", neox)};
        assert_int_equal(mote_adapter_bind(&s, &base, 0, 1, &a, &err), MOTE_OK);
        mote_adapter_source_close(&s);
        for (size_t r = 0; r < N_HEADS * HEAD_DIM; r++) {
            float row[32];
            size_t i = r % HEAD_DIM, in_file = r - i + i % (HEAD_DIM / 2) * 2 + i / (HEAD_DIM / 2);
            mote_pack_get_row(&mote_adapter_find(a, MOTE_SLOT_Q, 0)->b, r, row);
            assert_float_equal(row[2], value_at(2, (neox ? in_file : r) * 3 + 2), 0);
        }
        mote_adapter_free(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_come_from_alpha),
        cmocka_unit_test(wrong_files_are_refused),
        cmocka_unit_test(a_recorded_hash_binds),
        cmocka_unit_test(rows_of_q_follow_the_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
