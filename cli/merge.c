/* `mote merge`: a model with adapters added to its weights. */
#include "cli/adapters.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

static void print_json(const char *out, const mote_merge_result *r) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "file");
    cli_writer_text(&w, out);
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"tensors", r->n_tensors}, {"changed", r->n_changed}, {"requantised", r->n_requantised}, {"bytes", r->n_bytes}, {"peak_rss_bytes", cli_output_peak_bytes()}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cli_writer_key(&w, numbers[i].key);
        cli_writer_integer(&w, (int64_t)numbers[i].value);
    }
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static int merge(const cli_options *o, const char *path, const cli_adapter_list *adapters) {
    mote_merge_options options = MOTE_MERGE_OPTIONS_INIT;
    mote_merge_result result;
    mote_error err = {0};
    char size[32];
    cli_progress progress;
    double begun = cli_output_clock();
    cli_progress_begin(&progress, o);
    options.type = o->type;
    options.n_threads = o->n_threads;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_status status = mote_merge_model(path, (const char *const *)adapters->paths, adapters->scales, adapters->n, o->output, &options, &result, &err);
    cli_progress_end(&progress);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, true);
    if (result.n_requantised > 0)
        cli_output_notice(o, "%zu of %zu changed tensors were quantised already and lose a second time", result.n_requantised, result.n_changed);
    cli_output_notice(o, "%s: %zu of %zu tensors changed, %s, %.1f s", o->output, result.n_changed, result.n_tensors, cli_output_size(result.n_bytes, size),
                      cli_output_clock() - begun);
    if (o->json)
        print_json(o->output, &result);
    return CLI_DONE;
}

int cli_merge(const cli_options *o) {
    cli_adapter_list adapters;
    char *path = NULL;
    int code = cli_adapters_parse(o, &adapters);
    if (code == CLI_DONE && (adapters.n == 0 || !o->output))
        code = cli_output_fail(CLI_USAGE, "usage: mote merge -m MODEL --lora ADAPTER -o OUT.gguf", "merge: %s is missing", adapters.n == 0 ? "--lora" : "-o");
    if (code == CLI_DONE)
        code = cli_runtime_resolve(o, &path);
    if (code == CLI_DONE)
        code = merge(o, path, &adapters);
    mote_free(path);
    cli_adapters_free(&adapters);
    return code;
}
