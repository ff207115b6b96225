/** See actors.h. */
#include "actors.h"

#include "daemon/host.h"
#include "runtime/base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- being inside ---- */

static void actor_enter(actor *self, char name)
{
    pthread_mutex_lock(&self->lock);
    if (self->inside > 0 && self->name != name) {
        atomic_fetch_add(self->plain ? &self->stage->overlaps : &self->stage->offences, 1);
    }
    self->inside++;
    self->name = name;
    if (self->entered < sizeof self->order - 1) {
        self->order[self->entered] = name;
    }
    self->entered++;
    pthread_mutex_unlock(&self->lock);
}

static void actor_leave(actor *self)
{
    pthread_mutex_lock(&self->lock);
    self->inside--;
    pthread_mutex_unlock(&self->lock);
}

/* ---- scripts ---- */

static corbel_status actor_call(actor *self, corbel_request *request, char name, const char *step, const char **ret)
{
    char script[64];
    corbel_error error = CORBEL_ERROR_INIT;
    char *got = NULL;
    const char how = isdigit((unsigned char)*step) ? 'c' : *step++;
    serial_Node *const node = actors_get(self->stage, (unsigned)(*step - '0'));
    corbel_status status = CORBEL_OK;
    corbel_call *before = NULL;
    (void)snprintf(script, sizeof script, "%c%s", name, step + 1);
    if (how == 'b' || how == 'p') {
        corbel_call *const call = serial_Node_run_begin(node, script);
        if (how == 'p') {
            const corbel_status waited = corbel_call_wait(call, 20);
            if (waited != CORBEL_OK && waited != CORBEL_DEADLINE) {
                abort();
            }
        }
        status = serial_Node_run_finish(call, &got, &error);
    } else if (how == 'f') {
        status = serial_Node_tell(node, script, &error);
    } else {
        if (how == 'l') {
            const char nothing[2] = { name, '\0' };
            before = serial_Node_run_begin(node, nothing);
        }
        status = serial_Node_run(node, script, &got, &error);
        if (before != NULL) {
            const corbel_status first = serial_Node_run_finish(before, NULL, status == CORBEL_OK ? &error : NULL);
            status = status == CORBEL_OK ? first : status;
        }
    }
    serial_Node_unref(node);
    if (status != CORBEL_OK) {
        corbel_string_free(got);
        return corbel_request_forward(request, &error);
    }
    *ret = corbel_request_strdup(request, got == NULL ? "" : got);
    corbel_string_free(got);
    return CORBEL_OK;
}

static corbel_status actor_follow(actor *self, corbel_request *request, const char *script, const char **ret)
{
    const char name = script[0];
    const char *step = script + (name == '\0' ? 0 : 1);
    while (*step == 'w' || *step == 'm') {
        const unsigned gate = (unsigned)(step[1] - '0');
        probe_event *const reached = &self->stage->reached[gate];
        probe_event_add(reached, 1);
        if (*step == 'm' ? !probe_event_wait(reached, 2) : !probe_event_wait(&self->stage->go[gate], 1)) {
            return corbel_request_fail(request, CORBEL_FAILED, "nobody let %s go", script);
        }
        step += 2;
    }
    *ret = corbel_request_strdup(request, script);
    return *step == '\0' ? CORBEL_OK : actor_call(self, request, name, step, ret);
}

static corbel_status actor_run(void *self, corbel_request *request, const char *script, const char **ret)
{
    actor_enter(self, script[0]);
    const corbel_status status = actor_follow(self, request, script, ret);
    actor_leave(self);
    return status;
}

static corbel_status actor_tell(void *self, corbel_request *request, const char *script)
{
    const char *ret = NULL;
    return actor_run(self, request, script, &ret);
}

static corbel_status actor_link(void *self, corbel_request *request, int32_t k, const char *uri)
{
    corbel_error error = CORBEL_ERROR_INIT;
    serial_Node *node = NULL;
    if (k < 0 || k >= ACTORS) {
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "no object %d", (int)k);
    }
    if (serial_Node_from_uri(corbel_request_runtime(request), uri, &node, &error)) {
        return corbel_request_forward(request, &error);
    }
    actors_set(((const actor *)self)->stage, (unsigned)k, node);
    return CORBEL_OK;
}

