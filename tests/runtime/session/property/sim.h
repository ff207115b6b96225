/** Two to four peers, a session between each pair of them over a scripted pipe, and a driver at each peer that knows everything:
 * a model of what the dispatcher, the servants and the callers of a process do, one step at a time. The seed decides which step
 * comes next. What never may be wrong is checked at each step, against the model's books and against what went over the wire.
 *
 * One thread; the same seed gives the same run, byte for byte. What fails leaves by longjmp: memory of a failed run is lost. */
#ifndef CRB_TEST_SIM_H
#define CRB_TEST_SIM_H

#include "runtime/call/retry.h"
#include "runtime/session/session.h"
#include "runtime/session/session_impl.h"
#include "runtime/transport/scripted.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_MS UINT64_C(1000000)
#define SIM_START UINT64_C(1000000000)

enum {
    SIM_NODES = 4,
    SIM_LINKS = 20,   /* sessions, those that took the place of others too */
    SIM_OBJECTS = 8,  /* a node's own */
    SIM_RELAYS = 24,  /* a node's objects that stand for another's */
    SIM_CALLS = 1500, /* of one run */
    SIM_HELD = 256,   /* references at one end of a session */
    SIM_FLOW_REFS = 24,
    SIM_REFS = 3,  /* in one message */
    SIM_LANES = 4, /* of a node */
    SIM_TRACE = 48,
    SIM_PAIRS = 512, /* references that one side has named on the wire */
    SIM_STATES = 24,
    SIM_STATUSES = 64,
    SIM_EVENTS = CRB_EVENT_CLOSED + 1,
    SIM_DOINGS = 64,
    SIM_EFFECTS = 120, /* of one run */
    SIM_HELLO_BYTES = 120
};

typedef struct sim sim;
typedef struct sim_node sim_node;
typedef struct sim_side sim_side;
typedef struct sim_call sim_call;
typedef struct sim_request sim_request;
typedef struct sim_effect sim_effect;

/** A reference of a side's: one receipt of an import. */
typedef struct sim_held {
    crb_import *import;
    struct sim_object *object; /* what the model knows it stands for */
} sim_held;

typedef struct sim_object {
    sim_node *node;
    int index;
    bool used;            /* a relay: in use */
    sim_side *relay;      /* a relay: where calls on it go on to, */
    sim_held to;          /* and what they are made on; NULL: its session is over */
    int holds[SIM_LINKS]; /* of each session */
    bool gone[SIM_LINKS]; /* it was withdrawn there at some time */
} sim_object;

typedef enum sim_kind { SIM_CALL, SIM_ONEWAY, SIM_BIND } sim_kind;

/** Where in the result of a kept call a reference is: the first, the second inside of another message, nowhere. */
typedef enum sim_path { SIM_PATH_FIRST, SIM_PATH_SECOND, SIM_PATH_NOWHERE, SIM_PATHS } sim_path;

/** One way of the items of a call: [0] from the asker, [1] from the servant. */
typedef struct sim_flow {
    bool used;
    crb_stream *writer, *reader; /* while they may be used */
    uint64_t put, came;          /* bytes */
    uint64_t untaken;            /* of the window: what has come and was not given back */
    bool ended, end_came, enough, waits;
    sim_object *refs[SIM_FLOW_REFS];
    size_t n_refs, refs_came;
    /* the wire's view */
    uint64_t used_on_wire, credited;
    bool end_on_wire;
} sim_flow;

