/* The catalogue of known models (data/catalogue.json, carried inside the library): name, source, size, SHA-256, licence. */
#ifndef MOTE_STORE_CATALOGUE_H
#define MOTE_STORE_CATALOGUE_H

#include "base/buffer.h"
#include "formats/json.h"

/* The file's bytes, put in by cmake/catalogue.cmake. */
extern const char mote_catalogue_data[];
extern const size_t mote_catalogue_data_bytes;

typedef struct mote_catalogue {
    mote_json *root;
} mote_catalogue;

/* Texts are borrowed from the catalogue; "" or 0 where the file says nothing. */
typedef struct mote_catalogue_entry {
    const char *name, *sha256, *licence;
    uint64_t bytes; /* of the file; of model.safetensors where the model is a folder */
    bool is_default, is_folder;
    const mote_json *packages;
} mote_catalogue_entry;

MOTE_MUST_CHECK mote_status mote_catalogue_open(mote_catalogue *c, mote_error *err);
void mote_catalogue_close(mote_catalogue *c);
size_t mote_catalogue_count(const mote_catalogue *c);
mote_catalogue_entry mote_catalogue_at(const mote_catalogue *c, size_t i);
/* False if there is no such name. */
bool mote_catalogue_find(const mote_catalogue *c, const char *name, mote_catalogue_entry *entry);
/* The name of the default model; "" if none. */
const char *mote_catalogue_default(const mote_catalogue *c);

#endif
