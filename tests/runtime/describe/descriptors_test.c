/** What the tables of generated files are enough for: an interface described, made of its description again, printed as IDL that
 *  compiles to the same, and called with the same bytes. argv: the folder of the golden files. */
#include "codegen/codegen.h"
#include "idl/idl.h"
#include "runtime/base/buf.h"
#include "runtime/call/call_impl.h"
#include "runtime/describe/describe.h"
#include "runtime/value/codec.h"
#include "tests/kitchen/values.h"
#include "tests/runtime/describe/print_idl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef DESCRIBE_NESTED /* another bank, for a program of its own */
#define INTERFACES(X)                                                                                                            \
    X("nested", bank_Account)                                                                                                    \
    X("nested", bank_Savings)                                                                                                    \
    X("nested", bank_Auditor)                                                                                                    \
    X("nested", bank_Describable)                                                                                                \
    X("nested", bank_Lock)
#else
#define INTERFACES(X)                                                                                                            \
    X("bank", bank_Watcher)                                                                                                      \
    X("bank", bank_Account)                                                                                                      \
    X("bank", bank_Named)                                                                                                        \
    X("bank", bank_Branch)                                                                                                       \
    X("described", described_Guide)                                                                                              \
    X("diamond", diamond_Top)                                                                                                    \
    X("diamond", diamond_Left)                                                                                                   \
    X("diamond", diamond_Right)                                                                                                  \
    X("diamond", diamond_Bottom)                                                                                                 \
    X("diamond", diamond_Both)                                                                                                   \
    X("diamond", left_Named)                                                                                                     \
    X("diamond", right_Named)                                                                                                    \
    X("diamond", diamond_Lower)                                                                                                  \
    X("sink", sink_Thing)                                                                                                        \
    X("sink", sink_Bare)                                                                                                         \
    X("enums", shades_Mixer)                                                                                                     \
    X("arrays", arrays_Lamp)                                                                                                     \
    X("maps", maps_Account)                                                                                                      \
    X("members", members_Thing)                                                                                                  \
    X("unions", unions_Account)                                                                                                  \
    X("kinds", kinds_Thing)                                                                                                      \
    X("kinds", kinds_Near)                                                                                                       \
    X("annotated", plant_Probe)                                                                                                  \
    X("annotated", plant_Robot)                                                                                                  \
    X("circle", m_One)                                                                                                           \
    X("circle", m_Two)                                                                                                           \
    X("clash", clash_Account)                                                                                                    \
    X("clash", clash_Heir)                                                                                                       \
    X("clash", operator)                                                                                                         \
    X("constants", limits_Shop)                                                                                                  \
    X("forwards", tree_Late)                                                                                                     \
    X("streams", items_Source)                                                                                                   \
    X("streams", streams_Account)                                                                                                \
    X("streams", streams_Items)                                                                                                  \
    X("streams", streams_Heir)
/** Which the IDL only declares. */
const corbel_interface tree_Never_interface = { .name = "tree::Never" };
#endif
#define DECLARE(file, name) extern const corbel_interface name##_interface;
INTERFACES(DECLARE)

typedef struct row {
    const char *file;
    const corbel_interface *interface;
} row;
#define ROW(file, name) { file, &name##_interface },
static const row rows[] = { INTERFACES(ROW) };
enum { N_ROWS = sizeof rows / sizeof *rows };
#ifdef DESCRIBE_NESTED
enum { N_FILES = 1, N_MESSAGES = 100, N_STREAMS = 0 };
#else
enum { N_FILES = 16, N_MESSAGES = 2000, N_STREAMS = 51 };
#endif

static const char *golden;
static crb_tables *rebuilt[N_ROWS];
static crb_buf encoded[N_ROWS];
static corbel_runtime *runtime;

/* ---- describing ---- */

