/* The state of one rendering, its limits, and what the parts of the interpreter offer each other. Functions that can fail return false after
 * mote_jinja_fail has put the line and the reason into the error; nothing needs freeing, as all values live in the rendering's arena. */
#ifndef MOTE_TEXT_JINJA_RUN_H
#define MOTE_TEXT_JINJA_RUN_H

#include "base/arena.h"
#include "base/buffer.h"
#include "text/jinja_value.h"

#include <time.h>

/* A rendering of hostile input ends within a tenth of a second: a step is an evaluated node, a produced item, or a few produced bytes (about 20 ns).
 * Budgets grow with the input, so that long conversations fit. */
#define JINJA_MAX_STEPS ((size_t)1500000)
#define JINJA_STEPS_PER_INPUT_BYTE 24
#define JINJA_BYTES_PER_STEP 32
#define JINJA_MAX_ARENA_BYTES ((size_t)10 << 20)
#define JINJA_ARENA_PER_INPUT_BYTE 16
#define JINJA_MAX_INPUT_BYTES ((size_t)64 << 20)
#define JINJA_MAX_OUTPUT_BYTES ((size_t)16 << 20)
#define JINJA_MAX_SMALL_OUTPUT_BYTES ((size_t)8 << 20) /* plus 8 bytes per input byte, up to the one above */
#define JINJA_MAX_DEPTH 1600                           /* nested evaluations, about 300 bytes of stack each */
#define JINJA_MAX_CALL_DEPTH 100                       /* macros, callers and recursive loops */
#define JINJA_MAX_DATA_DEPTH 200                       /* of JSON and of values when printed or compared */
#define JINJA_MAX_RANGE 100000                         /* as in Jinja's sandbox */
#define JINJA_MAX_DIGITS 4300                          /* as in Python's int to str conversion */

struct jinja_scope {
    jinja_scope *parent;
    struct {
        uint32_t id;
        jinja_value value;
    } * vars;
    uint32_t n, capacity;
};

struct jinja_macro {
    const jinja_node *node;
    jinja_scope *closure;
};

struct jinja_run {
    mote_arena arena;
    mote_buffer text; /* the output, and above it, as a stack, whatever text is being built */
    size_t steps_left;
    unsigned depth, call_depth, line;
    jinja_value *root; /* variables of the outermost scope, by name id */
    jinja_scope *scope;
    bool sort_keys;         /* repr writes dictionaries in order of their keys (pprint) */
    jinja_value block_text; /* what a filter block or block set hands to its first filter */
    struct tm now;
    int now_microseconds;
    mote_error *err;
    mote_status status;
};

/* --- failing, paying, allocating (jinja_run.c) --- */
bool mote_jinja_fail(jinja_run *r, mote_status status, const char *fmt, ...) MOTE_PRINTF(3, 4); /* always false */
bool mote_jinja_fail_undefined(jinja_run *r, jinja_value undefined);
bool mote_jinja_fail_steps(jinja_run *r);
void *mote_jinja_alloc(jinja_run *r, size_t n_bytes);
void *mote_jinja_alloc_array(jinja_run *r, size_t n, size_t item_bytes);
bool mote_jinja_put(jinja_run *r, const void *data, size_t len_bytes);
bool mote_jinja_put_text(jinja_run *r, const char *text);
bool mote_jinja_put_char(jinja_run *r, uint32_t code_point);
bool mote_jinja_put_repeat(jinja_run *r, mote_str piece, size_t times);
bool mote_jinja_take(jinja_run *r, size_t mark, jinja_value *out); /* the text above mark becomes a string */
bool mote_jinja_bind(jinja_run *r, const jinja_builtin *b, const jinja_args *args, jinja_value *bound);
bool mote_jinja_call_builtin(jinja_run *r, const jinja_builtin *b, const jinja_args *args, jinja_value *out);

static inline bool jinja_spend(jinja_run *r, size_t steps) {
    if (r->steps_left < steps)
        return mote_jinja_fail_steps(r);
    r->steps_left -= steps;
    return true;
}

/* The same where nothing can fail: what cannot be paid makes the next payment fail. */
static inline void jinja_charge(jinja_run *r, size_t steps) {
    r->steps_left -= steps < r->steps_left ? steps : r->steps_left;
}
/* For a search in n_text bytes: slower for long needles. */
static inline bool jinja_spend_search(jinja_run *r, size_t n_text, size_t n_needle) {
    return jinja_spend(r, n_text / (n_needle > 8 ? 4 : JINJA_BYTES_PER_STEP) + 1);
}

