/* Arrays and objects while they are written: what may follow, and whether the rest can still be written. */
#include "text/json_schema_machine.h"

bool mote_array_closes(const mote_machine *m, const mote_cell *array) {
    const mote_settled_array *a = mote_machine_array(m, array);
    if (array->a < a->min)
        return false;
    uint32_t counts[MOTE_MAX_CONTAINS] = {array->b % (a->cap[0] + 1), array->b / (a->cap[0] + 1)};
    for (unsigned i = 0; i < a->n_contains; i++)
        if (counts[i] < a->contains[i].min)
            return false;
    return true;
}

const mote_shape_node *mote_array_next(mote_machine *m, const mote_cell *array, unsigned mask, mote_cell *after) {
    const mote_settled_array *a = mote_machine_array(m, array);
    bool bounded = a->max < MOTE_SHAPE_NO_MAX;
    uint32_t steady = a->min > a->n_prefix ? a->min : a->n_prefix; /* from here on all is the same */
    if (steady == 0)
        steady = a->n_contains > 0;
    *after = *array;
    if (array->a >= a->max)
        return NULL;
    const mote_shape_node *node = a->items[((size_t)(array->a < a->n_prefix ? array->a : a->n_prefix) << a->n_contains) + mask];
    int first;
    if (!mote_machine_fits(array, node) || (a->unique && mote_unique_item(m, array, node, &first) >= MOTE_FAR))
        return NULL;
    after->a = !bounded && array->a >= steady ? steady : array->a + 1;
    after->phase = MOTE_PHASE_AFTER;
    after->space = 0;
    if (a->n_contains == 0)
        return node;
    uint32_t counts[MOTE_MAX_CONTAINS] = {array->b % (a->cap[0] + 1), array->b / (a->cap[0] + 1)};
    for (unsigned i = 0; i < a->n_contains; i++) {
        counts[i] += mask >> i & 1;
        if (counts[i] > a->cap[i]) {
            if (a->contains[i].max < MOTE_SHAPE_NO_MAX)
                return NULL;
            counts[i] = a->cap[i];
        }
    }
    after->b = counts[0] + counts[1] * (a->cap[0] + 1);
    uint32_t place = after->a < a->n_places ? after->a : a->n_places - 1;
    return a->distance[(size_t)place * a->n_counts + after->b] < MOTE_FAR ? node : NULL;
}

bool mote_array_has_more(mote_machine *m, const mote_cell *array) {
    mote_cell after;
    for (unsigned mask = 0; mask < 1u << mote_machine_array(m, array)->n_contains; mask++)
        if (mote_array_next(m, array, mask, &after))
            return true;
    return false;
}

bool mote_object_closes(const mote_machine *m, const mote_cell *object) {
    return mote_machine_set_at(m, object->a)->missing == 0 && object->b >= mote_machine_object(m, object)->min;
}

bool mote_object_spare(const mote_machine *m, const mote_cell *cell) {
    const mote_settled_object *o = mote_machine_object(m, cell);
    return o->max >= MOTE_SHAPE_NO_MAX || cell->b + mote_machine_set_at(m, cell->a)->missing < o->max;
}

/* Some value of the object may be too deep for where it is: then each has to be looked at. */
static bool near_the_limit(const mote_settled_object *o, const mote_cell *cell) {
    return cell->depth + o->deepest > MOTE_SCHEMA_MAX_DEPTH;
}

/* Among the names from `from` on, below `to`, one may be written. */
static bool known_lives(const mote_machine *m, const mote_cell *cell, uint32_t from, uint32_t to, bool spare) {
    const mote_settled_object *o = mote_machine_object(m, cell);
    const uint64_t *seen = m->set_words + mote_machine_set_at(m, cell->a)->offset;
    bool careful = near_the_limit(o, cell);
    for (uint32_t word = from / 64; from < to && word <= (to - 1) / 64; word++) {
        uint64_t bits = (spare ? o->allowed[word] : o->allowed[word] & o->required[word]) & ~seen[word];
        if (word == from / 64)
            bits &= ~(uint64_t)0 << (from % 64);
        if (word == (to - 1) / 64 && to % 64 != 0)
            bits &= ~(uint64_t)0 >> (64 - to % 64);
        if (bits != 0 && !careful)
            return true;
        for (; bits != 0; bits &= bits - 1)
            if (mote_machine_fits(cell, o->values[word * 64 + (uint32_t)__builtin_ctzll(bits)]))
                return true;
    }
    return false;
}

static bool class_fits(const mote_settled_object *o, const mote_cell *cell) {
    for (uint32_t i = 0; i < o->n_classes; i++)
        if (!mote_machine_fits(cell, o->classes[i]) && mote_node_distance(o->classes[i]) < MOTE_FAR)
            return false; /* one of them is too deep here: none is used, as which one it will be isn't known before the end */
    return true;
}

static bool unknown_lives(const mote_machine *m, const mote_cell *cell, uint32_t state, uint32_t from, uint32_t to) {
    const mote_settled_object *o = mote_machine_object(m, cell);
    if (!o->unknown || state == 0 || (near_the_limit(o, cell) && !class_fits(o, cell)))
        return false;
    if (o->n_left[state] == UINT32_MAX)
        return true;
    uint32_t written = mote_machine_listed_below(m, cell->f, cell->kind == MOTE_CELL_NAME ? cell->g : 0);
    return o->n_left[state] > o->known_before[to] - o->known_before[from] + written;
}

