/* Names of models on a hub: user/repo[:QUANT][@REVISION], perhaps behind hf.co/ or https://huggingface.co/. */
#ifndef MOTE_STORE_HUB_NAME_H
#define MOTE_STORE_HUB_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum {
    MOTE_HUB_NAME_MAX = 96,      /* of user and of repo: the hub's own limit */
    MOTE_HUB_QUANT_MAX = 128,    /* Q4_K_M, or a file's whole name */
    MOTE_HUB_REVISION_MAX = 128, /* a branch, a tag, or a commit */
    MOTE_HUB_TEXT_MAX = 2 * MOTE_HUB_NAME_MAX + MOTE_HUB_QUANT_MAX + MOTE_HUB_REVISION_MAX + 4
};

typedef struct mote_hub_name {
    char user[MOTE_HUB_NAME_MAX + 1], repo[MOTE_HUB_NAME_MAX + 1];
    char quant[MOTE_HUB_QUANT_MAX + 1];       /* as it was typed; "" for none */
    char revision[MOTE_HUB_REVISION_MAX + 1]; /* "main" where none is given */
} mote_hub_name;

/* False if the text is no such name. Nothing that is accepted can leave a folder or an address: no "..", no empty part, none but letters, digits and "._-+" (and '/' in a
 * revision). Without a prefix, what ends in .gguf or .safetensors is a file's path and no name. */
bool mote_hub_name_parse(const char *text, mote_hub_name *name);

/* user/repo[:QUANT][@REVISION], the revision only where it isn't "main". */
void mote_hub_name_write(const mote_hub_name *name, char text[MOTE_HUB_TEXT_MAX + 1]);

#endif
