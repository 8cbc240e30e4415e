/* What a rewriting must not change: numbers, names, negations, links, quotations. Found by their form, without a dictionary: enough to tell that one was lost or is new. */
#ifndef MOTE_TEXT_FACTS_H
#define MOTE_TEXT_FACTS_H

#include "base/str.h"

#include <mote/status.h>

enum {
    MOTE_FACT_NUMBER = 1,   /* digits with their marks ("1,200.50", "3-4", "5 %", "12:30"), and the words two to twelve, tens, hundred, thousand, million … */
    MOTE_FACT_NAME = 2,     /* words with a capital letter that don't begin a sentence; words with one inside; abbreviations */
    MOTE_FACT_NEGATION = 4, /* not, no, never, none, nobody, nothing, neither, nor, without, cannot, …n't */
    MOTE_FACT_LINK = 8,     /* addresses with "://", "www." or '@' */
    MOTE_FACT_QUOTE = 16    /* what stands between double quotation marks */
};
#define MOTE_FACT_ALL 31u

typedef struct mote_fact {
    unsigned kind;
    mote_str text; /* borrowed; a negation's is always "not" */
} mote_fact;

/* "number", "name", "negation", "link", "quotation". */
const char *mote_fact_kind_text(unsigned kind);
/* Facts of the kinds (a set), at most `most`; their number. */
size_t mote_facts_find(mote_str text, unsigned kinds, mote_fact *facts, size_t most);
/* Whether the text has the fact; numbers are compared by their digits, names without case and a final 's, quotations and links as they are. */
bool mote_facts_has(mote_str text, const mote_fact *fact);
/* The first fact of the kinds that `text` has and `other` lacks; false if there is none. Negations are counted, not looked for: one is lacking where `other` has fewer. */
bool mote_facts_lacking(mote_str text, mote_str other, unsigned kinds, mote_fact *fact);

#endif
