/* `mote embed`: a vector for each line of standard input. */
#include "cli/commands.h"
#include "cli/lines.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>

static void print_vector(const cli_options *o, const float *vector, uint32_t dim) {
    cli_writer w;
    if (o->json) {
        cli_writer_init(&w, stdout);
        cli_writer_open(&w, '[');
        for (uint32_t i = 0; i < dim; i++)
            cli_writer_float(&w, vector[i]);
        cli_writer_close(&w, ']');
        cli_writer_finish(&w);
        return;
    }
    for (uint32_t i = 0; i < dim; i++)
        printf(i ? " %.9g" : "%.9g", (double)vector[i]);
    putchar('\n');
}

static int embed_some(const cli_options *o, mote_embedder *embedder, mote_embed_text *texts, size_t n, size_t number, float *vectors) {
    uint32_t dim = mote_embedder_dim(embedder);
    mote_error err = {0};
    mote_status status = mote_embed(embedder, texts, n, vectors, &err);
    if (status != MOTE_OK && n > 1) { /* which of them? */
        int code = CLI_DONE;
        for (size_t i = 0; i < n && code == CLI_DONE; i++)
            code = embed_some(o, embedder, texts + i, 1, number + i, vectors);
        return code;
    }
    if (status != MOTE_OK)
        return cli_output_fail(cli_output_code(status, false), NULL, "standard input, line %zu: %s", number, err.message[0] ? err.message : mote_status_text(status));
    for (size_t i = 0; i < n; i++) {
        if (texts[i].n_dropped)
            cli_output_notice(o, "standard input, line %zu: cut to the model's %zu tokens, %zu left out", number + i, texts[i].n_tokens, texts[i].n_dropped);
        print_vector(o, vectors + i * dim, dim);
    }
    cli_output_flush();
    return CLI_DONE;
}

static int embed_lines(const cli_options *o, mote_embedder *embedder) {
    float *vectors = cli_alloc((size_t)CLI_LINES_MAX * mote_embedder_dim(embedder), sizeof *vectors);
    cli_lines lines;
    cli_lines_begin(&lines);
    int code = CLI_DONE;
    do {
        code = cli_lines_next(&lines);
        if (code == CLI_DONE && lines.n)
            code = embed_some(o, embedder, lines.texts, lines.n, lines.first_number, vectors);
    } while (code == CLI_DONE && lines.n);
    cli_lines_end(&lines);
    free(vectors);
    return code;
}

static int create(const cli_options *o, const cli_runtime *runtime, mote_embedder **embedder) {
    mote_embed_options options = MOTE_EMBED_OPTIONS_INIT;
    mote_error err = {0};
    options.n_threads = o->n_threads;
    options.n_dimensions = (uint32_t)o->n_dimensions;
    options.pooling = o->pooling;
    options.prompt = o->prompt;
    mote_status status = mote_embedder_create(runtime->model, &options, embedder, &err);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, true);
}

int cli_embed(const cli_options *o) {
    cli_runtime runtime = {0};
    mote_embedder *embedder = NULL;
    int code = cli_runtime_open_model(&runtime, o);
    if (code == CLI_DONE && runtime.info.reranks)
        code = cli_output_fail(CLI_UNSUPPORTED, "`mote rerank` uses it", "%s: a reranker gives scores of pairs, no vectors", runtime.path);
    if (code == CLI_DONE && !runtime.info.embeds && !o->pooling)
        code = cli_output_fail(CLI_UNSUPPORTED, "-m minilm-l6 is one; --pooling says how another model's states become one vector", "%s: the family %s is not an embedding model",
                               runtime.path, runtime.info.family);
    if (code == CLI_DONE)
        code = create(o, &runtime, &embedder);
    if (code == CLI_DONE)
        code = embed_lines(o, embedder);
    mote_embedder_free(&embedder);
    cli_runtime_close(&runtime);
    return code;
}
