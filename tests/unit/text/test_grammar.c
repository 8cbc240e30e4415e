/* GBNF: what is read, what is refused and where, and that the automaton has the language, the live states and the distances that it promises. Random grammars are compared with a
 * recogniser that knows nothing of automata. */
#include "base/clock.h"
#include "base/rng.h"
#include "patience.h"
#include "text/constraint.h"
#include "text/grammar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static mote_status compile(const char *text, mote_constraint **c, mote_error *err) {
    return mote_constraint_create_grammar(text, strlen(text), c, err);
}

/* verdict: "+" accepted; otherwise the offset of the first byte that can't stand there. */
static void expect(const char *grammar, const char *text, size_t offset) {
    mote_constraint *c;
    mote_error err = {0};
    bool matches;
    size_t found;
    if (compile(grammar, &c, &err) != MOTE_OK)
        fail_msg("%s: %s", grammar, err.message);
    assert_int_equal(mote_constraint_match(c, text, strlen(text), &matches, &found, &err), MOTE_OK);
    if (matches != (offset == SIZE_MAX) || (!matches && found != offset))
        fail_msg("%s: '%s' is %s at %zu", grammar, text, matches ? "accepted" : "rejected", found);
    mote_constraint_free(&c);
}

#define ACCEPT SIZE_MAX

static void language(void **state) {
    (void)state;
    expect("root ::= \"abc\"", "abc", ACCEPT);
    expect("root ::= \"abc\"", "abd", 2);
    expect("root ::= \"abc\"", "ab", 2);
    expect("root ::= \"abc\"", "abcc", 3);
    expect("root::=\"a\"|\"b\"\n\n# end", "b", ACCEPT);
    expect("root ::= # comment\n  \"a\" | # more\n \"b\"\r\nx ::= \"c\"", "b", ACCEPT);
    expect("root ::= (\n \"a\"\n \"b\"\n)", "ab", ACCEPT);
    expect("root ::= \"\\x41\\u00e9\\U0001F9FF\\n\\\\\\\"\\[\\]\"", "A\xc3\xa9\xf0\x9f\xa7\xbf\n\\\"[]", ACCEPT);
    expect("root ::= \"a\" | | \"b\"", "", ACCEPT);
    expect("root ::= \"\"", "", ACCEPT);
    expect("root ::= \"\"", "a", 0);
    expect("root ::= [a-cx\\]-]+", "ax]-b", ACCEPT);
    expect("root ::= [a-c]", "d", 0);
    expect("root ::= [^a-c\\n]", "d", ACCEPT);
    expect("root ::= [^a-c\\n]", "\n", 0);
    expect("root ::= [^a]{2}", "\xc3\xa9\xf0\x9f\xa7\xbf", ACCEPT);
    expect("root ::= [^a]", "\xed\xa0\x80", 1); /* a surrogate */
    expect("root ::= [^a]", "\xe0\x80\x80", 1); /* a form too long */
    expect("root ::= [^a]", "\xf4\x90\x80\x80", 1);
    expect("root ::= [\xc3\xa0-\xc3\xbf]+", "\xc3\xa9\xc3\xbf", ACCEPT);
    expect("root ::= [\xc3\xa0-\xc3\xbf]", "\xc3\x9f", 1);
    expect("root ::= [\\u0100-\\U00010010]+", "\xc4\x80\xe0\xa0\x80\xee\x80\x80\xf0\x90\x80\x90", ACCEPT);
    expect("root ::= [\\u0100-\\U00010010]", "\xf0\x90\x80\x91", 3);
    expect("root ::= . .", "\n\xe2\x82\xac", ACCEPT);
    expect("root ::= \"a\"*", "aaa", ACCEPT);
    expect("root ::= \"ab\"+", "", 0);
    expect("root ::= \"ab\"+", "abab", ACCEPT);
    expect("root ::= \"ab\"? \"c\"", "c", ACCEPT);
    expect("root ::= \"a\"{3}", "aaa", ACCEPT);
    expect("root ::= \"a\"{3}", "aaaa", 3);
    expect("root ::= \"a\"{2,}", "aaaaa", ACCEPT);
    expect("root ::= \"a\"{2,}", "a", 1);
    expect("root ::= \"a\"{ 1 , 3 }\"b\"", "aaab", ACCEPT);
    expect("root ::= \"a\"{0,2}\"b\"", "b", ACCEPT);
    expect("root ::= \"a\"{0}\"b\"", "b", ACCEPT);
    expect("root ::= \"a\"{1,3}\"b\"", "aaaab", 3);
    expect("root ::= (\"a\" | \"b\" \"c\"?){2} \"d\"", "bcad", ACCEPT);
    expect("root ::= (\"a\"*)* \"b\"", "aab", ACCEPT);
    expect("root ::= (\"a\"?)+ (\"b\"? \"c\"?)*", "aacbbc", ACCEPT);
    expect("root ::= x* \"c\"\nx ::= y*\ny ::= \"a\"* | \"b\"", "abac", ACCEPT);
}

