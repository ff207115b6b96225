/** What every process has without asking: the operations of every object (corbel::Object), and the object corbel.Daemon, which
 *  describes the interfaces that others may meet here. */
#include "daemon/host.h"

#include "runtime/base/fail.h"
#include "runtime/describe/describe.h"

#include <stdlib.h>
#include <string.h>

/* ---- corbel.Daemon ---- */

/** The interface of that name (and fingerprint), among those of objects that others know and what they speak of; and the built-in
 * one. */
static const corbel_interface *builtin_find(corbel_runtime *runtime, const char *name, uint64_t fingerprint, bool *ret_no_memory)
{
    size_t n = 0;
    *ret_no_memory = false;
    if (strcmp(name, corbel_Daemon_interface.name) == 0) {
        return &corbel_Daemon_interface;
    }
    if (runtime->hide_interfaces) {
        return NULL;
    }
    pthread_mutex_lock(&runtime->dispatch_lock);
    const corbel_interface **const roots = calloc(runtime->n_shown + 1, sizeof *roots);
    if (roots != NULL) {
        n = runtime->n_shown;
        for (size_t i = 0; i < n; i++) { /* tables are constant: only the list needs the lock */
            roots[i] = runtime->shown[i];
        }
    }
    pthread_mutex_unlock(&runtime->dispatch_lock);
    const corbel_interface *found = NULL;
    if (roots == NULL) {
        *ret_no_memory = true;
    } else {
        found = crb_find_interface(roots, n, name, fingerprint, ret_no_memory);
    }
    free(roots);
    return found;
}

static corbel_status builtin_describe(void *self, corbel_request *request, const char *interface_name, uint64_t fingerprint,
                                      corbel_InterfaceDescription *ret)
{
    bool no_memory = false;
    corbel_error error = CORBEL_ERROR_INIT;
    (void)self;
    const corbel_interface *const found = builtin_find(request->runtime, interface_name, fingerprint, &no_memory);
    if (no_memory) {
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory to look for %s", interface_name);
    }
    if (found == NULL) {
        const corbel_NoSuchInterface none = { .interface_name = interface_name };
        return corbel_NoSuchInterface_raise(request, &none);
    }
    if (crb_describe(found, request->arena, ret, &error)) {
        return corbel_request_forward(request, &error);
    }
    return CORBEL_OK;
}

static const corbel_Daemon_servant builtin_servant = { .describe = builtin_describe };

crb_target *crb_builtin_daemon_locked(corbel_runtime *runtime)
{
    crb_dispatch *const dispatch = crb_dispatch_get_locked(runtime);
    if (dispatch == NULL || dispatch->draining) {
        return NULL;
    }
    if (dispatch->builtin == NULL) {
        dispatch->builtin = crb_target_new_local(runtime, corbel_Daemon_skeleton(&builtin_servant), NULL, NULL);
    }
    return dispatch->builtin == NULL ? NULL : crb_target_ref(dispatch->builtin);
}

/* ---- operations of every object ---- */

/** Answers with the outputs; refs are given away. */
static void builtin_reply(corbel_request *request, const corbel_operation *operation, const void *const *outs)
{
    crb_ref_list refs = { 0 };
    const crb_ref_writer writer = { crb_ref_list_add, &refs };
    crb_buf body = CRB_BUF_INIT;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = crb_encode_params(operation->out, operation->n_out, outs, &writer, &body, &error);
    crb_dispatch_leave_lane(request);
    if (status == CORBEL_OK) {
        crb_request_reply(request, CRB_OUTCOME_RESULT, &body, &refs, NULL);
    } else {
        crb_request_reply_error(request, &error);
    }
    crb_buf_clear(&body);
    crb_refs_free(refs.items, refs.len);
}

static void builtin_refuse(corbel_request *request, corbel_error *error)
{
    crb_dispatch_leave_lane(request);
    crb_request_reply_error(request, error);
}

static void builtin_is_a(corbel_request *request)
{
    const crb_ref_reader reader = { crb_ref_table_take, &(crb_ref_table) { NULL, 0 } };
    const void *ins[1] = { NULL };
    crb_held held = { 0 };
    corbel_error error = CORBEL_ERROR_INIT;
    request->arena = crb_arena_new(0);
    if (request->arena == NULL) {
        crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the arguments");
        builtin_refuse(request, &error);
    } else if (crb_decode_args(crb_object_is_a.in, 1, request->args.data, request->args.len, &request->runtime->values, &reader,
                               request->arena, &held, ins, &error)) {
        builtin_refuse(request, &error);
    } else {
        const corbel_interface *const has =
            crb_interface_find(request->target->local.skeleton.interface, *(const char *const *)ins[0]);
        const bool is_a = has != NULL;
        const uint64_t fingerprint = has == NULL ? 0 : has->fingerprint;
        builtin_reply(request, &crb_object_is_a, (const void *const[]) { &is_a, &fingerprint });
    }
}

static void builtin_interface(corbel_request *request)
{
    const corbel_interface *const has = request->target->local.skeleton.interface;
    builtin_reply(request, &crb_object_interface, (const void *const[]) { &has->name, &has->fingerprint });
}

static void builtin_daemon(corbel_request *request)
{
    corbel_runtime *const runtime = request->runtime;
    corbel_error error = CORBEL_ERROR_INIT;
    pthread_mutex_lock(&runtime->dispatch_lock);
    crb_target *const target = crb_builtin_daemon_locked(runtime);
    const bool draining = runtime->dispatch != NULL && runtime->dispatch->draining;
    pthread_mutex_unlock(&runtime->dispatch_lock);
    corbel_object *const object = target == NULL ? NULL : crb_object_new(target, &corbel_Daemon_interface);
    if (object == NULL) {
        const corbel_status status = draining ? CORBEL_DRAINING : CORBEL_NO_MEMORY;
        crb_fail(&error, status, CORBEL_COMPLETED_NO, "%s", corbel_status_text(status));
        builtin_refuse(request, &error);
        return;
    }
    builtin_reply(request, &crb_object_daemon, (const void *const[]) { &object });
    corbel_object_unref(object);
}

bool crb_builtin_run(corbel_request *request)
{
    if (strcmp(request->interface, crb_object_is_a.interface) != 0) {
        return false;
    }
    if (strcmp(request->operation, crb_object_is_a.name) == 0) {
        builtin_is_a(request);
    } else if (strcmp(request->operation, crb_object_daemon.name) == 0) {
        builtin_daemon(request);
    } else if (strcmp(request->operation, crb_object_interface.name) == 0) {
        builtin_interface(request);
    } else {
        return false;
    }
    return true;
}
