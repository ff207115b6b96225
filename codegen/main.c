/* corbelc: the command line. */
#include "codegen/evolve_files.h"
#include "codegen/explain.h"
#include "codegen/format_files.h"
#include "codegen/output.h"
#include "codegen/standard.h"
#include "codegen/starter.h"
#include "idl/diagnostics.h"
#include "idl/idl.h"
#include "idl/warnings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_INPUT = 1, EXIT_USAGE = 2, EXIT_FILES = 3 };

static const char usage_line[] =
    "usage: corbelc [-I dir]... [-D name[=value]]... [-o dir] [-MD] [--proto] [-Werror] [-Wno-NAME]...\n"
    "               [--diagnostics=text|json] file.idl...\n"
    "       corbelc --check [-I dir]... [-D name[=value]]... OLD.idl NEW.idl\n"
    "       corbelc --explain [ID]\n"
    "       corbelc --format [--check] [file.idl]...\n"
    "       corbelc --starter NAME\n";

static const char help_text[] =
    "\n"
    "Compiles OMG IDL into C for Corbel: each file.idl gives file.corbel.h (what you include) and\n"
    "file.corbel.c (what you compile and link). Files that are included are read, not compiled.\n"
    "\n"
    "options:\n"
    "  -I dir            look here, too, for what #include names; the folder of the including file\n"
    "                    comes first, then these in order, and last the standard files of Corbel:\n"
    "                    #include <corbel/naming.idl> needs no -I\n"
    "  -D name[=value]   define name before the first line of each file, as #define would\n"
    "  -o dir            write here; the last folder of dir is made if it is not there. Default: here.\n"
    "                    sub/x.idl gives dir/x.corbel.h: no folder of the input is repeated\n"
    "  -MD               write file.corbel.d, too: a make rule that names all files that were read\n"
    "  -Werror           warnings are errors\n"
    "  -Wno-NAME         do not give the warning of that name, which stands behind its text in brackets:\n"
    "                    context, derived-name, keyword-as-name, keyword-case,\n"
    "                    undefined-interface, unknown-annotation\n"
    "  --proto           write file.proto in place of C: what travels, in proto3, for other languages;\n"
    "                    with -MD also file.proto.d\n"
    "  --check           say what changed from OLD.idl to NEW.idl and what they include, a line a change:\n"
    "                    compatible, source-breaking or wire-breaking, and by which rule. Nothing is\n"
    "                    written. The exit status is 0 for nothing or compatible changes, 1 when some are\n"
    "                    source-breaking, 2 when some are wire-breaking, 3 when there is no answer: a file\n"
    "                    does not compile or cannot be read, the command line is wrong\n"
    "  --diagnostics=FORM  text (the default), or json: each message is one object on one line, with the\n"
    "                    notes that belong to it inside; corbelc(1) names its members\n"
    "  --explain [ID]    what the message of that id means, with an example that gives it and one that\n"
    "                    does not; without ID, all ids\n"
    "  --format          comes first: lay out the files anew, each in its place; files that are right are not\n"
    "                    touched. No file, or -: from standard input to standard output. With --check,\n"
    "                    nothing is written, and the files that would change are listed\n"
    "  --starter NAME    begin a project: a folder NAME with an IDL file, a server, a client and their\n"
    "                    CMakeLists.txt, which build and run as they are. Nothing that is there is touched\n"
    "  --help            print this\n"
    "  --version         print the version\n"
    "  --                what follows are files\n"
    "\n"
    "Messages go to standard error, as file:line:column: error: text [id]. The same input gives the same\n"
    "output, byte for byte, in whatever folder and order. If there is an error, nothing is written:\n"
    "files that are there stay as they are.\n"
    "\n"
    "exit status:\n"
    "  0  done\n"
    "  1  errors in the input\n"
    "  2  the command line is wrong\n"
    "  3  a file cannot be read or written\n"
    "  4  --format --check: a file is not laid out as it should be\n";

typedef struct command {
    const char **include_dirs;
    size_t n_include_dirs;
    idl_define *defines;
    size_t n_defines;
    const char **paths;
    size_t n_paths;
    const char *folder;
    bool with_dependencies;
    bool is_check;
    bool is_proto;
    idl_warning_options warn;
} command;

static int usage(const char *what, const char *argument)
{
    fprintf(stderr, "corbelc: %s%s\n%s", what, argument, usage_line);
    return EXIT_USAGE;
}

