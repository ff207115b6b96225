/* Every rule of `corbelc --check` against what happens. argv: the two sides (shared objects), this folder.
 *
 * A rule without a proof does not compile here: the table below names the proof of each, and proofs.h has them. */
#include "codegen/evolve.h"
#include "idl/idl.h"
#include "tests/codegen/evolve/proofs.h"
#include "tests/codegen/evolve/side.h"

#include <corbel/daemon.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ---- the rules and their proofs ---- */

typedef struct one_way {
    corbel_status status;
    const char *servant, *client;
} one_way;

typedef struct proof {
    const char *rule;
    one_way old_client, new_client;
} proof;

#define PROOF(rule, old_status, old_servant, old_client, new_status, new_servant, new_client)                                    \
    static const proof proof_##rule = { #rule, { old_status, old_servant, old_client }, { new_status, new_servant, new_client } };
EVOLVE_PROOFS(PROOF)

static const proof *const proofs[] = {
#define TEST(id, name, class, test, explanation) &test,
    EVOLVE_RULES(TEST)
#ifdef EVOLVE_PLANT_A_RULE /* the negative twin compiles this: a rule that nobody proves */
        TEST(PLANTED, "planted", WIRE, proof_planted, "")
#endif
};

static const char *side_paths[2];
static const char *folder;

/* ---- the list ---- */

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVOLVE_N_RULES; i++) {
        const evolve_rule *rule = &evolve_rules[i];
        assert_non_null(strstr(rule->test, "proof_"));
        assert_string_equal(rule->test + strlen("proof_"), proofs[i]->rule);
        assert_int_equal(strlen(rule->name), strlen(proofs[i]->rule));
        for (size_t c = 0; rule->name[c] != '\0'; c++) { /* "member-added", proof_member_added */
            assert_int_equal(rule->name[c] == '-' ? '_' : rule->name[c], proofs[i]->rule[c]);
        }
        assert_true(strlen(rule->explanation) > 10);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(rule->name, evolve_rules[j].name);
        }
    }
    printf("%d rules\n", EVOLVE_N_RULES);
    assert_int_equal(EVOLVE_N_RULES, sizeof proofs / sizeof *proofs);
}

/* ---- what --check says ---- */

static idl_unit *compile(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const char *paths[] = { path };
    const idl_options options = { .diagnostics = stderr };
    const idl_result result = idl_compile(&options, paths, 1);
    assert_int_equal(result.errors, 0);
    assert_non_null(result.unit);
    return result.unit;
}

/* The module's name, and behind it "::". */
static bool is_about(const evolve_change *change, const char *module)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "'%s::", module);
    return strstr(change->text, wanted) != NULL;
}

/* Each module breaks the rule of its name, and no other but the one that its comment says. */
static void test_lists(void **state)
{
    (void)state;
    idl_unit *old = compile("proofs.idl"), *new = compile("new.idl");
    evolve_result result = evolve_compare(old, new);
    assert_true(result.is_complete);
    assert_int_equal(result.worst, EVOLVE_WIRE);
    size_t seen = 0;
    for (size_t i = 0; i < EVOLVE_N_RULES; i++) {
        bool found = false;
        for (size_t c = 0; c < result.length; c++) {
            if (!is_about(&result.changes[c], proofs[i]->rule)) {
                continue;
            }
            seen++;
            const bool is_moved = i == EVOLVE_RULE_OPERATION_MOVED && result.changes[c].rule == EVOLVE_RULE_OPERATION_ADDED;
            if (result.changes[c].rule != i && !is_moved) {
                fail_msg("%s: %s: %s", proofs[i]->rule, evolve_rules[result.changes[c].rule].name, result.changes[c].text);
            }
            found = found || result.changes[c].rule == i;
            assert_non_null(result.changes[c].range.file);
            assert_true(result.changes[c].range.line > 0 && result.changes[c].range.column > 0);
        }
        if (!found) {
            fail_msg("%s: nothing was reported", proofs[i]->rule);
        }
    }
    assert_int_equal(seen, result.length); /* every change is of a module that is named as a rule */
    evolve_result_free(&result);
    /* Nothing changed from a version to itself, and from new to old as much as from old to new. */
    evolve_result same = evolve_compare(new, new);
    assert_int_equal(same.length, 0);
    evolve_result_free(&same);
    idl_unit_free(old);
    idl_unit_free(new);
}

