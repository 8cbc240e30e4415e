/* The quota of a group binds what is below it, so the groups from ours up to the mount are looked at. In a container the path that /proc names is often the host's and not there;
 * its parents end at the mount, which then is the container's own group. */
#include "base/cpu_share.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_PATH = 4096,      /* the system's PATH_MAX */
    MAX_LINE = 8192,      /* of /proc/self/cgroup: controllers and a path */
    MAX_LINES = 256,      /* hierarchies; version 1 has as many as controllers, about a dozen */
    MAX_LIST_BYTES = 4096 /* of a list of siblings; machines with eight threads a core need some twenty */
};

/* The first bytes of a file as text; false if it can't be read. */
static bool read_text(const char *path, char *text, size_t size) {
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    size_t n = fread(text, 1, size - 1, f);
    bool is_ok = !ferror(f);
    text[n] = 0;
    fclose(f);
    return is_ok;
}

/* A positive number at *at, which moves behind it; 0 if there is none ("max", "-1"). */
static int64_t read_positive(const char **at) {
    char *end = NULL;
    errno = 0;
    long long x = strtoll(*at, &end, 10);
    if (end == *at || errno != 0 || x <= 0)
        return 0;
    *at = end;
    return x;
}

static int whole_cpus(int64_t quota, int64_t period) {
    if (quota <= 0 || period <= 0)
        return 0;
    int64_t n = quota / period + (quota % period != 0);
    return n > MOTE_CPU_SHARE_MAX_CPUS ? 0 : (int)n;
}

static int quota_of_v2(const char *dir) {
    char path[MAX_PATH + 32], text[64];
    const char *at = text;
    snprintf(path, sizeof path, "%s/cpu.max", dir);
    if (!read_text(path, text, sizeof text))
        return 0;
    int64_t quota = read_positive(&at);
    return quota ? whole_cpus(quota, read_positive(&at)) : 0;
}

static int quota_of_v1(const char *dir) {
    char path[MAX_PATH + 32], quota[64], period[64];
    const char *quota_at = quota, *period_at = period;
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", dir);
    if (!read_text(path, quota, sizeof quota))
        return 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", dir);
    if (!read_text(path, period, sizeof period))
        return 0;
    return whole_cpus(read_positive(&quota_at), read_positive(&period_at));
}

static void keep_smaller(int *least, int n) {
    if (n > 0 && (*least == 0 || n < *least))
        *least = n;
}

/* Of the group and all above it. */
static void look_upwards(const char *root, const char *mount, const char *group, int (*quota_of)(const char *), int *least) {
    char dir[MAX_PATH];
    int n_mount = snprintf(dir, sizeof dir, "%s%s", root, mount);
    if (n_mount < 0 || (size_t)n_mount >= sizeof dir)
        return;
    /* a group outside of our view begins with ".."; then the mount alone is ours to see */
    if (!strstr(group, "..") && strlen(group) < sizeof dir - (size_t)n_mount)
        strcpy(dir + n_mount, group);
    for (;;) {
        keep_smaller(least, quota_of(dir));
        char *slash = strrchr(dir + n_mount, '/');
        if (!slash)
            return;
        *slash = 0;
    }
}

/* Whether a comma-separated list has the word "cpu". */
static bool has_cpu_controller(const char *list) {
    for (;;) {
        size_t n = strcspn(list, ",");
        if (n == 3 && memcmp(list, "cpu", 3) == 0)
            return true;
        if (!list[n])
            return false;
        list += n + 1;
    }
}

int mote_cpu_share_quota(const char *root) {
    char line[MAX_LINE];
    int least = 0;
    if (strlen(root) >= MAX_PATH)
        return 0;
    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *f = fopen(line, "re");
    if (!f)
        return 0;
    /* lines are "number:controllers:path"; version 2 has no controllers */
    for (int i = 0; i < MAX_LINES && fgets(line, sizeof line, f); i++) {
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = 0;
        controllers++;
        if (!*controllers) {
            look_upwards(root, "/sys/fs/cgroup", group, quota_of_v2, &least);
            look_upwards(root, "/sys/fs/cgroup/unified", group, quota_of_v2, &least);
        } else if (has_cpu_controller(controllers)) {
            look_upwards(root, "/sys/fs/cgroup/cpu", group, quota_of_v1, &least);
            look_upwards(root, "/sys/fs/cgroup/cpu,cpuacct", group, quota_of_v1, &least);
        }
    }
    fclose(f);
    return least;
}

/* Whether a list such as "0-1,8" names a CPU below `cpu` that is ours: then that one stands for the core. */
static bool has_ours_below(const char *list, size_t cpu, const bool *is_ours) {
    for (;;) {
        char *end = NULL;
        errno = 0;
        unsigned long long first = strtoull(list, &end, 10), last = first;
        if (end == list || errno != 0)
            return false;
        if (*end == '-') {
            list = end + 1;
            last = strtoull(list, &end, 10);
            if (end == list || errno != 0)
                return false;
        }
        for (unsigned long long i = first; i <= last && i < cpu; i++)
            if (is_ours[i])
                return true;
        if (*end != ',')
            return false;
        list = end + 1;
    }
}

int mote_cpu_share_cores(const char *root, const bool *is_ours, size_t n_cpus) {
    char path[MAX_PATH + 96], list[MAX_LIST_BYTES];
    int n = 0;
    for (size_t i = 0; i < n_cpus; i++) {
        if (!is_ours[i])
            continue;
        snprintf(path, sizeof path, "%.*s/sys/devices/system/cpu/cpu%zu/topology/thread_siblings_list", MAX_PATH, root, i);
        n += !read_text(path, list, sizeof list) || !has_ours_below(list, i, is_ours);
    }
    return n;
}
