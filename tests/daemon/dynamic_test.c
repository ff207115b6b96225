/** Calls by name with JSON, with values of described interfaces, and raw, over a session and inside the process. */
#include "probe.h"

#include <corbel/dynamic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static probe_server server;
static corbel_runtime *client;
static corbel_object *remote;
static const corbel_interface *described;
static probe_listener_state heard;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_server_start(&server, NULL, NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(corbel_object_from_uri(client, NULL, server.uri, &remote, &error));
    MUST(corbel_object_describe(remote, NULL, &described, &error));
    probe_listener_init(&heard);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    corbel_interface_unref(described);
    corbel_object_unref(remote);
    corbel_runtime_unref(client);
    probe_server_stop(&server);
    return 0;
}

static void what_an_object_is(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_interface *listener = NULL, *none = NULL;
    (void)state;
    assert_string_equal(described->name, "probe::Probe");
    assert_true(described->fingerprint == probe_Probe_interface.fingerprint);
    assert_int_equal(described->n_methods, probe_Probe_interface.n_methods);
    MUST(corbel_object_describe(remote, "probe::Listener", &listener, &error));
    assert_true(listener->fingerprint == probe_Listener_interface.fingerprint);
    assert_ptr_equal(corbel_interface_ref(listener), listener);
    assert_null(corbel_interface_unref(listener));
    assert_null(corbel_interface_unref(listener));
    assert_null(corbel_interface_unref(NULL));
    assert_ptr_equal(corbel_interface_ref(&probe_Probe_interface), &probe_Probe_interface);
    assert_null(corbel_interface_unref(&probe_Probe_interface));
    assert_int_equal(corbel_object_describe(remote, "probe::Nothing", &none, &error), CORBEL_NOT_FOUND);
    assert_non_null(strstr(error.message, "probe::Nothing"));
    assert_null(none);
    corbel_error_clear(&error);
    assert_int_equal(corbel_object_describe(NULL, NULL, &none, &error), CORBEL_NIL_REFERENCE);
    corbel_error_clear(&error);
}

/** A description kept in a file is as good as one that was asked for. */
static void descriptions_as_json(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_interface *again = NULL;
    char *one = NULL, *two = NULL, *result = NULL;
    (void)state;
    MUST(corbel_interface_to_json(&probe_Probe_interface, &one, &error));
    MUST(corbel_interface_from_json(one, &again, &error));
    MUST(corbel_interface_to_json(again, &two, &error));
    assert_string_equal(one, two);
    MUST(corbel_json_call(remote, again, "add", "{\"a\":1,\"b\":2}", &result, &error));
    assert_string_equal(result, "{\"ret\":3}");
    corbel_interface_unref(again);
    corbel_string_free(result);
    corbel_string_free(one);
    corbel_string_free(two);
    static const char *const bad[] = { "", "[]", "{\"name\":5}", "{\"name\":\"not a name\"}",
                                       ("{\"name\":\"a::B\",\"operations\":[{\"name\":\"x\",\"declaredBy\":\"a::B\",\"ins\":[{"
                                        "\"name\":\"y\",\"id\":1,\"type\":7}]}]}") };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(corbel_interface_from_json(bad[i], &again, &error), CORBEL_INVALID_ARGUMENT);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        corbel_error_clear(&error);
    }
}

typedef struct json_row {
    const char *operation, *arguments;
    corbel_status status;
    const char *result; /* all of it; of a failure: what its message has in it */
} json_row;

