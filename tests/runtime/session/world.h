/** Two sessions, a scripted pipe between them and a driver at each end that keeps books: which calls entered, how each question
 * was completed, which objects are held and which imports. What never may be wrong is asserted on the way; world_check_over()
 * asserts what must be true at the end. */
#ifndef CRB_TEST_WORLD_H
#define CRB_TEST_WORLD_H

#include "tests/runtime/support/test.h"

#include "runtime/session/session.h"
#include "runtime/session/session_impl.h"
#include "runtime/transport/scripted.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define WORLD_START SECOND /* the time at the beginning */

enum {
    WORLD_OBJECTS = 1024,
    WORLD_ASKED = 4096,
    WORLD_PENDING = 4096,
    WORLD_IMPORTS = 4096,
    WORLD_LANES = 8,
    WORLD_SERVED_REFS = 4,
    WORLD_EVENT_KINDS = CRB_EVENT_CLOSED + 1
};

struct world;
struct side;

typedef struct world_object {
    int holds; /* of the session: fresh, less UNEXPORTED */
    struct side *side;
} world_object;

/** A call or bind, from both points of view. Its number is in the first 8 bytes of the arguments. */
typedef struct asked {
    uint64_t number;
    struct side *from;
    const struct asked *on; /* the promise that it is a call on */
    bool bind, oneway, kept;
    crb_question *question; /* until it is of no more use */
    /* the asker's view */
    bool done;
    crb_outcome outcome;
    corbel_status status;
    corbel_completion completion;
    char message[128], exception[64];
    size_t n_hops;
    size_t body_len;
    bool body_good;
    crb_import *ref; /* the first of the result, and its count is kept */
    void *own;       /* or an own object */
    crb_buf *keep;   /* gets the body, which then need not be the pattern; NULL: it is thrown away */
    /* the servant's view */
    bool seen, entered, answered, cancelled;
    uint64_t lane;
} asked;

/** A call that the driver has and has not answered. */
typedef struct pending {
    crb_answer *answer;
    asked *asked;
    bool bind, oneway, complete, cancelled;
    bool enter;
    crb_memo *memo;
    void *object;
    crb_import *peers_own; /* the target: of a call on a promise; its count is in the side's list */
    char operation[32], interface[32], id[32];
    uint64_t lane, chain, deadline;
    uint32_t hop;
    size_t args_len;
    crb_buf args;    /* for side.serve only */
    size_t arrival;  /* in its lane */
    crb_import *ref; /* the first of the table, and its count is kept */
    void *own;
} pending;

typedef struct side {
    crb_session *session;
    struct world *world;
    int index;
    world_object objects[WORLD_OBJECTS];
    crb_import *imports[WORLD_IMPORTS]; /* an entry for each receipt that we hold */
    size_t n_imports;
    pending *pending[WORLD_PENDING];
    size_t n_pending;
    bool answers_itself; /* echoes each complete call and answers each bind with object 0, at once */
    bool answers_binds;
    size_t events[WORLD_EVENT_KINDS];
    bool closed, clean;
    char why[256];
    size_t messages; /* pulled */
    size_t longest;
    /* calls of each lane in the order in which their headers came: their numbers, as far as known */
    uint64_t lane_numbers[WORLD_LANES][WORLD_PENDING];
    size_t lane_arrivals[WORLD_LANES];
    crb_import *gone;
    char gone_why[64];
    /* Looks at each message on its way out; may be NULL. */
    void (*watch)(struct side *side, const uint8_t *message, size_t len);
    void *watch_user;
    /* Serves each complete call in place of the driver's own answers; may be NULL. args lie behind the call's number. Fills in
     * body and refs (room for WORLD_SERVED_REFS), and for an exception its name; else the status is the call's. */
    corbel_status (*serve)(void *user, const char *operation, const uint8_t *args, size_t len, crb_buf *body, crb_ref_out *refs,
                           size_t *n_refs, const char **exception);
    void *serve_user;
    /* Gets CRB_EVENT_ITEMS and CRB_EVENT_ROOM, and each call with streams before it is answered (CRB_EVENT_CALL). NULL: items are
     * used up at once. */
    void (*stream)(struct side *side, crb_event *event);
    void *stream_user;
} side;

