/* Layouts as the projects that write them define them: AutoGPTQ and GPTQModel (qlinear modules), AutoAWQ (WQLinear_GEMM), vLLM's compressed-tensors (pack_to_int32).
 * Everything that addresses memory is checked when a matrix is found; group numbers, which are data, again when they are used, since the file may change under its mapping. */
#include "formats/int_matrix.h"

#include "base/error.h"
#include "base/half.h"

#include <stdio.h>

enum {
    WORD_BITS = 32,
    NAME_BYTES = 256,
    BLOCK_ROWS = 16, /* read together: a cache line of words where neighbouring outputs are neighbours in memory */
    BLOCK_COLUMNS = 64,
    MAX_SIDE = 1 << 28, /* of a matrix; keeps every product below inside 64 bits */
};

static const char *const layout_names[] = {"GPTQ", "AWQ", "compressed-tensors packed", "compressed-tensors"};

typedef struct finder {
    const mote_safetensors *st;
    const char *name;
    mote_int_matrix *m;
    mote_error *err;
} finder;

/* The companion name.suffix; NULL if absent. */
static const mote_safetensors_tensor *part(const finder *f, const char *suffix) {
    char full[NAME_BYTES];
    int n = snprintf(full, sizeof full, "%s.%s", f->name, suffix);
    return n > 0 && n < (int)sizeof full ? mote_safetensors_find(f->st, full) : NULL;
}

static mote_status missing(const finder *f, const char *suffix) {
    return mote_error_set(f->err, MOTE_ERR_FORMAT, "tensor '%s.%s' is missing, which its integer matrix needs", f->name, suffix);
}

static mote_status check_type(const finder *f, const mote_safetensors_tensor *t, mote_dtype type) {
    if (t->type == type)
        return MOTE_OK;
    return mote_error_set(f->err, MOTE_ERR_UNSUPPORTED, "tensor '%.*s': type %.*s, expected %s", MOTE_STR_ARGS(t->name), MOTE_STR_ARGS(t->dtype_name), mote_dtype_get(type)->name);
}

/* [rows, columns]; a vector is also taken as a matrix of one column. */
static mote_status check_shape(const finder *f, const mote_safetensors_tensor *t, uint64_t rows, uint64_t columns) {
    bool is_vector = t->n_dims == 1 && columns == 1 && t->dims[0] == rows;
    if (is_vector || (t->n_dims == 2 && t->dims[0] == rows && t->dims[1] == columns))
        return MOTE_OK;
    return mote_error_set(f->err, MOTE_ERR_FORMAT, "tensor '%.*s': shape [%llu, %llu] (%d dimensions), expected [%llu, %llu]", MOTE_STR_ARGS(t->name),
                          (unsigned long long)(t->n_dims > 0 ? t->dims[0] : 0), (unsigned long long)(t->n_dims > 1 ? t->dims[1] : 0), t->n_dims, (unsigned long long)rows,
                          (unsigned long long)columns);
}

static mote_status check_sides(const finder *f) {
    const mote_int_matrix *m = f->m;
    if (m->n_rows == 0 || m->n_columns == 0 || m->n_rows > MAX_SIDE || m->n_columns > MAX_SIDE)
        return mote_error_set(f->err, MOTE_ERR_FORMAT, "integer matrix '%s': %llu rows of %llu weights", f->name, (unsigned long long)m->n_rows, (unsigned long long)m->n_columns);
    return MOTE_OK;
}

static void count_groups(mote_int_matrix *m) {
    uint64_t size = m->scheme.group_size ? m->scheme.group_size : m->n_columns;
    m->n_groups = (m->n_columns + size - 1) / size;
}

