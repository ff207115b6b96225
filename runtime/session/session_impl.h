/** The inside of the session core: its structs, and what its files call of each other.
 *
 *  Ways through it: input.c takes frames apart and hands each to the file that owns its table (questions.c, answers.c,
 *  exports.c, imports.c, bodies.c, flow.c); output.c puts frames together from the queue of headers and the ring of bodies;
 *  events.c keeps what the driver is told; session.c has the life of the whole.
 *
 *  Whatever is queued is part of what it is about (an event or a frame of a question is a node in the question), so queueing
 *  needs no memory and ending a session cannot fail. */
#ifndef CRB_SESSION_IMPL_H
#define CRB_SESSION_IMPL_H

#include "runtime/session/list.h"
#include "runtime/session/session.h"
#include "runtime/session/tables.h"
#include "runtime/wire/frame.h"

#include <assert.h>

#define CRB_EARLY_BYTES (64u << 10)     /* what may be sent before the peer's HELLO, */
#define CRB_EARLY_CALLS 16u             /* calls and binds, */
#define CRB_EARLY_REFERENCES 64u        /* references in one table, each */
#define CRB_CALL_COST 64u               /* what a CALL or BIND takes of a window beyond its bytes, */
#define CRB_REF_COST 8u                 /* and for each reference */
#define CRB_WINDOW_MIN 1024u            /* of requests, nested requests and responses */
#define CRB_WINDOW_BULK (256u << 10)    /* bytes of BODY not yet received; ours */
#define CRB_WINDOW_BULK_MIN (64u << 10) /* the peer's must be at least this */
#define CRB_BULK_ACK CRB_PIECE          /* bytes of bulk after which the receiver gives credit back at the latest */
#define CRB_COMPANY 128u                /* pieces of streams that go on leaving room after a call without streams */
#define CRB_MAX_UNIMPLEMENTED 16u       /* frame types to answer UNIMPLEMENTED that may wait at once */

/* Questions and answers whose memory is kept for the next. None where a sanitizer looks for uses of freed memory. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CRB_SPARES 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CRB_SPARES 0
#elif !defined(CRB_SPARES)
#define CRB_SPARES 64
#endif

typedef enum crb_window { CRB_WIN_REQUESTS, CRB_WIN_NESTED, CRB_WIN_RESPONSES, CRB_WIN_BULK, CRB_WINDOWS } crb_window;

/* ---- nodes ---- */

/** An event that waits to be taken; part of what it is about. */
typedef struct crb_ev {
    crb_node node;
    crb_event_kind kind;
} crb_ev;

typedef enum crb_out_kind {
    CRB_OUT_CALL,
    CRB_OUT_BIND,
    CRB_OUT_RETURN,
    CRB_OUT_FINISH,
    CRB_OUT_RELEASE,
    CRB_OUT_GONE,
    CRB_OUT_GOAWAY,
    CRB_OUT_ABANDON_ARGS,
    CRB_OUT_ABANDON_RESULT,
    CRB_OUT_STREAM /* what a reader has to say */
} crb_out_kind;

/** A frame that waits to be pulled, in order; part of what it is about. */
typedef struct crb_out {
    crb_node node;
    crb_out_kind kind;
} crb_out;

/* ---- tables ---- */

/** An object of ours. Lives until its event was taken and no frame or promise needs it. */
typedef struct crb_export {
    UT_hash_handle hh; /* by object, until it is withdrawn */
    void *object;      /* NULL: withdrawn */
    uint32_t index, generation;
    uint64_t count; /* receipts that the peer has not given back */
    uint64_t holds; /* frames not yet pulled, and binds, that keep it */
    bool in_slot;   /* the peer can name it */
    void *reported; /* what the event tells */
    crb_ev unexported;
    crb_out gone;
    char *why; /* of gone, or NULL */
} crb_export;

#define CRB_NO_SLOT UINT32_MAX
typedef struct crb_export_slot {
    crb_export *export;
    uint32_t generation; /* of the export, or of the next one; 0: the slot is retired */
    uint32_t next_free;
} crb_export_slot;

