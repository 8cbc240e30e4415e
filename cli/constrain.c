/* One of the flags at most; its text compiled before anything is loaded. */
#include "cli/constrain.h"

#include "cli/input.h"

#include <string.h>

int cli_constrain(const cli_options *o, mote_constraint **constraint) {
    const struct { const char *flag, *text, *path; } given[] = {{"--grammar", o->grammar, NULL}, {"--grammar-file", NULL, o->grammar_path}};
    size_t n = sizeof given / sizeof *given, found = n;
    cli_text text = {NULL, 0};
    mote_error err = {0};
    *constraint = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!given[i].text && !given[i].path)
            continue;
        if (found < n)
            return cli_output_fail(CLI_USAGE, NULL, "%s and %s: one constraint at a time", given[found].flag, given[i].flag);
        found = i;
    }
    if (found == n)
        return CLI_DONE;
    int code = given[found].path ? cli_input_read(given[found].path, &text) : CLI_DONE;
    if (code != CLI_DONE)
        return code;
    if (given[found].text)
        cli_text_append(&text, given[found].text, strlen(given[found].text));
    mote_status status = mote_constraint_create_grammar(text.data ? text.data : "", text.n_bytes, constraint, &err);
    cli_text_free(&text);
    return status == MOTE_OK ? CLI_DONE : cli_output_fail(cli_output_code(status, false), NULL, "%s: %s", given[found].path ? given[found].path : given[found].flag, err.message);
}
