#include "cli/json_lines.h"

#include "cli/input.h"
#include "cli/output.h"

#include <string.h>

int cli_json_examples(const char *path, const char *key, bool is_text, json_t **objects) {
    cli_text text = {NULL, 0};
    *objects = json_array();
    if (!path)
        return CLI_DONE;
    int code = cli_input_read(path, &text);
    size_t number = 0;
    for (char *line = text.data, *end; code == CLI_DONE && line && *line; line = end) {
        size_t n = strcspn(line, "\n");
        end = line + n + (line[n] == '\n');
        number++;
        if (strspn(line, " \t\r") >= n)
            continue;
        json_t *object = json_loadb(line, n, JSON_REJECT_DUPLICATES | (is_text ? 0 : JSON_ALLOW_NUL), NULL);
        const json_t *value = json_object_get(object, key);
        if (json_is_string(json_object_get(object, "text")) && (is_text ? json_is_string(value) : value != NULL)) {
            json_array_append_new(*objects, object);
            continue;
        }
        json_decref(object);
        code = cli_output_fail(CLI_FAILED, NULL, "%s, line %zu: no object with a \"text\" and a \"%s\"", path, number, key);
    }
    cli_text_free(&text);
    return code;
}

int cli_json_line_text(const char *line, size_t n_bytes, size_t number, json_t **value, const char **text, size_t *n_text_bytes) {
    *value = json_loadb(line, n_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const json_t *its_text = json_is_object(*value) ? json_object_get(*value, "text") : *value;
    if (!json_is_string(its_text))
        return cli_output_fail(CLI_FAILED, NULL, "line %zu: no JSON text, and no object with a \"text\"", number);
    *text = json_string_value(its_text);
    *n_text_bytes = json_string_length(its_text);
    return CLI_DONE;
}