bool mote_object_has_more(mote_machine *m, const mote_cell *object) {
    const mote_settled_object *o = mote_machine_object(m, object);
    bool spare = mote_object_spare(m, object);
    return known_lives(m, object, 0, o->n_names, spare) || (spare && o->unknown && unknown_lives(m, object, o->unknown->start, 0, o->n_names));
}

void mote_object_begin_name(mote_machine *m, const mote_cell *object) {
    const mote_settled_object *o = mote_machine_object(m, object);
    mote_cell name = *object;
    name.kind = MOTE_CELL_NAME;
    name.phase = 0;
    name.space = object->e != 0;
    name.c = o->n_names;
    name.d = o->unknown ? o->unknown->start << 16 : 0;
    name.e = name.g = 0;
    mote_machine_emit(m, &name);
}

/* The first of the names in [lo, hi), which share `depth` bytes, whose next byte isn't below it. */
static uint32_t lower_bound(const mote_settled_object *o, uint32_t lo, uint32_t hi, uint32_t depth, unsigned byte) {
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        mote_str name = o->names[mid];
        if (name.len > depth && (unsigned char)name.data[depth] >= byte)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

bool mote_name_lives(mote_machine *m, const mote_cell *name) {
    uint32_t from = name->c >> 16, to = name->c & 0xffff;
    bool spare = mote_object_spare(m, name);
    return known_lives(m, name, from, to, spare) || (spare && unknown_lives(m, name, name->d >> 16, from, to));
}

bool mote_name_step(mote_machine *m, mote_cell *name, uint8_t byte) {
    const mote_settled_object *o = mote_machine_object(m, name);
    uint32_t from = name->c >> 16, to = name->c & 0xffff, depth = name->d & 0xffff, state = name->d >> 16;
    if (from < to) {
        from = lower_bound(o, from, to, depth, byte);
        to = lower_bound(o, from, to, depth, byte + 1u);
        depth++;
    }
    if (from >= to)
        from = to = depth = 0;
    if (o->unknown && state != 0)
        state = mote_dfa_step(o->unknown, state, byte);
    if (name->g != MOTE_TEXT_NEW)
        name->g = state == 0 ? 0 : m->probing || m->looking ? mote_machine_find_text(m, name->g, byte) : mote_machine_text(m, name->g, byte);
    if (m->looking && state != 0 && mote_machine_listed_below(m, name->f, name->g) == 0)
        name->g = MOTE_TEXT_NEW;
    if (name->space != 0 && state != 0 && o->n_left[state] != UINT32_MAX)
        m->unsure = true;
    name->c = from << 16 | to;
    name->d = state << 16 | depth;
    return mote_name_lives(m, name);
}

uint32_t mote_name_known(const mote_machine *m, const mote_cell *name) {
    const mote_settled_object *o = mote_machine_object(m, name);
    uint32_t from = name->c >> 16, to = name->c & 0xffff;
    return from < to && o->names[from].len == (name->d & 0xffff) ? from : UINT32_MAX;
}

static void end_known(mote_machine *m, const mote_cell *name, mote_cell *object, uint32_t known) {
    const mote_settled_object *o = mote_machine_object(m, name);
    const mote_name_set *set = mote_machine_set_at(m, name->a);
    uint64_t bit = (uint64_t)1 << (known % 64), words[(MOTE_SHAPE_MAX_NAMES + 63) / 64];
    bool required = o->required[known / 64] & bit;
    if (!(o->allowed[known / 64] & bit) || mote_machine_has(m, name->a, known) || !(required || mote_object_spare(m, name)) || !mote_machine_fits(name, o->values[known]))
        return;
    memcpy(words, m->set_words + set->offset, o->n_words * sizeof *words);
    words[known / 64] |= bit;
    object->a = mote_machine_set(m, name->shape, words, o->n_words, set->missing - required);
    object->c = known + 1;
    mote_machine_emit(m, object);
}

void mote_name_end(mote_machine *m, const mote_cell *name) {
    const mote_settled_object *o = mote_machine_object(m, name);
    uint32_t known = mote_name_known(m, name), state = name->d >> 16;
    mote_cell object = *name;
    object.kind = MOTE_CELL_OBJECT;
    object.phase = MOTE_PHASE_COLON;
    object.d = object.g = 0;
    object.e = name->space;
    object.space = 0;
    if (o->max < MOTE_SHAPE_NO_MAX || object.b < o->min)
        object.b++;
    if (known != UINT32_MAX)
        end_known(m, name, &object, known);
    else if (o->unknown && o->unknown->label[state] != 0 && mote_object_spare(m, name) && !mote_machine_listed(m, name->f, name->g)) {
        uint32_t class = o->unknown->label[state] - 1;
        object.c = MOTE_CELL_CLASS | class;
        if (m->looking) {
            object.e = 1;
            m->unsure = m->unsure || name->space != 0 || object.b < o->min || o->n_left[o->unknown->start] != UINT32_MAX;
        } else if (m->lists[name->f].n < MOTE_MACHINE_LIST_ITEMS && m->lists[name->f].bytes < MOTE_MACHINE_LIST_BYTES && m->text_len[name->g] < MOTE_MACHINE_LIST_BYTES)
            object.f = mote_machine_list(m, name->f, name->g);
        if (mote_machine_fits(name, o->classes[class]))
            mote_machine_emit(m, &object);
    }
}

const mote_shape_node *mote_object_pending(const mote_machine *m, const mote_cell *object) {
    const mote_settled_object *o = mote_machine_object(m, object);
    return object->c & MOTE_CELL_CLASS ? o->classes[object->c & ~MOTE_CELL_CLASS] : o->values[object->c - 1];
}
