/** UTF-8, as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef CRB_UTF8_H
#define CRB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes (1 to 4) of the well-formed character at the front of text; 0: there is none. len is at least 1. */
size_t crb_utf8_char(const uint8_t *text, size_t len);
/** Is all of it well-formed UTF-8 without a NUL? */
bool crb_utf8_valid(const uint8_t *text, size_t len);
/** How many characters valid UTF-8 has. */
size_t crb_utf8_count(const uint8_t *text, size_t len);

#endif /* CRB_UTF8_H */
