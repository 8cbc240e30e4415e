/* The handler uses only what is safe in one: system calls, its own stack, and what _install has left. The file is found by looking the address up in /proc/self/maps. */
#include "cli/fault.h"

#include "cli/options.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4096, MAX_NAME_BYTES = 1024 };

static struct termios terminal;
static bool has_terminal, clears_line;
static struct sigaction before;
static atomic_flag entered = ATOMIC_FLAG_INIT;

/* A line of /proc/self/maps while it comes: "start-end rwxp offset device inode          name". */
typedef struct map_line {
    uint64_t numbers[3]; /* start, end, offset */
    int field;
    size_t n_name;
    char name[MAX_NAME_BYTES];
} map_line;

static void take_character(map_line *l, char c) {
    enum { START, END, RIGHTS, OFFSET, DEVICE, INODE, NAME };
    if (l->field == NAME) {
        if ((c != ' ' || l->n_name > 0) && l->n_name < sizeof l->name - 1)
            l->name[l->n_name++] = (unsigned char)c < ' ' || c == 0x7f ? '?' : c; /* nothing that drives a terminal */
        return;
    }
    if (c == ' ' || (l->field == START && c == '-')) {
        l->field++;
        return;
    }
    if (l->field == RIGHTS || l->field == DEVICE || l->field == INODE)
        return;
    uint64_t *x = &l->numbers[l->field == OFFSET ? 2 : l->field];
    *x = *x * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The file mapped at an address, and the place in it. False: memory of another kind. */
static bool find_file(uint64_t address, map_line *l) {
    char chunk[CHUNK_BYTES];
    bool found = false;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    memset(l, 0, sizeof *l);
    for (ssize_t n; fd >= 0 && !found && (n = read(fd, chunk, sizeof chunk)) > 0;)
        for (ssize_t i = 0; i < n && !found; i++) {
            if (chunk[i] != '\n') {
                take_character(l, chunk[i]);
                continue;
            }
            found = address >= l->numbers[0] && address < l->numbers[1];
            if (!found)
                memset(l, 0, sizeof *l);
        }
    if (fd >= 0)
        close(fd);
    return found && l->name[0] == '/';
}

static void say(const char *text) {
    size_t n = strlen(text);
    while (n > 0) {
        ssize_t written = write(STDERR_FILENO, text, n);
        if (written <= 0)
            return;
        text += written;
        n -= (size_t)written;
    }
}

static void handle(int signal_number, siginfo_t *info, void *context) {
    (void)context;
    map_line l;
    uint64_t address = (uint64_t)(uintptr_t)info->si_addr;
    if (info->si_code <= 0 || !find_file(address, &l)) {
        sigaction(signal_number, &before, NULL); /* not ours: the faulting instruction runs again, and what was there before decides */
        if (info->si_code <= 0)
            raise(signal_number);
        return;
    }
    while (atomic_flag_test_and_set(&entered))
        pause(); /* another thread is telling it */
    struct stat st;
    bool is_there = stat(l.name, &st) == 0 && (uint64_t)st.st_size > address - l.numbers[0] + l.numbers[2];
    if (has_terminal && tcgetpgrp(STDIN_FILENO) == getpgrp())
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    if (clears_line)
        say("\r\033[0m\033[K");
    say("mote: ");
    say(l.name);
    say(is_there ? ": reading failed (input/output error)\n" : ": the file changed while it was in use: it is shorter now than when it was opened\n");
    if (!is_there)
        say("hint: run it again when nothing writes to the file\n");
    _exit(CLI_FAILED);
}

void cli_fault_install(void) {
    struct sigaction action;
    const char *kind = getenv("TERM");
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGTTOU); /* else setting the terminal could stop the program */
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = handle;
    has_terminal = tcgetattr(STDIN_FILENO, &terminal) == 0;
    clears_line = isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
    sigaction(SIGBUS, &action, &before);
}
