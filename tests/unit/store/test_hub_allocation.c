/* Every allocation of finding, listing and removing in the hub's cache fails once, and persistently from there: MOTE_ERR_ALLOC or the right answer, nothing leaked, nothing removed
 * by half. The test defines base/mem.h itself, so that the linker takes these functions instead of the library's. */
#include <mote/store.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/hub_cache.h"
#include "store/hub_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_memory.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static char cache[64];

/* Runs `work` with every allocation failing in turn. */
static void sweep(mote_status (*work)(mote_error *err)) {
    for (int mode = 0; mode < 2; mode++) {
        persistent = mode;
        fail_at = 0;
        do {
            mote_error err = {0};
            fail_at++;
            n_calls = n_live = 0;
            mote_status status = work(&err);
            assert_int_equal(n_live, 0);
            assert_int_equal(status, n_calls < fail_at ? MOTE_OK : MOTE_ERR_ALLOC);
            assert_int_equal(err.status, status);
        } while (n_calls >= fail_at);
        assert_true(fail_at > 1);
        fail_at = 0;
    }
}

static mote_status settings(mote_error *err) {
    mote_hub_settings s;
    mote_status status = mote_hub_settings_read(&s, err);
    if (status == MOTE_OK)
        mote_hub_settings_free(&s);
    return status;
}

static mote_status resolve(mote_error *err) {
    char *path = NULL;
    mote_status status = mote_store_path("org/m:q8_0", &path, err);
    assert_int_equal(path != NULL, status == MOTE_OK);
    mote_mem_free(path);
    return status;
}

static mote_status list(mote_error *err) {
    mote_hub_listing listing = {NULL, 0, 0};
    mote_status status = mote_hub_listing_read(&listing, "[]", 2, err);
    for (int i = 0; i < 40 && status == MOTE_OK; i++)
        status = mote_hub_listing_add(&listing, MOTE_STR("a/b.gguf"), 1, "", err);
    mote_hub_listing_free(&listing);
    return status;
}

static mote_status offline(mote_error *err) {
    mote_pull_result got;
    mote_status status = mote_store_pull("org/f", NULL, &got, err);
    mote_pull_result_deinit(&got);
    return status;
}

static void put(const char *path) {
    char full[300], folder[300];
    snprintf(full, sizeof full, "%s/models--org--%s", cache, path);
    strcpy(folder, full);
    *strrchr(folder, '/') = 0;
    assert_int_equal(mote_file_make_directories(folder, NULL), MOTE_OK);
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(strstr(path, "refs") ? COMMIT : "x", f);
    fclose(f);
}

static void short_memory_is_an_error(void **state) {
    (void)state;
    put("m/refs/main");
    put("m/snapshots/" COMMIT "/m-Q8_0-00001-of-00002.gguf");
    put("m/snapshots/" COMMIT "/m-Q8_0-00002-of-00002.gguf");
    put("m/snapshots/" COMMIT "/a/b.txt");
    put("f/refs/main");
    put("f/snapshots/" COMMIT "/config.json");
    put("f/snapshots/" COMMIT "/model.safetensors");
    sweep(settings);
    sweep(resolve);
    sweep(list);
    sweep(offline);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(short_memory_is_an_error)};
    strcpy(cache, "/tmp/mote-hub-XXXXXX");
    if (!mkdtemp(cache))
        return 1;
    setenv("HF_HUB_CACHE", cache, 1);
    setenv("HF_HUB_OFFLINE", "1", 1);
    setenv("HF_TOKEN", "hf_x", 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", cache);
    return system(command) || failed;
}
