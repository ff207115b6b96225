/* What dialled and served links have in common. See grpc_link.h. */
#include "runtime/transport/grpc_link.h"

#include "runtime/base/clock.h"
#include "runtime/base/log.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/impl/codegen/compression_types.h>
#include <grpc/slice.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINK_OF(member, pointer) ((crb_grpc_link *)(void *)((char *)(pointer)-offsetof(crb_grpc_link, member)))

void crb_grpc_link_start(crb_grpc_link *link, const grpc_op *ops, size_t n, crb_tag *tag)
{
    pthread_mutex_lock(&link->lock);
    link->pending++;
    pthread_mutex_unlock(&link->lock);
    crb_queue_start(link->call, ops, n, tag);
}

/* ---- the end ---- */

void crb_grpc_link_cut_locked(crb_grpc_link *link)
{
    link->closing = CRB_CUT;
    if (link->call != NULL) {
        grpc_call_cancel(link->call, NULL);
    }
    if (link->shut && link->server != NULL) {
        grpc_server_cancel_all_calls(link->server);
    }
}

void crb_grpc_link_shut_locked(crb_grpc_link *link, bool at_once)
{
    link->shut = true;
    link->pending++;
    if (link->second_waits) { /* it comes back now */
        link->second_counts = true;
        link->pending++;
    }
    crb_queue_shutdown_server(link->server, &link->shutdown_tag);
    if (at_once) {
        grpc_server_cancel_all_calls(link->server);
    }
}

static void link_timed_out(void *user)
{
    crb_grpc_link *link = user;
    pthread_mutex_lock(&link->lock);
    const bool waiting = link->waiting;
    if (!waiting) {
        crb_grpc_link_cut_locked(link);
    }
    pthread_mutex_unlock(&link->lock);
    if (waiting && crb_grpc_serve_no_more(link)) {
        crb_log_peer(CRB_LOG_WARNING, "transport", "%s: connected, but did not open a session: closed", link->peer);
    }
}

/* The line that closed() gives. */
static const char *link_why_locked(const crb_grpc_link *link)
{
    if (link->here) {
        return "closed by this side";
    }
    if (link->why[0] != '\0') {
        return link->why;
    }
    return link->lost ? "the connection to the peer was lost" : "the peer closed the connection";
}

/* Gives back what is gRPC's: gRPC may be gone when the link is freed. */
static void link_drop(crb_grpc_link *link)
{
    grpc_metadata_array_destroy(&link->metadata);
    grpc_metadata_array_destroy(&link->trailing);
    grpc_call_details_destroy(&link->details);
    grpc_metadata_array_destroy(&link->second_metadata);
    grpc_call_details_destroy(&link->second_details);
    grpc_slice_unref(link->status_text);
}

/* Nothing is under way, and the connection is no more. */
static void link_over(crb_grpc_link *link)
{
    crb_timer_stop(&link->timer);
    crb_io_arm_not(&link->armable);
    crb_grpc_serve_decide(link);
    link_drop(link);
    const crb_link_handler *handler = link->handler;
    const crb_grpc_door *door = link->door;
    void *door_user = link->door_user;
    if (handler != NULL) {
        pthread_mutex_lock(&link->lock); /* the user may be closing it at this moment */
        const char *why = link_why_locked(link);
        pthread_mutex_unlock(&link->lock);
        handler->closed(link->user, why); /* link may be gone afterwards */
    } else {
        crb_grpc_link_delete(link);
    }
    if (door != NULL) {
        door->over(door_user);
    }
}

void crb_grpc_link_came_back(crb_grpc_link *link)
{
    pthread_mutex_lock(&link->lock);
    if (--link->pending > 0) {
        pthread_mutex_unlock(&link->lock);
        return;
    }
    link->ended = true;
    if (link->call != NULL) {
        grpc_call_unref(link->call);
        link->call = NULL;
    }
    if (link->server != NULL && !link->shut) {
        /* The peer has the rest of the second to close the connection; it may have our last words unread. */
        crb_grpc_link_shut_locked(link, link->closing == CRB_CUT || link->lost);
        pthread_mutex_unlock(&link->lock);
        return;
    }
    if (link->server != NULL) {
        grpc_server_destroy(link->server);
        link->server = NULL;
    }
    if (link->channel != NULL) {
        grpc_channel_destroy(link->channel);
        link->channel = NULL;
    }
    pthread_mutex_unlock(&link->lock);
    link_over(link);
}

/* ---- closing in order ---- */

