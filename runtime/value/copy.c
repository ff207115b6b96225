/* Deep copies. A copy that is handed out is measured first, so that it is one block in one
 * allocation. References are counted last, when nothing can fail any more. */
#include "runtime/base/fail.h"
#include "runtime/value/any.h"
#include "runtime/value/refs.h"
#include "runtime/value/union.h"

enum { COPY_DEPTH = CRB_VALUE_DEPTH };

/** What a value needs beside its own bytes. */
typedef struct copy_needs {
    size_t bytes; /* with the padding that the arena may add */
    size_t refs, anys;
    bool too_much; /* more than there is memory, or nested deeper than any value that travels: a cycle */
} copy_needs;

static void copy_add(copy_needs *needs, size_t count, size_t size, size_t align)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4 || needs->bytes > SIZE_MAX / 4) {
        needs->too_much = true;
    } else {
        needs->bytes += bytes + align - 1;
    }
}

static void copy_measure(const corbel_type *type, const void *value, unsigned depth, copy_needs *needs);

static void copy_measure_items(const corbel_type *type, size_t n, const void *items, unsigned depth, copy_needs *needs)
{
    for (size_t i = 0; i < n && (type->flags & CORBEL_PLAIN) == 0 && !needs->too_much; i++) {
        copy_measure(type, (const uint8_t *)items + i * type->size, depth, needs);
    }
}

static void copy_measure_member(const corbel_member *member, const void *value, unsigned depth, copy_needs *needs)
{
    const void *at = (const uint8_t *)value + member->offset;
    if ((member->flags & CORBEL_OPTIONAL) != 0 && !crb_is_pointer(member->type)) {
        at = crb_pointer_get(at);
        if (at == NULL) {
            return;
        }
        copy_add(needs, 1, member->type->size, crb_align_of(member->type->size));
    }
    copy_measure(member->type, at, depth, needs);
}

static void copy_measure(const corbel_type *type, const void *value, unsigned depth, copy_needs *needs)
{
    const corbel_member *selected = NULL;
    crb_view view = { 0, NULL };
    if ((type->flags & CORBEL_PLAIN) != 0 || needs->too_much) {
        return;
    }
    if (depth == 0) {
        needs->too_much = true;
        return;
    }
    switch (type->kind) {
    case CORBEL_KIND_STRING:
    case CORBEL_KIND_FIXED:
        if (*crb_string_get(value) != '\0') {
            copy_add(needs, strlen(crb_string_get(value)) + 1, 1, 1);
        }
        break;
    case CORBEL_KIND_REFERENCE:
        needs->refs += crb_reference_get(value) != NULL;
        break;
    case CORBEL_KIND_ANY:
        needs->anys += crb_any_get(value) != NULL;
        break;
    case CORBEL_KIND_STRUCT:
        for (uint32_t i = 0; i < type->count; i++) {
            copy_measure_member(&type->members[i], value, depth - 1, needs);
        }
        break;
    case CORBEL_KIND_UNION:
        selected = crb_union_case(type, value);
        if (selected != NULL) {
            copy_measure_member(selected, value, depth - 1, needs);
        }
        break;
    case CORBEL_KIND_ARRAY:
        copy_measure_items(type->element, type->bound, value, depth - 1, needs);
        break;
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        view = crb_view_get(value);
        if (view.len > 0) {
            copy_add(needs, view.len, type->element->size, crb_align_of(type->element->size));
            copy_measure_items(type->element, view.len, view.items, depth - 1, needs);
        }
        break;
    default:
        break;
    }
}

typedef struct copier {
    crb_arena *arena;
    crb_held *held; /* gets the references; NULL: not wanted */
    size_t n_refs;  /* found */
    unsigned depth; /* left */
    corbel_status status;
} copier;

/** Makes value, which is a copy of the bytes of another one already, a deep copy. */
static bool copy_deepen(copier *c, const corbel_type *type, void *value);

