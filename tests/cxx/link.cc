// The public API from C++: the headers are seen as C, and the library links.
#include <mote/mote.h>

#include <cstdio>
#include <cstring>

int main() {
    if (std::strcmp(mote_version(), MOTE_VERSION) != 0) {
        std::fprintf(stderr, "linked %s, compiled against %s\n", mote_version(), MOTE_VERSION);
        return 1;
    }
    mote_template *tmpl = nullptr;
    mote_error err = {};
    if (mote_template_parse("{% if %}", 8, &tmpl, &err) == MOTE_OK || tmpl || !err.message[0]) {
        std::fprintf(stderr, "a broken template was accepted\n");
        return 1;
    }
    return 0;
}
