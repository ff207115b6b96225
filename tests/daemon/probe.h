/** The servants of the tests, and a runtime with a daemon around them. */
#ifndef PROBE_H
#define PROBE_H

#include "probe.corbel.h"

#include <pthread.h>
#include <stdatomic.h>

/** Counts what happens, and lets threads wait for it with a deadline. */
typedef struct probe_event {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t count;
} probe_event;
void probe_event_init(probe_event *event);
void probe_event_add(probe_event *event, uint64_t n);
/** Forgets what has happened. */
void probe_event_reset(probe_event *event);
/** False: not within 20 s (ten times as long under a sanitizer). */
bool probe_event_wait(probe_event *event, uint64_t count);
uint64_t probe_event_count(probe_event *event);

/** A factor for bounds in time. */
extern const unsigned probe_slow;

typedef struct probe_servant_state {
    corbel_daemon *daemon;
    _Atomic uint64_t entered;
    pthread_mutex_t lock;
    probe_Listener *kept;
    probe_event go_on, waiting, notified, finalized;
    _Atomic uint32_t out_of_order;
    uint32_t last_notified;
} probe_servant_state;

/** A runtime, a daemon on a port of the kernel's, and a probe registered as "probe". */
typedef struct probe_server {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    probe_Probe *object;
    char *uri;
    probe_servant_state state;
} probe_server;

/** options NULL: the defaults. listen NULL: localhost:0. Fails the program when it cannot. */
void probe_server_start(probe_server *server, const corbel_runtime_options *options, const char *listen);
void probe_server_stop(probe_server *server);
/** Ends every session of the server's; it goes on listening. */
void probe_server_cut(probe_server *server);

/** Notes what it hears. */
typedef struct probe_listener_state {
    probe_event heard, finalized;
    uint32_t last[16]; /* by thread */
    _Atomic uint32_t out_of_order;
    _Atomic uint32_t made; /* listeners with this state */
} probe_listener_state;
void probe_listener_init(probe_listener_state *state);
probe_Listener *probe_listener_new(corbel_runtime *runtime, probe_listener_state *state);

/** Prints the error with what was being done, and aborts. */
void probe_must(corbel_status status, corbel_error *error, const char *what);
#define MUST(call) probe_must((call), &error, #call)

/** Threads of this process whose names are not gRPC's, by /proc. */
unsigned probe_own_threads(void);
/** The same, noted at the bottom of the last ring or descent. */
extern _Atomic unsigned probe_threads_at_bottom;

#endif /* PROBE_H */
