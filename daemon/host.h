/** What the files of daemon/ share: the dispatcher of a runtime, its workers, requests, and registered ids.
 *
 *  One lock guards the dispatcher: the runtime's dispatch_lock (see runtime/call/runtime_impl.h for its place among the others).
 */
#ifndef CRB_DAEMON_HOST_H
#define CRB_DAEMON_HOST_H

#include "daemon/serial.h"

#include "runtime/base/arena.h"
#include "runtime/call/intercept.h"
#include "runtime/call/stream.h"
#include "runtime/value/codec.h"

#include <corbel/daemon.h>
#include <corbel/request.h>

/** So many deferred requests are remembered that were answered. */
#define CRB_ANSWERED 256u

typedef struct crb_lane crb_lane;
typedef struct crb_worker crb_worker;
typedef struct crb_queued crb_queued;

typedef enum crb_request_state {
    CRB_REQUEST_WAITING,  /* for its arguments, or for its turn in the lane */
    CRB_REQUEST_RUNNABLE, /* in the queue or in a waiting thread's inbox */
    CRB_REQUEST_RUNNING   /* taken by a thread */
} crb_request_state;

struct corbel_request {
    crb_work work; /* first: see request_of_work() */
    corbel_runtime *runtime;
    crb_peer *peer; /* counted; NULL: from this runtime */
    crb_answer *answer;
    corbel_call *local;
    crb_target *target;          /* counted */
    const corbel_method *method; /* NULL: unknown here, or the target is elsewhere; then: */
    char *interface, *operation; /* malloc'ed */
    uint64_t lane_id, deadline, chain;
    uint64_t entered; /* when */
    uint32_t hop;
    bool oneway;
    bool broken; /* a promise that it was given failed: error says how */
    bool enter;  /* the session wants to know when it is entered */
    crb_buf args;
    crb_ref *refs;
    size_t n_refs;
    crb_buf context_bytes;           /* what the call carries, as it came */
    crb_buf reply_bytes;             /* what goes with the answer, packed */
    bool plain;                      /* an interceptor's own call: others do not see it */
    corbel_intercepted *intercepted; /* the running thread's, then who answers it; NULL: nobody looks at it */
    _Atomic bool cancelled;
    crb_scope scope;               /* what it has under way */
    struct crb_watching *watching; /* who wants to know that it is cancelled: see cancel.c; NULL: nobody */
    /* Guarded by dispatch_lock: */
    crb_request_state state;
    bool complete, in_queue;
    crb_lane *lane;
    corbel_request *next_in_lane;
    corbel_request *prev, *next; /* all that are not over */
    crb_queued *queued;          /* its place among those that wait for each other; NULL: it has none */
    bool returned;               /* deferred, and its function has returned */
    bool detached;               /* the runtime has ended: it is in no list any more */
    /* The running thread's: */
    corbel_context *carried; /* counted: of context_bytes; NULL: it carries nothing */
    corbel_context *reply;   /* counted: of reply_bytes; NULL: none yet */
    crb_arena *arena;
    bool no_memory;            /* a helper that returns strings found none */
    corbel_error error;        /* what corbel_request_fail() and _forward() left */
    const char *exception;     /* what _raise() left, or an exception that is passed on */
    corbel_error trace;        /* the hops that it came by */
    corbel_any *exception_any; /* counted: that one */
    crb_buf exception_body;
    crb_ref_list exception_refs;
    _Atomic uint32_t holds; /* of a relayed or a deferred call: who is last ends it */
    /* See defer.c. */
    _Atomic uint32_t deferral;
    bool lends_args;          /* until the reply */
    const void **ins;         /* while the function runs: where the arguments are */
    struct crb_raw_call *raw; /* in the arena, of an object with a raw handler; see dynamic.c */
    crb_held held;            /* their references, once it has returned */
    /* See once.c. */
    crb_once_wire *once;         /* malloc'ed; what the call says about keys; NULL: nothing */
    bool once_seen, once_runs;   /* it was looked at; its key is in the table, or its servant's, until it is answered */
    bool once_before;            /* another attempt was passed on before this one */
    bool once_passes;            /* it is a repetition, which is not entered: no gate is for it */
    crb_once_entry *once_entry;  /* its own; guarded by dispatch_lock, as the next two */
    corbel_request *once_joined; /* whose answer it waits for */
    corbel_request *once_next;   /* that joined the same */
    crb_context context;
    uint64_t stream_wait_ns;               /* the bound of each wait for them */
    corbel_stream *stream_in, *stream_out; /* read and written here; NULL: none */
};

