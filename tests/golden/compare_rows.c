/* compare_rows WANT.npy GOT TOLERANCE [argmax]: are the numbers of GOT, an .npy file or a text with a row of numbers a line, those of WANT, float32 [rows, columns]?
 * Prints the largest difference. "argmax": the place of each row's largest number must be the same too, wherever it leads by more than 1e-3. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 1 << 26, MIN_LEAD_THOUSANDTHS = 1 };

typedef struct rows {
    size_t n_rows, n_columns;
    float *values;
} rows;

static char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *bytes = file ? malloc(MAX_FILE + 1) : NULL;
    *size = bytes ? fread(bytes, 1, MAX_FILE, file) : 0;
    if (bytes)
        bytes[*size] = 0;
    if (file)
        fclose(file);
    return bytes;
}

/* As numpy writes a two-dimensional array: magic, version 1, length of the header, the header with "'shape': (r, c)", the floats. */
static int parse_npy(const char *bytes, size_t size, rows *r) {
    uint16_t length = 0;
    memcpy(&length, bytes + 8, sizeof length);
    const char *shape = strstr(bytes + 10, "'shape': (");
    if (!shape || !strstr(bytes + 10, "'<f4'") || sscanf(shape, "'shape': (%zu, %zu)", &r->n_rows, &r->n_columns) != 2)
        return 0;
    size_t n = r->n_rows * r->n_columns;
    if (n == 0 || n > MAX_FILE / sizeof(float) || 10 + (size_t)length + n * sizeof(float) != size)
        return 0;
    r->values = malloc(n * sizeof(float));
    if (r->values)
        memcpy(r->values, bytes + 10 + length, n * sizeof(float));
    return r->values != NULL;
}

/* Numbers between any other characters; every line that holds one is a row, and all rows are of one length. */
static int parse_text(char *bytes, rows *r) {
    size_t n = 0, room = 1 << 20;
    r->values = malloc(room * sizeof(float));
    for (char *line = strtok(bytes, "\n"); r->values && line; line = strtok(NULL, "\n")) {
        size_t before = n;
        while (*(line += strcspn(line, "+-0123456789")) && n < room)
            r->values[n++] = strtof(line, &line);
        if (n == before)
            continue;
        if (r->n_rows++ && n - before != r->n_columns)
            return 0;
        r->n_columns = n - before;
    }
    return r->n_rows > 0;
}

static int read_rows(const char *path, rows *r) {
    size_t size;
    char *bytes = read_file(path, &size);
    int ok = bytes && size > 10 && (memcmp(bytes, "\x93NUMPY\x01", 7) == 0 ? parse_npy(bytes, size, r) : parse_text(bytes, r));
    if (!ok)
        fprintf(stderr, "%s: not rows of numbers\n", path);
    free(bytes);
    return ok;
}

static size_t largest(const float *row, size_t n, float *lead) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (row[i] > row[best])
            best = i;
    *lead = INFINITY;
    for (size_t i = 0; i < n; i++)
        if (i != best)
            *lead = fminf(*lead, row[best] - row[i]);
    return best;
}

int main(int argc, char **argv) {
    rows want = {0}, got = {0};
    if (argc < 4 || !read_rows(argv[1], &want) || !read_rows(argv[2], &got))
        return 2;
    if (want.n_rows != got.n_rows || want.n_columns != got.n_columns) {
        printf("[%zu, %zu] numbers, expected [%zu, %zu]\n", got.n_rows, got.n_columns, want.n_rows, want.n_columns);
        return 1;
    }
    float worst = 0;
    size_t n_parted = 0;
    for (size_t i = 0; i < want.n_rows; i++) {
        const float *w = want.values + i * want.n_columns, *g = got.values + i * want.n_columns;
        for (size_t j = 0; j < want.n_columns; j++) {
            float off = fabsf(w[j] - g[j]);
            worst = isfinite(off) ? fmaxf(worst, off) : INFINITY;
        }
        float lead, unused;
        size_t best = largest(w, want.n_columns, &lead);
        n_parted += lead * 1000 > MIN_LEAD_THOUSANDTHS && best != largest(g, want.n_columns, &unused);
    }
    int ok = worst <= strtof(argv[3], NULL) && (argc < 5 || n_parted == 0);
    printf("%.2g", worst);
    if (argc >= 5 && n_parted > 0)
        printf(", %zu of %zu rows have another largest", n_parted, want.n_rows);
    printf("\n");
    free(want.values);
    free(got.values);
    return ok ? 0 : 1;
}
