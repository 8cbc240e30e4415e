/* `mote run`: one prompt, one answer. */
#include "cli/answer.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/prompt.h"
#include "cli/prompt_cache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a file or standard input ends with is the editor's newline, not the user's. */
static void drop_last_newline(cli_text *text) {
    if (text->n_bytes && text->data[text->n_bytes - 1] == '\n')
        text->data[--text->n_bytes] = 0;
}

static int add_file(cli_text *prompt, const char *path, bool raw) {
    cli_text text;
    int code = cli_input_read(path, &text);
    if (code != CLI_DONE)
        return code;
    if (!raw) {
        drop_last_newline(&text);
        if (prompt->n_bytes)
            cli_text_append(prompt, "\n\n", 2);
    }
    cli_text_append(prompt, text.data, text.n_bytes);
    cli_text_free(&text);
    return CLI_DONE;
}

static int gather_prompt(const cli_options *o, cli_text *prompt) {
    bool wants_stdin = false, has_prompt = false;
    int code = CLI_DONE;
    for (size_t i = 0; i < o->arguments.n; i++) {
        const char *argument = o->arguments.items[i];
        if (strcmp(argument, "-") == 0 && !(o->raw && o->arguments.n == 1)) {
            wants_stdin = true;
        } else if (has_prompt) {
            return cli_output_fail(CLI_USAGE, "put the prompt in quotes", "run: '%.80s' is one argument too many", argument);
        } else {
            cli_text_append(prompt, argument, strlen(argument));
            has_prompt = true;
        }
    }
    for (size_t i = 0; code == CLI_DONE && i < o->files.n; i++)
        code = add_file(prompt, o->files.items[i], o->raw);
    if (code == CLI_DONE && !has_prompt && !wants_stdin && o->files.n == 0) {
        if (o->raw || isatty(STDIN_FILENO))
            return cli_output_fail(CLI_USAGE, "usage: mote run [FLAGS] PROMPT; - reads it from standard input", "run: no prompt");
        wants_stdin = true;
    }
    if (code == CLI_DONE && wants_stdin)
        code = add_file(prompt, "-", o->raw);
    if (code == CLI_DONE && prompt->n_bytes == 0)
        code = cli_output_fail(CLI_USAGE, NULL, "run: the prompt is empty");
    return code;
}

static int make_ids(const cli_runtime *r, const cli_options *o, const cli_text *prompt, int32_t **ids, size_t *n_ids) {
    if (o->raw)
        return cli_prompt_raw(r, prompt->data, prompt->n_bytes, ids, n_ids);
    if (!mote_model_template(r->model)) {
        if (o->system)
            return cli_output_fail(CLI_UNSUPPORTED, "put it into the prompt", "%s: no chat template, so there is no system message (-sys)", r->path);
        cli_output_notice(o, "the model has no chat template: completing the text");
        return cli_prompt_completion(r, prompt->data, prompt->n_bytes, ids, n_ids);
    }
    cli_conversation conversation = {NULL, 0};
    if (o->system)
        cli_conversation_add(&conversation, "system", o->system, strlen(o->system));
    cli_conversation_add(&conversation, "user", prompt->data, prompt->n_bytes);
    int code = cli_prompt_messages(r, &conversation, ids, n_ids);
    cli_conversation_free(&conversation);
    return code;
}

int cli_run(const cli_options *o) {
    cli_text prompt = {NULL, 0};
    cli_runtime runtime = {0};
    mote_generate_result result = {0};
    int32_t *ids = NULL;
    size_t n_ids = 0;
    if (o->n_logprobs >= 0 && !o->json)
        return cli_output_fail(CLI_USAGE, "add --json", "run: --logprobs is shown only as JSON");
    if (o->raw && o->system)
        return cli_output_fail(CLI_USAGE, NULL, "run: --raw takes the prompt as it is, so -sys has no place");
    if ((o->prompt_cache_all || o->prompt_cache_ro) && !o->prompt_cache)
        return cli_output_fail(CLI_USAGE, "add --prompt-cache FILE", "run: no file is named for the prompt cache");
    int code = gather_prompt(o, &prompt);
    if (code == CLI_DONE)
        code = cli_runtime_open(&runtime, o);
    if (code == CLI_DONE)
        code = make_ids(&runtime, o, &prompt, &ids, &n_ids);
    cli_prompt_cache cache = {0};
    if (code == CLI_DONE)
        code = cli_prompt_cache_open(&cache, &runtime, o, ids, n_ids);
    if (code == CLI_DONE)
        code = cli_answer(&runtime, o, ids, n_ids, &cache, &result);
    mote_generate_result_deinit(&result);
    free(ids);
    cli_runtime_close(&runtime);
    cli_text_free(&prompt);
    return code;
}
