/** Objects without generated code: they pass calls on undecoded, answer with JSON, raw, later; and say what they are. */
#include "probe.h"
#include "streamer.h"

#include "runtime/call/runtime_impl.h"

#include <corbel/dynamic.h>
#include <corbel/stream.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static probe_server far;
static corbel_runtime *middle, *near, *client;
static corbel_daemon *middle_daemon, *near_daemon;
static corbel_object *at_far; /* as the middle sees it */
static probe_listener_state heard;
static probe_Listener *listener;
static _Atomic unsigned finalized;

/* ---- handlers ---- */

/** self: where to. */
static corbel_status pass_on(void *self, corbel_request *request)
{
    return corbel_request_pass(request, self);
}

static void give_back(void *self)
{
    corbel_object_unref(self);
    atomic_fetch_add(&finalized, 1);
}

/** A forwarder to object, in runtime. */
static corbel_object *forwarder(corbel_runtime *runtime, corbel_object *object, uint32_t flags)
{
    return corbel_raw_new(runtime, NULL, flags, pass_on, corbel_object_ref(object), give_back);
}

static corbel_object *served_at(corbel_runtime *at, corbel_daemon *daemon, const char *id, corbel_object *object,
                                const corbel_interface *as)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *seen = NULL;
    char *uri = NULL;
    MUST(corbel_daemon_register(daemon, id, object, &error));
    MUST(corbel_daemon_uri(daemon, id, &uri, &error));
    MUST(corbel_object_from_uri(at, as, uri, &seen, &error));
    corbel_string_free(uri);
    return seen;
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&far, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &middle, &error));
    MUST(corbel_runtime_new(NULL, &near, &error));
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(corbel_daemon_new(middle, NULL, &middle_daemon, &error));
    MUST(corbel_daemon_new(near, NULL, &near_daemon, &error));
    MUST(corbel_object_from_uri(middle, NULL, far.uri, &at_far, &error));
    probe_listener_init(&heard);
    listener = probe_listener_new(client, &heard);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_Listener_unref(listener);
    corbel_object_unref(at_far);
    corbel_runtime_unref(client);
    corbel_daemon_unref(near_daemon);
    corbel_daemon_unref(middle_daemon);
    corbel_runtime_unref(near);
    corbel_runtime_unref(middle);
    probe_server_stop(&far);
    return 0;
}

/** All that goes through a forwarder, as if it were not there. */
static void use(probe_Probe *probe, size_t hops)
{
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    char *text = NULL;
    MUST(probe_Probe_add(probe, 40, 2, &sum, &error));
    assert_int_equal(sum, 42);
    MUST(probe_Probe_echo(probe, "through", &text, &error));
    assert_string_equal(text, "through");
    corbel_string_free(text);
    const corbel_status raised = probe_Probe_raise_it(probe, "rain", &error);
    assert_int_equal(raised, CORBEL_RAISED);
    assert_string_equal(probe_Refused_of(&error)->why, "rain");
    assert_int_equal(probe_Probe_fail(probe, "wood", &error), CORBEL_REFUSED);
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
    assert_string_equal(error.message, "wood");
    assert_int_equal(corbel_error_hops(&error), hops);
    assert_string_equal(corbel_error_hop(&error, 0).object, "probe");
    for (size_t i = 0; i < hops; i++) {
        assert_string_equal(corbel_error_hop(&error, i).operation, "probe::Probe::fail");
    }
    corbel_error_clear(&error);
    /* References, in and out; the far one calls the client's object, the client the far one's. */
    probe_Listener *kept = NULL;
    MUST(probe_Probe_keep(probe, listener, &error));
    MUST(probe_Probe_add_by_kept(probe, 20, 3, &sum, &error));
    assert_int_equal(sum, 23);
    MUST(probe_Probe_kept(probe, &kept, &error));
    assert_true(corbel_object_equal(probe_Listener_as_object(kept), probe_Listener_as_object(listener)));
    probe_Listener_unref(kept);
    MUST(probe_Probe_keep(probe, NULL, &error));
    probe_Node *node = NULL;
    MUST(probe_Probe_make_node(probe, "leaf", &node, &error));
    MUST(probe_Node_get_name(node, &text, &error));
    assert_string_equal(text, "leaf");
    corbel_string_free(text);
    probe_Node_unref(node);
    /* Halves, a large value, oneways in order. */
    static uint8_t big[300000];
    memset(big, 7, sizeof big);
    corbel_bytes back = { 0, NULL };
    corbel_call *const first = probe_Probe_add_begin(probe, 1, 1);
    MUST(probe_Probe_blob(probe, (corbel_bytes)CORBEL_SEQ(big), &back, &error));
    assert_true(back.len == sizeof big && memcmp(back.items, big, sizeof big) == 0);
    corbel_bytes_clear(&back);
    MUST(probe_Probe_add_finish(first, &sum, &error));
    assert_int_equal(sum, 2);
    const uint64_t before = probe_event_count(&far.state.notified);
    static uint32_t number; /* goes on through all uses */
    for (int i = 0; i < 500; i++) {
        MUST(probe_Probe_notify(probe, ++number, &error));
    }
    assert_true(probe_event_wait(&far.state.notified, before + 500));
    assert_int_equal(far.state.out_of_order, 0);
}