/* clang-format off */
static const json_row json_rows[] = {
    { "add", "{\"a\":40,\"b\":2}", CORBEL_OK, "{\"ret\":42}" },
    { "add", "{ \"b\" : 2, \"a\" : -2 }", CORBEL_OK, "{\"ret\":0}" },
    { "probe::Probe::add", "{\"a\":1,\"b\":null}", CORBEL_OK, "{\"ret\":1}" },
    { "echo", "{\"text\":\"\\u00e9\\\"\"}", CORBEL_OK, "{\"ret\":\"\xc3\xa9\\\"\"}" },
    { "blob", "{\"data\":\"AAEC\"}", CORBEL_OK, "{\"ret\":\"AAEC\"}" },
    { "turn", "{\"points\":[{\"x\":1,\"label\":\"a\"},{\"x\":2}],\"count\":5}", CORBEL_OK, NULL },
    { "kept", NULL, CORBEL_OK, "{\"ret\":\"\"}" },
    { "kept", "{}", CORBEL_OK, "{\"ret\":\"\"}" },
    { "raise_it", "{\"why\":\"so\"}", CORBEL_RAISED, "raised probe::Refused" },
    { "fail", "{\"text\":\"wood\"}", CORBEL_REFUSED, "wood" },
    { "ad", "{}", CORBEL_UNIMPLEMENTED, "probe::Probe has no operation ad; did you mean add?" },
    { "riase_it", "{}", CORBEL_UNIMPLEMENTED, "did you mean raise_it?" },
    { "makeNode", "{}", CORBEL_UNIMPLEMENTED, "did you mean make_node?" },
    { "probe::Listener::add", "{}", CORBEL_UNIMPLEMENTED, "no operation probe::Listener::add" },
    { "xyzzy", "{}", CORBEL_UNIMPLEMENTED, "probe::Probe has no operation xyzzy" },
    { "", "{}", CORBEL_UNIMPLEMENTED, "no operation " },
    { "\033[2J", "{}", CORBEL_UNIMPLEMENTED, "\\x1b[2J" },
    { "add", "{\"a\":40}", CORBEL_INVALID_ARGUMENT, "probe::Probe::add: parameter b is missing" },
    { "add", NULL, CORBEL_INVALID_ARGUMENT, "parameter a is missing" },
    { "add", "{\"a\":40,\"b\":2,\"c\":1}", CORBEL_INVALID_ARGUMENT, "no parameter \"c\"" },
    { "echo", "{\"txet\":\"\"}", CORBEL_INVALID_ARGUMENT, "no parameter \"txet\"; did you mean \"text\"?" },
    { "add", "{\"a\":\"x\",\"b\":2}", CORBEL_INVALID_ARGUMENT, "probe::Probe::add: a: not a number" },
    { "add", "{\"a\":true,\"b\":2}", CORBEL_INVALID_ARGUMENT, "a: a boolean, not a number" },
    { "add", "{\"a\":2147483648,\"b\":2}", CORBEL_INVALID_ARGUMENT, "a: " },
    { "add", "{\"a\":1,\"a\":1,\"b\":2}", CORBEL_INVALID_ARGUMENT, "duplicate" },
    { "add", "[1,2]", CORBEL_INVALID_ARGUMENT, "the arguments are an array, not an object" },
    { "add", "{\"a\":1,", CORBEL_INVALID_ARGUMENT, "line 1, column 7" },
    { "add", "", CORBEL_INVALID_ARGUMENT, "line 1" },
    { "turn", "{\"points\":[{\"x\":1},{\"label\":\"123456789\"}],\"count\":5}", CORBEL_INVALID_ARGUMENT, "points[1].label: 9 bytes, at most 8" },
    { "turn", "{\"points\":[{\"y\":1}],\"count\":5}", CORBEL_INVALID_ARGUMENT, "points[0]: no member \"y\"" },
    { "turn", "{\"points\":{},\"count\":5}", CORBEL_INVALID_ARGUMENT, "points: an object, not an array" },
    { "keep", "{\"listener\":\"no uri\"}", CORBEL_INVALID_ARGUMENT, "listener: " },
    { "keep", "{\"listener\":\"#1\"}", CORBEL_INVALID_ARGUMENT, "listener: " },
};
/* clang-format on */
enum { JSON_ROWS = 33 };
_Static_assert(sizeof json_rows / sizeof *json_rows == JSON_ROWS, "a row was lost");

