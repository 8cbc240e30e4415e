#include "model/family.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const mote_family *rows;
    const size_t *n;
} KINDS[] = {{mote_family_decoders, &mote_family_n_decoders}, {mote_family_encoders, &mote_family_n_encoders}};

enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

const mote_family *mote_family_by_gguf_name(const char *name, size_t len) {
    for (size_t k = 0; k < N_KINDS; k++)
        for (size_t i = 0; i < *KINDS[k].n; i++) {
            const char *row = KINDS[k].rows[i].name;
            if (strlen(row) == len && memcmp(row, name, len) == 0)
                return &KINDS[k].rows[i];
        }
    return NULL;
}

static const mote_family *find_hf_type(const char *type, bool encodes_by_decoder) {
    for (size_t k = 0; k < N_KINDS; k++)
        for (size_t i = 0; i < *KINDS[k].n; i++) {
            const mote_family *row = &KINDS[k].rows[i];
            for (size_t j = 0; j < sizeof row->hf_types / sizeof *row->hf_types && row->hf_types[j]; j++)
                if (row->encodes_by_decoder == encodes_by_decoder && strcmp(row->hf_types[j], type) == 0)
                    return row;
        }
    return NULL;
}

const mote_family *mote_family_by_hf_type(const char *type) {
    return find_hf_type(type, false);
}

const mote_family *mote_family_both_ways(const char *type) {
    return find_hf_type(type, true);
}

const mote_tensor_name *mote_family_name_of(const mote_family *family, mote_slot slot) {
    for (size_t i = 0; i < family->n_names; i++)
        if (family->names[i].slot == slot)
            return &family->names[i];
    return NULL;
}

bool mote_family_is_named(const mote_family *family, const mote_tensor_name *name, bool has_experts) {
    bool is_ffn = name->slot == MOTE_SLOT_GATE || name->slot == MOTE_SLOT_UP || name->slot == MOTE_SLOT_DOWN;
    const mote_tensor_name *chosen = NULL;
    for (size_t i = 0; i < family->n_names; i++)
        if (family->names[i].slot == name->slot && family->names[i].gguf && (!chosen || (is_ffn && has_experts)))
            chosen = &family->names[i];
    return chosen && name->gguf && strcmp(chosen->gguf, name->gguf) == 0;
}

bool mote_family_format(const mote_tensor_name *name, bool is_gguf, uint32_t layer, uint32_t expert, char *out, size_t n_bytes) {
    const char *format = is_gguf ? name->gguf : name->hf;
    if (!format)
        return false;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
    int n = snprintf(out, n_bytes, format, (unsigned)layer, (unsigned)expert);
#pragma GCC diagnostic pop
    return n > 0 && (size_t)n < n_bytes;
}
