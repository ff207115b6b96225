/* Outputs of calls of any type, for who has no generated code that releases them. */
#include "runtime/value/any.h"
#include "runtime/value/field.h"

#include <corbel/dynamic.h>
#include <string.h>

/** What comes out as a pointer to a block. */
static bool output_is_pointer(const corbel_type *type)
{
    switch (type->kind) {
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
    case CORBEL_KIND_ARRAY:
        return (type->flags & CORBEL_PLAIN) == 0;
    default:
        return false;
    }
}

size_t corbel_output_size(const corbel_type *type)
{
    return output_is_pointer(type) ? sizeof(void *) : type->size;
}

const void *corbel_output_value(const corbel_type *type, const void *output)
{
    const void *value = output;
    if (output_is_pointer(type)) {
        memcpy(&value, output, sizeof value);
    }
    return value;
}

void corbel_output_clear(const corbel_type *type, void *output)
{
    if (output_is_pointer(type)) {
        corbel_block_free(corbel_output_value(type, output));
    } else if (type->kind == CORBEL_KIND_STRING || type->kind == CORBEL_KIND_FIXED) {
        const void *text = NULL;
        memcpy(&text, output, sizeof text);
        corbel_block_free(text);
    } else if (type->kind == CORBEL_KIND_SEQUENCE || type->kind == CORBEL_KIND_MAP) {
        const crb_view view = crb_view_get(output);
        if (view.len > 0) {
            corbel_block_free(view.items);
        }
    } else if (type->kind == CORBEL_KIND_REFERENCE) {
        corbel_object_unref(crb_reference_get(output));
    } else if (type->kind == CORBEL_KIND_ANY) {
        corbel_any_unref(crb_any_get(output));
    }
    memset(output, 0, corbel_output_size(type));
}
