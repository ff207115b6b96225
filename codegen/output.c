/* Every file is complete, under another name, before the first one is renamed: an error, a full disk or a signal leaves the old
 * files alone. */
#include "codegen/output.h"

#include "idl/diagnostics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct file {
    char *path;
    char *temporary; /* NULL: none left behind */
} file;

typedef struct files {
    const char *folder;
    file *items;
    size_t length;
    FILE *diagnostics;
    const idl_warning_options *warn;
} files;

static bool complain(const files *all, const char *path, int error)
{
    char text[160];
    snprintf(text, sizeof text, "cannot be written: %s", strerror(error));
    idl_report_alone(all->diagnostics, all->warn, IDL_DIAG_CANNOT_WRITE, path, text);
    return false;
}

/* "out/bank.corbel.h"; nothing is put before a file of the current folder. NULL: out of memory. */
static char *path_in(const char *folder, const char *before, const char *stem, const char *ending, const char *behind)
{
    const bool is_here = strcmp(folder, ".") == 0;
    char *path = NULL;
    const int length = asprintf(&path, "%s%s%s%s%s%s", is_here ? "" : folder, is_here ? "" : "/", before, stem, ending, behind);
    return length < 0 ? NULL : path;
}

static bool fill(const files *all, const file *one, int descriptor, const char *text, size_t length)
{
    const mode_t mask = umask(0); /* the only way to ask; corbelc has one thread */
    umask(mask);
    FILE *out = fchmod(descriptor, 0666 & ~mask) == 0 ? fdopen(descriptor, "w") : NULL;
    if (out == NULL) {
        const int error = errno;
        close(descriptor);
        return complain(all, one->path, error);
    }
    const bool is_written = fwrite(text, 1, length, out) == length;
    const int error = errno;
    if (fclose(out) != 0) {
        return complain(all, one->path, errno);
    }
    return is_written || complain(all, one->path, error);
}

static bool write_temporary(files *all, const char *stem, const char *ending, const char *text, size_t length)
{
    file *one = &all->items[all->length++];
    *one = (file) { .path = path_in(all->folder, "", stem, ending, "") };
    char *temporary = path_in(all->folder, ".", stem, ending, ".XXXXXX");
    const int descriptor = one->path == NULL || temporary == NULL ? -1 : mkstemp(temporary);
    if (descriptor < 0) {
        const bool is_short = one->path == NULL || temporary == NULL;
        const int error = is_short ? ENOMEM : errno;
        free(temporary);
        return complain(all, one->path == NULL ? all->folder : one->path, error);
    }
    one->temporary = temporary;
    return fill(all, one, descriptor, text, length);
}

char *emit_make_path(const char *path)
{
    char *text = malloc(2 * strlen(path) + 1);
    if (text == NULL) {
        return NULL;
    }
    char *end = text;
    for (; *path != '\0'; path++) {
        if (*path == ' ' || *path == '#') {
            *end++ = '\\';
        } else if (*path == '$') {
            *end++ = '$';
        }
        *end++ = *path;
    }
    *end = '\0';
    return text;
}

static bool put_path(FILE *out, const char *before, const char *path)
{
    char *escaped = path == NULL ? NULL : emit_make_path(path);
    const bool done = escaped != NULL && fprintf(out, "%s%s", before, escaped) >= 0;
    free(escaped);
    return done;
}

static bool write_dependencies(files *all, const emit_output *output)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) {
        return complain(all, output->path, errno);
    }
    const bool is_proto = output->proto != NULL;
    char *source = path_in(all->folder, "", output->stem, is_proto ? ".proto" : ".corbel.c", "");
    char *header = path_in(all->folder, "", output->stem, ".corbel.h", "");
    bool done = put_path(out, "", source) && (is_proto || put_path(out, " ", header)) && fputs(":", out) >= 0;
    for (const char *const *path = output->dependencies; *path != NULL && done; path++) {
        done = put_path(out, " \\\n ", *path);
    }
    done = done && fputs("\n", out) >= 0;
    free(source);
    free(header);
    if (fclose(out) != 0 || !done) {
        free(text);
        return complain(all, output->path, ENOMEM);
    }
    done = write_temporary(all, output->stem, is_proto ? ".proto.d" : ".corbel.d", text, length);
    free(text);
    return done;
}

static bool write_all(files *all, const emit_result *result, bool with_dependencies)
{
    struct stat status;
    if (stat(all->folder, &status) != 0 && errno == ENOENT && mkdir(all->folder, 0777) != 0 && errno != EEXIST) {
        return complain(all, all->folder, errno);
    }
    for (size_t i = 0; i < result->n_outputs; i++) {
        const emit_output *output = &result->outputs[i];
        const bool is_written = output->proto != NULL
                                    ? write_temporary(all, output->stem, ".proto", output->proto, output->proto_length)
                                    : write_temporary(all, output->stem, ".corbel.h", output->header, output->header_length) &&
                                          write_temporary(all, output->stem, ".corbel.c", output->source, output->source_length);
        if (!is_written || (with_dependencies && !write_dependencies(all, output))) {
            return false;
        }
    }
    for (size_t i = 0; i < all->length; i++) {
        file *one = &all->items[i];
        if (rename(one->temporary, one->path) != 0) {
            return complain(all, one->path, errno);
        }
        free(one->temporary);
        one->temporary = NULL;
    }
    return true;
}

bool emit_write(const emit_result *result, const char *folder, bool with_dependencies, FILE *diagnostics,
                const idl_warning_options *warn)
{
    files all = { .folder = folder, .diagnostics = diagnostics, .warn = warn };
    all.items = calloc(3 * result->n_outputs + 1, sizeof *all.items);
    if (all.items == NULL) {
        return complain(&all, folder, ENOMEM);
    }
    const bool done = write_all(&all, result, with_dependencies);
    for (size_t i = 0; i < all.length; i++) {
        if (all.items[i].temporary != NULL) {
            unlink(all.items[i].temporary);
        }
        free(all.items[i].temporary);
        free(all.items[i].path);
    }
    free(all.items);
    return done;
}
