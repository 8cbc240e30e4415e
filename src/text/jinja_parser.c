/* Statements, after jinja2/parser.py 3.1 with the loop controls extension and transformers' generation block. Tags that would need other files (include,
 * import, from, extends) parse to a node that fails by name when it is reached. */
#include "text/jinja_parser.h"

#include "text/jinja_run.h"
#include "text/jinja_unicode.h"

#include <stdarg.h>
#include <stdio.h>

static jinja_node *parse_body(jinja_parser *p, const char *const *ends);

void *mote_jinja_parser_fail(jinja_parser *p, mote_status status, uint32_t line, const char *fmt, ...) {
    char message[MOTE_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    p->status = mote_error_set(p->err, status, "template line %u: %s", line, message);
    return NULL;
}

void *mote_jinja_parser_alloc(jinja_parser *p, size_t n_bytes) {
    mote_arena *a = &p->tree->arena;
    void *memory = mote_arena_alloc(a, n_bytes);
    if (memory)
        return memory;
    if (n_bytes > a->max_bytes - a->used_bytes)
        return mote_jinja_parser_fail(p, MOTE_ERR_LIMIT, p->current.line, "the template needs more than the limit of %zu bytes of memory", a->max_bytes);
    p->status = mote_error_alloc(p->err, n_bytes);
    return NULL;
}

jinja_node *mote_jinja_parser_node(jinja_parser *p, jinja_kind kind, uint32_t line) {
    jinja_node *n = mote_jinja_parser_alloc(p, sizeof *n);
    if (n)
        *n = (jinja_node){.kind = (uint8_t)kind, .line = line, .depth = 1};
    return n;
}

static void deepen(jinja_node *n, const jinja_node *child) {
    if (child && child->depth >= n->depth)
        n->depth = (uint16_t)(child->depth + 1);
}

jinja_node *mote_jinja_parser_finish(jinja_parser *p, jinja_node *n) {
    deepen(n, n->a);
    deepen(n, n->b);
    deepen(n, n->c);
    for (uint32_t i = 0; i < n->n; i++)
        deepen(n, n->items[i]);
    for (uint32_t i = 0; i < n->n_kw; i++)
        deepen(n, n->kw[i]);
    if (n->depth > JINJA_MAX_TREE_DEPTH)
        return mote_jinja_parser_fail(p, MOTE_ERR_LIMIT, n->line, "an expression nests deeper than the limit of %d", JINJA_MAX_TREE_DEPTH);
    return n;
}

bool mote_jinja_parser_push(jinja_parser *p, jinja_nodes *list, jinja_node *n) {
    if (!n)
        return false;
    if (list->n == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 4;
        jinja_node **items = mote_jinja_parser_alloc(p, capacity * sizeof *items);
        if (!items)
            return false;
        if (list->n)
            memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = n;
    return true;
}

jinja_str *mote_jinja_parser_str(jinja_parser *p, mote_str text) {
    jinja_str *s = mote_jinja_parser_alloc(p, sizeof *s);
    if (s)
        *s = (jinja_str){.text = text, .n_chars = mote_jinja_unicode_count(text)};
    return s;
}

static uint64_t name_hash(mote_str s) {
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.data[i]) * 1099511628211u;
    return h ^ h >> 29;
}

static bool grow_names(jinja_parser *p) {
    jinja_tree *t = p->tree;
    size_t n_slots = p->n_slots ? p->n_slots * 2 : 64;
    uint32_t *slots = mote_jinja_parser_alloc(p, n_slots * sizeof *slots);
    jinja_str **names = slots ? mote_jinja_parser_alloc(p, n_slots / 2 * sizeof *names) : NULL;
    if (!names)
        return false;
    memset(slots, 0, n_slots * sizeof *slots);
    for (uint32_t i = 0; i < t->n_names; i++) {
        names[i] = t->names[i];
        size_t at = name_hash(names[i]->text) & (n_slots - 1);
        while (slots[at])
            at = (at + 1) & (n_slots - 1);
        slots[at] = i + 1;
    }
    t->names = names;
    p->name_slots = slots;
    p->n_slots = n_slots;
    p->max_names = n_slots / 2;
    return true;
}

bool mote_jinja_parser_intern(jinja_parser *p, jinja_str *name, uint32_t *id) {
    jinja_tree *t = p->tree;
    if (t->n_names == p->max_names && !grow_names(p))
        return false;
    size_t at = name_hash(name->text) & (p->n_slots - 1);
    for (; p->name_slots[at]; at = (at + 1) & (p->n_slots - 1)) {
        *id = p->name_slots[at] - 1;
        if (mote_str_equal(t->names[*id]->text, name->text))
            return true;
    }
    *id = t->n_names;
    p->name_slots[at] = t->n_names + 1;
    t->names[t->n_names++] = name;
    return true;
}

bool mote_jinja_parser_next(jinja_parser *p) {
    if (p->has_ahead) {
        p->current = p->ahead;
        p->has_ahead = false;
        return true;
    }
    p->status = mote_jinja_lexer_next(&p->lexer, &p->current);
    return p->status == MOTE_OK;
}

bool mote_jinja_parser_look(jinja_parser *p, const jinja_token **ahead) {
    if (!p->has_ahead) {
        p->status = mote_jinja_lexer_next(&p->lexer, &p->ahead);
        if (p->status != MOTE_OK)
            return false;
        p->has_ahead = true;
    }
    *ahead = &p->ahead;
    return true;
}

bool mote_jinja_parser_is_op(const jinja_parser *p, const char *op) {
    return p->current.kind == JINJA_T_OPERATOR && strcmp(p->current.op, op) == 0;
}

bool mote_jinja_parser_is_name(const jinja_parser *p, const char *name) {
    return p->current.kind == JINJA_T_NAME && mote_str_is(p->current.text, name);
}

static bool expected(jinja_parser *p, const char *what) {
    char text[64];
    mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: expected '%s', got '%s'", what, mote_jinja_lexer_describe(&p->current, text));
    return false;
}

bool mote_jinja_parser_expect_op(jinja_parser *p, const char *op) {
    return mote_jinja_parser_is_op(p, op) ? mote_jinja_parser_next(p) : expected(p, op);
}

static bool expect_name(jinja_parser *p, const char *name) {
    return mote_jinja_parser_is_name(p, name) ? mote_jinja_parser_next(p) : expected(p, name);
}

jinja_str *mote_jinja_parser_expect_name(jinja_parser *p) {
    if (p->current.kind != JINJA_T_NAME) {
        expected(p, "a name");
        return NULL;
    }
    jinja_str *s = mote_jinja_parser_str(p, p->current.text);
    return s && mote_jinja_parser_next(p) ? s : NULL;
}

bool mote_jinja_parser_deeper(jinja_parser *p) {
    if (++p->nesting <= JINJA_MAX_NESTING)
        return true;
    mote_jinja_parser_fail(p, MOTE_ERR_LIMIT, p->current.line, "the template nests deeper than the limit of %d", JINJA_MAX_NESTING);
    return false;
}

/* "%}", the statements up to one of the tags in ends (NULL-terminated), which becomes the current token. */
static jinja_node *parse_statements(jinja_parser *p, const char *const *ends) {
    if (mote_jinja_parser_is_op(p, ":") && !mote_jinja_parser_next(p))
        return NULL;
    if (p->current.kind != JINJA_T_BLOCK_END) {
        expected(p, "end of statement block %}");
        return NULL;
    }
    if (!mote_jinja_parser_deeper(p) || !mote_jinja_parser_next(p))
        return NULL;
    jinja_node *body = parse_body(p, ends);
    p->nesting--;
    return body;
}

/* The same in a frame of its own (Jinja's word): an unknown filter there is an error even inside of an if. The end tag is skipped. */
static jinja_node *parse_frame(jinja_parser *p, const char *end, const char *other_end) {
    const char *const ends[] = {end, other_end, NULL};
    bool soft = p->soft;
    p->soft = false;
    jinja_node *body = parse_statements(p, ends);
    p->soft = soft;
    return body && (other_end || mote_jinja_parser_next(p)) ? body : NULL;
}

static jinja_node *parse_if(jinja_parser *p) {
    static const char *const ends[] = {"elif", "else", "endif", NULL};
    jinja_node *first = NULL, *last = NULL;
    bool soft = p->soft;
    p->soft = true;
    do {
        jinja_node *n = mote_jinja_parser_node(p, JINJA_N_IF, p->current.line);
        if (!n || !mote_jinja_parser_next(p) || !(n->a = mote_jinja_parser_tuple(p, JINJA_TUPLE_NO_COND, NULL)) || !(n->body = parse_statements(p, ends)))
            return NULL;
        if (last)
            last->orelse = n;
        else
            first = n;
        last = n;
    } while (mote_jinja_parser_is_name(p, "elif"));
    bool has_else = mote_jinja_parser_is_name(p, "else");
    if (!mote_jinja_parser_next(p))
        return NULL;
    if (has_else && (!(last->orelse = parse_statements(p, ends + 2)) || !mote_jinja_parser_next(p)))
        return NULL;
    p->soft = soft;
    return first;
}

static bool has_loop_target(const jinja_node *n) {
    if (n->kind == JINJA_N_NAME)
        return mote_str_is(n->as.u.name->text, "loop");
    for (uint32_t i = 0; i < n->n; i++)
        if (has_loop_target(n->items[i]))
            return true;
    return false;
}

static jinja_node *parse_for(jinja_parser *p) {
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_FOR, p->current.line);
    if (!n || !mote_jinja_parser_next(p) || !(n->a = mote_jinja_parser_target(p, 0, "in")) || !expect_name(p, "in") ||
        !(n->b = mote_jinja_parser_tuple(p, JINJA_TUPLE_NO_COND, "recursive")))
        return NULL;
    if (has_loop_target(n->a))
        return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, n->line, "syntax error: can't assign to special loop variable in for-loop target");
    if (mote_jinja_parser_is_name(p, "if") && (!mote_jinja_parser_next(p) || !(n->c = mote_jinja_parser_expression(p, true))))
        return NULL;
    if (mote_jinja_parser_is_name(p, "recursive")) {
        n->flag = 1;
        if (!mote_jinja_parser_next(p))
            return NULL;
    }
    p->n_loops++;
    n->body = parse_frame(p, "endfor", "else");
    p->n_loops--;
    if (!n->body)
        return NULL;
    bool has_else = mote_jinja_parser_is_name(p, "else");
    if (!mote_jinja_parser_next(p))
        return NULL;
    if (has_else && !(n->orelse = parse_frame(p, "endfor", NULL)))
        return NULL;
    return n;
}