/** A call or a bind, from all points of view. Its number is in the first 8 bytes of the arguments, or in a bind's id. */
struct sim_call {
    uint32_t number; /* from 1, in the order in which they were made */
    sim_kind kind;
    sim_side *from;
    sim_object *target;  /* what the reference stands for; NULL: */
    sim_call *promise;   /* made on what that one will answer */
    sim_request *within; /* the nested call of that one */
    sim_call *carries;   /* it carries that one on, from a relay */
    sim_call *after;     /* it enters after that one, if that has returned a result, */
    bool anyway;         /* or whatever became of that one */
    bool guard;
    sim_effect *effect; /* it is an attempt at that */
    crb_once_wire once; /* its key */
    bool keep;          /* its answer is a promise until it is finished */
    sim_path path;      /* in the result of promise */
    uint64_t lane, chain;
    int wanted;         /* a bind: which object */
    uint64_t deadline;  /* absolute; UINT64_MAX: none */
    uint64_t remaining; /* of that on the wire; UINT64_MAX: none */
    uint64_t sent_at;
    uint32_t hop;
    sim_node *root; /* who made the call that this one carries on, or this one */
    uint64_t root_lane;
    uint32_t root_number;
    size_t args_len;
    sim_object *refs[SIM_REFS];       /* what is passed; NULL: */
    sim_call *ref_promises[SIM_REFS]; /* what that one will answer */
    sim_path ref_paths[SIM_REFS];
    size_t n_refs;
    sim_flow flows[2];
    /* the asker's view */
    crb_question *question;      /* while it may be used */
    bool done, cancelled, early; /* early: made before the peer's HELLO had come */
    uint32_t done_at;            /* how many calls had been made then */
    crb_outcome outcome;
    corbel_status status;
    corbel_completion completion;
    /* the wire's view: frames pulled */
    uint64_t on_wire; /* its question number there; 0: never pulled */
    unsigned returns, finishes;
    uint32_t returned; /* the outcome in its RETURN */
    bool finish_cancels;
    size_t result_left; /* bytes of its result that BODY frames are to bring */
    /* the servant's view */
    bool arrived, entered, left, answered, told; /* told: its driver was told of a cancellation */
    sim_object *entered_at;
    crb_outcome answer;
    corbel_status answer_status;
    size_t result_len;
    sim_object *result[SIM_REFS];
    size_t n_result;
    uint64_t entered_step;
};

typedef enum sim_state {
    SIM_QUEUED,    /* in its lane, or on a promise, or its arguments are not whole */
    SIM_BLOCKED,   /* entered; its function waits for a call of its own */
    SIM_CARRIED,   /* a relay has sent it on */
    SIM_STREAMING, /* entered; its function reads and writes streams */
    SIM_DEFERRED   /* entered; its function has returned, the reply comes later */
} sim_state;

/** A call or bind at the servant, until it is answered. */
struct sim_request {
    sim_request *next; /* at this node, in the order in which they came */
    sim_side *at;
    crb_answer *answer;
    sim_call *call;
    sim_state state;
    bool complete, cancelled, enter, failed, has_refs, left; /* left: its function has returned, its lane goes on */
    uint64_t deadline;
    sim_object *object;
    corbel_status failure; /* of a promise in its arguments: what it is to be answered with */
    crb_once_entry *entry; /* its key's, as long as it runs */
    crb_once_wire once;
    unsigned lingers;
    bool large;       /* its result is to be */
    uint64_t place;   /* in the queue of its lane: when its object was known */
    sim_call *nested; /* what it is blocked in, or carried on by */
};

/** What one side has named on the wire, in the order of the wire. */
typedef struct sim_pair {
    uint32_t index, generation;
    const void *object;
    uint64_t sent, released; /* in frames pulled by this side, and by the other */
} sim_pair;

typedef struct sim_window {
    uint64_t used, credited; /* by frames pulled by this side, and by the other */
} sim_window;

struct sim_side {
    sim *sim;
    sim_node *node;
    sim_side *peer;
    int link, end;
    crb_session *session;
    sim_held held[SIM_HELD];
    size_t n_held;
    bool closed, clean;
    uint64_t asked_calls, asked_retries; /* attempts at effects: made, and to be made again because of one made here */
    bool waits[2];                       /* by window: a call was refused for want of credit, and CRB_EVENT_CREDIT has not come */
    bool aborts;                         /* the model has ended it so, or sent it what it must not take */
    /* the wire: frames that this side has pulled */
    bool hello, ended;
    uint64_t last_question;
    uint64_t calls;
    sim_call *asked[SIM_CALLS + 1]; /* by question number */
    sim_pair pairs[SIM_PAIRS];
    size_t n_pairs;
    sim_window windows[CRB_WINDOWS];
};

struct sim_node {
    sim *sim;
    int index;
    sim_object objects[SIM_OBJECTS + SIM_RELAYS];
    sim_side *sides[SIM_NODES]; /* by the peer's index; NULL: itself */
    sim_request *requests;
    uint64_t threads; /* lanes of nested calls so far */
    uint64_t places;
    crb_once_table *once; /* of its servants */
    bool forgetful;       /* which is small */
    crb_once_book book;   /* of its callers */
};

