/** Contexts as values: made, changed, copied over one another. */
#include "runtime/call/carried.h"

#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"
#include "runtime/call/runtime_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

corbel_context crb_context_empty = { .constant = true };
/* What corbel_context_new() gives when there is no memory: it takes nothing. */
static corbel_context carried_no_memory = { .constant = true };

static bool carried_is_static(const corbel_context *context)
{
    return context == &crb_context_empty || context == &carried_no_memory;
}

corbel_context *crb_carried_new(void)
{
    corbel_context *const context = calloc(1, sizeof *context);
    if (context != NULL) {
        atomic_init(&context->refs, 1);
    }
    return context;
}

corbel_context *corbel_context_new(void)
{
    corbel_context *const context = crb_carried_new();
    return context == NULL ? &carried_no_memory : context;
}

corbel_context *crb_carried_ref(corbel_context *context)
{
    if (context != NULL && !carried_is_static(context)) {
        atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    }
    return context;
}

static void carried_clear(corbel_context *context)
{
    for (size_t i = 0; i < context->n; i++) {
        free(context->values[i].name);
    }
    context->n = 0;
    free(context->correlation);
    context->correlation = NULL;
    context->drawn[0] = '\0';
    context->trace = (crb_trace) { .flags = 0 };
    context->trace_text[0] = '\0';
}

corbel_context *corbel_context_unref(corbel_context *self)
{
    if (self != NULL && !carried_is_static(self) && atomic_fetch_sub(&self->refs, 1) == 1) {
        carried_clear(self);
        free(self->values);
        free(self);
    }
    return NULL;
}

/* ---- changing, without checks ---- */

const crb_carried_value *crb_carried_find(const corbel_context *context, const char *name, size_t len)
{
    for (size_t i = 0; i < context->n; i++) {
        if (strlen(context->values[i].name) == len && memcmp(context->values[i].name, name, len) == 0) {
            return &context->values[i];
        }
    }
    return NULL;
}

static void carried_take_out(corbel_context *context, const char *name, size_t len)
{
    const crb_carried_value *const found = crb_carried_find(context, name, len);
    if (found != NULL) {
        free(found->name);
        context->values[found - context->values] = context->values[--context->n];
    }
}

bool crb_carried_put(corbel_context *context, const char *name, size_t name_len, const char *value, size_t value_len,
                     crb_carried_scope scope)
{
    if (context->n == context->room) {
        const size_t room = context->room == 0 ? 4 : 2 * context->room;
        crb_carried_value *const values = realloc(context->values, room * sizeof *values);
        if (values == NULL) {
            return false;
        }
        context->values = values;
        context->room = room;
    }
    char *const text = malloc(name_len + value_len + 2);
    if (text == NULL) {
        return false;
    }
    memcpy(text, name, name_len);
    text[name_len] = '\0';
    if (value_len > 0) {
        memcpy(text + name_len + 1, value, value_len);
    }
    text[name_len + 1 + value_len] = '\0';
    carried_take_out(context, name, name_len);
    context->values[context->n++] = (crb_carried_value) { .name = text, .value = text + name_len + 1, .scope = scope };
    return true;
}

void crb_carried_take_out(corbel_context *context, const char *name)
{
    carried_take_out(context, name, strlen(name));
}

bool crb_carried_put_correlation(corbel_context *context, const char *id, size_t len)
{
    char *const copy = len == 0 ? NULL : malloc(len + 1);
    if (copy == NULL && len > 0) {
        return false;
    }
    if (copy != NULL) {
        memcpy(copy, id, len);
        copy[len] = '\0';
    }
    free(context->correlation);
    context->correlation = copy;
    return true;
}

void crb_carried_put_trace(corbel_context *context, const crb_trace *trace)
{
    context->trace = *trace;
    crb_trace_format(trace, context->trace_text);
}

static bool carried_put_all(corbel_context *to, const corbel_context *from, bool all)
{
    for (size_t i = 0; i < from->n; i++) {
        const crb_carried_value *const value = &from->values[i];
        if ((all || value->scope != CRB_CARRIED_CAME) &&
            !crb_carried_put(to, value->name, strlen(value->name), value->value, strlen(value->value), value->scope)) {
            return false;
        }
    }
    return true;
}

static bool carried_put_over(corbel_context *to, const corbel_context *from, bool all)
{
    if (from->correlation != NULL && !crb_carried_put_correlation(to, from->correlation, strlen(from->correlation))) {
        return false;
    }
    if (crb_trace_is_set(&from->trace)) {
        crb_carried_put_trace(to, &from->trace);
    }
    if (to->drawn[0] == '\0') {
        memcpy(to->drawn, from->drawn, sizeof to->drawn);
    }
    return carried_put_all(to, from, all);
}

corbel_context *crb_carried_merge_for_call(const corbel_context *inherited, const corbel_context *own)
{
    corbel_context *const merged = crb_carried_new();
    if (merged == NULL || (inherited != NULL && !carried_put_over(merged, inherited, false)) ||
        (own != NULL && !carried_put_over(merged, own, false))) {
        return corbel_context_unref(merged);
    }
    return merged;
}

corbel_context *crb_carried_merge(const corbel_context *inherited, const corbel_context *own)
{
    corbel_context *const merged = crb_carried_merge_for_call(inherited, own);
    if (merged == NULL) {
        return NULL;
    }
    merged->constant = true;
    if (merged->correlation == NULL && merged->drawn[0] == '\0') {
        (void)snprintf(merged->drawn, sizeof merged->drawn, "%016llx%016llx", (unsigned long long)crb_random_id(),
                       (unsigned long long)crb_random_id());
    }
    return merged;
}

