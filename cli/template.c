/* `mote template`: messages to the prompt that a chat template makes of them. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Puts "name": "the token's text" at the head of the object, where it is not given. The rest of the file stays as it was written. */
static void add_token(cli_text *variables, const json_t *given, const char *name, const mote_tokenizer *tokenizer, int32_t id) {
    char *json = NULL, *brace = memchr(variables->data, '{', variables->n_bytes);
    size_t n_bytes = 0;
    if (!brace || json_object_get(given, name) || id < 0)
        return;
    FILE *out = open_memstream(&json, &n_bytes);
    if (!out)
        return;
    size_t head = (size_t)(brace + 1 - variables->data);
    cli_writer w;
    cli_writer_init(&w, out);
    fwrite(variables->data, 1, head, out);
    cli_writer_key(&w, name);
    cli_writer_text(&w, mote_tokenizer_text(tokenizer, id));
    if (json_object_size(given))
        putc(',', out);
    fwrite(variables->data + head, 1, variables->n_bytes - head, out);
    if (fclose(out) == 0) {
        free(variables->data);
        *variables = (cli_text){json, n_bytes};
    }
}

/* The model's template, and the model's tokens for the variables that lack them. */
static int take_from_model(const cli_options *o, cli_text *source, cli_text *variables) {
    char *path = NULL;
    mote_model *model = NULL;
    mote_error err = {0};
    int code = cli_runtime_resolve(o, &path);
    if (code != CLI_DONE)
        return code;
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    options.vocabulary_only = true;
    mote_status status = mote_model_open(path, &options, &model, &err);
    const char *text = status == MOTE_OK ? mote_model_template(model) : NULL;
    if (status != MOTE_OK)
        code = cli_output_status(status, &err, false);
    else if (!text)
        code = cli_output_fail(CLI_UNSUPPORTED, "--template FILE gives one", "%s: the model has no chat template", path);
    else
        cli_text_append(source, text, strlen(text));
    const mote_tokenizer *tokenizer = model ? mote_model_tokenizer(model) : NULL;
    if (code == CLI_DONE && tokenizer) {
        json_t *given = json_loadb(variables->data, variables->n_bytes, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
        if (json_is_object(given)) { /* anything else is refused when it is rendered */
            add_token(variables, given, "eos_token", tokenizer, mote_tokenizer_eos(tokenizer));
            json_t *filled = json_loadb(variables->data, variables->n_bytes, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
            add_token(variables, filled, "bos_token", tokenizer, mote_tokenizer_bos(tokenizer));
            json_decref(filled);
        }
        json_decref(given);
    }
    mote_model_free(&model);
    mote_free(path);
    return code;
}

static int print_rendered(const cli_options *o, const cli_text *source, const cli_text *variables) {
    mote_template *parsed = NULL;
    char *text = NULL;
    size_t n_bytes = 0;
    mote_error err = {0};
    mote_status status = mote_template_parse(source->data, source->n_bytes, &parsed, &err);
    if (status == MOTE_OK)
        status = mote_template_render(parsed, variables->data, variables->n_bytes, &text, &n_bytes, &err);
    if (status == MOTE_OK && o->json) {
        cli_writer w;
        cli_writer_init(&w, stdout);
        cli_writer_string(&w, text, n_bytes);
        cli_writer_finish(&w);
    } else if (status == MOTE_OK) {
        cli_output_bytes(text, n_bytes);
    }
    mote_free(text);
    mote_template_free(&parsed);
    return status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, false);
}

int cli_template(const cli_options *o) {
    cli_text source = {NULL, 0}, variables = {NULL, 0};
    if (!o->messages)
        return cli_output_fail(CLI_USAGE, "usage: mote template (-m MODEL | --template FILE) --messages FILE", "template: --messages is missing");
    if (o->model && o->template_path)
        return cli_output_fail(CLI_USAGE, NULL, "template: either -m or --template, not both");
    int code = cli_input_read(o->messages, &variables);
    if (code == CLI_DONE)
        code = o->template_path ? cli_input_read(o->template_path, &source) : take_from_model(o, &source, &variables);
    if (code == CLI_DONE)
        code = print_rendered(o, &source, &variables);
    cli_text_free(&source);
    cli_text_free(&variables);
    return code;
}
