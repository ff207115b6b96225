/** Streams: their ends and what lies between them; who waits there, and what wakes him. See stream.h. */
#include "runtime/call/stream.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/call/stream_impl.h"

#include <stdlib.h>
#include <string.h>

/* ---- items ---- */

uint64_t crb_items_cost(const crb_items *items)
{
    return items->bytes.len + CRB_STREAM_REF_COST * (uint64_t)items->n_refs;
}

void crb_items_free(crb_items *items)
{
    if (items != NULL) {
        crb_refs_free(items->refs, items->n_refs);
        crb_buf_clear(&items->bytes);
        free(items);
    }
}

static void stream_free_items(crb_items *items)
{
    while (items != NULL) {
        crb_items *const next = items->next;
        crb_items_free(items);
        items = next;
    }
}

/* ---- conduits ---- */

static crb_conduit *conduit_new(crb_peer *peer)
{
    crb_conduit *const conduit = calloc(1, sizeof *conduit);
    if (conduit != NULL) {
        atomic_init(&conduit->refs, 1);
        conduit->peer = peer == NULL ? NULL : crb_peer_ref(peer);
        conduit->last = &conduit->first;
        conduit->later_end = &conduit->later;
        conduit->reader.conduit = conduit;
        conduit->writer.conduit = conduit;
        pthread_mutex_init(&conduit->lock, NULL);
    }
    return conduit;
}

static void conduit_unref(crb_conduit *conduit)
{
    if (atomic_fetch_sub(&conduit->refs, 1) == 1) {
        stream_free_items(conduit->first);
        crb_items_free(conduit->spare);
        crb_peer_unref(conduit->peer);
        pthread_mutex_destroy(&conduit->lock);
        free(conduit);
    }
}

pthread_mutex_t *crb_conduit_guard(crb_conduit *conduit)
{
    return conduit->peer != NULL ? &conduit->peer->lock : &conduit->lock;
}

void crb_conduit_lock(crb_conduit *conduit)
{
    if (conduit->peer != NULL) {
        crb_peer_lock(conduit->peer);
    } else {
        pthread_mutex_lock(&conduit->lock);
    }
}

void crb_conduit_unlock(crb_conduit *conduit)
{
    if (conduit->peer != NULL) {
        crb_peer_unlock(conduit->peer);
        return;
    }
    crb_later *later = conduit->later;
    conduit->later = NULL;
    conduit->later_end = &conduit->later;
    pthread_mutex_unlock(&conduit->lock);
    while (later != NULL) {
        crb_later *const next = later->next;
        later->run(later);
        later = next;
    }
}

static void side_notify(crb_later *later)
{
    crb_stream_side *const side = (crb_stream_side *)(void *)((char *)later - offsetof(crb_stream_side, later));
    crb_conduit *const conduit = side->conduit;
    crb_conduit_lock(conduit);
    side->queued = false;
    void (*const notify)(void *user) = side->notify;
    void *const user = side->user;
    crb_conduit_unlock(conduit);
    if (notify != NULL) {
        notify(user);
    }
    conduit_unref(conduit);
}

void crb_side_wake_locked(crb_stream_side *side)
{
    atomic_store(&side->ready, true);
    if (side->wait != NULL) {
        crb_io_wake(&side->wait->waiter);
    }
    if (side->asked && !side->queued) {
        crb_conduit *const conduit = side->conduit;
        side->asked = false;
        side->queued = true;
        side->later = (crb_later) { side_notify, NULL };
        atomic_fetch_add(&conduit->refs, 1);
        if (conduit->peer != NULL) {
            crb_peer_later_locked(conduit->peer, &side->later);
        } else {
            *conduit->later_end = &side->later;
            conduit->later_end = &side->later.next;
        }
    }
}

bool crb_stream_wait_locked(corbel_stream *stream)
{
    crb_conduit *const conduit = stream->conduit;
    crb_stream_side *const side = stream->writes ? &conduit->writer : &conduit->reader;
    crb_wait wait;
    crb_wait_begin(&wait, stream->runtime, stream->chain);
    atomic_store(&side->ready, false);
    side->wait = &wait;
    crb_conduit_unlock(conduit);
    if (stream->wait_until == 0) {
        stream->wait_until = crb_now() + stream->wait_ns;
    }
    const bool done = crb_wait_until(&wait, &side->ready, crb_conduit_guard(conduit), stream->wait_until);
    crb_conduit_lock(conduit);
    side->wait = NULL;
    crb_conduit_unlock(conduit);
    crb_wait_end(&wait);
    crb_conduit_lock(conduit);
    return done || atomic_load(&side->ready);
}

/* ---- ends ---- */

