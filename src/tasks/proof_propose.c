/* What usually goes wrong in a sentence, word by word. Proposals are many and cheap: the judge throws nearly all of them away. */
#include "tasks/proof_private.h"

#include "base/error.h"
#include "tasks/word_forms.h"

#include <math.h>
#include <stdio.h>

enum { MAX_REPLACEMENT = 96 };
static const double SURE = -5;          /* rules without exceptions to speak of */
static const double NAME_COST = 5;      /* whether a word is a name, few words around it tell */
static const double DERIVED_COST = 0.4; /* a word with the head or tail of others may be one that the vocabulary hasn't */
static const double EDIT_COST = 4;      /* nats for each letter that is wrong beyond the first */

static mote_str text_of(const mote_proof_sentence *s, const mote_word *w) {
    return (mote_str){s->text.data + w->start, w->end - w->start};
}

/* The word in lower case (a-z only); "" if it is too long or has other letters. */
static mote_str lower_of(const mote_proof_sentence *s, const mote_word *w, char out[MOTE_LEXICON_MAX_WORD + 1]) {
    mote_str word = text_of(s, w);
    if (word.len > MOTE_LEXICON_MAX_WORD)
        return MOTE_STR("");
    for (size_t i = 0; i < word.len; i++) {
        char c = word.data[i];
        if ((unsigned char)c >= 0x80)
            return MOTE_STR("");
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    out[word.len] = 0;
    return (mote_str){out, word.len};
}

mote_status mote_proof_add(mote_proof_sentence *s, size_t start, size_t end, mote_str after, int kind, double cost) {
    if (s->n_edits == MOTE_PROOF_MAX_EDITS || mote_str_equal((mote_str){s->text.data + start, end - start}, after))
        return MOTE_OK;
    for (size_t i = 0; i < s->n_kept; i++)
        if (start < s->kept[i].end && end > s->kept[i].start)
            return MOTE_OK;
    for (size_t i = s->n_edits; i-- > 0 && i + 64 > s->n_edits;) /* the same thing comes from neighbouring rules */
        if (s->edits[i]->start == start && s->edits[i]->end == end && mote_str_equal(s->edits[i]->after, after))
            return MOTE_OK;
    mote_edit *e = mote_arena_zalloc_array(s->arena, 1, sizeof *e);
    char *copy = mote_arena_dup(s->arena, after.data, after.len);
    if (!e || !copy)
        return MOTE_ERR_ALLOC;
    *e = (mote_edit){.start = start, .end = end, .after = {copy, after.len}, .kind = kind, .cost = cost, .gain = -INFINITY};
    s->edits[s->n_edits++] = e;
    return MOTE_OK;
}

/* The word `by` in place of a word, with its capital letter if that has one. */
static mote_status replace(mote_proof_sentence *s, const mote_word *w, mote_str by, int kind, double cost) {
    char text[MAX_REPLACEMENT];
    mote_str before = text_of(s, w);
    if (by.len == 0 || by.len >= sizeof text)
        return MOTE_OK;
    memcpy(text, by.data, by.len);
    bool i_alone = before.len == 1 && before.data[0] == 'I' && w != s->words;
    if (w->begins_upper && !i_alone && text[0] >= 'a' && text[0] <= 'z')
        text[0] = (char)(text[0] - 'a' + 'A');
    if (mote_str_is(by, "i"))
        text[0] = 'I';
    return mote_proof_add(s, w->start, w->end, (mote_str){text, by.len}, kind, cost);
}

static mote_status propose_group(mote_proof_sentence *s, const mote_word *w, const mote_word_table *table, mote_str lower, int kind) {
    for (size_t g = 0; g < table->n; g++)
        if (mote_word_group_has(&table->groups[g], lower))
            for (size_t i = 0; i < table->groups[g].n; i++)
                MOTE_TRY(replace(s, w, table->groups[g].words[i], kind, 0));
    return MOTE_OK;
}

/* A capital letter inside a sentence: a name, whose letters stay. */
static bool is_name(const mote_proof_sentence *s, const mote_word *w) {
    bool begins = w == s->words || (w[-1].kind == MOTE_WORD_MARK && w == s->words + 1);
    return w->has_upper && !(begins && w->begins_upper);
}

/* "recapture", "undotted": a word of the language that the vocabulary has no token for. */
static bool is_derived(const mote_proofreader *p, mote_str lower) {
    static const char *const heads[] = {"re", "un", "non", "pre", "over", "under", "dis", "mis", "anti", "co", "sub", "super", "inter", "multi", "semi", "out", "in", "im", "post"};
    static const char *const tails[] = {"ness", "less", "able", "ful",  "ish",  "ment",  "like", "wise", "ity", "ism", "ist",
                                        "er",   "ers",  "ship", "hood", "ward", "wards", "s",    "ed",   "ing", "ly"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        mote_str head = mote_str_of(heads[i]);
        if (lower.len > head.len + 3 && mote_str_starts(lower, head) && mote_lexicon_has(&p->lexicon, (mote_str){lower.data + head.len, lower.len - head.len}))
            return true;
    }
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        mote_str tail = mote_str_of(tails[i]);
        if (lower.len > tail.len + 4 && mote_str_ends(lower, tail) && mote_lexicon_has(&p->lexicon, (mote_str){lower.data, lower.len - tail.len}))
            return true;
    }
    return false;
}

