/** Two versions of one IDL file: what both sides understand works, the rest fails before anything is sent, and says what differs.
 */
#include "daemon/host.h"
#include "probe.h"
#include "versions_new.corbel.h"
#include "versions_old.corbel.h"

#include <corbel/daemon.corbel.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the servants ---- */

static _Atomic unsigned told;

static corbel_status old_same(void *self, corbel_request *request, int32_t x, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = x + 1;
    return CORBEL_OK;
}

static corbel_status new_changed(void *self, corbel_request *request, const char *x, int32_t *ret)
{
    (void)self;
    (void)request;
    *ret = (int32_t)strlen(x);
    return CORBEL_OK;
}

static const versions_old_Listener_servant old_listener = { .same = old_same, .changed = old_same };

static corbel_status old_grown(void *self, corbel_request *request, const versions_old_Pair *p, versions_old_Pair *ret)
{
    (void)self;
    (void)request;
    *ret = (versions_old_Pair) { p->a + 1 };
    return CORBEL_OK;
}

static corbel_status new_grown(void *self, corbel_request *request, const versions_new_Pair *p, versions_new_Pair *ret)
{
    (void)self;
    (void)request;
    *ret = (versions_new_Pair) { p->a + 1, p->b + 1 };
    return CORBEL_OK;
}

static corbel_status old_told(void *self, corbel_request *request, int32_t x)
{
    (void)self;
    (void)request;
    (void)x;
    atomic_fetch_add(&told, 1);
    return CORBEL_OK;
}

static corbel_status new_told(void *self, corbel_request *request, const char *x)
{
    (void)x;
    return old_told(self, request, 0);
}

static corbel_status old_call_back(void *self, corbel_request *request, versions_old_Listener *listener, bool is_changed,
                                   int32_t x, int32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)self;
    const corbel_status status = is_changed ? versions_old_Listener_changed(listener, x, ret, &error)
                                            : versions_old_Listener_same(listener, x, ret, &error);
    return status == CORBEL_OK ? status : corbel_request_forward(request, &error);
}

static corbel_status new_call_back(void *self, corbel_request *request, versions_new_Listener *listener, bool is_changed,
                                   int32_t x, int32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)self;
    const corbel_status status = is_changed ? versions_new_Listener_changed(listener, "text", ret, &error)
                                            : versions_new_Listener_same(listener, x, ret, &error);
    return status == CORBEL_OK ? status : corbel_request_forward(request, &error);
}

/** self: what it hands out. */
static corbel_status old_other(void *self, corbel_request *request, versions_old_Box **ret)
{
    (void)request;
    *ret = versions_old_Box_ref(self);
    return CORBEL_OK;
}

static const versions_old_Box_servant old_box = { .inherited = old_same,
                                                  .same = old_same,
                                                  .changed = old_same,
                                                  .grown = old_grown,
                                                  .told = old_told,
                                                  .gone = old_same,
                                                  .call_back = old_call_back,
                                                  .other = old_other };
static const versions_new_Box_servant new_box = { .inherited = old_same,
                                                  .added = old_same,
                                                  .same = old_same,
                                                  .changed = new_changed,
                                                  .grown = new_grown,
                                                  .told = new_told,
                                                  .call_back = new_call_back };

/* ---- the world ---- */

typedef struct world {
    corbel_runtime *server, *client;
    corbel_daemon *daemon;
    corbel_object *object;
    char *uri;
} world;

static void world_start(world *w, bool is_new, void *self, bool hide)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    options.hide_interfaces = hide;
    atomic_store(&told, 0);
    MUST(corbel_runtime_new(&options, &w->server, &error));
    MUST(corbel_runtime_new(NULL, &w->client, &error));
    MUST(corbel_daemon_new(w->server, NULL, &w->daemon, &error));
    w->object = is_new ? versions_new_Box_as_object(versions_new_Box_new(w->server, &new_box, NULL, NULL))
                       : versions_old_Box_as_object(versions_old_Box_new(w->server, &old_box, self, NULL));
    MUST(corbel_daemon_register(w->daemon, "box", w->object, &error));
    MUST(corbel_daemon_uri(w->daemon, "box", &w->uri, &error));
}

