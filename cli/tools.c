/* `mote tools`: the tool calls that a prompt needs. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <string.h>

static void print_json(const mote_tools_result *r) {
    cli_writer w;
    cli_output_bytes("{\"calls\":[", 10);
    for (size_t i = 0; i < r->n_calls; i++) {
        cli_output_bytes(",", i > 0);
        cli_output_bytes(r->calls[i], strlen(r->calls[i]));
    }
    cli_output_bytes("],\"text\":", 9);
    cli_writer_init(&w, stdout);
    cli_writer_text(&w, r->text);
    cli_output_bytes("}", 1);
    cli_writer_finish(&w);
}

static void print_text(const cli_options *o, const mote_tools_result *r) {
    for (size_t i = 0; i < r->n_calls; i++) {
        cli_output_bytes(r->calls[i], strlen(r->calls[i]));
        cli_output_bytes("\n", 1);
    }
    if (r->n_calls == 0)
        cli_output_notice(o, "no tool fits");
    if (r->text) {
        cli_output_text(r->text, strlen(r->text));
        cli_output_bytes("\n", 1);
    }
}

static int call(const cli_options *o, cli_runtime *runtime, const cli_text *json, const char *prompt, size_t n_prompt) {
    mote_tools_options options = MOTE_TOOLS_OPTIONS_INIT;
    mote_tools_result result = {0};
    mote_tools *tools = NULL;
    mote_error err = {0};
    options.task = o->task;
    options.n_predict = o->n_predict;
    options.answers = o->answers;
    mote_session_free(&runtime->session); /* the tools have their own */
    mote_status status = mote_tools_create(runtime->engine, json->data ? json->data : "", json->n_bytes, &options, &tools, &err);
    if (status != MOTE_OK)
        return cli_output_fail(cli_output_code(status, false), NULL, "%s: %s", o->tools, err.message);
    const mote_constraint *constraint = mote_tools_constraint(tools);
    for (size_t i = 0; i < mote_constraint_n_warnings(constraint); i++)
        cli_output_notice(o, "%s: %s", o->tools, mote_constraint_warning(constraint, i));
    status = mote_tools_call(tools, prompt, n_prompt, &result, &err);
    int code = status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, true);
    if (code == CLI_DONE && o->json)
        print_json(&result);
    else if (code == CLI_DONE)
        print_text(o, &result);
    mote_tools_result_deinit(&result);
    mote_tools_free(&tools);
    return code;
}

int cli_tools(const cli_options *o) {
    cli_runtime runtime = {0};
    cli_text json = {NULL, 0}, input = {NULL, 0};
    const char *prompt = o->arguments.n ? o->arguments.items[0] : "-";
    if (!o->tools)
        return cli_output_fail(CLI_USAGE, "usage: mote tools --tools FILE PROMPT", "tools: --tools is missing");
    int code = cli_input_read(o->tools, &json);
    if (code == CLI_DONE && strcmp(prompt, "-") == 0) {
        code = cli_input_read(prompt, &input);
        prompt = input.data ? input.data : "";
    }
    if (code == CLI_DONE)
        code = cli_runtime_open(&runtime, o);
    if (code == CLI_DONE)
        code = call(o, &runtime, &json, prompt, input.data ? input.n_bytes : strlen(prompt));
    cli_runtime_close(&runtime);
    cli_text_free(&json);
    cli_text_free(&input);
    return code;
}
