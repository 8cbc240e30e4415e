/* Expressions, by recursive descent with one function a level, in Jinja's order of precedence (jinja2/parser.py 3.1): condition, or, and, not, comparison, + -,
 * ~, * / // %, **, sign, postfix, filter and test. Note what differs from Python: ~ binds tighter than +, ** associates to the left, a sign binds tighter
 * than **. */
#include "text/jinja_parser.h"
#include "text/jinja_run.h"

static jinja_node *parse_unary(jinja_parser *p, bool with_filter);
static jinja_node *parse_primary(jinja_parser *p, bool with_namespace);

static bool skip_name(jinja_parser *p, const char *name, bool *skipped) {
    *skipped = mote_jinja_parser_is_name(p, name);
    return !*skipped || mote_jinja_parser_next(p);
}

static jinja_node *binary(jinja_parser *p, jinja_kind kind, char op, jinja_node *a, jinja_node *b, uint32_t line) {
    jinja_node *n = b ? mote_jinja_parser_node(p, kind, line) : NULL;
    if (!n)
        return NULL;
    n->op = (uint8_t)op;
    n->a = a;
    n->b = b;
    return mote_jinja_parser_finish(p, n);
}

static jinja_node *parse_pow(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *left = parse_unary(p, true);
    while (left && mote_jinja_parser_is_op(p, "**")) {
        if (!mote_jinja_parser_next(p))
            return NULL;
        left = binary(p, JINJA_N_BINARY, 'p', left, parse_unary(p, true), line);
    }
    return left;
}

static jinja_node *parse_product(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *left = parse_pow(p);
    while (left && p->current.kind == JINJA_T_OPERATOR) {
        const char *op = p->current.op;
        char code = strcmp(op, "*") == 0 ? '*' : strcmp(op, "/") == 0 ? '/' : strcmp(op, "//") == 0 ? 'd' : strcmp(op, "%") == 0 ? '%' : 0;
        if (!code)
            break;
        if (!mote_jinja_parser_next(p))
            return NULL;
        left = binary(p, JINJA_N_BINARY, code, left, parse_pow(p), line);
    }
    return left;
}

static jinja_node *parse_concat(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *first = parse_product(p);
    if (!first || !mote_jinja_parser_is_op(p, "~"))
        return first;
    jinja_nodes list = {0};
    if (!mote_jinja_parser_push(p, &list, first))
        return NULL;
    while (mote_jinja_parser_is_op(p, "~"))
        if (!mote_jinja_parser_next(p) || !mote_jinja_parser_push(p, &list, parse_product(p)))
            return NULL;
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_CONCAT, line);
    if (!n)
        return NULL;
    n->items = list.items;
    n->n = list.n;
    return mote_jinja_parser_finish(p, n);
}

static jinja_node *parse_sum(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *left = parse_concat(p);
    while (left && (mote_jinja_parser_is_op(p, "+") || mote_jinja_parser_is_op(p, "-"))) {
        char op = p->current.op[0];
        if (!mote_jinja_parser_next(p))
            return NULL;
        left = binary(p, JINJA_N_BINARY, op, left, parse_concat(p), line);
    }
    return left;
}

/* The comparison at the current token, which is skipped; -1 if there is none, -2 after a failure. */
static int comparison(jinja_parser *p) {
    static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};
    int op = -1;
    for (int i = 0; i < 6; i++)
        if (mote_jinja_parser_is_op(p, ops[i]))
            op = i;
    if (mote_jinja_parser_is_name(p, "in"))
        op = JINJA_OP_IN;
    if (mote_jinja_parser_is_name(p, "not")) {
        const jinja_token *ahead;
        if (!mote_jinja_parser_look(p, &ahead))
            return -2;
        if (ahead->kind == JINJA_T_NAME && mote_str_is(ahead->text, "in")) {
            op = JINJA_OP_NOT_IN;
            if (!mote_jinja_parser_next(p))
                return -2;
        }
    }
    return op >= 0 && !mote_jinja_parser_next(p) ? -2 : op;
}