/** An object of the peer's. */
struct crb_import {
    uint32_t index, generation;
    uint64_t count;    /* receipts that the driver holds */
    uint64_t received; /* receipts that the peer has not been told of */
    uint64_t holds;    /* items not yet pulled that name it: until then the peer is not told that count is 0 */
    bool withdrawn;
    crb_node all;
    void *user;
    crb_ev gone;
    crb_out release;
    char *why; /* of gone, or NULL */
};

/** A reference in a frame of ours. */
typedef struct crb_sent_ref {
    uint64_t tag;
    crb_export *export; /* NULL: the peer's own: */
    crb_import *import;
    uint32_t index, generation;
    const char *interface;
    uint64_t fingerprint;
    crb_question *promise; /* or what this will answer; it waits for the frame */
    const uint32_t *path;
    size_t n_path;
} crb_sent_ref;

/** A table of references in one piece of memory, texts included. */
typedef struct crb_sent_refs {
    size_t n;
    crb_sent_ref items[];
} crb_sent_refs;

typedef struct crb_received_refs {
    struct crb_received_refs *next; /* of a stream */
    size_t n;
    crb_export **exports; /* of each own object that came back, held until the driver has the table; else NULL */
    crb_ref_in items[];
} crb_received_refs;

/** An operation, by its two names; ours to call, or bound by the peer. */
typedef struct crb_operation {
    UT_hash_handle hh_names, hh_key;
    const void *key;
    uint32_t number; /* 0: not bound yet */
    bool single;     /* not in the table: goes with its call */
    crb_memo memo;   /* the driver's, of one that the peer bound */
    const char *interface, *name;
    size_t names_len;
    char names[]; /* both, each with its NUL */
} crb_operation;

/* ---- bodies ---- */

/** Bytes on their way out in pieces. In the ring while there are some left and its header has been pulled. */
typedef struct crb_sending {
    crb_node node;
    crb_buf buf;
    size_t at;
    bool result;
    uint64_t question;
} crb_sending;

/** Bytes coming in. */
typedef struct crb_receiving {
    crb_buf buf;
    uint64_t total, received;
    uint64_t reserved; /* of max_queued; kept until the call enters or the result is taken */
    bool active;       /* more is to come */
    bool dropping;     /* nobody wants it */
} crb_receiving;

/* ---- streams ---- */

/** The references of an item that waits. */
typedef struct crb_item_refs {
    struct crb_item_refs *next;
    uint64_t at; /* of its first byte among all of the stream's */
    size_t size; /* on the wire, at most */
    crb_sent_refs *refs;
} crb_item_refs;

/** One direction of a call's items, at one of its ends: the writer's or the reader's. Its question's or answer's. */
struct crb_stream {
    bool writes;
    bool answerer; /* the call is the peer's */
    bool started;  /* the CALL was pulled: it has a number */
    bool closed;   /* reader: it wants no more; writer: nobody does */
    uint64_t number;
    void *user;
    uint64_t used;   /* of the reader's window: what it has not announced as given back */
    crb_out control; /* of the reader: credit, enough */
    /* the writer */
    crb_node ring; /* in the ring of streams that may go */
    crb_buf out;
    size_t at;     /* of the first byte in out that has not gone */
    uint64_t gone; /* bytes that have gone, since the beginning */
    crb_item_refs *waiting, **waiting_end;
    bool end_wanted, end_sent, room_wanted;
    crb_out *then; /* RETURN, which follows the last byte */
    crb_ev room_event;
    /* the reader */
    crb_buf in;
    crb_received_refs *received, **received_end;
    uint64_t lent; /* of used: what has come and was not taken by the driver */
    uint64_t owed; /* of used: given back, to be announced */
    bool end_came, enough_wanted;
    bool early; /* the driver is not told of its items yet: it has not been told of the call */
    crb_ev items_event;
};

/* ---- questions ---- */

typedef enum crb_question_kind { CRB_QUESTION_CALL, CRB_QUESTION_ONEWAY, CRB_QUESTION_BIND } crb_question_kind;

/** A call or a bind of ours. It lives while the driver may use it, while the peer may answer it, while a frame of it waits, and
 *  while calls that wait have it as their promise. */
