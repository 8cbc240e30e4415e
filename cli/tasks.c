/* `mote tasks`: what there is to do. */
#include "cli/commands.h"
#include "cli/output.h"

#include <jansson.h>
#include <string.h>

static const char *text_of(const json_t *task, const char *key) {
    const char *text = json_string_value(json_object_get(task, key));
    return text ? text : "";
}

static void print_task(const json_t *task) {
    const char *wrong = text_of(task, "error"), *path = text_of(task, "path");
    char line[1024];
    int n = *wrong ? snprintf(line, sizeof line, "%-12s %s\n", text_of(task, "name"), wrong)
                   : snprintf(line, sizeof line, "%-12s %-10s %s%s%s\n", text_of(task, "name"), text_of(task, "kind"), text_of(task, "summary"), *path ? "  " : "", path);
    cli_output_text(line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

int cli_tasks(const cli_options *o) {
    char *json = NULL;
    mote_error err = {0};
    mote_status status = mote_task_list(&json, &err);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, false);
    if (o->json) {
        cli_output_bytes(json, strlen(json));
        cli_output_bytes("\n", 1);
    } else {
        json_t *root = json_loads(json, 0, NULL);
        for (size_t i = 0; i < json_array_size(root); i++)
            print_task(json_array_get(root, i));
        json_decref(root);
    }
    mote_free(json);
    return CLI_DONE;
}
