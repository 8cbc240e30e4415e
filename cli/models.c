/* `mote models`: what is installed or known, and where. */
#include "cli/commands.h"
#include "cli/output.h"

#include <jansson.h>
#include <string.h>

static const char *text_of(const json_t *model, const char *key) {
    const char *text = json_string_value(json_object_get(model, key));
    return text ? text : "";
}

static void print_models(const json_t *models) {
    size_t i, width = 24; /* of a name; those of a hub are longer */
    json_t *model;
    json_array_foreach((json_t *)(uintptr_t)models, i, model) {
        if (strlen(text_of(model, "name")) > width)
            width = strlen(text_of(model, "name"));
    }
    json_array_foreach((json_t *)(uintptr_t)models, i, model) {
        char size[32] = "?";
        json_int_t bytes = json_integer_value(json_object_get(model, "bytes"));
        if (bytes > 0)
            cli_output_size((uint64_t)bytes, size);
        printf("%-*s %-14s %10s  %s%s\n", (int)width, text_of(model, "name"), json_is_true(json_object_get(model, "installed")) ? "installed" : "not installed", size,
               text_of(model, "licence"), json_is_true(json_object_get(model, "default")) ? "  (default)" : "");
    }
}

int cli_models_list(const cli_options *o) {
    char *list = NULL;
    mote_error err = {0};
    mote_status status = mote_store_list(&list, &err);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, false);
    if (o->json) {
        printf("%s\n", list);
    } else {
        json_t *models = json_loads(list, 0, NULL);
        print_models(models);
        json_decref(models);
    }
    mote_free(list);
    return CLI_DONE;
}

int cli_models_path(const cli_options *o) {
    char *path = NULL;
    mote_error err = {0};
    mote_status status = mote_store_path(o->arguments.items[0], &path, &err);
    if (status != MOTE_OK)
        return cli_output_fail(CLI_FAILED, "`mote models` lists what is installed", "%s", err.message);
    if (o->json) {
        json_t *text = json_string(path);
        char *quoted = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
        printf("%s\n", quoted ? quoted : "null");
        mote_free(quoted);
        json_decref(text);
    } else {
        printf("%s\n", path);
    }
    mote_free(path);
    return CLI_DONE;
}