/* -Ddir and -D dir: the value of an option; NULL: there is none. */
static char *value_of(char **argv, int argc, int *at)
{
    if (argv[*at][2] != '\0') {
        return argv[*at] + 2;
    }
    return *at + 1 < argc ? argv[++*at] : NULL;
}

static bool add_define(command *all, char *text)
{
    char *equals = strchr(text, '=');
    if (equals != NULL) {
        *equals = '\0';
    }
    all->defines[all->n_defines++] = (idl_define) { .name = text, .value = equals == NULL ? "" : equals + 1 };
    if (*text == '\0' || strspn(text, "0123456789") > 0) {
        return false;
    }
    return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

static bool ends_in_idl(const char *path)
{
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".idl") == 0 && path[length - 5] != '/';
}

static int start_project(const char *name)
{
    if (!starter_check_name(name, stderr)) {
        return EXIT_USAGE;
    }
    if (!starter_write(name, stderr)) {
        return EXIT_FILES;
    }
    printf("%s/ is there: %s.idl server.c client.c CMakeLists.txt README.md\n"
           "Build it:\n"
           "  cmake -S %s -B %s/build && cmake --build %s/build\n"
           "Run it, each line when the one before it says that it is ready:\n"
           "  corbel-ns &\n"
           "  %s/build/%s-server &\n"
           "  %s/build/%s-client\n",
           name, name, name, name, name, name, name, name, name);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FILES;
}

/* -Werror, -Wno-NAME */
static int read_warning_option(command *all, const char *option)
{
    if (strcmp(option, "-Werror") == 0) {
        all->warn.as_errors = true;
        return -1;
    }
    const idl_diagnostic_id id = strncmp(option, "-Wno-", 5) == 0 ? idl_warning_find(option + 5) : IDL_N_DIAGNOSTICS;
    if (id == IDL_N_DIAGNOSTICS) {
        return usage("unknown warning: ", option);
    }
    all->warn.off |= UINT32_C(1) << id;
    return -1;
}

