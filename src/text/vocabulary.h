/* The tokens of a vocabulary: text, type, score, and the way from a text to its id. Built by _add in order of ids, then _finish; immutable afterwards.
 *
 * Texts lie behind each other, each with a NUL; a slot of the hash table holds id + 1 and 10 bits of the hash, so that a probe seldom reads a text in vain. */
#ifndef MOTE_TEXT_VOCABULARY_H
#define MOTE_TEXT_VOCABULARY_H

#include "base/str.h"

#include <mote/status.h>

#include <stdbool.h>
#include <stdint.h>

/* The largest published vocabularies have a quarter of a million tokens; a slot has 22 bits for an id. */
enum { MOTE_VOCABULARY_MAX_TOKENS = 1 << 21 };

typedef enum mote_token_type { MOTE_TOKEN_NORMAL = 1, MOTE_TOKEN_UNKNOWN, MOTE_TOKEN_CONTROL, MOTE_TOKEN_USER_DEFINED, MOTE_TOKEN_UNUSED, MOTE_TOKEN_BYTE } mote_token_type;

typedef struct mote_vocabulary {
    uint32_t n_tokens, capacity;
    uint64_t text_bytes, text_capacity;
    char *texts;
    uint32_t *offsets; /* [capacity + 1] */
    uint8_t *types;    /* [capacity] mote_token_type */
    float *scores;     /* [capacity]; NULL: without */
    uint32_t *slots;
    uint32_t slot_mask;
    uint32_t longest_bytes;
    uint64_t seed; /* differs between vocabularies, so that no file can aim at one slot */
} mote_vocabulary;

/* Room for n_tokens tokens with text_bytes in all. */
MOTE_MUST_CHECK mote_status mote_vocabulary_init(mote_vocabulary *v, uint32_t n_tokens, uint64_t text_bytes, bool with_scores, mote_error *err);
void mote_vocabulary_deinit(mote_vocabulary *v);
/* The next id; capacities must hold it. */
void mote_vocabulary_add(mote_vocabulary *v, mote_str text, mote_token_type type, float score);
/* Makes texts findable. Of equal texts the lowest id is found. */
MOTE_MUST_CHECK mote_status mote_vocabulary_finish(mote_vocabulary *v, mote_error *err);

/* Which bytes stand side by side in some token. Where two neighbours of a text never do, no token can span them, and the text may be cut between them. */
typedef struct mote_vocabulary_joins {
    uint64_t bits[256 * 256 / 64];
} mote_vocabulary_joins;
/* spelled: texts are in GPT-2's alphabet, and the bytes they stand for are meant. */
void mote_vocabulary_find_joins(const mote_vocabulary *v, bool spelled, mote_vocabulary_joins *joins);
static inline bool mote_vocabulary_joined(const mote_vocabulary_joins *j, uint8_t a, uint8_t b) {
    return j->bits[a << 2 | b >> 6] >> (b & 63) & 1;
}
/* The end of the stretch from `at` on that has to be encoded as one; cuts are made before whole characters only. */
size_t mote_vocabulary_stretch(const mote_vocabulary_joins *joins, const uint8_t *text, size_t at, size_t len);

/* -1: no such token. */
int32_t mote_vocabulary_find(const mote_vocabulary *v, const char *text, size_t len);
int32_t mote_vocabulary_find_byte(const mote_vocabulary *v, uint8_t byte); /* the token "<0xHH>" */
/* Whether a text is "<0xHH>". */
bool mote_vocabulary_spells_byte(mote_str text, uint8_t *byte);

static inline mote_str mote_vocabulary_text(const mote_vocabulary *v, uint32_t id) {
    return (mote_str){v->texts + v->offsets[id], v->offsets[id + 1] - v->offsets[id] - 1};
}

/* Mixes two words (W. Yi's wyhash uses the same folded product). */
static inline uint64_t mote_vocabulary_mix(uint64_t a, uint64_t b) {
    __extension__ typedef unsigned __int128 wide;
    wide p = (wide)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd1b54a32d192ed03u);
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

#endif