static void recursion(void **state) {
    (void)state;
    const char *nested = "root ::= \"(\" root \")\" root | \"\"", *pairs = "root ::= a | b\na ::= \"a\" root \"x\" | \"a\"\nb ::= \"a\" root \"y\" | \"a\"";
    char text[4001];
    expect(nested, "(()())()", ACCEPT);
    expect(nested, "(()))", 4);
    expect(nested, "((", 2);
    memset(text, '(', 2000);
    memset(text + 2000, ')', 2000);
    text[4000] = 0;
    expect(nested, text, ACCEPT);
    expect(pairs, "aaaaaxyyx", ACCEPT); /* each letter could be of two rules: 2^4 ways, four of them frames */
    memset(text, 'a', 1001);
    for (int i = 0; i < 1000; i++)
        text[1001 + i] = "xy"[i * i % 3 % 2];
    text[2001] = 0;
    expect(pairs, text, ACCEPT);
    expect("root ::= \"a\" root | \"b\"", "aaaaaaaaaaaaaaaaaaaaaab", ACCEPT);
    expect("root ::= e\ne ::= t (\"+\" t)*\nt ::= f (\"*\" f)*\nf ::= [0-9]+ | \"(\" e \")\"", "1+2*(3+4)*(5)", ACCEPT);
    expect("root ::= \"x\" n root | \"y\"\nn ::= \"\" | \"n\" n", "xxnnxny", ACCEPT);
}

static void refuse(const char *grammar, mote_status status, const char *words) {
    mote_constraint *c;
    mote_error err = {0};
    double begun = mote_clock_seconds();
    mote_status found = compile(grammar, &c, &err);
    if (found != status || !strstr(err.message, words))
        fail_msg("%.60s: %s, '%s' does not say '%s'", grammar, mote_status_text(found), err.message, words);
    assert_null(c);
    assert_true(mote_clock_seconds() - begun < 0.1 * patience());
}

