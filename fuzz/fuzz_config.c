/* Hyper-parameters from the bytes of a config.json. */
#include "formats/json.h"
#include "model/hparams.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    mote_error err = {0};
    mote_json *config = NULL;
    if (mote_json_parse((const char *)data, n_bytes, &config, &err) != MOTE_OK)
        return 0;
    static mote_hparams h;
    if (mote_hparams_from_config(config, &h, &err) == MOTE_OK && mote_hparams_check(&h, &err) != MOTE_OK)
        __builtin_trap(); /* what was accepted is consistent */
    mote_json_free(&config);
    return 0;
}
