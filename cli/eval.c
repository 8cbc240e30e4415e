/* `mote eval logits` and `mote eval perplexity`. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>

enum { PERPLEXITY_WINDOW = 512 };

static int read_tokens(const char *path, int32_t **ids, size_t *n_ids) {
    cli_text text;
    int code = cli_input_read(path, &text);
    if (code == CLI_DONE)
        code = cli_input_ids(path, &text, ids, n_ids);
    cli_text_free(&text);
    return code;
}

int cli_eval_logits(const cli_options *o) {
    cli_runtime runtime = {0};
    int32_t *ids = NULL;
    size_t n_ids = 0;
    mote_error err = {0};
    if (!o->tokens || !o->output)
        return cli_output_fail(CLI_USAGE, "usage: mote eval logits -m MODEL --tokens FILE -o OUT.npy", "eval logits: %s is missing", o->tokens ? "-o" : "--tokens");
    int code = read_tokens(o->tokens, &ids, &n_ids);
    if (code == CLI_DONE && n_ids == 0)
        code = cli_output_fail(CLI_FAILED, NULL, "%s: no token ids", o->tokens);
    if (code == CLI_DONE)
        code = cli_runtime_open_model(&runtime, o);
    if (code == CLI_DONE) {
        mote_engine_options options = cli_runtime_engine_options(&runtime, o);
        mote_status status = mote_eval_logits(runtime.model, &options, ids, n_ids, o->output, &err);
        if (status != MOTE_OK)
            code = cli_output_status(status, &err, false);
    }
    if (code == CLI_DONE && o->json) {
        cli_writer w;
        cli_writer_init(&w, stdout);
        cli_writer_open(&w, '{');
        cli_writer_key(&w, "file");
        cli_writer_text(&w, o->output);
        cli_writer_key(&w, "shape");
        cli_writer_open(&w, '[');
        cli_writer_integer(&w, (int64_t)n_ids);
        cli_writer_integer(&w, runtime.info.n_vocab);
        cli_writer_close(&w, ']');
        cli_writer_close(&w, '}');
        cli_writer_finish(&w);
    }
    free(ids);
    cli_runtime_close(&runtime);
    return code;
}

static int measure(const cli_runtime *r, const cli_options *o, const int32_t *ids, size_t n_ids, mote_perplexity *result) {
    mote_engine_options options = cli_runtime_engine_options(r, o);
    if (o->n_ctx < 0)
        options.n_ctx = PERPLEXITY_WINDOW;
    mote_error err = {0};
    cli_progress progress;
    cli_progress_begin(&progress, o);
    mote_status status = mote_eval_perplexity(r->model, &options, ids, n_ids, cli_progress_step, &progress, result, &err);
    cli_progress_end(&progress);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, false);
}

static void print_perplexity(const cli_options *o, const mote_perplexity *result) {
    if (!o->json) {
        printf("perplexity %.4f +- %.4f over %zu tokens\n", result->perplexity, result->perplexity * result->nll_stderr, result->n_tokens);
        return;
    }
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "perplexity");
    cli_writer_real(&w, result->perplexity);
    cli_writer_key(&w, "tokens");
    cli_writer_integer(&w, (int64_t)result->n_tokens);
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

int cli_eval_perplexity(const cli_options *o) {
    cli_runtime runtime = {0};
    int32_t *ids = NULL;
    size_t n_ids = 0;
    mote_perplexity result = {0};
    if (!o->tokens == !o->text)
        return cli_output_fail(CLI_USAGE, "usage: mote eval perplexity -m MODEL (-f TEXT | --tokens FILE)", "eval perplexity: %s",
                               o->tokens ? "either -f or --tokens, not both" : "-f or --tokens is missing");
    int code = o->tokens ? read_tokens(o->tokens, &ids, &n_ids) : CLI_DONE;
    if (code == CLI_DONE)
        code = cli_runtime_open_model(&runtime, o);
    if (code == CLI_DONE && o->text)
        code = cli_runtime_tokenize_file(&runtime, o->text, &ids, &n_ids);
    if (code == CLI_DONE)
        code = measure(&runtime, o, ids, n_ids, &result);
    if (code == CLI_DONE)
        print_perplexity(o, &result);
    free(ids);
    cli_runtime_close(&runtime);
    return code;
}
