/* The chain of stages: the deepest stage that has something left gives the next piece, its follower takes it up. Depth is bounded by the number of stages. */
#include "text/pretokenizer.h"

#include "base/mem.h"

#include <string.h>

static void enter(mote_pretokenizer_walk *w, int depth, size_t at, size_t end) {
    mote_pretokenizer_cursor *c = &w->cursors[depth];
    c->at = c->match_end = at;
    c->match_start = at;
    c->end = end;
    c->searching = false;
    w->depth = depth;
}

void mote_pretokenizer_begin(mote_pretokenizer_walk *w, const mote_pretokenizer *p, const uint8_t *text, size_t len) {
    w->p = p;
    w->text = text;
    w->whole = p->n_stages == 0 && len > 0;
    w->cursors[0].end = len;
    enter(w, 0, 0, len);
}

/* Finds the next match of a LITERAL or REGEX stage behind `at`; none: both ends are the piece's end. */
static mote_status next_match(mote_pretokenizer_walk *w, const mote_split *s, mote_pretokenizer_cursor *c, size_t *start, size_t *end, mote_error *err) {
    *start = *end = c->end;
    if (s->kind == MOTE_SPLIT_LITERAL) {
        const uint8_t *m = memmem(w->text + c->at, c->end - c->at, s->pattern, s->pattern_len);
        if (m) {
            *start = (size_t)(m - w->text);
            *end = *start + s->pattern_len;
        }
        return MOTE_OK;
    }
    if (!c->searching) {
        mote_status status = mote_regex_search_init(&c->search, s->regex, w->text + c->at, c->end - c->at, err);
        if (status != MOTE_OK)
            return status;
        c->searching = true;
        c->search_base = c->at;
    }
    mote_status status = mote_regex_search_next(&c->search, start, end, err);
    *start += c->search_base;
    *end += c->search_base;
    return status;
}

/* A stage with a pattern: matches and the gaps between them take turns, joined and dropped as the flags say. */
static mote_status match_piece(mote_pretokenizer_walk *w, const mote_split *s, mote_pretokenizer_cursor *c, size_t *end, bool *keep, mote_error *err) {
    *keep = true;
    if (c->match_end <= c->at && c->match_start <= c->at) {
        size_t a, b;
        mote_status status = next_match(w, s, c, &a, &b, err);
        if (status != MOTE_OK)
            return status;
        c->match_start = a;
        c->match_end = b;
    }
    bool gap = c->at < c->match_start;
    if (s->flags & MOTE_SPLIT_WITH_PREVIOUS) {
        *end = c->match_end;
    } else if (s->flags & MOTE_SPLIT_WITH_NEXT && !gap) {
        size_t a, b;
        c->at = c->match_end;
        mote_status status = next_match(w, s, c, &a, &b, err);
        c->at = c->match_start;
        if (status != MOTE_OK)
            return status;
        c->match_start = a;
        c->match_end = b;
        *end = a;
    } else {
        *end = gap ? c->match_start : c->match_end;
        if (s->flags & MOTE_SPLIT_REMOVED)
            *keep = gap != ((s->flags & MOTE_SPLIT_INVERT) != 0);
    }
    return MOTE_OK;
}

mote_status mote_pretokenizer_next(mote_pretokenizer_walk *w, size_t *start, size_t *end, bool *more, mote_error *err) {
    *more = true;
    if (w->p->n_stages == 0) {
        *start = 0;
        *end = w->cursors[0].end;
        *more = w->whole;
        w->whole = false;
        return MOTE_OK;
    }
    for (;;) {
        mote_pretokenizer_cursor *c = &w->cursors[w->depth];
        const mote_split *s = &w->p->stages[w->depth];
        if (c->at >= c->end) {
            if (c->searching)
                mote_regex_search_deinit(&c->search);
            c->searching = false;
            if (w->depth == 0) {
                *more = false;
                return MOTE_OK;
            }
            w->depth--;
            continue;
        }
        size_t from = c->at, to;
        bool keep = true;
        if (s->kind == MOTE_SPLIT_REGEX || s->kind == MOTE_SPLIT_LITERAL) {
            mote_status status = match_piece(w, s, c, &to, &keep, err);
            if (status != MOTE_OK)
                return status;
        } else {
            to = mote_pretokenizer_scan(s, w->text, from, c->end, &keep);
        }
        c->at = to;
        if (!keep || to <= from)
            continue;
        if (w->depth + 1 < (int)w->p->n_stages) {
            enter(w, w->depth + 1, from, to);
            continue;
        }
        *start = from;
        *end = to;
        return MOTE_OK;
    }
}

void mote_pretokenizer_end(mote_pretokenizer_walk *w) {
    for (int i = 0; w->p->n_stages && i <= w->depth; i++)
        if (w->cursors[i].searching)
            mote_regex_search_deinit(&w->cursors[i].search);
}

void mote_pretokenizer_deinit(mote_pretokenizer *p) {
    for (unsigned i = 0; i < p->n_stages; i++) {
        mote_mem_free(p->stages[i].pattern);
        mote_regex_free(p->stages[i].regex);
    }
    *p = (mote_pretokenizer){0};
}
