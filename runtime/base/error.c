/* corbel_error: what a failure leaves with its caller. The detail holds all memory; without memory for it the message is the
 * status's own text, which is static. Adding to an error never fails loudly: a hop or address for which there is no memory is
 * left out. */
#include "runtime/base/fail.h"

#include <corbel/generated.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR_MAX_HOPS = 256, ERROR_MAX_ADDRESSES = 64, ERROR_LINE = 2048 };

/** The exception as one of another table of its name: made when it is asked for. */
typedef struct error_view {
    struct error_view *next;
    const corbel_type *type;
    const void *value; /* a block, of type */
} error_view;

struct corbel_error_detail {
    char *message;
    char *exception;
    const corbel_type *type;
    const void *value; /* a block, of type */
    corbel_any *any;   /* counted: the exception as it came */
    const crb_any_hooks *any_hooks;
    error_view *views;
    corbel_hop *hops; /* each in one allocation, which begins at .daemon */
    size_t n_hops;
    char **addresses;
    size_t n_addresses;
    uint32_t retry_after_ms;
};

/** A copy in plain malloc'ed memory; NULL: no memory. */
static char *error_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static void error_detail_free(struct corbel_error_detail *detail)
{
    if (detail == NULL) {
        return;
    }
    for (size_t i = 0; i < detail->n_hops; i++) {
        free((void *)detail->hops[i].daemon);
    }
    for (size_t i = 0; i < detail->n_addresses; i++) {
        free(detail->addresses[i]);
    }
    free(detail->hops);
    free(detail->addresses);
    free(detail->message);
    free(detail->exception);
    corbel_block_free(detail->value);
    while (detail->views != NULL) {
        error_view *const view = detail->views;
        detail->views = view->next;
        corbel_block_free(view->value);
        free(view);
    }
    if (detail->any != NULL) {
        detail->any_hooks->unref(detail->any);
    }
    free(detail);
}

static struct corbel_error_detail *error_need_detail(corbel_error *error)
{
    if (error->detail == NULL) {
        error->detail = calloc(1, sizeof *error->detail);
    }
    return error->detail;
}

void corbel_error_clear(corbel_error *error)
{
    if (error != NULL) {
        error_detail_free(error->detail);
        *error = (corbel_error)CORBEL_ERROR_INIT;
    }
}

/** Replaces what error holds; message is taken over, NULL: the status's text. */
static void error_replace(corbel_error *error, corbel_status status, corbel_completion completion, char *message)
{
    corbel_error_clear(error);
    error->status = status;
    error->completion = completion;
    error->message = corbel_status_text(status);
    if (message != NULL) {
        struct corbel_error_detail *detail = error_need_detail(error);
        if (detail != NULL) {
            detail->message = message;
            error->message = message;
        } else {
            free(message);
        }
    }
}

/** The formatted text in malloc'ed memory; NULL: no memory. */
CORBEL_PRINTF(1, 0) static char *error_format(const char *format, va_list args)
{
    char text[256];
    va_list again;
    va_copy(again, args);
    const int len = vsnprintf(text, sizeof text, format, args);
    char *message = NULL;
    if (len >= 0) {
        message = malloc((size_t)len + 1);
        if (message != NULL && (size_t)len < sizeof text) {
            memcpy(message, text, (size_t)len + 1);
        } else if (message != NULL) {
            vsnprintf(message, (size_t)len + 1, format, again);
        }
    }
    va_end(again);
    return message;
}

corbel_status crb_fail(corbel_error *reterr, corbel_status status, corbel_completion completion, const char *format, ...)
{
    if (reterr != NULL) {
        /* Formatted before the old contents go: the arguments may be parts of them. */
        va_list args;
        va_start(args, format);
        char *message = error_format(format, args);
        va_end(args);
        error_replace(reterr, status, completion, message);
    }
    return status;
}

