/* Two judges of one change: `corbelc --check` has two IDL files, a caller at run time two sets of tables. For each module of
 * pairs.idl they must come to one opinion: what is wire-breaking here is CORBEL_MISMATCH there, and nothing else. (For each rule
 * evolve_test.c sees to it, with calls.) argv: this folder. */
#include "codegen/evolve.h"
#include "idl/idl.h"
#include "runtime/describe/describe.h"
#include "tests/codegen/evolve/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = {
#define PAIR_NAME(name) #name,
    EVOLVE_PAIRS(PAIR_NAME)
#undef PAIR_NAME
};

static const char *folder;

static idl_unit *compile(bool is_new)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/pairs.idl", folder);
    const char *paths[] = { path };
    idl_define define = { .name = "NEW", .value = "1" };
    const idl_options options = { .diagnostics = stderr, .defines = &define, .n_defines = is_new ? 1 : 0 };
    const idl_result result = idl_compile(&options, paths, 1);
    assert_int_equal(result.errors, 0);
    assert_non_null(result.unit);
    return result.unit;
}

/* The first wire-breaking change of the module; NULL: none. */
static const evolve_change *broken(const evolve_result *result, const char *module)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "'version::%s::", module);
    for (size_t i = 0; i < result->length; i++) {
        const evolve_change *change = &result->changes[i];
        if (evolve_rules[change->rule].class == EVOLVE_WIRE && strstr(change->text, wanted) != NULL) {
            return change;
        }
    }
    return NULL;
}

/* Whether all operations of here that are there, too, agree with those; else what differs. */
static bool agree(const corbel_interface *here, const corbel_interface *there, char *text, size_t max)
{
    for (uint32_t i = 0; i < here->n_methods; i++) {
        const corbel_operation *const ours = here->methods[i].operation;
        for (uint32_t j = 0; j < there->n_methods; j++) {
            const corbel_operation *const theirs = there->methods[j].operation;
            if (strcmp(ours->name, theirs->name) == 0 && strcmp(ours->interface, theirs->interface) == 0 &&
                !crb_operations_agree(ours, theirs, text, max)) {
                return false;
            }
        }
    }
    text[0] = '\0';
    return true;
}

/* Whether both judges say the same; else it is told, unless it was planted. */
static bool is_one_opinion(const evolve_change *change, const corbel_interface *old, const corbel_interface *new, bool is_planted)
{
    char forth[512], back[512];
    const bool is_broken = change != NULL;
    const bool old_agrees = agree(old, new, forth, sizeof forth), new_agrees = agree(new, old, back, sizeof back);
    if (old_agrees != is_broken && new_agrees != is_broken) {
        return true;
    }
    if (!is_planted) {
        print_error("%s: --check: %s; old caller: %s; new caller: %s\n", old->name, is_broken ? change->text : "agrees",
                    old_agrees ? "agrees" : forth, new_agrees ? "agrees" : back);
    }
    return false;
}

static void test_pairs(void **state)
{
    (void)state;
    idl_unit *old = compile(false), *new = compile(true);
    evolve_result result = evolve_compare(old, new);
    assert_true(result.is_complete);
    size_t wrong = 0, n_broken = 0;
    for (size_t i = 0; i < N_PAIRS; i++) {
        const evolve_change *const change = broken(&result, names[i]);
        assert_string_equal(pairs_old[i]->name, pairs_new[i]->name); /* of one IDL name, whatever C calls them */
        n_broken += change != NULL;
        wrong += !is_one_opinion(change, pairs_old[i], pairs_new[i], false);
    }
    printf("%d pairs, %zu of them break on the wire\n", N_PAIRS, n_broken);
    assert_int_equal(wrong, 0);
    assert_true(n_broken >= 60 && N_PAIRS - n_broken >= 40);

    /* The negative twins: a break that only one of them sees. */
    const evolve_change *const change = broken(&result, "signed_unsigned");
    assert_non_null(change);
    assert_false(is_one_opinion(change, pairs_old[PAIR_long_int32], pairs_new[PAIR_long_int32], true));
    assert_false(is_one_opinion(NULL, pairs_old[PAIR_signed_unsigned], pairs_new[PAIR_signed_unsigned], true));
    evolve_result_free(&result);
    idl_unit_free(old);
    idl_unit_free(new);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return EXIT_FAILURE;
    }
    folder = argv[1];
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pairs) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
