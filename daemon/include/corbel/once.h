/** Exactly-once effects of operations with @once, for servants: keys, and remembering replies beyond the end of the process.
 *
 *  A caller's runtime gives each call of such an operation a key, and may repeat the call with that key when its session broke.
 *  The object's runtime enters each key once: a repetition joins the call that runs, or gets the reply that was kept. That lasts
 *  as long as the process, and as the reply is kept (limits once_…). A servant that remembers keys and replies itself, where its
 *  effects are, gives its object a corbel_once_store: then its callers may repeat calls after a restart, too. */
#ifndef CORBEL_ONCE_H
#define CORBEL_ONCE_H

#include <corbel/request.h>

CORBEL_BEGIN_DECLS

/** Which call it is. caller is what the caller's runtime says of itself, or what a runtime that passes calls on says of its
 *  caller's: it tells runtimes apart, it proves nothing. */
typedef struct corbel_once_key {
    uint8_t caller[16];
    uint64_t sequence; /**< never given twice by that caller; not 0 */
} corbel_once_key;

/** The key of the call; false: it has none (not @once, from this runtime itself, on a promise, in a batch). */
CORBEL_API bool corbel_request_once_key(const corbel_request *request, corbel_once_key *ret);

/** How a servant remembers keys and replies. The functions run on a worker, with no lock held, as the operation itself does, for
 *  several calls at once where those overlap; never for two calls with one key. */
typedef struct corbel_once_store {
    size_t size; /**< sizeof(corbel_once_store): the structure may grow */
    /** Before the operation is entered: was there a call with that key? CORBEL_OK: *ret_reply is what keep() got for it, valid
     *  until the call is answered (corbel_request_alloc() makes such memory), with its length; or it stays NULL: no, enter it.
     *  Anything else: the call is refused with that status, completion MAYBE; CORBEL_FORGOTTEN is for keys that are too old. */
    corbel_status (*find)(void *user, corbel_request *request, const corbel_once_key *key, const void **ret_reply,
                          size_t *ret_len);
    /** After the operation has ended (for a deferred one: on the thread that answers), before the reply is sent: makes its effect
     *  and the record of key and reply last, both or neither. The bytes are the library's business, for any version of it to
     * come; borrowed. status is how the operation ended; with CORBEL_OK and CORBEL_RAISED there is a reply to send; else a
     * failure, which is remembered, too, if reply is not NULL. reply NULL: nothing can be remembered: take the effect back.
     *  Anything but CORBEL_OK: neither was made; the caller gets that status, completion MAYBE, and may try again. */
    corbel_status (*keep)(void *user, corbel_request *request, const corbel_once_key *key, corbel_status status,
                          const void *reply, size_t len);
    /** That caller is done with every sequence below: its records may go. Comes often, with the same number, too. The store has
     *  bounds of its own besides: a caller that never comes again never says so. NULL: it is not told. */
    void (*forget)(void *user, const uint8_t caller[16], uint64_t below);
} corbel_once_store;

/** From now on the object, one of this runtime, remembers by store, which is borrowed with user as long as the object lives. To
 * be called before anybody else knows the object: before it is registered, passed or called. Results with references cannot be
 *  remembered: such a call fails with CORBEL_BAD_REPLY. CORBEL_MISUSE: the object is of another process, has a store already, or
 *  find or keep is missing. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_remember_once(corbel_object *object, const corbel_once_store *store,
                                                                       void *user, corbel_error *reterr);

CORBEL_END_DECLS
#endif /* CORBEL_ONCE_H */
