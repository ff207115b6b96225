#include "accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

place near, far, own;
corbel_runtime *client;
promises_Branch *branch, *far_branch;
probe_event go_on;

/* ---- servants ---- */

typedef struct teller {
    place *at;
    char owner[32];
    _Atomic uint32_t last, disorder;
} teller;

static corbel_status account_get_owner(void *self, corbel_request *request, const char **ret)
{
    (void)request;
    *ret = ((teller *)self)->owner;
    return CORBEL_OK;
}

static corbel_status account_get_partner(void *self, corbel_request *request, promises_Account **ret)
{
    (void)request;
    *ret = account_new(((teller *)self)->at, "partner");
    return CORBEL_OK;
}

static void account_number(teller *self, uint32_t number)
{
    if (number != atomic_exchange(&self->last, number) + 1) {
        atomic_fetch_add(&self->disorder, 1);
    }
}

static corbel_status account_put(void *self, corbel_request *request, uint32_t number, uint32_t *ret)
{
    (void)request;
    account_number(self, number);
    *ret = number;
    return CORBEL_OK;
}

static corbel_status account_drop(void *self, corbel_request *request, uint32_t number)
{
    (void)request;
    account_number(self, number);
    return CORBEL_OK;
}

static corbel_status account_out_of_order(void *self, corbel_request *request, uint32_t *ret)
{
    (void)request;
    *ret = atomic_load(&((teller *)self)->disorder);
    return CORBEL_OK;
}

static corbel_status account_join(void *self, corbel_request *request, promises_Account *other, promises_Account **ret)
{
    char *owner = NULL, both[64];
    corbel_error error = CORBEL_ERROR_INIT;
    if (promises_Account_get_owner(other, &owner, &error)) {
        return corbel_request_forward(request, &error);
    }
    snprintf(both, sizeof both, "%s and %s", ((teller *)self)->owner, owner);
    corbel_string_free(owner);
    *ret = account_new(((teller *)self)->at, both);
    return CORBEL_OK;
}

static corbel_status account_profile(void *self, corbel_request *request, promises_Account **ret_keeper, promises_Profile *ret)
{
    place *const at = ((teller *)self)->at;
    (void)request;
    ret->owner = ((teller *)self)->owner;
    ret->main_account = account_new(at, "main");
    ret->others.first = account_new(at, "first");
    *ret_keeper = account_new(at, "keeper");
    return CORBEL_OK;
}

static corbel_status account_later(void *self, corbel_request *request, promises_Account **ret)
{
    (void)request;
    if (!probe_event_wait(&go_on, 1)) {
        return CORBEL_FAILED;
    }
    *ret = account_new(((teller *)self)->at, "late");
    return CORBEL_OK;
}

static corbel_status account_mirror(void *self, corbel_request *request, promises_Account *other, promises_Account **ret)
{
    (void)self;
    (void)request;
    if (!probe_event_wait(&go_on, 1)) {
        return CORBEL_FAILED;
    }
    *ret = promises_Account_ref(other);
    return CORBEL_OK;
}

static corbel_status account_hold(void *self, corbel_request *request, promises_Account *other, promises_Account **ret_given)
{
    (void)request;
    if (!probe_event_wait(&go_on, 1)) {
        return CORBEL_FAILED;
    }
    *ret_given = other != NULL ? promises_Account_ref(other) : account_new(((teller *)self)->at, "held");
    return CORBEL_OK;
}

/** From 1 to n. */
static corbel_status account_count(void *self, corbel_request *request, uint32_t n, corbel_uint32_stream *ret)
{
    (void)request;
    (void)self;
    for (uint32_t i = 1; i <= n && corbel_uint32_stream_put(ret, i); i++) {
    }
    return CORBEL_OK;
}

static corbel_status account_names(void *self, corbel_request *request, promises_Account_stream *accounts, const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *names = strdup("");
    promises_Account *account = NULL;
    (void)self;
    while (promises_Account_stream_next(accounts, &account)) {
        char *owner = NULL, *more = NULL;
        if (promises_Account_get_owner(account, &owner, &error)) {
            free(names);
            return corbel_request_forward(request, &error);
        }
        if (asprintf(&more, "%s %s", names, owner) < 0) {
            abort();
        }
        corbel_string_free(owner);
        free(names);
        names = more;
    }
    *ret = corbel_request_printf(request, "%s", names);
    free(names);
    return CORBEL_OK;
}

static void account_finalize(void *self)
{
    place *const at = ((teller *)self)->at;
    free(self);
    probe_event_add(&at->finalized, 1);
}

static const promises_Account_servant account_servant = {
    .get_owner = account_get_owner,
    .get_partner = account_get_partner,
    .put = account_put,
    .drop = account_drop,
    .out_of_order = account_out_of_order,
    .join = account_join,
    .profile = account_profile,
    .later = account_later,
    .mirror = account_mirror,
    .hold = account_hold,
    .count = account_count,
    .names = account_names,
};

