/** Streams under back-pressure: items of all sizes, some with references, both ways of one operation at once, where no writer
 * waits for a reader and readers stop until their writers can put no more. Over TCP, a Unix socket, inside one process and
 * through a relay, several at a time. Whatever is read is what was written, in its order. */
#include "probe.h"

#include "runtime/base/clock.h"

#include <corbel/generated.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LARGEST = 300 << 10, ITEMS = 48, STOP_EVERY = 12, STREAMS = 3 /* at a time, each way of calling */, KEYS = 40 };

/* ---- items ---- */

/** Of a map by string, by wstring, or by number: keys are in order, or the item is not valid. */
typedef struct pressure_entry {
    const char *key;
    uint64_t value;
} pressure_entry;

typedef struct pressure_number {
    int32_t key;
    const char *value;
} pressure_number;

typedef struct pressure_map {
    size_t len;
    const void *items;
} pressure_map;

typedef struct pressure_item {
    uint64_t number;
    const char *text;
    corbel_object *who;
    pressure_map by_string, by_wstring, by_number;
} pressure_item;

#define ENTRY_TYPE(key_type)                                                                                                     \
    &(const corbel_type)                                                                                                         \
    {                                                                                                                            \
        .kind = CORBEL_KIND_STRUCT, .size = sizeof(pressure_entry), .count = 2, .members = (const corbel_member[])               \
        {                                                                                                                        \
            { .name = "key", .id = 1, .offset = offsetof(pressure_entry, key), .type = (key_type) },                             \
                { .name = "value", .id = 2, .offset = offsetof(pressure_entry, value), .type = &corbel_uint64_type },            \
        }                                                                                                                        \
    }
static const corbel_type by_string_type = { .kind = CORBEL_KIND_MAP,
                                            .size = sizeof(pressure_map),
                                            .element = ENTRY_TYPE(&corbel_string_type) };
static const corbel_type by_wstring_type = { .kind = CORBEL_KIND_MAP,
                                             .size = sizeof(pressure_map),
                                             .element = ENTRY_TYPE(&corbel_wstring_type) };
static const corbel_member number_members[] = {
    { .name = "key", .id = 1, .offset = offsetof(pressure_number, key), .type = &corbel_int32_type },
    { .name = "value", .id = 2, .offset = offsetof(pressure_number, value), .type = &corbel_wstring_type },
};
static const corbel_type number_type = {
    .kind = CORBEL_KIND_STRUCT, .size = sizeof(pressure_number), .count = 2, .members = number_members
};
static const corbel_type by_number_type = { .kind = CORBEL_KIND_MAP, .size = sizeof(pressure_map), .element = &number_type };

static const corbel_member item_members[] = {
    { .name = "number", .id = 1, .offset = offsetof(pressure_item, number), .type = &corbel_uint64_type },
    { .name = "text", .id = 2, .offset = offsetof(pressure_item, text), .type = &corbel_string_type },
    { .name = "who", .id = 3, .offset = offsetof(pressure_item, who), .type = &corbel_object_type },
    { .name = "by_string", .id = 4, .offset = offsetof(pressure_item, by_string), .type = &by_string_type },
    { .name = "by_wstring", .id = 5, .offset = offsetof(pressure_item, by_wstring), .type = &by_wstring_type },
    { .name = "by_number", .id = 6, .offset = offsetof(pressure_item, by_number), .type = &by_number_type },
};
static const corbel_type item_type = {
    .kind = CORBEL_KIND_STRUCT, .name = "test::Item", .size = sizeof(pressure_item), .count = 6, .members = item_members
};

/** What the n-th item of a direction is: both ends make it of the seed. */
typedef struct pressure_source {
    uint64_t random, number;
    corbel_object *const *known; /* two; borrowed */
    char *text;                  /* LARGEST + 1 bytes */
    char keys[2][KEYS][40];
    pressure_entry entries[2][KEYS];
    pressure_number numbers[KEYS];
} pressure_source;

static uint64_t source_random(pressure_source *self)
{
    self->random = self->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return self->random >> 33;
}

static void source_start(pressure_source *self, uint64_t seed, corbel_object *const *known)
{
    *self = (pressure_source) { .random = seed, .known = known, .text = malloc(LARGEST + 1) };
    assert_non_null(self->text);
}

