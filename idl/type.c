/* What the emitters ask of the model. */
#include "idl/model.h"

#include <string.h>

const idl_type *idl_type_resolve(const idl_type *type)
{
    while (type->kind == IDL_NAMED && type->decl->kind == IDL_TYPEDEF) {
        type = type->decl->type;
    }
    return type;
}

const idl_annotation *idl_annotation_find(const idl_annotation *first, const char *name)
{
    while (first != NULL && strcmp(first->name, name) != 0) {
        first = first->next;
    }
    return first;
}

const idl_argument *idl_argument_find(const idl_annotation *annotation, const char *name)
{
    for (size_t i = 0; i < annotation->n_arguments; i++) {
        if (strcmp(annotation->arguments[i].name, name) == 0) {
            return &annotation->arguments[i];
        }
    }
    return NULL;
}
