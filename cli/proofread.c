/* `mote proofread`: a text with its mistakes corrected. On a terminal each edit is asked about. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SESSIONS = 2, CONTEXT_BYTES = 40 };

static void print_json(const mote_proof_result *r) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "text");
    cli_writer_string(&w, r->text, r->text_bytes);
    cli_writer_key(&w, "edits");
    cli_writer_open(&w, '[');
    for (size_t i = 0; i < r->n_edits; i++) {
        const mote_proof_edit *e = &r->edits[i];
        cli_writer_open(&w, '{');
        cli_writer_key(&w, "start");
        cli_writer_integer(&w, (int64_t)e->start);
        cli_writer_key(&w, "end");
        cli_writer_integer(&w, (int64_t)e->end);
        cli_writer_key(&w, "before");
        cli_writer_text(&w, e->before);
        cli_writer_key(&w, "after");
        cli_writer_text(&w, e->after);
        cli_writer_key(&w, "kind");
        cli_writer_text(&w, e->kind);
        cli_writer_key(&w, "explanation");
        cli_writer_text(&w, e->explanation);
        cli_writer_key(&w, "gain");
        cli_writer_real(&w, e->gain);
        cli_writer_close(&w, '}');
    }
    cli_writer_close(&w, ']');
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

/* A piece of the text around an edit, on one line. */
static void show_piece(const char *text, size_t start, size_t end) {
    for (size_t i = start; i < end; i++) {
        unsigned char c = (unsigned char)text[i];
        fputc(c < 32 || c == 127 ? ' ' : c, stderr);
    }
}

static void show_edit(const cli_text *text, const mote_proof_edit *e, size_t number, size_t n) {
    size_t from = e->start > CONTEXT_BYTES ? e->start - CONTEXT_BYTES : 0, to = e->end + CONTEXT_BYTES < text->n_bytes ? e->end + CONTEXT_BYTES : text->n_bytes;
    bool colour = cli_output_has_colour(STDERR_FILENO);
    while (from < e->start && ((unsigned char)text->data[from] & 0xc0) == 0x80)
        from++;
    while (to > e->end && ((unsigned char)text->data[to] & 0xc0) == 0x80)
        to--;
    fprintf(stderr, "%zu/%zu  ", number, n);
    show_piece(text->data, from, e->start);
    fputs(colour ? "\033[31m[" : "[", stderr);
    show_piece(e->before, 0, strlen(e->before));
    fputs(colour ? "]\033[32m{" : "]{", stderr);
    show_piece(e->after, 0, strlen(e->after));
    fputs(colour ? "}\033[0m" : "}", stderr);
    show_piece(text->data, e->end, to);
    fprintf(stderr, "\n     %s: %s\n     take it? [y]es, [n]o, [a]ll, [q]uit: ", e->kind, e->explanation);
}

/* Which edits are wanted; from "all" or "quit" on without asking. */
static void ask(const cli_text *text, const mote_proof_result *r, bool *wanted) {
    char line[64];
    size_t i = 0;
    for (; i < r->n_edits; i++) {
        show_edit(text, &r->edits[i], i + 1, r->n_edits);
        if (!fgets(line, sizeof line, stdin) || line[0] == 'q')
            break;
        if (line[0] == 'a') {
            for (; i < r->n_edits; i++)
                wanted[i] = true;
            break;
        }
        wanted[i] = line[0] == 'y' || line[0] == '\n';
    }
}

static void print_wanted(const cli_text *text, const mote_proof_result *r, const bool *wanted) {
    size_t at = 0;
    for (size_t i = 0; i < r->n_edits; i++) {
        if (!wanted[i])
            continue;
        cli_output_text(text->data + at, r->edits[i].start - at);
        cli_output_text(r->edits[i].after, strlen(r->edits[i].after));
        at = r->edits[i].end;
    }
    cli_output_text(text->data + at, text->n_bytes - at);
}

static void print_result(const cli_options *o, const cli_text *text, const mote_proof_result *r, bool from_stdin) {
    if (o->json) {
        print_json(r);
    } else if (from_stdin || o->yes || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        cli_output_text(r->text, r->text_bytes);
    } else {
        bool *wanted = cli_alloc(r->n_edits, sizeof *wanted);
        ask(text, r, wanted);
        print_wanted(text, r, wanted);
        free(wanted);
    }
}

static int proofread(const cli_options *o, cli_runtime *runtime, const cli_text *text, mote_proof_result *result) {
    mote_proofread_options options = MOTE_PROOFREAD_OPTIONS_INIT;
    mote_proofreader *proofreader = NULL;
    mote_error err = {0};
    cli_progress progress;
    cli_progress_begin(&progress, o);
    options.task = o->task;
    options.no_generation = o->no_generation;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_session_free(&runtime->session); /* the proofreader makes its own */
    mote_status status = mote_proofreader_create(runtime->engine, &options, &proofreader, &err);
    if (status == MOTE_OK)
        status = mote_proofread(proofreader, text->data, text->n_bytes, result, &err);
    cli_progress_end(&progress);
    mote_proofreader_free(&proofreader);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, false);
}

int cli_proofread(const cli_options *o) {
    cli_runtime runtime = {0};
    cli_text text = {NULL, 0};
    mote_proof_result result = {0};
    cli_options own = *o;
    const char *path = o->arguments.n ? o->arguments.items[0] : "-";
    own.n_sessions = SESSIONS;
    int code = cli_input_read_document(path, &text);
    if (code == CLI_DONE)
        code = cli_runtime_open(&runtime, &own);
    if (code == CLI_DONE)
        code = proofread(o, &runtime, &text, &result);
    if (code == CLI_DONE)
        print_result(o, &text, &result, strcmp(path, "-") == 0);
    mote_proof_result_deinit(&result);
    cli_runtime_close(&runtime);
    cli_text_free(&text);
    return code;
}