bool crb_carried_replace(corbel_context *to, const corbel_context *from)
{
    if (carried_is_static(to)) {
        return from == NULL || from->n == 0;
    }
    carried_clear(to);
    return from == NULL || carried_put_all(to, from, true);
}

corbel_context *corbel_context_copy(const corbel_context *self)
{
    corbel_context *const copy = crb_carried_new();
    if (copy == NULL) {
        return &carried_no_memory;
    }
    if (self != NULL && !carried_put_over(copy, self, true)) {
        corbel_context_unref(copy);
        return &carried_no_memory;
    }
    return copy;
}

/* ---- changing ---- */

static corbel_status carried_changes(const corbel_context *self, corbel_error *reterr)
{
    if (self == &carried_no_memory) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "the context was made without memory");
    }
    if (self == NULL || self->constant) {
        return crb_fail(reterr, CORBEL_MISUSE, CORBEL_COMPLETED_NO,
                        self == NULL ? "a NULL context cannot be changed"
                                     : "the context is somebody else's: change a copy (corbel_context_copy())");
    }
    return CORBEL_OK;
}

static corbel_status carried_check_text(const char *what, const char *text, size_t max, corbel_error *reterr)
{
    const size_t len = strlen(text);
    if (len > max) {
        return crb_fail(reterr, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "%s of a context has %zu bytes, and may have %zu", what, len,
                        max);
    }
    if (!crb_utf8_valid((const uint8_t *)text, len)) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "%s of a context is not UTF-8", what);
    }
    return CORBEL_OK;
}

static corbel_status carried_no_room(bool done, corbel_error *reterr)
{
    return done ? CORBEL_OK : crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a context");
}

static corbel_status carried_set(corbel_context *self, const char *name, const char *value, crb_carried_scope scope,
                                 corbel_error *reterr)
{
    corbel_status status = carried_changes(self, reterr);
    if (status == CORBEL_OK && (name == NULL || name[0] == '\0')) {
        status = crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "a value of a context needs a name");
    }
    if (status == CORBEL_OK) {
        status = carried_check_text("the name of a value", name, CORBEL_CONTEXT_MAX_NAME, reterr);
    }
    if (status == CORBEL_OK && value == NULL) {
        crb_carried_take_out(self, name);
        return CORBEL_OK;
    }
    if (status == CORBEL_OK) {
        status = carried_check_text("a value", value, CORBEL_CONTEXT_MAX_BYTES, reterr);
    }
    return status != CORBEL_OK ? status
                               : carried_no_room(crb_carried_put(self, name, strlen(name), value, strlen(value), scope), reterr);
}

corbel_status corbel_context_set(corbel_context *self, const char *name, const char *value, corbel_error *reterr)
{
    return carried_set(self, name, value, CRB_CARRIED_ON, reterr);
}

corbel_status corbel_context_set_here(corbel_context *self, const char *name, const char *value, corbel_error *reterr)
{
    return carried_set(self, name, value, CRB_CARRIED_HERE, reterr);
}

corbel_status corbel_context_set_correlation(corbel_context *self, const char *id, corbel_error *reterr)
{
    const char *const text = id == NULL ? "" : id;
    corbel_status status = carried_changes(self, reterr);
    if (status == CORBEL_OK) {
        status = carried_check_text("the correlation id", text, CORBEL_CONTEXT_MAX_CORRELATION, reterr);
    }
    return status != CORBEL_OK ? status : carried_no_room(crb_carried_put_correlation(self, text, strlen(text)), reterr);
}

corbel_status corbel_context_set_traceparent(corbel_context *self, const char *traceparent, corbel_error *reterr)
{
    const corbel_status status = carried_changes(self, reterr);
    crb_trace trace = { .flags = 0 };
    if (status != CORBEL_OK) {
        return status;
    }
    if (traceparent != NULL && traceparent[0] != '\0') {
        const char *const why = crb_trace_parse(traceparent, strlen(traceparent), &trace);
        if (why != NULL) {
            return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "the traceparent is not valid: %s", why);
        }
    }
    crb_carried_put_trace(self, &trace);
    return CORBEL_OK;
}

corbel_status corbel_context_start_trace(corbel_context *self, bool sampled, corbel_error *reterr)
{
    const corbel_status status = carried_changes(self, reterr);
    if (status == CORBEL_OK) {
        crb_trace trace;
        crb_trace_draw(&trace, sampled);
        crb_carried_put_trace(self, &trace);
    }
    return status;
}

/* ---- reading ---- */

const char *corbel_context_get(const corbel_context *self, const char *name)
{
    const crb_carried_value *const found = self == NULL || name == NULL ? NULL : crb_carried_find(self, name, strlen(name));
    return found == NULL ? NULL : found->value;
}

const char *corbel_context_get_correlation(const corbel_context *self)
{
    return self == NULL ? "" : self->correlation != NULL ? self->correlation : self->drawn;
}

const char *corbel_context_get_traceparent(const corbel_context *self)
{
    return self == NULL ? "" : self->trace_text;
}

size_t corbel_context_count(const corbel_context *self)
{
    return self == NULL ? 0 : self->n;
}

corbel_context_value corbel_context_value_at(const corbel_context *self, size_t index)
{
    if (index >= corbel_context_count(self)) {
        return (corbel_context_value) { NULL, NULL, false };
    }
    const crb_carried_value *const value = &self->values[index];
    return (corbel_context_value) { value->name, value->value, value->scope != CRB_CARRIED_ON };
}
