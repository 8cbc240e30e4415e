/*
 * tokens [MODEL] [TEXT]: shows how a model cuts a text into tokens, and that the tokens give the text back.
 */
#include <mote/mote.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77 }; /* what a test runner takes for "not here" */

static mote_status show(const char *path, const char *text, bool *same, mote_error *err) {
    mote_tokenizer *tokenizer = NULL;
    int32_t *ids = NULL;
    char *back = NULL;
    size_t n_ids = 0, back_bytes = 0;

    mote_status status = mote_tokenizer_open(path, &tokenizer, err); /* the vocabulary only, no weights */
    if (status != MOTE_OK)
        goto done;
    if ((status = mote_tokenize(tokenizer, text, strlen(text), 0, &ids, &n_ids, err)) != MOTE_OK)
        goto done;
    printf("%s vocabulary of %d tokens; %zu bytes are %zu tokens:\n", mote_tokenizer_kind(tokenizer), mote_tokenizer_n_tokens(tokenizer), strlen(text), n_ids);
    for (size_t i = 0; i < n_ids; i++)
        printf("%8d  %s\n", ids[i], mote_tokenizer_text(tokenizer, ids[i]));
    if ((status = mote_detokenize(tokenizer, ids, n_ids, false, &back, &back_bytes, err)) != MOTE_OK)
        goto done;
    *same = back_bytes == strlen(text) && memcmp(back, text, back_bytes) == 0;
    printf("%s\n", *same ? "and back: the same text" : back);

done:
    mote_free(back);
    mote_free(ids);
    mote_tokenizer_free(&tokenizer);
    return status;
}

int main(int argc, char **argv) {
    mote_error err = {0};
    char *path = NULL;
    bool same = false;
    mote_status status = mote_store_resolve(argc > 1 ? argv[1] : NULL, &path, &err);
    if (status == MOTE_ERR_NOT_FOUND && argc < 2) {
        fprintf(stderr, "skipped: %s\n", err.message);
        return SKIPPED;
    }
    if (status == MOTE_OK)
        status = show(path, argc > 2 ? argv[2] : "Pump P-3 leaks: 20 drops a minute, 71 °C.", &same, &err);
    if (status != MOTE_OK)
        fprintf(stderr, "%s\n", err.message);
    mote_free(path);
    return status == MOTE_OK && same ? EXIT_SUCCESS : EXIT_FAILURE;
}
