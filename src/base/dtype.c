#include "base/dtype.h"

#include <strings.h>

const mote_dtype_info *mote_dtype_get(int type) {
    switch (type) {
#define MOTE_DTYPE_CASE(name, number, text, len, bytes)                    \
    case number: {                                                         \
        static const mote_dtype_info info = {text, len, bytes, (len) > 1}; \
        return &info;                                                      \
    }
        MOTE_DTYPE_MAP(MOTE_DTYPE_CASE)
#undef MOTE_DTYPE_CASE
    default:
        return NULL;
    }
}

mote_dtype mote_dtype_from_name(const char *name) {
#define MOTE_DTYPE_NAME(id, number, text, len, bytes) \
    if (strcasecmp(name, text) == 0)                  \
        return MOTE_DTYPE_##id;
    MOTE_DTYPE_MAP(MOTE_DTYPE_NAME)
#undef MOTE_DTYPE_NAME
    return MOTE_DTYPE_NONE;
}

size_t mote_dtype_row_bytes(mote_dtype type, size_t n) {
    const mote_dtype_info *info = mote_dtype_get(type);
    return info ? n / info->block_len * info->block_bytes : 0;
}
