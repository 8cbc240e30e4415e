/* Strings of bounded length: for each count of code points, how far it is from each state of the automaton to an end that is long enough and not too long. Beginning at the largest
 * count the rows soon repeat, or grow evenly, and then one row stands for all that are left. */
#include "text/json_schema_settled.h"

enum {
    MAX_CELLS = 1500000, /* states times rows: six megabytes */
    MAX_WALK_DEPTH = 300,
    MAX_WALK = 100000 /* bytes that are tried */
};

unsigned mote_json_byte_cost(unsigned char byte) {
    if (byte == '"' || byte == '\\' || byte == '\n' || byte == '\r' || byte == '\t' || byte == '\b' || byte == '\f')
        return 2;
    return byte < 0x20 ? 6 : 1;
}

typedef struct measuring {
    mote_schema_compiler *c;
    const mote_dfa *dfa;
    uint32_t min, max;
    uint8_t cost[256], inner[256]; /* by class: bytes at least; it continues a character */
    mote_string_rows *rows;
    size_t n_rows, capacity, n_cells;
} measuring;

static void classify(measuring *m) {
    memset(m->cost, 6, sizeof m->cost);
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t k = m->dfa->classes[byte], cost = (uint8_t)mote_json_byte_cost((unsigned char)byte);
        m->cost[k] = cost < m->cost[k] ? cost : m->cost[k];
        m->inner[k] = byte >= 0x80 && byte < 0xc0;
    }
}

/* One row. above: the row of one code point more; NULL: none may follow; the row itself: any number may. */
static void fill(measuring *m, uint32_t count, const uint32_t *above, uint32_t *row) {
    const mote_dfa *d = m->dfa;
    for (uint32_t s = 0; s < d->n_states; s++)
        row[s] = d->label[s] && count >= m->min ? 0 : MOTE_FAR;
    for (bool nearer = true; nearer && mote_schema_work(m->c, (int64_t)d->n_states * d->n_classes / 20);) {
        nearer = false;
        for (uint32_t s = d->n_states; s-- > 1;)
            for (uint32_t k = 0; k < d->n_classes; k++) {
                uint32_t t = d->next[(size_t)s * d->n_classes + k];
                if (t == 0 || (!m->inner[k] && !above))
                    continue;
                uint32_t v = mote_far_add(m->inner[k] ? row[t] : above[t], m->cost[k]);
                if (v < row[s]) {
                    row[s] = v;
                    nearer = true;
                }
            }
    }
}

/* The row is the one above plus a constant. */
static bool even(const measuring *m, const uint32_t *row, const uint32_t *above, uint32_t *slope) {
    bool first = true;
    *slope = 0;
    for (uint32_t s = 1; s < m->dfa->n_states; s++) {
        if ((row[s] == MOTE_FAR) != (above[s] == MOTE_FAR) || (row[s] != MOTE_FAR && row[s] < above[s]))
            return false;
        if (row[s] == MOTE_FAR)
            continue;
        if (!first && row[s] - above[s] != *slope)
            return false;
        *slope = row[s] - above[s];
        first = false;
    }
    return true;
}

static bool push(measuring *m, mote_string_rows rows) {
    if (m->n_rows == m->capacity) {
        size_t capacity = m->capacity ? 2 * m->capacity : 8;
        mote_string_rows *copy = mote_schema_alloc(m->c, capacity, sizeof *copy);
        if (!copy)
            return false;
        if (m->n_rows > 0)
            memcpy(copy, m->rows, m->n_rows * sizeof *copy);
        m->rows = copy;
        m->capacity = capacity;
    }
    m->rows[m->n_rows++] = rows;
    return true;
}

static uint32_t *new_row(measuring *m) {
    m->n_cells += m->dfa->n_states;
    if (m->n_cells > MAX_CELLS)
        return mote_schema_fail(m->c, MOTE_ERR_LIMIT, "minLength, maxLength: too long beside a pattern");
    return mote_schema_alloc(m->c, m->dfa->n_states, sizeof(uint32_t));
}

