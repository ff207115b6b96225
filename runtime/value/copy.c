/* Deep copies, and references given away. A copy that is handed out is measured first, so that it is one block in one
 * allocation. References are counted last, when nothing can fail any more. */
#include "runtime/base/fail.h"
#include "runtime/value/any.h"

enum { COPY_ALIGN = 8, COPY_DEPTH = 256 };

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

static void copy_measure(const corbel_type *type, const void *value, unsigned depth, copy_needs *needs)
{
    if ((type->flags & CORBEL_PLAIN) != 0 || needs->too_much) {
        return;
    }
    if (depth == 0) {
        needs->too_much = true;
        return;
    }
    if (type->kind == CORBEL_KIND_STRING) {
        const char *text = crb_string_get(value);
        if (*text != '\0') {
            copy_add(needs, strlen(text) + 1, 1, 1);
        }
    } else if (type->kind == CORBEL_KIND_REFERENCE) {
        needs->refs += crb_reference_get(value) != NULL;
    } else if (type->kind == CORBEL_KIND_ANY) {
        needs->anys += crb_any_get(value) != NULL;
    } else if (type->kind == CORBEL_KIND_STRUCT) {
        for (uint32_t i = 0; i < type->count; i++) {
            const corbel_member *member = &type->members[i];
            copy_measure(member->type, (const uint8_t *)value + member->offset, depth - 1, needs);
        }
    } else if (type->kind == CORBEL_KIND_SEQUENCE) {
        const crb_view view = crb_view_get(value);
        const corbel_type *element = type->element;
        if (view.len == 0) {
            return;
        }
        copy_add(needs, view.len, element->size, COPY_ALIGN);
        if (!crb_is_scalar(element)) {
            for (size_t i = 0; i < view.len && !needs->too_much; i++) {
                copy_measure(element, (const uint8_t *)view.items + i * element->size, depth - 1, needs);
            }
        }
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

static bool copy_string(copier *c, void *value)
{
    const char *text = crb_string_get(value);
    const size_t size = strlen(text) + 1;
    if (size == 1) {
        crb_string_set(value, "");
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
    for (size_t i = 0; i < len && !crb_is_scalar(element); i++) {
        if (!copy_deepen(c, element, items + i * element->size)) {
            return false;
        }
    }
    return true;
}

static bool copy_sequence(copier *c, const corbel_type *type, void *value)
{
    const crb_view view = crb_view_get(value);
    const size_t size = type->element->size;
    if (view.len == 0) {
        crb_view_set(value, (crb_view) { 0, NULL });
        return true;
    }
    uint8_t *items = view.len <= SIZE_MAX / size ? crb_arena_take(c->arena, view.len * size, COPY_ALIGN) : NULL;
    if (items == NULL) {
        return false;
    }
    memcpy(items, view.items, view.len * size);
    crb_view_set(value, (crb_view) { view.len, items });
    return copy_items(c, type->element, view.len, items);
}

static bool copy_any(copier *c, const void *value)
{
    corbel_any *const any = crb_any_get(value);
    c->n_refs += any != NULL;
    if (any != NULL && c->held != NULL) {
        crb_held_any *const held = crb_arena_take(c->arena, sizeof *held, COPY_ALIGN);
        if (held == NULL) {
            return false;
        }
        *held = (crb_held_any) { c->held->anys, any };
        c->held->anys = held;
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
    if (type->kind == CORBEL_KIND_STRING) {
        done = copy_string(c, value);
    } else if (type->kind == CORBEL_KIND_REFERENCE) {
        corbel_object *object = crb_reference_get(value);
        if (object != NULL && c->held != NULL) {
            c->held->items[c->held->len++] = object;
        }
        c->n_refs += object != NULL;
    } else if (type->kind == CORBEL_KIND_ANY) {
        done = copy_any(c, value);
    } else if (type->kind == CORBEL_KIND_SEQUENCE) {
        done = copy_sequence(c, type, value);
    } else if (type->kind == CORBEL_KIND_STRUCT) {
        for (uint32_t i = 0; i < type->count && done; i++) {
            done = copy_deepen(c, type->members[i].type, (uint8_t *)value + type->members[i].offset);
        }
    }
    c->depth++;
    return done;
}

/** A block for n items with what they need; NULL: no memory. */
static crb_block *copy_new_block(size_t n, size_t size, const copy_needs *needs)
{
    copy_needs all = *needs;
    copy_add(&all, n, size, 1);
    copy_add(&all, all.refs, sizeof(corbel_object *), COPY_ALIGN);
    copy_add(&all, all.anys, sizeof(crb_held_any) + COPY_ALIGN - 1, COPY_ALIGN);
    crb_arena *arena = all.too_much ? NULL : crb_arena_new_sized(0, CRB_BLOCK_OVERHEAD + all.bytes);
    crb_block *block = arena != NULL ? crb_block_new(arena, n * size) : NULL;
    if (block == NULL) {
        crb_arena_free(arena);
        return NULL;
    }
    block->unref = corbel_object_unref;
    block->unref_any = corbel_any_unref;
    if (all.refs > 0) {
        block->refs.items = crb_arena_take(arena, all.refs * sizeof(corbel_object *), COPY_ALIGN);
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
    for (size_t i = 0; i < n && !crb_is_scalar(type) && !needs.too_much; i++) {
        copy_measure(type, (const uint8_t *)value + i * type->size, COPY_DEPTH, &needs);
    }
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

typedef struct copy_visit {
    bool release;   /* gives their counts back; else counts them */
    bool clear;     /* sets those references to NULL that stand in the value's own storage */
    unsigned depth; /* left; a value that uses it up is a cycle: the visit ends */
} copy_visit;

/** Visits each reference and any in value. */
static bool copy_each_reference(copy_visit *visit, const corbel_type *type, void *value)
{
    if ((type->flags & CORBEL_PLAIN) != 0) {
        return true;
    }
    if (visit->depth == 0) {
        return false;
    }
    visit->depth--;
    bool done = true;
    if (type->kind == CORBEL_KIND_REFERENCE) {
        corbel_object *object = crb_reference_get(value);
        if (object != NULL) {
            if (visit->clear) {
                crb_reference_set(value, NULL);
            }
            if (visit->release) {
                corbel_object_unref(object);
            } else {
                corbel_object_ref(object);
            }
        }
    } else if (type->kind == CORBEL_KIND_ANY) {
        corbel_any *const any = crb_any_get(value);
        if (visit->clear) {
            crb_any_set(value, NULL);
        }
        if (visit->release) {
            corbel_any_unref(any);
        } else {
            corbel_any_ref(any);
        }
    } else if (type->kind == CORBEL_KIND_STRUCT) {
        for (uint32_t i = 0; i < type->count && done; i++) {
            done = copy_each_reference(visit, type->members[i].type, (uint8_t *)value + type->members[i].offset);
        }
    } else if (type->kind == CORBEL_KIND_SEQUENCE && !crb_is_scalar(type->element)) {
        const crb_view view = crb_view_get(value);
        const bool clear = visit->clear;
        visit->clear = false; /* items are constant */
        for (size_t i = 0; i < view.len && done; i++) {
            done = copy_each_reference(visit, type->element, (uint8_t *)(uintptr_t)view.items + i * type->element->size);
        }
        visit->clear = clear;
    }
    visit->depth++;
    return done;
}

corbel_status crb_value_copy_into(const corbel_type *type, const void *value, crb_arena *arena, void *ret)
{
    /* ret stays as it is on failure, so the copy is made beside it. */
    void *copy = crb_arena_take(arena, type->size, COPY_ALIGN);
    if (copy == NULL) {
        return CORBEL_NO_MEMORY;
    }
    memcpy(copy, value, type->size);
    copier c = { .arena = arena, .depth = COPY_DEPTH, .status = CORBEL_NO_MEMORY };
    if (!copy_deepen(&c, type, copy)) {
        return c.status;
    }
    if (c.n_refs > 0) {
        copy_visit visit = { false, false, COPY_DEPTH };
        copy_each_reference(&visit, type, copy);
    }
    memcpy(ret, copy, type->size);
    return CORBEL_OK;
}

void crb_value_release_refs(const corbel_type *type, const void *value)
{
    copy_visit visit = { true, true, COPY_DEPTH };
    copy_each_reference(&visit, type, (void *)(uintptr_t)value);
}
