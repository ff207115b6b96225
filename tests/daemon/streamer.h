/** A servant with streams, by tables of its own: what the compiler would write for
 *
 *    interface Streamer {
 *      @stream sequence<unsigned long long> count(in unsigned long long n, in boolean raise);
 *      unsigned long long sum(@stream in sequence<unsigned long long> items, in unsigned long long take);
 *      @stream sequence<unsigned long long> twice(@stream in sequence<unsigned long long> items);
 *      @stream sequence<sequence<octet>> blobs(in unsigned long long n, in unsigned long long size);
 *      unsigned long long weigh(@stream in sequence<sequence<octet>> items);
 *      @stream sequence<Object> makers(in unsigned long long n);
 *      unsigned long long keep(@stream in sequence<Object> items, in unsigned long long take);
 *      @stream sequence<string> lines(in unsigned long long n);
 *      unsigned long long ping(in unsigned long long n);
 *    }; */
#ifndef STREAMER_H
#define STREAMER_H

#include "probe.h"

#include <corbel/generated.h>

extern const corbel_type streamer_broken_type; /* exception Broken { unsigned long long after; } */
extern const corbel_operation streamer_count, streamer_sum, streamer_twice, streamer_blobs, streamer_weigh, streamer_makers,
    streamer_keep, streamer_lines, streamer_ping;
extern const corbel_interface streamer_interface;

typedef struct streamer_state {
    probe_event begun, over, refused, finalized;
    _Atomic uint64_t put, taken; /* items, so far */
    _Atomic bool hold;           /* sum: reads nothing until it is cleared */
    probe_event go_on;
    _Atomic(corbel_object *) give; /* borrowed: makers streams it in place of new ones */
} streamer_state;

void streamer_state_init(streamer_state *state);
corbel_object *streamer_new(corbel_runtime *runtime, streamer_state *state);

/** Two runtimes, a session between them, and the servant's object seen from both. */
typedef struct streamer_pair {
    corbel_runtime *server, *client;
    corbel_daemon *daemon;
    corbel_object *local, *remote;
    corbel_runtime *far; /* a third runtime, whose object the client knows through the server */
    corbel_daemon *far_daemon;
    corbel_object *far_object, *far_known, *relayed;
    streamer_state state;
} streamer_pair;
void streamer_pair_start(streamer_pair *pair, const corbel_runtime_options *server, const corbel_runtime_options *client);
void streamer_pair_stop(streamer_pair *pair);

/* Stubs. */
corbel_call *streamer_begin_count(corbel_object *self, uint64_t n, bool raise, corbel_stream **ret);
corbel_call *streamer_begin_sum(corbel_object *self, uint64_t take, corbel_stream **ret_items);
corbel_call *streamer_begin_twice(corbel_object *self, corbel_stream **ret_items, corbel_stream **ret);
corbel_call *streamer_begin_blobs(corbel_object *self, uint64_t n, uint64_t size, corbel_stream **ret);
corbel_call *streamer_begin_weigh(corbel_object *self, corbel_stream **ret_items);
corbel_call *streamer_begin_makers(corbel_object *self, uint64_t n, corbel_stream **ret);
corbel_call *streamer_begin_keep(corbel_object *self, uint64_t take, corbel_stream **ret_items);
corbel_call *streamer_begin_lines(corbel_object *self, uint64_t n, corbel_stream **ret);
corbel_status streamer_call_ping(corbel_object *self, uint64_t n, uint64_t *ret, corbel_error *reterr);
/** _finish() of one without, and with, a number as the result. */
corbel_status streamer_finish(corbel_call *call, const corbel_operation *operation, corbel_error *reterr);
corbel_status streamer_finish_number(corbel_call *call, const corbel_operation *operation, uint64_t *ret, corbel_error *reterr);

#endif /* STREAMER_H */
