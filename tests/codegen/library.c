/* A library of one page for calls_test.c: a stub's call goes straight to the thunk, with storage for the outputs between them.
 * So the test sees whether stub, table and thunk agree, and nothing else. */
#include "tests/codegen/library.h"

#include <stdlib.h>
#include <string.h>

#define BASIC(name, c_type, what)                                                                                                \
    const corbel_type corbel_##name##_type = { .kind = CORBEL_KIND_##what, .flags = CORBEL_PLAIN, .size = sizeof(c_type) };      \
    const corbel_type corbel_##name##_seq_type = { .kind = CORBEL_KIND_SEQUENCE,                                                 \
                                                   .size = sizeof(corbel_##name##_seq),                                          \
                                                   .element = &corbel_##name##_type }
BASIC(bool, bool, BOOL);
BASIC(char, char, CHAR);
BASIC(int16, int16_t, INT16);
BASIC(uint16, uint16_t, UINT16);
BASIC(int32, int32_t, INT32);
BASIC(uint32, uint32_t, UINT32);
BASIC(int64, int64_t, INT64);
BASIC(uint64, uint64_t, UINT64);
BASIC(float, float, FLOAT);
BASIC(double, double, DOUBLE);
BASIC(string, char *, STRING);
const corbel_type corbel_uint8_type = { .kind = CORBEL_KIND_UINT8, .flags = CORBEL_PLAIN, .size = 1 };
const corbel_type corbel_octet_type = { .kind = CORBEL_KIND_UINT8, .flags = CORBEL_PLAIN | CORBEL_OCTET, .size = 1 };
const corbel_type corbel_bytes_type = { .kind = CORBEL_KIND_SEQUENCE, .flags = CORBEL_BYTES, .size = sizeof(corbel_bytes) };

struct corbel_object {
    const corbel_interface *interface;
    const void *servant;
    void *self;
};

/* The call under way: everything that _finish() needs. */
struct corbel_call {
    const corbel_operation *operation;
    corbel_status status;
    void *out[LIBRARY_MOST];
};

library_seen library_last;
/* Of the call that was entered last. */
static const void *const *library_in;
static void *const *library_out;

static void *storage(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static corbel_status enter(corbel_object *self, const corbel_operation *operation, const void *const *in, void **out)
{
    for (uint32_t i = 0; i < self->interface->n_methods; i++) {
        const corbel_method *method = &self->interface->methods[i];
        if (method->operation != operation && (strcmp(method->operation->interface, operation->interface) != 0 ||
                                               strcmp(method->operation->name, operation->name) != 0)) {
            continue;
        }
        library_last = (library_seen) { .interface = operation->interface,
                                        .operation = operation->name,
                                        .is_oneway = (operation->flags & CORBEL_ONEWAY) != 0,
                                        .is_idempotent = (operation->flags & CORBEL_IDEMPOTENT) != 0 };
        for (uint32_t n = 0; n < operation->n_out; n++) {
            out[n] = storage(operation->out[n].type->size);
        }
        library_in = in;
        library_out = out;
        const corbel_status status = method->thunk(self->servant, self->self, NULL, in, out);
        return status == CORBEL_DEFERRED && library_last.replied != NULL ? CORBEL_OK : status;
    }
    return CORBEL_NOT_FOUND;
}

/* Hands out what came back, as the library would, or drops it; the storage of structs becomes the caller's. */
static void leave(const corbel_operation *operation, corbel_status status, void **results, void *const *out)
{
    for (uint32_t n = 0; n < operation->n_out; n++) {
        const corbel_type *type = operation->out[n].type;
        if (status == CORBEL_OK && out[n] != NULL && type->kind == CORBEL_KIND_STRUCT) {
            *(void **)out[n] = results[n];
            continue;
        }
        if (status == CORBEL_OK && out[n] != NULL && type->kind == CORBEL_KIND_STRING) {
            *(char **)out[n] = strdup(*(const char *const *)results[n]);
        } else if (status == CORBEL_OK && out[n] != NULL) {
            memcpy(out[n], results[n], type->size);
        }
        free(results[n]);
    }
}

corbel_status corbel_stub_call(corbel_object *self, const corbel_operation *operation, const void *const *in, void *const *out,
                               corbel_error *reterr)
{
    void *results[LIBRARY_MOST] = { NULL };
    (void)reterr;
    const corbel_status status = enter(self, operation, in, results);
    leave(operation, status, results, out);
    return status;
}

corbel_call *corbel_stub_begin(corbel_object *self, const corbel_operation *operation, const void *const *in)
{
    corbel_call *call = storage(sizeof *call);
    call->operation = operation;
    call->status = enter(self, operation, in, call->out);
    return call;
}

corbel_status corbel_stub_finish(corbel_call *call, const corbel_operation *operation, void *const *out, corbel_error *reterr)
{
    (void)reterr;
    const corbel_status status = call->operation == operation ? call->status : CORBEL_MISUSE;
    leave(operation, status, call->out, out);
    free(call);
    return status;
}

/* What it gives is there at once. */
corbel_object *corbel_stub_promise(corbel_object *self, const corbel_operation *operation, const void *const *in,
                                   const corbel_interface *interface)
{
    corbel_object *result = NULL;
    void *results[LIBRARY_MOST] = { NULL }, *outs[LIBRARY_MOST] = { &result };
    (void)interface;
    const corbel_status status = enter(self, operation, in, results);
    leave(operation, status, results, outs);
    return result;
}

corbel_object *corbel_stub_promised(corbel_call *call, const corbel_operation *operation, const uint32_t *path, size_t n,
                                    const corbel_interface *interface)
{
    library_last.promised = operation->name;
    library_last.path = path;
    library_last.n_path = n;
    library_last.promised_as = interface;
    (void)call;
    return NULL;
}

corbel_object *corbel_object_new(corbel_runtime *runtime, corbel_skeleton skeleton, void *self, corbel_finalizer finalize)
{
    (void)runtime;
    (void)finalize;
    corbel_object *object = storage(sizeof *object);
    *object = (corbel_object) { skeleton.interface, skeleton.servant, self };
    return object;
}

corbel_object *corbel_object_ref(corbel_object *self)
{
    return self;
}

corbel_object *corbel_object_unref(corbel_object *self)
{
    free(self);
    return NULL;
}

corbel_object *corbel_object_with(corbel_object *self, const corbel_options *options)
{
    (void)options;
    return self;
}

corbel_status corbel_object_cast(corbel_object *self, const corbel_interface *interface, corbel_object **ret,
                                 corbel_error *reterr)
{
    (void)reterr;
    bool has = self->interface == interface;
    for (const corbel_interface *const *base = self->interface->bases; base != NULL && *base != NULL; base++) {
        has |= *base == interface;
    }
    *ret = self;
    return has ? CORBEL_OK : CORBEL_WRONG_INTERFACE;
}

corbel_status corbel_object_from_uri(corbel_runtime *runtime, const corbel_interface *interface, const char *uri,
                                     corbel_object **ret, corbel_error *reterr)
{
    (void)runtime;
    (void)interface;
    (void)uri;
    (void)ret;
    (void)reterr;
    return CORBEL_NOT_FOUND;
}

corbel_status corbel_skeleton_raise(corbel_request *request, const corbel_type *type, const void *exception)
{
    (void)request;
    library_last.raised = type;
    library_last.exception = exception;
    return CORBEL_RAISED;
}

corbel_status corbel_skeleton_defer(corbel_request *request, const corbel_operation *operation, void *const *args)
{
    (void)request;
    for (uint32_t i = 0; i < operation->n_in; i++) {
        const corbel_type *const type = operation->in[i].type;
        if (type->kind == CORBEL_KIND_STRUCT) {
            *(const void **)args[i] = library_in[i];
        } else {
            memcpy(args[i], library_in[i], type->size);
        }
    }
    return CORBEL_DEFERRED;
}

void corbel_skeleton_reply(corbel_request *request, const corbel_operation *operation, const void *const *out)
{
    (void)request;
    for (uint32_t i = 0; i < operation->n_out; i++) {
        memcpy(library_out[i], out[i], operation->out[i].type->size);
    }
    library_last.replied = operation;
}

const void *corbel_error_raised(const corbel_error *error, const corbel_type *type)
{
    (void)error;
    return library_last.raised == type ? library_last.exception : NULL;
}

void *corbel_block_free(const void *value)
{
    free((void *)(uintptr_t)value);
    return NULL;
}

void *corbel_value_copy(const corbel_type *type, const void *value)
{
    return memcpy(storage(type->size), value, type->size);
}

bool corbel_value_equal(const corbel_type *type, const void *a, const void *b)
{
    return memcmp(a, b, type->size) == 0;
}

corbel_status corbel_sequence_copy(const corbel_type *type, const void *value, void *ret)
{
    memcpy(ret, value, type->size);
    return CORBEL_OK;
}

corbel_status corbel_request_copy(corbel_request *request, const corbel_type *type, const void *value, void *ret)
{
    (void)request;
    memcpy(ret, value, type->size);
    return CORBEL_OK;
}

corbel_status corbel_value_to_any(const corbel_type *type, const void *value, corbel_any **ret, corbel_error *reterr)
{
    (void)type;
    (void)value;
    (void)ret;
    (void)reterr;
    return CORBEL_UNIMPLEMENTED;
}

corbel_status corbel_value_from_any(const corbel_type *type, const corbel_any *any, void *out, corbel_error *reterr)
{
    (void)type;
    (void)any;
    (void)out;
    (void)reterr;
    return CORBEL_UNIMPLEMENTED;
}

corbel_status corbel_value_to_json(const corbel_type *type, const void *value, char **ret, corbel_error *reterr)
{
    (void)type;
    (void)value;
    (void)ret;
    (void)reterr;
    return CORBEL_UNIMPLEMENTED;
}

corbel_status corbel_value_from_json(corbel_runtime *runtime, const corbel_type *type, const char *json, void *out,
                                     corbel_error *reterr)
{
    (void)runtime;
    (void)type;
    (void)json;
    (void)out;
    (void)reterr;
    return CORBEL_UNIMPLEMENTED;
}

const void *corbel_map_find(const corbel_type *type, const void *map, const void *key)
{
    (void)type;
    (void)map;
    (void)key;
    return NULL;
}

void corbel_map_sort(const corbel_type *type, void *items, size_t len)
{
    (void)type;
    (void)items;
    (void)len;
}
