/* Compiled expressions, and automata of them: the states are those of the table. */
#include "text/regular.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/regular_dfa.h"

static const size_t MAX_BYTES = (size_t)16 << 20;

struct mote_regular {
    mote_arena arena;
    const mote_dfa *dfa;
};

static mote_status compile(mote_str pattern, bool whole, mote_regular *r, mote_error *err) {
    mote_arena_init(&r->arena, MAX_BYTES);
    return mote_dfa_pattern(pattern, whole, &r->arena, &r->dfa, NULL, err);
}

mote_status mote_regular_compile(mote_str pattern, mote_regular **regular, mote_error *err) {
    *regular = mote_mem_zalloc_array(1, sizeof **regular);
    if (!*regular)
        return mote_error_alloc(err, sizeof **regular);
    mote_status status = compile(pattern, false, *regular, err);
    if (status != MOTE_OK)
        mote_regular_free(regular);
    return status;
}

void mote_regular_free(mote_regular **regular) {
    if (*regular)
        mote_arena_deinit(&(*regular)->arena);
    mote_mem_free(*regular);
    *regular = NULL;
}

bool mote_regular_matches(const mote_regular *regular, mote_str text) {
    return mote_dfa_accepts(regular->dfa, text);
}

typedef struct regular_automaton {
    mote_automaton base;
    mote_regular regular;
    uint32_t *distance; /* [n_states] */
} regular_automaton;

static const mote_dfa *dfa_of(const mote_automaton *a) {
    return ((const regular_automaton *)(const void *)a)->regular.dfa;
}

static mote_state start(mote_automaton *a) {
    return dfa_of(a)->start;
}

static mote_state step(mote_automaton *a, mote_state s, unsigned char byte) {
    return mote_dfa_step(dfa_of(a), s, byte);
}

static bool accepts(mote_automaton *a, mote_state s) {
    return dfa_of(a)->label[s] != 0;
}

static uint32_t distance(mote_automaton *a, mote_state s) {
    return ((regular_automaton *)(void *)a)->distance[s];
}

static int closing(mote_automaton *a, mote_state s) {
    uint32_t here = distance(a, s);
    for (int byte = 0; here > 0 && byte < 256; byte++) {
        mote_state t = step(a, s, (unsigned char)byte);
        if (t != MOTE_STATE_DEAD && distance(a, t) < here)
            return byte;
    }
    return -1;
}

static uint32_t key(mote_automaton *a, mote_state s) {
    (void)a;
    return s;
}

static mote_state refresh(mote_automaton *a, mote_state s) {
    (void)a;
    return s;
}

static void free_automaton(mote_automaton *a) {
    regular_automaton *r = (regular_automaton *)(void *)a;
    mote_arena_deinit(&r->regular.arena);
    mote_mem_free(r);
}

/* Rounds until nothing gets nearer; states are numbered outwards from the start, so going backwards takes few. */
static void measure(const mote_dfa *d, uint32_t *distance) {
    for (uint32_t s = 0; s < d->n_states; s++)
        distance[s] = d->label[s] ? 0 : UINT32_MAX;
    for (bool nearer = true; nearer;) {
        nearer = false;
        for (uint32_t s = d->n_states; s-- > 1;)
            for (uint32_t c = 0; c < d->n_classes; c++) {
                uint32_t t = d->next[(size_t)s * d->n_classes + c];
                if (t && distance[t] != UINT32_MAX && distance[t] + 1 < distance[s]) {
                    distance[s] = distance[t] + 1;
                    nearer = true;
                }
            }
    }
}

mote_status mote_regular_automaton(mote_str pattern, mote_automaton **a, mote_error *err) {
    static const mote_automaton_ops ops = {start, step, accepts, distance, closing, key, step, refresh, free_automaton, NULL, NULL};
    *a = NULL;
    regular_automaton *r = mote_mem_zalloc_array(1, sizeof *r);
    if (!r)
        return mote_error_alloc(err, sizeof *r);
    r->base.ops = &ops;
    mote_status status = compile(pattern, true, &r->regular, err);
    if (status == MOTE_OK) {
        r->distance = mote_arena_zalloc_array(&r->regular.arena, r->regular.dfa->n_states, sizeof *r->distance);
        if (r->distance)
            measure(r->regular.dfa, r->distance);
        else
            status = mote_error_set(err, MOTE_ERR_LIMIT, "the expression is too large");
    }
    if (status != MOTE_OK) {
        free_automaton(&r->base);
        return status;
    }
    *a = &r->base;
    return MOTE_OK;
}
