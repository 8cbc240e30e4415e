/* The states of a grammar, made as they are reached. A state is a set of items: a position and the frame below it. A frame stands for all that may follow the end of a rule that
 * was entered at one place of the text: again a set of items, those behind the calls. Whoever calls the same rule at the same place shares its frame, so ambiguity doesn't multiply
 * (as in M. Tomita's graph-structured stack, 1985), and a call that is the last thing of its rule hands the rule's own frame on, so recursion at the right end makes no frames.
 * Sets are kept once each: equal ones have equal numbers.
 *
 *     state    {(in a string, A)}
 *     frame A  {(behind a value of an array, B)}
 *     frame B  {(behind the root's array, 0)}
 *     frame 0  {(position 0, -)}                     behind everything: accepted
 *
 * Frames hold frames of lower numbers only, and items lie in the order in which their sets were made; so what a state needs can be found from above and moved together from below.
 */
#include "base/error.h"
#include "base/mem.h"
#include "text/grammar_code.h"

enum {
    MAX_STATES = 1 << 13,
    MAX_FRAMES = 1 << 14,
    MAX_ITEMS = 1 << 18, /* of all sets */
    MAX_SET = 1 << 13,   /* items of a set, while it is made; grammars that people write have some ten */
    MAX_CALLS = 1 << 14, /* behind one byte */
    SET_SLOTS = 4 * MAX_SET,
    NONE = -1
};

typedef struct item {
    uint32_t position, frame;
} item;

typedef struct set {
    uint32_t first, n;
    uint32_t distance;
} set;

typedef struct pending {
    item it;
    int32_t next;
} pending;

typedef struct grammar_automaton {
    mote_automaton base;
    const mote_grammar *g;
    item *items; /* [MAX_ITEMS] */
    size_t n_items;
    set *frames, *states; /* [MAX_FRAMES], [MAX_STATES]; state 0 is dead */
    int16_t *closing;     /* [MAX_STATES] */
    size_t n_frames, n_states;
    uint32_t *frame_slots, *state_slots; /* tables by set, twice as long */
    uint32_t *rows;                      /* [MAX_STATES][n_classes] 1 + the state behind; 0: not known yet */
    /* while a state is made */
    item *made; /* [MAX_SET] */
    size_t n_made;
    item *marks; /* [SET_SLOTS] what is among them */
    uint32_t *mark_turns, turn;
    pending *calls; /* [MAX_CALLS] */
    size_t n_calls;
    int32_t *called; /* [n_rules] by rank: the first call; NONE */
    uint64_t *ranks; /* bits of the ranks that are called */
    item *gathered;  /* [MAX_SET] of a frame that is made */
    bool is_full;
} grammar_automaton;

static grammar_automaton *of(mote_automaton *a) {
    return (grammar_automaton *)a;
}

static int by_item(const item *x, const item *y) {
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

/* By D. L. Shell's method: sets are small, and nothing may take memory here. */
static void sort(item *items, size_t n) {
    static const size_t GAPS[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1}; /* M. Ciura, 2001 */
    for (size_t g = 0; g < sizeof GAPS / sizeof *GAPS; g++)
        for (size_t i = GAPS[g]; i < n; i++) {
            item moved = items[i];
            size_t at = i;
            for (; at >= GAPS[g] && by_item(&moved, &items[at - GAPS[g]]) < 0; at -= GAPS[g])
                items[at] = items[at - GAPS[g]];
            items[at] = moved;
        }
}

static uint32_t sum(uint32_t a, uint32_t b) {
    return a >= MOTE_GRAMMAR_FAR - b ? MOTE_GRAMMAR_FAR : a + b;
}

static uint64_t hash_of(const item *items, size_t n) {
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (uint64_t)items[i].position << 32 ^ items[i].frame) * 0x9e3779b97f4a7c15u, hash ^= hash >> 29;
    return hash;
}

