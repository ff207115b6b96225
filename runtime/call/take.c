/** What a call ends with: its outcome becomes what the caller gets. */
#include "runtime/base/fail.h"
#include "runtime/call/call_impl.h"
#include "runtime/call/message.h"
#include "runtime/describe/describe.h"
#include "runtime/value/codec.h"

#include <string.h>

static const corbel_type *call_declared(const corbel_operation *operation, const char *exception)
{
    for (const corbel_type *const *type = operation->raises; type != NULL && *type != NULL; type++) {
        if (strcmp((*type)->name, exception) == 0) {
            return *type;
        }
    }
    return NULL;
}

static corbel_status call_raise(const corbel_runtime *runtime, const corbel_operation *operation, crb_outcome_value *value,
                                corbel_error *reterr)
{
    const corbel_type *const type = call_declared(operation, value->exception);
    crb_ref_table table = { value->refs, value->n_refs };
    const crb_ref_reader reader = { crb_ref_table_take, &table };
    void *block = NULL;
    corbel_status status = CORBEL_UNDECLARED;
    if ((operation->flags & CRB_RAW) != 0) {
        status = crb_error_set_exception(reterr, value->exception, NULL, NULL);
    } else if (type != NULL) {
        status = crb_decode_struct(type, value->body.data, value->body.len, &runtime->values, &reader, &block, reterr);
        if (status != CORBEL_OK) {
            return status;
        }
        const bool keeps = reterr != NULL && (operation->flags & CRB_COUNTED) == 0; /* else the type may go before the error */
        if (!keeps) {
            corbel_block_free(block);
        }
        status = crb_error_set_exception(reterr, value->exception, keeps ? type : NULL, keeps ? block : NULL);
    } else {
        corbel_error error = CORBEL_ERROR_INIT;
        crb_fail(&error, CORBEL_UNDECLARED, CORBEL_COMPLETED_YES, "%s::%s raised %s, which it does not declare here",
                 operation->interface, operation->name, value->exception);
        crb_error_move(reterr, &error);
    }
    if (reterr != NULL) {
        crb_error_add_hops(reterr, &value->error);
        crb_error_keep_exception(reterr, value->exception,
                                 crb_exception_to_any(value->exception, &value->body, &table, runtime->limits.max_references),
                                 &crb_exception_hooks);
    }
    return status;
}

/** Gives the caller what came with the answer. */
static corbel_status call_take_context(corbel_call *call, corbel_error *reterr)
{
    corbel_context *context = NULL;
    corbel_status status = CORBEL_OK;
    if (call->value.context.len > 0) {
        status = crb_carried_unpack(call->value.context.data, call->value.context.len, &call->runtime->carried, &context, reterr);
    }
    if (!crb_carried_replace(call->reply, context) && status == CORBEL_OK) {
        status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for the context of a reply");
    }
    corbel_context_unref(context);
    if (status != CORBEL_OK && reterr != NULL) {
        reterr->completion = CORBEL_COMPLETED_YES;
    }
    return status;
}

corbel_status crb_outcome_take(const corbel_runtime *runtime, const corbel_operation *operation, crb_outcome_value *value,
                               void *const *out, corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    if (value->outcome == CRB_OUTCOME_ERROR) {
        status = value->error.status;
        crb_error_move(reterr, &value->error);
    } else if (value->outcome == CRB_OUTCOME_EXCEPTION) {
        status = call_raise(runtime, operation, value, reterr);
    } else if ((operation->flags & CRB_RAW) != 0) {
        status = crb_message_received(value->body.data, value->body.len, value->refs, value->n_refs, out[0], reterr);
    } else {
        crb_ref_table table = { value->refs, value->n_refs };
        const crb_ref_reader reader = { crb_ref_table_take, &table };
        status = crb_decode_results(operation->out, operation->n_out, value->body.data, value->body.len, &runtime->values,
                                    &reader, out, reterr);
    }
    crb_outcome_clear(value);
    return status;
}

corbel_status crb_call_take(corbel_call *call, const corbel_operation *operation, void *const *out, corbel_error *reterr)
{
    if (call->reply != NULL) {
        const bool result = call->value.outcome == CRB_OUTCOME_RESULT;
        const corbel_status status = call_take_context(call, result ? reterr : NULL);
        if (status != CORBEL_OK && result) { /* what came with the result is not valid: neither is the result */
            crb_outcome_clear(&call->value);
            return status;
        }
    }
    return crb_outcome_take(call->runtime, operation, &call->value, out, reterr);
}
