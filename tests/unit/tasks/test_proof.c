/* The parts of the proofreader that need no model: sentences of a text, words, alignment, edits on edits. */
#include "tasks/proof_private.h"

#include "base/mem.h"
#include "tasks/author.h"
#include "tasks/spacing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct list {
    mote_str text;
    char out[2048];
    size_t n;
} list;

static mote_status note(void *context, size_t start, size_t end, bool is_prose, bool ends_block, const mote_span *kept, size_t n_kept) {
    list *l = context;
    (void)kept;
    l->n += (size_t)snprintf(l->out + l->n, sizeof l->out - l->n, "%.*s%s%zu|", (int)(end - start), l->text.data + start, is_prose ? (ends_block ? "=" : "+") : "-", n_kept);
    return MOTE_OK;
}

static const char *sentences(const char *text) {
    static list l;
    l = (list){.text = mote_str_of(text)};
    assert_int_equal(mote_proof_sentences(l.text, note, &l), MOTE_OK);
    return l.out;
}

static void test_sentences(void **state) {
    (void)state;
    assert_string_equal(sentences(""), "");
    assert_string_equal(sentences("One here. Two there!\nThree\n"), "One here.+0|Two there!=0|Three=0|");
    assert_string_equal(sentences("Dr. No asked e.g. me. Yes."), "Dr. No asked e.g. me.+0|Yes.=0|");
    assert_string_equal(sentences("# A title\n\n- a point\n2. another\n> quoted"), "A title-0|a point-0|another-0|quoted-0|");
    assert_string_equal(sentences("```\ncode here\n```\ntext\n\n    more code\n| a | b |\n---\n"), "text=0|");
    assert_string_equal(sentences("See `a.b c` and [x](http://a.b/c) now."), "See `a.b c` and [x](http://a.b/c) now.=2|");
    assert_string_equal(sentences("This line is long enough to be a wrapped one and\ngoes on here."), "This line is long enough to be a wrapped one and\ngoes on here.=0|");
}

static void test_words(void **state) {
    (void)state;
    mote_word words[16];
    mote_str text = MOTE_STR("Don't e-mail tom@x.org 3.5 times, I say \xe2\x80\x9cno\xe2\x80\x9d.");
    assert_int_equal(mote_proof_words(text, words, 16), 12);
    assert_int_equal(words[0].end, 5);
    assert_true(words[0].begins_upper && words[0].kind == MOTE_WORD_LETTERS);
    assert_int_equal(words[2].kind, MOTE_WORD_OTHER);
    assert_int_equal(words[2].end - words[2].start, 9);
    assert_int_equal(words[3].end - words[3].start, 3);
    assert_int_equal(words[5].kind, MOTE_WORD_MARK);
    assert_int_equal(mote_proof_words(text, words, 2), 2);
}

