/* llama.cpp's spelling: paths separated by commas, and with --lora-scaled a scale behind the last colon of each. A path that has a comma itself is taken whole where it exists. */
#include "cli/adapters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int add(cli_adapter_list *list, const char *text, size_t len, bool has_scale) {
    float scale = 1;
    char *item = cli_dup(text, len), *colon = has_scale ? strrchr(item, ':') : NULL, *end = NULL;
    if (colon) {
        scale = strtof(colon + 1, &end);
        *colon = 0;
    }
    bool ok = *item && (!has_scale || (colon && end != colon + 1 && !*end && isfinite(scale)));
    if (!ok) {
        free(item);
        return cli_output_fail(CLI_USAGE, NULL, has_scale ? "--lora-scaled: '%.*s' is not FILE:SCALE" : "--lora: '%.*s' names no file", (int)(len < 200 ? len : 200), text);
    }
    list->paths = cli_resize(list->paths, list->n + 1, sizeof *list->paths);
    list->scales = cli_resize(list->scales, list->n + 1, sizeof *list->scales);
    list->paths[list->n] = item;
    list->scales[list->n++] = scale;
    return CLI_DONE;
}

static int add_all(cli_adapter_list *list, const cli_list *values, bool has_scale) {
    int code = CLI_DONE;
    for (size_t i = 0; i < values->n && code == CLI_DONE; i++) {
        const char *at = values->items[i];
        if (!has_scale && access(at, F_OK) == 0) {
            code = add(list, at, strlen(at), false);
            continue;
        }
        do {
            size_t len = strcspn(at, ",");
            code = add(list, at, len, has_scale);
            at += len + (at[len] == ',');
        } while (code == CLI_DONE && *at);
    }
    return code;
}

int cli_adapters_parse(const cli_options *o, cli_adapter_list *list) {
    *list = (cli_adapter_list){0};
    int code = add_all(list, &o->loras, false);
    if (code == CLI_DONE)
        code = add_all(list, &o->scaled_loras, true);
    if (code == CLI_DONE && list->n > MOTE_ADAPTERS_MAX)
        code = cli_output_fail(CLI_USAGE, NULL, "%zu adapters, at most %d work together", list->n, MOTE_ADAPTERS_MAX);
    return code;
}

void cli_adapters_free(cli_adapter_list *list) {
    for (size_t i = 0; i < list->n; i++)
        free(list->paths[i]);
    free(list->paths);
    free(list->scales);
    *list = (cli_adapter_list){0};
}
