/* Calls of operations that are known by name, and of interfaces that are known by description. They are calls of stubs, of
 * operations whose tables are made for them: so whatever holds for those holds for these. */
#include "runtime/base/fail.h"
#include "runtime/base/suggest.h"
#include "runtime/call/message.h"
#include "runtime/describe/describe.h"
#include "runtime/value/any.h"
#include "runtime/value/codec.h"

#include <corbel/daemon.corbel.h>
#include <corbel/json.h>
#include <stdio.h>
#include <string.h>

/* ---- interfaces ---- */

const corbel_interface *corbel_interface_ref(const corbel_interface *self)
{
    crb_tables *const tables = crb_tables_of_interface(self);
    if (tables != NULL) {
        crb_tables_ref(tables);
    }
    return self;
}

const corbel_interface *corbel_interface_unref(const corbel_interface *self)
{
    crb_tables_free(crb_tables_of_interface(self));
    return NULL;
}

/** What the object says it is: its name (yours) and fingerprint. */
static corbel_status dynamic_own_interface(corbel_object *self, char **ret, uint64_t *ret_fingerprint, corbel_error *reterr)
{
    void *const out[] = { ret, ret_fingerprint };
    const corbel_status status = corbel_stub_call(self, &crb_object_interface, NULL, out, reterr);
    if (status == CORBEL_OK && **ret == '\0') {
        *ret = corbel_string_free(*ret);
        return crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO,
                        "the object takes calls of any interface: which one must be said");
    }
    return status;
}

/** The question for a description failed: an exception is an answer. */
static corbel_status dynamic_not_described(const char *name, corbel_status status, corbel_error *error, corbel_error *reterr)
{
    if (corbel_NoSuchInterface_of(error) != NULL) {
        status = crb_fail(error, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the object's process describes no interface %s", name);
    }
    crb_error_move(reterr, error);
    return status;
}

static corbel_status dynamic_ask(corbel_object *self, const char *name, uint64_t fingerprint, const corbel_interface **ret,
                                 corbel_error *reterr)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_object *server = NULL;
    corbel_InterfaceDescription *description = NULL;
    crb_tables *tables = NULL;
    void *const out[] = { &server };
    corbel_status status = corbel_stub_call(self, &crb_object_daemon, NULL, out, &error);
    if (status == CORBEL_OK && server == NULL) {
        status = crb_fail(&error, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the object's process has no corbel.Daemon");
    }
    if (status == CORBEL_OK) {
        status = corbel_Daemon_describe((corbel_Daemon *)server, name, fingerprint, &description, &error);
    }
    if (status == CORBEL_OK && strcmp(description->name, name) != 0) {
        status =
            crb_fail(&error, CORBEL_DECODE, CORBEL_COMPLETED_YES, "asked for %s, the object's process described another", name);
    }
    if (status == CORBEL_OK) {
        status = crb_tables_new(description, NULL, &tables, &error);
    }
    corbel_InterfaceDescription_free(description);
    corbel_object_unref(server);
    if (status != CORBEL_OK) {
        return dynamic_not_described(name, status, &error, reterr);
    }
    *ret = crb_tables_interface(tables);
    return CORBEL_OK;
}

corbel_status corbel_object_describe(corbel_object *self, const char *name, const corbel_interface **ret, corbel_error *reterr)
{
    char *own = NULL;
    uint64_t fingerprint = 0;
    corbel_status status = name == NULL ? dynamic_own_interface(self, &own, &fingerprint, reterr) : CORBEL_OK;
    if (status == CORBEL_OK) {
        status = dynamic_ask(self, name == NULL ? own : name, fingerprint, ret, reterr);
    }
    corbel_string_free(own);
    return status;
}

corbel_status corbel_interface_to_json(const corbel_interface *self, char **ret, corbel_error *reterr)
{
    corbel_InterfaceDescription description;
    crb_arena *const arena = crb_arena_new(0);
    corbel_status status = arena == NULL ? crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a description")
                                         : crb_describe(self, arena, &description, reterr);
    if (status == CORBEL_OK) {
        status = corbel_value_to_json(&corbel_InterfaceDescription_type, &description, ret, reterr);
    }
    crb_arena_free(arena);
    return status;
}

corbel_status corbel_interface_from_json(const char *json, const corbel_interface **ret, corbel_error *reterr)
{
    corbel_InterfaceDescription *description = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    crb_tables *tables = NULL;
    corbel_status status = corbel_value_from_json(NULL, &corbel_InterfaceDescription_type, json, &description, &error);
    if (status == CORBEL_OK) {
        status = crb_tables_new(description, NULL, &tables, &error);
        error.completion = CORBEL_COMPLETED_NO;
        if (status == CORBEL_DECODE) {
            status = error.status = CORBEL_INVALID_ARGUMENT;
        }
    }
    corbel_InterfaceDescription_free(description);
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
        return status;
    }
    *ret = crb_tables_interface(tables);
    return CORBEL_OK;
}

