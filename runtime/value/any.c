/* Values of any type: making, counting, comparing. All of an any is one allocation; nothing of it changes after crb_any_new()'s
 * caller has filled it in. */
#include "runtime/value/any.h"
#include "runtime/base/fail.h"

#include <stdlib.h>

enum { ANY_TEXT = 256 };

corbel_any *crb_any_new(const char *type, size_t type_len, size_t len, size_t n_objects)
{
    size_t size = 0;
    if (__builtin_mul_overflow(n_objects, sizeof(corbel_object *), &size) ||
        __builtin_add_overflow(size, sizeof(corbel_any) + 1, &size) || __builtin_add_overflow(size, type_len, &size) ||
        __builtin_add_overflow(size, len, &size)) {
        return NULL;
    }
    corbel_any *const any = malloc(size);
    if (any == NULL) {
        return NULL;
    }
    corbel_object **const objects = (corbel_object **)(void *)(any + 1);
    for (size_t i = 0; i < n_objects; i++) {
        objects[i] = NULL;
    }
    uint8_t *const value = (uint8_t *)(objects + n_objects);
    char *const text = (char *)value + len;
    if (type_len > 0) {
        memcpy(text, type, type_len);
    }
    text[type_len] = '\0';
    atomic_init(&any->refs, 1);
    any->n_objects = n_objects;
    any->objects = objects;
    any->type = text;
    any->len = len;
    any->value = value;
    return any;
}

uint8_t *crb_any_bytes(corbel_any *any)
{
    return (uint8_t *)(any->objects + any->n_objects);
}

corbel_any *crb_any_from_parts(const char *type, const uint8_t *bytes, size_t len, corbel_object *const *objects,
                               size_t n_objects)
{
    corbel_any *const any = crb_any_new(type, strlen(type), len, n_objects);
    if (any == NULL) {
        for (size_t i = 0; i < n_objects; i++) {
            corbel_object_unref(objects[i]);
        }
        return NULL;
    }
    if (len > 0) {
        memcpy(crb_any_bytes(any), bytes, len);
    }
    for (size_t i = 0; i < n_objects; i++) {
        any->objects[i] = objects[i];
    }
    return any;
}

corbel_any *corbel_any_ref(const corbel_any *self)
{
    corbel_any *const any = (corbel_any *)(uintptr_t)self; /* the count is all that ever changes */
    if (any != NULL) {
        atomic_fetch_add_explicit(&any->refs, 1, memory_order_relaxed);
    }
    return any;
}

corbel_any *corbel_any_unref(corbel_any *self)
{
    if (self != NULL && atomic_fetch_sub(&self->refs, 1) == 1) {
        for (size_t i = 0; i < self->n_objects; i++) {
            corbel_object_unref(self->objects[i]);
        }
        free(self);
    }
    return NULL;
}

const char *corbel_any_type_name(const corbel_any *self)
{
    return self != NULL ? self->type : "";
}

bool corbel_any_equal(const corbel_any *a, const corbel_any *b)
{
    if (a == b || a == NULL || b == NULL) {
        return a == b;
    }
    if (strcmp(a->type, b->type) != 0 || a->len != b->len || a->n_objects != b->n_objects ||
        memcmp(a->value, b->value, a->len) != 0) {
        return false;
    }
    for (size_t i = 0; i < a->n_objects; i++) {
        if (!corbel_object_equal(a->objects[i], b->objects[i])) {
            return false;
        }
    }
    return true;
}

/* ---- the references in it ---- */

uint64_t crb_any_objects_add(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)interface; /* the reader knows it */
    crb_any_objects *const objects = user;
    if (objects->len == objects->capacity) {
        const size_t capacity = objects->capacity > 0 ? 2 * objects->capacity : 4;
        corbel_object **const items = realloc(objects->items, capacity * sizeof *items);
        if (items == NULL) {
            crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a reference");
            return 0;
        }
        objects->items = items;
        objects->capacity = capacity;
    }
    objects->items[objects->len++] = corbel_object_ref(object);
    return objects->len;
}

void crb_any_objects_clear(crb_any_objects *objects)
{
    for (size_t i = 0; i < objects->len; i++) {
        corbel_object_unref(objects->items[i]);
    }
    free(objects->items);
    *objects = (crb_any_objects) { NULL, 0, 0 };
}

