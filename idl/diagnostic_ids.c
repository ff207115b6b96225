/* The list as a table. */
#include "idl/diagnostic_ids.h"

#include "idl/text.h"

#include <string.h>

/* Further than this, two ids are not similar. */
#define SUGGESTION_DISTANCE 4

static const idl_diagnostic_kind kinds[] = {
#define IDL_WARNING(name, id, title, text, wrong, right) { id, true, title, text, wrong, right },
#define IDL_ERROR(name, id, title, text, wrong, right) { id, false, title, text, wrong, right },
#include "idl/diagnostic_list.def"
#undef IDL_WARNING
#undef IDL_ERROR
};

const idl_diagnostic_kind *idl_diagnostic_kind_of(idl_diagnostic_id id)
{
    return &kinds[id];
}

idl_diagnostic_id idl_diagnostic_find(const char *id)
{
    size_t i = 0;
    while (i < IDL_N_DIAGNOSTICS && strcmp(kinds[i].id, id) != 0) {
        i++;
    }
    return (idl_diagnostic_id)i;
}

const char *idl_diagnostic_suggest(const char *id)
{
    const char *best = NULL;
    size_t least = SUGGESTION_DISTANCE;
    for (size_t i = 0; i < IDL_N_DIAGNOSTICS; i++) {
        const size_t distance = idl_edit_distance(id, kinds[i].id, least);
        if (distance < least) {
            least = distance;
            best = kinds[i].id;
        }
    }
    return best;
}
