/* Extracting four fields of receipts (SROIE: box/NNN.csv, key/NNN.json): micro F1 by exact text, white space at both ends aside, and the rate of each field. Receipts with numbers
 * below FIRST_MEASURED are there for examples only. A value of several lines is what stands on them with one space between, as the key has it. */
#include "tasks/eval_extraction.h"
#include "tasks/eval_files.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "tasks/receipt_text.h"
#include "tasks/score_fields.h"
#include "tasks/score_rouge.h"

#include <ctype.h>
#include <stdio.h>

enum { N_NUMBERS = 1000, FIRST_MEASURED = 50, MAX_SHOTS = 16, SHOTS = 3 };

static const char *const fields[] = {"company", "date", "address", "total"};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static const char schema[] = "{\"type\":\"object\",\"properties\":{"
                             "\"company\":{\"description\":\"full name of the company that wrote the receipt, without its registration number\",\"type\":[\"string\",\"null\"]},"
                             "\"date\":{\"description\":\"day of the receipt exactly as written, without the time\",\"type\":[\"string\",\"null\"]},"
                             "\"address\":{\"description\":\"the company's whole address: all its lines down to town and state, joined by spaces\",\"type\":[\"string\",\"null\"]},"
                             "\"total\":{\"description\":\"the final amount to pay, rounded if the receipt rounds it, without the currency\",\"type\":[\"string\",\"null\"]}},"
                             "\"required\":[\"company\",\"date\",\"address\",\"total\"],\"additionalProperties\":false}";

/* Appends the text of a receipt; its key. */
static mote_status read_receipt(const char *folder, size_t number, mote_buffer *text, mote_json **key, mote_error *err) {
    char file[32];
    mote_lines rows = {0};
    size_t bad = 0;
    snprintf(file, sizeof file, "box/%03zu.csv", number);
    mote_status status = mote_lines_read(&rows, folder, file, err);
    if (status == MOTE_OK) {
        status = mote_receipt_text(rows.items, rows.n, text, &bad);
        if (status == MOTE_ERR_FORMAT)
            mote_error_set(err, status, "%s/%s, line %zu: not eight numbers and a text", folder, file, bad + 1);
        else if (status != MOTE_OK)
            mote_error_alloc(err, rows.bytes.len);
    }
    mote_lines_deinit(&rows);
    MOTE_TRY(status);
    snprintf(file, sizeof file, "key/%03zu.json", number);
    char *path = mote_eval_path(folder, file);
    status = path ? mote_json_read(path, key, err) : mote_error_alloc(err, sizeof file);
    mote_mem_free(path);
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

static mote_status write_value(const mote_json *key, mote_buffer *out) {
    for (size_t f = 0; f < N_FIELDS; f++) {
        const mote_json *value = mote_json_get(key, fields[f]);
        MOTE_TRY(mote_buffer_appendf(out, "%s\"%s\":", f ? "," : "{", fields[f]));
        MOTE_TRY(value ? mote_json_write(out, value) : mote_buffer_append_text(out, "null"));
    }
    return mote_buffer_append_char(out, '}');
}

/* The shortest receipt of numbers[n]. */
static mote_status fill_shot(mote_buffer *text, mote_buffer *value, const char *folder, const size_t *numbers, size_t n, mote_error *err) {
    mote_status status = MOTE_OK;
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        mote_json *key = NULL;
        mote_buffer own;
        mote_buffer_init(&own, MOTE_EVAL_TEXT_BYTES);
        status = read_receipt(folder, numbers[i], &own, &key, err);
        if (status == MOTE_OK && (text->len == 0 || own.len < text->len)) {
            mote_buffer_clear(text);
            mote_buffer_clear(value);
            if (mote_buffer_append_str(text, mote_buffer_str(&own)) != MOTE_OK || write_value(key, value) != MOTE_OK)
                status = mote_error_alloc(err, own.len);
        }
        mote_json_free(&key);
        mote_buffer_deinit(&own);
    }
    return status;
}