static int rebuild_all(void **state)
{
    (void)state;
    assert_int_equal(corbel_runtime_new(NULL, &runtime, NULL), CORBEL_OK);
    assert_int_equal(corbel_object_from_uri(runtime, NULL, "corbel:nobody@localhost:1", &kitchen_object, NULL), CORBEL_OK);
    for (size_t i = 0; i < N_ROWS; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        corbel_InterfaceDescription description = { 0 };
        void *back = NULL;
        crb_arena *const arena = crb_arena_new(0);
        assert_non_null(arena);
        assert_int_equal(crb_describe(rows[i].interface, arena, &description, &error), CORBEL_OK);
        assert_int_equal(crb_encode_struct(&corbel_InterfaceDescription_type, &description, NULL, &encoded[i], &error),
                         CORBEL_OK);
        assert_int_equal(
            crb_decode_struct(&corbel_InterfaceDescription_type, encoded[i].data, encoded[i].len, NULL, NULL, &back, &error),
            CORBEL_OK);
        if (crb_tables_new(back, NULL, &rebuilt[i], &error)) {
            fail_msg("%s: %s", rows[i].interface->name, error.message);
        }
        corbel_block_free(back);
        crb_arena_free(arena);
    }
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        crb_tables_free(rebuilt[i]);
        crb_buf_clear(&encoded[i]);
    }
    kitchen_values_free();
    corbel_object_unref(kitchen_object);
    corbel_runtime_unref(runtime);
    return 0;
}

/* ---- printing ---- */

static bool use_rebuilt;

static const corbel_interface *find(const char *name)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].interface->name, name) == 0) {
            return use_rebuilt ? crb_tables_interface(rebuilt[i]) : rows[i].interface;
        }
    }
    return NULL;
}

static char *print_file(const char *file, bool from_rebuilt)
{
    const corbel_interface *list[N_ROWS];
    size_t n = 0, length = 0;
    char *text = NULL;
    FILE *const out = open_memstream(&text, &length);
    assert_non_null(out);
    use_rebuilt = from_rebuilt;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].file, file) == 0) {
            list[n++] = from_rebuilt ? crb_tables_interface(rebuilt[i]) : rows[i].interface;
        }
    }
    print_idl(list, n, find, out);
    fclose(out);
    return text;
}

static char *read_golden(const char *file)
{
    /* One golden file, or the two that include each other, or one and what it includes. */
    const bool is_circle = strcmp(file, "circle") == 0, two = is_circle || strcmp(file, "streams") == 0;
    const char *const names[] = { is_circle ? "one" : file, is_circle ? "two" : "items" };
    char *const text = calloc(1, 1 << 20);
    size_t length = 0;
    assert_non_null(text);
    for (size_t i = 0; i < (two ? 2 : 1); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s/%s.corbel.c", golden, file, names[i]);
        FILE *const in = fopen(path, "r");
        assert_non_null(in);
        length += fread(text + length, 1, (1 << 20) - 1 - length, in);
        fclose(in);
    }
    assert_true(length > 0);
    return text;
}

static bool starts(const char *at, const char *with)
{
    return strncmp(at, with, strlen(with)) == 0;
}

/** Every line of the tables is one of the golden file; elsewhere a typedef's name may stand for what it is. */
static void assert_lines_in(const char *text, const char *all, const char *idl, const char *file)
{
    size_t n = 0;
    bool in_table = false;
    for (const char *at = text; *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        char line[1024];
        snprintf(line, sizeof line, "\n%.*s\n", (int)length, at);
        in_table = in_table || starts(at, "static const corbel_") || starts(at, "const corbel_type ") ||
                   starts(at, "const corbel_interface ");
        n += in_table;
        /* A map's view is called after its key, which has another name in a module that is opened again. */
        if (in_table && strstr(line, "_by_") == NULL && strstr(all, line) == NULL) {
            fail_msg("%s: not in the golden file: %s\nprinted:\n%s", file, line, idl);
        }
        in_table = in_table && !starts(at, "};");
        at += length + (at[length] == '\n');
    }
    assert_true(n >= 4);
}