_Atomic uint64_t made;

promises_Account *account_new(place *at, const char *owner)
{
    teller *const self = calloc(1, sizeof *self);
    if (self == NULL) {
        abort();
    }
    self->at = at;
    snprintf(self->owner, sizeof self->owner, "%s", owner);
    atomic_fetch_add(&made, 1);
    return promises_Account_new(at->runtime, &account_servant, self, account_finalize);
}

static corbel_status branch_open(void *self, corbel_request *request, const char *owner, promises_Account **ret)
{
    (void)request;
    *ret = account_new(self, owner);
    return CORBEL_OK;
}

static corbel_status branch_find(void *self, corbel_request *request, const char *owner, promises_Account **ret)
{
    const promises_NoSuchAccount none = { .owner = owner };
    (void)self;
    if (strcmp(owner, "broken") == 0) {
        return corbel_request_fail(request, CORBEL_FAILED, "the books are lost");
    }
    if (strcmp(owner, "far") == 0) {
        corbel_error error = CORBEL_ERROR_INIT;
        return promises_Branch_open(far_branch, "far", ret, &error) == CORBEL_OK ? CORBEL_OK
                                                                                 : corbel_request_forward(request, &error);
    }
    return promises_NoSuchAccount_raise(request, &none);
}

static corbel_status branch_nothing(void *self, corbel_request *request, promises_Account **ret)
{
    (void)self;
    (void)request;
    *ret = NULL;
    return CORBEL_OK;
}

static corbel_status branch_mirror(void *self, corbel_request *request, promises_Account *other, promises_Account **ret)
{
    (void)self;
    (void)request;
    *ret = promises_Account_ref(other);
    return CORBEL_OK;
}

static corbel_status branch_name_of(void *self, corbel_request *request, promises_Account *other, const char **ret)
{
    char *owner = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    (void)self;
    if (promises_Account_get_owner(other, &owner, &error)) {
        return corbel_request_forward(request, &error);
    }
    *ret = corbel_request_printf(request, "%s", owner);
    corbel_string_free(owner);
    return CORBEL_OK;
}

static const promises_Branch_servant branch_servant = {
    .open = branch_open, .find = branch_find, .nothing = branch_nothing, .mirror = branch_mirror, .name_of = branch_name_of
};

promises_Branch *branch_new(place *at)
{
    return promises_Branch_new(at->runtime, &branch_servant, at, NULL);
}

void place_start_at(place *at, const char *listen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    probe_event_init(&at->finalized);
    MUST(corbel_runtime_new(NULL, &at->runtime, &error));
    MUST(corbel_daemon_new(at->runtime, listen, &at->daemon, &error));
    at->branch = branch_new(at);
    MUST(corbel_daemon_register(at->daemon, "branch", promises_Branch_as_object(at->branch), &error));
    MUST(corbel_daemon_uri(at->daemon, "branch", &at->uri, &error));
}

void place_start(place *at)
{
    place_start_at(at, NULL);
}

void place_stop(place *at)
{
    corbel_daemon_unref(at->daemon);
    promises_Branch_unref(at->branch);
    corbel_string_free(at->uri);
    corbel_runtime_unref(at->runtime);
}

int accounts_set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    probe_event_init(&go_on);
    probe_event_init(&own.finalized);
    place_start(&near);
    place_start(&far);
    MUST(corbel_runtime_new(NULL, &client, &error));
    own.runtime = client;
    MUST(promises_Branch_from_uri(client, near.uri, &branch, &error));
    MUST(promises_Branch_from_uri(near.runtime, far.uri, &far_branch, &error));
    return 0;
}

/** Every object that was made is gone: nobody holds what nobody has. */
int accounts_tear_down(void **state)
{
    (void)state;
    promises_Branch_unref(branch);
    promises_Branch_unref(far_branch);
    corbel_runtime_unref(client);
    place_stop(&near);
    place_stop(&far);
    const uint64_t ended =
        probe_event_count(&near.finalized) + probe_event_count(&far.finalized) + probe_event_count(&own.finalized);
    return ended == atomic_load(&made) ? 0 : 1;
}

void assert_owner(promises_Account *account, const char *expected)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *owner = NULL;
    MUST(promises_Account_get_owner(account, &owner, &error));
    assert_string_equal(owner, expected);
    corbel_string_free(owner);
}

void assert_fails(promises_Account *account, corbel_status status, const char *message)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *owner = NULL;
    assert_int_equal(promises_Account_get_owner(account, &owner, &error), status);
    assert_string_equal(error.message, message);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    corbel_error_clear(&error);
}
