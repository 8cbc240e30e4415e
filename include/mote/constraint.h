/*
 * Constraints: what a generation may write. The text that comes out is always a whole one of the grammar, schema or regular expression.
 *
 *     status = mote_constraint_create_grammar("root ::= \"yes\" | \"no\"", n_bytes, &constraint, &err);
 *     mote_generate_options options = MOTE_GENERATE_OPTIONS_INIT;
 *     options.constraint = constraint;
 *     status = mote_generate(session, sampler, ids, n_ids, &options, &result, &err);
 *     mote_constraint_free(&constraint);
 *
 * A mote_constraint is immutable and may be shared by threads, sessions and models.
 */
#ifndef MOTE_CONSTRAINT_H
#define MOTE_CONSTRAINT_H

#include <mote/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_constraint mote_constraint;

/* GBNF, the notation of grammars that llama.cpp reads; the text begins at the rule "root". MOTE_ERR_FORMAT (line and column; left recursion and rules that never end too),
 * _UNSUPPORTED, _LIMIT (named), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_constraint_create_grammar(const char *text, size_t text_bytes, mote_constraint **constraint, mote_error *err);
/* JSON texts that are valid by a JSON Schema (drafts 4 to 2020-12), members in any order, with at most some white space. A standard keyword that can't be enforced is refused by
 * name; a word that no standard defines is a warning or, when `strict`, refused too. MOTE_ERR_FORMAT (no JSON, or a keyword's value is wrong), _UNSUPPORTED (names the keyword;
 * also a schema that nothing satisfies), _LIMIT, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_constraint_create_schema(const char *json, size_t json_bytes, bool strict, mote_constraint **constraint, mote_error *err);
/* Texts that a regular expression (ECMA-262, as JSON Schema's `pattern` has them) matches from end to end. MOTE_ERR_FORMAT, _UNSUPPORTED (names what), _LIMIT, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_constraint_create_regex(const char *pattern, size_t pattern_bytes, mote_constraint **constraint, mote_error *err);
MOTE_API void mote_constraint_free(mote_constraint **constraint);
/* What a schema has that is not enforced, since no standard defines it: a sentence each, borrowed from the constraint. */
MOTE_API size_t mote_constraint_n_warnings(const mote_constraint *constraint);
MOTE_API const char *mote_constraint_warning(const mote_constraint *constraint, size_t i);

/* Whether a text is one of the constraint's. If not, *offset is that of the first byte that can't stand there, text_bytes where the text ends too early. MOTE_ERR_LIMIT (so
 * ambiguous that there is no room for the ways to read it), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_constraint_match(const mote_constraint *constraint, const char *text, size_t text_bytes, bool *matches, size_t *offset, mote_error *err);

/* The same judgement by the tokens of a vocabulary, as a generation would come to it: each is looked up in the mask of those that may come next. Keeps what it learnt from text to
 * text; one thread. */
typedef struct mote_matcher mote_matcher;
/* Constraint and tokenizer must outlive it. MOTE_ERR_ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_matcher_create(const mote_constraint *constraint, const mote_tokenizer *tokenizer, mote_matcher **matcher, mote_error *err);
MOTE_API void mote_matcher_free(mote_matcher **matcher);
/* As mote_constraint_match. MOTE_ERR_UNSUPPORTED where the text's tokens don't spell it (the tokenizer changes it). */
MOTE_API MOTE_MUST_CHECK mote_status mote_matcher_match(mote_matcher *matcher, const char *text, size_t text_bytes, bool *matches, size_t *offset, mote_error *err);
/* The seconds that each mask so far took, in the order in which they were made: [n], until the next call. */
MOTE_API const double *mote_matcher_seconds(const mote_matcher *matcher, size_t *n);

#ifdef __cplusplus
}
#endif

#endif
