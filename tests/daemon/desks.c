/** Desks, and the world of the tests of batches: see desks.h. */
#include "desks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- desks ---- */

void office_init(office *self)
{
    memset(self, 0, sizeof *self);
    pthread_mutex_init(&self->lock, NULL);
    probe_event_init(&self->written);
    probe_event_init(&self->entered);
    probe_event_init(&self->go_on);
}

static uint32_t office_write(office *self, int32_t number)
{
    pthread_mutex_lock(&self->lock);
    if (self->n < BOOK) {
        self->book[self->n++] = number;
    }
    const uint32_t n = self->n;
    pthread_mutex_unlock(&self->lock);
    probe_event_add(&self->written, 1);
    return n;
}

static corbel_status desk_note(void *self, corbel_request *request, int32_t number, uint32_t *ret)
{
    (void)request;
    *ret = office_write(self, number);
    return CORBEL_OK;
}

static corbel_status desk_refuse(void *self, corbel_request *request, int32_t number);
static corbel_status desk_fail(void *self, corbel_request *request, int32_t number)
{
    office_write(self, number);
    return corbel_request_fail(request, CORBEL_BUSY, "not now");
}

static corbel_status desk_drop(void *self, corbel_request *request, int32_t number)
{
    (void)request;
    office_write(self, number);
    return CORBEL_OK;
}

static corbel_status desk_slow(void *self, corbel_request *request, int32_t number)
{
    office *const o = self;
    probe_event_add(&o->entered, 1);
    (void)request;
    const bool goes_on = probe_event_wait(&o->go_on, 1);
    if (!goes_on) {
        return CORBEL_FAILED;
    }
    office_write(o, number);
    return CORBEL_OK;
}

static corbel_status desk_blob(void *self, corbel_request *request, corbel_bytes data, corbel_bytes *ret)
{
    (void)request;
    office_write(self, (int32_t)data.len);
    *ret = data;
    return CORBEL_OK;
}

static corbel_status desk_open(void *self, corbel_request *request, const char *name, batches_Desk **ret);

static corbel_status desk_pass_on(void *self, corbel_request *request, batches_Desk *to, int32_t number, uint32_t *ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)self;
    return batches_Desk_note(to, number, ret, &error) ? corbel_request_forward(request, &error) : CORBEL_OK;
}

static corbel_status desk_book(void *self, corbel_request *request, corbel_int32_seq *ret)
{
    office *const o = self;
    pthread_mutex_lock(&o->lock);
    int32_t *const items = corbel_request_alloc(request, o->n == 0 ? 1 : o->n, sizeof *items);
    if (items != NULL) {
        memcpy(items, o->book, o->n * sizeof *items);
        *ret = (corbel_int32_seq) { o->n, items };
    }
    pthread_mutex_unlock(&o->lock);
    return items == NULL ? CORBEL_NO_MEMORY : CORBEL_OK;
}

const batches_Desk_servant desk_servant = { .note = desk_note,
                                            .refuse = desk_refuse,
                                            .fail = desk_fail,
                                            .drop = desk_drop,
                                            .slow = desk_slow,
                                            .blob = desk_blob,
                                            .open = desk_open,
                                            .pass_on = desk_pass_on,
                                            .book = desk_book };

static corbel_status desk_refuse(void *self, corbel_request *request, int32_t number)
{
    batches_Desk *const what = batches_Desk_new(corbel_request_runtime(request), &desk_servant, self, NULL);
    office_write(self, number);
    const batches_Refused refused = { .at = number, .what = batches_Desk_as_object(what) };
    const corbel_status status = batches_Refused_raise(request, &refused);
    batches_Desk_unref(what);
    return status;
}

static corbel_status desk_open(void *self, corbel_request *request, const char *name, batches_Desk **ret)
{
    (void)name;
    *ret = batches_Desk_new(corbel_request_runtime(request), &desk_servant, self, NULL);
    return CORBEL_OK;
}

/* ---- the world ---- */

world_state world;
batches_Desk *const *const world_sides[2] = { world.remote, world.local };

static void world_open(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char uri[600];
    office_init(&world.there);
    probe_server_start(&world.server, NULL, NULL);
    world.local[0] = batches_Desk_new(world.server.runtime, &desk_servant, &world.there, NULL);
    MUST(corbel_daemon_register(world.server.daemon, "desk", batches_Desk_as_object(world.local[0]), &error));
    MUST(corbel_runtime_new(NULL, &world.client, &error));
    (void)snprintf(uri, sizeof uri, "corbel:desk%s", strchr(world.server.uri, '@'));
    MUST(batches_Desk_from_uri(world.client, uri, &world.remote[0], &error));
    for (size_t i = 1; i < 3; i++) {
        MUST(batches_Desk_open(world.remote[0], "", &world.remote[i], &error));
        MUST(batches_Desk_open(world.local[0], "", &world.local[i], &error));
    }
}

int world_set_up(void **state)
{
    (void)state;
    world_open();
    return 0;
}

int world_tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        batches_Desk_unref(world.remote[i]);
        batches_Desk_unref(world.local[i]);
    }
    corbel_runtime_unref(world.client);
    probe_server_stop(&world.server);
    return 0;
}

void world_expect_book(const int32_t *numbers, size_t n)
{
    pthread_mutex_lock(&world.there.lock);
    assert_int_equal(world.there.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(world.there.book[i], numbers[i]);
    }
    world.there.n = 0;
    pthread_mutex_unlock(&world.there.lock);
}

void desks_derive(batches_Desk *const *from, corbel_batch *batch, batches_Desk **ret)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    for (size_t i = 0; i < 3; i++) {
        ret[i] = batches_Desk_with(from[i], &options);
    }
}

void desks_give_back(batches_Desk **desks)
{
    for (size_t i = 0; i < 3; i++) {
        batches_Desk_unref(desks[i]);
    }
}
