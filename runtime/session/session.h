/** The session core: a pure state machine. Its input is messages, the time and calls of the functions below; its output is
 *  messages (crb_session_pull) and events (crb_session_next_event). It has no thread, clock, socket or lock: whoever drives it
 *  serialises all calls on one session, and passes the time (nanoseconds of one monotonic clock).
 *
 *  After every input the driver takes all events, then pulls messages while its transport can take one. Events are queued in
 *  the order in which they happened; nothing calls back.
 *
 *  Ownership of user pointers: the core never looks into them. Memory: when it runs out the session ends as if the peer had
 *  been lost (crb_session_lost), never otherwise. */
#ifndef CRB_SESSION_H
#define CRB_SESSION_H

#include "runtime/base/buf.h"
#include "runtime/session/once.h"

#include <corbel/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct crb_session crb_session;
typedef struct crb_import crb_import;     /* an object of the peer's that we may call */
typedef struct crb_question crb_question; /* a call or bind of ours that is under way */
typedef struct crb_answer crb_answer;     /* a call or bind of the peer's that is under way */
typedef struct crb_stream crb_stream;     /* one direction of the items of a call, for one of its ends */

/** What one side takes from the other. HELLO tells the peer; the core keeps what it sends within the peer's numbers. Windows
 * below 1 KiB are raised to that. Pieces of large bodies have a window of their own, 256 KiB, given back on receipt. */
typedef struct crb_session_limits {
    uint64_t max_body;         /* bytes of one call's arguments or result; default 64 MiB */
    uint64_t max_queued;       /* bytes reserved for bodies that are not complete; default 256 MiB */
    uint32_t window_requests;  /* bytes of top-level requests not yet entered; default 256 KiB */
    uint32_t window_nested;    /* the same for calls with a hop count above 0; default 64 KiB */
    uint32_t window_responses; /* bytes of results not yet moved; default 256 KiB */
    uint32_t max_questions;    /* of the peer's under way at once; default 65,536 */
    uint32_t max_exports;      /* references that the peer may hold of ours, and we of the peer's; default 1,048,576 */
    uint32_t max_operations;   /* operation names bound by the peer; default 16,384 */
    uint32_t max_references;   /* in one reference table; default 4,096 */
    uint32_t max_hops;         /* default 128 */
    uint32_t ping_idle_ms;     /* PING after so much silence; default 10,000; the smaller wish of both sides counts */
    uint32_t ping_timeout_ms;  /* no frame for so long after it: lost; default 5,000 */
    uint32_t hello_timeout_ms; /* default 10,000 */
    uint32_t keep_lost_ms;     /* what a peer that was lost held stays held for so long; default 2,000; the peer is not told */
    uint32_t max_pipeline;     /* calls of the peer's, each on what the one before is still to return; default 64; not told */
    uint32_t max_context;      /* bytes of a call's context, and of a reply's; default 8,192; the peer is not told */
    uint32_t window_stream;    /* bytes of one stream's items not yet used up; default 256 KiB */
    uint32_t max_streams;      /* streams that are read at once: of the peer's calls, and as many of ours; default 1,024 */
} crb_session_limits;
#define CRB_SESSION_LIMITS_DEFAULT                                                                                               \
    {                                                                                                                            \
        (uint64_t)64 << 20, (uint64_t)256 << 20, 256u << 10, 64u << 10, 256u << 10, 65536, 1u << 20, 16384, 4096, 128, 10000,    \
            5000, 10000, 2000, 64, 8192, 256u << 10, 1024                                                                        \
    }

#define CRB_PIECE (16u << 10)        /* bulk travels in pieces of so many bytes */
#define CRB_PATH_MAX 64u             /* steps of a path into a result */
#define CRB_MESSAGE_SOFT (64u << 10) /* a message with bulk in it ends there */
#define CRB_STREAM_ROOM (32u << 10)  /* a writer is to wait while so many bytes of its items have not gone */
#define CRB_STREAM_REF_COST 64u      /* what a reference in an item takes of a stream's window */

