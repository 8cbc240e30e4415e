/*
 * Checking files from outside: reads one completely and says "ok" or what is wrong and where. Never dies, whatever the bytes.
 */
#ifndef MOTE_CHECK_H
#define MOTE_CHECK_H

#include <mote/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* kind: "gguf", "safetensors", "json", "template" ("jinja"), "panels" (a file of the cache of packed weights), or NULL: by the file's name. A folder is checked as a model. base:
 * the model that an adapter belongs to, or NULL. MOTE_OK, MOTE_ERR_FORMAT, _LIMIT, _UNSUPPORTED (kind or content, named), _NOT_FOUND, _IO, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_check_file(const char *path, const char *kind, const char *base, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