static void call_rows(corbel_object *object, const corbel_interface *interface)
{
    for (size_t i = 0; i < JSON_ROWS; i++) {
        const json_row *const row = &json_rows[i];
        for (int halves = 0; halves < 2; halves++) {
            corbel_error error = CORBEL_ERROR_INIT;
            char *result = NULL;
            const corbel_status status =
                halves == 0
                    ? corbel_json_call(object, interface, row->operation, row->arguments, &result, &error)
                    : corbel_json_finish(corbel_json_begin(object, interface, row->operation, row->arguments), &result, &error);
            if (status != row->status ||
                (row->result != NULL &&
                 (status == CORBEL_OK ? strcmp(result, row->result) != 0 : strstr(error.message, row->result) == NULL))) {
                fail_msg("row %zu, %s: %s, %s%s", i, row->operation, corbel_status_name(status), error.message,
                         result == NULL ? "" : result);
            }
            if (status == CORBEL_INVALID_ARGUMENT || status == CORBEL_UNIMPLEMENTED) {
                assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
            }
            assert_true((result != NULL) == (status == CORBEL_OK));
            corbel_string_free(result);
            corbel_error_clear(&error);
        }
    }
}

static void json_over_a_session(void **state)
{
    (void)state;
    call_rows(remote, described);
    call_rows(remote, &probe_Probe_interface); /* generated tables are as good */
    call_rows(remote, NULL);                   /* the object is asked */
}

static void json_in_the_process(void **state)
{
    (void)state;
    call_rows(probe_Probe_as_object(server.object), &probe_Probe_interface);
    call_rows(probe_Probe_as_object(server.object), NULL);
}

static void exceptions_as_json(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT, other = CORBEL_ERROR_INIT;
    char *text = NULL;
    (void)state;
    assert_int_equal(corbel_json_exception(&error, described, &text, &other), CORBEL_NOT_FOUND);
    assert_int_equal(corbel_json_call(remote, described, "raise_it", "{\"why\":\"it \\\"rains\\\"\"}", NULL, &error),
                     CORBEL_RAISED);
    assert_string_equal(corbel_error_exception(&error), "probe::Refused");
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES);
    MUST(corbel_json_exception(&error, described, &text, &other));
    assert_string_equal(text, "{\"why\":\"it \\\"rains\\\"\"}");
    assert_string_equal(probe_Refused_of(&error)->why, "it \"rains\""); /* who has the type may look at it as ever */
    assert_int_equal(corbel_json_exception(&error, &probe_Named_interface, &text, &other), CORBEL_NOT_FOUND);
    corbel_string_free(text);
    corbel_error_clear(&other);
    corbel_error_clear(&error);
    assert_int_equal(corbel_json_call(remote, described, "raise_it", "{\"why\":\"\"}", NULL, NULL), CORBEL_RAISED);
}

