#include "text/facts.h"

#include "text/jinja_unicode.h"
#include "text/unicode.h"

enum { MAX_WORD_BYTES = 64 };

const char *mote_fact_kind_text(unsigned kind) {
    return kind == MOTE_FACT_NUMBER ? "number" : kind == MOTE_FACT_NAME ? "name" : kind == MOTE_FACT_NEGATION ? "negation" : kind == MOTE_FACT_LINK ? "link" : "quotation";
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c) {
    return (mote_unicode_class(c) & (MOTE_UNICODE_L | MOTE_UNICODE_M)) != 0;
}

static uint32_t character(mote_str s, size_t at, size_t *n) {
    uint32_t c = ' ';
    *n = at < s.len ? mote_unicode_decode((const uint8_t *)s.data + at, s.len - at, &c) : 1;
    return c;
}

/* The word in lower case; "" if it is longer than any that is looked for. */
static mote_str lower(mote_str word, char out[MAX_WORD_BYTES]) {
    size_t n = 0;
    for (size_t at = 0; at < word.len;) {
        size_t bytes;
        uint32_t c = character(word, at, &bytes), mapped[3];
        if (n + 4 > MAX_WORD_BYTES)
            return MOTE_STR("");
        if (c == 0x2019)
            mapped[0] = '\'';
        else if (c == MOTE_UNICODE_BAD || mote_jinja_unicode_map(c, JINJA_LOWER, mapped) != 1)
            mapped[0] = c == MOTE_UNICODE_BAD ? '?' : c;
        n += mote_unicode_encode(mapped[0], (uint8_t *)out + n);
        at += bytes;
    }
    return (mote_str){out, n};
}

static bool is_one_of(mote_str word, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (mote_str_is(word, list[i]))
            return true;
    return false;
}

static bool is_negation(mote_str word) {
    static const char *const words[] = {"not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without", "cannot"};
    char buffer[MAX_WORD_BYTES];
    mote_str w = lower(word, buffer);
    return is_one_of(w, words, sizeof words / sizeof *words) || mote_str_ends(w, MOTE_STR("n't"));
}

static bool is_number_word(mote_str word) {
    static const char *const words[] = {"two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",     "ten",     "eleven",
                                        "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",  "thirty",
                                        "forty",  "fifty",    "sixty",    "seventy", "eighty",  "ninety",    "hundred",  "thousand", "million", "billion"};
    char buffer[MAX_WORD_BYTES];
    return is_one_of(lower(word, buffer), words, sizeof words / sizeof *words);
}

/* The end of the number at `at`: digits, with marks between them, and a percent sign. */
static size_t number_end(mote_str s, size_t at) {
    while (at < s.len && (is_digit(s.data[at]) || (strchr(".,:/-'", s.data[at]) && at + 1 < s.len && is_digit(s.data[at + 1]))))
        at++;
    return at < s.len && s.data[at] == '%' ? at + 1 : at;
}

/* The end of the word at `at`: letters, digits, apostrophes and hyphens inside. */
static size_t word_end(mote_str s, size_t at) {
    while (at < s.len) {
        size_t n, next;
        uint32_t c = character(s, at, &n);
        bool joins = (c == '\'' || c == 0x2019 || c == '-') && is_letter(character(s, at + n, &next));
        if (!is_letter(c) && !joins && !(c < 0x80 && is_digit((char)c)))
            break;
        at += n;
    }
    return at;
}

/* The end of the address at `at`, or `at`. */
static size_t link_end(mote_str s, size_t at) {
    size_t end = at;
    bool is_link = false;
    while (end < s.len && (unsigned char)s.data[end] > ' ' && !strchr("<>\"()[]", s.data[end])) {
        mote_str rest = {s.data + end, s.len - end};
        is_link = is_link || mote_str_starts(rest, MOTE_STR("://")) || (end == at && mote_str_starts(rest, MOTE_STR("www.")));
        is_link = is_link || (s.data[end] == '@' && end > at && end + 1 < s.len && (unsigned char)s.data[end + 1] > ' ');
        end++;
    }
    while (end > at && strchr(".,;:!?", s.data[end - 1]))
        end--;
    return is_link ? end : at;
}