static uint32_t *find_slot(grammar_automaton *a, uint32_t *slots, const set *sets, size_t most, const item *items, size_t n) {
    uint64_t hash = hash_of(items, n);
    size_t mask = 2 * most - 1, at = (size_t)(hash >> 20) & mask;
    while (slots[at] && !(sets[slots[at] - 1].n == n && memcmp(a->items + sets[slots[at] - 1].first, items, n * sizeof *items) == 0))
        at = (at + 1) & mask;
    return &slots[at];
}

/* A set of sorted items among those of its kind: its number, new where it is not known; UINT32_MAX where there is no room. */
static uint32_t keep(grammar_automaton *a, uint32_t *slots, set *sets, size_t *n_sets, size_t most, const item *items, size_t n) {
    uint32_t *slot = find_slot(a, slots, sets, most, items, n);
    if (*slot)
        return *slot - 1;
    if (*n_sets == most || n > MAX_ITEMS - a->n_items) {
        a->is_full = true;
        return UINT32_MAX;
    }
    memcpy(a->items + a->n_items, items, n * sizeof *items);
    sets[*n_sets] = (set){(uint32_t)a->n_items, (uint32_t)n, 0};
    a->n_items += n;
    *slot = (uint32_t)++ * n_sets;
    return (uint32_t)*n_sets - 1;
}

/* Bytes from behind a rule to the end of the text. */
static void measure_frame(grammar_automaton *a, uint32_t frame) {
    set *f = &a->frames[frame];
    f->distance = MOTE_GRAMMAR_FAR;
    for (uint32_t i = 0; i < f->n; i++) {
        item it = a->items[f->first + i];
        uint32_t d = it.position == 0 ? 0 : sum(a->g->positions[it.position].distance, a->frames[it.frame].distance);
        f->distance = d < f->distance ? d : f->distance;
    }
}

static void measure_state(grammar_automaton *a, uint32_t state) {
    set *s = &a->states[state];
    s->distance = UINT32_MAX;
    a->closing[state] = -1;
    for (uint32_t i = 0; i < s->n; i++) {
        item it = a->items[s->first + i];
        const mote_grammar_position *p = &a->g->positions[it.position];
        uint32_t d = it.position == 0 ? 0 : sum(p->byte_distance, a->frames[it.frame].distance);
        if (d >= s->distance)
            continue;
        s->distance = d;
        a->closing[state] = it.position == 0 ? -1 : p->byte;
    }
}

/* Adds an item to those of the state that is made. */
static void make(grammar_automaton *a, item it) {
    size_t at = (size_t)((it.position * 0x9e3779b1u ^ it.frame * 0x85ebca6bu) >> 7) & (SET_SLOTS - 1);
    for (; a->mark_turns[at] == a->turn; at = (at + 1) & (SET_SLOTS - 1))
        if (a->marks[at].position == it.position && a->marks[at].frame == it.frame)
            return;
    if (a->n_made == MAX_SET) {
        a->is_full = true;
        return;
    }
    a->mark_turns[at] = a->turn;
    a->marks[at] = it;
    a->made[a->n_made++] = it;
}

static void call(grammar_automaton *a, uint32_t rule, item behind) {
    uint32_t rank = a->g->ranks[rule];
    if (a->n_calls == MAX_CALLS) {
        a->is_full = true;
        return;
    }
    a->calls[a->n_calls] = (pending){behind, a->called[rank]};
    a->called[rank] = (int32_t)a->n_calls++;
    a->ranks[rank / 64] |= UINT64_C(1) << rank % 64;
}

/* The calls of an item. What is the last of its rule is followed by what follows the rule. */
static void call_from(grammar_automaton *a, item it) {
    const mote_grammar *g = a->g;
    for (uint32_t i = g->positions[it.position].call; i < g->positions[it.position + 1].call; i++) {
        const mote_grammar_call *c = &g->calls[i];
        if (!g->positions[c->to].is_last) {
            call(a, c->rule, (item){c->to, it.frame});
            continue;
        }
        const set *f = &a->frames[it.frame];
        for (uint32_t k = 0; k < f->n; k++)
            call(a, c->rule, a->items[f->first + k]);
    }
}

