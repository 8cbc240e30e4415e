/* llama_logits MODEL.gguf IDS OUT.f32 [embed|rank|lora ADAPTER.gguf]: what llama.cpp computes for the ids in a file, on the processor, without flash attention and with float32
 * keys and values: a row of logits for each id, or the one pooled embedding, or a reranker's score. Not part of the build:
 *     cc -I llama.cpp/include -I llama.cpp/ggml/include llama_logits.c libllama.a libggml.a libggml-cpu.a libggml-base.a -lstdc++ -lm -lgomp -lpthread */
#include "llama.h"

#include <stdio.h>
#include <string.h>

enum { MAX_IDS = 256 };

static int read_ids(const char *path, llama_token *ids) {
    FILE *file = fopen(path, "r");
    int n = 0;
    while (file && n < MAX_IDS && fscanf(file, "%d", &ids[n]) == 1)
        n++;
    if (file)
        fclose(file);
    return n;
}

static int compute(struct llama_context *context, llama_token *ids, int n, int n_vocab, int is_embedding, FILE *out, int n_embd) {
    struct llama_batch batch = llama_batch_init(n, 0, 1);
    for (int i = 0; i < n; i++) {
        batch.token[i] = ids[i];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = 1;
    }
    batch.n_tokens = n;
    if ((is_embedding && !llama_get_memory(context) ? llama_encode(context, batch) : llama_decode(context, batch)) != 0)
        return 0;
    if (is_embedding) {
        const float *row = llama_get_embeddings_seq(context, 0);
        return row && fwrite(row, sizeof *row, (size_t)n_embd, out) == (size_t)n_embd;
    }
    for (int i = 0; i < n; i++)
        if (fwrite(llama_get_logits_ith(context, i), sizeof(float), (size_t)n_vocab, out) != (size_t)n_vocab)
            return 0;
    return 1;
}

int main(int argc, char **argv) {
    llama_token ids[MAX_IDS];
    int n = argc >= 4 ? read_ids(argv[2], ids) : 0;
    int is_rank = argc == 5 && strcmp(argv[4], "rank") == 0, is_embedding = is_rank || (argc == 5 && strcmp(argv[4], "embed") == 0);
    if (n == 0)
        return 2;
    struct llama_model_params model_params = llama_model_default_params();
    struct llama_model *model = llama_model_load_from_file(argv[1], model_params);
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = 256;
    params.n_threads = params.n_threads_batch = 1;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.embeddings = is_embedding;
    if (is_rank)
        params.pooling_type = LLAMA_POOLING_TYPE_RANK;
    struct llama_context *context = model ? llama_init_from_model(model, params) : NULL;
    if (!context)
        return 1;
    if (argc == 6) {
        struct llama_adapter_lora *adapter = llama_adapter_lora_init(model, argv[5]);
        float scale = 1;
        if (!adapter || llama_set_adapters_lora(context, &adapter, 1, &scale) != 0)
            return 1;
    }
    const struct llama_vocab *vocab = llama_model_get_vocab(model);
    int n_embd = llama_pooling_type(context) == LLAMA_POOLING_TYPE_RANK ? (int)llama_model_n_cls_out(model) : llama_model_n_embd_out(model);
    FILE *out = fopen(argv[3], "wb");
    int ok = out && compute(context, ids, n, llama_vocab_n_tokens(vocab), is_embedding, out, n_embd);
    return out && fclose(out) == 0 && ok ? 0 : 1;
}
