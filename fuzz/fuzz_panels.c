/* Headers of packed weights: read as of a file of the length that they ask for, so that their items are reached; every item must lie inside of the body, behind the one before.
 * What is read is written again, and must be the same bytes. */
#include "base/mem.h"
#include "formats/panels.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    mote_panels p;
    mote_error err = {0};
    uint64_t body_bytes = 0, end = 0;
    for (size_t i = 0; n_bytes >= 88 && i < 8; i++)
        body_bytes |= (uint64_t)data[80 + i] << (8 * i);
    if (mote_panels_parse(data, n_bytes, MOTE_PANELS_BODY_AT + body_bytes, &p, &err) != MOTE_OK) {
        if (p.items || !err.message[0])
            __builtin_trap();
        return 0;
    }
    for (size_t i = 0; i < p.n_items; i++) {
        if (p.items[i].offset < end || p.items[i].offset > p.body_bytes || p.items[i].n_bytes > p.body_bytes - p.items[i].offset)
            __builtin_trap();
        end = p.items[i].offset + p.items[i].n_bytes;
    }
    size_t n_header = mote_panels_header_bytes(p.n_items);
    uint8_t *again = mote_mem_alloc(n_header);
    if (again) {
        mote_panels_write_header(&p, again);
        if (memcmp(again, data, n_header) != 0)
            __builtin_trap();
    }
    mote_mem_free(again);
    mote_mem_free(p.items);
    return 0;
}
