/* The program `mote`: finds the command, reads its flags, runs it. */
#include "cli/commands.h"
#include "cli/fault.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/output.h"

#include <string.h>

/* `mote eval` without a known measurement, `mote models frob`: which second words there are. */
static int refuse_second_word(int argc, char **argv) {
    char hint[256] = "";
    size_t used = 0, head = strlen(argv[0]);
    for (const cli_command *c = cli_commands; c->name; c++)
        if (strncmp(c->name, argv[0], head) == 0 && c->name[head] == ' ')
            used += (size_t)snprintf(hint + used, sizeof hint - used, "%smote %s", used ? ", " : "there are: ", c->name);
    if (!used)
        return cli_help_unknown(argv[0]);
    if (argc < 2 || argv[1][0] == '-')
        return cli_output_fail(CLI_USAGE, hint, "%s: a word is missing", argv[0]);
    return cli_output_fail(CLI_USAGE, hint, "unknown command '%s %.60s'", argv[0], argv[1]);
}

static int run_command(int argc, char **argv) {
    int n_words;
    const cli_command *command = cli_commands_find(argc, argv, &n_words);
    if (!command)
        return refuse_second_word(argc, argv);
    cli_options o;
    cli_options_init(&o);
    int code = cli_options_parse(&o, command, argc - n_words, argv + n_words);
    if (code == CLI_DONE && o.help)
        cli_help_command(command);
    else if (code == CLI_DONE)
        code = command->run(&o);
    cli_output_flush();
    cli_options_deinit(&o);
    return code;
}

int main(int argc, char **argv) {
    cli_interrupt_install();
    cli_fault_install();
    if (argc < 2) {
        cli_help_overview();
        cli_output_flush();
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        if (argc > 2 && strcmp(argv[2], "--json") == 0)
            printf("{\"version\":\"%s\"}\n", mote_version());
        else
            printf("mote %s\n", mote_version());
        cli_output_flush();
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_help_overview();
        cli_output_flush();
        return CLI_DONE;
    }
    if (argv[1][0] == '-')
        return cli_output_fail(CLI_USAGE, "a command comes first: mote run -m MODEL PROMPT; `mote --help` lists them", "unknown flag %.100s", argv[1]);
    return run_command(argc - 1, argv + 1);
}
