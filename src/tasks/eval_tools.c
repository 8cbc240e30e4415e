/* Tool calls on the Berkeley Function Calling Leaderboard (BFCL_v4_simple_python.json, _multiple, _parallel, with possible_answer/): the mean of the AST matches of its categories,
 * and answers that are no calls by the schemas; beside these, the same of what the model writes to the same prompt without a constraint, taken as calls in whatever form they
 * stand. Its types are Python's: they are read as JSON's. */
#include "tasks/eval_files.h"
#include "tasks/eval_run.h"

#include "base/error.h"
#include "formats/json.h"
#include "tasks/score_calls.h"
#include "tasks/tools_private.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *file;
} categories[] = {{"simple", "BFCL_v4_simple_python.json"}, {"multiple", "BFCL_v4_multiple.json"}, {"parallel", "BFCL_v4_parallel.json"}};
enum { N_CATEGORIES = sizeof categories / sizeof *categories, MAX_PATH_BYTES = 256 };

typedef struct figures {
    size_t n_right, n_malformed;
} figures;

typedef struct calls_set {
    mote_lines items[N_CATEGORIES], answers[N_CATEGORIES];
    size_t n_all;
    size_t n[N_CATEGORIES];
    figures bound[N_CATEGORIES], free[N_CATEGORIES];
    mote_paired paired; /* right when bound less right when free; a group is a category */
    size_t n_refused;   /* items with a schema that can't be enforced; they count as wrong */
} calls_set;

