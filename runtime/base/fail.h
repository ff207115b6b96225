/** Filling in a corbel_error. Every function takes NULL for reterr. The functions of <corbel/error.h> and
 *  corbel_error_raised() are in the same .c file. */
#ifndef CRB_FAIL_H
#define CRB_FAIL_H

#include <corbel/any.h>
#include <corbel/error.h>
#include <stdint.h>

/** Replaces what reterr holds. Returns status, so that one can return crb_fail(...). When there is no memory for the message,
 *  the status's own text stands in for it. */
CORBEL_PRINTF(4, 5)
corbel_status crb_fail(corbel_error *reterr, corbel_status status, corbel_completion completion, const char *format, ...);
/** Appends a hop (the strings are copied; NULL is ""): the process nearest to the failure comes first. */
void crb_error_add_hop(corbel_error *error, const char *daemon, const char *object, const char *operation, const char *message);
/** Those of another error. */
void crb_error_add_hops(corbel_error *to, const corbel_error *from);
/** Appends "127.0.0.1:9676: Connection refused". */
void crb_error_add_address(corbel_error *error, const char *text);
/** The peer's hint; 0: none. */
void crb_error_set_retry_after(corbel_error *error, uint32_t ms);
/** Makes it CORBEL_RAISED with completion YES: exception is the type's name (copied); type is NULL where this program lacks it
 *  or the operation does not declare it; block is the decoded value (a corbel block, ownership taken) or NULL. */
corbel_status crb_error_set_exception(corbel_error *error, const char *exception, const corbel_type *type, const void *block);
/** What an error does with the any that it keeps; not written here, so that an error without one needs nobody. */
typedef struct crb_any_hooks {
    corbel_any *(*unref)(corbel_any *any);
    /** The value as a block, or NULL: it is not one of that type, or there is no memory. */
    const void *(*view)(const corbel_any *any, const corbel_type *type);
} crb_any_hooks;
/** Adds the raised exception as it came, its type's name (copied) and any (taken over; NULL: there was no memory for it). */
void crb_error_keep_exception(corbel_error *error, const char *exception, corbel_any *any, const crb_any_hooks *hooks);
/** The raised exception's value and type, to pass it on; NULL (and a NULL type) where there is none. Borrowed from error. */
const void *crb_error_value(const corbel_error *error, const corbel_type **ret_type);
/** Replaces the message alone; the arguments may come from the error itself. */
CORBEL_PRINTF(2, 3) void crb_error_reword(corbel_error *error, const char *format, ...);
/** Moves from into to (to is cleared first; from becomes CORBEL_ERROR_INIT). to may be NULL: from is cleared. */
void crb_error_move(corbel_error *to, corbel_error *from);

/** A copy of from, but for what it has of an exception; to is cleared first. Without memory parts of it are left out. */
void crb_error_copy(corbel_error *to, const corbel_error *from);

/** Writes text to out with control characters, bytes that are not UTF-8, and backslashes escaped as \xNN. At most max - 1
 *  bytes and a NUL; returns out. */
char *crb_escape(const char *text, char *out, size_t max);

#endif /* CRB_FAIL_H */