/** empty: what no text at all becomes. */
static bool copy_text(copier *c, void *value, const char *empty)
{
    const char *text = crb_string_get(value);
    const size_t size = strlen(text) + 1;
    if (size == 1) {
        crb_string_set(value, empty);
        return true;
    }
    char *copy = crb_arena_take(c->arena, size, 1);
    if (copy != NULL) {
        crb_string_set(value, memcpy(copy, text, size));
    }
    return copy != NULL;
}

/** Deepens items that are copies of bytes already. */
static bool copy_items(copier *c, const corbel_type *element, size_t len, uint8_t *items)
{
    for (size_t i = 0; i < len && (element->flags & CORBEL_PLAIN) == 0; i++) {
        if (!copy_deepen(c, element, items + i * element->size)) {
            return false;
        }
    }
    return true;
}

/** The bytes of n values at from; NULL: no memory. */
static void *copy_bytes(copier *c, const void *from, size_t n, size_t size)
{
    void *copy = n <= SIZE_MAX / size ? crb_arena_take(c->arena, n * size, crb_align_of(size)) : NULL;
    return copy != NULL ? memcpy(copy, from, n * size) : NULL;
}

static bool copy_view(copier *c, const corbel_type *type, void *value)
{
    const crb_view view = crb_view_get(value);
    if (view.len == 0) {
        crb_view_set(value, (crb_view) { 0, NULL });
        return true;
    }
    uint8_t *items = copy_bytes(c, view.items, view.len, type->element->size);
    if (items == NULL) {
        return false;
    }
    crb_view_set(value, (crb_view) { view.len, items });
    return copy_items(c, type->element, view.len, items);
}

static bool copy_any(copier *c, const void *value)
{
    corbel_any *const any = crb_any_get(value);
    c->n_refs += any != NULL;
    if (any != NULL && c->held != NULL) {
        crb_held_any *const held = crb_arena_take(c->arena, sizeof *held, _Alignof(crb_held_any));
        if (held == NULL) {
            return false;
        }
        *held = (crb_held_any) { c->held->anys, any };
        c->held->anys = held;
    }
    return true;
}

static bool copy_member(copier *c, const corbel_member *member, void *value)
{
    void *at = (uint8_t *)value + member->offset;
    if ((member->flags & CORBEL_OPTIONAL) != 0) {
        const void *from = crb_pointer_get(at);
        if (from == NULL) {
            return true;
        }
        if (!crb_is_pointer(member->type)) {
            void *copy = copy_bytes(c, from, 1, member->type->size);
            crb_pointer_set(at, copy);
            return copy != NULL && copy_deepen(c, member->type, copy);
        }
    }
    return copy_deepen(c, member->type, at);
}

static bool copy_members(copier *c, const corbel_type *type, void *value)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (!copy_member(c, &type->members[i], value)) {
            return false;
        }
    }
    return true;
}

static bool copy_deepen(copier *c, const corbel_type *type, void *value)
{
    if ((type->flags & CORBEL_PLAIN) != 0) {
        return true;
    }
    if (c->depth == 0) {
        c->status = CORBEL_LIMIT;
        return false;
    }
    c->depth--;
    bool done = true;
    const corbel_member *selected = NULL;
    corbel_object *object = NULL;
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        done = copy_text(c, value, "");
        break;
    case CORBEL_KIND_FIXED:
        done = copy_text(c, value, "0");
        break;
    case CORBEL_KIND_REFERENCE:
        object = crb_reference_get(value);
        if (object != NULL && c->held != NULL) {
            c->held->items[c->held->len++] = object;
        }
        c->n_refs += object != NULL;
        break;
    case CORBEL_KIND_ANY:
        done = copy_any(c, value);
        break;
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        done = copy_view(c, type, value);
        break;
    case CORBEL_KIND_STRUCT:
        done = copy_members(c, type, value);
        break;
    case CORBEL_KIND_UNION:
        selected = crb_union_case(type, value);
        done = selected == NULL || copy_member(c, selected, value);
        break;
    case CORBEL_KIND_ARRAY:
        done = copy_items(c, type->element, type->bound, value);
        break;
    default:
        break;
    }
    c->depth++;
    return done;
}

