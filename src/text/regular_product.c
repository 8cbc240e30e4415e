/* Automata made of others, of words, and words of automata. */
#include "text/regular_dfa.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdlib.h>

enum {
    MAX_STATES = 40000,  /* of a product: beyond it the table would pass what a schema may take */
    MAX_CELLS = 2000000, /* states times classes, of a product or a set of words */
    MAX_WORD_BYTES = 255 /* of a word that mote_dfa_list writes */
};

static mote_status too_large(mote_error *err) {
    return mote_error_set(err, MOTE_ERR_LIMIT, "the expression is too large");
}

/* The common refinement of two partitions of the bytes. */
static uint32_t join_classes(const mote_dfa *a, const mote_dfa *b, uint8_t classes[256], uint8_t of_a[256], uint8_t of_b[256]) {
    uint32_t n = 0;
    for (int byte = 0; byte < 256; byte++) {
        uint32_t c = 0;
        while (c < n && (of_a[c] != a->classes[byte] || of_b[c] != b->classes[byte]))
            c++;
        if (c == n) {
            of_a[n] = a->classes[byte];
            of_b[n++] = b->classes[byte];
        }
        classes[byte] = (uint8_t)c;
    }
    return n;
}

typedef struct pairs {
    uint32_t *a, *b, *table; /* [n] the pair of each state; hashed */
    size_t n, size;
    uint32_t *next;
    uint32_t k;
} pairs;

static bool pairs_grow(pairs *p) {
    size_t size = p->size ? p->size * 2 : 256;
    uint32_t *a = mote_mem_resize_array(p->a, size, sizeof *a);
    p->a = a ? a : p->a;
    uint32_t *b = mote_mem_resize_array(p->b, size, sizeof *b);
    p->b = b ? b : p->b;
    uint32_t *next = mote_mem_resize_array(p->next, size * p->k, sizeof *next);
    p->next = next ? next : p->next;
    uint32_t *table = mote_mem_zalloc_array(size * 2, sizeof *table);
    if (!a || !b || !next || !table) {
        mote_mem_free(table);
        return false;
    }
    mote_mem_free(p->table);
    p->table = table;
    p->size = size;
    for (uint32_t i = 1; i < p->n; i++) {
        size_t at = (p->a[i] * 2654435761u ^ p->b[i] * 40503u) & (2 * size - 1);
        while (table[at])
            at = (at + 1) & (2 * size - 1);
        table[at] = i;
    }
    return true;
}

/* The number of a pair; 0 for none (dead), UINT32_MAX without room. */
static uint32_t pairs_find(pairs *p, uint32_t a, uint32_t b, mote_dfa_op op) {
    if ((a == 0 && op != MOTE_DFA_OR) || (b == 0 && op == MOTE_DFA_AND) || (a == 0 && b == 0))
        return 0;
    if (p->n >= p->size && !pairs_grow(p))
        return UINT32_MAX;
    size_t at = (a * 2654435761u ^ b * 40503u) & (2 * p->size - 1);
    for (; p->table[at]; at = (at + 1) & (2 * p->size - 1))
        if (p->a[p->table[at]] == a && p->b[p->table[at]] == b)
            return p->table[at];
    p->a[p->n] = a;
    p->b[p->n] = b;
    p->table[at] = (uint32_t)p->n;
    return (uint32_t)p->n++;
}

static uint32_t label_of(mote_dfa_op op, unsigned bit, uint32_t a, uint32_t b) {
    switch (op) {
    case MOTE_DFA_AND:
        return a && b ? a : 0;
    case MOTE_DFA_AND_NOT:
        return b ? 0 : a;
    case MOTE_DFA_OR:
        return a ? a : b;
    case MOTE_DFA_LABELS:
        break;
    }
    return a ? a | (b ? 1u << bit : 0) : 0;
}

static mote_status explore(const mote_dfa *a, const mote_dfa *b, mote_dfa_op op, pairs *p, const uint8_t of_a[256], const uint8_t of_b[256], mote_error *err) {
    for (uint32_t s = 1; s < p->n; s++)
        for (uint32_t c = 0; c < p->k; c++) {
            uint32_t t = pairs_find(p, a->next[(size_t)p->a[s] * a->n_classes + of_a[c]], b->next[(size_t)p->b[s] * b->n_classes + of_b[c]], op);
            if (t == UINT32_MAX)
                return mote_error_alloc(err, p->size * p->k * 8);
            if (p->n > MAX_STATES || p->n * p->k > MAX_CELLS)
                return too_large(err);
            p->next[(size_t)s * p->k + c] = t;
        }
    return MOTE_OK;
}

