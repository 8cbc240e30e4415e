/* Integer matrices: packed here bit by bit as the formats define it, read by the library, compared with (number - zero point) * scale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/half.h"
#include "base/rng.h"
#include "formats/int_matrix.h"
#include "safetensors_bytes.h"

enum { MAX_SIDE = 96, MAX_GROUPS = 16 };

typedef struct sample {
    unsigned bits, rows, columns, groups;
    int numbers[MAX_SIDE][MAX_SIDE]; /* [row][column] */
    int zeros[MAX_SIDE][MAX_GROUPS];
    float scales[MAX_SIDE][MAX_GROUPS];
    int group_of[MAX_SIDE];
} sample;

/* Zero points from 1 on: a first-format GPTQ file can't tell 0 from 2^bits. */
static void make(sample *s, unsigned bits, unsigned rows, unsigned columns, unsigned group_size, bool shuffled) {
    mote_rng rng;
    mote_rng_init(&rng, bits * 1000 + rows + columns + group_size);
    *s = (sample){.bits = bits, .rows = rows, .columns = columns, .groups = group_size ? (columns + group_size - 1) / group_size : 1};
    for (unsigned r = 0; r < rows; r++)
        for (unsigned c = 0; c < columns; c++)
            s->numbers[r][c] = (int)(mote_rng_next(&rng) % (1u << bits));
    for (unsigned r = 0; r < rows; r++)
        for (unsigned g = 0; g < s->groups; g++) {
            s->zeros[r][g] = 1 + (int)(mote_rng_next(&rng) % ((1u << bits) - 1));
            s->scales[r][g] = (float)(1 + mote_rng_next(&rng) % 100) / 64;
        }
    for (unsigned c = 0; c < columns; c++)
        s->group_of[c] = shuffled ? (int)(mote_rng_next(&rng) % s->groups) : group_size ? (int)(c / group_size) : 0;
}

static void set_bits(uint8_t *bytes, size_t first_bit, unsigned n_bits, unsigned value) {
    for (unsigned i = 0; i < n_bits; i++)
        if (value >> i & 1)
            bytes[(first_bit + i) / 8] |= (uint8_t)(1 << ((first_bit + i) % 8));
}

/* The bit of a stream whose words are `stride` words apart. */
static void set_strided(uint8_t *bytes, size_t first_word, size_t stride, size_t index, unsigned n_bits, unsigned value) {
    for (unsigned i = 0; i < n_bits; i++) {
        size_t bit = index * n_bits + i;
        set_bits(bytes, (first_word + bit / 32 * stride) * 32 + bit % 32, 1, value >> i & 1);
    }
}

static void shape(char out[32], size_t rows, size_t columns) {
    snprintf(out, 32, "%zu,%zu", rows, columns);
}

static void put_scales_by_group(st_builder *b, const sample *s) {
    uint16_t scales[MAX_GROUPS * MAX_SIDE];
    char text[32];
    for (unsigned g = 0; g < s->groups; g++)
        for (unsigned r = 0; r < s->rows; r++)
            scales[g * s->rows + r] = mote_half_to_f16(s->scales[r][g]);
    shape(text, s->groups, s->rows);
    st_add(b, "m.scales", "F16", text, scales, (size_t)2 * s->groups * s->rows);
}

static void put_scales_by_row(st_builder *b, const sample *s) {
    float scales[MAX_GROUPS * MAX_SIDE];
    char text[32];
    for (unsigned r = 0; r < s->rows; r++)
        for (unsigned g = 0; g < s->groups; g++)
            scales[r * s->groups + g] = s->scales[r][g];
    shape(text, s->rows, s->groups);
    st_add(b, "m.weight_scale", "F32", text, scales, (size_t)4 * s->groups * s->rows);
}

static void put_order(st_builder *b, const sample *s, const char *name) {
    char text[32];
    int32_t order[MAX_SIDE];
    for (unsigned c = 0; c < s->columns; c++)
        order[c] = s->group_of[c];
    snprintf(text, sizeof text, "%u", s->columns);
    st_add(b, name, "I32", text, order, (size_t)4 * s->columns);
}

