/* Keys of calls whose effect happens once: every verdict, every bound hit, and a long random life against a model that knows what
 * was ever entered. Argument: a seed and a number of steps for that one; the default is enough for what is planted here. */
#include "tests/runtime/support/test.h"

#include "runtime/session/once.h"
#include "runtime/transport/scripted.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND = 1000000000 };

static uint64_t once_seed = 7;

static crb_once_key key_of(uint8_t via, uint8_t whose, uint64_t sequence, bool again)
{
    crb_once_key key = { .sequence = sequence, .operation = 1, .again = again };
    key.via[15] = via;
    key.whose[0] = whose;
    return key;
}

static crb_once_verdict admit(crb_once_table *table, crb_once_key key, uint64_t now, crb_once_entry **ret)
{
    crb_once_entry *entry = NULL;
    const crb_once_verdict verdict = crb_once_admit(table, &key, false, now, ret == NULL ? &entry : ret);
    return verdict;
}

/** Runs a new key to its answer; the reply is any pointer. */
static void answer(crb_once_table *table, crb_once_key key, void *reply, uint64_t bytes, uint64_t now)
{
    crb_once_entry *entry = NULL;
    assert_int_equal(admit(table, key, now, &entry), CRB_ONCE_RUN);
    crb_once_answered(table, entry, reply, bytes, now);
}

static size_t dropped(crb_once_table *table)
{
    size_t n = 0;
    while (crb_once_take_dropped(table) != NULL) {
        n++;
    }
    return n;
}

static crb_once_table *small_table(crb_once_limits limits)
{
    const crb_once_limits standard = CRB_ONCE_LIMITS_DEFAULT;
    limits.keys = limits.keys == 0 ? standard.keys : limits.keys;
    limits.keys_of_one = limits.keys_of_one == 0 ? standard.keys_of_one : limits.keys_of_one;
    limits.bytes = limits.bytes == 0 ? standard.bytes : limits.bytes;
    limits.bytes_of_one = limits.bytes_of_one == 0 ? standard.bytes_of_one : limits.bytes_of_one;
    limits.callers = limits.callers == 0 ? standard.callers : limits.callers;
    limits.keep = limits.keep == 0 ? standard.keep : limits.keep;
    limits.idle = limits.idle == 0 ? standard.idle : limits.idle;
    crb_once_table *const table = crb_once_new(&limits);
    assert_non_null(table);
    return table;
}

/* ---- verdicts ---- */

static void test_a_key_runs_once(void **state)
{
    (void)state;
    crb_once_table *const table = crb_once_new(NULL);
    crb_once_entry *entry = NULL, *other = NULL;
    int reply = 0, call = 0;
    assert_int_equal(admit(table, key_of(1, 1, 5, false), 0, &entry), CRB_ONCE_RUN);
    entry->user = &call;
    assert_int_equal(admit(table, key_of(1, 1, 5, true), 0, &other), CRB_ONCE_JOIN);
    assert_ptr_equal(other, entry);
    assert_ptr_equal(other->user, &call);
    crb_once_answered(table, entry, &reply, 10, SECOND);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(admit(table, key_of(1, 1, 5, true), 2 * SECOND, &other), CRB_ONCE_REPLAY);
        assert_ptr_equal(other->user, &reply);
    }
    const crb_once_stats stats = crb_once_get_stats(table);
    assert_int_equal(stats.keys, 1);
    assert_int_equal(stats.running, 0);
    assert_int_equal(stats.bytes, 10);
    /* Another caller's, another way, another sequence: other keys. */
    assert_int_equal(admit(table, key_of(2, 1, 5, false), 0, NULL), CRB_ONCE_RUN);
    assert_int_equal(admit(table, key_of(1, 2, 5, false), 0, NULL), CRB_ONCE_RUN);
    assert_int_equal(admit(table, key_of(1, 1, 4, false), 0, NULL), CRB_ONCE_RUN);
    crb_once_free(table);
}