static jinja_node *parse_set(jinja_parser *p) {
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_SET, p->current.line);
    if (!n || !mote_jinja_parser_next(p) || !(n->a = mote_jinja_parser_target(p, JINJA_TUPLE_NAMESPACE, NULL)))
        return NULL;
    if (mote_jinja_parser_is_op(p, "="))
        return mote_jinja_parser_next(p) && (n->b = mote_jinja_parser_tuple(p, 0, NULL)) ? n : NULL;
    n->kind = JINJA_N_SETBLOCK;
    if (mote_jinja_parser_is_op(p, "|") && !(n->b = mote_jinja_parser_filters(p, NULL, false)))
        return NULL;
    return (n->body = parse_frame(p, "endset", NULL)) ? n : NULL;
}

static jinja_node *parse_with(jinja_parser *p) {
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_WITH, p->current.line);
    jinja_nodes targets = {0}, values = {0};
    if (!n || !mote_jinja_parser_next(p))
        return NULL;
    while (p->current.kind != JINJA_T_BLOCK_END) {
        if (targets.n && !mote_jinja_parser_expect_op(p, ","))
            return NULL;
        if (!mote_jinja_parser_push(p, &targets, mote_jinja_parser_target(p, 0, NULL)) || !mote_jinja_parser_expect_op(p, "=") ||
            !mote_jinja_parser_push(p, &values, mote_jinja_parser_expression(p, true)))
            return NULL;
    }
    n->items = targets.items;
    n->n = targets.n;
    n->kw = values.items;
    n->n_kw = values.n;
    return (n->body = parse_frame(p, "endwith", NULL)) ? n : NULL;
}