struct crb_question {
    crb_id_node by_id; /* its number, from the pull of its header */
    crb_node all;
    crb_question_kind kind;
    bool sent;        /* its header was pulled */
    bool returned;    /* RETURN has come whole, or never will */
    bool has_result;  /* RETURN's header has come: the servant ran */
    bool completed;   /* CRB_EVENT_RETURN was queued */
    bool taken;       /* and taken */
    bool finished;    /* the driver has no more use for it */
    bool finish_sent; /* FINISH is queued or was pulled */
    bool counted;     /* in n_questions */
    bool cancel;      /* that FINISH cancels */
    uint64_t call_number;
    crb_due due;
    void *user;
    /* what is sent */
    crb_out header, finish, abandon;
    crb_window window;
    uint32_t cost;
    size_t first; /* bytes in the header */
    crb_question *promise;
    crb_question *after; /* until it is pulled; of one that never will be, as long as others are after it */
    bool anyway, guard;
    bool finishes;  /* a guard that failed: FINISH is owed, once nothing names it any more */
    uint32_t *path; /* in the result of promise; malloc'ed */
    size_t n_path;
    uint32_t waiting; /* calls not yet pulled that name it, as promise or after, and entries of their tables */
    bool keep;        /* a bind, or a call: stays a promise until FINISH */
    uint32_t index, generation;
    crb_operation *operation;
    uint64_t lane, chain, fingerprint;
    uint32_t hop;
    char *names; /* of a bind: id and interface */
    const char *interface;
    crb_sent_refs *refs;
    crb_sending args;
    crb_buf context;     /* of the call until it is pulled; then of the answer */
    crb_once_wire *once; /* until it is pulled; malloc'ed */
    bool durable;        /* of a bind's answer */
    /* what came back */
    crb_ev event;
    crb_outcome outcome;
    crb_receiving body;
    size_t response; /* bytes to give back to the responses' window */
    crb_received_refs *refs_in;
    char *exception;
    corbel_error error;
    crb_stream *stream_in, *stream_out;
};

/* ---- answers ---- */

/** What a kept answer has, for calls on it: its references by tag, and the bytes that name them. In one piece of memory. */
typedef struct crb_kept_ref {
    uint64_t tag;
    crb_export *export; /* held; NULL: the peer's own: */
    crb_import *import; /* one count of it */
    const char *interface;
    uint64_t fingerprint;
} crb_kept_ref;
typedef struct crb_kept {
    size_t n;
    uint8_t *body;
    size_t len;
    crb_kept_ref items[];
} crb_kept;

/** A call needs what another answer has. */
typedef struct crb_dependency {
    crb_node node; /* in the dependents of promise, until that is answered */
    crb_answer *waits;
    crb_answer *promise; /* pinned; NULL: none */
    uint32_t *path;      /* malloc'ed */
    size_t n_path;
    size_t entry; /* of the call's table */
} crb_dependency;
typedef struct crb_promised_refs {
    size_t n;
    size_t unknown; /* not answered yet */
    crb_dependency items[];
} crb_promised_refs;

/** A call or a bind of the peer's. It lives until the driver has answered it (one that is kept: and FINISH came), RETURN was
 *  pulled, its bodies are over and no call depends on it. */
