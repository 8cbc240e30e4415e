/* Integer matrices in a safetensors file. The first two bytes choose layout, bits and size of groups; what is accepted is read completely. */
#include "base/mem.h"
#include "formats/int_matrix.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

enum { MAX_FLOATS = 1 << 20 }; /* a file of few bytes can't describe a larger matrix but by one bit a weight and more */

static void read_all(const mote_int_matrix *m) {
    size_t n_rows = m->n_rows < 40 ? (size_t)m->n_rows : 40;
    if (m->n_columns > MAX_FLOATS / n_rows)
        return;
    float *out = mote_mem_alloc_array(n_rows, (size_t)m->n_columns * sizeof *out);
    if (!out)
        return;
    mote_int_matrix_read(m, 0, n_rows, out);
    mote_int_matrix_read(m, m->n_rows - n_rows, n_rows, out);
    mote_mem_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    mote_safetensors *st = NULL;
    mote_int_matrix m;
    mote_error err = {0};
    if (n_bytes < 2)
        return 0;
    mote_int_scheme scheme = {.layout = (mote_int_layout)(data[0] % 4), .bits = data[0] / 4 % 16, .group_size = data[1] & 127, .zeros_less_one = data[1] > 127};
    if (mote_safetensors_open_memory(data + 2, n_bytes - 2, "fuzz", &st, &err) != MOTE_OK)
        return 0;
    if (mote_int_matrix_find(st, "m", &scheme, &m, &err) == MOTE_OK && m.numbers)
        read_all(&m);
    mote_safetensors_close(&st);
    return 0;
}
