/* The files of a first project, as its owner will see them. The two .c files have at most 60 lines together, and each call in
 * them is checked. */
#include "codegen/starter.h"

#include <stddef.h>

static const char idl[] = "/// What the objects of @n can do. Change it, build again, and the compiler names what is missing.\n"
                          "module @n {\n"
                          "    interface @i {\n"
                          "        /// A few words for whom.\n"
                          "        string greet(in string whom);\n"
                          "    };\n"
                          "};\n";

static const char server[] =
    "/* @n-server: hosts one object, and tells the name server that it is called @n. */\n"
    "#include \"@n.corbel.h\"\n"
    "\n"
    "static corbel_status greet(void *self, corbel_request *request, const char *whom, const char **ret)\n"
    "{\n"
    "    (void)self; /* what the third argument of @n_@i_new() was */\n"
    "    *ret = corbel_request_printf(request, \"Hello %s, this is @n\", whom);\n"
    "    return CORBEL_OK;\n"
    "}\n"
    "\n"
    "static const @n_@i_servant servant = { .greet = greet };\n"
    "\n"
    "static corbel_status serve(corbel_runtime *runtime, corbel_daemon *daemon, corbel_error *error)\n"
    "{\n"
    "    @n_@i *mine = @n_@i_new(runtime, &servant, NULL, NULL);\n"
    "    corbel_object *object = @n_@i_as_object(mine);\n"
    "    const bool failed = corbel_daemon_register(daemon, \"@n\", object, error) ||\n"
    "                        corbel_daemon_publish(daemon, \"@n\", object, NULL, true, error) ||\n"
    "                        corbel_daemon_shutdown_on_signals(daemon, error) ||\n"
    "                        corbel_daemon_ready(daemon, object, stdout, error) ||\n"
    "                        corbel_daemon_run(daemon, error);\n"
    "    @n_@i_unref(mine);\n"
    "    return failed ? error->status : CORBEL_OK;\n"
    "}\n"
    "\n"
    "int main(void)\n"
    "{\n"
    "    corbel_error error = CORBEL_ERROR_INIT;\n"
    "    corbel_runtime *runtime = NULL;\n"
    "    corbel_daemon *daemon = NULL;\n"
    "    const bool failed = corbel_runtime_new(NULL, &runtime, &error) ||\n"
    "                        corbel_daemon_new(runtime, NULL, &daemon, &error) ||\n"
    "                        serve(runtime, daemon, &error);\n"
    "    const int result = failed ? corbel_error_print(&error, stderr) : 0;\n"
    "    corbel_daemon_unref(daemon);\n"
    "    corbel_runtime_unref(runtime);\n"
    "    corbel_error_clear(&error);\n"
    "    return result;\n"
    "}\n";

static const char client[] = "/* @n-client [WHOM]: finds the object by its name and calls it, wherever it is. */\n"
                             "#include \"@n.corbel.h\"\n"
                             "\n"
                             "int main(int argc, char **argv)\n"
                             "{\n"
                             "    corbel_error error = CORBEL_ERROR_INIT;\n"
                             "    corbel_runtime *runtime = NULL;\n"
                             "    @n_@i *object = NULL;\n"
                             "    char *text = NULL;\n"
                             "    const char *whom = argc > 1 ? argv[1] : \"world\";\n"
                             "    const bool failed = corbel_runtime_new(NULL, &runtime, &error) ||\n"
                             "                        @n_@i_from_uri(runtime, \"corbelname:@n\", &object, &error) ||\n"
                             "                        @n_@i_greet(object, whom, &text, &error);\n"
                             "    const int result = failed ? corbel_error_print(&error, stderr) : puts(text) == EOF;\n"
                             "    corbel_string_free(text);\n"
                             "    @n_@i_unref(object);\n"
                             "    corbel_runtime_unref(runtime);\n"
                             "    corbel_error_clear(&error);\n"
                             "    return result;\n"
                             "}\n";

static const char cmake[] = "cmake_minimum_required(VERSION 3.25)\n"
                            "project(@n LANGUAGES C)\n"
                            "\n"
                            "find_package(Corbel @v REQUIRED)\n"
                            "corbel_generate(@n-idl @n.idl) # @n.corbel.h and @n.corbel.c, made anew when @n.idl changes\n"
                            "\n"
                            "add_executable(@n-server server.c)\n"
                            "target_link_libraries(@n-server PRIVATE @n-idl)\n"
                            "add_executable(@n-client client.c)\n"
                            "target_link_libraries(@n-client PRIVATE @n-idl)\n";

static const char readme[] =
    "# @n\n"
    "\n"
    "```sh\n"
    "cmake -S . -B build && cmake --build build   # not found? add -DCMAKE_PREFIX_PATH=... with Corbel's folder\n"
    "corbel-ns &                                  # the name server: one for all. When it says that it is ready:\n"
    "build/@n-server &                            # and when this is ready:\n"
    "build/@n-client Rashmi\n"
    "```\n"
    "\n"
    "`@n.idl` says what the object can do, `server.c` does it, `client.c` asks for it. A new operation:\n"
    "\n"
    "1. a line in `@n.idl`, such as `long add(in long a, in long b);`;\n"
    "2. build: `build/corbel/@n-idl/@n.corbel.h` now shows how its function must look, in `@n_@i_servant`;\n"
    "3. write that function in `server.c` and enter it in `servant`: `.add = add`;\n"
    "4. call `@n_@i_add(object, 2, 3, &sum, &error)`.\n";

const starter_file starter_files[] = {
    { "@n.idl", idl },           { "server.c", server },  { "client.c", client },
    { "CMakeLists.txt", cmake }, { "README.md", readme }, { NULL, NULL },
};