/** Keys of all lengths in UTF-8, in an order that is not that of UTF-16. */
static void source_maps(pressure_source *self, pressure_item *ret)
{
    static const char *const heads[] = { "", "a", "\xC3\xA9", "\xEF\xBF\xBD", "\xF0\x9F\x99\x82", "zz" };
    pressure_map *const maps[2] = { &ret->by_string, &ret->by_wstring };
    const corbel_type *const types[2] = { &by_string_type, &by_wstring_type };
    for (size_t m = 0; m < 2; m++) {
        const size_t n = (size_t)(source_random(self) % KEYS);
        for (size_t i = 0; i < n; i++) {
            (void)snprintf(self->keys[m][i], sizeof self->keys[m][i], "%s%x/%zu", heads[source_random(self) % 6],
                           (unsigned)source_random(self), i);
            self->entries[m][i] = (pressure_entry) { self->keys[m][i], source_random(self) };
        }
        corbel_map_sort(types[m], self->entries[m], n);
        *maps[m] = (pressure_map) { n, self->entries[m] };
    }
    const size_t n = (size_t)(source_random(self) % KEYS);
    for (size_t i = 0; i < n; i++) { /* negative ones, too, and neighbours */
        self->numbers[i] = (pressure_number) { (int32_t)((int64_t)i * 3 - KEYS + (int64_t)(source_random(self) % 3)),
                                               heads[source_random(self) % 6] };
    }
    ret->by_number = (pressure_map) { n, self->numbers };
}

static void source_next(pressure_source *self, pressure_item *ret)
{
    static const size_t edges[] = { 0, 127, 16383 - 40, 16384, 65536, LARGEST };
    const uint64_t kind = source_random(self) % 16, random = source_random(self);
    const size_t len = kind == 0 ? edges[random % (sizeof edges / sizeof *edges)]
                                 : (size_t)(random % (kind < 8    ? 200
                                                      : kind < 13 ? 20000
                                                                  : LARGEST + 1));
    const int head = snprintf(self->text, LARGEST + 1, "%llu/%zu/", (unsigned long long)self->number, len);
    for (size_t i = (size_t)head; i < len; i++) {
        self->text[i] = (char)('!' + (i * 31 + random + (i >> 9)) % 90);
    }
    self->text[len] = '\0';
    *ret = (pressure_item) { self->number, self->text,  kind % 3 == 0 ? self->known[random % 2] : NULL,
                             { 0, NULL },  { 0, NULL }, { 0, NULL } };
    source_maps(self, ret);
    self->number++;
}

static bool same_entries(const pressure_map *a, const pressure_map *b)
{
    const pressure_entry *const left = a->items, *const right = b->items;
    for (size_t i = 0; a->len == b->len && i < a->len; i++) {
        if (strcmp(left[i].key, right[i].key) != 0 || left[i].value != right[i].value) {
            return false;
        }
    }
    return a->len == b->len;
}

static bool same_numbers(const pressure_map *a, const pressure_map *b)
{
    const pressure_number *const left = a->items, *const right = b->items;
    for (size_t i = 0; a->len == b->len && i < a->len; i++) {
        if (left[i].key != right[i].key || strcmp(left[i].value, right[i].value) != 0) {
            return false;
        }
    }
    return a->len == b->len;
}

/** Says what is wrong, if something is. */
static bool source_expects(pressure_source *self, const pressure_item *item)
{
    pressure_item expected;
    source_next(self, &expected);
    const bool same =
        item->number == expected.number && strcmp(item->text, expected.text) == 0 &&
        (item->who == NULL) == (expected.who == NULL) && (item->who == NULL || corbel_object_equal(item->who, expected.who)) &&
        same_entries(&item->by_string, &expected.by_string) && same_entries(&item->by_wstring, &expected.by_wstring) &&
        same_numbers(&item->by_number, &expected.by_number);
    if (!same) {
        (void)fprintf(stderr, "item %llu came as %llu, of %zu bytes for %zu, %.40s for %.40s\n",
                      (unsigned long long)expected.number, (unsigned long long)item->number, strlen(item->text),
                      strlen(expected.text), item->text, expected.text);
    }
    return same;
}

/* ---- a direction ---- */

/** Both ends of a direction are in this program: its reader knows what its writer does. */
typedef struct pressure_flow {
    uint64_t seed;
    probe_event stuck;  /* how often the writer had no room, and much more once he is through */
    _Atomic bool waits; /* the writer does, for room */
} pressure_flow;

#define THROUGH (UINT64_C(1) << 32)

static pthread_mutex_t handing_over = PTHREAD_MUTEX_INITIALIZER; /* of flows, from callers to servants */

typedef struct pressure_end {
    pressure_flow *flow;
    corbel_stream *stream;
    corbel_object *const *known;
    uint64_t moved;
    bool failed;
    pthread_t thread;
} pressure_end;

