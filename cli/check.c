/* `mote check`: a verdict on each file. */
#include "cli/commands.h"
#include "cli/writer.h"

#include <string.h>

static void print_verdict(const char *path, mote_status status, const char *message) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "file");
    cli_writer_text(&w, path);
    cli_writer_key(&w, "ok");
    cli_writer_bool(&w, status == MOTE_OK);
    cli_writer_key(&w, "error");
    cli_writer_text(&w, status == MOTE_OK ? NULL : message);
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

int cli_check(const cli_options *o) {
    int worst = CLI_DONE;
    for (size_t i = 0; i < o->arguments.n; i++) {
        const char *path = o->arguments.items[i];
        mote_error err = {0};
        mote_status status = mote_check_file(path, o->kind, o->base, &err);
        const char *message = err.message[0] ? err.message : mote_status_text(status);
        int code = cli_output_code(status, false);
        if (o->json)
            print_verdict(path, status, message);
        else if (status == MOTE_OK)
            printf("%s: ok\n", path);
        bool is_named = strncmp(message, path, strlen(path)) == 0; /* most messages begin with the file already */
        if (status != MOTE_OK)
            cli_output_fail(code, NULL, "%s%s%s", is_named ? "" : path, is_named ? "" : ": ", message);
        /* A file that is wrong weighs more than one that is unsupported. */
        if (worst == CLI_DONE || code == CLI_FAILED)
            worst = code;
    }
    return worst;
}