static jinja_node *parse_compare(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *first = parse_sum(p);
    jinja_nodes list = {0};
    for (;;) {
        int op = first ? comparison(p) : -2;
        if (op == -2)
            return NULL;
        if (op == -1)
            break;
        jinja_node *operand = binary(p, JINJA_N_OPERAND, (char)op, NULL, parse_sum(p), line);
        if (!mote_jinja_parser_push(p, &list, operand))
            return NULL;
    }
    if (list.n == 0)
        return first;
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_COMPARE, line);
    if (!n)
        return NULL;
    n->a = first;
    n->items = list.items;
    n->n = list.n;
    return mote_jinja_parser_finish(p, n);
}

static jinja_node *parse_not(jinja_parser *p) {
    if (!mote_jinja_parser_is_name(p, "not"))
        return parse_compare(p);
    uint32_t line = p->current.line;
    if (!mote_jinja_parser_deeper(p) || !mote_jinja_parser_next(p))
        return NULL;
    jinja_node *n = binary(p, JINJA_N_NOT, 0, NULL, parse_not(p), line);
    p->nesting--;
    return n;
}

static jinja_node *parse_and(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *left = parse_not(p);
    while (left && mote_jinja_parser_is_name(p, "and")) {
        if (!mote_jinja_parser_next(p))
            return NULL;
        left = binary(p, JINJA_N_AND, 0, left, parse_not(p), line);
    }
    return left;
}

static jinja_node *parse_or(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *left = parse_and(p);
    while (left && mote_jinja_parser_is_name(p, "or")) {
        if (!mote_jinja_parser_next(p))
            return NULL;
        left = binary(p, JINJA_N_OR, 0, left, parse_and(p), line);
    }
    return left;
}

jinja_node *mote_jinja_parser_expression(jinja_parser *p, bool with_cond) {
    if (!mote_jinja_parser_deeper(p))
        return NULL;
    uint32_t line = p->current.line;
    size_t n_unknown = p->n_unknown;
    jinja_node *value = parse_or(p);
    while (with_cond && value && mote_jinja_parser_is_name(p, "if")) {
        jinja_node *n = mote_jinja_parser_node(p, JINJA_N_COND, line);
        bool has_else;
        if (!n || !mote_jinja_parser_next(p))
            return NULL;
        n->b = value;
        n->a = parse_or(p);
        if (!n->a || !skip_name(p, "else", &has_else))
            return NULL;
        if (has_else && !(n->c = mote_jinja_parser_expression(p, true)))
            return NULL;
        value = mote_jinja_parser_finish(p, n);
        p->n_unknown = n_unknown; /* either side may never be evaluated */
    }
    p->nesting--;
    return value;
}

static bool at_tuple_end(const jinja_parser *p, const char *end_name) {
    return p->current.kind == JINJA_T_PRINT_END || p->current.kind == JINJA_T_BLOCK_END || mote_jinja_parser_is_op(p, ")") || (end_name && mote_jinja_parser_is_name(p, end_name));
}

jinja_node *mote_jinja_parser_tuple(jinja_parser *p, unsigned flags, const char *end_name) {
    uint32_t line = p->current.line;
    jinja_nodes list = {0};
    bool is_tuple = false;
    for (;;) {
        if (list.n && !mote_jinja_parser_expect_op(p, ","))
            return NULL;
        if (at_tuple_end(p, end_name))
            break;
        jinja_node *item = flags & JINJA_TUPLE_SIMPLE ? parse_primary(p, flags & JINJA_TUPLE_NAMESPACE) : mote_jinja_parser_expression(p, !(flags & JINJA_TUPLE_NO_COND));
        if (!mote_jinja_parser_push(p, &list, item))
            return NULL;
        if (!mote_jinja_parser_is_op(p, ","))
            break;
        is_tuple = true;
    }
    if (!is_tuple && list.n)
        return list.items[0];
    if (!is_tuple && !(flags & JINJA_TUPLE_PARENS)) {
        char text[64];
        return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: expected an expression, got '%s'", mote_jinja_lexer_describe(&p->current, text));
    }
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_TUPLE, line);
    if (!n)
        return NULL;
    n->items = list.items;
    n->n = list.n;
    return mote_jinja_parser_finish(p, n);
}

