/** A servant whose effects are counted; attempts of calls with a given key, as a caller's runtime would make them. */
#include "once_servant.h"

#include "daemon/host.h"
#include "runtime/base/clock.h"
#include "runtime/call/call_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the servant ---- */

/** Waits in the gate. */
static corbel_status once_wait(once_state *state, corbel_request *request)
{
    atomic_fetch_add(&state->entered, 1);
    probe_event_add(&state->arrived, 1);
    while (atomic_load(&state->closed)) {
        if (corbel_request_cancelled(request)) {
            atomic_fetch_add(&state->cancels, 1);
            return CORBEL_CANCELLED;
        }
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL); /* a cancelled call is nothing that one can wait for */
    }
    return CORBEL_OK;
}

/** The effect is made: its caller is not to hear of it. */
static void once_cut(once_state *state)
{
    uint32_t cuts = atomic_load(&state->cuts);
    while (cuts > 0 && !atomic_compare_exchange_weak(&state->cuts, &cuts, cuts - 1)) {
    }
    if (cuts > 0) {
        once_server_cut(state->server);
        probe_event_add(&state->cut, 1);
    }
}

/** With a store the effect waits for keep(). */
static int32_t once_effect(once_state *state, corbel_request *request, int32_t n)
{
    corbel_once_key key;
    (void)request;
    if (state->n_records < SIZE_MAX && atomic_load(&state->finds) > 0 && corbel_request_once_key(request, &key)) {
        state->pending = n;
        return atomic_load(&state->total) + n;
    }
    const int32_t sum = atomic_fetch_add(&state->total, n) + n;
    once_cut(state);
    return sum;
}

static corbel_status counter_add(void *self, corbel_request *request, int32_t n, int32_t *ret)
{
    once_state *const state = self;
    const corbel_status status = once_wait(state, request);
    if (status == CORBEL_OK) {
        *ret = once_effect(state, request, n);
    }
    return status;
}

static corbel_status counter_add_later(void *self, corbel_request *request, int32_t n, int32_t *ret)
{
    once_state *const state = self;
    (void)ret;
    const corbel_status status = corbel_request_defer(request);
    state->held_sum = atomic_fetch_add(&state->total, n) + n;
    state->held = request;
    atomic_fetch_add(&state->entered, 1);
    probe_event_add(&state->arrived, 1);
    return status;
}

static corbel_status counter_add_and_raise(void *self, corbel_request *request, int32_t n)
{
    once_state *const state = self;
    atomic_fetch_add(&state->entered, 1);
    return once_Refused_raise(request, &(once_Refused) { .total = once_effect(state, request, n) });
}

static corbel_status counter_add_and_fail(void *self, corbel_request *request, int32_t n)
{
    once_state *const state = self;
    atomic_fetch_add(&state->entered, 1);
    return corbel_request_fail(request, CORBEL_FAILED, "failed at %d", (int)once_effect(state, request, n));
}

static corbel_status counter_refuse(void *self, corbel_request *request)
{
    once_state *const state = self;
    (void)request;
    atomic_fetch_add(&state->entered, 1);
    return CORBEL_UNIMPLEMENTED;
}

static corbel_status token_number(void *self, corbel_request *request, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = 17;
    return CORBEL_OK;
}

static const once_Token_servant token_servant = { .get_number = token_number };

static void token_finalize(void *self)
{
    probe_event_add(&((once_state *)self)->finalized, 1);
}

static corbel_status counter_make(void *self, corbel_request *request, once_Token **ret)
{
    once_state *const state = self;
    atomic_fetch_add(&state->entered, 1);
    *ret = once_Token_new(corbel_request_runtime(request), &token_servant, state, token_finalize);
    return CORBEL_OK;
}

static corbel_status counter_text(void *self, corbel_request *request, uint32_t length, const char **ret)
{
    once_state *const state = self;
    atomic_fetch_add(&state->entered, 1);
    char *const text = corbel_request_alloc(request, (size_t)length + 1, 1);
    if (text == NULL) {
        return CORBEL_NO_MEMORY;
    }
    memset(text, 't', length);
    *ret = text;
    return CORBEL_OK;
}

static corbel_status counter_get_preset(void *self, corbel_request *request, int32_t *ret)
{
    (void)request;
    *ret = ((once_state *)self)->preset;
    return CORBEL_OK;
}

