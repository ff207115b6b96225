/** What the formatter must leave as it is, and what must not matter to it. Reads IDL with eyes of its own: nothing here is shared
 *  with idl/format*.c. */
#ifndef TESTS_IDL_FORMAT_SUPPORT_H
#define TESTS_IDL_FORMAT_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

/** All tokens, comments and directives of a text, one after the other, without the white space around and the indentation in
 *  them. The caller frees it. Aborts without memory. */
char *format_essence(const char *bytes, size_t length);

/** The same text with other white space: between any two tokens blanks, tabs and line ends come and go as they like. Kept is what
 *  docs/formatting.md says belongs to a comment: whether it stands on the line of what is before it, whether what is behind it
 *  stands on its line, and blank lines between two comments. The caller frees it. */
char *format_shuffle(const char *bytes, size_t length, uint64_t seed, size_t *ret_length);

#endif /* TESTS_IDL_FORMAT_SUPPORT_H */
