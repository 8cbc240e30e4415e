/* What is done with tables: trimming, joining equal states (Moore's partition refinement, in blocks of equal distance to acceptance), walking. */
#include "text/regular_dfa.h"

#include "base/error.h"

enum { MAX_REFINEMENT = 3000000 }; /* cells looked at while joining states: some ten milliseconds; what isn't joined by then stays larger, and right */
static const size_t MAX_SCRATCH_BYTES = (size_t)24 << 20;

/* A table on its way to a mote_dfa. */
typedef struct work {
    uint32_t n, k, start;
    const uint8_t *classes;
    const uint32_t *next, *label;
    uint32_t *part; /* [n] the block of each state, 0 for the useless ones */
    uint32_t n_parts;
    mote_arena scratch;
} work;

/* Edges backwards: those into t are first[t], link[first[t]], ...; from[] says where each begins. */
typedef struct edges {
    uint32_t *first, *link, *from;
} edges;

static bool collect_edges(work *w, edges *e, uint32_t *stack) {
    size_t n = w->n;
    uint8_t *seen = mote_arena_zalloc_array(&w->scratch, n + 1, 1);
    *e = (edges){mote_arena_zalloc_array(&w->scratch, n + 1, sizeof(uint32_t)), mote_arena_zalloc_array(&w->scratch, n * w->k + 1, sizeof(uint32_t)),
                 mote_arena_zalloc_array(&w->scratch, n * w->k + 1, sizeof(uint32_t))};
    if (!seen || !e->first || !e->link || !e->from)
        return false;
    size_t top = 0;
    uint32_t n_edges = 0;
    if (w->start) {
        seen[w->start] = 1;
        stack[top++] = w->start;
    }
    while (top > 0) {
        uint32_t s = stack[--top], before = 0;
        for (uint32_t c = 0; c < w->k; c++) {
            uint32_t t = w->next[(size_t)s * w->k + c];
            if (t == 0 || t == before)
                continue;
            before = t;
            e->from[++n_edges] = s;
            e->link[n_edges] = e->first[t];
            e->first[t] = n_edges;
            if (!seen[t]) {
                seen[t] = 1;
                stack[top++] = t;
            }
        }
    }
    for (uint32_t s = 1; s < n; s++)
        w->part[s] = seen[s];
    return true;
}

/* The first partition: by the distance to acceptance, 1 and up; and 0 for what isn't reached or doesn't get there. */
static bool partition_by_distance(work *w) {
    edges e;
    uint32_t *queue = mote_arena_zalloc_array(&w->scratch, w->n + 1, sizeof *queue);
    if (!queue || !collect_edges(w, &e, queue))
        return false;
    size_t head = 0, tail = 0;
    for (uint32_t s = 1; s < w->n; s++) {
        bool accepting = w->part[s] && w->label[s];
        w->part[s] = accepting;
        if (accepting)
            queue[tail++] = s;
    }
    while (head < tail) {
        uint32_t t = queue[head++];
        w->n_parts = w->part[t];
        for (uint32_t i = e.first[t]; i; i = e.link[i])
            if (!w->part[e.from[i]]) {
                w->part[e.from[i]] = w->part[t] + 1;
                queue[tail++] = e.from[i];
            }
    }
    return true;
}

static uint64_t mix(uint64_t h, uint64_t x) {
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    return h ^ (h >> 29);
}

static uint64_t signature(const work *w, uint32_t s) {
    uint64_t h = mix(w->part[s], w->label[s]);
    for (uint32_t c = 0; c < w->k; c++)
        h = mix(h, w->part[w->next[(size_t)s * w->k + c]]);
    return h;
}

static bool same_block(const work *w, uint32_t s, uint32_t t) {
    if (w->part[s] != w->part[t] || w->label[s] != w->label[t])
        return false;
    for (uint32_t c = 0; c < w->k; c++)
        if (w->part[w->next[(size_t)s * w->k + c]] != w->part[w->next[(size_t)t * w->k + c]])
            return false;
    return true;
}

/* Splits blocks by where their states go, until none splits or the budget is used up: then every state is a block of its own. */
static bool refine(work *w) {
    size_t size = 16;
    while (size < 2 * (size_t)w->n)
        size *= 2;
    uint32_t *table = mote_arena_zalloc_array(&w->scratch, size, sizeof *table), *fresh = mote_arena_zalloc_array(&w->scratch, w->n + 1, sizeof *fresh);
    if (!table || !fresh)
        return false;
    int64_t budget = MAX_REFINEMENT;
    for (;;) {
        budget -= (int64_t)w->n * w->k;
        uint32_t n_fresh = 0;
        memset(table, 0, size * sizeof *table);
        for (uint32_t s = 1; s < w->n; s++) {
            if (!w->part[s])
                continue;
            size_t at = signature(w, s) & (size - 1);
            while (table[at] && (budget < 0 || !same_block(w, s, table[at])))
                at = (at + 1) & (size - 1);
            if (!table[at]) {
                table[at] = s;
                fresh[s] = ++n_fresh;
            } else
                fresh[s] = fresh[table[at]];
        }
        memcpy(w->part, fresh, w->n * sizeof *fresh);
        if (n_fresh == w->n_parts || budget < 0)
            break;
        w->n_parts = n_fresh;
    }
    return true;
}