static void refusals(void **state) {
    (void)state;
    refuse("", MOTE_ERR_FORMAT, "empty");
    refuse("x ::= \"a\"", MOTE_ERR_FORMAT, "'root'");
    refuse("root ::= \"a\"\n  x y", MOTE_ERR_FORMAT, "line 2, column 5: expected '::='");
    refuse("root = \"a\"", MOTE_ERR_FORMAT, "line 1, column 6: expected '::='");
    refuse("root ::= \"a\" $", MOTE_ERR_FORMAT, "line 1, column 14: unexpected '$'");
    refuse("root ::= \"\xc3\xa9\" )", MOTE_ERR_FORMAT, "column 14: unexpected ')'");
    refuse("root ::= (\"a\"\n", MOTE_ERR_FORMAT, "column 10: unexpected end: this group is not closed");
    refuse("root ::= \"abc", MOTE_ERR_FORMAT, "unterminated");
    refuse("root ::= \"abc\n\"", MOTE_ERR_FORMAT, "unterminated");
    refuse("root ::= [a-z", MOTE_ERR_FORMAT, "unterminated");
    refuse("root ::= [z-a]", MOTE_ERR_FORMAT, "column 11: the range is reversed");
    refuse("root ::= []", MOTE_ERR_FORMAT, "the class is empty");
    refuse("root ::= [^\\x00-\\U0010ffff]", MOTE_ERR_FORMAT, "the class is empty");
    refuse("root ::= \"\\q\"", MOTE_ERR_FORMAT, "unknown escape '\\q'");
    refuse("root ::= \"\\x4\"", MOTE_ERR_FORMAT, "expected 2 hexadecimal digits");
    refuse("root ::= \"\\ud800\"", MOTE_ERR_FORMAT, "surrogate");
    refuse("root ::= \"\\U00110000\"", MOTE_ERR_FORMAT, "last code point");
    refuse("root ::= \"\\", MOTE_ERR_FORMAT, "unexpected end");
    refuse("root ::= \"\xff\"", MOTE_ERR_FORMAT, "invalid UTF-8");
    refuse("root ::= *", MOTE_ERR_FORMAT, "nothing to repeat");
    refuse("root ::= \"a\"{2,1}", MOTE_ERR_FORMAT, "max, 1, is below its min, 2");
    refuse("root ::= \"a\"{-1}", MOTE_ERR_FORMAT, "expected a number");
    refuse("root ::= \"a\"{1", MOTE_ERR_FORMAT, "expected '}'");
    refuse("root ::= \"a\"{1,999999999}", MOTE_ERR_LIMIT, "limit is 100000");
    refuse("root ::= ((\"ab\"{1000}){1000}){1000}", MOTE_ERR_LIMIT, "too large");
    refuse("root ::= x", MOTE_ERR_FORMAT, "undefined rule 'x'");
    refuse("root ::= \"a\"\nroot ::= \"b\"", MOTE_ERR_FORMAT, "line 2, column 1: rule 'root' is defined twice");
    refuse("root ::= root \"a\" | \"b\"", MOTE_ERR_FORMAT, "left recursion: rule 'root'");
    refuse("root ::= x\nx ::= y \"a\"\ny ::= x | \"b\"", MOTE_ERR_FORMAT, "left recursion");
    refuse("root ::= x* root \"a\" | \"\"\nx ::= \"\"", MOTE_ERR_FORMAT, "left recursion");
    refuse("root ::= \"a\" root", MOTE_ERR_FORMAT, "rule 'root' never ends");
    refuse("root ::= \"a\"\nx ::= \"(\" x \")\"", MOTE_ERR_FORMAT, "line 2, column 1: rule 'x' never ends");
    refuse("root ::= <think>", MOTE_ERR_UNSUPPORTED, "tokens");
}

static char *repeated(const char *before, const char *what, size_t n, const char *after) {
    size_t len = strlen(what), head = strlen(before);
    char *text = malloc(head + n * len + strlen(after) + 1);
    assert_non_null(text);
    memcpy(text, before, head);
    for (size_t i = 0; i < n; i++)
        memcpy(text + head + i * len, what, len);
    memcpy(text + head + n * len, after, strlen(after) + 1);
    return text;
}

static void limits(void **state) {
    (void)state;
    char *groups = repeated("root ::= ", "(", 60000, ""), *ops = repeated("root ::= ", "\"aaaaaaaaaa\" ", 7000, ""), *large = repeated("root ::= \"", "a", 1 << 20, "\"");
    refuse(groups, MOTE_ERR_LIMIT, "depth of 1000");
    refuse(ops, MOTE_ERR_LIMIT, "more than 65536 steps");
    refuse(large, MOTE_ERR_LIMIT, "1048576");
    free(groups);
    free(ops);
    free(large);
    /* what would have 2^20 sets of operations is kept apart */
    expect("root ::= [ab]* \"a\" [ab]{20}", "babababababababababababababa", ACCEPT);
    expect("root ::= [ab]* \"a\" [ab\\u00e9]{500} [ab]{500} \"c\"?", "ab", 2);
    expect("root ::= [ab]* \"a\" [ab]{20}", "aaaaaaabbbbbbbbbbbbbbbbbbbbb", 28);
}

static mote_automaton *automaton_of(const mote_grammar *g) {
    mote_automaton *a;
    assert_int_equal(mote_grammar_automaton(g, &a, NULL), MOTE_OK);
    return a;
}

/* From every state that a text goes through, closing() ends in as many bytes as distance() says, and no text is shorter. */
static uint32_t shortest(mote_automaton *a, mote_state s, uint32_t most) {
    if (a->ops->accepts(a, s))
        return 0;
    uint32_t best = most;
    for (unsigned b = 0; b < 256 && most > 0 && best > 1; b++) {
        mote_state next = a->ops->step(a, s, (unsigned char)b);
        if (next == MOTE_STATE_DEAD || a->ops->distance(a, next) + 1 >= best)
            continue;
        uint32_t d = shortest(a, next, best - 1) + 1;
        best = d < best ? d : best;
    }
    return best;
}

