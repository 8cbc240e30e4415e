#include "cli/lines.h"

#include "cli/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16, MAX_LINE_BYTES = 1 << 30 };

void cli_lines_begin(cli_lines *l) {
    memset(l, 0, sizeof *l);
    l->first_number = 1;
}

void cli_lines_end(cli_lines *l) {
    free(l->data);
    memset(l, 0, sizeof *l);
}

/* Cuts what was read into lines; the rest of a line waits, except at the end. */
static void cut(cli_lines *l) {
    while (l->n < CLI_LINES_MAX && l->n_taken < l->n_bytes) {
        char *line = l->data + l->n_taken, *end = memchr(line, '\n', l->n_bytes - l->n_taken);
        if (!end && !l->has_ended)
            return;
        size_t n = end ? (size_t)(end - line) : l->n_bytes - l->n_taken;
        l->n_taken += n + (end != NULL);
        if (n && line[n - 1] == '\r')
            n--;
        l->texts[l->n++] = (mote_embed_text){.text = line, .text_bytes = n};
    }
}

static int read_more(cli_lines *l) {
    if (l->n_taken) {
        memmove(l->data, l->data + l->n_taken, l->n_bytes - l->n_taken);
        l->n_bytes -= l->n_taken;
        l->n_taken = 0;
    }
    if (l->n_bytes >= MAX_LINE_BYTES)
        return cli_output_fail(CLI_FAILED, NULL, "standard input, line %zu: longer than %d bytes", l->first_number, MAX_LINE_BYTES);
    if (l->capacity < l->n_bytes + READ_BYTES) {
        size_t capacity = 2 * l->capacity + READ_BYTES;
        char *data = realloc(l->data, capacity);
        if (!data)
            return cli_output_fail(CLI_FAILED, NULL, "standard input, line %zu: out of memory", l->first_number);
        l->data = data;
        l->capacity = capacity;
    }
    ssize_t n;
    do
        n = read(STDIN_FILENO, l->data + l->n_bytes, READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return cli_output_fail(CLI_FAILED, NULL, "standard input: %s", strerror(errno));
    l->n_bytes += (size_t)n;
    l->has_ended = n == 0;
    return CLI_DONE;
}

int cli_lines_next(cli_lines *l) {
    l->first_number += l->n;
    l->n = 0;
    cut(l);
    while (l->n == 0 && !l->has_ended) {
        int code = read_more(l);
        if (code != CLI_DONE)
            return code;
        cut(l);
    }
    return CLI_DONE;
}

static int each_of_stdin(int (*take)(void *context, const char *line, size_t n_bytes, size_t number), void *context) {
    cli_lines lines;
    cli_lines_begin(&lines);
    int code;
    do {
        code = cli_lines_next(&lines);
        for (size_t i = 0; code == CLI_DONE && i < lines.n; i++)
            code = take(context, lines.texts[i].text, lines.texts[i].text_bytes, lines.first_number + i);
    } while (code == CLI_DONE && lines.n);
    cli_lines_end(&lines);
    return code;
}

int cli_lines_each(const char *path, int (*take)(void *context, const char *line, size_t n_bytes, size_t number), void *context) {
    cli_text text;
    size_t number = 1;
    if (strcmp(path, "-") == 0)
        return each_of_stdin(take, context);
    int code = cli_input_read(path, &text);
    for (char *line = text.data, *end = line + text.n_bytes; code == CLI_DONE && line < end; number++) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t n = stop ? (size_t)(stop - line) : (size_t)(end - line);
        code = take(context, line, n && line[n - 1] == '\r' ? n - 1 : n, number);
        line += n + 1;
    }
    cli_text_free(&text);
    return code;
}
