/* Where models lie: the folder of models, and the names in it. */
#ifndef MOTE_STORE_PLACES_H
#define MOTE_STORE_PLACES_H

#include <mote/status.h>

#include <stdbool.h>

enum { MOTE_PLACES_MAX_NAME = 64 };

/* $MOTE_MODELS, else $XDG_DATA_HOME/mote/models, else ~/.local/share/mote/models. *path: free with mote_mem_free. MOTE_ERR_NOT_FOUND where none of the variables is set. */
MOTE_MUST_CHECK mote_status mote_places_folder(char **path, mote_error *err);
/* $XDG_CACHE_HOME/mote/NAME, else ~/.cache/mote/NAME. *path: free with mote_mem_free; NULL where neither variable is set. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_places_cache(const char *name, char **path, mote_error *err);
/* a-z, 0-9, '.', '_', '-'; begins with a letter or digit: never a path. */
bool mote_places_is_name(const char *name);
/* "FOLDER/NAME" + suffix; free with mote_mem_free; NULL without memory. */
char *mote_places_join(const char *folder, const char *name, const char *suffix);
/* The file or folder of an installed model (of a split one, in a folder of its own, the first part), or NULL; free with mote_mem_free. */
char *mote_places_find(const char *folder, const char *name);

#endif
