/** The servants of the tests. */
#include "probe.h"

#include "runtime/base/clock.h"
#include "runtime/call/peer.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
const unsigned probe_slow = 10;
#else
const unsigned probe_slow = 1;
#endif

void probe_must(corbel_status status, corbel_error *error, const char *what)
{
    if (status != CORBEL_OK) {
        (void)fprintf(stderr, "%s: %s\n", what, corbel_status_name(status));
        corbel_error_print(error, stderr);
        abort();
    }
}

/* ---- events ---- */

void probe_event_init(probe_event *event)
{
    pthread_condattr_t attributes;
    memset(event, 0, sizeof *event);
    pthread_mutex_init(&event->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&event->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void probe_event_add(probe_event *event, uint64_t n)
{
    pthread_mutex_lock(&event->lock);
    event->count += n;
    pthread_cond_broadcast(&event->changed);
    pthread_mutex_unlock(&event->lock);
}

void probe_event_reset(probe_event *event)
{
    pthread_mutex_lock(&event->lock);
    event->count = 0;
    pthread_mutex_unlock(&event->lock);
}

bool probe_event_wait(probe_event *event, uint64_t count)
{
    struct timespec deadline;
    int failed = 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += 20 * probe_slow;
    pthread_mutex_lock(&event->lock);
    while (event->count < count && failed != ETIMEDOUT) {
        failed = pthread_cond_timedwait(&event->changed, &event->lock, &deadline);
    }
    const bool reached = event->count >= count;
    pthread_mutex_unlock(&event->lock);
    return reached;
}

uint64_t probe_event_count(probe_event *event)
{
    pthread_mutex_lock(&event->lock);
    const uint64_t count = event->count;
    pthread_mutex_unlock(&event->lock);
    return count;
}

_Atomic unsigned probe_threads_at_bottom;

/* ---- nodes ---- */

typedef struct node {
    char name[64];
    char *label;
    probe_Node *next;
    probe_event *finalized;
} node;

static const probe_Node_servant node_servant;

static corbel_status node_get_name(void *self, corbel_request *request, const char **ret)
{
    *ret = corbel_request_strdup(request, ((const node *)self)->name);
    return CORBEL_OK;
}

static corbel_status node_get_label(void *self, corbel_request *request, const char **ret)
{
    *ret = corbel_request_strdup(request, ((const node *)self)->label);
    return CORBEL_OK;
}

static corbel_status node_set_label(void *self, corbel_request *request, const char *label)
{
    node *const n = self;
    char *const copy = strdup(label);
    if (copy == NULL) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for a label");
    }
    free(n->label);
    n->label = copy;
    return CORBEL_OK;
}

static corbel_status node_get_next(void *self, corbel_request *request, probe_Node **ret)
{
    (void)request;
    *ret = probe_Node_ref(((node *)self)->next);
    return CORBEL_OK;
}

static corbel_status node_set_next(void *self, corbel_request *request, probe_Node *next)
{
    node *const n = self;
    (void)request;
    probe_Node *const before = n->next;
    n->next = probe_Node_ref(next);
    probe_Node_unref(before);
    return CORBEL_OK;
}

static corbel_status node_ring(void *self, corbel_request *request, uint32_t steps, uint32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    if (steps > 0) {
        if (probe_Node_ring(((node *)self)->next, steps - 1, ret, &error)) {
            return corbel_request_forward(request, &error);
        }
        ++*ret;
    } else {
        atomic_store(&probe_threads_at_bottom, probe_own_threads());
    }
    return CORBEL_OK;
}

static corbel_status node_descend(void *self, corbel_request *request, probe_Listener *listener, uint32_t depth, uint32_t *ret)
{
    node *const n = self;
    corbel_error error = CORBEL_ERROR_INIT;
    if (depth > 0) {
        if (probe_Listener_descend(listener, n->next, depth - 1, ret, &error)) {
            return corbel_request_forward(request, &error);
        }
        ++*ret;
    } else {
        atomic_store(&probe_threads_at_bottom, probe_own_threads());
    }
    return CORBEL_OK;
}

static const probe_Node_servant node_servant = {
    .get_name = node_get_name,
    .get_label = node_get_label,
    .set_label = node_set_label,
    .get_next = node_get_next,
    .set_next = node_set_next,
    .ring = node_ring,
    .descend = node_descend,
};

static void node_free(void *self)
{
    node *const n = self;
    probe_Node_unref(n->next);
    free(n->label);
    probe_event_add(n->finalized, 1);
    free(n);
}

/* ---- the probe ---- */

static probe_servant_state *probe_enter(void *self)
{
    probe_servant_state *const state = self;
    atomic_fetch_add(&state->entered, 1);
    return state;
}

static corbel_status probe_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)request;
    probe_enter(self);
    *ret = a + b;
    return CORBEL_OK;
}

