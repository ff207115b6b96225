/** The runtime: options, life, the name server's reference. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/again.h"
#include "runtime/call/intercept.h"
#include "runtime/call/who.h"
#include "runtime/describe/describe.h"

#include <corbel/dynamic.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What the calls that run on this process's objects have to end, and answer, before the goodbye. */
#define RUNTIME_GRACE_MS 1000u
#define RUNTIME_WORKER_IDLE (10 * CRB_SECOND)

static const crb_host *runtime_host;

void crb_host_install(const crb_host *host)
{
    runtime_host = host;
}

const crb_host *crb_host_get(void)
{
    return runtime_host;
}

void crb_runtime_ref_memory(corbel_runtime *runtime)
{
    atomic_fetch_add_explicit(&runtime->memory_refs, 1, memory_order_relaxed);
}

void crb_runtime_unref_memory(corbel_runtime *runtime)
{
    if (atomic_fetch_sub(&runtime->memory_refs, 1) != 1) {
        return;
    }
    crb_routes_free(runtime);
    crb_who_free(runtime);
    for (size_t i = 0; i < runtime->n_shown; i++) {
        corbel_interface_unref(runtime->shown[i]);
    }
    free(runtime->shown);
    free(runtime->serial);
    crb_interceptors_unref(runtime->outgoing);
    crb_interceptors_unref(runtime->incoming);
    pthread_mutex_destroy(&runtime->lock);
    pthread_mutex_destroy(&runtime->dispatch_lock);
    pthread_mutex_destroy(&runtime->once_lock);
    pthread_mutex_destroy(&runtime->watch_lock);
    pthread_cond_destroy(&runtime->watch_changed);
    pthread_cond_destroy(&runtime->cancel_changed);
    pthread_mutex_destroy(&runtime->again.lock);
    pthread_cond_destroy(&runtime->again.changed);
    if (runtime->work_event >= 0) {
        close(runtime->work_event);
    }
    free(runtime->name);
    free(runtime->name_server);
    free(runtime);
}

/** Members that an older program does not know keep their defaults. */
static corbel_runtime_options runtime_options(const corbel_runtime_options *given)
{
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    if (given != NULL) {
        memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
    }
    const char *const environment = getenv("CORBEL_NS");
    if (options.name_server == NULL) {
        options.name_server = environment != NULL && environment[0] != '\0' ? environment : "localhost:9676";
    }
    if (options.name == NULL) {
        options.name = program_invocation_short_name;
    }
    if (options.default_deadline_ms == 0) {
        options.default_deadline_ms = CRB_DEFAULT_DEADLINE_MS;
    }
    if (options.max_workers == 0) {
        options.max_workers = CRB_DEFAULT_MAX_WORKERS;
    }
    if (options.min_workers == 0) {
        const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
        options.min_workers = cpus > 0 ? (uint32_t)cpus : 1;
    }
    if (options.min_workers > options.max_workers) {
        options.min_workers = options.max_workers;
    }
    if (options.no_substitutes) {
        options.max_substitutes = 0;
    } else if (options.max_substitutes == 0) {
        options.max_substitutes = CRB_DEFAULT_MAX_SUBSTITUTES;
    }
    return options;
}

