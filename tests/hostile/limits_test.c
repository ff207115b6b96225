/* docs/limits.md says what the code does: each number, each name, and nothing that is not there. The twin: a page with a wrong
 * number, without a row, with a row too many. */
#include "nameserver/registry.h"
#include "nameserver/store.h"
#include "runtime/base/log.h"
#include "runtime/call/runtime_impl.h"
#include "runtime/session/session_impl.h"
#include "runtime/transport/grpc_link.h"
#include "runtime/value/codec.h"
#include "tests/runtime/support/test.h"

#include <corbel/corbel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct known {
    const char *name;
    uint64_t value;
} known;

#define OPTION(type, name, standard, text) { #name, (standard) },
#define FIXED(name)                                                                                                              \
    {                                                                                                                            \
#name, (name)                                                                                                            \
    }
static const known all[] = {
    CORBEL_LIMITS_MAP(OPTION) /* */
    { "default_deadline_ms", CRB_DEFAULT_DEADLINE_MS },
    { "max_workers", CRB_DEFAULT_MAX_WORKERS },
    { "max_substitutes", CRB_DEFAULT_MAX_SUBSTITUTES },
    FIXED(CRB_MAX_MESSAGE),
    FIXED(CRB_MAX_METADATA),
    FIXED(CRB_FRAME_MAX),
    FIXED(CRB_FRAME_MAX_TEXT),
    FIXED(CRB_FRAME_MAX_MESSAGE),
    FIXED(CRB_FRAME_MAX_HOP_TEXT),
    FIXED(CRB_FRAME_MAX_HOPS),
    FIXED(CRB_FRAME_MAX_PATH),
    FIXED(CRB_FRAME_MAX_FEATURES),
    FIXED(CORBEL_CONTEXT_MAX_NAME),
    FIXED(CORBEL_CONTEXT_MAX_CORRELATION),
    FIXED(CORBEL_CONTEXT_MAX_BYTES),
    FIXED(CRB_EARLY_CALLS),
    FIXED(CRB_EARLY_BYTES),
    FIXED(CRB_WINDOW_BULK),
    FIXED(CRB_MAX_UNIMPLEMENTED),
    FIXED(CRB_MAX_URI),
    FIXED(CRB_MAX_OBJECT_ID),
    FIXED(CRB_MAX_ADDRESSES),
    FIXED(CRB_JSON_MAX_TEXT),
    FIXED(CRB_LOG_PEER_BURST),
    FIXED(CRB_LOG_PEER_PER_SECOND),
    FIXED(NS_MAX_NAMES),
    FIXED(NS_MAX_NAME),
    FIXED(NS_MAX_TAGS),
    FIXED(NS_MAX_URI),
};

/* Up to the last member: what pads the struct behind it has no value. */
#define LIMITS_SIZE (offsetof(crb_session_limits, max_streams) + sizeof(uint32_t))

static char *page;

/** How many rows are wrong, missing, or too many. say: names them. */
static size_t offences(const char *text, bool say)
{
    bool seen[LENGTH_OF(all)] = { false };
    size_t n = 0;
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        char name[64];
        unsigned long long value = 0;
        if (sscanf(line, "| `%63[^`]` | %llu |", name, &value) != 2) {
            if (strncmp(line, "| `", 3) == 0) {
                n++;
            }
            continue;
        }
        size_t i = 0;
        while (i < LENGTH_OF(all) && strcmp(all[i].name, name) != 0) {
            i++;
        }
        if (i == LENGTH_OF(all) || seen[i] || all[i].value != value) {
            n++;
            if (say) {
                print_error("%s: %llu on the page\n", name, value);
            }
        }
        if (i < LENGTH_OF(all)) {
            seen[i] = true;
        }
    }
    for (size_t i = 0; i < LENGTH_OF(all); i++) {
        if (!seen[i]) {
            n++;
            if (say) {
                print_error("%s: not on the page\n", all[i].name);
            }
        }
    }
    return n;
}

static void the_page_says_what_the_code_does(void **state)
{
    (void)state;
    assert_int_equal(LENGTH_OF(all), 63);
    assert_int_equal(offences(page, true), 0);
}

/** A copy of the page in which the first from is to. */
static size_t offences_with(const char *from, const char *to)
{
    const char *const at = strstr(page, from);
    assert_non_null(at);
    char *changed = NULL;
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - page), page, to, at + strlen(from)) > 0);
    const size_t n = offences(changed, false);
    free(changed);
    return n;
}

