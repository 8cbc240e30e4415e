/* `mote chat`: turns of a conversation. Each turn renders the whole conversation; what the session has computed already is not computed again. */
#include "cli/answer.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/line.h"
#include "cli/prompt.h"

#include <stdlib.h>
#include <string.h>

typedef struct chat_state {
    cli_options *o; /* changed by /set */
    cli_runtime runtime;
    cli_conversation conversation;
    cli_line *line;
    cli_list kept; /* values of /set, which the options borrow */
    bool is_over;
    int code; /* of the first thing that failed, for those who have no terminal */
} chat_state;

static void begin_conversation(chat_state *s) {
    cli_conversation_free(&s->conversation);
    if (s->o->system)
        cli_conversation_add(&s->conversation, "system", s->o->system, strlen(s->o->system));
}

/* One turn. On failure the conversation is as before it. */
static int take_turn(chat_state *s, const char *text, size_t n_bytes) {
    int32_t *ids = NULL;
    size_t n_ids = 0, n_before = s->conversation.n_messages;
    mote_generate_result result = {0};
    cli_conversation_add(&s->conversation, "user", text, n_bytes);
    int code = cli_prompt_messages(&s->runtime, &s->conversation, &ids, &n_ids);
    if (code == CLI_DONE && n_ids >= (size_t)mote_engine_n_ctx(s->runtime.engine))
        code = cli_output_fail(CLI_FAILED, "/reset begins anew, /save FILE keeps the conversation; -c N gives a larger context",
                               "the context is full: the conversation has %zu tokens, the context %d", n_ids, (int)mote_engine_n_ctx(s->runtime.engine));
    else if (code == CLI_DONE)
        code = cli_answer(&s->runtime, s->o, ids, n_ids, NULL, &result);
    if (code == CLI_DONE || (code == CLI_INTERRUPTED && result.text_bytes))
        cli_conversation_add(&s->conversation, "assistant", result.text ? result.text : "", result.text_bytes);
    else
        cli_conversation_cut(&s->conversation, n_before);
    if (code == CLI_DONE && strcmp(result.finish_reason, "length") == 0)
        cli_output_notice(s->o, "the answer was cut off at %zu tokens", result.n_tokens);
    mote_generate_result_deinit(&result);
    free(ids);
    return code;
}

static int set_setting(chat_state *s, const char *key, const char *value) {
    char why[300];
    cli_options before = *s->o;
    if (!*key || !*value)
        return cli_output_fail(CLI_USAGE, "for example /set temp 0.2", "/set needs a setting and a value");
    s->kept = (cli_list){cli_resize(s->kept.items, s->kept.n + 1, sizeof *s->kept.items), s->kept.n + 1};
    s->kept.items[s->kept.n - 1] = cli_dup(value, strlen(value));
    if (!cli_options_set(s->o, cli_flags_sampling, key, s->kept.items[s->kept.n - 1], why, sizeof why))
        return cli_output_fail(CLI_USAGE, "the settings are those of `mote chat --help`, without dashes", "/set: %s", why);
    int code = cli_runtime_set_sampler(&s->runtime, s->o);
    if (code != CLI_DONE) {
        s->o->sampling = before.sampling;
        s->o->biases.n = before.biases.n;
        s->o->breakers.n = before.breakers.n;
    }
    return code;
}

static void print_help(void) {
    static const char text[] = "/help             this\n"
                               "/reset            forget the conversation\n"
                               "/save FILE        write the conversation to FILE (JSON), what was computed of it to FILE.session\n"
                               "/load FILE        go on with a conversation from there\n"
                               "/set KEY VALUE    change a sampling setting: /set temp 0.2\n"
                               "/quit             leave (also Ctrl-D, or Ctrl-C twice)\n"
                               "Ctrl-C            stop the answer\n";
    fputs(text, stderr);
}

/* Beside the text, in FILE.session: what the session computed of it, so that a long conversation goes on at once. */
static char *session_path(const char *path) {
    size_t n = strlen(path);
    char *whole = cli_alloc(n + sizeof ".session", 1);
    memcpy(whole, path, n);
    memcpy(whole + n, ".session", sizeof ".session");
    return whole;
}

static int save_conversation(chat_state *s, const char *path) {
    mote_error err = {0};
    mote_status status = MOTE_OK;
    int code = cli_conversation_save(&s->conversation, path);
    if (code != CLI_DONE)
        return code;
    char *session = session_path(path);
    bool has_session = mote_session_n_tokens(s->runtime.session) > 0;
    if (has_session)
        status = mote_session_save(s->runtime.session, session, &err);
    if (status != MOTE_OK)
        code = cli_output_status(status, &err, false);
    else
        cli_output_notice(s->o, has_session ? "%zu messages saved to %s, what was computed of them to %s" : "%zu messages saved to %s", s->conversation.n_messages, path, session);
    free(session);
    return code;
}

