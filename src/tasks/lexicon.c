#include "tasks/lexicon.h"

#include "base/error.h"
#include "base/mem.h"

enum { MAX_ARENA_BYTES = 64 << 20 };

static uint32_t hash(mote_str s) { /* FNV-1a */
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (uint8_t)s.data[i]) * 16777619u;
    return h ^ h >> 15;
}

static size_t place_of(const mote_lexicon *l, mote_str word) {
    size_t i = hash(word) & (l->n_places - 1);
    while (l->places[i] && !mote_str_equal(l->words[l->places[i] - 1].text, word))
        i = (i + 1) & (l->n_places - 1);
    return i;
}

/* The letters of a token that begins a word ("Ġword", "▁word", " word"), or nothing. */
static mote_str letters_of(const char *token) {
    static const char *const heads[] = {"\xc4\xa0", "\xe2\x96\x81", " "};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t n = strlen(heads[i]);
        if (strncmp(token, heads[i], n) != 0)
            continue;
        mote_str s = mote_str_of(token + n);
        for (size_t k = 0; k < s.len; k++)
            if (!((s.data[k] >= 'a' && s.data[k] <= 'z') || (k == 0 && s.data[k] >= 'A' && s.data[k] <= 'Z')))
                return MOTE_STR("");
        return s.len <= MOTE_LEXICON_MAX_WORD ? s : MOTE_STR("");
    }
    return MOTE_STR("");
}

static mote_status add(mote_lexicon *l, mote_str word, int32_t id) {
    bool is_upper = word.data[0] <= 'Z';
    char *copy = mote_arena_dup(&l->arena, word.data, word.len);
    if (!copy)
        return MOTE_ERR_ALLOC;
    if (is_upper)
        copy[0] = (char)(copy[0] + 'a' - 'A');
    mote_str lower = {copy, word.len};
    size_t place = place_of(l, lower);
    if (!l->places[place]) {
        l->words[l->n] = (mote_lexicon_word){lower, -1, -1};
        l->places[place] = (uint32_t)++l->n;
    }
    int32_t *its = is_upper ? &l->words[l->places[place] - 1].upper : &l->words[l->places[place] - 1].lower;
    *its = *its < 0 ? id : *its;
    return MOTE_OK;
}

mote_status mote_lexicon_init(mote_lexicon *lexicon, const mote_tokenizer *tokenizer, mote_error *err) {
    int32_t n_tokens = mote_tokenizer_n_tokens(tokenizer);
    mote_status status = MOTE_OK;
    *lexicon = (mote_lexicon){.n_places = 1024};
    mote_arena_init(&lexicon->arena, MAX_ARENA_BYTES);
    while (lexicon->n_places < 2 * (size_t)n_tokens)
        lexicon->n_places *= 2;
    lexicon->words = mote_mem_alloc_array((size_t)n_tokens + 1, sizeof *lexicon->words);
    lexicon->places = mote_mem_zalloc_array(lexicon->n_places, sizeof *lexicon->places);
    if (!lexicon->words || !lexicon->places)
        status = MOTE_ERR_ALLOC;
    for (int32_t id = 0; status == MOTE_OK && id < n_tokens; id++) {
        mote_str word = letters_of(mote_tokenizer_text(tokenizer, id));
        if (word.len)
            status = add(lexicon, word, id);
    }
    if (status == MOTE_OK)
        return MOTE_OK;
    mote_lexicon_deinit(lexicon);
    return mote_error_alloc(err, (size_t)n_tokens * sizeof(mote_lexicon_word));
}

void mote_lexicon_deinit(mote_lexicon *lexicon) {
    mote_arena_deinit(&lexicon->arena);
    mote_mem_free(lexicon->words);
    mote_mem_free(lexicon->places);
    *lexicon = (mote_lexicon){0};
}

const mote_lexicon_word *mote_lexicon_find(const mote_lexicon *lexicon, mote_str word) {
    size_t place = place_of(lexicon, word);
    return lexicon->places[place] ? &lexicon->words[lexicon->places[place] - 1] : NULL;
}

bool mote_lexicon_has(const mote_lexicon *lexicon, mote_str word) {
    const mote_lexicon_word *found = mote_lexicon_find(lexicon, word);
    return found && found->lower >= 0;
}

/* Optimal string alignment: F. J. Damerau, "A technique for computer detection and correction of spelling errors", CACM 7(3), 1964. Anything above `most` may be returned for more.
 */
static size_t distance(mote_str a, mote_str b, size_t most) {
    uint8_t rows[3][MOTE_LEXICON_MAX_WORD + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (uint8_t)j;
    for (size_t i = 1; i <= a.len; i++) {
        uint8_t *now = rows[i % 3], *up = rows[(i - 1) % 3], *above = rows[(i + 1) % 3], least = (uint8_t)i;
        now[0] = (uint8_t)i;
        for (size_t j = 1; j <= b.len; j++) {
            uint8_t d = (uint8_t)(up[j - 1] + (a.data[i - 1] != b.data[j - 1]));
            d = up[j] + 1 < d ? (uint8_t)(up[j] + 1) : d;
            d = now[j - 1] + 1 < d ? (uint8_t)(now[j - 1] + 1) : d;
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1] && above[j - 2] + 1 < d)
                d = (uint8_t)(above[j - 2] + 1);
            now[j] = d;
            least = d < least ? d : least;
        }
        if (least > most + 1)
            return most + 1;
    }
    return rows[a.len % 3][b.len];
}

size_t mote_lexicon_near(const mote_lexicon *lexicon, mote_str word, size_t most, mote_lexicon_match near[MOTE_LEXICON_NEAR]) {
    uint64_t ranks[MOTE_LEXICON_NEAR];
    size_t n = 0;
    if (word.len > MOTE_LEXICON_MAX_WORD)
        return 0;
    for (size_t i = 0; i < lexicon->n; i++) {
        const mote_lexicon_word *w = &lexicon->words[i];
        if (w->lower < 0 || w->text.len < 2 || w->text.len + most < word.len || word.len + most < w->text.len || mote_str_equal(w->text, word))
            continue;
        size_t d = distance(word, w->text, most);
        if (d > most)
            continue;
        /* Who misspells a word seldom misses its first letter. */
        uint64_t rank = (uint64_t)(2 * d + (w->text.data[0] != word.data[0])) << 32 | (uint32_t)w->lower;
        if (n == MOTE_LEXICON_NEAR && rank >= ranks[n - 1])
            continue;
        size_t at = n < MOTE_LEXICON_NEAR ? n++ : n - 1;
        for (; at > 0 && ranks[at - 1] > rank; at--) {
            ranks[at] = ranks[at - 1];
            near[at] = near[at - 1];
        }
        ranks[at] = rank;
        near[at] = (mote_lexicon_match){w->text, d};
    }
    return n;
}