static void test_another_operation(void **state)
{
    (void)state;
    crb_once_table *const table = crb_once_new(NULL);
    int reply = 0;
    crb_once_key other = key_of(1, 1, 1, true);
    answer(table, key_of(1, 1, 1, false), &reply, 1, 0);
    other.operation = 2;
    assert_int_equal(admit(table, other, 0, NULL), CRB_ONCE_OTHER);
    crb_once_free(table);
}

static void test_acknowledged(void **state)
{
    (void)state;
    crb_once_table *const table = crb_once_new(NULL);
    crb_once_entry *running = NULL;
    int replies[5];
    const crb_once_key mine = key_of(1, 1, 1, false);
    for (uint64_t i = 1; i <= 4; i++) {
        answer(table, key_of(1, 1, i, false), &replies[i], 1, 0);
        answer(table, key_of(1, 9, i, false), &replies[i], 1, 0);
    }
    assert_int_equal(admit(table, key_of(1, 1, 5, false), 0, &running), CRB_ONCE_RUN);
    crb_once_acknowledge(table, mine.via, mine.whose, 3, 0);
    assert_int_equal(dropped(table), 2);
    crb_once_acknowledge(table, mine.via, mine.whose, 2, 0); /* late: says nothing new */
    assert_int_equal(dropped(table), 0);
    assert_int_equal(admit(table, key_of(1, 1, 2, true), 0, NULL), CRB_ONCE_FORGET);
    assert_int_equal(admit(table, key_of(1, 1, 2, false), 0, NULL), CRB_ONCE_FORGET);
    assert_int_equal(admit(table, key_of(1, 1, 3, true), 0, NULL), CRB_ONCE_REPLAY);
    assert_int_equal(admit(table, key_of(1, 9, 2, true), 0, NULL), CRB_ONCE_REPLAY);
    /* Its caller has given it up; when it ends, nobody wants the reply. */
    crb_once_acknowledge(table, mine.via, mine.whose, 6, 0);
    assert_int_equal(dropped(table), 2);
    assert_int_equal(admit(table, key_of(1, 1, 5, true), 0, NULL), CRB_ONCE_JOIN);
    crb_once_answered(table, running, &replies[0], 1, 0);
    assert_int_equal(dropped(table), 1);
    assert_int_equal(admit(table, key_of(1, 1, 5, true), 0, NULL), CRB_ONCE_FORGET);
    crb_once_acknowledge(table, key_of(3, 3, 1, false).via, mine.whose, 6, 0); /* nobody */
    crb_once_free(table);
}

static void test_what_was_not_entered(void **state)
{
    (void)state;
    crb_once_table *const table = crb_once_new(NULL);
    crb_once_entry *entry = NULL;
    assert_int_equal(admit(table, key_of(1, 1, 1, false), 0, &entry), CRB_ONCE_RUN);
    crb_once_not_run(table, entry, false, 0);
    assert_int_equal(crb_once_get_stats(table).keys, 0);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 0, &entry), CRB_ONCE_RUN);
    crb_once_leave(table, entry, 0); /* its servant knows */
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 0, &entry), CRB_ONCE_RUN);
    crb_once_unkept(table, entry, 0); /* no memory for its reply */
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 0, &entry), CRB_ONCE_FORGET);
    crb_once_free(table);
}

static void test_passed_on(void **state)
{
    (void)state;
    crb_once_table *const table = crb_once_new(NULL);
    crb_once_entry *entry = NULL;
    int reply = 0;
    assert_int_equal(admit(table, key_of(1, 1, 1, false), 0, &entry), CRB_ONCE_RUN);
    crb_once_unsure(table, entry, 0);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 0, &entry), CRB_ONCE_RUN_AGAIN);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 0, NULL), CRB_ONCE_JOIN);
    crb_once_not_run(table, entry, true, 0); /* this attempt; the one before may have */
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 0, &entry), CRB_ONCE_RUN_AGAIN);
    crb_once_answered(table, entry, &reply, 1, 0);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 0, NULL), CRB_ONCE_REPLAY);
    assert_int_equal(admit(table, key_of(1, 1, 2, false), 0, &entry), CRB_ONCE_RUN);
    crb_once_acknowledge(table, key_of(1, 1, 1, false).via, key_of(1, 1, 1, false).whose, 9, 0);
    crb_once_unsure(table, entry, 0); /* nobody will ask */
    assert_int_equal(crb_once_get_stats(table).keys, 0);
    assert_int_equal(dropped(table), 1);
    assert_int_equal(admit(table, key_of(1, 1, 2, true), 0, &entry), CRB_ONCE_FORGET);
    crb_once_free(table);
}

