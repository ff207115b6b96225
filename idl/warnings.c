#include "idl/warnings.h"

#include <string.h>

static const char *const names[] = {
#define X(name, text) text,
    IDL_WARNINGS(X)
#undef X
};

const char *idl_warning_name(idl_warning_id id)
{
    return names[id];
}

idl_warning_id idl_warning_find(const char *name)
{
    size_t i = 0;
    while (i < IDL_N_WARNINGS && strcmp(names[i], name) != 0) {
        i++;
    }
    return (idl_warning_id)i;
}