/* (a, b=1) of a macro or call block */
static bool parse_signature(jinja_parser *p, jinja_node *n) {
    jinja_nodes params = {0}, defaults = {0};
    if (!mote_jinja_parser_expect_op(p, "("))
        return false;
    while (!mote_jinja_parser_is_op(p, ")")) {
        if (params.n && !mote_jinja_parser_expect_op(p, ","))
            return false;
        jinja_node *param = mote_jinja_parser_node(p, JINJA_N_NAME, p->current.line);
        if (!param || !(param->as.u.name = mote_jinja_parser_expect_name(p)) || !mote_jinja_parser_intern(p, param->as.u.name, &param->id))
            return false;
        if (mote_jinja_parser_is_op(p, "=")) {
            if (!mote_jinja_parser_next(p) || !mote_jinja_parser_push(p, &defaults, mote_jinja_parser_expression(p, true)))
                return false;
        } else if (defaults.n) {
            mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, param->line, "syntax error: non-default argument follows default argument");
            return false;
        }
        if (!mote_jinja_parser_push(p, &params, param))
            return false;
    }
    n->items = params.items;
    n->n = params.n;
    n->kw = defaults.items;
    n->n_kw = defaults.n;
    return mote_jinja_parser_next(p);
}

/* The body of a macro or call block, with what it needs beyond its parameters. */
static bool macro_body(jinja_parser *p, jinja_node *n, const char *end) {
    jinja_macro_scope scope = {.outer = p->macro};
    unsigned n_loops = p->n_loops;
    p->macro = &scope;
    p->n_loops = 0;
    n->body = parse_frame(p, end, NULL);
    p->n_loops = n_loops;
    p->macro = scope.outer;
    if (!n->body)
        return false;
    n->flag = (uint8_t)scope.uses;
    for (uint32_t i = 0; i < n->n; i++) {
        mote_str name = n->items[i]->as.u.name->text;
        if (mote_str_is(name, "kwargs"))
            n->flag &= (uint8_t)~JINJA_USES_KWARGS;
        if (mote_str_is(name, "varargs"))
            n->flag &= (uint8_t)~JINJA_USES_VARARGS;
        if (mote_str_is(name, "caller") && n->flag & JINJA_USES_CALLER && i + n->n_kw < n->n) {
            mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, n->line, "syntax error: the special \"caller\" argument must be omitted or be given a default");
            return false;
        }
    }
    return true;
}

