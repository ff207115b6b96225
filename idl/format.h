/** The canonical layout of an IDL file. It is a function of the tokens, the comments and the directives, not of the white space
 *  between them; docs/formatting.md says what the layout is, and which few traits of a comment's place count. */
#ifndef IDL_FORMAT_H
#define IDL_FORMAT_H

#include <stddef.h>
#include <stdio.h>

/** The column that no line passes if it can be broken. */
#define IDL_FORMAT_WIDTH 100

typedef enum idl_format_result {
    IDL_FORMAT_DONE,
    IDL_FORMAT_ERRORS, /* the text is no IDL: a message went to diagnostics */
    IDL_FORMAT_MEMORY  /* there is not enough memory: a message went to diagnostics */
} idl_format_result;

/** Lays out length bytes of text, which is named name in messages. Only the shape of the grammar counts: includes are not looked
 *  for, names not looked up, values not computed. *ret_text is the caller's: free(); it is untouched unless the result is DONE.
 *  diagnostics may be NULL. */
idl_format_result idl_format(const char *name, const char *text, size_t length, FILE *diagnostics, char **ret_text,
                             size_t *ret_length);

#endif /* IDL_FORMAT_H */
