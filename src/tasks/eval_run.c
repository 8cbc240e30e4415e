#include "tasks/eval_run.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "tasks/task.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_REPORT_BYTES = 1 << 20 };

size_t mote_eval_pick(const mote_eval_run *run, size_t n_all, size_t i, size_t *n) {
    size_t wanted = run->options->n_items;
    *n = wanted && wanted < n_all ? wanted : n_all;
    return *n ? (size_t)((double)i * (double)n_all / (double)*n) : 0;
}

mote_status mote_eval_begin(mote_eval_run *run, size_t n_items, mote_error *err) {
    const mote_task_eval_options *o = run->options;
    if (o->progress && !o->progress(o->progress_context, "measuring", (double)run->n / (double)n_items))
        return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
    run->begun = mote_clock_seconds();
    return MOTE_OK;
}

mote_status mote_eval_end(mote_eval_run *run, size_t n_tokens, mote_error *err) {
    if (run->n == run->capacity) {
        size_t capacity = 2 * run->capacity + 256;
        double *seconds = mote_mem_resize_array(run->seconds, capacity, sizeof *seconds);
        if (!seconds)
            return mote_error_alloc(err, capacity * sizeof *seconds);
        run->seconds = seconds;
        run->capacity = capacity;
    }
    run->seconds[run->n++] = mote_clock_seconds() - run->begun;
    run->n_tokens += n_tokens;
    return MOTE_OK;
}

mote_status mote_eval_metric(mote_eval_run *run, const char *name, double value) {
    MOTE_TRY(mote_buffer_appendf(&run->metric, "%s\"%s\":", run->metric.len ? "," : "", name));
    return mote_json_write_real(&run->metric, value);
}

mote_status mote_eval_difference(mote_eval_run *run, const mote_paired *paired, mote_error *err) {
    double interval[2];
    mote_status status = mote_paired_interval(paired, interval);
    if (status != MOTE_OK)
        return mote_error_alloc(err, MOTE_PAIRED_DRAWS * sizeof(double));
    MOTE_TRY(mote_eval_metric(run, "difference", mote_paired_mean(paired)));
    MOTE_TRY(mote_buffer_append_text(&run->metric, ",\"difference_interval\":["));
    MOTE_TRY(mote_json_write_real(&run->metric, interval[0]));
    MOTE_TRY(mote_buffer_append_char(&run->metric, ','));
    MOTE_TRY(mote_json_write_real(&run->metric, interval[1]));
    return mote_buffer_append_char(&run->metric, ']');
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static mote_status write_number(mote_buffer *out, const char *key, double x) {
    MOTE_TRY(mote_buffer_appendf(out, ",\"%s\":", key));
    return mote_json_write_real(out, x);
}

static mote_status write_report(mote_eval_run *run, mote_buffer *out) {
    double sum = 0;
    for (size_t i = 0; i < run->n; i++)
        sum += run->seconds[i];
    if (run->n)
        qsort(run->seconds, run->n, sizeof *run->seconds, compare);
    double p50 = run->n ? run->seconds[(run->n - 1) / 2] : 0, p99 = run->n ? run->seconds[(run->n - 1) * 99 / 100] : 0;
    MOTE_TRY(mote_buffer_append_text(out, "{\"task\":"));
    MOTE_TRY(mote_json_write_string(out, mote_str_of(run->options->kind)));
    MOTE_TRY(mote_buffer_append_text(out, ",\"metric\":{"));
    MOTE_TRY(mote_buffer_append_str(out, mote_buffer_str(&run->metric)));
    MOTE_TRY(mote_buffer_appendf(out, "},\"n\":%zu", run->n));
    MOTE_TRY(write_number(out, "seconds", sum));
    MOTE_TRY(mote_buffer_append_text(out, ",\"per_item_ms\":{\"p50\":"));
    MOTE_TRY(mote_json_write_real(out, 1000 * p50));
    MOTE_TRY(write_number(out, "p99", 1000 * p99));
    MOTE_TRY(mote_buffer_append_char(out, '}'));
    MOTE_TRY(write_number(out, "tokens_per_second", sum > 0 ? (double)run->n_tokens / sum : 0));
    return mote_buffer_append_char(out, '}');
}

static const struct {
    const char *kind;
    mote_status (*measure)(mote_eval_run *run, mote_error *err);
} kinds[] = {{"classify", mote_eval_classify}, {"extract", mote_eval_extract},     {"proofread", mote_eval_proofread},
             {"rewrite", mote_eval_rewrite},   {"summarize", mote_eval_summarize}, {"tools", mote_eval_tools}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static size_t find_kind(mote_str name) {
    size_t i = 0;
    while (i < N_KINDS && !mote_str_is(name, kinds[i].kind))
        i++;
    return i;
}

static mote_status measure(mote_eval_run *run, mote_task_eval_options *o, mote_error *err) {
    size_t i = find_kind(mote_str_of(o->kind));
    mote_task task;
    if (i == N_KINDS && mote_task_open(&task, o->kind, NULL, NULL) == MOTE_OK) {
        i = find_kind(mote_json_string(mote_json_get(task.root, "kind")));
        o->task = o->task ? o->task : o->kind;
        mote_task_close(&task);
    }
    if (i == N_KINDS)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "there is no measurement of the task '%.60s'", o->kind);
    return kinds[i].measure(run, err);
}

mote_status mote_task_eval(mote_engine *engine, const mote_task_eval_options *options, char **json, mote_error *err) {
    mote_task_eval_options own = *options;
    mote_eval_run run = {.engine = engine, .options = &own};
    mote_buffer out;
    *json = NULL;
    mote_buffer_init(&run.metric, MAX_REPORT_BYTES);
    mote_buffer_init(&out, MAX_REPORT_BYTES);
    mote_status status = measure(&run, &own, err);
    if (status == MOTE_OK)
        status = write_report(&run, &out);
    if (status == MOTE_OK && !(*json = mote_buffer_take(&out)))
        status = mote_error_alloc(err, out.len);
    mote_buffer_deinit(&out);
    mote_buffer_deinit(&run.metric);
    mote_mem_free(run.seconds);
    return status;
}
