/* The compiler's figures: lines a minute, the time and memory that 10,000 operations take, and what one more operation adds to
 * the C. It writes IDL, runs corbelc over it on one CPU, and looks at what the kernel says that it used. */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_SLOW = 1, EXIT_USAGE = 2, EXIT_BROKEN = 3 };
enum { MAX_ROUNDS = 99, PATH_BYTES = 4096 };

/* What is promised. Times are of the CPU, so that other programs on the machine do not count. */
#define BOUND_LINES_A_MINUTE 1e6
#define BOUND_OPERATIONS_S 2.0
#define BOUND_OPERATIONS_MB 300.0
#define BOUND_LINES_AN_OPERATION 60

typedef struct figures {
    double cpu_s, wall_s, megabytes;
} figures;

static const char *corbelc;
static char folder[] = "/tmp/corbel-bench-XXXXXX";
static int cpu = -1;

static _Noreturn void broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void broken(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("corbel-bench-compiler: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_BROKEN);
}

static const char *in_folder(const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

static FILE *create(const char *name)
{
    char path[PATH_BYTES];
    FILE *const file = fopen(in_folder(name, path), "w");
    if (file == NULL) {
        broken("%s: %s", path, strerror(errno));
    }
    return file;
}

static void finish(FILE *file)
{
    if (ferror(file) || fclose(file) != 0) {
        broken("cannot write: %s", strerror(errno));
    }
}

/* ---- what is compiled ---- */

/** Interfaces and structs as people write them, comments and empty lines included. Returns the number of lines. */
static unsigned write_plain(const char *name, unsigned blocks)
{
    FILE *const out = create(name);
    fputs("module plain {\n", out);
    for (unsigned i = 0; i < blocks; i++) {
        fprintf(
            out,
            "    /** Structure number %u.\n     *  It has three members.\n     */\n    struct Part%u {\n        long number;\n"
            "        string text; ///< what it says\n        sequence<double> samples;\n    };\n\n",
            i, i);
        fprintf(out,
                "    interface Machine%u {\n        readonly attribute long size;\n\n        /** Makes one. */\n"
                "        Part%u make(in long first,\n                    in string second);\n        void take(in Part%u part);\n"
                "        oneway void tell(in string what);\n    };\n\n",
                i, i, i);
    }
    fputs("};\n", out);
    finish(out);
    return 19 * blocks + 2;
}

/** Ten operations an interface, with scalar and string arguments. */
static void write_operations(const char *name, unsigned operations)
{
    FILE *const out = create(name);
    fputs("module wide {\n", out);
    for (unsigned i = 0; i < operations; i++) {
        if (i % 10 == 0) {
            fprintf(out, "    interface Part%u {\n", i / 10);
        }
        fprintf(out, "        long operation_%u(in long first, in string second, out double third);\n", i);
        if (i % 10 == 9 || i + 1 == operations) {
            fputs("    };\n", out);
        }
    }
    fputs("};\n", out);
    finish(out);
}

static void write_scalars(const char *name, unsigned operations)
{
    FILE *const out = create(name);
    fputs("interface Scalars {\n", out);
    for (unsigned i = 0; i < operations; i++) {
        fprintf(out, "    /** Number %u. */\n    long operation_%u(in long first, in double second, out short third);\n", i, i);
    }
    fputs("};\n", out);
    finish(out);
}

/* ---- running it ---- */

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static _Noreturn void exec_compiler(const char *input)
{
    char path[PATH_BYTES];
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    if (cpu < 0 || sched_setaffinity(0, sizeof one, &one) == 0) {
        execl(corbelc, corbelc, "-o", folder, in_folder(input, path), (char *)NULL);
    }
    fprintf(stderr, "corbel-bench-compiler: %s: %s\n", corbelc, strerror(errno));
    _exit(EXIT_BROKEN);
}

static figures compile(const char *input)
{
    struct timespec before, after;
    struct rusage used;
    int status = 0;
    clock_gettime(CLOCK_MONOTONIC, &before);
    const pid_t child = fork();
    if (child == 0) {
        exec_compiler(input);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        broken("corbelc failed on %s", input);
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    return (figures) { .cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime),
                       .wall_s = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9,
                       .megabytes = (double)used.ru_maxrss / 1024 };
}

static int by_cpu(const void *a, const void *b)
{
    const double x = ((const figures *)a)->cpu_s, y = ((const figures *)b)->cpu_s;
    return (x > y) - (x < y);
}

/** The run in the middle. */
static figures compile_rounds(const char *input, unsigned rounds)
{
    figures all[MAX_ROUNDS];
    for (unsigned i = 0; i < rounds; i++) {
        all[i] = compile(input);
    }
    qsort(all, rounds, sizeof *all, by_cpu);
    return all[rounds / 2];
}

/** Lines of C that are neither empty nor comment. Comments of generated files begin a line, or stand behind code. */
static unsigned count_code(const char *name)
{
    char path[PATH_BYTES];
    char line[1000];
    unsigned n = 0;
    bool in_comment = false;
    FILE *const file = fopen(in_folder(name, path), "r");
    if (file == NULL) {
        broken("%s: %s", path, strerror(errno));
    }
    while (fgets(line, sizeof line, file) != NULL) {
        const char *at = line + strspn(line, " \t\n");
        const bool starts = strncmp(at, "/*", 2) == 0;
        n += *at != '\0' && !in_comment && !starts;
        in_comment = (in_comment || starts) && strstr(at, "*/") == NULL;
    }
    fclose(file);
    return n;
}

static unsigned code_of_scalars(unsigned operations)
{
    write_scalars("scalars.idl", operations);
    (void)compile("scalars.idl");
    return count_code("scalars.corbel.h") + count_code("scalars.corbel.c");
}

static void clean_up(void)
{
    static const char *const stems[] = { "plain", "wide", "scalars" };
    static const char *const endings[] = { ".idl", ".corbel.h", ".corbel.c" };
    char name[100], path[PATH_BYTES];
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            snprintf(name, sizeof name, "%s%s", stems[i], endings[k]);
            (void)unlink(in_folder(name, path));
        }
    }
    (void)rmdir(folder);
}

