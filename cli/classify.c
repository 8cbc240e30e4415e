/* `mote classify`: a label for each line. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/json_lines.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>
#include <string.h>

typedef struct label_list {
    const char **items;
    size_t n;
    cli_text text; /* they are borrowed from it, or from the examples */
} label_list;

typedef struct example_list {
    mote_label_example *items; /* borrowed from values */
    size_t n;
    json_t *values;
} example_list;

static void add_label(label_list *list, char *label) {
    while (*label == ' ' || *label == '\t')
        label++;
    size_t n = strlen(label);
    while (n && strchr(" \t\r", label[n - 1]))
        label[--n] = 0;
    if (n == 0)
        return;
    list->items = cli_resize(list->items, list->n + 1, sizeof *list->items);
    list->items[list->n++] = label;
}

static int read_labels(const cli_options *o, const example_list *examples, label_list *list) {
    int code = CLI_DONE;
    if (o->labels && o->labels_file)
        return cli_output_fail(CLI_USAGE, NULL, "classify: either --labels or --labels-file, not both");
    if (o->labels_file)
        code = cli_input_read(o->labels_file, &list->text);
    else if (o->labels)
        cli_text_append(&list->text, o->labels, strlen(o->labels));
    const char *ends = o->labels_file ? "\n" : ",";
    char *at = list->text.data, *rest = NULL;
    for (char *label = at ? strtok_r(at, ends, &rest) : NULL; code == CLI_DONE && label; label = strtok_r(NULL, ends, &rest))
        add_label(list, label);
    for (size_t i = 0; code == CLI_DONE && !o->labels && !o->labels_file && i < examples->n; i++) {
        size_t k = 0;
        while (k < list->n && strcmp(list->items[k], examples->items[i].label) != 0)
            k++;
        if (k < list->n)
            continue;
        list->items = cli_resize(list->items, list->n + 1, sizeof *list->items);
        list->items[list->n++] = examples->items[i].label;
    }
    if (code == CLI_DONE && list->n == 0)
        code = cli_output_fail(CLI_USAGE, "--labels a,b,c, --labels-file FILE or --examples FILE", "classify: no labels");
    return code;
}

static int read_examples(const cli_options *o, example_list *list) {
    int code = cli_json_examples(o->examples, "label", true, &list->values);
    list->n = code == CLI_DONE ? json_array_size(list->values) : 0;
    list->items = cli_resize(NULL, list->n + 1, sizeof *list->items);
    for (size_t i = 0; i < list->n; i++) {
        const json_t *object = json_array_get(list->values, i), *text = json_object_get(object, "text");
        list->items[i] = (mote_label_example){json_string_value(text), json_string_length(text), json_string_value(json_object_get(object, "label"))};
    }
    return code;
}

static void print_json(const cli_options *o, const label_list *labels, const mote_classify_result *r) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "label");
    cli_writer_text(&w, o->multi && r->probability < 0.5 ? NULL : labels->items[r->label]);
    cli_writer_key(&w, "probability");
    cli_writer_real(&w, r->probability);
    if (o->multi) {
        cli_writer_key(&w, "labels");
        cli_writer_open(&w, '[');
        for (size_t i = 0; i < labels->n; i++)
            if (r->probabilities[i] >= 0.5)
                cli_writer_text(&w, labels->items[i]);
        cli_writer_close(&w, ']');
    }
    cli_writer_key(&w, "probabilities");
    cli_writer_open(&w, '{');
    for (size_t i = 0; i < labels->n; i++) {
        cli_writer_key(&w, labels->items[i]);
        cli_writer_real(&w, r->probabilities[i]);
    }
    cli_writer_close(&w, '}');
    cli_writer_key(&w, "unsure");
    cli_writer_bool(&w, r->unsure);
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static void print_line(const cli_options *o, const label_list *labels, const mote_classify_result *r, const char *text, size_t n_bytes) {
    const char *label = r->unsure ? "unsure" : labels->items[r->label];
    if (o->multi) {
        bool any = false;
        for (size_t i = 0; i < labels->n; i++)
            if (r->probabilities[i] >= 0.5) {
                printf("%s%s", any ? "," : "", labels->items[i]);
                any = true;
            }
        label = any ? "" : "-";
    }
    printf("%s\t%.3f\t", label, r->probability);
    cli_output_text(text, n_bytes);
    putchar('\n');
    cli_output_flush();
}

/* What each line needs. */
typedef struct run {
    const cli_options *o;
    mote_classifier *classifier;
    const label_list *labels;
} run;

static int classify_line(void *context, const char *line, size_t n_bytes, size_t number) {
    const run *r = context;
    json_t *value = NULL;
    int code = r->o->jsonl ? cli_json_line_text(line, n_bytes, number, &value, &line, &n_bytes) : CLI_DONE;
    if (code == CLI_DONE && memchr(line, 0, n_bytes))
        code = cli_output_fail(CLI_FAILED, NULL, "line %zu: this is no text: it holds a byte of zero", number);
    if (code == CLI_DONE) {
        mote_classify_result result;
        mote_error err = {0};
        mote_status status = mote_classify(r->classifier, line, n_bytes, &result, &err);
        if (status != MOTE_OK)
            code = cli_output_status(status, &err, false);
        else if (r->o->json)
            print_json(r->o, r->labels, &result);
        else
            print_line(r->o, r->labels, &result, line, n_bytes);
    }
    json_decref(value);
    return code;
}

static int create(const cli_options *o, cli_runtime *r, const label_list *labels, const example_list *examples, mote_classifier **classifier) {
    mote_classify_options options = MOTE_CLASSIFY_OPTIONS_INIT;
    mote_error err = {0};
    cli_progress progress;
    cli_progress_begin(&progress, o);
    options.task = o->task;
    options.labels = labels->items;
    options.n_labels = labels->n;
    options.examples = examples->items;
    options.n_examples = examples->n;
    options.threshold = o->threshold;
    options.multi = o->multi;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    mote_session_free(&r->session); /* the classifier makes its own */
    mote_status status = mote_classifier_create(r->engine, &options, classifier, &err);
    cli_progress_end(&progress);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, true);
}

int cli_classify(const cli_options *o) {
    cli_runtime runtime = {0};
    label_list labels = {0};
    example_list examples = {0};
    mote_classifier *classifier = NULL;
    int code = read_examples(o, &examples);
    if (code == CLI_DONE)
        code = read_labels(o, &examples, &labels);
    if (code == CLI_DONE)
        code = cli_runtime_open(&runtime, o);
    if (code == CLI_DONE)
        code = create(o, &runtime, &labels, &examples, &classifier);
    if (code == CLI_DONE)
        code = cli_lines_each(o->arguments.n ? o->arguments.items[0] : "-", classify_line, &(run){o, classifier, &labels});
    mote_classifier_free(&classifier);
    cli_runtime_close(&runtime);
    cli_text_free(&labels.text);
    free(labels.items);
    free(examples.items);
    json_decref(examples.values);
    return code;
}
