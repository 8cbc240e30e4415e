/* Calls: arguments with * and **, methods, macros with defaults, varargs, kwargs and caller, and the filter and test nodes, which are calls too. */
#include "text/jinja_ast.h"
#include "text/jinja_run.h"

/* Room for the arguments of most calls without touching the arena. */
enum { INLINE_ARGS = 6, INLINE_KEYWORDS = 4 };

typedef struct call_frame {
    jinja_value values[INLINE_ARGS];
    jinja_keyword keywords[INLINE_KEYWORDS];
    jinja_args args;
} call_frame;

static bool has_keyword(const jinja_args *args, mote_str name) {
    for (size_t i = 0; i < args->n_kw; i++)
        if (mote_str_equal(args->kw[i].name, name))
            return true;
    return false;
}

static bool add_keyword(jinja_run *r, jinja_args *args, mote_str name, jinja_value value) {
    jinja_charge(r, args->n_kw / 4);
    if (has_keyword(args, name))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: got multiple values for keyword argument '%.*s'", MOTE_STR_ARGS(name));
    args->kw[args->n_kw++] = (jinja_keyword){name, value};
    return true;
}

/* The arguments of a call, filter or test into frame->args, behind `first` if given. */
static bool eval_args(jinja_run *r, const jinja_node *n, const jinja_value *first, const jinja_value *caller, call_frame *frame) {
    jinja_args *args = &frame->args;
    jinja_value more_kw;
    jinja_list *more = NULL;
    size_t n_args = n->n + (first != NULL), n_kw = n->n_kw + (caller != NULL);
    *args = (jinja_args){.v = frame->values, .kw = frame->keywords};
    if (n_args > INLINE_ARGS && !(args->v = mote_jinja_alloc_array(r, n_args, sizeof *args->v)))
        return false;
    if (first)
        args->v[args->n++] = *first;
    for (uint32_t i = 0; i < n->n; i++)
        if (!mote_jinja_eval(r, n->items[i], &args->v[args->n++]))
            return false;
    jinja_dict *d = NULL;
    /* keywords come before *args in Jinja's generated call, and are evaluated where they stand */
    if (n_kw > INLINE_KEYWORDS && !(args->kw = mote_jinja_alloc_array(r, n_kw, sizeof *args->kw)))
        return false;
    for (uint32_t i = 0; i < n->n_kw; i++) {
        jinja_value value;
        if (!mote_jinja_eval(r, n->kw[i]->a, &value) || !add_keyword(r, args, n->kw[i]->as.u.name->text, value))
            return false;
    }
    if (caller && !add_keyword(r, args, MOTE_STR("caller"), *caller))
        return false;
    if (n->b) {
        jinja_value items;
        if (!mote_jinja_eval(r, n->b, &items) || !mote_jinja_collect(r, items, &more))
            return false;
        jinja_value *v = mote_jinja_alloc_array(r, args->n + more->n, sizeof *v);
        if (!v)
            return false;
        memcpy(v, args->v, args->n * sizeof *v);
        if (more->n)
            memcpy(v + args->n, more->items, more->n * sizeof *v);
        args->v = v;
        args->n += more->n;
    }
    if (!n->c)
        return true;
    if (!mote_jinja_eval(r, n->c, &more_kw))
        return false;
    if (more_kw.type != JINJA_DICT)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: argument after ** must be a mapping, not %s", mote_jinja_type_name(more_kw));
    d = more_kw.u.d;
    jinja_keyword *kw = mote_jinja_alloc_array(r, args->n_kw + d->n, sizeof *kw);
    if (!kw)
        return false;
    if (args->n_kw)
        memcpy(kw, args->kw, args->n_kw * sizeof *kw);
    args->kw = kw;
    for (size_t i = 0; i < d->n; i++) {
        mote_str name;
        if (!mote_jinja_str_arg(r, d->entries[i].key, "a keyword argument", &name) || !add_keyword(r, args, name, d->entries[i].value))
            return false;
    }
    return true;
}

