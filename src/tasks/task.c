#include "tasks/task.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/places.h"

#include <stdlib.h>

enum { MAX_FILE_BYTES = 16 << 20 };

char *mote_task_users_folder(void) {
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data)
        return mote_places_join(data, "mote/tasks", "");
    return home && *home ? mote_places_join(home, ".local/share/mote/tasks", "") : NULL;
}

static const mote_task_file *find_built_in(const char *task, const char *file) {
    size_t n = strlen(task);
    for (size_t i = 0; i < mote_n_task_files; i++) {
        const char *name = mote_task_files[i].name;
        if (strncmp(name, task, n) == 0 && name[n] == '/' && strcmp(name + n + 1, file) == 0)
            return &mote_task_files[i];
    }
    return NULL;
}

/* The folder of a task that isn't built in, or NULL. */
static mote_status find_folder(const char *name, char **folder, mote_error *err) {
    *folder = NULL;
    if (strchr(name, '/')) {
        *folder = mote_mem_dup_text(name);
        return *folder ? MOTE_OK : mote_error_alloc(err, strlen(name));
    }
    char *users = mote_places_is_name(name) ? mote_task_users_folder() : NULL, *path = users ? mote_places_join(users, name, "") : NULL;
    if (path && mote_file_is_directory(path))
        *folder = path;
    else
        mote_mem_free(path);
    mote_mem_free(users);
    return MOTE_OK;
}

mote_status mote_task_read(const mote_task *task, const char *file, mote_buffer *out, mote_error *err) {
    if (strchr(file, '/'))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "task %s: '%s' is not a file beside its task.json", task->name, file);
    if (!task->folder) {
        const mote_task_file *found = find_built_in(task->name, file);
        if (!found)
            return mote_error_set(err, MOTE_ERR_NOT_FOUND, "task %s: has no file %s", task->name, file);
        return mote_buffer_append(out, found->data, found->n_bytes) == MOTE_OK ? MOTE_OK : mote_error_alloc(err, found->n_bytes);
    }
    char *path = mote_places_join(task->folder, file, "");
    mote_status status = path ? mote_file_read(path, out, err) : mote_error_alloc(err, strlen(file));
    mote_mem_free(path);
    return status;
}

static mote_status read_root(mote_task *task, const char *kind, mote_error *err) {
    mote_buffer text;
    mote_buffer_init(&text, MAX_FILE_BYTES);
    mote_status status = mote_task_read(task, "task.json", &text, err);
    if (status == MOTE_OK) {
        status = mote_json_parse(text.len ? text.data : "", text.len, &task->root, err);
        if (status != MOTE_OK)
            mote_error_prefix(err, "task %s: task.json", task->name);
    }
    mote_buffer_deinit(&text);
    MOTE_TRY(status);
    mote_str its = mote_json_string(mote_json_get(task->root, "kind"));
    if (kind && !mote_str_is(its, kind))
        return mote_error_set(err, MOTE_ERR_FORMAT, "task %s: its \"kind\" is \"%.*s\", wanted is \"%s\"", task->name, MOTE_STR_ARGS(its), kind);
    return MOTE_OK;
}

mote_status mote_task_open(mote_task *task, const char *name, const char *kind, mote_error *err) {
    *task = (mote_task){.name = mote_mem_dup_text(name)};
    mote_status status = task->name ? find_folder(name, &task->folder, err) : mote_error_alloc(err, strlen(name));
    if (status == MOTE_OK && !task->folder && !find_built_in(name, "task.json"))
        status = mote_error_set(err, MOTE_ERR_NOT_FOUND, "there is no task '%.100s'", name);
    if (status == MOTE_OK)
        status = read_root(task, kind, err);
    if (status != MOTE_OK)
        mote_task_close(task);
    return status;
}

void mote_task_close(mote_task *task) {
    mote_mem_free(task->name);
    mote_mem_free(task->folder);
    mote_json_free(&task->root);
    *task = (mote_task){0};
}

mote_status mote_task_text(const mote_task *task, const char *key, mote_str *text, mote_error *err) {
    const mote_json *value = mote_json_get(task->root, key);
    *text = mote_json_string(value);
    if (mote_json_typeof(value) != MOTE_JSON_STRING)
        return mote_error_set(err, MOTE_ERR_FORMAT, "task %s: task.json has no text \"%s\"", task->name, key);
    return MOTE_OK;
}

double mote_task_number(const mote_task *task, const char *key, double otherwise) {
    return mote_json_number(mote_json_get(task->root, key), otherwise);
}
