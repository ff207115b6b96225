/** The process's one completion queue of gRPC. queue.c is the only file that touches it: what crosses it is annotated there for
 *  ThreadSanitizer, which does not see the locks inside gRPC. Between crb_queue_open() and crb_queue_close(), everything but
 *  crb_queue_next() may be called from any thread. */
#ifndef CRB_QUEUE_H
#define CRB_QUEUE_H

#include "runtime/base/buf.h"

#include <corbel/error.h>
#include <grpc/grpc.h>
#include <stdbool.h>
#include <stdint.h>

/** What a batch of operations comes back to. The owner keeps it in place, and out of other use, until done() was called. */
typedef struct crb_tag {
    void (*done)(struct crb_tag *tag, bool ok);
    struct crb_tag *next; /* queue.c's */
    bool ok;              /* queue.c's */
} crb_tag;

/** Brings gRPC up, with its log routed to ours. */
corbel_status crb_queue_open(corbel_error *reterr);
/** Nothing is under way any more, and nobody is in crb_queue_next(). */
void crb_queue_close(void);

/** Waits for one event, at most until the given time of crb_now() (CRB_NEVER: for ever), and calls its tag's done(). False: none
 *  came. One thread at a time: the leader. */
bool crb_queue_next(uint64_t until);
/** Makes the thread in crb_queue_next(), or the next one to enter, return. */
void crb_queue_kick(void);
/** Has the tag come back, with nothing done. */
void crb_queue_post(crb_tag *tag);

/** A call on channel whose events come here. */
grpc_call *crb_queue_create_call(grpc_channel *channel, const char *method);
/** Starts a batch. The operations are valid by construction: gRPC refusing them is a bug of ours, and ends the process. */
void crb_queue_start(grpc_call *call, const grpc_op *ops, size_t n, crb_tag *tag);
/** The same, for what is mostly done by then: true: it has come back already, *ret_ok is set, and done() is not called. That
 * spares a round through the queue, and waking whoever waits there. Not inside crb_queue_next(), but in the done() of a tag. */
bool crb_queue_start_now(grpc_call *call, const grpc_op *ops, size_t n, crb_tag *tag, bool *ret_ok);
/** A started server whose events come here. */
grpc_server *crb_queue_create_server(const grpc_channel_args *args);
void crb_queue_request_call(grpc_server *server, grpc_call **call, grpc_call_details *details, grpc_metadata_array *metadata,
                            crb_tag *tag);
void crb_queue_shutdown_server(grpc_server *server, crb_tag *tag);

/** A message of what is in buf, which is empty afterwards: without memory if that was taken over, as that of a large message is,
 *  with it if a small one was copied. grpc_byte_buffer_destroy(). */
grpc_byte_buffer *crb_queue_message(crb_buf *buf);

#endif /* CRB_QUEUE_H */