/* Closes our direction, if it is time to: true means that the caller has to start it, with link_finish(). */
static bool link_must_finish_locked(crb_grpc_link *link)
{
    if (link->closing != CRB_ENDING || link->sending || link->finishing || link->ended) {
        return false;
    }
    link->finishing = true;
    link->pending++;
    return true;
}

static void link_finish(crb_grpc_link *link)
{
    grpc_op op = { 0 };
    grpc_slice text = grpc_empty_slice();
    if (link->server != NULL) {
        op.op = GRPC_OP_SEND_STATUS_FROM_SERVER;
        op.data.send_status_from_server.status = GRPC_STATUS_OK;
        op.data.send_status_from_server.status_details = &text;
    } else {
        op.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    }
    crb_queue_start(link->call, &op, 1, &link->finish_tag);
}

static void link_finished(crb_tag *tag, bool ok)
{
    (void)ok; /* a stream that broke meanwhile is over anyway */
    crb_grpc_link_came_back(LINK_OF(finish_tag, tag));
}

/* The peer has closed its direction, or this side (here) wants an end. */
static void link_close_in_order(crb_grpc_link *link, bool here)
{
    pthread_mutex_lock(&link->lock);
    const bool begins = link->closing == CRB_OPEN && !link->ended;
    if (begins) {
        link->closing = CRB_ENDING;
        link->here = here;
        crb_timer_set(&link->timer, crb_now() + CRB_LINGER);
    }
    const bool finish = begins && link_must_finish_locked(link);
    pthread_mutex_unlock(&link->lock);
    if (finish) {
        link_finish(link);
    }
}

static void link_close(crb_link *base, bool in_order)
{
    crb_grpc_link *link = (crb_grpc_link *)(void *)base;
    if (in_order) {
        link_close_in_order(link, true);
        return;
    }
    pthread_mutex_lock(&link->lock);
    if (link->closing != CRB_CUT) {
        link->here = link->here || link->closing == CRB_OPEN;
        crb_grpc_link_cut_locked(link);
    }
    pthread_mutex_unlock(&link->lock);
}

/* ---- sending ---- */

/** False: it is not to be sent, and is gone. */
static bool link_send_begins(crb_grpc_link *link, crb_buf *message)
{
    grpc_byte_buffer *outgoing = crb_queue_message(message);
    pthread_mutex_lock(&link->lock);
    const bool may = link->closing == CRB_OPEN && !link->ended;
    assert(!may || !link->sending); /* the caller waits for sent() */
    if (may) {
        link->sending = true;
        link->pending++;
    }
    pthread_mutex_unlock(&link->lock);
    if (!may) {
        grpc_byte_buffer_destroy(outgoing);
        return false;
    }
    link->outgoing = outgoing;
    return true;
}

static void link_send(crb_link *base, crb_buf *message)
{
    crb_grpc_link *link = (crb_grpc_link *)(void *)base;
    if (link_send_begins(link, message)) {
        const grpc_op op = { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = link->outgoing };
        crb_queue_start(link->call, &op, 1, &link->send_tag);
    }
}

static bool link_send_now(crb_link *base, crb_buf *message)
{
    crb_grpc_link *link = (crb_grpc_link *)(void *)base;
    bool ok = false;
    if (!link_send_begins(link, message)) {
        return false;
    }
    const grpc_op op = { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = link->outgoing };
    if (!crb_queue_start_now(link->call, &op, 1, &link->send_tag, &ok)) {
        return false;
    }
    pthread_mutex_lock(&link->lock);
    /* What the link's end hangs on is done on the leader: no callback runs in here. */
    const bool goes_on = ok && link->closing == CRB_OPEN && link->pending > 1;
    if (goes_on) {
        grpc_byte_buffer_destroy(link->outgoing);
        link->outgoing = NULL;
        link->sending = false;
        link->pending--;
    } else {
        link->unsent = !ok;
    }
    pthread_mutex_unlock(&link->lock);
    if (!goes_on) {
        crb_queue_post(&link->send_tag);
    }
    return goes_on;
}

static void link_sent(crb_tag *tag, bool ok)
{
    crb_grpc_link *link = LINK_OF(send_tag, tag);
    grpc_byte_buffer_destroy(link->outgoing);
    link->outgoing = NULL;
    pthread_mutex_lock(&link->lock);
    link->sending = false;
    const bool tell = ok && !link->unsent && link->closing == CRB_OPEN;
    const bool finish = link_must_finish_locked(link);
    pthread_mutex_unlock(&link->lock);
    if (tell) {
        link->handler->sent(link->user);
    }
    if (finish) {
        link_finish(link);
    }
    crb_grpc_link_came_back(link);
}

