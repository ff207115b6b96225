/** The kitchen sink called by name and served without generated code, in every form of <corbel/dynamic.h>, over TCP and a Unix
 *  socket. What travels is compared byte for byte with what the generated stubs and skeletons send: where there are references,
 *  whose tags are new in each message, after these were made the same. */
#include "runtime/base/buf.h"
#include "runtime/value/codec.h"
#include "tests/kitchen/kitchen.h"

#include <corbel/daemon.h>
#include <corbel/dynamic.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { BY_NAME_PARAMS = 3, BY_NAME_SEEDS = 2 };

typedef struct path {
    corbel_object *real;          /* the generated skeleton */
    corbel_object *tap;           /* notes what comes, and passes it on to that */
    corbel_object *values, *json; /* served dynamically */
} path;

typedef struct world {
    corbel_runtime *server, *client;
    corbel_daemon *daemon;
    kitchen_Sink *sink;
    corbel_object *tap, *values, *json;
    const corbel_interface *described;
    path ways[2];
    unsigned long calls, raised, bytes;
} world;

static const kitchen_Thing_servant thing_servant = { .get_number = NULL };

static void must(corbel_status status, corbel_error *error, const char *what)
{
    if (status != CORBEL_OK) {
        fail_msg("%s: %s: %s", what, corbel_status_name(status), error->message);
    }
}

/* ---- messages made comparable ---- */

static uint64_t same_tag(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    (void)object;
    (void)interface;
    (void)reterr;
    return 1;
}
static const crb_ref_writer same_tags = { .add = same_tag };

/** The message as it came where it has no references; else with all tags the same. */
static void normal(const corbel_param *params, uint32_t n, const corbel_message *message, crb_buf *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    kitchen_slot slots[BY_NAME_PARAMS] = { { .pointer = NULL } };
    const void *values[BY_NAME_PARAMS] = { NULL };
    void *out[BY_NAME_PARAMS] = { NULL };
    ret->len = 0;
    if (message->n_references == 0) {
        crb_buf_append(ret, message->body.items, message->body.len);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        out[i] = &slots[i];
    }
    must(corbel_message_decode(params, n, message, out, &error), &error, "decoding");
    for (uint32_t i = 0; i < n; i++) {
        values[i] = corbel_output_value(params[i].type, out[i]);
    }
    must(crb_encode_params(params, n, values, &same_tags, ret, &error), &error, "encoding");
    for (uint32_t i = 0; i < n; i++) {
        corbel_output_clear(params[i].type, out[i]);
    }
}

static void assert_same(world *w, const crb_buf *a, const crb_buf *b, const char *operation, const char *what)
{
    w->bytes += a->len;
    if (a->len != b->len || (a->len > 0 && memcmp(a->data, b->data, a->len) != 0)) {
        fail_msg("%s: other bytes %s", operation, what);
    }
}

/* ---- servers ---- */

static pthread_mutex_t tapped_lock = PTHREAD_MUTEX_INITIALIZER;
static crb_buf tapped;

static const corbel_operation *generated(const char *name)
{
    return corbel_interface_operation(&kitchen_Sink_interface, name, NULL);
}

/** self: the sink. */
static corbel_status tap(void *self, corbel_request *request)
{
    const corbel_operation *const operation = generated(corbel_request_operation(request));
    if (operation == NULL) {
        return CORBEL_UNIMPLEMENTED;
    }
    pthread_mutex_lock(&tapped_lock);
    normal(operation->in, operation->n_in, corbel_request_arguments(request), &tapped);
    pthread_mutex_unlock(&tapped_lock);
    return corbel_request_pass(request, self);
}

/** The exception's members as parameters. */
static uint32_t members_of(const corbel_type *exception, corbel_param *ret)
{
    assert_true(exception->count <= BY_NAME_PARAMS);
    for (uint32_t i = 0; i < exception->count; i++) {
        assert_int_equal(exception->members[i].flags, 0);
        ret[i] = (corbel_param) { .name = exception->members[i].name,
                                  .id = exception->members[i].id,
                                  .type = exception->members[i].type };
    }
    return exception->count;
}