struct crb_answer {
    crb_id_node by_id;
    crb_node all;
    crb_question_kind kind;
    bool handed;        /* its event was taken */
    bool entered;       /* its request window was given back */
    bool answered;      /* by the driver, or the core itself */
    bool pulled;        /* its RETURN, or there is none */
    bool finished;      /* FINISH has come: it is no promise any more */
    bool unwanted;      /* and it cancelled: a call's result is not wanted */
    bool cancelled;     /* CRB_EVENT_CANCEL was queued */
    bool counted;       /* in n_answers */
    bool keep;          /* a bind, or a call: a promise until FINISH */
    bool kept_too_much; /* there was no room to keep its result */
    bool inherits;      /* its error is that of a promise: calls on it pass it on as it is */
    bool anyway, guard;
    crb_export *aim;       /* the target of a call that has to wait for after: kept for it until its event is taken */
    crb_answer *after;     /* its event waits for this one to be answered */
    crb_node follow;       /* among the followers of that one; or of those that are to be skipped */
    crb_node followers;    /* that wait for this one; all zero until the first */
    corbel_status refused; /* it will be, with this, once after is answered: its followers come after that one, too */
    const char *refused_why;
    uint32_t depth;   /* of calls, each on what the one before is still to return */
    uint32_t pins;    /* calls that depend on it and have not got it yet */
    uint64_t ordinal; /* of its CALL among the peer's */
    crb_due due;
    void *user;
    crb_ev event, body_event, cancel_event;
    crb_window window;
    uint32_t cost;
    /* of the call or bind */
    void *object;
    crb_dependency target;
    crb_promised_refs *promised; /* of its table; NULL: none, or all were handed up */
    crb_operation *operation;
    char *names; /* of a bind: id and interface */
    const char *interface;
    uint64_t fingerprint, lane, chain, deadline;
    uint32_t hop;
    crb_received_refs *refs_in;
    crb_receiving args;
    bool args_handed;
    crb_buf context;     /* of the call until it is taken; then of the answer */
    crb_once_wire *once; /* until the call is taken; malloc'ed */
    bool durable;        /* of a bind's answer */
    /* what is sent */
    crb_out header, abandon;
    crb_outcome outcome;
    crb_sent_refs *refs;
    crb_sending body;
    char *exception;
    struct crb_sent_error *error;
    /* of one that is kept */
    corbel_status bound_status; /* of its error */
    crb_kept *kept;             /* NULL: it is not answered, failed, or has no reference */
    crb_node dependents;        /* of crb_dependency; all zero until there is one */
    crb_stream *stream_in, *stream_out;
};

/** An error in a frame of ours, in one piece of memory. */
typedef struct crb_sent_error {
    uint32_t status, completion, retry_after_ms;
    const char *message;
    size_t n_hops;
    crb_wire_hop hops[];
} crb_sent_error;

/* ---- the session ---- */

typedef enum crb_phase {
    CRB_PHASE_NEW,      /* the peer's HELLO has not come */
    CRB_PHASE_OPEN,     /* both are there */
    CRB_PHASE_FLUSHING, /* ended by us with BYE or ABORT, which was not pulled yet */
    CRB_PHASE_ENDED     /* nothing comes in or goes out */
} crb_phase;

typedef struct crb_send_window {
    uint64_t size; /* the peer's; 0 before its HELLO */
    uint64_t used;
    bool refused; /* somebody was told to wait for it */
} crb_send_window;

typedef struct crb_receive_window {
    uint64_t size;
    uint64_t used; /* by the peer, as it knows it: what we have not announced is in it */
    uint64_t owed; /* given back, to be announced */
} crb_receive_window;

struct crb_session {
    bool dialer;
    crb_phase phase;
    uint8_t instance[16], secret[16];
    char name[CRB_FRAME_MAX_TEXT + 1];
    crb_session_limits limits;

    uint8_t peer_instance[16], peer_secret[16];
    char peer_name[CRB_FRAME_MAX_TEXT + 1];
    crb_session_limits peer; /* its limits; valid when open */
    uint32_t peer_window_bulk;

    crb_send_window tx[CRB_WINDOWS];
    crb_receive_window rx[CRB_WINDOWS];
    uint64_t early_bytes; /* of requests before the peer's HELLO */
    uint32_t early_calls;
    uint64_t reserved;       /* of limits.max_queued: bodies that come in */
    uint64_t results_queued; /* bytes of results that wait for the peer */
    uint64_t args_queued;    /* the same of arguments */
    uint64_t kept_bytes;     /* of results that are promises */
    uint64_t items_queued;   /* the same of streams */
    uint32_t n_streams;
    uint32_t n_streams_read[2], n_streams_written[2]; /* of our calls, and of the peer's */
    uint32_t company;                                 /* pieces of streams that still are to leave room for small frames */
    uint32_t n_returns_waiting;                       /* RETURNs that wait for items before them */

    crb_id_table questions;
    crb_node all_questions;
    crb_node spare_questions; /* memory of some that are over, for the next */
    int n_spare_questions;
    uint64_t last_question; /* the number given last */
    uint32_t n_questions;   /* two-way calls that the peer may still answer, or that wait to be sent; binds until FINISH */
    uint32_t n_answers;     /* the same of the peer's */
    uint64_t calls_sent;    /* CALL frames pulled */
    crb_id_table answers;
    crb_node all_answers;
    crb_node spare_answers;
    int n_spare_answers;
    uint64_t last_answer;    /* the highest question of the peer's */
    uint64_t calls_received; /* CALL frames */
    uint64_t calls_handed;   /* of those, the last one that the driver has seen */