corbel_object *crb_any_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr)
{
    const corbel_any *const any = user;
    if (tag == 0 || tag > any->n_objects) {
        crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_NO, "no such reference in the any");
        return NULL;
    }
    if (any->objects[tag - 1] == NULL) {
        crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the object that is passed does not exist any more");
        return NULL;
    }
    return crb_object_as(any->objects[tag - 1], interface, reterr);
}

/* ---- values in and out ---- */

/** A struct or union is its own message; all else is the one field of one. */
static bool any_is_message(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_STRUCT || type->kind == CORBEL_KIND_UNION;
}

/** The type's text; malloc'ed where it is longer than few. NULL: no memory. */
static char *any_text(const corbel_type *type, char few[ANY_TEXT])
{
    const size_t len = crb_type_text(type, few, ANY_TEXT);
    char *const text = len < ANY_TEXT ? few : malloc(len + 1);
    if (text != NULL && text != few) {
        crb_type_text(type, text, len + 1);
    }
    return text;
}

corbel_status corbel_value_to_any(const corbel_type *type, const void *value, corbel_any **ret, corbel_error *reterr)
{
    char few[ANY_TEXT];
    crb_any_objects objects = { NULL, 0, 0 };
    const crb_ref_writer writer = { crb_any_objects_add, &objects };
    const corbel_param param = { .name = NULL, .id = 1, .type = type };
    crb_buf bytes = CRB_BUF_INIT;
    corbel_any *any = NULL;
    char *const text = any_text(type, few);
    corbel_status status = CORBEL_OK;
    if (any_is_message(type)) {
        status = crb_encode_struct(type, value, &writer, &bytes, reterr);
    } else {
        status = crb_encode_params(&param, 1, &value, &writer, &bytes, reterr);
    }
    if (status == CORBEL_OK) {
        if (text != NULL) {
            any = crb_any_from_parts(text, bytes.data, bytes.len, objects.items, objects.len);
            objects.len = 0; /* taken over */
        }
        if (any == NULL) {
            status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for an any");
        } else {
            *ret = any;
        }
    }
    crb_any_objects_clear(&objects);
    crb_buf_clear(&bytes);
    if (text != few) {
        free(text);
    }
    return status;
}

static corbel_status any_wrong_type(const corbel_type *type, const corbel_any *any, corbel_error *reterr)
{
    char few[ANY_TEXT];
    char *const text = any_text(type, few);
    const corbel_status status = any == NULL ? crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO,
                                                        "the any holds nothing, not %s", text != NULL ? text : few)
                                             : crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO,
                                                        "the any holds %s, not %s", any->type, text != NULL ? text : few);
    if (text != few) {
        free(text);
    }
    return status;
}

static corbel_status any_read_message(const corbel_type *type, const corbel_any *any, const crb_ref_reader *reader, void *out,
                                      corbel_error *error)
{
    void *block = NULL;
    const corbel_status status = crb_decode_struct(type, any->value, any->len, NULL, reader, &block, error);
    if (status == CORBEL_OK && (type->flags & CORBEL_PLAIN) != 0) {
        memcpy(out, block, type->size);
        corbel_block_free(block);
    } else if (status == CORBEL_OK) {
        memcpy(out, &block, sizeof block);
    }
    return status;
}

corbel_status corbel_value_from_any(const corbel_type *type, const corbel_any *any, void *out, corbel_error *reterr)
{
    if (any == NULL || !crb_type_is(type, any->type)) {
        return any_wrong_type(type, any, reterr);
    }
    const crb_ref_reader reader = { crb_any_take, (void *)(uintptr_t)any };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_status status = CORBEL_OK;
    if (any_is_message(type)) {
        status = any_read_message(type, any, &reader, out, &error);
    } else {
        const corbel_param param = { .name = NULL, .id = 1, .type = type };
        status = crb_decode_results(&param, 1, any->value, any->len, NULL, &reader, &out, &error);
    }
    if (status != CORBEL_OK) {
        error.completion = CORBEL_COMPLETED_NO;
        crb_error_move(reterr, &error);
    }
    return status;
}