static void world_stop(world *w)
{
    corbel_string_free(w->uri);
    corbel_object_unref(w->object);
    corbel_runtime_unref(w->client);
    corbel_daemon_unref(w->daemon);
    corbel_runtime_unref(w->server);
}

/** CALL frames that the runtime has sent to its one peer. */
static uint64_t calls_sent(corbel_runtime *runtime)
{
    crb_peer_lock(runtime->peers);
    const crb_session_stats stats = crb_session_get_stats(runtime->peers->session);
    crb_peer_unlock(runtime->peers);
    return stats.sent[CRB_FRAME_CALL];
}

static void expect(corbel_status status, corbel_error *error, corbel_status wanted, const char *message)
{
    if (status != wanted || (message != NULL && strcmp(error->message, message) != 0)) {
        fail_msg("%s: %s; expected %s: %s", corbel_status_name(status), error->message, corbel_status_name(wanted),
                 message == NULL ? "" : message);
    }
    if (wanted == CORBEL_MISMATCH) {
        assert_int_equal(error->completion, CORBEL_COMPLETED_NO);
    }
    corbel_error_clear(error);
}

#define DIFFERS " (its IDL differs between caller and callee)"

/* ---- each operation, both ways ---- */

static void an_old_client_and_a_new_server(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    versions_old_Box *box = NULL;
    versions_old_Pair *pair = NULL;
    int32_t x = 0;
    (void)state;
    world_start(&w, true, NULL, false);
    MUST(versions_old_Box_from_uri(w.client, w.uri, &box, &error));
    expect(versions_old_Box_changed(box, 1, &x, &error), &error, CORBEL_MISMATCH,
           "versions::Box::changed: parameter x is long here, string<8> there" DIFFERS);
    MUST(versions_old_Box_same(box, 1, &x, &error));
    assert_int_equal(x, 2);
    MUST(versions_old_Box_inherited(box, 3, &x, &error));
    assert_int_equal(x, 4);
    MUST(versions_old_Box_grown(box, &(versions_old_Pair) { 5 }, &pair, &error));
    assert_int_equal(pair->a, 6);
    versions_old_Pair_free(pair);
    expect(versions_old_Box_told(box, 1, &error), &error, CORBEL_MISMATCH,
           "versions::Box::told: parameter x is long here, string there" DIFFERS);
    expect(versions_old_Box_gone(box, 1, &x, &error), &error, CORBEL_UNIMPLEMENTED,
           "versions::Box::gone: there is no such operation there" DIFFERS);
    corbel_call *const call = versions_old_Box_changed_begin(box, 1);
    expect(versions_old_Box_changed_finish(call, &x, &error), &error, CORBEL_MISMATCH, NULL);
    assert_int_equal(atomic_load(&told), 0);
    assert_int_equal(calls_sent(w.client), 3 + 2); /* what worked, and daemon and describe */
    versions_old_Box_unref(box);
    world_stop(&w);
}

static void a_new_client_and_an_old_server(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    versions_new_Box *box = NULL;
    versions_new_Pair *pair = NULL;
    int32_t x = 0;
    (void)state;
    world_start(&w, false, NULL, false);
    MUST(versions_new_Box_from_uri(w.client, w.uri, &box, &error));
    MUST(versions_new_Box_grown(box, &(versions_new_Pair) { 5, 6 }, &pair, &error));
    assert_int_equal(pair->a, 6);
    assert_int_equal(pair->b, 0);
    versions_new_Pair_free(pair);
    expect(versions_new_Box_changed(box, "1", &x, &error), &error, CORBEL_MISMATCH,
           "versions::Box::changed: parameter x is string<8> here, long there" DIFFERS);
    expect(versions_new_Box_fresh(box, &error), &error, CORBEL_UNIMPLEMENTED, NULL);
    expect(versions_new_Box_added(box, 1, &x, &error), &error, CORBEL_UNIMPLEMENTED, NULL);
    MUST(versions_new_Box_same(box, 1, &x, &error));
    versions_new_Box_unref(box);
    world_stop(&w);
}

