/* All tasks: the names inside the library and those in the user's folder, sorted, the latter in place of the former. */
#include "base/error.h"
#include "base/mem.h"
#include "store/places.h"
#include "tasks/task.h"

#include <dirent.h>
#include <stdlib.h>

enum { MAX_TASKS = 1024, MAX_LIST_BYTES = 4 << 20 };

typedef struct names {
    char *items[MAX_TASKS];
    size_t n;
} names;

static mote_status add_name(names *list, const char *name, size_t n) {
    for (size_t i = 0; i < list->n; i++)
        if (strlen(list->items[i]) == n && memcmp(list->items[i], name, n) == 0)
            return MOTE_OK;
    if (list->n == MAX_TASKS)
        return MOTE_OK; /* nobody reads a longer list */
    char *copy = mote_mem_alloc(n + 1);
    if (!copy)
        return MOTE_ERR_ALLOC;
    memcpy(copy, name, n);
    copy[n] = 0;
    list->items[list->n++] = copy;
    return MOTE_OK;
}

static mote_status gather(names *list) {
    mote_status status = MOTE_OK;
    for (size_t i = 0; status == MOTE_OK && i < mote_n_task_files; i++)
        status = add_name(list, mote_task_files[i].name, strcspn(mote_task_files[i].name, "/"));
    char *folder = mote_task_users_folder();
    DIR *d = folder ? opendir(folder) : NULL;
    for (struct dirent *e; status == MOTE_OK && d && (e = readdir(d));)
        if (mote_places_is_name(e->d_name))
            status = add_name(list, e->d_name, strlen(e->d_name));
    if (d)
        closedir(d);
    mote_mem_free(folder);
    return status;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static mote_status write_member(mote_buffer *out, const char *key, mote_str value) {
    MOTE_TRY(mote_buffer_appendf(out, ",\"%s\":", key));
    return value.data ? mote_json_write_string(out, value) : mote_buffer_append_text(out, "null");
}

static mote_status write_task(mote_buffer *out, const char *name) {
    mote_task task;
    mote_error why = {0};
    mote_status opened = mote_task_open(&task, name, NULL, &why);
    mote_status status = mote_buffer_append_text(out, "{\"name\":");
    if (status == MOTE_OK)
        status = mote_json_write_string(out, mote_str_of(name));
    if (status == MOTE_OK && opened != MOTE_OK) {
        status = write_member(out, "error", mote_str_of(why.message));
    } else if (status == MOTE_OK) {
        status = write_member(out, "kind", mote_json_string(mote_json_get(task.root, "kind")));
        if (status == MOTE_OK)
            status = write_member(out, "summary", mote_json_string(mote_json_get(task.root, "summary")));
        if (status == MOTE_OK)
            status = write_member(out, "path", mote_str_of(task.folder));
    }
    if (opened == MOTE_OK)
        mote_task_close(&task);
    return status == MOTE_OK ? mote_buffer_append_char(out, '}') : status;
}

mote_status mote_task_list(char **json, mote_error *err) {
    names *list = mote_mem_zalloc_array(1, sizeof *list);
    mote_buffer out;
    mote_buffer_init(&out, MAX_LIST_BYTES);
    mote_status status = list ? gather(list) : MOTE_ERR_ALLOC;
    if (status == MOTE_OK) {
        qsort(list->items, list->n, sizeof *list->items, compare);
        status = mote_buffer_append_char(&out, '[');
    }
    for (size_t i = 0; status == MOTE_OK && i < list->n; i++) {
        if (i)
            status = mote_buffer_append_char(&out, ',');
        if (status == MOTE_OK)
            status = write_task(&out, list->items[i]);
    }
    if (status == MOTE_OK)
        status = mote_buffer_append_char(&out, ']');
    *json = status == MOTE_OK ? mote_buffer_take(&out) : NULL;
    mote_buffer_deinit(&out);
    for (size_t i = 0; list && i < list->n; i++)
        mote_mem_free(list->items[i]);
    mote_mem_free(list);
    return *json ? MOTE_OK : mote_error_alloc(err, MAX_LIST_BYTES);
}
