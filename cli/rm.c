/* `mote rm`: removes installed models. */
#include "cli/commands.h"
#include "cli/writer.h"

int cli_rm(const cli_options *o) {
    int code = CLI_DONE;
    for (size_t i = 0; i < o->arguments.n; i++) {
        const char *name = o->arguments.items[i];
        mote_error err = {0};
        mote_status status = mote_store_remove(name, &err);
        if (status != MOTE_OK) {
            code = cli_output_status(status, &err, false);
        } else if (o->json) {
            cli_writer w;
            cli_writer_init(&w, stdout);
            cli_writer_open(&w, '{');
            cli_writer_key(&w, "removed");
            cli_writer_text(&w, name);
            cli_writer_close(&w, '}');
            cli_writer_finish(&w);
        } else {
            cli_output_notice(o, "removed %s", name);
        }
    }
    return code;
}