typedef struct world {
    side sides[2]; /* 0 is the dialer */
    crb_scripted *pipe;
    asked asked[WORLD_ASKED];
    size_t n_asked;
    bool paused_events;
    uint64_t random;
} world;

/** Everything default; limits and script may be NULL. Nothing has been sent yet. NULL: no memory. */
world *world_new(const crb_session_limits *first, const crb_session_limits *second, const crb_script *script);
/** Frees; asserts nothing. */
void world_free(world *w);

/** Takes the events of both sides. Done after each step by itself. */
void world_events(world *w);
void world_side_events(side *at);
/** Steps until nothing is due any more within ms of virtual time. */
void world_run(world *w, uint64_t ms);
/** Steps until both are open. */
void world_open(world *w);
/** Opens, binds object 0 of side 1 and gives back side 0's import of it. */
crb_import *world_open_and_bind(world *w);
uint64_t world_now(const world *w);

typedef struct call_options {
    crb_import *target;
    asked *promise;
    const uint32_t *path; /* into promise's result */
    size_t n_path;
    bool promised;        /* it is kept: a promise until world_finish() */
    size_t args;          /* bytes, at least 8 */
    const crb_buf *value; /* behind the number, in place of the pattern and of `args`; NULL: the pattern */
    crb_buf *keep;        /* gets the result's body */
    bool oneway;
    uint32_t hop;
    uint64_t lane;
    uint64_t deadline_ms;  /* from now; 0: none */
    const char *operation; /* NULL: "op" */
    const void *key;
    crb_ref_out *refs;
    size_t n_refs;
    const asked *after; /* whose return the asker has not seen, or NULL */
    bool anyway, guard;
    bool stream_in, stream_out;
} call_options;
/** NULL: refused, *ret_status says why (may be NULL: then it must not be). */
asked *world_call(side *from, const call_options *options, corbel_status *ret_status);
asked *world_bind(side *from, const char *id, corbel_status *ret_status);
void world_finish(asked *a, bool cancel);
/** The oldest call that waits at the side; NULL: none. */
pending *world_next(side *at);
void world_enter(side *at, pending *p);
/** Answers with len bytes of a pattern, and the references. Frees p. */
void world_return(side *at, pending *p, size_t len, crb_ref_out *refs, size_t n_refs);
/** The same with bytes of the test's own, at most 8, which its caller takes for a pattern's beginning. */
void world_return_bytes(side *at, pending *p, const char *bytes, size_t len, crb_ref_out *refs, size_t n_refs);
void world_return_error(side *at, pending *p, corbel_status status, corbel_completion completion, const char *message);
void world_raise(side *at, pending *p, const char *exception, size_t len);
void world_done(side *at, pending *p);
/** Forgets it, and frees p; what the functions above end with. */
void world_remove(side *at, pending *p);
crb_ref_out world_ref_object(side *at, int object);
crb_ref_out world_ref_import(crb_import *import);
/** Takes over what fresh says. */
void world_count_fresh(const crb_ref_out *refs, size_t n);
/** Gives one receipt back. */
void world_release(side *at, crb_import *import);
void world_release_all(side *at);

/** What must be true when all is over, whatever happened: each question completed once, each completion truthful, no object held,
 *  and (where the session lives on and all was given back) the tables empty. */
void world_check_over(world *w);
/** Lets what sessions keep of a lost peer's go, at its time and not before. */
void world_pass_keeping(world *w);
void world_check_tables_empty(world *w);
/** Both, and frees. */
void world_check_and_free(world *w);
/** Headers of each lane came in the order in which the calls were made: of calls on one promise, and of those on none. */
void world_check_lanes(const world *w);
/** What one side has sent and not got back is what the other holds. Only when all is quiet. */
void world_check_counts(world *w);

/** A message of frames, to be given to a session by hand. */
void world_frame(crb_buf *message, const crb_frame *frame);
void world_hello(crb_frame *frame);

#endif /* CRB_TEST_WORLD_H */