static bool dynamic_is_named(const corbel_operation *operation, const char *name)
{
    const size_t scope = strlen(operation->interface);
    return strcmp(operation->name, name) == 0 ||
           (strncmp(name, operation->interface, scope) == 0 && strncmp(name + scope, "::", 2) == 0 &&
            strcmp(name + scope + 2, operation->name) == 0);
}

static void dynamic_unknown(const corbel_interface *self, const char *name, corbel_error *reterr)
{
    char shown[256];
    crb_suggestion suggestion;
    const char *const colon = strrchr(name, ':');
    crb_suggest_begin(&suggestion, colon == NULL ? name : colon + 1);
    for (uint32_t i = 0; i < self->n_methods; i++) {
        crb_suggest(&suggestion, self->methods[i].operation->name);
    }
    const bool near = suggestion.best != NULL;
    crb_fail(reterr, CORBEL_UNIMPLEMENTED, CORBEL_COMPLETED_NO, "%s has no operation %s%s%s%s", self->name,
             crb_escape(name, shown, sizeof shown), near ? "; did you mean " : "", near ? suggestion.best : "", near ? "?" : "");
}

const corbel_operation *corbel_interface_operation(const corbel_interface *self, const char *name, corbel_error *reterr)
{
    const corbel_operation *found = NULL;
    for (uint32_t i = 0; i < self->n_methods; i++) {
        const corbel_operation *const operation = self->methods[i].operation;
        if (!dynamic_is_named(operation, name)) {
            continue;
        }
        if (found != NULL) {
            crb_fail(reterr, CORBEL_UNIMPLEMENTED, CORBEL_COMPLETED_NO, "%s has more than one %s: %s::%s and %s::%s", self->name,
                     name, found->interface, found->name, operation->interface, operation->name);
            return NULL;
        }
        found = operation;
    }
    if (found == NULL) {
        dynamic_unknown(self, name, reterr);
    }
    return found;
}

/* ---- raw ---- */

/** Of calls that failed before they had an operation. */
static const corbel_operation raw_none = { .interface = "corbel", .name = "raw", .flags = CRB_RAW };

/** The message with interfaces that live as long as tables do. ret: lent by them. NULL: no memory. */
static bool raw_keep(crb_tables *tables, const corbel_message *message, corbel_message *ret)
{
    *ret = (corbel_message)CORBEL_MESSAGE_INIT;
    if (message == NULL) {
        return true;
    }
    *ret = *message;
    corbel_tagged *const entries =
        message->n_references == 0 ? NULL : crb_tables_alloc(tables, message->n_references, sizeof *entries);
    for (size_t i = 0; entries != NULL && i < message->n_references; i++) {
        entries[i] = message->references[i];
        if (entries[i].interface != NULL) {
            const size_t size = strlen(entries[i].interface) + 1;
            char *const copy = crb_tables_alloc(tables, size, 1);
            if (copy == NULL) {
                return false;
            }
            entries[i].interface = memcpy(copy, message->references[i].interface, size);
        }
    }
    ret->references = entries;
    return entries != NULL || message->n_references == 0;
}

/** What one call needs: its operation, and its arguments as in[0]. NULL: reterr says why. */
static crb_tables *raw_prepare(const char *interface, const char *operation, bool is_oneway, const corbel_operation *means,
                               const corbel_message *arguments, corbel_message *ret, corbel_error *reterr)
{
    if (interface == NULL || operation == NULL || *operation == '\0') {
        crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO, "a call by name needs an interface and an operation");
        return NULL;
    }
    crb_tables *const tables = crb_tables_new_raw(interface, operation, is_oneway ? CORBEL_ONEWAY : 0, means);
    if (tables == NULL || !raw_keep(tables, arguments, ret)) {
        crb_tables_free(tables);
        crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "%s::%s: no memory for a call", interface, operation);
        return NULL;
    }
    return tables;
}

static corbel_status raw_call(corbel_object *self, crb_tables *tables, const corbel_message *arguments, corbel_message *ret,
                              corbel_error *reterr)
{
    const corbel_operation *const operation = crb_tables_operation(tables);
    const void *const in[] = { arguments };
    void *const out[] = { ret };
    const corbel_status status = corbel_stub_call(self, operation, in, out, reterr);
    if (status == CORBEL_OK && ret != NULL && (operation->flags & CORBEL_ONEWAY) != 0) {
        *ret = (corbel_message)CORBEL_MESSAGE_INIT;
    }
    return status;
}