/** References have a URI, or travel beside the text. */
static void references_in_json(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *text = NULL, *result = NULL;
    (void)state;
    assert_int_equal(corbel_json_call(remote, described, "make_node", "{\"name\":\"n\"}", &text, &error),
                     CORBEL_INVALID_ARGUMENT);
    assert_int_equal(error.completion, CORBEL_COMPLETED_YES); /* it was made, and is given back */
    assert_non_null(strstr(error.message, "ret: the reference has no URI"));
    assert_null(text);
    corbel_error_clear(&error);

    const corbel_operation *const make = corbel_interface_operation(described, "make_node", &error);
    corbel_message in = CORBEL_MESSAGE_INIT, out = CORBEL_MESSAGE_INIT;
    corbel_object_seq beside = { 0, NULL };
    MUST(corbel_message_from_json(client, make->in, make->n_in, "{\"name\":\"n\"}", NULL, &in, &error));
    MUST(corbel_raw_call(remote, make->interface, make->name, false, &in, &out, &error));
    MUST(corbel_message_to_json(make->out, make->n_out, &out, &text, &beside, &error));
    assert_string_equal(text, "{\"ret\":\"#1\"}");
    assert_int_equal(beside.len, 1);
    MUST(corbel_json_call(beside.items[0], NULL, "get_name", NULL, &result, &error));
    assert_string_equal(result, "{\"ret\":\"n\"}");
    corbel_message_clear(&in);
    corbel_message_clear(&out);

    /* And in again. */
    probe_Listener *const listener = probe_listener_new(client, &heard);
    corbel_object *const object = probe_Listener_as_object(listener);
    const corbel_object_seq handles = { 1, &object };
    const corbel_operation *const keep = corbel_interface_operation(described, "keep", &error);
    MUST(corbel_message_from_json(NULL, keep->in, keep->n_in, "{\"listener\":\"#1\"}", &handles, &in, &error));
    assert_int_equal(in.n_references, 1);
    assert_string_equal(in.references[0].interface, "probe::Listener");
    MUST(corbel_raw_call(remote, keep->interface, keep->name, false, &in, NULL, &error));
    corbel_string_free(result);
    MUST(corbel_json_call(remote, described, "add_by_kept", "{\"a\":20,\"b\":3}", &result, &error));
    assert_string_equal(result, "{\"ret\":23}");
    corbel_message_clear(&in);
    static const char *const bad[] = { "{\"listener\":\"#0\"}", "{\"listener\":\"#2\"}", "{\"listener\":\"#\"}",
                                       "{\"listener\":\"#1x\"}", "{\"listener\":\"#99999999999999999999999999\"}" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(corbel_message_from_json(NULL, keep->in, keep->n_in, bad[i], &handles, &in, &error),
                         CORBEL_INVALID_ARGUMENT);
        assert_non_null(strstr(error.message, "listener: no such reference"));
    }
    corbel_error_clear(&error);
    MUST(corbel_json_call(remote, described, "keep", "{\"listener\":\"\"}", NULL, &error));
    probe_Listener_unref(listener);
    corbel_object_seq_clear(&beside);
    corbel_string_free(text);
    corbel_string_free(result);
}

/** Text that is made to hurt: refused in time, before anything is sent, with what is wrong. */
static void hostile_json(void **state)
{
    enum { HUGE_TEXT = 5 << 20, DEEP = 200000, MANY = 100000 };
    const uint64_t before = atomic_load(&server.state.entered);
    corbel_error error = CORBEL_ERROR_INIT;
    char *const text = malloc(HUGE_TEXT + 100);
    (void)state;
    assert_non_null(text);
    /* Too much text. */
    memset(text, ' ', HUGE_TEXT);
    strcpy(text + HUGE_TEXT, "{\"a\":1,\"b\":2}");
    assert_int_equal(corbel_json_call(remote, described, "add", text, NULL, &error), CORBEL_LIMIT);
    assert_non_null(strstr(error.message, "4194304 bytes"));
    /* Too deep, as arrays and as objects, where a value is wanted and where none is. */
    static const char *const nests[] = { "{\"a\":1,\"b\":", "{\"points\":", "{\"c\":", "" };
    for (size_t i = 0; i < 8; i++) {
        char *at = stpcpy(text, nests[i / 2]);
        for (int k = 0; k < DEEP; k++) {
            at = stpcpy(at, i % 2 == 0 ? "[" : "{\"a\":");
        }
        const corbel_status status = corbel_json_call(remote, described, i / 2 == 1 ? "turn" : "add", text, NULL, &error);
        assert_true(status == CORBEL_LIMIT || status == CORBEL_INVALID_ARGUMENT);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    }
    /* More members than there are parameters. */
    char *at = stpcpy(text, "{\"a\":1");
    for (int k = 0; k < MANY; k++) {
        at += sprintf(at, ",\"x%d\":0", k);
    }
    strcpy(at, "}");
    assert_int_equal(corbel_json_call(remote, described, "add", text, NULL, &error), CORBEL_INVALID_ARGUMENT);
    /* A name without end is not printed whole, and has no suggestion. */
    memset(text, 'a', 100000);
    text[100000] = '\0';
    assert_int_equal(corbel_json_call(remote, described, text, "{}", NULL, &error), CORBEL_UNIMPLEMENTED);
    assert_true(strlen(error.message) < 1000 && strstr(error.message, "did you mean") == NULL);
    /* What is no value of the type, of every sort. */
    static const char *const wrong[] = {
        "[]",   "{}",          "\"\"",        "\"1 \"", "1.5", "1e99", "-1e999", "\"0x10\"", "99999999999999999999",
        "true", "\"\\u0000\"", "\"\\ud800\"", "NaN",    "+1",  "01",   "1,",     "'1'",      "//1"
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, 100, "{\"a\":%s,\"b\":2}", wrong[i]);
        const corbel_status status = corbel_json_call(remote, described, "add", text, NULL, &error);
        if (status != CORBEL_INVALID_ARGUMENT) {
            fail_msg("%s: %s", wrong[i], corbel_status_name(status));
        }
    }
    assert_true(atomic_load(&server.state.entered) == before);
    free(text);
    corbel_error_clear(&error);
}

