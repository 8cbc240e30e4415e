/* A message may hold the text of a control token ("<|im_end|>"). Pasted into the rendered prompt, which is tokenized with control tokens parsed, it would end the user's turn.
 * So such texts are put between two private-use characters before rendering, the rendered text is split at these, and what lies between is tokenized as plain text. A message
 * without such a text (nearly every one) is not touched, and its prompt is tokenized in one go.
 * Whether a message has one is asked of the tokenizer: it tokenizes the message both ways and compares. */
#include "cli/prompt.h"

#include "cli/guard.h"

#include <stdlib.h>
#include <string.h>

typedef struct ids_buffer {
    int32_t *ids;
    size_t n;
} ids_buffer;

static mote_status append_tokens(const mote_tokenizer *tokenizer, const char *text, size_t n_bytes, unsigned flags, ids_buffer *out, mote_error *err) {
    int32_t *ids = NULL;
    size_t n = 0;
    if (n_bytes == 0)
        return MOTE_OK;
    mote_status status = mote_tokenize(tokenizer, text, n_bytes, flags, &ids, &n, err);
    if (status == MOTE_OK && n) {
        out->ids = cli_resize(out->ids, out->n + n, sizeof *out->ids);
        memcpy(out->ids + out->n, ids, n * sizeof *ids);
        out->n += n;
    }
    mote_free(ids);
    return status;
}

/* The begin token, where the model's own settings ask for one; else -1. */
static int32_t wanted_bos(const mote_tokenizer *tokenizer) {
    int32_t bos = mote_tokenizer_bos(tokenizer), *ids = NULL;
    size_t n = 0;
    bool wants = bos >= 0 && mote_tokenize(tokenizer, "", 0, MOTE_TOKENIZE_ADD_SPECIAL, &ids, &n, NULL) == MOTE_OK && n && ids[0] == bos;
    mote_free(ids);
    return wants ? bos : -1;
}

static void put_bos(const mote_tokenizer *tokenizer, ids_buffer *out) {
    int32_t bos = wanted_bos(tokenizer);
    if (bos < 0 || (out->n && out->ids[0] == bos))
        return;
    out->ids = cli_resize(out->ids, out->n + 1, sizeof *out->ids);
    memmove(out->ids + 1, out->ids, out->n * sizeof *out->ids);
    out->ids[0] = bos;
    out->n++;
}

static int finish(mote_status status, const mote_error *err, ids_buffer *out, int32_t **ids, size_t *n_ids) {
    if (status != MOTE_OK) {
        free(out->ids);
        return cli_output_status(status, err, false);
    }
    *ids = out->ids;
    *n_ids = out->n;
    return CLI_DONE;
}

int cli_prompt_raw(const cli_runtime *r, const char *text, size_t n_bytes, int32_t **ids, size_t *n_ids) {
    ids_buffer out = {NULL, 0};
    mote_error err = {0};
    mote_status status = append_tokens(r->tokenizer, text, n_bytes, MOTE_TOKENIZE_PARSE_SPECIAL, &out, &err);
    return finish(status, &err, &out, ids, n_ids);
}

int cli_prompt_completion(const cli_runtime *r, const char *text, size_t n_bytes, int32_t **ids, size_t *n_ids) {
    ids_buffer out = {NULL, 0};
    mote_error err = {0};
    mote_status status = append_tokens(r->tokenizer, text, n_bytes, 0, &out, &err);
    put_bos(r->tokenizer, &out);
    return finish(status, &err, &out, ids, n_ids);
}

/* The template's variables as JSON; free with free. */
static char *write_variables(const cli_runtime *r, const cli_conversation *c, size_t *n_bytes) {
    char *json = NULL;
    FILE *out = open_memstream(&json, n_bytes);
    int32_t bos = mote_tokenizer_bos(r->tokenizer), eos = mote_tokenizer_eos(r->tokenizer);
    cli_writer w;
    if (!out)
        return NULL;
    cli_writer_init(&w, out);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "messages");
    cli_conversation_write(c, &w);
    cli_writer_key(&w, "add_generation_prompt");
    cli_writer_bool(&w, true);
    cli_writer_key(&w, "bos_token");
    cli_writer_text(&w, bos >= 0 ? mote_tokenizer_text(r->tokenizer, bos) : "");
    cli_writer_key(&w, "eos_token");
    cli_writer_text(&w, eos >= 0 ? mote_tokenizer_text(r->tokenizer, eos) : "");
    cli_writer_close(&w, '}');
    if (fclose(out) == 0)
        return json;
    free(json);
    return NULL;
}

static mote_status render(const cli_runtime *r, const cli_conversation *c, char **text, size_t *n_bytes, mote_error *err) {
    const char *source = mote_model_template(r->model);
    mote_template *parsed = NULL;
    size_t n_json = 0;
    char *json = write_variables(r, c, &n_json);
    mote_status status = json ? mote_template_parse(source, strlen(source), &parsed, err) : MOTE_ERR_ALLOC;
    if (status == MOTE_OK)
        status = mote_template_render(parsed, json, n_json, text, n_bytes, err);
    mote_template_free(&parsed);
    free(json);
    return status;
}

/* Tokenizes the rendered text piece by piece: outside the marks with control tokens, inside without. A template that takes a marked text apart leaves marks that don't pair. */
static mote_status tokenize_pieces(const cli_runtime *r, const cli_guard *guard, const char *text, size_t n_bytes, ids_buffer *out, mote_error *err) {
    mote_status status = MOTE_OK;
    bool inside = false;
    const char *p = text, *end = text + n_bytes;
    while (status == MOTE_OK && p < end) {
        const char *mark = guard->is_used ? cli_guard_find(guard, p, (size_t)(end - p)) : NULL;
        const char *stop = mark ? mark : end;
        status = append_tokens(r->tokenizer, p, (size_t)(stop - p), inside ? 0 : MOTE_TOKENIZE_PARSE_SPECIAL, out, err);
        if (!mark && inside)
            break;
        if (mark && cli_guard_opens(guard, mark) == inside)
            break;
        inside = mark ? !inside : inside;
        p = mark ? mark + CLI_GUARD_MARK_BYTES : end;
    }
    if (status == MOTE_OK && p < end) {
        snprintf(err->message, sizeof err->message, "the chat template takes a message apart inside the text of a control token");
        return MOTE_ERR_TEMPLATE;
    }
    return status;
}

int cli_prompt_messages(const cli_runtime *r, const cli_conversation *c, int32_t **ids, size_t *n_ids) {
    mote_error err = {0};
    ids_buffer out = {NULL, 0};
    cli_guard guard = {0};
    cli_conversation safe = {NULL, 0};
    char *text = NULL;
    size_t n_bytes = 0;
    mote_status status = cli_guard_conversation(&guard, r->tokenizer, mote_model_template(r->model), c, &safe, &err);
    if (status == MOTE_OK)
        status = render(r, &safe, &text, &n_bytes, &err);
    if (status == MOTE_OK)
        status = tokenize_pieces(r, &guard, text, n_bytes, &out, &err);
    if (status == MOTE_OK)
        put_bos(r->tokenizer, &out);
    mote_free(text);
    cli_conversation_free(&safe);
    return finish(status, &err, &out, ids, n_ids);
}
