/* `mote embed`: a vector for each line of standard input, printed as soon as it is there. */
#include "cli/commands.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    cli_output_flush();
}

static int embed_lines(const cli_options *o, mote_embedder *embedder) {
    uint32_t dim = mote_embedder_dim(embedder);
    float *vector = cli_alloc(dim, sizeof *vector);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    int code = CLI_DONE;
    mote_error err = {0};
    for (size_t number = 1; code == CLI_DONE && (n = getline(&line, &capacity, stdin)) >= 0; number++) {
        if (n && line[n - 1] == '\n')
            n--;
        if (n && line[n - 1] == '\r')
            n--;
        mote_status status = mote_embed(embedder, line, (size_t)n, vector, &err);
        if (status == MOTE_OK)
            print_vector(o, vector, dim);
        else
            code = cli_output_fail(cli_output_code(status, false), NULL, "standard input, line %zu: %s", number, err.message[0] ? err.message : mote_status_text(status));
    }
    if (code == CLI_DONE && ferror(stdin))
        code = cli_output_fail(CLI_FAILED, NULL, "standard input: %s", strerror(errno));
    free(line);
    free(vector);
    return code;
}

int cli_embed(const cli_options *o) {
    cli_runtime runtime = {0};
    mote_embedder *embedder = NULL;
    mote_error err = {0};
    int code = cli_runtime_open_model(&runtime, o);
    if (code == CLI_DONE && !runtime.info.is_encoder)
        code = cli_output_fail(CLI_UNSUPPORTED, "-m minilm-l6 is one; tools/get-model minilm-l6 downloads it", "%s: the family %s is not an embedding model", runtime.path,
                               runtime.info.family);
    if (code == CLI_DONE) {
        mote_status status = mote_embedder_create(runtime.model, o->n_threads, &embedder, &err);
        code = status == MOTE_OK ? embed_lines(o, embedder) : cli_output_status(status, &err, false);
    }
    mote_embedder_free(&embedder);
    cli_runtime_close(&runtime);
    return code;
}
