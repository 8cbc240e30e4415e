/* Walks texts through a schema's automaton, for tests. */
#ifndef MOTE_TESTS_SCHEMA_WALK_H
#define MOTE_TESTS_SCHEMA_WALK_H

#include "text/json_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct schema_walk {
    mote_json_schema *schema;
    mote_automaton *a;
} schema_walk;

static inline schema_walk walk_open(const char *schema) {
    schema_walk w = {0};
    mote_error err = {0};
    if (mote_json_schema_compile(mote_str_of(schema), false, &w.schema, &err) != MOTE_OK)
        fail_msg("%s: %s", schema, err.message);
    assert_int_equal(mote_json_schema_automaton(w.schema, &w.a, &err), MOTE_OK);
    return w;
}

static inline void walk_close(schema_walk *w) {
    w->a->ops->free(w->a);
    mote_json_schema_free(w->schema);
}

static inline mote_state walk_step(schema_walk *w, mote_state *s, uint8_t byte) {
    mote_state t = w->a->ops->step(w->a, *s, byte);
    if (t == MOTE_STATE_FULL) {
        *s = w->a->ops->refresh(w->a, *s);
        t = w->a->ops->step(w->a, *s, byte);
        assert_int_not_equal(t, MOTE_STATE_FULL);
    }
    return t;
}

/* The state behind the text, MOTE_STATE_DEAD where it can't be written; *read: the bytes that could. */
static inline mote_state walk_text(schema_walk *w, const char *text, size_t *read) {
    mote_state s = w->a->ops->start(w->a);
    for (*read = 0; text[*read]; ++*read) {
        mote_state t = walk_step(w, &s, (uint8_t)text[*read]);
        if (t == MOTE_STATE_DEAD)
            return MOTE_STATE_DEAD;
        s = t;
    }
    return s;
}

static inline bool walk_accepts(schema_walk *w, const char *text) {
    size_t read;
    mote_state s = walk_text(w, text, &read);
    return s != MOTE_STATE_DEAD && w->a->ops->accepts(w->a, s);
}

#endif