static corbel_status probe_echo(void *self, corbel_request *request, const char *text, const char **ret)
{
    (void)request;
    probe_enter(self);
    *ret = text;
    return CORBEL_OK;
}

static corbel_status probe_blob(void *self, corbel_request *request, corbel_bytes data, corbel_bytes *ret)
{
    (void)request;
    probe_enter(self);
    *ret = data;
    return CORBEL_OK;
}

static corbel_status probe_turn(void *self, corbel_request *request, probe_Points points, int32_t *inout_count,
                                const char **ret_last, probe_Points *ret)
{
    probe_enter(self);
    probe_Point *const items = corbel_request_alloc(request, points.len, sizeof *items);
    if (items == NULL) {
        return CORBEL_NO_MEMORY;
    }
    for (size_t i = 0; i < points.len; i++) {
        items[i] = points.items[points.len - 1 - i];
    }
    *ret = (probe_Points) { points.len, items };
    *inout_count += (int32_t)points.len;
    *ret_last = points.len == 0 ? "" : points.items[points.len - 1].label;
    return CORBEL_OK;
}

static corbel_status probe_raise_it(void *self, corbel_request *request, const char *why)
{
    probe_enter(self);
    return probe_Refused_raise(request, &(probe_Refused) { .why = why });
}

static corbel_status probe_fail(void *self, corbel_request *request, const char *text)
{
    probe_enter(self);
    return corbel_request_fail(request, CORBEL_REFUSED, "%s", text);
}

static corbel_status probe_bad_reply(void *self, corbel_request *request, const char **ret)
{
    (void)request;
    probe_enter(self);
    *ret = "\xff\xfe";
    return CORBEL_OK;
}

static corbel_status probe_wait(void *self, corbel_request *request)
{
    probe_servant_state *const state = probe_enter(self);
    (void)request;
    probe_event_add(&state->waiting, 1);
    return probe_event_wait(&state->go_on, 1) ? CORBEL_OK : corbel_request_fail(request, CORBEL_FAILED, "nobody let it go on");
}

static corbel_status probe_make_node(void *self, corbel_request *request, const char *name, probe_Node **ret)
{
    probe_servant_state *const state = probe_enter(self);
    node *const n = calloc(1, sizeof *n);
    if (n == NULL) {
        return CORBEL_NO_MEMORY;
    }
    (void)snprintf(n->name, sizeof n->name, "%s", name);
    n->finalized = &state->finalized;
    *ret = probe_Node_new(corbel_request_runtime(request), &node_servant, n, node_free);
    return CORBEL_OK;
}

static corbel_status probe_keep(void *self, corbel_request *request, probe_Listener *listener)
{
    probe_servant_state *const state = probe_enter(self);
    (void)request;
    pthread_mutex_lock(&state->lock);
    probe_Listener *const before = state->kept;
    state->kept = probe_Listener_ref(listener);
    pthread_mutex_unlock(&state->lock);
    probe_Listener_unref(before);
    return CORBEL_OK;
}

static probe_Listener *probe_kept(probe_servant_state *state)
{
    pthread_mutex_lock(&state->lock);
    probe_Listener *const kept = probe_Listener_ref(state->kept);
    pthread_mutex_unlock(&state->lock);
    return kept;
}