/** A block for n items with what they need; NULL: no memory. */
static crb_block *copy_new_block(size_t n, size_t size, const copy_needs *needs)
{
    copy_needs all = *needs;
    copy_add(&all, n, size, 1);
    copy_add(&all, all.refs, sizeof(corbel_object *), _Alignof(corbel_object *));
    copy_add(&all, all.anys, sizeof(crb_held_any) + _Alignof(crb_held_any) - 1, _Alignof(crb_held_any));
    crb_arena *arena = all.too_much ? NULL : crb_arena_new_sized(0, CRB_BLOCK_OVERHEAD + all.bytes);
    crb_block *block = arena != NULL ? crb_block_new(arena, n * size) : NULL;
    if (block == NULL) {
        crb_arena_free(arena);
        return NULL;
    }
    block->unref = corbel_object_unref;
    block->unref_any = corbel_any_unref;
    if (all.refs > 0) {
        block->refs.items = crb_arena_take(arena, all.refs * sizeof(corbel_object *), _Alignof(corbel_object *));
        block->refs.capacity = block->refs.items != NULL ? all.refs : 0;
        if (block->refs.items == NULL) {
            crb_arena_free(arena);
            return NULL;
        }
    }
    return block;
}

/** n values of the type, the first at value, as a block. NULL: no memory. */
static void *copy_to_block(const corbel_type *type, size_t n, const void *value)
{
    copy_needs needs = { 0, 0, 0, false };
    copy_measure_items(type, n, value, COPY_DEPTH, &needs);
    crb_block *block = copy_new_block(n, type->size, &needs);
    if (block == NULL) {
        return NULL;
    }
    void *copy = crb_block_value(block);
    memcpy(copy, value, n * type->size);
    copier c = { .arena = block->arena, .held = &block->refs, .depth = COPY_DEPTH, .status = CORBEL_NO_MEMORY };
    if (!copy_items(&c, type, n, copy)) {
        crb_arena_free(block->arena);
        return NULL;
    }
    for (size_t i = 0; i < block->refs.len; i++) {
        corbel_object_ref(block->refs.items[i]);
    }
    for (const crb_held_any *held = block->refs.anys; held != NULL; held = held->next) {
        corbel_any_ref(held->any);
    }
    return copy;
}

void *corbel_value_copy(const corbel_type *type, const void *value)
{
    return copy_to_block(type, 1, value);
}

corbel_status corbel_sequence_copy(const corbel_type *type, const void *value, void *ret)
{
    const crb_view view = crb_view_get(value);
    crb_view copy = { 0, NULL };
    if (view.len > 0) {
        copy = (crb_view) { view.len, copy_to_block(type->element, view.len, view.items) };
        if (copy.items == NULL) {
            return CORBEL_NO_MEMORY;
        }
    }
    crb_view_set(ret, copy);
    return CORBEL_OK;
}

corbel_status crb_value_copy_into(const corbel_type *type, const void *value, crb_arena *arena, void *ret)
{
    /* ret stays as it is on failure, so the copy is made beside it. */
    void *copy = crb_arena_take(arena, type->size, crb_align_of(type->size));
    if (copy == NULL) {
        return CORBEL_NO_MEMORY;
    }
    memcpy(copy, value, type->size);
    copier c = { .arena = arena, .depth = COPY_DEPTH, .status = CORBEL_NO_MEMORY };
    if (!copy_deepen(&c, type, copy)) {
        return c.status;
    }
    if (c.n_refs > 0) {
        crb_value_hold_refs(type, copy);
    }
    memcpy(ret, copy, type->size);
    return CORBEL_OK;
}
