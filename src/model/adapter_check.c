/* Adapters and control vectors on disk, checked without loading a model. */
#include "base/error.h"
#include "base/mem.h"
#include "model/adapter.h"

#include <stdio.h>
#include <stdlib.h>

static mote_status check_against(const mote_adapter_source *s, const mote_source *base, mote_error *err) {
    mote_adapter_base b = {.h = &base->h, .path = base->path};
    return mote_adapter_check_base(s, &b, err);
}

mote_status mote_adapter_check(const mote_gguf *g, const mote_source *base, mote_error *err) {
    mote_adapter_source s = {.gguf = (mote_gguf *)(uintptr_t)g};
    mote_status status = mote_adapter_gguf_read(&s, err);
    if (status == MOTE_OK && base)
        status = check_against(&s, base, err);
    mote_mem_free(s.modules);
    return status;
}

mote_status mote_adapter_check_path(const char *path, const mote_source *base, mote_error *err) {
    mote_adapter_source s;
    MOTE_TRY(mote_adapter_source_open(path, &s, err));
    mote_status status = base ? check_against(&s, base, err) : MOTE_OK;
    mote_adapter_source_close(&s);
    return status;
}

mote_status mote_adapter_check_control_vector(const mote_gguf *g, mote_error *err) {
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(g, i);
        char name[64], *end;
        snprintf(name, sizeof name, "%.*s", MOTE_STR_ARGS(t->name));
        const char *digits = strncmp(name, "direction.", 10) == 0 ? name + 10 : "";
        unsigned long layer = *digits >= '0' && *digits <= '9' ? strtoul(digits, &end, 10) : 0;
        if (layer < 1 || layer >= MOTE_HPARAMS_MAX_LAYERS || *end != 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "control vector tensor '%s': no direction of a layer between 1 and %d", name, MOTE_HPARAMS_MAX_LAYERS - 1);
    }
    return MOTE_OK;
}