/* --- values (jinja_value.c) --- */
const char *mote_jinja_type_name(jinja_value v);
bool mote_jinja_make_str(jinja_run *r, mote_str text, jinja_value *out);   /* borrows the bytes */
bool mote_jinja_make_chars(jinja_run *r, mote_str text, jinja_value *out); /* copies them */
jinja_list *mote_jinja_new_list(jinja_run *r, size_t n);                   /* n items, all missing; NULL on failure */
bool mote_jinja_make_pair(jinja_run *r, jinja_value a, jinja_value b, jinja_value *out);
bool mote_jinja_collect(jinja_run *r, jinja_value iterable, jinja_list **out); /* list(x); a list itself is returned as it is */
size_t mote_jinja_n_chars(jinja_run *r, jinja_value str);
size_t mote_jinja_char_offset(jinja_run *r, jinja_value str, size_t index); /* byte offset of a code point */
bool mote_jinja_truth(jinja_value v);
bool mote_jinja_length(jinja_run *r, jinja_value v, size_t *n);       /* TypeError without one */
bool mote_jinja_index_arg(jinja_run *r, jinja_value v, int64_t *out); /* an integer, clamped to int64 */

/* --- dicts (jinja_dict.c) --- */
jinja_dict *mote_jinja_new_dict(jinja_run *r, size_t capacity);
bool mote_jinja_hash(jinja_run *r, jinja_value v, uint64_t *hash); /* false without an error set: unhashable */
bool mote_jinja_dict_set(jinja_run *r, jinja_dict *d, jinja_value key, jinja_value value);
jinja_value *mote_jinja_dict_get(jinja_run *r, const jinja_dict *d, jinja_value key); /* NULL: absent or unhashable */
jinja_value *mote_jinja_dict_get_str(const jinja_dict *d, mote_str key);
bool mote_jinja_dict_set_str(jinja_run *r, jinja_dict *d, mote_str key, jinja_value value);        /* copies the key */
bool mote_jinja_dict_sorted(jinja_run *r, const jinja_dict *d, const jinja_entry **out);           /* the entries in order of their keys */
bool mote_jinja_dict_update(jinja_run *r, jinja_dict *d, const jinja_args *args, const char *who); /* dict(*args, **kwargs) */

/* --- comparing (jinja_compare.c) --- */
typedef enum jinja_order { JINJA_LT, JINJA_LE, JINJA_GT, JINJA_GE } jinja_order;
bool mote_jinja_equal(jinja_run *r, jinja_value a, jinja_value b, bool *equal);
bool mote_jinja_less(jinja_run *r, jinja_value a, jinja_value b, jinja_order order, bool *result);
bool mote_jinja_contains(jinja_run *r, jinja_value item, jinja_value container, bool *result);
bool mote_jinja_same(jinja_value a, jinja_value b); /* Python's `is` */
bool mote_jinja_sort(jinja_run *r, jinja_value *items, jinja_value *keys, size_t n, bool reverse);

/* --- arithmetic (jinja_arith.c, jinja_bigint.c) --- */
bool mote_jinja_binary(jinja_run *r, char op, jinja_value a, jinja_value b, jinja_value *out); /* + - * / d(iv) % p(ow) */
bool mote_jinja_negate(jinja_run *r, jinja_value v, jinja_value *out);
bool mote_jinja_concat(jinja_run *r, jinja_value a, jinja_value b, jinja_value *out); /* of two strings */
bool mote_jinja_to_double(jinja_run *r, jinja_value v, double *out);                  /* of bool, int, float */
bool mote_jinja_float_to_int(jinja_run *r, double f, jinja_value *out);               /* truncates; f is finite */
bool mote_jinja_big_binary(jinja_run *r, char op, jinja_value a, jinja_value b, jinja_value *out);
int mote_jinja_big_compare(jinja_value a, jinja_value b);
bool mote_jinja_big_parse(jinja_run *r, mote_str digits, unsigned base, bool negative, jinja_value *out); /* no prefix, no underscore */
bool mote_jinja_big_put(jinja_run *r, const jinja_big *b);
double mote_jinja_big_to_double(const jinja_big *b);
uint64_t mote_jinja_big_hash(const jinja_big *b);
bool mote_jinja_big_negative(const jinja_big *b);
bool mote_jinja_big_odd(const jinja_big *b);

/* --- attributes and items (jinja_attr.c) --- */
bool mote_jinja_getattr(jinja_run *r, jinja_value obj, mote_str name, jinja_value *out);
bool mote_jinja_getitem(jinja_run *r, jinja_value obj, jinja_value key, jinja_value *out);
bool mote_jinja_attribute(jinja_run *r, jinja_value obj, mote_str name, jinja_value *out); /* Python's getattr; missing if there is none */
bool mote_jinja_slice(jinja_run *r, jinja_value obj, jinja_value start, jinja_value stop, jinja_value step, jinja_value *out);
bool mote_jinja_attr_path(jinja_run *r, jinja_value obj, jinja_value path, jinja_value fallback, jinja_value *out); /* "a.b.0" as filters take it */

