#include "fuzz/mutate_peft.h"

#include "fuzz/mutate_json.h"
#include "fuzz/mutate_safetensors.h"

enum { LENGTH_BYTES = 4 };

bool mutate_peft(mutate *m, mutate_span in, mote_buffer *out) {
    uint64_t n = in.len >= LENGTH_BYTES ? mutate_load(in.data, LENGTH_BYTES) : UINT64_MAX;
    if (n > in.len - LENGTH_BYTES || in.len < LENGTH_BYTES)
        return false;
    mutate_span config = {in.data + LENGTH_BYTES, n}, tensors = {in.data + LENGTH_BYTES + n, in.len - LENGTH_BYTES - n};
    bool changes_config = mutate_one_in(m, 2), ok = true;
    mutate_put_integer(out, n, LENGTH_BYTES);
    if (changes_config)
        ok = mutate_json(m, config, out);
    else
        mutate_put(out, config.data, config.len);
    if (!ok || out->len < LENGTH_BYTES)
        return false;
    mutate_store((uint8_t *)out->data, out->len - LENGTH_BYTES, LENGTH_BYTES);
    if (changes_config && !mutate_one_in(m, 4)) {
        mutate_put(out, tensors.data, tensors.len);
        return true;
    }
    mote_buffer changed; /* its own: lengths inside count from its beginning */
    mote_buffer_init(&changed, out->max_bytes);
    ok = mutate_safetensors(m, tensors, &changed);
    mutate_put(out, changed.data, changed.len);
    mote_buffer_deinit(&changed);
    return ok;
}
