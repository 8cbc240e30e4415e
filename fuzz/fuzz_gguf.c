/* GGUF: opens the bytes; of a file that is accepted everything is read once: values through every getter, arrays item by item, tensors to their last byte. */
#include "formats/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static volatile uint64_t sink; /* keeps the reads */

static void read_value(const mote_gguf *g, const mote_gguf_value *v) {
    mote_error err;
    char key[64] = "";
    uint32_t u = 0;
    uint64_t u64 = 0, cursor = 0;
    float f = 0;
    bool b = false;
    mote_str s = {0};
    memcpy(key, v->key.data, v->key.len < sizeof key ? v->key.len : sizeof key - 1);
    sink += (uint64_t)mote_gguf_get_u32(g, key, true, &u, &err) + (uint64_t)mote_gguf_get_u64(g, key, true, &u64, &err) + (uint64_t)mote_gguf_get_f32(g, key, true, &f, &err) +
            (uint64_t)mote_gguf_get_bool(g, key, true, &b, &err) + (uint64_t)mote_gguf_get_string(g, key, true, &s, &err) + u + u64 + b + (f > 0);
    for (size_t i = 0; i < s.len; i++)
        sink += (uint8_t)s.data[i];
    int64_t x = 0;
    for (uint64_t i = 0; v->type == MOTE_GGUF_ARRAY && v->item_type != MOTE_GGUF_STRING && i <= v->n_items; i++)
        sink += (uint64_t)mote_gguf_item_integer(v, i, &x) + mote_gguf_item_float(v, i, &f) + (uint64_t)x;
    while (mote_gguf_next_string(v, &cursor, &s))
        sink += s.len ? (uint8_t)s.data[s.len - 1] : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    mote_gguf *g = NULL;
    mote_error err = {0};
    if (mote_gguf_open_memory(data, n_bytes, "fuzz", &g, &err) != MOTE_OK) {
        if (g || !err.message[0] || err.status == MOTE_OK)
            __builtin_trap(); /* a refusal leaves nothing behind and says why */
        return 0;
    }
    for (size_t i = 0; i < mote_gguf_n_values(g); i++)
        read_value(g, mote_gguf_value_at(g, i));
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(g, i);
        for (uint64_t j = 0; j < t->n_bytes; j++)
            sink += t->data[j];
    }
    mote_gguf_close(&g);
    return 0;
}
