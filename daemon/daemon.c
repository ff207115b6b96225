/** Daemons: listening, and shutting down. */
#include "daemon/daemon_impl.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define DAEMON_RUN_GRACE_MS 5000u
#define DAEMON_DEFERRED_GRACE_MS 1000u /* at the end: who holds them may be gone */

static const crb_host daemon_host = {
    .call = crb_dispatch_call,
    .call_direct = crb_dispatch_call_direct,
    .body = crb_dispatch_body,
    .cancel = crb_dispatch_cancel,
    .cancel_locked = crb_dispatch_cancel_locked,
    .abandon_locked = crb_dispatch_abandon_locked,
    .find = crb_ids_find,
    .durable = crb_once_is_durable,
    .uri = crb_ids_uri,
    .post = crb_workers_post,
    .post_locked = crb_workers_post_locked,
    .resume_locked = crb_dispatch_resume_locked,
    .wait_lends_locked = crb_dispatch_wait_lends_locked,
    .blocks_locked = crb_turns_blocks_locked,
    .unblocks_locked = crb_turns_unblocks_locked,
    .gate_put = crb_turns_close_gate,
    .wait_takes_over_locked = crb_dispatch_wait_takes_over_locked,
    .wait_ends_locked = crb_dispatch_wait_ends_locked,
    .dispatch = crb_workers_dispatch,
    .blocking = crb_workers_blocking,
    .drain = crb_daemon_drain,
    .end = crb_workers_end,
};

/** Runs when the library is loaded: the calling half must find the hosting half without knowing it. */
__attribute__((constructor)) static void daemon_install(void)
{
    crb_host_install(&daemon_host);
}

static bool daemon_accept(void *user, crb_link *link, const crb_link_handler **ret_handler, void **ret_user)
{
    corbel_daemon *const self = user;
    crb_peer *peer = NULL;
    if (atomic_load(&self->stopping) || atomic_load(&self->runtime->closed) ||
        (peer = crb_peer_new(self->runtime, NULL)) == NULL) {
        return false;
    }
    *ret_handler = &crb_peer_link_handler;
    *ret_user = peer;
    crb_peer_expect_link(peer);
    crb_peer_start(peer, link);
    crb_peer_unref(peer); /* the link has a count now */
    return true;
}

corbel_status corbel_daemon_new(corbel_runtime *runtime, const char *listen, corbel_daemon **ret, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_daemon_new()");
    }
    crb_address *addresses = NULL;
    size_t n = 0;
    if (runtime == NULL || ret == NULL) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO, "a daemon needs a runtime and a place for the result");
    }
    corbel_status status = crb_addresses_parse(listen == NULL ? "localhost:0" : listen, &addresses, &n, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    corbel_daemon *const self = calloc(1, sizeof *self);
    if (self == NULL) {
        crb_addresses_free(addresses, n);
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a daemon");
    }
    self->runtime = runtime;
    self->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->stop_event < 0) {
        status = crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "no descriptor for a daemon: %s", strerror(errno));
    } else {
        status = crb_listener_new_with(&runtime->listening, addresses, n, daemon_accept, self, &self->listener, reterr);
    }
    crb_addresses_free(addresses, n);
    if (status != CORBEL_OK) {
        if (self->stop_event >= 0) {
            close(self->stop_event);
        }
        free(self);
        return status;
    }
    pthread_mutex_init(&self->lock, NULL);
    crb_runtime_ref_memory(runtime);
    *ret = self;
    return CORBEL_OK;
}

/** Where others find what listens on every interface: the machine's own name. */
static bool daemon_is_wildcard(const crb_address *address)
{
    return address->kind == CRB_ADDRESS_TCP && (strcmp(address->host, "0.0.0.0") == 0 || strcmp(address->host, "::") == 0);
}

char *crb_daemon_uri_text(const corbel_daemon *daemon, const char *id)
{
    size_t n = 0;
    const crb_address *const bound = crb_listener_addresses(daemon->listener, &n);
    char host[256] = "localhost";
    crb_address *const told = calloc(n == 0 ? 1 : n, sizeof *told);
    if (told == NULL) {
        return NULL;
    }
    (void)gethostname(host, sizeof host - 1); /* on failure localhost stays, which is not wrong on this machine */
    for (size_t i = 0; i < n; i++) {
        told[i] = bound[i];
        if (daemon_is_wildcard(&bound[i])) {
            told[i].host = host;
        }
    }
    const crb_uri uri = { .kind = CRB_URI_OBJECT, .id = (char *)(uintptr_t)id, .addresses = told, .n_addresses = n };
    char *const text = crb_uri_format(&uri);
    free(told);
    return text;
}

corbel_status corbel_daemon_uri(corbel_daemon *self, const char *id, char **ret, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_daemon_uri()");
    }
    if (id == NULL || id[0] == '\0' || strlen(id) > CRB_MAX_OBJECT_ID) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "an object id has 1 to %d bytes",
                        CRB_MAX_OBJECT_ID);
    }
    char *const uri = crb_daemon_uri_text(self, id);
    if (uri == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a URI");
    }
    *ret = uri;
    return CORBEL_OK;
}

corbel_status corbel_daemon_ready(corbel_daemon *self, corbel_object *object, FILE *out, corbel_error *reterr)
{
    char *uri = NULL;
    (void)self;
    const corbel_status status = corbel_object_to_uri(object, &uri, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    const bool written = fprintf(out, "ready %s\n", uri) > 0 && fflush(out) == 0;
    corbel_string_free(uri);
    return written
               ? CORBEL_OK
               : crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "the ready line cannot be written: %s", strerror(errno));
}

/* ---- shutting down ---- */

