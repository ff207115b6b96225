#include "runtime/value/union.h"
#include "runtime/value/field.h"

const corbel_member *crb_union_case(const corbel_type *type, const void *value)
{
    const corbel_member *discriminator = &type->members[0], *otherwise = NULL;
    const int64_t number = crb_integer_get(discriminator->type, (const uint8_t *)value + discriminator->offset);
    for (uint32_t i = 1; i < type->count; i++) {
        const corbel_member *member = &type->members[i];
        for (uint32_t k = 0; k < member->n_labels; k++) {
            if (member->labels[k] == number) {
                return member;
            }
        }
        if ((member->flags & CORBEL_DEFAULT) != 0) {
            otherwise = member;
        }
    }
    return otherwise;
}
