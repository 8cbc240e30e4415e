/* Every allocation of reading and binding an adapter fails once, and persistently from there: an error, nothing leaked. The test defines base/mem.h itself, so that the linker
 * takes these functions instead of the library's. */
#include "adapter_files.h"

#include "model/adapter_change.h"

#include "failing_memory.h"

/* Opens, binds, puts into a set at another scale than 1, makes a change of a matrix of it. */
static mote_status use(const char *folder, const mote_hparams *h, const test_weights *w) {
    mote_adapter_source s;
    mote_adapter *a = NULL;
    mote_adapter_set set = {0};
    mote_adapter_change *change = NULL;
    mote_error err = {0};
    mote_adapter_base base = {.h = h, .kernels = &w->kernels, .weights = &w->w};
    MOTE_TRY(mote_adapter_source_open(folder, &s, &err));
    mote_status status;
    MOTE_TRY_DONE(mote_adapter_bind(&s, &base, 0, 1, &a, &err));
    MOTE_TRY_DONE(mote_adapter_set_init(&set, (const mote_adapter *const *)&a, (float[]){0.5f}, 1, &err));
    status = mote_adapter_change_create(&set, &w->kernels, MOTE_SLOT_V, 1, &change, &err);
done:
    mote_adapter_change_free(&change);
    mote_adapter_set_deinit(&set);
    mote_adapter_free(&a);
    mote_adapter_source_close(&s);
    return status;
}

static void nothing_leaks(void **state) {
    (void)state;
    static const tensor_spec DORA[] = {{V1 "lora_A.weight", 3, N_EMBD, 11}, {V1 "lora_B.weight", 24, 3, 12}, {V1 "lora_magnitude_vector", 0, 24, 13}};
    mote_hparams *h = make_hparams("llama", true);
    test_weights *w = make_weights(h);
    char folder[FOLDER_BYTES];
    make_peft(folder, CONFIG(",\"use_dora\":true"), DORA, 3);
    fail_at = n_calls = n_live = 0;
    assert_int_equal(use(folder, h, w), MOTE_OK);
    assert_int_equal(n_live, 0);
    long n = n_calls;
    assert_true(n > 10);
    for (int round = 0; round < 2; round++) {
        persistent = round == 1;
        for (fail_at = 1; fail_at <= n; fail_at++) {
            n_calls = 0;
            assert_int_equal(use(folder, h, w), MOTE_ERR_ALLOC);
            assert_int_equal(n_live, 0);
        }
    }
    fail_at = 0;
    remove_peft(folder);
    free_weights(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_leaks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
