/* The version this header belongs to, and the one that is linked. */
#ifndef MOTE_VERSION_H
#define MOTE_VERSION_H

#include <mote/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOTE_VERSION_MAJOR 0
#define MOTE_VERSION_MINOR 1
#define MOTE_VERSION_PATCH 0
#define MOTE_VERSION "0.1.0"

/* "MAJOR.MINOR.PATCH" of the linked library; static storage. */
MOTE_API const char *mote_version(void);

#ifdef __cplusplus
}
#endif

#endif
