/** Peers: a session, its transport, and the lock around both. */
#ifndef CRB_PEER_H
#define CRB_PEER_H

#include "runtime/call/target.h"
#include "runtime/session/session.h"
#include "runtime/transport/transport.h"

#define CRB_PEER_FROM 160

/** Something that must not be done under a peer's lock; done right after it was given back. */
typedef struct crb_later {
    void (*run)(struct crb_later *later);
    struct crb_later *next;
} crb_later;

struct crb_peer {
    _Atomic uint32_t refs; /* the link, imports, requests, who dials */
    corbel_runtime *runtime;
    uint64_t serial;          /* of this process, never 0: tells sessions apart in lanes */
    char *address;            /* dialled: "127.0.0.1:9676", else NULL */
    crb_route *routes;        /* addresses that lead here; guarded by runtime->lock */
    uint8_t instance[16];     /* the peer runtime; valid once open; guarded by runtime->lock */
    bool listed;              /* guarded by runtime->lock */
    crb_peer *next, *prev;    /* in the runtime's list; guarded by runtime->lock */
    uint64_t id;              /* the session's name: of one that we dialled constant, else set when it opens; 0: none */
    uint64_t supersedes;      /* what its HELLO says; constant */
    crb_who *who;             /* whose it is; NULL: nobody's; guarded by runtime->lock */
    crb_peer *next_same;      /* of the same; guarded by runtime->lock */
    char *why;                /* why it ended; set once, under lock, before over */
    char from[CRB_PEER_FROM]; /* where it is; this, has_user and user are set with the link, and constant from then on */
    bool has_user;
    crb_link_user user;
    crb_watch *watches;   /* that hang on the session; guarded by runtime->watch_lock */
    pthread_mutex_t lock; /* guards: */
    crb_session *session;
    crb_link *link;      /* NULL before it is there and after it has ended */
    bool link_over;      /* closed() has come */
    bool sending;        /* between link send() and sent() */
    uint64_t n_messages; /* that were sent */
    uint32_t n_ready;    /* calls that are complete and wait to be finished: more will be begun without blocking */
    uint32_t n_gathered; /* times in a row that the lock was given back without sending what waits */
    uint64_t once_told;  /* what it was last told to be done with of our keys; 0: it has got none */
    bool closing;        /* the link was told to close */
    bool open;           /* both HELLOs were exchanged */
    bool settled;        /* the one who dialled is through with it: see bind_settle() */
    bool retiring;       /* another one leads there, too, and is used for what is new: this one ends when nothing hangs on it */
    bool replaced;       /* it leads where another one leads already, which is to be used instead */
    bool ended;          /* CRB_EVENT_CLOSED was seen, or the session never began */
    bool keeps; /* the link has ended, the session still holds what its lost peer held: the link's count is the timer's now */
    crb_timer timer;
    uint64_t timer_when;
    struct crb_peer_waiter *waiters; /* for credit, for the opening, for the end */
    crb_later *later, **later_end;
    crb_later cancel;                 /* calls in this process that hang on cancelled ones of the peer's are to be cancelled */
    bool cancels;                     /* that waits for the lock to be given back, and holds a count */
    crb_buf message;                  /* empty between pulls; its memory is used again */
    crb_target *dead;                 /* targets that lost their last count under the lock */
    struct crb_agreement *agreements; /* the newest first: see agree.c */
    _Atomic bool said_goodbye;        /* at the end of the runtime */
    _Atomic bool draining;            /* GOAWAY has come: it takes no new chains; a hint outside the lock */
    _Atomic bool gave_up;             /* the time of who dialled it was over: others may have more */
    _Atomic bool alive;               /* may be found for new objects; a hint outside the lock */
    _Atomic bool over;                /* the session has ended; a hint outside the lock */
    _Atomic uint64_t retries;         /* of calls that failed on it: see retry.h */
};

/** One thread that waits for a change of the peer. On its stack. */
typedef struct crb_peer_waiter {
    crb_waiter *waiter;
    struct crb_peer_waiter *next;
    bool woken;
} crb_peer_waiter;

extern const crb_link_handler crb_peer_link_handler;

/** A peer without a link; the caller's count. address NULL: the other side dialled; else under runtime->lock. NULL: no memory. */
crb_peer *crb_peer_new(corbel_runtime *runtime, const char *address);
/** Lists it at the runtime; from now on a link holds a count of it: crb_peer_start() or crb_peer_no_link() follows. */
void crb_peer_expect_link(crb_peer *peer);
/** Gives it its link and sends HELLO. */
void crb_peer_start(crb_peer *peer, crb_link *link);
/** No link could be had: ends it. */
void crb_peer_no_link(crb_peer *peer, const char *why);
/** Lists a peer that is not listed. Under runtime->lock. */
void crb_peer_list_locked(crb_peer *peer);
/** Takes it off the runtime's list, and its routes out of the table. */
void crb_peer_unlist(crb_peer *peer);
crb_peer *crb_peer_ref(crb_peer *peer);
void crb_peer_unref(crb_peer *peer);

