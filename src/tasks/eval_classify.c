/* Classification on BANKING77 (train.csv), SST-2 (train.tsv, dev.tsv) and CLINC150 (train_val.json): accuracy and calibration. Of a set without a part for validation, what is
 * measured is every item that isn't an example. */
#include "tasks/eval_files.h"
#include "tasks/eval_run.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "tasks/classify_private.h"
#include "tasks/score_labels.h"

#include <stdlib.h>

enum { FEW_LABELS = 10, SHOTS_OF_FEW = 64, SHOTS = 10 };

typedef struct item {
    mote_str text;
    const char *label; /* one of the set's; NULL: out of scope */
    bool is_train, is_example;
} item;

typedef struct set {
    item *items;
    size_t n, capacity;
    const char **labels; /* owned texts */
    size_t n_labels;
    bool has_train; /* a part of its own; else examples come from what is measured */
    mote_lines files[2];
    mote_json *root;
} set;

static void set_deinit(set *s) {
    for (size_t i = 0; i < s->n_labels; i++)
        mote_mem_free((void *)s->labels[i]);
    mote_mem_free(s->labels);
    mote_mem_free(s->items);
    mote_lines_deinit(&s->files[0]);
    mote_lines_deinit(&s->files[1]);
    mote_json_free(&s->root);
}

/* The set's own copy of a label, spelled with spaces: what a model reads. */
static mote_status intern(set *s, mote_str label, const char **out) {
    char name[256];
    size_t n = label.len < sizeof name - 1 ? label.len : sizeof name - 1;
    for (size_t i = 0; i < n; i++)
        name[i] = label.data[i] == '_' ? ' ' : label.data[i];
    name[n] = 0;
    for (size_t i = 0; i < s->n_labels; i++)
        if (strcmp(s->labels[i], name) == 0) {
            *out = s->labels[i];
            return MOTE_OK;
        }
    if (s->n_labels == MOTE_LABELS_MAX)
        return MOTE_ERR_LIMIT;
    if (!s->labels && !(s->labels = mote_mem_zalloc_array(MOTE_LABELS_MAX, sizeof *s->labels)))
        return MOTE_ERR_ALLOC;
    if (!(s->labels[s->n_labels] = mote_mem_dup_text(name)))
        return MOTE_ERR_ALLOC;
    *out = s->labels[s->n_labels++];
    return MOTE_OK;
}

static mote_status add_item(set *s, mote_str text, mote_str label, bool is_train) {
    if (s->n == s->capacity) {
        size_t capacity = 2 * s->capacity + 1024;
        item *items = mote_mem_resize_array(s->items, capacity, sizeof *items);
        if (!items)
            return MOTE_ERR_ALLOC;
        s->items = items;
        s->capacity = capacity;
    }
    item it = {text, NULL, is_train, false};
    if (label.data)
        MOTE_TRY(intern(s, label, &it.label));
    s->items[s->n++] = it;
    return MOTE_OK;
}

static mote_status read_csv(set *s, size_t f, const char *folder, const char *file, bool is_train, mote_error *err) {
    mote_str cells[2];
    size_t at = 0, row = 0;
    MOTE_TRY(mote_lines_read(&s->files[f], folder, file, err));
    for (size_t n; (n = mote_csv_row(&s->files[f].bytes, &at, cells, 2)) > 0; row++) {
        if (n != 2)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s/%s, row %zu: not two cells", folder, file, row + 1);
        if (row > 0)
            MOTE_TRY(add_item(s, cells[0], cells[1], is_train));
    }
    return MOTE_OK;
}

static mote_status read_banking(set *s, const char *folder, mote_error *err) {
    s->has_train = mote_eval_has(folder, "test.csv");
    MOTE_TRY(read_csv(s, 0, folder, "train.csv", s->has_train, err));
    return s->has_train ? read_csv(s, 1, folder, "test.csv", false, err) : MOTE_OK;
}

static mote_status read_sst2(set *s, const char *folder, mote_error *err) {
    const char *const names[] = {"train.tsv", mote_eval_has(folder, "dev.tsv") ? "dev.tsv" : "test.tsv"};
    s->has_train = true;
    for (size_t f = 0; f < 2; f++) {
        if (f == 0 && !mote_eval_has(folder, names[f]))
            continue;
        MOTE_TRY(mote_lines_read(&s->files[f], folder, names[f], err));
        for (size_t i = 0; i < s->files[f].n; i++) {
            mote_str cells[2];
            if (mote_cells(s->files[f].items[i], '\t', cells, 2) != 2)
                return mote_error_set(err, MOTE_ERR_FORMAT, "%s/%s, line %zu: not two cells", folder, names[f], i + 1);
            MOTE_TRY(add_item(s, cells[0], mote_str_is(cells[1], "1") ? MOTE_STR("positive") : MOTE_STR("negative"), f == 0));
        }
    }
    return MOTE_OK;
}