/** As the generated skeleton's servant: ret and b are a, c is b. Described tables alone (self). */
static corbel_status serve_values(void *self, corbel_request *request)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message reply = CORBEL_MESSAGE_INIT;
    kitchen_slot slots[BY_NAME_PARAMS] = { { .pointer = NULL } };
    void *const out[BY_NAME_PARAMS] = { &slots[0], &slots[1], &slots[2] };
    const corbel_operation *const operation = corbel_interface_operation(self, corbel_request_operation(request), &error);
    if (operation == NULL ||
        corbel_message_decode(operation->in, operation->n_in, corbel_request_arguments(request), out, &error)) {
        return corbel_request_forward(request, &error);
    }
    const void *const a = corbel_output_value(operation->in[0].type, out[0]);
    corbel_status status = CORBEL_OK;
    if (operation->raises != NULL) {
        corbel_param members[BY_NAME_PARAMS];
        const uint32_t n = members_of(operation->raises[0], members);
        status = corbel_message_encode(members, n, &a, &reply, &error);
        status = status == CORBEL_OK ? corbel_request_raise_raw(request, operation->raises[0]->name, &reply) : status;
    } else {
        const void *const back[BY_NAME_PARAMS] = { a, a, corbel_output_value(operation->in[1].type, out[1]) };
        status = corbel_message_encode(operation->out, operation->n_out, back, &reply, &error);
        status = status == CORBEL_OK ? corbel_request_reply_raw(request, &reply) : status;
    }
    for (uint32_t i = 0; i < operation->n_in; i++) {
        corbel_output_clear(operation->in[i].type, out[i]);
    }
    corbel_message_clear(&reply);
    return error.status == CORBEL_OK ? status : corbel_request_forward(request, &error);
}

/** The text of the value of the object's member number index. */
static char *member_text(const char *json, uint32_t index)
{
    int depth = 0;
    bool quoted = false;
    const char *value = NULL;
    for (const char *at = json + 1;; at++) {
        const bool ends = !quoted && depth == 0 && (*at == ',' || *at == '}');
        if (ends && index-- == 0) {
            return strndup(value, (size_t)(at - value));
        }
        if (*at == '\0') {
            fprintf(stderr, "no such member: %s\n", json);
            abort();
        } else if (quoted && *at == '\\') {
            at++;
        } else if (*at == '"') {
            quoted = !quoted;
        } else if (!quoted && depth == 0 && *at == ':') {
            value = at + 1;
        } else if (!quoted) {
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        }
    }
}

/** The same from JSON to JSON. References are beside it. */
static corbel_status serve_json(void *self, corbel_request *request)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message reply = CORBEL_MESSAGE_INIT;
    corbel_object_seq references = { 0, NULL };
    char *text = NULL, *a = NULL, *b = NULL, *answer = NULL;
    const corbel_operation *const operation = corbel_interface_operation(self, corbel_request_operation(request), &error);
    if (operation == NULL ||
        corbel_message_to_json(operation->in, operation->n_in, corbel_request_arguments(request), &text, &references, &error)) {
        return corbel_request_forward(request, &error);
    }
    corbel_status status = CORBEL_OK;
    a = member_text(text, 0);
    if (operation->raises != NULL) {
        corbel_param members[BY_NAME_PARAMS];
        const uint32_t n = members_of(operation->raises[0], members);
        assert_true(asprintf(&answer, "{\"%s\":%s}", members[0].name, a) > 0);
        status = corbel_message_from_json(NULL, members, n, answer, &references, &reply, &error);
        status = status == CORBEL_OK ? corbel_request_raise_raw(request, operation->raises[0]->name, &reply) : status;
    } else {
        b = member_text(text, 1);
        assert_true(asprintf(&answer, "{\"ret\":%s,\"b\":%s,\"c\":%s}", a, a, b) > 0);
        status = corbel_message_from_json(NULL, operation->out, operation->n_out, answer, &references, &reply, &error);
        status = status == CORBEL_OK ? corbel_request_reply_raw(request, &reply) : status;
    }
    free(a);
    free(b);
    free(answer);
    corbel_string_free(text);
    corbel_object_seq_clear(&references);
    corbel_message_clear(&reply);
    return error.status == CORBEL_OK ? status : corbel_request_forward(request, &error);
}

/* ---- the world ---- */

/** The reference over the addresses of the daemon that begin with unix:, or those that do not. */
static corbel_object *dial(world *w, const char *id, bool over_unix)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *seen = NULL;
    char *all = NULL, *rest = NULL;
    char uri[200] = "";
    must(corbel_daemon_uri(w->daemon, id, &all, &error), &error, "a URI");
    for (char *address = strtok_r(strchr(all, '@') + 1, ",", &rest); address != NULL && uri[0] == '\0';
         address = strtok_r(NULL, ",", &rest)) {
        if ((strncmp(address, "unix:", 5) == 0) == over_unix) {
            snprintf(uri, sizeof uri, "corbel:%s@%s", id, address);
        }
    }
    corbel_string_free(all);
    must(corbel_object_from_uri(w->client, NULL, uri, &seen, &error), &error, uri);
    return seen;
}

