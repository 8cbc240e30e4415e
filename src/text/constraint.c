/* The public face of constrained languages: compile once, then as many automata as generations go on at a time. */
#include "text/constraint.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/grammar.h"
#include "text/json_schema.h"
#include "text/regular.h"

#include <stdatomic.h>

enum { MAX_PATTERN_BYTES = 1 << 20 };

/* One of the three. */
struct mote_constraint {
    mote_grammar *grammar;
    mote_json_schema *schema;
    mote_buffer pattern;
    _Atomic uint32_t n_owners;
};

static mote_status create(mote_constraint **constraint, mote_error *err) {
    *constraint = mote_mem_zalloc_array(1, sizeof **constraint);
    if (!*constraint)
        return mote_error_alloc(err, sizeof **constraint);
    atomic_store(&(*constraint)->n_owners, 1);
    mote_buffer_init(&(*constraint)->pattern, MAX_PATTERN_BYTES);
    return MOTE_OK;
}

mote_status mote_constraint_create_grammar(const char *text, size_t text_bytes, mote_constraint **constraint, mote_error *err) {
    MOTE_TRY(create(constraint, err));
    mote_status status = mote_grammar_compile((mote_str){text, text_bytes}, &(*constraint)->grammar, err);
    if (status != MOTE_OK)
        mote_constraint_free(constraint);
    return status;
}

mote_status mote_constraint_create_schema(const char *json, size_t json_bytes, bool strict, mote_constraint **constraint, mote_error *err) {
    MOTE_TRY(create(constraint, err));
    mote_status status = mote_json_schema_compile((mote_str){json, json_bytes}, strict, &(*constraint)->schema, err);
    if (status != MOTE_OK)
        mote_constraint_free(constraint);
    return status;
}

mote_status mote_constraint_create_regex(const char *pattern, size_t pattern_bytes, mote_constraint **constraint, mote_error *err) {
    mote_automaton *a = NULL;
    MOTE_TRY(create(constraint, err));
    mote_status status = mote_buffer_append(&(*constraint)->pattern, pattern, pattern_bytes);
    if (status != MOTE_OK)
        status = mote_error_set(err, status, "the pattern has %zu bytes, the limit is %d", pattern_bytes, MAX_PATTERN_BYTES);
    else
        status = mote_constraint_automaton(*constraint, &a, err); /* only now is it known to be one */
    mote_automaton_free(&a);
    if (status != MOTE_OK)
        mote_constraint_free(constraint);
    return status;
}

size_t mote_constraint_n_warnings(const mote_constraint *constraint) {
    return constraint->schema ? mote_json_schema_n_warnings(constraint->schema) : 0;
}

const char *mote_constraint_warning(const mote_constraint *constraint, size_t i) {
    return mote_json_schema_warning(constraint->schema, i);
}

const mote_constraint *mote_constraint_share(const mote_constraint *constraint) {
    mote_constraint *c = (mote_constraint *)(uintptr_t)constraint; /* the number of owners is all that ever changes */
    atomic_fetch_add(&c->n_owners, 1);
    return constraint;
}

void mote_constraint_free(mote_constraint **constraint) {
    mote_constraint *c = *constraint;
    *constraint = NULL;
    if (!c || atomic_fetch_sub(&c->n_owners, 1) > 1)
        return;
    mote_grammar_free(&c->grammar);
    mote_json_schema_free(c->schema);
    mote_buffer_deinit(&c->pattern);
    mote_mem_free(c);
}

mote_status mote_constraint_automaton(const mote_constraint *c, mote_automaton **automaton, mote_error *err) {
    *automaton = NULL;
    if (c->grammar)
        return mote_grammar_automaton(c->grammar, automaton, err);
    if (c->schema)
        return mote_json_schema_automaton(c->schema, automaton, err);
    return mote_regular_automaton(mote_buffer_str(&c->pattern), automaton, err);
}

mote_status mote_constraint_match(const mote_constraint *constraint, const char *text, size_t text_bytes, bool *matches, size_t *offset, mote_error *err) {
    mote_automaton *a = NULL;
    *matches = false;
    MOTE_TRY(mote_constraint_automaton(constraint, &a, err));
    mote_state s = a->ops->start(a), next = s;
    size_t i = 0;
    for (; i < text_bytes && next != MOTE_STATE_FULL; i++) {
        next = a->ops->step(a, s, (unsigned char)text[i]);
        if (next == MOTE_STATE_FULL) {
            s = a->ops->refresh(a, s);
            next = a->ops->step(a, s, (unsigned char)text[i]);
        }
        if (next == MOTE_STATE_DEAD)
            break;
        s = next;
    }
    *matches = i == text_bytes && s != MOTE_STATE_FULL && a->ops->accepts(a, s);
    *offset = i;
    mote_automaton_free(&a);
    return next == MOTE_STATE_FULL ? mote_error_set(err, MOTE_ERR_LIMIT, "too ambiguous: at offset %zu there is no room for all ways to read the text", i) : MOTE_OK;
}
