/* Byte-pair encoding joins from left to right only what some token spans. So the tokens of a string hold up to the first place where a token begins that its end and something
 * allowed behind it make up; before that place they could only change by what such a token leaves to its left, or by the splitter of words, which looks at the next character. Both
 * are tried: the string is encoded with each sort of character that may follow, and cut at each such place, and what all agree on is sure. */
#include "text/token_forced.h"

#include "base/error.h"
#include "base/mem.h"

enum {
    MAX_BYTES = 256,  /* of a stretch */
    MAX_BEFORE = 3,   /* tokens of the answer that are encoded with it */
    MAX_CONTEXT = 96, /* and their bytes */
    MAX_SPANS = 8     /* places where a token that spans the end may begin; more, and nothing is sure */
};

struct mote_token_forced {
    const mote_token_trie *trie;
    mote_tokenizer_encoder encoder;
    char text[MAX_CONTEXT + MAX_BYTES + 8];
    size_t n_context; /* bytes of `text` that are there already, */
    size_t n_before;  /* and their tokens */
    size_t n_forced;  /* bytes behind them */
    int32_t sure[MAX_CONTEXT + MAX_BYTES + 8];
    size_t n_sure;  /* tokens, with those before */
    size_t n_bytes; /* up to where they may go */
};

mote_status mote_token_forced_create(const mote_tokenizer *t, const mote_token_trie *trie, mote_token_forced **forced, mote_error *err) {
    mote_token_forced *f = mote_mem_zalloc_array(1, sizeof *f);
    *forced = NULL;
    if (!f)
        return mote_error_alloc(err, sizeof *f);
    f->trie = trie;
    mote_tokenizer_encoder_init(&f->encoder, t);
    if (mote_tokenizer_encoder_reserve(&f->encoder, sizeof f->text) != MOTE_OK) {
        mote_token_forced_free(&f);
        return mote_error_alloc(err, sizeof f->text);
    }
    *forced = f;
    return MOTE_OK;
}

void mote_token_forced_free(mote_token_forced **forced) {
    if (!*forced)
        return;
    mote_tokenizer_encoder_deinit(&(*forced)->encoder);
    mote_mem_free(*forced);
    *forced = NULL;
}

/* The last tokens of the answer, as many as there is room for. */
static const int32_t *take_context(mote_token_forced *f, const int32_t *before, size_t n_before) {
    size_t n = 0, n_bytes = 0;
    for (; n < MAX_BEFORE && n < n_before; n++) {
        int32_t id = before[n_before - 1 - n];
        size_t len = (size_t)id < f->trie->n_tokens ? mote_token_trie_bytes(f->trie, (uint32_t)id).len : 0;
        if (len == 0 || len > MAX_CONTEXT - n_bytes)
            break;
        n_bytes += len;
    }
    f->n_context = 0;
    f->n_before = n;
    for (size_t i = n_before - n; i < n_before; i++) {
        mote_str s = mote_token_trie_bytes(f->trie, (uint32_t)before[i]);
        memcpy(f->text + f->n_context, s.data, s.len);
        f->n_context += s.len;
    }
    return before + (n_before - n);
}

/* Encodes the text's first n bytes; false: it has no such tokens. */
static bool encode(mote_token_forced *f, size_t n) {
    return mote_tokenizer_encoder_run(&f->encoder, (mote_str){f->text, n}) == MOTE_OK;
}

/* Keeps the tokens that the text's first n bytes have too, each ending within n_bytes. */
static void agree(mote_token_forced *f, size_t n) {
    size_t i = 0, at = 0;
    if (!encode(f, n)) {
        f->n_sure = 0;
        return;
    }
    for (; i < f->n_sure && i < f->encoder.out.len && f->encoder.out.items[i] == f->sure[i]; i++) {
        mote_str s = mote_token_trie_bytes(f->trie, (uint32_t)f->sure[i]);
        if (s.len == 0 || s.len > f->n_bytes - at || memcmp(s.data, f->text + at, s.len) != 0)
            break;
        at += s.len;
    }
    f->n_sure = i;
}

