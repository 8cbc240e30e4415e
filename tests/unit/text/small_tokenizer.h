/* A byte-level tokenizer with merges that cross what grammars are made of: quotes with letters, commas with quotes, brackets with brackets. */
#ifndef MOTE_TESTS_SMALL_TOKENIZER_H
#define MOTE_TESTS_SMALL_TOKENIZER_H

#include "formats/json.h"
#include "text/tokenizer_json.h"
#include "text/unicode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Left and right of each, in the order of their ranks. Space is spelled as in GPT-2's alphabet. */
static const char *const small_merges[] = {
    "{ \"", "\" :",  "\" ,",   "\": \\u0120", ", \\u0120",       "\", \\u0120",  "\\u0120 \"",      "\": \\u0120\"",          "} }",    "[ [",  "] ]",  "a b",
    "ab c", "n a",   "na m",   "nam e",       "name \":",        "abc \"",       "\\u00c3 \\u00a9", "\\u00c3\\u00a9 a",       "1 2",    "12 3", "\" }", "\"} ,",
    "t r",  "tr u",  "tru e",  "\\u0120 a",   "\\u010a \\u010a", "\" name",      "\\u0120 \\u0120", "\\u0120\\u0120 \\u0120", "{\" na", "y e",  "ye s", "- \\u0120",
    ") )",  "a \":", "a\": 1", ", \"",        "a\":1 ,\"",       "a\":1,\" a\":"};

/* without: bytes that are no tokens. Token 0 ends a generation, token 1 is a control token. NULL: no memory. */
static inline mote_tokenizer *small_tokenizer(const char *without) {
    enum { CAPACITY = 1 << 16, N_MERGES = sizeof small_merges / sizeof *small_merges };
    char *json = malloc(CAPACITY);
    size_t n = 0;
    int id = 2;
#define ADD(...) (n += (size_t)snprintf(json + n, CAPACITY - n, __VA_ARGS__))
    ADD("{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false},\"decoder\":{\"type\":\"ByteLevel\"},\"added_tokens\":[{\"id\":0,\"content\":"
        "\"<|im_end|>\","
        "\"special\":true},{\"id\":1,\"content\":\"<x>\",\"special\":true}],\"model\":{\"type\":\"BPE\",\"vocab\":{\"<|im_end|>\":0,\"<x>\":1");
    for (unsigned b = 0; b < 256; b++)
        if (!memchr(without, (int)b, strlen(without)))
            ADD(",\"\\u%04x\":%d", mote_unicode_of_byte((uint8_t)b), id++);
    for (size_t i = 0; i < N_MERGES; i++) {
        const char *space = strchr(small_merges[i], ' ');
        ADD(",\"");
        for (const char *p = small_merges[i]; *p; p++)
            if (p != space)
                ADD(*p == '"' ? "\\\"" : "%c", *p);
        ADD("\":%d", id++);
    }
    ADD("},\"merges\":[");
    for (size_t i = 0; i < N_MERGES; i++) {
        ADD(i ? ",\"" : "\"");
        for (const char *p = small_merges[i]; *p; p++)
            ADD(*p == '"' ? "\\\"" : "%c", *p);
        ADD("\"");
    }
    ADD("]}}");
#undef ADD
    mote_json *root = NULL;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    mote_status status = mote_json_parse(json, n, &root, &err);
    if (status == MOTE_OK)
        status = mote_tokenizer_create(&t, &err);
    if (status == MOTE_OK)
        status = mote_tokenizer_json_load(t, root, &err);
    if (status == MOTE_OK) {
        mote_tokenizer_add_end(t, 0);
        status = mote_tokenizer_finish(t, false, &err);
    }
    if (status != MOTE_OK) {
        fprintf(stderr, "small tokenizer: %s\n", err.message);
        mote_tokenizer_free(&t);
    }
    mote_json_free(&root);
    free(json);
    return t;
}

#endif
