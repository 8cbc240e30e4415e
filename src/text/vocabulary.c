/* Token texts in one block, found through linear probing at a load below 2/3. */
#include "text/vocabulary.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <string.h>

enum { ID_BITS = 22, PREFETCH = 8 };
_Static_assert(MOTE_VOCABULARY_MAX_TOKENS < 1 << ID_BITS, "a slot holds id + 1");

mote_status mote_vocabulary_init(mote_vocabulary *v, uint32_t n_tokens, uint64_t text_bytes, bool with_scores, mote_error *err) {
    *v = (mote_vocabulary){0};
    if (n_tokens > MOTE_VOCABULARY_MAX_TOKENS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the vocabulary has %u tokens, at most %d are read", n_tokens, MOTE_VOCABULARY_MAX_TOKENS);
    uint64_t total = text_bytes + n_tokens;
    if (total > INT32_MAX)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the token texts have %llu bytes, at most 2 GiB are read", (unsigned long long)text_bytes);
    v->capacity = n_tokens;
    v->text_capacity = total;
    v->texts = mote_mem_alloc(total ? total : 1);
    v->offsets = mote_mem_alloc_array((size_t)n_tokens + 1, sizeof *v->offsets);
    v->types = mote_mem_alloc(n_tokens ? n_tokens : 1);
    v->scores = with_scores ? mote_mem_alloc_array(n_tokens ? n_tokens : 1, sizeof *v->scores) : NULL;
    if (!v->texts || !v->offsets || !v->types || (with_scores && !v->scores)) {
        mote_vocabulary_deinit(v);
        return mote_error_alloc(err, total);
    }
    v->offsets[0] = 0;
    v->seed = mote_vocabulary_mix((uint64_t)(uintptr_t)v->texts, (uint64_t)(mote_clock_seconds() * 1e9));
    return MOTE_OK;
}

void mote_vocabulary_deinit(mote_vocabulary *v) {
    mote_mem_free(v->texts);
    mote_mem_free(v->offsets);
    mote_mem_free(v->types);
    mote_mem_free(v->scores);
    mote_mem_free(v->slots);
    *v = (mote_vocabulary){0};
}

void mote_vocabulary_add(mote_vocabulary *v, mote_str text, mote_token_type type, float score) {
    uint32_t id = v->n_tokens++;
    if (text.len)
        memcpy(v->texts + v->text_bytes, text.data, text.len);
    v->text_bytes += text.len;
    v->texts[v->text_bytes++] = '\0';
    v->offsets[id + 1] = (uint32_t)v->text_bytes;
    v->types[id] = (uint8_t)type;
    if (v->scores)
        v->scores[id] = score;
    if (text.len > v->longest_bytes)
        v->longest_bytes = (uint32_t)text.len;
}

static uint64_t hash_text(uint64_t seed, const char *s, size_t len) {
    uint64_t h = seed ^ len, a = 0, b = 0;
    for (; len > 16; s += 16, len -= 16) {
        memcpy(&a, s, 8);
        memcpy(&b, s + 8, 8);
        h = mote_vocabulary_mix(a ^ h, b ^ seed);
    }
    a = b = 0;
    if (len >= 8) {
        memcpy(&a, s, 8);
        memcpy(&b, s + len - 8, 8);
    } else if (len >= 4) {
        uint32_t x, y;
        memcpy(&x, s, 4);
        memcpy(&y, s + len - 4, 4);
        a = x;
        b = y;
    } else if (len) {
        a = (uint64_t)(uint8_t)s[0] << 16 | (uint64_t)(uint8_t)s[len / 2] << 8 | (uint8_t)s[len - 1];
    }
    return mote_vocabulary_mix(a ^ h, b ^ seed ^ h >> 32);
}

/* The slot where the text is, or the empty one where it belongs. */
static uint32_t probe(const mote_vocabulary *v, uint64_t hash, const char *text, size_t len, uint32_t *tag) {
    *tag = (uint32_t)(hash >> 54) << ID_BITS;
    for (uint32_t i = (uint32_t)hash & v->slot_mask;; i = (i + 1) & v->slot_mask) {
        uint32_t slot = v->slots[i];
        if (!slot)
            return i;
        if ((slot >> ID_BITS << ID_BITS) != *tag)
            continue;
        mote_str t = mote_vocabulary_text(v, (slot & ((1u << ID_BITS) - 1)) - 1);
        if (t.len == len && memcmp(t.data, text, len) == 0)
            return i;
    }
}

mote_status mote_vocabulary_finish(mote_vocabulary *v, mote_error *err) {
    uint64_t n_slots = 16;
    while (n_slots * 2 < (uint64_t)v->n_tokens * 3)
        n_slots *= 2;
    v->slots = mote_mem_zalloc_array(n_slots, sizeof *v->slots);
    if (!v->slots)
        return mote_error_alloc(err, n_slots * sizeof *v->slots);
    v->slot_mask = (uint32_t)(n_slots - 1);
    uint64_t ahead[PREFETCH];
    for (uint32_t k = 0; k < v->n_tokens + PREFETCH; k++) {
        if (k >= PREFETCH) {
            uint32_t id = k - PREFETCH, tag;
            mote_str t = mote_vocabulary_text(v, id);
            uint32_t at = t.len ? probe(v, ahead[k % PREFETCH], t.data, t.len, &tag) : 0;
            if (t.len && !v->slots[at])
                v->slots[at] = tag | (id + 1);
        }
        if (k < v->n_tokens) {
            mote_str t = mote_vocabulary_text(v, k);
            ahead[k % PREFETCH] = hash_text(v->seed, t.data, t.len);
            __builtin_prefetch(&v->slots[ahead[k % PREFETCH] & v->slot_mask]);
        }
    }
    return MOTE_OK;
}

int32_t mote_vocabulary_find(const mote_vocabulary *v, const char *text, size_t len) {
    if (len == 0 || len > v->longest_bytes)
        return -1;
    uint32_t tag, slot = v->slots[probe(v, hash_text(v->seed, text, len), text, len, &tag)];
    return slot ? (int32_t)(slot & ((1u << ID_BITS) - 1)) - 1 : -1;
}

int32_t mote_vocabulary_find_byte(const mote_vocabulary *v, uint8_t byte) {
    static const char digits[] = "0123456789ABCDEF";
    char text[6] = {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
    return mote_vocabulary_find(v, text, sizeof text);
}

static int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mote_vocabulary_spells_byte(mote_str text, uint8_t *byte) {
    if (text.len != 6 || memcmp(text.data, "<0x", 3) != 0 || text.data[5] != '>')
        return false;
    int high = hex_value(text.data[3]), low = hex_value(text.data[4]);
    if (high < 0 || low < 0)
        return false;
    *byte = (uint8_t)(high << 4 | low);
    return true;
}

void mote_vocabulary_find_joins(const mote_vocabulary *v, bool spelled, mote_vocabulary_joins *joins) {
    *joins = (mote_vocabulary_joins){0};
    for (uint32_t id = 0; id < v->n_tokens; id++) {
        mote_str t = mote_vocabulary_text(v, id);
        int before = -1;
        for (size_t i = 0; i < t.len;) {
            int byte = (uint8_t)t.data[i];
            uint32_t c;
            if (spelled) {
                i += mote_unicode_decode((const uint8_t *)t.data + i, t.len - i, &c);
                byte = mote_unicode_to_byte(c);
            } else {
                i++;
            }
            if (before >= 0 && byte >= 0)
                joins->bits[before << 2 | byte >> 6] |= (uint64_t)1 << (byte & 63);
            before = byte;
        }
    }
}

size_t mote_vocabulary_stretch(const mote_vocabulary_joins *joins, const uint8_t *text, size_t at, size_t len) {
    for (at++; at < len; at++)
        if (!mote_vocabulary_joined(joins, text[at - 1], text[at]) && (text[at] & 0xc0) != 0x80)
            break;
    return at;
}
