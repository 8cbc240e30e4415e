/* The decoder's state and the parts of its pass that live in files of their own. */
#ifndef MOTE_MODEL_DECODER_PRIVATE_H
#define MOTE_MODEL_DECODER_PRIVATE_H

#include "model/acts.h"
#include "model/decoder.h"

/* Which tokens go to which experts in a pass; a pair is a token and one of its experts. */
typedef struct mote_moe_buffers {
    float *logits;          /* [n_batch, n_experts] */
    float *normed;          /* [n_batch, n_embd]: what the experts read */
    int32_t *chosen;        /* [n_batch, n_used] */
    float *weights;         /* [n_batch, n_used] */
    size_t *first;          /* [n_experts + 1]: an expert's pairs lie together */
    size_t *pair_of;        /* [n_batch, n_used]: the place of a token's pair */
    size_t *token_of;       /* [n_batch * n_used]: the token of a pair */
    float *gate, *up, *out; /* [n_batch * n_used, experts.n_ff, …, n_embd] */
    mote_act_buffer acts;   /* of pairs */
} mote_moe_buffers;

/* Choosing among the head's rows (decoder_head.c). A panel is 16 rows. */
typedef struct mote_head_buffers {
    mote_packed screen;          /* data NULL: there is none */
    mote_act_buffer screen_acts; /* one token's, over acts_memory */
    uint8_t *acts_memory;        /* owned, as is screen.data */
    float *peaks;                /* [n_panels]: the greatest that a row of the panel can be */
    uint8_t *chosen;             /* [n_panels]: computed exactly before the others */
    const mote_logit_choice *choice;
    bool is_screened;         /* this time */
    float least;              /* what a row must be able to reach */
    atomic_size_t n_computed; /* panels, beside the chosen ones */
    atomic_bool is_unfit;     /* the head can't be screened */
    unsigned n_rests;         /* calls until the screen is tried again */
} mote_head_buffers;

struct mote_decoder {
    const mote_model *model;
    mote_thread_pool *pool;
    size_t n_batch;
    uint8_t *memory; /* owns every buffer below */
    float *x;        /* [n_batch, n_embd] the residual stream */
    float *rows;     /* a row for each thread */
    size_t row_stride;
    float *q, *k, *v;         /* [n_batch, heads * head_dim] */
    float *attn;              /* [n_batch, n_heads * head_dim] */
    float *gate, *up;         /* [n_batch, n_ff] */
    float *out;               /* [n_batch, n_embd] what is added to x next */
    float *logits;            /* [MOTE_DECODER_LOGIT_ROWS, n_vocab] */
    float *cos_sin[2];        /* [n_batch, n_rot]: of layers without and with a window */
    const float *inv_freq[2]; /* as this context's size asks for */
    float *tiles;             /* attention's room for a tile of queries, for each thread */
    size_t tile_stride;
    float *parts; /* attention of a single token by spans: [kv heads, spans, group, part] */
    mote_act_buffer acts;
    mote_moe_buffers moe;
    mote_head_buffers head;
    float *mixed;                    /* [n_batch, in width]: recurrent layers' projection, and what becomes of it */
    float *decay;                    /* [n_batch, recurrent heads] */
    mote_decoder_observe_fn observe; /* NULL: nobody */
    void *observe_context;

    const mote_adapter_set *adapters; /* of the next passes; NULL: none */
    float *adapter_acts;              /* [n_batch, adapter_columns]: A x */
    size_t adapter_columns;

    /* of the running pass */
    const mote_cache *cache;
    const int32_t *tokens;
    size_t n, first_position, first_logit, n_logits;
    const atomic_bool *cancel;
    atomic_bool stops;
};

/* Queries (tokens times heads of a group) that attention computes together. */
size_t mote_decoder_query_tile(const mote_hparams *h);
/* Room for a tile, and for a single token's spans, in floats. */
size_t mote_decoder_tile_floats(const mote_hparams *h);
size_t mote_decoder_parts_floats(const mote_hparams *h, size_t n_positions);
/* Writes row t of the activations in each form that the products of `users` ask for; observers see the row. */
void mote_decoder_set_acts(mote_decoder *d, mote_act_buffer *acts, size_t t, const float *x, const mote_packed *const *users, int n_users);
/* Row i of the activations is the normed state of token t, for the head. */
void mote_decoder_enter_head(mote_decoder *d, size_t i, size_t t, int worker);
/* Whether adapters change the product with w (decoder_adapter.c). */
bool mote_decoder_adapter_changes(const mote_decoder *d, const mote_packed *w);
void mote_decoder_head_free(mote_decoder *d);
/* y[i] [n_tokens, users[i]->n_rows] = the products of up to 3 users with d->acts, and what adapters change of them; ends with a barrier (decoder_adapter.c). */
void mote_decoder_products(mote_decoder *d, const mote_packed *const *users, float *const *y, int n_users, size_t n_tokens);
/* What adapters need of row t besides the activations themselves. */
void mote_decoder_adapter_begin(mote_decoder *d, size_t t, const float *x, const mote_packed *const *users, int n_users);
/* row = activation(gate) * up */
void mote_decoder_activate(const mote_decoder *d, const float *gate, const float *up, float *row, size_t n);

/* Attention. Biases, norms and rotation of token t's queries and keys; keys and values into the cache. */
void mote_decoder_store_keys(mote_decoder *d, uint32_t layer, size_t t, int worker);
size_t mote_decoder_attention_tasks(const mote_decoder *d, uint32_t layer);
/* One key/value head and one tile of tokens: d->attn; or one span of a single token's, for _join_spans. */
void mote_decoder_attend(mote_decoder *d, uint32_t layer, size_t task, int worker);
/* After a barrier, by one thread: d->attn of a single token that had spans. */
void mote_decoder_join_spans(mote_decoder *d, uint32_t layer, int worker);

/* Mixture of experts (decoder_moe.c): bytes of its buffers; where they begin; from the normed activations of the layer to d->out, ending with a barrier. */
size_t mote_decoder_moe_bytes(const mote_hparams *h, size_t n_batch);
void mote_decoder_moe_init(mote_decoder *d, uint8_t *memory);
void mote_decoder_moe_run(mote_decoder *d, uint32_t layer, int worker);

/* Recurrent layers (model/recurrent.h): from the normed activations of the layer to d->out, ending with a barrier. */
void mote_decoder_mamba(mote_decoder *d, uint32_t layer, int worker);
void mote_decoder_shortconv(mote_decoder *d, uint32_t layer);
/* Channels of a convolution that one thread does at a time. */
enum { MOTE_DECODER_TASK_CHANNELS = 64 };

/* Pieces of a phase, handed to whoever is free: every worker runs the loop. */
#define MOTE_FOR_EACH(d, i, n) for (size_t i; (i = (size_t)mote_thread_pool_next((d)->pool)) < (n);)

#endif