static void one_dispatcher(void **state)
{
    (void)state;
    corbel_object *const object = forwarder(middle, at_far, 0);
    corbel_object *const seen = served_at(client, middle_daemon, "one", object, &probe_Probe_interface);
    use((probe_Probe *)seen, 2);
    corbel_object_unref(seen);
    corbel_object_unref(object);
}

static void two_dispatchers(void **state)
{
    (void)state;
    corbel_object *const object = forwarder(middle, at_far, 0);
    corbel_object *const at_middle = served_at(near, middle_daemon, "two", object, NULL);
    corbel_object *const other = forwarder(near, at_middle, 0);
    corbel_object *const seen = served_at(client, near_daemon, "two", other, &probe_Probe_interface);
    use((probe_Probe *)seen, 3);
    corbel_object_unref(seen);
    corbel_object_unref(other);
    corbel_object_unref(at_middle);
    corbel_object_unref(object);
}

/** Called in its own process, and passing on to an object there. */
static void inside_the_process(void **state)
{
    (void)state;
    corbel_object *const object = forwarder(far.runtime, probe_Probe_as_object(far.object), 0);
    corbel_object *const again = forwarder(far.runtime, object, 0);
    corbel_error error = CORBEL_ERROR_INIT;
    int32_t sum = 0;
    MUST(probe_Probe_add((probe_Probe *)again, 1, 2, &sum, &error));
    assert_int_equal(sum, 3);
    use((probe_Probe *)object, 2);
    corbel_object *const seen = served_at(client, far.daemon, "inside", again, &probe_Probe_interface);
    use((probe_Probe *)seen, 3);
    corbel_object_unref(seen);
    corbel_object_unref(again);
    corbel_object_unref(object);
}

/** What is in the way of passing on comes back as an error of this hop, completion NO. */
static void nowhere_to_pass_to(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *gone = NULL, *loop = NULL;
    int32_t sum = 0;
    (void)state;
    corbel_object *const nil = corbel_raw_new(middle, NULL, 0, pass_on, NULL, NULL);
    corbel_object *const to_nil = served_at(client, middle_daemon, "nil", nil, &probe_Probe_interface);
    assert_int_equal(probe_Probe_add((probe_Probe *)to_nil, 1, 2, &sum, &error), CORBEL_NIL_REFERENCE);
    assert_int_equal(corbel_error_hops(&error), 1);
    MUST(corbel_object_from_uri(middle, NULL, "corbel:probe@127.0.0.1:1", &gone, &error));
    corbel_object *const dead = forwarder(middle, gone, 0);
    corbel_object *const to_dead = served_at(client, middle_daemon, "dead", dead, &probe_Probe_interface);
    assert_int_equal(probe_Probe_add((probe_Probe *)to_dead, 1, 2, &sum, &error), CORBEL_UNREACHABLE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    MUST(corbel_object_from_uri(middle, NULL, far.uri, &loop, &error));
    corbel_object *const missing = forwarder(middle, at_far, 0);
    corbel_object *const to_missing = served_at(client, middle_daemon, "missing", missing, &probe_Node_interface);
    assert_int_equal(probe_Node_ring((probe_Node *)to_missing, 1, NULL, &error),
                     CORBEL_UNIMPLEMENTED); /* the far one is no Node */
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
    corbel_object *const objects[] = { nil, to_nil, gone, dead, to_dead, loop, missing, to_missing };
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        corbel_object_unref(objects[i]);
    }
}

/* ---- what they say they are ---- */

