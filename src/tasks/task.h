/* A task's data: task.json and the files beside it, from inside the library or from a folder. */
#ifndef MOTE_TASKS_TASK_H
#define MOTE_TASKS_TASK_H

#include "base/buffer.h"
#include "formats/json.h"

#include <mote/task.h>

/* What cmake/tasks.cmake puts in: "NAME/FILE" and its bytes, in the order of names. */
typedef struct mote_task_file {
    const char *name, *data;
    size_t n_bytes;
} mote_task_file;
extern const mote_task_file mote_task_files[];
extern const size_t mote_n_task_files;

typedef struct mote_task {
    char *name;   /* owned */
    char *folder; /* owned; NULL: built in */
    mote_json *root;
} mote_task;

/* name: of a task, or a folder (with a '/'). kind: what its "kind" must be. MOTE_ERR_NOT_FOUND, _IO, _FORMAT (task.json, or its "kind"), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_task_open(mote_task *task, const char *name, const char *kind, mote_error *err);
void mote_task_close(mote_task *task);
/* Appends a file of the task. MOTE_ERR_NOT_FOUND, _ARGUMENT (a name with a '/'), _IO, _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_task_read(const mote_task *task, const char *file, mote_buffer *out, mote_error *err);
/* The text at a key of task.json. MOTE_ERR_FORMAT names the task and the key. */
MOTE_MUST_CHECK mote_status mote_task_text(const mote_task *task, const char *key, mote_str *text, mote_error *err);
double mote_task_number(const mote_task *task, const char *key, double otherwise);

/* $XDG_DATA_HOME/mote/tasks, else ~/.local/share/mote/tasks; free with mote_mem_free. NULL where neither variable is set. */
char *mote_task_users_folder(void);

#endif