/* The text is what counts: a session that is not there or doesn't fit is computed anew. */
static int load_conversation(chat_state *s, const char *path) {
    mote_error err = {0};
    int code = cli_conversation_load(&s->conversation, path);
    if (code != CLI_DONE)
        return code;
    char *session = session_path(path);
    mote_status status = mote_session_restore(s->runtime.session, session, &err);
    free(session);
    cli_output_notice(s->o, "%zu messages loaded from %s", s->conversation.n_messages, path);
    if (status != MOTE_OK && status != MOTE_ERR_NOT_FOUND)
        cli_output_notice(s->o, "they will be computed anew: %s", err.message);
    return CLI_DONE;
}

/* A line that begins with '/': a command word, then its argument. */
static int take_command(chat_state *s, char *line) {
    char *word = strtok(line, " \t"), *argument = strtok(NULL, ""), none[] = "";
    argument = argument ? argument + strspn(argument, " \t") : none;
    if (strcmp(word, "/help") == 0 || strcmp(word, "/?") == 0) {
        print_help();
    } else if (strcmp(word, "/quit") == 0 || strcmp(word, "/exit") == 0 || strcmp(word, "/bye") == 0) {
        s->is_over = true;
    } else if (strcmp(word, "/reset") == 0) {
        begin_conversation(s);
    } else if (strcmp(word, "/save") == 0 || strcmp(word, "/load") == 0) {
        if (!*argument)
            return cli_output_fail(CLI_USAGE, NULL, "%s needs a file", word);
        return word[1] == 's' ? save_conversation(s, argument) : load_conversation(s, argument);
    } else if (strcmp(word, "/set") == 0) {
        char *key = strtok(argument, " \t="), *value = key ? strtok(NULL, "") : NULL;
        return set_setting(s, key ? key : none, value ? value + strspn(value, " \t=") : none);
    } else {
        return cli_output_fail(CLI_USAGE, "/help lists the commands", "there is no %.40s", word);
    }
    return CLI_DONE;
}

static void take_line(chat_state *s, const char *text, size_t n_bytes) {
    if (n_bytes == 0 || strspn(text, " \t\r\n") >= n_bytes)
        return;
    char *copy = cli_dup(text, n_bytes);
    int code = copy[0] == '/' ? take_command(s, copy) : take_turn(s, copy, n_bytes);
    s->code = s->code ? s->code : code;
    if (code == CLI_INTERRUPTED && !cli_line_is_terminal(s->line))
        s->is_over = true;
    free(copy);
}

static void talk(chat_state *s) {
    bool interrupted_before = false;
    while (!s->is_over) {
        const char *text = NULL;
        size_t n_bytes = 0;
        cli_interrupt_clear();
        cli_line_result read = cli_line_read(s->line, &text, &n_bytes);
        if (read == CLI_LINE_END)
            break;
        if (read == CLI_LINE_INTERRUPTED) {
            if (interrupted_before)
                break;
            interrupted_before = true;
            cli_output_notice(s->o, "Ctrl-C again, or /quit, to leave");
            continue;
        }
        interrupted_before = false;
        cli_interrupt_clear();
        take_line(s, text, n_bytes);
    }
}

/* The lists that /set can grow are the chat's own. */
static void copy_options(cli_options *copy, const cli_options *o) {
    *copy = *o;
    copy->biases.items = cli_resize(NULL, o->biases.n, sizeof *copy->biases.items);
    copy->breakers.items = cli_resize(NULL, o->breakers.n, sizeof *copy->breakers.items);
    if (o->biases.n)
        memcpy(copy->biases.items, o->biases.items, o->biases.n * sizeof *copy->biases.items);
    if (o->breakers.n)
        memcpy(copy->breakers.items, o->breakers.items, o->breakers.n * sizeof *copy->breakers.items);
}

static void close_chat(chat_state *s) {
    cli_line_close(&s->line);
    cli_conversation_free(&s->conversation);
    cli_runtime_close(&s->runtime);
    for (size_t i = 0; i < s->kept.n; i++)
        free((char *)(uintptr_t)s->kept.items[i]);
    free(s->kept.items);
    free(s->o->biases.items);
    free(s->o->breakers.items);
}

int cli_chat(const cli_options *o) {
    cli_options changed;
    if (o->n_logprobs >= 0 && !o->json)
        return cli_output_fail(CLI_USAGE, "add --json", "chat: --logprobs is shown only as JSON");
    copy_options(&changed, o);
    changed.keeps_prefixes = true;
    chat_state s = {.o = &changed};
    int code = cli_runtime_open(&s.runtime, &changed);
    if (code == CLI_DONE && !mote_model_template(s.runtime.model))
        code = cli_output_fail(CLI_UNSUPPORTED, "`mote run` completes a text with it", "%s: the model has no chat template", s.runtime.path);
    if (code == CLI_DONE) {
        begin_conversation(&s);
        s.line = cli_line_open();
        if (cli_line_is_terminal(s.line))
            cli_output_notice(o, "%s; /help lists the commands", s.runtime.info.name[0] ? s.runtime.info.name : s.runtime.path);
        talk(&s);
        code = cli_line_is_terminal(s.line) ? CLI_DONE : s.code;
    }
    close_chat(&s);
    return code;
}
