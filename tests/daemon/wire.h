/** A wire between two processes, or runtimes, that a test holds up: TCP, one connection after the other, bytes passed on as they
 *  come unless a direction is held. A side that closes while its direction is held is not told on: that is silent death. */
#ifndef PROBE_WIRE_H
#define PROBE_WIRE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { WIRE_CONNECTIONS = 64 };

typedef struct wire {
    uint16_t port;   /* where to dial; of 127.0.0.1 */
    uint16_t target; /* where it leads */
    int listener;
    pthread_t thread;
    atomic_bool stop;
    atomic_bool hold_back;     /* nothing more goes from the target to who dialled, on connections that are there now */
    atomic_uint connections;   /* that were made */
    atomic_ullong there, back; /* bytes that were passed on */
    struct {
        int near, far;
        atomic_bool held;
    } pairs[WIRE_CONNECTIONS];
} wire;

void wire_start(wire *w, uint16_t target);
/** What is held goes on. */
void wire_release(wire *w);
/** Cuts every connection. */
void wire_stop(wire *w);

#endif /* PROBE_WIRE_H */