/** Calls of one lane to one object, in order; only the first may run. */
struct crb_lane {
    struct crb_lane_key {
        uint64_t origin; /* the session's serial; 0: this runtime */
        uint64_t lane;
        const crb_target *target;
    } key;
    corbel_request *first, **end;
    uint32_t n;       /* in it */
    crb_wait *urgent; /* a thread that waits for one of these: it runs them itself */
    crb_lane *next_urgent;
    UT_hash_handle hh;
};

/** What a request has at a serial object, or behind others in a lane where there are serial objects. See turns.c. */
struct crb_queued {
    crb_turn turn;   /* of a call of a serial object */
    crb_await block; /* its chain waits for that of the call before it in its lane */
    corbel_request *request;
    corbel_request *behind;  /* in its lane; NULL: it is the first */
    bool arrived;            /* at the gate: it has its place there, or needs none */
    uint64_t since;          /* when it came to wait */
    uint64_t until;          /* then it is told that its turn did not come */
    crb_queued *next, *prev; /* of those that wait at gates; next: of spare ones */
};

/** An object under an id. */
typedef struct crb_registered {
    crb_target *target; /* counted */
    corbel_daemon *daemon;
    UT_hash_handle hh;
    char id[];
} crb_registered;

struct crb_worker {
    corbel_runtime *runtime;
    crb_waiter waiter;
    pthread_t thread;
    bool idle; /* in the list of idle ones */
    bool blocked;
    struct crb_spare *spares; /* memory of requests */
    unsigned n_spares;
    bool serves;      /* a request that it took from the queue: when that is over, it comes back to it; only its own thread's */
    bool takes_next;  /* it comes back to the queue by itself, for one that was put there */
    crb_peer *unsent; /* counted: answers of its calls wait there to be sent together */
    uint64_t unsent_since;
    crb_worker *next, *prev; /* among the idle, or among the ended */
};

/** How fast calls ended when it was last looked at. */
typedef struct crb_pace {
    uint64_t since, finished; /* when it was, and how many had ended */
    uint64_t gap;             /* ns from one to the next; 0: not known */
} crb_pace;

typedef struct crb_dispatch {
    crb_lane *lanes, *last_lane; /* the last that was looked for and found; NULL: none */
    crb_work *queue, **queue_end;
    uint32_t n_queued;
    crb_worker *idle, *ended;
    uint32_t n_threads, n_blocked; /* with user_dispatch: threads in corbel_runtime_dispatch() */
    crb_timer retry;               /* work waits, there is no worker, and none could be started: tried again */
    corbel_request *requests;
    uint32_t n_requests;
    crb_registered *ids;
    crb_target *builtin; /* counted; corbel.Daemon, once somebody asked for it */
    bool draining, stopping;
    uint32_t n_deferred;                /* of n_requests: those whose functions have returned */
    crb_queued *waiting, *spare_queued; /* at gates; unused ones */
    uint32_t n_spare_queued;
    crb_timer turns;                        /* the next of waiting gives up */
    uint64_t turns_when;                    /* 0: it is not set */
    pthread_cond_t changed;                 /* n_requests or n_threads became less, or n_deferred more */
    uint64_t n_finished;                    /* requests that are over */
    crb_pace pace;                          /* how fast: see overload.c */
    corbel_request *answered[CRB_ANSWERED]; /* deferred ones that are over, the last of them: see defer.c */
    uint32_t next_answered;
    crb_once_table *once; /* NULL: there was no call with a key */
    crb_timer once_timer; /* gives up what was kept long enough */
    bool once_armed, once_over;
} crb_dispatch;