static bool call_method(jinja_run *r, jinja_value self, const jinja_builtin *function, const jinja_args *args, jinja_value *out) {
    jinja_value inline_values[INLINE_ARGS];
    jinja_args with_self = *args;
    with_self.v = inline_values;
    with_self.n = args->n + 1;
    if (with_self.n > INLINE_ARGS && !(with_self.v = mote_jinja_alloc_array(r, with_self.n, sizeof *with_self.v)))
        return false;
    with_self.v[0] = self;
    if (args->n)
        memcpy(with_self.v + 1, args->v, args->n * sizeof *args->v);
    return mote_jinja_call_builtin(r, function, &with_self, out);
}

bool mote_jinja_call(jinja_run *r, jinja_value f, const jinja_args *args, jinja_value *out) {
    switch (f.type) {
    case JINJA_FUNCTION:
        return mote_jinja_call_builtin(r, f.u.function, args, out);
    case JINJA_METHOD:
        return call_method(r, f.u.method->self, f.u.method->function, args, out);
    case JINJA_MACRO:
        return mote_jinja_call_macro(r, f.u.macro, args, out);
    case JINJA_LOOP:
        return mote_jinja_loop_call(r, f.u.loop, args, out);
    case JINJA_JOINER:
        if (args->n || args->n_kw)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: a joiner takes no arguments");
        if (f.u.joiner->used)
            *out = f.u.joiner->separator;
        else if (!mote_jinja_make_str(r, MOTE_STR(""), out))
            return false;
        f.u.joiner->used = true;
        return true;
    case JINJA_UNDEFINED:
        return mote_jinja_fail_undefined(r, f);
    default:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: '%s' object is not callable", mote_jinja_type_name(f));
    }
}

bool mote_jinja_eval_call(jinja_run *r, const jinja_node *n, const jinja_value *caller, jinja_value *out) {
    call_frame frame;
    jinja_value f;
    if (n->a->kind == JINJA_N_ATTR) {
        /* obj.method(…) needs no bound method in between */
        jinja_value self;
        mote_str name = n->a->as.u.name->text;
        if (!mote_jinja_eval(r, n->a->a, &self))
            return false;
        const jinja_builtin *method = mote_jinja_method_of(self, name);
        if (method && name.data[0] != '_')
            return eval_args(r, n, &self, caller, &frame) && mote_jinja_call_builtin(r, method, &frame.args, out);
        r->line = n->a->line;
        if (!mote_jinja_getattr(r, self, name, &f))
            return false;
    } else if (!mote_jinja_eval(r, n->a, &f)) {
        return false;
    }
    return eval_args(r, n, NULL, caller, &frame) && mote_jinja_call(r, f, &frame.args, out);
}

bool mote_jinja_eval_filter(jinja_run *r, const jinja_node *n, jinja_value *out) {
    call_frame frame;
    jinja_value value = r->block_text;
    if (n->a && !mote_jinja_eval(r, n->a, &value))
        return false;
    if (!n->as.u.function)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "no filter named '%.*s' found", MOTE_STR_ARGS(n->as.u.name->text));
    return eval_args(r, n, &value, NULL, &frame) && mote_jinja_call_builtin(r, n->as.u.function, &frame.args, out);
}

bool mote_jinja_eval_test(jinja_run *r, const jinja_node *n, jinja_value *out) {
    call_frame frame;
    jinja_value value;
    if (!mote_jinja_eval(r, n->a, &value))
        return false;
    if (!n->as.u.function)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "no test named '%.*s' found", MOTE_STR_ARGS(n->as.u.name->text));
    return eval_args(r, n, &value, NULL, &frame) && mote_jinja_call_builtin(r, n->as.u.function, &frame.args, out);
}

static bool take_keyword(const jinja_args *args, bool *taken, mote_str name, jinja_value *out) {
    for (size_t i = 0; i < args->n_kw; i++)
        if (!taken[i] && mote_str_equal(args->kw[i].name, name)) {
            taken[i] = true;
            *out = args->kw[i].value;
            return true;
        }
    return false;
}

