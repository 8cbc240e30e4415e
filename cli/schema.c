/* `mote schema`: what the constrained decoder thinks of texts. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <string.h>

typedef struct verdict {
    bool matches;
    size_t offset;
} verdict;

static int compile(const cli_options *o, mote_constraint **constraint) {
    cli_text text;
    mote_error err = {0};
    int code = cli_input_read(o->arguments.items[0], &text);
    if (code != CLI_DONE)
        return code;
    mote_status status = mote_constraint_create_grammar(text.data, text.n_bytes, constraint, &err);
    cli_text_free(&text);
    return status == MOTE_OK ? CLI_DONE : cli_output_fail(cli_output_code(status, false), NULL, "%s: %s", o->arguments.items[0], err.message);
}

static int judge(const mote_constraint *constraint, const char *path, verdict *v) {
    cli_text text;
    mote_error err = {0};
    int code = cli_input_read(path, &text);
    if (code != CLI_DONE)
        return code;
    mote_status status = mote_constraint_match(constraint, text.data, text.n_bytes, &v->matches, &v->offset, &err);
    cli_text_free(&text);
    return status == MOTE_OK ? CLI_DONE : cli_output_fail(cli_output_code(status, false), NULL, "%s: %s", path, err.message);
}

int cli_schema(const cli_options *o) {
    mote_constraint *constraint = NULL;
    int code = compile(o, &constraint);
    for (size_t i = 1; code == CLI_DONE && i < o->arguments.n; i++) {
        verdict v;
        code = judge(constraint, o->arguments.items[i], &v);
        if (code == CLI_DONE && v.matches)
            printf("accept\n");
        else if (code == CLI_DONE)
            printf("reject %zu\n", v.offset);
    }
    mote_constraint_free(&constraint);
    return code;
}
