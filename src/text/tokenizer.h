/* The inside of a mote_tokenizer: what a loader (tokenizer_gguf.c, tokenizer_folder.c) fills and tokenizer.c, detokenizer.c read.
 *
 * The way of a text: special tokens are cut out; each stretch between them is normalized, split into words, and each word encoded by the model. */
#ifndef MOTE_TEXT_TOKENIZER_H
#define MOTE_TEXT_TOKENIZER_H

#include "formats/gguf.h"
#include "text/bpe.h"
#include "text/normalize.h"
#include "text/prefixes.h"
#include "text/pretokenizer.h"
#include "text/spm.h"

#include <mote/tokenizer.h>

#include <stdatomic.h>

/* Copies what it needs; the gguf may be closed afterwards. MOTE_ERR_FORMAT (names the key), _UNSUPPORTED (names the model or pre-tokenizer), _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_tokenizer_from_gguf(const mote_gguf *g, mote_tokenizer **tokenizer, mote_error *err);
/* tokenizer.json with tokenizer_config.json, special_tokens_map.json and generation_config.json; without tokenizer.json: tokenizer.model. _NOT_FOUND, as above. */
MOTE_MUST_CHECK mote_status mote_tokenizer_from_folder(const char *folder, mote_tokenizer **tokenizer, mote_error *err);

mote_token_type mote_tokenizer_type(const mote_tokenizer *t, int32_t id); /* MOTE_TOKEN_UNUSED outside the vocabulary */
int32_t mote_tokenizer_eot(const mote_tokenizer *t);                      /* end of turn; -1: none */
int32_t mote_tokenizer_eom(const mote_tokenizer *t);                      /* end of message, a tool's turn follows; -1: none */
int32_t mote_tokenizer_unknown(const mote_tokenizer *t);                  /* -1: none */
bool mote_tokenizer_adds_bos(const mote_tokenizer *t);
bool mote_tokenizer_adds_eos(const mote_tokenizer *t);
int32_t mote_tokenizer_find(const mote_tokenizer *t, mote_str text); /* the id of a token by its literal text; -1: none */
/* The bytes one token stands for inside a text, without what stream or start would change; control tokens are written out when `special`. Appends. */
MOTE_MUST_CHECK mote_status mote_tokenizer_piece(const mote_tokenizer *t, int32_t id, bool special, mote_buffer *out);

/* Writes the bytes of a token as mote_tokenizer_piece does: at most longest_piece. Returns their number. */
size_t mote_tokenizer_spell(const mote_tokenizer *t, int32_t id, bool special, char *out);

typedef enum mote_tokenizer_model { MOTE_TOKENIZER_BPE, MOTE_TOKENIZER_SPM, MOTE_TOKENIZER_UNIGRAM, MOTE_TOKENIZER_WORDPIECE } mote_tokenizer_model;

/* How a token's text becomes bytes. */
typedef enum mote_tokenizer_spelling {
    MOTE_SPELLING_PLAIN,
    MOTE_SPELLING_BYTES,     /* GPT-2's characters for bytes */
    MOTE_SPELLING_METASPACE, /* U+2581 is a space, <0xHH> a byte */
    MOTE_SPELLING_WORDPIECE  /* a piece that begins with `continuation` joins the one before, any other is a new word */
} mote_tokenizer_spelling;

enum {
    MOTE_TOKENIZER_MAX_STEPS = 24, /* published normalizers have up to seven */
    MOTE_TOKENIZER_MAX_AROUND = 8, /* tokens put before or behind a text; two at most are published */
    MOTE_TOKENIZER_MAX_ENDS = 32
};

enum { MOTE_ADDED_LSTRIP = 1, MOTE_ADDED_RSTRIP = 2, MOTE_ADDED_NORMALIZED = 4, MOTE_ADDED_SINGLE_WORD = 8 };

/* A token that is looked for in the text before anything else. */
typedef struct mote_tokenizer_added {
    int32_t id;
    unsigned flags;
} mote_tokenizer_added;

