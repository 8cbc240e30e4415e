/* Lists of words from a task's file: a group a line, '#' begins a comment, '_' in a word is a space. */
#ifndef MOTE_TASKS_WORD_TABLE_H
#define MOTE_TASKS_WORD_TABLE_H

#include "tasks/task.h"

typedef struct mote_word_group {
    mote_str *words; /* [n] lower case, borrowed from the table */
    size_t n;
} mote_word_group;

typedef struct mote_word_table {
    mote_buffer text;
    mote_str *words;         /* of all groups */
    mote_word_group *groups; /* [n] */
    size_t n;
} mote_word_table;

/* An absent file gives an empty table. MOTE_ERR_IO, _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_word_table_read(mote_word_table *table, const mote_task *task, const char *file, mote_error *err);
void mote_word_table_deinit(mote_word_table *table);
bool mote_word_group_has(const mote_word_group *group, mote_str word);

#endif