    crb_export_slot *slots;
    uint32_t n_slots, slots_capacity, first_free;
    crb_export *exports; /* by object */
    uint32_t n_exports;
    crb_node imports_all;
    crb_import ***import_pages;
    uint32_t n_import_pages;
    uint32_t n_imports;

    crb_operation *operations_by_name, *operations_by_key; /* that we call */
    crb_operation *last_operation;                         /* found by its key the last time; NULL: none */
    uint32_t n_operations, n_bound;
    crb_operation **bound; /* by the peer, number - 1 */
    uint32_t n_peer_bound, peer_bound_capacity;

    crb_due_heap due;

    /* life */
    uint64_t hello_until;
    uint64_t heard;  /* when the last frame came */
    uint64_t pinged; /* when PING was sent, since the last frame came; 0: not */
    uint64_t flush_until;
    bool hello_pulled, ping_wanted, pong_wanted;
    bool draining, goaway_sent;
    uint64_t id;                           /* the session's name */
    uint64_t supersedes;                   /* in the dialer's HELLO */
    uint64_t instead;                      /* in the acceptor's */
    uint64_t duplicate_told, duplicate_of; /* in our GOAWAY, and in the peer's */
    bool final_is_abort, final_refuses, refused;
    uint64_t final_calls;
    char why[CRB_FRAME_MAX_TEXT + 1];
    bool clean;
    bool bye_came; /* the session ends once what came before was taken */
    uint64_t bye_calls;
    bool keeps;          /* lost: the exports stay until */
    uint64_t keep_until; /* 0: keep_lost_ms after the next tick */
    bool out_of_memory;  /* the session ends as soon as nobody works on its tables */

    crb_node out; /* headers and control frames, in order */
    crb_out goaway, duplicate;
    crb_node ring; /* bodies */
    crb_node stream_ring;
    uint32_t unimplemented[CRB_MAX_UNIMPLEMENTED];
    uint32_t n_unimplemented;

    crb_node events;
    crb_ev open_event, credit_event, draining_event, duplicate_event, closed_event;
    /* lent with the event taken last */
    void *lent[3];

    crb_scratch scratch;
    uint64_t sent[CRB_FRAME_TYPES + 1], received[CRB_FRAME_TYPES + 1]; /* the last: unknown types */
};

/* A handler of a frame returns NULL, or what is wrong with it (a static text): the session is then aborted. Where there is no
 * memory it says so by crb_session_no_memory() and returns: nothing is freed under its feet; the session ends before the entry
 * point returns. */

/* session.c */
void crb_session_no_memory(crb_session *session);
/** At the end of each entry point that may have run out of memory. */
void crb_session_end_without_memory(crb_session *session);
void crb_session_closed_by_peer(crb_session *session, const char *why, bool clean, uint64_t calls);
/** The peer has said goodbye, and the driver has taken all that came before. */
void crb_session_end_by_bye(crb_session *session);
void crb_session_hello(const crb_session *session, crb_frame *frame);
static inline bool crb_session_over(const crb_session *session)
{
    return session->phase >= CRB_PHASE_FLUSHING;
}
const char *crb_session_on_hello(crb_session *session, const crb_wire_hello *hello, uint64_t now);
/** Absolute deadline of a frame's remaining time. */
uint64_t crb_session_deadline(uint64_t now, uint64_t remaining_us);
/** A frame's remaining time at now; 0: it has passed. UINT64_MAX stays "none", which travels as 0. */
uint64_t crb_session_remaining(uint64_t deadline, uint64_t now);
uint32_t crb_session_type_index(uint32_t wire_type);

/* events.c */
void crb_event_queue(crb_session *session, crb_ev *ev);
/** In front of all others; it is not queued. */
void crb_event_queue_first(crb_session *session, crb_ev *ev);
static inline void crb_event_drop(crb_ev *ev)
{
    crb_list_remove(&ev->node);
}
void crb_events_free(crb_session *session);