static bool assignable(const jinja_node *n) {
    if (n->kind == JINJA_N_TUPLE) {
        for (uint32_t i = 0; i < n->n; i++)
            if (!assignable(n->items[i]))
                return false;
        return true;
    }
    return n->kind == JINJA_N_NAME || n->kind == JINJA_N_NSREF;
}

jinja_node *mote_jinja_parser_target(jinja_parser *p, unsigned flags, const char *end_name) {
    uint32_t line = p->current.line;
    p->storing = true;
    jinja_node *target = mote_jinja_parser_tuple(p, flags | JINJA_TUPLE_SIMPLE, end_name);
    p->storing = false;
    if (target && !assignable(target))
        return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, line, "syntax error: this cannot be assigned to");
    return target;
}

static jinja_node *string_constant(jinja_parser *p) {
    /* neighbouring literals join */
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_CONST, p->current.line);
    mote_str all = {NULL, 0};
    while (n && p->current.kind == JINJA_T_STRING) {
        size_t more = 0;
        char *text = mote_jinja_parser_alloc(p, all.len + p->current.text.len * 4 + 1);
        if (!text)
            return NULL;
        if (all.len)
            memcpy(text, all.data, all.len);
        if (!mote_jinja_parser_unescape(p, &p->current, text + all.len, &more) || !mote_jinja_parser_next(p))
            return NULL;
        all = (mote_str){text, all.len + more};
    }
    jinja_str *s = n ? mote_jinja_parser_str(p, all) : NULL;
    if (!s)
        return NULL;
    n->as.value = jinja_of_str(s);
    return n;
}

static void note_special_name(jinja_parser *p, mote_str name) {
    unsigned bit = mote_str_is(name, "caller") ? JINJA_USES_CALLER : mote_str_is(name, "kwargs") ? JINJA_USES_KWARGS : mote_str_is(name, "varargs") ? JINJA_USES_VARARGS : 0;
    for (jinja_macro_scope *m = p->macro; bit && m; m = m->outer) {
        if (p->storing)
            m->stored |= bit;
        else if (!(m->stored & bit))
            m->uses |= bit;
    }
}

static jinja_node *name_or_constant(jinja_parser *p, bool with_namespace) {
    jinja_token token = p->current;
    bool is_true = mote_str_is(token.text, "true") || mote_str_is(token.text, "True");
    bool is_false = mote_str_is(token.text, "false") || mote_str_is(token.text, "False");
    bool is_none = mote_str_is(token.text, "none") || mote_str_is(token.text, "None");
    if (!mote_jinja_parser_next(p))
        return NULL;
    jinja_node *n = mote_jinja_parser_node(p, is_true || is_false || is_none ? JINJA_N_CONST : JINJA_N_NAME, token.line);
    if (!n)
        return NULL;
    if (n->kind == JINJA_N_CONST) {
        n->as.value = is_none ? JINJA_NONE_VALUE : jinja_bool(is_true);
        return n;
    }
    n->as.u.name = mote_jinja_parser_str(p, token.text);
    if (!n->as.u.name || !mote_jinja_parser_intern(p, n->as.u.name, &n->id))
        return NULL;
    if (with_namespace && mote_jinja_parser_is_op(p, ".")) {
        n->kind = JINJA_N_NSREF;
        return mote_jinja_parser_next(p) && (n->as.u.name = mote_jinja_parser_expect_name(p)) ? n : NULL;
    }
    note_special_name(p, token.text);
    return n;
}

static jinja_node *list_display(jinja_parser *p) {
    bool is_dict = mote_jinja_parser_is_op(p, "{");
    const char *close = is_dict ? "}" : "]";
    jinja_node *n = mote_jinja_parser_node(p, is_dict ? JINJA_N_DICT : JINJA_N_LIST, p->current.line);
    jinja_nodes list = {0};
    if (!n || !mote_jinja_parser_next(p))
        return NULL;
    while (!mote_jinja_parser_is_op(p, close)) {
        if (list.n && !mote_jinja_parser_expect_op(p, ","))
            return NULL;
        if (mote_jinja_parser_is_op(p, close))
            break;
        if (!mote_jinja_parser_push(p, &list, mote_jinja_parser_expression(p, true)))
            return NULL;
        if (is_dict && (!mote_jinja_parser_expect_op(p, ":") || !mote_jinja_parser_push(p, &list, mote_jinja_parser_expression(p, true))))
            return NULL;
    }
    n->items = list.items;
    n->n = list.n;
    return mote_jinja_parser_next(p) ? mote_jinja_parser_finish(p, n) : NULL;
}