void crb_error_add_hop(corbel_error *error, const char *daemon, const char *object, const char *operation, const char *message)
{
    struct corbel_error_detail *detail = error != NULL ? error_need_detail(error) : NULL;
    if (detail == NULL || detail->n_hops >= ERROR_MAX_HOPS) {
        return;
    }
    corbel_hop *hops = realloc(detail->hops, (detail->n_hops + 1) * sizeof *hops);
    if (hops == NULL) {
        return;
    }
    detail->hops = hops;
    const char *parts[] = { daemon, object, operation, message };
    size_t sizes[4] = { 0 }, size = 0;
    for (size_t i = 0; i < 4; i++) {
        parts[i] = parts[i] != NULL ? parts[i] : "";
        sizes[i] = strlen(parts[i]) + 1;
        size += sizes[i];
    }
    char *memory = malloc(size);
    if (memory == NULL) {
        return;
    }
    for (size_t i = 0, at = 0; i < 4; at += sizes[i], i++) {
        parts[i] = memcpy(memory + at, parts[i], sizes[i]);
    }
    hops[detail->n_hops++] = (corbel_hop) { parts[0], parts[1], parts[2], parts[3] };
}

void crb_error_add_address(corbel_error *error, const char *text)
{
    struct corbel_error_detail *detail = error != NULL ? error_need_detail(error) : NULL;
    if (detail == NULL || detail->n_addresses >= ERROR_MAX_ADDRESSES) {
        return;
    }
    char **addresses = realloc(detail->addresses, (detail->n_addresses + 1) * sizeof *addresses);
    if (addresses == NULL) {
        return;
    }
    detail->addresses = addresses;
    char *copy = error_strdup(text);
    if (copy != NULL) {
        addresses[detail->n_addresses++] = copy;
    }
}

void crb_error_set_retry_after(corbel_error *error, uint32_t ms)
{
    struct corbel_error_detail *const detail = error != NULL && ms != 0 ? error_need_detail(error) : NULL;
    if (detail != NULL) {
        detail->retry_after_ms = ms;
    }
}

corbel_status crb_error_set_exception(corbel_error *error, const char *exception, const corbel_type *type, const void *block)
{
    if (error == NULL) {
        corbel_block_free(block);
        return CORBEL_RAISED;
    }
    char *name = error_strdup(exception);
    crb_fail(error, CORBEL_RAISED, CORBEL_COMPLETED_YES, "raised %s", exception);
    struct corbel_error_detail *detail = name != NULL ? error_need_detail(error) : NULL;
    if (detail == NULL) {
        free(name);
        corbel_block_free(block);
        return CORBEL_RAISED;
    }
    detail->exception = name;
    detail->type = type;
    detail->value = block;
    return CORBEL_RAISED;
}

void crb_error_keep_exception(corbel_error *error, const char *exception, corbel_any *any, const crb_any_hooks *hooks)
{
    struct corbel_error_detail *const detail = error != NULL ? error_need_detail(error) : NULL;
    if (detail != NULL && detail->exception == NULL) {
        detail->exception = error_strdup(exception);
    }
    if (detail == NULL || detail->exception == NULL || detail->any != NULL) {
        if (any != NULL) {
            hooks->unref(any);
        }
        return;
    }
    detail->any = any;
    detail->any_hooks = hooks;
}

void crb_error_move(corbel_error *to, corbel_error *from)
{
    if (to == NULL) {
        corbel_error_clear(from);
    } else if (to != from) {
        corbel_error_clear(to);
        *to = *from;
        *from = (corbel_error)CORBEL_ERROR_INIT;
    }
}

const char *corbel_error_exception(const corbel_error *error)
{
    return error->detail != NULL ? error->detail->exception : NULL;
}

const void *crb_error_value(const corbel_error *error, const corbel_type **ret_type)
{
    *ret_type = error->detail != NULL ? error->detail->type : NULL;
    return error->detail != NULL ? error->detail->value : NULL;
}

const corbel_any *corbel_error_exception_any(const corbel_error *error)
{
    return error->detail != NULL ? error->detail->any : NULL;
}