static void test_a_servant_that_remembers(void **state)
{
    (void)state;
    crb_once_table *const table = crb_once_new(NULL);
    crb_once_entry *entry = NULL;
    const crb_once_key key = key_of(1, 1, 1, true);
    int reply = 0;
    answer(table, key, &reply, 1, 0);
    crb_once_acknowledge(table, key.via, key.whose, 5, 0);
    assert_int_equal(dropped(table), 1);
    assert_int_equal(crb_once_admit(table, &key, false, 0, &entry), CRB_ONCE_FORGET);
    assert_int_equal(crb_once_admit(table, &key, true, 0, &entry), CRB_ONCE_RUN); /* it is asked */
    assert_int_equal(crb_once_admit(table, &key, true, 0, &entry), CRB_ONCE_JOIN);
    crb_once_free(table);
}

/* ---- bounds ---- */

static void test_bound_of_one(void **state)
{
    (void)state;
    crb_once_table *const table = small_table((crb_once_limits) { .keys_of_one = 3 });
    crb_once_entry *entry = NULL;
    int reply = 0;
    for (uint64_t i = 1; i <= 3; i++) {
        answer(table, key_of(1, 1, i, false), &reply, 1, i);
        answer(table, key_of(1, 2, i, false), &reply, 1, i);
    }
    answer(table, key_of(1, 1, 4, false), &reply, 1, 9); /* its oldest goes, nobody else's */
    assert_int_equal(dropped(table), 1);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 9, NULL), CRB_ONCE_FORGET);
    assert_int_equal(admit(table, key_of(1, 1, 2, true), 9, NULL), CRB_ONCE_REPLAY);
    assert_int_equal(admit(table, key_of(1, 2, 1, true), 9, NULL), CRB_ONCE_REPLAY);
    for (uint64_t i = 5; i <= 7; i++) {
        assert_int_equal(admit(table, key_of(1, 1, i, false), 9, &entry), CRB_ONCE_RUN);
    }
    assert_int_equal(dropped(table), 3);
    assert_int_equal(admit(table, key_of(1, 1, 8, false), 9, NULL), CRB_ONCE_FULL); /* three run */
    assert_int_equal(admit(table, key_of(1, 2, 8, false), 9, NULL), CRB_ONCE_RUN);
    crb_once_answered(table, entry, &reply, 1, 9);
    assert_int_equal(admit(table, key_of(1, 1, 8, false), 9, NULL), CRB_ONCE_RUN);
    assert_int_equal(dropped(table), 2); /* one of each caller */
    crb_once_free(table);
}

static void test_bound_of_all(void **state)
{
    (void)state;
    crb_once_table *const table = small_table((crb_once_limits) { .keys = 4 });
    int reply = 0;
    for (uint8_t i = 1; i <= 4; i++) {
        answer(table, key_of(1, i, 1, false), &reply, 1, i);
    }
    assert_int_equal(admit(table, key_of(1, 9, 1, false), 9, NULL), CRB_ONCE_RUN);
    assert_int_equal(dropped(table), 1);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 9, NULL), CRB_ONCE_FORGET);
    assert_int_equal(admit(table, key_of(1, 2, 1, true), 9, NULL), CRB_ONCE_REPLAY);
    for (uint8_t i = 2; i <= 4; i++) {
        assert_int_equal(admit(table, key_of(1, i, 2, false), 9, NULL), CRB_ONCE_RUN);
    }
    assert_int_equal(dropped(table), 3);
    assert_int_equal(admit(table, key_of(1, 5, 2, false), 9, NULL), CRB_ONCE_FULL);
    assert_int_equal(crb_once_get_stats(table).keys, 4);
    assert_int_equal(crb_once_get_stats(table).running, 4);
    crb_once_free(table);
}

