#include "tasks/receipt_text.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdlib.h>

enum { N_CORNERS = 8 };

typedef struct box {
    long left, top, bottom;
    size_t line;
    mote_str text;
} box;

static bool read_box(mote_str row, box *b) {
    long corners[N_CORNERS];
    size_t at = 0;
    for (size_t i = 0; i < N_CORNERS; i++) {
        size_t begin = at;
        for (corners[i] = 0; at < row.len && row.data[at] >= '0' && row.data[at] <= '9' && at - begin < 9; at++)
            corners[i] = 10 * corners[i] + (row.data[at] - '0');
        if (at == begin || at == row.len || row.data[at] != ',')
            return false;
        at++;
    }
    *b = (box){corners[0], corners[1], corners[1], 0, {row.data + at, row.len - at}};
    for (size_t i = 0; i < N_CORNERS; i += 2) {
        b->left = corners[i] < b->left ? corners[i] : b->left;
        b->top = corners[i + 1] < b->top ? corners[i + 1] : b->top;
        b->bottom = corners[i + 1] > b->bottom ? corners[i + 1] : b->bottom;
    }
    return true;
}

static int sign(long x) {
    return x < 0 ? -1 : x > 0;
}

static int compare_middles(const void *a, const void *b) {
    const box *x = a, *y = b;
    long of_x = x->top + x->bottom, of_y = y->top + y->bottom;
    return of_x != of_y ? sign(of_x - of_y) : sign(x->left - y->left);
}

static int compare_places(const void *a, const void *b) {
    const box *x = a, *y = b;
    return x->line != y->line ? (x->line < y->line ? -1 : 1) : x->left != y->left ? sign(x->left - y->left) : sign(x->top - y->top);
}

/* Whether b stands on the line that a begins. */
static bool is_beside(const box *a, const box *b) {
    long top = a->top > b->top ? a->top : b->top, bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
    long of_a = a->bottom - a->top, of_b = b->bottom - b->top;
    return 2 * (bottom - top) >= (of_a < of_b ? of_a : of_b);
}

static mote_status write_boxes(box *boxes, size_t n, mote_buffer *out) {
    size_t first = 0;
    if (n)
        qsort(boxes, n, sizeof *boxes, compare_middles);
    for (size_t i = 1; i < n; i++) {
        boxes[i].line = boxes[i - 1].line;
        if (!is_beside(&boxes[first], &boxes[i])) {
            boxes[i].line++;
            first = i;
        }
    }
    if (n)
        qsort(boxes, n, sizeof *boxes, compare_places);
    for (size_t i = 0; i < n; i++) {
        MOTE_TRY(mote_buffer_append_str(out, boxes[i].text));
        MOTE_TRY(mote_buffer_append_char(out, i + 1 < n && boxes[i + 1].line == boxes[i].line ? ' ' : '\n'));
    }
    return MOTE_OK;
}

mote_status mote_receipt_text(const mote_str *rows, size_t n, mote_buffer *out, size_t *bad) {
    box *boxes = mote_mem_alloc_array(n + 1, sizeof *boxes);
    mote_status status = boxes ? MOTE_OK : MOTE_ERR_ALLOC;
    for (size_t i = 0; status == MOTE_OK && i < n; i++)
        if (!read_box(rows[i], &boxes[i])) {
            status = MOTE_ERR_FORMAT;
            *bad = i;
        }
    if (status == MOTE_OK)
        status = write_boxes(boxes, n, out);
    mote_mem_free(boxes);
    return status;
}