/* ---- receiving ---- */

static void link_arm(crb_armable *armable)
{
    crb_grpc_link *link = LINK_OF(armable, armable);
    pthread_mutex_lock(&link->lock);
    const bool may = !link->ended && link->closing != CRB_CUT;
    if (may) {
        link->pending++;
    }
    pthread_mutex_unlock(&link->lock);
    if (may) {
        const grpc_op op = { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &link->incoming };
        crb_queue_start(link->call, &op, 1, &link->recv_tag);
    }
}

/* The peer broke a rule: whoever has the link is told why when it closes. */
static void link_refuse(crb_grpc_link *link, const char *why)
{
    pthread_mutex_lock(&link->lock);
    (void)snprintf(link->why, sizeof link->why, "%s", why);
    crb_grpc_link_cut_locked(link);
    pthread_mutex_unlock(&link->lock);
}

static void link_deliver(crb_grpc_link *link, grpc_byte_buffer *message)
{
    if (message->type != GRPC_BB_RAW || message->data.raw.compression != GRPC_COMPRESS_NONE) {
        link_refuse(link, "the peer sent a compressed message");
        return;
    }
    if (grpc_byte_buffer_length(message) > (size_t)CRB_MAX_MESSAGE) {
        link_refuse(link, "the peer sent a message that is too long");
        return;
    }
    const grpc_slice_buffer *slices = &message->data.raw.slice_buffer;
    if (slices->count == 1) {
        const grpc_slice *only = &slices->slices[0];
        link->handler->received(link->user, GRPC_SLICE_START_PTR(*only), GRPC_SLICE_LENGTH(*only));
        return;
    }
    grpc_byte_buffer_reader reader;
    if (grpc_byte_buffer_reader_init(&reader, message) == 0) {
        link_refuse(link, "the peer sent an unreadable message");
        return;
    }
    const grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    link->handler->received(link->user, GRPC_SLICE_START_PTR(whole), GRPC_SLICE_LENGTH(whole));
    grpc_slice_unref(whole);
}

static void link_received(crb_tag *tag, bool ok)
{
    crb_grpc_link *link = LINK_OF(recv_tag, tag);
    grpc_byte_buffer *message = link->incoming;
    link->incoming = NULL;
    if (ok && message != NULL) {
        pthread_mutex_lock(&link->lock);
        const bool cut = link->closing == CRB_CUT;
        pthread_mutex_unlock(&link->lock);
        crb_grpc_serve_decide(link);
        if (!cut) {
            crb_io_arm_later(&link->armable);
            link_deliver(link, message);
        }
    } else if (link->server != NULL) {
        link_close_in_order(link, false); /* the peer ends; at a client its status follows */
    }
    if (message != NULL) {
        grpc_byte_buffer_destroy(message);
    }
    crb_grpc_link_came_back(link);
}

/* ---- a link ---- */

static bool link_user(const crb_link *base, crb_link_user *ret)
{
    const crb_grpc_link *const link = (const crb_grpc_link *)(const void *)base;
    if (link->has_user) {
        *ret = link->who;
    }
    return link->has_user;
}

static const char *link_peer(const crb_link *base)
{
    const crb_grpc_link *link = (const crb_grpc_link *)(const void *)base;
    return link->peer;
}

static void link_free(crb_link *base)
{
    crb_grpc_link_delete((crb_grpc_link *)(void *)base);
}

static const crb_link_ops link_ops = {
    .send = link_send, .send_now = link_send_now, .close = link_close, .peer = link_peer, .user = link_user, .free = link_free
};

crb_grpc_link *crb_grpc_link_new(void)
{
    crb_grpc_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return NULL;
    }
    link->base.ops = &link_ops;
    link->armable.arm = link_arm;
    link->recv_tag.done = link_received;
    link->send_tag.done = link_sent;
    link->finish_tag.done = link_finished;
    pthread_mutex_init(&link->lock, NULL);
    crb_timer_init(&link->timer, link_timed_out, link);
    grpc_metadata_array_init(&link->metadata);
    grpc_metadata_array_init(&link->trailing);
    grpc_call_details_init(&link->details);
    grpc_metadata_array_init(&link->second_metadata);
    grpc_call_details_init(&link->second_details);
    link->status_text = grpc_empty_slice();
    return link;
}

void crb_grpc_link_delete(crb_grpc_link *link)
{
    pthread_mutex_destroy(&link->lock);
    free(link);
}