/** The functions of stubs, with tables that go away while what came of them stays. */
static void values_of_described_types(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_interface *interface = NULL;
    (void)state;
    MUST(corbel_object_describe(remote, "probe::Probe", &interface, &error));
    const corbel_operation *const make = corbel_interface_operation(interface, "make_node", &error);
    const corbel_operation *const raise_it = corbel_interface_operation(interface, "raise_it", &error);
    const char *const name = "of described type";
    const void *const in[] = { &name };
    union {
        corbel_object *object;
        max_align_t align;
    } node = { .object = NULL };
    void *const out[] = { &node };
    assert_int_equal(corbel_output_size(make->out[0].type), sizeof(corbel_object *));
    MUST(corbel_stub_call(remote, make, in, out, &error));
    assert_ptr_equal(*(corbel_object *const *)corbel_output_value(make->out[0].type, &node), node.object);
    assert_int_equal(corbel_stub_call(remote, raise_it, in, NULL, &error), CORBEL_RAISED);
    corbel_call *const call = corbel_stub_begin(remote, raise_it, in);
    corbel_interface_unref(interface); /* the call holds what it needs */
    corbel_error later = CORBEL_ERROR_INIT;
    assert_int_equal(corbel_stub_finish(call, raise_it, NULL, &later), CORBEL_RAISED);
    assert_string_equal(probe_Refused_of(&error)->why, name);
    assert_string_equal(probe_Refused_of(&later)->why, name);
    corbel_error_clear(&error);
    corbel_error_clear(&later);
    char *text = NULL;
    MUST(
        corbel_json_call(node.object, &probe_Node_interface, "get_name", NULL, &text, &error)); /* the reference holds no table */
    assert_string_equal(text, "{\"ret\":\"of described type\"}");
    corbel_string_free(text);
    probe_Node *cast = NULL;
    MUST(probe_Node_cast(node.object, &cast, &error));
    probe_Node_unref(cast);
    corbel_object_unref(node.object);
    assert_int_equal(corbel_json_finish(corbel_json_begin(remote, described, "xyzzy", NULL), NULL, &error), CORBEL_UNIMPLEMENTED);
    assert_null(corbel_call_drop(corbel_json_begin(remote, described, "xyzzy", NULL)));
    assert_null(corbel_call_drop(corbel_json_begin(remote, NULL, "add", "{\"a\":1,\"b\":2}")));
    corbel_error_clear(&error);
}