static corbel_status refuse(void *self, corbel_request *request)
{
    (void)self;
    return corbel_request_fail(request, CORBEL_REFUSED, "%s::%s%s", corbel_request_interface(request),
                               corbel_request_operation(request), corbel_request_is_oneway(request) ? ", oneway" : "");
}

static void of_any_interface(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *probe = NULL;
    probe_Node *node = NULL;
    const corbel_interface *described = NULL;
    (void)state;
    corbel_object *const object = corbel_raw_new(middle, NULL, 0, refuse, NULL, NULL);
    corbel_object *const seen = served_at(client, middle_daemon, "any", object, NULL);
    corbel_object *const ways[] = { object, seen };
    for (int i = 0; i < 2; i++) {
        MUST(probe_Probe_cast(ways[i], &probe, &error));
        MUST(probe_Node_cast(ways[i], &node, &error));
        assert_int_equal(probe_Probe_add(probe, 1, 2, NULL, &error), CORBEL_REFUSED);
        assert_string_equal(error.message, "probe::Probe::add");
        assert_int_equal(probe_Node_get_name(node, NULL, &error), CORBEL_REFUSED);
        assert_string_equal(error.message, "probe::Named::get_name");
        assert_non_null(strstr(corbel_error_hop(&error, 0).object, "any"));
        assert_int_equal(corbel_object_describe(ways[i], NULL, &described, &error), CORBEL_NOT_FOUND);
        assert_int_equal(corbel_object_describe(ways[i], "probe::Probe", &described, &error), CORBEL_NOT_FOUND);
        assert_int_equal(corbel_json_call(ways[i], NULL, "add", "{}", NULL, &error), CORBEL_NOT_FOUND);
        probe_Probe_unref(probe);
        probe_Node_unref(node);
    }
    corbel_error_clear(&error);
    corbel_object_unref(seen);
    corbel_object_unref(object);
}

/** A proxy: it is what is behind it. */
static void of_what_is_behind(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_Probe *probe = NULL;
    probe_Node *node = NULL;
    const corbel_interface *described = NULL;
    char *text = NULL;
    (void)state;
    corbel_object *const object = forwarder(middle, at_far, CORBEL_RAW_EVERYTHING);
    corbel_object *const seen = served_at(client, middle_daemon, "proxy", object, NULL);
    MUST(probe_Probe_cast(seen, &probe, &error));
    assert_int_equal(probe_Node_cast(seen, &node, &error), CORBEL_WRONG_INTERFACE);
    MUST(corbel_object_describe(seen, NULL, &described, &error));
    assert_true(described->fingerprint == probe_Probe_interface.fingerprint);
    MUST(corbel_json_call(seen, NULL, "add", "{\"a\":1,\"b\":2}", &text, &error));
    assert_string_equal(text, "{\"ret\":3}");
    corbel_string_free(text);
    corbel_interface_unref(described);
    probe_Probe_unref(probe);
    corbel_object_unref(seen);
    corbel_object_unref(object);
    corbel_error_clear(&error);
}

/** With an interface that was read from JSON, and is gone when the object speaks of it. */
static void of_a_described_interface(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_interface *made = NULL, *described = NULL;
    probe_Named *named = NULL;
    probe_Probe *probe = NULL;
    char *json = NULL, *again = NULL;
    (void)state;
    MUST(corbel_interface_to_json(&probe_Node_interface, &json, &error));
    MUST(corbel_interface_from_json(json, &made, &error));
    corbel_object *const object = corbel_raw_new(middle, made, 0, refuse, NULL, NULL);
    assert_null(corbel_interface_unref(made));
    corbel_object *const seen = served_at(client, middle_daemon, "described", object, NULL);
    corbel_object *const ways[] = { object, seen };
    for (int i = 0; i < 2; i++) {
        MUST(probe_Named_cast(ways[i], &named, &error));
        assert_int_equal(probe_Named_get_label(named, NULL, &error), CORBEL_REFUSED);
        assert_int_equal(probe_Probe_cast(ways[i], &probe, &error), CORBEL_WRONG_INTERFACE);
        MUST(corbel_object_describe(ways[i], NULL, &described, &error));
        assert_true(described->fingerprint == probe_Node_interface.fingerprint);
        MUST(corbel_interface_to_json(described, &again, &error));
        assert_string_equal(again, json);
        corbel_string_free(again);
        corbel_interface_unref(described);
        probe_Named_unref(named);
        assert_int_equal(corbel_object_describe(ways[i], "probe::Listener", &described, &error),
                         CORBEL_NOT_FOUND); /* a name, no more */
    }
    corbel_string_free(json);
    corbel_error_clear(&error);
    corbel_object_unref(seen);
    corbel_object_unref(object);
}