static void build_gptq(st_builder *b, const sample *s, bool less_one, bool with_order) {
    uint8_t q[MAX_SIDE * MAX_SIDE] = {0}, z[MAX_SIDE * MAX_GROUPS] = {0};
    size_t words = s->columns * s->bits / 32, zero_words = s->rows * s->bits / 32;
    char text[32];
    for (unsigned r = 0; r < s->rows; r++) {
        for (unsigned c = 0; c < s->columns; c++)
            set_strided(q, r, s->rows, c, s->bits, (unsigned)s->numbers[r][c]);
        for (unsigned g = 0; g < s->groups; g++)
            set_strided(z, g * zero_words, 1, r, s->bits, (unsigned)(s->zeros[r][g] - less_one));
    }
    shape(text, words, s->rows);
    st_add(b, "m.qweight", "I32", text, q, 4 * words * s->rows);
    shape(text, s->groups, zero_words);
    st_add(b, "m.qzeros", "I32", text, z, 4 * zero_words * s->groups);
    put_scales_by_group(b, s);
    if (with_order)
        put_order(b, s, "m.g_idx");
}

static void build_awq(st_builder *b, const sample *s) {
    static const unsigned order[8] = {0, 2, 4, 6, 1, 3, 5, 7}; /* output of the word's first, second … four bits */
    uint8_t q[MAX_SIDE * MAX_SIDE] = {0}, z[MAX_SIDE * MAX_GROUPS] = {0};
    size_t words = s->rows / 8;
    char text[32];
    for (unsigned w = 0; w < words; w++)
        for (unsigned i = 0; i < 8; i++) {
            unsigned r = w * 8 + order[i];
            for (unsigned c = 0; c < s->columns; c++)
                set_bits(q, (c * words + w) * 32 + 4 * i, 4, (unsigned)s->numbers[r][c]);
            for (unsigned g = 0; g < s->groups; g++)
                set_bits(z, (g * words + w) * 32 + 4 * i, 4, (unsigned)s->zeros[r][g]);
        }
    shape(text, s->columns, words);
    st_add(b, "m.qweight", "I32", text, q, 4 * words * s->columns);
    shape(text, s->groups, words);
    st_add(b, "m.qzeros", "I32", text, z, 4 * words * s->groups);
    put_scales_by_group(b, s);
}

static void build_packed(st_builder *b, const sample *s, bool with_zeros) {
    static uint8_t q[MAX_SIDE * MAX_SIDE * 4];
    uint8_t z[MAX_SIDE * MAX_GROUPS * 4] = {0};
    unsigned a_word = 32 / s->bits;
    size_t words = (s->columns + a_word - 1) / a_word, zero_words = (s->rows + a_word - 1) / a_word;
    char text[32];
    memset(q, 0, sizeof q);
    for (unsigned r = 0; r < s->rows; r++) {
        for (unsigned c = 0; c < s->columns; c++)
            set_bits(q, (r * words + c / a_word) * 32 + c % a_word * s->bits, s->bits, (unsigned)s->numbers[r][c]);
        for (unsigned g = 0; g < s->groups; g++)
            set_bits(z, (r / a_word * s->groups + g) * 32 + r % a_word * s->bits, s->bits, (unsigned)s->zeros[r][g]);
    }
    shape(text, s->rows, words);
    st_add(b, "m.weight_packed", "I32", text, q, 4 * words * s->rows);
    if (with_zeros) {
        shape(text, zero_words, s->groups);
        st_add(b, "m.weight_zero_point", "I32", text, z, 4 * zero_words * s->groups);
    }
    put_scales_by_row(b, s);
    st_add(b, "m.weight_shape", "I64", "2", (const int64_t[]){s->rows, s->columns}, 16);
}

static void build_plain(st_builder *b, const sample *s) {
    int8_t q[MAX_SIDE * MAX_SIDE];
    char text[32];
    for (unsigned r = 0; r < s->rows; r++)
        for (unsigned c = 0; c < s->columns; c++)
            q[r * s->columns + c] = (int8_t)(s->numbers[r][c] - 128);
    shape(text, s->rows, s->columns);
    st_add(b, "m.weight", "I8", text, q, (size_t)s->rows * s->columns);
    put_scales_by_row(b, s);
}

