/** What becomes of objects and references when processes let go of them, say goodbye, or are killed. */
#include "life.corbel.h"

#include "runtime/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SLOW = 10 }; /* a factor for bounds in time */
#else
enum { SLOW = 1 };
#endif

static const char *server_program, *client_program, *name_server_program;

static void must(corbel_status status, corbel_error *error, const char *what)
{
    if (status != CORBEL_OK) {
        (void)fprintf(stderr, "%s: %s\n", what, corbel_status_name(status));
        corbel_error_print(error, stderr);
        fail();
    }
}
#define MUST(call) must((call), &error, #call)

/* ---- processes ---- */

typedef struct child {
    pid_t pid;
    char line[512]; /* what it said first, without "ready " */
} child;

static void child_start(child *c, const char *program, const char *first, const char *second)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    c->pid = fork(); /* beside other threads: nothing but system calls until exec */
    if (c->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(program, program, first, second, (char *)NULL);
        _exit(127);
    }
    assert_true(c->pid > 0);
    close(out[1]);
    FILE *const lines = fdopen(out[0], "r");
    assert_non_null(lines);
    assert_non_null(fgets(c->line, sizeof c->line, lines));
    (void)fclose(lines);
    if (strncmp(c->line, "ready ", 6) == 0) {
        memmove(c->line, c->line + 6, strlen(c->line + 6) + 1);
    }
    c->line[strcspn(c->line, "\n")] = '\0';
}

static void child_end(child *c, int signal_number)
{
    int status = 0;
    assert_int_equal(kill(c->pid, signal_number), 0);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    if (signal_number == SIGKILL) {
        assert_true(WIFSIGNALED(status));
    } else {
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* ---- a server, and a client in this process ---- */

static child server;
static corbel_runtime *client;
static life_Maker *maker;

static int set_up(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)state;
    child_start(&server, server_program, "127.0.0.1:0", NULL);
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(life_Maker_from_uri(client, server.line, &maker, &error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    life_Maker_unref(maker);
    corbel_runtime_unref(client);
    child_end(&server, SIGTERM);
    return 0;
}

/** What the server has counted, once so many were finalized or the time has passed. */
static life_Counts finalized(uint32_t count, uint32_t ms)
{
    corbel_error error = CORBEL_ERROR_INIT;
    life_Counts *answer = NULL;
    MUST(life_Maker_wait_finalized(maker, count, ms, &answer, &error));
    const life_Counts counts = *answer;
    life_Counts_free(answer);
    assert_int_equal(counts.twice, 0);
    return counts;
}

/** Milliseconds since begin. */
static unsigned since(uint64_t begin)
{
    return (unsigned)((crb_now() - begin) / CRB_MS);
}

static void taken_twice_given_back_once(void **state)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *other = NULL;
    life_Maker *there = NULL;
    life_Thing *first = NULL, *second = NULL, *third = NULL;
    uint32_t number = 99;
    (void)state;
    MUST(corbel_runtime_new(NULL, &other, &error));
    MUST(life_Maker_from_uri(other, server.line, &there, &error));
    MUST(life_Maker_shared(maker, &first, &error));
    MUST(life_Maker_shared(maker, &second, &error));
    MUST(life_Maker_shared(there, &third, &error));
    MUST(life_Maker_let_go(maker, &error));
    life_Thing_unref(first);
    MUST(life_Thing_get_number(second, &number, &error));
    assert_int_equal(number, 0);
    assert_int_equal(finalized(1, 0).finalized, 0);
    life_Thing_unref(second);
    MUST(life_Thing_get_number(third, &number, &error)); /* the other client holds it */
    assert_int_equal(finalized(1, 0).finalized, 0);
    const uint64_t begin = crb_now();
    life_Thing_unref(third); /* the last; both sessions live on */
    assert_int_equal(finalized(1, 20000 * SLOW).finalized, 1);
    const unsigned took = since(begin);
    print_message("finalized %u ms after the last was given back\n", took);
    assert_true(took < 1000 * SLOW);
    assert_int_equal(finalized(2, 0).finalized, 1);
    life_Maker_unref(there);
    corbel_runtime_unref(other);
}

static void two_hold_it_and_one_is_killed(void **state)
{
    enum { OWN = 10 };
    corbel_error error = CORBEL_ERROR_INIT;
    life_Thing *shared = NULL;
    child holder;
    uint32_t number = 99;
    (void)state;
    MUST(life_Maker_shared(maker, &shared, &error));
    child_start(&holder, client_program, server.line, "10");
    assert_string_equal(holder.line, "holding 10");
    MUST(life_Maker_let_go(maker, &error));
    child_end(&holder, SIGKILL);
    /* When its own are gone its time is over. */
    assert_int_equal(finalized(OWN, 20000 * SLOW).finalized, OWN);
    MUST(life_Thing_get_number(shared, &number, &error));
    assert_int_equal(number, 0);
    assert_int_equal(finalized(OWN + 1, 0).finalized, OWN);
    const uint64_t begin = crb_now();
    life_Thing_unref(shared);
    assert_int_equal(finalized(OWN + 1, 20000 * SLOW).finalized, OWN + 1);
    assert_true(since(begin) < 1000 * SLOW);
}

static void killed_with_a_thousand(void **state)
{
    enum { HELD = 1000 };
    corbel_error error = CORBEL_ERROR_INIT;
    child holder;
    (void)state;
    MUST(life_Maker_let_go(maker, &error));
    child_start(&holder, client_program, server.line, "1000");
    assert_string_equal(holder.line, "holding 1000");
    MUST(life_Maker_let_go(maker, &error));
    assert_int_equal(finalized(1, 0).finalized, 0);
    const uint64_t begin = crb_now();
    child_end(&holder, SIGKILL);
    const life_Counts counts = finalized(HELD + 1, 20000 * SLOW);
    const unsigned took = since(begin);
    print_message("%u objects finalized %u ms after their holder was killed\n", counts.finalized, took);
    assert_int_equal(counts.made, HELD + 1);
    assert_int_equal(counts.finalized, HELD + 1); /* and none of them twice: finalized() looks */
    assert_true(took >= 2000);                    /* it might have handed them on */
    assert_true(took < 2000 + 1000 * SLOW);
}

static void goodbye_with_a_thousand(void **state)
{
    enum { HELD = 1000 };
    corbel_error error = CORBEL_ERROR_INIT;
    child holder;
    (void)state;
    child_start(&holder, client_program, server.line, "1000");
    MUST(life_Maker_let_go(maker, &error));
    assert_int_equal(finalized(1, 0).finalized, 0);
    const uint64_t begin = crb_now();
    child_end(&holder, SIGTERM);
    assert_int_equal(finalized(HELD + 1, 20000 * SLOW).finalized, HELD + 1);
    const unsigned took = since(begin);
    print_message("%d objects finalized %u ms after their holder was asked to end\n", HELD + 1, took);
    assert_true(took < 1900 * SLOW);
}

/* ---- the server is killed ---- */

/** What the owner of a reference was told. */
typedef struct told {
    _Atomic unsigned count;
    char message[256];
} told;

static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told_changed;

static void tell(void *context, const corbel_error *why)
{
    told *const t = context;
    assert_int_equal(why->status, CORBEL_GONE);
    pthread_mutex_lock(&told_lock);
    (void)snprintf(t->message, sizeof t->message, "%s", why->message);
    atomic_fetch_add(&t->count, 1);
    pthread_cond_broadcast(&told_changed);
    pthread_mutex_unlock(&told_lock);
}

static bool told_once(told *t)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 20 * SLOW;
    pthread_mutex_lock(&told_lock);
    while (atomic_load(&t->count) == 0 && pthread_cond_timedwait(&told_changed, &told_lock, &until) == 0) {
    }
    pthread_mutex_unlock(&told_lock);
    return atomic_load(&t->count) == 1;
}

enum { HANGING = 8 };

static void *hang(void *argument)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)argument;
    const corbel_status status = life_Maker_hang(maker, &error);
    const uintptr_t good = status == CORBEL_GONE && error.completion == CORBEL_COMPLETED_MAYBE;
    if (!good) {
        corbel_error_print(&error, stderr);
    }
    corbel_error_clear(&error);
    return (void *)good; /* NOLINT(performance-no-int-to-ptr): a flag */
}

