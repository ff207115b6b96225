/* bank-client [WHOM]: finds the object by its name and calls it, wherever it is. */
#include "bank.corbel.h"

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    bank_Greeter *object = NULL;
    char *text = NULL;
    const char *whom = argc > 1 ? argv[1] : "world";
    const bool failed = corbel_runtime_new(NULL, &runtime, &error) ||
                        bank_Greeter_from_uri(runtime, "corbelname:bank", &object, &error) ||
                        bank_Greeter_greet(object, whom, &text, &error);
    const int result = failed ? corbel_error_print(&error, stderr) : puts(text) == EOF;
    corbel_string_free(text);
    bank_Greeter_unref(object);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
