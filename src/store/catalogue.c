/* Reading the catalogue. It is our own file, but it is read with the same care as any other. */
#include "store/catalogue.h"

#include "base/error.h"

static const char *text_of(const mote_json *model, const char *key) {
    const char *text = mote_json_text(mote_json_get(model, key));
    return text ? text : "";
}

mote_status mote_catalogue_open(mote_catalogue *c, mote_error *err) {
    mote_status status = mote_json_parse(mote_catalogue_data, mote_catalogue_data_bytes, &c->root, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "catalogue of models");
    return status;
}

void mote_catalogue_close(mote_catalogue *c) {
    mote_json_free(&c->root);
}

static const mote_json *models(const mote_catalogue *c) {
    return mote_json_get(c->root, "models");
}

size_t mote_catalogue_count(const mote_catalogue *c) {
    return mote_json_length(models(c));
}

mote_catalogue_entry mote_catalogue_at(const mote_catalogue *c, size_t i) {
    const mote_json *model = mote_json_at(models(c), i);
    return (mote_catalogue_entry){
        .name = text_of(model, "name"),
        .sha256 = text_of(model, "sha256"),
        .licence = text_of(model, "licence"),
        .bytes = (uint64_t)mote_json_integer(mote_json_get(model, "bytes"), 0),
        .is_default = mote_json_bool(mote_json_get(model, "default"), false),
        .is_folder = strcmp(text_of(model, "kind"), "folder") == 0,
        .packages = mote_json_get(model, "packages"),
    };
}

bool mote_catalogue_find(const mote_catalogue *c, const char *name, mote_catalogue_entry *entry) {
    for (size_t i = 0; i < mote_catalogue_count(c); i++) {
        *entry = mote_catalogue_at(c, i);
        if (strcmp(entry->name, name) == 0)
            return true;
    }
    return false;
}

const char *mote_catalogue_default(const mote_catalogue *c) {
    for (size_t i = 0; i < mote_catalogue_count(c); i++) {
        mote_catalogue_entry entry = mote_catalogue_at(c, i);
        if (entry.is_default)
            return entry.name;
    }
    return "";
}
