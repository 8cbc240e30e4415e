/* A constraint from inside: what it was compiled from, and who still needs it. The public face is <mote/constraint.h>. */
#ifndef MOTE_TEXT_CONSTRAINT_H
#define MOTE_TEXT_CONSTRAINT_H

#include "text/automaton.h"

#include <mote/constraint.h>

/* One more owner; each ends with mote_constraint_free. */
const mote_constraint *mote_constraint_share(const mote_constraint *constraint);
/* The constraint must outlive it. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_constraint_automaton(const mote_constraint *constraint, mote_automaton **automaton, mote_error *err);
static inline void mote_automaton_free(mote_automaton **a) {
    if (*a)
        (*a)->ops->free(*a);
    *a = NULL;
}

#endif