/* output.c */
/** Nothing more of what is queued goes out, nor anything else: the session is at its end. */
void crb_output_drop(crb_session *session);
/** Of what waits only results and oneways are left. */
void crb_output_keep(crb_session *session);
/** What waits for the peer's credit is given up; BYE follows. */
void crb_output_stop(crb_session *session);
/** Nothing of what waits is left. */
void crb_output_clear(crb_session *session);
void crb_out_queue(crb_session *session, crb_out *out);
static inline bool crb_out_waits(const crb_out *out)
{
    return crb_node_linked(&out->node);
}

/* flow.c */
uint64_t crb_flow_available(const crb_session *session, crb_window window);
/** What a header of so many references, bytes of context and bytes of body takes at once, and in *ret_first how many of the bytes
 * go with it. 0: it can never be sent. */
uint32_t crb_flow_cost(const crb_session *session, crb_window window, size_t n_refs, size_t context, size_t len,
                       size_t *ret_first);
bool crb_flow_take(crb_session *session, crb_window window, uint32_t cost);
/** Before the peer's HELLO: room for a BIND. Afterwards binds take nothing, their number is bounded as it is. */
bool crb_flow_take_early(crb_session *session, uint32_t cost);
/** Takes back what was not sent. */
void crb_flow_untake(crb_session *session, crb_window window, uint32_t cost);
const char *crb_flow_receive(crb_session *session, crb_window window, uint64_t cost);
void crb_flow_give_back(crb_session *session, crb_window window, uint64_t cost);
bool crb_flow_credit_due(const crb_session *session);
/** A quarter of our window or more is on the way. */
bool crb_flow_is_tight(const crb_session *session, crb_window window);
const char *crb_flow_on_credit(crb_session *session, const crb_frame *frame);
void crb_flow_opened(crb_session *session);

/* exports.c */
/** Does the table fit a frame? NULL: yes. */
const char *crb_refs_check(const crb_ref_out *refs, size_t n);
/** Bytes of the table on the wire, at most. */
size_t crb_refs_size(const crb_ref_out *refs, size_t n);
/** A table for a frame. Each fresh export is marked in refs. NULL with n above 0: *ret_status (CORBEL_NO_MEMORY, CORBEL_LIMIT).
 */
crb_sent_refs *crb_refs_hold(crb_session *session, crb_ref_out *refs, size_t n, corbel_status *ret_status);
/** The frame is being pulled: holds become counts. Afterwards the table can be freed. */
void crb_refs_sent(crb_session *session, crb_sent_refs *refs);
/** The frame will never be pulled. Frees the table. Promises in it are settled if settle. */
void crb_refs_take_back(crb_session *session, crb_sent_refs *refs, bool settle);
crb_export *crb_export_find(const crb_session *session, uint32_t index, uint32_t generation);
/** The driver's pointer, as long as the session's hold on it lasts: until the event that ends it was taken. NULL: not any more.
 */
void *crb_export_object(const crb_export *export);
void crb_export_hold(crb_export *export);
void crb_export_unhold(crb_session *session, crb_export *export);
const char *crb_export_on_release(crb_session *session, uint32_t index, uint32_t generation, uint64_t count);
/** Frees its slot, and itself, when nothing needs them any more. */
void crb_export_settle(crb_session *session, crb_export *export);
/** The session is over, or what it kept was kept long enough: every hold of the session's ends, by events. */
void crb_exports_report(crb_session *session);
/** Nothing goes out any more: the peer holds nothing. */
void crb_exports_forget(crb_session *session);
void crb_exports_free(crb_session *session);

/* imports.c */
/** Takes all references of a table that came in; entries of promises, where they are allowed, are left empty. NULL with n above
 * 0: *ret_why, or no memory (the session will end). */
crb_received_refs *crb_refs_receive(crb_session *session, const crb_wire_ref *refs, size_t n, bool promises,
                                    const char **ret_why);
/** The driver is about to get them: own objects are filled in, and held by their exports from here on. */
void crb_refs_resolve(crb_session *session, crb_received_refs *refs);
/** Nobody wants them: gives all back, and frees the table. */
void crb_refs_drop(crb_session *session, crb_received_refs *refs);
const char *crb_import_on_gone(crb_session *session, uint32_t index, uint32_t generation, const char *why);
/** An item names it, or does not any more. */
void crb_import_hold(crb_import *import);
void crb_import_unhold(crb_session *session, crb_import *import);
/** RELEASE was pulled, or never will be. */
void crb_import_free(crb_import *import);
void crb_imports_free(crb_session *session);