static jinja_node *parse_primary(jinja_parser *p, bool with_namespace) {
    if (p->current.kind == JINJA_T_NAME)
        return name_or_constant(p, with_namespace);
    if (p->current.kind == JINJA_T_STRING)
        return string_constant(p);
    if (p->current.kind == JINJA_T_INTEGER || p->current.kind == JINJA_T_FLOAT) {
        jinja_node *n = mote_jinja_parser_number(p);
        return n && mote_jinja_parser_next(p) ? n : NULL;
    }
    if (mote_jinja_parser_is_op(p, "(")) {
        /* a target in brackets holds plain expressions in Jinja too; assignable() looks at the result */
        if (!mote_jinja_parser_next(p))
            return NULL;
        jinja_node *n = mote_jinja_parser_tuple(p, JINJA_TUPLE_PARENS, NULL);
        return n && mote_jinja_parser_expect_op(p, ")") ? n : NULL;
    }
    if (mote_jinja_parser_is_op(p, "[") || mote_jinja_parser_is_op(p, "{"))
        return list_display(p);
    char text[64];
    return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: unexpected '%s'", mote_jinja_lexer_describe(&p->current, text));
}

static jinja_node *parse_subscript(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *part[3] = {NULL, NULL, NULL};
    if (!mote_jinja_parser_is_op(p, ":")) {
        part[0] = mote_jinja_parser_expression(p, true);
        if (!part[0] || !mote_jinja_parser_is_op(p, ":"))
            return part[0];
    }
    for (int i = 1; i < 3 && mote_jinja_parser_is_op(p, ":"); i++) {
        if (!mote_jinja_parser_next(p))
            return NULL;
        if (!mote_jinja_parser_is_op(p, ":") && !mote_jinja_parser_is_op(p, "]") && !mote_jinja_parser_is_op(p, ",") && !(part[i] = mote_jinja_parser_expression(p, true)))
            return NULL;
    }
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_SLICE, line);
    if (!n)
        return NULL;
    n->a = part[0];
    n->b = part[1];
    n->c = part[2];
    return mote_jinja_parser_finish(p, n);
}

static jinja_node *brackets(jinja_parser *p, jinja_node *obj, uint32_t line) {
    jinja_nodes list = {0};
    while (!mote_jinja_parser_is_op(p, "]"))
        if ((list.n && !mote_jinja_parser_expect_op(p, ",")) || !mote_jinja_parser_push(p, &list, parse_subscript(p)))
            return NULL;
    if (!mote_jinja_parser_next(p))
        return NULL;
    jinja_node *key = list.n == 1 ? list.items[0] : mote_jinja_parser_node(p, JINJA_N_TUPLE, line);
    if (key && list.n != 1) {
        key->items = list.items;
        key->n = list.n;
        key = mote_jinja_parser_finish(p, key);
    }
    return binary(p, JINJA_N_ITEM, 0, obj, key, line);
}

static jinja_node *parse_attribute(jinja_parser *p, jinja_node *obj) {
    uint32_t line = p->current.line;
    bool dot = mote_jinja_parser_is_op(p, ".");
    if (!mote_jinja_parser_next(p))
        return NULL;
    if (!dot)
        return brackets(p, obj, line);
    if (p->current.kind == JINJA_T_INTEGER) {
        jinja_node *key = mote_jinja_parser_number(p);
        return key && mote_jinja_parser_next(p) ? binary(p, JINJA_N_ITEM, 0, obj, key, line) : NULL;
    }
    if (p->current.kind != JINJA_T_NAME)
        return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: expected name or number after '.'");
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_ATTR, line);
    if (!n || !(n->as.u.name = mote_jinja_parser_expect_name(p)))
        return NULL;
    n->a = obj;
    return mote_jinja_parser_finish(p, n);
}

