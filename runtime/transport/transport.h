/** Transports: what carries a session's messages between two processes.
 *
 *  A link carries whole messages, in order, both ways, until it is closed. All callbacks of one link come one after another, on
 *  whichever thread is the poller at that moment, with no lock of the transport held. They must not block and must not run user
 *  code; they may send on the link and close it. */
#ifndef CRB_TRANSPORT_H
#define CRB_TRANSPORT_H

#include "runtime/base/buf.h"
#include "runtime/uri/uri.h"

#include <corbel/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct crb_link crb_link;

/** A user of this machine. */
typedef struct crb_link_user {
    uint32_t uid, gid;
    int32_t pid;
} crb_link_user;

typedef struct crb_link_handler {
    /** A message has come. data is valid during the call only. */
    void (*received)(void *user, const uint8_t *data, size_t len);
    /** The message given to crb_link_send() has been taken over: the next may be given. */
    void (*sent)(void *user);
    /** The link is over: why is one line for people. Comes exactly once, and last; after it only crb_link_free() is allowed. */
    void (*closed)(void *user, const char *why);
} crb_link_handler;

/** What a transport implements. */
typedef struct crb_link_ops {
    /** Sends a message; only while none is under way (until sent()). Empties the buffer, always: it takes over its memory, or
     *  leaves it there for the next message (the caller's, crb_buf_clear()). Any thread; not blocking; no callback runs inside
     * it. After close() or the end it does nothing else (sent() does not come). */
    void (*send)(crb_link *link, crb_buf *message);
    /** The same for a message that nothing will follow soon: true: it has been taken over already, and sent() will not come. A
     *  message under way holds up those behind it, which then go together; this one spares telling that it has gone. */
    bool (*send_now)(crb_link *link, crb_buf *message);
    /** Ends the link: in_order: what was sent before still goes out, then the direction is closed; the peer has 1 s to close
     *  its own, then the link is cut. Otherwise cut at once. closed() follows, always. Any thread; more than once is harmless. */
    void (*close)(crb_link *link, bool in_order);
    /** "127.0.0.1:43210", "unix (pid 12, uid 1000)": who the peer is; valid as long as the link. */
    const char *(*peer)(const crb_link *link);
    /** The peer's user, if the kernel knows him (a Unix socket); false: it does not. NULL: never. */
    bool (*user)(const crb_link *link, crb_link_user *ret);
    /** After closed() only. */
    void (*free)(crb_link *link);
} crb_link_ops;

struct crb_link {
    const crb_link_ops *ops;
};

/** Connects to one address (a numeric host; names are resolved before) and gives back a link whose session stream is open for
 *  sending. Blocks the caller at most until deadline (crb_now() time). Callbacks may come before it returns. handler and user
 *  stay valid until closed(). The error is CORBEL_UNREACHABLE, completion NO: "127.0.0.1:9: Connection refused". */
corbel_status crb_grpc_dial(const crb_address *address, uint64_t deadline, const crb_link_handler *handler, void *user,
                            crb_link **ret, corbel_error *reterr);

/** A set of listening sockets. */
typedef struct crb_listener crb_listener;
/** A peer has opened a session stream: called once for each, on the polling thread; it gives the handler and user for the link,
 *  or returns false to refuse it (the link is then cut and freed by the transport). */
typedef bool (*crb_accept)(void *user, crb_link *link, const crb_link_handler **ret_handler, void **ret_user);

/** Binds and listens on all addresses (numeric hosts, or "localhost", which is 127.0.0.1 and, where it exists, ::1 on one port).
 *  One thread waits for connections; it runs no user code. CORBEL_SYSTEM names the address and the cause. */
corbel_status crb_listener_new(const crb_address *addresses, size_t n, crb_accept accept, void *user, crb_listener **ret,
                               corbel_error *reterr);
/** The addresses as bound (port 0 replaced); the array lives as long as the listener. "localhost" stays "localhost". */
const crb_address *crb_listener_addresses(const crb_listener *listener, size_t *ret_n);
/** Stops listening and removes Unix paths. Links that were accepted live on. */
void crb_listener_close(crb_listener *listener);
/** Closes, waits for its thread and for its links to be over (the caller has closed them), then releases. Takes NULL. */
void crb_listener_free(crb_listener *listener);

#endif /* CRB_TRANSPORT_H */