/* ---- answers ---- */

/** Knows the interface (self), and answers with JSON what it was asked in JSON. */
static corbel_status by_json(void *self, corbel_request *request)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message reply = CORBEL_MESSAGE_INIT;
    char *text = NULL;
    const corbel_operation *const operation = corbel_interface_operation(self, corbel_request_operation(request), &error);
    const corbel_message *const arguments = corbel_request_arguments(request);
    if (operation == NULL || arguments == NULL) {
        return corbel_request_forward(request, &error);
    }
    assert_ptr_equal(corbel_request_arguments(request), arguments);
    corbel_status status = corbel_message_to_json(operation->in, operation->n_in, arguments, &text, NULL, &error);
    if (status == CORBEL_OK && strcmp(operation->name, "echo") == 0) {
        char answer[200];
        const char *const from = strchr(text, ':') + 1;
        snprintf(answer, sizeof answer, "{\"ret\":%.*s}", (int)strlen(from) - 1, from);
        status = corbel_message_from_json(NULL, operation->out, operation->n_out, answer, NULL, &reply, &error);
        status = status == CORBEL_OK ? corbel_request_reply_raw(request, &reply) : status;
    } else if (status == CORBEL_OK && strcmp(operation->name, "raise_it") == 0) {
        const corbel_param why = { .name = "why", .id = 1, .type = &corbel_string_type };
        status = corbel_message_from_json(NULL, &why, 1, "{\"why\":\"as JSON\"}", NULL, &reply, &error);
        status = status == CORBEL_OK ? corbel_request_raise_raw(request, "probe::Refused", &reply) : status;
    } else if (status == CORBEL_OK && strcmp(operation->name, "kept") == 0) {
        status = corbel_request_reply_raw(request, NULL); /* a nil reference */
    } else if (status == CORBEL_OK && strcmp(operation->name, "wait") == 0) {
        const probe_Refused refused = { .why = "by the generated way" };
        status = probe_Refused_raise(request, &refused);
    } else if (status == CORBEL_OK && strcmp(operation->name, "bad_reply") == 0) {
        const corbel_tagged untagged = { .object = at_far };
        status = corbel_request_reply_raw(request, &(corbel_message) { .n_references = 1, .references = &untagged });
    } else if (status == CORBEL_OK && strcmp(operation->name, "entered") == 0) {
        status = CORBEL_DEFERRED; /* of which nothing is true */
    } else if (status == CORBEL_OK && strcmp(operation->name, "shut_down") == 0) {
        status = corbel_request_raise_raw(request, "", NULL);
    }
    corbel_message_clear(&reply);
    corbel_string_free(text);
    return error.status == CORBEL_OK ? status : corbel_request_forward(request, &error);
}

static void release_interface(void *self)
{
    corbel_interface_unref(self);
}

static void answers_from_json(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_interface *interface = NULL;
    char *text = NULL;
    probe_Listener *kept = listener;
    (void)state;
    MUST(corbel_object_describe(at_far, NULL, &interface, &error));
    corbel_object *const object =
        corbel_raw_new(middle, interface, 0, by_json, (void *)(uintptr_t)corbel_interface_ref(interface), release_interface);
    corbel_interface_unref(interface);
    corbel_object *const seen = served_at(client, middle_daemon, "json", object, &probe_Probe_interface);
    probe_Probe *const ways[] = { (probe_Probe *)object, (probe_Probe *)seen };
    for (int i = 0; i < 2; i++) {
        MUST(probe_Probe_echo(ways[i], "\"quoted\"", &text, &error));
        assert_string_equal(text, "\"quoted\"");
        corbel_string_free(text);
        assert_int_equal(probe_Probe_raise_it(ways[i], "", &error), CORBEL_RAISED);
        assert_string_equal(probe_Refused_of(&error)->why, "as JSON");
        MUST(probe_Probe_kept(ways[i], &kept, &error));
        assert_null(kept);
        assert_int_equal(probe_Probe_wait(ways[i], &error),
                         CORBEL_UNDECLARED); /* the handler raised what wait() does not declare */
        assert_string_equal(corbel_error_exception(&error), "probe::Refused");
        assert_int_equal(probe_Probe_bad_reply(ways[i], &text, &error), CORBEL_BAD_REPLY);
        assert_int_equal(probe_Probe_entered(ways[i], NULL, &error), CORBEL_MISUSE);
        assert_int_equal(probe_Probe_shut_down(ways[i], &error), CORBEL_MISUSE);
        assert_int_equal(probe_Probe_keep(ways[i], listener, &error), CORBEL_INVALID_ARGUMENT); /* listener has no URI */
        assert_int_equal(corbel_raw_call(probe_Probe_as_object(ways[i]), "probe::Probe", "nothing", false, NULL, NULL, &error),
                         CORBEL_UNIMPLEMENTED);
    }
    corbel_error_clear(&error);
    corbel_object_unref(seen);
    corbel_object_unref(object);
}

