/* A model of a Hugging Face folder as the keys and tensors of a GGUF: the reverse of what hparams_gguf.c and a plan of a GGUF's weights read. Names and layouts are those of
 * llama.cpp's converter (convert_hf_to_gguf.py), so that its readers load the result. */
#ifndef MOTE_MODEL_EXPORT_H
#define MOTE_MODEL_EXPORT_H

#include "model/adapter_change.h"
#include "model/source.h"

/* "<architecture>.*", general.architecture and the pooling of encoders. MOTE_ERR_UNSUPPORTED names what the family's GGUF form can't say and readers would get wrong. */
MOTE_MUST_CHECK mote_status mote_export_hparams(const mote_source *s, mote_gguf_writer *w, mote_error *err);
/* The architecture of the GGUF: the family's, but for hybrids without recurrent layers, which readers know as their dense relatives. */
const char *mote_export_architecture(const mote_hparams *h);
/* Whether the source's sliding window gets lost, since the architecture's GGUF has none (llama from mistral): longer texts attend to everything. */
bool mote_export_drops_window(const mote_hparams *h);

enum { MOTE_EXPORT_MAX_PIECES = 3 };

/* One tensor of the GGUF. Rows come from up to three slots one behind the other (fused ones), or from the matrices of a stack (experts), or are made. */
typedef struct mote_export_tensor {
    char name[128];
    int n_dims;
    uint64_t dims[MOTE_GGUF_MAX_DIMS]; /* dims[0]: a row */
    bool is_matrix;                    /* has the type that is asked for; vectors, norms, tables and routers are float32 */
    bool is_vector;                    /* read at once, whatever its dims */
    uint64_t rows;                     /* of all pieces: of a vector 1 */
    size_t n_pieces, n_stack;          /* n_stack: matrices of each piece, 1 but for experts */
    const mote_tensor_view *pieces[MOTE_EXPORT_MAX_PIECES];
    uint32_t interleave[MOTE_EXPORT_MAX_PIECES];          /* the head's size where pairs become neighbours; 0: rows stay in order */
    mote_adapter_change *changes[MOTE_EXPORT_MAX_PIECES]; /* what adapters add to a piece while it is read; NULL: nothing. The caller's */
    bool adds_one;                                        /* norms that checkpoints store minus 1 */
    const float *made;                                    /* [dims[0]]; NULL: from pieces */
} mote_export_tensor;

typedef struct mote_export {
    mote_weights_plan plan;
    mote_export_tensor *tensors;
    size_t n_tensors;
    float *rope_factors; /* Llama 3's, made from its scaling; NULL: none */
} mote_export;

/* The tensors in order of layers. Errors as mote_weights_plan_create. The source must outlive it. */
MOTE_MUST_CHECK mote_status mote_export_open(const mote_source *s, mote_export *e, mote_error *err);
void mote_export_close(mote_export *e);
/* Rows [first, first + n) as float32 out [n, dims[0]]; scratch has the same size. Rows of interleaved pieces come by whole heads: first and n multiples of `interleave` there
 * (mote_export_step says so). */
void mote_export_read(const mote_export_tensor *t, uint64_t first, uint64_t n, float *scratch, float *out);
/* A number of rows of at most `most` (if it can be) that may be read at once from `first` on; at least 1. */
uint64_t mote_export_step(const mote_export_tensor *t, uint64_t first, uint64_t most);
/* Lets go of the source's pages behind rows that were read. */
void mote_export_release(const mote_export_tensor *t, uint64_t first, uint64_t n);

#endif
