/** The interface of an object: what every object answers, and the check of a cast. */
#include "runtime/base/fail.h"
#include "runtime/call/call_impl.h"
#include "runtime/describe/describe.h"

static const corbel_param call_is_a_in[] = { { .name = "interface", .id = 1, .type = &corbel_string_type } };
static const corbel_param call_is_a_out[] = { { .name = "ret", .id = 1, .type = &corbel_bool_type },
                                              { .name = "fingerprint", .id = 2, .type = &corbel_uint64_type } };
const corbel_operation crb_object_is_a = { .interface = "corbel::Object",
                                           .name = "is_a",
                                           .flags = CORBEL_IDEMPOTENT,
                                           .n_in = 1,
                                           .n_out = 2,
                                           .in = call_is_a_in,
                                           .out = call_is_a_out };
static const corbel_param call_daemon_out[] = { { .name = "ret", .id = 1, .type = &corbel_object_type } };
const corbel_operation crb_object_daemon = {
    .interface = "corbel::Object", .name = "daemon", .flags = CORBEL_IDEMPOTENT, .n_out = 1, .out = call_daemon_out
};
static const corbel_param call_interface_out[] = { { .name = "ret", .id = 1, .type = &corbel_string_type },
                                                   { .name = "fingerprint", .id = 2, .type = &corbel_uint64_type } };
const corbel_operation crb_object_interface = {
    .interface = "corbel::Object", .name = "interface", .flags = CORBEL_IDEMPOTENT, .n_out = 2, .out = call_interface_out
};

corbel_status corbel_object_cast(corbel_object *self, const corbel_interface *interface, corbel_object **ret,
                                 corbel_error *reterr)
{
    const corbel_interface *agree = NULL;
    if (self != NULL && self->target != NULL && (interface->flags & CORBEL_LOCAL) != 0 &&
        self->target->kind != CRB_TARGET_LOCAL) {
        return crb_fail(reterr, CORBEL_WRONG_INTERFACE, CORBEL_COMPLETED_NO,
                        "the object is not a %s: the interface is local, and the object is not of this process", interface->name);
    }
    if (self != NULL && self->target != NULL &&
        !(self->interface != NULL && crb_interface_is_a(self->interface, interface->name))) {
        bool is_a = false;
        uint64_t fingerprint = 0;
        const void *const in[] = { &interface->name };
        void *const out[] = { &is_a, &fingerprint };
        corbel_object plain = { .target = self->target, /* it is asked at once, also where the reference is of a batch */
                                .interface = self->interface,
                                .agree = self->agree,
                                .deadline_ms = self->deadline_ms };
        const corbel_status status = corbel_stub_call(&plain, &crb_object_is_a, in, out, reterr);
        if (status != CORBEL_OK) {
            return status;
        }
        if (!is_a) {
            return crb_fail(reterr, CORBEL_WRONG_INTERFACE, CORBEL_COMPLETED_NO, "the object is not a %s", interface->name);
        }
        crb_target_learn(self->target, interface->name, fingerprint);
        agree = interface;
    }
    if (self == NULL) {
        return crb_fail(reterr, CORBEL_NIL_REFERENCE, CORBEL_COMPLETED_NO, "a NULL reference cannot be cast to %s",
                        interface->name);
    }
    corbel_object *const cast = corbel_object_with(self, NULL);
    if (cast->target == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a reference");
    }
    if (!crb_interface_is_counted(interface)) {
        cast->interface = interface;
        cast->agree = agree != NULL ? agree : self->agree;
    }
    *ret = cast;
    return CORBEL_OK;
}