struct mote_tokenizer {
    mote_tokenizer_model model;
    mote_tokenizer_spelling spelling;
    uint32_t n_rows; /* of the model's embedding, where the folder says so: added tokens behind them are left out (Gemma 3's for images); 0: not said */
    mote_vocabulary vocabulary;
    union {
        mote_bpe bpe;
        mote_spm spm;
        mote_unigram unigram;
        mote_wordpiece wordpiece;
    };
    mote_prefixes specials;            /* tokens looked for in the text as it is */
    mote_prefixes normalized_specials; /* and in the normalized text */
    uint8_t *added_flags;              /* [n_tokens]; NULL: none has flags */
    mote_normalize_step steps[MOTE_TOKENIZER_MAX_STEPS];
    unsigned n_steps;
    mote_pretokenizer pretokenizer;
    mote_normalize_step word_steps[2]; /* changes of each word (Metaspace behind another splitter) */
    unsigned n_word_steps;
    bool split_words; /* and then it is split before each U+2581 */

    int32_t before[MOTE_TOKENIZER_MAX_AROUND], after[MOTE_TOKENIZER_MAX_AROUND];
    unsigned n_before, n_after;
    int32_t between[MOTE_TOKENIZER_MAX_AROUND]; /* of the two texts of a pair; none: the tokenizer says nothing of pairs */
    unsigned n_between, second_type;            /* the type of the second text's tokens and of those after it; the first's is 0 */
    int32_t bos, eos, eot, eom, unknown;
    int32_t ends[MOTE_TOKENIZER_MAX_ENDS];
    unsigned n_ends;
    bool strip_first_space; /* decoding drops one space that encoding put before the text */
    bool clean_up;          /* decoding drops spaces before . , ? ! and short forms */
    char continuation[8];   /* WORDPIECE; "" with `word_head` set: a new word begins with U+2581 */
    bool word_head;
    uint32_t longest_piece;               /* bytes one token can stand for */
    struct mote_token_trie *_Atomic trie; /* NULL until somebody asks for it (token_trie.h) */
};

/* What encodes text after text and keeps its memory: short texts need none after the first ones, where the tokenizer has no patterns and no unigram model. One thread. */
typedef struct mote_tokenizer_encoder {
    const mote_tokenizer *t;
    mote_merger merger;
    mote_buffer scratch[2], words[2];
    mote_ids out; /* the last text's ids, until the next */
    bool parse_special;
    mote_error *err;
} mote_tokenizer_encoder;

void mote_tokenizer_encoder_init(mote_tokenizer_encoder *e, const mote_tokenizer *t);
void mote_tokenizer_encoder_deinit(mote_tokenizer_encoder *e);
/* Takes the memory for texts of at most len bytes. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_tokenizer_encoder_reserve(mote_tokenizer_encoder *e, size_t len);
/* The ids of a piece from the middle of a text: nothing is put before it. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_tokenizer_encoder_run(mote_tokenizer_encoder *e, mote_str text);

/* For loaders. The vocabulary and types are set; frees nothing on failure. */
MOTE_MUST_CHECK mote_status mote_tokenizer_create(mote_tokenizer **tokenizer, mote_error *err);
MOTE_MUST_CHECK mote_status mote_tokenizer_add_step(mote_tokenizer *t, mote_normalize_op op, mote_str pattern, mote_str content, mote_error *err);
/* eot, eom, the ends and the types that follow from well-known texts; then the tables of special tokens. The last call of a loader. */
MOTE_MUST_CHECK mote_status mote_tokenizer_finish(mote_tokenizer *t, bool eog_by_text, mote_error *err);
void mote_tokenizer_add_end(mote_tokenizer *t, int32_t id);
/* Whether its text alone tells that generation ends there. */
bool mote_tokenizer_is_known_end(const mote_tokenizer *t, int32_t id);
/* SentencePiece's own file (sentencepiece.c). */
MOTE_MUST_CHECK mote_status mote_sentencepiece_load(const char *path, mote_tokenizer *t, mote_error *err);
MOTE_MUST_CHECK mote_status mote_sentencepiece_read(mote_str file, mote_tokenizer *t, mote_error *err);

#endif