static void expect(st_builder *b, const sample *s, mote_int_scheme scheme, int fixed_zero) {
    mote_str file = st_finish(b);
    mote_safetensors *st = NULL;
    mote_int_matrix m;
    mote_error err = {0};
    static float out[MAX_SIDE * MAX_SIDE];
    assert_int_equal(mote_safetensors_open_memory((const uint8_t *)file.data, file.len, "test", &st, &err), MOTE_OK);
    if (mote_int_matrix_find(st, "m", &scheme, &m, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    assert_non_null(m.numbers);
    assert_int_equal(m.n_rows, s->rows);
    assert_int_equal(m.n_columns, s->columns);
    for (unsigned first = 0; first < s->rows; first += first ? s->rows : 3) { /* a few rows, then the rest from an odd one on */
        unsigned n = first ? s->rows - first : 3;
        mote_int_matrix_read(&m, first, n, out);
        for (unsigned r = 0; r < n; r++)
            for (unsigned c = 0; c < s->columns; c++) {
                int g = s->group_of[c], zero = fixed_zero >= 0 ? fixed_zero : s->zeros[first + r][g];
                float want = (float)(s->numbers[first + r][c] - zero) * s->scales[first + r][g];
                if (out[r * s->columns + c] != want)
                    fail_msg("row %u column %u: %g, expected %g", first + r, c, (double)out[r * s->columns + c], (double)want);
            }
    }
    mote_safetensors_close(&st);
}

static void gptq(void **state) {
    static const unsigned widths[] = {2, 3, 4, 8};
    static sample s;
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (unsigned form = 0; form < 8; form++) {
            bool less_one = form & 1, with_order = form & 2, whole = form & 4;
            st_builder b;
            make(&s, widths[i], 64, 96, whole ? 0 : 32, with_order);
            st_begin(&b);
            build_gptq(&b, &s, less_one, with_order);
            expect(&b, &s, (mote_int_scheme){MOTE_INT_GPTQ, widths[i], whole ? 0 : 32, less_one}, -1);
            st_end(&b);
        }
}

/* The last group is short, and a zero point of 0 is stored as the largest number. */
static void gptq_edges(void **state) {
    static sample s;
    st_builder b;
    (void)state;
    make(&s, 4, 32, 64, 24, false);
    s.zeros[5][1] = 16;
    st_begin(&b);
    build_gptq(&b, &s, true, false);
    s.zeros[5][1] = 0;
    expect(&b, &s, (mote_int_scheme){MOTE_INT_GPTQ, 4, 24, true}, -1);
    st_end(&b);
}

static void awq(void **state) {
    static sample s;
    (void)state;
    for (unsigned group = 0; group <= 32; group += 32) {
        st_builder b;
        make(&s, 4, 48, 64, group, false);
        st_begin(&b);
        build_awq(&b, &s);
        expect(&b, &s, (mote_int_scheme){MOTE_INT_AWQ, 4, group, false}, -1);
        st_end(&b);
    }
}

static void compressed(void **state) {
    static sample s;
    st_builder b;
    (void)state;
    for (unsigned bits = 2; bits <= 8; bits++)
        for (int with_zeros = 0; with_zeros < 2; with_zeros++) {
            make(&s, bits, 19, 70, 16, false);
            st_begin(&b);
            build_packed(&b, &s, with_zeros);
            expect(&b, &s, (mote_int_scheme){MOTE_INT_PACKED, bits, 16, false}, with_zeros ? -1 : 1 << (bits - 1));
            st_end(&b);
        }
    make(&s, 8, 20, 33, 0, false);
    st_begin(&b);
    build_plain(&b, &s);
    expect(&b, &s, (mote_int_scheme){MOTE_INT_PLAIN, 8, 0, false}, 128);
    st_end(&b);
}

typedef struct part {
    const char *name, *dtype, *shape;
    size_t n_bytes;
} part;

static void refuse(mote_int_scheme scheme, const part *parts, mote_status status, const char *named) {
    static const uint8_t ones[1 << 12] = {[0 ... 4095] = 1};
    st_builder b;
    mote_safetensors *st = NULL;
    mote_int_matrix m;
    mote_error err = {0};
    st_begin(&b);
    for (; parts->name; parts++)
        st_add(&b, parts->name, parts->dtype, parts->shape, ones, parts->n_bytes);
    mote_str file = st_finish(&b);
    assert_int_equal(mote_safetensors_open_memory((const uint8_t *)file.data, file.len, "test", &st, &err), MOTE_OK);
    mote_status got = mote_int_matrix_find(st, "m", &scheme, &m, &err);
    if (got != status || (named && !strstr(err.message, named)))
        fail_msg("status %d, expected %d with '%s': %s", got, status, named ? named : "", err.message);
    if (status == MOTE_OK)
        assert_null(m.numbers);
    mote_safetensors_close(&st);
    st_end(&b);
}

static void wrong_parts_are_named(void **state) {
    static const mote_int_scheme gptq4 = {MOTE_INT_GPTQ, 4, 32, true}, awq4 = {MOTE_INT_AWQ, 4, 32, false}, packed4 = {MOTE_INT_PACKED, 4, 32, false},
                                 plain8 = {MOTE_INT_PLAIN, 8, 0, false};
    (void)state;
    refuse(gptq4, (part[]){{"other.qweight", "I32", "4,32", 512}, {0}}, MOTE_OK, NULL);
    refuse(plain8, (part[]){{"m.weight", "F16", "4,4", 32}, {0}}, MOTE_OK, NULL);
    refuse(gptq4, (part[]){{"m.qweight", "I32", "4,32", 512}, {0}}, MOTE_ERR_FORMAT, "m.scales");
    refuse(gptq4, (part[]){{"m.qweight", "I16", "4,32", 256}, {"m.scales", "F16", "1,32", 64}, {0}}, MOTE_ERR_UNSUPPORTED, "I16");
    refuse(gptq4, (part[]){{"m.qweight", "I32", "128", 512}, {"m.scales", "F16", "1,32", 64}, {0}}, MOTE_ERR_FORMAT, "m.qweight");
    refuse(gptq4, (part[]){{"m.qweight", "I32", "4,32", 512}, {"m.scales", "F16", "2,32", 128}, {0}}, MOTE_ERR_FORMAT, "m.scales");
    refuse(gptq4, (part[]){{"m.qweight", "I32", "4,32", 512}, {"m.scales", "I16", "1,32", 64}, {0}}, MOTE_ERR_UNSUPPORTED, "m.scales");
    refuse(gptq4, (part[]){{"m.qweight", "I32", "4,32", 512}, {"m.scales", "F16", "1,32", 64}, {"m.qzeros", "I32", "1,5", 20}, {0}}, MOTE_ERR_FORMAT, "m.qzeros");
    refuse(gptq4, (part[]){{"m.qweight", "I32", "4,32", 512}, {"m.scales", "F16", "1,32", 64}, {"m.g_idx", "I32", "31", 124}, {0}}, MOTE_ERR_FORMAT, "m.g_idx");
    refuse(gptq4, (part[]){{"m.qweight", "I32", "4,32", 512}, {"m.scales", "F16", "1,32", 64}, {"m.g_idx", "I32", "32", 128}, {0}}, MOTE_ERR_FORMAT, "group 16843009");
    refuse(gptq4, (part[]){{"m.qweight", "I32", "0,32", 0}, {"m.scales", "F16", "0,32", 0}, {0}}, MOTE_ERR_FORMAT, "0 weights");
    refuse((mote_int_scheme){MOTE_INT_GPTQ, 5, 32, true}, (part[]){{"m.qweight", "I32", "4,32", 512}, {0}}, MOTE_ERR_UNSUPPORTED, "5 bits");
    refuse((mote_int_scheme){MOTE_INT_GPTQ, 3, 32, true}, (part[]){{"m.qweight", "I32", "4,32", 512}, {"m.scales", "F16", "1,32", 64}, {0}}, MOTE_ERR_FORMAT, "3-bit");
    refuse(awq4, (part[]){{"m.qweight", "I32", "32,4", 512}, {"m.scales", "F16", "1,32", 64}, {0}}, MOTE_ERR_FORMAT, "m.qzeros");
    refuse((mote_int_scheme){MOTE_INT_AWQ, 8, 32, false}, (part[]){{"m.qweight", "I32", "32,4", 512}, {0}}, MOTE_ERR_UNSUPPORTED, "AWQ with 8 bits");
    refuse(packed4, (part[]){{"m.weight_packed", "I32", "8,4", 128}, {"m.weight_scale", "F16", "8,1", 16}, {0}}, MOTE_ERR_FORMAT, "m.weight_shape");
    refuse(packed4, (part[]){{"m.weight_packed", "I32", "8,4", 128}, {"m.weight_scale", "F16", "8,1", 16}, {"m.weight_shape", "I64", "2", 16}, {0}}, MOTE_ERR_FORMAT, "rows of");
    refuse(plain8, (part[]){{"m.weight", "I8", "4,4", 16}, {0}}, MOTE_ERR_FORMAT, "m.weight_scale");
    refuse(plain8, (part[]){{"m.weight", "I8", "16", 16}, {"m.weight_scale", "F32", "1", 4}, {0}}, MOTE_ERR_FORMAT, "m.weight");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gptq), cmocka_unit_test(gptq_edges), cmocka_unit_test(awq), cmocka_unit_test(compressed), cmocka_unit_test(wrong_parts_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
