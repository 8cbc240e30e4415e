/* Fills a mote_error and hands its status back, so that a failure is one statement:
 *     return mote_error_set(err, MOTE_ERR_FORMAT, "%s: tensor '%s' ends past the file", path, name); */
#ifndef MOTE_BASE_ERROR_H
#define MOTE_BASE_ERROR_H

#include <mote/status.h>

/* err may be NULL. Bytes that are not printable are replaced: messages can quote hostile input. */
mote_status mote_error_set(mote_error *err, mote_status status, const char *fmt, ...) MOTE_PRINTF(3, 4);

/* Puts "prefix: " before the message that is already there. */
void mote_error_prefix(mote_error *err, const char *fmt, ...) MOTE_PRINTF(2, 3);

/* MOTE_ERR_ALLOC with the size that could not be had. */
mote_status mote_error_alloc(mote_error *err, size_t n_bytes);

#define MOTE_TRY(call)                    \
    do {                                  \
        mote_status try_status_ = (call); \
        if (try_status_ != MOTE_OK)       \
            return try_status_;           \
    } while (0)

/* The same in a function with a `done:` label and a `status` variable. */
#define MOTE_TRY_DONE(call)    \
    do {                       \
        status = (call);       \
        if (status != MOTE_OK) \
            goto done;         \
    } while (0)

#endif
