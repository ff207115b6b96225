/* What is printed stands in idl/diagnostic_list.def. */
#include "codegen/explain.h"

#include "idl/diagnostic_ids.h"

#include <stdio.h>
#include <string.h>

/* Each line four columns in. */
static void print_example(const char *heading, const char *text)
{
    printf("\n%s:\n", heading);
    while (*text != '\0') {
        const int length = (int)strcspn(text, "\n");
        printf("    %.*s\n", length, text);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
}

bool explain_id(const char *id)
{
    const idl_diagnostic_id found = idl_diagnostic_find(id);
    if (found == IDL_N_DIAGNOSTICS) {
        const char *near = idl_diagnostic_suggest(id);
        fprintf(stderr, "corbelc: unknown id '%s'%s%s%s (--explain alone lists all)\n", id,
                near == NULL ? "" : ": did you mean '", near == NULL ? "" : near, near == NULL ? "" : "'?");
        return false;
    }
    const idl_diagnostic_kind *kind = idl_diagnostic_kind_of(found);
    printf("%s (%s): %s\n\n%s\n", kind->id, kind->is_warning ? "warning" : "error", kind->title, kind->text);
    if (kind->wrong != NULL) {
        print_example("wrong", kind->wrong);
        print_example("right", kind->right);
    }
    return true;
}

void explain_list(void)
{
    for (int i = 0; i < IDL_N_DIAGNOSTICS; i++) {
        const idl_diagnostic_kind *kind = idl_diagnostic_kind_of((idl_diagnostic_id)i);
        printf("%-30s %s%s\n", kind->id, kind->title, kind->is_warning ? " (warning)" : "");
    }
}
