/** A servant whose effects are counted, and attempts of calls with a key that a test chooses. */
#ifndef ONCE_SERVANT_H
#define ONCE_SERVANT_H

#include "once.corbel.h"
#include "probe.h"

#include "runtime/session/once.h"

#include <corbel/once.h>

/** What the servant has done; it may outlive its daemon, as a file would. */
typedef struct once_state {
    _Atomic int32_t total;    /* the effect */
    _Atomic uint32_t entered; /* times that an operation with an effect was entered */
    _Atomic bool closed;      /* the gate: operations wait in it until it is open */
    _Atomic uint32_t cancels; /* seen at the gate */
    probe_event arrived, finalized;
    pthread_mutex_t lock;
    corbel_request *held; /* of add_later */
    int32_t held_sum;
    once_Counter *other;
    int32_t preset;
    struct {
        corbel_once_key key;
        void *reply;
        size_t len;
    } records[64]; /* of the store */
    size_t n_records;
    int32_t pending; /* an effect that keep() makes */
    _Atomic uint32_t finds, keeps, forgets;
    _Atomic uint64_t forgotten; /* the last that forget() was told */
    _Atomic bool forgetful;     /* find() says that it is too old */
    _Atomic bool failing;       /* keep() fails */
    _Atomic uint32_t cuts;      /* that many times the sessions are cut after the effect, before the reply */
    probe_event cut;            /* it was */
    struct once_server *server;
} once_state;

typedef struct once_server {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    once_Counter *object;
    char *uri;
    once_state *state;
} once_server;

void once_state_init(once_state *state);
void once_state_clear(once_state *state);
/** listen NULL: localhost:0. durable: the servant remembers in state. */
void once_server_start(once_server *server, once_state *state, const corbel_limits *limits, const char *listen, bool durable);
void once_server_stop(once_server *server);
/** Ends every session. */
void once_server_cut(once_server *server);
/** Keys and running keys that its table has now. */
void once_server_keys(once_server *server, uint64_t *ret_keys, uint64_t *ret_running, uint64_t *ret_bytes);

/** Begins one attempt of a call with that key: an operation with one number in, or none. Never NULL. Nothing is acknowledged
 * below the lowest key that the runtime of self has open, as always: see once_hold_keys(). */
corbel_call *once_begin(once_Counter *self, const char *operation, int32_t n, uint64_t sequence, bool again);
/** out NULL: nothing is wanted, or the operation has none. */
corbel_status once_finish(corbel_call *call, void *out, corbel_error *reterr);
/** A key that is open until the runtime ends it: nothing above it is acknowledged. */
crb_once_mine *once_hold_keys(corbel_runtime *runtime);
/** One attempt of an add: the sum; its status. */
corbel_status once_add(once_Counter *self, int32_t n, uint64_t sequence, bool again, int32_t *ret, corbel_error *reterr);

#endif /* ONCE_SERVANT_H */
