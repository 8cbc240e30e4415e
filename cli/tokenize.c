/* `mote tokenize`: standard input to token ids. */
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int print_ids(const mote_tokenizer *tokenizer, const cli_options *o, const char *text, size_t n_bytes) {
    unsigned flags = (o->no_parse_special ? 0 : MOTE_TOKENIZE_PARSE_SPECIAL) | (o->no_bos ? 0 : MOTE_TOKENIZE_ADD_SPECIAL);
    int32_t *ids = NULL;
    size_t n = 0;
    mote_error err = {0};
    mote_status status = mote_tokenize(tokenizer, text, n_bytes, flags, &ids, &n, &err);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, false);
    bool is_array = o->json || o->jsonl;
    if (is_array)
        putchar('[');
    for (size_t i = 0; i < n; i++)
        printf("%s%d", i == 0 ? "" : is_array ? "," : " ", (int)ids[i]);
    fputs(is_array ? "]\n" : "\n", stdout);
    mote_free(ids);
    return CLI_DONE;
}

/* One JSON string. */
static int print_line(const mote_tokenizer *tokenizer, const cli_options *o, const char *line, size_t n_bytes, size_t number) {
    json_error_t why;
    json_t *text = json_loadb(line, n_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    int code;
    if (json_is_string(text))
        code = print_ids(tokenizer, o, json_string_value(text), json_string_length(text));
    else
        code = cli_output_fail(CLI_FAILED, NULL, "standard input, line %zu: %s", number, text ? "not a JSON string" : why.text);
    json_decref(text);
    return code;
}

static int print_lines(const mote_tokenizer *tokenizer, const cli_options *o, const cli_text *text) {
    const char *p = text->data, *end = text->data + text->n_bytes;
    int code = CLI_DONE;
    for (size_t number = 1; code == CLI_DONE && p < end; number++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop ? stop : end;
        if (stop > p)
            code = print_line(tokenizer, o, p, (size_t)(stop - p), number);
        p = stop + 1;
    }
    return code;
}

int cli_tokenize(const cli_options *o) {
    mote_tokenizer *tokenizer = NULL;
    cli_text text = {NULL, 0};
    int code = cli_runtime_open_tokenizer(o, &tokenizer);
    if (code == CLI_DONE)
        code = cli_input_read("-", &text);
    if (code == CLI_DONE)
        code = o->jsonl ? print_lines(tokenizer, o, &text) : print_ids(tokenizer, o, text.data, text.n_bytes);
    cli_text_free(&text);
    mote_tokenizer_free(&tokenizer);
    return code;
}
