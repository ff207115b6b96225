/** What the tests of links share beyond support.h: the io of a test, a round trip, an orderly end, and a peer in a process of its
 *  own. */
#ifndef TEST_LINK_SUPPORT_H
#define TEST_LINK_SUPPORT_H

#include "tests/runtime/transport/support.h"

/* What waits for real time waits ten times longer under a sanitizer. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SLOWER 10
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SLOWER 10
#endif
#endif
#ifndef SLOWER
#define SLOWER 1
#endif

/** Set-up and tear-down: the process's I/O. */
int test_io_up(void **state);
int test_io_down(void **state);

/** Sends a message, and has it back. */
void test_ping(test_end *end, crb_waiter *waiter, const void *data, size_t len);
/** Closes in order, twice, waits for the end, and frees. */
void test_finish(test_end *end, crb_waiter *waiter);

/** A link to this very program, run again. It serves or it dials; end is ours in either case. */
typedef struct test_peer {
    pid_t pid;
    test_end *end;
    crb_waiter waiter;
    /* one of the two is used */
    test_end dialled;
    test_server server;
    bool is_server; /* the other process is */
} test_peer;

/** The link is up, and has carried a message each way. */
void test_peer_start(test_peer *peer, bool is_server);
/** The process must have ended with status (an exit code, or -signal), the link too. */
void test_peer_end(test_peer *peer, int status);
/** Of a peer that serves: closes in order; the process must have been content. */
void test_peer_finish(test_peer *peer);
/** For main(): was the program run as a peer? Then *ret_status is what main() returns. */
bool test_peer_main(int argc, char **argv, int *ret_status);

#endif /* TEST_LINK_SUPPORT_H */
