/* gRPC's completion queue, the kick, and the log. See queue.h. */
#include "runtime/transport/queue.h"

#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/log.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_THREAD__)
#define QUEUE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QUEUE_TSAN 1
#endif
#endif
#ifdef QUEUE_TSAN
void __tsan_acquire(void *at);
void __tsan_release(void *at);
#define QUEUE_RELEASE(at) __tsan_release(at)
#define QUEUE_ACQUIRE(at) __tsan_acquire(at)
#else
#define QUEUE_RELEASE(at) ((void)(at))
#define QUEUE_ACQUIRE(at) ((void)(at))
#endif

#define QUEUE_SMALL_MESSAGE 1024 /* bytes */

/* One process has one queue: this is the state that the design allows to be global. */
static struct {
    grpc_completion_queue *cq;
    pthread_mutex_t kick_lock; /* no kick may meet the shutdown of the queue: gRPC aborts the process */
    bool kick_open;
    grpc_channel *lame; /* a channel that leads nowhere, for a call on which empty batches are started */
    grpc_call *kick;
    crb_tag kick_tag;
    atomic_bool kicked; /* a kick is in the queue: a second one would tell nothing new */

    /* What came back on a thread that must not call its done(): the next crb_queue_next() does. */
    pthread_mutex_t kept_lock;
    crb_tag *kept, **kept_end;
    atomic_bool keeps;
} queue = { .kick_lock = PTHREAD_MUTEX_INITIALIZER, .kept_lock = PTHREAD_MUTEX_INITIALIZER, .kept_end = &queue.kept };

static void queue_log(gpr_log_func_args *args)
{
    const crb_log_level level = args->severity == GPR_LOG_SEVERITY_ERROR  ? CRB_LOG_WARNING
                                : args->severity == GPR_LOG_SEVERITY_INFO ? CRB_LOG_INFO
                                                                          : CRB_LOG_DEBUG;
    const char *file = strrchr(args->file, '/');
    crb_log(level, "grpc", "%s:%d: %s", file != NULL ? file + 1 : args->file, args->line, args->message);
}

static void queue_kicked(crb_tag *tag, bool ok)
{
    (void)tag;
    (void)ok;
    atomic_store(&queue.kicked, false);
}

corbel_status crb_queue_open(corbel_error *reterr)
{
    gpr_set_log_function(queue_log);
    grpc_init();
    gpr_set_log_verbosity(crb_log_enabled(CRB_LOG_DEBUG)  ? GPR_LOG_SEVERITY_DEBUG
                          : crb_log_enabled(CRB_LOG_INFO) ? GPR_LOG_SEVERITY_INFO
                                                          : GPR_LOG_SEVERITY_ERROR);
    queue.cq = grpc_completion_queue_create_for_next(NULL);
    queue.lame = grpc_lame_client_channel_create("kick", GRPC_STATUS_UNAVAILABLE, "this channel leads nowhere");
    queue.kick = crb_queue_create_call(queue.lame, "/kick");
    queue.kick_tag.done = queue_kicked;
    atomic_store(&queue.kicked, false);
    if (queue.kick == NULL) {
        crb_queue_close();
        return crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "gRPC does not come up");
    }
    pthread_mutex_lock(&queue.kick_lock);
    queue.kick_open = true;
    pthread_mutex_unlock(&queue.kick_lock);
    return CORBEL_OK;
}

void crb_queue_close(void)
{
    pthread_mutex_lock(&queue.kick_lock);
    queue.kick_open = false;
    pthread_mutex_unlock(&queue.kick_lock);
    if (queue.kick != NULL) {
        grpc_call_unref(queue.kick);
    }
    grpc_channel_destroy(queue.lame);
    grpc_completion_queue_shutdown(queue.cq);
    while (crb_queue_next(CRB_NEVER)) {
    }
    grpc_completion_queue_destroy(queue.cq);
    queue.cq = NULL;
    queue.lame = NULL;
    queue.kick = NULL;
    grpc_shutdown_blocking();
}

static void queue_keep(crb_tag *tag, bool ok)
{
    pthread_mutex_lock(&queue.kept_lock);
    tag->ok = ok;
    tag->next = NULL;
    *queue.kept_end = tag;
    queue.kept_end = &tag->next;
    atomic_store(&queue.keeps, true);
    pthread_mutex_unlock(&queue.kept_lock);
    crb_queue_kick();
}

static crb_tag *queue_take_kept(void)
{
    if (!atomic_load(&queue.keeps)) {
        return NULL;
    }
    pthread_mutex_lock(&queue.kept_lock);
    crb_tag *const tag = queue.kept;
    queue.kept = tag->next;
    if (queue.kept == NULL) {
        queue.kept_end = &queue.kept;
        atomic_store(&queue.keeps, false);
    }
    pthread_mutex_unlock(&queue.kept_lock);
    return tag;
}

