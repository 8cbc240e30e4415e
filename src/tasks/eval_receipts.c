/* Extracting four fields of receipts (SROIE: box/NNN.csv, key/NNN.json): micro F1 by exact text, white space at both ends aside, and the rate of each field. Receipts with numbers
 * below FIRST_MEASURED are there for examples only. A value of several lines is what stands on them with one space between, as the key has it. */
#include "tasks/eval_files.h"
#include "tasks/eval_run.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "tasks/receipt_text.h"
#include "tasks/score_fields.h"
#include "tasks/score_rouge.h"

#include <mote/extract.h>

#include <ctype.h>
#include <stdio.h>

enum { N_NUMBERS = 1000, FIRST_MEASURED = 50, MAX_SHOTS = 16, SHOTS = 3, MAX_BYTES = 1 << 20 };

static const char *const fields[] = {"company", "date", "address", "total"};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static const char schema[] = "{\"type\":\"object\",\"properties\":{"
                             "\"company\":{\"description\":\"full name of the company that wrote the receipt, without its registration number\",\"type\":[\"string\",\"null\"]},"
                             "\"date\":{\"description\":\"day of the receipt exactly as written, without the time\",\"type\":[\"string\",\"null\"]},"
                             "\"address\":{\"description\":\"the company's whole address: all its lines down to town and state, joined by spaces\",\"type\":[\"string\",\"null\"]},"
                             "\"total\":{\"description\":\"the final amount to pay, rounded if the receipt rounds it, without the currency\",\"type\":[\"string\",\"null\"]}},"
                             "\"required\":[\"company\",\"date\",\"address\",\"total\"],\"additionalProperties\":false}";

typedef struct receipt {
    mote_buffer text;
    mote_json *key;
} receipt;

static void receipt_deinit(receipt *r) {
    mote_buffer_deinit(&r->text);
    mote_json_free(&r->key);
}

static mote_status receipt_read(receipt *r, const char *folder, size_t number, mote_error *err) {
    char file[32];
    mote_lines rows = {0};
    size_t bad = 0;
    r->key = NULL;
    mote_buffer_init(&r->text, MAX_BYTES);
    snprintf(file, sizeof file, "box/%03zu.csv", number);
    mote_status status = mote_lines_read(&rows, folder, file, err);
    if (status == MOTE_OK) {
        status = mote_receipt_text(rows.items, rows.n, &r->text, &bad);
        if (status == MOTE_ERR_FORMAT)
            mote_error_set(err, status, "%s/%s, line %zu: not eight numbers and a text", folder, file, bad + 1);
        else if (status != MOTE_OK)
            mote_error_alloc(err, rows.bytes.len);
    }
    mote_lines_deinit(&rows);
    snprintf(file, sizeof file, "key/%03zu.json", number);
    char *path = status == MOTE_OK ? mote_eval_path(folder, file) : NULL;
    if (status == MOTE_OK)
        status = path ? mote_json_read(path, &r->key, err) : mote_error_alloc(err, sizeof file);
    mote_mem_free(path);
    if (status != MOTE_OK)
        receipt_deinit(r);
    return status;
}

/* Numbers from `from` to below `to` that the folder has, into numbers; how many there are. */
static size_t list_numbers(const char *folder, size_t from, size_t to, size_t *numbers) {
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        char file[32];
        snprintf(file, sizeof file, "key/%03zu.json", i);
        if (mote_eval_has(folder, file))
            numbers[n++] = i;
    }
    return n;
}

typedef struct shot_list {
    mote_buffer texts[MAX_SHOTS], values[MAX_SHOTS];
    mote_extract_example items[MAX_SHOTS];
    size_t n;
} shot_list;

static mote_status write_value(const mote_json *key, mote_buffer *out) {
    for (size_t f = 0; f < N_FIELDS; f++) {
        const mote_json *value = mote_json_get(key, fields[f]);
        MOTE_TRY(mote_buffer_appendf(out, "%s\"%s\":", f ? "," : "{", fields[f]));
        MOTE_TRY(value ? mote_json_write(out, value) : mote_buffer_append_text(out, "null"));
    }
    return mote_buffer_append_char(out, '}');
}

/* The shortest receipt of numbers[n]. */
static mote_status add_shot(shot_list *shots, const char *folder, const size_t *numbers, size_t n, mote_error *err) {
    mote_buffer *text = &shots->texts[shots->n], *value = &shots->values[shots->n];
    mote_buffer_init(text, MAX_BYTES);
    mote_buffer_init(value, MAX_BYTES);
    shots->n++;
    mote_status status = MOTE_OK;
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        receipt r;
        MOTE_TRY(receipt_read(&r, folder, numbers[i], err));
        if (text->len == 0 || r.text.len < text->len) {
            mote_buffer_clear(text);
            mote_buffer_clear(value);
            status = mote_buffer_append_str(text, mote_buffer_str(&r.text));
            if (status == MOTE_OK)
                status = write_value(r.key, value);
        }
        receipt_deinit(&r);
    }
    shots->items[shots->n - 1] = (mote_extract_example){text->data, text->len, value->data, value->len};
    return status == MOTE_OK ? MOTE_OK : mote_error_alloc(err, text->len);
}

