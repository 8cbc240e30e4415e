#include "base/error.h"
#include "text/tokenizer.h"
mote_status mote_tokenizer_from_folder(const char *folder, mote_tokenizer **tokenizer, mote_error *err) {
    *tokenizer = NULL;
    return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s: no tokenizer", folder);
}
