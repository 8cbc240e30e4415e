/* CPU time that control groups give and cores that a mask names, from made-up system files. */
#include "base/cpu_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char root[] = "cpu_share_XXXXXX";

/* Writes root/path, making its folders. */
static void put(const char *path, const char *text) {
    char full[1024];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(full, 0755);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    fclose(f);
}

static int make_root(void **state) {
    (void)state;
    strcpy(root + strlen(root) - 6, "XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void no_files_are_no_limit(void **state) {
    (void)state;
    assert_int_equal(mote_cpu_share_quota(root), 0);
    put("/proc/self/cgroup", "0::/a/b\n");
    assert_int_equal(mote_cpu_share_quota(root), 0);
}

static void version_2_counts_whole_cpus(void **state) {
    static const struct {
        const char *text;
        int n;
    } cases[] = {{"max 100000\n", 0},    {"200000 100000\n", 2},
                 {"150000 100000\n", 2}, {"50000 100000\n", 1},
                 {"1000 0\n", 0},        {"-5 100000\n", 0},
                 {"100000", 0},          {"", 0},
                 {"9 nonsense", 0},      {"99999999999999999999 100000\n", 0},
                 {"9999999999 1\n", 0},  {"100000 -1\n", 0}};
    (void)state;
    put("/proc/self/cgroup", "0::/a\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("/sys/fs/cgroup/a/cpu.max", cases[i].text);
        assert_int_equal(mote_cpu_share_quota(root), cases[i].n);
    }
}

static void groups_above_bind_too(void **state) {
    (void)state;
    put("/proc/self/cgroup", "0::/a/b/c\n");
    put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
    assert_int_equal(mote_cpu_share_quota(root), 4);
    put("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    assert_int_equal(mote_cpu_share_quota(root), 3);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "100000 100000\n");
    assert_int_equal(mote_cpu_share_quota(root), 1);
}

/* The host's path inside of a container: only the mount is there. */
static void paths_that_are_not_there_end_at_the_mount(void **state) {
    (void)state;
    put("/proc/self/cgroup", "0::/system.slice/docker-0123.scope\n");
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    assert_int_equal(mote_cpu_share_quota(root), 2);
    put("/proc/self/cgroup", "0::/../../elsewhere\n");
    assert_int_equal(mote_cpu_share_quota(root), 2);
}

static void version_1_has_quota_and_period(void **state) {
    (void)state;
    put("/proc/self/cgroup", "12:cpuset:/x\n4:cpuacct,cpu:/a/b\n1:name=systemd:/y\n0::/\n");
    put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
    assert_int_equal(mote_cpu_share_quota(root), 0);
    put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "250000\n");
    assert_int_equal(mote_cpu_share_quota(root), 3);
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n");
    assert_int_equal(mote_cpu_share_quota(root), 3); /* without a period it is none */
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "50000\n");
    assert_int_equal(mote_cpu_share_quota(root), 2);
}

static void hostile_lines_are_no_limit(void **state) {
    static char line[20000];
    (void)state;
    put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
    put("/proc/self/cgroup", "nothing here\n:\n::\n");
    assert_int_equal(mote_cpu_share_quota(root), 1); /* "::" is version 2 at the mount */
    memset(line, 'a', sizeof line - 1);
    memcpy(line, "0::/", 4);
    put("/proc/self/cgroup", line);
    assert_in_range(mote_cpu_share_quota(root), 0, 1);
}

static void put_siblings(int cpu, const char *list) {
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    put(path, list);
}

static void threads_of_a_core_count_once(void **state) {
    (void)state;
    put_siblings(0, "0,4\n");
    put_siblings(4, "0,4\n");
    put_siblings(1, "1,5\n");
    put_siblings(5, "1,5\n");
    put_siblings(6, "6-7\n");
    put_siblings(7, "6-7\n");
    const bool all[8] = {true, true, true, true, true, true, true, true}, second[8] = {[4] = true, [5] = true, [7] = true}, none[8] = {false};
    assert_int_equal(mote_cpu_share_cores(root, all, 8), 5); /* 0, 1, 6, and 2 and 3 of which nothing is known */
    assert_int_equal(mote_cpu_share_cores(root, second, 8), 3);
    assert_int_equal(mote_cpu_share_cores(root, none, 8), 0);
}

static void odd_sibling_lists_name_nobody(void **state) {
    static const char *const lists[] = {"", "x", "-1", "0-", "0,", "1-0", "99999999999999999999", "0-99999999999999999999", "18446744073709551615-1"};
    const bool both[2] = {true, true};
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        put_siblings(1, lists[i]);
        assert_in_range(mote_cpu_share_cores(root, both, 2), 1, 2);
    }
    put_siblings(1, "x0");
    assert_int_equal(mote_cpu_share_cores(root, both, 2), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_files_are_no_limit, make_root, remove_root),
        cmocka_unit_test_setup_teardown(version_2_counts_whole_cpus, make_root, remove_root),
        cmocka_unit_test_setup_teardown(groups_above_bind_too, make_root, remove_root),
        cmocka_unit_test_setup_teardown(paths_that_are_not_there_end_at_the_mount, make_root, remove_root),
        cmocka_unit_test_setup_teardown(version_1_has_quota_and_period, make_root, remove_root),
        cmocka_unit_test_setup_teardown(hostile_lines_are_no_limit, make_root, remove_root),
        cmocka_unit_test_setup_teardown(threads_of_a_core_count_once, make_root, remove_root),
        cmocka_unit_test_setup_teardown(odd_sibling_lists_name_nobody, make_root, remove_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
