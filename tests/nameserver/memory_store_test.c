/* The memory store: its operations, one by one, from several threads, and without memory. */
#include "nameserver/store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Allocations fail when this reaches 0; below 0 they never do. Only the test's own thread sets it. */
static _Thread_local int allocations_left = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool allocation_fails(void)
{
    if (allocations_left < 0) {
        return false;
    }
    return allocations_left == 0 || allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

static bool keep(void *user, const ns_entry *entry)
{
    *(uint64_t *)user = entry->registration;
    return true;
}

/* ret_registration: of what stands under the name afterwards. */
static ns_outcome put(ns_store *store, const char *name, const char *uri, bool replace, uint64_t *ret_registration)
{
    static const char *const tags[] = { "one", "two" };
    return store->put(store, &(ns_entry) { .name = name, .uri = uri, .tags = tags, .n_tags = 2, .leased = true }, replace,
                      ret_registration == NULL ? NULL : keep, ret_registration);
}

/* What a store showed, as text: "name=uri[tag,tag]#registration;". */
typedef struct shown {
    char text[512];
    size_t n;
    size_t stop_after; /* 0: never */
    uint64_t revision;
} shown;

static bool show(void *user, const ns_entry *entry)
{
    shown *s = user;
    size_t len = strlen(s->text);
    len += (size_t)snprintf(s->text + len, sizeof s->text - len, "%s=%s[", entry->name, entry->uri);
    for (size_t i = 0; i < entry->n_tags; i++) {
        len += (size_t)snprintf(s->text + len, sizeof s->text - len, "%s%s", i == 0 ? "" : ",", entry->tags[i]);
    }
    snprintf(s->text + len, sizeof s->text - len, "]%s;", entry->leased ? "" : "!");
    s->revision = entry->revision;
    return ++s->n != s->stop_after;
}

static bool count(void *user, const ns_entry *entry)
{
    (void)entry;
    ++*(size_t *)user;
    return true;
}

static int setup(void **state)
{
    *state = ns_memory_store_new(0);
    return *state == NULL;
}

static int teardown(void **state)
{
    ns_store *store = *state;
    store->free(store);
    return 0;
}

static void test_put_get_remove(void **state)
{
    ns_store *store = *state;
    shown s = { 0 };
    uint64_t first = 0, second = 0;
    assert_int_equal(store->get(store, "a", show, &s), NS_NO_SUCH_NAME);
    assert_int_equal(put(store, "a", "corbel:x@h:1", false, &first), NS_DONE);
    assert_int_not_equal(first, 0);
    assert_int_equal(put(store, "a", "corbel:y@h:1", false, &second), NS_TAKEN);
    assert_int_equal(second, first);
    assert_int_equal(store->get(store, "a", show, &s), NS_DONE);
    assert_string_equal(s.text, "a=corbel:x@h:1[one,two];");
    assert_int_equal(store->remove(store, "a", 0), NS_DONE);
    assert_int_equal(store->remove(store, "a", 0), NS_NO_SUCH_NAME);
    assert_int_equal(store->get(store, "a", show, &s), NS_NO_SUCH_NAME);
}

/* A registration that was replaced, or removed and made anew, no longer owns the name. */
static void test_registrations(void **state)
{
    ns_store *store = *state;
    uint64_t first = 0, second = 0, third = 0;
    shown s = { 0 };
    assert_int_equal(put(store, "a", "corbel:x@h:1", false, &first), NS_DONE);
    assert_int_equal(put(store, "a", "corbel:y@h:1", true, &second), NS_DONE);
    assert_true(second > first);
    assert_int_equal(store->remove(store, "a", first), NS_NO_SUCH_NAME);
    assert_int_equal(store->get(store, "a", show, &s), NS_DONE);
    assert_string_equal(s.text, "a=corbel:y@h:1[one,two];");
    assert_int_equal(store->remove(store, "a", second), NS_DONE);
    assert_int_equal(put(store, "a", "corbel:z@h:1", false, &third), NS_DONE);
    assert_true(third > second);
    assert_int_equal(store->remove(store, "a", second), NS_NO_SUCH_NAME);
    assert_int_equal(store->remove(store, "a", third), NS_DONE);
}

/* New tags change the revision, but not whose the name is. */
static void test_tags(void **state)
{
    static const char *const tags[] = { "x", "y", "z" };
    ns_store *store = *state;
    uint64_t registration = 0;
    shown before = { 0 }, after = { 0 }, bare = { 0 };
    assert_int_equal(store->set_tags(store, "a", tags, 3), NS_NO_SUCH_NAME);
    assert_int_equal(put(store, "a", "corbel:x@h:1", false, &registration), NS_DONE);
    assert_int_equal(store->get(store, "a", show, &before), NS_DONE);
    assert_int_equal(store->set_tags(store, "a", tags, 3), NS_DONE);
    assert_int_equal(store->get(store, "a", show, &after), NS_DONE);
    assert_string_equal(after.text, "a=corbel:x@h:1[x,y,z];");
    assert_true(after.revision > before.revision);
    assert_int_equal(store->set_tags(store, "a", NULL, 0), NS_DONE);
    assert_int_equal(store->get(store, "a", show, &bare), NS_DONE);
    assert_string_equal(bare.text, "a=corbel:x@h:1[];");
    assert_int_equal(store->remove(store, "a", registration), NS_DONE);
}

static void test_list(void **state)
{
    static const struct {
        const char *prefix;
        size_t stop_after;
        const char *shown;
    } rows[] = {
        { "", 0, "a=u[];a.b=u[];a.c=u[];b=u[];\xc3\xa9=u[];" },
        { "a", 0, "a=u[];a.b=u[];a.c=u[];" },
        { "a.", 0, "a.b=u[];a.c=u[];" },
        { "a.c", 0, "a.c=u[];" },
        { "a.c.d", 0, "" },
        { "\xc3\xa9", 0, "\xc3\xa9=u[];" },
        { "", 2, "a=u[];a.b=u[];" },
    };
    static const char *const names[] = { "b", "a.c", "\xc3\xa9", "a", "a.b" };
    ns_store *store = *state;
    shown empty = { 0 };
    assert_int_equal(store->list(store, "", show, &empty), NS_DONE);
    assert_string_equal(empty.text, "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(store->put(store, &(ns_entry) { .name = names[i], .uri = "u", .leased = true }, false, NULL, NULL),
                         NS_DONE);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        shown s = { .stop_after = rows[i].stop_after };
        assert_int_equal(store->list(store, rows[i].prefix, show, &s), NS_DONE);
        assert_string_equal(s.text, rows[i].shown);
    }
    assert_int_equal(sizeof rows / sizeof *rows, 7);
}