static bool call_argument(jinja_parser *p, jinja_node *n, jinja_nodes *args, jinja_nodes *kw) {
    uint32_t line = p->current.line;
    const jinja_token *ahead;
    bool ok = true;
    if (mote_jinja_parser_is_op(p, "*")) {
        ok = !n->b && !n->c;
        if (ok)
            return mote_jinja_parser_next(p) && (n->b = mote_jinja_parser_expression(p, true));
    } else if (mote_jinja_parser_is_op(p, "**")) {
        ok = !n->c;
        if (ok)
            return mote_jinja_parser_next(p) && (n->c = mote_jinja_parser_expression(p, true));
    } else if (!mote_jinja_parser_look(p, &ahead)) {
        return false;
    } else if (p->current.kind == JINJA_T_NAME && ahead->kind == JINJA_T_OPERATOR && strcmp(ahead->op, "=") == 0) {
        ok = !n->c;
        jinja_node *k = ok ? mote_jinja_parser_node(p, JINJA_N_KEYWORD, line) : NULL;
        if (k)
            return (k->as.u.name = mote_jinja_parser_expect_name(p)) && mote_jinja_parser_next(p) && (k->a = mote_jinja_parser_expression(p, true)) &&
                   mote_jinja_parser_push(p, kw, mote_jinja_parser_finish(p, k));
        if (ok)
            return false;
    } else {
        ok = !n->b && !n->c && kw->n == 0;
        if (ok)
            return mote_jinja_parser_push(p, args, mote_jinja_parser_expression(p, true));
    }
    return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, line, "syntax error: invalid order of call arguments");
}

/* (…) into n->items, kw, b (*args) and c (**kwargs) */
static bool call_arguments(jinja_parser *p, jinja_node *n) {
    jinja_nodes args = {0}, kw = {0};
    if (!mote_jinja_parser_expect_op(p, "("))
        return false;
    for (bool first = true; !mote_jinja_parser_is_op(p, ")"); first = false) {
        if (!first && !mote_jinja_parser_expect_op(p, ","))
            return false;
        if (mote_jinja_parser_is_op(p, ")"))
            break;
        if (!call_argument(p, n, &args, &kw))
            return false;
    }
    n->items = args.items;
    n->n = args.n;
    n->kw = kw.items;
    n->n_kw = kw.n;
    return mote_jinja_parser_next(p);
}

static jinja_node *parse_call(jinja_parser *p, jinja_node *callee) {
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_CALL, p->current.line);
    if (!n || !call_arguments(p, n))
        return NULL;
    n->a = callee;
    return mote_jinja_parser_finish(p, n);
}

static jinja_node *parse_postfix(jinja_parser *p, jinja_node *n) {
    while (n && p->current.kind == JINJA_T_OPERATOR) {
        if (mote_jinja_parser_is_op(p, ".") || mote_jinja_parser_is_op(p, "["))
            n = parse_attribute(p, n);
        else if (mote_jinja_parser_is_op(p, "("))
            n = parse_call(p, n);
        else
            break;
    }
    return n;
}

/* A dotted name of a filter or test, looked up at once; an unknown one is remembered. */
static bool builtin_name(jinja_parser *p, jinja_node *n, bool is_filter) {
    jinja_str *name = mote_jinja_parser_expect_name(p);
    while (name && mote_jinja_parser_is_op(p, ".")) {
        jinja_str *more = mote_jinja_parser_next(p) ? mote_jinja_parser_expect_name(p) : NULL;
        char *text = more ? mote_jinja_parser_alloc(p, name->text.len + more->text.len + 1) : NULL;
        if (!text)
            return false;
        memcpy(text, name->text.data, name->text.len);
        text[name->text.len] = '.';
        memcpy(text + name->text.len + 1, more->text.data, more->text.len);
        name = mote_jinja_parser_str(p, (mote_str){text, name->text.len + more->text.len + 1});
    }
    if (!name)
        return false;
    n->as.u.name = name;
    n->as.u.function = is_filter ? mote_jinja_filter(name->text) : mote_jinja_test(name->text);
    if (n->as.u.function || p->soft)
        return true;
    if (p->n_unknown == p->max_unknown) {
        size_t capacity = p->max_unknown ? p->max_unknown * 2 : 8;
        jinja_unknown *more = mote_jinja_parser_alloc(p, capacity * sizeof *more);
        if (!more)
            return false;
        if (p->n_unknown)
            memcpy(more, p->unknown, p->n_unknown * sizeof *more);
        p->unknown = more;
        p->max_unknown = capacity;
    }
    p->unknown[p->n_unknown++] = (jinja_unknown){n->line, is_filter ? "filter" : "test", name};
    return true;
}

