/* The reader on the servant's side: all arguments in one arena, laid out like the members of a struct. */
#include "runtime/base/fail.h"
#include "runtime/value/decode.h"

enum { ARGS_FEW = 16 };

void crb_held_release(crb_held *held)
{
    for (size_t i = 0; i < held->len; i++) {
        corbel_object_unref(held->items[i]);
    }
    for (const crb_held_any *any = held->anys; any != NULL; any = any->next) {
        corbel_any_unref(any->any);
    }
    held->len = 0;
    held->anys = NULL;
}

/** align: a power of two. */
static size_t args_align(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

/** Lays the parameters out like the members of a struct. members: n of them, to fill. Returns the struct's size. */
static size_t args_lay_out(const corbel_param *params, uint32_t n, corbel_member *members, bool *ret_ascending)
{
    size_t size = 0, widest = 8;
    *ret_ascending = true;
    for (uint32_t i = 0; i < n; i++) {
        const size_t align = crb_align_of(params[i].type->size);
        size = args_align(size, align);
        crb_layout_member(&members[i], params[i].name, params[i].id, size, params[i].type);
        size += params[i].type->size;
        widest = align > widest ? align : widest;
        *ret_ascending = *ret_ascending && (i == 0 || params[i - 1].id < params[i].id);
    }
    return args_align(size, widest);
}

static bool args_read(crb_decoder *d, const corbel_param *params, uint32_t n, crb_span span, const void **values)
{
    corbel_member few[ARGS_FEW];
    corbel_member *members = few;
    if (!crb_decoder_check_len(d)) {
        return false;
    }
    if (n > ARGS_FEW) {
        members = crb_arena_alloc(d->arena, n, sizeof *members);
        if (members == NULL) {
            return crb_decoder_fail(d, CORBEL_NO_MEMORY, NULL, "no memory for it");
        }
    }
    crb_layout layout = { .members = members, .n = n };
    const size_t size = args_lay_out(params, n, members, &layout.ascending);
    layout.base = crb_decoder_alloc(d, 1, size, NULL);
    if (layout.base == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        values[i] = layout.base + members[i].offset;
        if (!crb_is_scalar(members[i].type)) { /* zero already */
            crb_decoder_start_value(members[i].type, layout.base + members[i].offset);
        }
    }
    return crb_decoder_message(d, &layout, span, NULL);
}

corbel_status crb_decode_args(const corbel_param *params, uint32_t n, const uint8_t *data, size_t len,
                              const crb_codec_limits *limits, const crb_ref_reader *refs, crb_arena *arena, crb_held *held,
                              const void **values, corbel_error *reterr)
{
    crb_decoder d;
    crb_decoder_init(&d, limits, refs, len, CORBEL_COMPLETED_NO);
    d.arena = arena;
    d.held = held;
    *held = (crb_held) { NULL, 0, 0, NULL };
    const crb_span span = { data, len > 0 ? data + len : data };
    if (args_read(&d, params, n, span, values)) {
        return CORBEL_OK;
    }
    crb_held_release(held);
    const corbel_status status = d.error.status;
    crb_error_move(reterr, &d.error);
    return status;
}
