/* What happens to ids: `post_processor` puts special tokens around them, `decoder` makes text of them. */
#include "text/tokenizer_json.h"

#include "base/error.h"

#include <string.h>

#define META "\xe2\x96\x81"

static mote_status unsupported(const char *part, const mote_json *v, mote_error *err) {
    mote_str type = mote_json_string(mote_json_get(v, "type"));
    return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: %s '%.*s'", part, MOTE_STR_ARGS(type));
}

static mote_status decode_wordpiece(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    const mote_json *p = mote_json_get(v, "prefix");
    mote_str prefix = p ? mote_json_string(p) : MOTE_STR("##");
    if (prefix.len >= sizeof t->continuation)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: decoder WordPiece with a prefix of %zu bytes", prefix.len);
    if (prefix.len)
        memcpy(t->continuation, prefix.data, prefix.len);
    t->spelling = MOTE_SPELLING_WORDPIECE;
    t->strip_first_space = true;
    t->clean_up = mote_json_bool(mote_json_get(v, "cleanup"), true);
    return MOTE_OK;
}

static mote_status decode_metaspace(mote_tokenizer *t, const mote_json *v) {
    mote_str scheme = mote_json_string(mote_json_get(v, "prepend_scheme"));
    t->spelling = MOTE_SPELLING_METASPACE;
    t->strip_first_space = scheme.len ? !mote_str_is(scheme, "never") : mote_json_bool(mote_json_get(v, "add_prefix_space"), true);
    return MOTE_OK;
}

static mote_status decode_replace(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    mote_str from = mote_json_string(mote_json_get(mote_json_get(v, "pattern"), "String")), to = mote_json_string(mote_json_get(v, "content"));
    if (!mote_str_is(from, META) || !mote_str_is(to, " "))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: decoder Replace of '%.*s'", MOTE_STR_ARGS(from));
    t->spelling = MOTE_SPELLING_METASPACE;
    return MOTE_OK;
}

static mote_status decoder(mote_tokenizer *t, const mote_json *v, int depth, mote_error *err) {
    if (mote_tokenizer_json_is(v, "ByteLevel")) {
        t->spelling = MOTE_SPELLING_BYTES;
        return MOTE_OK;
    }
    if (mote_tokenizer_json_is(v, "ByteFallback") || mote_tokenizer_json_is(v, "Fuse"))
        return MOTE_OK; /* byte tokens are always read so, and texts are always joined */
    if (mote_tokenizer_json_is(v, "WordPiece"))
        return decode_wordpiece(t, v, err);
    if (mote_tokenizer_json_is(v, "Metaspace"))
        return decode_metaspace(t, v);
    if (mote_tokenizer_json_is(v, "Replace"))
        return decode_replace(t, v, err);
    if (mote_tokenizer_json_is(v, "Strip") && mote_str_is(mote_json_string(mote_json_get(v, "content")), " ") && mote_json_integer(mote_json_get(v, "stop"), 0) == 0) {
        t->strip_first_space = mote_json_integer(mote_json_get(v, "start"), 0) > 0;
        return MOTE_OK;
    }
    if (!mote_tokenizer_json_is(v, "Sequence") || depth >= MOTE_TOKENIZER_JSON_DEPTH)
        return unsupported("decoder", v, err);
    const mote_json *list = mote_json_get(v, "decoders");
    for (size_t i = 0; i < mote_json_length(list); i++)
        MOTE_TRY(decoder(t, mote_json_at(list, i), depth + 1, err));
    return MOTE_OK;
}

mote_status mote_tokenizer_json_decoder(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    if (mote_json_typeof(v) != MOTE_JSON_NULL)
        return decoder(t, v, 0, err);
    if (t->model == MOTE_TOKENIZER_BPE && t->bpe.bytes)
        t->spelling = MOTE_SPELLING_BYTES;
    return MOTE_OK;
}

static mote_status put(const mote_tokenizer *t, int32_t *list, unsigned *n, int64_t id, mote_error *err) {
    if (id < 0 || id >= (int64_t)t->vocabulary.n_tokens)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tokenizer.json: post_processor: token id %lld is out of range", (long long)id);
    if (*n == MOTE_TOKENIZER_MAX_AROUND)
        return mote_error_set(err, MOTE_ERR_LIMIT, "tokenizer.json: post_processor: more than %d tokens at one end", MOTE_TOKENIZER_MAX_AROUND);
    list[(*n)++] = (int32_t)id;
    return MOTE_OK;
}