static void check_distance(mote_automaton *a, mote_state s) {
    uint32_t d = a->ops->distance(a, s);
    assert_true(d < 1000);
    assert_int_equal(d == 0, a->ops->accepts(a, s));
    assert_true(shortest(a, s, d + 1) >= d);
    for (; d > 0; d--) {
        int byte = a->ops->closing(a, s);
        assert_in_range(byte, 0, 255);
        s = a->ops->step(a, s, (unsigned char)byte);
        assert_int_not_equal(s, MOTE_STATE_DEAD);
        assert_int_equal(a->ops->distance(a, s), d - 1);
    }
    assert_int_equal(a->ops->closing(a, s), -1);
}

/* Keys decide about all that stays inside. */
static void check_key(mote_automaton *a, mote_state s) {
    uint32_t key = a->ops->key(a, s);
    for (unsigned b = 0; key && b < 256; b++) {
        mote_state next = a->ops->step(a, s, (unsigned char)b);
        uint32_t inner = a->ops->inner(a, key, (unsigned char)b);
        assert_true(inner != MOTE_STATE_DEAD || next == MOTE_STATE_DEAD);
        if (inner != MOTE_STATE_DEAD && inner != MOTE_STATE_LEFT)
            assert_int_equal(a->ops->key(a, next), inner);
    }
}

/* Random grammars: trees of what they are made of, written as text, and recognised by their trees. */
enum { MAX_NODES = 400, N_RULES = 4, TEXT_MAX = 7, LETTERS = 3 };

typedef enum kind { LETTER, PAIR, EITHER, MAYBE, STAR, PLUS, TWICE, RULE, EMPTY } kind;

typedef struct node {
    kind kind;
    int a, b;
} node;

typedef struct sample {
    mote_rng rng;
    node nodes[MAX_NODES];
    int n_nodes, rules[N_RULES];
    char text[8192];
    size_t len;
    const char *input;
    size_t input_len;
} sample;

static uint32_t below(sample *s, uint32_t n) {
    return mote_rng_next(&s->rng) % n;
}

/* In rule r. Rules behind it may come anywhere, all others behind a letter. */
static int grow(sample *s, int r, int depth, bool behind_letter) {
    int at = s->n_nodes++;
    assert_true(at < MAX_NODES);
    uint32_t choice = below(s, depth <= 0 ? 3 : 12);
    node n = {LETTER, (int)below(s, LETTERS), 0};
    if (choice == 2) {
        int first = behind_letter ? 0 : r + 1;
        if (first < N_RULES)
            n = (node){RULE, first + (int)below(s, (uint32_t)(N_RULES - first)), 0};
        else if (below(s, 3) == 0)
            n.kind = EMPTY;
    } else if (choice >= 3 && choice <= 6) {
        int letter = -1;
        if (below(s, 2)) {
            letter = s->n_nodes++;
            s->nodes[letter] = (node){LETTER, (int)below(s, LETTERS), 0};
        }
        n.kind = PAIR;
        n.a = letter >= 0 ? letter : grow(s, r, depth - 1, behind_letter);
        n.b = grow(s, r, depth - 1, behind_letter || letter >= 0);
    } else if (choice >= 7) {
        n.kind = choice <= 8 ? EITHER : (kind)(MAYBE + choice - 9);
        n.a = grow(s, r, depth - 1, behind_letter && choice <= 9);
        n.b = choice <= 8 ? grow(s, r, depth - 1, behind_letter) : 0;
    }
    s->nodes[at] = n;
    return at;
}

static void print(sample *s, const char *text) {
    size_t n = strlen(text);
    assert_true(s->len + n < sizeof s->text);
    memcpy(s->text + s->len, text, n + 1);
    s->len += n;
}