static void printed_again(void **state)
{
    const char *last = "";
    size_t files = 0;
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].file, last) == 0) {
            continue;
        }
        last = rows[i].file;
        char *const text = print_file(last, false), *const again = print_file(last, true), *const all = read_golden(last);
        assert_string_equal(text, again);
        char name[64];
        snprintf(name, sizeof name, "%s.idl", last);
        char *messages = NULL;
        size_t length = 0;
        FILE *const out = open_memstream(&messages, &length);
        const idl_options options = { .diagnostics = out };
        const idl_result compiled = idl_compile_text(&options, name, text, strlen(text));
        emit_result result = { .errors = 1 };
        if (compiled.errors == 0) {
            result = emit_unit(compiled.unit, out, 0, (idl_warning_options) { 0 });
        }
        fclose(out);
        if (compiled.errors + result.errors > 0) {
            fail_msg("%s: %s\nprinted:\n%s", last, messages, text);
        }
        assert_int_equal(result.n_outputs, 1);
        assert_lines_in(result.outputs[0].source, all, text, last);
        files++;
        for (size_t j = 0; j < N_ROWS; j++) {
            char fingerprint[64];
            snprintf(fingerprint, sizeof fingerprint, ".fingerprint = 0x%016llx",
                     (unsigned long long)rows[j].interface->fingerprint);
            if (strcmp(rows[j].file, last) == 0 && strstr(result.outputs[0].source, fingerprint) == NULL) {
                fail_msg("%s: another fingerprint\nprinted:\n%s", rows[j].interface->name, text);
            }
        }
        emit_result_free(&result);
        idl_unit_free(compiled.unit);
        free(messages);
        free(text);
        free(again);
        free(all);
    }
    assert_int_equal(files, N_FILES);
}

/* ---- the same tables ---- */

static void assert_same_type(const corbel_type *a, const corbel_type *b, unsigned depth)
{
    if (depth == 0) {
        return;
    }
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->bound, b->bound);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->size, b->size);
    assert_string_equal(a->name == NULL ? "" : a->name, b->name == NULL ? "" : b->name);
    assert_string_equal(a->doc == NULL ? "" : a->doc, b->doc == NULL ? "" : b->doc);
    assert_true((a->range == NULL) == (b->range == NULL) && (a->dimensions == NULL) == (b->dimensions == NULL));
    assert_true((a->element == NULL) == (b->element == NULL));
    if (a->element != NULL) {
        assert_same_type(a->element, b->element, depth - 1);
    }
    bool in_order = true; /* the tables' and C's */
    for (uint32_t i = 1; a->members != NULL && i < a->count; i++) {
        in_order = in_order && (a->members[i - 1].offset < a->members[i].offset || a->kind == CORBEL_KIND_UNION);
    }
    for (uint32_t i = 0; a->members != NULL && i < a->count; i++) {
        const corbel_member *const one = &a->members[i], *const other = &b->members[i];
        assert_string_equal(one->name, other->name);
        assert_int_equal(one->id, other->id);
        assert_int_equal(one->flags, other->flags);
        assert_int_equal(one->n_labels, other->n_labels);
        assert_true((one->fallback == NULL) == (other->fallback == NULL));
        if (in_order) {
            assert_int_equal(one->offset, other->offset);
        }
        assert_same_type(one->type, other->type, depth - 1);
    }
}

/* ---- the same bytes ---- */

static uint64_t any_tag(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    (void)object;
    (void)interface;
    (void)reterr;
    return 1;
}

static corbel_object *any_object(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    (void)tag;
    (void)interface;
    (void)reterr;
    return corbel_object_ref(kitchen_object);
}

static size_t check_bytes(const corbel_param *a, const corbel_param *b, uint32_t n, unsigned which)
{
    const void *values[32], *back[32];
    crb_buf one = CRB_BUF_INIT, other = CRB_BUF_INIT;
    crb_held held = { 0 };
    corbel_error error = CORBEL_ERROR_INIT;
    const crb_ref_writer writer = { .add = any_tag };
    const crb_ref_reader reader = { .take = any_object };
    crb_arena *const arena = crb_arena_new(0);
    assert_true(n <= 32 && arena != NULL);
    for (uint32_t i = 0; i < n; i++) {
        void *const value = kitchen_take(a[i].type->size);
        kitchen_value(a[i].type, which, value);
        values[i] = value;
        assert_same_type(a[i].type, b[i].type, 6);
    }
    if (crb_encode_params(a, n, values, &writer, &one, NULL)) { /* zero is out of some ranges */
        assert_int_equal(crb_encode_params(b, n, values, &writer, &other, &error), CORBEL_INVALID_ARGUMENT);
        corbel_error_clear(&error);
        crb_buf_clear(&one);
        crb_buf_clear(&other);
        crb_arena_free(arena);
        return 0;
    }
    if (crb_decode_args(b, n, one.data, one.len, NULL, &reader, arena, &held, back, &error) ||
        crb_encode_params(b, n, back, &writer, &other, &error)) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(one.len, other.len);
    assert_true(one.len == 0 || memcmp(one.data, other.data, one.len) == 0);
    crb_held_release(&held);
    crb_buf_clear(&one);
    crb_buf_clear(&other);
    crb_arena_free(arena);
    return 1;
}

