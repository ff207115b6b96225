#include "idl/warnings.h"

#define IDL_WARNING(name, id, title, text, wrong, right) +1
#define IDL_ERROR(name, id, title, text, wrong, right)
_Static_assert(0
#include "idl/diagnostic_list.def"
                   <= 32,
               "a warning is a bit of idl_warning_options.off");
#undef IDL_WARNING
#undef IDL_ERROR

idl_diagnostic_id idl_warning_find(const char *id)
{
    const idl_diagnostic_id found = idl_diagnostic_find(id);
    return found < IDL_N_DIAGNOSTICS && idl_diagnostic_kind_of(found)->is_warning ? found : IDL_N_DIAGNOSTICS;
}
