/** The streams of a call, at its caller: they begin with it and end with it. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/call/stream_impl.h"

#include <stdlib.h>

/** NULL: there is none, or no memory. */
static corbel_stream *streams_new(corbel_call *call, bool wanted, const corbel_param *item, bool writes)
{
    return wanted ? crb_stream_new(call->runtime, call->peer, NULL, item, writes, call->chain, call->streams->wait_ns) : NULL;
}

static bool streams_add(corbel_call *call, bool in, const corbel_param *item_in, bool out, const corbel_param *item_out,
                        uint64_t wait_ns)
{
    call->streams = calloc(1, sizeof *call->streams);
    if (call->streams == NULL) {
        return false;
    }
    call->streams->wait_ns = wait_ns;
    call->streams->bound = CRB_NEVER;
    call->streams->in = streams_new(call, in, item_in, true);
    call->streams->out = streams_new(call, out, item_out, false);
    call->deadline = CRB_NEVER; /* each wait has its own bound */
    return (!in || call->streams->in != NULL) && (!out || call->streams->out != NULL);
}

bool crb_call_add_raw_streams(corbel_call *call, bool in, bool out, uint64_t wait_ns)
{
    return streams_add(call, in, NULL, out, NULL, wait_ns);
}

bool crb_call_add_streams(corbel_call *call, const corbel_operation *operation, uint64_t wait_ns)
{
    if (!streams_add(call, operation->stream_in != NULL, operation->stream_in, operation->stream_out != NULL,
                     operation->stream_out, wait_ns)) {
        return false;
    }
    if (call->streams->in != NULL) {
        call->streams->in->call = call;
    }
    if (call->streams->out != NULL) {
        call->streams->out->call = call;
    }
    return true;
}

static void streams_bound(void *user)
{
    crb_call_give_up(user, CORBEL_DEADLINE, corbel_status_text(CORBEL_DEADLINE));
}

void crb_call_bound_streams(corbel_call *call, uint64_t bound)
{
    if (bound != CRB_NEVER) {
        call->streams->bound = bound;
        call->streams->timed = true;
        crb_timer_init(&call->streams->timer, streams_bound, call);
        crb_timer_set(&call->streams->timer, bound);
    }
}

void crb_call_free_streams(corbel_call *call)
{
    if (call->streams != NULL) {
        if (call->streams->timed) {
            crb_timer_stop(&call->streams->timer);
        }
        crb_stream_end_of_life(call->streams->in);
        crb_stream_end_of_life(call->streams->out);
        free(call->streams);
    }
}

void crb_call_attach_streams_locked(corbel_call *call)
{
    if (call->streams->in != NULL) {
        crb_stream_attach_locked(call->streams->in, crb_question_stream_in(call->question));
    }
    if (call->streams->out != NULL) {
        crb_stream_attach_locked(call->streams->out, crb_question_stream_out(call->question));
    }
}

void crb_call_streams_done_locked(corbel_call *call)
{
    crb_stream_detach_locked(call->streams->in);
    crb_stream_detach_locked(call->streams->out);
}

void crb_call_streams_done(corbel_call *call)
{
    crb_stream_over(call->streams->in);
    crb_stream_over(call->streams->out);
}

void crb_call_streams_finish(corbel_call *call)
{
    crb_stream_leave(call->streams->in);
    crb_stream_leave(call->streams->out);
    const uint64_t until = crb_now() + call->streams->wait_ns;
    call->deadline = until < call->streams->bound ? until : call->streams->bound;
}

void crb_call_streams_expire_locked(corbel_call *call)
{
    corbel_stream *const stream = call->streams->in != NULL ? call->streams->in : call->streams->out;
    if (stream->failure.status == CORBEL_OK) {
        crb_fail(&stream->failure, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "%s", corbel_status_text(CORBEL_DEADLINE));
    }
    crb_session_finish(call->peer->session, call->question, true);
}

corbel_status crb_call_streams_failure(corbel_call *call, corbel_error *reterr)
{
    corbel_stream *const ends[2] = { call->streams->in, call->streams->out };
    for (size_t i = 0; i < 2; i++) {
        if (ends[i] != NULL && ends[i]->failure.status != CORBEL_OK) {
            const corbel_status status = ends[i]->failure.status;
            crb_error_move(reterr, &ends[i]->failure);
            return status;
        }
    }
    return CORBEL_OK;
}
