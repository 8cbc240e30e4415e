/* Reading the arguments. A name must match whole (llama.cpp has short names of several letters, so letters are never bundled); --name=value and --name value
 * both work; -- ends the flags. Whatever is unknown is an error with the nearest known name: nothing is ever dropped. */
#include "cli/options.h"

#include "cli/commands.h"
#include "cli/output.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 64, MAX_NAMES = 160, MAX_WHY = 300 };

void cli_options_init(cli_options *o) {
    memset(o, 0, sizeof *o);
    o->n_ctx = -1;
    o->n_shots = -1;
    o->n_predict = -1;
    o->n_logprobs = o->n_draft_max = -1;
    o->n_prompt = 512;
    o->n_generate = 128;
    o->n_repeats = 5;
    o->sampling = mote_sampler_options_default();
    o->sampling.seed = MOTE_SAMPLER_SEED_RANDOM;
}

void cli_options_deinit(cli_options *o) {
    free(o->arguments.items);
    free(o->loras.items);
    free(o->scaled_loras.items);
    free(o->files.items);
    free(o->stops.items);
    free(o->breakers.items);
    free(o->biases.items);
    memset(o, 0, sizeof *o);
}

bool cli_option_next_name(const char **cursor, char *name, size_t name_bytes) {
    const char *p = *cursor;
    size_t n = strcspn(p, " ");
    if (n == 0 || n >= name_bytes)
        return false;
    memcpy(name, p, n);
    name[n] = 0;
    *cursor = p + n + (p[n] == ' ');
    return true;
}

/* Whether `names` has the first n bytes of text as a whole name. */
static bool has_name(const char *names, const char *text, size_t n) {
    char name[MAX_NAME];
    while (cli_option_next_name(&names, name, sizeof name))
        if (strlen(name) == n && memcmp(name, text, n) == 0)
            return true;
    return false;
}

static void append(cli_list *list, const char *item) {
    list->items = cli_resize(list->items, list->n + 1, sizeof *list->items);
    list->items[list->n++] = item;
}

static bool read_number(const char *text, double *x) {
    char *end;
    errno = 0;
    *x = strtod(text, &end);
    return end != text && !*end && isfinite(*x);
}

static bool read_bytes(const char *text, uint64_t *bytes) {
    char *end;
    double x = strtod(text, &end);
    static const char suffixes[] = "KMGT";
    if (end == text || !isfinite(x) || x < 0)
        return false;
    const char *suffix = *end ? strchr(suffixes, *end >= 'a' ? *end - 32 : *end) : NULL;
    if (suffix) {
        x *= (double)(UINT64_C(1) << (10 * (suffix - suffixes + 1)));
        end++;
        end += end[0] == 'i' && (end[1] == 'B' || end[1] == 'b') ? 2 : end[0] == 'B' || end[0] == 'b' ? 1 : 0;
    }
    if (*end || x > 0x1p62)
        return false;
    *bytes = (uint64_t)x;
    return true;
}

static bool read_seed(const char *text, uint64_t *seed) {
    char *end;
    if (strcmp(text, "-1") == 0) {
        *seed = MOTE_SAMPLER_SEED_RANDOM;
        return true;
    }
    errno = 0;
    *seed = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && errno == 0;
}

/* TOKEN+BIAS or TOKEN-BIAS; the bias may be inf. */
static bool read_bias(const char *text, mote_logit_bias *bias) {
    char *end;
    errno = 0;
    unsigned long token = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || errno || token > INT32_MAX || (*end != '+' && *end != '-'))
        return false;
    const char *value = end + 1;
    float sign = *end == '-' ? -1.0f : 1.0f, x = strtof(value, &end);
    if (end == value || *end || isnan(x) || *value == '-' || *value == '+')
        return false;
    *bias = (mote_logit_bias){(int32_t)token, sign * x};
    return true;
}

static bool is_choice(const char *choices, const char *value) {
    return has_name(choices, value, strlen(value));
}

