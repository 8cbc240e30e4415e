/* The handler does only what is safe in one: atomics, mote_session_cancel (an atomic store in the library), _exit. */
#include "cli/interrupt.h"

#include "cli/options.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static _Atomic(mote_session *) watched;
static atomic_int deferred, n_interrupts;

static void handle(int signal_number) {
    (void)signal_number;
    mote_session *session = atomic_load(&watched);
    int before = atomic_fetch_add(&n_interrupts, 1);
    if (before > 0 || (!session && !atomic_load(&deferred)))
        _exit(CLI_INTERRUPTED);
    if (session)
        mote_session_cancel(session);
}

void cli_interrupt_install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = handle; /* no SA_RESTART: a read at the prompt must return */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

void cli_interrupt_watch(mote_session *session) {
    atomic_store(&watched, session);
}

void cli_interrupt_defer(bool defer) {
    atomic_store(&deferred, defer);
}

bool cli_interrupt_happened(void) {
    return atomic_load(&n_interrupts) > 0;
}

void cli_interrupt_clear(void) {
    atomic_store(&n_interrupts, 0);
}
