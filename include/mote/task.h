/*
 * Tasks: what a small model is asked to do, as data. A task is a folder with a task.json that holds its kind, prompt, examples and checks; README of the format: docs/tasks.md.
 *
 * Built-in ones are inside the library. One of the same name in $XDG_DATA_HOME/mote/tasks/NAME (else ~/.local/share/mote/tasks/NAME) takes its place; wherever a task is named,
 * a path with a '/' in it names a folder.
 */
#ifndef MOTE_TASK_H
#define MOTE_TASK_H

#include <mote/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All tasks, in the order of their names: [{"name","kind","summary","path"}], path null where it is built in; a folder whose task.json can't be read has "error" in place of "kind"
 * and "summary". *json is NUL-terminated, free with mote_free. MOTE_ERR_ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_task_list(char **json, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