/* operations.c */
/** Was it asked for by this key the last time, too? Its names are valid then. */
static inline bool crb_operation_is_last(const crb_session *session, const void *key)
{
    return key != NULL && session->last_operation != NULL && session->last_operation->key == key;
}
/** NULL: no memory. */
crb_operation *crb_operation_get(crb_session *session, const void *key, const char *interface, const char *name);
/** The number for a frame that is being pulled; *ret_names: the names go with it. */
uint32_t crb_operation_number(crb_session *session, crb_operation *operation, bool *ret_names);
void crb_operation_put(crb_operation *operation);
/** The operation of a CALL that came in; NULL: *ret_why, or no memory (the session will end). */
crb_operation *crb_operation_receive(crb_session *session, const crb_wire_call *call, const char **ret_why);
void crb_operations_free(crb_session *session);

/* bodies.c */
bool crb_body_is_active(const crb_receiving *body);
/** Begins to receive total bytes, the first of which are at data. False: no room in max_queued (the rest is dropped as it comes),
 *  or no memory (then the session will end). */
bool crb_body_begin(crb_session *session, crb_receiving *body, uint64_t total, crb_wire_bytes first);
/** Whatever comes of it is dropped. */
void crb_body_drop(crb_session *session, crb_receiving *body);
/** Gives the reservation back; the bytes stay. */
void crb_body_unreserve(crb_session *session, crb_receiving *body);
void crb_body_clear(crb_session *session, crb_receiving *body);
const char *crb_body_on_frame(crb_session *session, const crb_wire_body *frame);
/** Bytes not sent are forgotten; when some were announced, the peer is told by *abandon. */
void crb_sending_abandon(crb_session *session, crb_sending *sending, crb_out *abandon, bool announced);

/* streams.c */
/** Those that the flags of a CALL say. False: no memory; what was made is to be freed. */
bool crb_streams_make(crb_session *session, uint32_t flags, bool answerer, uint64_t number, crb_stream **ret_in,
                      crb_stream **ret_out);
/** Takes NULL. */
void crb_stream_free(crb_session *session, crb_stream *stream);
/** Nothing is said about it any more; what waits to be sent is dropped. Takes NULL. */
void crb_stream_close(crb_session *session, crb_stream *stream);
/** The driver has no more to do with it: it has answered. Takes NULL. */
void crb_stream_forget(crb_session *session, crb_stream *stream);
/** The question is cancelled, and no more items come: its reader is told, as if they had ended. Takes NULL. */
void crb_stream_end_input(crb_session *session, crb_stream *stream);
/** crb_stream_close() of a writer, whose RETURN need not wait any more. Takes NULL. */
void crb_stream_give_up(crb_session *session, crb_stream *stream);
/** Its CALL was pulled. */
void crb_stream_start(crb_session *session, crb_stream *stream, uint64_t number);
/** Into the ring, if something may go. */
void crb_stream_ready(crb_session *session, crb_stream *stream);
void crb_streams_opened(crb_session *session);
/** Its call is about to be told: so are the items that came before. Takes NULL. */
void crb_stream_hand_up(crb_session *session, crb_stream *stream);
/** Must the RETURN wait for items? Then the stream queues it. Takes NULL. */
bool crb_stream_delays(crb_session *session, crb_stream *stream, crb_out *then);
/** A call that has no streams is under way: its frames are not to wait behind all that the bulk window has room for. */
static inline void crb_streams_company(crb_session *session)
{
    session->company = CRB_COMPANY;
}
/** The stream whose turn it is, and the bytes of its next piece (0: its end); NULL: nothing may go. */
crb_stream *crb_stream_next_piece(crb_session *session, size_t *ret_len);
/** Fills in a frame with it; the references of it are the caller's to free, their counts are not. */
crb_sent_refs *crb_stream_take_piece(crb_session *session, crb_stream *stream, crb_wire_stream *frame, bool *ret_failed);
/** That frame was packed. */
void crb_stream_took_piece(crb_session *session, crb_stream *stream, const crb_wire_stream *frame);
/** False: there is nothing to say. */
bool crb_stream_take_control(crb_stream *stream, crb_wire_stream *frame);
/** The next table for the driver; NULL: none. */
crb_received_refs *crb_stream_take_refs(crb_stream *stream);
const char *crb_stream_on_frame(crb_session *session, const crb_wire_stream *frame);
/** While BYE waits for the last results: credit for them. */
void crb_stream_while_flushing(crb_session *session, const crb_wire_stream *frame);

