/* hello-client [URI|NAME]: reads a person's name and prints how the greeter welcomes them. */
#include "hello.corbel.h"

#include <string.h>
#include <unistd.h>

/* A URI as it is; a bare name is looked up at the name server. */
static corbel_status find(corbel_runtime *runtime, const char *where, hello_Greeter **ret, corbel_error *error)
{
    char uri[1024];
    snprintf(uri, sizeof uri, "%s%s", strchr(where, ':') == NULL ? "corbelname:" : "", where);
    return hello_Greeter_from_uri(runtime, uri, ret, error);
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    hello_Greeter *greeter = NULL;
    char *text = NULL;
    char name[256];
    int result = 0;

    if (isatty(STDIN_FILENO)) {
        fputs("What is your name? ", stderr);
    }
    if (fgets(name, sizeof name, stdin) == NULL) {
        fputs("hello-client: no name on stdin\n", stderr);
        return 1;
    }
    name[strcspn(name, "\n")] = '\0';

    if (corbel_runtime_new(NULL, &runtime, &error) || find(runtime, argc > 1 ? argv[1] : "example.hello", &greeter, &error) ||
        hello_Greeter_welcome(greeter, name, &text, &error)) {
        result = corbel_error_print(&error, stderr);
        goto done;
    }
    puts(text);
done:
    corbel_string_free(text);
    hello_Greeter_unref(greeter);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
