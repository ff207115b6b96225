/** Requests: a call as its servant sees it. */
#ifndef CORBEL_REQUEST_H
#define CORBEL_REQUEST_H

#include <corbel/error.h>
#include <corbel/object.h>
#include <stdbool.h>
#include <stdint.h>

CORBEL_BEGIN_DECLS

/** One call as its servant sees it. Valid until the servant returns. One thread at a time. */
typedef struct corbel_request corbel_request;

/** Memory for what goes into ret: zeroed, released by itself after the reply. NULL: out of memory. */
CORBEL_API void *corbel_request_alloc(corbel_request *request, size_t count, size_t size);
/** A copy of string, released after the reply. NULL: out of memory; the call then fails by itself: no need to check. */
CORBEL_API const char *corbel_request_strdup(corbel_request *request, const char *string);
/** The same for what printf() would write. */
CORBEL_API CORBEL_PRINTF(2, 3) const char *corbel_request_printf(corbel_request *request, const char *format, ...);

/** Copies value, which may go away, deeply into ret, with counts of its references; what every generated _copy_for() calls. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_request_copy(corbel_request *request, const corbel_type *type,
                                                               const void *value, void *ret);

/** return corbel_request_fail(request, CORBEL_NOT_FOUND, "no ledger for %s", owner); Returns status (CORBEL_FAILED for
 *  CORBEL_OK, CORBEL_RAISED and CORBEL_DEFERRED, which are no failures of this kind). */
CORBEL_API CORBEL_PRINTF(3, 4) corbel_status
    corbel_request_fail(corbel_request *request, corbel_status status, const char *format, ...);
/** A nested call failed: this one fails with the same error, one hop longer; an exception is passed on as it came, with its
 *  references, whether or not this program knows its type and the operation declares it. Clears error. Return what it returns. */
CORBEL_API corbel_status corbel_request_forward(corbel_request *request, corbel_error *error);

/** Has the caller given up, or its session ended, or the deadline passed? */
CORBEL_API bool corbel_request_cancelled(const corbel_request *request);
/** Milliseconds until the caller's deadline. */
CORBEL_API uint32_t corbel_request_remaining_ms(const corbel_request *request);
/** Borrowed; for creating objects to return. */
CORBEL_API corbel_runtime *corbel_request_runtime(const corbel_request *request);

CORBEL_END_DECLS
#endif /* CORBEL_REQUEST_H */