jinja_node *mote_jinja_parser_filters(jinja_parser *p, jinja_node *inner, bool at_name) {
    while (at_name || mote_jinja_parser_is_op(p, "|")) {
        if (!at_name && !mote_jinja_parser_next(p))
            return NULL;
        at_name = false;
        jinja_node *n = mote_jinja_parser_node(p, JINJA_N_FILTER, p->current.line);
        if (!n || !builtin_name(p, n, true) || (mote_jinja_parser_is_op(p, "(") && !call_arguments(p, n)))
            return NULL;
        n->a = inner;
        inner = mote_jinja_parser_finish(p, n);
        if (!inner)
            return NULL;
    }
    return inner;
}

static bool test_has_argument(const jinja_parser *p) {
    if (p->current.kind == JINJA_T_NAME)
        return !mote_jinja_parser_is_name(p, "else") && !mote_jinja_parser_is_name(p, "or") && !mote_jinja_parser_is_name(p, "and");
    return p->current.kind == JINJA_T_STRING || p->current.kind == JINJA_T_INTEGER || p->current.kind == JINJA_T_FLOAT || mote_jinja_parser_is_op(p, "[") ||
           mote_jinja_parser_is_op(p, "{");
}

static jinja_node *parse_test(jinja_parser *p, jinja_node *value) {
    uint32_t line = p->current.line;
    bool negated;
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_TEST, line);
    if (!n || !mote_jinja_parser_next(p) || !skip_name(p, "not", &negated) || !builtin_name(p, n, false))
        return NULL;
    n->a = value;
    if (mote_jinja_parser_is_op(p, "(")) {
        if (!call_arguments(p, n))
            return NULL;
    } else if (test_has_argument(p)) {
        if (mote_jinja_parser_is_name(p, "is"))
            return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: tests cannot be chained with is");
        jinja_nodes args = {0};
        if (!mote_jinja_parser_push(p, &args, parse_postfix(p, parse_primary(p, false))))
            return NULL;
        n->items = args.items;
        n->n = args.n;
    }
    n = mote_jinja_parser_finish(p, n);
    return n && negated ? binary(p, JINJA_N_NOT, 0, NULL, n, line) : n;
}

static jinja_node *parse_unary(jinja_parser *p, bool with_filter) {
    uint32_t line = p->current.line;
    jinja_node *n;
    if (mote_jinja_parser_is_op(p, "-") || mote_jinja_parser_is_op(p, "+")) {
        jinja_kind kind = mote_jinja_parser_is_op(p, "-") ? JINJA_N_NEGATIVE : JINJA_N_POSITIVE;
        if (!mote_jinja_parser_deeper(p) || !mote_jinja_parser_next(p))
            return NULL;
        n = binary(p, kind, 0, NULL, parse_unary(p, false), line);
        p->nesting--;
    } else {
        n = parse_primary(p, false);
    }
    n = parse_postfix(p, n);
    while (n && with_filter) {
        if (mote_jinja_parser_is_op(p, "|"))
            n = mote_jinja_parser_filters(p, n, false);
        else if (mote_jinja_parser_is_name(p, "is"))
            n = parse_test(p, n);
        else if (mote_jinja_parser_is_op(p, "("))
            n = parse_call(p, n);
        else
            break;
    }
    return n;
}