static mote_status take_scales(const finder *f, const mote_safetensors_tensor *t, uint64_t rows, uint64_t columns) {
    mote_int_matrix *m = f->m;
    if (t->type != MOTE_DTYPE_F32 && t->type != MOTE_DTYPE_F16 && t->type != MOTE_DTYPE_BF16)
        return mote_error_set(f->err, MOTE_ERR_UNSUPPORTED, "tensor '%.*s': type %.*s, expected F32, F16 or BF16", MOTE_STR_ARGS(t->name), MOTE_STR_ARGS(t->dtype_name));
    MOTE_TRY(check_shape(f, t, rows, columns));
    m->scales = t->data;
    m->scale_type = t->type;
    return MOTE_OK;
}

static mote_status take_groups(const finder *f, const char *suffix) {
    mote_int_matrix *m = f->m;
    const mote_safetensors_tensor *t = part(f, suffix);
    if (!t)
        return MOTE_OK;
    MOTE_TRY(check_type(f, t, MOTE_DTYPE_I32));
    MOTE_TRY(check_shape(f, t, m->n_columns, 1));
    for (uint64_t i = 0; i < m->n_columns; i++) {
        int32_t group;
        memcpy(&group, t->data + 4 * i, 4);
        if (group < 0 || (uint64_t)group >= m->n_groups)
            return mote_error_set(f->err, MOTE_ERR_FORMAT, "tensor '%.*s': group %d of input %llu, there are %llu groups", MOTE_STR_ARGS(t->name), group, (unsigned long long)i,
                                  (unsigned long long)m->n_groups);
    }
    m->groups = t->data;
    return MOTE_OK;
}

static mote_status take_zeros(const finder *f, const char *suffix, mote_dtype type, uint64_t rows, uint64_t columns) {
    mote_int_matrix *m = f->m;
    const mote_safetensors_tensor *t = part(f, suffix);
    if (!t)
        return MOTE_OK;
    MOTE_TRY(check_type(f, t, type));
    MOTE_TRY(check_shape(f, t, rows, columns));
    m->zeros = t->data;
    return MOTE_OK;
}

static mote_status find_gptq(const finder *f, const mote_safetensors_tensor *q) {
    mote_int_matrix *m = f->m;
    const mote_safetensors_tensor *scales = part(f, "scales");
    uint64_t bits = m->scheme.bits;
    if (!scales)
        return missing(f, "scales");
    MOTE_TRY(check_type(f, q, MOTE_DTYPE_I32));
    if (q->n_dims != 2 || q->dims[0] > MAX_SIDE || q->dims[0] * WORD_BITS % bits != 0)
        return mote_error_set(f->err, MOTE_ERR_FORMAT, "tensor '%.*s': its words hold no whole number of %u-bit weights", MOTE_STR_ARGS(q->name), m->scheme.bits);
    m->n_rows = q->dims[1];
    m->n_columns = q->dims[0] * WORD_BITS / bits;
    MOTE_TRY(check_sides(f));
    count_groups(m);
    if (m->n_rows * bits % WORD_BITS != 0)
        return mote_error_set(f->err, MOTE_ERR_FORMAT, "tensor '%.*s': %llu outputs fill no whole number of words", MOTE_STR_ARGS(q->name), (unsigned long long)m->n_rows);
    MOTE_TRY(take_scales(f, scales, m->n_groups, m->n_rows));
    MOTE_TRY(take_zeros(f, "qzeros", MOTE_DTYPE_I32, m->n_groups, m->n_rows * bits / WORD_BITS));
    return take_groups(f, "g_idx");
}

static mote_status find_awq(const finder *f, const mote_safetensors_tensor *q) {
    mote_int_matrix *m = f->m;
    const mote_safetensors_tensor *scales = part(f, "scales");
    uint64_t a_word = WORD_BITS / m->scheme.bits;
    if (!scales)
        return missing(f, "scales");
    MOTE_TRY(check_type(f, q, MOTE_DTYPE_I32));
    if (q->n_dims != 2 || q->dims[1] > MAX_SIDE)
        return mote_error_set(f->err, MOTE_ERR_FORMAT, "tensor '%.*s': not a matrix", MOTE_STR_ARGS(q->name));
    m->n_columns = q->dims[0];
    m->n_rows = q->dims[1] * a_word;
    MOTE_TRY(check_sides(f));
    count_groups(m);
    MOTE_TRY(take_scales(f, scales, m->n_groups, m->n_rows));
    MOTE_TRY(take_zeros(f, "qzeros", MOTE_DTYPE_I32, m->n_groups, q->dims[1]));
    return m->zeros ? MOTE_OK : missing(f, "qzeros");
}