static corbel_status probe_get_kept(void *self, corbel_request *request, probe_Listener **ret)
{
    (void)request;
    *ret = probe_kept(probe_enter(self));
    return CORBEL_OK;
}

static corbel_status probe_add_by_kept(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    probe_Listener *const kept = probe_kept(probe_enter(self));
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_status status = probe_Listener_add(kept, a, b, ret, &error);
    if (status != CORBEL_OK) {
        status = corbel_request_forward(request, &error);
    }
    probe_Listener_unref(kept);
    return status;
}

static corbel_status probe_flood(void *self, corbel_request *request, probe_Listener *listener, uint32_t count,
                                 bool wait_for_credit, uint32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_status status = CORBEL_OK;
    probe_enter(self);
    options.wait_for_credit = wait_for_credit;
    probe_Listener *const derived = probe_Listener_with(listener, &options);
    for (uint32_t i = 1; i <= count && status == CORBEL_OK; i++) {
        status = probe_Listener_note(derived, 0, i, &error);
        *ret += status == CORBEL_OK;
    }
    probe_Listener_unref(derived);
    if (status == CORBEL_WOULD_BLOCK && !wait_for_credit) {
        corbel_error_clear(&error);
        status = CORBEL_OK;
    }
    return status == CORBEL_OK ? status : corbel_request_forward(request, &error);
}

typedef struct flood {
    probe_Listener *listener;
    uint32_t thread, count;
    int32_t first, caller; /* of measure_main() */
} flood;

static void *flood_main(void *argument)
{
    flood *const f = argument;
    corbel_error error = CORBEL_ERROR_INIT;
    for (uint32_t i = 1; i <= f->count; i++) {
        if (probe_Listener_note(f->listener, f->thread, i, &error)) {
            corbel_error_print(&error, stderr);
            break;
        }
    }
    corbel_error_clear(&error);
    probe_Listener_unref(f->listener);
    free(f);
    return NULL;
}

static corbel_status probe_flood_from_threads(void *self, corbel_request *request, probe_Listener *listener, uint32_t threads,
                                              uint32_t count)
{
    probe_enter(self);
    for (uint32_t i = 0; i < threads; i++) {
        flood *const f = calloc(1, sizeof *f);
        pthread_t thread;
        if (f == NULL) {
            return CORBEL_NO_MEMORY;
        }
        *f = (flood) { probe_Listener_ref(listener), i, count, 0, 0 };
        if (pthread_create(&thread, NULL, flood_main, f) != 0) {
            probe_Listener_unref(f->listener);
            free(f);
            return corbel_request_fail(request, CORBEL_SYSTEM, "no thread");
        }
        pthread_detach(thread);
    }
    return CORBEL_OK;
}