static evolve_result compare_texts(idl_unit **old, idl_unit **new, const char *old_text, const char *new_text)
{
    const idl_options options = { .diagnostics = stderr };
    *old = idl_compile_text(&options, "old.idl", old_text, strlen(old_text)).unit;
    *new = idl_compile_text(&options, "new.idl", new_text, strlen(new_text)).unit;
    assert_non_null(*old);
    assert_non_null(*new);
    return evolve_compare(*old, *new);
}

/* What has no module in the files: the rules in other places. */
static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new;
        evolve_rule_id rule; /* EVOLVE_N_RULES: nothing is listed */
    } rows[] = {
        { "exception E { long a; };", "exception E { long b; long a; };", EVOLVE_RULE_MEMBER_INSERTED },
        { "exception E { long a; };", "exception E { string a; };", EVOLVE_RULE_TYPE_CHANGED },
        { "struct B { long a; }; struct S : B { long b; };", "struct B { long a; }; struct S : B { string b; };",
          EVOLVE_RULE_TYPE_CHANGED },
        { "bitset B { bitfield<3> a; };", "bitset B { bitfield<4> a; };", EVOLVE_RULE_RANGE_WIDENED },
        { "union U switch (long) { case 1: long a; };", "union U switch (long) { case 1: string a; };",
          EVOLVE_RULE_TYPE_CHANGED },
        { "interface I { attribute long a; };", "interface I { attribute string a; };", EVOLVE_RULE_TYPE_CHANGED },
        { "interface I { long f(); };", "interface I { string f(); };", EVOLVE_RULE_TYPE_CHANGED },
        { "interface I { void f(); };", "interface I { long f(); };", EVOLVE_RULE_PARAMETER_ADDED },
        { "interface I { void f(out long a); };", "interface I { long f(out long a); };", EVOLVE_RULE_PARAMETER_INSERTED },
        { "interface I { void f(inout long a); };", "interface I { void f(inout string a); };", EVOLVE_RULE_TYPE_CHANGED },
        { "exception E { }; interface I { attribute long a; };",
          "exception E { }; interface I { attribute long a setraises (E); };", EVOLVE_RULE_RAISES_ADDED },
        { "struct S { sequence<long, 3> a; };", "struct S { sequence<long> a; };", EVOLVE_RULE_BOUND_RAISED },
        { "struct S { sequence<string<4> > a; };", "struct S { sequence<string<3> > a; };", EVOLVE_RULE_BOUND_LOWERED },
        { "struct S { map<long, long> a; };", "struct S { map<long, string> a; };", EVOLVE_RULE_TYPE_CHANGED },
        { "bitmask M { A };", "@bit_bound(8) bitmask M { A };", EVOLVE_RULE_BOUND_LOWERED },
        { "typedef long T; struct S { T a; };", "typedef long T; struct S { long a; };", EVOLVE_N_RULES },
        { "typedef long T; struct S { T a; };", "typedef string T; struct S { T a; };", EVOLVE_RULE_TYPE_CHANGED },
        { "struct S { long a; };", "/** It says what it is. */ struct S { /* so */ long a; };", EVOLVE_N_RULES },
        { "struct S; typedef sequence<S> T; struct S { T a; }; interface I { void f(in S s); };",
          "struct S; typedef sequence<S> T; struct S { T a; }; interface I { void f(in S s); };", EVOLVE_N_RULES },
        { "interface I { void f(in sequence<long> x); };", "interface I { void f(@stream in sequence<long> x); };",
          EVOLVE_RULE_STREAM_ADDED },
        { "interface I { @stream sequence<long> f(); };", "interface I { @stream sequence<short> f(); };",
          EVOLVE_RULE_TYPE_CHANGED },
        { "@range(min = 1, max = 5) typedef long T; struct S { T a; };",
          "@range(min = 1, max = 6) typedef long T; struct S { T a; };", EVOLVE_RULE_RANGE_WIDENED },
    };
    assert_int_equal(sizeof rows / sizeof *rows, 22);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        idl_unit *old = NULL, *new = NULL;
        evolve_result result = compare_texts(&old, &new, rows[i].old, rows[i].new);
        assert_true(result.is_complete);
        if (result.length != (rows[i].rule != EVOLVE_N_RULES) || (result.length == 1 && result.changes[0].rule != rows[i].rule)) {
            evolve_print(&result, stderr);
            fail_msg("%s: %zu changes", rows[i].new, result.length);
        }
        evolve_result_free(&result);
        idl_unit_free(old);
        idl_unit_free(new);
    }
}