static bool row(const char *what, const char *format, double value, bool kept, const char *bound)
{
    char text[100];
    snprintf(text, sizeof text, format, value);
    printf("| %s | %s | %s |%s\n", what, text, bound, kept ? "" : " <- not kept");
    return kept;
}

int main(int argc, char **argv)
{
    unsigned rounds = 5;
    bool quick = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            quick = true;
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--cpu") == 0 && i + 1 < argc) {
            cpu = (int)strtoul(argv[++i], NULL, 10);
        } else if (corbelc == NULL && argv[i][0] != '-') {
            corbelc = argv[i];
        } else {
            rounds = 0;
        }
    }
    if (corbelc == NULL || rounds == 0 || rounds > MAX_ROUNDS) {
        fputs("usage: corbel-bench-compiler [--quick] [--rounds N] [--cpu N] CORBELC\n", stderr);
        return EXIT_USAGE;
    }
    if (mkdtemp(folder) == NULL) {
        broken("%s: %s", folder, strerror(errno));
    }
    (void)atexit(clean_up);
    const unsigned lines = write_plain("plain.idl", quick ? 50 : 5000);
    write_operations("wide.idl", quick ? 100 : 10000);
    const figures plain = compile_rounds("plain.idl", quick ? 1 : rounds);
    const figures wide = compile_rounds("wide.idl", quick ? 1 : rounds);
    const unsigned more = (code_of_scalars(40) - code_of_scalars(20)) / 20;
    const double a_minute = lines / plain.cpu_s * 60;

    printf("| What | Measured | Promised |\n|---|---|---|\n");
    bool kept = row("lines of plain IDL a minute, from file to written C", "%.2f million", a_minute / 1e6,
                    quick || a_minute >= BOUND_LINES_A_MINUTE, "at least 1 million");
    row("the same by the clock", "%.2f million", lines / plain.wall_s * 60 / 1e6, true, "");
    kept &= row("a file of 10,000 operations", "%.2f s of CPU", wide.cpu_s, wide.cpu_s <= BOUND_OPERATIONS_S, "at most 2 s");
    row("the same by the clock", "%.2f s", wide.wall_s, true, "");
    kept &= row("memory for it", "%.0f MB", wide.megabytes, wide.megabytes <= BOUND_OPERATIONS_MB, "at most 300 MB");
    kept &= row("lines of C for one more operation with scalar arguments", "%.0f", more, more <= BOUND_LINES_AN_OPERATION,
                "at most 60");
    return kept ? EXIT_SUCCESS : EXIT_SLOW;
}
