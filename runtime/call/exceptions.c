/** Exceptions as what they came: kept in errors, and passed on, by who knows their types and by who does not. */
#include "runtime/base/fail.h"
#include "runtime/call/call_impl.h"
#include "runtime/value/any.h"
#include "runtime/value/codec.h"

#include <string.h>

corbel_any *crb_exception_to_any(const char *exception, const crb_buf *body, const crb_ref_table *table, uint32_t max)
{
    uint64_t n = 0;
    for (size_t i = 0; i < table->len; i++) {
        const uint64_t tag = table->items[i].tag;
        n = tag > n && tag <= max ? tag : n;
    }
    corbel_any *const any = crb_any_new(exception, strlen(exception), body->len, n);
    if (any == NULL) {
        return NULL;
    }
    if (body->len > 0) {
        memcpy(crb_any_bytes(any), body->data, body->len);
    }
    for (size_t i = 0; i < table->len; i++) {
        const crb_ref *const ref = &table->items[i];
        if (ref->tag > n || ref->target == NULL || any->objects[ref->tag - 1] != NULL) {
            continue; /* not one that the value can name; an own object that is gone; not the first of its tag */
        }
        any->objects[ref->tag - 1] = crb_ref_table_take((void *)(uintptr_t)table, ref->tag, NULL, NULL);
        if (any->objects[ref->tag - 1] == NULL) {
            return corbel_any_unref(any);
        }
    }
    return any;
}

bool crb_exception_from_any(const corbel_any *any, crb_buf *body, crb_ref_list *refs)
{
    refs->indexes = true;
    for (size_t i = 0; i < any->n_objects; i++) {
        if (any->objects[i] == NULL) {
            continue;
        }
        if (crb_ref_list_add(refs, any->objects[i], NULL, NULL) == 0) {
            return false;
        }
        refs->items[refs->len - 1].tag = i + 1; /* others may be missing */
    }
    if (any->len > 0) {
        crb_buf_append(body, any->value, any->len);
    }
    return !body->failed;
}

static const void *exceptions_view(const corbel_any *any, const corbel_type *type)
{
    const crb_ref_reader reader = { crb_any_take, (void *)(uintptr_t)any };
    void *block = NULL;
    return crb_decode_struct(type, any->value, any->len, NULL, &reader, &block, NULL) == CORBEL_OK ? block : NULL;
}

const crb_any_hooks crb_exception_hooks = { corbel_any_unref, exceptions_view };