/** False: the reader takes no more. */
static bool flow_put(pressure_flow *self, corbel_stream *stream, const pressure_item *item)
{
    const corbel_stream_result result = corbel_stream_try_put(stream, &item_type, item);
    if (result != CORBEL_STREAM_WOULD_BLOCK) {
        return result == CORBEL_STREAM_OK;
    }
    atomic_store(&self->waits, true);
    probe_event_add(&self->stuck, 1);
    const bool put = corbel_stream_put(stream, &item_type, item);
    atomic_store(&self->waits, false);
    return put;
}

/** Waits until the writer has no room, or is through. */
static bool flow_fill(pressure_flow *self)
{
    const uint64_t stuck = probe_event_count(&self->stuck);
    return stuck >= THROUGH || atomic_load(&self->waits) || probe_event_wait(&self->stuck, stuck + 1);
}

static void *end_write(void *arg)
{
    pressure_end *const self = arg;
    pressure_source source;
    source_start(&source, self->flow->seed, self->known);
    for (; self->moved < ITEMS; self->moved++) {
        pressure_item item;
        source_next(&source, &item);
        if (!flow_put(self->flow, self->stream, &item)) {
            break;
        }
    }
    self->failed = self->moved < ITEMS;
    corbel_stream_end(self->stream);
    probe_event_add(&self->flow->stuck, THROUGH);
    free(source.text);
    return NULL;
}

static void *end_read(void *arg)
{
    pressure_end *const self = arg;
    pressure_source source;
    const pressure_item *item = NULL;
    source_start(&source, self->flow->seed, self->known);
    for (bool more = true; more; self->moved += more) {
        if (self->moved % STOP_EVERY == 0 && !flow_fill(self->flow)) {
            self->failed = true;
        }
        more = corbel_stream_next(self->stream, &item_type, &item);
        if (more && !source_expects(&source, item)) {
            self->failed = true;
            break;
        }
    }
    self->failed = self->failed || self->moved != ITEMS;
    corbel_stream_end(self->stream); /* so that the writer ends where something was wrong */
    free(source.text);
    return NULL;
}

/** Writes one and reads the other, on two threads. False: something was wrong. */
static bool ends_run(pressure_end *writer, pressure_end *reader)
{
    if (pthread_create(&writer->thread, NULL, end_write, writer) != 0) {
        return false;
    }
    (void)end_read(reader);
    (void)pthread_join(writer->thread, NULL);
    return !writer->failed && !reader->failed;
}

/* ---- the servant ---- */

typedef struct pressure_servant {
    corbel_object *known[2]; /* counted */
} pressure_servant;

typedef struct pressure_exchange {
    corbel_request *request;
    pressure_end writer, reader;
} pressure_exchange;

static const corbel_param items = { .name = "items", .id = 1, .type = &item_type };
static const corbel_param exchange_in[] = { { .name = "flows", .id = 2, .type = &corbel_uint64_type },
                                            { .name = "how", .id = 3, .type = &corbel_uint64_type } };
static const corbel_operation exchange = {
    .interface = "test::Pressure", .name = "exchange", .n_in = 2, .in = exchange_in, .stream_in = &items, .stream_out = &items
};
static const corbel_param objects = { .name = "items", .id = 1, .type = &corbel_object_type };
static const corbel_operation known = { .interface = "test::Pressure", .name = "known", .stream_out = &objects };

enum { HOW_THREADS, HOW_DEFERRED, HOW_ECHO, HOWS };

static void *exchange_later(void *arg)
{
    pressure_exchange *const self = arg;
    const bool good = ends_run(&self->writer, &self->reader);
    corbel_request_end(self->request, good ? CORBEL_OK : CORBEL_FAILED);
    free(self);
    return NULL;
}

/** What comes is put back while it is lent. */
static corbel_status exchange_echo(pressure_exchange *self)
{
    pressure_source source;
    const pressure_item *item = NULL;
    bool good = true;
    source_start(&source, self->reader.flow->seed, self->reader.known);
    while (good && corbel_stream_next(self->reader.stream, &item_type, &item)) {
        good = flow_put(self->writer.flow, self->writer.stream, item) && source_expects(&source, item);
    }
    probe_event_add(&self->writer.flow->stuck, THROUGH);
    free(source.text);
    return good ? CORBEL_OK : CORBEL_FAILED;
}

