/** JSON text as its reader sees it: strings, numbers, positions. */
#ifndef CRB_JSON_TEXT_H
#define CRB_JSON_TEXT_H

#include "runtime/base/buf.h"
#include "runtime/value/field.h"

#include <corbel/error.h>

typedef struct crb_json_text {
    const char *start, *at; /* NUL-terminated */
    crb_buf string;         /* the last one read, without its escapes; NUL-terminated; len does not count the NUL */
    corbel_error error;
} crb_json_text;

/** Fills in text->error with line, column, path (NULL: none) and message. Returns false. where: in the text. */
CORBEL_PRINTF(5, 6)
bool crb_json_fail(crb_json_text *text, const char *where, corbel_status status, const crb_path *path, const char *format, ...);
void crb_json_space(crb_json_text *text);
/** Skips space; then takes the character if it is next. */
bool crb_json_take(crb_json_text *text, char c);
/** The same for true, false, null. */
bool crb_json_take_word(crb_json_text *text, const char *word);
/** Skips space and takes a string into text->string: valid UTF-8 without NUL. */
bool crb_json_string(crb_json_text *text, const crb_path *path);
/** The length of the number in front of at, as JSON has it; 0: there is none. */
size_t crb_json_number(const char *at);
/** What stands there, for messages. */
const char *crb_json_what(const char *at);

#endif /* CRB_JSON_TEXT_H */
