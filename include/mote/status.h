/*
 * Status codes and error details.
 *
 * Every fallible function returns a mote_status and takes, as its last argument, an optional mote_error that receives
 * what went wrong and where (file, field, offset, flag). A mote_error is caller storage; nothing in it needs freeing.
 *
 *     mote_error err = {0};
 *     if (mote_model_open(path, NULL, &model, &err) != MOTE_OK)
 *         fprintf(stderr, "%s\n", err.message);
 */
#ifndef MOTE_STATUS_H
#define MOTE_STATUS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(MOTE_BUILDING) && defined(__GNUC__)
#define MOTE_API __attribute__((visibility("default")))
#else
#define MOTE_API
#endif

#if defined(__GNUC__)
#define MOTE_MUST_CHECK __attribute__((warn_unused_result))
#define MOTE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define MOTE_MUST_CHECK
#define MOTE_PRINTF(fmt, args)
#endif

/* X(name, value, text) */
#define MOTE_STATUS_MAP(X)                           \
    X(MOTE_OK, 0, "done")                            \
    X(MOTE_ERR_FAILED, -1, "failed")                 \
    X(MOTE_ERR_ARGUMENT, -2, "invalid argument")     \
    X(MOTE_ERR_UNSUPPORTED, -3, "not supported")     \
    X(MOTE_ERR_ALLOC, -4, "out of memory")           \
    X(MOTE_ERR_BUDGET, -5, "over the memory budget") \
    X(MOTE_ERR_IO, -6, "input or output failed")     \
    X(MOTE_ERR_NOT_FOUND, -7, "not found")           \
    X(MOTE_ERR_FORMAT, -8, "malformed data")         \
    X(MOTE_ERR_LIMIT, -9, "a limit was exceeded")    \
    X(MOTE_ERR_CONTEXT, -10, "the context is full")  \
    X(MOTE_ERR_CANCELLED, -11, "cancelled")          \
    X(MOTE_ERR_TEMPLATE, -12, "the template raised an error")

typedef enum mote_status {
#define MOTE_STATUS_ENUM(name, value, text) name = value,
    MOTE_STATUS_MAP(MOTE_STATUS_ENUM)
#undef MOTE_STATUS_ENUM
} mote_status;

#define MOTE_ERROR_MESSAGE_BYTES 512

typedef struct mote_error {
    mote_status status;
    char message[MOTE_ERROR_MESSAGE_BYTES]; /* NUL-terminated UTF-8, one line, empty when nothing went wrong */
} mote_error;

/* The short English text of a status; never NULL, static storage. */
MOTE_API const char *mote_status_text(mote_status status);

#ifdef __cplusplus
}
#endif

#endif