/* questions.c */
/** Queues CRB_EVENT_RETURN with an error. */
void crb_question_fail(crb_session *session, crb_question *question, corbel_status status, corbel_completion completion,
                       const char *message);
/** It has not left, and cannot: promise, which it needs, has failed. Completes it, unless it is oneway. */
void crb_question_break(crb_session *session, crb_question *question, const crb_question *promise);
/** The body of its RETURN is whole. */
void crb_question_body_done(crb_session *session, crb_question *question, bool abandoned);
const char *crb_question_on_return(crb_session *session, const crb_wire_return *frame);
void crb_question_expire(crb_session *session, crb_question *question);
/** Frees it when nothing needs it any more. */
void crb_question_settle(crb_session *session, crb_question *question);
/** Its CALL or BIND was never pulled and will not be: takes back what it took. */
void crb_question_unsend(crb_session *session, crb_question *question);
/** It is pulled: it names its promise and its after no more. */
void crb_question_named(crb_session *session, crb_question *question);
void crb_questions_end(crb_session *session, const char *why, uint64_t calls, bool keep_output);
void crb_questions_free(crb_session *session);

/* promises.c */
/** The answer, which is kept, has a result, whose table is held: so is what calls on it may need. */
void crb_promise_keep(crb_session *session, crb_answer *answer, const crb_result *result);
/** It is no promise any more. */
void crb_promise_forget(crb_session *session, crb_answer *answer);
/** Takes down what a call depends on. NULL: done, or no memory (the session will end). */
const char *crb_promises_of_call(crb_session *session, crb_answer *answer, const crb_wire_call *call);
/** It depends on nothing any more. */
void crb_promises_drop(crb_session *session, crb_answer *answer);
/** Queues its event, unless it waits for its target or for the call before it. */
static inline void crb_promises_hand_up(crb_session *session, crb_answer *answer)
{
    if (answer->after == NULL && !crb_node_linked(&answer->target.node)) {
        crb_event_queue(session, &answer->event);
        if (answer->stream_in != NULL) {
            crb_stream_hand_up(session, answer->stream_in);
        }
    }
}
/** The call is being handed up: what its target is. False: reterr says why nothing; or no memory (the session will end). */
bool crb_promise_target(crb_session *session, crb_answer *answer, crb_event *ret, corbel_error *reterr);
/** All that its table depends on is answered: fills the table in. False: reterr. */
bool crb_promise_arguments(crb_session *session, crb_answer *answer, corbel_error *reterr);
/** The session ends: nothing depends on anything, and no result is kept. */
void crb_promises_end(crb_session *session);
/** All that waited for it goes on: before RETURN is pulled. */
void crb_promise_answered(crb_session *session, crb_answer *answer);

/* answers.c */
const char *crb_answer_on_call(crb_session *session, const crb_wire_call *call, uint64_t now);
const char *crb_answer_on_bind(crb_session *session, const crb_wire_bind *bind, uint64_t now);
const char *crb_answer_on_finish(crb_session *session, uint64_t question, bool cancel);
/** RETURN with an error, NO (a oneway: nothing), without the driver. */
void crb_answer_refuse(crb_session *session, crb_answer *answer, corbel_status status, const char *message);
void crb_answer_body_done(crb_session *session, crb_answer *answer, bool abandoned);
void crb_answer_cancel(crb_session *session, crb_answer *answer);
void crb_answer_settle(crb_session *session, crb_answer *answer);
/** The call is taken, or never will be: its target is not kept any more. */
void crb_answer_miss(crb_session *session, crb_answer *answer);
void crb_answers_end(crb_session *session, bool keep_output);
void crb_answers_free(crb_session *session);

#define CRB_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif /* CRB_SESSION_IMPL_H */