/* A slip inside a derived word leaves its head and tail: "goverment" is "government", but "parachutes" isn't "parachute". */
static bool shares_ends(mote_str a, mote_str b) {
    return a.data[0] == b.data[0] && a.data[a.len - 1] == b.data[b.len - 1];
}

/* No hyphen or apostrophe inside, no quotation mark before it: else it may be anything. */
static bool is_plain(const mote_proof_sentence *s, const mote_word *w, mote_str lower) {
    static const char marks[] = "\"'`*_\x98\x9c\xab"; /* and the last bytes of typographic ones */
    return !memchr(lower.data, '-', lower.len) && !memchr(lower.data, '\'', lower.len) && !(w->start > 0 && strchr(marks, s->text.data[w->start - 1]));
}

static mote_status propose_spelling(const mote_proofreader *p, mote_proof_sentence *s, const mote_word *w, mote_str lower) {
    mote_lexicon_match near[MOTE_LEXICON_NEAR];
    bool known = mote_lexicon_has(&p->lexicon, lower);
    const mote_lexicon_word *found = mote_lexicon_find(&p->lexicon, lower);
    if (lower.len < 3 || !is_plain(s, w, lower) || (known && s->words_only) || (found && found->lower < 0 && w->begins_upper))
        return MOTE_OK; /* known as a name */
    bool derived = !known && is_derived(p, lower);
    /* An unknown word with a capital letter may be a name, also where a sentence begins. */
    double cost = known ? 0 : w->begins_upper ? NAME_COST : derived ? DERIVED_COST : 0;
    size_t most = known || lower.len < 5 || w->begins_upper || derived ? 1 : 2, n = mote_lexicon_near(&p->lexicon, lower, most, near);
    for (size_t i = 0; i < n; i++)
        if (!derived || shares_ends(lower, near[i].word))
            MOTE_TRY(replace(s, w, near[i].word, known ? MOTE_PROOF_real_word : MOTE_PROOF_spelling, cost + EDIT_COST * (double)(near[i].distance - 1)));
    for (size_t cut = 2; !known && !derived && !w->begins_upper && cut + 2 <= lower.len; cut++) { /* two words written as one */
        char text[MOTE_LEXICON_MAX_WORD + 2];
        mote_str head = {lower.data, cut}, tail = {lower.data + cut, lower.len - cut};
        if (!mote_lexicon_has(&p->lexicon, head) || !mote_lexicon_has(&p->lexicon, tail))
            continue;
        memcpy(text, head.data, cut);
        text[cut] = ' ';
        memcpy(text + cut + 1, tail.data, tail.len);
        MOTE_TRY(replace(s, w, (mote_str){text, lower.len + 1}, MOTE_PROOF_spelling, EDIT_COST));
    }
    return MOTE_OK;
}

