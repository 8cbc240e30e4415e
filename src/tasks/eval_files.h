/* Files of data sets: lines, cells of CSV and TSV, JSON a line. */
#ifndef MOTE_TASKS_EVAL_FILES_H
#define MOTE_TASKS_EVAL_FILES_H

#include "base/buffer.h"

/* Lines of a file without their ends (LF, CR LF). */
typedef struct mote_lines {
    mote_buffer bytes;
    mote_str *items; /* [n] borrowed from bytes */
    size_t n;
} mote_lines;

/* MOTE_ERR_NOT_FOUND, _IO, _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_lines_read(mote_lines *lines, const char *folder, const char *file, mote_error *err);
void mote_lines_deinit(mote_lines *lines);
bool mote_eval_has(const char *folder, const char *file);
/* "folder/file"; free with mote_mem_free. NULL without memory. */
char *mote_eval_path(const char *folder, const char *file);

/* Splits a line at a separator, into at most `most` cells; their number. */
size_t mote_cells(mote_str line, char separator, mote_str *cells, size_t most);
/* The next row of comma-separated values from *at on, which moves behind it; 0 at the end. Cells may stand in quotes, with line ends and doubled quotes inside: the text is changed
 * in place. */
size_t mote_csv_row(mote_buffer *text, size_t *at, mote_str *cells, size_t most);

#endif