/* The end of the quotation at `at`, its marks included, or `at`. */
static size_t quote_end(mote_str s, size_t at) {
    static const char *const marks[][2] = {{"\"", "\""}, {"\xe2\x80\x9c", "\xe2\x80\x9d"}, {"\xe2\x80\x9e", "\xe2\x80\x9c"}, {"\xc2\xab", "\xc2\xbb"}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        mote_str open = mote_str_of(marks[i][0]), close = mote_str_of(marks[i][1]);
        if (!mote_str_starts((mote_str){s.data + at, s.len - at}, open))
            continue;
        for (size_t k = at + open.len; k < s.len && s.data[k] != '\n'; k++)
            if (mote_str_starts((mote_str){s.data + k, s.len - k}, close))
                return k > at + open.len ? k + close.len : at;
    }
    return at;
}

/* A name by its letters: a capital one that doesn't begin a sentence, or one inside. "I" is none. */
static bool is_name(mote_str word, bool begins_sentence) {
    size_t n, n_upper = 0, n_letters = 0;
    bool first_upper = false;
    for (size_t at = 0; at < word.len; at += n) {
        uint32_t c = character(word, at, &n);
        bool upper = mote_jinja_unicode_is_upper(c);
        first_upper = first_upper || (at == 0 && upper);
        n_upper += upper;
        n_letters++;
    }
    if (word.data[0] == 'I' && (word.len == 1 || !is_letter(character(word, 1, &n))))
        return false;
    return n_letters > 1 && (n_upper > first_upper || (first_upper && !begins_sentence));
}

typedef struct finder {
    mote_fact *facts;
    size_t n, most;
    unsigned kinds;
} finder;

static void put(finder *f, unsigned kind, mote_str text) {
    if ((f->kinds & kind) && f->n < f->most)
        f->facts[f->n++] = (mote_fact){kind, text};
}

static void put_word(finder *f, mote_str word, bool begins_sentence) {
    if (is_negation(word))
        put(f, MOTE_FACT_NEGATION, MOTE_STR("not"));
    else if (is_number_word(word))
        put(f, MOTE_FACT_NUMBER, word);
    else if (is_name(word, begins_sentence))
        put(f, MOTE_FACT_NAME, word);
}

size_t mote_facts_find(mote_str text, unsigned kinds, mote_fact *facts, size_t most) {
    finder f = {facts, 0, most, kinds};
    bool begins = true;
    size_t quoted = 0;
    for (size_t at = 0, n; at < text.len; at += n) {
        uint32_t c = character(text, at, &n);
        size_t end = at >= quoted ? quote_end(text, at) : at;
        if (end > at) {
            put(&f, MOTE_FACT_QUOTE, (mote_str){text.data + at, end - at});
            quoted = end; /* what is inside is looked at too */
            begins = true;
            continue;
        }
        bool is_number = c < 0x80 && is_digit((char)c);
        if (!is_number && !is_letter(c)) {
            begins = begins || strchr(".!?:\n*#>-|", c < 0x80 ? (int)c : 'x') != NULL;
            continue;
        }
        if ((end = link_end(text, at)) > at) {
            put(&f, MOTE_FACT_LINK, (mote_str){text.data + at, end - at});
        } else if (is_number) {
            end = number_end(text, at);
            put(&f, MOTE_FACT_NUMBER, (mote_str){text.data + at, end - at});
        } else {
            end = word_end(text, at);
            put_word(&f, (mote_str){text.data + at, end - at}, begins);
        }
        n = end > at ? end - at : n;
        begins = false;
    }
    return f.n;
}

