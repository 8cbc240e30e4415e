/* Reading with a limit, and ids in either of two spellings. */
#include "cli/input.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The library takes texts up to 1 GiB; larger ones are a mistake. */
static const size_t MAX_BYTES = (size_t)1 << 30;

void cli_text_append(cli_text *text, const char *data, size_t n_bytes) {
    text->data = cli_resize(text->data, text->n_bytes + n_bytes + 1, 1);
    if (n_bytes)
        memcpy(text->data + text->n_bytes, data, n_bytes);
    text->n_bytes += n_bytes;
    text->data[text->n_bytes] = 0;
}

void cli_text_free(cli_text *text) {
    free(text->data);
    *text = (cli_text){NULL, 0};
}

static int read_stream(FILE *in, const char *name, cli_text *text) {
    size_t capacity = 0;
    struct stat info;
    if (fstat(fileno(in), &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 && (uint64_t)info.st_size <= MAX_BYTES)
        capacity = (size_t)info.st_size + 1;
    if (capacity < 4096)
        capacity = 4096;
    text->data = cli_resize(NULL, capacity + 1, 1);
    for (;;) {
        size_t n = fread(text->data + text->n_bytes, 1, capacity - text->n_bytes, in);
        text->n_bytes += n;
        if (n == 0)
            break;
        if (text->n_bytes > MAX_BYTES)
            return cli_output_fail(CLI_FAILED, NULL, "%s: larger than 1 GiB", name);
        if (text->n_bytes == capacity) {
            capacity *= 2;
            text->data = cli_resize(text->data, capacity + 1, 1);
        }
    }
    text->data[text->n_bytes] = 0;
    return ferror(in) ? cli_output_fail(CLI_FAILED, NULL, "%s: %s", name, strerror(errno)) : CLI_DONE;
}

int cli_input_read(const char *path, cli_text *text) {
    bool is_stdin = strcmp(path, "-") == 0;
    *text = (cli_text){NULL, 0};
    FILE *in = is_stdin ? stdin : fopen(path, "rbe");
    if (!in)
        return cli_output_fail(CLI_FAILED, NULL, "%s: %s", path, strerror(errno));
    int code = read_stream(in, is_stdin ? "standard input" : path, text);
    if (!is_stdin)
        fclose(in);
    if (code != CLI_DONE)
        cli_text_free(text);
    return code;
}

int cli_input_read_document(const char *path, cli_text *text) {
    int code = cli_input_read(path, text);
    const char *nul = code == CLI_DONE && text->n_bytes ? memchr(text->data, 0, text->n_bytes) : NULL;
    if (!nul)
        return code;
    code = cli_output_fail(CLI_FAILED, NULL, "%s: this is no text: byte %zu is zero", strcmp(path, "-") == 0 ? "standard input" : path, (size_t)(nul - text->data));
    cli_text_free(text);
    return code;
}

static const char *skip_blank(const char *p) {
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* One pass over the text; the first mistake is returned, NULL if there is none. */
static const char *parse_ids(const char *p, int32_t *ids, size_t *n_ids) {
    bool is_array;
    p = skip_blank(p);
    is_array = *p == '[';
    p = skip_blank(p + is_array);
    for (*n_ids = 0; *p && *p != ']'; (*n_ids)++) {
        char *end;
        errno = 0;
        long id = strtol(p, &end, 10);
        if (end == p || errno || id < INT32_MIN || id > INT32_MAX || !(isspace((unsigned char)*end) || !*end || (is_array && (*end == ',' || *end == ']'))))
            return p;
        ids[*n_ids] = (int32_t)id;
        p = skip_blank(end);
        if (is_array && *p == ',') {
            p = skip_blank(p + 1);
            if (*p == ']')
                return p;
        } else if (is_array && *p != ']') {
            return p;
        }
    }
    if (is_array != (*p == ']'))
        return p;
    p = skip_blank(p + is_array);
    return *p ? p : NULL;
}

int cli_input_ids(const char *name, const cli_text *text, int32_t **ids, size_t *n_ids) {
    /* An id and what separates it from the next take two bytes. */
    *ids = cli_alloc(text->n_bytes / 2 + 1, sizeof **ids);
    const char *wrong = parse_ids(text->data, *ids, n_ids);
    if (!wrong && strlen(text->data) == text->n_bytes)
        return CLI_DONE;
    free(*ids);
    *ids = NULL;
    return cli_output_fail(CLI_FAILED, "ids are whole numbers separated by white space, or a JSON array of them", "%s: no token id at byte %zu", name,
                           wrong ? (size_t)(wrong - text->data) : strlen(text->data));
}
