/* A tiny model of random weights and an engine on it, for groups of tests; includes come before. */
#ifndef MOTE_TESTS_TASKS_TINY_MODEL_H
#define MOTE_TESTS_TASKS_TINY_MODEL_H

#include <mote/mote.h>

#include <stdio.h>
#include <stdlib.h>

static mote_model *model;
static mote_engine *engine;

static int open_model(void **state) {
    (void)state;
    char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    o.n_ctx = 2048;
    o.n_threads = 2;
    o.n_sessions = 2;
    snprintf(path, sizeof path, "%s/tests/cli/tiny.gguf", root ? root : ".");
    return mote_model_open(path, NULL, &model, NULL) == MOTE_OK && mote_engine_create(model, &o, &engine, NULL) == MOTE_OK ? 0 : -1;
}

static int close_model(void **state) {
    (void)state;
    mote_engine_free(&engine);
    mote_model_free(&model);
    return 0;
}

#endif