static mote_status read_clinc(set *s, const char *folder, mote_error *err) {
    static const struct {
        const char *key;
        bool is_train, in_scope;
    } parts[] = {{"train", true, true}, {"val", false, true}, {"oos_val", false, false}};
    char *path = mote_eval_path(folder, "train_val.json");
    mote_status status = path ? mote_json_read(path, &s->root, err) : mote_error_alloc(err, 1);
    mote_mem_free(path);
    s->has_train = true;
    for (size_t p = 0; p < 3 && status == MOTE_OK; p++) {
        const mote_json *list = mote_json_get(s->root, parts[p].key);
        for (size_t i = 0; status == MOTE_OK && i < mote_json_length(list); i++) {
            const mote_json *pair = mote_json_at(list, i);
            mote_str none = {NULL, 0};
            status = add_item(s, mote_json_string(mote_json_at(pair, 0)), parts[p].in_scope ? mote_json_string(mote_json_at(pair, 1)) : none, parts[p].is_train);
        }
    }
    return status;
}

static mote_status read_set(set *s, const char *folder, mote_error *err) {
    if (mote_eval_has(folder, "train.csv"))
        return read_banking(s, folder, err);
    if (mote_eval_has(folder, "dev.tsv") || mote_eval_has(folder, "test.tsv"))
        return read_sst2(s, folder, err);
    if (mote_eval_has(folder, "train_val.json"))
        return read_clinc(s, folder, err);
    return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: none of train.csv (BANKING77), dev.tsv or test.tsv (SST-2), train_val.json (CLINC150)", folder);
}

/* Marks the first n_shots items of each label; *n is their number. */
static void choose_examples(set *s, size_t n_shots, size_t *n) {
    *n = 0;
    for (size_t l = 0; l < s->n_labels; l++) {
        size_t found = 0;
        for (size_t i = 0; i < s->n && found < n_shots; i++)
            if (s->items[i].label == s->labels[l] && s->items[i].is_train == s->has_train) {
                s->items[i].is_example = true;
                found++;
            }
        *n += found;
    }
}

typedef struct tally {
    mote_label_sums sums;            /* of items in scope */
    size_t n_outside, n_outside_low; /* low: unsure */
    mote_session *writer;            /* NULL: nothing is generated */
    size_t n_written_right, n_written_none;
    double seconds, written_seconds;
    mote_paired paired; /* right by likelihood less right as written */
} tally;

/* The label of one item as the model writes it. */
static mote_status measure_written(const set *s, mote_classifier *classifier, const item *it, bool is_right, tally *t, mote_error *err) {
    size_t label = 0;
    double begun = mote_clock_seconds();
    MOTE_TRY(mote_classifier_generate(classifier, t->writer, it->text, &label, err));
    t->written_seconds += mote_clock_seconds() - begun;
    if (!it->label)
        return MOTE_OK;
    bool written_right = label < s->n_labels && strcmp(s->labels[label], it->label) == 0;
    t->n_written_right += written_right;
    t->n_written_none += label == s->n_labels;
    return mote_paired_add(&t->paired, 0, (double)is_right - (double)written_right, err);
}

static mote_status measure_one(mote_eval_run *run, const set *s, mote_classifier *classifier, const item *it, size_t n_items, tally *t, mote_error *err) {
    mote_classify_result result = {0};
    MOTE_TRY(mote_eval_begin(run, n_items, err));
    MOTE_TRY(mote_classify(classifier, it->text.data, it->text.len, &result, err));
    MOTE_TRY(mote_eval_end(run, result.n_tokens, err));
    bool is_right = it->label && strcmp(s->labels[result.label], it->label) == 0;
    if (it->label)
        mote_labels_add(&t->sums, is_right, result.probability);
    t->n_outside += !it->label;
    t->n_outside_low += !it->label && result.unsure;
    t->seconds += run->seconds[run->n - 1];
    return t->writer ? measure_written(s, classifier, it, is_right, t, err) : MOTE_OK;
}

