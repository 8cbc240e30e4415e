/* `mote extract`: the values of texts as JSON. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct example_list {
    mote_extract_example *items; /* texts are borrowed from values, those of JSON owned */
    size_t n;
    json_t *values;
} example_list;

static int read_examples(const cli_options *o, example_list *list) {
    cli_text text = {NULL, 0};
    if (!o->examples)
        return CLI_DONE;
    int code = cli_input_read(o->examples, &text);
    list->values = json_array();
    size_t number = 0;
    for (char *line = text.data, *end; code == CLI_DONE && line && *line; line = end) {
        size_t n = strcspn(line, "\n");
        end = line + n + (line[n] == '\n');
        number++;
        if (strspn(line, " \t\r") >= n)
            continue;
        json_t *object = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        const json_t *its_text = json_object_get(object, "text"), *value = json_object_get(object, "value");
        char *dumped = value && json_is_string(its_text) ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (!dumped) {
            json_decref(object);
            code = cli_output_fail(CLI_FAILED, NULL, "%s, line %zu: no object with a \"text\" and a \"value\"", o->examples, number);
            break;
        }
        json_array_append_new(list->values, object);
        list->items = cli_resize(list->items, list->n + 1, sizeof *list->items);
        list->items[list->n++] = (mote_extract_example){json_string_value(its_text), json_string_length(its_text), dumped, strlen(dumped)};
    }
    cli_text_free(&text);
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

static int extract_line(const cli_options *o, mote_extractor *extractor, const mote_embed_text *line, size_t number) {
    json_t *value = json_loadb(line->text, line->text_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const json_t *text = json_is_object(value) ? json_object_get(value, "text") : value;
    int code = json_is_string(text) ? extract_one(o, extractor, json_string_value(text), json_string_length(text))
                                    : cli_output_fail(CLI_FAILED, NULL, "line %zu: no JSON text, and no object with a \"text\"", number);
    json_decref(value);
    return code;
}

static int extract_stdin_lines(const cli_options *o, mote_extractor *extractor) {
    cli_lines lines;
    cli_lines_begin(&lines);
    int code;
    do {
        code = cli_lines_next(&lines);
        for (size_t i = 0; code == CLI_DONE && i < lines.n; i++)
            code = extract_line(o, extractor, &lines.texts[i], lines.first_number + i);
    } while (code == CLI_DONE && lines.n);
    cli_lines_end(&lines);
    return code;
}

static int extract_file(const cli_options *o, mote_extractor *extractor, const char *path) {
    cli_text text;
    size_t number = 1;
    int code = cli_input_read(path, &text);
    if (code == CLI_DONE && !o->jsonl)
        code = extract_one(o, extractor, text.data, text.n_bytes);
    for (char *line = text.data, *end = line + text.n_bytes; code == CLI_DONE && o->jsonl && line < end; number++) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t n = stop ? (size_t)(stop - line) : (size_t)(end - line);
        code = extract_line(o, extractor, &(mote_embed_text){.text = line, .text_bytes = n}, number);
        line += n + 1;
    }
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
        code = o->jsonl && strcmp(path, "-") == 0 ? extract_stdin_lines(o, extractor) : extract_file(o, extractor, path);
    cli_progress_end(&progress);
    mote_extractor_free(&extractor);
    cli_runtime_close(&runtime);
    free_examples(&examples);
    cli_text_free(&schema);
    return code;
}
