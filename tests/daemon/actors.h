/** Servants that follow scripts, and a runtime with a daemon around them.
 *
 *  A script is a letter, the name of the chain that the test means by it, and then steps:
 *    wD     tells that D was reached, and waits until it is let go
 *    mD     tells that D was reached, and waits until another one has, too
 *    K      calls object K of the stage with the rest, and is over
 *    bK     the same, begun and finished
 *    pK     begins the same, waits a moment for it, and then finishes it
 *    lK     begins a call that does nothing on object K, calls it with the rest, finishes the first; and is over
 *    fK     sends object K the rest as a oneway, and is over
 *  An actor notes it when the calls of two names are in it at once. */
#ifndef ACTORS_H
#define ACTORS_H

#include "probe.h"
#include "serial.corbel.h"

#define ACTORS 8
#define ACTORS_GATES 10

struct actors_stage;

typedef struct actor {
    struct actors_stage *stage;
    pthread_mutex_t lock;
    unsigned inside;
    char name;        /* of the chain inside */
    unsigned entered; /* in all */
    char order[256];  /* the names, as they came in */
    bool plain;       /* it is not serial */
    corbel_request *held;
} actor;

typedef struct actors_stage {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    actor actors[ACTORS];
    serial_Node *own[ACTORS];   /* its objects */
    pthread_mutex_t lock;       /* guards: */
    serial_Node *other[ACTORS]; /* what scripts call; own, unless the test says otherwise */
    char *uris[ACTORS];
    probe_event reached[ACTORS_GATES], go[ACTORS_GATES], held, finalized;
    _Atomic unsigned offences; /* at serial objects */
    _Atomic unsigned overlaps; /* at others, where it is none */
} actors_stage;

/** kinds: for each object 'n' (not serial), 's' (serial), 'h' (an heir), 't' (strict). The objects have ids "0", "1", … with the
 *  prefix. options, listen NULL: the defaults. Fails the program when it cannot. */
void actors_start(actors_stage *stage, const char *kinds, const char *prefix, const corbel_runtime_options *options,
                  const char *listen);
void actors_stop(actors_stage *stage);
/** Another object with the same servant and self as object k. */
serial_Node *actors_twin(actors_stage *stage, unsigned k);
/** From now on scripts of the stage call that as object k; takes it over. */
void actors_set(actors_stage *stage, unsigned k, serial_Node *node);
/** Lets go all that wait at gate d. */
void actors_go(actors_stage *stage, unsigned d);
/** A count of what scripts call as object k. */
serial_Node *actors_get(actors_stage *stage, unsigned k);
/** Of object k. order: until the thread asks again. */
unsigned actors_entered(actors_stage *stage, unsigned k);
const char *actors_order(actors_stage *stage, unsigned k);
corbel_request *actors_held(actors_stage *stage, unsigned k);
/** As if nobody had been at the gates, and nothing had happened. */
void actors_forget(actors_stage *stage);
void actors_forget_event(probe_event *event);
/** Waits until so many calls wait at gates of the runtime. */
bool actors_wait_waiting(corbel_runtime *runtime, unsigned n);

/** A thread that makes one call. */
typedef struct actors_caller {
    pthread_t thread;
    serial_Node *node;
    char script[64];
    corbel_status status;
    corbel_error error;
    double seconds;
    _Atomic bool over;
} actors_caller;
/** node is borrowed until the end. deadline_ms 0: the default. */
void actors_call(actors_caller *caller, serial_Node *node, const char *script, unsigned deadline_ms);
/** Waits for it. Its error is the caller's to clear. */
corbel_status actors_end(actors_caller *caller);

#endif /* ACTORS_H */
