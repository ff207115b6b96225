/** Threads that make, call, pass, batch, stream and drop promises at random, over TCP, over a Unix socket and in one process,
 * while sessions are cut. What must hold: every call ends in time with a status that it may have, every reference is given back.
 *
 *  usage: daemon_promise_stress_test [TURNS [SEED]] */
#include "accounts.h"

#include "runtime/base/clock.h"
#include "runtime/call/peer.h"

#include <corbel/batch.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 4, SLOTS = 12, STATUSES = 64 };

static uint64_t turns = 300, seed = 1;
static place apart; /* behind a Unix socket */
static promises_Branch *apart_branch;
static _Atomic uint64_t statuses[STATUSES];
static _Atomic bool cuts, over;

/** References that all threads share: those of the client's runtime, and those of near's own. */
typedef struct bag {
    pthread_mutex_t lock;
    promises_Account *slots[SLOTS];
} bag;
static bag bags[2] = { { .lock = PTHREAD_MUTEX_INITIALIZER }, { .lock = PTHREAD_MUTEX_INITIALIZER } };

typedef struct actor {
    uint64_t random;
    corbel_runtime *runtime;
    promises_Branch *branch;
    bag *bag;
} actor;

static uint64_t pick(actor *a, uint64_t n)
{
    a->random ^= a->random << 13;
    a->random ^= a->random >> 7;
    a->random ^= a->random << 17;
    return a->random % n;
}

/** A count of one of the bag's; a new promise where the place is empty. */
static promises_Account *take(actor *a)
{
    const size_t i = (size_t)pick(a, SLOTS);
    pthread_mutex_lock(&a->bag->lock);
    promises_Account *const account = promises_Account_ref(a->bag->slots[i]);
    pthread_mutex_unlock(&a->bag->lock);
    return account != NULL ? account : promises_Branch_open_promise(a->branch, "new");
}

/** Takes the count over. */
static void keep(actor *a, promises_Account *account)
{
    const size_t i = (size_t)pick(a, SLOTS);
    pthread_mutex_lock(&a->bag->lock);
    promises_Account *const before = a->bag->slots[i];
    a->bag->slots[i] = account;
    pthread_mutex_unlock(&a->bag->lock);
    promises_Account_unref(before);
}

/** How a call ended. What it may not be stops the program: nothing here waits for long, is wrong or overloads anybody. */
static void ended(corbel_status status, corbel_error *error)
{
    switch (status) {
    case CORBEL_OK:
    case CORBEL_CANCELLED:
    case CORBEL_SKIPPED:
    case CORBEL_NIL_REFERENCE:
        break;
    case CORBEL_GONE:
    case CORBEL_DRAINING:
    case CORBEL_NOT_FOUND:
    case CORBEL_UNREACHABLE:
        if (atomic_load(&cuts)) {
            break;
        }
        /* fall through */
    default:
        fprintf(stderr, "%s: %s\n", corbel_status_name(status), error->message);
        abort();
    }
    atomic_fetch_add(&statuses[(size_t)status % STATUSES], 1);
    corbel_error_clear(error);
}

static void act_put(actor *a)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Account *const account = take(a);
    ended(promises_Account_out_of_order(account, NULL, &error), &error);
    ended(promises_Account_drop(account, 1, &error), &error);
    promises_Account_unref(account);
}

static void act_begin(actor *a)
{
    enum { CALLS = 6 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_call *calls[CALLS];
    promises_Account *const account = take(a);
    for (size_t i = 0; i < CALLS; i++) {
        calls[i] = promises_Account_put_begin(account, 1);
    }
    if (pick(a, 2) == 0) {
        promises_Account_unref(account);
    } else {
        keep(a, account);
    }
    for (size_t i = 0; i < CALLS; i++) {
        if (pick(a, 4) == 0) {
            corbel_call_drop(calls[i]);
            continue;
        }
        if (pick(a, 8) == 0) {
            corbel_call_cancel(calls[i]);
        }
        ended(promises_Account_put_finish(calls[i], NULL, &error), &error);
    }
}

static void act_chain(actor *a)
{
    promises_Account *account = take(a);
    for (uint64_t left = 1 + pick(a, 6); left > 0; left--) {
        promises_Account *const next = promises_Account_get_partner_promise(account);
        promises_Account_unref(account);
        account = next;
    }
    keep(a, account);
}

static void act_pass(actor *a)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Account *const one = promises_Branch_open_promise(a->branch, "one");
    promises_Account *const two = take(a);
    promises_Account *const both = promises_Account_join_promise(one, two);
    char *owner = NULL;
    const corbel_status status = pick(a, 2) == 0 ? promises_Branch_name_of(a->branch, both, &owner, &error)
                                                 : promises_Account_get_owner(both, &owner, &error);
    corbel_string_free(owner);
    ended(status, &error);
    promises_Account_unref(one);
    promises_Account_unref(two);
    promises_Account_unref(both);
}