static void the_same_version_asks_nothing(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    versions_old_Box *box = NULL;
    int32_t x = 0;
    (void)state;
    world_start(&w, false, NULL, false);
    MUST(versions_old_Box_from_uri(w.client, w.uri, &box, &error));
    MUST(versions_old_Box_changed(box, 1, &x, &error));
    MUST(versions_old_Box_gone(box, 1, &x, &error));
    assert_int_equal(calls_sent(w.client), 2);
    versions_old_Box_unref(box);
    world_stop(&w);
}

/** A reference as Object learns the fingerprint from the question whether it is a Box. */
static void a_cast(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *object = NULL;
    versions_old_Box *box = NULL;
    versions_old_Base *base = NULL;
    int32_t x = 0;
    (void)state;
    world_start(&w, true, NULL, false);
    MUST(corbel_object_from_uri(w.client, NULL, w.uri, &object, &error));
    MUST(versions_old_Box_cast(object, &box, &error));
    expect(versions_old_Box_changed(box, 1, &x, &error), &error, CORBEL_MISMATCH, NULL);
    MUST(versions_old_Base_cast(versions_old_Box_as_object(box), &base, &error));
    MUST(versions_old_Base_inherited(base, 1, &x, &error));
    assert_int_equal(calls_sent(w.client), 4); /* is_a, daemon, describe, inherited */
    versions_old_Base_unref(base);
    versions_old_Box_unref(box);
    corbel_object_unref(object);
    world_stop(&w);
}

/* ---- other ways ---- */

static void a_callback(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    versions_old_Box *box = NULL;
    int32_t x = 0;
    (void)state;
    world_start(&w, true, NULL, false);
    MUST(versions_old_Box_from_uri(w.client, w.uri, &box, &error));
    versions_old_Listener *const listener = versions_old_Listener_new(w.client, &old_listener, NULL, NULL);
    MUST(versions_old_Box_call_back(box, listener, false, 1, &x, &error));
    assert_int_equal(x, 2);
    const corbel_status status = versions_old_Box_call_back(box, listener, true, 1, &x, &error);
    assert_int_equal(status, CORBEL_MISMATCH);
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES); /* the servant that called back ran */
    assert_int_equal(corbel_error_hops(&error), 1);
    assert_string_equal(error.message, "versions::Listener::changed: parameter x is string here, long there" DIFFERS);
    corbel_error_clear(&error);
    MUST(versions_old_Box_call_back(box, listener, false, 2, &x, &error));
    versions_old_Listener_unref(listener);
    versions_old_Box_unref(box);
    world_stop(&w);
}

/** The middle has the old version and passes on an object of the new one: the object's own process is asked, through the middle.
 */
static void a_relay(void **state)
{
    world far;
    corbel_error error = CORBEL_ERROR_INIT;
    versions_old_Box *at_far = NULL, *at_middle = NULL, *relayed = NULL;
    int32_t x = 0;
    (void)state;
    world_start(&far, true, NULL, false);
    MUST(versions_old_Box_from_uri(far.client, far.uri, &at_far, &error));
    MUST(versions_old_Box_same(at_far, 1, &x, &error)); /* bound, so that it is passed on as what it is bound to */
    corbel_daemon *daemon = NULL;
    char *uri = NULL;
    corbel_runtime *client = NULL;
    MUST(corbel_daemon_new(far.client, NULL, &daemon, &error));
    versions_old_Box *const box = versions_old_Box_new(far.client, &old_box, at_far, NULL);
    MUST(corbel_daemon_register(daemon, "middle", versions_old_Box_as_object(box), &error));
    MUST(corbel_daemon_uri(daemon, "middle", &uri, &error));
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(versions_old_Box_from_uri(client, uri, &at_middle, &error));
    MUST(versions_old_Box_other(at_middle, &relayed, &error));
    MUST(versions_old_Box_same(relayed, 1, &x, &error));
    expect(versions_old_Box_changed(relayed, 1, &x, &error), &error, CORBEL_MISMATCH, NULL);
    MUST(versions_old_Box_changed(at_middle, 1, &x, &error)); /* the middle's own object is of our version */
    versions_old_Box_unref(relayed);
    versions_old_Box_unref(at_middle);
    corbel_runtime_unref(client);
    corbel_string_free(uri);
    versions_old_Box_unref(box);
    corbel_daemon_unref(daemon);
    versions_old_Box_unref(at_far);
    world_stop(&far);
}