static void a_wrong_page_is_caught(void **state)
{
    (void)state;
    assert_int_equal(offences_with("`max_body` | 67108864", "`max_body` | 67108865"), 1);
    assert_int_equal(offences_with("| `max_hops` |", "| max_hops |"), 1);
    assert_int_equal(offences_with("`CRB_FRAME_MAX` |", "`CRB_FRAME_MOST` |"), 2);
    assert_int_equal(offences_with("| `max_depth` | 64 |", "| `max_depth` | 64 | |\n| `max_depth` | 64 |"), 1);
    assert_int_equal(offences_with("| `max_silent` | 128", "| `max_silent` | many"), 2);
}

/** What a runtime has when nothing is given is what the layers below have by themselves. */
static void the_defaults_of_all_layers_agree(void **state)
{
    (void)state;
    static corbel_runtime runtime;
    const crb_session_limits session = CRB_SESSION_LIMITS_DEFAULT;
    const crb_codec_limits values = CRB_CODEC_LIMITS_DEFAULT;
    crb_runtime_set_limits(&runtime, NULL);
    assert_memory_equal(&runtime.limits, &session, LIMITS_SIZE);
    assert_int_equal(runtime.values.memory, values.memory);
    assert_int_equal(runtime.values.depth, values.depth);
    assert_int_equal(runtime.listening.opening_ns, 10 * CRB_SECOND);
    assert_in_range(runtime.listening.crowd.max_all, 1, 10000);
}

static bool are_equal(const crb_once_limits *a, const crb_once_limits *b)
{
    return a->keys == b->keys && a->keys_of_one == b->keys_of_one && a->bytes == b->bytes && a->bytes_of_one == b->bytes_of_one &&
           a->callers == b->callers && a->keep == b->keep && a->idle == b->idle;
}

/** Each option reaches its place, and the others keep their defaults; also those that an older program does not know. */
static void each_option_reaches_its_place(void **state)
{
    (void)state;
    static corbel_runtime runtime, usual;
    static const corbel_limits none = CORBEL_LIMITS_INIT;
    crb_runtime_set_limits(&usual, NULL);
    size_t n = 0;
#define REACHES(type, name, standard, text)                                                                                      \
    {                                                                                                                            \
        corbel_limits limits = none;                                                                                             \
        limits.name = 7;                                                                                                         \
        memset(&runtime, 0, sizeof runtime);                                                                                     \
        crb_runtime_set_limits(&runtime, &limits);                                                                               \
        assert_true(memcmp(&runtime.limits, &usual.limits, LIMITS_SIZE) != 0 || runtime.values.memory != usual.values.memory ||  \
                    runtime.values.depth != usual.values.depth ||                                                                \
                    memcmp(&runtime.listening, &usual.listening, sizeof usual.listening) != 0 ||                                 \
                    memcmp(&runtime.carried, &usual.carried, sizeof usual.carried) != 0 ||                                       \
                    !are_equal(&runtime.once_limits, &usual.once_limits) || runtime.max_waiting != usual.max_waiting ||          \
                    runtime.max_waiting_lane != usual.max_waiting_lane);                                                         \
        limits.size = sizeof limits.size;                                                                                        \
        memset(&runtime, 0, sizeof runtime);                                                                                     \
        crb_runtime_set_limits(&runtime, &limits);                                                                               \
        assert_memory_equal(&runtime.limits, &usual.limits, LIMITS_SIZE);                                                        \
        assert_int_equal(runtime.max_waiting, usual.max_waiting);                                                                \
        assert_int_equal(runtime.max_waiting_lane, usual.max_waiting_lane);                                                      \
        assert_memory_equal(&runtime.carried, &usual.carried, sizeof usual.carried);                                             \
        assert_memory_equal(&runtime.listening, &usual.listening, sizeof usual.listening);                                       \
        n++;                                                                                                                     \
    }
    CORBEL_LIMITS_MAP(REACHES)
    assert_int_equal(n, 34);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_says_what_the_code_does),
        cmocka_unit_test(a_wrong_page_is_caught),
        cmocka_unit_test(the_defaults_of_all_layers_agree),
        cmocka_unit_test(each_option_reaches_its_place),
    };
    FILE *const file = argc < 2 ? NULL : fopen(argv[1], "r");
    if (file == NULL) {
        return 2;
    }
    size_t size = 0;
    const bool read = getdelim(&page, &size, '\0', file) > 0;
    (void)fclose(file);
    const int failed = read ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
    free(page);
    return failed;
}
