/* Chat templates: the bytes up to the first NUL are the template, the rest the variables (a small conversation if there is none). */
#include "base/mem.h"

#include <mote/template.h>

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static volatile size_t sink; /* keeps the reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    static const char conversation[] = "{\"messages\":[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\",\"content\":\"h\\u00e9 \\n\",\"n\":[1,2.5,null,true]}],"
                                       "\"tools\":[{\"name\":\"f\",\"big\":123456789012345678901}],\"bos_token\":\"<s>\",\"now\":\"2026-03-05T14:30:00\"}";
    const char *source = (const char *)data, *end = n_bytes ? memchr(data, 0, n_bytes) : NULL;
    size_t n_source = end ? (size_t)(end - source) : n_bytes, n_json = end ? n_bytes - n_source - 1 : sizeof conversation - 1;
    mote_error err = {0};
    mote_template *t = NULL;
    char *text = NULL;
    size_t n = 0;
    if (mote_template_parse(source, n_source, &t, &err) != MOTE_OK)
        return 0;
    if (mote_template_render(t, end ? end + 1 : conversation, n_json, &text, &n, &err) == MOTE_OK)
        sink += n + (n ? (unsigned char)text[n - 1] : 0);
    mote_mem_free(text);
    mote_template_free(&t);
    return 0;
}