typedef struct crb_session_config {
    bool dialer;
    uint8_t instance[16]; /* our runtime's instance id */
    uint8_t secret[16];   /* proves the instance id when it is claimed again; sent in HELLO */
    const char *name;     /* of our runtime, for the peer's hop traces and logs; copied */
    uint64_t id;          /* of a dialer: a random name for this session, not 0 */
    uint64_t supersedes;  /* of a dialer: the name of one that was with the same peer and is over; 0: none */
    crb_session_limits limits;
} crb_session_config;

/** NULL: out of memory. */
crb_session *crb_session_new(const crb_session_config *config, uint64_t now);
/** Takes NULL. Frees everything, events not taken included. Nothing that belongs to the session may be used afterwards. */
void crb_session_free(crb_session *session);

/* ---- references ---- */

/** A reference in a message that we send. */
typedef struct crb_ref_out {
    uint64_t tag;          /* what the arguments name it by; not 0 */
    const char *interface; /* as what it is passed */
    uint64_t fingerprint;  /* of that interface where the object is; 0: not known */
    void *object;          /* our own object (any pointer that stands for it), or NULL: */
    crb_import *import;    /* one of the peer's own, going back to it */
    bool fresh;            /* set by the core: object was not exported on this session before. The session now holds the
                              object until CRB_EVENT_UNEXPORTED says that it does not any more. */
    /* In place of object and import, in a call alone: what this question of ours on the same session will answer; path leads to
     * it in the result, copied. */
    crb_question *promise;
    const uint32_t *path;
    size_t n_path;
} crb_ref_out;

/** A reference in a message that we received. */
typedef struct crb_ref_in {
    uint64_t tag;
    const char *interface;
    uint64_t fingerprint; /* of the interface, as the object's process has it; 0: not known */
    void *object;         /* our own object, come back; held by the export at least until the event after this one is
                             taken, so the driver counts it at once; NULL: */
    crb_import *import;   /* one of the peer's. This receipt is one of import's count, which crb_session_release() takes
                             back; the driver owns that count, also when nobody wants the reference. Both NULL: an own object
                             that is gone (a stale generation). */
} crb_ref_in;

/** The driver's pointer for an import (its reference object); NULL at first. */
void crb_import_set_user(crb_import *import, void *user);
void *crb_import_user(const crb_import *import);

/** Gives back n receipts of import; at 0 the import is gone (and the peer told). Harmless after the end of the session. */
void crb_session_release(crb_session *session, crb_import *import, uint64_t n);
/** Tells the peer that object is not there any more (unregistered): GONE is sent to a peer that holds it, calls on it are
 *  answered CORBEL_NOT_FOUND, and CRB_EVENT_UNEXPORTED follows. No-op when object is not exported here. */
void crb_session_withdraw(crb_session *session, void *object, const char *why);

/* ---- calls of ours ---- */

typedef struct crb_call_out {
    crb_import *target;        /* or NULL: */
    crb_question *promise;     /* a bind or kept call of ours, not finished: the call is pipelined on what it will answer */
    const void *operation_key; /* stands for the operation for the session's life (the corbel_operation's address, or any
                                  interned pointer); NULL: the names are compared */
    const char *interface;     /* that declares the operation */
    const char *operation;
    uint64_t lane;     /* 0: none */
    uint64_t deadline; /* absolute; UINT64_MAX: none */
    uint64_t chain;
    uint32_t hop; /* 0 at top level */
    bool oneway;
    crb_ref_out *refs;
    size_t n_refs;
    crb_buf *args;       /* its memory is taken over on success only */
    void *user;          /* comes back in CRB_EVENT_RETURN */
    crb_question *after; /* an earlier two-way call with guard whose CRB_EVENT_RETURN was not taken yet, or NULL: this call enters
                            once that one has returned a result; if it failed, this one gets CORBEL_SKIPPED, completion NO */
    bool anyway;         /* after: whatever became of that one, which then needs no guard */
    bool guard;          /* a later call may name it as its after */
    /* of promise, unless it is a bind: where in its result the target is; field numbers, at most CRB_PATH_MAX, copied */
    const uint32_t *path;
    size_t n_path;
    bool keep; /* the question is a promise until crb_session_finish(), which must come then, as of a bind; not with oneway.
                  With guard: not before the last call that names it as its after was queued */
    const uint8_t *context; /* what travels beside the arguments, packed; borrowed; NULL: nothing */
    size_t context_len;
    bool stream_in, stream_out; /* items flow with it: ours, and the servant's. Such a call is not expired by the core once it
                                   was sent: who waits for its items gives it up by crb_session_finish() */
    const crb_once_wire *once; /* copied; NULL: it has no key, and acknowledges none; not with oneway, unless its sequence is 0 */
} crb_call_out;

