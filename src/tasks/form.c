/* While the template runs, each value and gap is a character of the private-use area, U+E000 + its index, which is looked for in the rendered text. */
#include "tasks/form.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "formats/json.h"
#include "text/unicode.h"

#include <mote/template.h>

enum { MARK_FIRST = 0xe000, MARK_MAX = 0x1900, MARK_BYTES = 3, MAX_PROMPT_BYTES = 64 << 20, MAX_MESSAGES = 512 };

typedef struct message {
    const char *role; /* static storage; NULL: none */
    mote_buffer content;
} message;

typedef struct mark {
    char *name;       /* of a gap, owned; NULL: a value */
    mote_buffer text; /* of a value */
} mark;

/* Tokens up to a gap; gap -1: the end. */
typedef struct piece {
    mote_prompt_ids ids;
    bool ends_in_space; /* which belongs to the gap's first token */
    int gap;
} piece;

struct mote_form {
    const mote_model *model;
    const mote_tokenizer *tokenizer;
    message *messages; /* [n_messages] */
    size_t n_messages;
    mote_buffer tools; /* JSON; empty: none */
    mark *marks;       /* [n_marks] */
    size_t n_marks;
    piece pieces[MOTE_FORM_GAPS + 1];
    size_t n_pieces;
};

void mote_prompt_ids_deinit(mote_prompt_ids *ids) {
    mote_mem_free(ids->ids);
    *ids = (mote_prompt_ids){0};
}

mote_status mote_ids_append(mote_prompt_ids *ids, const int32_t *more, size_t n) {
    if (n == 0)
        return MOTE_OK;
    if (ids->n + n > ids->capacity) {
        size_t capacity = 2 * ids->capacity + n;
        int32_t *larger = mote_mem_resize_array(ids->ids, capacity, sizeof *larger);
        if (!larger)
            return MOTE_ERR_ALLOC;
        ids->ids = larger;
        ids->capacity = capacity;
    }
    memcpy(ids->ids + ids->n, more, n * sizeof *more);
    ids->n += n;
    return MOTE_OK;
}

mote_status mote_prompt_ids_append_text(mote_prompt_ids *ids, const mote_tokenizer *tokenizer, mote_str text, unsigned flags, mote_error *err) {
    int32_t *more = NULL;
    size_t n = 0;
    if (text.len == 0)
        return MOTE_OK;
    mote_status status = mote_tokenize(tokenizer, text.data, text.len, flags, &more, &n, err);
    if (status == MOTE_OK)
        status = mote_ids_append(ids, more, n) == MOTE_OK ? MOTE_OK : mote_error_alloc(err, n * sizeof *more);
    mote_mem_free(more);
    return status;
}

mote_status mote_form_create(const mote_model *model, mote_form **form, mote_error *err) {
    mote_form *f = *form = mote_mem_zalloc_array(1, sizeof *f);
    if (f) {
        f->messages = mote_mem_zalloc_array(MAX_MESSAGES, sizeof *f->messages);
        f->marks = mote_mem_zalloc_array(MARK_MAX, sizeof *f->marks);
        f->model = model;
        f->tokenizer = mote_model_tokenizer(model);
        mote_buffer_init(&f->tools, MAX_PROMPT_BYTES);
    }
    if (f && f->messages && f->marks)
        return MOTE_OK;
    mote_form_free(form);
    return mote_error_alloc(err, MARK_MAX * sizeof(mark));
}

void mote_form_free(mote_form **form) {
    mote_form *f = *form;
    *form = NULL;
    if (!f)
        return;
    for (size_t i = 0; i < f->n_messages; i++)
        mote_buffer_deinit(&f->messages[i].content);
    for (size_t i = 0; i < f->n_marks; i++) {
        mote_mem_free(f->marks[i].name);
        mote_buffer_deinit(&f->marks[i].text);
    }
    for (size_t i = 0; i < f->n_pieces; i++)
        mote_prompt_ids_deinit(&f->pieces[i].ids);
    mote_buffer_deinit(&f->tools);
    mote_mem_free(f->messages);
    mote_mem_free(f->marks);
    mote_mem_free(f);
}

