#include "formats/name_index.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdlib.h>

mote_status mote_name_index_init(mote_name_index *index, size_t n, mote_error *err) {
    *index = (mote_name_index){mote_mem_zalloc_array(n, sizeof(mote_name_slot)), n};
    if (index->slots)
        return MOTE_OK;
    index->n = 0;
    return mote_error_alloc(err, n * sizeof(mote_name_slot));
}

void mote_name_index_deinit(mote_name_index *index) {
    mote_mem_free(index->slots);
    *index = (mote_name_index){0};
}

int mote_name_index_compare(mote_str a, mote_str b) {
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_slots(const void *a, const void *b) {
    return mote_name_index_compare(((const mote_name_slot *)a)->name, ((const mote_name_slot *)b)->name);
}

mote_status mote_name_index_sort(mote_name_index *index, const char *what, mote_error *err) {
    if (index->n > 1)
        qsort(index->slots, index->n, sizeof *index->slots, compare_slots);
    for (size_t i = 1; i < index->n; i++) {
        const mote_name_slot *s = &index->slots[i];
        if (mote_str_equal(s[-1].name, s->name))
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s '%.*s': duplicate, numbers %zu and %zu have this name", what, MOTE_STR_ARGS(s->name), s[-1].position, s->position);
    }
    return MOTE_OK;
}

const mote_name_slot *mote_name_index_find(const mote_name_index *index, mote_str name) {
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mote_name_index_compare(name, index->slots[middle].name);
        if (order == 0)
            return &index->slots[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