static void test_bound_of_bytes(void **state)
{
    (void)state;
    crb_once_table *const table = small_table((crb_once_limits) { .bytes = 100, .bytes_of_one = 60 });
    int reply = 0;
    answer(table, key_of(1, 1, 1, false), &reply, 30, 0);
    answer(table, key_of(1, 1, 2, false), &reply, 30, 0);
    assert_int_equal(dropped(table), 0);
    answer(table, key_of(1, 1, 3, false), &reply, 31, 0); /* of one: both must go */
    assert_int_equal(dropped(table), 2);
    assert_int_equal(crb_once_get_stats(table).bytes, 31);
    answer(table, key_of(1, 2, 1, false), &reply, 60, 0);
    answer(table, key_of(1, 3, 1, false), &reply, 10, 0); /* of all: the oldest */
    assert_int_equal(dropped(table), 1);
    assert_int_equal(crb_once_get_stats(table).bytes, 70);
    answer(table, key_of(1, 4, 1, false), &reply, 61, 0); /* itself */
    assert_int_equal(dropped(table), 1);
    assert_int_equal(admit(table, key_of(1, 4, 1, true), 0, NULL), CRB_ONCE_FORGET);
    assert_int_equal(crb_once_get_stats(table).bytes, 70);
    crb_once_free(table);
}

static void test_bound_of_time(void **state)
{
    (void)state;
    crb_once_table *const table = small_table((crb_once_limits) { .keep = 60 * (uint64_t)SECOND });
    crb_once_entry *entry = NULL;
    int reply = 0;
    assert_true(crb_once_expire(table, 0) == UINT64_MAX);
    answer(table, key_of(1, 1, 1, false), &reply, 1, 10);
    assert_int_equal(admit(table, key_of(1, 1, 2, false), 20, &entry), CRB_ONCE_RUN);
    const uint64_t end = 10 + 60 * (uint64_t)SECOND;
    assert_true(crb_once_expire(table, end - 1) == end);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), end - 1, NULL), CRB_ONCE_REPLAY);
    assert_true(crb_once_expire(table, end) == UINT64_MAX); /* what runs is not kept yet */
    assert_int_equal(dropped(table), 1);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), end, NULL), CRB_ONCE_FORGET);
    crb_once_answered(table, entry, &reply, 1, end);
    assert_true(crb_once_expire(table, end) == end + 60 * (uint64_t)SECOND);
    assert_int_equal(admit(table, key_of(1, 1, 2, true), end, NULL), CRB_ONCE_REPLAY); /* its minute began with the answer */
    crb_once_drop_all(table);
    assert_int_equal(dropped(table), 1);
    crb_once_free(table);
}

static void test_bound_of_callers(void **state)
{
    (void)state;
    crb_once_table *const table = small_table((crb_once_limits) { .callers = 2, .idle = 100, .keep = 10 });
    int reply = 0;
    answer(table, key_of(1, 1, 1, false), &reply, 1, 0);
    answer(table, key_of(1, 2, 1, false), &reply, 1, 5);
    assert_int_equal(admit(table, key_of(1, 3, 1, false), 9, NULL), CRB_ONCE_FULL); /* both have keys */
    (void)crb_once_expire(table, 20);
    assert_int_equal(dropped(table), 2);
    assert_int_equal(admit(table, key_of(1, 3, 1, false), 119, NULL), CRB_ONCE_FULL); /* not idle for long enough */
    /* Nobody was forgotten so far: a repetition of an unknown caller's call never arrived before. */
    assert_int_equal(admit(table, key_of(1, 3, 1, true), 120, NULL), CRB_ONCE_RUN);
    assert_int_equal(crb_once_get_stats(table).callers, 2);
    /* Now the first is forgotten: whatever it repeats may have run. Its new calls may be entered. */
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 500, NULL), CRB_ONCE_FORGET);
    assert_int_equal(admit(table, key_of(1, 1, 2, false), 500, NULL), CRB_ONCE_RUN);
    assert_int_equal(admit(table, key_of(1, 1, 1, true), 500, NULL), CRB_ONCE_FORGET);
    assert_int_equal(admit(table, key_of(1, 1, 2, true), 500, NULL), CRB_ONCE_JOIN);
    crb_once_free(table);
}