corbel_status corbel_raw_call(corbel_object *self, const char *interface, const char *operation, bool is_oneway,
                              const corbel_message *arguments, corbel_message *ret, corbel_error *reterr)
{
    corbel_message kept;
    corbel_error error = CORBEL_ERROR_INIT;
    crb_tables *const tables = raw_prepare(interface, operation, is_oneway, NULL, arguments, &kept, &error);
    if (tables == NULL) {
        const corbel_status status = error.status;
        crb_error_move(reterr, &error);
        return status;
    }
    const corbel_status status = raw_call(self, tables, &kept, ret, reterr);
    crb_tables_free(tables);
    return status;
}

static corbel_call *raw_begin(corbel_object *self, const char *interface, const char *operation, const corbel_operation *means,
                              const corbel_message *arguments)
{
    corbel_message kept;
    corbel_error error = CORBEL_ERROR_INIT;
    crb_tables *const tables = raw_prepare(interface, operation, false, means, arguments, &kept, &error);
    if (tables == NULL) {
        return crb_call_failed(self, &raw_none, &error);
    }
    const void *const in[] = { &kept };
    corbel_call *const call = corbel_stub_begin(self, crb_tables_operation(tables), in);
    crb_tables_free(tables); /* the call holds them */
    return call;
}

corbel_call *corbel_raw_begin(corbel_object *self, const char *interface, const char *operation, const corbel_message *arguments)
{
    return raw_begin(self, interface, operation, NULL, arguments);
}

/** Finishes it; ret_means: the operation that is meant, held, or NULL. One that is not raw is refused, and ended. */
static corbel_status raw_finish(corbel_call *call, corbel_message *ret, const corbel_operation **ret_means, corbel_error *reterr)
{
    void *const out[] = { ret };
    const bool has_none = call == NULL || call == &crb_call_no_memory || (call->operation->flags & CRB_RAW) == 0;
    const corbel_operation *const operation = has_none ? &raw_none : call->operation;
    *ret_means = crb_tables_means(operation);
    crb_operation_hold(*ret_means); /* for the time after the call */
    crb_operation_hold(operation);
    const corbel_status status = corbel_stub_finish(call, operation, out, reterr);
    crb_operation_release(operation);
    return status;
}

corbel_status corbel_raw_finish(corbel_call *call, corbel_message *ret, corbel_error *reterr)
{
    const corbel_operation *means = NULL;
    const corbel_status status = raw_finish(call, ret, &means, reterr);
    crb_operation_release(means);
    return status;
}

/* ---- JSON ---- */

/** The interface that was given, or the object's own, which is then described and counted. */
static const corbel_interface *json_interface(corbel_object *self, const corbel_interface *given, corbel_error *reterr)
{
    const corbel_interface *described = NULL;
    if (given != NULL) {
        return corbel_interface_ref(given);
    }
    return corbel_object_describe(self, NULL, &described, reterr) == CORBEL_OK ? described : NULL;
}

/** The operation, and its arguments as a message. False: reterr says why. */
static bool json_arguments(corbel_object *self, const corbel_interface *interface, const char *name, const char *arguments,
                           const corbel_operation **ret, corbel_message *ret_message, corbel_error *reterr)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *const runtime = self == NULL || self->target == NULL ? NULL : self->target->runtime;
    *ret = corbel_interface_operation(interface, name == NULL ? "" : name, &error);
    if (*ret == NULL) {
        crb_error_move(reterr, &error);
        return false;
    }
    if ((*ret)->stream_in != NULL || (*ret)->stream_out != NULL) {
        crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                 "%s::%s has a stream, which has no JSON: corbel_stub_begin_streams() takes it", (*ret)->interface, (*ret)->name);
        return false;
    }
    if (corbel_message_from_json(runtime, (*ret)->in, (*ret)->n_in, arguments == NULL ? "{}" : arguments, NULL, ret_message,
                                 &error)) {
        crb_error_reword(&error, "%s::%s: %s", (*ret)->interface, (*ret)->name, error.message);
        crb_error_move(reterr, &error);
        return false;
    }
    return true;
}

static bool json_declares(const corbel_operation *operation, const char *exception)
{
    const corbel_type *const *type = operation->raises;
    while (type != NULL && *type != NULL && strcmp((*type)->name, exception) != 0) {
        type++;
    }
    return type != NULL && *type != NULL;
}

