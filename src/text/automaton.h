/* A language of byte strings as an automaton whose states are made when they are first reached: what a grammar (grammar.h), a JSON Schema (json_schema.h) or a regular
 * expression is compiled to, and what the token masks (token_mask.h) and the sampler walk.
 *
 * States are numbers that hold for one automaton until it is refreshed; the same position has the same number, so that results can be kept by it. Every state that isn't dead is
 * live: some string of bytes leads from it to acceptance. An automaton belongs to one thread at a time; what it was compiled from is immutable and shared.
 *
 * All memory is taken when the automaton is made; stepping allocates nothing. When the room for states is used up, step() says MOTE_STATE_FULL: the caller calls refresh() with the
 * state it stands in, and walks again from the number it gets. Behind a refresh there is room for any one token. */
#ifndef MOTE_TEXT_AUTOMATON_H
#define MOTE_TEXT_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t mote_state;

enum {
    MOTE_STATE_DEAD = 0,          /* no string of the language goes on so */
    MOTE_STATE_LEFT = 0xfffffffe, /* only of inner(): the byte leaves the frame, what it does depends on more than the key */
    MOTE_STATE_FULL = 0xffffffff  /* no room: refresh */
};

typedef struct mote_automaton mote_automaton;

/* Inside of a string any text may follow, and what a quote leads to behind it is the same for nearly all of them. */
typedef struct mote_automaton_open {
    mote_state behind; /* what the quote leads to that ends the string behind at least one character; DEAD: it may not end so soon */
    bool is_within;    /* for the next MOTE_AUTOMATON_WITHIN bytes only */
    uint32_t most;     /* the greatest distance of a state inside of the string */
} mote_automaton_open;

enum { MOTE_AUTOMATON_WITHIN = 32 }; /* bytes: of Qwen2.5's 151,646 tokens some hundred are longer */

typedef struct mote_automaton_ops {
    mote_state (*start)(mote_automaton *a);
    mote_state (*step)(mote_automaton *a, mote_state s, unsigned char byte);
    /* The string up to here is in the language. */
    bool (*accepts)(mote_automaton *a, mote_state s);
    /* The number of bytes of a shortest string from here to acceptance, 0 where accepted; saturates at UINT32_MAX. May be above the true shortest, but following closing() needs
     * exactly so many. */
    uint32_t (*distance)(mote_automaton *a, mote_state s);
    /* The first byte of that string; -1 where accepted. */
    int (*closing)(mote_automaton *a, mote_state s);
    /* A key of everything that decides about the next bytes as long as they stay in the innermost frame (the inside of a string, say): two states of equal keys go the same way
     * until one leaves. 0: none. Keys hold as long as the automaton, refreshed or not. */
    uint32_t (*key)(mote_automaton *a, mote_state s);
    /* The key behind one byte; MOTE_STATE_DEAD, MOTE_STATE_LEFT. */
    uint32_t (*inner)(mote_automaton *a, uint32_t key, unsigned char byte);
    /* Drops all states but this one; returns its new number. */
    mote_state (*refresh)(mote_automaton *a, mote_state s);
    void (*free)(mote_automaton *a);
    /* As key, but it has to hold for the next n bytes only, so more states share it: all the places in a string that are far from its greatest length, say. The key itself is that
     * of some state that goes the same way for n bytes. NULL: as key. */
    uint32_t (*key_within)(mote_automaton *a, mote_state s, uint32_t n);
    /* look(a, true): the steps that follow are for what one token may do from a state, so states that no token tells apart may be one. look(a, false) ends it, and says whether all
     * of it held; if not, the same has to be done without. NULL: steps are always the same. */
    bool (*look)(mote_automaton *a, bool on);
    /* While looking: whether any text of a JSON string may follow, and what behind it. False also where there is no room. NULL: never. */
    bool (*open)(mote_automaton *a, mote_state s, mote_automaton_open *open);
    /* Of such a state, or one that such bytes lead to from one: the bytes behind which a quote may lead elsewhere; returns how many. */
    size_t (*special)(mote_automaton *a, mote_state s, uint8_t bytes[256]);
} mote_automaton_ops;

/* The first member of every automaton. */
struct mote_automaton {
    const mote_automaton_ops *ops;
};

#endif
