/* Dictionaries that keep the order of insertion. Small ones are searched in order; larger ones get an open-addressing index of entry numbers. Keys that
 * Python calls equal (1, 1.0 and true) are one key. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

#include <math.h>

enum { SMALL = 8 };

static uint64_t mix(uint64_t h) {
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t hash_text(mote_str s) {
    uint64_t h = 0xcbf29ce484222325u ^ s.len;
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        uint64_t word;
        memcpy(&word, s.data + i, 8);
        h = mix(h ^ word);
    }
    for (; i < s.len; i++)
        h = (h ^ (unsigned char)s.data[i]) * 0x100000001b3u;
    return mix(h);
}

bool mote_jinja_hash(jinja_run *r, jinja_value v, uint64_t *hash) {
    uint64_t h = v.type;
    switch (v.type) {
    case JINJA_STR:
        jinja_charge(r, v.u.s->text.len / JINJA_BYTES_PER_STEP);
        *hash = hash_text(v.u.s->text);
        return true;
    case JINJA_BOOL:
        *hash = mix((uint64_t)v.u.b);
        return true;
    case JINJA_INT:
        *hash = mix((uint64_t)v.u.i);
        return true;
    case JINJA_BIG:
        *hash = mote_jinja_big_hash(v.u.big);
        return true;
    case JINJA_FLOAT:
        /* as the integer of the same value; beyond int64 a big integer may equal it, and both hash by their double */
        if (v.u.f == floor(v.u.f) && fabs(v.u.f) < 9.2e18)
            *hash = mix((uint64_t)(int64_t)v.u.f);
        else
            memcpy(hash, &v.u.f, sizeof v.u.f);
        return true;
    case JINJA_LIST:
    case JINJA_DICT:
    case JINJA_VIEW:
        return false;
    case JINJA_TUPLE:
        for (size_t i = 0; i < v.u.l->n; i++) {
            uint64_t item;
            if (++r->depth > JINJA_MAX_DEPTH || !mote_jinja_hash(r, v.u.l->items[i], &item))
                return false;
            r->depth--;
            h = mix(h ^ item);
        }
        *hash = h;
        return true;
    case JINJA_NONE:
    case JINJA_UNDEFINED:
        *hash = mix(h);
        return true;
    default:
        *hash = mix((uint64_t)(uintptr_t)v.u.s);
        return true;
    }
}

jinja_dict *mote_jinja_new_dict(jinja_run *r, size_t capacity) {
    jinja_dict *d = mote_jinja_alloc(r, sizeof *d);
    if (!d)
        return NULL;
    *d = (jinja_dict){.capacity = capacity};
    if (capacity && !(d->entries = mote_jinja_alloc_array(r, capacity, sizeof *d->entries)))
        return NULL;
    return d;
}

static bool key_equal(jinja_run *r, const jinja_entry *e, jinja_value key, uint64_t hash) {
    if (e->hash != hash)
        return false;
    if (e->key.type == JINJA_STR && key.type == JINJA_STR)
        return mote_str_equal(e->key.u.s->text, key.u.s->text);
    bool equal;
    return mote_jinja_equal(r, e->key, key, &equal) && equal;
}

/* The number of the entry; SIZE_MAX if absent, then *slot is where the index would have it. */
static size_t lookup(jinja_run *r, const jinja_dict *d, jinja_value key, uint64_t hash, size_t *slot) {
    if (!d->index) {
        for (size_t i = 0; i < d->n; i++)
            if (key_equal(r, &d->entries[i], key, hash))
                return i;
        return SIZE_MAX;
    }
    size_t at = hash & (d->n_index - 1);
    for (; d->index[at]; at = (at + 1) & (d->n_index - 1))
        if (key_equal(r, &d->entries[d->index[at] - 1], key, hash))
            return d->index[at] - 1;
    *slot = at;
    return SIZE_MAX;
}

static bool grow(jinja_run *r, jinja_dict *d) {
    size_t capacity = d->capacity ? d->capacity * 2 : 4;
    jinja_entry *entries = mote_jinja_alloc_array(r, capacity, sizeof *entries);
    if (!entries)
        return false;
    if (d->n)
        memcpy(entries, d->entries, d->n * sizeof *entries);
    d->entries = entries;
    d->capacity = capacity;
    return true;
}

static bool reindex(jinja_run *r, jinja_dict *d) {
    size_t n_index = 4 * SMALL;
    while (n_index < d->n * 3)
        n_index *= 2;
    uint32_t *index = mote_jinja_alloc_array(r, n_index, sizeof *index);
    if (!index || !jinja_spend(r, d->n / 4))
        return false;
    memset(index, 0, n_index * sizeof *index);
    for (size_t i = 0; i < d->n; i++) {
        size_t at = d->entries[i].hash & (n_index - 1);
        while (index[at])
            at = (at + 1) & (n_index - 1);
        index[at] = (uint32_t)i + 1;
    }
    d->index = index;
    d->n_index = n_index;
    return true;
}

