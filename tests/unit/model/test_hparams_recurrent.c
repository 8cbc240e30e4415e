/* Hyper-parameters of families with recurrent layers, from config.json: both spellings, what is derived, what is refused. */
#include "kernels/kernels.h"
#include "model/cache.h"
#include "model/recurrent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GRANITE                                                                                                                                                              \
    "\"model_type\": \"granitemoehybrid\", \"vocab_size\": 96, \"hidden_size\": 32, \"intermediate_size\": 24, \"shared_intermediate_size\": 48, \"num_hidden_layers\": 3,"  \
    "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"max_position_embeddings\": 256, \"rms_norm_eps\": 1e-5, \"attention_multiplier\": 0.2, \"mamba_n_heads\": 4," \
    "\"mamba_d_state\": 16, \"mamba_expand\": 2"
#define DENSE ", \"num_local_experts\": 0, \"num_experts_per_tok\": 0"
#define TYPES ", \"layer_types\": [\"mamba\", \"attention\", \"mamba\"]"
#define LFM2                                                                                                                                               \
    "\"model_type\": \"lfm2\", \"vocab_size\": 96, \"hidden_size\": 32, \"intermediate_size\": 100, \"num_hidden_layers\": 3, \"num_attention_heads\": 4," \
    "\"num_key_value_heads\": 2, \"max_position_embeddings\": 256, \"norm_eps\": 1e-5"

static mote_status read(const char *members, mote_hparams *h, mote_error *err) {
    char text[4096];
    mote_json *config = NULL;
    snprintf(text, sizeof text, "{%s}", members);
    assert_int_equal(mote_json_parse(text, strlen(text), &config, err), MOTE_OK);
    mote_status status = mote_hparams_from_config(config, h, err);
    mote_json_free(&config);
    return status;
}

static void assert_refused(const char *members, mote_status status, const char *what) {
    mote_hparams *h = calloc(1, sizeof *h);
    mote_error err = {0};
    assert_non_null(h);
    assert_int_equal(read(members, h, &err), status);
    if (!strstr(err.message, what))
        fail_msg("'%s' does not name %s", err.message, what);
    free(h);
}

