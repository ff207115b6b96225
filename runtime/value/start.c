/* The values of what is missing in a message. */
#include "runtime/value/decode.h"
#include "runtime/value/union.h"

static bool start_members(const corbel_type *type, uint8_t *value)
{
    bool changed = false;
    for (uint32_t i = 0; i < type->count; i++) {
        const corbel_member *member = &type->members[i];
        if ((member->flags & CORBEL_OPTIONAL) != 0) {
            continue;
        }
        if ((member->flags & CORBEL_PRESENT) != 0) {
            memcpy(value + member->offset, member->fallback, member->type->size);
            changed = true;
        } else if (!crb_is_scalar(member->type)) {
            changed = crb_decoder_start_value(member->type, value + member->offset) || changed;
        }
    }
    return changed;
}

bool crb_decoder_start_value(const corbel_type *type, void *value)
{
    const corbel_member *selected = NULL;
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        crb_string_set(value, "");
        return true;
    case CORBEL_KIND_FIXED:
        crb_string_set(value, "0");
        return true;
    case CORBEL_KIND_STRUCT:
        return start_members(type, value);
    case CORBEL_KIND_UNION:
        selected = crb_union_case(type, value);
        return selected != NULL && crb_decoder_start_value(selected->type, (uint8_t *)value + selected->offset);
    case CORBEL_KIND_ARRAY:
        if (crb_is_scalar(type->element) || !crb_decoder_start_value(type->element, value)) {
            return false;
        }
        crb_decoder_start_values(type->element, value, type->bound);
        return true;
    default:
        return false;
    }
}

void crb_decoder_start_values(const corbel_type *type, void *values, size_t n)
{
    /* The items are alike, and what they point to is constant: so one is made, and copied. */
    if (n > 0 && crb_decoder_start_value(type, values)) {
        for (size_t i = 1; i < n; i++) {
            memcpy((uint8_t *)values + i * type->size, values, type->size);
        }
    }
}
