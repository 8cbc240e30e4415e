/* UTF-8 and the character classes that splitters ask for. Malformed bytes are never lost: each is a character of its own, MOTE_UNICODE_BAD. */
#ifndef MOTE_TEXT_UNICODE_H
#define MOTE_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOTE_UNICODE_BAD 0x110000u /* one byte that belongs to no well-formed character */

/* Sets of general categories: bit i is utf8proc's category i. Bit 31 is the property White_Space. */
#define MOTE_UNICODE_LU (1u << 1)
#define MOTE_UNICODE_LL (1u << 2)
#define MOTE_UNICODE_LT (1u << 3)
#define MOTE_UNICODE_LM (1u << 4)
#define MOTE_UNICODE_LO (1u << 5)
#define MOTE_UNICODE_MN (1u << 6)
#define MOTE_UNICODE_L (0x1fu << 1)
#define MOTE_UNICODE_M (0x7u << 6)
#define MOTE_UNICODE_ND (1u << 9)
#define MOTE_UNICODE_NL (1u << 10)
#define MOTE_UNICODE_N (0x7u << 9)
#define MOTE_UNICODE_PC (1u << 12)
#define MOTE_UNICODE_P (0x7fu << 12)
#define MOTE_UNICODE_S (0xfu << 19)
#define MOTE_UNICODE_CC (1u << 26)
#define MOTE_UNICODE_CF (1u << 27)
#define MOTE_UNICODE_CO (1u << 29)
#define MOTE_UNICODE_SPACE (1u << 31)

/* Reads the character at s (len >= 1): returns its bytes (1 to 4). Overlong forms, surrogates and cut characters are MOTE_UNICODE_BAD, one byte each. */
size_t mote_unicode_decode(const uint8_t *s, size_t len, uint32_t *c);
/* Writes a code point below 0x110000; returns its bytes. */
size_t mote_unicode_encode(uint32_t c, uint8_t out[4]);
/* The greatest end, at most hi, so that the UTF-8 of lo..end is one sequence of byte ranges, any byte of a range with any of the next: ranges are cut where the number of bytes
 * changes and where a continuation byte is neither fixed nor free (after R. Cox, "Regular Expression Matching in the Wild", 2010). The surrogates are a piece of their own. lo <=
 * hi <= 0x10ffff. */
uint32_t mote_unicode_range_end(uint32_t lo, uint32_t hi);
/* The class of a code point: its category bit, and MOTE_UNICODE_SPACE. MOTE_UNICODE_BAD counts as U+FFFD, a symbol. */
uint32_t mote_unicode_class(uint32_t c);
bool mote_unicode_is_space(uint32_t c);
/* How many bytes at the end of s begin a character that more bytes could finish (0 to 3). */
size_t mote_unicode_unfinished(const uint8_t *s, size_t len);

/* The value of a hexadecimal digit, -1 for any other byte. */
int mote_unicode_hex_digit(uint8_t byte);

/* Byte-level vocabularies spell each byte as one printable character (GPT-2's table). */
uint32_t mote_unicode_of_byte(uint8_t byte);
int mote_unicode_to_byte(uint32_t c); /* -1: stands for no byte */

#endif