corbel_stream *crb_stream_new(corbel_runtime *runtime, crb_peer *peer, const corbel_stream *other, const corbel_param *item,
                              bool writes, uint64_t chain, uint64_t wait_ns)
{
    corbel_stream *const stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    if (other != NULL) {
        stream->conduit = other->conduit;
        atomic_fetch_add(&stream->conduit->refs, 1);
    } else if ((stream->conduit = conduit_new(peer)) == NULL) {
        free(stream);
        return NULL;
    }
    stream->runtime = runtime;
    stream->item = item;
    stream->writes = writes;
    stream->chain = chain;
    stream->wait_ns = wait_ns;
    stream->failure = (corbel_error)CORBEL_ERROR_INIT;
    return stream;
}

void crb_stream_end_of_life(corbel_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    crb_stream_forget_ready(stream);
    crb_held_release(&stream->held);
    crb_arena_free(stream->arena);
    crb_items_free(stream->current);
    for (size_t i = stream->ref_at; i < stream->n_refs; i++) {
        crb_target_unref(stream->refs[i].target);
    }
    free(stream->refs);
    crb_buf_clear(&stream->partial);
    crb_buf_clear(&stream->scratch);
    corbel_error_clear(&stream->failure);
    conduit_unref(stream->conduit);
    free(stream);
}

corbel_stream *crb_stream_dead(void)
{
    static corbel_stream dead;
    return &dead;
}

void crb_stream_attach_locked(corbel_stream *stream, crb_stream *core)
{
    if (core != NULL) {
        stream->conduit->core = core;
        crb_stream_set_user(core, stream);
    }
}

void crb_stream_over_locked(corbel_stream *stream)
{
    if (stream != NULL) {
        stream->conduit->ended = true;
        stream->conduit->closed = true;
        crb_side_wake_locked(&stream->conduit->reader);
        crb_side_wake_locked(&stream->conduit->writer);
    }
}

void crb_stream_over(corbel_stream *stream)
{
    if (stream != NULL) {
        crb_conduit_lock(stream->conduit);
        crb_stream_over_locked(stream);
        crb_conduit_unlock(stream->conduit);
    }
}

void crb_stream_detach_locked(corbel_stream *stream)
{
    if (stream != NULL) {
        stream->conduit->core = NULL; /* it may be gone: no event of it comes any more */
        crb_stream_over_locked(stream);
    }
}

void crb_stream_leave(corbel_stream *stream)
{
    if (stream == NULL || stream->conduit == NULL) {
        return;
    }
    crb_conduit *const conduit = stream->conduit;
    crb_items *unread = NULL;
    crb_conduit_lock(conduit);
    if (stream->writes) {
        conduit->ended = true;
        if (conduit->core != NULL) {
            crb_session_stream_end(conduit->peer->session, conduit->core);
        }
        crb_side_wake_locked(&conduit->reader);
    } else {
        conduit->closed = true;
        unread = conduit->first;
        conduit->first = NULL;
        conduit->last = &conduit->first;
        conduit->tail = NULL;
        if (conduit->core != NULL && !conduit->ended) {
            crb_session_stream_enough(conduit->peer->session, conduit->core);
        }
        conduit->ended = true;
        crb_side_wake_locked(&conduit->writer);
    }
    crb_conduit_unlock(conduit);
    stream_free_items(unread);
}

/* ---- events ---- */

void crb_stream_no_memory_locked(corbel_stream *stream)
{
    crb_conduit *const conduit = stream->conduit;
    conduit->ended = true; /* the rest would not be what the writer wrote */
    conduit->closed = true;
    conduit->no_memory = true;
    if (conduit->core != NULL) {
        crb_session_stream_enough(conduit->peer->session, conduit->core);
    }
    crb_side_wake_locked(&conduit->reader);
}

void crb_stream_items_locked(corbel_stream *stream, crb_event *event, crb_ref *refs, size_t n_refs)
{
    crb_conduit *const conduit = stream->conduit;
    crb_items *const items = event->items.len > 0 || n_refs > 0 ? calloc(1, sizeof *items) : NULL;
    conduit->ended = conduit->ended || event->end;
    if (items != NULL) {
        items->bytes = event->items;
        items->refs = refs;
        items->n_refs = n_refs;
        event->items = (crb_buf)CRB_BUF_INIT;
        *conduit->last = items;
        conduit->last = &items->next;
    } else if (event->items.len > 0 || n_refs > 0) {
        crb_peer_refs_free_locked(conduit->peer, refs, n_refs);
        crb_stream_no_memory_locked(stream);
    }
    crb_side_wake_locked(&conduit->reader);
}

void crb_stream_room_locked(corbel_stream *stream)
{
    crb_conduit *const conduit = stream->conduit;
    conduit->closed = conduit->closed || (conduit->core != NULL && crb_session_stream_is_closed(conduit->core));
    crb_side_wake_locked(&conduit->writer);
}
