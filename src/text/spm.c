/* The priority of a merge is its score, greatest first, turned into an unsigned number of the same order. */
#include "text/spm.h"

#include "base/error.h"
#include "text/unicode.h"

#include <string.h>

void mote_spm_init(mote_spm *s, const mote_vocabulary *v, int32_t unknown) {
    *s = (mote_spm){.vocabulary = v, .unknown = unknown};
    for (unsigned i = 0; i < 256; i++) {
        char byte = (char)i;
        s->byte_ids[i] = mote_vocabulary_find_byte(v, (uint8_t)i);
        if (s->byte_ids[i] < 0)
            s->byte_ids[i] = mote_vocabulary_find(v, &byte, 1);
    }
    mote_vocabulary_find_joins(v, false, &s->joins);
}

/* Ascending order of the result is descending order of the (finite) score. */
static uint32_t descending(float score) {
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits & 1u << 31 ? bits : ~bits & 0x7fffffffu;
}

static int rule(const void *model, const uint8_t *text, const mote_merger_symbol *left, const mote_merger_symbol *right, size_t at, uint32_t *priority, int32_t *id) {
    const mote_spm *s = model;
    *id = mote_vocabulary_find(s->vocabulary, (const char *)text + at, (size_t)left->len + right->len);
    if (*id < 0)
        return 0;
    float score = s->vocabulary->scores[*id];
    *priority = descending(score == 0 ? 0.0f : score);
    return 1;
}

static mote_status encode_stretch(const mote_spm *s, mote_merger *m, const uint8_t *text, size_t len, mote_ids *out) {
    MOTE_TRY(mote_merger_reserve(m, len));
    uint32_t prev = UINT32_MAX;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = mote_unicode_decode(text + i, len - i, &c);
        m->symbols[i] = (mote_merger_symbol){prev, (uint32_t)n, mote_vocabulary_find(s->vocabulary, (const char *)text + i, n)};
        prev = (uint32_t)i;
        i += n;
    }
    MOTE_TRY(mote_merger_run(m, text, len, rule, s));
    for (size_t i = 0; i < len; i += m->symbols[i].len) {
        if (m->symbols[i].id >= 0) {
            MOTE_TRY(mote_ids_push(out, m->symbols[i].id));
            continue;
        }
        for (size_t k = 0; k < m->symbols[i].len; k++) {
            int32_t id = s->byte_ids[text[i + k]];
            if (id < 0)
                id = s->unknown;
            if (id >= 0)
                MOTE_TRY(mote_ids_push(out, id));
        }
    }
    return MOTE_OK;
}

mote_status mote_spm_encode(const mote_spm *s, mote_merger *m, const uint8_t *text, size_t len, mote_ids *out) {
    for (size_t at = 0, end; at < len; at = end) {
        end = mote_vocabulary_stretch(&s->joins, text, at, len);
        MOTE_TRY(encode_stretch(s, m, text + at, end - at, out));
    }
    return MOTE_OK;
}