/** In a thread of its own: the begun calls stand in the lane of the thread that began them. */
static void *count_hanging(void *argument)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(life_Maker_wait_hanging(maker, HANGING + 1, 20000 * SLOW, argument, &error));
    return NULL;
}

/** A port that stays ours between two servers: bound, but never listened on. */
static int reserve(char *address, size_t max)
{
    const int one = 1;
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof in;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&in, sizeof in), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&in, &len), 0);
    (void)snprintf(address, max, "127.0.0.1:%u", ntohs(in.sin_port));
    return fd;
}

typedef struct killed {
    char address[64], name_server[512];
    child names;
    life_Maker *by_name;
    life_Thing *thing;
    told by_uri_told, by_name_told, thing_told;
    pthread_t threads[HANGING];
    corbel_call *begun[HANGING];
    uint64_t dead; /* when it was killed */
} killed;

static void killed_before(killed *k)
{
    corbel_error error = CORBEL_ERROR_INIT;
    uint32_t number = 0, hanging = 0;
    child_start(&server, server_program, k->address, "example.maker");
    MUST(corbel_runtime_new(NULL, &client, &error));
    MUST(life_Maker_from_uri(client, server.line, &maker, &error));
    MUST(life_Maker_from_uri(client, "corbelname:example.maker", &k->by_name, &error));
    MUST(life_Maker_make(maker, &k->thing, &error));
    MUST(life_Thing_get_number(k->thing, &number, &error));
    MUST(life_Maker_let_go(k->by_name, &error));
    assert_int_equal(corbel_object_on_broken(life_Maker_as_object(maker), tell, &k->by_uri_told), CORBEL_OK);
    assert_int_equal(corbel_object_on_broken(life_Maker_as_object(k->by_name), tell, &k->by_name_told), CORBEL_OK);
    assert_int_equal(corbel_object_on_broken(life_Thing_as_object(k->thing), tell, &k->thing_told), CORBEL_OK);
    for (int i = 0; i < HANGING; i++) {
        assert_int_equal(pthread_create(&k->threads[i], NULL, hang, NULL), 0);
        k->begun[i] = life_Maker_hang_begin(k->by_name);
    }
    /* Each thread's is in; the begun ones are one lane, of which the first is. */
    pthread_t counter;
    assert_int_equal(pthread_create(&counter, NULL, count_hanging, &hanging), 0);
    assert_int_equal(pthread_join(counter, NULL), 0);
    assert_int_equal(hanging, HANGING + 1);
}