static corbel_status actor_hold(void *self, corbel_request *request)
{
    actor *const me = self;
    pthread_mutex_lock(&me->lock);
    me->held = request;
    pthread_mutex_unlock(&me->lock);
    const corbel_status status = corbel_request_defer(request);
    probe_event_add(&me->stage->held, 1);
    return status;
}

static corbel_status actor_count(void *self, corbel_request *request, int32_t n, corbel_int32_stream *ret)
{
    actor *const me = self;
    (void)request;
    actor_enter(me, '#');
    for (int32_t i = 0; i < n; i++) {
        probe_event_add(&me->stage->reached[9], 1);
        (void)probe_event_wait(&me->stage->go[9], (uint64_t)i + 1);
        if (!corbel_int32_stream_put(ret, i)) {
            break;
        }
    }
    actor_leave(me);
    return CORBEL_OK;
}

static corbel_status actor_more(void *self, corbel_request *request)
{
    (void)request;
    actor_enter(self, '+');
    actor_leave(self);
    return CORBEL_OK;
}

static const serial_Node_servant node_servant = { actor_run, actor_tell, actor_link, actor_hold, actor_count };
static const serial_Serial_servant serial_servant = { actor_run, actor_tell, actor_link, actor_hold, actor_count };
static const serial_Heir_servant heir_servant = { actor_run, actor_tell, actor_link, actor_hold, actor_count, actor_more };
static const serial_Strict_servant strict_servant = { actor_run, actor_tell, actor_link, actor_hold, actor_count };

static void actor_finalize(void *self)
{
    probe_event_add(&((actor *)self)->stage->finalized, 1);
}

static serial_Node *actor_new(actors_stage *stage, actor *self, char kind)
{
    switch (kind) {
    case 's':
        return serial_Serial_as_Node(serial_Serial_new(stage->runtime, &serial_servant, self, actor_finalize));
    case 'h':
        return serial_Heir_as_Node(serial_Heir_new(stage->runtime, &heir_servant, self, actor_finalize));
    case 't':
        return serial_Strict_as_Node(serial_Strict_new(stage->runtime, &strict_servant, self, actor_finalize));
    default:
        return serial_Node_new(stage->runtime, &node_servant, self, actor_finalize);
    }
}

/* ---- the stage ---- */

void actors_start(actors_stage *stage, const char *kinds, const char *prefix, const corbel_runtime_options *options,
                  const char *listen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    memset(stage, 0, sizeof *stage);
    for (unsigned i = 0; i < ACTORS_GATES; i++) {
        probe_event_init(&stage->reached[i]);
        probe_event_init(&stage->go[i]);
    }
    probe_event_init(&stage->held);
    probe_event_init(&stage->finalized);
    pthread_mutex_init(&stage->lock, NULL);
    for (unsigned i = 0; i < ACTORS; i++) {
        pthread_mutex_init(&stage->actors[i].lock, NULL);
    }
    MUST(corbel_runtime_new(options, &stage->runtime, &error));
    MUST(corbel_daemon_new(stage->runtime, listen, &stage->daemon, &error));
    for (unsigned i = 0; kinds[i] != '\0'; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "%s%u", prefix, i);
        stage->actors[i].stage = stage;
        stage->actors[i].plain = kinds[i] == 'n';
        stage->own[i] = actor_new(stage, &stage->actors[i], kinds[i]);
        stage->other[i] = serial_Node_ref(stage->own[i]);
        MUST(corbel_daemon_register(stage->daemon, id, serial_Node_as_object(stage->own[i]), &error));
        MUST(corbel_daemon_uri(stage->daemon, id, &stage->uris[i], &error));
    }
}

void actors_stop(actors_stage *stage)
{
    for (unsigned i = 0; i < ACTORS; i++) {
        serial_Node_unref(stage->own[i]);
        serial_Node_unref(stage->other[i]);
        corbel_string_free(stage->uris[i]);
    }
    corbel_daemon_unref(stage->daemon);
    corbel_runtime_unref(stage->runtime);
}

serial_Node *actors_twin(actors_stage *stage, unsigned k)
{
    return actor_new(stage, &stage->actors[k], 's');
}