static void write_node(sample *s, int at) {
    const node *n = &s->nodes[at];
    char small[16];
    switch (n->kind) {
    case LETTER:
        snprintf(small, sizeof small, n->a == 0 ? "[a]" : "\"%c\"", 'a' + n->a);
        print(s, small);
        return;
    case EMPTY:
        print(s, "\"\"");
        return;
    case RULE:
        snprintf(small, sizeof small, "%s", n->a ? (char[]){'r', (char)('0' + n->a), 0} : "root");
        print(s, small);
        return;
    default:
        print(s, "( ");
        write_node(s, n->a);
        if (n->kind == PAIR || n->kind == EITHER) {
            print(s, n->kind == EITHER ? " | " : " ");
            write_node(s, n->b);
        }
        print(s, n->kind == MAYBE ? " )?" : n->kind == STAR ? " )*" : n->kind == PLUS ? " )+" : n->kind == TWICE ? " ){2}" : " )");
    }
}

/* The ends that a node can have from `at` on, as bits; to `depth` rules inside each other. */
static unsigned ends_of(const sample *s, int number, size_t at, int depth) {
    const node *n = &s->nodes[number];
    unsigned ends = 0, first;
    switch (n->kind) {
    case EMPTY:
        return 1u << at;
    case LETTER:
        return at < s->input_len && s->input[at] == 'a' + n->a ? 1u << (at + 1) : 0;
    case RULE:
        return depth > 0 ? ends_of(s, s->rules[n->a], at, depth - 1) : 0;
    case EITHER:
        return ends_of(s, n->a, at, depth) | ends_of(s, n->b, at, depth);
    case MAYBE:
        return 1u << at | ends_of(s, n->a, at, depth);
    case PAIR:
    case TWICE:
        first = ends_of(s, n->a, at, depth);
        for (size_t i = at; i <= s->input_len; i++)
            if (first >> i & 1)
                ends |= ends_of(s, n->kind == PAIR ? n->b : n->a, i, depth);
        return ends;
    default:
        ends = n->kind == STAR ? 1u << at : ends_of(s, n->a, at, depth);
        for (size_t i = at; i <= s->input_len; i++)
            if (ends >> i & 1)
                ends |= ends_of(s, n->a, i, depth);
        return ends;
    }
}

static void compare(sample *s, mote_automaton *a) {
    char text[TEXT_MAX + 1];
    for (int i = 0; i < 60; i++) {
        mote_state at = a->ops->start(a);
        s->input = text;
        s->input_len = below(s, TEXT_MAX + 1);
        for (size_t k = 0; k < s->input_len; k++)
            text[k] = (char)('a' + below(s, LETTERS));
        text[s->input_len] = 0;
        for (size_t k = 0; k < s->input_len && at != MOTE_STATE_DEAD; k++) {
            at = a->ops->step(a, at, (unsigned char)text[k]);
            if (below(s, 16) == 0 && at != MOTE_STATE_DEAD)
                at = a->ops->refresh(a, at);
        }
        bool expected = ends_of(s, s->rules[0], 0, 3 * TEXT_MAX) >> s->input_len & 1;
        if (a->ops->accepts(a, at) != expected)
            fail_msg("%s'%s' should %sbe accepted", s->text, text, expected ? "" : "not ");
        if (at != MOTE_STATE_DEAD) {
            check_distance(a, at);
            check_key(a, at);
        }
    }
}

static void random_grammars(void **state) {
    static sample s;
    int n_compared = 0;
    (void)state;
    mote_rng_init(&s.rng, 12);
    for (int i = 0; i < 3000; i++) {
        mote_grammar *g;
        mote_error err = {0};
        s.n_nodes = 0;
        s.len = 0;
        for (int r = 0; r < N_RULES; r++) {
            s.rules[r] = grow(&s, r, 3, false);
            print(&s, r ? (char[]){'r', (char)('0' + r), ' ', 0} : "root ");
            print(&s, "::= ");
            write_node(&s, s.rules[r]);
            print(&s, "\n");
        }
        mote_status status = mote_grammar_compile((mote_str){s.text, s.len}, &g, &err);
        if (status != MOTE_OK) { /* behind a letter, a rule may need itself; what may be empty before a rule, left recursion */
            assert_true(strstr(err.message, "never ends") || strstr(err.message, "left recursion"));
            continue;
        }
        mote_automaton *a = automaton_of(g);
        compare(&s, a);
        a->ops->free(a);
        mote_grammar_free(&g);
        n_compared++;
    }
    assert_true(n_compared > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(language), cmocka_unit_test(recursion), cmocka_unit_test(refusals), cmocka_unit_test(limits),
                                       cmocka_unit_test(random_grammars)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
