/* The writer's unions: the discriminator, and the case that it selects, written even when it is zero. */
#include "runtime/value/encode.h"
#include "runtime/value/union.h"

bool crb_encode_union_members(crb_encoder *e, const corbel_type *type, const void *value, const crb_path *path)
{
    const corbel_member *discriminator = &type->members[0], *selected = crb_union_case(type, value);
    const crb_path there = { .up = path, .name = discriminator->name };
    if (!crb_encode_value(e, discriminator->id, discriminator->type, (const uint8_t *)value + discriminator->offset, &there)) {
        return false;
    }
    if (selected == NULL) {
        return true;
    }
    const crb_path here = { .up = path, .name = selected->name };
    return crb_encode_present(e, selected->id, selected->type, (const uint8_t *)value + selected->offset, &here);
}
