/* Iterators over every iterable value, forwards and backwards. They pull one item at a time: a filter such as map does its work only as far as somebody asks. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

jinja_iter *mote_jinja_new_iter(jinja_run *r, int (*next)(jinja_run *, jinja_iter *, jinja_value *), jinja_iter *inner, const void *state) {
    jinja_iter *it = mote_jinja_alloc(r, sizeof *it);
    if (it)
        *it = (jinja_iter){.next = next, .inner = inner, .state = state};
    return it;
}

int mote_jinja_pull(jinja_run *r, jinja_iter *it, jinja_value *out) {
    int got = mote_jinja_enter(r) ? it->next(r, it, out) : JINJA_FAILED;
    r->depth--;
    return got;
}

static int next_nothing(jinja_run *r, jinja_iter *it, jinja_value *out) {
    (void)r;
    (void)it;
    (void)out;
    return JINJA_END;
}

static int next_of_list(jinja_run *r, jinja_iter *it, jinja_value *out) {
    (void)r;
    if (it->pos >= it->source.u.l->n)
        return JINJA_END;
    *out = it->source.u.l->items[it->pos++];
    return JINJA_ITEM;
}

static int next_of_str(jinja_run *r, jinja_iter *it, jinja_value *out) {
    mote_str text = jinja_text(it->source);
    if (it->byte >= text.len)
        return JINJA_END;
    const char *p = text.data + it->byte, *end = p;
    jinja_decode(&end);
    it->byte += (size_t)(end - p);
    return jinja_spend(r, 1) && mote_jinja_make_str(r, (mote_str){p, (size_t)(end - p)}, out) ? JINJA_ITEM : JINJA_FAILED;
}

static int entry_item(jinja_run *r, jinja_value source, const jinja_entry *e, jinja_value *out) {
    if (source.type == JINJA_VIEW && source.sub == JINJA_ITEMS)
        return mote_jinja_make_pair(r, e->key, e->value, out) ? JINJA_ITEM : JINJA_FAILED;
    *out = source.type == JINJA_VIEW && source.sub == JINJA_VALUES ? e->value : e->key;
    return JINJA_ITEM;
}

static int next_of_dict(jinja_run *r, jinja_iter *it, jinja_value *out) {
    if (it->pos >= it->source.u.d->n)
        return JINJA_END;
    return entry_item(r, it->source, &it->source.u.d->entries[it->pos++], out);
}

static int next_of_range(jinja_run *r, jinja_iter *it, jinja_value *out) {
    const jinja_range *range = it->source.u.range;
    (void)r;
    if ((int64_t)it->pos >= range->n)
        return JINJA_END;
    *out = jinja_int(range->start + (int64_t)it->pos++ * range->step);
    return JINJA_ITEM;
}

/* A loop is its own iterator in Jinja; what a template could do with that has no use. */
bool mote_jinja_iterable(jinja_value v) {
    return v.type == JINJA_UNDEFINED || v.type == JINJA_STR || v.type == JINJA_LIST || v.type == JINJA_TUPLE || v.type == JINJA_DICT || v.type == JINJA_VIEW ||
           v.type == JINJA_RANGE || v.type == JINJA_ITER;
}

jinja_iter *mote_jinja_iterate(jinja_run *r, jinja_value v) {
    int (*next)(jinja_run *, jinja_iter *, jinja_value *) = NULL;
    switch (v.type) {
    case JINJA_ITER:
        return v.u.iter;
    case JINJA_UNDEFINED:
        next = next_nothing;
        break;
    case JINJA_STR:
        next = next_of_str;
        break;
    case JINJA_LIST:
    case JINJA_TUPLE:
        next = next_of_list;
        break;
    case JINJA_DICT:
    case JINJA_VIEW:
        next = next_of_dict;
        break;
    case JINJA_RANGE:
        next = next_of_range;
        break;
    default:
        mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: '%s' object is not iterable", mote_jinja_type_name(v));
        return NULL;
    }
    jinja_iter *it = mote_jinja_new_iter(r, next, NULL, NULL);
    if (it)
        it->source = v;
    return it;
}

/* pos counts the items that are left */
static int previous_of_list(jinja_run *r, jinja_iter *it, jinja_value *out) {
    (void)r;
    if (it->pos == 0)
        return JINJA_END;
    *out = it->source.u.l->items[--it->pos];
    return JINJA_ITEM;
}

static int previous_of_dict(jinja_run *r, jinja_iter *it, jinja_value *out) {
    if (it->pos == 0)
        return JINJA_END;
    return entry_item(r, it->source, &it->source.u.d->entries[--it->pos], out);
}

static int previous_of_range(jinja_run *r, jinja_iter *it, jinja_value *out) {
    (void)r;
    if (it->pos == 0)
        return JINJA_END;
    *out = jinja_int(it->source.u.range->start + (int64_t)--it->pos * it->source.u.range->step);
    return JINJA_ITEM;
}

static int previous_of_str(jinja_run *r, jinja_iter *it, jinja_value *out) {
    if (it->pos == 0)
        return JINJA_END;
    const char *end = jinja_text(it->source).data + it->pos, *p = jinja_previous(end);
    it->pos -= (size_t)(end - p);
    return jinja_spend(r, 1) && mote_jinja_make_str(r, (mote_str){p, (size_t)(end - p)}, out) ? JINJA_ITEM : JINJA_FAILED;
}

jinja_iter *mote_jinja_reversed(jinja_run *r, jinja_value v) {
    jinja_iter *it = mote_jinja_new_iter(r, next_nothing, NULL, NULL);
    if (!it)
        return NULL;
    it->source = v;
    switch (v.type) {
    case JINJA_UNDEFINED:
        break;
    case JINJA_STR:
        it->next = previous_of_str;
        it->pos = jinja_text(v).len;
        break;
    case JINJA_LIST:
    case JINJA_TUPLE:
        it->next = previous_of_list;
        it->pos = v.u.l->n;
        break;
    case JINJA_DICT:
    case JINJA_VIEW:
        it->next = previous_of_dict;
        it->pos = v.u.d->n;
        break;
    case JINJA_RANGE:
        it->next = previous_of_range;
        it->pos = (size_t)v.u.range->n;
        break;
    default:
        mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: '%s' object is not reversible", mote_jinja_type_name(v));
        return NULL;
    }
    return it;
}