/* Enters a rule that was called: one frame for all that called it. */
static void enter(grammar_automaton *a, uint32_t rank) {
    const mote_grammar *g = a->g;
    size_t n = 0, n_different = 0;
    for (int32_t i = a->called[rank]; i != NONE; i = a->calls[i].next) {
        if (n == MAX_SET) {
            a->is_full = true;
            break;
        }
        a->gathered[n++] = a->calls[i].it;
    }
    a->called[rank] = NONE;
    sort(a->gathered, n);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || by_item(&a->gathered[i], &a->gathered[i - 1]) != 0)
            a->gathered[n_different++] = a->gathered[i];
    size_t n_frames = a->n_frames;
    uint32_t frame = keep(a, a->frame_slots, a->frames, &a->n_frames, MAX_FRAMES, a->gathered, n_different);
    if (frame == UINT32_MAX)
        return;
    if (a->n_frames > n_frames)
        measure_frame(a, frame);
    item it = {g->starts[g->ranked[rank]], frame};
    make(a, it);
    call_from(a, it);
}

/* From the items that a byte led to, `made`, to the state: what follows ended rules, then what they call. */
static mote_state finish(grammar_automaton *a) {
    const mote_grammar *g = a->g;
    size_t n = 0, n_words = (g->n_rules + 63) / 64;
    for (size_t i = 0; i < a->n_made && !a->is_full; i++) {
        item it = a->made[i];
        const set *f = &a->frames[it.frame];
        for (uint32_t k = 0; g->positions[it.position].is_final && k < f->n; k++)
            make(a, a->items[f->first + k]);
    }
    for (size_t i = 0, n_arrived = a->n_made; i < n_arrived && !a->is_full; i++)
        call_from(a, a->made[i]);
    for (size_t w = 0; w < n_words; w++)
        while (a->ranks[w]) { /* only later ranks are called from one */
            unsigned bit = (unsigned)__builtin_ctzll(a->ranks[w]);
            a->ranks[w] &= a->ranks[w] - 1;
            enter(a, (uint32_t)(64 * w + bit));
        }
    for (size_t i = 0; i < a->n_made; i++) {
        item it = a->made[i];
        if (it.position == 0 || g->positions[it.position].edge < g->positions[it.position + 1].edge)
            a->made[n++] = it;
    }
    if (a->is_full)
        return MOTE_STATE_FULL;
    if (n == 0)
        return MOTE_STATE_DEAD;
    sort(a->made, n);
    size_t n_states = a->n_states;
    uint32_t state = keep(a, a->state_slots, a->states, &a->n_states, MAX_STATES, a->made, n);
    if (state != UINT32_MAX && a->n_states > n_states)
        measure_state(a, state);
    return state == UINT32_MAX ? MOTE_STATE_FULL : state;
}

static void begin(grammar_automaton *a) {
    a->n_made = a->n_calls = 0;
    a->is_full = false;
    a->turn++;
}

static mote_state start(mote_automaton *base) {
    grammar_automaton *a = of(base);
    begin(a);
    call(a, a->g->root, (item){0, 0});
    const mote_grammar_position *first = &a->g->positions[a->g->starts[a->g->root]];
    if (first->is_final)
        make(a, (item){0, 0});
    return finish(a);
}

/* All states behind a byte's class, not kept yet. */
static mote_state make_step(grammar_automaton *a, mote_state s, unsigned char byte) {
    const mote_grammar *g = a->g;
    begin(a);
    for (uint32_t i = 0; i < a->states[s].n; i++) {
        item it = a->items[a->states[s].first + i];
        for (uint32_t e = g->positions[it.position].edge; e < g->positions[it.position + 1].edge; e++)
            if (g->edges[e].lo <= byte && byte <= g->edges[e].hi)
                make(a, (item){g->edges[e].to, it.frame});
    }
    return finish(a);
}

