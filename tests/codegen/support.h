/** What the unit tests of the emitters share: an arena that must not run out, and a run from IDL text to outputs. */
#ifndef TESTS_CODEGEN_SUPPORT_H
#define TESTS_CODEGEN_SUPPORT_H

#include "codegen/codegen.h"
#include "idl/arena.h"
#include "idl/idl.h"

/* cmocka.h wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** An arena whose end is a failed test. */
#define TEST_ARENA(name)                                                                                                         \
    jmp_buf name##_stop;                                                                                                         \
    idl_arena name = { .stop = &name##_stop };                                                                                   \
    if (setjmp(name##_stop) != 0) {                                                                                              \
        fail_msg("the arena ran out");                                                                                           \
    }

/** A compiled and emitted text. */
typedef struct test_run {
    idl_unit *unit;
    emit_result result;
    char *messages; /* of the emitters */
    size_t length;
} test_run;

/** The front end must accept text. */
static inline test_run test_emit(const char *text)
{
    test_run run = { 0 };
    const idl_options options = { .diagnostics = stderr };
    const idl_result compiled = idl_compile_text(&options, "test.idl", text, strlen(text));
    assert_int_equal(compiled.errors, 0);
    assert_non_null(compiled.unit);
    run.unit = compiled.unit;
    FILE *out = open_memstream(&run.messages, &run.length);
    assert_non_null(out);
    run.result = emit_unit(run.unit, out, 0, (idl_warning_options) { 0 });
    fclose(out);
    return run;
}

static inline void test_emit_end(test_run *run)
{
    emit_result_free(&run->result);
    idl_unit_free(run->unit);
    free(run->messages);
}

#endif /* TESTS_CODEGEN_SUPPORT_H */
