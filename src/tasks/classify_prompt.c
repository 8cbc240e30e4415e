/* The prompt: head with the labels' names, examples, the text. Labels that have examples take turns in it, so that none has more than one before another has its first. */
#include "tasks/classify_private.h"

#include "base/error.h"
#include "base/mem.h"

#include <mote/tokenizer.h>

enum { MAX_HEAD_BYTES = 1 << 20, MAX_EXAMPLE_BYTES = 600, DEFAULT_PROMPT_TOKENS = 700 };

static mote_status join_labels(const mote_classifier *c, mote_buffer *out) {
    for (size_t i = 0; i < c->n_labels; i++) {
        MOTE_TRY(mote_buffer_append_text(out, i ? ", " : ""));
        MOTE_TRY(mote_buffer_append_text(out, c->labels[i]));
    }
    return MOTE_OK;
}

/* The tokens by which a label is recognised: as they follow the prompt, ended by a line end so that none is the beginning of another. */
static mote_status add_label(mote_classifier *c, const char *label, int32_t index, mote_error *err) {
    const mote_tokenizer *tokenizer = mote_model_tokenizer(c->engine->model);
    mote_buffer text;
    mote_prompt_ids ids = {0};
    mote_buffer_init(&text, MAX_HEAD_BYTES);
    mote_status status = mote_buffer_appendf(&text, " %s", label);
    if (status == MOTE_OK)
        status = mote_prompt_ids_append_text(&ids, tokenizer, mote_buffer_str(&text), 0, err);
    if (status == MOTE_OK)
        status = mote_prompt_ids_append_text(&ids, tokenizer, MOTE_STR("\n"), 0, err);
    if (status == MOTE_OK)
        status = mote_trie_add(&c->trie, ids.ids, ids.n, index);
    if (status == MOTE_ERR_ARGUMENT)
        status = mote_error_set(err, status, "the label '%.60s' has the same tokens as another", label);
    mote_prompt_ids_deinit(&ids);
    mote_buffer_deinit(&text);
    return status;
}

static mote_status count_tokens(const mote_classifier *c, mote_str text, size_t *n, mote_error *err) {
    mote_prompt_ids ids = {0};
    mote_status status = mote_prompt_ids_append_text(&ids, mote_model_tokenizer(c->engine->model), text, 0, err);
    *n = ids.n;
    mote_prompt_ids_deinit(&ids);
    return status;
}

/* Examples for the prompt, in the order in which they stand there: chosen[i] is an index. */
static mote_status choose_examples(const mote_classifier *c, const mote_classify_options *o, size_t *chosen, size_t *n_chosen, mote_error *err) {
    size_t used = 0, most = (size_t)mote_task_number(&c->task, "prompt_tokens", DEFAULT_PROMPT_TOKENS);
    bool *taken = mote_mem_zalloc_array(o->n_examples + 1, sizeof *taken), goes_on = true;
    mote_status status = taken ? MOTE_OK : mote_error_alloc(err, o->n_examples);
    *n_chosen = 0;
    while (status == MOTE_OK && goes_on) {
        goes_on = false;
        for (size_t label = 0; status == MOTE_OK && label < c->n_labels; label++) {
            size_t i = 0, n = 0;
            while (i < o->n_examples && (taken[i] || o->examples[i].text_bytes > MAX_EXAMPLE_BYTES || strcmp(o->examples[i].label, c->labels[label]) != 0))
                i++;
            if (i == o->n_examples)
                continue;
            status = count_tokens(c, (mote_str){o->examples[i].text, o->examples[i].text_bytes}, &n, err);
            if (used + n > most) {
                goes_on = false;
                break;
            }
            used += n + 12; /* what is around the text */
            taken[i] = goes_on = true;
            chosen[(*n_chosen)++] = i;
        }
        if (used >= most)
            break;
    }
    mote_mem_free(taken);
    return status;
}

static mote_status add_example(mote_classifier *c, mote_str pattern, const mote_label_example *e, size_t label, mote_error *err) {
    bool fits = strcmp(e->label, c->labels[label]) == 0;
    mote_str answer;
    MOTE_TRY(c->multi ? mote_task_text(&c->task, fits ? "yes" : "no", &answer, err) : MOTE_OK);
    mote_form_value values[] = {{"text", {e->text, e->text_bytes}}, {"label", mote_str_of(c->labels[label])}, {"answer", c->multi ? answer : MOTE_STR("")}};
    return mote_form_add(c->form, NULL, pattern, values, 3, err);
}

static mote_status add_examples(mote_classifier *c, const mote_classify_options *o, mote_error *err) {
    mote_str pattern;
    size_t n = 0, *chosen = mote_mem_alloc_array(o->n_examples + 1, sizeof *chosen);
    mote_status status = chosen ? mote_task_text(&c->task, c->multi ? "multi_example" : "example", &pattern, err) : mote_error_alloc(err, o->n_examples * sizeof *chosen);
    if (status == MOTE_OK)
        status = choose_examples(c, o, chosen, &n, err);
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        const mote_label_example *e = &o->examples[chosen[i]];
        size_t label = mote_classifier_find(c, e->label);
        status = add_example(c, pattern, e, label, err);
        if (status == MOTE_OK && c->multi && c->n_labels > 1) /* and one that doesn't fit */
            status = add_example(c, pattern, e, (label + 1 + i % (c->n_labels - 1)) % c->n_labels, err);
    }
    mote_mem_free(chosen);
    return status;
}

static mote_status add_trie(mote_classifier *c, mote_error *err) {
    if (!c->multi) {
        for (size_t i = 0; i < c->n_labels; i++)
            MOTE_TRY(add_label(c, c->labels[i], (int32_t)i, err));
        return MOTE_OK;
    }
    mote_str yes, no;
    MOTE_TRY(mote_task_text(&c->task, "yes", &yes, err));
    MOTE_TRY(mote_task_text(&c->task, "no", &no, err));
    MOTE_TRY(add_label(c, yes.data, 0, err));
    return add_label(c, no.data, 1, err);
}

mote_status mote_classifier_prepare(mote_classifier *c, const mote_classify_options *o, mote_error *err) {
    mote_str head, item;
    mote_buffer labels;
    mote_buffer_init(&labels, MAX_HEAD_BYTES);
    mote_status status;
    MOTE_TRY_DONE(mote_task_text(&c->task, c->multi ? "multi_head" : "head", &head, err));
    MOTE_TRY_DONE(mote_task_text(&c->task, c->multi ? "multi_item" : "item", &item, err));
    MOTE_TRY_DONE(join_labels(c, &labels));
    MOTE_TRY_DONE(mote_form_create(c->engine->model, &c->form, err));
    mote_form_value given[] = {{"labels", mote_buffer_str(&labels)}}, gaps[] = {{"text", {NULL, 0}}, {"label", {NULL, 0}}};
    MOTE_TRY_DONE(mote_form_add(c->form, NULL, head, given, 1, err));
    if (o->n_examples)
        MOTE_TRY_DONE(add_examples(c, o, err));
    MOTE_TRY_DONE(mote_form_add(c->form, NULL, item, gaps, c->multi ? 2 : 1, err));
    MOTE_TRY_DONE(mote_form_finish(c->form, err));
    MOTE_TRY_DONE(add_trie(c, err));
done:
    mote_buffer_deinit(&labels);
    return status;
}
