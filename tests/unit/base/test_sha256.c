/* SHA-256 against the known answers of FIPS 180-4's examples and of NIST's short-message vectors. */
#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void digest_of(const void *data, size_t len, size_t piece, char hex[65]) {
    mote_sha256 s;
    uint8_t digest[32];
    mote_sha256_init(&s);
    for (size_t at = 0; at < len; at += piece)
        mote_sha256_update(&s, (const char *)data + at, len - at < piece ? len - at : piece);
    mote_sha256_final(&s, digest);
    mote_sha256_hex(digest, hex);
}

static void known_answers(void **state) {
    (void)state;
    static const char *const answers[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    char hex[65];
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        digest_of(answers[i][0], strlen(answers[i][0]), 1000, hex);
        assert_string_equal(hex, answers[i][1]);
    }
}

static void million_letters(void **state) {
    (void)state;
    static char text[1000000];
    char hex[65];
    memset(text, 'a', sizeof text);
    digest_of(text, sizeof text, 4096, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* What this CPU has against the plain form, over states and blocks of all kinds. */
static void instructions_change_nothing(void **state) {
    (void)state;
#if defined(__x86_64__)
    if (!mote_sha256_has_shani())
        skip();
    uint8_t blocks[5 * 64];
    uint32_t seed = 1, a[8], b[8];
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof blocks; i++)
            blocks[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
        for (int i = 0; i < 8; i++)
            a[i] = b[i] = seed = seed * 1664525 + 1013904223;
        mote_sha256_compress_c(a, blocks, (size_t)round % 6);
        mote_sha256_compress_shani(b, blocks, (size_t)round % 6);
        assert_memory_equal(a, b, sizeof a);
    }
#else
    skip();
#endif
}

static void pieces_do_not_matter(void **state) {
    (void)state;
    char text[300], whole[65], hex[65];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    for (size_t len = 0; len <= sizeof text; len += 13) {
        digest_of(text, len, sizeof text, whole);
        for (size_t piece = 1; piece < 130; piece += 9) {
            digest_of(text, len, piece, hex);
            assert_string_equal(hex, whole);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(million_letters),
        cmocka_unit_test(instructions_change_nothing),
        cmocka_unit_test(pieces_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
