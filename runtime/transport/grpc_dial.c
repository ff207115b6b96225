/* The dialling side of a link: our own connection, a channel made of it, one call. */
#include "runtime/transport/grpc_link.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/transport/sockets.h"

#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIAL_LINK(member, pointer) ((crb_grpc_link *)(void *)((char *)(pointer)-offsetof(crb_grpc_link, member)))

static void dial_opened(crb_tag *tag, bool ok)
{
    (void)ok; /* the status tells */
    crb_grpc_link_came_back(DIAL_LINK(open_tag, tag));
}

/* One line for people, of what gRPC tells about a stream's end. */
static void dial_explain(crb_grpc_link *link)
{
    char text[sizeof link->why];
    const size_t len = GRPC_SLICE_LENGTH(link->status_text);
    (void)snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1),
                   (const char *)GRPC_SLICE_START_PTR(link->status_text));
    const char *why = text;
    if (link->status == GRPC_STATUS_OK) {
        why = "the peer closed the connection";
    } else if (link->status == GRPC_STATUS_UNIMPLEMENTED) {
        why = "the peer does not serve Corbel sessions";
    } else if (strstr(text, "onnection reset") != NULL) {
        why = "Connection reset by peer";
    } else if (strstr(text, "ocket closed") != NULL || strstr(text, "roken pipe") != NULL) {
        why = "the peer closed the connection";
    } else if (link->status == GRPC_STATUS_CANCELLED || strstr(text, "RST_STREAM") != NULL) {
        why = "the peer cut the connection";
    }
    (void)snprintf(link->why, sizeof link->why, "%s", why);
}

static void dial_ended(crb_tag *tag, bool ok)
{
    (void)ok; /* always true: there is a status in any case */
    crb_grpc_link *link = DIAL_LINK(end_tag, tag);
    pthread_mutex_lock(&link->lock); /* another thread may be closing the link */
    if (link->why[0] == '\0') {
        dial_explain(link);
    }
    pthread_mutex_unlock(&link->lock);
    crb_grpc_link_came_back(link);
}

corbel_status crb_grpc_dial(const crb_address *address, uint64_t deadline, const crb_link_handler *handler, void *user,
                            crb_link **ret, corbel_error *reterr)
{
    crb_grpc_link *link = crb_grpc_link_new();
    if (link == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a connection");
    }
    char why[CRB_MAX_SOCKET_WHY];
    const int fd = crb_socket_connect(address, deadline, why, sizeof why);
    if (fd < 0) {
        char *text = crb_address_format(address);
        const corbel_status status = crb_fail(reterr, CORBEL_UNREACHABLE, CORBEL_COMPLETED_NO, "%s: %s",
                                              text != NULL ? text : "(no memory for the address)", why);
        free(text);
        crb_grpc_link_delete(link);
        return status;
    }
    crb_socket_peer(fd, link->peer, sizeof link->peer);
    link->has_user = crb_socket_user(fd, &link->who);
    link->handler = handler;
    link->user = user;
    grpc_channel_credentials *plain = grpc_insecure_credentials_create();
    link->channel = grpc_channel_create_from_fd("corbel", fd, plain, crb_grpc_client_args());
    grpc_channel_credentials_release(plain);
    link->call = crb_queue_create_call(link->channel, CRB_GRPC_METHOD);
    link->open_tag.done = dial_opened;
    link->end_tag.done = dial_ended;

    /* From the first batch on the link may end, at any moment; ret is set before, and one of ours keeps it alive until here.
     * What is counted must be so before a leader may arm: that counts, too. */
    *ret = &link->base;
    link->pending = 2;
    crb_io_arm_later(&link->armable);
    const grpc_op end = {
        .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
        .data.recv_status_on_client = { .trailing_metadata = &link->trailing,
                                        .status = &link->status,
                                        .status_details = &link->status_text },
    };
    const grpc_op open[2] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA },
        { .op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata.recv_initial_metadata = &link->metadata },
    };
    grpc_call *call = link->call;
    crb_tag *end_tag = &link->end_tag;
    crb_queue_start(call, open, 2, &link->open_tag); /* the second one is counted already, so the link is still there */
    crb_queue_start(call, &end, 1, end_tag);
    return CORBEL_OK;
}
