/* map, select, reject, selectattr, rejectattr: generators that apply a filter, a test or an attribute lookup to each item when it is asked for. */
#include "text/jinja_filters.h"

typedef struct map_state {
    const jinja_builtin *function; /* NULL: by attribute (map), by truth (select) */
    jinja_value attribute, fallback;
    bool by_attribute, negate;
    jinja_args args; /* args.v[0] is replaced by the item */
} map_state;

static bool same_args(jinja_run *r, const jinja_args *args, size_t skip, jinja_args *out) {
    /* skip arguments go, one place for the item comes */
    size_t n = args->n > skip ? args->n - skip : 0;
    *out = (jinja_args){.v = mote_jinja_alloc_array(r, n + 1, sizeof *out->v), .n = n + 1, .kw = mote_jinja_alloc_array(r, args->n_kw + 1, sizeof *out->kw), .n_kw = args->n_kw};
    if (!out->v || !out->kw)
        return false;
    if (n)
        memcpy(out->v + 1, args->v + skip, n * sizeof *out->v);
    if (args->n_kw)
        memcpy(out->kw, args->kw, args->n_kw * sizeof *out->kw);
    return true;
}

static bool apply(jinja_run *r, const map_state *state, jinja_value item, jinja_value *out) {
    jinja_value bound[JINJA_MAX_PARAMS];
    if (state->by_attribute && !mote_jinja_attr_path(r, item, state->attribute, state->fallback, &item))
        return false;
    *out = item;
    if (!state->function)
        return true;
    jinja_value saved = state->args.v[0]; /* a filter that runs another rendering of itself finds its own item */
    state->args.v[0] = item;
    bool ok = state->function->raw ? state->function->raw(r, &state->args, out) : mote_jinja_bind(r, state->function, &state->args, bound) && state->function->call(r, bound, out);
    state->args.v[0] = saved;
    return ok;
}

static int next_mapped(jinja_run *r, jinja_iter *it, jinja_value *out) {
    jinja_value item;
    int got = mote_jinja_pull(r, it->inner, &item);
    if (got != JINJA_ITEM)
        return got;
    return apply(r, it->state, item, out) ? JINJA_ITEM : JINJA_FAILED;
}

static int next_selected(jinja_run *r, jinja_iter *it, jinja_value *out) {
    const map_state *state = it->state;
    jinja_value verdict;
    int got;
    while ((got = mote_jinja_pull(r, it->inner, out)) == JINJA_ITEM) {
        if (!apply(r, state, *out, &verdict))
            return JINJA_FAILED;
        if (mote_jinja_truth(verdict) != state->negate)
            return JINJA_ITEM;
    }
    return got;
}

static bool generator(jinja_run *r, jinja_value source, int (*next)(jinja_run *, jinja_iter *, jinja_value *), const map_state *state, jinja_value *out) {
    map_state *copy = mote_jinja_alloc(r, sizeof *copy);
    if (!copy)
        return false;
    *copy = *state;
    jinja_iter *inner = mote_jinja_iterate(r, source);
    *out = jinja_of_iter(inner ? mote_jinja_new_iter(r, next, inner, copy) : NULL);
    return out->u.iter != NULL;
}

/* A name that does not exist fails when the first item needs it. */
static bool call_unknown(jinja_run *r, const jinja_args *args, jinja_value *out) {
    (void)args;
    (void)out;
    return mote_jinja_fail(r, MOTE_ERR_FORMAT, "map, select or reject: no filter or test of that name");
}

static bool function_name(jinja_run *r, jinja_value v, bool is_filter, const jinja_builtin **function) {
    mote_str name;
    if (!mote_jinja_str_arg(r, v, is_filter ? "map" : "select", &name))
        return false;
    static const jinja_builtin unknown = {.name = "unknown", .raw = call_unknown};
    *function = is_filter ? mote_jinja_filter(name) : mote_jinja_test(name);
    if (!*function)
        *function = &unknown;
    return true;
}

/* Jinja looks at the arguments only if the value is true: none, 0 or an empty list give an empty generator. */
static bool no_items(jinja_run *r, const jinja_args *args, jinja_value *out) {
    if (args->n == 0 || mote_jinja_truth(args->v[0]))
        return false;
    *out = jinja_of_iter(mote_jinja_iterate(r, jinja_hint("no items")));
    return true;
}

bool mote_jinja_filter_map(jinja_run *r, const jinja_args *args, jinja_value *out) {
    map_state state = {0};
    if (no_items(r, args, out))
        return out->u.iter != NULL;
    for (size_t i = 0; args->n == 1 && i < args->n_kw; i++) {
        if (mote_str_is(args->kw[i].name, "attribute")) {
            state.attribute = args->kw[i].value;
            state.by_attribute = true;
        } else if (mote_str_is(args->kw[i].name, "default")) {
            state.fallback = args->kw[i].value;
        } else {
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "map: unexpected keyword argument '%.*s'", MOTE_STR_ARGS(args->kw[i].name));
        }
    }
    if (args->n == 0 || (args->n == 1 && !state.by_attribute))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "map requires a filter argument");
    if (!state.by_attribute && (!function_name(r, args->v[1], true, &state.function) || !same_args(r, args, 2, &state.args)))
        return false;
    return generator(r, args->v[0], next_mapped, &state, out);
}

static bool select_items(jinja_run *r, const jinja_args *args, bool by_attribute, bool negate, jinja_value *out) {
    map_state state = {.by_attribute = by_attribute, .negate = negate};
    size_t name = by_attribute ? 2 : 1;
    if (no_items(r, args, out))
        return out->u.iter != NULL;
    if (args->n < name)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "missing parameter for attribute name");
    if (by_attribute)
        state.attribute = args->v[1];
    if (args->n > name && (!function_name(r, args->v[name], false, &state.function) || !same_args(r, args, name + 1, &state.args)))
        return false;
    return generator(r, args->v[0], next_selected, &state, out);
}

bool mote_jinja_filter_select(jinja_run *r, const jinja_args *args, jinja_value *out) {
    return select_items(r, args, false, false, out);
}

bool mote_jinja_filter_reject(jinja_run *r, const jinja_args *args, jinja_value *out) {
    return select_items(r, args, false, true, out);
}

bool mote_jinja_filter_selectattr(jinja_run *r, const jinja_args *args, jinja_value *out) {
    return select_items(r, args, true, false, out);
}

bool mote_jinja_filter_rejectattr(jinja_run *r, const jinja_args *args, jinja_value *out) {
    return select_items(r, args, true, true, out);
}
