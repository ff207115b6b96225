/** JSON text as jansson's tree, and what its readers have to say about it. */
#ifndef CRB_JSON_TREE_H
#define CRB_JSON_TREE_H

#include "runtime/value/field.h"

#include <corbel/error.h>
#include <jansson.h>

/** The tree of len bytes of text without a NUL; json_decref() it. flags: jansson's. NULL: error says why, with line and column as
 *  jansson counts them, in characters, to the end of what it could not take; CORBEL_INVALID_ARGUMENT, CORBEL_LIMIT (nested too
 *  deep) or CORBEL_NO_MEMORY. ret_code (may be NULL): jansson's own word for it. The thread's locale must have a point in
 * numbers. It takes up to 80 times the text's memory, and up to 256 KiB of stack. */
json_t *crb_json_parse(const char *text, size_t len, size_t flags, enum json_error_code *ret_code, corbel_error *error);
/** Fills in error with path (NULL: none) and message. Returns false. */
CORBEL_PRINTF(4, 5)
bool crb_json_fail(corbel_error *error, corbel_status status, const crb_path *path, const char *format, ...);
/** What it is, for messages. */
const char *crb_json_what(const json_t *json);

#endif /* CRB_JSON_TREE_H */