/* ---- what happens ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char saw_client[256], saw_servant[256]; /* guarded by lock */

static void client_saw(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&lock);
    vsnprintf(saw_client, sizeof saw_client, format, arguments);
    pthread_mutex_unlock(&lock);
    va_end(arguments);
}

static void servant_saw(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&lock);
    vsnprintf(saw_servant, sizeof saw_servant, format, arguments);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    va_end(arguments);
}

static const side_host host = { client_saw, servant_saw };

/* A oneway's servant is still under way when the call returns. */
static void wait_for_servant(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    pthread_mutex_lock(&lock);
    int late = 0;
    while (saw_servant[0] == '\0' && late == 0) {
        late = pthread_cond_timedwait(&changed, &lock, &until);
    }
    pthread_mutex_unlock(&lock);
    assert_int_equal(late, 0);
}

typedef struct world {
    void *handles[2];
    const side_row *rows[2]; /* old, new */
    corbel_runtime *server, *client;
    corbel_daemon *daemon;
} world;

static const side_row *row_of(const side_row *rows, const char *rule)
{
    while (rows->rule != NULL && strcmp(rows->rule, rule) != 0) {
        rows++;
    }
    assert_non_null(rows->rule);
    return rows;
}

/* What descriptions do not have: a permission, members that do not travel, and that an interface is local, which each side knows
 * of its own. */
static bool is_undescribed(size_t rule)
{
    return rule == EVOLVE_RULE_IDEMPOTENT_REMOVED || rule == EVOLVE_RULE_OVERLAP_REMOVED || rule == EVOLVE_RULE_STRICT_ADDED ||
           rule == EVOLVE_RULE_SERIALIZATION_CHANGED || rule == EVOLVE_RULE_LOCAL_CHANGED;
}

/* With descriptions, what breaks on the wire is told before anything is sent; the rest is as ever. */
static one_way described(size_t rule, int client)
{
    const one_way raw = client == 0 ? proofs[rule]->old_client : proofs[rule]->new_client;
    const bool is_unknown = raw.status == CORBEL_UNIMPLEMENTED || raw.status == CORBEL_WRONG_INTERFACE;
    if (evolve_rules[rule].class != EVOLVE_WIRE || is_unknown || is_undescribed(rule)) {
        return raw;
    }
    const bool here_only =
        raw.status == CORBEL_OK && (rule == EVOLVE_RULE_OPERATION_REMOVED || rule == EVOLVE_RULE_BASE_REMOVED ||
                                    rule == EVOLVE_RULE_ATTRIBUTE_REMOVED || rule == EVOLVE_RULE_READONLY_ADDED);
    return here_only ? raw : (one_way) { CORBEL_MISMATCH, "", NULL }; /* who does not call what is gone there is not touched */
}

static bool check_way(world *w, const char *rule, int client, const one_way *expected)
{
    const side_row *server_row = row_of(w->rows[1 - client], rule), *client_row = row_of(w->rows[client], rule);
    char *uri = NULL;
    corbel_object *object = server_row->make(w->server);
    assert_int_equal(corbel_daemon_register(w->daemon, rule, object, NULL), CORBEL_OK);
    assert_int_equal(corbel_daemon_uri(w->daemon, rule, &uri, NULL), CORBEL_OK);
    pthread_mutex_lock(&lock);
    saw_client[0] = saw_servant[0] = '\0';
    pthread_mutex_unlock(&lock);

    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = client_row->call(w->client, uri, &error);
    if (status == CORBEL_OK && expected->servant[0] != '\0') {
        wait_for_servant();
    }
    pthread_mutex_lock(&lock);
    bool is_right = true;
    if (status != expected->status || strcmp(saw_servant, expected->servant) != 0 ||
        (expected->client != NULL && strcmp(saw_client, expected->client) != 0)) {
        print_error("%s, %s client: %s, servant '%s', client '%s'; expected %s, '%s', '%s'. %s\n", rule,
                    client == 0 ? "old" : "new", corbel_status_name(status), saw_servant, saw_client,
                    corbel_status_name(expected->status), expected->servant, expected->client == NULL ? "" : expected->client,
                    error.message);
        is_right = false;
    } else if (status == CORBEL_MISMATCH) { /* it names the operation, and what it says fits a line */
        char name[128];
        snprintf(name, sizeof name, "%s::I::", rule);
        is_right = strncmp(error.message, name, strlen(name)) == 0 && error.completion == CORBEL_COMPLETED_NO;
        printf("  %s\n", error.message);
    }
    pthread_mutex_unlock(&lock);
    corbel_error_clear(&error);
    corbel_string_free(uri);
    assert_int_equal(corbel_daemon_unregister(w->daemon, rule, NULL), CORBEL_OK);
    corbel_object_unref(object);
    return is_right;
}

