/* chain-client [URI]: sends a message into the chain and prints which way it went. */
#include "chain.corbel.h"

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    chain_Link *first = NULL;
    chain_Message way = { 0, NULL };
    int result = 0;

    const char *const hello[] = { "hello" };
    if (corbel_runtime_new(NULL, &runtime, &error) ||
        chain_Link_from_uri(runtime, argc > 1 ? argv[1] : "corbelname:example.chainTopology.1", &first, &error) ||
        chain_Link_process(first, (chain_Message)CORBEL_SEQ(hello), &way, &error)) {
        result = corbel_error_print(&error, stderr);
        goto done;
    }
    fputs("Result=[", stdout);
    for (size_t i = 0; i < way.len; i++) {
        printf("%s'%s'", i == 0 ? "" : ", ", way.items[i]);
    }
    puts("]");
done:
    corbel_string_seq_clear(&way);
    chain_Link_unref(first);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
