/* JSON (RFC 8259), compact. Only what must be escaped is escaped. */
#include "cli/writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void cli_writer_init(cli_writer *w, FILE *out) {
    memset(w, 0, sizeof *w);
    w->out = out;
}

static void begin_value(cli_writer *w) {
    if (w->after_key)
        w->after_key = false;
    else if (w->depth && w->is_filled[w->depth - 1])
        putc(',', w->out);
    if (w->depth)
        w->is_filled[w->depth - 1] = true;
}

void cli_writer_open(cli_writer *w, char bracket) {
    begin_value(w);
    putc(bracket, w->out);
    if (w->depth < CLI_WRITER_MAX_DEPTH)
        w->is_filled[w->depth++] = false;
}

void cli_writer_close(cli_writer *w, char bracket) {
    putc(bracket, w->out);
    w->depth -= w->depth > 0;
}

size_t cli_writer_character(const char *text, size_t n_bytes, size_t *n_bad) {
    const unsigned char *p = (const unsigned char *)text;
    unsigned char lead = p[0], low = 0x80, high = 0xbf;
    size_t n = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    *n_bad = 1;
    if (n == 0)
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < n; i++) {
        if (i >= n_bytes || p[i] < low || p[i] > high) {
            *n_bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return n;
}

static void write_string(FILE *out, const char *text, size_t n_bytes) {
    putc('"', out);
    for (size_t i = 0; i < n_bytes;) {
        size_t n_bad, n = cli_writer_character(text + i, n_bytes - i, &n_bad);
        unsigned char c = (unsigned char)text[i];
        if (n == 0)
            fwrite("\xef\xbf\xbd", 1, 3, out);
        else if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c == '\t')
            fputs("\\t", out);
        else if (c == '\r')
            fputs("\\r", out);
        else if (c < 32 || c == 127)
            fprintf(out, "\\u%04x", c);
        else
            fwrite(text + i, 1, n, out);
        i += n ? n : n_bad;
    }
    putc('"', out);
}

void cli_writer_key(cli_writer *w, const char *key) {
    begin_value(w);
    write_string(w->out, key, strlen(key));
    putc(':', w->out);
    w->after_key = true;
}

void cli_writer_string(cli_writer *w, const char *text, size_t n_bytes) {
    begin_value(w);
    write_string(w->out, text, n_bytes);
}

void cli_writer_text(cli_writer *w, const char *text) {
    begin_value(w);
    if (text)
        write_string(w->out, text, strlen(text));
    else
        fputs("null", w->out);
}

void cli_writer_json(cli_writer *w, const char *json, size_t n_bytes) {
    begin_value(w);
    fwrite(json, 1, n_bytes, w->out);
}

void cli_writer_integer(cli_writer *w, int64_t x) {
    begin_value(w);
    fprintf(w->out, "%lld", (long long)x);
}

static void write_real(FILE *out, double x, int few, int many, bool is_float) {
    char text[40];
    if (!isfinite(x)) {
        fputs("null", out);
        return;
    }
    for (int digits = few; digits <= many; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (is_float ? strtof(text, NULL) == (float)x : strtod(text, NULL) == x)
            break;
    }
    fputs(text, out);
}

void cli_writer_real(cli_writer *w, double x) {
    begin_value(w);
    write_real(w->out, x, 6, 17, false);
}

void cli_writer_float(cli_writer *w, float x) {
    begin_value(w);
    write_real(w->out, (double)x, 6, 9, true);
}

void cli_writer_bool(cli_writer *w, bool x) {
    begin_value(w);
    fputs(x ? "true" : "false", w->out);
}

void cli_writer_finish(cli_writer *w) {
    putc('\n', w->out);
    if (w->out == stdout)
        cli_output_flush();
}
