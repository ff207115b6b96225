/** What the transport's tests share: an end of a link that queues what it sends and records what it gets; an echo server with a
 *  worker; programs run beside the test. */
#ifndef TEST_TRANSPORT_SUPPORT_H
#define TEST_TRANSPORT_SUPPORT_H

#include "runtime/base/clock.h"
#include "runtime/transport/io.h"
#include "runtime/transport/listener.h"
#include "runtime/transport/transport.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** The patience of a test with what must come. */
#define PATIENCE (20 * CRB_SECOND)

/** A message that waits to be sent or looked at. */
typedef struct test_message {
    struct test_message *next;
    crb_buf buf;
} test_message;

/** One end of a link. on_message, when set, sees every message on the polling thread; else they are queued for test_end_take().
 */
typedef struct test_end {
    pthread_mutex_t lock;
    crb_link *link;
    void (*on_message)(struct test_end *end, const uint8_t *data, size_t len);
    void *user;
    test_message *out_first, *out_last, *in_first, *in_last;
    bool busy;
    bool close_when_sent;
    bool closed;
    int n_closed;
    char why[256];
    size_t received, sent, sent_now;
    crb_waiter *waiter; /* woken by messages and by the end */
    uint64_t received_at;
    struct test_end *next; /* a server's */
} test_end;

extern const crb_link_handler test_handler; /* its user is a test_end */

/** Ends send with send_now() instead of send(). */
extern bool test_sends_now;

void test_end_init(test_end *end);
/** Frees the link, too, which must be over. */
void test_end_clear(test_end *end);
void test_end_send(test_end *end, const void *data, size_t len);
/** The oldest message, waiting for it with the given waiter; false: the end closed, or patience was lost. buf: crb_buf_clear().
 */
bool test_end_take(test_end *end, crb_waiter *waiter, crb_buf *buf);
/** Waits until it has closed. */
bool test_end_wait_closed(test_end *end, crb_waiter *waiter);
/** Closes once everything queued was sent. */
void test_end_close_in_order(test_end *end);

/** A server in this process: a listener on one address; what its ends get is echoed by a worker thread. */
typedef struct test_server {
    crb_listener *listener;
    crb_address address; /* as bound; borrowed from listener */
    pthread_mutex_t lock;
    pthread_t thread;
    crb_waiter worker;
    bool stop, no_echo, refuse;
    test_end *ends;
    size_t n_ends;
    crb_waiter *watcher;                  /* woken by new ends, too */
    test_message *work_first, *work_last; /* with the end in front of the data */
} test_server;

void test_server_start(test_server *server, const char *address, const crb_listener_limits *limits);
/** Closes what is open, and waits for all of it. */
void test_server_stop(test_server *server);
/** The i-th end, waited for. */
test_end *test_server_end(test_server *server, size_t i, crb_waiter *waiter);

/** Dials and fails the test when that does not work. */
void test_dial(test_end *end, const crb_address *address);
crb_address test_address(const char *text);

/** This very program, run again with argv[1] = mode and argv[2] = arg; its first line on stdout comes back in line. */
pid_t test_spawn(const char *mode, const char *arg, char *line, size_t max);
/** Waits for it; its exit code, or -signal. */
int test_reap(pid_t pid);

size_t test_count_descriptors(void);
/** A scratch folder, made once and removed at exit. */
const char *test_folder(void);

#endif /* TEST_TRANSPORT_SUPPORT_H */