/* Numbers the blocks in the order in which they are reached, so that equal automata of equal classes get equal tables. representative[i] is a state of block i. */
static uint32_t number_blocks(work *w, uint32_t *number, uint32_t *representative) {
    uint32_t n = 1;
    if (w->start && w->part[w->start]) {
        number[w->part[w->start]] = n;
        representative[n++] = w->start;
    }
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t c = 0; c < w->k; c++) {
            uint32_t t = w->next[(size_t)representative[i] * w->k + c], p = w->part[t];
            if (p && !number[p]) {
                number[p] = n;
                representative[n++] = t;
            }
        }
    return n;
}

/* Classes that no state tells apart become one: classes[] of the result, and of[i], one of the old ones for each new one. */
static uint32_t merge_classes(const work *w, const uint32_t *representative, uint32_t n, uint8_t classes[256], uint8_t of[256]) {
    uint8_t new_class[256];
    uint32_t k = 0;
    for (uint32_t c = 0; c < w->k; c++) {
        uint32_t same = 0;
        for (; same < k; same++) {
            uint32_t i = 1;
            while (i < n && w->part[w->next[(size_t)representative[i] * w->k + c]] == w->part[w->next[(size_t)representative[i] * w->k + of[same]]])
                i++;
            if (i == n)
                break;
        }
        if (same == k)
            of[k++] = (uint8_t)c;
        new_class[c] = (uint8_t)same;
    }
    for (int byte = 0; byte < 256; byte++)
        classes[byte] = new_class[w->classes[byte]];
    return k;
}

/* Numbered in the order of the bytes. */
static void order_classes(uint8_t classes[256], uint8_t of[256], uint32_t k) {
    uint8_t number[256], ordered[256];
    bool seen[256] = {false};
    uint32_t n = 0;
    for (int byte = 0; byte < 256 && n < k; byte++)
        if (!seen[classes[byte]]) {
            seen[classes[byte]] = true;
            ordered[n] = of[classes[byte]];
            number[classes[byte]] = (uint8_t)n++;
        }
    for (int byte = 0; byte < 256; byte++)
        classes[byte] = number[classes[byte]];
    memcpy(of, ordered, n);
}

static mote_status write_out(work *w, mote_arena *arena, const mote_dfa **out, mote_error *err) {
    uint32_t *number = mote_arena_zalloc_array(&w->scratch, w->n + 1, sizeof *number), *representative = mote_arena_zalloc_array(&w->scratch, w->n + 1, sizeof *number);
    if (!number || !representative)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the expression is too large");
    uint32_t n = number_blocks(w, number, representative);
    uint8_t classes[256], of[256];
    uint32_t k = merge_classes(w, representative, n, classes, of);
    order_classes(classes, of, k);
    mote_dfa *d = mote_arena_alloc(arena, sizeof *d);
    uint32_t *next = mote_arena_zalloc_array(arena, (size_t)n * k, sizeof *next), *label = mote_arena_zalloc_array(arena, n, sizeof *label);
    if (!d || !next || !label)
        return mote_error_set(err, MOTE_ERR_LIMIT, "no room for the tables of an expression");
    for (uint32_t i = 1; i < n; i++) {
        label[i] = w->label[representative[i]];
        for (uint32_t c = 0; c < k; c++)
            next[(size_t)i * k + c] = number[w->part[w->next[(size_t)representative[i] * w->k + of[c]]]];
    }
    *d = (mote_dfa){.n_states = n, .n_classes = k, .start = n > 1, .next = next, .label = label};
    memcpy(d->classes, classes, 256);
    *out = d;
    return MOTE_OK;
}

mote_status mote_dfa_build(uint32_t n_states, uint32_t n_classes, const uint8_t classes[256], uint32_t start, const uint32_t *next, const uint32_t *label, mote_arena *arena,
                           const mote_dfa **out, mote_error *err) {
    work w = {.n = n_states, .k = n_classes, .start = start, .classes = classes, .next = next, .label = label};
    mote_arena_init(&w.scratch, MAX_SCRATCH_BYTES);
    w.part = mote_arena_zalloc_array(&w.scratch, (size_t)n_states + 1, sizeof *w.part);
    mote_status status;
    if (!w.part || !partition_by_distance(&w) || !refine(&w))
        status = mote_error_set(err, MOTE_ERR_LIMIT, "the expression is too large");
    else
        status = write_out(&w, arena, out, err);
    mote_arena_deinit(&w.scratch);
    return status;
}

mote_status mote_dfa_relabel(const mote_dfa *d, const uint32_t *to, size_t n, mote_arena *arena, const mote_dfa **out, mote_error *err) {
    uint32_t *label = mote_arena_zalloc_array(arena, d->n_states, sizeof *label);
    if (!label)
        return mote_error_set(err, MOTE_ERR_LIMIT, "no room for the tables of an expression");
    for (uint32_t s = 1; s < d->n_states; s++)
        label[s] = d->label[s] < n ? to[d->label[s]] : 0;
    return mote_dfa_build(d->n_states, d->n_classes, d->classes, d->start, d->next, label, arena, out, err);
}

bool mote_dfa_accepts(const mote_dfa *d, mote_str text) {
    uint32_t s = d->start;
    for (size_t i = 0; i < text.len; i++)
        s = mote_dfa_step(d, s, (unsigned char)text.data[i]);
    return d->label[s] != 0;
}

bool mote_dfa_equal(const mote_dfa *a, const mote_dfa *b) {
    return a == b || (a->n_states == b->n_states && a->n_classes == b->n_classes && a->start == b->start && memcmp(a->classes, b->classes, 256) == 0 &&
                      memcmp(a->next, b->next, (size_t)a->n_states * a->n_classes * sizeof *a->next) == 0 && memcmp(a->label, b->label, a->n_states * sizeof *a->label) == 0);
}
