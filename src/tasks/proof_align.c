/* How two sentences differ, word by word: the alignment with the fewest insertions, deletions and replacements (V. I. Levenshtein, "Binary codes capable of correcting deletions,
 * insertions, and reversals", 1966), cut into runs of words that aren't the same. */
#include "tasks/proof_private.h"

#include "base/error.h"
#include "base/mem.h"

enum { MAX_CHANGED_WORDS = 6 };

typedef struct alignment {
    mote_str a, b;
    const mote_word *words_a, *words_b;
    size_t n_a, n_b;
    uint16_t *cost; /* [n_a + 1][n_b + 1] of the rest behind both */
} alignment;

static bool same(const alignment *l, size_t i, size_t j) {
    const mote_word *x = &l->words_a[i], *y = &l->words_b[j];
    return mote_str_equal((mote_str){l->a.data + x->start, x->end - x->start}, (mote_str){l->b.data + y->start, y->end - y->start});
}

static uint16_t *cost(const alignment *l, size_t i, size_t j) {
    return &l->cost[i * (l->n_b + 1) + j];
}

static void fill(const alignment *l) {
    for (size_t i = l->n_a + 1; i-- > 0;)
        for (size_t j = l->n_b + 1; j-- > 0;) {
            if (i == l->n_a || j == l->n_b) {
                *cost(l, i, j) = (uint16_t)(l->n_a - i + l->n_b - j);
                continue;
            }
            uint16_t best = (uint16_t)(*cost(l, i + 1, j + 1) + !same(l, i, j));
            uint16_t down = (uint16_t)(*cost(l, i + 1, j) + 1), right = (uint16_t)(*cost(l, i, j + 1) + 1);
            best = down < best ? down : best;
            *cost(l, i, j) = right < best ? right : best;
        }
}

/* Words [i, i_end) of a become [j, j_end) of b: with the white space that belongs to them. */
static mote_status add_run(mote_proof_sentence *s, const alignment *l, size_t i, size_t i_end, size_t j, size_t j_end, int kind) {
    if (i_end - i > MAX_CHANGED_WORDS || j_end - j > MAX_CHANGED_WORDS)
        return MOTE_OK;
    size_t start, end, from, to;
    if (i < i_end && j < j_end) {
        start = l->words_a[i].start;
        end = l->words_a[i_end - 1].end;
        from = l->words_b[j].start;
        to = l->words_b[j_end - 1].end;
    } else { /* one side is empty: from the end of the word before to that of the last */
        start = i > 0 ? l->words_a[i - 1].end : 0;
        from = j > 0 ? l->words_b[j - 1].end : 0;
        end = i < i_end ? l->words_a[i_end - 1].end : start;
        to = j < j_end ? l->words_b[j_end - 1].end : from;
        if (i == 0 || j == 0) { /* at the head: up to the next word */
            end = i_end < l->n_a ? l->words_a[i_end].start : l->a.len;
            to = j_end < l->n_b ? l->words_b[j_end].start : l->b.len;
        }
    }
    return mote_proof_add(s, start, end, (mote_str){l->b.data + from, to - from}, kind, 0);
}

static mote_status walk(mote_proof_sentence *s, const alignment *l, int kind) {
    size_t i = 0, j = 0;
    while (i < l->n_a || j < l->n_b) {
        if (i < l->n_a && j < l->n_b && same(l, i, j) && *cost(l, i, j) == *cost(l, i + 1, j + 1)) {
            i++;
            j++;
            continue;
        }
        size_t i_begin = i, j_begin = j;
        while ((i < l->n_a || j < l->n_b) && !(i < l->n_a && j < l->n_b && same(l, i, j) && *cost(l, i, j) == *cost(l, i + 1, j + 1))) {
            uint16_t now = *cost(l, i, j);
            if (i < l->n_a && j < l->n_b && *cost(l, i + 1, j + 1) + 1 == now) {
                i++;
                j++;
            } else if (i < l->n_a && *cost(l, i + 1, j) + 1 == now) {
                i++;
            } else {
                j++;
            }
        }
        MOTE_TRY(add_run(s, l, i_begin, i, j_begin, j, kind));
    }
    return MOTE_OK;
}

mote_status mote_proof_align(mote_proof_sentence *s, mote_str other, int kind) {
    mote_word *words = mote_mem_alloc_array(MOTE_PROOF_MAX_WORDS, sizeof *words);
    alignment l = {.a = s->text, .b = other, .words_a = s->words, .words_b = words, .n_a = s->n_words};
    l.n_b = words ? mote_proof_words(other, words, MOTE_PROOF_MAX_WORDS) : 0;
    l.cost = mote_mem_alloc_array((l.n_a + 1) * (l.n_b + 1), sizeof *l.cost);
    mote_status status = words && l.cost ? MOTE_OK : MOTE_ERR_ALLOC;
    if (status == MOTE_OK) {
        fill(&l);
        if (*cost(&l, 0, 0) <= l.n_a / 2 + 3) /* else it is another sentence */
            status = walk(s, &l, kind);
    }
    mote_mem_free(l.cost);
    mote_mem_free(words);
    return status;
}
