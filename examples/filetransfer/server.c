/* filetransfer-server FOLDER: hosts the files of a folder, as example.filetransfer. */
#include "filetransfer.corbel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, MOST_FILES = 1000 };

/* The only thing that a client may name. */
static bool is_plain(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const filetransfer_File *)a)->name, ((const filetransfer_File *)b)->name);
}

static corbel_status list(void *self, corbel_request *request, filetransfer_Files *ret)
{
    const int *folder = self;
    filetransfer_File *files = corbel_request_alloc(request, MOST_FILES, sizeof *files);
    if (files == NULL) {
        return CORBEL_NO_MEMORY;
    }
    const int fd = openat(*folder, ".", O_RDONLY | O_DIRECTORY); /* readdir() has a place of its own in it */
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        return corbel_request_fail(request, CORBEL_FAILED, "the folder cannot be read");
    }
    const struct dirent *entry = NULL;
    size_t n = 0;
    while (n < MOST_FILES && (entry = readdir(dir)) != NULL) {
        struct stat about;
        if (is_plain(entry->d_name) && fstatat(*folder, entry->d_name, &about, 0) == 0 && S_ISREG(about.st_mode)) {
            files[n++] = (filetransfer_File) { corbel_request_strdup(request, entry->d_name), (uint64_t)about.st_size };
        }
    }
    closedir(dir);
    qsort(files, n, sizeof *files, compare_names);
    *ret = (filetransfer_Files) { n, files };
    return CORBEL_OK;
}

static corbel_status fetch(void *self, corbel_request *request, const char *name, corbel_bytes_stream *ret)
{
    const int *folder = self;
    uint8_t piece[PIECE];
    ssize_t n = 0;
    if (!is_plain(name)) {
        return filetransfer_BadName_raise(request);
    }
    const int fd = openat(*folder, name, O_RDONLY);
    if (fd < 0) {
        return filetransfer_NoSuchFile_raise(request);
    }
    while ((n = read(fd, piece, sizeof piece)) > 0) {
        if (!corbel_bytes_stream_put(ret, (filetransfer_Bytes) { (size_t)n, piece })) { /* waits while the reader has enough */
            break;
        }
    }
    close(fd);
    return n < 0 ? corbel_request_fail(request, CORBEL_FAILED, "%s cannot be read", name) : CORBEL_OK;
}

static bool write_all(int fd, filetransfer_Bytes bytes)
{
    while (bytes.len > 0) {
        const ssize_t n = write(fd, bytes.items, bytes.len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        bytes.items += n > 0 ? n : 0;
        bytes.len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* A stream ends when its writer says so, and when the writer is lost: the size tells which. */
static corbel_status store(void *self, corbel_request *request, const char *name, uint64_t size, corbel_bytes_stream *pieces)
{
    const int *folder = self;
    filetransfer_Bytes piece; /* lent until the next one */
    uint64_t stored = 0;
    bool is_written = true;
    if (!is_plain(name)) {
        return filetransfer_BadName_raise(request);
    }
    const char *part = corbel_request_printf(request, ".%s.%p", name, (void *)request); /* two may store it at once */
    const int fd = part == NULL ? -1 : openat(*folder, part, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0) {
        return corbel_request_fail(request, CORBEL_FAILED, "%s cannot be written", name);
    }
    while (is_written && corbel_bytes_stream_next(pieces, &piece)) {
        is_written = write_all(fd, piece);
        stored += piece.len;
    }
    is_written = close(fd) == 0 && is_written;
    if (is_written && stored == size && renameat(*folder, part, *folder, name) == 0) {
        return CORBEL_OK;
    }
    unlinkat(*folder, part, 0);
    return is_written && stored != size ? filetransfer_Incomplete_raise(request, &(filetransfer_Incomplete) { .stored = stored })
                                        : corbel_request_fail(request, CORBEL_FAILED, "%s cannot be written", name);
}

static const filetransfer_Folder_servant servant = { .list = list, .fetch = fetch, .store = store };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    filetransfer_Folder *object = NULL;
    int result = 0;

    int folder = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
    if (folder < 0) {
        fprintf(stderr, "usage: filetransfer-server FOLDER\n");
        return 2;
    }
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, NULL, &daemon, &error)) {
        goto failed;
    }
    object = filetransfer_Folder_new(runtime, &servant, &folder, NULL);
    if (corbel_daemon_register(daemon, "example.filetransfer", filetransfer_Folder_as_object(object), &error) ||
        corbel_daemon_publish(daemon, "example.filetransfer", filetransfer_Folder_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, filetransfer_Folder_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    filetransfer_Folder_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    close(folder);
    return result;
}
