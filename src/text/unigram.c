/* At each character every token that starts there is tried; the best way to reach each byte is kept. Sums are doubles, as in the reference. */
#include "text/spm.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <float.h>

/* What SentencePiece takes off the least score for a character that no token covers. */
static const double unknown_penalty = 10.0;

typedef struct node {
    double score;
    uint32_t from;
    int32_t id; /* -1: the unknown token */
} node;

static bool is_piece(const void *context, uint32_t id) {
    uint8_t type = ((const mote_vocabulary *)context)->types[id];
    return type == MOTE_TOKEN_NORMAL || type == MOTE_TOKEN_USER_DEFINED || type == MOTE_TOKEN_UNUSED;
}

mote_status mote_unigram_init(mote_unigram *u, const mote_vocabulary *v, int32_t unknown, bool fallback, mote_error *err) {
    *u = (mote_unigram){.vocabulary = v, .unknown = unknown, .fallback = fallback};
    double least = 0;
    bool any = false;
    for (uint32_t id = 0; id < v->n_tokens; id++)
        if (v->types[id] == MOTE_TOKEN_NORMAL && (!any || v->scores[id] < least)) {
            least = v->scores[id];
            any = true;
        }
    u->unknown_score = least - unknown_penalty;
    for (unsigned i = 0; i < 256; i++) {
        u->byte_ids[i] = mote_vocabulary_find_byte(v, (uint8_t)i);
        u->fallback = u->fallback && u->byte_ids[i] >= 0;
    }
    return mote_prefixes_init(&u->pieces, v, is_piece, v, err);
}

void mote_unigram_deinit(mote_unigram *u) {
    mote_prefixes_deinit(&u->pieces);
}

static void offer(node *to, double score, size_t from, int32_t id) {
    if (score > to->score)
        *to = (node){score, (uint32_t)from, id};
}

static void extend(const mote_unigram *u, const uint8_t *text, size_t len, node *best, size_t at, size_t n) {
    mote_prefixes_walk w;
    bool covered = false, going = mote_prefixes_start(&u->pieces, text[at], &w);
    while (going) {
        int32_t id = mote_prefixes_match(&u->pieces, u->vocabulary, &w);
        if (id >= 0 && id != u->unknown) {
            double score = u->vocabulary->types[id] == MOTE_TOKEN_USER_DEFINED ? 0.0 : (double)u->vocabulary->scores[id];
            offer(&best[at + w.depth], best[at].score + score, at, id);
            covered = covered || w.depth == n;
        }
        going = at + w.depth < len && mote_prefixes_step(&u->pieces, u->vocabulary, text[at + w.depth], &w);
    }
    if (!covered)
        offer(&best[at + n], best[at].score + u->unknown_score, at, -1);
}

static mote_status emit(const mote_unigram *u, const uint8_t *text, size_t len, const node *best, uint32_t *ends, mote_ids *out) {
    size_t n = 0;
    for (size_t at = len; at > 0; at = best[at].from)
        ends[n++] = (uint32_t)at;
    bool unknown = false;
    while (n-- > 0) {
        const node *b = &best[ends[n]];
        if (b->id >= 0) {
            unknown = false;
            MOTE_TRY(mote_ids_push(out, b->id));
        } else if (u->fallback) {
            for (size_t i = b->from; i < ends[n]; i++)
                MOTE_TRY(mote_ids_push(out, u->byte_ids[text[i]]));
        } else if (!unknown && u->unknown >= 0) {
            unknown = true;
            MOTE_TRY(mote_ids_push(out, u->unknown));
        }
    }
    return MOTE_OK;
}

mote_status mote_unigram_encode(const mote_unigram *u, const uint8_t *text, size_t len, mote_ids *out) {
    mote_status status = MOTE_ERR_ALLOC;
    if (len == 0)
        return MOTE_OK;
    node *best = mote_mem_alloc_array(len + 1, sizeof *best);
    uint32_t *ends = mote_mem_alloc_array(len, sizeof *ends);
    if (!best || !ends)
        goto done;
    best[0] = (node){0, 0, -1};
    for (size_t i = 1; i <= len; i++)
        best[i] = (node){-DBL_MAX, 0, -1};
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = mote_unicode_decode(text + i, len - i, &c);
        extend(u, text, len, best, i, n);
        i += n;
    }
    status = emit(u, text, len, best, ends, out);
done:
    mote_mem_free(best);
    mote_mem_free(ends);
    return status;
}
