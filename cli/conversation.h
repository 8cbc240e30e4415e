/* The messages of a conversation, and its file: {"messages":[{"role","content"},...]}. */
#ifndef MOTE_CLI_CONVERSATION_H
#define MOTE_CLI_CONVERSATION_H

#include "cli/writer.h"

typedef struct cli_message {
    const char *role; /* "system", "user" or "assistant"; static storage */
    char *content;    /* [n_bytes], a NUL behind */
    size_t n_bytes;
} cli_message;

typedef struct cli_conversation {
    cli_message *messages;
    size_t n_messages;
} cli_conversation;

void cli_conversation_add(cli_conversation *c, const char *role, const char *content, size_t n_bytes);
/* Forgets all but the first n_keep messages. */
void cli_conversation_cut(cli_conversation *c, size_t n_keep);
void cli_conversation_free(cli_conversation *c);

/* The array of messages as JSON. */
void cli_conversation_write(const cli_conversation *c, cli_writer *w);
/* CLI_DONE, or prints why not. _load replaces what was there, only if the whole file is good. */
int cli_conversation_save(const cli_conversation *c, const char *path);
int cli_conversation_load(cli_conversation *c, const char *path);

#endif
