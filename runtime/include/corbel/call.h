/** Calls under way. */
#ifndef CORBEL_CALL_H
#define CORBEL_CALL_H

#include <corbel/error.h>
#include <stdint.h>

CORBEL_BEGIN_DECLS

/** A call under way, from a _begin(), which never returns NULL: whatever goes wrong is told, once, by its _finish().
 *  Exactly one _finish() or corbel_call_drop() ends it. One thread at a time. */
typedef struct corbel_call corbel_call;

/** Ends a call whose result nobody wants; cancels it where it can. Takes NULL, returns NULL. */
CORBEL_API corbel_call *corbel_call_drop(corbel_call *call);

CORBEL_END_DECLS
#endif /* CORBEL_CALL_H */