static void called_with_the_same_bytes(void **state)
{
    size_t n = 0, n_streams = 0;
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        const corbel_interface *const interface = rows[i].interface, *const again = crb_tables_interface(rebuilt[i]);
        assert_int_equal(interface->n_methods, again->n_methods);
        for (uint32_t m = 0; m < interface->n_methods; m++) {
            const corbel_operation *const a = interface->methods[m].operation, *const b = again->methods[m].operation;
            char text[512];
            assert_string_equal(a->name, b->name);
            assert_string_equal(a->interface, b->interface);
            /* Nobody asks a call by a described table for its promises. */
            assert_true(((a->flags & ~(uint32_t)CORBEL_PROMISES) | CRB_COUNTED) == b->flags && a->n_in == b->n_in &&
                        a->n_out == b->n_out && a->fingerprint == b->fingerprint);
            if (!crb_operations_agree(a, b, text, sizeof text) || !crb_operations_agree(b, a, text, sizeof text)) {
                fail_msg("%s::%s: %s", a->interface, a->name, text);
            }
            for (unsigned which = 0; which < 10; which++) {
                n += check_bytes(a->in, b->in, a->n_in, which) + check_bytes(a->out, b->out, a->n_out, which);
            }
            const corbel_param *const streams[][2] = { { a->stream_in, b->stream_in }, { a->stream_out, b->stream_out } };
            for (size_t s = 0; s < 2; s++) {
                assert_true((streams[s][0] == NULL) == (streams[s][1] == NULL));
                if (streams[s][0] != NULL) {
                    assert_string_equal(streams[s][0]->name, streams[s][1]->name);
                    assert_int_equal(streams[s][0]->id, streams[s][1]->id);
                    n += check_bytes(streams[s][0], streams[s][1], 1, KITCHEN_RANDOM);
                    n_streams++;
                }
            }
            for (size_t r = 0; a->raises != NULL && a->raises[r] != NULL; r++) {
                const corbel_param one = { .name = "e", .id = 1, .type = a->raises[r] },
                                   other = { .name = "e", .id = 1, .type = b->raises[r] };
                n += check_bytes(&one, &other, 1, KITCHEN_RANDOM);
            }
        }
        kitchen_values_free();
    }
    printf("%zu messages, %zu streams\n", n, n_streams);
    assert_int_equal(n_streams, N_STREAMS);
    assert_true(n > N_MESSAGES);
}

/* ---- hostile ---- */

static uint64_t next_random(uint64_t *at)
{
    *at = *at * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *at >> 33;
}

/** Bytes of a description, changed: refused, or tables that can be used and described. */
static bool try_bytes(const uint8_t *data, size_t len)
{
    void *description = NULL;
    crb_tables *tables = NULL;
    const crb_rebuild_limits limits = { 1 << 20, 1000, 16, 1 << 16 };
    if (crb_decode_struct(&corbel_InterfaceDescription_type, data, len, NULL, NULL, &description, NULL)) {
        return false;
    }
    const bool made = crb_tables_new(description, &limits, &tables, NULL) == CORBEL_OK;
    if (made) {
        const corbel_interface *const interface = crb_tables_interface(tables);
        crb_arena *const arena = crb_arena_new(0);
        corbel_InterfaceDescription again = { 0 };
        assert_int_equal(crb_describe(interface, arena, &again, NULL), CORBEL_OK);
        for (uint32_t m = 0; m < interface->n_methods; m++) {
            const corbel_operation *const operation = interface->methods[m].operation;
            const void *values[64];
            crb_held held = { 0 };
            const crb_ref_reader reader = { .take = any_object };
            char text[200];
            if (operation->n_in <= 64) {
                const crb_codec_limits small = { 1 << 20, 16 };
                if (crb_decode_args(operation->in, operation->n_in, data, len % 64, &small, &reader, arena, &held, values,
                                    NULL) == CORBEL_OK) {
                    crb_held_release(&held);
                }
            }
            (void)crb_operations_agree(operation, interface->methods[0].operation, text, sizeof text);
        }
        crb_arena_free(arena);
    }
    crb_tables_free(tables);
    corbel_block_free(description);
    return made;
}