/** The runtime's dispatcher, made when it is needed. NULL: no memory, or the runtime has ended. Under dispatch_lock. */
crb_dispatch *crb_dispatch_get_locked(corbel_runtime *runtime);

/* dispatch.c */
void crb_dispatch_call(corbel_runtime *runtime, crb_incoming *incoming);
bool crb_dispatch_call_direct(corbel_runtime *runtime, crb_incoming *incoming);
/** user: a corbel_request */
void crb_dispatch_body(void *user, crb_buf *args, crb_ref *refs, size_t n_refs, corbel_error *error);
void crb_dispatch_cancel(void *user);
void crb_dispatch_cancel_locked(void *user);
void crb_dispatch_abandon_locked(void *user);
void crb_dispatch_resume_locked(corbel_runtime *runtime, crb_work *work);
void crb_dispatch_wait_lends_locked(crb_wait *wait, uint64_t chain);
void crb_dispatch_wait_takes_over_locked(crb_wait *wait, crb_wait *outer);
void crb_dispatch_wait_ends_locked(crb_wait *wait);
/** The function of the request has returned: its lane goes on. No lock held. */
void crb_dispatch_leave_lane(corbel_request *request);
/** The same, under dispatch_lock. */
void crb_dispatch_leave_lane_locked(corbel_request *request);
/** The request is over for the dispatcher, answered and all. No lock held; it is still the caller's to free. */
void crb_dispatch_finish(corbel_request *request);
/* overload.c */
/** How many calls wait. Under dispatch_lock. */
uint32_t crb_overload_waiting(const crb_dispatch *dispatch);
/** Why the call is refused; NULL: it is not. in_lane: calls in its lane. Under dispatch_lock. */
const char *crb_overload_refuses_locked(corbel_runtime *runtime, crb_dispatch *dispatch, const crb_incoming *incoming,
                                        uint32_t in_lane, uint32_t *ret_hint_ms);

/** Takes it off the list. */
void crb_dispatch_remove_locked(crb_dispatch *dispatch, corbel_request *request);

/** It is to be run now, whatever its place in its lane is: it leaves that. Under dispatch_lock. */
void crb_dispatch_run_now_locked(corbel_request *request);
/** The request was let in. Under dispatch_lock. */
void crb_dispatch_let_in_locked(corbel_request *request);

/* turns.c: serial objects. All under dispatch_lock, but where it says otherwise. */
/** Gives a new object its gate, if its interface says so. False: no memory. No lock held. */
bool crb_turns_open_gate(crb_target *target);
void crb_turns_close_gate(crb_target *target); /* no lock held */
/** The request is the last of its lane, behind another one or not, and is put on the list next. False: no memory. */
bool crb_turns_enter_locked(corbel_request *request, corbel_request *behind);
/** Something has changed for a call of a serial object that is complete: it comes to the gate, if it is to. True: it may run, as
 *  far as the gate is concerned. */
bool crb_turns_may_run_locked(corbel_request *request);
/** The one before it in its lane has gone, and behind is now before it. */
void crb_turns_follows_locked(corbel_request *request, corbel_request *behind);
/** It waits at a gate, and its caller has given up: it leaves. False: it does not wait. */
bool crb_turns_give_up_locked(corbel_request *request);
/** The request is over, or not to be entered: whoever is next gets the turn. */
void crb_turns_over_locked(corbel_request *request);
/** A deferred request's function has returned. */
void crb_turns_deferred_locked(corbel_request *request);
/** Could a call of that chain be entered now? */
bool crb_turns_is_open_locked(crb_target *target, uint64_t chain);
/** How many wait: where nothing runs any more but what is deferred, they wait for that. */
uint32_t crb_turns_n_waiting_locked(const corbel_runtime *runtime);
/** All that wait are told that the runtime ends. */
void crb_turns_end_locked(corbel_runtime *runtime);
void crb_turns_blocks_locked(crb_wait *wait, crb_lent *lent, bool proven);
void crb_turns_unblocks_locked(crb_wait *wait, crb_lent *lent);
void crb_turns_tick(void *user); /* the timer's; user: the runtime; no lock held */
/** At the end of the dispatcher; no lock. */
void crb_turns_free(crb_dispatch *dispatch);