static mote_status add_mark(mote_form *f, mote_buffer *content, const mote_form_value *value, mote_error *err) {
    uint8_t bytes[4];
    if (f->n_marks == MARK_MAX)
        return mote_error_set(err, MOTE_ERR_LIMIT, "a prompt has more than %d values", MARK_MAX);
    mark *m = &f->marks[f->n_marks];
    mote_buffer_init(&m->text, MAX_PROMPT_BYTES);
    if (value->text.data) {
        MOTE_TRY(mote_buffer_append_str(&m->text, value->text));
    } else if (!(m->name = mote_mem_dup_text(value->name))) {
        return mote_error_alloc(err, strlen(value->name));
    }
    return mote_buffer_append(content, bytes, mote_unicode_encode((uint32_t)(MARK_FIRST + f->n_marks++), bytes));
}

/* The length of a name in braces at s, these included; 0 if there is none. */
static size_t name_at(mote_str s) {
    size_t n = 1;
    while (n < s.len && ((s.data[n] >= 'a' && s.data[n] <= 'z') || s.data[n] == '_'))
        n++;
    return s.len > 2 && s.data[0] == '{' && n > 1 && n < s.len && s.data[n] == '}' ? n + 1 : 0;
}

static mote_status expand(mote_form *f, mote_buffer *out, mote_str content, const mote_form_value *values, size_t n_values, mote_error *err) {
    for (size_t at = 0; at < content.len;) {
        mote_str rest = {content.data + at, content.len - at};
        size_t n = name_at(rest), i = 0;
        uint32_t c;
        if (n == 0) {
            size_t bytes = mote_unicode_decode((const uint8_t *)rest.data, rest.len, &c);
            if (c >= MARK_FIRST && c < MARK_FIRST + MARK_MAX)
                return mote_error_set(err, MOTE_ERR_FORMAT, "a prompt holds the private-use character U+%04X", (unsigned)c);
            MOTE_TRY(mote_buffer_append(out, rest.data, bytes));
            at += bytes;
            continue;
        }
        while (i < n_values && !mote_str_equal((mote_str){rest.data + 1, n - 2}, mote_str_of(values[i].name)))
            i++;
        if (i == n_values)
            return mote_error_set(err, MOTE_ERR_FORMAT, "a prompt names %.*s, which it can't have here", (int)(n < 60 ? n : 60), rest.data);
        MOTE_TRY(add_mark(f, out, &values[i], err));
        at += n;
    }
    return MOTE_OK;
}

mote_status mote_form_add(mote_form *form, const char *role, mote_str content, const mote_form_value *values, size_t n_values, mote_error *err) {
    if (form->n_messages == MAX_MESSAGES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "a prompt has more than %d messages", MAX_MESSAGES);
    message *m = &form->messages[form->n_messages++];
    m->role = role;
    mote_buffer_init(&m->content, MAX_PROMPT_BYTES);
    mote_status status = expand(form, &m->content, content, values, n_values, err);
    return status == MOTE_ERR_ALLOC || (status == MOTE_ERR_LIMIT && form->n_marks < MARK_MAX) ? mote_error_alloc(err, content.len) : status;
}

mote_status mote_form_tools(mote_form *form, mote_str json, mote_error *err) {
    for (size_t at = 0; at < json.len;) {
        uint32_t c;
        at += mote_unicode_decode((const uint8_t *)json.data + at, json.len - at, &c);
        if (c >= MARK_FIRST && c < MARK_FIRST + MARK_MAX)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the tools hold the private-use character U+%04X", (unsigned)c);
    }
    return mote_buffer_append_str(&form->tools, json) == MOTE_OK ? MOTE_OK : mote_error_alloc(err, json.len);
}

