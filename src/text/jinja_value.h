/* Values of the template language: Python's, as far as a template can see them. A value is 16 bytes and immutable but for namespaces, cyclers, joiners, loops
 * and iterators; whatever it points to lives in the arena of one rendering (or of the template, for constants). Strings are valid UTF-8. */
#ifndef MOTE_TEXT_JINJA_VALUE_H
#define MOTE_TEXT_JINJA_VALUE_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum jinja_type {
    JINJA_MISSING, /* no value: an absent argument, an empty slot */
    JINJA_UNDEFINED,
    JINJA_NONE,
    JINJA_BOOL,
    JINJA_INT,
    JINJA_BIG, /* an integer outside int64_t */
    JINJA_FLOAT,
    JINJA_STR,
    JINJA_LIST,
    JINJA_TUPLE,
    JINJA_DICT,
    JINJA_VIEW, /* dict.keys(), .values(), .items() */
    JINJA_RANGE,
    JINJA_NAMESPACE,
    JINJA_ITER, /* a generator: consumed once */
    JINJA_LOOP,
    JINJA_MACRO,
    JINJA_FUNCTION,
    JINJA_METHOD,
    JINJA_CYCLER,
    JINJA_JOINER
} jinja_type;

/* .sub of JINJA_UNDEFINED: what the error message says when the value is used */
enum { JINJA_UNDEF_NAME, JINJA_UNDEF_ATTR, JINJA_UNDEF_ITEM, JINJA_UNDEF_UNSAFE, JINJA_UNDEF_HINT };
enum { JINJA_PLAIN, JINJA_MARKUP };                        /* .sub of JINJA_STR: marked safe for HTML */
enum { JINJA_GROUP = 1 };                                  /* .sub of JINJA_TUPLE: has .grouper and .list */
enum { JINJA_KEYS, JINJA_VALUES, JINJA_ITEMS };            /* .sub of JINJA_VIEW */
enum { JINJA_ITEM = 1, JINJA_END = 0, JINJA_FAILED = -1 }; /* results of an iterator's next */

typedef struct jinja_str jinja_str;
typedef struct jinja_list jinja_list;
typedef struct jinja_dict jinja_dict;
typedef struct jinja_range jinja_range;
typedef struct jinja_big jinja_big;
typedef struct jinja_iter jinja_iter;
typedef struct jinja_loop jinja_loop;
typedef struct jinja_macro jinja_macro;
typedef struct jinja_method jinja_method;
typedef struct jinja_cycler jinja_cycler;
typedef struct jinja_joiner jinja_joiner;
typedef struct jinja_builtin jinja_builtin;
typedef struct jinja_room jinja_room;
typedef struct jinja_run jinja_run;
typedef struct jinja_node jinja_node;
typedef struct jinja_scope jinja_scope;

typedef struct jinja_value {
    uint8_t type, sub;
    uint16_t extra; /* of an undefined: the type whose attribute was missing */
    union {
        bool b;
        int64_t i;
        double f;
        jinja_str *s;
        jinja_list *l; /* list and tuple */
        jinja_dict *d; /* dict, view, namespace */
        jinja_range *range;
        jinja_big *big;
        jinja_iter *iter;
        jinja_loop *loop;
        jinja_macro *macro;
        jinja_method *method;
        jinja_cycler *cycler;
        jinja_joiner *joiner;
        const jinja_builtin *function;
        const char *hint;
    } u;
} jinja_value;

#define JINJA_CHARS_UNKNOWN SIZE_MAX

/* n_chars counts code points; strings of a template always know it, as renderings on several threads share them. */
struct jinja_str {
    mote_str text;
    size_t n_chars;
    jinja_room *room; /* where more bytes may follow in place; NULL for most */
};

struct jinja_list {
    jinja_value *items;
    size_t n;
    jinja_room *room;
};

/* Spare room behind a string or list made by concatenation: s + x appends in place while nobody else has, so that building a text piece by piece
 * costs linear time and memory. `end` is where the longest of those sharing it ends. */
struct jinja_room {
    char *end, *limit;
};

typedef struct jinja_entry {
    jinja_value key, value;
    uint64_t hash;
} jinja_entry;

struct jinja_dict {
    jinja_entry *entries; /* in order of insertion */
    size_t n, capacity;
    uint32_t *index; /* open addressing, entry + 1; NULL while n is small */
    size_t n_index;
};

struct jinja_range {
    int64_t start, stop, step, n;
};

struct jinja_iter {
    int (*next)(jinja_run *r, jinja_iter *it, jinja_value *out); /* JINJA_ITEM, _END, _FAILED */
    jinja_value source;
    size_t pos, byte; /* next item; next byte where source is a string */
    jinja_iter *inner;
    const void *state;
};

struct jinja_method {
    jinja_value self;
    const jinja_builtin *function;
};

struct jinja_cycler {
    jinja_list *items;
    size_t pos;
};

struct jinja_joiner {
    jinja_value separator;
    bool used;
};

typedef struct jinja_keyword {
    mote_str name;
    jinja_value value;
} jinja_keyword;

typedef struct jinja_args {
    jinja_value *v;
    size_t n;
    jinja_keyword *kw;
    size_t n_kw;
} jinja_args;

/* A filter, test, method or global. params: comma-separated names, '-' for positional only; a method's first is self. With `call` the arguments come bound
 * (JINJA_MISSING where absent), with `raw` as given. */
struct jinja_builtin {
    const char *name, *params;
    unsigned n_required;
    bool (*call)(jinja_run *r, jinja_value *a, jinja_value *out);
    bool (*raw)(jinja_run *r, const jinja_args *args, jinja_value *out);
};

enum { JINJA_MAX_PARAMS = 8 };

#define JINJA_MISSING_VALUE ((jinja_value){.type = JINJA_MISSING})
#define JINJA_NONE_VALUE ((jinja_value){.type = JINJA_NONE})

static inline jinja_value jinja_bool(bool b) {
    return (jinja_value){.type = JINJA_BOOL, .u.b = b};
}
static inline jinja_value jinja_int(int64_t i) {
    return (jinja_value){.type = JINJA_INT, .u.i = i};
}
static inline jinja_value jinja_float(double f) {
    return (jinja_value){.type = JINJA_FLOAT, .u.f = f};
}
static inline jinja_value jinja_of_str(jinja_str *s) {
    return (jinja_value){.type = JINJA_STR, .u.s = s};
}
static inline jinja_value jinja_of_list(jinja_list *l) {
    return (jinja_value){.type = JINJA_LIST, .u.l = l};
}
static inline jinja_value jinja_of_dict(jinja_dict *d) {
    return (jinja_value){.type = JINJA_DICT, .u.d = d};
}
static inline jinja_value jinja_of_iter(jinja_iter *it) {
    return (jinja_value){.type = JINJA_ITER, .u.iter = it};
}
static inline jinja_value jinja_hint(const char *hint) {
    return (jinja_value){.type = JINJA_UNDEFINED, .sub = JINJA_UNDEF_HINT, .u.hint = hint};
}
static inline bool jinja_is_str(jinja_value v) {
    return v.type == JINJA_STR;
}
/* bool, int64 and larger: what Python calls an int */
static inline bool jinja_is_int(jinja_value v) {
    return v.type == JINJA_BOOL || v.type == JINJA_INT || v.type == JINJA_BIG;
}
/* Absent or None: how an optional argument says nothing. */
static inline bool jinja_is_none(jinja_value v) {
    return v.type == JINJA_MISSING || v.type == JINJA_NONE;
}
static inline mote_str jinja_text(jinja_value v) {
    return v.u.s->text;
}

#endif
