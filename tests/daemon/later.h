/** A servant that lets its callers wait, and a runtime with a daemon around it. */
#ifndef LATER_H
#define LATER_H

#include "later.corbel.h"
#include "probe.h"

/** A call that was deferred, and waits for the test. */
typedef struct later_held {
    struct later_held *next;
    corbel_request *request;
    later_Later_hold_args args;           /* of hold() */
    later_Later_hold_this_args this_args; /* of hold_this() */
} later_held;

/** A call that a timer answers. */
typedef struct later_due {
    uint64_t when;
    corbel_request *request;
    int32_t a;
} later_due;

typedef struct later_server {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    later_Later *object;
    char *uri;
    probe_event entered; /* the gate */
    probe_event cancelled;
    _Atomic int64_t tickets;
    probe_event held; /* calls that were deferred for the test */
    pthread_mutex_t lock;
    later_held *first, **end;
    bool has_timer, stopping;
    pthread_t timer;
    pthread_cond_t changed;
    later_due *due; /* in the order of their coming, which is that of their times */
    size_t first_due, n_due, room_due;
} later_server;

/** options NULL: the defaults. Fails the program when it cannot. */
void later_server_start(later_server *server, const corbel_runtime_options *options);
void later_server_stop(later_server *server);
/** The call that was deferred first and not taken yet; waits for it. free() it after the reply. */
later_held *later_take(later_server *server);
/** The same, for at most ms; NULL: none came. */
later_held *later_try(later_server *server, uint32_t ms);
/** Lets one call through the gate. */
void later_server_open(later_server *server);

#endif /* LATER_H */