/* workers.c */
void crb_workers_post(corbel_runtime *runtime, crb_work *work);
void crb_workers_post_locked(corbel_runtime *runtime, crb_work *work);
void crb_workers_unpost_locked(corbel_runtime *runtime, crb_work *work);
/** Waits until dispatch->changed is told, or the deadline has come; with user_dispatch runs what comes. */
void crb_workers_wait_locked(corbel_runtime *runtime, uint64_t deadline);
void crb_workers_blocking(corbel_runtime *runtime, bool blocked);
corbel_status crb_workers_dispatch(corbel_runtime *runtime, int timeout_ms);
/** The same as crb_workers_post_locked() for what the calling thread will run next, if it is a worker between two calls. */
void crb_workers_post_next_locked(corbel_runtime *runtime, crb_work *work);
/** Memory for a request, not zeroed, and back: a worker keeps some, as it mostly reads the calls that it runs. NULL: none. */
void *crb_workers_take_spare(size_t size);
void crb_workers_give_spare(void *memory);
/** May an answer to the peer wait for those of calls that this thread runs next? It then sends them. Under the peer's lock. */
bool crb_workers_gathers(corbel_runtime *runtime, crb_peer *peer, uint64_t now);
/** The timer's function; user: the runtime. */
void crb_workers_retry(void *user);
void crb_workers_end(corbel_runtime *runtime);
/* daemon.c */
void crb_daemon_drain(corbel_runtime *runtime, uint32_t grace_ms);

/* request.c */
/** Takes over what incoming holds on success. NULL: no memory. */
corbel_request *crb_request_new(corbel_runtime *runtime, crb_incoming *incoming);
/** Frees a request that was made but not kept: what it had taken over stays the incoming call's. Under dispatch_lock. */
void crb_request_disown(corbel_request *request);
/** Gives back everything but the request itself and its count of the runtime's memory. More than once is as good as once. No
 * lock held. */
void crb_request_clear(corbel_request *request);
/** No lock held. */
void crb_request_free(corbel_request *request);
/** A name for traces: the registered id, or interface and four bytes of a hash. Under no lock. */
void crb_request_object_name(const crb_target *target, char *out, size_t max);

/* run.c */
/** Is the calling thread about to be through with a call, as it is sending the answer? */
bool crb_request_answers_now(void);
/** A call of a method whose function has been quick of late. */
bool crb_request_is_quick(const crb_work *work);
void crb_request_run(crb_work *work);
/** A oneway that fails has no caller to tell: the log says it, once a second at most. */
void crb_log_oneway(const char *operation, const char *object, const corbel_error *error);
/** Answers with what went wrong; for relays and refusals. The hop of this process is added. No lock held. */
void crb_request_reply_error(corbel_request *request, corbel_error *error);
/** What the servant left as its failure. */
void crb_request_failure(corbel_request *request, corbel_status status, corbel_error *ret);
/** Its interceptors are told what becomes of it. error NULL: only its status is known. No lock held. */
void crb_request_after(corbel_request *request, corbel_status status, const corbel_error *error);
void crb_request_reply(corbel_request *request, crb_outcome outcome, crb_buf *body, crb_ref_list *refs, const char *exception);

/** Answers with what the servant said: its status, and with CORBEL_OK its outputs. No lock held. */
void crb_request_answer(corbel_request *request, corbel_status status, const void *const *outs);

/** What a thread that works for the request inherits to its calls. */
crb_context crb_request_context(corbel_request *request);

/* cancel.c */
/** Nobody is told any more that it is cancelled. Waits for a callback that runs, unless it is this thread's. No lock held. */
void crb_watching_close(corbel_request *request);

/* defer.c */
/** The function of a deferred request has returned status; held are the references in its arguments. */
void crb_defer_returned(corbel_request *request, corbel_status status, crb_held *held);
/** Was it deferred, or answered meanwhile? */
bool crb_is_deferred(const corbel_request *request);
/** The runtime ends: whoever still has a deferred request has it alone from now on; its caller is told, if it is in this process.
 *  Under dispatch_lock, which it lets go of. */