/* The real shape: words may be padded. */
static mote_status read_packed_shape(const finder *f) {
    const mote_safetensors_tensor *t = part(f, "weight_shape");
    int64_t sides[2];
    if (!t)
        return missing(f, "weight_shape");
    if ((t->type != MOTE_DTYPE_I64 && t->type != MOTE_DTYPE_I32) || t->n_dims != 1 || t->dims[0] != 2)
        return mote_error_set(f->err, MOTE_ERR_FORMAT, "tensor '%.*s': not two integers", MOTE_STR_ARGS(t->name));
    for (int i = 0; i < 2; i++) {
        int32_t narrow;
        memcpy(&narrow, t->data + 4 * i, 4);
        sides[i] = narrow;
        if (t->type == MOTE_DTYPE_I64)
            memcpy(&sides[i], t->data + 8 * i, 8);
    }
    f->m->n_rows = (uint64_t)sides[0];
    f->m->n_columns = (uint64_t)sides[1];
    return check_sides(f);
}

static mote_status find_packed(const finder *f, const mote_safetensors_tensor *q) {
    mote_int_matrix *m = f->m;
    const mote_safetensors_tensor *scales = part(f, "weight_scale");
    uint64_t a_word = WORD_BITS / m->scheme.bits;
    if (!scales)
        return missing(f, "weight_scale");
    MOTE_TRY(check_type(f, q, MOTE_DTYPE_I32));
    MOTE_TRY(read_packed_shape(f));
    MOTE_TRY(check_shape(f, q, m->n_rows, (m->n_columns + a_word - 1) / a_word));
    count_groups(m);
    MOTE_TRY(take_scales(f, scales, m->n_rows, m->n_groups));
    MOTE_TRY(take_zeros(f, "weight_zero_point", MOTE_DTYPE_I32, (m->n_rows + a_word - 1) / a_word, m->n_groups));
    return take_groups(f, "weight_g_idx");
}

static mote_status find_plain(const finder *f, const mote_safetensors_tensor *q) {
    mote_int_matrix *m = f->m;
    const mote_safetensors_tensor *scales = part(f, "weight_scale");
    if (!scales)
        return missing(f, "weight_scale");
    if (q->n_dims != 2)
        return mote_error_set(f->err, MOTE_ERR_FORMAT, "tensor '%.*s': not a matrix", MOTE_STR_ARGS(q->name));
    m->n_rows = q->dims[0];
    m->n_columns = q->dims[1];
    MOTE_TRY(check_sides(f));
    count_groups(m);
    MOTE_TRY(take_scales(f, scales, m->n_rows, m->n_groups));
    return take_zeros(f, "weight_zero_point", MOTE_DTYPE_I8, m->n_rows, m->n_groups);
}

static bool bits_are_known(const mote_int_scheme *s) {
    switch (s->layout) {
    case MOTE_INT_GPTQ:
        return s->bits == 2 || s->bits == 3 || s->bits == 4 || s->bits == 8;
    case MOTE_INT_AWQ:
        return s->bits == 4;
    case MOTE_INT_PACKED:
        return s->bits >= 2 && s->bits <= 8;
    default:
        return s->bits == 8;
    }
}

