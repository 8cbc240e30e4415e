/* `mote imatrix`: an importance matrix measured on a text. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>
#include <sys/stat.h>

static const char default_output[] = "imatrix.gguf";

static int read_ids(const cli_runtime *r, const cli_options *o, int32_t **ids, size_t *n_ids) {
    if (o->text)
        return cli_runtime_tokenize_file(r, o->text, ids, n_ids);
    cli_text text;
    int code = cli_input_read(o->tokens, &text);
    if (code == CLI_DONE)
        code = cli_input_ids(o->tokens, &text, ids, n_ids);
    cli_text_free(&text);
    return code;
}

static void print_json(const char *output, const mote_importance_result *result) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "file");
    cli_writer_text(&w, output);
    cli_writer_key(&w, "chunks");
    cli_writer_integer(&w, (int64_t)result->n_chunks);
    cli_writer_key(&w, "entries");
    cli_writer_integer(&w, (int64_t)result->n_entries);
    cli_writer_key(&w, "unused");
    cli_writer_integer(&w, (int64_t)result->n_unused);
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static int measure(const cli_runtime *r, const cli_options *o, const int32_t *ids, size_t n_ids) {
    mote_importance_options options = MOTE_IMPORTANCE_OPTIONS_INIT;
    mote_importance_result result;
    mote_error err = {0};
    struct stat s;
    cli_progress progress;
    const char *output = o->output ? o->output : default_output;
    cli_progress_begin(&progress, o);
    options.n_ctx = o->n_ctx > 0 ? o->n_ctx : options.n_ctx;
    options.n_chunks = o->n_chunks;
    options.process_output = o->process_output;
    options.n_threads = o->n_threads;
    options.source = stat(r->path, &s) == 0 && S_ISREG(s.st_mode) ? r->path : NULL;
    options.dataset = o->text ? o->text : o->tokens;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_status status = mote_importance_measure(r->model, ids, n_ids, output, &options, &result, &err);
    cli_progress_end(&progress);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, false);
    if (result.n_unused > 0)
        cli_output_notice(o, "%zu experts met no token of the text; their weights will count alike", result.n_unused);
    cli_output_notice(o, "%s: %zu matrices, measured on %zu windows of %d tokens", output, result.n_entries, result.n_chunks, (int)options.n_ctx);
    if (o->json)
        print_json(output, &result);
    return CLI_DONE;
}

int cli_imatrix(const cli_options *o) {
    cli_runtime runtime = {0};
    int32_t *ids = NULL;
    size_t n_ids = 0;
    if (!o->text == !o->tokens)
        return cli_output_fail(CLI_USAGE, "usage: mote imatrix -m MODEL -f TEXT [-o OUT.gguf]", "imatrix: one of -f and --tokens is needed");
    int code = cli_runtime_open_model(&runtime, o);
    if (code == CLI_DONE)
        code = read_ids(&runtime, o, &ids, &n_ids);
    if (code == CLI_DONE)
        code = measure(&runtime, o, ids, n_ids);
    free(ids);
    cli_runtime_close(&runtime);
    return code;
}
