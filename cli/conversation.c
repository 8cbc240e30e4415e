/* Conversations in memory and on disk. A file is replaced in one step, so a failed save leaves the old one. */
#include "cli/conversation.h"

#include "cli/input.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_MESSAGES = 100000 };

void cli_conversation_add(cli_conversation *c, const char *role, const char *content, size_t n_bytes) {
    c->messages = cli_resize(c->messages, c->n_messages + 1, sizeof *c->messages);
    c->messages[c->n_messages++] = (cli_message){role, cli_dup(content, n_bytes), n_bytes};
}

void cli_conversation_cut(cli_conversation *c, size_t n_keep) {
    while (c->n_messages > n_keep)
        free(c->messages[--c->n_messages].content);
}

void cli_conversation_free(cli_conversation *c) {
    cli_conversation_cut(c, 0);
    free(c->messages);
    c->messages = NULL;
}

void cli_conversation_write(const cli_conversation *c, cli_writer *w) {
    cli_writer_open(w, '[');
    for (size_t i = 0; i < c->n_messages; i++) {
        cli_writer_open(w, '{');
        cli_writer_key(w, "role");
        cli_writer_text(w, c->messages[i].role);
        cli_writer_key(w, "content");
        cli_writer_string(w, c->messages[i].content, c->messages[i].n_bytes);
        cli_writer_close(w, '}');
    }
    cli_writer_close(w, ']');
}

int cli_conversation_save(const cli_conversation *c, const char *path) {
    size_t n = strlen(path) + 16;
    char *temporary = cli_alloc(n, 1);
    snprintf(temporary, n, "%s.tmp-%d", path, (int)getpid());
    FILE *out = fopen(temporary, "wbe");
    bool ok = out != NULL;
    if (ok) {
        cli_writer w;
        cli_writer_init(&w, out);
        cli_writer_open(&w, '{');
        cli_writer_key(&w, "messages");
        cli_conversation_write(c, &w);
        cli_writer_close(&w, '}');
        cli_writer_finish(&w);
        ok = fflush(out) == 0 && !ferror(out) && fsync(fileno(out)) == 0;
        ok = fclose(out) == 0 && ok && rename(temporary, path) == 0;
        if (!ok)
            unlink(temporary);
    }
    free(temporary);
    return ok ? CLI_DONE : cli_output_fail(CLI_FAILED, NULL, "%s: %s", path, strerror(errno));
}

static const char *known_role(const char *role) {
    static const char *const roles[] = {"system", "user", "assistant"};
    for (size_t i = 0; role && i < sizeof roles / sizeof *roles; i++)
        if (strcmp(role, roles[i]) == 0)
            return roles[i];
    return NULL;
}

int cli_conversation_load(cli_conversation *c, const char *path) {
    cli_text text;
    cli_conversation loaded = {NULL, 0};
    int code = cli_input_read(path, &text);
    if (code != CLI_DONE)
        return code;
    json_error_t why;
    json_t *root = json_loadb(text.data, text.n_bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    const json_t *messages = json_object_get(root, "messages");
    if (!root)
        code = cli_output_fail(CLI_FAILED, NULL, "%s: line %d: %s", path, why.line, why.text);
    else if (!json_is_array(messages) || json_array_size(messages) > MAX_MESSAGES)
        code = cli_output_fail(CLI_FAILED, NULL, "%s: no list of \"messages\"", path);
    for (size_t i = 0; code == CLI_DONE && i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i), *content = json_object_get(message, "content");
        const char *role = known_role(json_string_value(json_object_get(message, "role")));
        if (!role || !json_is_string(content))
            code = cli_output_fail(CLI_FAILED, NULL, "%s: message %zu needs a \"role\" (system, user, assistant) and a \"content\" that is text", path, i);
        else
            cli_conversation_add(&loaded, role, json_string_value(content), json_string_length(content));
    }
    json_decref(root);
    cli_text_free(&text);
    if (code == CLI_DONE) {
        cli_conversation_free(c);
        *c = loaded;
    } else {
        cli_conversation_free(&loaded);
    }
    return code;
}