static mote_status propose_forms(const mote_proofreader *p, mote_proof_sentence *s, const mote_word *w, mote_str lower) {
    mote_word_forms forms;
    mote_word_forms_find(&p->lexicon, lower, &forms);
    for (size_t i = 0; i < forms.n; i++)
        MOTE_TRY(replace(s, w, mote_str_of(forms.text[i]), MOTE_PROOF_form, 0));
    return propose_group(s, w, &p->forms, lower, MOTE_PROOF_form);
}

/* "the", "of", "is": capital inside a sentence only in titles. */
static bool is_function_word(const mote_proofreader *p, mote_str lower) {
    const mote_word_table *tables[] = {&p->inserts, &p->deletes};
    for (size_t t = 0; t < 2; t++)
        for (size_t g = 0; g < tables[t]->n; g++)
            if (mote_word_group_has(&tables[t]->groups[g], lower))
                return true;
    return false;
}

static mote_status propose_case(const mote_proofreader *p, mote_proof_sentence *s, const mote_word *w, mote_str lower) {
    mote_str word = text_of(s, w);
    char text[MAX_REPLACEMENT];
    if (word.len >= sizeof text || (unsigned char)word.data[0] >= 0x80)
        return MOTE_OK;
    memcpy(text, word.data, word.len);
    const mote_lexicon_word *known = mote_lexicon_find(&p->lexicon, lower);
    bool i_alone = word.data[0] == 'i' && (word.len == 1 || word.data[1] == '\'');
    if (!w->begins_upper && !w->has_upper) { /* the first word, "i", and names written small */
        if (w != s->words && !i_alone && !(known && known->upper >= 0 && (known->lower < 0 || known->upper < known->lower)))
            return MOTE_OK;
        text[0] = (char)(text[0] - 'a' + 'A');
        double cost = i_alone || (w == s->words && s->is_prose) ? SURE : NAME_COST;
        return word.data[0] >= 'a' && word.data[0] <= 'z' ? mote_proof_add(s, w->start, w->end, (mote_str){text, word.len}, MOTE_PROOF_case, cost) : MOTE_OK;
    }
    if (w == s->words || w[-1].kind == MOTE_WORD_MARK || !w->begins_upper || !is_function_word(p, lower) || mote_str_is(word, "I"))
        return MOTE_OK;
    return mote_proof_add(s, w->start, w->end, lower, MOTE_PROOF_case, NAME_COST);
}

/* Taking a word out takes the space behind it too, or before it at the end. */
static mote_status propose_deletion(mote_proof_sentence *s, const mote_word *w, int kind) {
    size_t start = w->start, end = w->end;
    if (end < s->text.len && s->text.data[end] == ' ')
        end++;
    else if (start > 0 && s->text.data[start - 1] == ' ')
        start--;
    return mote_proof_add(s, start, end, MOTE_STR(""), kind, 0);
}

static mote_status propose_deletions(const mote_proofreader *p, mote_proof_sentence *s, const mote_word *w, mote_str lower) {
    for (size_t g = 0; w > s->words && g < p->deletes.n; g++)
        if (mote_word_group_has(&p->deletes.groups[g], lower))
            return propose_deletion(s, w, MOTE_PROOF_delete);
    return MOTE_OK;
}

static mote_status propose_insertions(const mote_proofreader *p, mote_proof_sentence *s, const mote_word *w) {
    char text[MAX_REPLACEMENT];
    if (w == s->words || w[-1].end == w->start)
        return MOTE_OK;
    for (size_t g = 0; g < p->inserts.n; g++)
        for (size_t i = 0; i < p->inserts.groups[g].n; i++) {
            mote_str word = p->inserts.groups[g].words[i];
            int n = snprintf(text, sizeof text, "%.*s ", MOTE_STR_ARGS(word));
            if (n > 0 && n < (int)sizeof text)
                MOTE_TRY(mote_proof_add(s, w->start, w->start, (mote_str){text, (size_t)n}, MOTE_PROOF_insert, 0));
        }
    return MOTE_OK;
}

