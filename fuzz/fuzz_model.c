/* A model from the bytes of a GGUF, up to the point where weights would be packed: hyper-parameters, tokenizer, plan of the tensors. */
#include "formats/gguf.h"
#include "model/hparams.h"
#include "model/weights.h"
#include "text/tokenizer.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    mote_error err = {0};
    mote_gguf *g = NULL;
    if (mote_gguf_open_memory(data, n_bytes, "fuzz", &g, &err) != MOTE_OK)
        return 0;
    static mote_hparams h;
    mote_weights_source source = {.gguf = g};
    mote_weights_plan plan = {0};
    if (mote_hparams_from_gguf(g, &h, &err) == MOTE_OK && mote_weights_plan_create(&source, &h, (mote_weights_type){0}, &plan, &err) == MOTE_OK)
        mote_weights_plan_free(&plan);
    mote_tokenizer *tokenizer = NULL;
    if (mote_tokenizer_from_gguf(g, &tokenizer, &err) == MOTE_OK) {
        int32_t *ids = NULL;
        size_t n_ids;
        if (mote_tokenize(tokenizer, "a <s> \xe2\x82\xac", 9, MOTE_TOKENIZE_PARSE_SPECIAL, &ids, &n_ids, &err) == MOTE_OK)
            mote_free(ids);
    }
    mote_tokenizer_free(&tokenizer);
    mote_gguf_close(&g);
    return 0;
}