static corbel_status serve_exchange(const void *servant, void *self, corbel_request *request, const void *const *in,
                                    void *const *out)
{
    pressure_servant *const state = self;
    pressure_flow *const flows = (pressure_flow *)(uintptr_t) * (const uint64_t *)in[0]; /* of this program */
    const uint64_t how = *(const uint64_t *)in[1];
    pressure_exchange here = { .request = request,
                               .writer = { .flow = &flows[1], .stream = *(corbel_stream **)out[0], .known = state->known },
                               .reader = { .flow = &flows[0], .stream = *(corbel_stream *const *)in[2], .known = state->known } };
    (void)servant;
    (void)pthread_mutex_lock(&handing_over);
    (void)pthread_mutex_unlock(&handing_over);
    if (how == HOW_ECHO) {
        return exchange_echo(&here);
    }
    if (how == HOW_THREADS) {
        return ends_run(&here.writer, &here.reader) ? CORBEL_OK : CORBEL_FAILED;
    }
    pressure_exchange *const later = malloc(sizeof *later);
    pthread_t thread;
    if (later == NULL) {
        return CORBEL_NO_MEMORY;
    }
    *later = here;
    const corbel_status status = corbel_request_defer(request);
    if (status != CORBEL_DEFERRED || pthread_create(&thread, NULL, exchange_later, later) != 0) {
        abort();
    }
    (void)pthread_detach(thread);
    return status;
}

static corbel_status serve_known(const void *servant, void *self, corbel_request *request, const void *const *in,
                                 void *const *out)
{
    (void)servant;
    (void)request;
    (void)in;
    for (size_t i = 0; i < 2; i++) {
        if (!corbel_stream_put(*(corbel_stream **)out[0], &corbel_object_type, &((pressure_servant *)self)->known[i])) {
            return CORBEL_FAILED;
        }
    }
    return CORBEL_OK;
}

static const corbel_method methods[] = { { &exchange, serve_exchange }, { &known, serve_known } };
static const corbel_interface pressure_interface = {
    .name = "test::Pressure", .fingerprint = 43, .n_methods = 2, .methods = methods
};

/* ---- houses ---- */

/** A runtime that listens, and an object of it, which knows two. */
typedef struct pressure_house {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    corbel_object *object;
    pressure_servant state;
} pressure_house;

static void house_start(pressure_house *self, const char *listen)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(corbel_runtime_new(NULL, &self->runtime, &error));
    MUST(corbel_daemon_new(self->runtime, listen, &self->daemon, &error));
    self->object = corbel_object_new(self->runtime, (corbel_skeleton) { &pressure_interface, &self->state }, &self->state, NULL);
    assert_non_null(self->object);
    MUST(corbel_daemon_register(self->daemon, "pressure", self->object, &error));
}

/** The two that a house's object knows, as runtime sees them: through the house where they are another's. */
static void house_learn(pressure_house *house, corbel_runtime *runtime, corbel_object *ret[2])
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL;
    corbel_object *object = NULL, *item = NULL;
    corbel_stream *stream = NULL;
    size_t n = 0;
    MUST(corbel_object_to_uri(house->object, &uri, &error));
    MUST(corbel_object_from_uri(runtime, &pressure_interface, uri, &object, &error));
    corbel_string_free(uri);
    corbel_call *const call = corbel_stub_begin_streams(object, &known, NULL, NULL, &stream);
    while (n < 2 && corbel_stream_next(stream, &corbel_object_type, &item)) {
        MUST(corbel_object_cast(item, &pressure_interface, &ret[n], &error));
        n++;
    }
    assert_int_equal(n, 2);
    MUST(corbel_stub_finish(call, &known, NULL, &error));
    corbel_object_unref(object);
}