static mote_status choose_shots(const mote_eval_run *run, shot_list *shots, mote_error *err) {
    size_t numbers[FIRST_MEASURED], n = list_numbers(run->options->folder, 0, FIRST_MEASURED, numbers);
    size_t wanted = run->options->n_shots == MOTE_TASK_SHOTS_AUTO ? SHOTS : run->options->n_shots;
    wanted = wanted < MAX_SHOTS ? wanted : MAX_SHOTS;
    wanted = wanted < n ? wanted : n;
    for (size_t i = 0; i < wanted; i++)
        MOTE_TRY(add_shot(shots, run->options->folder, numbers + i * n / wanted, (i + 1) * n / wanted - i * n / wanted, err));
    return MOTE_OK;
}

typedef struct receipt_sums {
    mote_field_sums all, of[N_FIELDS];
    size_t n_all_right;
} receipt_sums;

/* White space between words becomes one space each. */
static mote_status join_lines(mote_str value, mote_buffer *out) {
    mote_buffer_clear(out);
    for (size_t i = 0; i < value.len; i++) {
        bool is_space = isspace((unsigned char)value.data[i]);
        if (!is_space || (out->len && out->data[out->len - 1] != ' '))
            MOTE_TRY(mote_buffer_append_char(out, is_space ? ' ' : value.data[i]));
    }
    return MOTE_OK;
}

static mote_status score(receipt_sums *sums, const mote_json *key, const mote_extraction *e, mote_error *err) {
    mote_json *value = NULL;
    mote_buffer joined;
    size_t n_right = 0, n_wanted = 0;
    mote_buffer_init(&joined, MAX_BYTES);
    mote_status status = mote_json_parse(e->value, e->value_bytes, &value, err);
    for (size_t f = 0; status == MOTE_OK && f < N_FIELDS; f++) {
        mote_str given = mote_json_string(mote_json_get(value, fields[f])), wanted = mote_json_string(mote_json_get(key, fields[f]));
        if (join_lines(given, &joined) != MOTE_OK)
            status = mote_error_alloc(err, given.len);
        else if (given.data)
            given = joined.len ? mote_buffer_str(&joined) : MOTE_STR("");
        n_right += mote_fields_add(&sums->of[f], given, wanted);
        mote_fields_add(&sums->all, given, wanted);
        n_wanted += wanted.data != NULL;
    }
    sums->n_all_right += n_right == n_wanted;
    mote_buffer_deinit(&joined);
    mote_json_free(&value);
    return status;
}

static mote_status measure_one(mote_eval_run *run, receipt_sums *sums, mote_extractor *extractor, size_t number, size_t n, mote_error *err) {
    mote_extraction e = {0};
    receipt r;
    MOTE_TRY(receipt_read(&r, run->options->folder, number, err));
    mote_status status = mote_eval_begin(run, n, err);
    if (status == MOTE_OK)
        status = mote_extract(extractor, r.text.data, r.text.len, &e, err);
    if (status == MOTE_OK)
        status = mote_eval_end(run, e.n_tokens, err);
    if (status == MOTE_OK)
        status = score(sums, r.key, &e, err);
    mote_extraction_deinit(&e);
    receipt_deinit(&r);
    return status;
}

static mote_status write_metrics(mote_eval_run *run, const receipt_sums *sums, size_t n_shots) {
    mote_f_score f = mote_f_score_of((double)sums->all.right, (double)sums->all.given, (double)sums->all.wanted);
    MOTE_TRY(mote_eval_metric(run, "field_f1", f.f1));
    MOTE_TRY(mote_eval_metric(run, "precision", f.precision));
    MOTE_TRY(mote_eval_metric(run, "recall", f.recall));
    for (size_t i = 0; i < N_FIELDS; i++)
        MOTE_TRY(mote_eval_metric(run, fields[i], sums->of[i].wanted ? (double)sums->of[i].right / (double)sums->of[i].wanted : 0));
    MOTE_TRY(mote_eval_metric(run, "all_right", run->n ? (double)sums->n_all_right / (double)run->n : 0));
    return mote_eval_metric(run, "examples", (double)n_shots);
}

mote_status mote_eval_receipts(mote_eval_run *run, mote_error *err) {
    mote_extract_options o = MOTE_EXTRACT_OPTIONS_INIT;
    mote_extractor *extractor = NULL;
    receipt_sums sums = {0};
    size_t numbers[N_NUMBERS], n = 0, n_all = list_numbers(run->options->folder, FIRST_MEASURED, N_NUMBERS, numbers);
    shot_list *shots = mote_mem_zalloc_array(1, sizeof *shots);
    if (!shots)
        return mote_error_alloc(err, sizeof *shots);
    mote_status status;
    MOTE_TRY_DONE(choose_shots(run, shots, err));
    o = (mote_extract_options){sizeof o, run->options->task, schema, sizeof schema - 1, shots->items, shots->n, NULL, NULL};
    MOTE_TRY_DONE(mote_extractor_create(run->engine, &o, &extractor, err));
    mote_eval_pick(run, n_all, 0, &n);
    for (size_t i = 0; status == MOTE_OK && i < n; i++)
        status = measure_one(run, &sums, extractor, numbers[mote_eval_pick(run, n_all, i, &n)], n, err);
    if (status == MOTE_OK)
        status = write_metrics(run, &sums, shots->n);
done:
    mote_extractor_free(&extractor);
    for (size_t i = 0; i < shots->n; i++) {
        mote_buffer_deinit(&shots->texts[i]);
        mote_buffer_deinit(&shots->values[i]);
    }
    mote_mem_free(shots);
    return status;
}