static mote_status choose_shots(const mote_eval_run *run, mote_eval_shots *shots, mote_error *err) {
    size_t numbers[FIRST_MEASURED], n = list_numbers(run->options->folder, 0, FIRST_MEASURED, numbers), wanted = mote_eval_shots_wanted(run, SHOTS, n < MAX_SHOTS ? n : MAX_SHOTS);
    for (size_t i = 0; i < wanted; i++) {
        size_t from = i * n / wanted, to = (i + 1) * n / wanted;
        mote_eval_shots_add(shots);
        MOTE_TRY(fill_shot(&shots->texts[i], &shots->values[i], run->options->folder, numbers + from, to - from, err));
    }
    return MOTE_OK;
}

typedef struct receipts {
    const char *folder;
    size_t numbers[N_NUMBERS], n; /* those that are measured */
    mote_json *key;               /* of the one that is being measured */
    mote_field_sums all, of[N_FIELDS];
    size_t n_all_right;
} receipts;

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

static mote_status read_text(void *context, size_t index, mote_buffer *text, mote_error *err) {
    receipts *r = context;
    mote_json_free(&r->key);
    return read_receipt(r->folder, r->numbers[index], text, &r->key, err);
}

static mote_status score(void *context, size_t index, const mote_extraction *e, mote_error *err) {
    (void)index;
    receipts *r = context;
    mote_json *value = NULL;
    mote_buffer joined;
    size_t n_right = 0, n_wanted = 0;
    mote_buffer_init(&joined, MOTE_EVAL_TEXT_BYTES);
    mote_status status = mote_json_parse(e->value, e->value_bytes, &value, err);
    for (size_t f = 0; status == MOTE_OK && f < N_FIELDS; f++) {
        mote_str given = mote_json_string(mote_json_get(value, fields[f])), wanted = mote_json_string(mote_json_get(r->key, fields[f]));
        if (join_lines(given, &joined) != MOTE_OK)
            status = mote_error_alloc(err, given.len);
        else if (given.data)
            given = joined.len ? mote_buffer_str(&joined) : MOTE_STR("");
        n_right += mote_fields_add(&r->of[f], given, wanted);
        mote_fields_add(&r->all, given, wanted);
        n_wanted += wanted.data != NULL;
    }
    r->n_all_right += n_right == n_wanted;
    mote_buffer_deinit(&joined);
    mote_json_free(&value);
    return status;
}

static mote_status write_metrics(mote_eval_run *run, const receipts *r, size_t n_shots) {
    mote_f_score f = mote_f_score_of((double)r->all.right, (double)r->all.given, (double)r->all.wanted);
    MOTE_TRY(mote_eval_metric(run, "field_f1", f.f1));
    MOTE_TRY(mote_eval_metric(run, "precision", f.precision));
    MOTE_TRY(mote_eval_metric(run, "recall", f.recall));
    for (size_t i = 0; i < N_FIELDS; i++)
        MOTE_TRY(mote_eval_metric(run, fields[i], r->of[i].wanted ? (double)r->of[i].right / (double)r->of[i].wanted : 0));
    MOTE_TRY(mote_eval_metric(run, "all_right", run->n ? (double)r->n_all_right / (double)run->n : 0));
    return mote_eval_metric(run, "examples", (double)n_shots);
}

mote_status mote_eval_receipts(mote_eval_run *run, mote_error *err) {
    receipts r = {.folder = run->options->folder};
    mote_eval_shots shots = {.n = 0};
    r.n = list_numbers(r.folder, FIRST_MEASURED, N_NUMBERS, r.numbers);
    const mote_eval_items items = {&r, r.n, read_text, score};
    mote_status status = choose_shots(run, &shots, err);
    if (status == MOTE_OK)
        status = mote_eval_extraction(run, (mote_str){schema, sizeof schema - 1}, &shots, &items, err);
    if (status == MOTE_OK)
        status = write_metrics(run, &r, shots.n);
    mote_json_free(&r.key);
    mote_eval_shots_deinit(&shots);
    return status;
}