/** How the raw call ended, as what it means. Clears results. */
static corbel_status json_end(const corbel_operation *operation, corbel_status status, corbel_message *results, char **ret,
                              corbel_error *reterr)
{
    if (status == CORBEL_OK && ret != NULL) {
        corbel_error error = CORBEL_ERROR_INIT;
        status = corbel_message_to_json(operation->out, operation->n_out, results, ret, NULL, &error);
        if (status != CORBEL_OK) {
            crb_error_reword(&error, "%s::%s: the results: %s", operation->interface, operation->name, error.message);
            error.completion = CORBEL_COMPLETED_YES;
            crb_error_move(reterr, &error);
        }
    } else if (status == CORBEL_RAISED && reterr != NULL && !json_declares(operation, corbel_error_exception(reterr))) {
        status = reterr->status = CORBEL_UNDECLARED;
        crb_error_reword(reterr, "%s::%s raised %s, which it does not declare here", operation->interface, operation->name,
                         corbel_error_exception(reterr));
    }
    corbel_message_clear(results);
    return status;
}

corbel_status corbel_json_call(corbel_object *self, const corbel_interface *interface, const char *operation,
                               const char *arguments, char **ret, corbel_error *reterr)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message message = CORBEL_MESSAGE_INIT, results = CORBEL_MESSAGE_INIT, kept;
    const corbel_operation *means = NULL;
    const corbel_interface *const use = json_interface(self, interface, &error);
    if (use == NULL || !json_arguments(self, use, operation, arguments, &means, &message, &error)) {
        const corbel_status status = error.status;
        crb_error_move(reterr, &error);
        corbel_interface_unref(use);
        return status;
    }
    corbel_status status = CORBEL_NO_MEMORY;
    crb_tables *const tables =
        raw_prepare(means->interface, means->name, (means->flags & CORBEL_ONEWAY) != 0, means, &message, &kept, &error);
    if (tables != NULL) {
        status = raw_call(self, tables, &kept, ret == NULL ? NULL : &results, &error);
        status = json_end(means, status, &results, ret, &error);
    }
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
    }
    corbel_message_clear(&message);
    crb_tables_free(tables);
    corbel_interface_unref(use);
    return status;
}

corbel_call *corbel_json_begin(corbel_object *self, const corbel_interface *interface, const char *operation,
                               const char *arguments)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message message = CORBEL_MESSAGE_INIT;
    const corbel_operation *means = NULL;
    corbel_call *call = NULL;
    const corbel_interface *const use = json_interface(self, interface, &error);
    if (use == NULL || !json_arguments(self, use, operation, arguments, &means, &message, &error)) {
        call = crb_call_failed(self, &raw_none, &error);
    } else if ((means->flags & CORBEL_ONEWAY) != 0) {
        crb_fail(&error, CORBEL_MISUSE, CORBEL_COMPLETED_NO, "%s::%s is oneway: corbel_json_call() sends it", means->interface,
                 means->name);
        call = crb_call_failed(self, &raw_none, &error);
    } else {
        call = raw_begin(self, means->interface, means->name, means, &message);
    }
    corbel_message_clear(&message);
    corbel_interface_unref(use);
    return call;
}

corbel_status corbel_json_finish(corbel_call *call, char **ret, corbel_error *reterr)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message results = CORBEL_MESSAGE_INIT;
    const corbel_operation *means = NULL;
    corbel_status status = raw_finish(call, ret == NULL ? NULL : &results, &means, &error);
    if (means != NULL) {
        status = json_end(means, status, &results, ret, &error);
    } else if (status == CORBEL_OK) {
        status = crb_fail(&error, CORBEL_MISUSE, CORBEL_COMPLETED_YES, "a raw call was finished as one of JSON");
        corbel_message_clear(&results);
    }
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
    }
    crb_operation_release(means);
    return status;
}

corbel_status corbel_json_exception(const corbel_error *error, const corbel_interface *interface, char **ret,
                                    corbel_error *reterr)
{
    const char *const name = corbel_error_exception(error);
    const corbel_any *const any = corbel_error_exception_any(error);
    const corbel_type *type = NULL;
    for (uint32_t i = 0; name != NULL && i < interface->n_methods && type == NULL; i++) {
        const corbel_type *const *at = interface->methods[i].operation->raises;
        while (at != NULL && *at != NULL && strcmp((*at)->name, name) != 0) {
            at++;
        }
        type = at == NULL ? NULL : *at;
    }
    if (any == NULL || type == NULL) {
        return crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "%s%s", name == NULL ? "no exception was raised" : name,
                        name == NULL  ? ""
                        : any == NULL ? ": there was no memory to keep it"
                                      : " is declared by no operation of the interface");
    }
    void *value = NULL;
    const crb_ref_reader reader = { crb_any_take, (void *)(uintptr_t)any };
    corbel_status status = crb_decode_struct(type, any->value, any->len, NULL, &reader, &value, reterr);
    if (status == CORBEL_OK) {
        status = corbel_value_to_json(type, value, ret, reterr);
    }
    corbel_block_free(value);
    return status;
}
