#include "tasks/score_stem.h"

#include <stdbool.h>
#include <string.h>

typedef struct stemmed {
    char *s;
    size_t n;
} stemmed;

static bool is_vowel_letter(char c) {
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* y is a consonant at the beginning and behind a vowel. */
static bool is_consonant(const char *s, size_t i) {
    bool negate = false;
    while (i > 0 && s[i] == 'y') {
        negate = !negate;
        i--;
    }
    return !is_vowel_letter(s[i]) != negate;
}

/* Porter's m: how often a vowel is followed by a consonant. */
static size_t measure(const char *s, size_t n) {
    size_t m = 0;
    for (size_t i = 1; i < n; i++)
        m += !is_consonant(s, i - 1) && is_consonant(s, i);
    return m;
}

static bool has_vowel(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!is_consonant(s, i))
            return true;
    return false;
}

static bool ends_double_consonant(const char *s, size_t n) {
    return n >= 2 && s[n - 1] == s[n - 2] && is_consonant(s, n - 1);
}

static bool ends_cvc(const char *s, size_t n) {
    if (n == 2)
        return !is_consonant(s, 0) && is_consonant(s, 1);
    return n >= 3 && is_consonant(s, n - 3) && !is_consonant(s, n - 2) && is_consonant(s, n - 1) && !strchr("wxy", s[n - 1]);
}

static bool ends(const stemmed *w, const char *suffix) {
    size_t n = strlen(suffix);
    return w->n >= n && memcmp(w->s + w->n - n, suffix, n) == 0;
}

static void replace(stemmed *w, const char *suffix, const char *by) {
    w->n -= strlen(suffix);
    memcpy(w->s + w->n, by, strlen(by));
    w->n += strlen(by);
}

typedef struct rule {
    const char *suffix, *by;
} rule;

/* The first rule whose suffix is there decides; it acts where what is left has a measure above `least`. */
static void apply(stemmed *w, const rule *rules, size_t n, size_t least) {
    for (size_t i = 0; i < n; i++)
        if (ends(w, rules[i].suffix)) {
            if (measure(w->s, w->n - strlen(rules[i].suffix)) > least)
                replace(w, rules[i].suffix, rules[i].by);
            return;
        }
}

static void step_1a(stemmed *w) {
    if (ends(w, "ies") && w->n == 4)
        replace(w, "ies", "ie");
    else if (ends(w, "sses"))
        replace(w, "sses", "ss");
    else if (ends(w, "ies"))
        replace(w, "ies", "i");
    else if (ends(w, "s") && !ends(w, "ss"))
        replace(w, "s", "");
}

/* What is left behind -ed and -ing gets its e back, or loses its second consonant. */
static void mend(stemmed *w) {
    if (ends(w, "at") || ends(w, "bl") || ends(w, "iz")) {
        w->s[w->n++] = 'e';
    } else if (ends_double_consonant(w->s, w->n)) {
        if (!strchr("lsz", w->s[w->n - 1]))
            w->n--;
    } else if (measure(w->s, w->n) == 1 && ends_cvc(w->s, w->n)) {
        w->s[w->n++] = 'e';
    }
}

static void step_1b(stemmed *w) {
    if (ends(w, "ied")) {
        replace(w, "ied", w->n == 4 ? "ie" : "i");
        return;
    }
    if (ends(w, "eed")) {
        if (measure(w->s, w->n - 3) > 0)
            w->n--;
        return;
    }
    const char *suffix = ends(w, "ed") && has_vowel(w->s, w->n - 2) ? "ed" : ends(w, "ing") && has_vowel(w->s, w->n - 3) ? "ing" : NULL;
    if (suffix) {
        w->n -= strlen(suffix);
        mend(w);
    }
}

static void step_1c(stemmed *w) {
    if (ends(w, "y") && w->n > 2 && is_consonant(w->s, w->n - 2))
        w->s[w->n - 1] = 'i';
}

static void step_2(stemmed *w) {
    static const rule rules[] = {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},   {"izer", "ize"},  {"bli", "ble"},    {"alli", "al"},
                                 {"entli", "ent"},   {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"}, {"ator", "ate"},   {"alism", "al"},
                                 {"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"}, {"biliti", "ble"}, {"fulli", "ful"}};
    if (ends(w, "alli") && measure(w->s, w->n - 4) > 0)
        replace(w, "alli", "al"); /* and on with what came out: "rationalli" */
    size_t n_before = w->n;
    apply(w, rules, sizeof rules / sizeof *rules, 0);
    if (w->n == n_before && ends(w, "logi") && measure(w->s, w->n - 3) > 0)
        w->n--;
}

static void step_3(stemmed *w) {
    static const rule rules[] = {{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""}};
    apply(w, rules, sizeof rules / sizeof *rules, 0);
}

static void step_4(stemmed *w) {
    static const rule rules[] = {{"al", ""},   {"ance", ""}, {"ence", ""}, {"er", ""},  {"ic", ""},  {"able", ""}, {"ible", ""}, {"ant", ""}, {"ement", ""},
                                 {"ment", ""}, {"ent", ""},  {"ou", ""},   {"ism", ""}, {"ate", ""}, {"iti", ""},  {"ous", ""},  {"ive", ""}, {"ize", ""}};
    if (!ends(w, "ion"))
        apply(w, rules, sizeof rules / sizeof *rules, 1);
    else if (measure(w->s, w->n - 3) > 1 && strchr("st", w->s[w->n - 4]))
        replace(w, "ion", "");
}

static void step_5(stemmed *w) {
    if (ends(w, "e")) {
        size_t m = measure(w->s, w->n - 1);
        if (m > 1 || (m == 1 && !ends_cvc(w->s, w->n - 1)))
            w->n--;
    }
    if (ends(w, "ll") && measure(w->s, w->n - 1) > 1)
        w->n--;
}

/* Words that the rules spoil. */
static bool is_irregular(stemmed *w) {
    static const rule pool[] = {{"sky", "sky"},        {"skies", "sky"},       {"dying", "die"},      {"lying", "lie"},      {"tying", "tie"},        {"news", "news"},
                                {"innings", "inning"}, {"inning", "inning"},   {"outings", "outing"}, {"outing", "outing"},  {"cannings", "canning"}, {"canning", "canning"},
                                {"howe", "howe"},      {"proceed", "proceed"}, {"exceed", "exceed"},  {"succeed", "succeed"}};
    for (size_t i = 0; i < sizeof pool / sizeof *pool; i++)
        if (w->n == strlen(pool[i].suffix) && ends(w, pool[i].suffix)) {
            replace(w, pool[i].suffix, pool[i].by);
            return true;
        }
    return false;
}

size_t mote_score_stem(char *word, size_t n) {
    stemmed w = {word, n};
    if (is_irregular(&w) || n <= 2)
        return w.n;
    step_1a(&w);
    step_1b(&w);
    step_1c(&w);
    step_2(&w);
    step_3(&w);
    step_4(&w);
    step_5(&w);
    return w.n;
}
