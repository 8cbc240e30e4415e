/* Sorting by bytes (shorter first, then the lower id), and bisection. */
#include "text/prefixes.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b, void *vocabulary) {
    uint32_t ia = *(const uint32_t *)a, ib = *(const uint32_t *)b;
    mote_str s = mote_vocabulary_text(vocabulary, ia), t = mote_vocabulary_text(vocabulary, ib);
    int c = memcmp(s.data, t.data, s.len < t.len ? s.len : t.len);
    if (c)
        return c;
    return s.len != t.len ? (s.len < t.len ? -1 : 1) : (ia > ib) - (ia < ib);
}

mote_status mote_prefixes_init(mote_prefixes *p, const mote_vocabulary *v, bool (*wanted)(const void *, uint32_t), const void *context, mote_error *err) {
    *p = (mote_prefixes){0};
    uint32_t n = 0;
    for (uint32_t id = 0; id < v->n_tokens; id++) {
        size_t len = mote_vocabulary_text(v, id).len;
        n += len > 0 && len <= MOTE_PREFIXES_MAX_BYTES && wanted(context, id);
    }
    if (n == 0)
        return MOTE_OK;
    p->ids = mote_mem_alloc_array(n, sizeof *p->ids);
    if (!p->ids)
        return mote_error_alloc(err, n * sizeof *p->ids);
    for (uint32_t id = 0; id < v->n_tokens; id++) {
        size_t len = mote_vocabulary_text(v, id).len;
        if (len > 0 && len <= MOTE_PREFIXES_MAX_BYTES && wanted(context, id))
            p->ids[p->n_ids++] = id;
    }
    qsort_r(p->ids, n, sizeof *p->ids, compare, (void *)(uintptr_t)v);
    uint32_t at = 0;
    for (uint32_t byte = 0; byte <= 256; byte++) {
        while (at < n && (uint8_t)mote_vocabulary_text(v, p->ids[at]).data[0] < byte)
            at++;
        p->first[byte] = at;
    }
    return MOTE_OK;
}

void mote_prefixes_deinit(mote_prefixes *p) {
    mote_mem_free(p->ids);
    *p = (mote_prefixes){0};
}

/* The first of the range whose byte at `depth` is not below `byte`; a text that ends there counts as below. */
static uint32_t bound(const mote_prefixes *p, const mote_vocabulary *v, const mote_prefixes_walk *w, unsigned byte) {
    uint32_t low = w->low, high = w->high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        mote_str t = mote_vocabulary_text(v, p->ids[middle]);
        if (t.len <= w->depth || (uint8_t)t.data[w->depth] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool mote_prefixes_step(const mote_prefixes *p, const mote_vocabulary *v, uint8_t byte, mote_prefixes_walk *w) {
    uint32_t low = bound(p, v, w, byte);
    w->high = byte == 255 ? w->high : bound(p, v, &(mote_prefixes_walk){low, w->high, w->depth}, byte + 1u);
    w->low = low;
    w->depth++;
    return w->low < w->high;
}