/* Exit status; ID may be missing. */
static int explain(int argc, char **argv, int at)
{
    if (at != 1 || argc > 3) {
        return usage("--explain stands alone, with one id or none", "");
    }
    if (argc == 3 && !explain_id(argv[2])) {
        return EXIT_USAGE;
    }
    if (argc == 2) {
        explain_list();
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FILES;
}

static int read_option(command *all, int argc, char **argv, int *at)
{
    const char *option = argv[*at];
    if (strcmp(option, "--help") == 0) {
        printf("%s%s", usage_line, help_text);
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FILES;
    }
    if (strcmp(option, "--version") == 0) {
        printf("corbelc " CORBELC_VERSION "\n");
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FILES;
    }
    if (strcmp(option, "--starter") == 0) {
        return argc == 3 && *at == 1 ? start_project(argv[2]) : usage("--starter stands alone, with one name", "");
    }
    if (strcmp(option, "--format") == 0) {
        return usage("--format comes first", "");
    }
    if (strcmp(option, "--check") == 0) {
        all->is_check = true;
        return -1;
    }
    if (strcmp(option, "--explain") == 0) {
        return explain(argc, argv, *at);
    }
    if (strcmp(option, "--diagnostics=text") == 0 || strcmp(option, "--diagnostics=json") == 0) {
        all->warn.as_json = strcmp(option, "--diagnostics=json") == 0;
        return -1;
    }
    if (strcmp(option, "--proto") == 0) {
        all->is_proto = true;
        return -1;
    }
    if (strcmp(option, "-MD") == 0) {
        all->with_dependencies = true;
        return -1;
    }
    if (strncmp(option, "-W", 2) == 0) {
        return read_warning_option(all, option);
    }
    if (strncmp(option, "-I", 2) != 0 && strncmp(option, "-D", 2) != 0 && strncmp(option, "-o", 2) != 0) {
        return usage("unknown option ", option);
    }
    char *value = value_of(argv, argc, at);
    if (value == NULL || *value == '\0') {
        return usage("a value is missing behind ", option);
    }
    if (option[1] == 'I') {
        all->include_dirs[all->n_include_dirs++] = value;
    } else if (option[1] == 'o') {
        all->folder = value;
    } else if (!add_define(all, value)) {
        return usage("not a name to define: ", value);
    }
    return -1;
}

static int read_command(command *all, int argc, char **argv)
{
    bool only_files = false;
    for (int i = 1; i < argc; i++) {
        if (!only_files && strcmp(argv[i], "--") == 0) {
            only_files = true;
        } else if (!only_files && argv[i][0] == '-') {
            const int done = read_option(all, argc, argv, &i);
            if (done >= 0) {
                return done;
            }
        } else if (!ends_in_idl(argv[i])) {
            return usage("the name of an IDL file ends in .idl, and this one does not: ", argv[i]);
        } else {
            all->paths[all->n_paths++] = argv[i];
        }
    }
    if (all->is_check && all->is_proto) {
        return usage("--check and --proto do not go together", "");
    }
    if (all->is_check && all->n_paths != 2) {
        return usage("--check compares two files", "");
    }
    return all->n_paths == 0 ? usage("no input", "") : -1;
}

/* A main file that cannot be read is not an error in the input. */
static bool can_read_all(const command *all)
{
    bool can = true;
    for (size_t i = 0; i < all->n_paths; i++) {
        char byte;
        FILE *file = fopen(all->paths[i], "rb");
        if (file == NULL || (fread(&byte, 1, 1, file) == 0 && ferror(file))) {
            char text[160];
            snprintf(text, sizeof text, "cannot read this file: %s", strerror(errno));
            idl_report_alone(stderr, &all->warn, IDL_DIAG_CANNOT_READ, all->paths[i], text);
            can = false;
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    return can;
}

/* Two files of one name would overwrite each other's output. */
static const char *meeting_output(const emit_result *result)
{
    for (size_t i = 0; i < result->n_outputs; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(result->outputs[i].stem, result->outputs[j].stem) == 0) {
                return result->outputs[i].path;
            }
        }
    }
    return NULL;
}

static int run(const command *all)
{
    const idl_options options = {
        .include_dirs = all->include_dirs,
        .n_include_dirs = all->n_include_dirs,
        .defines = all->defines,
        .n_defines = all->n_defines,
        .diagnostics = stderr,
        .warn = all->warn,
    };
    if (all->is_check) {
        return evolve_files(&options, all->paths[0], all->paths[1], stdout);
    }
    const idl_result compiled = idl_compile(&options, all->paths, all->n_paths);
    if (compiled.errors > 0 || compiled.unit == NULL) {
        idl_unit_free(compiled.unit);
        return EXIT_INPUT;
    }
    emit_result emitted = (all->is_proto ? emit_protos : emit_unit)(compiled.unit, stderr, options.max_errors, all->warn);
    int status = EXIT_DONE;
    const char *meeting = meeting_output(&emitted);
    if (emitted.errors > 0) {
        status = EXIT_INPUT;
    } else if (meeting != NULL) {
        idl_report_alone(stderr, &all->warn, IDL_DIAG_OUTPUT_COLLISION, meeting,
                         "another file of this name would give the same output");
        status = EXIT_USAGE;
    } else if (!emit_write(&emitted, all->folder, all->with_dependencies, stderr, &all->warn)) {
        status = EXIT_FILES;
    }
    emit_result_free(&emitted);
    idl_unit_free(compiled.unit);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--format") == 0) {
        return (int)format_files(argc - 2, argv + 2);
    }
    const size_t most = (size_t)argc + 1;
    command all = { .folder = "." };
    char *standard = corbelc_standard_folder();
    all.include_dirs = calloc(most, sizeof *all.include_dirs);
    all.defines = calloc(most, sizeof *all.defines);
    all.paths = calloc(most, sizeof *all.paths);
    int status = EXIT_FILES;
    if (all.include_dirs == NULL || all.defines == NULL || all.paths == NULL) {
        fputs("corbelc: out of memory\n", stderr);
    } else {
        status = read_command(&all, argc, argv);
        if (status < 0) {
            if (standard != NULL) {
                all.include_dirs[all.n_include_dirs++] = standard;
            }
            status = can_read_all(&all) ? run(&all) : EXIT_FILES;
        } else if (all.is_check && status == EXIT_USAGE) {
            status = EVOLVE_EXIT_FAILED; /* 2 is an answer */
        }
    }
    free(standard);
    free(all.include_dirs);
    free(all.defines);
    free(all.paths);
    return status;
}
