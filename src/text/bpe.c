/* R. Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016; the merge with the least rank first. */
#include "text/bpe.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <string.h>

enum { SPELLED_MAX = 512 };

mote_status mote_ids_push(mote_ids *ids, int32_t id) {
    if (ids->len == ids->capacity) {
        size_t capacity = ids->capacity ? ids->capacity * 2 : 64;
        int32_t *items = mote_mem_resize_array(ids->items, capacity, sizeof *items);
        if (!items)
            return MOTE_ERR_ALLOC;
        ids->items = items;
        ids->capacity = capacity;
    }
    ids->items[ids->len++] = id;
    return MOTE_OK;
}

mote_status mote_bpe_init(mote_bpe *b, const mote_vocabulary *v, uint32_t n_merges, bool bytes, mote_error *err) {
    *b = (mote_bpe){.vocabulary = v, .bytes = bytes, .unknown = -1, .capacity = n_merges};
    for (unsigned i = 0; i < 256; i++) {
        uint8_t spelled[4];
        if (bytes)
            b->byte_ids[i] = mote_vocabulary_find(v, (char *)spelled, mote_unicode_encode(mote_unicode_of_byte((uint8_t)i), spelled));
        else
            b->byte_ids[i] = mote_vocabulary_find_byte(v, (uint8_t)i);
    }
    b->merges = mote_mem_alloc_array(n_merges ? n_merges : 1, sizeof *b->merges);
    return b->merges ? MOTE_OK : mote_error_alloc(err, (size_t)n_merges * sizeof *b->merges);
}

void mote_bpe_deinit(mote_bpe *b) {
    mote_mem_free(b->merges);
    mote_mem_free(b->slots);
    b->merges = NULL;
    b->slots = NULL;
}

void mote_bpe_add(mote_bpe *b, mote_str left, mote_str right) {
    char joined[SPELLED_MAX];
    if (left.len + right.len > sizeof joined || b->n_merges == b->capacity || left.len == 0 || right.len == 0)
        return;
    memcpy(joined, left.data, left.len);
    memcpy(joined + left.len, right.data, right.len);
    mote_bpe_merge m = {mote_vocabulary_find(b->vocabulary, left.data, left.len), mote_vocabulary_find(b->vocabulary, right.data, right.len),
                        mote_vocabulary_find(b->vocabulary, joined, left.len + right.len)};
    if (m.left >= 0 && m.right >= 0 && m.result >= 0)
        b->merges[b->n_merges++] = m;
}

/* Where a pair belongs: the high half of the product maps onto any number of slots. */
static uint32_t slot_of(const mote_bpe *b, int32_t left, int32_t right) {
    uint64_t h = mote_vocabulary_mix((uint64_t)(uint32_t)left << 32 | (uint32_t)right, b->vocabulary->seed);
    return (uint32_t)((h >> 32) * b->n_slots >> 32);
}

static uint32_t find_slot(const mote_bpe *b, int32_t left, int32_t right) {
    for (uint32_t i = slot_of(b, left, right);; i = i + 1 == b->n_slots ? 0 : i + 1) {
        uint32_t s = b->slots[i];
        if (!s || (b->merges[s - 1].left == left && b->merges[s - 1].right == right))
            return i;
    }
}

mote_status mote_bpe_finish(mote_bpe *b, mote_error *err) {
    mote_vocabulary_find_joins(b->vocabulary, b->bytes, &b->joins);
    b->n_slots = b->n_merges + b->n_merges / 2 + 16;
    b->slots = mote_mem_zalloc_array(b->n_slots, sizeof *b->slots);
    if (!b->slots)
        return mote_error_alloc(err, (size_t)b->n_slots * sizeof *b->slots);
    for (uint32_t i = 0; i < b->n_merges; i++) {
        uint32_t at = find_slot(b, b->merges[i].left, b->merges[i].right);
        if (!b->slots[at])
            b->slots[at] = i + 1;
    }
    return MOTE_OK;
}