void actors_set(actors_stage *stage, unsigned k, serial_Node *node)
{
    pthread_mutex_lock(&stage->lock);
    serial_Node *const before = stage->other[k];
    stage->other[k] = node;
    pthread_mutex_unlock(&stage->lock);
    serial_Node_unref(before);
}

serial_Node *actors_get(actors_stage *stage, unsigned k)
{
    pthread_mutex_lock(&stage->lock);
    serial_Node *const node = serial_Node_ref(stage->other[k]);
    pthread_mutex_unlock(&stage->lock);
    return node;
}

unsigned actors_entered(actors_stage *stage, unsigned k)
{
    pthread_mutex_lock(&stage->actors[k].lock);
    const unsigned entered = stage->actors[k].entered;
    pthread_mutex_unlock(&stage->actors[k].lock);
    return entered;
}

const char *actors_order(actors_stage *stage, unsigned k)
{
    static _Thread_local char order[sizeof((actor *)NULL)->order];
    pthread_mutex_lock(&stage->actors[k].lock);
    memcpy(order, stage->actors[k].order, sizeof order);
    pthread_mutex_unlock(&stage->actors[k].lock);
    return order;
}

corbel_request *actors_held(actors_stage *stage, unsigned k)
{
    pthread_mutex_lock(&stage->actors[k].lock);
    corbel_request *const held = stage->actors[k].held;
    pthread_mutex_unlock(&stage->actors[k].lock);
    return held;
}

void actors_go(actors_stage *stage, unsigned d)
{
    probe_event_add(&stage->go[d], 1);
}

void actors_forget_event(probe_event *event)
{
    pthread_mutex_lock(&event->lock);
    event->count = 0;
    pthread_mutex_unlock(&event->lock);
}

void actors_forget(actors_stage *stage)
{
    for (unsigned i = 0; i < ACTORS_GATES; i++) {
        actors_forget_event(&stage->reached[i]);
        actors_forget_event(&stage->go[i]);
    }
    actors_forget_event(&stage->held);
    for (unsigned i = 0; i < ACTORS; i++) {
        actor *const a = &stage->actors[i];
        pthread_mutex_lock(&a->lock);
        a->entered = 0;
        memset(a->order, 0, sizeof a->order);
        pthread_mutex_unlock(&a->lock);
    }
    atomic_store(&stage->offences, 0);
    atomic_store(&stage->overlaps, 0);
}

bool actors_wait_waiting(corbel_runtime *runtime, unsigned n)
{
    const uint64_t until = crb_now() + 20 * probe_slow * CRB_SECOND;
    unsigned waiting;
    do {
        nanosleep(&(struct timespec) { .tv_nsec = 200000 }, NULL); /* no event tells that a call is queued */
        pthread_mutex_lock(&runtime->dispatch_lock);
        waiting = runtime->serial == NULL ? 0 : runtime->serial->n_waiting;
        pthread_mutex_unlock(&runtime->dispatch_lock);
    } while (waiting != n && crb_now() < until);
    return waiting == n;
}

/* ---- callers ---- */

static void *caller_main(void *argument)
{
    actors_caller *const self = argument;
    const uint64_t start = crb_now();
    char *ret = NULL;
    self->status = serial_Node_run(self->node, self->script, &ret, &self->error);
    self->seconds = (double)(crb_now() - start) / (double)CRB_SECOND;
    corbel_string_free(ret);
    serial_Node_unref(self->node);
    atomic_store(&self->over, true);
    return NULL;
}

void actors_call(actors_caller *caller, serial_Node *node, const char *script, unsigned deadline_ms)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.deadline_ms = deadline_ms;
    *caller = (actors_caller) { .error = CORBEL_ERROR_INIT };
    (void)snprintf(caller->script, sizeof caller->script, "%s", script);
    caller->node = deadline_ms == 0 ? serial_Node_ref(node) : serial_Node_with(node, &options);
    if (pthread_create(&caller->thread, NULL, caller_main, caller) != 0) {
        abort();
    }
}

corbel_status actors_end(actors_caller *caller)
{
    pthread_join(caller->thread, NULL);
    return caller->status;
}
