/* libedit does the editing. The history is private (mode 0600) and holds the last 1,000 lines. */
#include "cli/line.h"

#include "cli/interrupt.h"
#include "cli/output.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_HISTORY = 1000, MAX_PATH_BYTES = 4096 };

struct cli_line {
    bool is_terminal;
    char *text; /* of getline */
    size_t capacity;
    EditLine *editor;
    History *history;
    char path[MAX_PATH_BYTES]; /* of the history; "" where there is no place for it */
};

/* Bytes between \1 are not counted by libedit as columns; it prints them only with a character behind them. */
static char *prompt(EditLine *editor) {
    static char plain[] = "> ", coloured[] = "\1\033[1;32m\1>\1\033[0m\1 ";
    (void)editor;
    return cli_output_has_colour(STDOUT_FILENO) ? coloured : plain;
}

/* $XDG_STATE_HOME/mote/history; its folder is made. */
static void find_history(char path[MAX_PATH_BYTES]) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (state && state[0] == '/')
        n = snprintf(path, MAX_PATH_BYTES, "%s/mote/history", state);
    else if (home && home[0] == '/')
        n = snprintf(path, MAX_PATH_BYTES, "%s/.local/state/mote/history", home);
    if (n < 0 || n >= MAX_PATH_BYTES) {
        path[0] = 0;
        return;
    }
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            mkdir(path, 0700);
            *p = '/';
        }
}

static void open_editor(cli_line *line) {
    HistEvent event;
    line->editor = el_init("mote", stdin, stdout, stderr);
    line->history = history_init();
    if (!line->editor || !line->history)
        return;
    history(line->history, &event, H_SETSIZE, MAX_HISTORY);
    history(line->history, &event, H_SETUNIQUE, 1);
    el_set(line->editor, EL_PROMPT_ESC, prompt, '\1');
    el_set(line->editor, EL_EDITOR, "emacs");
    el_set(line->editor, EL_HIST, history, line->history);
    el_set(line->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    find_history(line->path);
    if (line->path[0])
        history(line->history, &event, H_LOAD, line->path);
}

static void close_editor(cli_line *line) {
    HistEvent event;
    if (line->history && line->path[0]) {
        mode_t before = umask(077);
        history(line->history, &event, H_SAVE, line->path);
        umask(before);
    }
    if (line->history)
        history_end(line->history);
    if (line->editor)
        el_end(line->editor);
}

static cli_line_result read_edited(cli_line *line, const char **text, size_t *n_bytes) {
    int n = 0;
    HistEvent event;
    const char *typed = el_gets(line->editor, &n);
    if (!typed || n <= 0) {
        bool interrupted = cli_interrupt_happened();
        fputs(interrupted ? "^C\n" : "\n", stdout);
        return interrupted ? CLI_LINE_INTERRUPTED : CLI_LINE_END;
    }
    *text = typed;
    *n_bytes = (size_t)n;
    if (typed[strspn(typed, " \t\n")])
        history(line->history, &event, H_ENTER, typed);
    return CLI_LINE_READ;
}

cli_line *cli_line_open(void) {
    cli_line *line = cli_alloc(1, sizeof *line);
    line->is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (line->is_terminal && cli_output_is_terminal(STDOUT_FILENO)) {
        setlocale(LC_CTYPE, "");
        open_editor(line);
    }
    return line;
}

void cli_line_close(cli_line **line) {
    if (!*line)
        return;
    close_editor(*line);
    free((*line)->text);
    free(*line);
    *line = NULL;
}

bool cli_line_is_terminal(const cli_line *line) {
    return line->is_terminal;
}

static cli_line_result read_plain(cli_line *line, const char **text, size_t *n_bytes) {
    if (line->is_terminal) {
        fputs("> ", stdout);
        cli_output_flush();
    }
    errno = 0;
    ssize_t n = getline(&line->text, &line->capacity, stdin);
    if (n < 0 && errno == EINTR && cli_interrupt_happened()) {
        clearerr(stdin);
        fputc('\n', stdout);
        return CLI_LINE_INTERRUPTED;
    }
    if (n < 0)
        return CLI_LINE_END;
    *text = line->text;
    *n_bytes = (size_t)n;
    return CLI_LINE_READ;
}

cli_line_result cli_line_read(cli_line *line, const char **text, size_t *n_bytes) {
    cli_interrupt_defer(line->is_terminal);
    cli_line_result result = line->editor && line->history ? read_edited(line, text, n_bytes) : read_plain(line, text, n_bytes);
    cli_interrupt_defer(false);
    if (result == CLI_LINE_READ)
        while (*n_bytes && ((*text)[*n_bytes - 1] == '\n' || (*text)[*n_bytes - 1] == '\r'))
            --*n_bytes;
    return result;
}
