/* `mote quantize`: a model with smaller weights. */
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/writer.h"

static void print_json(const mote_quantize_result *r) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "type");
    cli_writer_text(&w, r->type);
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"tensors", r->n_tensors},     {"changed", r->n_changed},       {"requantised", r->n_requantised},
                   {"fallbacks", r->n_fallbacks}, {"unweighted", r->n_unweighted}, {"source_bytes", r->source_bytes},
                   {"bytes", r->n_bytes},         {"weights", r->n_weights},       {"peak_rss_bytes", cli_output_peak_bytes()}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cli_writer_key(&w, numbers[i].key);
        cli_writer_integer(&w, (int64_t)numbers[i].value);
    }
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static void print_notices(const cli_options *o, const char *out, const mote_quantize_result *r, double seconds) {
    char before[32], after[32];
    if (r->n_requantised > 0 && !o->allow_requantize)
        cli_output_notice(o, "%zu of %zu tensors were quantised already and lose a second time; the original weights give a better result", r->n_requantised, r->n_tensors);
    if (r->n_fallbacks > 0)
        cli_output_notice(o, "%zu of %zu tensors have rows that don't fit %s and got another type", r->n_fallbacks, r->n_tensors, r->type);
    if (r->n_unweighted > 0)
        cli_output_notice(o, "%zu of %zu tensors are missing in the importance matrix", r->n_unweighted, r->n_tensors);
    bool is_known = r->source_bytes > 0; /* not of a folder */
    cli_output_size(r->source_bytes, before);
    cli_output_notice(o, "%s: %s, %s%s%s%s, %.2f bits a weight, %.1f s", out, r->type, cli_output_size(r->n_bytes, after), is_known ? " (was " : "", is_known ? before : "",
                      is_known ? ")" : "", 8.0 * (double)r->n_bytes / (double)r->n_weights, seconds);
}

int cli_quantize(const cli_options *o) {
    const char *in = o->arguments.items[0], *out = o->arguments.items[1], *type = o->arguments.items[2];
    mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
    mote_quantize_result result;
    mote_error err = {0};
    cli_progress progress;
    double begun = cli_output_clock();
    cli_progress_begin(&progress, o);
    options.imatrix = o->imatrix;
    options.output_type = o->output_type;
    options.embedding_type = o->embedding_type;
    options.pure = o->pure;
    options.leave_output = o->leave_output;
    options.n_threads = o->n_threads;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_status status = mote_quantize_file(in, out, type, &options, &result, &err);
    cli_progress_end(&progress);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, true);
    print_notices(o, out, &result, cli_output_clock() - begun);
    if (o->json)
        print_json(&result);
    return CLI_DONE;
}
