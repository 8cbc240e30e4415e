/* Tokens are sorted by their bytes; what one has in common with the one before are nodes that are there already. */
#include "text/token_trie_private.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdlib.h>

enum {
    MAX_TOKEN_BYTES = 4096, /* longer ones are left out; published ones have some hundred */
    MAX_BYTES = 1 << 30,    /* of all */
    BAD = MOTE_TOKEN_NEEDS_BAD
};

static int by_bytes(const void *a, const void *b) {
    const mote_token_spelled *x = a, *y = b;
    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    uint32_t n = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->bytes, y->bytes, n);
    if (order == 0)
        order = (x->len > y->len) - (x->len < y->len);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

unsigned mote_token_trie_sort(uint8_t byte) {
    if (byte >= 0x80)
        return 1;
    if (byte < 0x20 || byte == 0x7f)
        return byte == '\n' || byte == '\t' || byte == '\r' ? 2 : 0;
    if (byte >= '0' && byte <= '9')
        return byte == '0' ? 4 : 5;
    if (byte >= 'a' && byte <= 'z')
        return byte <= 'f' ? 6 : 7;
    if (byte >= 'A' && byte <= 'Z')
        return byte <= 'F' ? 8 : 9;
    switch (byte) {
    case ' ':
        return 10;
    case '"':
        return 11;
    case '\\':
        return 12;
    case ',':
    case ':':
    case '[':
    case ']':
    case '{':
    case '}':
        return 13;
    case '-':
    case '_':
        return 14;
    default:
        return 15;
    }
}

static bool is_left_out(const mote_tokenizer *t, int32_t id) {
    mote_token_type type = mote_tokenizer_type(t, id);
    return type == MOTE_TOKEN_CONTROL || type == MOTE_TOKEN_UNKNOWN || type == MOTE_TOKEN_UNUSED || mote_tokenizer_is_end(t, id);
}

static mote_status spell_all(const mote_tokenizer *t, mote_token_trie *trie, mote_error *err) {
    size_t n_bytes = 0, capacity = 16 * trie->n_tokens + t->longest_piece;
    trie->offsets = mote_mem_alloc_array(trie->n_tokens + 1, sizeof *trie->offsets);
    trie->bytes = mote_mem_alloc(capacity);
    trie->ends = mote_mem_alloc_array(MOTE_TOKENIZER_MAX_ENDS, sizeof *trie->ends);
    if (!trie->offsets || !trie->bytes || !trie->ends)
        return mote_error_alloc(err, capacity);
    for (size_t id = 0; id < trie->n_tokens; id++) {
        trie->offsets[id] = (uint32_t)n_bytes;
        if (mote_tokenizer_is_end(t, (int32_t)id) && trie->n_ends < MOTE_TOKENIZER_MAX_ENDS)
            trie->ends[trie->n_ends++] = (int32_t)id;
        if (is_left_out(t, (int32_t)id))
            continue;
        if (capacity - n_bytes < t->longest_piece) {
            uint8_t *bytes = mote_mem_resize_array(trie->bytes, 2 * capacity, 1);
            if (!bytes)
                return mote_error_alloc(err, 2 * capacity);
            trie->bytes = bytes;
            capacity *= 2;
        }
        size_t n = mote_tokenizer_spell(t, (int32_t)id, false, (char *)trie->bytes + n_bytes);
        n_bytes += n <= MAX_TOKEN_BYTES ? n : 0;
        if (n_bytes > MAX_BYTES)
            return mote_error_set(err, MOTE_ERR_LIMIT, "the vocabulary's tokens have more than %d bytes", MAX_BYTES);
    }
    trie->offsets[trie->n_tokens] = (uint32_t)n_bytes;
    return MOTE_OK;
}

static size_t common(const mote_token_spelled *a, const mote_token_spelled *b) {
    size_t n = 0;
    while (n < a->len && n < b->len && a->bytes[n] == b->bytes[n])
        n++;
    return n;
}

static size_t collect(const mote_token_trie *trie, mote_token_spelled *tokens) {
    size_t n = 0;
    for (uint32_t id = 0; id < trie->n_tokens; id++) {
        mote_str s = mote_token_trie_bytes(trie, id);
        if (s.len == 0)
            continue;
        tokens[n++] = (mote_token_spelled){0, (const uint8_t *)s.data, (uint32_t)s.len, id};
    }
    return n;
}

/* open [max_depth]: the node of each depth that has no end yet. */
static void make_nodes(mote_token_trie *trie, const mote_token_spelled *tokens, uint32_t *open) {
    size_t n = 0, depth = 0;
    for (size_t i = 0; i < trie->n_ranked; i++) {
        size_t kept = i > 0 ? common(&tokens[i - 1], &tokens[i]) : 0;
        for (; depth > kept; depth--)
            trie->nodes[open[depth - 1]].skip = (uint32_t)n;
        for (; depth < tokens[i].len; depth++) {
            open[depth] = (uint32_t)n;
            if (depth == 0)
                trie->roots[tokens[i].bytes[0]] = (uint32_t)n;
            trie->nodes[n++] = (mote_token_trie_node){.depth = (uint32_t)depth + 1, .byte = tokens[i].bytes[depth], .first = (uint32_t)i};
        }
        trie->ranked[i] = tokens[i].id;
    }
    for (; depth > 0; depth--)
        trie->nodes[open[depth - 1]].skip = (uint32_t)n;
    trie->nodes[n] = (mote_token_trie_node){.skip = (uint32_t)n, .first = (uint32_t)trie->n_ranked};
}

