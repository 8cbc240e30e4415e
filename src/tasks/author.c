#include "tasks/author.h"

#include "base/error.h"
#include "engine/engine.h"

#include <mote/generate.h>
#include <mote/sampler.h>

#include <ctype.h>

enum { MAX_PREAMBLE_BYTES = 160 };

mote_status mote_author_init(mote_author *author, mote_engine *engine, const mote_task *task, mote_error *err) {
    const mote_form_value gaps[] = {{"instruction", {NULL, 0}}, {"text", {NULL, 0}}};
    mote_str text;
    *author = (mote_author){.engine = engine};
    MOTE_TRY(mote_form_create(engine->model, &author->form, err));
    if (mote_model_template(engine->model)) {
        MOTE_TRY(mote_task_text(task, "system", &text, err));
        MOTE_TRY(mote_form_add(author->form, "system", text, NULL, 0, err));
        MOTE_TRY(mote_task_text(task, "user", &text, err));
        MOTE_TRY(mote_form_add(author->form, "user", text, gaps, 2, err));
    } else {
        MOTE_TRY(mote_task_text(task, "completion", &text, err));
        MOTE_TRY(mote_form_add(author->form, NULL, text, gaps, 2, err));
    }
    MOTE_TRY(mote_form_finish(author->form, err));
    return mote_session_create(engine, &author->session, err);
}

void mote_author_deinit(mote_author *author) {
    mote_session_free(&author->session);
    mote_form_free(&author->form);
    mote_prompt_ids_deinit(&author->prompt);
}

static mote_str trim(mote_str s) {
    while (s.len && isspace((unsigned char)s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len && isspace((unsigned char)s.data[s.len - 1]))
        s.len--;
    return s;
}

/* "Sure! Here is the text in a friendly tone:" and the like: a short first line that ends with a colon and begins with one of these words. */
static size_t preamble_bytes(mote_str s) {
    static const char *const heads[] = {"here", "sure", "certainly", "of course", "rewritten", "summary", "the rewritten", "the summary", "below is", "text:", "tl;dr", "this is"};
    size_t n = 0;
    while (n < s.len && s.data[n] != '\n' && s.data[n] != ':')
        n++;
    if (n >= s.len || n > MAX_PREAMBLE_BYTES || s.data[n] != ':')
        return 0;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (s.len >= strlen(heads[i]) && strncasecmp(s.data, heads[i], strlen(heads[i])) == 0)
            return n + 1;
    return 0;
}

static size_t find(mote_str s, mote_str part) {
    size_t at = 0;
    while (at < s.len && !mote_str_starts((mote_str){s.data + at, s.len - at}, part))
        at++;
    return at;
}

mote_str mote_author_strip(mote_str answer, mote_str source) {
    static const char *const remarks[] = {"\n\nNote:",   "\n\nIn this ", "\n\nThis version", "\n\nThis rewritten", "\n\nThe rewritten", "\n\nI hope", "\n\nI made ",
                                          "\n\nI have ", "\n\nI've ",    "\n\nI also ",      "\n\nI tried ",       "\n\nLet me know",   "\n\nText:",  "\n\nRewrite the"};
    mote_str s = trim(answer);
    for (size_t n; (n = preamble_bytes(s)) > 0;) {
        s.data += n;
        s.len -= n;
        s = trim(s);
    }
    for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++) {
        mote_str remark = mote_str_of(remarks[i]);
        if (find(source, (mote_str){remark.data + 2, remark.len - 2}) == source.len)
            s.len = find(s, remark);
    }
    bool is_quoted = s.len > 2 && s.data[0] == '"' && s.data[s.len - 1] == '"' && !memchr(s.data + 1, '"', s.len - 2);
    return is_quoted ? trim((mote_str){s.data + 1, s.len - 2}) : trim(s);
}

/* What was cut at the limit ends with its last whole sentence, if there is one. */
static mote_str cut_to_sentence(mote_str s) {
    for (size_t n = s.len; n > 1; n--)
        if (strchr(".!?", s.data[n - 1]) && (n == s.len || isspace((unsigned char)s.data[n])))
            return (mote_str){s.data, n};
    return s;
}

mote_status mote_author_ask(mote_author *author, mote_str instruction, mote_str text, double temperature, uint64_t seed, size_t n_predict, mote_buffer *out, mote_error *err) {
    const mote_form_value values[] = {{"instruction", instruction}, {"text", text}};
    mote_sampler_options sampling = mote_sampler_options_default();
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result result = {0};
    mote_sampler *sampler = NULL;
    mote_prompt_ids source = {0};
    mote_status status;
    sampling.temperature = (float)temperature;
    sampling.seed = seed;
    MOTE_TRY_DONE(mote_form_fill(author->form, values, 2, &author->prompt, err));
    MOTE_TRY_DONE(mote_prompt_ids_append_text(&source, mote_model_tokenizer(author->engine->model), text, 0, err));
    MOTE_TRY_DONE(mote_sampler_create(author->engine->model, &sampling, &sampler, err));
    o.n_predict = (int32_t)n_predict;
    o.draft_source = source.ids;
    o.n_draft_source = source.n;
    MOTE_TRY_DONE(mote_generate(author->session, sampler, author->prompt.ids, author->prompt.n, &o, &result, err));
    author->n_tokens += result.n_prompt_tokens - result.n_cached_tokens + result.n_tokens;
    mote_buffer_clear(out);
    mote_str answer = mote_author_strip((mote_str){result.text, result.text_bytes}, text);
    if (strcmp(result.finish_reason, "length") == 0)
        answer = cut_to_sentence(answer);
    if (mote_buffer_append_str(out, answer) != MOTE_OK)
        status = mote_error_alloc(err, answer.len);
done:
    mote_generate_result_deinit(&result);
    mote_sampler_free(&sampler);
    mote_prompt_ids_deinit(&source);
    return status;
}