/** Queues a call. CORBEL_OK: ret_question is set (NULL for a oneway), and unless oneway exactly one CRB_EVENT_RETURN follows,
 *  whatever happens. Anything else: nothing was queued, completion NO: CORBEL_WOULD_BLOCK: no credit (CRB_EVENT_CREDIT tells when
 *  to try again; a call bigger than the window needs credit for its first piece only); CORBEL_LIMIT, CORBEL_TOO_DEEP: too big,
 *  too many or too deep for the peer (message in reterr); CORBEL_DEADLINE: it has passed; CORBEL_INVALID_ARGUMENT: a name that
 *  is not UTF-8 or too long; of a promise that failed: its status; CORBEL_NO_MEMORY; CORBEL_GONE, CORBEL_DRAINING: the session
 * takes no more; CORBEL_NOT_FOUND: the peer said that the target is gone. Before the peer's HELLO at most 64 KiB and 16 calls. A
 * oneway whose session ends is lost in silence: it was sent, or the driver knows that it was not by BYE (a log line). */
corbel_status crb_session_call(crb_session *session, crb_call_out *call, uint64_t now, crb_question **ret_question,
                               corbel_error *reterr);

/** The number at the end of a path in the bytes of a protobuf message, as promises name references: a field number for each
 *  message inside the one before, the last one that of a varint. 0: there is none. */
uint64_t crb_path_follow(const uint8_t *body, size_t len, const uint32_t *path, size_t n);

/** Asks for an object by id. The answer (CRB_EVENT_RETURN with one reference in its table) may be used as a call's promise at
 *  once. Ends by crb_session_finish(). interface may be "" (any). */
corbel_status crb_session_bind(crb_session *session, const char *id, const char *interface, uint64_t fingerprint,
                               uint64_t deadline, void *user, uint64_t now, crb_question **ret_question, corbel_error *reterr);

/** The caller has no more use for the question: of a bind or a kept call always, once (its promise ends; what was called on it
 *  before goes on, and it returns all the same); of another call only to cancel it early. cancel before the return: the peer is
 * asked to stop (FINISH), and CRB_EVENT_RETURN comes at once with CORBEL_CANCELLED (NO when it never left us, else MAYBE); what
 * the peer still returns is dropped, its references released. question is not to be used afterwards; one of a call is gone, too,
 * once its CRB_EVENT_RETURN was taken. */
void crb_session_finish(crb_session *session, crb_question *question, bool cancel);
/** crb_session_finish() with cancel, where the event says status, CORBEL_CANCELLED or CORBEL_DEADLINE. */
void crb_session_give_up(crb_session *session, crb_question *question, corbel_status status);

/* ---- streams ----
 * Of a call with stream_in or stream_out, at either end. They live as long as the question or answer may be used: of ours until
 * its CRB_EVENT_RETURN is taken, of the peer's until crb_session_return(). A RETURN follows the items that were put before it,
 * whatever credit they wait for. The bytes of a stream are what docs/protocol.md says; the core does not look into them. */

/** NULL: the call has none. */
crb_stream *crb_question_stream_in(const crb_question *question);  /* written */
crb_stream *crb_question_stream_out(const crb_question *question); /* read */
/** The driver's pointer, NULL at first. */
void crb_stream_set_user(crb_stream *stream, void *user);
void *crb_stream_user(const crb_stream *stream);

/** Queues bytes; the references are those of an item that begins with the first of them. CORBEL_OK, else nothing was queued:
 *  CORBEL_CANCELLED: the reader has had enough, or the stream was ended; CORBEL_GONE; CORBEL_LIMIT: longer, or more references,
 * than the peer takes; CORBEL_INVALID_ARGUMENT: a reference is a promise; CORBEL_NO_MEMORY. */
corbel_status crb_session_stream_put(crb_session *session, crb_stream *stream, const uint8_t *bytes, size_t len,
                                     crb_ref_out *refs, size_t n_refs);
