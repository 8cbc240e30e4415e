/* `mote rerank QUERY`: the passages of standard input, one a line, in the order in which they answer the query. */
#include "cli/commands.h"
#include "cli/lines.h"
#include "cli/runtime.h"
#include "cli/writer.h"

#include <stdlib.h>
#include <string.h>

typedef struct passage {
    char *text; /* owned */
    size_t text_bytes, index;
    float score;
} passage;

typedef struct passages {
    passage *items;
    size_t n, capacity;
} passages;

static void add(passages *p, const mote_embed_text *text, float score) {
    if (p->n == p->capacity) {
        p->capacity = 2 * p->capacity + CLI_LINES_MAX;
        p->items = cli_resize(p->items, p->capacity, sizeof *p->items);
    }
    p->items[p->n] = (passage){cli_dup(text->text, text->text_bytes), text->text_bytes, p->n, score};
    p->n++;
}

static int score_some(const cli_options *o, mote_reranker *reranker, cli_lines *lines, passages *p) {
    const char *query = o->arguments.items[0];
    float scores[CLI_LINES_MAX];
    mote_error err = {0};
    mote_status status = mote_rerank(reranker, query, strlen(query), lines->texts, lines->n, scores, &err);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, false);
    for (size_t i = 0; i < lines->n; i++) {
        if (lines->texts[i].n_dropped)
            cli_output_notice(o, "standard input, line %zu: cut to the model's %zu tokens with the query, %zu left out", lines->first_number + i, lines->texts[i].n_tokens,
                              lines->texts[i].n_dropped);
        add(p, &lines->texts[i], scores[i]);
    }
    return CLI_DONE;
}

/* Best first; equal ones as they came. */
static int compare(const void *a, const void *b) {
    const passage *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

static void print_json(const passages *p) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '[');
    for (size_t i = 0; i < p->n; i++) {
        cli_writer_open(&w, '{');
        cli_writer_key(&w, "index");
        cli_writer_integer(&w, (int64_t)p->items[i].index);
        cli_writer_key(&w, "score");
        cli_writer_float(&w, p->items[i].score);
        cli_writer_key(&w, "text");
        cli_writer_string(&w, p->items[i].text, p->items[i].text_bytes);
        cli_writer_close(&w, '}');
    }
    cli_writer_close(&w, ']');
    cli_writer_finish(&w);
}

static void print_lines(const passages *p) {
    for (size_t i = 0; i < p->n; i++) {
        printf("%.9g\t", (double)p->items[i].score);
        cli_output_text(p->items[i].text, p->items[i].text_bytes);
        putchar('\n');
    }
    cli_output_flush();
}

static int rerank_lines(const cli_options *o, mote_reranker *reranker) {
    passages p = {0};
    cli_lines lines;
    cli_lines_begin(&lines);
    int code;
    do {
        code = cli_lines_next(&lines);
        if (code == CLI_DONE && lines.n)
            code = score_some(o, reranker, &lines, &p);
    } while (code == CLI_DONE && lines.n);
    if (code == CLI_DONE && p.n && !o->in_order)
        qsort(p.items, p.n, sizeof *p.items, compare);
    if (code == CLI_DONE && o->json)
        print_json(&p);
    else if (code == CLI_DONE)
        print_lines(&p);
    cli_lines_end(&lines);
    for (size_t i = 0; i < p.n; i++)
        free(p.items[i].text);
    free(p.items);
    return code;
}

int cli_rerank(const cli_options *o) {
    cli_runtime runtime = {0};
    mote_reranker *reranker = NULL;
    mote_error err = {0};
    int code = cli_runtime_open_model(&runtime, o);
    if (code == CLI_DONE && !runtime.info.reranks)
        code = cli_output_fail(CLI_UNSUPPORTED, "such as bge-reranker: BERT or XLM-RoBERTa with a classifier of one label", "%s: the family %s is not a reranker", runtime.path,
                               runtime.info.family);
    if (code == CLI_DONE) {
        mote_status status = mote_reranker_create(runtime.model, o->n_threads, o->raw_scores, &reranker, &err);
        code = status == MOTE_OK ? rerank_lines(o, reranker) : cli_output_status(status, &err, false);
    }
    mote_reranker_free(&reranker);
    cli_runtime_close(&runtime);
    return code;
}
