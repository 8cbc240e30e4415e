/* One function a shell. Names of models come from `mote models list` when the user presses the key. */
#include "cli/complete.h"

#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static const char MODELS[] = "mote models list -q 2>/dev/null | cut -d' ' -f1";

typedef void (*option_fn)(const cli_command *command, const cli_option *option);

static void each_option(const cli_command *command, option_fn fn) {
    for (int i = 0; i < CLI_MAX_GROUPS && command->groups[i]; i++)
        for (const cli_option *option = command->groups[i]; option->names; option++)
            fn(command, option);
    for (const cli_option *option = cli_flags_common; option->names; option++)
        fn(command, option);
}

static bool takes_file(const cli_option *option) {
    return option->argument && (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "MODEL") == 0);
}

static bool takes_model(const cli_option *option) {
    return option->argument && strcmp(option->argument, "MODEL") == 0;
}

/* First words, each once: "models" stands for its two commands. */
static void each_first_word(void (*fn)(const char *word, const char *summary)) {
    char before[32] = "";
    for (const cli_command *c = cli_commands; c->name; c++) {
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(c->name, " "), c->name);
        if (!c->hidden && strcmp(word, before) != 0)
            fn(word, strchr(c->name, ' ') ? "" : c->summary);
        snprintf(before, sizeof before, "%s", word);
    }
}

static void print_word(const char *word, const char *summary) {
    (void)summary;
    printf("%s ", word);
}

static void print_second_words(void) {
    for (const cli_command *c = cli_commands; c->name; c++)
        if (strchr(c->name, ' ') && (c == cli_commands || strncmp(c[-1].name, c->name, strcspn(c->name, " ") + 1) != 0)) {
            int n = (int)strcspn(c->name, " ");
            printf("        %.*s)", n, c->name);
            fputs(" COMPREPLY=($(compgen -W '", stdout);
            for (const cli_command *d = c; d->name && strncmp(d->name, c->name, (size_t)n + 1) == 0; d++)
                printf("%s ", d->name + n + 1);
            fputs("' -- \"$word\")); return ;;\n", stdout);
        }
}

static void print_names(const cli_command *command, const cli_option *option) {
    (void)command;
    printf("%s ", option->names);
}

static void print_bash_values(void) {
    printf("    case $before in\n"
           "    -m|--model|--base) COMPREPLY=($(compgen -W \"$(%s)\" -- \"$word\") $(compgen -f -- \"$word\")); return ;;\n"
           "    --type) COMPREPLY=($(compgen -W 'f32 q8_0 q6_k q5_k_m q4_k_m q4_0 iq4_xs' -- \"$word\")); return ;;\n"
           "    -ctk|--cache-type-k|-ctv|--cache-type-v) COMPREPLY=($(compgen -W 'f32 f16 bf16' -- \"$word\")); return ;;\n"
           "    --kind) COMPREPLY=($(compgen -W 'gguf safetensors json template' -- \"$word\")); return ;;\n"
           "    esac\n",
           MODELS);
}

void cli_complete_bash(void) {
    printf("# bash completion for mote; made by `mote generate bash`\n_mote() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} flags\n"
           "    COMPREPLY=()\n    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W '");
    each_first_word(print_word);
    printf("--help --version' -- \"$word\"))\n        return\n    fi\n");
    print_bash_values();
    printf("    if [ \"$COMP_CWORD\" = 2 ] && [ \"${word#-}\" = \"$word\" ]; then\n        case $command in\n");
    print_second_words();
    printf("        esac\n    fi\n    case $command in\n    models|eval) command=\"$command ${COMP_WORDS[2]}\" ;;\n    esac\n    case $command in\n");
    for (const cli_command *c = cli_commands; c->name; c++) {
        printf("    '%s') flags='", c->name);
        each_option(c, print_names);
        if (strcmp(c->complete, "model") == 0)
            printf("'; [ \"${word#-}\" = \"$word\" ] && COMPREPLY=($(compgen -W \"$(%s)\" -- \"$word\")) ;;\n", MODELS);
        else if (strcmp(c->complete, "command") == 0) {
            printf("'; [ \"${word#-}\" = \"$word\" ] && COMPREPLY=($(compgen -W '");
            each_first_word(print_word);
            printf("' -- \"$word\")) ;;\n");
        } else
            printf("' ;;\n");
    }
    printf("    esac\n    case $word in\n    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
           "    *) [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n}\n"
           "complete -o filenames -F _mote mote\n");
}

