/* The reader on the caller's side: each output in a block of its own, and nothing given out until all are read. An output is
 * read by a pass of its own over the message's top level, which skips the fields of the others without looking into them. */
#include "runtime/base/fail.h"
#include "runtime/value/any.h"

#include <stdlib.h>

/** One output on its way. */
typedef struct results_slot {
    union {
        uint64_t scalar;
        long double number;
        crb_view view;
        const void *pointer; /* text or reference; or the memory of a struct, union or array */
    } value;
    crb_arena *arena;
    crb_block *block;
    crb_held held;
} results_slot;

enum { RESULTS_FEW = 4 };

/** What is read into memory of its own, which is given out unless the type is plain. */
static bool results_is_aggregate(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_STRUCT || type->kind == CORBEL_KIND_UNION || type->kind == CORBEL_KIND_ARRAY;
}

static bool results_is_text(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_STRING || type->kind == CORBEL_KIND_FIXED;
}

/** Where the reader is to put the value, ready for it. NULL: d->error tells. */
static void *results_place(crb_decoder *d, const corbel_type *type, results_slot *slot, const crb_path *path)
{
    if (!results_is_aggregate(type)) {
        d->root = &slot->value;
        if (!crb_is_scalar(type)) { /* zero already */
            crb_decoder_start_value(type, &slot->value);
        }
        return &slot->value;
    }
    void *place = crb_decoder_root(d, 1, type->size, path);
    if (place != NULL) {
        slot->value.pointer = place;
        crb_decoder_start_value(type, place);
    }
    return place;
}

static bool results_read(crb_decoder *d, const corbel_param *param, crb_span span, results_slot *slot)
{
    const crb_path path = { .name = param->name };
    d->arena = NULL;
    d->block = NULL;
    d->root = NULL;
    d->held = &slot->held;
    void *const place = results_place(d, param->type, slot, &path);
    corbel_member member;
    crb_layout_member(&member, param->name, param->id, 0, param->type);
    const crb_layout layout = { &member, 1, true, place };
    bool done = place != NULL && crb_decoder_message(d, &layout, span, NULL);
    if (done && results_is_text(param->type) && d->block == NULL) {
        /* Nothing came: what it starts with is to be a block, too. */
        const char *start = slot->value.pointer;
        char *copy = crb_decoder_root(d, strlen(start) + 1, 1, &path);
        done = copy != NULL;
        if (done) {
            slot->value.pointer = strcpy(copy, start);
        }
    }
    slot->arena = d->arena;
    slot->block = d->block;
    return done;
}

static void results_drop(results_slot *slot)
{
    crb_held_release(&slot->held);
    crb_arena_free(slot->arena);
}

/** Gives the references in the value to its block. */
static void results_seal(results_slot *slot)
{
    slot->block->refs = slot->held;
    slot->block->unref = corbel_object_unref;
    slot->block->unref_any = corbel_any_unref;
}

static void results_give(const corbel_type *type, results_slot *slot, void *out)
{
    const bool plain = (type->flags & CORBEL_PLAIN) != 0;
    if ((results_is_aggregate(type) && !plain) || results_is_text(type)) {
        memcpy(out, &slot->value.pointer, sizeof slot->value.pointer);
        results_seal(slot);
    } else if (type->kind == CORBEL_KIND_SEQUENCE || type->kind == CORBEL_KIND_MAP) {
        crb_view_set(out, slot->value.view);
        if (slot->value.view.len > 0) {
            results_seal(slot);
        } else {
            results_drop(slot);
        }
    } else if (results_is_aggregate(type)) {
        memcpy(out, slot->value.pointer, type->size);
        results_drop(slot);
    } else {
        memcpy(out, &slot->value, type->size);
        if (type->kind == CORBEL_KIND_REFERENCE) {
            corbel_object_ref(crb_reference_get(out));
        } else if (type->kind == CORBEL_KIND_ANY) {
            corbel_any_ref(crb_any_get(out));
        }
        results_drop(slot);
    }
}

corbel_status crb_decode_results(const corbel_param *params, uint32_t n, const uint8_t *data, size_t len,
                                 const crb_codec_limits *limits, const crb_ref_reader *refs, void *const *out,
                                 corbel_error *reterr)
{
    crb_decoder d;
    crb_decoder_init(&d, limits, refs, len, CORBEL_COMPLETED_YES);
    results_slot few[RESULTS_FEW];
    results_slot *slots = few;
    if (n > RESULTS_FEW) {
        slots = calloc(n, sizeof *slots);
        if (slots == NULL) {
            return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for the results");
        }
    } else {
        memset(few, 0, n * sizeof *few);
    }
    const crb_span span = { data, len > 0 ? data + len : data };
    bool done = crb_decoder_check_len(&d);
    for (uint32_t i = 0; i < n && done; i++) {
        done = out[i] == NULL || results_read(&d, &params[i], span, &slots[i]);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (done && out[i] != NULL) {
            results_give(params[i].type, &slots[i], out[i]);
        } else {
            results_drop(&slots[i]);
        }
    }
    if (slots != few) {
        free(slots);
    }
    const corbel_status status = d.error.status;
    if (!done) {
        crb_error_move(reterr, &d.error);
    }
    return status;
}

corbel_status crb_decode_struct(const corbel_type *type, const uint8_t *data, size_t len, const crb_codec_limits *limits,
                                const crb_ref_reader *refs, void **ret, corbel_error *reterr)
{
    crb_decoder d;
    results_slot slot = { 0 };
    crb_decoder_init(&d, limits, refs, len, CORBEL_COMPLETED_YES);
    d.held = &slot.held;
    const crb_span span = { data, len > 0 ? data + len : data };
    bool done = crb_decoder_check_len(&d);
    void *place = done ? results_place(&d, type, &slot, NULL) : NULL;
    done = place != NULL && crb_decoder_value(&d, type, place, span, NULL);
    slot.arena = d.arena;
    slot.block = d.block;
    if (done) {
        results_seal(&slot);
        *ret = place;
        return CORBEL_OK;
    }
    results_drop(&slot);
    const corbel_status status = d.error.status;
    crb_error_move(reterr, &d.error);
    return status;
}