static mote_status read_set(calls_set *s, const char *folder, mote_error *err) {
    for (size_t c = 0; c < N_CATEGORIES; c++) {
        char path[MAX_PATH_BYTES];
        if (!mote_eval_has(folder, categories[c].file))
            continue;
        snprintf(path, sizeof path, "possible_answer/%s", categories[c].file);
        MOTE_TRY(mote_lines_read(&s->items[c], folder, categories[c].file, err));
        MOTE_TRY(mote_lines_read(&s->answers[c], folder, path, err));
        if (s->items[c].n != s->answers[c].n)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s/%s: %zu lines, the questions have %zu", folder, path, s->answers[c].n, s->items[c].n);
        s->n_all += s->items[c].n;
    }
    if (s->n_all == 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: no BFCL_v4_simple_python.json, _multiple.json or _parallel.json (BFCL)", folder);
    return MOTE_OK;
}

/* A "type" in Python's names by JSON Schema's; NULL: any. */
static const char *standard_type(mote_str type) {
    static const char *const names[][2] = {{"dict", "object"}, {"float", "number"}, {"tuple", "array"},  {"list", "array"},    {"int", "integer"},
                                           {"str", "string"},  {"any", NULL},       {"bool", "boolean"}, {"String", "string"}, {"Boolean", "boolean"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mote_str_is(type, names[i][0]))
            return names[i][1];
    return type.data;
}

static mote_status write_standard(mote_buffer *out, const mote_json *v);

static mote_status write_members(mote_buffer *out, const mote_json *v) {
    bool is_first = true;
    MOTE_TRY(mote_buffer_append_char(out, '{'));
    for (mote_json_iter *it = mote_json_first(v); it; it = mote_json_next(v, it)) {
        const mote_json *value = mote_json_iter_value(it);
        bool is_type = mote_str_is(mote_json_iter_key(it), "type") && mote_json_typeof(value) == MOTE_JSON_STRING;
        const char *type = is_type ? standard_type(mote_json_string(value)) : NULL;
        if (is_type && !type)
            continue;
        MOTE_TRY(mote_buffer_append_text(out, is_first ? "" : ","));
        MOTE_TRY(mote_json_write_string(out, mote_json_iter_key(it)));
        MOTE_TRY(mote_buffer_append_char(out, ':'));
        MOTE_TRY(is_type ? mote_json_write_string(out, mote_str_of(type)) : write_standard(out, value));
        is_first = false;
    }
    return mote_buffer_append_char(out, '}');
}

/* As deep as the JSON reader lets values be. */
static mote_status write_standard(mote_buffer *out, const mote_json *v) {
    if (mote_json_typeof(v) == MOTE_JSON_OBJECT)
        return write_members(out, v);
    if (mote_json_typeof(v) != MOTE_JSON_ARRAY)
        return mote_json_write(out, v);
    MOTE_TRY(mote_buffer_append_char(out, '['));
    for (size_t i = 0; i < mote_json_length(v); i++) {
        MOTE_TRY(mote_buffer_append_text(out, i ? "," : ""));
        MOTE_TRY(write_standard(out, mote_json_at(v, i)));
    }
    return mote_buffer_append_char(out, ']');
}

/* calls: [{"name","arguments"}]; named: [{name: arguments}]. */
static mote_status write_calls(const mote_tools_result *r, mote_buffer *calls, mote_buffer *named, mote_error *err) {
    mote_status status = mote_buffer_append_char(calls, '[');
    if (status == MOTE_OK)
        status = mote_buffer_append_char(named, '[');
    for (size_t i = 0; status == MOTE_OK && i < r->n_calls; i++) {
        mote_json *call = NULL;
        MOTE_TRY(mote_json_parse(r->calls[i], strlen(r->calls[i]), &call, err));
        status = mote_buffer_appendf(calls, "%s%s", i ? "," : "", r->calls[i]);
        if (status == MOTE_OK)
            status = mote_buffer_append_text(named, i ? ",{" : "{");
        if (status == MOTE_OK)
            status = mote_json_write_string(named, mote_json_string(mote_json_get(call, "name")));
        if (status == MOTE_OK)
            status = mote_buffer_append_char(named, ':');
        if (status == MOTE_OK)
            status = mote_json_write(named, mote_json_get(call, "arguments"));
        if (status == MOTE_OK)
            status = mote_buffer_append_char(named, '}');
        mote_json_free(&call);
    }
    if (status == MOTE_OK)
        status = mote_buffer_append_char(calls, ']');
    if (status == MOTE_OK)
        status = mote_buffer_append_char(named, ']');
    return status == MOTE_OK ? MOTE_OK : mote_error_alloc(err, calls->len + named->len);
}

/* Malformed: a call that isn't one of the tools' by its schema, or braces and no call. */
static mote_status judge(const mote_tools *tools, const mote_tools_result *r, const mote_json *functions, const mote_json *truth, figures *f, bool *is_right, mote_error *err) {
    mote_buffer calls, named;
    mote_json *value = NULL;
    bool fits = false;
    size_t offset;
    mote_status status;
    mote_buffer_init(&calls, MOTE_TOOLS_MAX_BYTES);
    mote_buffer_init(&named, MOTE_TOOLS_MAX_BYTES);
    MOTE_TRY_DONE(write_calls(r, &calls, &named, err));
    MOTE_TRY_DONE(mote_constraint_match(mote_tools_constraint(tools), calls.data, calls.len, &fits, &offset, err));
    f->n_malformed += !fits || (r->n_calls == 0 && r->text && strchr(r->text, '{'));
    if (mote_json_parse(named.data, named.len, &value, NULL) == MOTE_OK) /* two arguments of one name are no object */
        *is_right = mote_calls_match(functions, value, truth);
    f->n_right += *is_right;
done:
    mote_json_free(&value);
    mote_buffer_deinit(&calls);
    mote_buffer_deinit(&named);
    return status;
}

static mote_status measure_calls(mote_eval_run *run, calls_set *s, size_t c, mote_tools *tools, const mote_json *item, const mote_json *truth, size_t n, mote_error *err) {
    const mote_json *turn = mote_json_at(mote_json_get(item, "question"), 0), *functions = mote_json_get(item, "function");
    mote_str prompt = mote_json_string(mote_json_get(mote_json_at(turn, mote_json_length(turn) ? mote_json_length(turn) - 1 : 0), "content"));
    mote_tools_result r = {0};
    bool right_bound = false, right_free = false;
    MOTE_TRY(mote_eval_begin(run, n, err));
    mote_status status = mote_tools_call(tools, prompt.data ? prompt.data : "", prompt.len, &r, err);
    if (status == MOTE_OK)
        status = mote_eval_end(run, r.n_tokens, err);
    if (status == MOTE_OK)
        status = judge(tools, &r, functions, truth, &s->bound[c], &right_bound, err);
    mote_tools_result_deinit(&r);
    if (status == MOTE_OK)
        status = mote_tools_call_freely(tools, prompt, &r, err);
    if (status == MOTE_OK)
        status = judge(tools, &r, functions, truth, &s->free[c], &right_free, err);
    mote_tools_result_deinit(&r);
    return status == MOTE_OK ? mote_paired_add(&s->paired, c, (double)right_bound - (double)right_free, err) : status;
}

static mote_status measure_item(mote_eval_run *run, calls_set *s, size_t c, size_t at, size_t n, mote_error *err) {
    mote_json *item = NULL, *answer = NULL;
    mote_tools_options o = MOTE_TOOLS_OPTIONS_INIT;
    mote_tools *tools = NULL;
    mote_buffer json;
    mote_status status;
    o.task = run->options->task;
    mote_buffer_init(&json, MOTE_TOOLS_MAX_BYTES);
    s->n[c]++;
    MOTE_TRY_DONE(mote_json_parse(s->items[c].items[at].data, s->items[c].items[at].len, &item, err));
    MOTE_TRY_DONE(mote_json_parse(s->answers[c].items[at].data, s->answers[c].items[at].len, &answer, err));
    if (write_standard(&json, mote_json_get(item, "function")) != MOTE_OK) {
        status = mote_error_alloc(err, json.len);
        goto done;
    }
    status = mote_tools_create(run->engine, json.data, json.len, &o, &tools, err);
    s->n_refused += status == MOTE_ERR_UNSUPPORTED;
    if (status == MOTE_ERR_UNSUPPORTED)
        status = mote_paired_add(&s->paired, c, 0, err);
    else if (status == MOTE_OK)
        status = measure_calls(run, s, c, tools, item, mote_json_get(answer, "ground_truth"), n, err);
done:
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s, line %zu", categories[c].file, at + 1);
    mote_tools_free(&tools);
    mote_buffer_deinit(&json);
    mote_json_free(&item);
    mote_json_free(&answer);
    return status;
}

/* The mean over categories of the share of right ones, and the share of malformed ones. */
static mote_status write_figures(mote_eval_run *run, const calls_set *s, const figures *f, const char *head, mote_error *err) {
    double sum = 0;
    size_t n = 0, n_categories = 0, n_malformed = 0;
    char name[MAX_PATH_BYTES];
    for (size_t c = 0; c < N_CATEGORIES; c++) {
        if (s->n[c] == 0)
            continue;
        double share = (double)f[c].n_right / (double)s->n[c];
        snprintf(name, sizeof name, "%s%s", head, categories[c].name);
        MOTE_TRY(mote_eval_metric(run, name, share));
        sum += share;
        n_categories++;
        n += s->n[c];
        n_malformed += f[c].n_malformed;
    }
    if (n == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the set has no items");
    snprintf(name, sizeof name, "%sast_match", head);
    MOTE_TRY(mote_eval_metric(run, name, sum / (double)n_categories));
    snprintf(name, sizeof name, "%smalformed", head);
    return mote_eval_metric(run, name, (double)n_malformed / (double)n);
}

static mote_status write_all(mote_eval_run *run, const calls_set *s, mote_error *err) {
    MOTE_TRY(write_figures(run, s, s->bound, "", err));
    MOTE_TRY(write_figures(run, s, s->free, "free_", err));
    MOTE_TRY(mote_eval_difference(run, &s->paired, err));
    return mote_eval_metric(run, "refused", (double)s->n_refused);
}

mote_status mote_eval_tools(mote_eval_run *run, mote_error *err) {
    calls_set s = {0};
    size_t n = 0;
    mote_status status = read_set(&s, run->options->folder, err);
    mote_eval_pick(run, s.n_all, 0, &n);
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        size_t at = mote_eval_pick(run, s.n_all, i, &n), c = 0;
        while (at >= s.items[c].n)
            at -= s.items[c++].n;
        status = measure_item(run, &s, c, at, n, err);
    }
    if (status == MOTE_OK)
        status = write_all(run, &s, err);
    for (size_t c = 0; c < N_CATEGORIES; c++) {
        mote_lines_deinit(&s.items[c]);
        mote_lines_deinit(&s.answers[c]);
    }
    mote_paired_deinit(&s.paired);
    return status;
}
