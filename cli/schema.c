/* `mote schema`: what the constrained decoder thinks of texts. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>
#include <string.h>

typedef struct schema_run {
    const cli_options *o;
    mote_constraint *constraint;
    mote_tokenizer *tokenizer;
    mote_matcher *matcher; /* NULL: bytes are walked */
    double compile_seconds, vocabulary_seconds;
    cli_writer w;
} schema_run;

static int fail(const char *path, mote_status status, const mote_error *err) {
    return cli_output_fail(cli_output_code(status, false), NULL, "%s: %s", path, err->message);
}

static int compile(schema_run *r) {
    const char *path = r->o->arguments.items[0];
    cli_text text;
    mote_error err = {0};
    int code = cli_input_read(path, &text);
    if (code != CLI_DONE)
        return code;
    double begun = cli_output_clock();
    mote_status status = r->o->is_grammar ? mote_constraint_create_grammar(text.data, text.n_bytes, &r->constraint, &err)
                                          : mote_constraint_create_schema(text.data, text.n_bytes, r->o->strict, &r->constraint, &err);
    r->compile_seconds = cli_output_clock() - begun;
    cli_text_free(&text);
    for (size_t i = 0; status == MOTE_OK && i < mote_constraint_n_warnings(r->constraint); i++)
        cli_output_notice(r->o, "%s: %s", path, mote_constraint_warning(r->constraint, i));
    return status == MOTE_OK ? CLI_DONE : fail(path, status, &err);
}

static int open_matcher(schema_run *r) {
    mote_error err = {0};
    if (!r->o->model)
        return CLI_DONE;
    int code = cli_runtime_open_tokenizer(r->o, &r->tokenizer);
    if (code != CLI_DONE)
        return code;
    double begun = cli_output_clock();
    mote_status status = mote_matcher_create(r->constraint, r->tokenizer, &r->matcher, &err);
    r->vocabulary_seconds = cli_output_clock() - begun;
    return status == MOTE_OK ? CLI_DONE : fail(r->o->model, status, &err);
}

static int judge(schema_run *r, const char *path) {
    cli_text text;
    mote_error err = {0};
    bool matches;
    size_t offset;
    int code = cli_input_read(path, &text);
    if (code != CLI_DONE)
        return code;
    mote_status status = r->matcher ? mote_matcher_match(r->matcher, text.data, text.n_bytes, &matches, &offset, &err)
                                    : mote_constraint_match(r->constraint, text.data, text.n_bytes, &matches, &offset, &err);
    cli_text_free(&text);
    if (status != MOTE_OK)
        return fail(path, status, &err);
    if (!r->o->json) {
        printf(matches ? "accept\n" : "reject %zu\n", offset);
        return CLI_DONE;
    }
    cli_writer_open(&r->w, '{');
    cli_writer_key(&r->w, "file");
    cli_writer_text(&r->w, path);
    cli_writer_key(&r->w, "accept");
    cli_writer_bool(&r->w, matches);
    if (!matches) {
        cli_writer_key(&r->w, "offset");
        cli_writer_integer(&r->w, (long long)offset);
    }
    cli_writer_close(&r->w, '}');
    return CLI_DONE;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void write_number(schema_run *r, const char *name, double x) {
    if (r->o->json) {
        cli_writer_key(&r->w, name);
        cli_writer_float(&r->w, x);
    } else {
        printf("%s %.1f\n", name, x);
    }
}

static void print_times(schema_run *r) {
    size_t n = 0;
    const double *seconds = r->matcher ? mote_matcher_seconds(r->matcher, &n) : NULL;
    double *sorted = cli_alloc(n + 1, sizeof *sorted), sum = 0;
    for (size_t i = 0; i < n; i++) {
        sorted[i] = seconds[i];
        sum += seconds[i];
    }
    qsort(sorted, n, sizeof *sorted, by_size);
    write_number(r, "compile_us", r->compile_seconds * 1e6);
    if (r->matcher)
        write_number(r, "vocabulary_us", r->vocabulary_seconds * 1e6);
    if (n > 0) {
        write_number(r, "masks", (double)n);
        write_number(r, "mask_mean_us", sum / (double)n * 1e6);
        write_number(r, "mask_p50_us", sorted[n / 2] * 1e6);
        write_number(r, "mask_p99_us", sorted[n * 99 / 100] * 1e6);
        write_number(r, "mask_max_us", sorted[n - 1] * 1e6);
    }
    free(sorted);
}

int cli_schema(const cli_options *o) {
    schema_run r = {.o = o};
    int code = compile(&r);
    if (code == CLI_DONE)
        code = open_matcher(&r);
    if (code == CLI_DONE && o->json) {
        cli_writer_init(&r.w, stdout);
        cli_writer_open(&r.w, '{');
        cli_writer_key(&r.w, "instances");
        cli_writer_open(&r.w, '[');
    }
    for (size_t i = 1; code == CLI_DONE && i < o->arguments.n; i++)
        code = judge(&r, o->arguments.items[i]);
    if (code == CLI_DONE && o->json)
        cli_writer_close(&r.w, ']');
    if (code == CLI_DONE && o->measure)
        print_times(&r);
    if (code == CLI_DONE && o->json) {
        cli_writer_close(&r.w, '}');
        cli_writer_finish(&r.w);
    }
    mote_matcher_free(&r.matcher);
    mote_tokenizer_free(&r.tokenizer);
    mote_constraint_free(&r.constraint);
    return code;
}
