/* Ctrl-C: stops the running answer, or ends the program where nothing can be stopped in an orderly way. */
#ifndef MOTE_CLI_INTERRUPT_H
#define MOTE_CLI_INTERRUPT_H

#include <mote/mote.h>

/* From here on SIGINT and SIGTERM come to us. SIGPIPE becomes a write error. */
void cli_interrupt_install(void);
/* The session that the next interrupt cancels; NULL: none. */
void cli_interrupt_watch(mote_session *session);
/* While true, an interrupt only sets the flag (the work asks for it); else it ends the program at once. A second interrupt always ends it. */
void cli_interrupt_defer(bool defer);
bool cli_interrupt_happened(void);
void cli_interrupt_clear(void);

#endif
