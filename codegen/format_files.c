/* Every file by itself: what is wrong with one does not keep the others from being formatted. */
#include "codegen/format_files.h"

#include "idl/diagnostics.h"
#include "idl/format.h"
#include "idl/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char input_name[] = "-";

static format_exit complain(idl_diagnostic_id id, const char *path, const char *what, const char *reason)
{
    const idl_warning_options as_text = { 0 };
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, reason);
    idl_report_alone(stderr, &as_text, id, path, text);
    return FORMAT_EXIT_FILES;
}

static format_exit complain_of_writing(const char *path, int error)
{
    return complain(IDL_DIAG_CANNOT_WRITE, path, "cannot be written", strerror(error));
}

static format_exit complain_of_reading(const char *path, int error)
{
    return complain(IDL_DIAG_CANNOT_READ, path, "cannot read this file",
                    error == EFBIG    ? "it is larger than 16 MiB"
                    : error == EINVAL ? "it is not a regular file"
                                      : strerror(error));
}

/* All that can be read, up to one byte more than a source may have. NULL with errno set. */
static char *read_all(int descriptor, size_t *ret_length)
{
    size_t room = (size_t)64 << 10;
    size_t length = 0;
    char *text = malloc(room);
    while (text != NULL && length <= IDL_SOURCE_LIMIT) {
        if (length == room) {
            char *larger = realloc(text, 2 * room);
            if (larger == NULL) {
                break;
            }
            text = larger;
            room *= 2;
        }
        const ssize_t got = read(descriptor, text + length, room - length);
        if (got == 0) {
            *ret_length = length;
            return text;
        }
        if (got < 0 && errno != EINTR) {
            const int error = errno;
            free(text);
            errno = error;
            return NULL;
        }
        length += got > 0 ? (size_t)got : 0;
    }
    errno = length > IDL_SOURCE_LIMIT ? EFBIG : ENOMEM;
    free(text);
    return NULL;
}

static bool write_all(int descriptor, const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t put = write(descriptor, text, length);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        text += put > 0 ? put : 0;
        length -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static char *read_file(const char *path, struct stat *status, size_t *ret_length)
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = NULL;
    if (descriptor < 0) {
        return NULL;
    }
    int error = 0;
    if (fstat(descriptor, status) != 0) {
        error = errno;
    } else if (!S_ISREG(status->st_mode)) {
        error = S_ISDIR(status->st_mode) ? EISDIR : EINVAL;
    } else if ((text = read_all(descriptor, ret_length)) == NULL) {
        error = errno;
    }
    close(descriptor);
    errno = error;
    return text;
}

/* The complete new text takes the old one's name, with its mode and, where that is allowed, its owner. */
static format_exit replace(const char *path, const struct stat *status, const char *text, size_t length)
{
    format_exit result = FORMAT_EXIT_FILES;
    char *temporary = NULL;
    char *target = realpath(path, NULL);
    const char *slash = target == NULL ? NULL : strrchr(target, '/');
    if (slash == NULL) {
        return complain_of_writing(path, errno);
    }
    if (access(target, W_OK) != 0) {
        result = complain_of_writing(path, errno);
        goto done;
    }
    if (asprintf(&temporary, "%.*s/.corbelc-XXXXXX", (int)(slash - target), target) < 0) {
        temporary = NULL;
        result = complain_of_writing(path, ENOMEM);
        goto done;
    }
    const int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0) {
        result = complain_of_writing(path, errno);
        goto done;
    }
    /* Only root can give files away; whose file it is must not keep anybody from formatting it. */
    const bool owned = fchown(descriptor, status->st_uid, status->st_gid) == 0;
    const mode_t mode = owned ? status->st_mode & 07777 : status->st_mode & 0777;
    bool is_written = fchmod(descriptor, mode) == 0 && write_all(descriptor, text, length);
    int error = is_written ? 0 : errno;
    if (close(descriptor) != 0 && is_written) {
        is_written = false;
        error = errno;
    }
    if (is_written && rename(temporary, target) != 0) {
        is_written = false;
        error = errno;
    }
    if (is_written) {
        result = FORMAT_EXIT_DONE;
    } else {
        unlink(temporary);
        complain_of_writing(path, error);
    }
