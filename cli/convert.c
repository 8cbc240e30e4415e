/* `mote convert`: a folder in Hugging Face layout as one GGUF. */
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/writer.h"

static void print_json(const mote_convert_result *r) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "architecture");
    cli_writer_text(&w, r->architecture);
    cli_writer_key(&w, "type");
    cli_writer_text(&w, r->type);
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"tensors", r->n_tensors}, {"fallbacks", r->n_fallbacks},   {"bytes", r->n_bytes},
                   {"weights", r->n_weights}, {"lost_window", r->lost_window}, {"peak_rss_bytes", cli_output_peak_bytes()}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cli_writer_key(&w, numbers[i].key);
        cli_writer_integer(&w, (int64_t)numbers[i].value);
    }
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

int cli_convert(const cli_options *o) {
    mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
    mote_convert_result result;
    mote_error err = {0};
    cli_progress progress;
    char size[32];
    double begun = cli_output_clock();
    if (!o->output)
        return cli_output_fail(CLI_USAGE, "usage: mote convert HFDIR -o OUT.gguf", "convert: -o is missing");
    cli_progress_begin(&progress, o);
    options.type = o->type;
    options.name = o->name;
    options.n_threads = o->n_threads;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_status status = mote_convert_folder(o->arguments.items[0], o->output, &options, &result, &err);
    cli_progress_end(&progress);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, true);
    if (result.lost_window)
        cli_output_notice(o, "a GGUF of this architecture has no sliding window: beyond %u tokens the model will attend to everything", result.lost_window);
    if (result.n_fallbacks)
        cli_output_notice(o, "%zu tensors have rows that don't fit %s and got another type", result.n_fallbacks, result.type);
    cli_output_notice(o, "%s: %s, %s, %s, %.1f s", o->output, result.architecture, result.type, cli_output_size(result.n_bytes, size), cli_output_clock() - begun);
    if (o->json)
        print_json(&result);
    return CLI_DONE;
}