/** The pause is what is measured: the client has to be idle before each call. */
static void pause_for_ms(long ms)
{
    struct timespec until;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    while (pthread_cond_timedwait(&never, &lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&lock);
}

/** How long all threads of a process together were ready to run and had no CPU, in microseconds; 0 where the kernel does not say.
 *  It is what a busy machine adds to a delay of ours: what sleeps for too long is not in it. */
static long without_cpu(long process)
{
    char path[300];
    long all = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/task", process);
    DIR *const tasks = opendir(path);
    for (struct dirent *task = tasks != NULL ? readdir(tasks) : NULL; task != NULL; task = readdir(tasks)) {
        char line[100], *end = NULL;
        (void)snprintf(path, sizeof path, "/proc/%ld/task/%.20s/schedstat", process, task->d_name);
        FILE *const file = task->d_name[0] != '.' ? fopen(path, "r") : NULL;
        if (file != NULL && fgets(line, sizeof line, file) != NULL) {
            (void)strtoull(line, &end, 10); /* time on a CPU; then time without one, in nanoseconds */
            all += (long)(strtoull(end, NULL, 10) / 1000);
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return all;
}

static void *measure_main(void *argument)
{
    flood *const f = argument;
    corbel_error error = CORBEL_ERROR_INIT;
    long worst = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        struct timespec begin, end;
        int32_t sum = 0;
        pause_for_ms(30);
        const long waited = without_cpu(getpid()) + without_cpu(f->caller);
        clock_gettime(CLOCK_MONOTONIC, &begin);
        probe_must(probe_Listener_add(f->listener, f->first, 1, &sum, &error), &error, "add");
        clock_gettime(CLOCK_MONOTONIC, &end);
        const long took = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000 -
                          (without_cpu(getpid()) + without_cpu(f->caller) - waited);
        worst = took > worst ? took : worst;
    }
    probe_must(probe_Listener_note(f->listener, 1, (uint32_t)worst, &error), &error, "note");
    probe_Listener_unref(f->listener);
    free(f);
    return NULL;
}

static corbel_status probe_measure_callbacks(void *self, corbel_request *request, probe_Listener *listener, uint32_t count,
                                             int32_t first, int32_t caller)
{
    pthread_t thread;
    probe_enter(self);
    flood *const f = calloc(1, sizeof *f);
    if (f == NULL) {
        return CORBEL_NO_MEMORY;
    }
    *f = (flood) { probe_Listener_ref(listener), 1, count, first, caller };
    if (pthread_create(&thread, NULL, measure_main, f) != 0) {
        probe_Listener_unref(f->listener);
        free(f);
        return corbel_request_fail(request, CORBEL_SYSTEM, "no thread");
    }
    pthread_detach(thread);
    return CORBEL_OK;
}

static corbel_status probe_notify(void *self, corbel_request *request, uint32_t number)
{
    probe_servant_state *const state = probe_enter(self);
    (void)request;
    pthread_mutex_lock(&state->lock);
    if (number != 0 && number <= state->last_notified) {
        atomic_fetch_add(&state->out_of_order, 1);
    }
    state->last_notified = number;
    pthread_mutex_unlock(&state->lock);
    probe_event_add(&state->notified, 1);
    return CORBEL_OK;
}

static corbel_status probe_flood_probe(void *self, corbel_request *request, const char *uri, uint32_t count, uint32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    probe_Probe *other = NULL;
    probe_enter(self);
    corbel_status status = probe_Probe_from_uri(corbel_request_runtime(request), uri, &other, &error);
    if (status != CORBEL_OK) {
        return corbel_request_forward(request, &error);
    }
    options.wait_for_credit = true;
    probe_Probe *const derived = probe_Probe_with(other, &options);
    for (uint32_t i = 1; i <= count && status == CORBEL_OK; i++) {
        status = probe_Probe_notify(derived, 0, &error);
        *ret += status == CORBEL_OK;
    }
    probe_Probe_unref(derived);
    probe_Probe_unref(other);
    return status == CORBEL_OK ? status : corbel_request_forward(request, &error);
}

static corbel_status probe_entered(void *self, corbel_request *request, uint64_t *ret)
{
    (void)request;
    *ret = atomic_load(&((probe_servant_state *)self)->entered);
    return CORBEL_OK;
}

static corbel_status probe_shut_down(void *self, corbel_request *request)
{
    (void)request;
    corbel_daemon_shutdown(probe_enter(self)->daemon);
    return CORBEL_OK;
}

static const probe_Probe_servant probe_servant = {
    .add = probe_add,
    .echo = probe_echo,
    .blob = probe_blob,
    .turn = probe_turn,
    .raise_it = probe_raise_it,
    .fail = probe_fail,
    .bad_reply = probe_bad_reply,
    .wait = probe_wait,
    .make_node = probe_make_node,
    .keep = probe_keep,
    .kept = probe_get_kept,
    .add_by_kept = probe_add_by_kept,
    .flood = probe_flood,
    .flood_from_threads = probe_flood_from_threads,
    .measure_callbacks = probe_measure_callbacks,
    .notify = probe_notify,
    .flood_probe = probe_flood_probe,
    .entered = probe_entered,
    .shut_down = probe_shut_down,
};

/* ---- listeners ---- */

static corbel_status listener_note(void *self, corbel_request *request, uint32_t thread, uint32_t number)
{
    probe_listener_state *const state = self;
    (void)request;
    /* Notes of one thread come one after another; of different ones at once, each to its own place. */
    if (number != state->last[thread % 16] + 1) {
        atomic_fetch_add(&state->out_of_order, 1);
    }
    state->last[thread % 16] = number;
    probe_event_add(&state->heard, 1);
    return CORBEL_OK;
}

static corbel_status listener_add(void *self, corbel_request *request, int32_t a, int32_t b, int32_t *ret)
{
    (void)self, (void)request;
    if (a < 0) {
        pause_for_ms(-a);
    }
    *ret = a + b;
    return CORBEL_OK;
}

static corbel_status listener_raise_it(void *self, corbel_request *request, const char *why)
{
    (void)self;
    return probe_Refused_raise(request, &(probe_Refused) { .why = why });
}

static corbel_status listener_descend(void *self, corbel_request *request, probe_Node *next, uint32_t depth, uint32_t *ret)
{
    probe_listener_state *const state = self;
    corbel_error error = CORBEL_ERROR_INIT;
    if (depth > 0) {
        probe_Listener *const again = probe_listener_new(corbel_request_runtime(request), state);
        const corbel_status status = probe_Node_descend(next, again, depth - 1, ret, &error);
        probe_Listener_unref(again);
        if (status != CORBEL_OK) {
            return corbel_request_forward(request, &error);
        }
        ++*ret;
    } else {
        atomic_store(&probe_threads_at_bottom, probe_own_threads());
    }
    return CORBEL_OK;
}

static const probe_Listener_servant listener_servant = {
    .note = listener_note,
    .add = listener_add,
    .raise_it = listener_raise_it,
    .descend = listener_descend,
};

static void listener_finalized(void *self)
{
    probe_event_add(&((probe_listener_state *)self)->finalized, 1);
}

void probe_listener_init(probe_listener_state *state)
{
    memset(state, 0, sizeof *state);
    probe_event_init(&state->heard);
    probe_event_init(&state->finalized);
}

probe_Listener *probe_listener_new(corbel_runtime *runtime, probe_listener_state *state)
{
    atomic_fetch_add(&state->made, 1);
    return probe_Listener_new(runtime, &listener_servant, state, listener_finalized);
}

/* ---- servers ---- */

void probe_server_start(probe_server *server, const corbel_runtime_options *options, const char *listen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    memset(server, 0, sizeof *server);
    pthread_mutex_init(&server->state.lock, NULL);
    probe_event_init(&server->state.go_on);
    probe_event_init(&server->state.waiting);
    probe_event_init(&server->state.notified);
    probe_event_init(&server->state.finalized);
    MUST(corbel_runtime_new(options, &server->runtime, &error));
    MUST(corbel_daemon_new(server->runtime, listen, &server->daemon, &error));
    server->state.daemon = server->daemon;
    server->object = probe_Probe_new(server->runtime, &probe_servant, &server->state, NULL);
    MUST(corbel_daemon_register(server->daemon, "probe", probe_Probe_as_object(server->object), &error));
    MUST(corbel_daemon_uri(server->daemon, "probe", &server->uri, &error));
}

void probe_server_stop(probe_server *server)
{
    probe_Listener_unref(server->state.kept);
    server->state.kept = NULL;
    corbel_daemon_unref(server->daemon);
    probe_Probe_unref(server->object);
    corbel_string_free(server->uri);
    corbel_runtime_unref(server->runtime);
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

void probe_server_cut(probe_server *server)
{
    crb_runtime_each_peer(server->runtime, cut_one, NULL);
}

unsigned probe_own_threads(void)
{
    DIR *const tasks = opendir("/proc/self/task");
    unsigned n = 0;
    for (struct dirent *task = tasks == NULL ? NULL : readdir(tasks); task != NULL; task = readdir(tasks)) {
        char path[300], name[64] = "";
        if (task->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *const comm = fopen(path, "r");
        if (comm != NULL) {
            n += fgets(name, sizeof name, comm) != NULL && strncmp(name, "corbel-", 7) == 0;
            (void)fclose(comm);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return n;
}