mote_status mote_int_matrix_find(const mote_safetensors *st, const char *name, const mote_int_scheme *scheme, mote_int_matrix *m, mote_error *err) {
    static const char *const stems[] = {"qweight", "qweight", "weight_packed", "weight"};
    *m = (mote_int_matrix){.scheme = *scheme};
    finder f = {st, name, m, err};
    const mote_safetensors_tensor *q = part(&f, stems[scheme->layout]);
    if (!q || (scheme->layout == MOTE_INT_PLAIN && q->type != MOTE_DTYPE_I8))
        return MOTE_OK;
    if (!bits_are_known(scheme))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s with %u bits is not supported", layout_names[scheme->layout], scheme->bits);
    static mote_status (*const finders[])(const finder *, const mote_safetensors_tensor *) = {find_gptq, find_awq, find_packed, find_plain};
    MOTE_TRY(finders[scheme->layout](&f, q));
    m->numbers = q->data;
    m->n_bytes = q->n_bytes;
    return MOTE_OK;
}

static uint32_t word_at(const uint8_t *words, uint64_t i) {
    uint32_t w;
    memcpy(&w, words + 4 * i, 4);
    return w;
}

/* The i-th number of a stream of bits whose words are `stride` apart. */
static uint32_t stream_at(const uint8_t *words, uint64_t first, uint64_t stride, uint64_t i, unsigned bits) {
    uint64_t word = i * bits / WORD_BITS;
    unsigned shift = (unsigned)(i * bits % WORD_BITS);
    uint32_t v = word_at(words, first + word * stride) >> shift;
    if (shift + bits > WORD_BITS)
        v |= word_at(words, first + (word + 1) * stride) << (WORD_BITS - shift);
    return v & ((1u << bits) - 1);
}

/* Where in its word AWQ puts the output with that number modulo 8. */
static const unsigned awq_places[8] = {0, 4, 1, 5, 2, 6, 3, 7};

static uint32_t awq_at(const uint8_t *words, uint64_t words_a_row, uint64_t row, uint64_t output) {
    return word_at(words, row * words_a_row + output / 8) >> (4 * awq_places[output % 8]) & 15;
}

static uint32_t padded_at(const uint8_t *words, uint64_t first, uint64_t stride, uint64_t i, unsigned bits) {
    unsigned a_word = WORD_BITS / bits;
    return word_at(words, first + i / a_word * stride) >> (i % a_word * bits) & ((1u << bits) - 1);
}

/* The numbers of n rows at one column. */
static void numbers_at(const mote_int_matrix *m, uint64_t row, size_t n, uint64_t column, int32_t *out) {
    unsigned bits = m->scheme.bits, a_word = WORD_BITS / bits;
    switch (m->scheme.layout) {
    case MOTE_INT_GPTQ: {
        uint64_t first = column * bits / WORD_BITS * m->n_rows + row;
        unsigned shift = (unsigned)(column * bits % WORD_BITS);
        uint32_t mask = (1u << bits) - 1;
        if (shift + bits > WORD_BITS) {
            for (size_t r = 0; r < n; r++)
                out[r] = (int32_t)stream_at(m->numbers, row + r, m->n_rows, column, bits);
            break;
        }
        for (size_t r = 0; r < n; r++)
            out[r] = (int32_t)(word_at(m->numbers, first + r) >> shift & mask);
        break;
    }
    case MOTE_INT_AWQ:
        for (size_t r = 0; r < n; r++)
            out[r] = (int32_t)awq_at(m->numbers, m->n_rows / 8, column, row + r);
        break;
    case MOTE_INT_PACKED: {
        uint64_t words = (m->n_columns + a_word - 1) / a_word, first = row * words + column / a_word;
        unsigned shift = (unsigned)(column % a_word) * bits;
        uint32_t mask = (1u << bits) - 1;
        for (size_t r = 0; r < n; r++)
            out[r] = (int32_t)(word_at(m->numbers, first + r * words) >> shift & mask);
        break;
    }
    default:
        for (size_t r = 0; r < n; r++)
            out[r] = (int8_t)m->numbers[(row + r) * m->n_columns + column];
    }
}