mote_status mote_dfa_product(const mote_dfa *a, const mote_dfa *b, mote_dfa_op op, unsigned bit, mote_arena *arena, const mote_dfa **out, mote_error *err) {
    uint8_t classes[256], of_a[256], of_b[256];
    pairs p = {.n = 1, .k = join_classes(a, b, classes, of_a, of_b)};
    uint32_t *label = NULL;
    mote_status status = pairs_grow(&p) ? MOTE_OK : mote_error_alloc(err, 256);
    if (status != MOTE_OK)
        goto done;
    p.a[0] = p.b[0] = 0;
    memset(p.next, 0, p.k * sizeof *p.next);
    uint32_t start = pairs_find(&p, a->start, b->start, op);
    MOTE_TRY_DONE(explore(a, b, op, &p, of_a, of_b, err));
    label = mote_mem_zalloc_array(p.n, sizeof *label);
    if (!label) {
        status = mote_error_alloc(err, p.n * sizeof *label);
        goto done;
    }
    for (size_t s = 1; s < p.n; s++)
        label[s] = label_of(op, bit, a->label[p.a[s]], b->label[p.b[s]]);
    status = mote_dfa_build((uint32_t)p.n, p.k, classes, start, p.next, label, arena, out, err);
done:
    mote_mem_free(label);
    mote_mem_free(p.a);
    mote_mem_free(p.b);
    mote_mem_free(p.next);
    mote_mem_free(p.table);
    return status;
}

mote_status mote_dfa_any(mote_arena *arena, const mote_dfa **out, mote_error *err) {
    return mote_dfa_pattern(MOTE_STR(""), false, arena, out, NULL, err);
}

static uint32_t classes_of_words(const mote_str *words, size_t n_words, uint8_t classes[256]) {
    uint32_t k = 1;
    memset(classes, 0, 256);
    for (size_t i = 0; i < n_words; i++)
        for (size_t j = 0; j < words[i].len; j++) {
            uint8_t *c = &classes[(unsigned char)words[i].data[j]];
            if (*c == 0)
                *c = (uint8_t)k++;
        }
    return k;
}

mote_status mote_dfa_words(const mote_str *words, size_t n_words, mote_arena *arena, const mote_dfa **out, mote_error *err) {
    uint8_t classes[256];
    uint32_t k = classes_of_words(words, n_words, classes);
    size_t n = 2, n_used = 2;
    for (size_t i = 0; i < n_words; i++)
        n += words[i].len;
    if (n > UINT32_MAX / 256 || n * k > MAX_CELLS)
        return too_large(err);
    uint32_t *next = mote_mem_zalloc_array(n * k, sizeof *next), *label = mote_mem_zalloc_array(n, sizeof *label);
    mote_status status = next && label ? MOTE_OK : mote_error_alloc(err, n * k * sizeof *next);
    for (size_t i = 0; status == MOTE_OK && i < n_words; i++) {
        size_t s = 1;
        for (size_t j = 0; j < words[i].len; j++) {
            uint32_t *t = &next[s * k + classes[(unsigned char)words[i].data[j]]];
            if (*t == 0)
                *t = (uint32_t)n_used++;
            s = *t;
        }
        label[s] = 1;
    }
    if (status == MOTE_OK)
        status = mote_dfa_build((uint32_t)n_used, k, classes, 1, next, label, arena, out, err);
    mote_mem_free(next);
    mote_mem_free(label);
    return status;
}

mote_status mote_dfa_list(const mote_dfa *d, size_t max, mote_arena *arena, mote_str *words, size_t *n, mote_error *err) {
    /* A walk with the byte to try next at each depth. As every state leads to acceptance, what is walked in vain is bounded by MAX_WORD_BYTES. */
    uint32_t state[MAX_WORD_BYTES + 1];
    int byte[MAX_WORD_BYTES + 1];
    char text[MAX_WORD_BYTES + 1];
    size_t depth = 0;
    *n = 0;
    state[0] = d->start;
    byte[0] = -1;
    for (;;) {
        if (byte[depth] == -1 && d->label[state[depth]]) {
            if (*n == max) {
                *n = SIZE_MAX;
                return MOTE_OK;
            }
            char *copy = mote_arena_dup(arena, text, depth);
            if (!copy)
                return mote_error_set(err, MOTE_ERR_LIMIT, "no room for the words of an expression");
            words[(*n)++] = (mote_str){copy, depth};
        }
        do
            byte[depth]++;
        while (byte[depth] < 256 && !mote_dfa_step(d, state[depth], (unsigned char)byte[depth]));
        if (byte[depth] == 256) {
            if (depth == 0)
                return MOTE_OK;
            depth--;
            continue;
        }
        if (depth == MAX_WORD_BYTES) {
            *n = SIZE_MAX;
            return MOTE_OK;
        }
        text[depth] = (char)byte[depth];
        state[depth + 1] = mote_dfa_step(d, state[depth], (unsigned char)byte[depth]);
        byte[++depth] = -1;
    }
}
