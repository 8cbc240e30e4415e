/* One of the flags at most; its text compiled before anything is loaded. */
#include "cli/constrain.h"

#include "cli/input.h"

#include <string.h>

typedef struct source {
    const char *flag, *text, *path;
    bool is_schema;
} source;

static int compile(const cli_options *o, const source *s, mote_constraint **constraint) {
    cli_text text = {NULL, 0};
    mote_error err = {0};
    int code = s->path ? cli_input_read(s->path, &text) : CLI_DONE;
    if (code != CLI_DONE)
        return code;
    if (s->text)
        cli_text_append(&text, s->text, strlen(s->text));
    const char *data = text.data ? text.data : "";
    mote_status status =
        s->is_schema ? mote_constraint_create_schema(data, text.n_bytes, false, constraint, &err) : mote_constraint_create_grammar(data, text.n_bytes, constraint, &err);
    cli_text_free(&text);
    if (status != MOTE_OK)
        return cli_output_fail(cli_output_code(status, false), NULL, "%s: %s", s->path ? s->path : s->flag, err.message);
    for (size_t i = 0; i < mote_constraint_n_warnings(*constraint); i++)
        cli_output_notice(o, "%s: %s", s->path ? s->path : s->flag, mote_constraint_warning(*constraint, i));
    return CLI_DONE;
}

int cli_constrain(const cli_options *o, mote_constraint **constraint) {
    const source sources[] = {{"--grammar", o->grammar, NULL, false},
                              {"--grammar-file", NULL, o->grammar_path, false},
                              {"--json-schema", o->schema, NULL, true},
                              {"--json-schema-file", NULL, o->schema_path, true}};
    const source *found = NULL;
    *constraint = NULL;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (!sources[i].text && !sources[i].path)
            continue;
        if (found)
            return cli_output_fail(CLI_USAGE, NULL, "%s and %s: one of them at a time", found->flag, sources[i].flag);
        found = &sources[i];
    }
    return found ? compile(o, found, constraint) : CLI_DONE;
}
