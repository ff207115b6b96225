/** Streams, as the calling half keeps them: one corbel_stream for each end of each direction of a call. Between them lies a
 *  conduit: across a session each side has one of its own, whose other half is the session core's; in this process both ends
 *  share one.
 *
 *  Threads: what is of the conduit is guarded by its guard (the peer's lock, or its own, which stands where a peer's does in the
 *  order of locks; never two of them); the rest is the thread's that uses the stream, one at a time. */
#ifndef CRB_STREAM_H
#define CRB_STREAM_H

#include "runtime/base/arena.h"
#include "runtime/call/call_impl.h"

#include <corbel/stream.h>

/** Bytes of items, and the references in them, in order. */
typedef struct crb_items {
    struct crb_items *next;
    crb_buf bytes;
    crb_ref *refs; /* counted targets; malloc'ed */
    size_t n_refs;
} crb_items;

/** Who waits at one side of a conduit. */
typedef struct crb_stream_side {
    crb_wait *wait; /* a thread */
    _Atomic bool ready;
    /** Instead of a thread: called once it was asked for, with no lock held. */
    void (*notify)(void *user);
    void *user;
    bool asked;  /* notify is to be called at the next change */
    bool queued; /* later is */
    crb_later later;
    struct crb_conduit *conduit; /* counted while queued */
} crb_stream_side;

typedef struct crb_conduit {
    _Atomic uint32_t refs; /* its ends, and sides that are about to be notified */
    crb_peer *peer;        /* counted; NULL: in this process */
    pthread_mutex_t lock;  /* in this process */
    /* Guarded: */
    crb_stream *core;         /* the session's; NULL: in this process, or it has no more of it */
    crb_items *first, **last; /* for the reader */
    crb_items *tail;          /* in this process: the last, to which more may be added */
    crb_items *spare;         /* memory of one, for the writer in this process */
    uint64_t queued;          /* in this process: cost of what is there and was not used up */
    bool ended;               /* no more items come */
    bool closed;              /* nobody takes more */
    bool no_memory;           /* items were lost here */
    crb_stream_side reader, writer;
    crb_later *later, **later_end; /* in this process: what is to be done once the lock was given back */
} crb_conduit;

struct corbel_stream {
    crb_conduit *conduit; /* counted; NULL: of a call that failed before it began */
    corbel_runtime *runtime;
    const corbel_param *item; /* NULL: not known here, as in relays */
    bool writes;
    uint64_t chain;
    uint64_t wait_ns;           /* the bound of each wait: for an item that is read or written, however many pieces it has */
    uint64_t wait_until;        /* of the item that is waited for; 0: nothing had to be waited for yet */
    corbel_call *call;          /* the caller's end: ended with it */
    corbel_error failure;       /* what went wrong with an item, or with a wait */
    uint64_t n_items;           /* so far */
    bool left;                  /* this end has said that it is through, or was told that the other one is */
    struct stream_ready *ready; /* who waits without a thread; see stream_ready.c */
    /* the reader */
    crb_items *current;
    size_t at;         /* in current */
    crb_buf partial;   /* the beginning of an item whose end is not in current */
    bool partial_done; /* partial is the item that was lent last */
    crb_ref *refs;     /* that came and were not taken by an item: from ref_at to n_refs */
    size_t ref_at, n_refs, room_refs;
    uint64_t used_up; /* cost not given back yet */
    crb_arena *arena; /* of the item that is lent, */
    crb_held held;    /* and its references */
    /* the writer */
    crb_buf scratch;
};

/** Both of a call, at its caller. */
typedef struct crb_streams {
    corbel_stream *in, *out; /* written, read; NULL: none */
    uint64_t wait_ns;
    uint64_t bound; /* the deadline of the operation that made the call, at which the call ends, too */
    crb_timer timer;
    bool timed; /* timer is in use */
} crb_streams;

/** One end of a new conduit, or (other) the second end of that one's. item may be NULL. NULL: no memory. */
corbel_stream *crb_stream_new(corbel_runtime *runtime, crb_peer *peer, const corbel_stream *other, const corbel_param *item,
                              bool writes, uint64_t chain, uint64_t wait_ns);
