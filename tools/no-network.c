/*
 * no-network [--seccomp] PROGRAM ARGS...: runs a program that can't reach any network, and says on standard error how.
 *
 * First choice is a network namespace of its own, which holds nothing but a loopback that is down; root may make one, others inside a user
 * namespace. Where the system forbids both (containers often do) or with --seccomp, a system-call filter denies making sockets and
 * io_uring, which could make them too. Both are kept by the program and all that it starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return close(fd) == 0 && ok;
}

/* Inside the user namespace the caller keeps its own ids, so that files belong to whom they belonged before. */
static bool keep_ids(uid_t uid, gid_t gid) {
    char map[64];
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    if (!write_file("/proc/self/uid_map", map) || !write_file("/proc/self/setgroups", "deny"))
        return false;
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    return write_file("/proc/self/gid_map", map);
}

static bool enter_namespace(void) {
    uid_t uid = getuid();
    gid_t gid = getgid();
    if (unshare(CLONE_NEWNET) == 0)
        return true;
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && keep_ids(uid, gid);
}

static int deny_sockets(void) {
    static const int denied[] = {SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(io_uring_setup)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int code = filter ? 0 : -ENOMEM;
    for (size_t i = 0; i < sizeof denied / sizeof *denied && code == 0; i++)
        code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
    if (code == 0)
        code = seccomp_load(filter);
    seccomp_release(filter);
    return code;
}

int main(int argc, char **argv) {
    int first = 1;
    bool filter_only = argc > 1 && strcmp(argv[1], "--seccomp") == 0;
    if (filter_only)
        first++;
    if (first >= argc) {
        fprintf(stderr, "usage: no-network [--seccomp] PROGRAM ARGS...\n");
        return 2;
    }
    if (!filter_only && enter_namespace()) {
        fprintf(stderr, "no-network: in a network namespace of its own, without interfaces\n");
    } else {
        int code = deny_sockets();
        if (code != 0) {
            fprintf(stderr, "no-network: neither a network namespace nor a system-call filter is allowed here: %s\n", strerror(-code));
            return 125;
        }
        fprintf(stderr, "no-network: under a system-call filter that denies sockets\n");
    }
    execvp(argv[first], argv + first);
    fprintf(stderr, "no-network: %s: %s\n", argv[first], strerror(errno));
    return 126;
}