/** Two new objects of the house, which know each other. */
static void house_fill(pressure_house *self, pressure_servant *states)
{
    for (size_t i = 0; i < 2; i++) {
        self->state.known[i] =
            corbel_object_new(self->runtime, (corbel_skeleton) { &pressure_interface, &states[i] }, &states[i], NULL);
        assert_non_null(self->state.known[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        states[i / 2].known[i % 2] = corbel_object_ref(self->state.known[i % 2]);
    }
}

static void forget(corbel_object *pair[2])
{
    corbel_object_unref(pair[0]);
    corbel_object_unref(pair[1]);
    pair[0] = pair[1] = NULL;
}

/* ---- the callers ---- */

enum { WAY_TCP, WAY_UNIX, WAY_HERE, WAY_RELAY, WAYS };
static const char *const way_names[WAYS] = { "TCP", "Unix", "in process", "through a relay" };

typedef struct pressure_caller {
    corbel_object *const *known; /* the first is called */
    uint64_t how;
    size_t way;
    pressure_flow flows[2];
    corbel_status status;
    bool good;
    pthread_t thread;
} pressure_caller;

static void *caller_run(void *arg)
{
    pressure_caller *const self = arg;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_stream *to = NULL, *from = NULL;
    const uint64_t flows = (uint64_t)(uintptr_t)self->flows;
    const void *const in[] = { &flows, &self->how };
    corbel_call *const call = corbel_stub_begin_streams(self->known[0], &exchange, in, &to, &from);
    pressure_end writer = { .flow = &self->flows[0], .stream = to, .known = self->known };
    pressure_end reader = { .flow = &self->flows[1], .stream = from, .known = self->known };
    self->good = ends_run(&writer, &reader);
    self->status = corbel_stub_finish(call, &exchange, NULL, &error);
    if (self->status != CORBEL_OK || !self->good) {
        (void)fprintf(stderr, "%s, %s: %llu put, %llu read, %s\n", way_names[self->way], self->good ? "good" : "bad",
                      (unsigned long long)writer.moved, (unsigned long long)reader.moved,
                      error.message != NULL ? error.message : "no error");
    }
    corbel_error_clear(&error);
    return NULL;
}

static pressure_house house, unix_house, far, shop;
static pressure_servant states[3][2];
static corbel_runtime *client;
static corbel_object *ways[WAYS][2];

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char listen[64];
    (void)state;
    (void)snprintf(listen, sizeof listen, "unix:@corbel-pressure-%ld", (long)getpid());
    house_start(&house, "localhost:0");
    house_start(&unix_house, listen);
    house_start(&far, "localhost:0");
    house_start(&shop, "localhost:0");
    house_fill(&house, states[0]);
    house_fill(&unix_house, states[1]);
    house_fill(&far, states[2]);
    house_learn(&far, shop.runtime, shop.state.known);
    MUST(corbel_runtime_new(NULL, &client, &error));
    house_learn(&house, client, ways[WAY_TCP]);
    house_learn(&unix_house, client, ways[WAY_UNIX]);
    house_learn(&shop, client, ways[WAY_RELAY]);
    ways[WAY_HERE][0] = corbel_object_ref(house.state.known[0]);
    ways[WAY_HERE][1] = corbel_object_ref(house.state.known[1]);
    return 0;
}

static int tear_down(void **state)
{
    pressure_house *const houses[] = { &shop, &far, &unix_house, &house };
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        forget(ways[i]);
    }
    corbel_runtime_unref(client);
    for (size_t i = 0; i < 3; i++) {
        forget(states[i][0].known);
        forget(states[i][1].known);
    }
    for (size_t i = 0; i < sizeof houses / sizeof *houses; i++) {
        forget(houses[i]->state.known);
        corbel_object_unref(houses[i]->object);
        corbel_daemon_unref(houses[i]->daemon);
        corbel_runtime_unref(houses[i]->runtime);
    }
    return 0;
}

static uint64_t seed = 1;

static void exchanges(uint64_t how)
{
    static pressure_caller all[HOWS][WAYS * STREAMS]; /* never used again */
    pressure_caller *const callers = all[how];
    const size_t n = WAYS * STREAMS;
    (void)pthread_mutex_lock(&handing_over);
    for (size_t i = 0; i < n; i++) {
        pressure_caller *const caller = &callers[i];
        *caller = (pressure_caller) { .known = ways[i % WAYS], .how = how, .way = i % WAYS };
        caller->flows[0].seed = seed++;
        caller->flows[1].seed = how == HOW_ECHO ? caller->flows[0].seed : seed++;
        probe_event_init(&caller->flows[0].stuck);
        probe_event_init(&caller->flows[1].stuck);
    }
    (void)pthread_mutex_unlock(&handing_over);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]), 0);
    }
    uint64_t stuck = 0;
    for (size_t i = 0; i < n; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        for (size_t k = 0; k < 2; k++) {
            stuck += probe_event_count(&callers[i].flows[k].stuck) % THROUGH;
        }
    }
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(callers[i].status, CORBEL_OK);
        assert_true(callers[i].good);
    }
    assert_true(stuck >= n); /* else nothing was tried */
}

static void a_thread_for_each_direction(void **state)
{
    (void)state;
    exchanges(HOW_THREADS);
}

static void from_another_thread_after_deferring(void **state)
{
    (void)state;
    exchanges(HOW_DEFERRED);
}

static void items_put_back_while_they_are_lent(void **state)
{
    (void)state;
    exchanges(HOW_ECHO);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_for_each_direction),
        cmocka_unit_test(from_another_thread_after_deferring),
        cmocka_unit_test(items_put_back_while_they_are_lent),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