void crb_defer_detach_all_locked(corbel_runtime *runtime);

/* once.c */
typedef enum crb_once_way {
    CRB_ONCE_WAY_ON,    /* it is to be entered */
    CRB_ONCE_WAY_OVER,  /* it was answered: its end follows */
    CRB_ONCE_WAY_PARKED /* it will be, with another one; it may be gone */
} crb_once_way;
/** A request of which request->once says something is about to be entered. No lock held. */
crb_once_way crb_once_enter(corbel_request *request);
/** Before a request with request->once is answered: keeps the reply. Not CORBEL_OK: the servant could not make its effect last;
 *  error, which says how it ended where outcome is an error, now says this. No lock held. */
corbel_status crb_once_keep(corbel_request *request, crb_outcome outcome, const crb_buf *body, const crb_ref_list *refs,
                            const char *exception, corbel_error *error);
/** The caller of a request with request->once gave up, or its session ended: which request is cancelled by that? NULL: none, it
 * goes on all the same. Under the peer's lock and dispatch_lock. */
corbel_request *crb_once_cancels_locked(corbel_request *request);
bool crb_once_is_durable(const crb_target *target);
/** Is the request a repetition of what runs, or was answered? Then it has no turn at a serial object. Under dispatch_lock. */
bool crb_once_passes_locked(corbel_request *request);
/** The timer's function; user: the runtime. */
void crb_once_tick(void *user);
/** The runtime ends: nothing is kept any more, what had joined is answered. Under dispatch_lock, which it lets go of. */
void crb_once_end_locked(corbel_runtime *runtime);

/* builtin.c */
/** Runs an operation that every object has. False: it is none. */
bool crb_builtin_run(corbel_request *request);
/** The runtime's corbel.Daemon, counted; made at its first use. NULL: no memory, or the runtime has ended. Under dispatch_lock.
 */
crb_target *crb_builtin_daemon_locked(corbel_runtime *runtime);
#define CRB_BUILTIN_ID "corbel.Daemon"

/* relay.c */
/** Passes the call on to where to is: what it was for, or another object. The request is over when the answer has come: true; or
 * it failed with error filled in. */
bool crb_relay(corbel_request *request, crb_target *to, corbel_error *error);

/* dynamic.c */
/** Runs a call of an object that has a raw handler. False: it was passed on or deferred, and may be gone. */
bool crb_raw_run(corbel_request *request);
/** crb_request_answer() of such a call. */
void crb_raw_answer(corbel_request *request, corbel_status status);
/** Releases what the handler asked for and left. */
void crb_raw_clear(corbel_request *request);

/* relay_streams.c */
typedef struct crb_relay_streams crb_relay_streams;
/** For a request with streams; makes the call's. finish: called once the items of a result have gone and
 *  crb_relay_streams_part() was called, by whoever is last of the two. NULL: no memory. */
crb_relay_streams *crb_relay_streams_new(corbel_request *request, corbel_call *call, void (*finish)(void *user), void *user);
void crb_relay_streams_ref(crb_relay_streams *relay);
/** The call was sent. */
void crb_relay_streams_start(crb_relay_streams *relay);
/** The answer has come. True: the items have gone, too. */
bool crb_relay_streams_part(crb_relay_streams *relay);
/** What went wrong with an item here. */
bool crb_relay_streams_failed(crb_relay_streams *relay, corbel_error *error);
/** The request is answered: takes over the streams of both. */
void crb_relay_streams_end(crb_relay_streams *relay, corbel_request *request, corbel_call *call);
void crb_relay_streams_drop(crb_relay_streams *relay);

/* ids.c */
crb_target *crb_ids_find(corbel_runtime *runtime, const char *id, const char *interface, corbel_error *reterr);
char *crb_ids_uri(crb_target *target);
/** Makes the text of a URI of daemon's. A corbel block; NULL: no memory. */
char *crb_daemon_uri_text(const corbel_daemon *daemon, const char *id);

#endif /* CRB_DAEMON_HOST_H */