/* Whether a token begins with the text from `at` on and goes on with a byte that is allowed in state s. */
static bool is_spanned(const mote_token_forced *f, const mote_token_mask_state *s, size_t at) {
    const mote_token_trie *t = f->trie;
    uint32_t node = (uint32_t)t->n_nodes;
    for (size_t i = at; i < f->n_context + f->n_forced; i++) {
        node = mote_token_trie_child(t, node, (uint8_t)f->text[i]);
        if (node == t->n_nodes)
            return false;
    }
    for (uint32_t child = node + 1; child < t->nodes[node].skip; child = t->nodes[child].skip)
        if (s->allowed[t->nodes[child].byte])
            return true;
    return false;
}

/* With each sort of character that may follow. */
static void try_followers(mote_token_forced *f, const mote_token_mask_state *s) {
    size_t end = f->n_context + f->n_forced;
    uint32_t tried = 0;
    for (unsigned b = 0; b < 0x80 && f->n_sure > f->n_before; b++) {
        uint32_t sort = UINT32_C(1) << mote_token_trie_sort((uint8_t)b);
        if (!s->allowed[b] || tried & sort)
            continue;
        tried |= sort;
        f->text[end] = (char)b;
        agree(f, end + 1);
    }
    if (s->allowed[0xc3] && f->n_sure > f->n_before) { /* a letter beyond ASCII */
        memcpy(f->text + end, "\xc3\xa9", 2);
        agree(f, end + 2);
    }
}

static void drop_unsure(mote_token_forced *f, const mote_token_mask_state *s) {
    size_t end = f->n_context + f->n_forced, spans[MAX_SPANS], n_spans = 0;
    size_t first = f->n_forced > f->trie->max_depth ? end - f->trie->max_depth : f->n_context;
    for (size_t at = first; at < end; at++) {
        if (!is_spanned(f, s, at))
            continue;
        if (n_spans == MAX_SPANS) {
            f->n_sure = 0;
            return;
        }
        f->n_bytes = n_spans == 0 ? at : f->n_bytes;
        spans[n_spans++] = at;
    }
    try_followers(f, s);
    for (size_t i = 0; i < n_spans && f->n_sure > f->n_before; i++)
        agree(f, spans[i]);
}

size_t mote_token_forced_find(mote_token_forced *f, mote_token_mask *m, const int32_t *before, size_t n_before, int32_t tokens[MOTE_TOKEN_FORCED_MAX]) {
    mote_token_mask_state behind;
    uint8_t bytes[MAX_BYTES];
    f->n_forced = mote_token_mask_forced(m, bytes, MAX_BYTES, &behind);
    if (f->n_forced == 0)
        return 0;
    const int32_t *there = take_context(f, before, n_before);
    size_t end = f->n_context + f->n_forced;
    memcpy(f->text + f->n_context, bytes, f->n_forced);
    f->n_bytes = end;
    if (!encode(f, end) || f->encoder.out.len == 0 || f->encoder.out.len < f->n_before || f->encoder.out.len > sizeof f->sure / sizeof *f->sure)
        return 0;
    f->n_sure = f->encoder.out.len;
    memcpy(f->sure, f->encoder.out.items, f->n_sure * sizeof *f->sure);
    if (f->n_before && memcmp(f->sure, there, f->n_before * sizeof *there) != 0)
        return 0; /* the model cut the text otherwise, or the string would join what is there: let it choose */
    agree(f, end);
    if (!behind.must_end)
        drop_unsure(f, &behind);
    size_t n = f->n_sure > f->n_before ? f->n_sure - f->n_before : 0;
    n = n < MOTE_TOKEN_FORCED_MAX ? n : MOTE_TOKEN_FORCED_MAX;
    memcpy(tokens, f->sure + f->n_before, n * sizeof *tokens);
    return n;
}
