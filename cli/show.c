/* `mote show`: the library's description of a model, as JSON or as lines for people. */
#include "cli/commands.h"
#include "cli/runtime.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_COLUMN = 30, MAX_TEXT = 100, MAX_KEY = 200 };

/* Long texts (templates) are cut at their first line. */
static void print_text(const char *text, size_t n_bytes) {
    size_t n = strcspn(text, "\n");
    bool is_cut = n > MAX_TEXT || n < n_bytes;
    cli_output_text(text, n > MAX_TEXT ? MAX_TEXT : n);
    printf(is_cut ? "... (%zu bytes)\n" : "\n", n_bytes);
}

static void print_value(const char *key, const json_t *value);

static void print_object(const char *prefix, const json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        char name[MAX_KEY];
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
        print_value(name, value);
    }
}

static void print_value(const char *key, const json_t *value) {
    if (json_is_object(value)) {
        print_object(key, value);
        return;
    }
    printf("%-*s ", KEY_COLUMN, key);
    if (json_is_string(value))
        print_text(json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        printf("%lld\n", (long long)json_integer_value(value));
    else if (json_is_real(value))
        printf("%g\n", json_real_value(value));
    else if (json_is_array(value))
        printf("%zu\n", json_array_size(value));
    else
        printf("%s\n", json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "none");
}

static int print_description(const cli_options *o, const char *description) {
    if (o->json) {
        printf("%s\n", description);
        return CLI_DONE;
    }
    json_error_t why;
    json_t *root = json_loads(description, JSON_ALLOW_NUL, &why);
    if (!root)
        return cli_output_fail(CLI_FAILED, NULL, "the description is malformed: %s", why.text);
    print_object("", root);
    json_decref(root);
    return CLI_DONE;
}

int cli_show(const cli_options *o) {
    cli_options chosen = *o;
    char *path = NULL, *description = NULL;
    mote_error err = {0};
    if (o->arguments.n && o->model)
        return cli_output_fail(CLI_USAGE, NULL, "show: either -m or MODEL, not both");
    if (o->arguments.n)
        chosen.model = o->arguments.items[0];
    int code = cli_runtime_resolve(&chosen, &path);
    if (code == CLI_DONE) {
        mote_status status = mote_model_describe(path, &description, &err);
        code = status == MOTE_OK ? print_description(o, description) : cli_output_status(status, &err, false);
    }
    mote_free(description);
    mote_free(path);
    return code;
}
