#include "tests/runtime/value/fake_object.h"
#include "runtime/base/fail.h"

#include <stdio.h>
#include <string.h>

corbel_object fake_objects[FAKE_OBJECTS];
uint64_t fake_tags = FAKE_OBJECTS;
bool fake_last_has_no_uri;
static char fake_memory;
corbel_runtime *const fake_runtime = (corbel_runtime *)(void *)&fake_memory;

corbel_object *corbel_object_ref(corbel_object *self)
{
    if (self != NULL) {
        self->count++;
    }
    return self;
}

corbel_object *corbel_object_unref(corbel_object *self)
{
    if (self != NULL) {
        self->count--;
    }
    return NULL;
}

bool corbel_object_equal(const corbel_object *a, const corbel_object *b)
{
    return a == b;
}

static uint64_t fake_add(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    const uint64_t tag = (uint64_t)(object - fake_objects) + 1;
    object->interface = interface;
    if (tag > fake_tags) {
        crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "too many references");
        return 0;
    }
    return tag;
}

static corbel_object *fake_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    if (tag > fake_tags) {
        crb_fail(reterr, CORBEL_WRONG_INTERFACE, CORBEL_COMPLETED_NO, "tag %llu", (unsigned long long)tag);
        return NULL;
    }
    corbel_object *object = &fake_objects[tag - 1];
    object->interface = interface;
    return corbel_object_ref(object);
}

corbel_object *crb_object_as(corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)reterr;
    if (interface != NULL) {
        object->interface = interface;
    }
    return corbel_object_ref(object);
}

corbel_status corbel_object_to_uri(corbel_object *self, char **ret, corbel_error *reterr)
{
    char uri[16];
    (void)snprintf(uri, sizeof uri, "fake:%d", (int)(self - fake_objects));
    if (self == &fake_objects[FAKE_OBJECTS - 1] && fake_last_has_no_uri) {
        return crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the object has no URI");
    }
    *ret = crb_block_string(uri, strlen(uri));
    return *ret != NULL ? CORBEL_OK : crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a URI");
}

corbel_status corbel_object_from_uri(corbel_runtime *runtime, const corbel_interface *interface, const char *uri,
                                     corbel_object **ret, corbel_error *reterr)
{
    if (runtime == NULL || strncmp(uri, "fake:", 5) != 0 || uri[5] < '0' || uri[5] >= '0' + FAKE_OBJECTS || uri[6] != '\0') {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "not a URI");
    }
    *ret = corbel_object_ref(&fake_objects[uri[5] - '0']);
    (*ret)->interface = interface;
    return CORBEL_OK;
}

const crb_ref_writer fake_writer = { fake_add, NULL };
const crb_ref_reader fake_reader = { fake_take, NULL };

long fake_counts(void)
{
    long sum = 0;
    for (size_t i = 0; i < FAKE_OBJECTS; i++) {
        sum += fake_objects[i].count;
    }
    return sum;
}