static mote_status write_message(mote_buffer *out, const char *role, mote_str head, mote_str content) {
    mote_buffer joined;
    mote_buffer_init(&joined, MAX_PROMPT_BYTES);
    mote_status status = mote_buffer_append_str(&joined, head);
    if (status == MOTE_OK)
        status = mote_buffer_append_text(&joined, head.len ? "\n\n" : "");
    if (status == MOTE_OK)
        status = mote_buffer_append_str(&joined, content);
    if (status == MOTE_OK)
        status = mote_buffer_appendf(out, "{\"role\":\"%s\",\"content\":", role);
    if (status == MOTE_OK)
        status = mote_json_write_string(out, mote_buffer_str(&joined));
    mote_buffer_deinit(&joined);
    return status == MOTE_OK ? mote_buffer_append_char(out, '}') : status;
}

static mote_status write_variables(const mote_form *f, bool joins_system, mote_buffer *out) {
    int32_t bos = mote_tokenizer_bos(f->tokenizer), eos = mote_tokenizer_eos(f->tokenizer);
    mote_str head = MOTE_STR("");
    MOTE_TRY(mote_buffer_append_text(out, "{\"add_generation_prompt\":true,\"bos_token\":"));
    MOTE_TRY(mote_json_write_string(out, mote_str_of(bos >= 0 ? mote_tokenizer_text(f->tokenizer, bos) : "")));
    MOTE_TRY(mote_buffer_append_text(out, ",\"eos_token\":"));
    MOTE_TRY(mote_json_write_string(out, mote_str_of(eos >= 0 ? mote_tokenizer_text(f->tokenizer, eos) : "")));
    MOTE_TRY(mote_buffer_append_text(out, ",\"messages\":["));
    bool is_first = true;
    for (size_t i = 0; i < f->n_messages; i++) {
        const message *m = &f->messages[i];
        if (joins_system && strcmp(m->role, "system") == 0) {
            head = mote_buffer_str(&m->content);
            continue;
        }
        if (!is_first)
            MOTE_TRY(mote_buffer_append_char(out, ','));
        is_first = false;
        MOTE_TRY(write_message(out, m->role, head, mote_buffer_str(&m->content)));
        head = MOTE_STR("");
    }
    MOTE_TRY(mote_buffer_append_text(out, f->tools.len ? "],\"tools\":" : "]"));
    MOTE_TRY(mote_buffer_append_str(out, mote_buffer_str(&f->tools)));
    return mote_buffer_append_char(out, '}');
}

static mote_status render(const mote_form *f, bool joins_system, mote_buffer *text, mote_error *err) {
    const char *source = mote_model_template(f->model);
    mote_template *parsed = NULL;
    mote_buffer json;
    char *rendered = NULL;
    size_t n = 0;
    mote_status status = MOTE_OK;
    mote_buffer_init(&json, MAX_PROMPT_BYTES);
    if (!source)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the model has no chat template");
    if (write_variables(f, joins_system, &json) != MOTE_OK)
        status = mote_error_alloc(err, json.len);
    if (status == MOTE_OK)
        status = mote_template_parse(source, strlen(source), &parsed, err);
    if (status == MOTE_OK)
        status = mote_template_render(parsed, json.data, json.len, &rendered, &n, err);
    if (status == MOTE_OK && mote_buffer_append(text, rendered, n) != MOTE_OK)
        status = mote_error_alloc(err, n);
    mote_mem_free(rendered);
    mote_template_free(&parsed);
    mote_buffer_deinit(&json);
    return status;
}

/* Tokens of the prompt's own text, from `begin` on, up to a mark or the end. A space before a mark goes over to it: words begin with theirs. */
static mote_status close_text(mote_form *f, mote_str text, bool before_mark, bool *space, mote_error *err) {
    piece *p = &f->pieces[f->n_pieces - 1];
    *space = before_mark && text.len && text.data[text.len - 1] == ' ';
    return mote_prompt_ids_append_text(&p->ids, f->tokenizer, (mote_str){text.data, text.len - *space}, MOTE_TOKENIZE_PARSE_SPECIAL, err);
}

