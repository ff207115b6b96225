/* Every allocation fails once, in turn, while an interface is described, tables are made of the description, kept as JSON and
 * read again, and used for a message: no crash, no leak, CORBEL_NO_MEMORY told, nothing handed out. */
#include "kinds.corbel.h"
#include "maps.corbel.h"
#include "members.corbel.h"
#include "runtime/describe/describe.h"
#include "tests/runtime/support/alloc_fail.h"
#include "tests/runtime/support/test.h"

#include <corbel/daemon.corbel.h>
#include <corbel/dynamic.h>
#include <string.h>

static alloc_outcome outcome_of(corbel_status status, corbel_error *error)
{
    if (status != CORBEL_OK && status != CORBEL_NO_MEMORY) {
        fail_msg("%s instead of NO_MEMORY: %s", corbel_status_name(status), error->message);
    }
    assert_true(status == CORBEL_OK || error->status == status);
    corbel_error_clear(error);
    return status == CORBEL_OK ? ALLOC_DONE : ALLOC_REFUSED;
}

static alloc_outcome run_describe(const corbel_interface *interface)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_InterfaceDescription description = { 0 }, again = { 0 };
    crb_tables *tables = NULL;
    crb_arena *const arena = crb_arena_new(0);
    if (arena == NULL) {
        return ALLOC_REFUSED;
    }
    corbel_status status = crb_describe(interface, arena, &description, &error);
    if (status == CORBEL_OK) {
        status = crb_tables_new(&description, NULL, &tables, &error);
        assert_int_equal(status == CORBEL_OK, tables != NULL);
    }
    if (status == CORBEL_OK) {
        status = crb_describe(crb_tables_interface(tables), arena, &again, &error);
    }
    if (status == CORBEL_OK) {
        assert_true(corbel_value_equal(&corbel_InterfaceDescription_type, &description, &again));
    }
    crb_tables_free(tables);
    crb_arena_free(arena);
    return outcome_of(status, &error);
}

static alloc_outcome run_kinds(void)
{
    return run_describe(&kinds_Thing_interface);
}

static alloc_outcome run_maps(void)
{
    return run_describe(&maps_Account_interface);
}

static alloc_outcome run_members(void)
{
    return run_describe(&members_Thing_interface);
}

static alloc_outcome run_daemon(void)
{
    return run_describe(&corbel_Daemon_interface);
}

static alloc_outcome run_find(void)
{
    const corbel_interface *const roots[] = { &kinds_Thing_interface, &corbel_Daemon_interface };
    bool no_memory = false;
    const corbel_interface *const found = crb_find_interface(roots, 2, "corbel::Daemon", 0, &no_memory);
    assert_true(found == (no_memory ? NULL : &corbel_Daemon_interface));
    return no_memory ? ALLOC_REFUSED : ALLOC_DONE;
}

static alloc_outcome run_json(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_interface *made = NULL;
    char *json = NULL;
    corbel_status status = corbel_interface_to_json(&corbel_Daemon_interface, &json, &error);
    if (status == CORBEL_OK) {
        status = corbel_interface_from_json(json, &made, &error);
        assert_int_equal(status == CORBEL_OK, made != NULL);
    }
    corbel_string_free(json);
    corbel_interface_unref(made);
    return outcome_of(status, &error);
}

static alloc_outcome run_message(void)
{
    static const char text[] = "{\"interfaceName\":\"a::B\",\"fingerprint\":\"18446744073709551615\"}";
    const corbel_operation *const operation = corbel_Daemon_interface.methods[0].operation;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message message = CORBEL_MESSAGE_INIT;
    corbel_object_seq beside = { 0, NULL };
    char *name = NULL, *back = NULL;
    uint64_t fingerprint = 0;
    void *const out[] = { &name, &fingerprint };
    corbel_status status = corbel_message_from_json(NULL, operation->in, operation->n_in, text, NULL, &message, &error);
    if (status == CORBEL_OK) {
        status = corbel_message_to_json(operation->in, operation->n_in, &message, &back, &beside, &error);
    }
    if (status == CORBEL_OK) {
        assert_string_equal(back, text);
        status = corbel_message_decode(operation->in, operation->n_in, &message, out, &error);
    }
    if (status == CORBEL_OK) {
        assert_true(strcmp(name, "a::B") == 0 && fingerprint == UINT64_MAX);
    }
    corbel_string_free(name);
    corbel_string_free(back);
    corbel_object_seq_clear(&beside);
    corbel_message_clear(&message);
    return outcome_of(status, &error);
}

static const alloc_case cases[] = {
    { "the interface of all kinds of types", 20, run_kinds, false },
    { "one with maps", 20, run_maps, false },
    { "one with optional members and defaults", 20, run_members, false },
    { "corbel::Daemon", 20, run_daemon, false },
    { "finding an interface", 5, run_find, true },
    { "a description as JSON", 50, run_json, true },
    { "a message from JSON and back", 10, run_message, true },
};

static void every_allocation_fails_once(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(cases), 7);
    alloc_fail_cases(cases, LENGTH_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
