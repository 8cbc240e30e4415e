/* `mote detokenize`: token ids on standard input to text. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>

int cli_detokenize(const cli_options *o) {
    mote_tokenizer *tokenizer = NULL;
    cli_text input = {NULL, 0};
    int32_t *ids = NULL;
    char *text = NULL;
    size_t n_ids = 0, n_bytes = 0;
    mote_error err = {0};
    int code = cli_runtime_open_tokenizer(o, &tokenizer);
    if (code == CLI_DONE)
        code = cli_input_read("-", &input);
    if (code == CLI_DONE)
        code = cli_input_ids("standard input", &input, &ids, &n_ids);
    if (code == CLI_DONE) {
        mote_status status = mote_detokenize(tokenizer, ids, n_ids, !o->no_special, &text, &n_bytes, &err);
        if (status != MOTE_OK)
            code = cli_output_status(status, &err, false);
    }
    if (code == CLI_DONE && o->json) {
        cli_writer w;
        cli_writer_init(&w, stdout);
        cli_writer_string(&w, text, n_bytes);
        cli_writer_finish(&w);
    } else if (code == CLI_DONE) {
        cli_output_text(text, n_bytes);
    }
    mote_free(text);
    free(ids);
    cli_text_free(&input);
    mote_tokenizer_free(&tokenizer);
    return code;
}
