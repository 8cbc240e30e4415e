#include <mote/version.h>

const char *mote_version(void) {
    return MOTE_VERSION;
}