static corbel_status counter_set_preset(void *self, corbel_request *request, int32_t value)
{
    once_state *const state = self;
    corbel_once_key key;
    atomic_fetch_add(&state->entered, 1);
    state->preset = corbel_request_once_key(request, &key) ? value : -1;
    return CORBEL_OK;
}

static corbel_status counter_plain(void *self, corbel_request *request, int32_t n, int32_t *ret)
{
    corbel_once_key key;
    (void)self;
    *ret = corbel_request_once_key(request, &key) ? -1 : n;
    return CORBEL_OK;
}

static corbel_status counter_get_other(void *self, corbel_request *request, once_Counter **ret)
{
    (void)request;
    *ret = once_Counter_ref(((once_state *)self)->other);
    return CORBEL_OK;
}

static const once_Counter_servant counter_servant = {
    .add = counter_add,
    .add_aside = counter_add,
    .add_later = counter_add_later,
    .add_and_raise = counter_add_and_raise,
    .add_and_fail = counter_add_and_fail,
    .refuse = counter_refuse,
    .make = counter_make,
    .text = counter_text,
    .get_preset = counter_get_preset,
    .set_preset = counter_set_preset,
    .plain = counter_plain,
    .get_other = counter_get_other,
};

/* ---- its store ---- */

static bool same_key(const corbel_once_key *a, const corbel_once_key *b)
{
    return a->sequence == b->sequence && memcmp(a->caller, b->caller, sizeof a->caller) == 0;
}

static corbel_status store_find(void *user, corbel_request *request, const corbel_once_key *key, const void **ret_reply,
                                size_t *ret_len)
{
    once_state *const state = user;
    atomic_fetch_add(&state->finds, 1);
    if (atomic_load(&state->forgetful)) {
        return CORBEL_FORGOTTEN;
    }
    pthread_mutex_lock(&state->lock);
    for (size_t i = 0; i < state->n_records; i++) {
        if (same_key(&state->records[i].key, key)) {
            void *const copy = corbel_request_alloc(request, state->records[i].len, 1);
            if (copy != NULL) {
                memcpy(copy, state->records[i].reply, state->records[i].len);
            }
            *ret_reply = copy;
            *ret_len = state->records[i].len;
        }
    }
    pthread_mutex_unlock(&state->lock);
    return CORBEL_OK;
}

static corbel_status store_keep(void *user, corbel_request *request, const corbel_once_key *key, corbel_status status,
                                const void *reply, size_t len)
{
    once_state *const state = user;
    corbel_once_key own;
    atomic_fetch_add(&state->keeps, 1);
    const int32_t pending = state->pending;
    state->pending = 0;
    if (reply == NULL || atomic_load(&state->failing) || !corbel_request_once_key(request, &own) || !same_key(&own, key)) {
        return reply == NULL ? CORBEL_OK : CORBEL_SYSTEM;
    }
    void *const copy = malloc(len);
    pthread_mutex_lock(&state->lock);
    const bool fits = copy != NULL && state->n_records < sizeof state->records / sizeof state->records[0];
    if (fits) {
        memcpy(copy, reply, len);
        state->records[state->n_records].key = *key;
        state->records[state->n_records].reply = copy;
        state->records[state->n_records++].len = len;
        atomic_fetch_add(&state->total, status == CORBEL_OK || status == CORBEL_RAISED ? pending : 0);
    } else {
        free(copy);
    }
    pthread_mutex_unlock(&state->lock);
    once_cut(state);
    return fits ? CORBEL_OK : CORBEL_NO_MEMORY;
}

static void store_forget(void *user, const uint8_t caller[16], uint64_t below)
{
    once_state *const state = user;
    atomic_fetch_add(&state->forgets, 1);
    atomic_store(&state->forgotten, below);
    pthread_mutex_lock(&state->lock);
    for (size_t i = 0; i < state->n_records;) {
        if (state->records[i].key.sequence < below && memcmp(state->records[i].key.caller, caller, 16) == 0) {
            free(state->records[i].reply);
            state->records[i] = state->records[--state->n_records];
        } else {
            i++;
        }
    }
    pthread_mutex_unlock(&state->lock);
}

static const corbel_once_store store = {
    .size = sizeof(corbel_once_store), .find = store_find, .keep = store_keep, .forget = store_forget
};

/* ---- the server ---- */

