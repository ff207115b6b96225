/** Streams that are passed on with a call: pieces go from one end to the other as they come, undecoded, with their references. A
 *  piece is held until it has gone, and only then given back to its writer: so what lies here is bounded by the windows.
 *
 *  A pump runs on whatever thread was told of a change, one at a time, with no lock held. The items of a result go before the
 *  answer: who is last of the two, the answer or the pump of its items, finishes the relay. Whatever ends a call ends its
 * streams, and so wakes the pumps, which then end by themselves. */
#include "daemon/host.h"

#include <stdlib.h>

typedef struct relay_pump {
    crb_relay_streams *relay;
    corbel_stream *from, *to; /* NULL: there is none */
    crb_items *held;
    size_t at, ref_at;      /* of held, what has gone */
    _Atomic uint32_t kicks; /* since somebody began to run it; 0: nobody runs it */
    bool over;
    bool is_result;
} relay_pump;

struct crb_relay_streams {
    _Atomic uint32_t refs;  /* the relay's, and one for each thread that runs a pump, or will */
    _Atomic uint32_t parts; /* that the relay waits for */
    void (*finish)(void *user);
    void *user;
    relay_pump in, out;
    corbel_stream *owned[4]; /* once the calls are over */
};

static void relay_unref(crb_relay_streams *relay)
{
    if (atomic_fetch_sub(&relay->refs, 1) == 1) {
        crb_items_free(relay->in.held);
        crb_items_free(relay->out.held);
        for (size_t i = 0; i < 4; i++) {
            crb_stream_end_of_life(relay->owned[i]);
        }
        free(relay);
    }
}

bool crb_relay_streams_part(crb_relay_streams *relay)
{
    return atomic_fetch_sub(&relay->parts, 1) == 1;
}

/** What has come, in slices. */
static corbel_stream_result pump_put(relay_pump *pump)
{
    crb_items *const held = pump->held;
    const size_t most_refs = pump->to->runtime->limits.window_stream / 2 / CRB_STREAM_REF_COST;
    while (pump->at < held->bytes.len) {
        const size_t left = held->bytes.len - pump->at;
        size_t n_refs = held->n_refs - pump->ref_at;
        size_t n = left < CRB_PIECE ? left : CRB_PIECE;
        if (n_refs > most_refs) { /* the rest goes with the next byte: references may come before their items */
            n_refs = most_refs;
            n = 1;
        }
        const corbel_stream_result result =
            crb_stream_put_items(pump->to, held->bytes.data + pump->at, n, held->refs + pump->ref_at, n_refs, false);
        if (result != CORBEL_STREAM_OK) {
            return result;
        }
        pump->at += n;
        pump->ref_at += n_refs;
    }
    return CORBEL_STREAM_OK;
}

static void pump_release(relay_pump *pump)
{
    crb_stream_used(pump->from, crb_items_cost(pump->held));
    crb_items_free(pump->held);
    pump->held = NULL;
    pump->at = 0;
    pump->ref_at = 0;
}

static void pump_kicked(void *user);

/** False: something has changed already. */
static bool pump_ask(relay_pump *pump, corbel_stream *stream)
{
    atomic_fetch_add(&pump->relay->refs, 1); /* pump_kicked()'s */
    if (crb_stream_ask(stream, pump_kicked, pump)) {
        return true;
    }
    relay_unref(pump->relay);
    return false;
}

static void pump_end(relay_pump *pump)
{
    pump->over = true;
    crb_stream_leave(pump->from);
    crb_stream_leave(pump->to);
    if (pump->is_result && crb_relay_streams_part(pump->relay)) {
        pump->relay->finish(pump->relay->user);
    }
}

/** Moves what can be moved. */
static void pump_run(relay_pump *pump)
{
    while (!pump->over) {
        if (pump->held == NULL || pump->held->bytes.len == 0) { /* references go with bytes */
            const corbel_stream_result taken = crb_stream_take_items(pump->from, &pump->held);
            if (taken == CORBEL_STREAM_WOULD_BLOCK && pump_ask(pump, pump->from)) {
                return;
            }
            if (taken == CORBEL_STREAM_OVER) {
                pump_end(pump);
            }
            continue;
        }
        const corbel_stream_result put = pump_put(pump);
        if (put == CORBEL_STREAM_WOULD_BLOCK && pump_ask(pump, pump->to)) {
            return;
        }
        if (put != CORBEL_STREAM_WOULD_BLOCK) {
            pump_release(pump);
        }
        if (put == CORBEL_STREAM_OVER) {
            pump_end(pump);
        }
    }
}

static void pump_kick(relay_pump *pump)
{
    uint32_t kicks = atomic_fetch_add(&pump->kicks, 1) + 1;
    if (kicks != 1) {
        return; /* who runs it sees it */
    }
    do {
        pump_run(pump);
    } while (!atomic_compare_exchange_strong(&pump->kicks, &kicks, 0));
}

static void pump_kicked(void *user)
{
    relay_pump *const pump = user;
    crb_relay_streams *const relay = pump->relay;
    pump_kick(pump);
    relay_unref(relay);
}

crb_relay_streams *crb_relay_streams_new(corbel_request *request, corbel_call *call, void (*finish)(void *user), void *user)
{
    crb_relay_streams *const relay = calloc(1, sizeof *relay);
    const bool in = request->stream_in != NULL;
    const bool out = request->stream_out != NULL;
    if (relay == NULL || !crb_call_add_raw_streams(call, in, out, request->stream_wait_ns)) {
        free(relay);
        return NULL;
    }
    atomic_init(&relay->refs, 1);
    atomic_init(&relay->parts, out ? 2 : 1);
    relay->finish = finish;
    relay->user = user;
    relay->in = (relay_pump) { .relay = relay, .from = request->stream_in, .to = call->streams->in, .over = !in };
    relay->out =
        (relay_pump) { .relay = relay, .from = call->streams->out, .to = request->stream_out, .over = !out, .is_result = true };
    return relay;
}

void crb_relay_streams_ref(crb_relay_streams *relay)
{
    atomic_fetch_add(&relay->refs, 1);
}

void crb_relay_streams_start(crb_relay_streams *relay)
{
    pump_kick(&relay->in);
    pump_kick(&relay->out);
}

bool crb_relay_streams_failed(crb_relay_streams *relay, corbel_error *error)
{
    corbel_stream *const ends[4] = { relay->in.from, relay->in.to, relay->out.from, relay->out.to };
    for (size_t i = 0; i < 4; i++) {
        if (ends[i] != NULL && ends[i]->failure.status != CORBEL_OK) {
            crb_error_move(error, &ends[i]->failure);
            return true;
        }
    }
    return false;
}

void crb_relay_streams_end(crb_relay_streams *relay, corbel_request *request, corbel_call *call)
{
    corbel_stream **const theirs[4] = { &request->stream_in, &request->stream_out, &call->streams->in, &call->streams->out };
    for (size_t i = 0; i < 4; i++) {
        relay->owned[i] = *theirs[i];
        *theirs[i] = NULL;
        crb_stream_over(relay->owned[i]);
    }
    relay_unref(relay);
}

void crb_relay_streams_drop(crb_relay_streams *relay)
{
    relay_unref(relay);
}
