/* Both versions are units of their own: they declare the same names. */
#include "codegen/evolve_files.h"

#include "codegen/evolve.h"
#include "idl/diagnostics.h"

int evolve_files(const idl_options *options, const char *old, const char *new, FILE *out)
{
    const idl_result before = idl_compile(options, &old, 1), now = idl_compile(options, &new, 1);
    int status = EVOLVE_EXIT_FAILED;
    if (before.errors == 0 && now.errors == 0 && before.unit != NULL && now.unit != NULL) {
        evolve_result result = evolve_compare(before.unit, now.unit);
        if (!result.is_complete) {
            idl_report_alone(options->diagnostics, &options->warn, IDL_DIAG_OUT_OF_MEMORY, NULL, "out of memory");
        } else {
            evolve_print(&result, out);
            status = fflush(out) == 0 ? (int)result.worst : EVOLVE_EXIT_FAILED;
        }
        evolve_result_free(&result);
    }
    idl_unit_free(before.unit);
    idl_unit_free(now.unit);
    return status;
}