static bool set_number(cli_options *o, const cli_option *option, const char *value, char *why, size_t why_bytes) {
    void *field = (char *)o + option->offset;
    double x;
    bool whole = option->kind == CLI_KIND_INT;
    if (!read_number(value, &x) || (whole && x != floor(x))) {
        snprintf(why, why_bytes, "'%.60s' is not a %snumber", value, whole ? "whole " : "");
        return false;
    }
    if (x < option->low || x > option->high) {
        bool is_open = option->high >= INT32_MAX; /* the type's own limit tells nobody anything */
        snprintf(why, why_bytes, is_open ? "%.60s is out of range: at least %g" : "%.60s is out of range: %g to %g", value, option->low, option->high);
        return false;
    }
    if (whole)
        *(int32_t *)field = (int32_t)x;
    else
        *(float *)field = (float)x;
    return true;
}

/* Puts a value where the option says; false with the reason in why. */
static bool set_value(cli_options *o, const cli_option *option, const char *value, char *why, size_t why_bytes) {
    void *field = (char *)o + option->offset;
    bool ok = true;
    switch (option->kind) {
    case CLI_KIND_FLAG:
        *(bool *)field = true;
        return true;
    case CLI_KIND_INT:
    case CLI_KIND_FLOAT:
        return set_number(o, option, value, why, why_bytes);
    case CLI_KIND_SEED:
        ok = read_seed(value, field);
        break;
    case CLI_KIND_BYTES:
        ok = read_bytes(value, field);
        break;
    case CLI_KIND_TEXT:
        if (option->choices && !is_choice(option->choices, value)) {
            snprintf(why, why_bytes, "'%.60s' is none of: %s", value, option->choices);
            return false;
        }
        *(const char **)field = value;
        return true;
    case CLI_KIND_LIST:
        append(field, value);
        return true;
    case CLI_KIND_BIAS: {
        cli_bias_list *list = field;
        mote_logit_bias bias;
        ok = read_bias(value, &bias);
        if (ok) {
            list->items = cli_resize(list->items, list->n + 1, sizeof *list->items);
            list->items[list->n++] = bias;
        }
        break;
    }
    case CLI_KIND_LATER:
        ok = false;
        break;
    }
    if (!ok)
        snprintf(why, why_bytes, "'%.60s' is not %s", value, option->argument);
    return ok;
}

bool cli_options_set(cli_options *o, const cli_option *group, const char *name, const char *value, char *why, size_t why_bytes) {
    const char *words[MAX_NAMES];
    char dashed[MAX_NAME];
    size_t n = 0;
    snprintf(dashed, sizeof dashed, "--%.50s", name);
    for (char *p = dashed; *p; p++)
        if (*p == '_')
            *p = '-';
    for (const cli_option *option = group; option->names; option++) {
        if (has_name(option->names, dashed, strlen(dashed)))
            return set_value(o, option, value, why, why_bytes);
        const char *preferred = strstr(option->names, "--");
        words[n++] = preferred ? preferred + 2 : option->names;
    }
    const char *near = cli_options_nearest(name, words, n);
    snprintf(why, why_bytes, "no setting is called '%.50s'%s%.*s%s", name, near ? "; did you mean '" : "", near ? (int)strcspn(near, " ") : 0, near ? near : "", near ? "'?" : "");
    return false;
}

/* Levenshtein's distance, words cut at 31 letters. */
static size_t distance(const char *a, const char *b) {
    size_t row[MAX_NAME], n = strcspn(b, " ");
    if (n >= MAX_NAME)
        n = MAX_NAME - 1;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] && i < MAX_NAME; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i] != b[j - 1]);
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[n];
}

const char *cli_options_nearest(const char *typed, const char *const *words, size_t n_words) {
    const char *best = NULL;
    size_t least = strlen(typed) / 3 + 1; /* more letters wrong than a third: another word */
    for (size_t i = 0; i < n_words; i++) {
        size_t d = distance(typed, words[i]);
        if (d <= least && (!best || d < least)) {
            least = d;
            best = words[i];
        }
    }
    return best;
}

static const cli_option *find_in(const cli_option *group, const char *text, size_t n) {
    for (; group && group->names; group++)
        if (has_name(group->names, text, n))
            return group;
    return NULL;
}