/** Takes NULL. No lock held. */
void crb_stream_end_of_life(corbel_stream *stream);
corbel_stream *crb_stream_dead(void);

/** From now on it is the session's stream. Under the peer's lock. Takes NULL for core. */
void crb_stream_attach_locked(corbel_stream *stream, crb_stream *core);
/** The session has no more of it; nothing more comes or goes. Under the peer's lock. Takes NULL. */
void crb_stream_detach_locked(corbel_stream *stream);
/** The other end is gone, or has given up: who waits sees it. Under the guard. Takes NULL. */
void crb_stream_over_locked(corbel_stream *stream);
/** The same, of a conduit in this process. No lock held. Takes NULL. */
void crb_stream_over(corbel_stream *stream);
/** This end has no more use for it: a writer ends, a reader has had enough. No lock held. Takes NULL. */
void crb_stream_leave(corbel_stream *stream);

/** The session's events, under the peer's lock. refs were made of the event's. */
void crb_stream_items_locked(corbel_stream *stream, crb_event *event, crb_ref *refs, size_t n_refs);
void crb_stream_room_locked(corbel_stream *stream);
/** Items that came were lost for want of memory. */
void crb_stream_no_memory_locked(corbel_stream *stream);

/* Items as bytes: for relays, and for what stands above them. No lock held. */

/** The next bytes that came, with all references that came with or before them; the taker frees them by crb_items_free(). Their
 *  cost is given back by crb_stream_used(). WOULD_BLOCK, OVER: *items may be references whose bytes have not come: it stays the
 *  caller's, and is handed in again. NULL to begin with. */
corbel_stream_result crb_stream_take_items(corbel_stream *stream, crb_items **items);
void crb_stream_used(corbel_stream *stream, uint64_t cost);
uint64_t crb_items_cost(const crb_items *items);
void crb_items_free(crb_items *items);
/** Passes them on as they are; may_wait: for room, at most wait_ns. WOULD_BLOCK, OVER: they are still the caller's. */
corbel_stream_result crb_stream_put_items(corbel_stream *stream, const uint8_t *bytes, size_t len, const crb_ref *refs,
                                          size_t n_refs, bool may_wait);
/** Has notify called, once, at the next change, with no lock held. False: there is something to take, or room, already. */
bool crb_stream_ask(corbel_stream *stream, void (*notify)(void *user), void *user);
/** Takes that back. False: it was called already, or will be. */
bool crb_stream_ask_no_more(corbel_stream *stream);
/** What stream_ready.c has for it is forgotten. */
void crb_stream_forget_ready(corbel_stream *stream);

/* Of a call. */
/** Makes both, of bytes, or of operation's items. False: no memory. */
bool crb_call_add_raw_streams(corbel_call *call, bool in, bool out, uint64_t wait_ns);
bool crb_call_add_streams(corbel_call *call, const corbel_operation *operation, uint64_t wait_ns);
/** The call, which was sent, ends then at the latest. */
void crb_call_bound_streams(corbel_call *call, uint64_t bound);
/** It was sent. Under the peer's lock. */
void crb_call_attach_streams_locked(corbel_call *call);
/** It is complete. Under the peer's lock; of a call in this process: no lock held. */
void crb_call_streams_done_locked(corbel_call *call);
void crb_call_streams_done(corbel_call *call);
/** _finish() begins: nothing more is written, nothing more read. Each wait is bounded anew. No lock held. */
void crb_call_streams_finish(corbel_call *call);
/** A wait took too long: the call is given up. Under the peer's lock. */
void crb_call_streams_expire_locked(corbel_call *call);
/** What went wrong with its items: moved to reterr. CORBEL_OK: nothing did. */
corbel_status crb_call_streams_failure(corbel_call *call, corbel_error *reterr);
void crb_call_free_streams(corbel_call *call);

#endif /* CRB_STREAM_H */
