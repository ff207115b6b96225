/** Nodes that call each other and wait until they are cancelled; and a runtime with a daemon around one. */
#ifndef NEST_H
#define NEST_H

#include "nest.corbel.h"
#include "probe.h"

typedef struct nest_server {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    nest_Node *object;
    char *uri;
    pthread_mutex_t lock;
    nest_Notes notes;
    probe_event entered, told, passed;
    probe_event left; /* note_left() was called */
    _Atomic uint32_t last_left;
} nest_server;

/** Fails the program when it cannot. */
void nest_server_start(nest_server *server, const corbel_runtime_options *options, const char *listen);
void nest_server_stop(nest_server *server);
/** CLOCK_MONOTONIC. */
uint64_t nest_now_us(void);

#endif /* NEST_H */