bool mote_token_trie_plant(mote_token_trie *trie, mote_token_spelled *tokens, size_t n) {
    for (size_t i = 0; i < n; i++) {
        trie->max_depth = tokens[i].len > trie->max_depth ? tokens[i].len : trie->max_depth;
        for (size_t b = 0; b < 8; b++)
            tokens[i].head = tokens[i].head << 8 | (b < tokens[i].len ? tokens[i].bytes[b] : 0);
    }
    if (n > 1)
        qsort(tokens, n, sizeof *tokens, by_bytes);
    trie->n_ranked = n;
    for (size_t i = 0; i < n; i++)
        trie->n_nodes += tokens[i].len - (i > 0 ? common(&tokens[i - 1], &tokens[i]) : 0);
    trie->nodes = mote_mem_alloc_array(trie->n_nodes + 1, sizeof *trie->nodes);
    trie->ranked = mote_mem_alloc_array(n + 1, sizeof *trie->ranked);
    uint32_t *open = mote_mem_alloc_array(trie->max_depth + 1, sizeof *open);
    bool ok = trie->nodes && trie->ranked && open;
    for (size_t b = 0; b < 256; b++)
        trie->roots[b] = (uint32_t)trie->n_nodes;
    if (ok)
        make_nodes(trie, tokens, open);
    mote_mem_free(open);
    return ok;
}

/* What a character still needs behind `byte`: so many bytes of any kind, or first one that its first byte bounds; BAD: it is none. */
enum { AFTER_E0 = 4, AFTER_ED, AFTER_F0, AFTER_F4 };

uint8_t mote_token_needs_after(uint8_t needed, uint8_t byte) {
    switch (needed) {
    case 0:
        if (byte < 0x80)
            return 0;
        if (byte < 0xc2 || byte > 0xf4)
            return BAD;
        return byte < 0xe0 ? 1 : byte == 0xe0 ? AFTER_E0 : byte == 0xed ? AFTER_ED : byte < 0xf0 ? 2 : byte == 0xf0 ? AFTER_F0 : byte == 0xf4 ? AFTER_F4 : 3;
    case AFTER_E0:
        return byte >= 0xa0 && byte <= 0xbf ? 1 : BAD;
    case AFTER_ED:
        return byte >= 0x80 && byte <= 0x9f ? 1 : BAD;
    case AFTER_F0:
        return byte >= 0x90 && byte <= 0xbf ? 2 : BAD;
    case AFTER_F4:
        return byte >= 0x80 && byte <= 0x8f ? 2 : BAD;
    case BAD:
        return BAD;
    default:
        return (byte & 0xc0) == 0x80 ? needed - 1 : BAD;
    }
}

/* needed [max_depth + 1] by depth, `after` [n_nodes]. */
static void find_sorts(mote_token_trie *trie, uint8_t *needed, uint8_t *after) {
    needed[0] = 0;
    for (size_t i = 0; i < trie->n_nodes; i++) {
        const mote_token_trie_node *node = &trie->nodes[i];
        after[i] = needed[node->depth] = mote_token_needs_after(needed[node->depth - 1], (uint8_t)node->byte);
    }
    for (size_t i = trie->n_nodes; i-- > 0;) { /* those below come behind */
        const mote_token_trie_node *node = &trie->nodes[i];
        bool is_cut = after[i] > 0 && mote_token_trie_has_token(trie, (uint32_t)i);
        unsigned own = is_cut ? MOTE_TOKEN_TRIE_LONG | MOTE_TOKEN_TRIE_CUT : 1u << mote_token_trie_sort((uint8_t)node->byte);
        trie->sorts[i] = (uint16_t)(after[i] == BAD ? MOTE_TOKEN_TRIE_BROKEN : own);
        for (uint32_t child = (uint32_t)i + 1; child < node->skip; child = trie->nodes[child].skip)
            trie->below[i] |= trie->sorts[child];
        trie->sorts[i] |= trie->below[i];
    }
}

/* plain [max_depth + 1] by depth. */
static void find_plain(mote_token_trie *trie, bool *plain, const uint8_t *after) {
    plain[0] = true;
    for (uint32_t i = 0; i < trie->n_nodes; i++) {
        mote_token_trie_node *node = &trie->nodes[i];
        bool before = plain[node->depth - 1];
        bool is_plain = before && after[i] != BAD && (1u << mote_token_trie_sort((uint8_t)node->byte) & MOTE_TOKEN_TRIE_PLAIN) != 0;
        node->is_plain = plain[node->depth] = is_plain;
        if (before && !is_plain)
            trie->odd[trie->n_odd++] = i;
        if (node->depth == MOTE_AUTOMATON_WITHIN + 1)
            trie->far[trie->n_far++] = i;
        for (uint32_t r = node->first; is_plain && r < node[1].first; r++)
            trie->plain[trie->ranked[r] / 32] |= UINT32_C(1) << trie->ranked[r] % 32;
    }
}

