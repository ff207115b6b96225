/* A small program against an installed Corbel: its own object, called in this process, with a type of a standard file; and a
 * daemon. */
#include "app.corbel.h"

#include <corbel/corbel.h>
#include <stdio.h>
#include <string.h>

static corbel_status price(void *self, corbel_request *request, const corbel_NameEntry *entry, int32_t cents, part_Money *ret)
{
    (void)self;
    (void)request;
    ret->cents = (int64_t)strlen(entry->name) * cents;
    return CORBEL_OK;
}

static const Till_servant servant = { .price = price };

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    Till *till = NULL;
    const corbel_NameEntry entry = { .name = "seven's" };
    part_Money *money = NULL;
    int result = 1;

    if (corbel_runtime_new(NULL, &runtime, &error)) {
        goto done;
    }
    till = Till_new(runtime, &servant, NULL, NULL);
    if (corbel_daemon_new(runtime, "localhost:0", &daemon, &error) ||
        corbel_daemon_register(daemon, "till", Till_as_object(till), &error) || Till_price(till, &entry, 6, &money, &error)) {
        goto done;
    }
    printf("%lld cents\n", (long long)money->cents);
    result = 0;
done:
    if (result != 0) {
        corbel_error_print(&error, stderr);
    }
    part_Money_free(money);
    Till_unref(till);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
