/* `mote rewrite`: a text in another tone. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <string.h>

static void print_json(const mote_rewrite_result *r) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "text");
    cli_writer_text(&w, r->versions[0]);
    cli_writer_key(&w, "versions");
    cli_writer_open(&w, '[');
    for (size_t i = 0; i < r->n_versions; i++)
        cli_writer_text(&w, r->versions[i]);
    cli_writer_close(&w, ']');
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static void print_text(const mote_rewrite_result *r) {
    for (size_t i = 0; i < r->n_versions; i++) {
        if (r->n_versions > 1)
            printf("%s--- %zu ---\n", i ? "\n" : "", i + 1);
        cli_output_text(r->versions[i], strlen(r->versions[i]));
        size_t n = strlen(r->versions[i]);
        if (n == 0 || r->versions[i][n - 1] != '\n')
            putchar('\n');
    }
}

static int rewrite(const cli_options *o, cli_runtime *runtime, const cli_text *text, mote_rewrite_result *result) {
    mote_rewrite_options options = MOTE_REWRITE_OPTIONS_INIT;
    mote_error err = {0};
    cli_progress progress;
    cli_progress_begin(&progress, o);
    options.task = o->task;
    options.tone = o->tone;
    options.instruction = o->instruction;
    options.n_versions = (size_t)o->n_versions;
    options.seed = o->sampling.seed == MOTE_SAMPLER_SEED_RANDOM ? 0 : o->sampling.seed;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_session_free(&runtime->session); /* the rewriting makes its own */
    mote_status status = mote_rewrite(runtime->engine, text->data, text->n_bytes, &options, result, &err);
    cli_progress_end(&progress);
    if (status == MOTE_OK && result->n_versions < options.n_versions)
        cli_output_notice(o, "%zu of %zu versions: the model finds no others that differ and keep the facts", result->n_versions, options.n_versions);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, true);
}

int cli_rewrite(const cli_options *o) {
    cli_runtime runtime = {0};
    cli_text text = {NULL, 0};
    mote_rewrite_result result = {0};
    if (o->tone && o->instruction)
        return cli_output_fail(CLI_USAGE, NULL, "rewrite: either --tone or --instruction, not both");
    int code = cli_input_read_document(o->arguments.n ? o->arguments.items[0] : "-", &text);
    if (code == CLI_DONE)
        code = cli_runtime_open(&runtime, o);
    if (code == CLI_DONE)
        code = rewrite(o, &runtime, &text, &result);
    if (code == CLI_DONE && o->json)
        print_json(&result);
    else if (code == CLI_DONE)
        print_text(&result);
    mote_rewrite_result_deinit(&result);
    cli_runtime_close(&runtime);
    cli_text_free(&text);
    return code;
}
