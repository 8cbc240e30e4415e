/* `mote pull`: installs a model from a file or folder. */
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/writer.h"

#include <string.h>

static bool is_sha256(const char *text) {
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static int import(const cli_options *o, const char *source, const char *name) {
    mote_error err = {0};
    cli_progress progress;
    cli_progress_begin(&progress, o);
    mote_status status = mote_store_import(source, name, o->sha256, cli_progress_step, &progress, &err);
    cli_progress_end(&progress);
    if (status == MOTE_ERR_NOT_FOUND)
        return cli_output_fail(CLI_FAILED, "pull takes a file or folder; tools/get-model NAME downloads a known model", "%s", err.message);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, o->name != NULL);
    if (o->json) {
        cli_writer w;
        cli_writer_init(&w, stdout);
        cli_writer_open(&w, '{');
        cli_writer_key(&w, "name");
        cli_writer_text(&w, name);
        cli_writer_close(&w, '}');
        cli_writer_finish(&w);
    } else {
        cli_output_notice(o, "installed %s as %s", source, name);
    }
    return CLI_DONE;
}

int cli_pull(const cli_options *o) {
    const char *source = o->arguments.items[0];
    mote_error err = {0};
    if (o->sha256 && !is_sha256(o->sha256))
        return cli_output_fail(CLI_USAGE, NULL, "pull: --sha256 takes 64 hexadecimal digits");
    char *own_name = NULL;
    if (!o->name) {
        mote_status named = mote_store_name_of(source, &own_name, &err);
        if (named != MOTE_OK)
            return cli_output_fail(CLI_FAILED, "--name NAME gives one", "%s", err.message);
    }
    int code = import(o, source, o->name ? o->name : own_name);
    mote_free(own_name);
    return code;
}