static void fill_all(measuring *m) {
    bool bounded = m->max < MOTE_SHAPE_NO_MAX;
    uint32_t count = bounded ? m->max : m->min;
    uint32_t *above = new_row(m);
    if (!above)
        return;
    fill(m, count, bounded ? NULL : above, above);
    if (!push(m, (mote_string_rows){count, count, 0, above}))
        return;
    while (count > 0 && m->c->status == MOTE_OK) {
        uint32_t *row = new_row(m), slope;
        if (!row)
            return;
        uint32_t stop = count - 1 >= m->min ? m->min : 0; /* within these counts all rows come from the ones above in the same way */
        fill(m, --count, above, row);
        bool steady = even(m, row, above, &slope) && (count < m->min || slope == 0) && (count >= m->min) == (count + 1 >= m->min);
        mote_string_rows rows = {steady ? stop : count, count, steady ? slope : 0, row};
        if (!push(m, rows))
            return;
        if (steady && stop < count) { /* the row of `stop` itself, for the next ones to come from */
            uint32_t *last = new_row(m);
            if (!last)
                return;
            for (uint32_t s = 0; s < m->dfa->n_states; s++)
                last[s] = row[s] == MOTE_FAR ? MOTE_FAR : mote_far_add(row[s], slope * (count - stop));
            row = last;
            count = stop;
        }
        above = row;
    }
}

mote_settled_string *mote_settle_string(mote_schema_compiler *c, const mote_string_shape *shape) {
    measuring m = {.c = c, .dfa = shape->dfa, .min = shape->min, .max = shape->max};
    mote_settled_string *s = mote_schema_alloc(c, 1, sizeof *s);
    if (!s)
        return NULL;
    if (shape->min > MOTE_SHAPE_MAX_COUNT)
        return mote_schema_fail(c, MOTE_ERR_LIMIT, "minLength: above %d", MOTE_SHAPE_MAX_COUNT);
    classify(&m);
    fill_all(&m);
    *s = (mote_settled_string){shape->dfa,
                               shape->max < MOTE_SHAPE_NO_MAX ? shape->max : shape->min,
                               shape->dfa == c->any_text && shape->max >= MOTE_SHAPE_NO_MAX,
                               shape->max < MOTE_SHAPE_NO_MAX,
                               m.n_rows,
                               m.rows};
    return c->status == MOTE_OK ? s : NULL;
}

static const mote_string_rows *find_rows(const mote_settled_string *s, uint32_t count) {
    size_t lo = 0, hi = s->n_rows - 1;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->rows[mid].from <= count)
            hi = mid;
        else
            lo = mid + 1;
    }
    return &s->rows[lo];
}

uint32_t mote_settled_string_rest(const mote_settled_string *s, uint32_t state, uint32_t count) {
    if (state == 0)
        return MOTE_FAR;
    count &= ~(uint32_t)MOTE_COUNT_STILL;
    const mote_string_rows *rows = find_rows(s, count);
    return count > rows->to ? MOTE_FAR : mote_far_add(rows->row[state], rows->slope * (rows->to - count));
}

/* Counts of the same rows differ by distances only, as long as they stay among them; at the last of them a distance may be 0 that is more before. */
uint32_t mote_settled_string_like(const mote_settled_string *s, uint32_t count, uint32_t n) {
    const mote_string_rows *rows = find_rows(s, count);
    bool is_far = count < rows->to && n < rows->to - count;
    return is_far ? rows->from | MOTE_COUNT_STILL : count;
}

/* A walk along what lives, depth first, that stops at the (k + 1)th string. */
bool mote_settled_string_more(const mote_settled_string *s, uint32_t state, uint32_t count, uint32_t k) {
    uint32_t states[MAX_WALK_DEPTH], counts[MAX_WALK_DEPTH];
    int byte[MAX_WALK_DEPTH];
    size_t depth = 0;
    if (s->endless)
        return state != 0;
    states[0] = state;
    counts[0] = count;
    byte[0] = -1;
    for (int steps = 0; steps < MAX_WALK;) {
        if (byte[depth] == -1 && mote_settled_string_rest(s, states[depth], counts[depth]) == 0 && k-- == 0)
            return true;
        uint32_t next = 0, n = 0;
        bool lives = false;
        while (!lives && byte[depth] < 255) {
            next = mote_dfa_step(s->dfa, states[depth], (unsigned char)++byte[depth]);
            bool inner = (byte[depth] & 0xc0) == 0x80;
            n = inner ? counts[depth] : s->bounded || counts[depth] < s->last ? counts[depth] + 1 : s->last;
            lives = mote_settled_string_rest(s, next, n) < MOTE_FAR;
            steps++;
        }
        if (lives && depth + 1 < MAX_WALK_DEPTH) {
            depth++;
            states[depth] = next;
            counts[depth] = n;
            byte[depth] = -1;
        } else if (!lives && depth-- == 0)
            return false;
    }
    return false;
}

uint32_t mote_settled_string_distance(const mote_settled_string *s) {
    return mote_far_add(mote_settled_string_rest(s, s->dfa->start, 0), 2);
}