static void raw_calls(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    static const uint8_t sum[] = { 0x08, 80, 0x10, 4 }; /* 40 and 2, zigzag */
    const corbel_message in = { .body = { sizeof sum, sum } };
    corbel_message out = CORBEL_MESSAGE_INIT;
    (void)state;
    for (int i = 0; i < 2; i++) {
        corbel_object *const object = i == 0 ? remote : probe_Probe_as_object(server.object);
        MUST(corbel_raw_call(object, "probe::Probe", "add", false, &in, &out, &error));
        assert_int_equal(out.body.len, 2);
        assert_memory_equal(out.body.items, "\x08\x54", 2);
        corbel_message_clear(&out);
        MUST(corbel_raw_finish(corbel_raw_begin(object, "probe::Probe", "add", &in), &out, &error));
        assert_memory_equal(out.body.items, "\x08\x54", 2);
        corbel_message_clear(&out);
        MUST(corbel_raw_call(object, "probe::Probe", "add", false, NULL, NULL, &error)); /* zeros, and what comes is not wanted */
        assert_int_equal(corbel_raw_call(object, "probe::Probe", "added", false, &in, &out, &error), CORBEL_UNIMPLEMENTED);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        static const uint8_t nonsense[] = { 0x0b };
        const corbel_message bad = { .body = { 1, nonsense } };
        assert_int_equal(corbel_raw_call(object, "probe::Probe", "add", false, &bad, &out, &error), CORBEL_DECODE);
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
        const corbel_tagged untagged = { .object = object };
        const corbel_message no_tag = { .n_references = 1, .references = &untagged };
        assert_int_equal(corbel_raw_call(object, "probe::Probe", "keep", false, &no_tag, &out, &error), CORBEL_INVALID_ARGUMENT);
        assert_int_equal(corbel_raw_call(object, "probe::Probe", "", false, &in, &out, &error), CORBEL_MISUSE);
        assert_int_equal(corbel_raw_call(object, NULL, "add", false, &in, &out, &error), CORBEL_MISUSE);
        assert_int_equal(corbel_raw_finish(corbel_raw_begin(object, NULL, "add", &in), &out, &error), CORBEL_MISUSE);
        assert_int_equal(corbel_raw_finish(corbel_raw_begin(NULL, "probe::Probe", "add", &in), &out, &error),
                         CORBEL_NIL_REFERENCE);
        assert_int_equal(corbel_raw_finish(NULL, &out, &error), CORBEL_MISUSE);
        assert_int_equal(corbel_json_finish(corbel_raw_begin(object, "probe::Probe", "add", &in), NULL, &error), CORBEL_MISUSE);
        assert_int_equal(corbel_raw_finish(probe_Probe_add_begin((probe_Probe *)object, 1, 2), &out, &error), CORBEL_MISUSE);
        const uint64_t before = probe_event_count(&server.state.notified);
        static const uint8_t number[] = { 0x08, 1 };
        MUST(corbel_raw_call(object, "probe::Probe", "notify", true, &(corbel_message) { .body = { 2, number } }, &out, &error));
        assert_true(probe_event_wait(&server.state.notified, before + 1));
        MUST(corbel_json_call(object, described, "notify", "{\"number\":2}", NULL, &error));
        assert_true(probe_event_wait(&server.state.notified, before + 2));
        assert_int_equal(corbel_json_finish(corbel_json_begin(object, described, "notify", "{\"number\":2}"), NULL, &error),
                         CORBEL_MISUSE);
        assert_null(out.references);
        corbel_error_clear(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_object_is),   cmocka_unit_test(descriptions_as_json),      cmocka_unit_test(json_over_a_session),
        cmocka_unit_test(json_in_the_process), cmocka_unit_test(exceptions_as_json),        cmocka_unit_test(references_in_json),
        cmocka_unit_test(hostile_json),        cmocka_unit_test(values_of_described_types), cmocka_unit_test(raw_calls),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