bool crb_queue_next(uint64_t until)
{
    crb_tag *const kept = queue_take_kept();
    if (kept != NULL) {
        kept->done(kept, kept->ok);
        return true;
    }
    gpr_timespec deadline;
    if (until == CRB_NEVER) {
        deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC);
    } else {
        deadline.tv_sec = (int64_t)(until / CRB_SECOND);
        deadline.tv_nsec = (int32_t)(until % CRB_SECOND);
        deadline.clock_type = GPR_CLOCK_MONOTONIC;
    }
    const grpc_event event = grpc_completion_queue_next(queue.cq, deadline, NULL);
    if (event.type != GRPC_OP_COMPLETE) {
        return false;
    }
    crb_tag *tag = event.tag;
    QUEUE_ACQUIRE(tag);
    tag->done(tag, event.success != 0);
    return true;
}

void crb_queue_kick(void)
{
    if (atomic_exchange(&queue.kicked, true)) {
        return;
    }
    pthread_mutex_lock(&queue.kick_lock);
    if (queue.kick_open) {
        crb_queue_start(queue.kick, NULL, 0, &queue.kick_tag);
    }
    pthread_mutex_unlock(&queue.kick_lock);
}

void crb_queue_post(crb_tag *tag)
{
    crb_queue_start(queue.kick, NULL, 0, tag);
}

grpc_call *crb_queue_create_call(grpc_channel *channel, const char *method)
{
    return grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue.cq, grpc_slice_from_static_string(method), NULL,
                                    gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
}

void crb_queue_start(grpc_call *call, const grpc_op *ops, size_t n, crb_tag *tag)
{
    QUEUE_RELEASE(tag);
    const grpc_call_error error = grpc_call_start_batch(call, ops, n, tag, NULL);
    if (error != GRPC_CALL_OK) {
        crb_log(CRB_LOG_ERROR, "transport", "gRPC refuses a batch: %s", grpc_call_error_to_string(error));
        abort(); /* its tag would never come back, and somebody wait for it for ever */
    }
}

bool crb_queue_start_now(grpc_call *call, const grpc_op *ops, size_t n, crb_tag *tag, bool *ret_ok)
{
    void *back = NULL;
    int ok = 0;
    /* gRPC keeps the first thing that comes back on this thread meanwhile, and gives it to us: mostly it is this very batch. */
    grpc_completion_queue_thread_local_cache_init(queue.cq);
    crb_queue_start(call, ops, n, tag);
    if (grpc_completion_queue_thread_local_cache_flush(queue.cq, &back, &ok) == 0) {
        return false;
    }
    QUEUE_ACQUIRE(back);
    if (back == tag) {
        *ret_ok = ok != 0;
        return true;
    }
    queue_keep(back, ok != 0);
    return false;
}

grpc_server *crb_queue_create_server(const grpc_channel_args *args)
{
    grpc_server *server = grpc_server_create(args, NULL);
    grpc_server_register_completion_queue(server, queue.cq, NULL);
    grpc_server_start(server);
    return server;
}

void crb_queue_request_call(grpc_server *server, grpc_call **call, grpc_call_details *details, grpc_metadata_array *metadata,
                            crb_tag *tag)
{
    QUEUE_RELEASE(tag);
    const grpc_call_error error = grpc_server_request_call(server, call, details, metadata, queue.cq, queue.cq, tag);
    if (error != GRPC_CALL_OK) {
        crb_log(CRB_LOG_ERROR, "transport", "gRPC refuses to wait for a call: %s", grpc_call_error_to_string(error));
        abort();
    }
}

void crb_queue_shutdown_server(grpc_server *server, crb_tag *tag)
{
    QUEUE_RELEASE(tag);
    grpc_server_shutdown_and_notify(server, queue.cq, tag);
}

/* gRPC lets go of a message, on whichever thread. */
static void queue_free_memory(void *memory)
{
    QUEUE_ACQUIRE(memory);
    free(memory);
}

grpc_byte_buffer *crb_queue_message(crb_buf *buf)
{
    grpc_slice slice;
    if (buf->len <= QUEUE_SMALL_MESSAGE) { /* a copy costs less than the memory changing hands */
        slice = grpc_slice_from_copied_buffer((const char *)buf->data, buf->len);
        buf->len = 0;
    } else {
        QUEUE_RELEASE(buf->data);
        slice = grpc_slice_new_with_user_data(buf->data, buf->len, queue_free_memory, buf->data);
        *buf = (crb_buf)CRB_BUF_INIT;
    }
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return message;
}
