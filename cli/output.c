/* Streams, messages and exit codes. */
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void print_message(const char *fmt, va_list arguments) {
    fflush(stdout);
    fputs("mote: ", stderr);
    vfprintf(stderr, fmt, arguments);
    fputc('\n', stderr);
}

int cli_output_fail(int code, const char *hint, const char *fmt, ...) {
    va_list arguments;
    va_start(arguments, fmt);
    print_message(fmt, arguments);
    va_end(arguments);
    if (hint)
        fprintf(stderr, "hint: %s\n", hint);
    return code;
}

int cli_output_code(mote_status status, bool from_flags) {
    switch (status) {
    case MOTE_OK:
        return CLI_DONE;
    case MOTE_ERR_ARGUMENT:
        return from_flags ? CLI_USAGE : CLI_FAILED;
    case MOTE_ERR_UNSUPPORTED:
        return CLI_UNSUPPORTED;
    case MOTE_ERR_BUDGET:
        return CLI_REFUSED;
    case MOTE_ERR_CANCELLED:
        return CLI_INTERRUPTED;
    default:
        return CLI_FAILED;
    }
}

int cli_output_status(mote_status status, const mote_error *err, bool from_flags) {
    const char *hint = NULL;
    if (status == MOTE_ERR_BUDGET)
        hint = "--mem-max sets the limit; a smaller model needs less";
    else if (status == MOTE_ERR_CONTEXT)
        hint = "-c N gives a larger context, as far as the model was trained for it";
    if (status == MOTE_ERR_CANCELLED)
        return cli_output_fail(CLI_INTERRUPTED, NULL, "interrupted");
    return cli_output_fail(cli_output_code(status, from_flags), hint, "%s", err && err->message[0] ? err->message : mote_status_text(status));
}

void cli_output_notice(const cli_options *o, const char *fmt, ...) {
    if (o->quiet)
        return;
    va_list arguments;
    va_start(arguments, fmt);
    print_message(fmt, arguments);
    va_end(arguments);
}

static void fail_write(void) {
    int why = errno;
    if (why != EPIPE)
        cli_output_fail(CLI_FAILED, NULL, "standard output: %s", strerror(why));
    _exit(why == EPIPE ? CLI_DONE : CLI_FAILED);
}

void cli_output_bytes(const void *data, size_t n_bytes) {
    if (n_bytes && fwrite(data, 1, n_bytes, stdout) != n_bytes)
        fail_write();
}

void cli_output_flush(void) {
    if (fflush(stdout) != 0 || ferror(stdout))
        fail_write();
}

void cli_output_text(const char *text, size_t n_bytes) {
    if (!isatty(STDOUT_FILENO)) {
        cli_output_bytes(text, n_bytes);
        return;
    }
    size_t start = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        bool c0 = (c < 32 && c != '\n' && c != '\t') || c == 127;
        bool c1 = c == 0xc2 && i + 1 < n_bytes && (unsigned char)text[i + 1] >= 0x80 && (unsigned char)text[i + 1] < 0xa0;
        if (!c0 && !c1)
            continue;
        cli_output_bytes(text + start, i - start);
        cli_output_bytes("\xef\xbf\xbd", 3);
        i += c1;
        start = i + 1;
    }
    cli_output_bytes(text + start, n_bytes - start);
}

bool cli_output_is_terminal(int fd) {
    const char *term = getenv("TERM");
    return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

bool cli_output_has_colour(int fd) {
    const char *no = getenv("NO_COLOR");
    return cli_output_is_terminal(fd) && !(no && *no);
}

bool cli_output_wants_figures(const cli_options *o) {
    return !o->quiet && (o->verbose || isatty(STDERR_FILENO));
}

const char *cli_output_size(uint64_t n_bytes, char *buffer) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double x = (double)n_bytes;
    size_t unit = 0;
    for (; x >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        x /= 1024;
    snprintf(buffer, 32, unit ? "%.1f %s" : "%.0f %s", x, units[unit]);
    return buffer;
}

double cli_output_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* VmHWM belongs to this program alone; getrusage also counts what the caller had before it started us. */
uint64_t cli_output_peak_bytes(void) {
    uint64_t kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtoull(line + 6, NULL, 10);
    if (f)
        fclose(f);
    if (kib)
        return kib * 1024;
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

static void *require(void *p) {
    if (p)
        return p;
    cli_output_fail(CLI_FAILED, NULL, "out of memory");
    _exit(CLI_FAILED);
}

void *cli_alloc(size_t n, size_t item_bytes) {
    return require(calloc(n ? n : 1, item_bytes ? item_bytes : 1));
}

void *cli_resize(void *p, size_t n, size_t item_bytes) {
    return require(reallocarray(p, n ? n : 1, item_bytes));
}

char *cli_dup(const char *text, size_t n_bytes) {
    char *copy = cli_alloc(n_bytes + 1, 1);
    memcpy(copy, text, n_bytes);
    return copy;
}
