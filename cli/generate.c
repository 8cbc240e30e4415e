/* `mote generate`: the man page (roff, man(7)), shell completions and a Markdown reference, all from the description of commands. */
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/output.h"

#include <string.h>

enum { MAX_LINE = 200 };

/* Text of roff: backslashes and hyphens escaped, no line that begins with a control character. */
static void print_roff(const char *text) {
    bool at_start = true;
    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        at_start = false;
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\n') {
            fputs("\n.PP\n", stdout);
            at_start = true;
        } else
            putchar(*text);
    }
}

static void print_man_flags(const cli_option *group) {
    for (; group->names; group++) {
        char line[MAX_LINE];
        cli_help_flag_names(group, line, sizeof line);
        fputs(".TP\n.B ", stdout);
        print_roff(line);
        putchar('\n');
        print_roff(group->help);
        if (group->otherwise) {
            fputs(" (default: ", stdout);
            print_roff(group->otherwise);
            putchar(')');
        }
        putchar('\n');
    }
}

static void print_man_pairs(const char *pairs) {
    while (*pairs) {
        char key[64], text[512];
        int n = (int)strcspn(pairs, "\t"), end = (int)strcspn(pairs, "\n");
        snprintf(key, sizeof key, "%.*s", n, pairs);
        snprintf(text, sizeof text, "%.*s", end - n - 1, pairs + n + 1);
        fputs(".TP\n.B ", stdout);
        print_roff(key);
        putchar('\n');
        print_roff(text);
        putchar('\n');
        pairs += end + 1;
    }
}

static void print_man(void) {
    printf(".\\\" Made by `mote generate man`.\n.TH MOTE 1 \"\" \"mote %s\" \"User Commands\"\n.SH NAME\nmote \\- run small language models offline\n", mote_version());
    printf(".SH SYNOPSIS\n.B mote\n.I COMMAND\n[FLAGS] [ARGUMENTS]\n.SH DESCRIPTION\n");
    print_roff(cli_about);
    printf("\nResults go to standard output, messages and progress to standard error. An argument \\- is standard input.\n.SH COMMANDS\n");
    for (const cli_command *c = cli_commands; c->name; c++) {
        if (c->hidden)
            continue;
        fputs(".SS mote ", stdout);
        print_roff(c->name);
        fputs(c->arguments[0] ? " [FLAGS] " : " [FLAGS]", stdout);
        print_roff(c->arguments);
        putchar('\n');
        print_roff(c->summary);
        fputs(".\n.PP\n", stdout);
        print_roff(c->text);
        putchar('\n');
        for (int i = 0; i < CLI_MAX_GROUPS && c->groups[i]; i++)
            print_man_flags(c->groups[i]);
    }
    printf(".SH FLAGS OF EVERY COMMAND\n");
    print_man_flags(cli_flags_common);
    printf(".SH ENVIRONMENT\n");
    print_man_pairs(cli_environment);
    printf(".SH EXIT STATUS\n");
    print_man_pairs(cli_exit_codes);
}

/* Cells of a table: no pipes, and angle brackets would be HTML. */
static void print_cell(const char *text) {
    for (; *text; text++) {
        if (*text == '|')
            fputs("\\|", stdout);
        else if (*text == '<')
            fputs("&lt;", stdout);
        else
            putchar(*text);
    }
}

static void print_markdown_flags(const cli_option *group) {
    for (; group->names; group++) {
        char line[MAX_LINE];
        cli_help_flag_names(group, line, sizeof line);
        fputs("| `", stdout);
        print_cell(line);
        fputs("` | ", stdout);
        print_cell(group->help);
        fputs(" | ", stdout);
        print_cell(group->otherwise ? group->otherwise : "");
        fputs(" |\n", stdout);
    }
}

static void print_markdown_pairs(const char *title, const char *pairs) {
    printf("\n## %s\n\n", title);
    while (*pairs) {
        int n = (int)strcspn(pairs, "\t"), end = (int)strcspn(pairs, "\n");
        printf("- `%.*s`: %.*s\n", n, pairs, end - n - 1, pairs + n + 1);
        pairs += end + 1;
    }
}

static void print_markdown(void) {
    printf("<!-- Made by `mote generate markdown`. -->\n# Commands\n\n%s\n", cli_about);
    for (const cli_command *c = cli_commands; c->name; c++) {
        if (c->hidden)
            continue;
        printf("\n## mote %s\n\n`mote %s [FLAGS]%s%s`\n\n%s. ", c->name, c->name, c->arguments[0] ? " " : "", c->arguments, c->summary);
        for (const char *p = c->text; *p; p++)
            fputs(*p == '\n' ? "\n\n" : (char[]){*p, 0}, stdout);
        putchar('\n');
        if (c->groups[0])
            printf("\n| flag | | default |\n|---|---|---|\n");
        for (int i = 0; i < CLI_MAX_GROUPS && c->groups[i]; i++)
            print_markdown_flags(c->groups[i]);
    }
    printf("\n## Flags of every command\n\n| flag | | default |\n|---|---|---|\n");
    print_markdown_flags(cli_flags_common);
    print_markdown_pairs("Environment", cli_environment);
    print_markdown_pairs("Exit codes", cli_exit_codes);
}

int cli_generate(const cli_options *o) {
    static const struct {
        const char *name;
        void (*print)(void);
    } forms[] = {{"man", print_man}, {"bash", cli_complete_bash}, {"zsh", cli_complete_zsh}, {"fish", cli_complete_fish}, {"markdown", print_markdown}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(o->arguments.items[0], forms[i].name) == 0) {
            forms[i].print();
            cli_output_flush();
            return CLI_DONE;
        }
    return cli_output_fail(CLI_USAGE, "there are man, bash, zsh, fish and markdown", "generate: unknown form '%.40s'", o->arguments.items[0]);
}
