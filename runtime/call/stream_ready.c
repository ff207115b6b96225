/** Streams without a waiting thread: a callback, posted once something can be done.
 *
 *  What waits is a piece of memory of its own, as the callback may be posted when the stream ends: it is freed by who is last to
 *  know it, the stream's side that was asked, or the work that was posted. */
#include "runtime/base/fork.h"
#include "runtime/call/stream.h"

#include <stdlib.h>

typedef struct stream_ready {
    crb_work work;
    corbel_runtime *runtime;
    corbel_stream *stream;
    _Atomic bool dropped; /* the stream has ended */
    corbel_stream_ready callback;
    void *user;
} stream_ready;

static void ready_run(crb_work *work)
{
    stream_ready *const ready = (stream_ready *)(void *)work; /* its first member */
    corbel_stream *const stream = ready->stream;
    const corbel_stream_ready callback = ready->callback;
    void *const user = ready->user;
    const bool dropped = atomic_load(&ready->dropped);
    if (!dropped) {
        stream->ready = NULL;
    }
    free(ready);
    if (!dropped) {
        callback(stream, user);
    }
}

static void ready_post(void *user)
{
    stream_ready *const ready = user;
    const crb_host *const host = crb_host_get();
    if (atomic_load(&ready->dropped)) {
        free(ready);
        return;
    }
    ready->work.run = ready_run;
    host->post(ready->runtime, &ready->work); /* streams come with a host */
}

corbel_status corbel_stream_on_ready(corbel_stream *self, corbel_stream_ready callback, void *user)
{
    if (self == NULL || callback == NULL) {
        return CORBEL_MISUSE;
    }
    if (crb_forked()) {
        return CORBEL_FORKED;
    }
    if (self->conduit == NULL) {
        return CORBEL_GONE;
    }
    if (self->ready != NULL) {
        return CORBEL_EXISTS;
    }
    stream_ready *const ready = calloc(1, sizeof *ready);
    if (ready == NULL) {
        return CORBEL_NO_MEMORY;
    }
    ready->runtime = self->runtime;
    ready->stream = self;
    ready->callback = callback;
    ready->user = user;
    self->ready = ready;
    const bool has_more = self->current != NULL && self->at < self->current->bytes.len;
    if (has_more || self->left || !crb_stream_ask(self, ready_post, ready)) {
        ready_post(ready);
    }
    return CORBEL_OK;
}

void crb_stream_forget_ready(corbel_stream *stream)
{
    stream_ready *const ready = stream->ready;
    if (ready == NULL) {
        return;
    }
    stream->ready = NULL;
    if (crb_stream_ask_no_more(stream)) {
        free(ready);
    } else {
        atomic_store(&ready->dropped, true);
    }
}
