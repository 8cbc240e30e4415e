/* Mutants of JSON texts as trees: configurations, tokenizer.json, headers of safetensors. */
#ifndef MOTE_FUZZ_MUTATE_JSON_H
#define MOTE_FUZZ_MUTATE_JSON_H

#include "fuzz/mutate.h"

bool mutate_json(mutate *m, mutate_span in, mote_buffer *out);

/* kind: '{', '[', '"' (text as it is written, without the quotes), or '0': a number or a word. */
typedef struct mutate_json_node mutate_json_node;
struct mutate_json_node {
    char kind;
    mutate_span text;
    mutate_json_node **items;
    mutate_span *keys; /* of an object, as written */
    size_t n, capacity;
};

/* NULL: not JSON, or nested too deep. Texts are borrowed from `in`. */
mutate_json_node *mutate_json_read(mutate *m, mutate_span in);
void mutate_json_write(const mutate_json_node *v, mote_buffer *out);
void mutate_json_change(mutate *m, mutate_json_node *root); /* one change somewhere */

mutate_json_node *mutate_json_word(mutate *m, char kind, const char *text);
void mutate_json_add(mutate *m, mutate_json_node *v, mutate_span key, mutate_json_node *item);
mutate_json_node *mutate_json_get(const mutate_json_node *v, const char *key); /* NULL if absent */

#endif
