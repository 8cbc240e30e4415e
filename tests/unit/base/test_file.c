/* Mappings, bounded reads, atomic writes. */
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char folder[64];

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int count_entries(void) {
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static int tear_down(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char *path_of(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *text) {
    mote_file_writer *w = NULL;
    assert_int_equal(mote_file_writer_create(path, &w, NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_write(w, text, strlen(text), NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_commit(&w, NULL), MOTE_OK);
    assert_null(w);
}

static void assert_contents(const char *path, const char *text) {
    mote_buffer b;
    mote_buffer_init(&b, 1 << 20);
    assert_int_equal(mote_file_read(path, &b, NULL), MOTE_OK);
    assert_true(mote_str_is(mote_buffer_str(&b), text));
    mote_buffer_deinit(&b);
}

static void nothing_is_visible_before_commit(void **state) {
    (void)state;
    const char *path = path_of("a");
    mote_file_writer *w = NULL;
    write_file(path, "old");
    assert_int_equal(mote_file_writer_create(path, &w, NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_write(w, "new bytes", 9, NULL), MOTE_OK);
    assert_contents(path, "old");
    mote_file_writer_discard(&w);
    assert_null(w);
    mote_file_writer_discard(&w);
    assert_contents(path, "old");
    assert_int_equal(count_entries(), 1);
    write_file(path, "new");
    assert_contents(path, "new");
    assert_int_equal(count_entries(), 1);
}

static void patches_inside_only(void **state) {
    (void)state;
    const char *path = path_of("patched");
    mote_file_writer *w = NULL;
    mote_error err = {0};
    assert_int_equal(mote_file_writer_create(path, &w, NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_write(w, "0123456789", 10, NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_offset(w), 10);
    assert_int_equal(mote_file_writer_patch(w, 2, "ab", 2, NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_patch(w, 9, "ab", 2, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_file_writer_patch(w, UINT64_MAX, "ab", 2, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_file_writer_write(w, "X", 1, NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_commit(&w, NULL), MOTE_OK);
    assert_contents(path, "01ab456789X");
}

static void reads_up_to_the_limit(void **state) {
    (void)state;
    const char *path = path_of("long");
    mote_error err = {0};
    mote_buffer b;
    write_file(path, "12345");
    mote_buffer_init(&b, 5);
    assert_int_equal(mote_file_read(path, &b, &err), MOTE_OK);
    mote_buffer_deinit(&b);
    mote_buffer_init(&b, 4);
    assert_int_equal(mote_file_read(path, &b, &err), MOTE_ERR_LIMIT);
    assert_non_null(strstr(err.message, path));
    mote_buffer_deinit(&b);
    mote_buffer_init(&b, 4);
    assert_int_equal(mote_file_read("/dev/zero", &b, &err), MOTE_ERR_LIMIT);
    mote_buffer_deinit(&b);
}

static void maps_regular_files_only(void **state) {
    (void)state;
    mote_file_map map;
    mote_error err = {0};
    const char *path = path_of("mapped");
    write_file(path, "abc");
    assert_int_equal(mote_file_map_open(path, &map, &err), MOTE_OK);
    assert_int_equal(map.len, 3);
    assert_memory_equal(map.data, "abc", 3);
    mote_file_map_close(&map);
    assert_null(map.data);
    write_file(path, "");
    assert_int_equal(mote_file_map_open(path, &map, &err), MOTE_OK);
    assert_int_equal(map.len, 0);
    mote_file_map_close(&map);
    assert_int_equal(mote_file_map_open(folder, &map, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_file_map_open("/dev/zero", &map, &err), MOTE_ERR_ARGUMENT);
    path = path_of("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mote_file_map_open(path, &map, &err), MOTE_ERR_ARGUMENT);
    path = path_of("absent");
    assert_int_equal(mote_file_map_open(path, &map, &err), MOTE_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, path));
}

static void failures_leave_nothing(void **state) {
    (void)state;
    mote_file_writer *w = NULL;
    mote_error err = {0};
    assert_int_equal(mote_file_writer_create(path_of("no/such/folder"), &w, &err), MOTE_ERR_NOT_FOUND);
    assert_null(w);
    const char *path = path_of("taken");
    assert_int_equal(mkdir(path, 0700), 0);
    int before = count_entries();
    assert_int_equal(mote_file_writer_create(path, &w, &err), MOTE_OK);
    assert_int_equal(mote_file_writer_commit(&w, &err), MOTE_ERR_IO); /* a folder is in the way */
    assert_null(w);
    assert_int_equal(count_entries(), before);
}

static void makes_folders(void **state) {
    (void)state;
    const char *path = path_of("x/y/z");
    assert_false(mote_file_exists(path));
    assert_int_equal(mote_file_make_directories(path, NULL), MOTE_OK);
    assert_int_equal(mote_file_make_directories(path, NULL), MOTE_OK);
    assert_true(mote_file_is_directory(path));
    write_file(path_of("file"), "");
    assert_false(mote_file_is_directory(path_of("file")));
    assert_int_not_equal(mote_file_make_directories(path_of("file/below"), NULL), MOTE_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_visible_before_commit), cmocka_unit_test(patches_inside_only),    cmocka_unit_test(reads_up_to_the_limit),
        cmocka_unit_test(maps_regular_files_only),          cmocka_unit_test(failures_leave_nothing), cmocka_unit_test(makes_folders),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