static mote_state step(mote_automaton *base, mote_state s, unsigned char byte) {
    grammar_automaton *a = of(base);
    if (s == MOTE_STATE_DEAD)
        return MOTE_STATE_DEAD;
    uint32_t *known = &a->rows[(size_t)s * a->g->n_classes + a->g->byte_class[byte]];
    if (*known == 0) {
        mote_state next = make_step(a, s, byte);
        if (next == MOTE_STATE_FULL)
            return next;
        *known = next + 1;
    }
    return *known - 1;
}

static bool accepts(mote_automaton *a, mote_state s) {
    return s != MOTE_STATE_DEAD && of(a)->states[s].distance == 0;
}

static uint32_t distance(mote_automaton *a, mote_state s) {
    return s == MOTE_STATE_DEAD ? UINT32_MAX : of(a)->states[s].distance;
}

static int closing(mote_automaton *a, mote_state s) {
    return s == MOTE_STATE_DEAD ? -1 : of(a)->closing[s];
}

/* One item: its position decides, as long as its rule doesn't end. */
static uint32_t key(mote_automaton *base, mote_state s) {
    grammar_automaton *a = of(base);
    return a->states[s].n == 1 ? a->items[a->states[s].first].position : 0;
}

static uint32_t inner(mote_automaton *base, uint32_t k, unsigned char byte) {
    const mote_grammar *g = of(base)->g;
    uint32_t to = MOTE_STATE_DEAD;
    for (uint32_t e = g->positions[k].edge; e < g->positions[k + 1].edge; e++) {
        if (byte < g->edges[e].lo || byte > g->edges[e].hi)
            continue;
        if (to != MOTE_STATE_DEAD) /* operations kept apart */
            return MOTE_STATE_LEFT;
        to = g->edges[e].to;
    }
    const mote_grammar_position *p = &g->positions[to];
    return to != MOTE_STATE_DEAD && (p->is_final || p->call < p[1].call) ? MOTE_STATE_LEFT : to;
}

static void forget_slots(grammar_automaton *a) {
    memset(a->frame_slots, 0, 2 * MAX_FRAMES * sizeof *a->frame_slots);
    memset(a->state_slots, 0, 2 * MAX_STATES * sizeof *a->state_slots);
    memset(a->rows, 0, a->n_states * a->g->n_classes * sizeof *a->rows);
}

/* Frames that the state needs, found from above, are moved together from below; the state's items become those of state 1. */
static mote_state refresh(mote_automaton *base, mote_state s) {
    grammar_automaton *a = of(base);
    if (s == MOTE_STATE_DEAD)
        return s;
    const set old = a->states[s];
    const int16_t old_closing = a->closing[s];
    uint32_t *number = a->frame_slots; /* the new number of a frame, + 1 */
    size_t n_frames = 1, n_items = 1;
    memcpy(a->made, a->items + old.first, old.n * sizeof *a->made);
    forget_slots(a);
    number[0] = 1;
    for (uint32_t i = 0; i < old.n; i++)
        number[a->made[i].frame] = 1;
    for (size_t f = a->n_frames; f-- > 1;)
        for (uint32_t i = 0; number[f] && i < a->frames[f].n; i++)
            number[a->items[a->frames[f].first + i].frame] = 1;
    for (size_t f = 1; f < a->n_frames; f++) {
        set kept = a->frames[f];
        if (!number[f])
            continue;
        for (uint32_t i = 0; i < kept.n; i++) {
            item it = a->items[kept.first + i];
            a->items[n_items + i] = (item){it.position, number[it.frame] - 1};
        }
        kept.first = (uint32_t)n_items;
        n_items += kept.n;
        a->frames[n_frames++] = kept;
        number[f] = (uint32_t)n_frames;
    }
    for (uint32_t i = 0; i < old.n; i++)
        a->made[i].frame = number[a->made[i].frame] - 1;
    memset(number, 0, 2 * MAX_FRAMES * sizeof *number);
    a->n_frames = n_frames;
    a->n_items = n_items;
    a->n_states = 1;
    for (uint32_t f = 0; f < n_frames; f++)
        *find_slot(a, a->frame_slots, a->frames, MAX_FRAMES, a->items + a->frames[f].first, a->frames[f].n) = f + 1;
    mote_state kept = keep(a, a->state_slots, a->states, &a->n_states, MAX_STATES, a->made, old.n); /* there is room for what was there */
    a->states[kept].distance = old.distance;
    a->closing[kept] = old_closing;
    return kept;
}

