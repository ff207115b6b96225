/** A servant that lets its callers wait, and a runtime with a daemon around it. */
#ifndef LATER_H
#define LATER_H

#include "later.corbel.h"
#include "probe.h"

typedef struct later_server {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    later_Later *object;
    char *uri;
    probe_event entered; /* the gate */
    probe_event cancelled;
    _Atomic int64_t tickets;
} later_server;

/** options NULL: the defaults. Fails the program when it cannot. */
void later_server_start(later_server *server, const corbel_runtime_options *options);
void later_server_stop(later_server *server);
/** Lets one call through the gate. */
void later_server_open(later_server *server);

#endif /* LATER_H */