/** What an operation promises of its effect. */
typedef enum sim_promise { SIM_PLAIN, SIM_IDEMPOTENT, SIM_ONCE, SIM_PROMISES } sim_promise;

/** What a caller wants to have done, by as many attempts as the rules of retries allow, on whatever session there is. */
struct sim_effect {
    uint32_t number;
    sim_node *from;
    sim_object *target;
    sim_promise promise;
    uint64_t deadline, due; /* due: of the next attempt */
    size_t len;
    uint32_t attempts;
    sim_call *attempt, *bind; /* the one under way, and what it is made on */
    bool over, cancelled;
    crb_retry_step why; /* it was not made again */
    corbel_status status;
    corbel_completion completion; /* of all attempts */
    uint32_t entered;             /* the servant's own counter: the truth */
    crb_once_mine mine;           /* SIM_ONCE: its key */
    sim_request *running;         /* SIM_ONCE: the call with its key that has entered and is not answered */
};

/** What was answered to a call with a key, kept for its repetitions. */
typedef struct sim_reply {
    const sim_effect *effect;
    crb_outcome outcome;
    corbel_status status;
    uint64_t number; /* of the call that entered */
    size_t len;
} sim_reply;

typedef struct sim_link {
    crb_scripted *pipe;
    sim_side sides[2];
} sim_link;

/** What a run has done, summed over runs. */
typedef struct sim_counts {
    uint64_t runs, steps;
    uint64_t sent[CRB_FRAME_TYPES], received[CRB_FRAME_TYPES];
    uint64_t events[SIM_EVENTS];
    uint64_t completed[SIM_STATUSES], refused[SIM_STATUSES]; /* by status */
    uint64_t completions[3];
    uint64_t states[SIM_STATES];
    uint64_t doings[SIM_DOINGS];
    uint64_t verdicts[CRB_RETRY_STEPS]; /* of retries */
} sim_counts;

typedef struct sim_trace {
    uint64_t step, time;
    const char *what;
    int node, peer;
    uint64_t a, b;
} sim_trace;

struct sim {
    uint64_t random;
    int n_nodes, n_links;
    sim_node nodes[SIM_NODES];
    sim_link links[SIM_LINKS];
    sim_call calls[SIM_CALLS];
    uint32_t n_calls;
    sim_effect effects[SIM_EFFECTS];
    uint32_t n_effects;
    uint64_t clock;   /* where all is over: the time that has passed */
    bool overloaded;  /* servants refuse many attempts at effects before they enter */
    uint64_t cut_all; /* every session is cut within so many bytes of its HELLO; 0: as the seed says */
    uint64_t step, chains;
    uint64_t digest;
    bool winding_down;
    sim_counts *counts;
    sim_trace trace[SIM_TRACE];
    uint64_t n_trace;
    crb_scratch scratch;
    jmp_buf failed;
    char why[512];
};

/* ---- sim.c: the world ---- */

