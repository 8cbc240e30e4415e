#include "store/hub_retry.h"

#include <time.h>

enum {
    MAX_FAILURES = 6,      /* in a row: five pauses, three seconds */
    MAX_ATTEMPTS = 1000,   /* even where each gets a little further */
    FIRST_PAUSE_MS = 50,   /* a cut connection can be made again at once */
    PAUSE_MS = 200,        /* doubled from failure to failure */
    MAX_ASKED_SECONDS = 60 /* a server that wants more patience than this is left alone, and its wish told */
};

bool mote_hub_retry_is_worth(mote_status status, const mote_hub_answer *answer) {
    if (status != MOTE_OK)
        return status == MOTE_ERR_IO && answer->is_passing;
    return answer->code == 408 || answer->code == 429 || answer->code >= 500;
}

bool mote_hub_retry_wait(mote_hub_retry *retry, const mote_hub_answer *answer) {
    retry->n_failures++;
    retry->n_attempts++;
    if (retry->n_failures >= MAX_FAILURES || retry->n_attempts >= MAX_ATTEMPTS || answer->retry_after > MAX_ASKED_SECONDS)
        return false;
    long ms = retry->n_failures == 1 ? FIRST_PAUSE_MS : (long)PAUSE_MS << (retry->n_failures - 2);
    if (ms < 1000L * (long)answer->retry_after)
        ms = 1000L * (long)answer->retry_after;
    for (; ms > 0; ms -= 100) {
        long piece = ms < 100 ? ms : 100;
        retry->is_cancelled = retry->go_on && !retry->go_on(retry->context);
        if (retry->is_cancelled)
            return false;
        nanosleep(&(struct timespec){0, piece * 1000000}, NULL);
    }
    return true;
}