/* Text inside '...' of zsh's _arguments: no quotes, brackets or colons. */
static void print_plain(const char *text) {
    for (; *text; text++)
        putchar(strchr("'[]:\\`$\"", *text) ? ' ' : *text);
}

static void print_zsh_option(const cli_command *command, const cli_option *option) {
    char name[64];
    (void)command;
    for (const char *cursor = option->names; cli_option_next_name(&cursor, name, sizeof name);) {
        printf("        '*%s[", name);
        print_plain(option->help);
        putchar(']');
        if (option->argument) {
            putchar(':');
            print_plain(option->argument);
            printf(":%s", takes_model(option) ? "_mote_models" : takes_file(option) ? "_files" : "");
            if (option->choices)
                printf("(%s)", option->choices);
        }
        printf("' \\\n");
    }
}

static void print_zsh_word(const char *word, const char *summary) {
    printf("        '%s:", word);
    print_plain(summary);
    printf("'\n");
}

void cli_complete_zsh(void) {
    printf("#compdef mote\n# zsh completion for mote; made by `mote generate zsh`\n"
           "_mote_models() { compadd -- ${(f)\"$(%s)\"}; _files }\n"
           "_mote() {\n    local -a commands\n    commands=(\n",
           MODELS);
    each_first_word(print_zsh_word);
    printf("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n    local command=$words[2]\n"
           "    case $command in\n    models|eval)\n        if (( CURRENT == 3 )); then\n            case $command in\n"
           "            models) compadd list path ;;\n            eval) compadd logits perplexity ;;\n            esac\n            return\n        fi\n"
           "        command=\"$command $words[3]\" ;;\n    esac\n    case $command in\n");
    for (const cli_command *c = cli_commands; c->name; c++) {
        printf("    '%s')\n        _arguments \\\n", c->name);
        each_option(c, print_zsh_option);
        const char *action = strcmp(c->complete, "model") == 0 ? "_mote_models" : strcmp(c->complete, "command") == 0 ? "" : "_files";
        printf("        '*:argument:%s' ;;\n", action);
    }
    printf("    esac\n}\n_mote \"$@\"\n");
}

static void print_fish_option(const cli_command *command, const cli_option *option) {
    char name[64];
    printf("complete -c mote -n '__mote_is \"%s\"'", command->name);
    for (const char *cursor = option->names; cli_option_next_name(&cursor, name, sizeof name);) {
        if (strncmp(name, "--", 2) == 0)
            printf(" -l %s", name + 2);
        else
            printf(name[2] ? " -o %s" : " -s %s", name + 1);
    }
    if (option->argument)
        printf(" -r%s", takes_file(option) ? " -F" : "");
    if (takes_model(option))
        printf(" -a '(__mote_models)'");
    if (option->choices)
        printf(" -a '%s'", option->choices);
    printf(" -d '");
    print_plain(option->help);
    printf("'\n");
}

static void print_fish_word(const char *word, const char *summary) {
    printf("complete -c mote -f -n __mote_is_first -a '%s' -d '", word);
    print_plain(summary);
    printf("'\n");
}

void cli_complete_fish(void) {
    printf(
        "# fish completion for mote; made by `mote generate fish`\n"
        "function __mote_models\n    mote models list -q 2>/dev/null | string replace -r ' .*' ''\nend\n"
        "function __mote_is_first\n    test (count (commandline -opc)) -eq 1\nend\n"
        "function __mote_is\n    set -l typed (commandline -opc)[2..3]\n    string match -q -- \"$argv[1]\" \"$typed[1]\"; or string match -q -- \"$argv[1]\" \"$typed\"\nend\n");
    each_first_word(print_fish_word);
    for (const cli_command *c = cli_commands; c->name; c++) {
        const char *space = strchr(c->name, ' ');
        if (space)
            printf("complete -c mote -f -n 'test (count (commandline -opc)) -eq 2; and __mote_is %.*s' -a '%s' -d '%s'\n", (int)(space - c->name), c->name, space + 1, c->summary);
        if (strcmp(c->complete, "model") == 0)
            printf("complete -c mote -f -n '__mote_is \"%s\"' -a '(__mote_models)'\n", c->name);
        each_option(c, print_fish_option);
    }
}