/** Should the writer go on? False (always before the peer's HELLO): when it should, CRB_EVENT_ROOM comes. A stream that is closed
 * has room. */
bool crb_session_stream_has_room(crb_session *session, crb_stream *stream);
/** Nothing more can be put. */
bool crb_session_stream_is_closed(const crb_stream *stream);
/** No more items come. */
void crb_session_stream_end(crb_session *session, crb_stream *stream);
/** The reader has used up so much of what came: bytes, and CRB_STREAM_REF_COST for each reference. */
void crb_session_stream_taken(crb_session *session, crb_stream *stream, uint64_t cost);
/** The reader wants no more: no more events come, the writer is told, what still comes is dropped. */
void crb_session_stream_enough(crb_session *session, crb_stream *stream);

/* ---- calls of the peer's ---- */

/** The servant is being entered (or the call is being refused by the driver): gives the request window back. Once for each call;
 *  crb_session_return() and crb_session_done() do it if nobody did. */
void crb_session_enter(crb_session *session, crb_answer *answer);

typedef enum crb_outcome { CRB_OUTCOME_RESULT, CRB_OUTCOME_EXCEPTION, CRB_OUTCOME_ERROR } crb_outcome;

/** How a call ended. */
typedef struct crb_result {
    crb_outcome outcome;
    crb_buf *body;         /* RESULT, EXCEPTION: the bytes; out: memory taken over always; in: the taker's */
    crb_ref_out *refs_out; /* crb_session_return() only */
    size_t n_refs_out;
    const char *exception;  /* EXCEPTION: its type's scoped name */
    corbel_error *error;    /* ERROR: status, completion, message, hops; EXCEPTION: its hops, or NULL. Out: borrowed. */
    const uint8_t *context; /* what travels beside the answer; borrowed; NULL: nothing */
    size_t context_len;
    bool durable; /* of a bind: the servant remembers keys and replies by itself */
} crb_result;

/** Answers a call or a bind (a bind: RESULT with one reference), exactly once, unless it is oneway (then not at all: see
 *  crb_session_done). Also after the end of the session, where it only frees. A result too big for the peer becomes
 *  CORBEL_LIMIT, completion YES. answer is not to be used afterwards. */
void crb_session_return(crb_session *session, crb_answer *answer, crb_result *result, uint64_t now);
/** The same for a oneway: it is over. */
void crb_session_done(crb_session *session, crb_answer *answer);

/* ---- the session ---- */

void crb_session_input(crb_session *session, const uint8_t *message, size_t len, uint64_t now);
/** The transport has ended. Everything under way completes; CRB_EVENT_CLOSED comes last. */
void crb_session_lost(crb_session *session, const char *why, uint64_t now);
/** Lets the time pass: deadlines, PING, the HELLO timeout; after the session was lost, the end of what is kept. */
void crb_session_tick(crb_session *session, uint64_t now);
/** When to call crb_session_tick() next at the latest; UINT64_MAX: not; 0 (at once) while events wait, as a pull can leave some.
 */
uint64_t crb_session_next_tick(const crb_session *session);

/** Does an ended session still hold what its lost peer held? Then it wants its ticks, though it has no transport any more. */
bool crb_session_keeps(const crb_session *session);
/** Ends that at once: CRB_EVENT_UNEXPORTED for all of it. No-op when nothing is kept. */
void crb_session_keep_no_more(crb_session *session);

/** Appends the next message to out; false: there is nothing to send. Counts, "sent" marks and remaining times are of this moment.
 *  Control and small frames go first; bulk follows in pieces, in turns, up to CRB_MESSAGE_SOFT. */
bool crb_session_pull(crb_session *session, crb_buf *out, uint64_t now);
/** Would crb_session_pull() give something? */
bool crb_session_has_output(crb_session *session);
/** Is a single two-way call under way, at most one in each direction? Then nothing will soon follow what there is to send. */
bool crb_session_is_alone(const crb_session *session);
/** True once BYE or ABORT has been pulled or has come, or the session was lost: the transport is to be closed in order. Until
 * then a session that has ended still has something to say, though it may have to wait for the peer's credit: at most 1 s, which
 *  crb_session_next_tick() tells. */
bool crb_session_wants_close(const crb_session *session);