static int rule(const void *model, const uint8_t *text, const mote_merger_symbol *left, const mote_merger_symbol *right, size_t at, uint32_t *priority, int32_t *id) {
    const mote_bpe *b = model;
    (void)text;
    (void)at;
    if (left->id < 0 || right->id < 0)
        return 0;
    uint32_t s = b->slots[find_slot(b, left->id, right->id)];
    if (!s)
        return 0;
    *priority = s - 1;
    *id = b->merges[s - 1].result;
    return 1;
}

/* The token that a whole word is; -1: none. */
static int32_t whole(const mote_bpe *b, const uint8_t *word, size_t len) {
    if (!b->bytes)
        return mote_vocabulary_find(b->vocabulary, (const char *)word, len);
    char spelled[SPELLED_MAX];
    size_t n = 0;
    if (len > b->vocabulary->longest_bytes)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (n + 2 > sizeof spelled)
            return -1;
        n += mote_unicode_encode(mote_unicode_of_byte(word[i]), (uint8_t *)spelled + n);
    }
    int32_t id = mote_vocabulary_find(b->vocabulary, spelled, n);
    return id >= 0 && b->vocabulary->types[id] == MOTE_TOKEN_CONTROL ? -1 : id;
}

/* What is left without a token: its bytes' tokens, the unknown token, or nothing. */
static mote_status push_unknown(const mote_bpe *b, const uint8_t *bytes, size_t len, bool *unknown, mote_ids *out) {
    bool all = b->fallback || b->bytes;
    for (size_t i = 0; i < len && all && b->fallback; i++)
        all = b->byte_ids[bytes[i]] >= 0;
    if (all && (!b->bytes || b->byte_ids[bytes[0]] >= 0)) {
        *unknown = false;
        for (size_t i = 0; i < len; i++)
            MOTE_TRY(mote_ids_push(out, b->byte_ids[bytes[i]]));
        return MOTE_OK;
    }
    if (b->unknown < 0 || (*unknown && b->fuse_unknown))
        return MOTE_OK;
    *unknown = true;
    return mote_ids_push(out, b->unknown);
}

static bool only_newlines(const uint8_t *word, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (word[i] != '\n')
            return false;
    return true;
}

static mote_status encode_stretch(const mote_bpe *b, mote_merger *m, const uint8_t *word, size_t len, bool *unknown, mote_ids *out) {
    MOTE_TRY(mote_merger_reserve(m, len));
    uint32_t prev = UINT32_MAX;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = b->bytes ? 1 : mote_unicode_decode(word + i, len - i, &c);
        int32_t id = b->bytes ? b->byte_ids[word[i]] : mote_vocabulary_find(b->vocabulary, (const char *)word + i, n);
        m->symbols[i] = (mote_merger_symbol){prev, (uint32_t)n, id};
        prev = (uint32_t)i;
        i += n;
    }
    MOTE_TRY(mote_merger_run(m, word, len, rule, b));
    for (size_t i = 0; i < len; i += m->symbols[i].len) {
        if (m->symbols[i].id >= 0) {
            *unknown = false;
            MOTE_TRY(mote_ids_push(out, m->symbols[i].id));
        } else {
            MOTE_TRY(push_unknown(b, word + i, m->symbols[i].len, unknown, out));
        }
    }
    return MOTE_OK;
}

mote_status mote_bpe_encode(const mote_bpe *b, mote_merger *m, const uint8_t *word, size_t len, mote_ids *out) {
    if (b->whole_words || (b->whole_newlines && only_newlines(word, len))) {
        int32_t id = whole(b, word, len);
        if (id >= 0)
            return mote_ids_push(out, id);
    }
    bool unknown = false;
    for (size_t at = 0, end; at < len; at = end) {
        end = mote_vocabulary_stretch(&b->joins, word, at, len);
        MOTE_TRY(encode_stretch(b, m, word + at, end - at, &unknown, out));
    }
    return MOTE_OK;
}
