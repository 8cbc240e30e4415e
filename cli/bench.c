/* `mote bench`: speed of prompt and generation beside the limits of the machine. */
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

static void write_speed(cli_writer *w, const char *key, const mote_bench_speed *speed) {
    cli_writer_key(w, key);
    cli_writer_open(w, '{');
    cli_writer_key(w, "n");
    cli_writer_integer(w, speed->n);
    cli_writer_key(w, "mean");
    cli_writer_real(w, speed->mean);
    cli_writer_key(w, "stddev");
    cli_writer_real(w, speed->stddev);
    cli_writer_close(w, '}');
}

static void write_head(cli_writer *w, const cli_runtime *r, const mote_bench_result *result) {
    cli_writer_key(w, "model");
    cli_writer_text(w, r->path);
    cli_writer_key(w, "type");
    cli_writer_text(w, r->info.type);
    cli_writer_key(w, "params");
    cli_writer_integer(w, (int64_t)r->info.n_params);
    cli_writer_key(w, "bytes");
    cli_writer_integer(w, (int64_t)r->info.file_bytes);
    cli_writer_key(w, "threads");
    cli_writer_integer(w, result->n_threads);
    cli_writer_key(w, "isa");
    cli_writer_text(w, result->isa);
}

static void print_json(const cli_runtime *r, const mote_bench_result *result) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    write_head(&w, r, result);
    write_speed(&w, "pp", &result->prompt);
    write_speed(&w, "tg", &result->generate);
    cli_writer_key(&w, "load_s");
    cli_writer_real(&w, r->load_seconds);
    cli_writer_key(&w, "peak_rss_bytes");
    cli_writer_integer(&w, (int64_t)cli_output_peak_bytes());
    cli_writer_key(&w, "roofline");
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "read_GBps");
    cli_writer_real(&w, result->read_gbps);
    cli_writer_key(&w, "int8_GOPS");
    cli_writer_real(&w, result->int8_gops);
    cli_writer_key(&w, "pp_fraction");
    cli_writer_real(&w, result->prompt_fraction);
    cli_writer_key(&w, "tg_fraction");
    cli_writer_real(&w, result->generate_fraction);
    cli_writer_close(&w, '}');
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static void print_lines(const cli_runtime *r, const mote_bench_result *result) {
    char bytes[32], peak[32];
    printf("%s: %s, %.1f M weights, %s, %s, %d threads\n", r->path, r->info.type, (double)r->info.n_params / 1e6, cli_output_size(r->info.file_bytes, bytes), result->isa,
           (int)result->n_threads);
    if (result->prompt.n)
        printf("pp%-6d %9.2f +- %.2f tokens/s  %5.1f %% of %.0f int8 GOPS\n", (int)result->prompt.n, result->prompt.mean, result->prompt.stddev, 100 * result->prompt_fraction,
               result->int8_gops);
    if (result->generate.n)
        printf("tg%-6d %9.2f +- %.2f tokens/s  %5.1f %% of %.1f GB/s\n", (int)result->generate.n, result->generate.mean, result->generate.stddev, 100 * result->generate_fraction,
               result->read_gbps);
    printf("load %.2f s, peak memory %s\n", r->load_seconds, cli_output_size(cli_output_peak_bytes(), peak));
}

int cli_bench(const cli_options *o) {
    cli_runtime runtime = {0};
    mote_bench_result result = {0};
    mote_error err = {0};
    int code = cli_runtime_open_model(&runtime, o);
    if (code == CLI_DONE) {
        mote_bench_options options = MOTE_BENCH_OPTIONS_INIT;
        options.n_prompt = o->n_prompt;
        options.n_generate = o->n_generate;
        options.depth = o->depth;
        options.n_repeats = o->n_repeats;
        options.n_threads = o->n_threads;
        cli_progress progress;
        cli_progress_begin(&progress, o);
        mote_status status = mote_bench_run(runtime.model, &options, cli_progress_step, &progress, &result, &err);
        cli_progress_end(&progress);
        if (status != MOTE_OK)
            code = cli_output_status(status, &err, true);
        else if (o->json)
            print_json(&runtime, &result);
        else
            print_lines(&runtime, &result);
    }
    cli_runtime_close(&runtime);
    return code;
}
