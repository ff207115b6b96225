/** Bytes and characters: what C's locale-dependent functions would not say reliably. */
#ifndef IDL_TEXT_H
#define IDL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How many bytes the UTF-8 sequence at text has (1 to 4); 0: it is none (also overlong forms, surrogates, NUL is 1). */
size_t idl_utf8_length(const char *text, const char *end);

/** All of it is UTF-8. */
bool idl_is_utf8(const char *text, size_t length);

/** Writes a code point as UTF-8; the text has room for 4 bytes. How many it has. */
size_t idl_utf8_put(uint32_t code, char *text);

/** The code point of one whole UTF-8 sequence. */
uint32_t idl_utf8_get(const char *text, size_t length);

/** How many code points text that is UTF-8 has. */
size_t idl_utf8_count(const char *text);

bool idl_is_digit(char c);
bool idl_is_name_start(char c); /* a letter or '_' */
bool idl_is_name_part(char c);
char idl_lower(char c);
int idl_hex_value(char c); /* -1: not a hexadecimal digit */

/** How many insertions, deletions, substitutions and exchanges of neighbours lead from one to the other (letter case does not
 * count); limit + 1 when it is more than limit. Names longer than 64 bytes are not compared. */
size_t idl_edit_distance(const char *one, const char *other, size_t limit);

#endif /* IDL_TEXT_H */