/** What the model does and sees, beyond frames and events, for the report. */
typedef enum sim_doing {
    SIM_DO_LANE_WAIT,      /* a call stood behind another of its lane */
    SIM_DO_BODY_WAIT,      /* a call came without the whole of its arguments */
    SIM_DO_PROMISE_WAIT,   /* a call came before the RETURN of its promise went */
    SIM_DO_PROMISE_DIRECT, /* a call on a promise that was answered before it came */
    SIM_DO_PROMISE_OWN,    /* a call on a promise that is an object of the caller's own */
    SIM_DO_PROMISE_PASSED, /* a promise in a reference table */
    SIM_DO_PROMISE_FAILED, /* a call on a promise that failed */
    SIM_DO_BATCH,
    SIM_DO_AFTER,   /* a call that entered after another */
    SIM_DO_ANYWAY,  /* one that entered though the other had failed */
    SIM_DO_SKIPPED, /* one that did not */
    SIM_DO_NESTED,
    SIM_DO_CALLBACK, /* a nested call to the caller's own process */
    SIM_DO_DEEP,     /* a hop count above 2 */
    SIM_DO_DEFER,
    SIM_DO_RELAY,
    SIM_DO_CANCEL_QUEUED,
    SIM_DO_CANCEL_SENT,
    SIM_DO_CANCEL_LATE, /* the call was answered before its cancellation came */
    SIM_DO_EXPIRED,
    SIM_DO_RELEASE,
    SIM_DO_WITHDRAW,
    SIM_DO_REFERENCE,
    SIM_DO_REFERENCE_BACK,
    SIM_DO_REFERENCE_RELAYED,
    SIM_DO_LARGE,
    SIM_DO_REUSE, /* a slot of an export that was used again */
    SIM_DO_STREAM_IN,
    SIM_DO_STREAM_OUT,
    SIM_DO_STREAM_PUT,
    SIM_DO_STREAM_WAIT,
    SIM_DO_STREAM_ENOUGH,
    SIM_DO_STREAM_CLOSED,
    SIM_DO_STREAM_END,
    SIM_DO_CUT,            /* a pipe that ended in the midst */
    SIM_DO_RESTART,        /* a new session between two peers */
    SIM_DO_RESTART_BESIDE, /* while the one before goes away */
    SIM_DO_KEPT_LET_GO,    /* what a lost peer held is let go, and the run goes on */
    SIM_DO_EFFECT,
    SIM_DO_AGAIN,           /* an attempt after another */
    SIM_DO_AGAIN_ELSEWHERE, /* on another session */
    SIM_DO_KEY_JOINS,
    SIM_DO_KEY_REPLAYED,
    SIM_DO_KEY_FORGOTTEN,
    SIM_DO_KEY_ACKNOWLEDGED,
    SIM_DO_TWICE, /* an idempotent operation that entered more than once */
    SIM_DO_QUIET, /* a run that ended with all sessions alive */
    SIM_DO_NUMBER
} sim_doing;

sim *sim_new(uint64_t seed, sim_counts *counts);
/** The same, with two nodes, whose every session is cut within so many bytes after HELLO. */
sim *sim_new_cut(uint64_t seed, uint64_t bytes, sim_counts *counts);
/** The latest session between two nodes is replaced by a new one, if it is over or going away. Returns whether it lives. */
bool sim_restart(sim_side *at);
void sim_free(sim *s);
uint64_t sim_pick(sim *s, uint64_t n);
bool sim_chance(sim *s, uint64_t one_in);
void sim_count(sim *s, sim_doing doing);
uint64_t sim_now(const sim_side *at);
/** Lets each pipe do the next thing that is due within ms. */
void sim_step_one(sim *s, uint64_t ms);
/** Lets all pipes do what is due within ms. */
void sim_run(sim *s, uint64_t ms);
/** One tick of a side whose pipe is over, and its events. */
void sim_tick(sim_side *at, uint64_t now);
void sim_note(const sim_side *at, const char *what, uint64_t a, uint64_t b);
void sim_print_trace(const sim *s);
_Noreturn void sim_fail(sim *s, const char *file, int line, const char *text, ...) __attribute__((format(printf, 4, 5)));
#define SIM_CHECK(s, condition, ...)                                                                                             \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            sim_fail((s), __FILE__, __LINE__, __VA_ARGS__);                                                                      \
        }                                                                                                                        \
    } while (0)

/* ---- sim_ask.c: callers ---- */

typedef struct sim_asking {
    sim_kind kind;
    const sim_held *held;
    sim_call *promise;
    uint64_t lane, chain;
    uint32_t hop;
    uint64_t deadline; /* UINT64_MAX: none */
    sim_request *within;
    sim_call *carries, *after;
    bool anyway, guard, keep;
    bool stream_in, stream_out;
    size_t len;
    bool with_refs;
    sim_effect *effect;
} sim_asking;

/** NULL: refused, by *ret_status. */
sim_call *sim_ask(sim_side *from, const sim_asking *asking, corbel_status *ret_status);
/** object: of the peer; NULL: some. */
sim_call *sim_bind(sim_side *from, const sim_object *object, uint64_t deadline);
void sim_returned(sim_side *at, crb_event *event);
void sim_finish(sim_call *call, bool cancel);
/** Fills refs at random with what the side can pass, and objects with what the receiver will find. call: whose arguments they
 * are, which may be promises; NULL: a result. */