/* Numbers by digits and the marks that matter: "1,200" is "1200", "12.50" is not "1250". */
static bool same_number(mote_str a, mote_str b) {
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a.len && (a.data[i] == ',' || a.data[i] == '\''))
            i++;
        while (j < b.len && (b.data[j] == ',' || b.data[j] == '\''))
            j++;
        if (i == a.len || j == b.len)
            return (i == a.len || (i + 1 == a.len && a.data[i] == '%')) && (j == b.len || (j + 1 == b.len && b.data[j] == '%'));
        char x = a.data[i++], y = b.data[j++];
        if (x != y && (x ^ y) != ('a' ^ 'A'))
            return false;
    }
}

static mote_str stem_of_name(mote_str name) {
    if (mote_str_ends(name, MOTE_STR("'s")))
        name.len -= 2;
    else if (mote_str_ends(name, MOTE_STR("\xe2\x80\x99s")))
        name.len -= 4;
    return name;
}

static bool same(const mote_fact *a, const mote_fact *b) {
    char x[MAX_WORD_BYTES], y[MAX_WORD_BYTES];
    if (a->kind == MOTE_FACT_NUMBER)
        return same_number(a->text, b->text);
    if (a->kind == MOTE_FACT_NAME)
        return mote_str_equal(lower(stem_of_name(a->text), x), lower(stem_of_name(b->text), y));
    return mote_str_equal(a->text, b->text);
}

/* "3" for "three" and the other way; "" for others. */
static mote_str other_spelling(mote_str number) {
    static const char *const words[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (mote_str_is(number, words[i]) || mote_str_is(number, digits[i]))
            return mote_str_of(mote_str_is(number, words[i]) ? digits[i] : words[i]);
    return MOTE_STR("");
}

static bool has_text(mote_str text, mote_str part) {
    for (size_t at = 0; at + part.len <= text.len; at++)
        if (memcmp(text.data + at, part.data, part.len) == 0)
            return true;
    return false;
}

bool mote_facts_has(mote_str text, const mote_fact *fact) {
    char buffer[MAX_WORD_BYTES];
    mote_fact spelled = {fact->kind, MOTE_STR("")};
    if (fact->kind == MOTE_FACT_QUOTE || fact->kind == MOTE_FACT_LINK)
        return has_text(text, fact->text);
    if (fact->kind == MOTE_FACT_NUMBER)
        spelled.text = other_spelling(lower(fact->text, buffer));
    for (size_t at = 0, n; at < text.len; at += n) {
        uint32_t c = character(text, at, &n);
        bool is_number = c < 0x80 && is_digit((char)c);
        if (!is_number && !is_letter(c))
            continue;
        size_t end = is_number ? number_end(text, at) : word_end(text, at);
        mote_fact other = {fact->kind, {text.data + at, end - at}};
        if (same(fact, &other) || (spelled.text.len && same(&spelled, &other)))
            return true;
        n = end > at ? end - at : n;
    }
    return false;
}

static size_t count_negations(mote_str text) {
    mote_fact facts[64];
    return mote_facts_find(text, MOTE_FACT_NEGATION, facts, 64);
}

bool mote_facts_lacking(mote_str text, mote_str other, unsigned kinds, mote_fact *fact) {
    static const unsigned looked_for[] = {MOTE_FACT_LINK, MOTE_FACT_QUOTE, MOTE_FACT_NUMBER, MOTE_FACT_NAME};
    if ((kinds & MOTE_FACT_NEGATION) && count_negations(other) < count_negations(text)) {
        *fact = (mote_fact){MOTE_FACT_NEGATION, MOTE_STR("not")};
        return true;
    }
    for (size_t i = 0; i < sizeof looked_for / sizeof *looked_for; i++) {
        mote_fact facts[256];
        size_t n = kinds & looked_for[i] ? mote_facts_find(text, looked_for[i], facts, 256) : 0;
        for (size_t k = 0; k < n; k++)
            if (!mote_facts_has(other, &facts[k])) {
                *fact = facts[k];
                return true;
            }
    }
    return false;
}
