/*
 * replay FOLDER...: gives every file of a corpus to a fuzz target without a fuzzing engine, each once whole and once cut in half, and the empty input.
 * The bytes are copied to a block of exactly their size, so that sanitizers and valgrind see a read past the end.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SEED_BYTES = 1 << 24, MAX_PATH_BYTES = 4096 };

static int give(const uint8_t *bytes, size_t n) {
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        return 0;
    if (n)
        memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    return 1;
}

static int replay_file(const char *path, uint8_t *bytes) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "can't open %s\n", path);
        return 0;
    }
    size_t n = fread(bytes, 1, MAX_SEED_BYTES, f);
    int ok = !ferror(f);
    fclose(f);
    return ok && give(bytes, n) && give(bytes, n / 2);
}

static int replay_folder(const char *folder, uint8_t *bytes, size_t *n_files) {
    DIR *dir = opendir(folder);
    if (!dir) {
        fprintf(stderr, "can't open %s\n", folder);
        return 0;
    }
    int ok = 1;
    char path[MAX_PATH_BYTES];
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
            ok = 0;
        else
            ok = replay_file(path, bytes);
        ++*n_files;
    }
    closedir(dir);
    return ok;
}

int main(int argc, char **argv) {
    uint8_t *bytes = malloc(MAX_SEED_BYTES);
    size_t n_files = 0;
    int ok = bytes && give(NULL, 0);
    for (int i = 1; ok && i < argc; i++)
        ok = replay_folder(argv[i], bytes, &n_files);
    free(bytes);
    if (ok && n_files == 0)
        fprintf(stderr, "no files to replay\n");
    printf("%zu files replayed\n", n_files);
    return ok && n_files ? EXIT_SUCCESS : EXIT_FAILURE;
}