static void free_automaton(mote_automaton *base) {
    grammar_automaton *a = of(base);
    if (!a)
        return;
    mote_mem_free(a->items);
    mote_mem_free(a->frames);
    mote_mem_free(a->states);
    mote_mem_free(a->closing);
    mote_mem_free(a->frame_slots);
    mote_mem_free(a->state_slots);
    mote_mem_free(a->rows);
    mote_mem_free(a->made);
    mote_mem_free(a->marks);
    mote_mem_free(a->mark_turns);
    mote_mem_free(a->calls);
    mote_mem_free(a->called);
    mote_mem_free(a->ranks);
    mote_mem_free(a->gathered);
    mote_mem_free(a);
}

static void *room(bool *ok, size_t n, size_t item_bytes) {
    void *p = *ok ? mote_mem_zalloc_array(n, item_bytes) : NULL;
    *ok = p != NULL;
    return p;
}

static bool take_memory(grammar_automaton *a) {
    bool ok = true;
    a->items = room(&ok, MAX_ITEMS, sizeof *a->items);
    a->frames = room(&ok, MAX_FRAMES, sizeof *a->frames);
    a->states = room(&ok, MAX_STATES, sizeof *a->states);
    a->closing = room(&ok, MAX_STATES, sizeof *a->closing);
    a->frame_slots = room(&ok, 2 * MAX_FRAMES, sizeof *a->frame_slots);
    a->state_slots = room(&ok, 2 * MAX_STATES, sizeof *a->state_slots);
    a->rows = room(&ok, (size_t)MAX_STATES * a->g->n_classes, sizeof *a->rows);
    a->made = room(&ok, MAX_SET, sizeof *a->made);
    a->marks = room(&ok, SET_SLOTS, sizeof *a->marks);
    a->mark_turns = room(&ok, SET_SLOTS, sizeof *a->mark_turns);
    a->calls = room(&ok, MAX_CALLS, sizeof *a->calls);
    a->called = room(&ok, a->g->n_rules, sizeof *a->called);
    a->ranks = room(&ok, (a->g->n_rules + 63) / 64, sizeof *a->ranks);
    a->gathered = room(&ok, MAX_SET, sizeof *a->gathered);
    return ok;
}

static const mote_automaton_ops ops = {start, step, accepts, distance, closing, key, inner, refresh, free_automaton, NULL, NULL};

mote_status mote_grammar_automaton(const mote_grammar *grammar, mote_automaton **automaton, mote_error *err) {
    *automaton = NULL;
    grammar_automaton *a = mote_mem_zalloc_array(1, sizeof *a);
    if (!a)
        return mote_error_alloc(err, sizeof *a);
    a->base.ops = &ops;
    a->g = grammar;
    if (!take_memory(a)) {
        free_automaton(&a->base);
        return mote_error_alloc(err, MAX_ITEMS * sizeof *a->items + (size_t)MAX_STATES * grammar->n_classes * sizeof *a->rows);
    }
    for (size_t r = 0; r < grammar->n_rules; r++)
        a->called[r] = NONE;
    a->states[0] = (set){0, 0, UINT32_MAX};
    a->n_states = 1;
    a->items[0] = (item){0, 0};
    a->frames[0] = (set){0, 1, 0};
    a->n_items = a->n_frames = 1;
    *find_slot(a, a->frame_slots, a->frames, MAX_FRAMES, a->items, 1) = 1;
    *automaton = &a->base;
    return MOTE_OK;
}