const void *corbel_error_raised(const corbel_error *error, const corbel_type *type)
{
    struct corbel_error_detail *const detail = error->detail;
    if ((error->status != CORBEL_RAISED && error->status != CORBEL_UNDECLARED) || detail == NULL) {
        return NULL;
    }
    /* Types are compared by address: another table of the same name may lay its members out otherwise. */
    if (detail->value != NULL && detail->type == type) {
        return detail->value;
    }
    if (detail->any == NULL || strcmp(detail->exception, type->name) != 0) {
        return NULL;
    }
    for (const error_view *view = detail->views; view != NULL; view = view->next) {
        if (view->type == type) {
            return view->value;
        }
    }
    error_view *const view = malloc(sizeof *view);
    const void *const value = view != NULL ? detail->any_hooks->view(detail->any, type) : NULL;
    if (value == NULL) {
        free(view);
        return NULL;
    }
    *view = (error_view) { detail->views, type, value };
    detail->views = view;
    return value;
}

size_t corbel_error_hops(const corbel_error *error)
{
    return error->detail != NULL ? error->detail->n_hops : 0;
}

corbel_hop corbel_error_hop(const corbel_error *error, size_t index)
{
    return index < corbel_error_hops(error) ? error->detail->hops[index] : (corbel_hop) { NULL, NULL, NULL, NULL };
}

const char *corbel_error_address(const corbel_error *error, size_t index)
{
    return error->detail != NULL && index < error->detail->n_addresses ? error->detail->addresses[index] : NULL;
}

uint32_t corbel_error_retry_after_ms(const corbel_error *error)
{
    return error->detail != NULL ? error->detail->retry_after_ms : 0;
}

static const char *error_completion_text(corbel_completion completion)
{
    switch (completion) {
    case CORBEL_COMPLETED_NO:
        return "the servant did not run";
    case CORBEL_COMPLETED_YES:
        return "the servant ran";
    case CORBEL_COMPLETED_MAYBE:
        break;
    }
    return "the servant may have run";
}

int corbel_error_print(const corbel_error *error, FILE *out)
{
    char text[ERROR_LINE];
    fprintf(out, "error: %s: %s (%s)\n", corbel_status_name(error->status), crb_escape(error->message, text, sizeof text),
            error_completion_text(error->completion));
    if (corbel_error_exception(error) != NULL) {
        fprintf(out, "  exception: %s\n", crb_escape(corbel_error_exception(error), text, sizeof text));
    }
    if (corbel_error_retry_after_ms(error) != 0) {
        fprintf(out, "  again in: %u ms\n", corbel_error_retry_after_ms(error));
    }
    for (size_t i = 0; corbel_error_address(error, i) != NULL; i++) {
        fprintf(out, "  tried: %s\n", crb_escape(corbel_error_address(error, i), text, sizeof text));
    }
    for (size_t i = 0; i < corbel_error_hops(error); i++) {
        const corbel_hop hop = corbel_error_hop(error, i);
        fprintf(out, "  at: %s", crb_escape(hop.daemon, text, sizeof text));
        fprintf(out, ", object %s", crb_escape(hop.object, text, sizeof text));
        fprintf(out, ", %s", crb_escape(hop.operation, text, sizeof text));
        fprintf(out, ": %s\n", crb_escape(hop.message, text, sizeof text));
    }
    return 1;
}

void crb_error_reword(corbel_error *error, const char *format, ...)
{
    va_list arguments;
    char line[ERROR_LINE];
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    char *const message = error_strdup(line);
    struct corbel_error_detail *const detail = message == NULL ? NULL : error_need_detail(error);
    if (detail == NULL) {
        free(message);
        return;
    }
    free(detail->message);
    detail->message = message;
    error->message = message;
}

void crb_error_add_hops(corbel_error *to, const corbel_error *from)
{
    for (size_t i = 0; i < corbel_error_hops(from); i++) {
        const corbel_hop hop = corbel_error_hop(from, i);
        crb_error_add_hop(to, hop.daemon, hop.object, hop.operation, hop.message);
    }
}

void crb_error_copy(corbel_error *to, const corbel_error *from)
{
    crb_fail(to, from->status, from->completion, "%s", from->message);
    crb_error_add_hops(to, from);
    for (size_t i = 0; corbel_error_address(from, i) != NULL; i++) {
        crb_error_add_address(to, corbel_error_address(from, i));
    }
    crb_error_set_retry_after(to, corbel_error_retry_after_ms(from));
}