corbel_status corbel_runtime_new(const corbel_runtime_options *options, corbel_runtime **ret, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_runtime_new()");
    }
    if (ret == NULL || (options != NULL && options->size == 0)) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                        "a runtime needs a place for the result, and options with their size (CORBEL_RUNTIME_OPTIONS_INIT)");
    }
    const corbel_runtime_options wanted = runtime_options(options);
    corbel_runtime *const runtime = calloc(1, sizeof *runtime);
    if (runtime == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a runtime");
    }
    atomic_init(&runtime->memory_refs, 1);
    pthread_mutex_init(&runtime->lock, NULL);
    pthread_mutex_init(&runtime->dispatch_lock, NULL);
    pthread_mutex_init(&runtime->once_lock, NULL);
    crb_once_book_init(&runtime->once);
    atomic_init(&runtime->once_lowest, crb_once_lowest(&runtime->once));
    pthread_mutex_init(&runtime->watch_lock, NULL);
    pthread_cond_init(&runtime->watch_changed, NULL);
    pthread_cond_init(&runtime->cancel_changed, NULL);
    crb_again_init(runtime);
    runtime->name = strdup(wanted.name);
    runtime->name_server = strdup(wanted.name_server);
    runtime->default_deadline_ms = wanted.default_deadline_ms;
    runtime->min_workers = wanted.min_workers;
    runtime->worker_idle = RUNTIME_WORKER_IDLE;
    runtime->max_workers = wanted.max_workers;
    runtime->max_substitutes = wanted.max_substitutes;
    runtime->hide_interfaces = wanted.hide_interfaces;
    runtime->wait_for_ready = wanted.wait_for_ready;
    runtime->user_dispatch = wanted.user_dispatch;
    runtime->no_retry = wanted.no_retry;
    runtime->work_event = wanted.user_dispatch ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    crb_runtime_set_limits(runtime, wanted.limits);
    crb_random(runtime->instance, sizeof runtime->instance);
    crb_random(runtime->secret, sizeof runtime->secret);
    runtime->outgoing = crb_interceptors_new();
    runtime->incoming = crb_interceptors_new();
    if (runtime->name == NULL || runtime->name_server == NULL || runtime->outgoing == NULL || runtime->incoming == NULL) {
        crb_runtime_unref_memory(runtime);
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a runtime");
    }
    if (runtime->user_dispatch && runtime->work_event < 0) {
        const int problem = errno;
        crb_runtime_unref_memory(runtime);
        return crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "no descriptor for a runtime: %s", strerror(problem));
    }
    const corbel_status status = crb_io_acquire(reterr);
    if (status != CORBEL_OK) {
        crb_runtime_unref_memory(runtime);
        return status;
    }
    crb_fork_watch_begin();
    *ret = runtime;
    return CORBEL_OK;
}

/** Of interfaces that were made at run time one of each name and fingerprint is enough. */
static bool runtime_is_shown(const corbel_interface *shown, const corbel_interface *interface)
{
    return shown == interface || (crb_interface_is_counted(interface) && shown->fingerprint == interface->fingerprint &&
                                  strcmp(shown->name, interface->name) == 0);
}

