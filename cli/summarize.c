/* `mote summarize`: what a text says, briefly. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

static int summarize(const cli_options *o, cli_runtime *runtime, const cli_text *text, mote_summary *summary) {
    mote_summarize_options options = MOTE_SUMMARIZE_OPTIONS_INIT;
    mote_error err = {0};
    cli_progress progress;
    cli_progress_begin(&progress, o);
    options.task = o->task;
    options.form = o->form;
    options.query = o->query;
    options.n_words = (size_t)o->n_words;
    options.seed = o->sampling.seed == MOTE_SAMPLER_SEED_RANDOM ? 0 : o->sampling.seed;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_session_free(&runtime->session); /* the summary makes its own */
    mote_status status = mote_summarize(runtime->engine, text->data, text->n_bytes, &options, summary, &err);
    cli_progress_end(&progress);
    if (status == MOTE_OK && summary->n_dropped)
        cli_output_notice(o, "%zu %s left out: numbers that the text doesn't have", summary->n_dropped, summary->n_dropped == 1 ? "sentence was" : "sentences were");
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, true);
}

static void print_json(const mote_summary *s) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "text");
    cli_writer_string(&w, s->text, s->text_bytes);
    cli_writer_key(&w, "parts");
    cli_writer_integer(&w, (int64_t)s->n_parts);
    cli_writer_key(&w, "dropped");
    cli_writer_integer(&w, (int64_t)s->n_dropped);
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

int cli_summarize(const cli_options *o) {
    cli_runtime runtime = {0};
    cli_text text = {NULL, 0};
    mote_summary summary = {0};
    int code = cli_input_read_document(o->arguments.n ? o->arguments.items[0] : "-", &text);
    if (code == CLI_DONE)
        code = cli_runtime_open(&runtime, o);
    if (code == CLI_DONE)
        code = summarize(o, &runtime, &text, &summary);
    if (code == CLI_DONE && o->json) {
        print_json(&summary);
    } else if (code == CLI_DONE) {
        cli_output_text(summary.text, summary.text_bytes);
        putchar('\n');
    }
    mote_summary_deinit(&summary);
    cli_runtime_close(&runtime);
    cli_text_free(&text);
    return code;
}
