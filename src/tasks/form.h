/* A prompt with gaps, made ready once: messages through the model's chat template (or one text to be completed), cut at the gaps and turned into tokens. Filling it tokenizes what
 * goes into the gaps only, so that all that a form makes begin with the same tokens. What fills a gap is text whatever it holds: control tokens written out in it stay text. */
#ifndef MOTE_TASKS_FORM_H
#define MOTE_TASKS_FORM_H

#include "base/buffer.h"

#include <mote/tokenizer.h>

typedef struct mote_prompt_ids {
    int32_t *ids; /* [n] */
    size_t n, capacity;
} mote_prompt_ids;
void mote_prompt_ids_deinit(mote_prompt_ids *ids);
MOTE_MUST_CHECK mote_status mote_ids_append(mote_prompt_ids *ids, const int32_t *more, size_t n);
/* Appends the tokens of a text; flags as mote_tokenize. MOTE_ERR_ALLOC, _LIMIT. */
MOTE_MUST_CHECK mote_status mote_prompt_ids_append_text(mote_prompt_ids *ids, const mote_tokenizer *tokenizer, mote_str text, unsigned flags, mote_error *err);

/* What a name in braces stands for. text.data NULL: a gap, to be filled later. */
typedef struct mote_form_value {
    const char *name;
    mote_str text;
} mote_form_value;

enum { MOTE_FORM_GAPS = 8 };

typedef struct mote_form mote_form;

/* An empty form; the model is borrowed. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_form_create(const mote_model *model, mote_form **form, mote_error *err);
void mote_form_free(mote_form **form);
/* Adds a message ("system", "user", "assistant"; NULL: text to be completed). {name} in it is replaced by the value of that name. MOTE_ERR_FORMAT for a name without a value. */
MOTE_MUST_CHECK mote_status mote_form_add(mote_form *form, const char *role, mote_str content, const mote_form_value *values, size_t n_values, mote_error *err);
/* The tools that the chat template shows: a JSON array of them, copied. Call it once at most. MOTE_ERR_UNSUPPORTED (private-use characters), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_form_tools(mote_form *form, mote_str json, mote_error *err);
/* The prompt is complete. Through the chat template where messages have roles; a template that refuses a system message gets it at the head of the user's. MOTE_ERR_TEMPLATE,
 * _ALLOC, _LIMIT, _UNSUPPORTED (roles, and the model has no template). */
MOTE_MUST_CHECK mote_status mote_form_finish(mote_form *form, mote_error *err);
/* The prompt's tokens with its gaps filled; ids is cleared before. Every gap must have a value. */
MOTE_MUST_CHECK mote_status mote_form_fill(const mote_form *form, const mote_form_value *values, size_t n_values, mote_prompt_ids *ids, mote_error *err);

#endif
