/** What the tests of hostile peers share: a server in a process of its own whose log, descriptors and memory are watched; an
 * honest client that calls it all the time; plain sockets that speak HTTP/2 as badly as wanted; sessions made of bytes. */
#ifndef HOSTILE_SUPPORT_H
#define HOSTILE_SUPPORT_H

#include "hostile.corbel.h"
#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/wire/frame.h"
#include "tests/runtime/transport/support.h"

#include <corbel/corbel.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof(array)[0])
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SLOW 10
#else
#define SLOW 1
#endif

enum { HOSTILE_LINES = 256, HOSTILE_LINE = 1024 };

/** A server and an honest client beside it. */
typedef struct hostile_server {
    pid_t pid;
    char uri[512];
    uint16_t port;           /* of 127.0.0.1 */
    char socket[256];        /* the Unix path; "" */
    char log[256];           /* its file */
    long log_at;             /* what was read of it */
    size_t descriptors;      /* when it was idle, with the honest client */
    corbel_runtime *runtime; /* the honest client's */
    hostile_Target *target;
    pthread_t thread;
    atomic_bool stop;
    _Atomic uint64_t calls, failures, longest_us; /* the honest client's */
    char failure[256];
} hostile_server;

/** Given by ARGS of the test: the server's program. */
extern const char *hostile_program;

/** Starts the server with limits ("name=value", NULL-terminated list; may be NULL) and lets the honest client call. */
void hostile_start(hostile_server *server, bool with_unix, const char *const *limits);
/** The honest client has called all the time and nothing failed; no descriptor is left; the server ends in order. */
void hostile_stop(hostile_server *server);

/** The lines that the log has got since the last time, at least n waited for. Without their date. */
size_t hostile_log(hostile_server *server, size_t n, char lines[][HOSTILE_LINE]);
/** Exactly one line, once the connection is gone (descriptors are what they were), with these parts. */
void hostile_expect_one_line(hostile_server *server, const char *who, const char *what);
/** Waits until the server has no more descriptors than when it was idle. */
void hostile_wait_idle(hostile_server *server);
size_t hostile_descriptors(const hostile_server *server);
/** KiB that are resident. */
size_t hostile_memory(const hostile_server *server);
/** A new client can bind and call; how long that took, in ms. */
uint64_t hostile_new_client(const hostile_server *server);
/** The honest client makes n calls more. */
void hostile_let_call(const hostile_server *server, uint64_t n);

/* ---- plain sockets ---- */

/** Connected to the server, from 127.0.0.N; name gets what the log calls it. */
int hostile_connect(const hostile_server *server, uint8_t from, char name[64]);
int hostile_connect_unix(const hostile_server *server);
/** All of it, unless the peer has closed: then false. */
bool hostile_send(int fd, const void *data, size_t len);
/** Reads until the other side closes; false: not within ms. Does not close fd. */
bool hostile_closed(int fd, uint64_t ms);

/** An HTTP/2 frame. */
void h2_frame(crb_buf *out, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t len);
void h2_preface(crb_buf *out);
/** A header field, as a literal that is not indexed. */
void h2_header(crb_buf *out, const char *name, const char *value, size_t value_len);
/** HEADERS that open a session on a stream. */
void h2_open(crb_buf *out, uint32_t stream);
/** The same for another method than Corbel's. */
void h2_open_path(crb_buf *out, uint32_t stream, const char *path);
/** A gRPC message in one DATA frame. */
void h2_message(crb_buf *out, uint32_t stream, const void *data, size_t len);

/* ---- sessions ---- */

void hostile_frame(crb_buf *message, const crb_frame *frame);
/** A HELLO like that of an honest client. */
void hostile_hello(crb_buf *message);
/** That frame, to be changed first. */
crb_frame hostile_hello_frame(void);

#endif /* HOSTILE_SUPPORT_H */
