/* `mote help` and --help: the description of commands as text for a terminal. */
#include "cli/help.h"

#include "cli/commands.h"
#include "cli/output.h"

#include <string.h>
#include <unistd.h>

enum { LINE_WIDTH = 96, FLAG_COLUMN = 34, NAME_COLUMN = 20, MAX_LINE = 200 };

static const char *bold(const char *text, char *buffer, size_t n) {
    snprintf(buffer, n, cli_output_has_colour(STDOUT_FILENO) ? "\033[1m%s\033[0m" : "%s", text);
    return buffer;
}

/* Prints words from the current column on, continued at `indent`. */
static void print_wrapped(const char *text, int column, int indent) {
    while (*text) {
        int n = (int)strcspn(text, " \n");
        if (column > indent && column + 1 + n > LINE_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", n, text);
        column += n;
        text += n;
        if (*text == '\n') {
            printf("\n%*s", indent, "");
            column = indent;
        }
        text += *text != 0;
    }
    putchar('\n');
}

void cli_help_flag_names(const cli_option *option, char *line, size_t n_bytes) {
    char name[64];
    size_t used = 0;
    line[0] = 0;
    for (const char *cursor = option->names; used < n_bytes && cli_option_next_name(&cursor, name, sizeof name);)
        used += (size_t)snprintf(line + used, n_bytes - used, "%s%s", used ? ", " : "", name);
    if (option->argument && used < n_bytes)
        snprintf(line + used, n_bytes - used, " %s", option->argument);
}

static void print_flags(const cli_option *group) {
    for (; group->names; group++) {
        char line[MAX_LINE], help[512];
        cli_help_flag_names(group, line, sizeof line);
        snprintf(help, sizeof help, group->otherwise ? "%s (default: %s)" : "%s", group->help, group->otherwise);
        int width = printf("  %s", line);
        if (width >= FLAG_COLUMN) {
            putchar('\n');
            width = 0;
        }
        printf("%*s", FLAG_COLUMN - width, "");
        print_wrapped(help, FLAG_COLUMN, FLAG_COLUMN);
    }
}

static void print_pairs(const char *pairs, int column) {
    while (*pairs) {
        int key = (int)strcspn(pairs, "\t"), end = (int)strcspn(pairs, "\n");
        char text[512];
        snprintf(text, sizeof text, "%.*s", end - key - 1, pairs + key + 1);
        int width = printf("  %.*s", key, pairs);
        printf("%*s", column > width ? column - width : 1, "");
        print_wrapped(text, column, column);
        pairs += end + 1;
    }
}

void cli_help_overview(void) {
    char head[64];
    printf("%s\n\n%s mote COMMAND [FLAGS] [ARGUMENTS]\n\n%s\n", cli_about, bold("Usage:", head, sizeof head), bold("Commands:", head + 32, 32));
    for (const cli_command *c = cli_commands; c->name; c++)
        if (!c->hidden)
            printf("  %-*s %s\n", NAME_COLUMN - 3, c->name, c->summary);
    printf("\n%s\n", bold("Flags:", head, sizeof head));
    print_flags(cli_flags_common);
    printf("  %-*s print the version\n", FLAG_COLUMN - 3, "--version");
    printf("\n%s\n", bold("Environment:", head, sizeof head));
    print_pairs(cli_environment, NAME_COLUMN);
    printf("\n%s\n", bold("Exit codes:", head, sizeof head));
    print_pairs(cli_exit_codes, NAME_COLUMN);
    printf("\n`mote COMMAND --help` tells more about a command.\n");
}

void cli_help_command(const cli_command *command) {
    char head[64];
    printf("%s\n\n%s mote %s [FLAGS]%s%s\n\n", command->summary, bold("Usage:", head, sizeof head), command->name, command->arguments[0] ? " " : "", command->arguments);
    print_wrapped(command->text, 0, 0);
    printf("\n%s\n", bold("Flags:", head, sizeof head));
    for (int i = 0; i < CLI_MAX_GROUPS && command->groups[i]; i++)
        print_flags(command->groups[i]);
    print_flags(cli_flags_common);
}

int cli_help_unknown(const char *typed) {
    const char *words[64];
    char hint[512] = "";
    size_t n = 0, used = 0;
    for (const cli_command *c = cli_commands; c->name; c++) {
        if (c->hidden)
            continue;
        words[n++] = c->name;
        used += (size_t)snprintf(hint + used, sizeof hint - used, "%s%s", used ? ", " : "commands: ", c->name);
    }
    const char *near = cli_options_nearest(typed, words, n);
    if (near)
        return cli_output_fail(CLI_USAGE, hint, "unknown command '%.60s'; did you mean '%s'?", typed, near);
    return cli_output_fail(CLI_USAGE, hint, "unknown command '%.60s'", typed);
}

int cli_help(const cli_options *o) {
    int n_words;
    if (o->arguments.n == 0) {
        cli_help_overview();
    } else {
        char *words[2] = {(char *)(uintptr_t)o->arguments.items[0], o->arguments.n > 1 ? (char *)(uintptr_t)o->arguments.items[1] : NULL};
        const cli_command *command = cli_commands_find((int)o->arguments.n, words, &n_words);
        if (!command)
            return cli_help_unknown(o->arguments.items[0]);
        cli_help_command(command);
    }
    cli_output_flush();
    return CLI_DONE;
}