static int set_up(void **state)
{
    static world w;
    corbel_error error = CORBEL_ERROR_INIT;
    char listen[100];
    kitchen_find_types();
    must(corbel_runtime_new(NULL, &w.server, &error), &error, "runtime");
    must(corbel_runtime_new(NULL, &w.client, &error), &error, "runtime");
    snprintf(listen, sizeof listen, "localhost:0,unix:@by-name-%ld", (long)getpid());
    must(corbel_daemon_new(w.server, listen, &w.daemon, &error), &error, "daemon");
    w.sink = kitchen_Sink_new(w.server, &kitchen_servant, NULL, NULL);
    must(corbel_daemon_register(w.daemon, "real", kitchen_Sink_as_object(w.sink), &error), &error, "register");
    w.ways[0].real = dial(&w, "real", false);
    must(corbel_object_describe(w.ways[0].real, NULL, &w.described, &error), &error, "describe");
    w.tap = corbel_raw_new(w.server, NULL, 0, tap, w.sink, NULL);
    w.values = corbel_raw_new(w.server, w.described, 0, serve_values, (void *)(uintptr_t)w.described, NULL);
    w.json = corbel_raw_new(w.server, w.described, 0, serve_json, (void *)(uintptr_t)w.described, NULL);
    must(corbel_daemon_register(w.daemon, "tap", w.tap, &error), &error, "register");
    must(corbel_daemon_register(w.daemon, "values", w.values, &error), &error, "register");
    must(corbel_daemon_register(w.daemon, "json", w.json, &error), &error, "register");
    for (int i = 0; i < 2; i++) {
        w.ways[i].real = i == 0 ? w.ways[0].real : dial(&w, "real", true);
        w.ways[i].tap = dial(&w, "tap", i == 1);
        w.ways[i].values = dial(&w, "values", i == 1);
        w.ways[i].json = dial(&w, "json", i == 1);
    }
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world *const w = *state;
    for (int i = 0; i < 2; i++) {
        corbel_object_unref(w->ways[i].real);
        corbel_object_unref(w->ways[i].tap);
        corbel_object_unref(w->ways[i].values);
        corbel_object_unref(w->ways[i].json);
    }
    corbel_object_unref(w->json);
    corbel_object_unref(w->values);
    corbel_object_unref(w->tap);
    kitchen_Sink_unref(w->sink);
    corbel_interface_unref(w->described);
    corbel_runtime_unref(w->client);
    corbel_daemon_unref(w->daemon);
    corbel_runtime_unref(w->server);
    crb_buf_clear(&tapped);
    return 0;
}

/* ---- one call, in all forms ---- */

/** What came back, and what the tap saw. */
typedef struct outcome {
    corbel_status status;
    crb_buf sent, back;
} outcome;

static void outcome_clear(outcome *o)
{
    crb_buf_clear(&o->sent);
    crb_buf_clear(&o->back);
}

static void take_tapped(outcome *o)
{
    pthread_mutex_lock(&tapped_lock);
    o->sent.len = 0;
    crb_buf_append(&o->sent, tapped.data, tapped.len);
    pthread_mutex_unlock(&tapped_lock);
}

/** An exception as its message: of the any that came. */
static void raised(const corbel_operation *operation, const corbel_error *error, outcome *o)
{
    corbel_error bad = CORBEL_ERROR_INIT;
    const void *const value = corbel_error_raised(error, generated(operation->name)->raises[0]);
    assert_non_null(value);
    must(crb_encode_struct(generated(operation->name)->raises[0], value, &same_tags, &o->back, &bad), &bad, "an exception");
}