/* ---- later ---- */

typedef struct later {
    pthread_t thread;
    corbel_request *request;
    bool raises;
} later;

static void *answer_later(void *user)
{
    later *const l = user;
    static const uint8_t number[] = { 0x08, 84 };
    const corbel_message *const arguments = corbel_request_arguments(l->request);
    corbel_status status = CORBEL_FAILED;
    if (arguments != NULL && arguments->body.len == 2 && arguments->body.items[1] == 14) {
        const corbel_message reply = { .body = { sizeof number, number } };
        status = l->raises ? corbel_request_raise_raw(l->request, "probe::Refused", NULL)
                           : corbel_request_reply_raw(l->request, &reply);
    }
    corbel_request_end(l->request, status);
    return NULL;
}

static corbel_status defer(void *self, corbel_request *request)
{
    later *const l = self;
    l->request = request;
    l->raises = strcmp(corbel_request_operation(request), "raise_it") == 0;
    const corbel_status status = corbel_request_defer(request);
    return pthread_create(&l->thread, NULL, answer_later, l) == 0 ? status : CORBEL_SYSTEM;
}

static void answers_later(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    later l;
    (void)state;
    corbel_object *const object = corbel_raw_new(middle, &probe_Probe_interface, 0, defer, &l, NULL);
    corbel_object *const seen = served_at(client, middle_daemon, "later", object, NULL);
    corbel_object *const passed = forwarder(near, seen, 0);
    corbel_object *const ways[] = { object, seen, passed };
    static const uint8_t seven[] = { 0x08, 14 };
    const corbel_message in = { .body = { sizeof seven, seven } };
    for (int i = 0; i < 3; i++) {
        corbel_message out = CORBEL_MESSAGE_INIT;
        MUST(corbel_raw_call(ways[i], "probe::Probe", "add", false, &in, &out, &error));
        pthread_join(l.thread, NULL);
        assert_memory_equal(out.body.items, "\x08\x54", 2);
        corbel_message_clear(&out);
        assert_int_equal(corbel_raw_call(ways[i], "probe::Probe", "raise_it", false, &in, &out, &error), CORBEL_RAISED);
        pthread_join(l.thread, NULL);
        assert_string_equal(corbel_error_exception(&error), "probe::Refused");
    }
    corbel_error_clear(&error);
    corbel_object_unref(passed);
    corbel_object_unref(seen);
    corbel_object_unref(object);
}

/* ---- streams ---- */

static void stream_through(corbel_object *seen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *stream = NULL, *items = NULL;
    uint64_t item = 0, n = 0, sum = 0;
    corbel_call *call = streamer_begin_count(seen, 5000, false, &stream);
    while (corbel_stream_next(stream, &corbel_uint64_type, &item)) {
        n++;
    }
    MUST(streamer_finish(call, &streamer_count, &error));
    assert_int_equal(n, 5000);
    call = streamer_begin_count(seen, 3, true, &stream);
    for (n = 0; corbel_stream_next(stream, &corbel_uint64_type, &item);) {
        n++;
    }
    assert_int_equal(n, 3); /* and then the exception */
    assert_int_equal(streamer_finish(call, &streamer_count, &error), CORBEL_RAISED);
    assert_string_equal(corbel_error_exception(&error), "test::Broken");
    call = streamer_begin_sum(seen, UINT64_MAX, &items);
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_true(corbel_stream_put(items, &corbel_uint64_type, &i));
    }
    corbel_stream_end(items);
    MUST(streamer_finish_number(call, &streamer_sum, &sum, &error));
    assert_int_equal(sum, 500500);
    call = streamer_begin_twice(seen, &items, &stream);
    for (uint64_t i = 1; i <= 100; i++) {
        assert_true(corbel_stream_put(items, &corbel_uint64_type, &i));
        assert_true(corbel_stream_next(stream, &corbel_uint64_type, &item));
        assert_int_equal(item, 2 * i);
    }
    corbel_stream_end(items);
    assert_false(corbel_stream_next(stream, &corbel_uint64_type, &item));
    MUST(streamer_finish(call, &streamer_twice, &error));
    corbel_error_clear(&error);
}