void crb_runtime_shows(corbel_runtime *runtime, const corbel_interface *interface)
{
    if (atomic_load_explicit(&runtime->last_shown, memory_order_relaxed) == interface) {
        return;
    }
    pthread_mutex_lock(&runtime->dispatch_lock);
    size_t i = 0;
    while (i < runtime->n_shown && !runtime_is_shown(runtime->shown[i], interface)) {
        i++;
    }
    if (i == runtime->n_shown && i == runtime->room_shown) {
        const size_t room = i == 0 ? 8 : 2 * i;
        const corbel_interface **const shown = realloc(runtime->shown, room * sizeof *shown);
        if (shown != NULL) {
            runtime->shown = shown;
            runtime->room_shown = room;
        }
    }
    if (i == runtime->n_shown && i < runtime->room_shown) { /* without memory it cannot be described, which harms no call */
        runtime->shown[runtime->n_shown++] = corbel_interface_ref(interface);
    }
    if (i < runtime->n_shown) { /* one that is held, and so not another one's address some day */
        atomic_store_explicit(&runtime->last_shown, runtime->shown[i], memory_order_relaxed);
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
}

void crb_runtime_close_peers(corbel_runtime *runtime)
{
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    pthread_mutex_lock(&runtime->lock);
    runtime->closing = &waiter;
    for (;;) {
        crb_peer *peer = runtime->peers;
        while (peer != NULL && atomic_load(&peer->said_goodbye)) {
            peer = peer->next;
        }
        if (peer != NULL) {
            atomic_store(&peer->said_goodbye, true);
            crb_peer_ref(peer);
            pthread_mutex_unlock(&runtime->lock);
            crb_peer_bye(peer);
            crb_peer_unref(peer);
        } else if (runtime->peers != NULL) {
            pthread_mutex_unlock(&runtime->lock);
            crb_io_wait(&waiter, CRB_NEVER);
        } else {
            break;
        }
        pthread_mutex_lock(&runtime->lock);
    }
    runtime->closing = NULL;
    pthread_mutex_unlock(&runtime->lock);
}

corbel_runtime *corbel_runtime_unref(corbel_runtime *self)
{
    if (self == NULL || crb_forked()) {
        return NULL;
    }
    atomic_store(&self->closed, true);
    crb_again_stop(self);
    pthread_mutex_lock(&self->lock);
    corbel_object *const name_server = self->name_server_object;
    self->name_server_object = NULL;
    pthread_mutex_unlock(&self->lock);
    corbel_object_unref(name_server);
    if (runtime_host != NULL) {
        runtime_host->drain(self, RUNTIME_GRACE_MS);
    }
    do {
        crb_runtime_close_peers(self);
    } while (!crb_again_has_stopped(self));
    if (runtime_host != NULL) {
        runtime_host->end(self);
    }
    crb_interceptors_end(self->outgoing);
    crb_interceptors_end(self->incoming);
    crb_io_release();
    crb_fork_watch_end();
    crb_runtime_unref_memory(self);
    return NULL;
}

int corbel_runtime_fd(const corbel_runtime *self)
{
    return self == NULL || crb_forked() ? -1 : self->work_event;
}

corbel_status corbel_runtime_dispatch(corbel_runtime *self, int timeout_ms)
{
    if (crb_forked()) {
        return CORBEL_FORKED;
    }
    if (self == NULL || !self->user_dispatch || runtime_host == NULL) {
        return CORBEL_MISUSE;
    }
    return runtime_host->dispatch(self, timeout_ms);
}

/** CORBEL_NS may be a URI of any kind, or addresses alone. */
static char *runtime_name_server_uri(const corbel_runtime *runtime)
{
    const char *const given = runtime->name_server;
    char *uri = NULL;
    if (strncasecmp(given, "corbel", 6) == 0 && strchr(given, '@') != NULL) {
        return strdup(given);
    }
    return asprintf(&uri, "corbel:corbel.NameServer@%s", given) < 0 ? NULL : uri;
}

corbel_status crb_runtime_name_server(corbel_runtime *runtime, corbel_object **ret, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    pthread_mutex_lock(&runtime->lock);
    if (runtime->name_server_object == NULL) {
        char *const uri = runtime_name_server_uri(runtime);
        corbel_error error = CORBEL_ERROR_INIT;
        if (uri == NULL) {
            status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a URI");
        } else if (corbel_object_from_uri(runtime, NULL, uri, &runtime->name_server_object, &error)) {
            status = crb_fail(reterr, error.status, CORBEL_COMPLETED_NO, "the name server's address '%s': %s",
                              runtime->name_server, error.message);
            corbel_error_clear(&error);
        }
        free(uri);
    }
    *ret = runtime->name_server_object;
    pthread_mutex_unlock(&runtime->lock);
    return status;
}

/** The peers that there are now, counted, in *ret, malloc'ed; false: no memory. */
static bool runtime_peers(corbel_runtime *runtime, crb_peer ***ret, size_t *ret_n)
{
    size_t n = 0, room = 0;
    crb_peer **peers = NULL;
    pthread_mutex_lock(&runtime->lock);
    for (const crb_peer *peer = runtime->peers; peer != NULL; peer = peer->next) {
        room++;
    }
    if (room > 0) {
        peers = malloc(room * sizeof *peers);
    }
    for (crb_peer *peer = runtime->peers; peers != NULL && peer != NULL; peer = peer->next) {
        peers[n++] = crb_peer_ref(peer);
    }
    pthread_mutex_unlock(&runtime->lock);
    *ret = peers;
    *ret_n = n;
    return n == room;
}

/** The same without memory: looks through the list once for each. */
static void runtime_each_peer_slowly(corbel_runtime *runtime, void (*visit)(crb_peer *peer, void *user), void *user)
{
    uint64_t seen = 0; /* serials grow: each peer is visited once, without holding the list meanwhile */
    for (;;) {
        crb_peer *next = NULL;
        pthread_mutex_lock(&runtime->lock);
        for (crb_peer *peer = runtime->peers; peer != NULL; peer = peer->next) {
            if (peer->serial > seen && (next == NULL || peer->serial < next->serial)) {
                next = peer;
            }
        }
        if (next != NULL) {
            crb_peer_ref(next);
        }
        pthread_mutex_unlock(&runtime->lock);
        if (next == NULL) {
            return;
        }
        seen = next->serial;
        visit(next, user);
        crb_peer_unref(next);
    }
}

void crb_runtime_each_peer(corbel_runtime *runtime, void (*visit)(crb_peer *peer, void *user), void *user)
{
    crb_peer **peers = NULL;
    size_t n = 0;
    if (!runtime_peers(runtime, &peers, &n)) {
        runtime_each_peer_slowly(runtime, visit, user);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        visit(peers[i], user);
        crb_peer_unref(peers[i]);
    }
    free(peers);
}