/** An object of the caller's own comes back, if the other side is another process; or one of the other side's. */
static void act_mirror(actor *a)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Account *const mine = account_new(a->bag == &bags[0] ? &own : &near, "mine");
    promises_Account *const back = promises_Branch_mirror_promise(a->branch, mine);
    corbel_call *const call = promises_Account_put_begin(back, 1);
    if (pick(a, 2) == 0) {
        promises_Account_unref(mine);
        ended(promises_Account_drop(back, 2, &error), &error);
        ended(promises_Account_put_finish(call, NULL, &error), &error);
    } else {
        corbel_call_drop(call);
        ended(promises_Account_out_of_order(back, NULL, &error), &error);
        promises_Account_unref(mine);
    }
    promises_Account_unref(back);
}

static void act_parts(actor *a)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Account *const account = take(a), *keeper = NULL;
    promises_Profile *profile = NULL;
    corbel_call *const call = promises_Account_profile_begin(account);
    promises_Account *const parts[] = { promises_Account_profile_promised_main_account(call),
                                        promises_Account_profile_promised_others_first(call),
                                        promises_Account_profile_promised_keeper(call),
                                        promises_Account_profile_promised_keeper(call) };
    corbel_call *const put = promises_Account_put_begin(parts[pick(a, 4)], 1);
    if (pick(a, 3) == 0) {
        corbel_call_drop(call);
    } else {
        ended(promises_Account_profile_finish(call, &keeper, &profile, &error), &error);
        promises_Profile_free(profile);
        keep(a, keeper);
    }
    for (size_t i = 0; i < LENGTH_OF(parts); i++) {
        if (pick(a, 3) == 0) {
            keep(a, parts[i]);
        } else {
            promises_Account_unref(parts[i]);
        }
    }
    ended(promises_Account_put_finish(put, NULL, &error), &error);
    promises_Account_unref(account);
}

static void act_batch(actor *a)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_batch *const batch =
        corbel_batch_new(a->runtime, pick(a, 2) == 0 ? CORBEL_BATCH_STOP_AT_FIRST_ERROR : CORBEL_BATCH_CONTINUE);
    options.batch = batch;
    promises_Branch *const desk = promises_Branch_with(a->branch, &options);
    promises_Account *const bob = promises_Branch_open_promise(desk, "bob");
    promises_Account *const noted = promises_Account_with(bob, &options);
    promises_Account *const partner = promises_Account_get_partner_promise(noted);
    corbel_call *const put = promises_Account_put_begin(noted, 1);
    promises_Account *const joined = promises_Account_join_promise(noted, partner);
    ended(promises_Account_drop(noted, 2, &error), &error);
    promises_Account_unref(noted);
    const uint64_t what = pick(a, 4);
    if (what == 0) {
        promises_Account_unref(partner);
    }
    if (what != 1) {
        ended(corbel_batch_run(batch, &error), &error);
    }
    corbel_batch_unref(batch);
    ended(promises_Account_put_finish(put, NULL, &error), &error);
    if (what != 0) {
        keep(a, partner);
    }
    keep(a, joined);
    keep(a, bob);
    promises_Branch_unref(desk);
}

static void act_count(actor *a)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_uint32_stream *numbers = NULL;
    promises_Account *const account = pick(a, 2) == 0 ? take(a) : promises_Branch_open_promise(a->branch, "streams");
    corbel_call *const call = promises_Account_count_begin(account, 1 + (uint32_t)pick(a, 3000), &numbers);
    uint32_t number = 0, n = 0;
    const uint64_t most = pick(a, 2000);
    promises_Account_unref(account);
    while (n < most && corbel_uint32_stream_next(numbers, &number)) {
        if (number != ++n) {
            abort();
        }
    }
    if (pick(a, 3) == 0) {
        corbel_call_drop(call);
    } else {
        ended(promises_Account_count_finish(call, &error), &error);
    }
}

/** Real references in a stream on a promise. */
static void act_names(actor *a)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Account_stream *accounts = NULL;
    promises_Account *const account = promises_Branch_open_promise(a->branch, "reader");
    promises_Account *const mine = account_new(a->bag == &bags[0] ? &own : &near, "mine");
    corbel_call *const call = promises_Account_names_begin(account, &accounts);
    char *names = NULL;
    for (uint64_t left = pick(a, 5); left > 0 && promises_Account_stream_put(accounts, mine); left--) {
    }
    promises_Account_unref(account);
    promises_Account_unref(mine);
    if (pick(a, 3) == 0) {
        corbel_call_drop(call);
        return;
    }
    ended(promises_Account_names_finish(call, &names, &error), &error);
    corbel_string_free(names);
}