static jinja_node *parse_macro(jinja_parser *p) {
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_MACRO, p->current.line);
    if (!n || !mote_jinja_parser_next(p) || !(n->as.u.name = mote_jinja_parser_expect_name(p)) || !mote_jinja_parser_intern(p, n->as.u.name, &n->id) || !parse_signature(p, n) ||
        !macro_body(p, n, "endmacro"))
        return NULL;
    return n;
}

static jinja_node *parse_call_block(jinja_parser *p) {
    uint32_t line = p->current.line;
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_CALLBLOCK, line), *macro = n ? mote_jinja_parser_node(p, JINJA_N_MACRO, line) : NULL;
    if (!macro || !mote_jinja_parser_next(p))
        return NULL;
    macro->as.u.name = mote_jinja_parser_str(p, MOTE_STR("caller"));
    if (!macro->as.u.name || (mote_jinja_parser_is_op(p, "(") && !parse_signature(p, macro)) || !(n->a = mote_jinja_parser_expression(p, true)))
        return NULL;
    if (n->a->kind != JINJA_N_CALL)
        return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, line, "syntax error: expected a call");
    n->b = macro;
    return macro_body(p, macro, "endcall") ? n : NULL;
}

static jinja_node *parse_simple_block(jinja_parser *p, jinja_kind kind, const char *end) {
    jinja_node *n = mote_jinja_parser_node(p, kind, p->current.line);
    unsigned n_loops = p->n_loops;
    if (!n || !mote_jinja_parser_next(p))
        return NULL;
    if (kind == JINJA_N_FILTERBLOCK && !(n->b = mote_jinja_parser_filters(p, NULL, true)))
        return NULL;
    if (kind == JINJA_N_AUTOESCAPE && !(n->a = mote_jinja_parser_expression(p, true)))
        return NULL;
    if (kind == JINJA_N_SCOPE)
        p->n_loops = 0; /* the body is a function of its own in Jinja: break cannot leave it */
    n->body = parse_frame(p, end, NULL);
    p->n_loops = n_loops;
    return n->body ? n : NULL;
}