static mote_status build(mote_token_trie *trie, mote_token_spelled *tokens, mote_error *err) {
    bool planted = mote_token_trie_plant(trie, tokens, collect(trie, tokens));
    trie->sorts = mote_mem_zalloc_array(trie->n_nodes + 1, sizeof *trie->sorts);
    trie->below = mote_mem_zalloc_array(trie->n_nodes + 1, sizeof *trie->below);
    trie->n_words = (trie->n_tokens + 31) / 32;
    trie->plain = mote_mem_zalloc_array(trie->n_words + 1, sizeof *trie->plain);
    trie->odd = mote_mem_alloc_array(trie->n_ranked + 1, sizeof *trie->odd); /* each has a token below it */
    trie->far = mote_mem_alloc_array(trie->n_ranked + 1, sizeof *trie->far);
    uint8_t *needed = mote_mem_alloc(trie->max_depth + 1), *after = mote_mem_alloc(trie->n_nodes + 1);
    bool *plain = mote_mem_alloc_array(trie->max_depth + 1, sizeof *plain);
    bool ok = planted && trie->sorts && trie->below && trie->plain && trie->odd && trie->far && needed && after && plain;
    if (ok) {
        find_sorts(trie, needed, after);
        find_plain(trie, plain, after);
        ok = mote_token_trie_find_strings(trie);
    }
    mote_mem_free(needed);
    mote_mem_free(after);
    mote_mem_free(plain);
    return ok ? MOTE_OK : mote_error_alloc(err, trie->n_nodes * sizeof *trie->nodes);
}

mote_status mote_token_trie_create(const mote_tokenizer *t, mote_token_trie **trie, mote_error *err) {
    mote_token_trie *made = mote_mem_zalloc_array(1, sizeof *made);
    *trie = NULL;
    if (!made)
        return mote_error_alloc(err, sizeof *made);
    made->n_tokens = (size_t)mote_tokenizer_n_tokens(t);
    mote_token_spelled *tokens = mote_mem_alloc_array(made->n_tokens + 1, sizeof *tokens);
    mote_status status = tokens ? spell_all(t, made, err) : mote_error_alloc(err, made->n_tokens * sizeof *tokens);
    if (status == MOTE_OK)
        status = build(made, tokens, err);
    mote_mem_free(tokens);
    made->spells_all = status == MOTE_OK;
    for (unsigned b = 0; b <= 0xf4 && made->spells_all; b++) {
        uint32_t node = made->roots[b];
        made->spells_all = b == 0xc0 || b == 0xc1 || (node < made->n_nodes && mote_token_trie_has_token(made, node));
    }
    if (status != MOTE_OK)
        mote_token_trie_free(&made);
    *trie = made;
    return status;
}

size_t mote_token_trie_size(const mote_token_trie *t) {
    const mote_token_strings *s = t->strings;
    size_t n = t->n_nodes * (sizeof *t->nodes + sizeof *t->sorts + sizeof *t->below) + t->n_words * (sizeof *t->plain + sizeof *s->inside);
    n += t->n_ranked * (sizeof *t->ranked + sizeof *t->odd + sizeof *t->far + sizeof *s->escaped) + t->n_tokens * sizeof *t->offsets + t->offsets[t->n_tokens];
    return n + t->n_far * sizeof *s->far + s->tails->n_nodes * sizeof *s->tails->nodes + s->tails->n_ranked * sizeof *s->tails->ranked;
}

void mote_token_trie_free(mote_token_trie **trie) {
    mote_token_trie *t = *trie;
    if (!t)
        return;
    mote_token_strings_free(t->strings);
    mote_mem_free(t->nodes);
    mote_mem_free(t->ranked);
    mote_mem_free(t->sorts);
    mote_mem_free(t->below);
    mote_mem_free(t->plain);
    mote_mem_free(t->odd);
    mote_mem_free(t->far);
    mote_mem_free(t->offsets);
    mote_mem_free(t->bytes);
    mote_mem_free(t->ends);
    mote_mem_free(t);
    *trie = NULL;
}

mote_status mote_token_trie_of(const mote_tokenizer *t, const mote_token_trie **trie, mote_error *err) {
    mote_tokenizer *owner = (mote_tokenizer *)(uintptr_t)t; /* what is kept there changes nothing that anybody sees */
    mote_token_trie *made = NULL, *there = atomic_load(&owner->trie);
    if (!there) {
        MOTE_TRY(mote_token_trie_create(t, &made, err));
        if (atomic_compare_exchange_strong(&owner->trie, &there, made))
            there = made;
        else
            mote_token_trie_free(&made); /* another thread was first */
    }
    *trie = there;
    return MOTE_OK;
}