static void act_done(corbel_call *call, void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    promises_Account *keeper = NULL;
    promises_Profile *profile = NULL;
    ended(promises_Account_profile_finish(call, &keeper, &profile, &error), &error);
    promises_Profile_free(profile);
    promises_Account_unref(keeper);
    atomic_fetch_sub((_Atomic uint32_t *)user, 1);
}

static _Atomic uint32_t callbacks;

static void act_callback(actor *a)
{
    promises_Account *const account = take(a);
    corbel_call *const call = promises_Account_profile_begin(account);
    promises_Account *const part = promises_Account_profile_promised_keeper(call);
    promises_Account_unref(account);
    atomic_fetch_add(&callbacks, 1);
    corbel_call_on_done(call, act_done, &callbacks);
    keep(a, part);
}

static void (*const acts[])(actor *a) = { act_put,   act_begin, act_begin, act_chain, act_pass,  act_mirror,  act_parts,
                                          act_parts, act_batch, act_batch, act_count, act_names, act_callback };

static void *thread_main(void *argument)
{
    const uint64_t number = (uint64_t)(uintptr_t)argument;
    actor a = { .random = (seed * 1000 + number + 1) * UINT64_C(0x9e3779b97f4a7c15) };
    for (uint64_t turn = 0; turn < turns; turn++) {
        const uint64_t way = pick(&a, 3);
        a.runtime = way == 2 ? near.runtime : client;
        a.branch = way == 0 ? branch : way == 1 ? apart_branch : near.branch;
        a.bag = &bags[way == 2];
        acts[pick(&a, LENGTH_OF(acts))](&a);
        if (pick(&a, 16) == 0) {
            keep(&a, NULL);
        }
    }
    return NULL;
}

static void cut_one(crb_peer *peer, void *user)
{
    (void)user;
    crb_peer_bye(peer);
}

static void *cut_main(void *argument)
{
    (void)argument;
    while (!atomic_load(&over)) {
        (void)usleep(20000 * probe_slow); /* it is not waited for: it is to happen now and then */
        crb_runtime_each_peer(near.runtime, cut_one, NULL);
        (void)usleep(20000 * probe_slow);
        crb_runtime_each_peer(apart.runtime, cut_one, NULL);
    }
    return NULL;
}

static void run(bool with_cuts)
{
    pthread_t threads[THREADS], cutter;
    atomic_store(&cuts, with_cuts);
    atomic_store(&over, false);
    if (with_cuts) {
        assert_int_equal(pthread_create(&cutter, NULL, cut_main, NULL), 0);
    }
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, (void *)i), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    atomic_store(&over, true);
    if (with_cuts) {
        pthread_join(cutter, NULL);
    }
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < SLOTS; k++) {
            promises_Account_unref(bags[i].slots[k]);
            bags[i].slots[k] = NULL;
        }
    }
    const uint64_t until = crb_now() + 20 * CRB_SECOND * probe_slow;
    uint64_t ended_now = 0, waits = 1;
    while ((ended_now < atomic_load(&made) || waits > 0) && crb_now() < until) {
        ended_now = probe_event_count(&near.finalized) + probe_event_count(&apart.finalized) + probe_event_count(&own.finalized);
        waits = atomic_load(&callbacks);
        (void)usleep(1000);
    }
    assert_int_equal(atomic_load(&callbacks), 0);
    assert_int_equal(ended_now, atomic_load(&made));
    for (size_t i = 0; i < STATUSES; i++) {
        if (atomic_load(&statuses[i]) > 0) {
            printf("%-16s %llu\n", corbel_status_name((corbel_status)i), (unsigned long long)atomic_load(&statuses[i]));
        }
    }
}

static void threads_at_random(void **state)
{
    (void)state;
    run(false);
}

static void while_sessions_are_cut(void **state)
{
    (void)state;
    run(true);
}

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char listen[100];
    const int failed = accounts_set_up(state);
    (void)snprintf(listen, sizeof listen, "unix:@corbel-promise-stress-%ld", (long)getpid());
    place_start_at(&apart, listen);
    MUST(promises_Branch_from_uri(client, apart.uri, &apart_branch, &error));
    return failed;
}

static int tear_down(void **state)
{
    promises_Branch_unref(apart_branch);
    place_stop(&apart);
    atomic_fetch_sub(&made, probe_event_count(&apart.finalized));
    return accounts_tear_down(state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(threads_at_random), cmocka_unit_test(while_sessions_are_cut) };
    turns = argc > 1 ? strtoull(argv[1], NULL, 10) : turns;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : seed;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