/* The special names a macro's body may use: caller, kwargs, varargs. */
static bool bind_specials(jinja_run *r, const jinja_node *n, const jinja_args *args, bool *taken, bool explicit_caller, jinja_value specials[3]) {
    size_t n_left = 0;
    for (int i = 0; i < 3; i++)
        specials[i] = JINJA_MISSING_VALUE;
    if (n->flag & JINJA_USES_CALLER && !explicit_caller && (!take_keyword(args, taken, MOTE_STR("caller"), &specials[0]) || specials[0].type == JINJA_NONE))
        specials[0] = jinja_hint("No caller defined");
    if (n->flag & JINJA_USES_KWARGS) {
        jinja_dict *d = mote_jinja_new_dict(r, 0);
        if (!d)
            return false;
        for (size_t i = 0; i < args->n_kw; i++)
            if (!taken[i] && !mote_jinja_dict_set_str(r, d, args->kw[i].name, args->kw[i].value))
                return false;
        specials[1] = jinja_of_dict(d);
    } else {
        for (size_t i = 0; i < args->n_kw; i++)
            n_left += !taken[i];
        if (n_left)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: macro '%.*s' takes no such keyword argument", MOTE_STR_ARGS(n->as.u.name->text));
    }
    if (n->flag & JINJA_USES_VARARGS) {
        jinja_list *l = mote_jinja_new_list(r, args->n > n->n ? args->n - n->n : 0);
        if (!l)
            return false;
        for (size_t i = 0; i < l->n; i++)
            l->items[i] = args->v[n->n + i];
        specials[2] = (jinja_value){.type = JINJA_TUPLE, .u.l = l};
    } else if (args->n > n->n) {
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: macro '%.*s' takes not more than %u arguments", MOTE_STR_ARGS(n->as.u.name->text), n->n);
    }
    return true;
}

/* Binds the parameters in the scope that is current; defaults may use the ones before them. */
static bool bind_macro(jinja_run *r, const jinja_node *n, const jinja_args *args) {
    bool few[INLINE_KEYWORDS * 4] = {false}, *taken = few;
    if (args->n_kw > sizeof few) {
        taken = mote_jinja_alloc(r, args->n_kw);
        if (!taken)
            return false;
        memset(taken, 0, args->n_kw);
    }
    jinja_value *given = mote_jinja_alloc_array(r, n->n + 1, sizeof *given), specials[3];
    bool explicit_caller = false;
    if (!given)
        return false;
    for (uint32_t i = 0; i < n->n; i++) {
        mote_str name = n->items[i]->as.u.name->text;
        given[i] = i < args->n ? args->v[i] : JINJA_MISSING_VALUE;
        jinja_charge(r, 1 + args->n_kw / 4);
        if (i >= args->n)
            take_keyword(args, taken, name, &given[i]);
        explicit_caller = explicit_caller || mote_str_is(name, "caller");
    }
    if (!bind_specials(r, n, args, taken, explicit_caller, specials))
        return false;
    for (uint32_t i = 0; i < n->n; i++) {
        uint32_t first_default = n->n - n->n_kw;
        if (given[i].type == JINJA_MISSING && i >= first_default) {
            if (!mote_jinja_eval(r, n->kw[i - first_default], &given[i]))
                return false;
        } else if (given[i].type == JINJA_MISSING) {
            given[i] = (jinja_value){.type = JINJA_UNDEFINED, .sub = JINJA_UNDEF_NAME, .u.s = n->items[i]->as.u.name};
        }
        if (!mote_jinja_set_var(r, n->items[i]->id, given[i]))
            return false;
    }
    static const uint32_t ids[3] = {0, 1, 2}; /* the parser interns these names first */
    for (int i = 0; i < 3; i++)
        if (specials[i].type != JINJA_MISSING && !mote_jinja_set_var(r, ids[i], specials[i]))
            return false;
    return true;
}

bool mote_jinja_call_macro(jinja_run *r, const jinja_macro *m, const jinja_args *args, jinja_value *out) {
    jinja_scope *saved = r->scope;
    unsigned line = r->line;
    size_t mark = r->text.len;
    if (r->call_depth >= JINJA_MAX_CALL_DEPTH)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "recursion deeper than the limit of %d calls", JINJA_MAX_CALL_DEPTH);
    r->call_depth++;
    r->scope = mote_jinja_new_scope(r, m->closure);
    bool ok = r->scope && bind_macro(r, m->node, args) && mote_jinja_exec(r, m->node->body) != JINJA_FLOW_FAIL && mote_jinja_take(r, mark, out);
    r->scope = saved;
    r->call_depth--;
    if (ok)
        r->line = line;
    return ok;
}