void corbel_daemon_shutdown(corbel_daemon *self)
{
    /* Async-signal-safe: an atomic store and a write(). */
    if (crb_forked()) {
        return; /* the descriptor is the parent's, too: a signal to the child must not end it */
    }
    const int error = errno;
    const uint64_t one = 1;
    atomic_store(&self->stopping, true);
    while (write(self->stop_event, &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = error;
}

static void daemon_wait_for_shutdown(const corbel_daemon *self)
{
    struct pollfd events[2] = { { .fd = self->stop_event, .events = POLLIN },
                                { .fd = self->runtime->work_event, .events = POLLIN } }; /* below 0: passed over */
    for (;;) {
        if (poll(events, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return;
        }
        if (events[1].revents != 0) {
            (void)corbel_runtime_dispatch(self->runtime, 0);
        }
        if (events[0].revents != 0) {
            return;
        }
    }
}

static void daemon_tell(crb_peer *peer, void *user)
{
    (void)user;
    crb_peer_lock(peer);
    crb_session_goaway(peer->session);
    crb_peer_unlock(peer);
}

/** No new chains from now on; peers are told. */
static void daemon_take_no_more(corbel_runtime *runtime)
{
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (crb_dispatch_get_locked(runtime) != NULL) {
        runtime->dispatch->draining = true;
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    crb_runtime_each_peer(runtime, daemon_tell, NULL);
}

/** Names the calls that still run: the first few. */
static corbel_status daemon_busy_locked(const crb_dispatch *dispatch, uint32_t grace_ms, corbel_error *reterr)
{
    char names[512] = "";
    size_t len = 0;
    for (const corbel_request *request = dispatch->requests; request != NULL && len < sizeof names - 100;
         request = request->next) {
        const corbel_operation *const operation = request->method == NULL ? NULL : request->method->operation;
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%.60s::%.30s", len == 0 ? "" : ", ",
                                operation == NULL ? request->interface : operation->interface,
                                operation == NULL ? request->operation : operation->name);
    }
    return crb_fail(reterr, CORBEL_BUSY, CORBEL_COMPLETED_NO, "%u calls did not end within %u ms: %s", dispatch->n_requests,
                    grace_ms, names);
}

/** Waits until no call is left. grace_ms UINT32_MAX: as long as functions run, but for deferred ones a second. */
static corbel_status daemon_wait_for_calls(corbel_runtime *runtime, uint32_t grace_ms, corbel_error *reterr)
{
    const bool for_ever = grace_ms == UINT32_MAX;
    const uint64_t until = crb_after_ms(crb_now(), for_ever ? DAEMON_DEFERRED_GRACE_MS : grace_ms);
    bool late = false;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_dispatch *const dispatch = runtime->dispatch;
    while (dispatch != NULL && dispatch->n_requests > 0) {
        const bool runs = dispatch->n_requests > dispatch->n_deferred + crb_turns_n_waiting_locked(runtime);
        if (late && !(for_ever && runs)) {
            break;
        }
        crb_workers_wait_locked(runtime, for_ever && runs ? CRB_NEVER : until);
        late = crb_now() >= until;
    }
    corbel_status status = CORBEL_OK;
    if (dispatch != NULL && dispatch->n_requests > 0 && !for_ever) {
        status = daemon_busy_locked(dispatch, grace_ms, reterr);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    return status;
}

void crb_daemon_drain(corbel_runtime *runtime, uint32_t grace_ms)
{
    pthread_mutex_lock(&runtime->dispatch_lock);
    const bool was_called = runtime->dispatch != NULL;
    pthread_mutex_unlock(&runtime->dispatch_lock);
    if (was_called) {
        daemon_take_no_more(runtime);
        (void)daemon_wait_for_calls(runtime, grace_ms, NULL); /* those that still run lose their callers */
    }
}

corbel_status corbel_daemon_join(corbel_daemon *self, uint32_t grace_ms, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_daemon_join()");
    }
    if (crb_context_current() != NULL) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                        "corbel_daemon_join() inside an operation would wait for itself: call corbel_daemon_shutdown() there");
    }
    daemon_wait_for_shutdown(self);
    crb_listener_close(self->listener);
    crb_publish_forget(self);
    daemon_take_no_more(self->runtime);
    const corbel_status status = daemon_wait_for_calls(self->runtime, grace_ms, reterr);
    if (status == CORBEL_OK) {
        crb_runtime_close_peers(self->runtime);
        pthread_mutex_lock(&self->lock);
        self->joined = true;
        pthread_mutex_unlock(&self->lock);
    }
    return status;
}

corbel_status corbel_daemon_run(corbel_daemon *self, corbel_error *reterr)
{
    return corbel_daemon_join(self, DAEMON_RUN_GRACE_MS, reterr);
}

corbel_daemon *corbel_daemon_unref(corbel_daemon *self)
{
    if (self == NULL || crb_forked()) {
        return NULL;
    }
    corbel_runtime *const runtime = self->runtime;
    corbel_daemon_shutdown(self);
    if (!self->joined) {
        corbel_error error = CORBEL_ERROR_INIT;
        if (corbel_daemon_join(self, UINT32_MAX, &error)) {
            crb_log(CRB_LOG_ERROR, "daemon", "%s", error.message); /* inside an operation: what follows would pull the rug away */
            corbel_error_clear(&error);
            return NULL;
        }
    }
    crb_signals_forget(self);
    crb_ids_forget(self);
    crb_listener_free(self->listener);
    close(self->stop_event);
    pthread_mutex_destroy(&self->lock);
    free(self);
    pthread_mutex_lock(&runtime->dispatch_lock);
    if (runtime->dispatch != NULL) {
        runtime->dispatch->draining = false; /* the runtime lives on: it may call, be called back, and listen again */
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    crb_runtime_unref_memory(runtime);
    return NULL;
}
