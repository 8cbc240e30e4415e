/* Marks around texts of control tokens in messages (see prompt.c). */
#ifndef MOTE_CLI_GUARD_H
#define MOTE_CLI_GUARD_H

#include "cli/conversation.h"

enum { CLI_GUARD_MARK_BYTES = 4 };

typedef struct cli_guard {
    bool is_used;                         /* some message was marked */
    char open[CLI_GUARD_MARK_BYTES + 1];  /* two characters of the private-use plane 16 that occur in no message */
    char close[CLI_GUARD_MARK_BYTES + 1]; /* nor in the template */
} cli_guard;

/* A copy of the conversation with the marks in place. */
MOTE_MUST_CHECK mote_status cli_guard_conversation(cli_guard *guard, const mote_tokenizer *tokenizer, const char *template_text, const cli_conversation *c, cli_conversation *safe,
                                                   mote_error *err);
/* The next mark in the text, or NULL. */
const char *cli_guard_find(const cli_guard *guard, const char *text, size_t n_bytes);
bool cli_guard_opens(const cli_guard *guard, const char *mark);

#endif
