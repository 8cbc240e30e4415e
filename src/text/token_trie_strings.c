/* Most places inside of a JSON string are alike: any text may stand there, and what the string's end leads to doesn't depend on it. What tokens do at such a place is found out
 * once a vocabulary: which stay inside, and what those that end the string write behind it. */
#include "base/mem.h"
#include "text/token_trie_private.h"
#include "text/unicode.h"

typedef enum mode { TEXT, BEGUN, HEX, HIGH, HIGH_BEGUN, LOW, OUT } mode;

/* Where a string is. */
typedef struct place {
    uint8_t mode, needs, n_digits;
    bool has_escape; /* there was one */
    uint32_t value;
} place;

/* Low surrogates come behind high ones, and nowhere else. */
static place step_hex(place p, uint8_t byte) {
    int digit = mote_unicode_hex_digit(byte);
    p.value = p.value << 4 | (uint32_t)digit;
    p.n_digits++;
    bool is_low = p.n_digits == 1 ? p.mode == LOW && p.value == 0xd : p.value >> 4 * (p.n_digits - 2) >= 0xdc && p.value >> 4 * (p.n_digits - 2) <= 0xdf;
    if (digit < 0 || is_low != (p.mode == LOW))
        p.mode = OUT;
    else if (p.n_digits == 4)
        p.mode = p.mode == HEX && p.value >= 0xd800 && p.value < 0xdc00 ? HIGH : TEXT;
    return p;
}

/* Not for the quote that ends the string. */
static place step(place p, uint8_t byte) {
    switch ((mode)p.mode) {
    case TEXT:
        if (byte == '\\' && p.needs == 0) {
            p.mode = BEGUN;
            p.has_escape = true;
            return p;
        }
        p.needs = mote_token_needs_after(p.needs, byte);
        p.mode = byte < 0x20 || p.needs == MOTE_TOKEN_NEEDS_BAD ? OUT : TEXT;
        return p;
    case BEGUN:
        p.mode = byte == 'u' ? HEX : byte != 0 && strchr("\"\\/bfnrt", byte) ? TEXT : OUT;
        p.n_digits = 0;
        p.value = 0;
        return p;
    case HIGH:
        p.mode = byte == '\\' ? HIGH_BEGUN : OUT;
        return p;
    case HIGH_BEGUN:
        p.mode = byte == 'u' ? LOW : OUT;
        p.n_digits = 0;
        p.value = 0;
        return p;
    case HEX:
    case LOW:
        return step_hex(p, byte);
    case OUT:
        break;
    }
    return p;
}

/* What tokens of a branch whose node is the end of a string write behind it. */
static size_t add_tails(const mote_token_trie *trie, const mote_token_trie_node *node, mote_token_spelled *tails) {
    size_t n = 0;
    for (uint32_t r = node->first; r < trie->nodes[node->skip].first; r++) {
        mote_str bytes = mote_token_trie_bytes(trie, trie->ranked[r]);
        tails[n++] = (mote_token_spelled){.bytes = (const uint8_t *)bytes.data + node->depth, .len = (uint32_t)(bytes.len - node->depth), .id = trie->ranked[r]};
    }
    return n;
}

/* places [max_depth + 1] by depth; returns the number of tails. */
static size_t walk(const mote_token_trie *trie, mote_token_strings *s, place *places, mote_token_spelled *tails) {
    size_t n_tails = 0;
    for (uint32_t at = 0; at < trie->n_nodes;) {
        const mote_token_trie_node *node = &trie->nodes[at];
        place before = places[node->depth - 1];
        if (node->byte == '"' && before.mode == TEXT && before.needs == 0) {
            if (before.has_escape)
                s->escaped[s->n_escaped++] = at;
            else if (node->depth > 1)
                n_tails += add_tails(trie, node, tails + n_tails);
            at = node->skip;
            continue;
        }
        place p = places[node->depth] = step(before, (uint8_t)node->byte);
        if (p.mode != OUT && node->depth == MOTE_AUTOMATON_WITHIN + 1)
            s->far[s->n_far++] = at;
        s->n_inside += p.mode != OUT ? node[1].first - node->first : 0;
        for (uint32_t r = node->first; p.mode != OUT && r < node[1].first; r++)
            s->inside[trie->ranked[r] / 32] |= UINT32_C(1) << trie->ranked[r] % 32;
        at = p.mode == OUT ? node->skip : at + 1;
    }
    return n_tails;
}

bool mote_token_trie_find_strings(mote_token_trie *trie) {
    mote_token_strings *s = trie->strings = mote_mem_zalloc_array(1, sizeof *s);
    mote_token_spelled *tails = mote_mem_alloc_array(trie->n_ranked + 1, sizeof *tails);
    place *places = mote_mem_zalloc_array(trie->max_depth + 1, sizeof *places);
    bool ok = s && tails && places;
    if (ok) {
        s->inside = mote_mem_zalloc_array(trie->n_words + 1, sizeof *s->inside);
        s->escaped = mote_mem_alloc_array(trie->n_ranked + 1, sizeof *s->escaped); /* each node has a token below it that is below no other */
        s->far = mote_mem_alloc_array(trie->n_far + 1, sizeof *s->far);
        s->tails = mote_mem_zalloc_array(1, sizeof *s->tails);
        ok = s->inside && s->escaped && s->far && s->tails;
    }
    if (ok)
        ok = mote_token_trie_plant(s->tails, tails, walk(trie, s, places, tails));
    mote_mem_free(tails);
    mote_mem_free(places);
    return ok;
}

void mote_token_strings_free(mote_token_strings *s) {
    if (!s)
        return;
    mote_mem_free(s->inside);
    mote_mem_free(s->escaped);
    mote_mem_free(s->far);
    mote_token_trie_free(&s->tails);
    mote_mem_free(s);
}
