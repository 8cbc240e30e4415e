/* When to try again: after what may pass (a lost connection, 408, 429, 5xx), a bounded number of times, with growing pauses. */
#ifndef MOTE_STORE_HUB_RETRY_H
#define MOTE_STORE_HUB_RETRY_H

#include "store/hub_answer.h"

#include <mote/status.h>

typedef struct mote_hub_retry {
    int n_failures; /* in a row; a download that got further sets it to 0 */
    int n_attempts; /* in all */
    bool is_cancelled;
    bool (*go_on)(void *context);
    void *context;
} mote_hub_retry;

/* Whether the failure may pass by itself. */
bool mote_hub_retry_is_worth(mote_status status, const mote_hub_answer *answer);

/* Pauses, at least as long as the answer asks. False if there is no more patience, or go_on said no (is_cancelled). */
bool mote_hub_retry_wait(mote_hub_retry *retry, const mote_hub_answer *answer);

#endif