bool mote_jinja_dict_set(jinja_run *r, jinja_dict *d, jinja_value key, jinja_value value) {
    uint64_t hash;
    if (!mote_jinja_hash(r, key, &hash))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: unhashable type '%s' as a key", mote_jinja_type_name(key));
    size_t slot = 0, at = lookup(r, d, key, hash, &slot);
    if (at != SIZE_MAX) {
        d->entries[at].value = value;
        return true;
    }
    if (d->n == UINT32_MAX || (d->n == d->capacity && !grow(r, d)))
        return false;
    d->entries[d->n++] = (jinja_entry){key, value, hash};
    if (d->n <= SMALL)
        return true;
    if (!d->index || d->n * 2 > d->n_index)
        return reindex(r, d);
    d->index[slot] = (uint32_t)d->n;
    return true;
}

jinja_value *mote_jinja_dict_get(jinja_run *r, const jinja_dict *d, jinja_value key) {
    uint64_t hash;
    size_t slot, at = mote_jinja_hash(r, key, &hash) ? lookup(r, d, key, hash, &slot) : SIZE_MAX;
    return at == SIZE_MAX ? NULL : &d->entries[at].value;
}

jinja_value *mote_jinja_dict_get_str(const jinja_dict *d, mote_str key) {
    if (!d->index) {
        for (size_t i = 0; i < d->n; i++)
            if (d->entries[i].key.type == JINJA_STR && mote_str_equal(d->entries[i].key.u.s->text, key))
                return &d->entries[i].value;
        return NULL;
    }
    jinja_str s = {.text = key, .n_chars = JINJA_CHARS_UNKNOWN};
    size_t slot, at = lookup(NULL, d, jinja_of_str(&s), hash_text(key), &slot);
    return at == SIZE_MAX ? NULL : &d->entries[at].value;
}

bool mote_jinja_dict_set_str(jinja_run *r, jinja_dict *d, mote_str key, jinja_value value) {
    jinja_value *old = mote_jinja_dict_get_str(d, key), k;
    if (old) {
        *old = value;
        return true;
    }
    return mote_jinja_make_chars(r, key, &k) && mote_jinja_dict_set(r, d, k, value);
}

static bool update_from(jinja_run *r, jinja_dict *d, jinja_value from, const char *who) {
    if (from.type == JINJA_DICT) {
        for (size_t i = 0; i < from.u.d->n; i++)
            if (!mote_jinja_dict_set(r, d, from.u.d->entries[i].key, from.u.d->entries[i].value))
                return false;
        return jinja_spend(r, from.u.d->n);
    }
    jinja_iter *it = mote_jinja_iterate(r, from);
    jinja_value item;
    jinja_list *pair;
    int got = JINJA_FAILED;
    while (it && (got = it->next(r, it, &item)) == JINJA_ITEM) {
        if (!jinja_spend(r, 1) || !mote_jinja_collect(r, item, &pair))
            return false;
        if (pair->n != 2)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: %s needs pairs, an element has length %zu", who, pair->n);
        if (!mote_jinja_dict_set(r, d, pair->items[0], pair->items[1]))
            return false;
    }
    return got == JINJA_END;
}

bool mote_jinja_dict_update(jinja_run *r, jinja_dict *d, const jinja_args *args, const char *who) {
    if (args->n > 1)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %s expected at most 1 argument, got %zu", who, args->n);
    if (args->n == 1 && !update_from(r, d, args->v[0], who))
        return false;
    for (size_t i = 0; i < args->n_kw; i++)
        if (!mote_jinja_dict_set_str(r, d, args->kw[i].name, args->kw[i].value))
            return false;
    return true;
}

bool mote_jinja_dict_sorted(jinja_run *r, const jinja_dict *d, const jinja_entry **out) {
    jinja_entry *entries = mote_jinja_alloc_array(r, d->n, sizeof *entries);
    jinja_value *keys = mote_jinja_alloc_array(r, d->n, sizeof *keys), *order = mote_jinja_alloc_array(r, d->n, sizeof *order);
    if (!entries || !keys || !order)
        return false;
    for (size_t i = 0; i < d->n; i++) {
        keys[i] = d->entries[i].key;
        order[i] = jinja_int((int64_t)i);
    }
    if (!mote_jinja_sort(r, order, keys, d->n, false))
        return false;
    for (size_t i = 0; i < d->n; i++)
        entries[i] = d->entries[order[i].u.i];
    *out = entries;
    return true;
}
