// The same interface from C++17: a servant that is a lambda, called in this process.
#include "app.corbel.h"

#include <corbel/corbel.h>
#include <cstdio>
#include <cstring>

int main()
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = nullptr;
    Till_servant servant {};
    servant.price = [](void *, corbel_request *, const corbel_NameEntry *entry, int32_t cents, part_Money *ret) -> corbel_status {
        ret->cents = static_cast<int64_t>(std::strlen(entry->name)) * cents;
        return CORBEL_OK;
    };
    if (corbel_runtime_new(nullptr, &runtime, &error)) {
        return corbel_error_print(&error, stderr);
    }
    Till *till = Till_new(runtime, &servant, nullptr, nullptr);
    corbel_NameEntry entry {};
    entry.name = "seven's";
    part_Money *money = nullptr;
    int result = 0;
    if (Till_price(till, &entry, 6, &money, &error)) {
        result = corbel_error_print(&error, stderr);
    } else {
        std::printf("%lld cents\n", static_cast<long long>(money->cents));
    }
    part_Money_free(money);
    Till_unref(till);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