static mote_status append_value(const mote_form *f, mote_prompt_ids *ids, mote_str value, bool space, mote_error *err) {
    if (!space)
        return mote_prompt_ids_append_text(ids, f->tokenizer, value, 0, err);
    mote_buffer spaced;
    mote_buffer_init(&spaced, MAX_PROMPT_BYTES);
    mote_status status = mote_buffer_append_char(&spaced, ' ');
    if (status == MOTE_OK)
        status = mote_buffer_append_str(&spaced, value);
    status = status == MOTE_OK ? mote_prompt_ids_append_text(ids, f->tokenizer, mote_buffer_str(&spaced), 0, err) : mote_error_alloc(err, value.len);
    mote_buffer_deinit(&spaced);
    return status;
}

static mote_status put_mark(mote_form *f, size_t index, bool space, mote_error *err) {
    piece *p = &f->pieces[f->n_pieces - 1];
    if (!f->marks[index].name)
        return append_value(f, &p->ids, mote_buffer_str(&f->marks[index].text), space, err);
    if (f->n_pieces == MOTE_FORM_GAPS + 1)
        return mote_error_set(err, MOTE_ERR_LIMIT, "a prompt has more than %d gaps", MOTE_FORM_GAPS);
    p->gap = (int)index;
    p->ends_in_space = space;
    f->pieces[f->n_pieces++].gap = -1;
    return MOTE_OK;
}

static mote_status cut(mote_form *f, mote_str text, mote_error *err) {
    size_t begin = 0;
    bool space;
    int32_t bos = mote_engine_first_token(f->model);
    f->n_pieces = 1;
    f->pieces[0].gap = -1;
    for (size_t at = 0; at < text.len;) {
        uint32_t c;
        size_t n = mote_unicode_decode((const uint8_t *)text.data + at, text.len - at, &c);
        if (c >= MARK_FIRST && c < MARK_FIRST + f->n_marks) {
            MOTE_TRY(close_text(f, (mote_str){text.data + begin, at - begin}, true, &space, err));
            MOTE_TRY(put_mark(f, c - MARK_FIRST, space, err));
            begin = at + n;
        }
        at += n;
    }
    MOTE_TRY(close_text(f, (mote_str){text.data + begin, text.len - begin}, false, &space, err));
    mote_prompt_ids *head = &f->pieces[0].ids;
    if (bos < 0 || (head->n && head->ids[0] == bos))
        return MOTE_OK;
    if (mote_ids_append(head, &bos, 1) != MOTE_OK)
        return mote_error_alloc(err, head->n * sizeof bos);
    memmove(head->ids + 1, head->ids, (head->n - 1) * sizeof bos);
    head->ids[0] = bos;
    return MOTE_OK;
}

mote_status mote_form_finish(mote_form *form, mote_error *err) {
    mote_buffer text;
    mote_buffer_init(&text, MAX_PROMPT_BYTES);
    mote_status status = MOTE_OK;
    if (form->n_messages && form->messages[0].role) {
        status = render(form, false, &text, err);
        if (status == MOTE_ERR_TEMPLATE)
            status = render(form, true, &text, err);
    } else {
        for (size_t i = 0; status == MOTE_OK && i < form->n_messages; i++)
            status = mote_buffer_append_str(&text, mote_buffer_str(&form->messages[i].content));
    }
    if (status == MOTE_OK)
        status = cut(form, mote_buffer_str(&text), err);
    mote_buffer_deinit(&text);
    return status;
}

mote_status mote_form_fill(const mote_form *form, const mote_form_value *values, size_t n_values, mote_prompt_ids *ids, mote_error *err) {
    ids->n = 0;
    for (size_t i = 0; i < form->n_pieces; i++) {
        const piece *p = &form->pieces[i];
        size_t v = 0;
        if (mote_ids_append(ids, p->ids.ids, p->ids.n) != MOTE_OK)
            return mote_error_alloc(err, p->ids.n * sizeof(int32_t));
        if (p->gap < 0)
            break;
        while (v < n_values && strcmp(values[v].name, form->marks[p->gap].name) != 0)
            v++;
        if (v == n_values)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "the prompt's gap {%s} has no value", form->marks[p->gap].name);
        MOTE_TRY(append_value(form, ids, values[v].text, p->ends_in_space, err));
    }
    return MOTE_OK;
}