static int32_t zero_at(const mote_int_matrix *m, uint64_t row, uint64_t group) {
    unsigned bits = m->scheme.bits;
    if (!m->zeros)
        return m->scheme.layout == MOTE_INT_PLAIN ? 0 : 1 << (bits - 1);
    switch (m->scheme.layout) {
    case MOTE_INT_GPTQ: {
        uint32_t z = stream_at(m->zeros, group * (m->n_rows * bits / WORD_BITS), 1, row, bits);
        return (int32_t)(m->scheme.zeros_less_one ? (z + 1) & ((1u << bits) - 1) : z);
    }
    case MOTE_INT_AWQ:
        return (int32_t)awq_at(m->zeros, m->n_rows / 8, group, row);
    case MOTE_INT_PACKED:
        return (int32_t)padded_at(m->zeros, group, m->n_groups, row, bits);
    default:
        return (int8_t)m->zeros[row * m->n_groups + group];
    }
}

static float scale_at(const mote_int_matrix *m, uint64_t row, uint64_t group) {
    bool by_group = m->scheme.layout == MOTE_INT_GPTQ || m->scheme.layout == MOTE_INT_AWQ;
    uint64_t i = by_group ? group * m->n_rows + row : row * m->n_groups + group;
    uint16_t half;
    float single;
    if (m->scale_type == MOTE_DTYPE_F32) {
        memcpy(&single, m->scales + 4 * i, 4);
        return single;
    }
    memcpy(&half, m->scales + 2 * i, 2);
    return m->scale_type == MOTE_DTYPE_F16 ? mote_half_from_f16(half) : mote_half_from_bf16(half);
}

static uint64_t group_of(const mote_int_matrix *m, uint64_t column) {
    if (m->groups) {
        uint32_t group = word_at(m->groups, column);
        return group < m->n_groups ? group : 0;
    }
    return m->scheme.group_size ? column / m->scheme.group_size : 0;
}

/* Rows and columns of a block, as they are gathered: rows of the result may lie so that they share cache sets. */
typedef struct block {
    const mote_int_matrix *m;
    uint64_t row, group; /* group: of zeros and scales; UINT64_MAX: none yet */
    size_t n_rows;
    int32_t zeros[BLOCK_ROWS], numbers[BLOCK_ROWS];
    float scales[BLOCK_ROWS], values[BLOCK_ROWS][BLOCK_COLUMNS];
} block;

static void read_columns(block *b, uint64_t first, size_t n) {
    const mote_int_matrix *m = b->m;
    for (size_t c = 0; c < n; c++) {
        uint64_t group = group_of(m, first + c);
        for (size_t r = 0; group != b->group && r < b->n_rows; r++) {
            b->zeros[r] = zero_at(m, b->row + r, group);
            b->scales[r] = scale_at(m, b->row + r, group);
        }
        b->group = group;
        numbers_at(m, b->row, b->n_rows, first + c, b->numbers);
        for (size_t r = 0; r < b->n_rows; r++)
            b->values[r][c] = (float)(b->numbers[r] - b->zeros[r]) * b->scales[r];
    }
}

void mote_int_matrix_read(const mote_int_matrix *m, uint64_t first_row, size_t n_rows, float *out) {
    for (size_t done = 0; done < n_rows; done += BLOCK_ROWS) {
        block b = {.m = m, .row = first_row + done, .group = UINT64_MAX, .n_rows = n_rows - done < BLOCK_ROWS ? n_rows - done : BLOCK_ROWS};
        for (uint64_t c = 0; c < m->n_columns; c += BLOCK_COLUMNS) {
            size_t n = m->n_columns - c < BLOCK_COLUMNS ? (size_t)(m->n_columns - c) : BLOCK_COLUMNS;
            read_columns(&b, c, n);
            for (size_t r = 0; r < b.n_rows; r++)
                memcpy(out + (done + r) * m->n_columns + c, b.values[r], n * sizeof *out);
        }
    }
}
