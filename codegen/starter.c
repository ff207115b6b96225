/* corbelc --starter: the name, the place, the writing. The texts are in starter_text.c. */
#include "codegen/starter.h"

#include "codegen/emit.h"
#include "idl/keywords.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot(FILE *diagnostics, const char *name, int error)
{
    fprintf(diagnostics, "corbelc: %s: cannot be made here: %s\n", name, strerror(error));
    return false;
}

bool starter_check_name(const char *name, FILE *diagnostics)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    const size_t length = strlen(name);
    if (strspn(name, letters) == 0 || strspn(name, others) != length) {
        fprintf(diagnostics, "corbelc: '%s' cannot be a name in C: take letters, digits and '_', a letter first\n", name);
        return false;
    }
    if (length > STARTER_NAME_LIMIT) {
        fprintf(diagnostics, "corbelc: '%s' is too long: a starter's name has at most %d characters\n", name, STARTER_NAME_LIMIT);
        return false;
    }
    const idl_keyword keyword = idl_keyword_find(name, length);
    if (keyword != IDL_KEYWORD_NONE) {
        fprintf(diagnostics, "corbelc: '%s' is taken: '%s' is a keyword of IDL%s\n", name, idl_keyword_word(keyword),
                strcmp(name, idl_keyword_word(keyword)) == 0 ? "" : ", in upper case, too");
        return false;
    }
    if (emit_is_reserved(name)) {
        fprintf(diagnostics, "corbelc: '%s' is taken: it is a keyword of C or C++, or a name of the standard headers\n", name);
        return false;
    }
    if (strcmp(name, "CMAKE") == 0) { /* project(CMAKE) sets CMAKE_VERSION, and more */
        fprintf(diagnostics, "corbelc: '%s' is taken: CMake cannot have a project of that name\n", name);
        return false;
    }
    return true;
}

/* IDL lets nothing in a module have the module's name, in whatever case. */
static const char *interface_of(const char *name)
{
    return strcasecmp(name, "Greeter") == 0 ? "Speaker" : "Greeter";
}

static bool put(FILE *out, const char *text, const char *name)
{
    bool done = true;
    for (; *text != '\0' && done; text++) {
        if (*text != '@') {
            done = fputc(*text, out) != EOF;
            continue;
        }
        text++;
        const char *const value = *text == 'n' ? name : *text == 'i' ? interface_of(name) : CORBELC_SHORT_VERSION;
        done = fputs(value, out) != EOF;
    }
    return done;
}

/* The path of a file of the project, as its owner sees it. NULL: out of memory. The caller frees it. */
static char *path_of(const starter_file *file, const char *name)
{
    char *path = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&path, &length);
    if (out == NULL) {
        return NULL;
    }
    const bool done = put(out, file->path, name);
    if (fclose(out) != 0 || !done) {
        free(path);
        return NULL;
    }
    return path;
}

/* 0, or errno. */
static int write_file(int folder, const starter_file *file, const char *name)
{
    char *path = path_of(file, name);
    if (path == NULL) {
        return ENOMEM;
    }
    const int descriptor = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    free(path);
    if (descriptor < 0) {
        return errno;
    }
    FILE *out = fdopen(descriptor, "w");
    if (out == NULL) {
        const int error = errno;
        close(descriptor);
        return error;
    }
    int error = put(out, file->text, name) ? 0 : errno;
    if (fclose(out) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

static int write_files(int folder, const char *name)
{
    int error = 0;
    for (const starter_file *file = starter_files; file->path != NULL && error == 0; file++) {
        error = write_file(folder, file, name);
    }
    return error;
}

static void remove_all(int folder, const char *path, const char *name)
{
    for (const starter_file *file = starter_files; file->path != NULL && folder >= 0; file++) {
        char *one = path_of(file, name);
        if (one != NULL) {
            unlinkat(folder, one, 0);
        }
        free(one);
    }
    rmdir(path);
}

/* What mkdir() would have given it. */
static bool open_to_others(int folder)
{
    const mode_t mask = umask(0); /* the only way to ask; corbelc has one thread */
    umask(mask);
    return fchmod(folder, 0777 & ~mask) == 0;
}

/* Not over an empty folder either, which rename() would replace. A file system that cannot promise that is asked twice. */
static bool take_name(const char *path, const char *name)
{
    struct stat status;
    if (renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return false;
    }
    if (lstat(name, &status) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(path, name) == 0;
}

bool starter_write(const char *name, FILE *diagnostics)
{
    char path[STARTER_NAME_LIMIT + sizeof "..XXXXXX"];
    struct stat status;
    if (lstat(name, &status) == 0) {
        fprintf(diagnostics, "corbelc: %s: is already there, and stays as it is: take another name, or another folder\n", name);
        return false;
    }
    snprintf(path, sizeof path, ".%s.XXXXXX", name);
    if (mkdtemp(path) == NULL) {
        return cannot(diagnostics, name, errno);
    }
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = folder < 0 ? errno : write_files(folder, name);
    if (error == 0 && (!open_to_others(folder) || !take_name(path, name))) {
        error = errno;
    }
    if (error != 0) {
        remove_all(folder, path, name);
        cannot(diagnostics, name, error);
    }
    if (folder >= 0) {
        close(folder);
    }
    return error == 0;
}