static mote_hparams *accepted(const char *members) {
    mote_hparams *h = calloc(1, sizeof *h);
    mote_error err = {0};
    assert_non_null(h);
    if (read(members, h, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return h;
}

static void mixers_are_as_the_layers_say(void **state) {
    (void)state;
    static const char *const SPELLINGS[] = {GRANITE DENSE TYPES, GRANITE DENSE ", \"layer_types\": [\"linear_attention\", \"full_attention\", \"linear_attention\"]",
                                            GRANITE DENSE ", \"layers_block_type\": [\"mamba\", \"attention\", \"mamba\"]"};
    for (size_t i = 0; i < 3; i++) {
        mote_hparams *h = accepted(SPELLINGS[i]);
        assert_true(mote_recurrent_has(h));
        for (uint32_t l = 0; l < 3; l++) {
            assert_int_equal(h->layers[l].mixer, l == 1 ? MOTE_MIXER_ATTENTION : MOTE_MIXER_MAMBA2);
            assert_int_equal(h->layers[l].n_kv_heads, l == 1 ? 2 : 0);
            assert_int_equal(h->layers[l].n_ff, 48);
            assert_false(h->layers[l].has_rope);
        }
        assert_int_equal(mote_recurrent_channels(h, MOTE_MIXER_MAMBA2), 64 + 2 * 16);
        assert_int_equal(mote_recurrent_in_width(h, MOTE_MIXER_MAMBA2), 64 + 96 + 4);
        assert_int_equal(mote_recurrent_state_floats(h, MOTE_MIXER_MAMBA2), 3 * 96 + 64 * 16);
        assert_int_equal(mote_recurrent_state_floats(h, MOTE_MIXER_ATTENTION), 0);
        free(h);
    }
    mote_hparams *h = accepted(GRANITE DENSE TYPES ", \"position_embedding_type\": \"rope\"");
    assert_true(h->layers[1].has_rope);
    free(h);
    h = accepted(GRANITE TYPES ", \"num_local_experts\": 4, \"num_experts_per_tok\": 2");
    assert_true(h->layers[0].has_experts && h->layers[0].n_ff == 48 && h->experts.n_ff == 24);
    free(h);
    h = accepted(GRANITE DENSE ", \"mamba_n_groups\": 4000000000, \"layer_types\": [\"attention\", \"attention\", \"attention\"]"); /* of no layer */
    assert_false(mote_recurrent_has(h));
    assert_int_equal(h->recurrent.n_groups, 0);
    free(h);
}

static void widths_of_lfm2_are_derived(void **state) {
    (void)state;
    static const struct {
        const char *members;
        uint32_t n_ff;
    } CASES[] = {
        {LFM2 ", \"layer_types\": [\"conv\", \"full_attention\", \"conv\"]", 256}, /* two thirds of 100, up to a multiple of 256 */
        {LFM2 ", \"full_attn_idxs\": [1], \"block_multiple_of\": 8", 72},
        {LFM2 ", \"full_attn_idxs\": [1], \"block_multiple_of\": 8, \"block_ffn_dim_multiplier\": 1.5", 104}, /* 66 * 1.5 = 99 */
        {LFM2 ", \"full_attn_idxs\": [1], \"block_multiple_of\": 8, \"block_ff_dim\": 48", 32},
        {LFM2 ", \"full_attn_idxs\": [1], \"block_auto_adjust_ff_dim\": false", 100},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mote_hparams *h = accepted(CASES[i].members);
        assert_int_equal(h->layers[0].mixer, MOTE_MIXER_SHORTCONV);
        assert_int_equal(h->layers[1].mixer, MOTE_MIXER_ATTENTION);
        assert_int_equal(h->n_ff, CASES[i].n_ff);
        assert_int_equal(h->recurrent.n_taps, 3);
        assert_true(h->ties_output && h->rope.base == 1000000.0f);
        assert_int_equal(mote_recurrent_state_floats(h, MOTE_MIXER_SHORTCONV), 2 * 32);
        free(h);
    }
    mote_hparams *h = accepted(LFM2 ", \"full_attn_idxs\": [1], \"tie_embedding\": false");
    assert_false(h->ties_output);
    free(h);
}

static void nonsense_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *members, *what;
        mote_status status;
    } CASES[] = {
        {GRANITE DENSE, "layer_types", MOTE_ERR_FORMAT},
        {GRANITE DENSE ", \"layer_types\": [\"mamba\"]", "layer_types", MOTE_ERR_FORMAT},
        {GRANITE DENSE ", \"layer_types\": [\"mamba\", \"conv\", \"mamba\"]", "layer_types[1]", MOTE_ERR_UNSUPPORTED},
        {GRANITE DENSE TYPES ", \"mamba_n_groups\": 3", "group_count", MOTE_ERR_FORMAT},
        {GRANITE DENSE TYPES ", \"mamba_n_groups\": 0", "group_count", MOTE_ERR_FORMAT},
        {GRANITE DENSE TYPES ", \"mamba_d_head\": 17", "mamba_d_head", MOTE_ERR_FORMAT},
        {GRANITE DENSE TYPES ", \"mamba_d_conv\": 17", "mamba_d_conv", MOTE_ERR_FORMAT},
        {GRANITE DENSE TYPES ", \"mamba_d_conv\": 0", "mamba_d_conv", MOTE_ERR_FORMAT},
        {GRANITE DENSE TYPES ", \"mamba_d_conv\": -1", "mamba_d_conv", MOTE_ERR_FORMAT},
        {GRANITE DENSE TYPES ", \"time_step_limit\": [0.0, 0.1]", "time_step_limit", MOTE_ERR_UNSUPPORTED},
        {LFM2 ", \"full_attn_idxs\": [3]", "full_attn_idxs[0]", MOTE_ERR_FORMAT},
        {LFM2 ", \"full_attn_idxs\": [1], \"block_multiple_of\": 0", "block_multiple_of", MOTE_ERR_FORMAT},
        {LFM2 ", \"full_attn_idxs\": [1], \"block_ffn_dim_multiplier\": 1e30", "block_ffn_dim_multiplier", MOTE_ERR_FORMAT},
        {LFM2 ", \"full_attn_idxs\": [1], \"conv_L_cache\": 100", "conv_L_cache", MOTE_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_refused(CASES[i].members, CASES[i].status, CASES[i].what);
}

/* Attention's stores grow with the context, states don't; going back is possible to the start only. */
static void states_are_counted_and_cleared(void **state) {
    (void)state;
    enum { FLOATS = 3 * 96 + 64 * 16 };
    mote_hparams *h = accepted(GRANITE DENSE TYPES);
    mote_cache_layout *small = calloc(1, sizeof *small), *large = calloc(1, sizeof *large);
    assert_true(small && large);
    mote_cache_layout_init(small, h, MOTE_DTYPE_F32, MOTE_DTYPE_F32, 64, 8);
    mote_cache_layout_init(large, h, MOTE_DTYPE_F32, MOTE_DTYPE_F32, 128, 8);
    assert_true(small->has_states);
    assert_int_equal(small->state_bytes[0], FLOATS * 4);
    assert_int_equal(small->state_bytes[1], 0);
    size_t stores = large->n_bytes - small->n_bytes; /* 64 positions more */
    assert_int_equal(stores, 2 * 2 * mote_attn_store_bytes(MOTE_DTYPE_F32, 8, 64));
    assert_int_equal(small->n_bytes, 2 * 2 * FLOATS * 4 + stores); /* and a copy of the states */
    uint8_t *data = aligned_alloc(64, small->n_bytes);
    mote_cache cache;
    assert_non_null(data);
    memset(data, 0x3f, small->n_bytes);
    mote_cache_init(&cache, small, data);
    mote_cache_make_room(&cache, 5, 3);
    assert_int_equal(*(uint8_t *)mote_cache_state(&cache, 2), 0x3f);
    mote_cache_make_room(&cache, 0, 3);
    for (size_t i = 0; i < FLOATS; i++)
        assert_true(((float *)mote_cache_state(&cache, 0))[i] == 0 && ((float *)mote_cache_state(&cache, 2))[i] == 0);
    assert_int_equal(*(uint8_t *)mote_cache_k(&cache, 1, 0), 0x3f);
    assert_int_equal(mote_cache_go_back(&cache, 9, 9), 9);
    assert_int_equal(mote_cache_go_back(&cache, 9, 8), 0);
    *(float *)mote_cache_state(&cache, 2) = 7;
    mote_cache_save_states(&cache, 6);
    *(float *)mote_cache_state(&cache, 2) = 8;
    assert_int_equal(mote_cache_go_back(&cache, 9, 8), 6);
    assert_true(*(float *)mote_cache_state(&cache, 2) == 7);
    assert_int_equal(mote_cache_go_back(&cache, 8, 5), 0);
    assert_int_equal(mote_cache_go_back(&cache, 8, 7), 0); /* the copy was of another timeline's end */
    free(data);
    free(small);
    free(large);
    free(h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixers_are_as_the_layers_say),
        cmocka_unit_test(widths_of_lfm2_are_derived),
        cmocka_unit_test(nonsense_is_refused_by_name),
        cmocka_unit_test(states_are_counted_and_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