/* Edits that make a into b, as "start-end:after|". */
static const char *aligned(const char *a, const char *b) {
    static char out[1024];
    mote_proof_sentence *s = calloc(1, sizeof *s);
    mote_arena arena;
    size_t n = 0;
    mote_arena_init(&arena, 1 << 20);
    s->arena = &arena;
    s->text = mote_str_of(a);
    s->n_words = mote_proof_words(s->text, s->words, MOTE_PROOF_MAX_WORDS);
    assert_int_equal(mote_proof_align(s, mote_str_of(b), MOTE_PROOF_model), MOTE_OK);
    out[0] = 0;
    for (size_t i = 0; i < s->n_edits; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%zu-%zu:%.*s|", s->edits[i]->start, s->edits[i]->end, MOTE_STR_ARGS(s->edits[i]->after));
    mote_arena_deinit(&arena);
    free(s);
    return out;
}

static void test_alignment(void **state) {
    (void)state;
    assert_string_equal(aligned("He go home.", "He go home."), "");
    assert_string_equal(aligned("He go home.", "He goes home."), "3-5:goes|");
    assert_string_equal(aligned("He went to home.", "He went home."), "7-10:|");
    assert_string_equal(aligned("He went shop.", "He went to the shop."), "7-7: to the|");
    assert_string_equal(aligned("However he left", "However, he left."), "7-7:,|15-15:.|");
    assert_string_equal(aligned("one two three four", "entirely other words that have nothing in common with it"), "");
}

static void apply(mote_taken_list *l, mote_str original, mote_buffer *now, mote_arena *arena, size_t start, size_t end, const char *after) {
    mote_edit e = {.start = start, .end = end, .after = mote_str_of(after), .gain = 1};
    assert_int_equal(mote_taken_apply(l, original, now, &e, arena), MOTE_OK);
    /* what is written down makes the present text of the original */
    char built[256] = "";
    size_t at = 0, n = 0;
    for (size_t i = 0; i < l->n; i++) {
        n += (size_t)snprintf(built + n, sizeof built - n, "%.*s%.*s", (int)(l->items[i].start - at), original.data + at, MOTE_STR_ARGS(l->items[i].after));
        at = l->items[i].end;
    }
    snprintf(built + n, sizeof built - n, "%.*s", (int)(original.len - at), original.data + at);
    assert_string_equal(built, now->data);
}

static void test_edits_on_edits(void **state) {
    (void)state;
    mote_str original = MOTE_STR("he go too the shop");
    mote_taken_list *l = calloc(1, sizeof *l);
    mote_arena arena;
    mote_buffer now;
    mote_arena_init(&arena, 1 << 20);
    mote_buffer_init(&now, 1 << 20);
    assert_int_equal(mote_buffer_append_str(&now, original), MOTE_OK);
    apply(l, original, &now, &arena, 3, 5, "goes"); /* he goes too the shop */
    apply(l, original, &now, &arena, 8, 11, "to");  /* he goes to the shop */
    apply(l, original, &now, &arena, 0, 2, "He");   /* He goes to the shop */
    apply(l, original, &now, &arena, 19, 19, ".");  /* He goes to the shop. */
    assert_int_equal(l->n, 4);
    apply(l, original, &now, &arena, 3, 7, "went"); /* over an edit */
    assert_int_equal(l->n, 4);
    apply(l, original, &now, &arena, 3, 10, "walked to"); /* over two */
    assert_int_equal(l->n, 3);
    apply(l, original, &now, &arena, 0, 2, "he"); /* back to what it was */
    assert_int_equal(l->n, 2);
    assert_string_equal(now.data, "he walked to the shop.");
    mote_buffer_deinit(&now);
    mote_arena_deinit(&arena);
    free(l);
}

static void check_spacing(const char *tokens, const char *text) {
    mote_buffer out;
    mote_buffer_init(&out, 1 << 20);
    assert_int_equal(mote_spacing_join(&out, mote_str_of(tokens)), MOTE_OK);
    assert_string_equal(out.data, text);
    mote_buffer_clear(&out);
    assert_int_equal(mote_spacing_split(&out, mote_str_of(text), strstr(tokens, "``") != NULL), MOTE_OK);
    assert_string_equal(out.data, tokens);
    mote_buffer_deinit(&out);
}

static void test_spacing(void **state) {
    (void)state;
    check_spacing("I do n't know , but it 's 3.5 % more ( or less ) .", "I don't know, but it's 3.5% more (or less).");
    check_spacing("He said `` stop '' and the pupils ' books fell ...", "He said \"stop\" and the pupils' books fell...");
    check_spacing("Call \" me \" at 10:30 , please !", "Call \"me\" at 10:30, please!");
}

static void check_strip(const char *answer, const char *source, const char *wanted) {
    mote_str s = mote_author_strip(mote_str_of(answer), mote_str_of(source));
    assert_int_equal(s.len, strlen(wanted));
    assert_memory_equal(s.data, wanted, s.len);
}

static void test_strip(void **state) {
    (void)state;
    check_strip(" The text. ", "", "The text.");
    check_strip("Sure! Here is the rewritten text:\n\n\"The text.\"", "", "The text.");
    check_strip("Here is the text: rewritten text:\nIt is.", "", "It is.");
    check_strip("The text.\n\nI made it shorter.", "A text.", "The text.");
    check_strip("The text.\n\nI made it.", "A text.\n\nI made it.", "The text.\n\nI made it.");
    check_strip("\"One\" and \"two\"", "", "\"One\" and \"two\"");
    check_strip("Remember: call Tom.", "", "Remember: call Tom.");
    check_strip("", "", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),      cmocka_unit_test(test_words),   cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_edits_on_edits), cmocka_unit_test(test_spacing), cmocka_unit_test(test_strip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
