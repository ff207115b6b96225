/** Who drives a session in the frames' fuzz target: it answers, calls, binds, cancels, releases and withdraws as bytes of the
 * input say, and keeps books. What its contract promises is required: abort() is the finding. */
#ifndef FUZZ_SESSION_DRIVER_H
#define FUZZ_SESSION_DRIVER_H

#include "runtime/session/session.h"

enum { DRIVER_HELD = 256, DRIVER_OBJECTS = 4, DRIVER_ASKED = 48 };
#define DRIVER_STEP UINT64_C(3000000) /* nanoseconds between two inputs */

/** A call or bind of the session's. */
typedef struct driver_asked {
    crb_question *question; /* NULL: not to be used any more */
    bool used, bind, returned;
    bool kept;  /* a call that is a promise, as a bind is */
    bool guard; /* others may be after it */
} driver_asked;

typedef struct driver {
    crb_session *session;
    crb_session_limits limits;
    crb_answer *answers[DRIVER_HELD];
    bool oneway[DRIVER_HELD], entered[DRIVER_HELD];
    size_t n_answers;
    crb_import *imports[DRIVER_HELD];
    size_t n_imports;
    driver_asked asked[DRIVER_ASKED];
    int objects[DRIVER_OBJECTS];
    int holds[DRIVER_OBJECTS];
    uint64_t now;
    bool batches; /* calls may be after others; set once it is open */
    bool closed;
    char why[160]; /* of that */
} driver;

void driver_require(bool condition);
/** False: no memory. */
bool driver_open(driver *d, bool dialer);
/** One act of the driver's own: a call, an answer, time that passes, …; what says which, and how. */
void driver_act(driver *d, uint8_t what);
/** A message of the peer's. It is copied to a block of exactly its length, so that a read behind the end is seen. */
void driver_input(driver *d, const uint8_t *message, size_t len);
/** Takes one message from the session and appends it. False: there is none. */
bool driver_pull(driver *d, crb_buf *out);
/** The transport ends; everything must be completed and given back, and the tables empty. Frees the session. */
void driver_end(driver *d);

#endif /* FUZZ_SESSION_DRIVER_H */