/* What stands between the texts of a pair, and the type of the second. */
static mote_status process_pair(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    const mote_json *pair = mote_json_get(v, "pair"), *tokens = mote_json_get(v, "special_tokens");
    unsigned n_texts = 0;
    t->n_between = 0;
    for (size_t i = 0; i < mote_json_length(pair) && n_texts < 2; i++) {
        const mote_json *item = mote_json_at(pair, i), *special = mote_json_get(item, "SpecialToken");
        const char *name = mote_json_text(mote_json_get(special, "id"));
        if (!special) {
            n_texts++;
            t->second_type = mote_json_integer(mote_json_get(mote_json_get(item, "Sequence"), "type_id"), 0) != 0;
        } else if (n_texts == 1) {
            const mote_json *ids = name ? mote_json_get(mote_json_get(tokens, name), "ids") : NULL;
            for (size_t k = 0; k < mote_json_length(ids); k++)
                MOTE_TRY(put(t, t->between, &t->n_between, mote_json_integer(mote_json_at(ids, k), -1), err));
        }
    }
    return MOTE_OK;
}

static mote_status process_template(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    const mote_json *single = mote_json_get(v, "single"), *tokens = mote_json_get(v, "special_tokens");
    bool behind = false;
    for (size_t i = 0; i < mote_json_length(single); i++) {
        const mote_json *item = mote_json_at(single, i), *special = mote_json_get(item, "SpecialToken");
        if (!special) {
            behind = true;
            continue;
        }
        const char *name = mote_json_text(mote_json_get(special, "id"));
        const mote_json *ids = name ? mote_json_get(mote_json_get(tokens, name), "ids") : NULL;
        if (mote_json_length(ids) == 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "tokenizer.json: post_processor: '%s' has no ids", name ? name : "");
        for (size_t k = 0; k < mote_json_length(ids); k++)
            MOTE_TRY(put(t, behind ? t->after : t->before, behind ? &t->n_after : &t->n_before, mote_json_integer(mote_json_at(ids, k), -1), err));
    }
    return process_pair(t, v, err);
}

/* The processors that transformers had before templates: RoBERTa parts a pair by two tokens and has one type. */
static mote_status process_bert(mote_tokenizer *t, const mote_json *v, bool is_roberta, mote_error *err) {
    int64_t cls = mote_json_integer(mote_json_at(mote_json_get(v, "cls"), 1), -1), sep = mote_json_integer(mote_json_at(mote_json_get(v, "sep"), 1), -1);
    MOTE_TRY(put(t, t->before, &t->n_before, cls, err));
    t->n_between = 0;
    t->second_type = !is_roberta;
    for (int i = 0; i < (is_roberta ? 2 : 1); i++)
        MOTE_TRY(put(t, t->between, &t->n_between, sep, err));
    return put(t, t->after, &t->n_after, sep, err);
}

static mote_status processor(mote_tokenizer *t, const mote_json *v, int depth, mote_error *err) {
    if (mote_json_typeof(v) == MOTE_JSON_NULL || mote_tokenizer_json_is(v, "ByteLevel"))
        return MOTE_OK;
    if (mote_tokenizer_json_is(v, "TemplateProcessing"))
        return process_template(t, v, err);
    if (mote_tokenizer_json_is(v, "BertProcessing") || mote_tokenizer_json_is(v, "RobertaProcessing"))
        return process_bert(t, v, mote_tokenizer_json_is(v, "RobertaProcessing"), err);
    if (!mote_tokenizer_json_is(v, "Sequence") || depth >= MOTE_TOKENIZER_JSON_DEPTH)
        return unsupported("post_processor", v, err);
    const mote_json *list = mote_json_get(v, "processors");
    for (size_t i = 0; i < mote_json_length(list); i++)
        MOTE_TRY(processor(t, mote_json_at(list, i), depth + 1, err));
    return MOTE_OK;
}

mote_status mote_tokenizer_json_processor(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    return processor(t, v, 0, err);
}