static const cli_option *find_option(const cli_command *command, const char *text, size_t n) {
    const cli_option *found = find_in(cli_flags_common, text, n);
    for (int i = 0; !found && i < CLI_MAX_GROUPS && command->groups[i]; i++)
        found = find_in(command->groups[i], text, n);
    return found ? found : find_in(cli_flags_later, text, n);
}

static int refuse_unknown(const cli_command *command, const char *typed) {
    char names[MAX_NAMES][MAX_NAME], hint[MAX_WHY], name[MAX_NAME];
    const char *words[MAX_NAMES];
    size_t n = 0;
    for (int i = -1; i < CLI_MAX_GROUPS && (i < 0 || command->groups[i]); i++)
        for (const cli_option *option = i < 0 ? cli_flags_common : command->groups[i]; option->names; option++)
            for (const char *cursor = option->names; n < MAX_NAMES && cli_option_next_name(&cursor, names[n], MAX_NAME); n++)
                words[n] = names[n];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(typed, "="), typed);
    const char *near = strncmp(name, "--", 2) == 0 ? cli_options_nearest(name, words, n) : NULL;
    if (near)
        snprintf(hint, sizeof hint, "did you mean %s? `mote %s --help` lists the flags", near, command->name);
    else
        snprintf(hint, sizeof hint, "`mote %s --help` lists the flags; an argument that begins with - goes behind --", command->name);
    return cli_output_fail(CLI_USAGE, hint, "%s: unknown flag %.100s", command->name, typed);
}

/* One flag at argv[*i]; moves *i to its value where it takes one. */
static int parse_flag(cli_options *o, const cli_command *command, int argc, char **argv, int *i) {
    const char *text = argv[*i], *equals = strncmp(text, "--", 2) == 0 ? strchr(text, '=') : NULL;
    size_t n = equals ? (size_t)(equals - text) : strlen(text);
    const cli_option *option = find_option(command, text, n);
    if (!option)
        return refuse_unknown(command, text);
    if (option->kind == CLI_KIND_LATER)
        return cli_output_fail(CLI_UNSUPPORTED, NULL, "%s: %.*s is not supported", command->name, (int)n, text);
    if (!option->argument) {
        if (equals)
            return cli_output_fail(CLI_USAGE, NULL, "%s: %.*s takes no value", command->name, (int)n, text);
        set_value(o, option, NULL, NULL, 0);
        return CLI_DONE;
    }
    const char *value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
    if (!value)
        return cli_output_fail(CLI_USAGE, NULL, "%s: %s needs a value: %s", command->name, text, option->argument);
    char why[MAX_WHY];
    if (!set_value(o, option, value, why, sizeof why))
        return cli_output_fail(CLI_USAGE, option->help, "%s: %.*s: %s", command->name, (int)n, text, why);
    return CLI_DONE;
}

static int check_arguments(const cli_options *o, const cli_command *command) {
    char usage[MAX_WHY];
    snprintf(usage, sizeof usage, "usage: mote %s [FLAGS] %s", command->name, command->arguments);
    if ((int)o->arguments.n < command->min_arguments)
        return cli_output_fail(CLI_USAGE, usage, "%s: an argument is missing", command->name);
    if (command->max_arguments >= 0 && (int)o->arguments.n > command->max_arguments)
        return cli_output_fail(CLI_USAGE, usage, "%s: '%.80s' is one argument too many", command->name, o->arguments.items[command->max_arguments]);
    return CLI_DONE;
}

int cli_options_parse(cli_options *o, const cli_command *command, int argc, char **argv) {
    bool flags = true;
    o->command = command;
    for (int i = 0; i < argc; i++) {
        if (flags && strcmp(argv[i], "--") == 0) {
            flags = false;
        } else if (flags && argv[i][0] == '-' && argv[i][1]) {
            int code = parse_flag(o, command, argc, argv, &i);
            if (code != CLI_DONE)
                return code;
        } else {
            append(&o->arguments, argv[i]);
        }
    }
    return o->help ? CLI_DONE : check_arguments(o, command);
}
