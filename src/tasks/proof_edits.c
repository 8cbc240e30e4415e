/* The edits taken so far, kept in bytes of the original while the text moves under them. */
#include "tasks/proof_private.h"

#include "base/error.h"

/* Where edit i stands in the text as it is now. */
static void place(const mote_taken_list *list, size_t i, size_t *start, size_t *end) {
    ptrdiff_t shift = 0;
    for (size_t k = 0; k < i; k++)
        shift += (ptrdiff_t)list->items[k].after.len - (ptrdiff_t)(list->items[k].end - list->items[k].start);
    *start = (size_t)((ptrdiff_t)list->items[i].start + shift);
    *end = *start + list->items[i].after.len;
}

/* A byte of the text as it is now, outside of all edits, in the original. */
static size_t original_of(const mote_taken_list *list, size_t at) {
    for (size_t i = list->n; i-- > 0;) {
        size_t start, end;
        place(list, i, &start, &end);
        if (at >= end)
            return list->items[i].end + (at - end);
    }
    return at;
}

/* Joins what one edit does and does again: the first and last edit that touch [*lo, *hi) are [*first, *last). */
static void find_touching(const mote_taken_list *list, size_t *lo, size_t *hi, size_t *first, size_t *last) {
    *first = *last = list->n;
    for (size_t i = 0; i < list->n; i++) {
        size_t start, end;
        place(list, i, &start, &end);
        if (start > *hi || end < *lo) {
            if (start > *hi && *first == list->n)
                *first = *last = i;
            continue;
        }
        if (*first == list->n)
            *first = i;
        *last = i + 1;
        *lo = start < *lo ? start : *lo;
        *hi = end > *hi ? end : *hi;
    }
}

static mote_status splice(mote_buffer *now, const mote_edit *e) {
    mote_buffer text;
    mote_buffer_init(&text, now->max_bytes);
    mote_status status = mote_buffer_append(&text, now->data, e->start);
    if (status == MOTE_OK)
        status = mote_buffer_append_str(&text, e->after);
    if (status == MOTE_OK)
        status = mote_buffer_append(&text, now->data + e->end, now->len - e->end);
    if (status == MOTE_OK) {
        mote_buffer_clear(now);
        status = mote_buffer_append_str(now, mote_buffer_str(&text));
    }
    mote_buffer_deinit(&text);
    return status;
}

mote_status mote_taken_apply(mote_taken_list *list, mote_str original, mote_buffer *now, const mote_edit *edit, mote_arena *arena) {
    size_t lo = edit->start, hi = edit->end, first, last;
    if (list->n == sizeof list->items / sizeof *list->items)
        return MOTE_OK;
    find_touching(list, &lo, &hi, &first, &last);
    mote_taken t = {original_of(list, lo), 0, {NULL, 0}, edit->kind, edit->cost, edit->gain};
    for (size_t i = first; i < last; i++) { /* where an inserted text begins, both sides of it are one byte of the original */
        t.start = list->items[i].start < t.start ? list->items[i].start : t.start;
        t.gain += list->items[i].gain;
    }
    t.end = original_of(list, hi);
    MOTE_TRY(splice(now, edit));
    size_t len = edit->start - lo + edit->after.len + (hi - edit->end);
    char *after = mote_arena_dup(arena, now->data + lo, len);
    if (!after)
        return MOTE_ERR_ALLOC;
    t.after = (mote_str){after, len};
    bool is_void = mote_str_equal(t.after, (mote_str){original.data + t.start, t.end - t.start});
    memmove(list->items + first + !is_void, list->items + last, (list->n - last) * sizeof t);
    list->n = list->n - (last - first) + !is_void;
    if (!is_void)
        list->items[first] = t;
    return MOTE_OK;
}