/* What a class promises of an outcome. */
static void check_promise(const evolve_rule *rule, const proof *one)
{
    const bool both_arrive = one->old_client.status == CORBEL_OK && one->new_client.status == CORBEL_OK;
    if (rule->class != EVOLVE_WIRE && !both_arrive) { /* all that an old server may refuse is what it cannot know */
        assert_int_equal(rule->class, EVOLVE_COMPATIBLE);
        assert_int_equal(one->old_client.status, CORBEL_OK);
        assert_int_equal(one->new_client.status, CORBEL_UNIMPLEMENTED);
    }
}

/* The server hides its interfaces: what happens on the wire. */
static void test_calls(void **state)
{
    world *w = *state;
    size_t n = 0, right = 0;
    for (size_t i = 0; i < EVOLVE_N_RULES; i++) {
        check_promise(&evolve_rules[i], proofs[i]);
        right += check_way(w, proofs[i]->rule, 0, &proofs[i]->old_client);
        right += check_way(w, proofs[i]->rule, 1, &proofs[i]->new_client);
        n += 2;
    }
    printf("%zu calls across versions\n", n);
    assert_int_equal(right, n);
}

static void test_described_calls(void **state)
{
    world *w = *state;
    size_t n = 0, right = 0, mismatches = 0;
    for (size_t i = 0; i < EVOLVE_N_RULES; i++) {
        for (int client = 0; client < 2; client++) {
            const one_way expected = described(i, client);
            right += check_way(w, proofs[i]->rule, client, &expected);
            mismatches += expected.status == CORBEL_MISMATCH;
            n++;
        }
    }
    printf("%zu calls across versions, %zu mismatches\n", n, mismatches);
    assert_int_equal(right, n);
    assert_int_equal(n, 2 * EVOLVE_N_RULES);
    assert_true(mismatches >= 60);
}

static int set_up_as(void **state, bool hide_interfaces)
{
    static world w;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    options.hide_interfaces = hide_interfaces;
    for (size_t i = 0; i < 2; i++) {
        w.handles[i] = dlopen(side_paths[i], RTLD_NOW | RTLD_LOCAL);
        if (w.handles[i] == NULL) {
            print_error("%s\n", dlerror());
            return -1;
        }
        side_open *open = NULL;
        *(void **)&open = dlsym(w.handles[i], "evolve_side");
        if (open == NULL) {
            return -1;
        }
        w.rows[i] = open(&host);
    }
    if (corbel_runtime_new(&options, &w.server, NULL) != CORBEL_OK || corbel_runtime_new(NULL, &w.client, NULL) != CORBEL_OK ||
        corbel_daemon_new(w.server, "localhost:0", &w.daemon, NULL) != CORBEL_OK) {
        return -1;
    }
    *state = &w;
    return 0;
}

static int set_up(void **state)
{
    return set_up_as(state, true);
}

static int set_up_described(void **state)
{
    return set_up_as(state, false);
}

static int tear_down(void **state)
{
    world *w = *state;
    corbel_runtime_unref(w->client);
    corbel_daemon_unref(w->daemon);
    corbel_runtime_unref(w->server);
    return dlclose(w->handles[0]) == 0 && dlclose(w->handles[1]) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return EXIT_FAILURE;
    }
    side_paths[0] = argv[1];
    side_paths[1] = argv[2];
    folder = argv[3];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_places),
        cmocka_unit_test_setup_teardown(test_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_described_calls, set_up_described, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