enum { THREADS = 8 };

static void *first_call(void *box)
{
    int32_t x = 0;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status same = versions_old_Box_same(box, 1, &x, &error);
    const corbel_status changed = versions_old_Box_changed(box, 1, &x, &error);
    corbel_error_clear(&error);
    return (void *)(uintptr_t)(same == CORBEL_OK && x == 2 && changed == CORBEL_MISMATCH);
}

static void many_first_calls_ask_once(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    versions_old_Box *box = NULL;
    pthread_t threads[THREADS];
    (void)state;
    world_start(&w, true, NULL, false);
    MUST(versions_old_Box_from_uri(w.client, w.uri, &box, &error));
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, first_call, box), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *right = NULL;
        pthread_join(threads[i], &right);
        assert_non_null(right);
    }
    assert_int_equal(calls_sent(w.client), THREADS + 2);
    versions_old_Box_unref(box);
    world_stop(&w);
}

static void in_one_process_nothing_is_asked(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    versions_old_Box *box = NULL;
    int32_t x = 0;
    (void)state;
    world_start(&w, true, NULL, false);
    MUST(versions_old_Box_from_uri(w.server, w.uri, &box, &error));
    MUST(versions_old_Box_same(box, 1, &x, &error));
    versions_old_Box_unref(box);
    world_stop(&w);
}

/* ---- processes that answer something else ---- */

static void one_that_hides_its_interfaces(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    versions_old_Box *box = NULL;
    int32_t x = 0;
    (void)state;
    world_start(&w, true, NULL, true);
    MUST(versions_old_Box_from_uri(w.client, w.uri, &box, &error));
    MUST(versions_old_Box_same(box, 1, &x, &error));
    expect(versions_old_Box_changed(box, 1, &x, &error), &error, CORBEL_DECODE, NULL);
    MUST(versions_old_Box_same(box, 1, &x, &error));
    assert_int_equal(calls_sent(w.client), 3 + 2); /* asked once */
    versions_old_Box_unref(box);
    world_stop(&w);
}

typedef enum lie { LIE_NOTHING, LIE_INDEX, LIE_ENDLESS, LIE_HUGE, LIE_OTHER, LIE_EMPTY_NAME, LIE_SILENT, N_LIES } lie;

typedef struct liar {
    lie lie;
    probe_event end, asked;
} liar;

static corbel_status lie_describe(void *self, corbel_request *request, const char *interface_name, uint64_t fingerprint,
                                  corbel_InterfaceDescription *ret)
{
    liar *const l = self;
    probe_event_add(&l->asked, 1);
    corbel_TypeDescription *const type = corbel_request_alloc(request, 1, sizeof *type);
    corbel_MemberDescription *const member = corbel_request_alloc(request, 1, sizeof *member);
    *member = (corbel_MemberDescription) { .name = "m", .id = 1, .type = l->lie == LIE_INDEX ? 7 : 0 };
    *type = (corbel_TypeDescription) { .kind = l->lie == LIE_HUGE ? corbel_TYPE_ARRAY : corbel_TYPE_STRUCT,
                                       .name = "versions::Pair",
                                       .bound = UINT32_MAX,
                                       .is_plain = true,
                                       .members = { 1, member } };
    *ret = (corbel_InterfaceDescription) { .name = interface_name, .fingerprint = fingerprint, .types = { 1, type } };
    switch (l->lie) {
    case LIE_NOTHING:
        return CORBEL_UNIMPLEMENTED;
    case LIE_OTHER:
        ret->fingerprint++;
        return CORBEL_OK;
    case LIE_EMPTY_NAME:
        ret->name = "";
        return CORBEL_OK;
    case LIE_SILENT:
        return probe_event_wait(&l->end, 1) ? CORBEL_OK : CORBEL_FAILED;
    default:
        return CORBEL_OK;
    }
}

