/* The reader's unions and optional members.
 *
 * What a union's bytes mean depends on its discriminator. So a message makes the union anew, whatever was there; the
 * discriminator comes before the case, and once; and only the case that it selects is ever read. */
#include "runtime/value/decode.h"
#include "runtime/value/union.h"

typedef struct union_reader {
    const corbel_type *type;
    uint8_t *at;
    bool has_discriminator, is_chosen;
    const corbel_member *chosen; /* once is_chosen: the case, or NULL where the discriminator selects none */
} union_reader;

/** The discriminator is as it will be. */
static void union_choose(union_reader *u)
{
    if (!u->is_chosen) {
        u->is_chosen = true;
        u->chosen = crb_union_case(u->type, u->at);
        if (u->chosen != NULL) {
            crb_decoder_start_value(u->chosen->type, u->at + u->chosen->offset);
        }
    }
}

static bool union_field(crb_decoder *d, union_reader *u, const corbel_member *member, crb_wire_type wire, crb_span *span,
                        const crb_path *path)
{
    if (member == &u->type->members[0]) {
        if (u->has_discriminator || u->is_chosen) {
            return crb_decoder_fail(d, CORBEL_DECODE, path, "%s", u->has_discriminator ? "twice" : "behind the case");
        }
        u->has_discriminator = true;
    } else {
        union_choose(u);
        if (member != u->chosen) {
            return crb_decoder_fail(d, CORBEL_DECODE, path, "not what %s selects", u->type->members[0].name);
        }
    }
    return crb_decode_single(d, member->type, u->at + member->offset, wire, span, path);
}

bool crb_decode_union(crb_decoder *d, const corbel_type *type, void *at, crb_span span, const crb_path *path)
{
    union_reader u = { .type = type, .at = memset(at, 0, type->size) };
    const crb_layout layout = { type->members, type->count, true, at };
    uint32_t cursor = 0;
    while (span.at < span.end) {
        uint32_t id = 0;
        crb_wire_type wire = CRB_WIRE_VARINT;
        if (!crb_decode_tag(d, &span, path, &id, &wire)) {
            return false;
        }
        const corbel_member *member = crb_decode_find(&layout, id, &cursor);
        crb_span skipped = { NULL, NULL };
        if (member == NULL) {
            if (!crb_decode_skip(d, wire, &span, path, &skipped)) {
                return false;
            }
            continue;
        }
        const crb_path here = { .up = path, .name = member->name };
        if (!union_field(d, &u, member, wire, &span, &here)) {
            return false;
        }
    }
    union_choose(&u);
    return true;
}

bool crb_decode_optional(crb_decoder *d, const corbel_type *type, void *at, crb_wire_type wire, crb_span *span,
                         const crb_path *path)
{
    if (crb_is_pointer(type)) {
        return crb_decode_single(d, type, at, wire, span, path);
    }
    void *value = (void *)(uintptr_t)crb_pointer_get(at);
    if (value == NULL) {
        value = crb_decoder_alloc(d, 1, type->size, path);
        if (value == NULL) {
            return false;
        }
        crb_decoder_start_value(type, value);
        crb_pointer_set(at, value);
    }
    return crb_decode_single(d, type, value, wire, span, path);
}