void crb_peer_lock(crb_peer *peer);
/** Handles all events, sends what there is to send, unlocks, and does what was to be done later. */
void crb_peer_unlock(crb_peer *peer);
/** The same, but what there is to send may wait for more, a millisecond at most: whoever does so will give the lock back by
 *  crb_peer_unlock() soon. */
void crb_peer_unlock_gathering(crb_peer *peer);
/** Handles events without unlocking. */
void crb_peer_settle_locked(crb_peer *peer);
void crb_peer_later_locked(crb_peer *peer, crb_later *later);
/** crb_cancel_run() of its runtime, when the lock was given back. */
void crb_peer_cancel_later_locked(crb_peer *peer);
/** crb_target_unref() and crb_refs_free() under the lock: what must not happen there happens later. */
void crb_peer_unref_target_locked(crb_peer *peer, crb_target *target);
void crb_peer_refs_free_locked(crb_peer *peer, crb_ref *refs, size_t n);
/** Answers a call that was not entered. */
void crb_peer_refuse_locked(crb_peer *peer, crb_answer *answer, bool oneway, corbel_error *error);
/** Waits, unlocked meanwhile, until something changed (credit, opening, end) or the deadline. False: the deadline. */
bool crb_peer_wait_locked(crb_peer *peer, uint64_t deadline);
/** The same, and runs meanwhile what wait is lent to. It may return true where nothing has changed. */
bool crb_peer_wait_lending_locked(crb_peer *peer, crb_wait *wait, uint64_t deadline);

/** The refs of a message to be sent to peer. out has room for n. Under the lock. */
void crb_peer_refs_out_locked(crb_peer *peer, const crb_ref *refs, size_t n, crb_ref_out *out);
/** After a message was queued: the session holds what it did not hold before. */
void crb_peer_refs_sent_locked(crb_peer *peer, const crb_ref *refs, size_t n, const crb_ref_out *out);

/** Ends it as lost, whatever its link looks like. */
void crb_peer_lose(crb_peer *peer, const char *why);
/** Closes it: BYE, or at once; what a lost peer held is not kept any longer. */
void crb_peer_bye(crb_peer *peer);

/** A counted, open peer for one of the addresses, dialled now where there is none; or itself is true: the address is this very
 *  runtime. The error lists every address tried. */
corbel_status crb_peer_find(corbel_runtime *runtime, const crb_address *addresses, size_t n, uint64_t deadline, crb_peer **ret,
                            bool *ret_itself, corbel_error *reterr);
/** Asks the peer for the object with an id: a counted IMPORT target. */
corbel_status crb_peer_bind(crb_peer *peer, const char *id, const corbel_interface *interface, uint64_t deadline,
                            crb_target **ret, corbel_error *reterr);

/* routes.c; all under runtime->lock. */
/** From now on address leads to peer, which is listed or about to be, or (NULL) to this runtime itself. False: no memory. */
bool crb_routes_set_locked(corbel_runtime *runtime, const char *address, crb_peer *peer);
/** The peer that address leads to, if it may be used; not counted. */
crb_peer *crb_routes_find_locked(corbel_runtime *runtime, const char *address, bool *ret_itself);
/** Another peer whose session has that name, which this side dialled; not counted. */
crb_peer *crb_routes_named_locked(const crb_peer *peer, uint64_t id);
/** What leads to from leads to to from now on. */
void crb_routes_move_locked(crb_peer *from, crb_peer *to);
void crb_routes_forget_locked(crb_peer *peer);
/** At the end of the runtime; no lock. */
void crb_routes_free(corbel_runtime *runtime);

/* agree.c */
/** May operation be called on target, as which self was resolved? Asks its process, once, where fingerprints differ.
 *  CORBEL_MISMATCH, CORBEL_UNIMPLEMENTED: completion NO, with what differs. No lock held. */
corbel_status crb_agree(const corbel_object *self, crb_target *target, const corbel_operation *operation, uint64_t deadline,
                        corbel_error *reterr);
void crb_agreements_free(crb_peer *peer);

/* Between peer.c and peer_events.c. */
void crb_peer_handle_event(crb_peer *peer, crb_event *event);
void crb_peer_opened_locked(crb_peer *peer);
void crb_peer_duplicate_locked(crb_peer *peer, uint64_t id);
void crb_peer_changed_locked(crb_peer *peer);
void crb_peer_ended_locked(crb_peer *peer, const char *why, bool clean);

#endif /* CRB_PEER_H */
