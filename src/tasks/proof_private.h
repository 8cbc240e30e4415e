/* A proofreader from inside: sentence -> words -> proposed edits -> judged edits -> edits of the text. */
#ifndef MOTE_TASKS_PROOF_PRIVATE_H
#define MOTE_TASKS_PROOF_PRIVATE_H

#include "tasks/judge.h"
#include "tasks/lexicon.h"
#include "tasks/proof_words.h"
#include "tasks/task.h"
#include "tasks/word_table.h"

#include <mote/generate.h>
#include <mote/proofread.h>

/* X(name): where an edit comes from; names in task.json's "margins", "kinds" and "explanations". */
#define MOTE_PROOF_KINDS(X) X(spelling) X(real_word) X(confusion) X(form) X(swap) X(insert) X(delete) X(comma) X(stop) X(case) X(repeat) X(model)

enum {
#define MOTE_PROOF_ENUM(name) MOTE_PROOF_##name,
    MOTE_PROOF_KINDS(MOTE_PROOF_ENUM)
#undef MOTE_PROOF_ENUM
        MOTE_PROOF_N_KINDS
};

enum { MOTE_PROOF_MAX_WORDS = 400, MOTE_PROOF_MAX_EDITS = 6000 };

struct mote_proofreader {
    mote_engine *engine;
    mote_task task;
    mote_judge judge;
    mote_lexicon lexicon;
    mote_word_table swaps, confusions, inserts, deletes, forms;
    double margins[MOTE_PROOF_N_KINDS];
    double least_quick_gain;
    size_t n_candidates, n_rounds;
    size_t window, spelling_window; /* tokens behind an edit that count; for spelling few, since other mistakes behind it would count too */
    mote_session *generator;        /* asks the model for a corrected sentence; NULL: doesn't */
    mote_sampler *sampler;
    mote_form *form; /* gap: text */
    mote_progress_fn progress;
    void *progress_context;
};

/* Bytes [start, end) of a text that no edit may touch. */
typedef struct mote_span {
    size_t start, end;
} mote_span;

/* A sentence being corrected. */
typedef struct mote_proof_sentence {
    mote_str text; /* line ends are spaces */
    bool is_prose; /* no heading, no item of a list: it begins with a capital letter */
    bool may_stop; /* and ends its block: a mark may be missing */
    mote_word words[MOTE_PROOF_MAX_WORDS];
    size_t n_words;
    const mote_span *kept; /* [n_kept] spans that stay, in bytes of this text */
    size_t n_kept;
    mote_edit *edits[MOTE_PROOF_MAX_EDITS]; /* proposed */
    size_t n_edits;
    bool words_only; /* propose only what needs no grammar: spelling, capitals, doubled words, the mark at the end */
    mote_arena *arena;
} mote_proof_sentence;

/* Adds an edit unless it touches what is kept, changes nothing or is there already. cost: beyond its kind's margin. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_proof_add(mote_proof_sentence *s, size_t start, size_t end, mote_str after, int kind, double cost);
/* Proposals by rule (proof_propose.c). */
MOTE_MUST_CHECK mote_status mote_proof_propose(const mote_proofreader *p, mote_proof_sentence *s);
/* For each word that is surely misspelled, its nearest known one. */
MOTE_MUST_CHECK mote_status mote_proof_propose_nearest(const mote_proofreader *p, mote_proof_sentence *s);
/* Proposals of the model (proof_model.c): how its corrected sentence differs, piece by piece. */
MOTE_MUST_CHECK mote_status mote_proof_ask(mote_proofreader *p, mote_proof_sentence *s, mote_error *err);
MOTE_MUST_CHECK mote_status mote_proof_prepare_asking(mote_proofreader *p, mote_error *err);
/* Adds what makes `s` into `other`, as edits of words (proof_align.c). */
MOTE_MUST_CHECK mote_status mote_proof_align(mote_proof_sentence *s, mote_str other, int kind);

/* Calls `each` with every sentence of a text that may be corrected: its bytes, whether it is prose (no heading, no item of a list), and ends its
 * block (proof_text.c). Spans of code, links and tags are given with it. */
typedef mote_status (*mote_proof_sentence_fn)(void *context, size_t start, size_t end, bool is_prose, bool ends_block, const mote_span *kept, size_t n_kept);
MOTE_MUST_CHECK mote_status mote_proof_sentences(mote_str text, mote_proof_sentence_fn each, void *context);

/* Edits that were taken, in bytes of the original text, growing: apply [start, end) -> after in bytes of the text as it is now (proof_edits.c). */
typedef struct mote_taken {
    size_t start, end; /* of the original */
    mote_str after;    /* in the arena */
    int kind;
    double cost, gain; /* as the edit's */
} mote_taken;
typedef struct mote_taken_list {
    mote_taken items[256];
    size_t n;
} mote_taken_list;
MOTE_MUST_CHECK mote_status mote_taken_apply(mote_taken_list *list, mote_str original, mote_buffer *now, const mote_edit *edit, mote_arena *arena);

#endif
