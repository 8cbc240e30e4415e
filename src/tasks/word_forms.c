#include "tasks/word_forms.h"

enum { MAX_STEMS = 8 };

static bool is_vowel(char c) {
    return c && strchr("aeiou", c);
}

static void add(const mote_lexicon *lexicon, mote_str word, mote_word_forms *forms, const char *form) {
    size_t n = strlen(form);
    if (forms->n == MOTE_WORD_FORMS || n < 2 || n > MOTE_LEXICON_MAX_WORD || !mote_lexicon_has(lexicon, mote_str_of(form)) || mote_str_is(word, form))
        return;
    for (size_t i = 0; i < forms->n; i++)
        if (strcmp(forms->text[i], form) == 0)
            return;
    memcpy(forms->text[forms->n++], form, n + 1);
}

/* stem: without its last `cut` letters, with `end` behind. */
static void join(char out[MOTE_LEXICON_MAX_WORD + 8], const char *stem, size_t cut, const char *end) {
    size_t n = strlen(stem) - cut;
    memcpy(out, stem, n);
    memcpy(out + n, end, strlen(end) + 1);
}

/* What a word may be a form of: itself, and without the endings that it has. */
static size_t find_stems(mote_str word, char stems[MAX_STEMS][MOTE_LEXICON_MAX_WORD + 8]) {
    static const struct {
        const char *ending, *by;
    } rules[] = {{"ies", "y"}, {"ied", "y"}, {"es", ""}, {"s", ""}, {"ed", ""}, {"d", ""}, {"ing", ""}, {"ing", "e"}, {"ily", "y"}, {"ly", ""}, {"er", ""}, {"est", ""}};
    size_t n = 1;
    memcpy(stems[0], word.data, word.len);
    stems[0][word.len] = 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules && n + 1 < MAX_STEMS; i++) {
        size_t cut = strlen(rules[i].ending);
        if (word.len < cut + 2 || !mote_str_ends(word, mote_str_of(rules[i].ending)))
            continue;
        join(stems[n], stems[0], cut, rules[i].by);
        size_t len = strlen(stems[n]);
        n++;
        if (len > 3 && stems[n - 1][len - 1] == stems[n - 1][len - 2] && !is_vowel(stems[n - 1][len - 1]) && n < MAX_STEMS) { /* "running" */
            join(stems[n], stems[n - 1], 1, "");
            n++;
        }
    }
    return n;
}

void mote_word_forms_find(const mote_lexicon *lexicon, mote_str word, mote_word_forms *forms) {
    static const char *const endings[] = {"", "s", "es", "ed", "d", "ing", "ly", "er", "est"};
    char stems[MAX_STEMS][MOTE_LEXICON_MAX_WORD + 8], form[MOTE_LEXICON_MAX_WORD + 8];
    forms->n = 0;
    if (word.len < 2 || word.len > MOTE_LEXICON_MAX_WORD)
        return;
    size_t n_stems = find_stems(word, stems);
    for (size_t s = 0; s < n_stems; s++) {
        const char *stem = stems[s];
        size_t n = strlen(stem);
        if (n < 2 || n > MOTE_LEXICON_MAX_WORD - 4 || (s > 0 && !mote_lexicon_has(lexicon, mote_str_of(stem))))
            continue;
        for (size_t e = 0; e < sizeof endings / sizeof *endings; e++) {
            join(form, stem, 0, endings[e]);
            add(lexicon, word, forms, form);
        }
        char last = stem[n - 1];
        if (last == 'y') {
            static const char *const ends[] = {"ies", "ied", "ier", "ily"};
            for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
                join(form, stem, 1, ends[e]);
                add(lexicon, word, forms, form);
            }
        } else if (last == 'e') {
            join(form, stem, 1, "ing");
            add(lexicon, word, forms, form);
        } else if (n >= 3 && !is_vowel(last) && is_vowel(stem[n - 2])) {
            char doubled[3][8] = {{last, 'i', 'n', 'g', 0}, {last, 'e', 'd', 0}, {last, 'e', 'r', 0}};
            for (size_t e = 0; e < 3; e++) {
                join(form, stem, 0, doubled[e]);
                add(lexicon, word, forms, form);
            }
        }
    }
}
