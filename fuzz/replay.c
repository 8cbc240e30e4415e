/* Runs a fuzz target over the files of corpus folders, without a fuzzing engine: replay FOLDER...
 * Each input is a fresh block of exactly its size, so that the address sanitizer sees a read of one byte too many. An empty folder is a failure: it would
 * test nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static int run_file(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    FILE *f = fopen(path, "rb");
    uint8_t *data = f ? malloc((size_t)st.st_size) : NULL; /* malloc(0) may be NULL, which is fine */
    size_t n = data ? fread(data, 1, (size_t)st.st_size, f) : 0;
    if (f)
        fclose(f);
    if (!f || n != (size_t)st.st_size) {
        fprintf(stderr, "replay: %s cannot be read\n", path);
        free(data);
        return -1;
    }
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    return 1;
}

static int run_folder(const char *folder) {
    DIR *dir = opendir(folder);
    if (!dir) {
        fprintf(stderr, "replay: no folder %s\n", folder);
        return -1;
    }
    int n = 0;
    for (struct dirent *e; n >= 0 && (e = readdir(dir));) {
        char path[4096];
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= sizeof path)
            continue;
        int ran = run_file(path);
        n = ran < 0 ? -1 : n + ran;
    }
    closedir(dir);
    if (n == 0)
        fprintf(stderr, "replay: no input in %s\n", folder);
    return n > 0 ? n : -1;
}

int main(int argc, char **argv) {
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int n = run_folder(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    if (total == 0) {
        fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
        return 1;
    }
    printf("%d inputs\n", total);
    return 0;
}
