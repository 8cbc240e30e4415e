/* `mote extract`: the values of texts as JSON. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/json_lines.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>
#include <string.h>

typedef struct example_list {
    mote_extract_example *items; /* texts are borrowed from values, those of JSON owned */
    size_t n;
    json_t *values;
} example_list;

static int read_examples(const cli_options *o, example_list *list) {
    int code = cli_json_examples(o->examples, "value", false, &list->values);
    list->n = code == CLI_DONE ? json_array_size(list->values) : 0;
    list->items = cli_resize(NULL, list->n + 1, sizeof *list->items);
    for (size_t i = 0; i < list->n; i++) {
        const json_t *object = json_array_get(list->values, i), *text = json_object_get(object, "text");
        char *dumped = json_dumps(json_object_get(object, "value"), JSON_COMPACT | JSON_ENCODE_ANY);
        list->items[i] = (mote_extract_example){json_string_value(text), json_string_length(text), dumped, dumped ? strlen(dumped) : 0};
        if (!dumped)
            code = cli_output_fail(CLI_FAILED, NULL, "%s: out of memory", o->examples);
    }
    return code;
}

static void free_examples(example_list *list) {
    for (size_t i = 0; i < list->n; i++)
        free((void *)list->items[i].value);
    free(list->items);
    json_decref(list->values);
}

static void print_json(const mote_extraction *e) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "value");
    cli_writer_json(&w, e->value, e->value_bytes);
    cli_writer_key(&w, "spans");
    cli_writer_open(&w, '[');
    for (size_t i = 0; i < e->n_spans; i++) {
        const mote_extract_span *s = &e->spans[i];
        cli_writer_open(&w, '{');
        cli_writer_key(&w, "path");
        cli_writer_text(&w, s->path);
        cli_writer_key(&w, "start");
        s->is_found ? cli_writer_integer(&w, (int64_t)s->start) : cli_writer_text(&w, NULL);
        cli_writer_key(&w, "end");
        s->is_found ? cli_writer_integer(&w, (int64_t)s->end) : cli_writer_text(&w, NULL);
        cli_writer_close(&w, '}');
    }
    cli_writer_close(&w, ']');
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static int extract_one(const cli_options *o, mote_extractor *extractor, const char *text, size_t n_bytes) {
    mote_extraction extraction = {0};
    mote_error err = {0};
    mote_status status = mote_extract(extractor, text, n_bytes, &extraction, &err);
    if (status == MOTE_OK && o->json) {
        print_json(&extraction);
    } else if (status == MOTE_OK) {
        cli_output_text(extraction.value, extraction.value_bytes);
        putchar('\n');
        cli_output_flush();
    }
    mote_extraction_deinit(&extraction);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, false);
}

/* What each line needs. */
typedef struct run {
    const cli_options *o;
    mote_extractor *extractor;
} run;

static int extract_line(void *context, const char *line, size_t n_bytes, size_t number) {
    const run *r = context;
    json_t *value;
    const char *text;
    size_t n_text_bytes;
    int code = cli_json_line_text(line, n_bytes, number, &value, &text, &n_text_bytes);
    if (code == CLI_DONE)
        code = extract_one(r->o, r->extractor, text, n_text_bytes);
    json_decref(value);
    return code;
}

static int extract_file(const cli_options *o, mote_extractor *extractor, const char *path) {
    cli_text text;
    int code = cli_input_read_document(path, &text);
    if (code == CLI_DONE)
        code = extract_one(o, extractor, text.data, text.n_bytes);
    cli_text_free(&text);
    return code;
}

static int create(const cli_options *o, cli_runtime *r, const cli_text *schema, const example_list *examples, cli_progress *progress, mote_extractor **extractor) {
    mote_extract_options options = MOTE_EXTRACT_OPTIONS_INIT;
    mote_error err = {0};
    options.task = o->task;
    options.schema = schema->data;
    options.schema_bytes = schema->n_bytes;
    options.examples = examples->items;
    options.n_examples = examples->n;
    options.progress = cli_progress_step;
    options.progress_context = progress;
    mote_session_free(&r->session); /* the extractor makes its own */
    mote_status status = mote_extractor_create(r->engine, &options, extractor, &err);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, true);
}

int cli_extract(const cli_options *o) {
    cli_runtime runtime = {0};
    cli_text schema = {NULL, 0};
    example_list examples = {0};
    mote_extractor *extractor = NULL;
    cli_progress progress;
    if (!o->schema_path)
        return cli_output_fail(CLI_USAGE, "usage: mote extract --schema FILE [TEXT-FILE]", "extract: --schema is missing");
    cli_options own = *o;
    own.schema_path = NULL; /* of the task, not of the runtime's answers */
    const char *path = o->arguments.n ? o->arguments.items[0] : "-";
    int code = cli_input_read(o->schema_path, &schema);
    if (code == CLI_DONE)
        code = read_examples(o, &examples);
    if (code == CLI_DONE)
        code = cli_runtime_open(&runtime, &own);
    cli_progress_begin(&progress, o);
    if (code == CLI_DONE)
        code = create(o, &runtime, &schema, &examples, &progress, &extractor);
    if (code == CLI_DONE)
        code = o->jsonl ? cli_lines_each(path, extract_line, &(run){o, extractor}) : extract_file(o, extractor, path);
    cli_progress_end(&progress);
    mote_extractor_free(&extractor);
    cli_runtime_close(&runtime);
    free_examples(&examples);
    cli_text_free(&schema);
    return code;
}