static jinja_node *parse_block(jinja_parser *p) {
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_BLOCK, p->current.line);
    unsigned n_loops = p->n_loops;
    if (!n || !mote_jinja_parser_next(p) || !(n->as.u.name = mote_jinja_parser_expect_name(p)))
        return NULL;
    if (mote_jinja_parser_is_name(p, "scoped")) {
        n->flag = 1;
        if (!mote_jinja_parser_next(p))
            return NULL;
    }
    p->n_loops = 0;
    n->body = parse_frame(p, "endblock", NULL);
    p->n_loops = n_loops;
    if (!n->body || (p->current.kind == JINJA_T_NAME && mote_str_equal(p->current.text, n->as.u.name->text) && !mote_jinja_parser_next(p)))
        return NULL;
    return n;
}

static jinja_node *parse_loop_control(jinja_parser *p, jinja_kind kind) {
    if (p->n_loops == 0)
        return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: '%s' outside loop", kind == JINJA_N_BREAK ? "break" : "continue");
    jinja_node *n = mote_jinja_parser_node(p, kind, p->current.line);
    return n && mote_jinja_parser_next(p) ? n : NULL;
}

static jinja_node *parse_print(jinja_parser *p) {
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_SEQ, p->current.line);
    jinja_nodes list = {0};
    if (!n || !mote_jinja_parser_next(p))
        return NULL;
    while (p->current.kind != JINJA_T_BLOCK_END) {
        jinja_node *print = mote_jinja_parser_node(p, JINJA_N_PRINT, p->current.line);
        if ((list.n && !mote_jinja_parser_expect_op(p, ",")) || !print || !(print->a = mote_jinja_parser_expression(p, true)) || !mote_jinja_parser_push(p, &list, print))
            return NULL;
    }
    n->items = list.items;
    n->n = list.n;
    return n;
}

static jinja_node *parse_refused(jinja_parser *p) {
    jinja_node *n = mote_jinja_parser_node(p, JINJA_N_REFUSED, p->current.line);
    if (!n || !(n->as.u.name = mote_jinja_parser_expect_name(p)))
        return NULL;
    while (p->current.kind != JINJA_T_BLOCK_END && p->current.kind != JINJA_T_EOF)
        if (!mote_jinja_parser_next(p))
            return NULL;
    return n;
}

static jinja_node *parse_statement(jinja_parser *p, const char *const *ends) {
    if (p->current.kind != JINJA_T_NAME)
        return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: tag name expected");
    mote_str tag = p->current.text;
    static const struct {
        const char *name;
        jinja_node *(*parse)(jinja_parser *);
    } statements[] = {{"if", parse_if},       {"for", parse_for},     {"set", parse_set},         {"macro", parse_macro},    {"call", parse_call_block}, {"with", parse_with},
                      {"print", parse_print}, {"block", parse_block}, {"include", parse_refused}, {"import", parse_refused}, {"extends", parse_refused}, {"from", parse_refused}};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (mote_str_is(tag, statements[i].name))
            return statements[i].parse(p);
    if (mote_str_is(tag, "filter"))
        return parse_simple_block(p, JINJA_N_FILTERBLOCK, "endfilter");
    if (mote_str_is(tag, "generation"))
        return parse_simple_block(p, JINJA_N_SCOPE, "endgeneration");
    if (mote_str_is(tag, "autoescape"))
        return parse_simple_block(p, JINJA_N_AUTOESCAPE, "endautoescape");
    if (mote_str_is(tag, "break"))
        return parse_loop_control(p, JINJA_N_BREAK);
    if (mote_str_is(tag, "continue"))
        return parse_loop_control(p, JINJA_N_CONTINUE);
    return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: unknown tag '%.*s'%s%s", MOTE_STR_ARGS(tag), ends[0] ? ", expected " : "",
                                  ends[0] ? ends[0] : "");
}

static bool is_end(const jinja_parser *p, const char *const *ends) {
    for (; *ends; ends++)
        if (mote_jinja_parser_is_name(p, *ends))
            return true;
    return false;
}