/* --- iterating (jinja_iter.c) --- */
jinja_iter *mote_jinja_iterate(jinja_run *r, jinja_value v); /* iter(v); NULL after TypeError */
jinja_iter *mote_jinja_reversed(jinja_run *r, jinja_value v);
jinja_iter *mote_jinja_new_iter(jinja_run *r, int (*next)(jinja_run *, jinja_iter *, jinja_value *), jinja_iter *inner, const void *state);
int mote_jinja_pull(jinja_run *r, jinja_iter *it, jinja_value *out); /* the next of a generator's source: counts the depth of chained generators */
bool mote_jinja_iterable(jinja_value v);

/* --- text of values (jinja_repr.c, jinja_float.c, jinja_tojson.c, jinja_percent.c, jinja_format.c) --- */
bool mote_jinja_put_str(jinja_run *r, jinja_value v);
bool mote_jinja_put_repr(jinja_run *r, jinja_value v);
bool mote_jinja_str(jinja_run *r, jinja_value v, jinja_value *out); /* str(v); a string stays itself */
bool mote_jinja_put_float(jinja_run *r, double f);
bool mote_jinja_parse_float(mote_str text, double *out); /* as Python's float(str) */
bool mote_jinja_parse_int(jinja_run *r, mote_str text, int base, jinja_value *out, bool *ok);
bool mote_jinja_tojson(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_percent(jinja_run *r, jinja_value format, jinja_value args, jinja_value *out);
bool mote_jinja_str_format(jinja_run *r, jinja_value format, const jinja_args *args, jinja_value *out);
bool mote_jinja_format_value(jinja_run *r, jinja_value v, mote_str spec);
bool mote_jinja_strftime(jinja_run *r, mote_str format, jinja_value *out);
bool mote_jinja_escape_html(jinja_run *r, jinja_value v, jinja_value *out);

/* --- reading the variables (jinja_json.c) --- */
bool mote_jinja_read_json(jinja_run *r, mote_str json, jinja_value *out);

/* --- built-ins: NULL if there is none of that name --- */
const jinja_builtin *mote_jinja_find(const jinja_builtin *table, mote_str name); /* table ends with a NULL name */
const jinja_builtin *mote_jinja_filter(mote_str name);
const jinja_builtin *mote_jinja_test(mote_str name);
const jinja_builtin *mote_jinja_global(mote_str name);
const jinja_builtin *mote_jinja_str_method(mote_str name);
const jinja_builtin *mote_jinja_method_of(jinja_value v, mote_str name);
bool mote_jinja_is_mutator(jinja_value v, mote_str name);
bool mote_jinja_str_arg(jinja_run *r, jinja_value v, const char *who, mote_str *out); /* TypeError if not a string */

/* --- running (jinja_eval.c, jinja_call.c, jinja_exec.c, jinja_loop.c) --- */
typedef enum jinja_flow { JINJA_FLOW_FAIL, JINJA_FLOW_NEXT, JINJA_FLOW_BREAK, JINJA_FLOW_CONTINUE } jinja_flow;
bool mote_jinja_eval(jinja_run *r, const jinja_node *n, jinja_value *out);
bool mote_jinja_enter(jinja_run *r);
jinja_flow mote_jinja_exec(jinja_run *r, const jinja_node *seq);
bool mote_jinja_assign(jinja_run *r, const jinja_node *target, jinja_value v);
jinja_scope *mote_jinja_new_scope(jinja_run *r, jinja_scope *parent);
bool mote_jinja_set_var(jinja_run *r, uint32_t id, jinja_value v);
bool mote_jinja_call(jinja_run *r, jinja_value f, const jinja_args *args, jinja_value *out);
bool mote_jinja_eval_call(jinja_run *r, const jinja_node *n, const jinja_value *caller, jinja_value *out);
bool mote_jinja_eval_filter(jinja_run *r, const jinja_node *n, jinja_value *out);
bool mote_jinja_eval_test(jinja_run *r, const jinja_node *n, jinja_value *out);
bool mote_jinja_call_macro(jinja_run *r, const jinja_macro *m, const jinja_args *args, jinja_value *out);
jinja_flow mote_jinja_run_for(jinja_run *r, const jinja_node *n, jinja_value iterable, size_t depth0);
bool mote_jinja_loop_attr(jinja_run *r, jinja_value loop, mote_str name, jinja_value *out);
bool mote_jinja_loop_length(jinja_run *r, jinja_loop *loop, size_t *n);
size_t mote_jinja_loop_index(const jinja_loop *loop);
bool mote_jinja_loop_call(jinja_run *r, jinja_loop *loop, const jinja_args *args, jinja_value *out);
const jinja_builtin *mote_jinja_loop_method(mote_str name);

#endif