static const corbel_Daemon_servant lie_servant = { .describe = lie_describe };

/** In place of the built-in object. */
static void lie_install(world *w, liar *l)
{
    pthread_mutex_lock(&w->server->dispatch_lock);
    crb_dispatch *const dispatch = crb_dispatch_get_locked(w->server);
    assert_null(dispatch->builtin);
    dispatch->builtin = crb_target_new_local(w->server, corbel_Daemon_skeleton(&lie_servant), l, NULL);
    pthread_mutex_unlock(&w->server->dispatch_lock);
}

static void lies(void **state)
{
    (void)state;
    for (lie i = LIE_NOTHING; i < N_LIES; i++) {
        world w;
        liar l = { .lie = i };
        corbel_error error = CORBEL_ERROR_INIT;
        versions_old_Box *box = NULL;
        int32_t x = 0;
        probe_event_init(&l.end);
        probe_event_init(&l.asked);
        world_start(&w, true, NULL, false);
        lie_install(&w, &l);
        MUST(versions_old_Box_from_uri(w.client, w.uri, &box, &error));
        if (i == LIE_SILENT) { /* half of 3 s is waited for an answer, and once alone */
            corbel_options options = CORBEL_OPTIONS_INIT;
            options.deadline_ms = 3000 * probe_slow;
            versions_old_Box *const hurried = versions_old_Box_with(box, &options);
            MUST(versions_old_Box_same(hurried, 1, &x, &error));
            versions_old_Box_unref(hurried);
        }
        MUST(versions_old_Box_same(box, 1, &x, &error));
        MUST(versions_old_Box_same(box, 1, &x, &error));
        assert_int_equal(x, 2);
        assert_int_equal(probe_event_count(&l.asked), 1);
        probe_event_add(&l.end, 1);
        versions_old_Box_unref(box);
        world_stop(&w);
    }
}

/* ---- corbel.Daemon as others see it ---- */

static void the_built_in_object(void **state)
{
    world w;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_Daemon *server = NULL;
    corbel_InterfaceDescription *description = NULL;
    char *uri = NULL;
    (void)state;
    world_start(&w, true, NULL, false);
    MUST(corbel_daemon_uri(w.daemon, "corbel.Daemon", &uri, &error));
    MUST(corbel_Daemon_from_uri(w.client, uri, &server, &error));
    static const char *const known[] = { "versions::Box", "versions::Base", "versions::Listener", "corbel::Daemon" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        MUST(corbel_Daemon_describe(server, known[i], 0, &description, &error));
        assert_string_equal(description->name, known[i]);
        assert_true(description->operations.len > 0);
        corbel_InterfaceDescription_free(description);
    }
    expect(corbel_Daemon_describe(server, "versions::Nothing", 0, &description, &error), &error, CORBEL_RAISED, NULL);
    expect(corbel_daemon_register(w.daemon, "corbel.Daemon", w.object, &error), &error, CORBEL_EXISTS, NULL);
    corbel_string_free(uri);
    corbel_Daemon_unref(server);
    world_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_client_and_a_new_server),
        cmocka_unit_test(a_new_client_and_an_old_server),
        cmocka_unit_test(the_same_version_asks_nothing),
        cmocka_unit_test(a_cast),
        cmocka_unit_test(a_callback),
        cmocka_unit_test(a_relay),
        cmocka_unit_test(many_first_calls_ask_once),
        cmocka_unit_test(in_one_process_nothing_is_asked),
        cmocka_unit_test(one_that_hides_its_interfaces),
        cmocka_unit_test(lies),
        cmocka_unit_test(the_built_in_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