static jinja_node *parse_output(jinja_parser *p) {
    bool is_data = p->current.kind == JINJA_T_DATA;
    jinja_node *n = mote_jinja_parser_node(p, is_data ? JINJA_N_DATA : JINJA_N_PRINT, p->current.line);
    if (!n)
        return NULL;
    if (is_data) {
        jinja_str *s = mote_jinja_parser_str(p, p->current.text);
        if (!s)
            return NULL;
        n->as.value = jinja_of_str(s);
    } else {
        if (!mote_jinja_parser_next(p) || !(n->a = mote_jinja_parser_tuple(p, 0, NULL)))
            return NULL;
        if (p->current.kind != JINJA_T_PRINT_END) {
            expected(p, "end of print statement }}");
            return NULL;
        }
    }
    return mote_jinja_parser_next(p) ? n : NULL;
}

static jinja_node *parse_body(jinja_parser *p, const char *const *ends) {
    jinja_node *seq = mote_jinja_parser_node(p, JINJA_N_SEQ, p->current.line);
    jinja_nodes list = {0};
    while (seq && p->current.kind != JINJA_T_EOF) {
        if (p->current.kind != JINJA_T_BLOCK_BEGIN) {
            if (!mote_jinja_parser_push(p, &list, parse_output(p)))
                return NULL;
            continue;
        }
        if (!mote_jinja_parser_next(p))
            return NULL;
        if (is_end(p, ends)) {
            seq->items = list.items;
            seq->n = list.n;
            return seq;
        }
        if (!mote_jinja_parser_push(p, &list, parse_statement(p, ends)))
            return NULL;
        if (p->current.kind != JINJA_T_BLOCK_END) {
            expected(p, "end of statement block %}");
            return NULL;
        }
        if (!mote_jinja_parser_next(p))
            return NULL;
    }
    if (!seq)
        return NULL;
    if (*ends)
        return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, p->current.line, "syntax error: unexpected end of template, the block from line %u needs '%s'", seq->line, ends[0]);
    seq->items = list.items;
    seq->n = list.n;
    return seq;
}

/* Newlines become \n; one at the end is dropped. */
static bool normalise(jinja_parser *p, mote_str source) {
    char *text = mote_jinja_parser_alloc(p, source.len + 1);
    if (!text)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < source.len; i++) {
        char c = source.data[i];
        if (c == '\r') {
            c = '\n';
            i += i + 1 < source.len && source.data[i + 1] == '\n';
        }
        text[n++] = c;
    }
    n -= n > 0 && text[n - 1] == '\n';
    p->tree->source = (mote_str){text, n};
    return true;
}

/* Names the interpreter binds itself: they get the first ids. */
static bool intern_specials(jinja_parser *p) {
    static const char *const names[] = {"caller", "kwargs", "varargs", "loop"};
    uint32_t id;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        jinja_str *s = mote_jinja_parser_str(p, mote_str_of(names[i]));
        if (!s || !mote_jinja_parser_intern(p, s, &id))
            return false;
    }
    return true;
}

mote_status mote_jinja_parse(jinja_tree *tree, mote_str source, mote_error *err) {
    static const char *const no_end[] = {NULL};
    jinja_parser p = {.tree = tree, .err = err, .current = {.line = 1}};
    size_t bad;
    mote_arena_init(&tree->arena, JINJA_MAX_TREE_BYTES);
    if (source.len > JINJA_MAX_TEMPLATE_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "template: %zu bytes, the limit is %zu", source.len, JINJA_MAX_TEMPLATE_BYTES);
    if (!mote_jinja_unicode_valid(source, &bad))
        return mote_error_set(err, MOTE_ERR_FORMAT, "template: malformed UTF-8 at byte %zu", bad);
    if (!normalise(&p, source) || !intern_specials(&p))
        return p.status;
    mote_jinja_lexer_init(&p.lexer, tree->source, err);
    if (!mote_jinja_parser_next(&p) || !(tree->body = parse_body(&p, no_end)))
        return p.status;
    if (p.n_unknown) {
        mote_jinja_parser_fail(&p, MOTE_ERR_FORMAT, p.unknown[0].line, "no %s named '%.*s'", p.unknown[0].what, MOTE_STR_ARGS(p.unknown[0].name->text));
        return p.status;
    }
    return MOTE_OK;
}
