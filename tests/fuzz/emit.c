/* What the front end accepts becomes C, or errors: twice the same, whole lines, and never a wrong access. */
#include "codegen/codegen.h"
#include "idl/idl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const idl_options options = { .diagnostics = NULL };
    const idl_result compiled = idl_compile_text(&options, "fuzz.idl", (const char *)data, size);
    if (compiled.errors == 0 && compiled.unit != NULL) {
        emit_result one = emit_unit(compiled.unit, NULL, 0, (idl_warning_options) { 0 });
        emit_result two = emit_unit(compiled.unit, NULL, 0, (idl_warning_options) { 0 });
        need(one.errors == two.errors && one.n_outputs == two.n_outputs && one.n_outputs == (one.errors > 0 ? 0 : 1));
        if (one.n_outputs > 0) {
            const emit_output *a = &one.outputs[0], *b = &two.outputs[0];
            need(a->header_length == b->header_length && memcmp(a->header, b->header, a->header_length) == 0);
            need(a->source_length == b->source_length && memcmp(a->source, b->source, a->source_length) == 0);
            need(strlen(a->header) == a->header_length && a->header[a->header_length - 1] == '\n');
            need(strlen(a->source) == a->source_length && a->source[a->source_length - 1] == '\n');
        }
        emit_result_free(&one);
        emit_result_free(&two);
    }
    idl_unit_free(compiled.unit);
    return 0;
}
