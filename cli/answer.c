/* Streams text as it becomes complete; with --json one object at the end. */
#include "cli/answer.h"

#include "cli/interrupt.h"
#include "cli/writer.h"

#include <stdlib.h>
#include <string.h>

typedef struct answer_stream {
    bool is_json;
    char last;               /* byte printed last */
    cli_prompt_cache *cache; /* NULL: none */
    cli_writer logprobs;
    FILE *logprobs_out; /* into memory; NULL: not asked for */
} answer_stream;

static void write_logprob(answer_stream *s, const mote_generate_event *event) {
    cli_writer *w = &s->logprobs;
    cli_writer_open(w, '{');
    cli_writer_key(w, "token");
    cli_writer_integer(w, event->token);
    cli_writer_key(w, "logprob");
    cli_writer_float(w, event->logprob);
    cli_writer_key(w, "top");
    cli_writer_open(w, '[');
    for (size_t i = 0; i < event->n_top; i++) {
        cli_writer_open(w, '{');
        cli_writer_key(w, "token");
        cli_writer_integer(w, event->top[i].token);
        cli_writer_key(w, "logprob");
        cli_writer_float(w, event->top[i].logprob);
        cli_writer_close(w, '}');
    }
    cli_writer_close(w, ']');
    cli_writer_close(w, '}');
}

static bool take_token(void *context, const mote_generate_event *event) {
    answer_stream *s = context;
    if (s->logprobs_out)
        write_logprob(s, event);
    if (!s->is_json && event->text_bytes) {
        cli_output_text(event->text, event->text_bytes);
        cli_output_flush();
        s->last = event->text[event->text_bytes - 1];
    }
    if (s->cache)
        cli_prompt_cache_prompt_is_done(s->cache);
    return true;
}

static double rate(double n, double seconds) {
    return seconds > 0 ? n / seconds : 0;
}

static void write_usage(cli_writer *w, const mote_generate_result *result) {
    cli_writer_key(w, "usage");
    cli_writer_open(w, '{');
    cli_writer_key(w, "prompt_tokens");
    cli_writer_integer(w, (int64_t)result->n_prompt_tokens);
    cli_writer_key(w, "completion_tokens");
    cli_writer_integer(w, (int64_t)result->n_tokens);
    cli_writer_key(w, "cached_tokens");
    cli_writer_integer(w, (int64_t)result->n_cached_tokens);
    cli_writer_key(w, "draft_tokens");
    cli_writer_integer(w, (int64_t)result->n_draft_tokens);
    cli_writer_key(w, "draft_accepted");
    cli_writer_integer(w, (int64_t)result->n_draft_accepted);
    cli_writer_close(w, '}');
}

static void write_timings(cli_writer *w, const cli_runtime *r, const mote_generate_result *result) {
    cli_writer_key(w, "timings");
    cli_writer_open(w, '{');
    cli_writer_key(w, "load_s");
    cli_writer_real(w, r->load_seconds);
    cli_writer_key(w, "prompt_s");
    cli_writer_real(w, result->prompt_seconds);
    cli_writer_key(w, "predicted_s");
    cli_writer_real(w, result->predicted_seconds);
    cli_writer_key(w, "prompt_per_second");
    cli_writer_real(w, rate((double)(result->n_prompt_tokens - result->n_cached_tokens), result->prompt_seconds));
    cli_writer_key(w, "predicted_per_second");
    cli_writer_real(w, rate((double)result->n_tokens, result->predicted_seconds));
    cli_writer_close(w, '}');
}

static void print_json(const cli_runtime *r, const mote_generate_result *result, const char *logprobs) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "text");
    cli_writer_string(&w, result->text ? result->text : "", result->text_bytes);
    cli_writer_key(&w, "tokens");
    cli_writer_open(&w, '[');
    for (size_t i = 0; i < result->n_tokens; i++)
        cli_writer_integer(&w, result->tokens[i]);
    cli_writer_close(&w, ']');
    cli_writer_key(&w, "finish_reason");
    cli_writer_text(&w, result->finish_reason);
    write_usage(&w, result);
    write_timings(&w, r, result);
    cli_writer_key(&w, "peak_rss_bytes");
    cli_writer_integer(&w, (int64_t)cli_output_peak_bytes());
    if (logprobs)
        fprintf(stdout, ",\"logprobs\":%s", logprobs);
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static void print_figures(const mote_generate_result *result) {
    char size[32];
    fprintf(stderr, "%zu tokens, %.1f tokens/s; prompt %zu tokens", result->n_tokens, rate((double)result->n_tokens, result->predicted_seconds), result->n_prompt_tokens);
    if (result->n_cached_tokens)
        fprintf(stderr, " (%zu known)", result->n_cached_tokens);
    fprintf(stderr, ", %.1f tokens/s; peak memory %s\n", rate((double)(result->n_prompt_tokens - result->n_cached_tokens), result->prompt_seconds),
            cli_output_size(cli_output_peak_bytes(), size));
}

static mote_status generate(cli_runtime *r, const cli_options *o, const int32_t *prompt, size_t n_prompt, answer_stream *stream, mote_generate_result *result, mote_error *err) {
    mote_generate_options options = MOTE_GENERATE_OPTIONS_INIT;
    options.n_predict = o->n_predict;
    options.ignore_eos = o->ignore_eos;
    options.special = o->special;
    options.stop = o->stops.items;
    options.n_stop = o->stops.n;
    options.n_logprobs = o->n_logprobs;
    options.n_draft_max = o->n_draft_max;
    options.on_token = take_token;
    options.context = stream;
    options.constraint = r->constraint;
    cli_interrupt_watch(r->session);
    mote_status status = mote_generate(r->session, r->sampler, prompt, n_prompt, &options, result, err);
    cli_interrupt_watch(NULL);
    return status;
}

int cli_answer(cli_runtime *r, const cli_options *o, const int32_t *prompt, size_t n_prompt, cli_prompt_cache *cache, mote_generate_result *result) {
    answer_stream stream = {.is_json = o->json, .last = '\n', .cache = cache};
    char *logprobs = NULL;
    size_t n_logprobs = 0;
    mote_error err = {0};
    memset(result, 0, sizeof *result);
    if (o->n_logprobs >= 0) {
        stream.logprobs_out = open_memstream(&logprobs, &n_logprobs);
        if (!stream.logprobs_out)
            return cli_output_fail(CLI_FAILED, NULL, "out of memory");
        cli_writer_init(&stream.logprobs, stream.logprobs_out);
        cli_writer_open(&stream.logprobs, '[');
    }
    mote_status status = generate(r, o, prompt, n_prompt, &stream, result, &err);
    bool is_whole = status == MOTE_OK || status == MOTE_ERR_CANCELLED;
    if (stream.logprobs_out) {
        cli_writer_close(&stream.logprobs, ']');
        is_whole = fclose(stream.logprobs_out) == 0 && is_whole;
    }
    if (stream.last != '\n')
        cli_output_bytes("\n", 1);
    if (o->json && is_whole && result->finish_reason)
        print_json(r, result, logprobs);
    cli_output_flush();
    if (is_whole && cli_output_wants_figures(o))
        print_figures(result);
    free(logprobs);
    int code = status == MOTE_OK ? CLI_DONE : cli_output_status(status, &err, false);
    int saved = cache && is_whole ? cli_prompt_cache_answer_is_done(cache) : CLI_DONE;
    return code == CLI_DONE ? saved : code;
}