static mote_status propose_marks(mote_proof_sentence *s, const mote_word *w) {
    bool is_last = w + 1 == s->words + s->n_words, before_word = !is_last && w[1].kind != MOTE_WORD_MARK && w[1].start > w->end;
    if (w->kind == MOTE_WORD_MARK) {
        if (s->text.data[w->start] == ',' && !is_last && !s->words_only)
            MOTE_TRY(mote_proof_add(s, w->start, w->end, MOTE_STR(""), MOTE_PROOF_comma, 0));
        return MOTE_OK;
    }
    if (before_word && !s->words_only)
        MOTE_TRY(mote_proof_add(s, w->end, w->end, MOTE_STR(","), MOTE_PROOF_comma, 0));
    if (is_last && s->may_stop && s->n_words >= 4)
        MOTE_TRY(mote_proof_add(s, w->end, w->end, MOTE_STR("."), MOTE_PROOF_stop, 0));
    return MOTE_OK;
}

/* What needs the words around it to be right already. */
static mote_status propose_grammar(const mote_proofreader *p, mote_proof_sentence *s, const mote_word *w, mote_str lower) {
    MOTE_TRY(propose_insertions(p, s, w));
    if (lower.len == 0)
        return MOTE_OK;
    MOTE_TRY(propose_deletions(p, s, w, lower));
    MOTE_TRY(propose_group(s, w, &p->confusions, lower, MOTE_PROOF_confusion));
    MOTE_TRY(propose_group(s, w, &p->swaps, lower, MOTE_PROOF_swap));
    return is_name(s, w) ? MOTE_OK : propose_forms(p, s, w, lower);
}

mote_status mote_proof_propose(const mote_proofreader *p, mote_proof_sentence *s) {
    char buffer[MOTE_LEXICON_MAX_WORD + 1], before[MOTE_LEXICON_MAX_WORD + 1];
    for (size_t i = 0; i < s->n_words; i++) {
        const mote_word *w = &s->words[i];
        MOTE_TRY(propose_marks(s, w));
        if (w->kind != MOTE_WORD_LETTERS)
            continue;
        mote_str lower = lower_of(s, w, buffer);
        if (!s->words_only)
            MOTE_TRY(propose_grammar(p, s, w, lower));
        if (lower.len == 0)
            continue;
        MOTE_TRY(propose_case(p, s, w, lower));
        if (i > 0 && mote_str_equal(lower_of(s, w - 1, before), lower))
            MOTE_TRY(propose_deletion(s, w, MOTE_PROOF_repeat));
        if (!is_name(s, w))
            MOTE_TRY(propose_spelling(p, s, w, lower));
    }
    return MOTE_OK;
}

mote_status mote_proof_propose_nearest(const mote_proofreader *p, mote_proof_sentence *s) {
    char buffer[MOTE_LEXICON_MAX_WORD + 1];
    for (size_t i = 0; i < s->n_words; i++) {
        const mote_word *w = &s->words[i];
        mote_lexicon_match near[MOTE_LEXICON_NEAR];
        mote_str lower = w->kind == MOTE_WORD_LETTERS && !w->has_upper ? lower_of(s, w, buffer) : MOTE_STR("");
        if (lower.len < 3 || !is_plain(s, w, lower) || mote_lexicon_find(&p->lexicon, lower) || !mote_lexicon_near(&p->lexicon, lower, 1, near))
            continue;
        if (is_derived(p, lower) && !shares_ends(lower, near[0].word))
            continue;
        MOTE_TRY(replace(s, w, near[0].word, MOTE_PROOF_spelling, is_derived(p, lower) ? DERIVED_COST : 0));
    }
    return MOTE_OK;
}
