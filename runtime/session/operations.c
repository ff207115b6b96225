/* Operations are named by two texts, the interface that declares them and their own, and by a number once one side has bound it:
 * the frame that uses it first, when it is pulled, carries number and names, so a binding is never lost with a cancelled call.
 * Beyond the peer's limit names travel each time, with number 0. */
#include "runtime/session/session_impl.h"

#include <stdlib.h>
#include <string.h>

enum { OPERATIONS_FIRST_CAPACITY = 16 };

static crb_operation *operation_new(const char *interface, const char *name)
{
    const size_t interface_size = strlen(interface) + 1;
    const size_t name_size = strlen(name) + 1;
    crb_operation *const operation = malloc(sizeof *operation + interface_size + name_size);
    if (operation == NULL) {
        return NULL;
    }
    memset(operation, 0, sizeof *operation);
    operation->names_len = interface_size + name_size;
    memcpy(operation->names, interface, interface_size);
    memcpy(operation->names + interface_size, name, name_size);
    operation->interface = operation->names;
    operation->name = operation->names + interface_size;
    return operation;
}

static uint32_t operations_max(const crb_session *session)
{
    return session->phase == CRB_PHASE_NEW ? CRB_EARLY_CALLS : session->peer.max_operations;
}

/** Found by its key at the next call. An operation has one key; whoever comes with another finds it by names. */
static void operation_set_key(crb_session *session, crb_operation *operation, const void *key)
{
    if (key == NULL || operation->key != NULL) {
        return;
    }
    operation->key = key;
    HASH_ADD(hh_key, session->operations_by_key, key, sizeof operation->key, operation);
    if (operation->hh_key.tbl == NULL) {
        operation->key = NULL; /* no memory: it is slower by its names */
    }
}

crb_operation *crb_operation_get(crb_session *session, const void *key, const char *interface, const char *name)
{
    crb_operation *operation = NULL;
    if (crb_operation_is_last(session, key)) {
        return session->last_operation;
    }
    if (key != NULL) {
        HASH_FIND(hh_key, session->operations_by_key, &key, sizeof key, operation);
        if (operation != NULL) {
            session->last_operation = operation;
            return operation;
        }
    }
    crb_operation *const fresh = operation_new(interface, name);
    if (fresh == NULL) {
        return NULL;
    }
    HASH_FIND(hh_names, session->operations_by_name, fresh->names, fresh->names_len, operation);
    if (operation != NULL) {
        free(fresh);
        operation_set_key(session, operation, key);
        return operation;
    }
    if (session->n_operations >= operations_max(session)) {
        fresh->single = true;
        return fresh;
    }
    HASH_ADD_KEYPTR(hh_names, session->operations_by_name, fresh->names, fresh->names_len, fresh);
    if (fresh->hh_names.tbl == NULL) {
        free(fresh);
        return NULL;
    }
    session->n_operations++;
    operation_set_key(session, fresh, key);
    return fresh;
}

uint32_t crb_operation_number(crb_session *session, crb_operation *operation, bool *ret_names)
{
    *ret_names = operation->number == 0;
    if (operation->number == 0 && !operation->single && session->n_bound < operations_max(session)) {
        operation->number = ++session->n_bound;
    }
    return operation->number;
}

void crb_operation_put(crb_operation *operation)
{
    if (operation != NULL && operation->single) {
        free(operation);
    }
}

crb_operation *crb_operation_receive(crb_session *session, const crb_wire_call *call, const char **ret_why)
{
    *ret_why = NULL;
    if (call->name[0] == '\0') {
        if (call->operation == 0 || call->operation > session->n_peer_bound) {
            *ret_why = "an operation that is not bound";
            return NULL;
        }
        return session->bound[call->operation - 1];
    }
    const uint32_t most = session->limits.max_operations > CRB_EARLY_CALLS ? session->limits.max_operations : CRB_EARLY_CALLS;
    if (call->operation != 0 && call->operation != session->n_peer_bound + 1) {
        *ret_why = "an operation bound to a number that is not the next";
        return NULL;
    }
    if (call->operation != 0 && session->n_peer_bound >= most) {
        *ret_why = "more operations than the limit";
        return NULL;
    }
    if (call->operation != 0 && session->n_peer_bound == session->peer_bound_capacity) {
        const uint32_t capacity =
            session->peer_bound_capacity == 0 ? OPERATIONS_FIRST_CAPACITY : session->peer_bound_capacity * 2;
        crb_operation **const bound = realloc(session->bound, capacity * sizeof *bound);
        if (bound == NULL) {
            crb_session_no_memory(session);
            return NULL;
        }
        session->bound = bound;
        session->peer_bound_capacity = capacity;
    }
    crb_operation *const operation = operation_new(call->interface, call->name);
    if (operation == NULL) {
        crb_session_no_memory(session);
        return NULL;
    }
    operation->single = call->operation == 0;
    if (!operation->single) {
        session->bound[session->n_peer_bound++] = operation;
    }
    return operation;
}

void crb_operations_free(crb_session *session)
{
    HASH_CLEAR(hh_key, session->operations_by_key);
    crb_operation *operation = session->operations_by_name;
    while (operation != NULL) {
        crb_operation *const next = operation->hh_names.next;
        HASH_DELETE(hh_names, session->operations_by_name, operation);
        free(operation);
        operation = next;
    }
    for (uint32_t i = 0; i < session->n_peer_bound; i++) {
        free(session->bound[i]);
    }
    free(session->bound);
}
