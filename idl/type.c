#include "idl/model.h"

const idl_type *idl_type_resolve(const idl_type *type)
{
    while (type->kind == IDL_NAMED && type->decl->kind == IDL_TYPEDEF) {
        type = type->decl->type;
    }
    return type;
}