/* ---- a long life ---- */

enum { CALLERS = 6, SEQUENCES = 900, IDLE = 60 };

/** What really happened to a key. */
typedef struct model_key {
    bool entered, answered;
    crb_once_entry *entry; /* while it runs */
    int reply;
    uint64_t sent; /* for the first time */
} model_key;

static struct {
    model_key keys[CALLERS][SEQUENCES + 1];
    uint64_t next[CALLERS], lowest[CALLERS];
    crb_once_table *table;
    uint64_t random, now;
    uint64_t verdicts[CRB_ONCE_NO_MEMORY + 1];
    size_t gone;
} model;

static uint64_t model_random(uint64_t below)
{
    return crb_scripted_random(&model.random) % below;
}

static void model_attempt(uint8_t caller, uint64_t sequence, bool again)
{
    model_key *const key = &model.keys[caller][sequence];
    crb_once_entry *entry = NULL;
    const crb_once_verdict verdict = admit(model.table, key_of(1, caller, sequence, again), model.now, &entry);
    model.verdicts[verdict]++;
    switch (verdict) {
    case CRB_ONCE_RUN:
        if (key->entered) {
            fail_msg("seed %llu: a key was entered twice", (unsigned long long)once_seed);
        }
        key->entered = true;
        key->entry = entry;
        entry->user = key;
        break;
    case CRB_ONCE_JOIN:
        assert_ptr_equal(entry, key->entry);
        break;
    case CRB_ONCE_REPLAY:
        assert_true(key->answered);
        assert_ptr_equal(entry->user, &key->reply);
        break;
    case CRB_ONCE_FORGET:
    case CRB_ONCE_FULL:
        assert_null(key->entry);
        break;
    default:
        fail_msg("seed %llu: verdict %d", (unsigned long long)once_seed, (int)verdict);
    }
}

static void model_end(uint8_t caller, uint64_t sequence)
{
    model_key *const key = &model.keys[caller][sequence];
    if (key->entry == NULL) {
        return;
    }
    crb_once_entry *const entry = key->entry;
    key->entry = NULL;
    if (model_random(8) == 0) {
        key->entered = false; /* it was refused before the servant saw it */
        crb_once_not_run(model.table, entry, false, model.now);
    } else {
        key->answered = true;
        crb_once_answered(model.table, entry, &key->reply, 1 + model_random(20), model.now);
    }
}

static void model_step(void)
{
    const uint8_t caller = (uint8_t)model_random(CALLERS);
    const crb_once_key some = key_of(1, caller, 1, false);
    const uint64_t what = model_random(20);
    const uint64_t drawn = model.next[caller];
    model.now += model_random(30);
    if (what < 6 && drawn < SEQUENCES) {
        model.keys[caller][drawn + 1].sent = model.now;
        model_attempt(caller, ++model.next[caller], false);
    } else if (what < 10 && drawn > 0) {
        /* A repetition, or a late twin of the first attempt on a session that was lost: it is never as late as limits.idle. */
        const uint64_t back = model_random(drawn < 30 ? drawn : 30);
        const bool early = model.now - model.keys[caller][drawn - back].sent < IDLE;
        model_attempt(caller, drawn - back, what < 9 || !early);
    } else if (what < 17 && drawn > 0) {
        for (uint64_t back = 0, n = model_random(3); back < drawn && back < 60; back++) { /* one of those that run */
            if (model.keys[caller][drawn - back].entry != NULL && n-- == 0) {
                model_end(caller, drawn - back);
                break;
            }
        }
    } else if (what < 18 && drawn > 0) {
        const uint64_t open = drawn > model.lowest[caller] ? drawn - model.lowest[caller] : 0;
        model.lowest[caller] += model_random(1 + (open < 6 ? open : 6));
        crb_once_acknowledge(model.table, some.via, some.whose, model.lowest[caller], model.now);
    } else if (what < 19) {
        (void)crb_once_expire(model.table, model.now);
    }
    model.gone += dropped(model.table);
}

