/* invoke URI                     what the object can do
 * invoke URI OPERATION [JSON]    has it done, and prints the results, or the exception (exit 1), as JSON
 *
 * It is built without any IDL: the object's process says what it needs to know. */
#include <corbel/dynamic.h>
#include <stdio.h>

static void print_params(const corbel_param *params, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        printf("%s%s", i == 0 ? "" : ", ", params[i].name);
    }
}

static void list(const corbel_interface *interface)
{
    printf("%s\n", interface->name);
    for (uint32_t i = 0; i < interface->n_methods; i++) {
        const corbel_operation *operation = interface->methods[i].operation;
        printf("  %s(", operation->name);
        print_params(operation->in, operation->n_in);
        printf(")%s", operation->n_out > 0 ? " -> " : "");
        print_params(operation->out, operation->n_out);
        printf("\n%s%s%s", operation->doc == NULL ? "" : "      ", operation->doc == NULL ? "" : operation->doc,
               operation->doc == NULL ? "" : "\n");
    }
}

static corbel_status call(corbel_object *object, const corbel_interface *interface, const char *operation, const char *arguments,
                          corbel_error *error)
{
    char *text = NULL;
    const corbel_status status = corbel_json_call(object, interface, operation, arguments, &text, error);
    if (status == CORBEL_OK) {
        printf("%s\n", text);
    } else if (status == CORBEL_RAISED && corbel_json_exception(error, interface, &text, NULL) == CORBEL_OK) {
        printf("%s %s\n", corbel_error_exception(error), text);
        corbel_error_clear(error); /* that is all there is to say */
    }
    corbel_string_free(text);
    return status;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_object *object = NULL;
    const corbel_interface *interface = NULL;
    corbel_status status = CORBEL_OK;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: invoke URI [OPERATION [JSON]]\n");
        return 2;
    }
    if ((status = corbel_runtime_new(NULL, &runtime, &error)) == CORBEL_OK &&
        (status = corbel_object_from_uri(runtime, NULL, argv[1], &object, &error)) == CORBEL_OK &&
        (status = corbel_object_describe(object, NULL, &interface, &error)) == CORBEL_OK) {
        if (argc == 2) {
            list(interface);
        } else {
            status = call(object, interface, argv[2], argc > 3 ? argv[3] : NULL, &error);
        }
    }
    if (error.status != CORBEL_OK) {
        printf("%s: %s\n", corbel_status_name(error.status), error.message);
    }
    corbel_interface_unref(interface);
    corbel_object_unref(object);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return status == CORBEL_OK ? 0 : 1;
}