void once_state_init(once_state *state)
{
    memset(state, 0, sizeof *state);
    pthread_mutex_init(&state->lock, NULL);
    probe_event_init(&state->arrived);
    probe_event_init(&state->finalized);
    probe_event_init(&state->cut);
}

void once_state_clear(once_state *state)
{
    for (size_t i = 0; i < state->n_records; i++) {
        free(state->records[i].reply);
    }
    state->n_records = 0;
    once_Counter_unref(state->other);
    state->other = NULL;
    pthread_mutex_destroy(&state->lock);
}

void once_server_start(once_server *server, once_state *state, const corbel_limits *limits, const char *listen, bool durable)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    options.limits = limits;
    *server = (once_server) { .state = state };
    state->server = server;
    MUST(corbel_runtime_new(&options, &server->runtime, &error));
    MUST(corbel_daemon_new(server->runtime, listen, &server->daemon, &error));
    server->object = once_Counter_new(server->runtime, &counter_servant, state, NULL);
    if (durable) {
        MUST(corbel_object_remember_once(once_Counter_as_object(server->object), &store, state, &error));
    }
    MUST(corbel_daemon_register(server->daemon, "counter", once_Counter_as_object(server->object), &error));
    MUST(corbel_daemon_uri(server->daemon, "counter", &server->uri, &error));
}

void once_server_stop(once_server *server)
{
    corbel_daemon_unref(server->daemon);
    once_Counter_unref(server->object);
    corbel_string_free(server->uri);
    corbel_runtime_unref(server->runtime);
    *server = (once_server) { 0 };
}

static void cut_one(crb_peer *peer, void *user)
{
    (void)user;
    crb_peer_lock(peer);
    if (!peer->ended) {
        crb_session_abort(peer->session, "cut by the test", crb_now());
    }
    crb_peer_unlock(peer);
}

void once_server_cut(once_server *server)
{
    crb_runtime_each_peer(server->runtime, cut_one, NULL);
}

void once_server_keys(once_server *server, uint64_t *ret_keys, uint64_t *ret_running, uint64_t *ret_bytes)
{
    crb_once_stats stats = { 0 };
    pthread_mutex_lock(&server->runtime->dispatch_lock);
    if (server->runtime->dispatch != NULL && server->runtime->dispatch->once != NULL) {
        stats = crb_once_get_stats(server->runtime->dispatch->once);
    }
    pthread_mutex_unlock(&server->runtime->dispatch_lock);
    *ret_keys = stats.keys;
    *ret_running = stats.running;
    *ret_bytes = stats.bytes;
}

/* ---- attempts ---- */

static const corbel_operation *once_operation(const char *name)
{
    for (uint32_t i = 0; i < once_Counter_interface.n_methods; i++) {
        if (strcmp(once_Counter_interface.methods[i].operation->name, name) == 0) {
            return once_Counter_interface.methods[i].operation;
        }
    }
    abort();
}

crb_once_mine *once_hold_keys(corbel_runtime *runtime)
{
    crb_once_mine *const once = crb_once_begin(runtime);
    if (once == NULL) {
        abort();
    }
    return once;
}

corbel_call *once_begin(once_Counter *self, const char *operation, int32_t n, uint64_t sequence, bool again)
{
    const corbel_operation *const called = once_operation(operation);
    const void *const in[1] = { &n };
    corbel_object *const object = once_Counter_as_object(self);
    corbel_error error = CORBEL_ERROR_INIT;
    crb_start start;
    if (crb_start_prepare(object, called, in, true, &start, &error)) {
        return crb_call_failed(object, called, &error);
    }
    if (start.once == NULL) {
        abort();
    }
    start.once->sequence = sequence;
    start.once->again = again;
    corbel_call *const call = crb_call_new(called, &start);
    if (crb_start_send(&start, called, true, call, &error)) {
        crb_call_unref(call);
        crb_start_clear(&start);
        return crb_call_failed(object, called, &error);
    }
    crb_start_clear(&start);
    return call;
}

corbel_status once_finish(corbel_call *call, void *out, corbel_error *reterr)
{
    void *const outs[1] = { out };
    return corbel_stub_finish(call, call->operation, outs, reterr);
}

corbel_status once_add(once_Counter *self, int32_t n, uint64_t sequence, bool again, int32_t *ret, corbel_error *reterr)
{
    return once_finish(once_begin(self, "add", n, sequence, again), ret, reterr);
}
