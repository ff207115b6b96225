/** A link over one gRPC stream: what grpc_link.c, grpc_dial.c and grpc_serve.c share.
 *
 *  Every batch that was started counts in `pending` until its tag has come back; the link is over when none is left. That is the
 *  whole of its lifetime: one batch (recv_status, recv_close) lasts as long as the stream. Tags run on the leader, one at a time.
 *  The lock guards what other threads see in send() and close(); no callback runs under it. */
#ifndef CRB_GRPC_LINK_H
#define CRB_GRPC_LINK_H

#include "runtime/base/clock.h"
#include "runtime/transport/arm.h"
#include "runtime/transport/io.h"
#include "runtime/transport/queue.h"
#include "runtime/transport/transport.h"

#include <grpc/grpc.h>
#include <pthread.h>

#define CRB_GRPC_METHOD "/corbel.Session/Open"
#define CRB_MAX_MESSAGE                                                                                                          \
    (4 * 1024 * 1024) /* bytes of a message that is received: gRPC keeps that much before anybody can look at it.                \
                         Ours have at most 320 KiB (CRB_MESSAGE_SOFT and a frame), however large a body is */
#define CRB_MESSAGE_SLACK (64 * 1024) /* above it gRPC ends the stream by itself, without a reason */
#define CRB_MAX_METADATA 4096         /* bytes of a stream's */
#define CRB_LINGER (1 * CRB_SECOND)   /* what the peer has to answer a close in order */
#define CRB_MAX_PEER 160              /* bytes of the text that names a peer, with its NUL */

typedef struct crb_grpc_link crb_grpc_link;

/** Where a served connection reports to: the listener. All on the leader, except where said. */
typedef struct crb_grpc_door {
    /** The peer's stream is open: handler and user for it, or false. */
    bool (*opened)(void *user, crb_link *link, const crb_link_handler **ret_handler, void **ret_user);
    /** Its first message has come, or never will. The link may be gone afterwards. Once, before over(). */
    void (*decided)(void *user);
    /** Its connection is no more. Once, last. Also on the thread of crb_grpc_serve(). */
    void (*over)(void *user);
} crb_grpc_door;

typedef enum crb_closing { CRB_OPEN, CRB_ENDING, CRB_CUT } crb_closing;

struct crb_grpc_link {
    crb_link base;
    crb_armable armable;
    const crb_link_handler *handler; /* NULL: of a served connection whose stream is not open */
    void *user;
    char peer[CRB_MAX_PEER];
    bool has_user;
    crb_link_user who;

    pthread_mutex_t lock;
    grpc_call *call;
    grpc_channel *channel; /* of a dialled one */
    grpc_server *server;   /* of a served one: each connection has its own, so that a call's connection is certain */
    unsigned pending;
    crb_closing closing;
    bool waiting;                     /* served, and its stream is not open yet */
    bool here;                        /* it was this side that closed it */
    bool sending;                     /* a message is under way */
    bool unsent;                      /* the last one failed */
    bool finishing;                   /* our direction is closed, or being closed */
    bool ended;                       /* the stream is over */
    bool shut;                        /* the server is being shut down */
    bool second_waits, second_counts; /* a request for a second stream is out; and counted in pending */

    /* The leader's alone. */
    bool lost;     /* the stream did not end in order */
    char why[256]; /* what gRPC said about the end; empty: nothing */
    grpc_byte_buffer *incoming, *outgoing;
    grpc_metadata_array metadata, trailing;
    grpc_call_details details;
    grpc_status_code status;
    grpc_slice status_text;
    int cancelled;
    bool decided;      /* the door was told */
    grpc_call *second; /* a stream that the peer may not open */
    grpc_metadata_array second_metadata;
    grpc_call_details second_details;

    crb_timer timer; /* for the stream to open; later for the peer to close */
    crb_tag open_tag, recv_tag, send_tag, finish_tag, end_tag, request_tag, second_tag, served_tag, shutdown_tag;

    const crb_grpc_door *door;
    void *door_user;
};

/** NULL: no memory. */
crb_grpc_link *crb_grpc_link_new(void);
/** Of one that never began, or is over. */
void crb_grpc_link_delete(crb_grpc_link *link);
/** Counts a batch, and starts it. */
void crb_grpc_link_start(crb_grpc_link *link, const grpc_op *ops, size_t n, crb_tag *tag);
/** A batch has come back: ends the link if it was the last. link may be gone afterwards. On the leader. */
void crb_grpc_link_came_back(crb_grpc_link *link);
/** Stops everything at once; what is under way comes back. */
void crb_grpc_link_cut_locked(crb_grpc_link *link);
/** Shuts the server down, kicking the peer out if it is cut or broken. */
void crb_grpc_link_shut_locked(crb_grpc_link *link, bool at_once);

/** Gives the connection fd, which it takes over, to gRPC. peer names it; the stream has to be open at the given time. False: no
 *  memory; the caller has fd still, and no callback comes. add is called with the link before any other callback can be. */
bool crb_grpc_serve(int fd, const char *peer, uint64_t until, const crb_grpc_door *door, void *user,
                    void (*add)(void *user, crb_grpc_link *link));
/** Ends one whose stream is not open. False: it is, or is ended already. Any thread, before decided(). */
bool crb_grpc_serve_no_more(crb_grpc_link *link);
/** Ends one whatever its state; closed() tells why. Any thread, before decided(). */
void crb_grpc_serve_push_out(crb_grpc_link *link, const char *why);
/** Tells the door, unless it was told. On the leader. */
void crb_grpc_serve_decide(crb_grpc_link *link);

/** Arguments of channels and servers. */
const grpc_channel_args *crb_grpc_client_args(void);
const grpc_channel_args *crb_grpc_server_args(void);

#endif /* CRB_GRPC_LINK_H */