static void killed_while_it_is_dead(killed *k)
{
    corbel_error error = CORBEL_ERROR_INIT;
    uint32_t number = 0;
    void *good = NULL;
    for (int i = 0; i < HANGING; i++) {
        assert_int_equal(pthread_join(k->threads[i], &good), 0);
        assert_non_null(good);
        assert_int_equal(life_Maker_hang_finish(k->begun[i], &error), CORBEL_GONE);
        assert_int_equal(error.completion, CORBEL_COMPLETED_MAYBE);
    }
    print_message("all callers of a killed server knew after %u ms\n", since(k->dead));
    assert_true(since(k->dead) < 10000 * SLOW);
    assert_true(told_once(&k->by_uri_told) && told_once(&k->by_name_told) && told_once(&k->thing_told));
    assert_non_null(strstr(k->thing_told.message, "has ended"));
    assert_int_equal(life_Thing_get_number(k->thing, &number, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_int_equal(life_Maker_let_go(maker, &error), CORBEL_UNREACHABLE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    /* The name goes at once: it does not wait until what the server held is given up. */
    corbel_status status;
    while ((status = life_Maker_let_go(k->by_name, &error)) == CORBEL_UNREACHABLE && since(k->dead) < 20000 * SLOW) {
        assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    }
    assert_int_equal(status, CORBEL_NOT_FOUND);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    print_message("the name was gone %u ms after its server was killed\n", since(k->dead));
    assert_true(since(k->dead) < 1900 * SLOW);
    corbel_error_clear(&error);
}

static void a_killed_server_and_its_successor(void **state)
{
    static killed k;
    corbel_error error = CORBEL_ERROR_INIT;
    uint32_t number = 0;
    (void)state;
    memset(&k, 0, sizeof k);
    child_start(&k.names, name_server_program, "--port=0", NULL);
    assert_int_equal(setenv("CORBEL_NS", k.names.line, 1), 0);
    const int reserved = reserve(k.address, sizeof k.address);
    killed_before(&k);
    k.dead = crb_now();
    child_end(&server, SIGKILL);
    killed_while_it_is_dead(&k);
    /* The next one, at once, at the same address and under the same name. */
    child_start(&server, server_program, k.address, "example.maker");
    MUST(life_Maker_let_go(maker, &error));
    MUST(life_Maker_let_go(k.by_name, &error));
    life_Thing *other = NULL;
    MUST(life_Maker_make(maker, &other, &error));
    MUST(life_Thing_get_number(other, &number, &error));
    /* It has the same place that the old one had, which is another object all the same. */
    assert_int_equal(life_Thing_get_number(k.thing, &number, &error), CORBEL_GONE);
    assert_int_equal(error.completion, CORBEL_COMPLETED_NO);
    assert_non_null(strstr(error.message, "broken for good"));
    assert_true(k.by_uri_told.count == 1 && k.by_name_told.count == 1 && k.thing_told.count == 1);
    life_Thing_unref(other);
    life_Thing_unref(k.thing);
    life_Maker_unref(k.by_name);
    life_Maker_unref(maker);
    corbel_runtime_unref(client);
    assert_true(k.by_uri_told.count == 1 && k.by_name_told.count == 1 && k.thing_told.count == 1);
    child_end(&server, SIGTERM);
    child_end(&k.names, SIGTERM);
    assert_int_equal(unsetenv("CORBEL_NS"), 0);
    close(reserved);
    corbel_error_clear(&error);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(taken_twice_given_back_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_hold_it_and_one_is_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(killed_with_a_thousand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goodbye_with_a_thousand, set_up, tear_down),
        cmocka_unit_test(a_killed_server_and_its_successor),
    };
    if (argc != 4) {
        (void)fprintf(stderr, "usage: %s SERVER CLIENT NAME-SERVER\n", argv[0]);
        return 2;
    }
    server_program = argv[1];
    client_program = argv[2];
    name_server_program = argv[3];
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&told_changed, &attributes);
    return cmocka_run_group_tests_name("lives across processes", tests, NULL, NULL);
}