static void anything_that_decodes(void **state)
{
    uint64_t random = 1;
    size_t made = 0;
    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        const crb_buf *const from = &encoded[next_random(&random) % N_ROWS];
        uint8_t *const copy = malloc(from->len);
        assert_non_null(copy);
        memcpy(copy, from->data, from->len);
        for (uint64_t n = 1 + next_random(&random) % 4; n > 0; n--) {
            copy[next_random(&random) % from->len] = (uint8_t)next_random(&random);
        }
        made += try_bytes(copy, from->len);
        free(copy);
    }
    printf("%zu of 20000 made tables\n", made);
    assert_true(made > 1000 && made < 19000);
}

/** Limits, and what a table must not be. */
static void refused(void **state)
{
    static const corbel_MemberDescription self = { .name = "m", .id = 1, .type = 0 };
    static const corbel_MemberDescription text = { .name = "m", .id = 1, .type = 1 };
    static const struct {
        corbel_TypeDescription types[2];
        const char *message;
    } cases[] = {
        { { { .kind = corbel_TYPE_STRUCT, .name = "S", .members = { 1, &self } } }, "the description: type S contains itself" },
        { { { .kind = corbel_TYPE_STRUCT, .name = "S", .is_plain = true, .members = { 1, &text } },
            { .kind = corbel_TYPE_STRING } },
          "the description: type S is not plain" },
        { { { .kind = corbel_TYPE_SEQUENCE, .element = 2 } }, "the description: type 2 of 2" },
        { { { .kind = corbel_TYPE_ARRAY, .element = 1, .bound = UINT32_MAX }, { .kind = corbel_TYPE_DOUBLE } },
          "the description: values of type without a name are too big" },
        { { { .kind = corbel_TYPE_SEQUENCE, .element = 1, .is_bytes = true }, { .kind = corbel_TYPE_DOUBLE } },
          "the description: octets of another type" },
        { { { .kind = corbel_TYPE_MAP, .element = 1 }, { .kind = corbel_TYPE_DOUBLE } }, "the description: a map's item" },
        { { { .kind = corbel_TYPE_UNION, .name = "U" } }, "the description: a union without a discriminator" },
        { { { .kind = corbel_TYPE_BITMASK, .name = "B", .bound = 65 } }, "the description: the width of a bitmask" },
        { { { .kind = corbel_TYPE_STRUCT, .name = "S", .is_plain = true, .is_bitset = true, .members = { 1, &text } },
            { .kind = corbel_TYPE_DOUBLE } },
          "the description: a bitset's fields" },
        { { { .kind = corbel_TYPE_FIXED, .bound = 3, .scale = 4 } }, "the description: the digits of a fixed" },
        { { { .kind = corbel_TYPE_STRUCT, .name = "a b" } }, "the description: a name that is none" },
        { { { .kind = (corbel_TypeKind)99 } }, "the description: a kind of type that this process does not know" },
    };
    (void)state;
    assert_int_equal(sizeof cases / sizeof *cases, 12);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        corbel_TypeDescription types[2];
        memcpy(types, cases[i].types, sizeof types);
        for (size_t t = 0; t < 2; t++) {
            types[t].name = types[t].name == NULL ? "" : types[t].name;
        }
        const corbel_InterfaceDescription description = { .name = "X", .types = { 2, types } };
        crb_tables *tables = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        assert_true(crb_tables_new(&description, NULL, &tables, &error) != CORBEL_OK);
        assert_string_equal(error.message, cases[i].message);
        assert_null(tables);
        corbel_error_clear(&error);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return EXIT_FAILURE;
    }
    golden = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printed_again),
        cmocka_unit_test(called_with_the_same_bytes),
        cmocka_unit_test(anything_that_decodes),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, rebuild_all, free_all);
}
