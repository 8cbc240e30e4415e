/* What the files of token_mask share.
 *
 *     token_mask.c      the walk through the tokens, masks by state, the public part
 *     token_mask_key.c  masks by key
 *     token_mask_open.c masks of places in strings where any text may stand
 *     token_mask_need.c the way to the end in tokens, and stretches without choice */
#ifndef MOTE_TEXT_TOKEN_MASK_PRIVATE_H
#define MOTE_TEXT_TOKEN_MASK_PRIVATE_H

#include "text/token_mask.h"

enum {
    MOTE_TOKEN_MASK_KEPT = 128,   /* masks by state: a JSON text of a schema with thirty properties goes through about as many states that differ */
    MOTE_TOKEN_MASK_KEYS = 32,    /* masks by key */
    MOTE_TOKEN_MASK_LEFT = 8192,  /* branches that leave a key's frame; a string's have some thousand */
    MOTE_TOKEN_MASK_ROWS = 512,   /* keys that tokens lead to from one */
    MOTE_TOKEN_MASK_NEEDS = 1024, /* states whose need is known */
    MOTE_TOKEN_MASK_LOOPS = 256,
    MOTE_TOKEN_MASK_TABLE = 4 * MOTE_TOKEN_MASK_KEPT
};

typedef struct mote_token_mask_kept {
    mote_token_mask_set set;
    uint32_t reach; /* so many tokens close the text behind any of them */
    mote_state state;
    uint32_t used;
} mote_token_mask_kept;

typedef struct mote_token_mask_keyed {
    uint32_t key;   /* 0: free */
    bool is_within; /* it holds for MOTE_AUTOMATON_WITHIN bytes only: longer tokens are among those that leave */
    uint32_t *bits, n_allowed;
    uint32_t rise; /* by so much the distance grows at most while a token stays inside */
    uint32_t *left;
    size_t n_left;
    uint32_t used;
} mote_token_mask_keyed;

#define MOTE_TOKEN_MASK_UNKNOWN UINT32_MAX
#define MOTE_TOKEN_MASK_NEVER (UINT32_MAX - 1)

/* Where each byte leads from a key: a row's number + MOTE_TOKEN_MASK_ROW, or one of the others. */
enum { MOTE_TOKEN_MASK_ROW_UNKNOWN, MOTE_TOKEN_MASK_ROW_DEAD, MOTE_TOKEN_MASK_ROW_LEFT, MOTE_TOKEN_MASK_ROW };

typedef struct mote_token_mask_row {
    uint32_t key;
    mote_state state; /* one of this key */
    bool has_same;
    uint8_t fits;  /* with few tokens left: 0 not known, 1 it can be closed, 2 it can't */
    uint16_t same; /* sorts of characters that all come back to this key */
    uint16_t slot; /* its place in row_of */
    uint16_t next[256];
} mote_token_mask_row;

typedef struct mote_token_mask_need_entry {
    mote_state state; /* DEAD: free */
    uint32_t need;
} mote_token_mask_need_entry;

/* Keys whose `same` is known. */
typedef struct mote_token_mask_loop {
    uint32_t key; /* 0: free */
    uint16_t same;
} mote_token_mask_loop;

struct mote_token_mask {
    const mote_token_trie *trie;
    mote_automaton *a;
    size_t n_words;
    mote_state state;
    bool skips_space;  /* nothing has come yet, and a space that comes first is not written */
    bool has_failed;   /* no room even behind a refresh */
    mote_state *stack; /* [max_depth + 1] by depth, while tokens are walked */
    mote_token_mask_kept kept[MOTE_TOKEN_MASK_KEPT];
    uint16_t table[MOTE_TOKEN_MASK_TABLE]; /* place in `kept` + 1 by state */
    size_t n_kept;
    mote_token_mask_kept near;                             /* with few tokens left: made anew each time */
    mote_token_mask_keyed keyed[MOTE_TOKEN_MASK_KEYS + 1]; /* the last one for `near` */
    uint32_t refused[MOTE_TOKEN_MASK_KEYS];                /* keys that tokens lead too far from; in turn */
    size_t n_refused;
    uint32_t clock;
    mote_token_mask_row *rows;                 /* [ROWS] */
    uint16_t row_of[4 * MOTE_TOKEN_MASK_ROWS]; /* a table by key */
    size_t n_rows;
    uint16_t *row_stack; /* [max_depth + 1] */
    mote_token_mask_loop loops[MOTE_TOKEN_MASK_LOOPS];
    mote_token_mask_need_entry needs[MOTE_TOKEN_MASK_NEEDS];
};