static mote_status measure(mote_eval_run *run, const set *s, mote_classifier *classifier, tally *t, mote_error *err) {
    size_t n_all = 0, n_items, none, *indices = mote_mem_alloc_array(s->n + 1, sizeof *indices);
    mote_status status = indices ? MOTE_OK : mote_error_alloc(err, s->n * sizeof *indices);
    for (size_t i = 0; indices && i < s->n; i++)
        if (!s->items[i].is_train && !s->items[i].is_example)
            indices[n_all++] = i;
    if (status == MOTE_OK && run->options->beside_generation)
        status = mote_session_create(run->engine, &t->writer, err);
    if (status == MOTE_OK && t->writer) /* what all prompts begin with is computed beforehand, as the classifier did */
        status = mote_classifier_generate(classifier, t->writer, MOTE_STR(""), &none, err);
    mote_eval_pick(run, n_all, 0, &n_items);
    for (size_t i = 0; status == MOTE_OK && i < n_items; i++)
        status = measure_one(run, s, classifier, &s->items[indices[mote_eval_pick(run, n_all, i, &n_items)]], n_items, t, err);
    mote_session_free(&t->writer);
    mote_mem_free(indices);
    return status;
}

static mote_status write_written(mote_eval_run *run, const tally *t, mote_error *err) {
    double n = (double)t->sums.n, all = (double)run->n;
    if (t->sums.n == 0 || t->seconds <= 0 || t->written_seconds <= 0)
        return MOTE_OK;
    MOTE_TRY(mote_eval_metric(run, "generated_accuracy", (double)t->n_written_right / n));
    MOTE_TRY(mote_eval_metric(run, "generated_no_label", (double)t->n_written_none / n));
    MOTE_TRY(mote_eval_difference(run, &t->paired, err));
    MOTE_TRY(mote_eval_metric(run, "items_per_second", all / t->seconds));
    MOTE_TRY(mote_eval_metric(run, "generated_items_per_second", all / t->written_seconds));
    return mote_eval_metric(run, "speed_ratio", t->written_seconds / t->seconds);
}

static mote_status write_metrics(mote_eval_run *run, const tally *t, size_t n_examples, mote_error *err) {
    MOTE_TRY(mote_eval_metric(run, "accuracy", mote_labels_accuracy(&t->sums)));
    MOTE_TRY(mote_eval_metric(run, "ece", mote_labels_calibration_error(&t->sums)));
    MOTE_TRY(mote_eval_metric(run, "examples", (double)n_examples));
    if (t->n_outside)
        MOTE_TRY(mote_eval_metric(run, "out_of_scope_recall", (double)t->n_outside_low / (double)t->n_outside));
    return run->options->beside_generation ? write_written(run, t, err) : MOTE_OK;
}

static mote_status run_set(mote_eval_run *run, set *s, mote_error *err) {
    size_t n_examples = 0;
    mote_classify_options o = MOTE_CLASSIFY_OPTIONS_INIT;
    size_t n_shots = run->options->n_shots != MOTE_TASK_SHOTS_AUTO ? run->options->n_shots : s->n_labels <= FEW_LABELS ? SHOTS_OF_FEW : SHOTS;
    choose_examples(s, n_shots, &n_examples);
    mote_label_example *examples = mote_mem_alloc_array(n_examples + 1, sizeof *examples);
    if (!examples)
        return mote_error_alloc(err, n_examples * sizeof *examples);
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].is_example)
            examples[o.n_examples++] = (mote_label_example){s->items[i].text.data, s->items[i].text.len, s->items[i].label};
    o.task = run->options->task;
    o.labels = s->labels;
    o.n_labels = s->n_labels;
    o.examples = examples;
    o.threshold = 0.5;
    o.progress = run->options->progress;
    o.progress_context = run->options->progress_context;
    mote_classifier *classifier = NULL;
    tally t = {0};
    mote_status status = mote_classifier_create(run->engine, &o, &classifier, err);
    if (status == MOTE_OK)
        status = measure(run, s, classifier, &t, err);
    mote_classifier_free(&classifier);
    mote_mem_free(examples);
    if (status == MOTE_OK)
        status = write_metrics(run, &t, n_examples, err);
    mote_paired_deinit(&t.paired);
    return status;
}

mote_status mote_eval_classify(mote_eval_run *run, mote_error *err) {
    set s = {0};
    mote_status status = read_set(&s, run->options->folder, err);
    if (status == MOTE_OK)
        status = run_set(run, &s, err);
    set_deinit(&s);
    return status;
}
