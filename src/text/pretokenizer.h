/* Splitting text into the words that byte-pair encoding works on. A pretokenizer is a chain of stages: the first splits the text, each further one what the
 * stage before gave. The published regular expressions are hand-written scanners over character classes: one pass, no backtracking, no recursion. */
#ifndef MOTE_TEXT_PRETOKENIZER_H
#define MOTE_TEXT_PRETOKENIZER_H

#include "base/str.h"
#include "text/regex.h"

#include <stdbool.h>
#include <stdint.h>

enum { MOTE_PRETOKENIZER_MAX_STAGES = 6 };

typedef enum mote_split_kind {
    MOTE_SPLIT_GPT2,        /* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
    MOTE_SPLIT_WORDS,       /* Llama 3 and its relatives, by the flags below */
    MOTE_SPLIT_CASED,       /* words end where lower case meets upper case (o200k, Tekken), by the flags below */
    MOTE_SPLIT_DEEPSEEK,    /* third pattern of DeepSeek V3 */
    MOTE_SPLIT_NUMBERS,     /* \p{N}{1,n_digits} on their own; n_digits 0: any number */
    MOTE_SPLIT_TRIPLES,     /* [0-9][0-9][0-9] on their own */
    MOTE_SPLIT_RUNS,        /* runs of `classes` and `ascii` on their own, with a white-space character before where FLAG_LEAD */
    MOTE_SPLIT_CJK,         /* runs of [U+4E00-9FA5 U+3040-30FF] on their own; FLAG_WIDE: [U+4E00-9FA5 U+0800-4E00 U+AC00-D7FF] */
    MOTE_SPLIT_LINE_ENDS,   /* [\r\n] each on its own */
    MOTE_SPLIT_NEWLINES,    /* [^\n]+|\n+ */
    MOTE_SPLIT_SPACE,       /* by white space, which is dropped */
    MOTE_SPLIT_WORD_CHARS,  /* \w+|[^\w\s]+, white space dropped */
    MOTE_SPLIT_BERT,        /* by white space, which is dropped; each punctuation mark on its own */
    MOTE_SPLIT_PUNCTUATION, /* each punctuation mark on its own */
    MOTE_SPLIT_METASPACE,   /* before each U+2581 */
    MOTE_SPLIT_LITERAL,     /* by a literal text */
    MOTE_SPLIT_REGEX        /* by PCRE2 */
} mote_split_kind;

enum {
    MOTE_SPLIT_CONTRACTIONS = 1, /* WORDS: 's 't 're ... first; CASED: behind a word */
    MOTE_SPLIT_MARKS = 2,        /* \p{M} counts as a letter */
    MOTE_SPLIT_NO_TAIL = 4,      /* punctuation does not take the line ends behind it */
    MOTE_SPLIT_SLASH_TAIL = 8,   /* nor only line ends, but / too */
    MOTE_SPLIT_LEAD = 32,
    MOTE_SPLIT_WIDE = 64,
    MOTE_SPLIT_REMOVED = 128, /* LITERAL, REGEX: matches are dropped ... */
    MOTE_SPLIT_INVERT = 256,  /* ... or what is between them */
    MOTE_SPLIT_WITH_PREVIOUS = 512,
    MOTE_SPLIT_WITH_NEXT = 1024
};

typedef struct mote_split {
    mote_split_kind kind;
    unsigned flags;
    unsigned n_digits;
    uint32_t classes; /* RUNS */
    const char *ascii;
    char *pattern; /* LITERAL; owned */
    size_t pattern_len;
    void *regex; /* owned */
} mote_split;

typedef struct mote_pretokenizer {
    mote_split stages[MOTE_PRETOKENIZER_MAX_STAGES];
    unsigned n_stages;
} mote_pretokenizer;

/* One stage at work on one piece. */
typedef struct mote_pretokenizer_cursor {
    size_t at, end;
    size_t match_start, match_end; /* REGEX and LITERAL: the match at or behind `at` */
    bool searching;
    mote_regex_search search;
    size_t search_base;
} mote_pretokenizer_cursor;

typedef struct mote_pretokenizer_walk {
    const mote_pretokenizer *p;
    const uint8_t *text;
    mote_pretokenizer_cursor cursors[MOTE_PRETOKENIZER_MAX_STAGES];
    int depth;
    bool whole; /* without stages: the text itself is still to be given */
} mote_pretokenizer_walk;

void mote_pretokenizer_begin(mote_pretokenizer_walk *w, const mote_pretokenizer *p, const uint8_t *text, size_t len);
/* The next word; false in *more at the end. */
MOTE_MUST_CHECK mote_status mote_pretokenizer_next(mote_pretokenizer_walk *w, size_t *start, size_t *end, bool *more, mote_error *err);
void mote_pretokenizer_end(mote_pretokenizer_walk *w);
void mote_pretokenizer_deinit(mote_pretokenizer *p);

/* The chain that a GGUF's tokenizer.ggml.pre names. */
typedef struct mote_pretokenizer_named {
    const char *name;
    bool ignore_merges, add_bos, nfc;
    mote_pretokenizer chain;
} mote_pretokenizer_named;
const mote_pretokenizer_named *mote_pretokenizer_find(mote_str name); /* NULL: unknown */
/* The name to write for a chain; NULL: no name stands for it. `nfc` counts only where names differ in it. */
const char *mote_pretokenizer_name_of(const mote_pretokenizer *p, bool ignore_merges, bool nfc);
/* The scanner that does what a published pattern does; false: none. */
bool mote_pretokenizer_known_pattern(mote_str pattern, mote_split *split);

/* Scanners: the end of the piece that starts at `at`; *keep false: the piece is dropped. (pretokenizer_scan.c) */
size_t mote_pretokenizer_scan(const mote_split *s, const uint8_t *text, size_t at, size_t end, bool *keep);

#endif