done:
    free(temporary);
    free(target);
    return result;
}

static format_exit write_output(const char *text, size_t length)
{
    return write_all(STDOUT_FILENO, text, length) ? FORMAT_EXIT_DONE : complain_of_writing("standard output", errno);
}

/* A path, or input_name. */
static format_exit format_one(const char *path, bool only_check)
{
    const bool is_input = strcmp(path, input_name) == 0;
    const char *name = is_input ? "standard input" : path;
    struct stat status = { 0 };
    size_t length = 0;
    char *text = is_input ? read_all(STDIN_FILENO, &length) : read_file(path, &status, &length);
    if (text == NULL) {
        return complain_of_reading(name, errno);
    }
    char *made = NULL;
    size_t made_length = 0;
    format_exit result = FORMAT_EXIT_INPUT;
    switch (idl_format(name, text, length, stderr, &made, &made_length)) {
    case IDL_FORMAT_ERRORS:
        break;
    case IDL_FORMAT_MEMORY:
        result = FORMAT_EXIT_FILES;
        break;
    case IDL_FORMAT_DONE: {
        const bool same = length == made_length && memcmp(text, made, length) == 0;
        result = FORMAT_EXIT_DONE;
        if (only_check) {
            result = same ? FORMAT_EXIT_DONE : FORMAT_EXIT_LAYOUT;
            if (!same && (printf("%s\n", path) < 0 || fflush(stdout) != 0)) {
                result = complain_of_writing("standard output", errno);
            }
        } else if (is_input) {
            result = write_output(made, made_length);
        } else if (!same) {
            result = replace(path, &status, made, made_length);
        }
        break;
    }
    }
    free(text);
    free(made);
    return result;
}

static format_exit usage(const char *what, const char *argument)
{
    fprintf(stderr, "corbelc: %s%s\nusage: corbelc --format [--check] [file.idl]...\n", what, argument);
    return FORMAT_EXIT_USAGE;
}

static bool ends_in_idl(const char *path)
{
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".idl") == 0 && path[length - 5] != '/';
}

/* The worse of two: a file that could not be read or written, one that is no IDL, one that would change. */
static format_exit worse(format_exit one, format_exit other)
{
    static const int rank[] = { [FORMAT_EXIT_DONE] = 0,
                                [FORMAT_EXIT_INPUT] = 2,
                                [FORMAT_EXIT_USAGE] = 4,
                                [FORMAT_EXIT_FILES] = 3,
                                [FORMAT_EXIT_LAYOUT] = 1 };
    return rank[one] > rank[other] ? one : other;
}

format_exit format_files(int n_arguments, char *const *arguments)
{
    bool only_check = false;
    bool only_files = false;
    int n_files = 0;
    for (int i = 0; i < n_arguments; i++) {
        if (!only_files && strcmp(arguments[i], "--") == 0) {
            only_files = true;
        } else if (!only_files && strcmp(arguments[i], "--check") == 0) {
            only_check = true;
        } else if (!only_files && strcmp(arguments[i], input_name) == 0) {
            n_files++;
        } else if (!only_files && arguments[i][0] == '-') {
            return usage("--format does not know the option ", arguments[i]);
        } else if (!ends_in_idl(arguments[i])) {
            return usage("the name of an IDL file ends in .idl, and this one does not: ", arguments[i]);
        } else {
            n_files++;
        }
    }
    if (n_files == 0) {
        return format_one(input_name, only_check);
    }
    format_exit result = FORMAT_EXIT_DONE;
    only_files = false;
    for (int i = 0; i < n_arguments; i++) {
        if (!only_files && strcmp(arguments[i], "--") == 0) {
            only_files = true;
        } else if (only_files || strcmp(arguments[i], "--check") != 0) {
            result = worse(result, format_one(arguments[i], only_check));
        }
    }
    return result;
}
