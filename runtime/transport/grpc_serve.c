/* The serving side of a link: an accepted connection, a server of its own made of it, the one call that comes.
 *
 *  A server a connection (4 KB and 4 µs, measured) instead of one a listener: gRPC names a call's connection only by its
 *  descriptor's number, which the next connection may have inherited before the call is looked at; and shutting the server down
 * is the one way to be rid of a connection. */
#include "runtime/transport/grpc_link.h"

#include "runtime/base/log.h"
#include "runtime/transport/sockets.h"

#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVE_LINK(member, pointer) ((crb_grpc_link *)(void *)((char *)(pointer)-offsetof(crb_grpc_link, member)))

static void serve_opened(crb_tag *tag, bool ok)
{
    (void)ok; /* the end tells */
    crb_grpc_link_came_back(SERVE_LINK(open_tag, tag));
}

static void serve_ended(crb_tag *tag, bool ok)
{
    crb_grpc_link *link = SERVE_LINK(end_tag, tag);
    pthread_mutex_lock(&link->lock); /* another thread may be closing the link */
    link->lost = link->lost || !ok || link->cancelled != 0;
    pthread_mutex_unlock(&link->lock);
    crb_grpc_link_came_back(link);
}

static void serve_served(crb_tag *tag, bool ok)
{
    (void)ok;
    crb_grpc_link_came_back(SERVE_LINK(served_tag, tag));
}

static void serve_shut(crb_tag *tag, bool ok)
{
    (void)ok;
    crb_grpc_link_came_back(SERVE_LINK(shutdown_tag, tag));
}

/* Another method than ours: says so to the peer. */
static void serve_refuse_method(crb_grpc_link *link)
{
    crb_log_peer(CRB_LOG_WARNING, "transport", "%s: called a method that is not served here: closed", link->peer);
    grpc_slice text = grpc_slice_from_static_string("only Corbel sessions are served here");
    const grpc_op ops[3] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA },
        { .op = GRPC_OP_SEND_STATUS_FROM_SERVER,
          .data.send_status_from_server = { .status = GRPC_STATUS_UNIMPLEMENTED, .status_details = &text } },
        { .op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &link->cancelled },
    };
    pthread_mutex_lock(&link->lock);
    link->closing = CRB_ENDING;
    link->finishing = true;
    pthread_mutex_unlock(&link->lock);
    crb_timer_set(&link->timer, crb_now() + CRB_LINGER);
    crb_grpc_link_start(link, ops, 3, &link->end_tag);
}

void crb_grpc_serve_decide(crb_grpc_link *link)
{
    if (link->door != NULL && !link->decided) {
        link->decided = true;
        link->door->decided(link->door_user);
    }
}

/* A second stream. gRPC counts streams only from when the peer has confirmed the limit, and keeps each that nobody asked for,
 * also a cancelled one: a peer could open any number. So each connection asks for one more than it is to have. */
static void serve_second(crb_tag *tag, bool ok)
{
    crb_grpc_link *link = SERVE_LINK(second_tag, tag);
    pthread_mutex_lock(&link->lock);
    const bool counts = link->second_counts;
    link->second_waits = false;
    link->second_counts = false;
    if (ok) {
        if (link->why[0] == '\0' && link->closing == CRB_OPEN) {
            (void)snprintf(link->why, sizeof link->why, "the peer opened a second stream");
        }
        crb_grpc_link_cut_locked(link);
    }
    pthread_mutex_unlock(&link->lock);
    if (ok) {
        grpc_call_unref(link->second);
        link->second = NULL;
    }
    if (counts) {
        crb_grpc_link_came_back(link);
    }
}

static void serve_expect_no_second(crb_grpc_link *link)
{
    pthread_mutex_lock(&link->lock);
    link->second_waits = true;
    pthread_mutex_unlock(&link->lock);
    crb_queue_request_call(link->server, &link->second, &link->second_details, &link->second_metadata, &link->second_tag);
}

/* Ours: from here on it is a link. */
static void serve_open(crb_grpc_link *link)
{
    const grpc_op open = { .op = GRPC_OP_SEND_INITIAL_METADATA };
    const grpc_op end = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &link->cancelled };
    crb_grpc_link_start(link, &open, 1, &link->open_tag);
    crb_grpc_link_start(link, &end, 1, &link->end_tag);
    const crb_link_handler *handler = NULL;
    void *user = NULL;
    if (!link->door->opened(link->door_user, &link->base, &handler, &user)) {
        pthread_mutex_lock(&link->lock);
        crb_grpc_link_cut_locked(link);
        pthread_mutex_unlock(&link->lock);
        return;
    }
    link->handler = handler;
    link->user = user;
    crb_io_arm_later(&link->armable);
}

static void serve_requested(crb_tag *tag, bool ok)
{
    crb_grpc_link *link = SERVE_LINK(request_tag, tag);
    crb_timer_stop(&link->timer);
    pthread_mutex_lock(&link->lock);
    link->waiting = false;
    const bool ended = !ok || link->shut;
    pthread_mutex_unlock(&link->lock);
    if (!ended) {
        serve_expect_no_second(link);
        if (grpc_slice_str_cmp(link->details.method, CRB_GRPC_METHOD) == 0) {
            serve_open(link);
        } else {
            serve_refuse_method(link);
        }
    }
    crb_grpc_link_came_back(link);
}

bool crb_grpc_serve_no_more(crb_grpc_link *link)
{
    pthread_mutex_lock(&link->lock);
    const bool ends = link->waiting && !link->shut;
    if (ends) {
        crb_grpc_link_shut_locked(link, true);
    }
    pthread_mutex_unlock(&link->lock);
    return ends;
}

void crb_grpc_serve_push_out(crb_grpc_link *link, const char *why)
{
    pthread_mutex_lock(&link->lock);
    if (link->waiting && !link->shut) {
        crb_grpc_link_shut_locked(link, true);
    } else if (link->closing == CRB_OPEN) {
        (void)snprintf(link->why, sizeof link->why, "%s", why);
        crb_grpc_link_cut_locked(link);
    }
    pthread_mutex_unlock(&link->lock);
}

bool crb_grpc_serve(int fd, const char *peer, uint64_t until, const crb_grpc_door *door, void *user,
                    void (*add)(void *user, crb_grpc_link *link))
{
    crb_grpc_link *link = crb_grpc_link_new();
    if (link == NULL) {
        return false;
    }
    (void)snprintf(link->peer, sizeof link->peer, "%s", peer);
    link->has_user = crb_socket_user(fd, &link->who);
    link->door = door;
    link->door_user = user;
    link->waiting = true;
    link->pending = 2; /* the request, and this thread with the server */
    link->open_tag.done = serve_opened;
    link->end_tag.done = serve_ended;
    link->request_tag.done = serve_requested;
    link->second_tag.done = serve_second;
    link->served_tag.done = serve_served;
    link->shutdown_tag.done = serve_shut;
    grpc_server *server = crb_queue_create_server(crb_grpc_server_args());
    link->server = server;
    add(user, link);
    crb_queue_request_call(server, &link->call, &link->details, &link->metadata, &link->request_tag);
    crb_timer_set(&link->timer, until);
    grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
    grpc_server_add_channel_from_fd(server, fd, plain);
    grpc_server_credentials_release(plain);
    /* All of the link's life may have passed by now, but for this: gRPC must be done with the server before it is destroyed. */
    crb_queue_post(&link->served_tag);
    return true;
}
