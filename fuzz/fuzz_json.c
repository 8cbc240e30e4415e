/* JSON: what is accepted is written, read again and written again; both texts must be the same. */
#include "formats/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    mote_json *v = NULL, *again = NULL;
    mote_error err = {0};
    if (mote_json_parse((const char *)data, n_bytes, &v, &err) != MOTE_OK) {
        if (v || !strstr(err.message, "JSON"))
            __builtin_trap();
        return 0;
    }
    mote_buffer first, second;
    mote_buffer_init(&first, 1 << 28);
    mote_buffer_init(&second, 1 << 28);
    if (mote_json_write(&first, v) != MOTE_OK || mote_json_parse(first.data, first.len, &again, &err) != MOTE_OK || mote_json_write(&second, again) != MOTE_OK ||
        !mote_str_equal(mote_buffer_str(&first), mote_buffer_str(&second)))
        __builtin_trap();
    mote_buffer_deinit(&first);
    mote_buffer_deinit(&second);
    mote_json_free(&v);
    mote_json_free(&again);
    return 0;
}