/** Says that no new chains are wanted (GOAWAY). The peer's calls still arrive: the driver refuses those of new chains. */
void crb_session_goaway(crb_session *session);
/** Tells the peer that the session called id, which it dialled, leads to us, too, and that nothing new is to begin there (GOAWAY
 *  with duplicate). Once for each session. */
void crb_session_tell_duplicate(crb_session *session, uint64_t id);
/** Ends the session for being unwanted: as crb_session_abort(). */
void crb_session_refuse(crb_session *session, const char *why, uint64_t now);
/** Says goodbye: BYE with the number of calls received is the last frame sent. Calls of ours still under way complete with
 *  CORBEL_GONE; answers not given yet are the peer's MAYBE. CRB_EVENT_CLOSED comes at once; results given before, and oneways,
 * still go out before BYE. */
void crb_session_bye(crb_session *session, uint64_t now);
/** Ends the session for a violation: ABORT with why is the last frame; then as crb_session_lost(). */
void crb_session_abort(crb_session *session, const char *why, uint64_t now);

/* ---- events ---- */

typedef enum crb_event_kind {
    CRB_EVENT_OPEN,       /* the peer's HELLO is checked: peer_* are valid */
    CRB_EVENT_BIND,       /* answer, id, interface, fingerprint */
    CRB_EVENT_CALL,       /* answer and everything of the call; complete tells whether args are there */
    CRB_EVENT_BODY,       /* answer: the rest of a call has come: args; and refs, if it waited for those (promises in its table:
                             then CALL came without any). error, if its status is not OK: a promise failed, the call is to be
                             answered with that, in its turn. */
    CRB_EVENT_CANCEL,     /* answer: the peer cancelled it or its deadline passed, or (once for each) the session ended. It
                             still wants crb_session_return() or crb_session_done(). An incomplete call's BODY will not come. */
    CRB_EVENT_RETURN,     /* user, result, refs: a question of ours is complete */
    CRB_EVENT_UNEXPORTED, /* object: the peer holds it no more; the session's hold on it ends with this event. When a session
                             ends by BYE, for all that it held, before CLOSED; when it is lost or aborted, keep_lost_ms later:
                             what the peer has handed on is taken up by then. */
    CRB_EVENT_GONE,       /* import: the peer withdrew it; calls on it fail from now on */
    CRB_EVENT_CREDIT,     /* a request that was refused with CORBEL_WOULD_BLOCK may be tried again */
    CRB_EVENT_DRAINING,   /* the peer's GOAWAY; duplicate */
    CRB_EVENT_ITEMS,      /* stream: bytes, refs, end. Before the CRB_EVENT_RETURN of its call. */
    CRB_EVENT_ROOM,       /* stream: its writer may go on, or sees that it is closed */
    CRB_EVENT_CLOSED      /* the session is over: why, clean (BYE was seen, or sent). Last, but for UNEXPORTED of what is kept. */
} crb_event_kind;

/** What the driver has found out about an operation that the peer calls: zero at first, its own as long as the session lives.
 *  NULL in an event: the names are not bound. */
typedef struct crb_memo {
    const void *of, *is;
} crb_memo;