size_t sim_choose_refs(sim_side *at, crb_ref_out refs[SIM_REFS], sim_object *objects[SIM_REFS], sim_call *call);
/** What a promise stands for, once it is answered; NULL: nothing. */
sim_object *sim_promised(const sim_call *promise, sim_path path);
/** A promise of the side's that may be named; NULL: none. */
sim_call *sim_some_promise(sim_side *at);
/** An object of the node's that stands for what from has in held, whose receipt becomes its own; NULL: no room. */
sim_object *sim_relay(sim_side *from, size_t held);
void sim_count_fresh(sim_side *at, const crb_ref_out *refs, size_t n);
/** Takes the references of an event, and checks that they are what was sent. */
void sim_take_refs(sim_side *at, const crb_event *event, sim_object *const *objects, size_t n);
void sim_take_ref(sim_side *at, const crb_ref_in *ref, sim_object *object);
void sim_release(sim_side *at, size_t held);
void sim_unexported(sim_side *at, sim_object *object);
/** Relays that nobody holds give back what they stand for. Between two steps. */
void sim_settle_relays(sim *s);
bool sim_fill(crb_buf *buf, uint64_t number, size_t len);
bool sim_is_filled(const uint8_t *data, size_t len);
/** The result of a kept call: a message that names its references, and then len bytes as above. */
bool sim_fill_kept(crb_buf *buf, uint64_t number, size_t n_refs, size_t len);
bool sim_is_filled_kept(const crb_buf *buf, size_t n_refs, size_t len);

/* ---- sim_serve.c: servants ---- */

void sim_arrived(sim_side *at, crb_event *event);
void sim_body(sim_side *at, crb_event *event);
void sim_cancelled(sim_side *at, const crb_event *event);
/** One step of some call at the node, at random; false: there is nothing to do. */
bool sim_serve(sim_node *node);
bool sim_is_idle(const sim_node *node);

/** Answers with what was kept. */
void sim_replay(sim_request *request, const sim_reply *reply);
void sim_refuse(sim_request *request, corbel_status status, corbel_completion completion);

/* ---- sim_stream.c ---- */

void sim_streams_of_asker(sim_call *call);
void sim_streams_of_servant(sim_side *at, const crb_event *event, sim_call *call);
void sim_items(sim_side *at, crb_event *event);
void sim_room(sim_side *at, const crb_event *event);
/** One step of some stream's reader or writer at the node; false: there is nothing to do. */
bool sim_stream(sim_node *node);

/* ---- sim_effect.c: what is to be done, by attempts ---- */

/** A new effect; its first attempt is made with the next sim_effects(). */
void sim_effect_new(sim_node *from, sim_object *target, sim_promise promise, uint64_t deadline);
const char *sim_promise_name(sim_promise promise);
/** The key that its attempt goes with now. */
void sim_effect_key(const sim_effect *effect, crb_once_wire *ret);
/** Makes the attempts that are due, and judges those that have ended. */
void sim_effects(sim *s);
/** A call with a key is to enter at its servant. True: it does; else it waits, or was answered. */
bool sim_once_admit(sim_request *request);
/** It is answered. */
void sim_once_answered(sim_request *request, const crb_result *result);
/** What is under a key at the node's servants is acknowledged by the call. */
void sim_once_arrived(sim_side *at, const sim_request *request);
/** Replies that were given up. */
void sim_once_settle(sim_node *node);
/** Its servant is entered. */
void sim_effect_enters(sim_side *at, const sim_call *call);
/** An effect that is not over; NULL: none. */
const sim_effect *sim_open_effect(const sim *s);
/** What must hold when all is over. */
void sim_check_effects(sim *s);

/* ---- sim_wire.c: what goes over the wire, looked at by somebody who knows the protocol and not the core ---- */

void sim_wire(sim_side *at, const uint8_t *message, size_t len);

/* ---- sim_check.c ---- */

/** What holds at every moment. */
void sim_check(sim *s);
/** Lets everything come to its end, checks what must be true when all is quiet, ends all sessions, checks that nothing is left.
 */
void sim_end(sim *s);

/* ---- sim_count.c ---- */

void sim_count_session(sim_counts *counts, const crb_session *session);
void sim_sample_states(sim *s);
/** Prints all counts; false: some are below their floor for so many runs. */
bool sim_report(const sim_counts *counts, bool enforce);

#endif /* CRB_TEST_SIM_H */