static void test_a_long_life(void **state)
{
    (void)state;
    memset(&model, 0, sizeof model);
    model.random = once_seed;
    model.table = small_table((crb_once_limits) { .keys = 40,
                                                  .keys_of_one = 12,
                                                  .bytes = 300,
                                                  .bytes_of_one = 90,
                                                  .callers = 4, /* some wait, some are forgotten */
                                                  .keep = 900,
                                                  .idle = IDLE });
    for (int i = 0; i < 12000; i++) {
        model_step();
        const crb_once_stats stats = crb_once_get_stats(model.table);
        assert_true(stats.keys <= 40 && stats.running <= stats.keys && stats.bytes <= 300 && stats.callers <= 4);
    }
    for (int caller = 0; caller < CALLERS; caller++) {
        for (uint64_t i = 1; i <= SEQUENCES; i++) {
            model_end((uint8_t)caller, i);
        }
    }
    crb_once_drop_all(model.table);
    model.gone += dropped(model.table);
    assert_int_equal(crb_once_get_stats(model.table).keys, 0);
    assert_int_equal(crb_once_get_stats(model.table).bytes, 0);
    size_t answered = 0;
    for (size_t caller = 0; caller < CALLERS; caller++) {
        for (size_t i = 1; i <= SEQUENCES; i++) {
            answered += model.keys[caller][i].answered ? 1 : 0;
        }
    }
    assert_int_equal(model.gone, answered); /* each reply was given back once */
    print_message("run %d, join %d, replay %d, forget %d, full %d\n", (int)model.verdicts[CRB_ONCE_RUN],
                  (int)model.verdicts[CRB_ONCE_JOIN], (int)model.verdicts[CRB_ONCE_REPLAY], (int)model.verdicts[CRB_ONCE_FORGET],
                  (int)model.verdicts[CRB_ONCE_FULL]);
    assert_true(model.verdicts[CRB_ONCE_RUN] > 300 && model.verdicts[CRB_ONCE_JOIN] > 50 &&
                model.verdicts[CRB_ONCE_REPLAY] > 50 && model.verdicts[CRB_ONCE_FORGET] > 100 &&
                model.verdicts[CRB_ONCE_FULL] > 20);
    crb_once_free(model.table);
}

/* ---- who calls ---- */

static void test_book(void **state)
{
    (void)state;
    crb_once_book book;
    crb_once_mine a, b, c;
    crb_once_book_init(&book);
    assert_int_equal(crb_once_lowest(&book), 1);
    crb_once_draw(&book, &a);
    crb_once_draw(&book, &b);
    crb_once_draw(&book, &c);
    assert_int_equal(a.sequence, 1);
    assert_int_equal(c.sequence, 3);
    assert_false(a.again);
    assert_int_equal(crb_once_lowest(&book), 1);
    crb_once_close(&book, &b);
    assert_int_equal(crb_once_lowest(&book), 1); /* the first is not over */
    crb_once_close(&book, &a);
    assert_int_equal(crb_once_lowest(&book), 3);
    crb_once_close(&book, &c);
    assert_int_equal(crb_once_lowest(&book), 4);
    crb_once_draw(&book, &a);
    assert_int_equal(a.sequence, 4);
    assert_int_equal(crb_once_lowest(&book), 4);
    crb_once_close(&book, &a);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_runs_once),
        cmocka_unit_test(test_another_operation),
        cmocka_unit_test(test_acknowledged),
        cmocka_unit_test(test_what_was_not_entered),
        cmocka_unit_test(test_passed_on),
        cmocka_unit_test(test_a_servant_that_remembers),
        cmocka_unit_test(test_bound_of_one),
        cmocka_unit_test(test_bound_of_all),
        cmocka_unit_test(test_bound_of_bytes),
        cmocka_unit_test(test_bound_of_time),
        cmocka_unit_test(test_bound_of_callers),
        cmocka_unit_test(test_a_long_life),
        cmocka_unit_test(test_book),
    };
    once_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : once_seed;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