static void test_full(void **state)
{
    (void)state;
    ns_store *store = ns_memory_store_new(2);
    assert_non_null(store);
    assert_int_equal(put(store, "a", "u", false, NULL), NS_DONE);
    assert_int_equal(put(store, "b", "u", false, NULL), NS_DONE);
    assert_int_equal(put(store, "c", "u", false, NULL), NS_FULL);
    assert_int_equal(put(store, "a", "v", true, NULL), NS_DONE);
    assert_int_equal(store->remove(store, "b", 0), NS_DONE);
    assert_int_equal(put(store, "c", "u", false, NULL), NS_DONE);
    store->free(store);
}

/* Fails the first, the second, ... allocation of each operation until it succeeds: what is there stays as it was. */
static void test_no_memory(void **state)
{
    static const char *const tags[] = { "x" };
    ns_store *store = *state;
    size_t refused = 0;
    ns_outcome outcome = NS_NO_MEMORY;
    for (int left = 0; outcome != NS_DONE; left++) {
        allocations_left = left;
        outcome = put(store, "a", "u", false, NULL);
        allocations_left = -1;
        if (outcome == NS_NO_MEMORY) {
            shown s = { 0 };
            refused++;
            assert_int_equal(store->get(store, "a", show, &s), NS_NO_SUCH_NAME);
        }
        assert_true(left < 20);
    }
    assert_in_range(refused, 2, 19);

    allocations_left = 0;
    assert_int_equal(put(store, "a", "v", true, NULL), NS_NO_MEMORY);
    assert_int_equal(store->set_tags(store, "a", tags, 1), NS_NO_MEMORY);
    size_t n = 0;
    assert_int_equal(store->list(store, "", count, &n), NS_NO_MEMORY);
    assert_null(ns_memory_store_new(0));
    allocations_left = -1;
    shown s = { 0 };
    assert_int_equal(store->get(store, "a", show, &s), NS_DONE);
    assert_string_equal(s.text, "a=u[one,two];");
}

enum { THREADS = 4, ROUNDS = 500 };

/* Each thread has names of its own, and one that all fight for. */
static void *hammer(void *argument)
{
    ns_store *store = argument;
    static _Atomic int next_number;
    const int number = next_number++;
    for (int i = 0; i < ROUNDS; i++) {
        char name[32];
        uint64_t registration = 0;
        size_t n = 0;
        snprintf(name, sizeof name, "own.%d.%d", number, i % 10);
        if (put(store, name, "u", false, &registration) != NS_DONE || put(store, "shared", "u", true, NULL) != NS_DONE ||
            store->list(store, "own.", count, &n) != NS_DONE || n == 0 || store->remove(store, name, registration) != NS_DONE) {
            return store;
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    ns_store *store = *state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, store), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    size_t n = 0;
    assert_int_equal(store->list(store, "", count, &n), NS_DONE);
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_get_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(test_registrations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test(test_full),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
