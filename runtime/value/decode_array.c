/* The reader's arrays but those of octets. In one message all fields of an array, packed or not, together hold exactly its items,
 * or none, which leaves it as it was. */
#include "runtime/value/decode.h"

static uint32_t *array_counts(crb_decoder *d, const crb_layout *layout, crb_arrays *arrays, const crb_path *path)
{
    if (arrays->counts == NULL && layout->n <= CRB_FEW_ARRAYS) {
        memset(arrays->few, 0, sizeof arrays->few);
        arrays->counts = arrays->few;
    } else if (arrays->counts == NULL) {
        arrays->counts = crb_decoder_alloc(d, layout->n, sizeof *arrays->counts, path);
    }
    return arrays->counts;
}

bool crb_decode_array(crb_decoder *d, const crb_layout *layout, const corbel_member *member, crb_arrays *arrays,
                      crb_wire_type wire, crb_span *span, const crb_path *path)
{
    const corbel_type *type = member->type;
    uint32_t *counts = array_counts(d, layout, arrays, path);
    if (counts == NULL) {
        return false;
    }
    uint8_t *const items = layout->base + member->offset;
    uint32_t *const count = &counts[member - layout->members];
    if (*count == 0 && !crb_is_packable(type->element)) {
        /* What another message left there is not read over. */
        memset(items, 0, type->size);
        crb_decoder_start_value(type, items);
    }
    size_t n = *count;
    const bool done = crb_decode_items(d, type, items, &n, type->bound, wire, span, path);
    *count = (uint32_t)n;
    return done;
}

bool crb_decode_check_arrays(crb_decoder *d, const crb_layout *layout, const crb_arrays *arrays, const crb_path *path)
{
    for (uint32_t i = 0; i < layout->n; i++) {
        const corbel_member *member = &layout->members[i];
        if (member->type->kind == CORBEL_KIND_ARRAY && arrays->counts[i] != 0 && arrays->counts[i] != member->type->bound) {
            const crb_path here = { .up = path, .name = member->name };
            return crb_decoder_fail(d, CORBEL_DECODE, member->name != NULL ? &here : path, "%u items, not %u", arrays->counts[i],
                                    member->type->bound);
        }
    }
    return true;
}