/* One mask that is being made. */
typedef struct mote_token_mask_walk {
    mote_token_mask *m;
    mote_state base;  /* where the tokens begin */
    uint32_t skipped; /* first bytes of each token that the automaton doesn't see */
    uint32_t before;  /* states that the stack has for the path to node `last` */
    uint32_t last;
    uint32_t *bits;
    uint32_t most;  /* tokens that may be needed behind one */
    uint32_t reach; /* those that are needed at most */
    uint32_t n_allowed;
    bool is_near; /* needs are counted, not guessed by bytes */
    bool looks;   /* states know no more than one token needs */
} mote_token_mask_walk;

static inline size_t mote_token_mask_hash(uint32_t x, size_t n) {
    return (size_t)((x * 0x9e3779b97f4a7c15u) >> 40) & (n - 1);
}
/* Both return how many bits that changes. */
static inline uint32_t mote_token_mask_allow(const mote_token_trie *t, uint32_t *bits, uint32_t first, uint32_t last) {
    uint32_t n = 0;
    for (uint32_t r = first; r < last; r++) {
        uint32_t *word = &bits[t->ranked[r] / 32], shift = t->ranked[r] % 32;
        n += ~*word >> shift & 1;
        *word |= UINT32_C(1) << shift;
    }
    return n;
}
static inline uint32_t mote_token_mask_forbid(const mote_token_trie *t, uint32_t *bits, uint32_t first, uint32_t last) {
    uint32_t n = 0;
    for (uint32_t r = first; r < last; r++) {
        uint32_t *word = &bits[t->ranked[r] / 32], shift = t->ranked[r] % 32;
        n += *word >> shift & 1;
        *word &= ~(UINT32_C(1) << shift);
    }
    return n;
}
uint32_t mote_token_mask_ones(const uint32_t *words, size_t n);
/* Walks the branches of n nodes; false: no room. */
bool mote_token_mask_walk_branches(mote_token_mask_walk *w, const uint32_t *nodes, size_t n);
/* All tokens, while looking; false: the state isn't open, or there is no room. */
bool mote_token_mask_walk_open(mote_token_mask_walk *w);
/* Drops all states but s; its new number. */
mote_state mote_token_mask_refresh(mote_token_mask *m, mote_state s);
/* The mask of the state's key; NULL: it has none, or none that can be kept. */
const mote_token_mask_keyed *mote_token_mask_key(mote_token_mask *m, mote_state s);
/* The same with at most `most` tokens to come: made for the present state alone. *reach: so many close the text behind any token that stays inside; NEVER where one is left out. */
const mote_token_mask_keyed *mote_token_mask_key_near(mote_token_mask *m, uint32_t most, uint32_t *reach);
/* Sorts of characters that lead from s back to it. */
uint16_t mote_token_mask_same(mote_token_mask *m, mote_state s);
/* The same while looking: where any text may stand, without asking for each byte. */
uint16_t mote_token_mask_same_looking(mote_token_mask *m, mote_state s);
/* Tokens that close the text from s; above `most`, any number above it. MOTE_TOKEN_MASK_UNKNOWN: there was no room for its states. */
uint32_t mote_token_mask_need_from(mote_token_mask *m, mote_state s, uint32_t most);

#endif