static void by_values(corbel_object *object, const corbel_operation *operation, const void *const *in, outcome *o)
{
    corbel_error error = CORBEL_ERROR_INIT;
    kitchen_slot slots[BY_NAME_PARAMS] = { { .pointer = NULL } };
    void *const out[BY_NAME_PARAMS] = { &slots[0], &slots[1], &slots[2] };
    const void *back[BY_NAME_PARAMS] = { NULL };
    o->status = corbel_stub_call(object, operation, in, out, &error);
    if (o->status == CORBEL_OK) {
        for (uint32_t i = 0; i < operation->n_out; i++) {
            back[i] = corbel_output_value(operation->out[i].type, out[i]);
        }
        must(crb_encode_params(operation->out, operation->n_out, back, &same_tags, &o->back, &error), &error, "results");
        for (uint32_t i = 0; i < operation->n_out; i++) {
            corbel_output_clear(operation->out[i].type, out[i]);
        }
    } else if (o->status == CORBEL_RAISED) {
        raised(operation, &error, o);
    } else {
        fail_msg("%s: %s", operation->name, error.message);
    }
    corbel_error_clear(&error);
}

/** The bytes that come back, undecoded; with the arguments from JSON where json is not NULL. */
static void by_bytes(corbel_object *object, const corbel_operation *operation, const corbel_message *arguments, outcome *o)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message back = CORBEL_MESSAGE_INIT;
    o->status = corbel_raw_call(object, operation->interface, operation->name, false, arguments, &back, &error);
    if (o->status == CORBEL_OK) {
        normal(operation->out, operation->n_out, &back, &o->back);
    } else if (o->status == CORBEL_RAISED) {
        raised(operation, &error, o);
    } else {
        fail_msg("%s: %s", operation->name, error.message);
    }
    corbel_message_clear(&back);
    corbel_error_clear(&error);
}

/** The arguments as JSON and back: the same bytes; and JSON calls of what has no references. */
static void through_json(world *w, corbel_object *object, const corbel_operation *operation, const corbel_message *arguments,
                         const crb_buf *expected)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message again = CORBEL_MESSAGE_INIT, results = CORBEL_MESSAGE_INIT;
    corbel_object_seq beside = { 0, NULL };
    char *text = NULL, *back = NULL;
    crb_buf one = CRB_BUF_INIT, two = CRB_BUF_INIT;
    must(corbel_message_to_json(operation->in, operation->n_in, arguments, &text, &beside, &error), &error, operation->name);
    must(corbel_message_from_json(NULL, operation->in, operation->n_in, text, &beside, &again, &error), &error, text);
    normal(operation->in, operation->n_in, arguments, &one);
    normal(operation->in, operation->n_in, &again, &two);
    assert_same(w, &one, &two, operation->name, "from JSON");
    if (arguments->n_references == 0) {
        const corbel_status status = corbel_json_call(object, w->described, operation->name, text, &back, &error);
        if (operation->raises == NULL) {
            must(status, &error, operation->name);
            must(corbel_message_from_json(NULL, operation->out, operation->n_out, back, NULL, &results, &error), &error, back);
            normal(operation->out, operation->n_out, &results, &two);
            assert_same(w, &two, expected, operation->name, "came back as JSON");
            corbel_message_clear(&results);
        } else {
            corbel_error other = CORBEL_ERROR_INIT;
            assert_int_equal(status, CORBEL_RAISED);
            must(corbel_json_exception(&error, w->described, &back, &other), &other, operation->name);
        }
    }
    corbel_error_clear(&error);
    corbel_string_free(text);
    corbel_string_free(back);
    corbel_message_clear(&again);
    corbel_object_seq_clear(&beside);
    crb_buf_clear(&one);
    crb_buf_clear(&two);
}

/** The same values, laid out by the tables. */
static void make_values(const corbel_operation *operation, unsigned which, const void **ret)
{
    for (uint32_t i = 0; i < operation->n_in; i++) {
        void *const value = kitchen_take(operation->in[i].type->size);
        kitchen_value(operation->in[i].type, which + i, value);
        ret[i] = value;
    }
}

static void call_all_ways(world *w, const path *way, const corbel_operation *here, const corbel_operation *there, unsigned which)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message arguments = CORBEL_MESSAGE_INIT;
    const void *in[BY_NAME_PARAMS] = { NULL }, *in_there[BY_NAME_PARAMS] = { NULL };
    outcome o[6] = { { .status = CORBEL_OK } };
    assert_true(here->n_in <= BY_NAME_PARAMS && here->n_out <= BY_NAME_PARAMS);
    make_values(here, which, in);
    make_values(there, which, in_there);
    must(corbel_message_encode(there->in, there->n_in, in_there, &arguments, &error), &error, there->name);
    by_values(way->tap, here, in, &o[0]); /* as a generated stub */
    take_tapped(&o[0]);
    by_values(way->tap, there, in_there, &o[1]); /* with described tables */
    take_tapped(&o[1]);
    by_bytes(way->tap, there, &arguments, &o[2]);
    take_tapped(&o[2]);
    by_bytes(way->real, there, &arguments, &o[3]); /* what the generated skeleton sends */
    by_bytes(way->values, there, &arguments, &o[4]);
    by_bytes(way->json, there, &arguments, &o[5]);
    for (int i = 1; i < 6; i++) {
        assert_int_equal(o[i].status, o[0].status);
        assert_same(w, &o[0].back, &o[i].back, here->name, "came back");
        if (i < 3) {
            assert_same(w, &o[0].sent, &o[i].sent, here->name, "arrived");
        }
    }
    through_json(w, way->values, there, &arguments, &o[0].back);
    w->calls += 6;
    w->raised += o[0].status == CORBEL_RAISED;
    for (int i = 0; i < 6; i++) {
        outcome_clear(&o[i]);
    }
    corbel_message_clear(&arguments);
    kitchen_values_free();
}

