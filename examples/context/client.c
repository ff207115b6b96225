/* context-client: orders at the bar, with a context and without, and shows what came with the answer. */
#include "context.corbel.h"

static const char *shown(const corbel_context *reply, const char *name)
{
    const char *value = corbel_context_get(reply, name);
    return value == NULL ? "nobody said" : value;
}

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    orders_Counter *bar = NULL, *at_table = NULL;
    corbel_context *order = corbel_context_new(), *reply = corbel_context_new();
    char *told = NULL;
    int result = 1;

    if (corbel_runtime_new(NULL, &runtime, &error) ||
        orders_Counter_from_uri(runtime, "corbelname:example.context.bar", &bar, &error)) {
        goto done;
    }
    if (orders_Counter_make(bar, "soup", NULL, &error) != CORBEL_REFUSED) { /* the interceptor of the bar */
        goto done;
    }
    printf("without a context: %s\n", error.message);
    corbel_error_clear(&error);

    if (corbel_context_set_correlation(order, "17", &error) || corbel_context_set(order, "table", "4", &error) ||
        corbel_context_set_here(order, "hint", "be quick", &error)) { /* the hint is for the bar alone */
        goto done;
    }
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.context = order;
    options.reply = reply;
    at_table = orders_Counter_with(bar, &options);
    if (orders_Counter_make(at_table, "soup", &told, &error)) {
        goto done;
    }
    printf("%s\n", told);
    printf("waiter: %s, cook: %s\n", shown(reply, "waiter"), shown(reply, "cook")); /* the cook told the bar, not us */
    result = 0;
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    corbel_string_free(told);
    orders_Counter_unref(at_table);
    orders_Counter_unref(bar);
    corbel_context_unref(order);
    corbel_context_unref(reply);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
