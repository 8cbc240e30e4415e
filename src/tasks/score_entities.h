/* F1 of entities read from tags, as conlleval and seqeval (its default mode) count them: an entity is right if its type, first and last word are; micro average over all types.
 * L. A. Ramshaw, M. P. Marcus, "Text Chunking using Transformation-Based Learning", 1995 (the tags). */
#ifndef MOTE_TASKS_SCORE_ENTITIES_H
#define MOTE_TASKS_SCORE_ENTITIES_H

#include "base/str.h"

#include <stdint.h>

typedef struct mote_entity {
    mote_str type; /* borrowed from its tag */
    size_t first, last;
} mote_entity;

/* The entities of one sentence's tags [n] ("O", "B-city", "I-city"; E- and S- too); room for n. Their number. A type that follows another, or an I- without B-, opens an entity. */
size_t mote_entities_read(const mote_str *tags, size_t n, mote_entity *entities);

typedef struct mote_entity_sums {
    uint64_t right, given, wanted; /* mote_f_score_of makes a score of them */
} mote_entity_sums;

/* Adds one sentence: entities of the output and of the key, none twice. */
void mote_entities_add(mote_entity_sums *sums, const mote_entity *given, size_t n_given, const mote_entity *wanted, size_t n_wanted);

#endif