static void call_everything(world *w, const path *way)
{
    const corbel_interface *const here = &kitchen_Sink_interface, *const there = w->described;
    kitchen_Thing *const thing = kitchen_Thing_new(w->client, &thing_servant, NULL, NULL);
    kitchen_object = kitchen_Thing_as_object(thing);
    w->calls = w->raised = w->bytes = 0;
    assert_true(here != there && here->fingerprint == there->fingerprint && here->n_methods == there->n_methods);
    for (uint32_t m = 0; m < there->n_methods; m++) {
        for (unsigned which = 0; which < KITCHEN_RANDOM + BY_NAME_SEEDS; which++) {
            call_all_ways(w, way, here->methods[m].operation, there->methods[m].operation, which);
        }
    }
    kitchen_Thing_unref(thing);
    print_message("%u operations: %lu calls, %lu raised, %lu bytes compared\n", (unsigned)there->n_methods, w->calls, w->raised,
                  w->bytes);
    assert_true(w->calls >= KITCHEN_BY_NAME_FLOOR && w->raised >= KITCHEN_BY_NAME_FLOOR / 60);
}

static void everything_over_tcp(void **state)
{
    world *const w = *state;
    call_everything(w, &w->ways[0]);
}

static void everything_over_a_unix_socket(void **state)
{
    world *const w = *state;
    call_everything(w, &w->ways[1]);
}

/** The generated stubs cannot tell who serves them. */
static void generated_stubs_of_what_is_served_dynamically(void **state)
{
    world *const w = *state;
    unsigned long n = 0;
    kitchen_Thing *const thing = kitchen_Thing_new(w->client, &thing_servant, NULL, NULL);
    kitchen_object = kitchen_Thing_as_object(thing);
    for (int i = 0; i < 2; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        kitchen_Sink *sink = NULL;
        must(kitchen_Sink_cast(i == 0 ? w->ways[0].values : w->ways[0].json, &sink, &error), &error, "a cast");
        for (size_t row = 0; row < kitchen_n_rows; row++) {
            const corbel_type *const type = kitchen_type((unsigned)row);
            kitchen_slot b_out = { 0 }, c = { 0 }, ret = { 0 };
            void *const a = kitchen_take(type->size), *const b = kitchen_take(type->size);
            kitchen_value(type, KITCHEN_HIGHEST, a);
            kitchen_value(type, KITCHEN_RANDOM, b);
            must(kitchen_rows[row].call(sink, a, b, &b_out, &c, &ret, &error), &error, kitchen_rows[row].operation);
            assert_true(corbel_value_equal(type, kitchen_slot_value(type, &ret), a));
            assert_true(corbel_value_equal(type, kitchen_slot_value(type, &b_out), a));
            assert_true(corbel_value_equal(type, kitchen_slot_value(type, &c), b));
            kitchen_slot_release(type, &b_out);
            kitchen_slot_release(type, &c);
            kitchen_slot_release(type, &ret);
            if (kitchen_rows[row].raise != NULL) {
                assert_int_equal(kitchen_rows[row].raise(sink, a, &error), CORBEL_RAISED);
                assert_true(corbel_value_equal(type, kitchen_rows[row].of(&error), a));
                corbel_error_clear(&error);
            }
            kitchen_values_free();
            n++;
        }
        kitchen_Sink_unref(sink);
    }
    kitchen_Thing_unref(thing);
    assert_true(n == 2 * kitchen_n_rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_over_tcp),
        cmocka_unit_test(everything_over_a_unix_socket),
        cmocka_unit_test(generated_stubs_of_what_is_served_dynamically),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