static void streams_pass_through(void **state)
{
    static streamer_state streaming;
    (void)state;
    streamer_state_init(&streaming);
    corbel_object *const streamer = streamer_new(far.runtime, &streaming);
    corbel_object *const at_middle = served_at(middle, far.daemon, "streamer", streamer, NULL);
    corbel_object *const away = forwarder(middle, at_middle, 0), *const here = forwarder(far.runtime, streamer, 0);
    corbel_object *const ways[] = { served_at(client, middle_daemon, "streams", away, &streamer_interface),
                                    served_at(client, far.daemon, "streams", here, &streamer_interface) };
    for (int i = 0; i < 2; i++) {
        stream_through(ways[i]);
        corbel_object_unref(ways[i]);
    }
    corbel_object_unref(away);
    corbel_object_unref(here);
    corbel_object_unref(at_middle);
    corbel_object_unref(streamer);
}

/** Passes on once a thread waits in the call's chain: the one that is to feed the stream. */
static corbel_status pass_on_when_awaited(void *self, corbel_request *request)
{
    corbel_runtime *const runtime = corbel_request_runtime(request);
    for (int left = 20000 * (int)probe_slow; left > 0; left--) {
        pthread_mutex_lock(&runtime->dispatch_lock);
        const bool awaited = crb_wait_find_locked(runtime, crb_context_current()->chain) != NULL;
        pthread_mutex_unlock(&runtime->dispatch_lock);
        if (awaited) {
            return corbel_request_pass(request, self);
        }
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }
    return CORBEL_FAILED;
}

/** Who waits for an item does not run the servant that waits for his next one. */
static void the_reader_does_not_serve(void **state)
{
    static streamer_state streaming;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *to = NULL, *from = NULL;
    uint64_t item = 0;
    (void)state;
    streamer_state_init(&streaming);
    corbel_object *const streamer = streamer_new(far.runtime, &streaming);
    corbel_object *const held =
        corbel_raw_new(far.runtime, NULL, 0, pass_on_when_awaited, corbel_object_ref(streamer), give_back);
    corbel_call *const call = streamer_begin_twice(held, &to, &from);
    for (uint64_t i = 0; i < 10; i++) {
        assert_true(corbel_stream_put(to, &corbel_uint64_type, &i));
        assert_true(corbel_stream_next(from, &corbel_uint64_type, &item));
        assert_int_equal(item, 2 * i);
    }
    corbel_stream_end(to);
    MUST(streamer_finish(call, &streamer_twice, &error));
    corbel_object_unref(held);
    corbel_object_unref(streamer);
}

/** Lives of what is held: the forwarders were finalized, each once. */
static void without_memory_or_runtime(void **state)
{
    (void)state;
    const unsigned before = atomic_load(&finalized);
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *const none = corbel_raw_new(NULL, NULL, 0, pass_on, NULL, give_back);
    assert_int_equal(atomic_load(&finalized), before + 1);
    assert_int_equal(corbel_raw_call(none, "a::B", "c", false, NULL, NULL, &error), CORBEL_NO_MEMORY);
    corbel_object_unref(none);
    corbel_error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_dispatcher),
        cmocka_unit_test(two_dispatchers),
        cmocka_unit_test(inside_the_process),
        cmocka_unit_test(nowhere_to_pass_to),
        cmocka_unit_test(of_any_interface),
        cmocka_unit_test(of_what_is_behind),
        cmocka_unit_test(of_a_described_interface),
        cmocka_unit_test(answers_from_json),
        cmocka_unit_test(answers_later),
        cmocka_unit_test(streams_pass_through),
        cmocka_unit_test(the_reader_does_not_serve),
        cmocka_unit_test(without_memory_or_runtime),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
