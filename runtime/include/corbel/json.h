/** Values as JSON, in proto3's form of the messages that `corbelc --proto` writes. */
#ifndef CORBEL_JSON_H
#define CORBEL_JSON_H

#include <corbel/object.h>
#include <corbel/value.h>

CORBEL_BEGIN_DECLS

/** Writes value, whose address is given, as JSON text in one line; what generated _to_json() call. ret: yours,
 *  corbel_string_free(). CORBEL_INVALID_ARGUMENT: it has no JSON, as text in it is not UTF-8, a reference has no URI, or it is
 * nested too deep; the message names the member. Bounds and ranges are not looked at. Completion NO. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_value_to_json(const corbel_type *type, const void *value, char **ret,
                                                                corbel_error *reterr);
/** Reads it; what generated _from_json() call. runtime: what references are made with; NULL: a reference is refused. out: where
 *  the value goes, as for the output of an operation (see corbel_value_from_any()): yours, untouched on failure.
 *  Integers above INT64_MAX are taken from strings only, which is how they are written; other integers of 64 bits from either.
 *  CORBEL_INVALID_ARGUMENT: not JSON, then the message has line and column; or not a value of the type, then it has the path
 *  to the member. CORBEL_LIMIT: more than 4 MiB of text, too large, or nested too deep. Completion NO. While it reads it takes
 *  up to 80 times the text's memory, and up to 256 KiB of stack. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_value_from_json(corbel_runtime *runtime, const corbel_type *type,
                                                                  const char *json, void *out, corbel_error *reterr);

CORBEL_END_DECLS
#endif /* CORBEL_JSON_H */
