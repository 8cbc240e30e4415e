/* Which files of a repository are meant by user/repo[:QUANT]: one GGUF file with all its parts, or the files of a folder in Hugging Face layout. */
#ifndef MOTE_STORE_HUB_CHOICE_H
#define MOTE_STORE_HUB_CHOICE_H

#include "store/hub_listing.h"
#include "store/hub_name.h"

typedef struct mote_hub_choice {
    size_t *files; /* [n], indices into the listing; of a split GGUF in the order of its parts; of a folder its config last */
    size_t n;
    bool is_folder;
    char quant[MOTE_HUB_QUANT_MAX + 1]; /* what names the choice behind the ':': "Q4_K_M", the file's name where no quant is in it, "" for a folder alone */
} mote_hub_choice;

/* With name->quant, the GGUF that carries it ("safetensors": the folder); among several the shortest name. Without: Q4_K_M, then Q4_0, Q8_0, the only GGUF, the folder.
 * MOTE_ERR_NOT_FOUND says what there is; MOTE_ERR_FORMAT where parts are missing; _ALLOC. */
MOTE_MUST_CHECK mote_status mote_hub_choice_make(const mote_hub_listing *listing, const mote_hub_name *name, mote_hub_choice *choice, mote_error *err);
void mote_hub_choice_free(mote_hub_choice *choice);

/* Every model of a listing, one after the other: `*cursor` starts at 0, and the choice after the last has no files. Each GGUF is one (with its parts, if they are all there), then
 * the folder. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_hub_choice_next(const mote_hub_listing *listing, size_t *cursor, mote_hub_choice *choice, mote_error *err);

#endif
