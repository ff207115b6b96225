/** Errors: what went wrong, where, and whether the servant ran. */
#ifndef CORBEL_ERROR_H
#define CORBEL_ERROR_H

#include <corbel/status.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

CORBEL_BEGIN_DECLS

/** Did the servant run? Told for every failure. NO: certainly not. YES: it did. MAYBE: nobody can tell. */
typedef enum corbel_completion { CORBEL_COMPLETED_NO, CORBEL_COMPLETED_YES, CORBEL_COMPLETED_MAYBE } corbel_completion;

/** What went wrong. Yours: start with CORBEL_ERROR_INIT, end with corbel_error_clear(). May be used for call after call:
 *  a failing call replaces what is there, a succeeding one leaves it alone. Every reterr may be NULL. One thread at a time. */
typedef struct corbel_error {
    corbel_status status;               /**< CORBEL_OK: nothing went wrong yet */
    corbel_completion completion;       /**< did the servant run? */
    const char *message;                /**< one line, never NULL, valid until cleared or replaced */
    struct corbel_error_detail *detail; /**< exception, hops, addresses: behind the functions below */
} corbel_error;
/** What a corbel_error starts with. */
#define CORBEL_ERROR_INIT                                                                                                        \
    {                                                                                                                            \
        CORBEL_OK, CORBEL_COMPLETED_NO, "", NULL                                                                                 \
    }

/** One process that the call crossed, the one where it failed first. The strings live until the error is cleared or replaced. */
typedef struct corbel_hop {
    const char *daemon;    /**< its name */
    const char *object;    /**< a registered id, or interface and four hash bytes of one that is not registered */
    const char *operation; /**< "bank::Account::withdraw" */
    const char *message;   /**< what went wrong there */
} corbel_hop;

/** Releases what the error holds and makes it CORBEL_ERROR_INIT again. Takes NULL. */
CORBEL_API void corbel_error_clear(corbel_error *error);
/** "bank::InsufficientFunds", also where this program lacks the type, or the operation does not declare it here
 *  (CORBEL_UNDECLARED); NULL when nothing was raised. Borrowed from error. */
CORBEL_API const char *corbel_error_exception(const corbel_error *error);
/** The raised exception as it came, with all members and references: also when this program lacks its type, or the operation does
 *  not declare it here. NULL when nothing was raised, or there was no memory for it. Borrowed from error, corbel_any_ref() keeps
 *  it. */
CORBEL_API const struct corbel_any *corbel_error_exception_any(const corbel_error *error);
/** The processes that the call crossed before it failed; 0 for a failure on this side. */
CORBEL_API size_t corbel_error_hops(const corbel_error *error);
/** Borrowed from error; all members NULL beyond the last. */
CORBEL_API corbel_hop corbel_error_hop(const corbel_error *error, size_t index);
/** For a failed connection: "127.0.0.1:9676: Connection refused" for each address tried, in order; NULL beyond the last. */
CORBEL_API const char *corbel_error_address(const corbel_error *error, size_t index);
/** Of CORBEL_OVERLOADED and CORBEL_DRAINING: when it may be worth trying again, as the peer thinks, in milliseconds from when it
 *  said so; 0: nothing is known of that. Retries of the library have waited for it. */
CORBEL_API uint32_t corbel_error_retry_after_ms(const corbel_error *error);
/** Prints message, completion, exception, hops and addresses, escaped, a line each. Returns 1, so that main() can return it. */
CORBEL_API int corbel_error_print(const corbel_error *error, FILE *out);

CORBEL_END_DECLS
#endif /* CORBEL_ERROR_H */