typedef struct crb_event {
    crb_event_kind kind;
    crb_answer *answer;
    void *user;            /* RETURN */
    void *object;          /* CALL: the target: our own object; NULL: it is gone or never was (the driver answers
                              CORBEL_NOT_FOUND), unless promise: */
    crb_import *import;    /* GONE. CALL on a promise: object is NULL, and the target is this object of the peer's own; one
                              receipt of it is the driver's. Calls on a promise come when it has been answered, before its RETURN
                              is pulled, in their order; on one that failed, or has no such reference, they do not come. */
    const char *as;        /* CALL with import: the interface as which that was sent; fingerprint is of that */
    const char *id;        /* BIND; strings live until the next call of crb_session_next_event() */
    const char *interface; /* BIND: wanted; CALL: declares the operation */
    const char *operation; /* CALL */
    crb_memo *memo;        /* CALL: about this operation */
    uint64_t fingerprint;  /* BIND */
    uint64_t lane;
    uint64_t deadline; /* CALL, BIND: absolute, by our clock */
    uint64_t chain;
    uint32_t hop;
    bool oneway;
    bool complete;    /* CALL: args are there */
    bool enter;       /* CALL: crb_session_enter() is wanted when it enters; false: with its answer is early enough */
    crb_buf args;     /* CALL, BODY: the taker's, crb_buf_clear() */
    crb_ref_in *refs; /* CALL, RETURN: valid until the next call of crb_session_next_event() */
    size_t n_refs;
    crb_outcome outcome;                /* RETURN */
    crb_buf body;                       /* RETURN: the taker's, crb_buf_clear() */
    const char *exception;              /* RETURN, EXCEPTION */
    corbel_error error;                 /* RETURN, ERROR; BODY: the taker's, corbel_error_clear() */
    crb_stream *stream;                 /* ITEMS, ROOM */
    crb_stream *stream_in, *stream_out; /* CALL: read, and written, here; NULL: none */
    crb_buf items;       /* ITEMS: the next bytes, the taker's, crb_buf_clear(); in an order with the items' references */
    bool end;            /* ITEMS: no more come */
    uint64_t duplicate;  /* DRAINING: the session of that name, which we dialled, leads to the same peer, and nothing new is to
                            begin there; 0: the peer takes no new chains */
    const char *why;     /* CLOSED, GONE */
    bool clean;          /* CLOSED */
    crb_buf context;     /* CALL, RETURN: as it came, not looked into; the taker's, crb_buf_clear() */
    crb_once_wire *once; /* CALL: the taker's, free(); NULL: there is nothing about keys in it */
    bool durable;        /* RETURN, of a bind */
} crb_event;

/** Takes the oldest event; false: there is none. */
bool crb_session_next_event(crb_session *session, crb_event *ret);
/** Driver's pointer for an answer (its request or its bind); NULL at first. */
void crb_answer_set_user(crb_answer *answer, void *user);
void *crb_answer_user(const crb_answer *answer);

/* ---- about the peer and the session, for errors, logs and tests ---- */

bool crb_session_is_open(const crb_session *session);
/** Its end has begun, whoever wanted it: what is answered now reaches nobody. */
bool crb_session_has_ended(const crb_session *session);
const uint8_t *crb_session_peer_instance(const crb_session *session); /* 16 bytes, valid after OPEN */
const char *crb_session_peer_name(const crb_session *session);        /* "" before OPEN */
const uint8_t *crb_session_peer_secret(const crb_session *session);   /* 16 bytes, valid after OPEN */
/** The session's name, which its dialer drew: the acceptor knows it from OPEN on. 0: none. */
uint64_t crb_session_id(const crb_session *session);
/** The acceptor, when it takes OPEN: which session the peer says is over; 0: none. */
uint64_t crb_session_supersedes(const crb_session *session);
/** The acceptor, when it takes OPEN: its HELLO tells the dialer to use the session of that name instead. */
void crb_session_set_instead(crb_session *session, uint64_t id);
/** The dialer, after OPEN: what the acceptor's HELLO said; 0: nothing. */
uint64_t crb_session_instead(const crb_session *session);
/** Did the peer end it because it does not want us? */
bool crb_session_was_refused(const crb_session *session);
/** Nothing of either side hangs on it: no question, answer, export or import. */
bool crb_session_is_quiet(const crb_session *session);

typedef enum crb_frame_type {
    CRB_FRAME_HELLO,
    CRB_FRAME_BIND,
    CRB_FRAME_CALL,
    CRB_FRAME_BODY,
    CRB_FRAME_RETURN,
    CRB_FRAME_FINISH,
    CRB_FRAME_RELEASE,
    CRB_FRAME_CREDIT,
    CRB_FRAME_GONE,
    CRB_FRAME_PING,
    CRB_FRAME_GOAWAY,
    CRB_FRAME_BYE,
    CRB_FRAME_UNIMPLEMENTED,
    CRB_FRAME_STREAM,
    CRB_FRAME_ABORT,
    CRB_FRAME_TYPES
} crb_frame_type;

typedef struct crb_session_stats {
    uint64_t sent[CRB_FRAME_TYPES], received[CRB_FRAME_TYPES];
    uint64_t questions, answers, exports, imports; /* in the tables now */
    uint64_t queued_bytes;                         /* bodies being put together, and output waiting */
} crb_session_stats;
crb_session_stats crb_session_get_stats(const crb_session *session);

#endif /* CRB_SESSION_H */
