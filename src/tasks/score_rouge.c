#include "tasks/score_rouge.h"

#include "base/error.h"
#include "base/mem.h"
#include "tasks/score_ngrams.h"

mote_f_score mote_f_score_of(double right, double given, double wanted) {
    mote_f_score f = {given > 0 ? right / given : 0, wanted > 0 ? right / wanted : 0, 0};
    f.f1 = f.precision + f.recall > 0 ? 2 * f.precision * f.recall / (f.precision + f.recall) : 0;
    return f;
}

static mote_status score_order(const mote_words *reference, const mote_words *output, size_t order, mote_f_score *f) {
    mote_ngrams a = {0}, b = {0};
    mote_status status = mote_ngrams_add_words(&a, reference, order);
    if (status == MOTE_OK)
        status = mote_ngrams_add_words(&b, output, order);
    if (status == MOTE_OK)
        *f = mote_f_score_of((double)mote_ngrams_common(&a, &b), (double)mote_ngrams_total(&b), (double)mote_ngrams_total(&a));
    mote_ngrams_deinit(&a);
    mote_ngrams_deinit(&b);
    return status;
}

/* Words of a sentence inside a list of all. */
typedef struct piece {
    const uint64_t *words;
    size_t n;
} piece;

/* Marks the words of a that are in one longest common subsequence of a and b, and gives its length: the one that going back from the end finds, a step in a first on a tie. */
static mote_status mark_common(piece a, piece b, bool *marks, size_t *length) {
    size_t width = b.n + 1;
    uint32_t *table = mote_mem_zalloc_array(a.n + 1, width * sizeof *table);
    if (!table)
        return MOTE_ERR_ALLOC;
    for (size_t i = 1; i <= a.n; i++)
        for (size_t j = 1; j <= b.n; j++) {
            uint32_t up = table[(i - 1) * width + j], left = table[i * width + j - 1];
            table[i * width + j] = a.words[i - 1] == b.words[j - 1] ? table[(i - 1) * width + j - 1] + 1 : up > left ? up : left;
        }
    *length = table[a.n * width + b.n];
    for (size_t i = a.n, j = b.n; i > 0 && j > 0;) {
        if (a.words[i - 1] == b.words[j - 1]) {
            marks[--i] = true;
            j--;
        } else if (table[i * width + j - 1] > table[(i - 1) * width + j]) {
            j--;
        } else {
            i--;
        }
    }
    mote_mem_free(table);
    return MOTE_OK;
}

/* Lines with words. *n of them; their words lie in `words`, all lines together. */
static mote_status cut_lines(mote_str text, bool stem, mote_words *words, size_t **ends, size_t *n) {
    mote_words line = {0};
    mote_status status = MOTE_OK;
    size_t n_lines = 1;
    for (size_t i = 0; i < text.len; i++)
        n_lines += text.data[i] == '\n';
    *n = 0;
    *ends = mote_mem_alloc_array(n_lines, sizeof **ends);
    if (!*ends)
        return MOTE_ERR_ALLOC;
    for (size_t begin = 0, i = 0; status == MOTE_OK && i <= text.len; i++) {
        if (i < text.len && text.data[i] != '\n')
            continue;
        status = mote_words_rouge(&line, (mote_str){text.data + begin, i - begin}, stem);
        for (size_t k = 0; status == MOTE_OK && k < line.n; k++)
            status = mote_words_add_hash(words, line.hashes[k]);
        if (i > begin)
            (*ends)[(*n)++] = words->n;
        begin = i + 1;
    }
    mote_words_deinit(&line);
    return status;
}

/* For each line of the reference, the words that some line of the output has in common with it; none counts more often than both texts have it. */
static mote_status count_union(const mote_words *a, const size_t *a_ends, size_t n_a, const mote_words *b, const size_t *b_ends, size_t n_b, double *hits) {
    mote_ngrams in_b = {0}, taken = {0};
    bool *marks = mote_mem_zalloc_array(a->n + 1, sizeof *marks);
    mote_status status = marks ? mote_ngrams_add_words(&in_b, b, 1) : MOTE_ERR_ALLOC;
    for (size_t i = 0, begin = 0; status == MOTE_OK && i < n_a; begin = a_ends[i++])
        for (size_t j = 0, from = 0; status == MOTE_OK && j < n_b; from = b_ends[j++]) {
            size_t length;
            status = mark_common((piece){a->hashes + begin, a_ends[i] - begin}, (piece){b->hashes + from, b_ends[j] - from}, marks + begin, &length);
        }
    *hits = 0;
    mote_words marked = {0};
    for (size_t i = 0; status == MOTE_OK && i < a->n; i++)
        if (marks[i])
            status = mote_words_add_hash(&marked, a->hashes[i]);
    if (status == MOTE_OK)
        status = mote_ngrams_add_words(&taken, &marked, 1);
    if (status == MOTE_OK) /* what is marked is in a, so that b's counts are the limit */
        *hits = (double)mote_ngrams_common(&taken, &in_b);
    mote_words_deinit(&marked);
    mote_ngrams_deinit(&in_b);
    mote_ngrams_deinit(&taken);
    mote_mem_free(marks);
    return status;
}

static mote_status score_lines(mote_str reference, mote_str output, bool stem, mote_f_score *f) {
    mote_words a = {0}, b = {0};
    size_t *a_ends = NULL, *b_ends = NULL, n_a = 0, n_b = 0;
    double hits = 0;
    mote_status status = cut_lines(reference, stem, &a, &a_ends, &n_a);
    if (status == MOTE_OK)
        status = cut_lines(output, stem, &b, &b_ends, &n_b);
    if (status == MOTE_OK)
        status = count_union(&a, a_ends, n_a, &b, b_ends, n_b, &hits);
    if (status == MOTE_OK)
        *f = mote_f_score_of(hits, (double)b.n, (double)a.n);
    mote_words_deinit(&a);
    mote_words_deinit(&b);
    mote_mem_free(a_ends);
    mote_mem_free(b_ends);
    return status;
}

static mote_status score_sequence(const mote_words *reference, const mote_words *output, mote_f_score *f) {
    bool *marks = mote_mem_zalloc_array(reference->n + 1, sizeof *marks);
    size_t length = 0;
    if (!marks)
        return MOTE_ERR_ALLOC;
    mote_status status = mark_common((piece){reference->hashes, reference->n}, (piece){output->hashes, output->n}, marks, &length);
    *f = mote_f_score_of((double)length, (double)output->n, (double)reference->n);
    mote_mem_free(marks);
    return status;
}

mote_status mote_rouge_score(mote_str reference, mote_str output, bool stem, mote_rouge *rouge) {
    mote_words a = {0}, b = {0};
    mote_status status;
    *rouge = (mote_rouge){0};
    MOTE_TRY_DONE(mote_words_rouge(&a, reference, stem));
    MOTE_TRY_DONE(mote_words_rouge(&b, output, stem));
    MOTE_TRY_DONE(score_order(&a, &b, 1, &rouge->of_1));
    MOTE_TRY_DONE(score_order(&a, &b, 2, &rouge->of_2));
    MOTE_TRY_DONE(score_sequence(&a, &b, &rouge->of_l));
    MOTE_TRY_DONE(score_lines(reference, output, stem, &rouge->of_lsum));
done:
    mote_words_deinit(&a);
    mote_words_deinit(&b);
    return status;
}
