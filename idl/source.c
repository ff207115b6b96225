/* A file is known by device and inode: the same file under two names is read once. */
#include "idl/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct idl_inclusion {
    struct idl_inclusion *next; /* the one before it in the file */
    const idl_file *file;
    const char *spelling;
} idl_inclusion;

static void append(idl_sources *sources, idl_source *source)
{
    idl_file **end = &sources->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = &source->file;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Reads all of it into the arena. NULL with errno set; ENOMEM leaves no message. */
static char *read_all(idl_arena *arena, int descriptor, size_t size, size_t *ret_length)
{
    char *text = idl_arena_try(arena, size + 1);
    size_t length = 0;
    if (text == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    while (length < size) {
        const ssize_t got = read(descriptor, text + length, size - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return NULL;
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
    }
    text[length] = '\0';
    *ret_length = length;
    return text;
}

static idl_source *already_read(const idl_sources *sources, const struct stat *status)
{
    for (idl_file *file = sources->first; file != NULL; file = file->next) {
        idl_source *source = (idl_source *)file;
        if (source->on_disk && source->device == status->st_dev && source->inode == status->st_ino) {
            return source;
        }
    }
    return NULL;
}

/* NULL with errno set; EFBIG: over the limit, EINVAL: not a regular file. */
static idl_source *open_source(idl_sources *sources, const char *path)
{
    idl_source *source = NULL;
    struct stat status;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return NULL;
    }
    int error = 0;
    size_t length = 0;
    char *text = NULL;
    char *kept_path = NULL;
    if (fstat(descriptor, &status) != 0) {
        error = errno;
        goto closed;
    }
    if (!S_ISREG(status.st_mode)) {
        error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        goto closed;
    }
    source = already_read(sources, &status);
    if (source != NULL) {
        goto closed;
    }
    if ((uintmax_t)status.st_size > IDL_SOURCE_LIMIT) {
        error = EFBIG;
        goto closed;
    }
    text = read_all(sources->arena, descriptor, (size_t)status.st_size, &length);
    if (text == NULL) {
        error = errno;
        goto closed;
    }
    source = idl_arena_try(sources->arena, sizeof *source);
    kept_path = idl_arena_try(sources->arena, strlen(path) + 1);
    if (source == NULL || kept_path == NULL) {
        source = NULL;
        error = ENOMEM;
        goto closed;
    }
    memcpy(kept_path, path, strlen(path) + 1);
    source->self = source;
    source->file.path = kept_path;
    source->file.spelling = base_name(kept_path);
    source->file.text = text;
    source->file.length = length;
    source->on_disk = true;
    source->device = status.st_dev;
    source->inode = status.st_ino;
    append(sources, source);
closed:
    close(descriptor);
    if (error == ENOMEM) {
        idl_stop(sources->arena, IDL_STOP_MEMORY);
    }
    errno = error;
    return source;
}

static const char *reason(int error)
{
    switch (error) {
    case EFBIG:
        return "it is larger than 16 MiB";
    case EINVAL:
        return "it is not a regular file";
    default:
        return strerror(error);
    }
}

idl_source *idl_source_main(idl_sources *sources, const char *path)
{
    idl_source *source = open_source(sources, path);
    if (source == NULL) {
        const idl_file unread = { .path = path };
        const idl_range range = { .file = &unread };
        const int error = errno;
        idl_error(sources->diagnostics, IDL_DIAG_CANNOT_READ, &range, "cannot read this file: %s", reason(error));
        return NULL;
    }
    source->file.is_main = true;
    return source;
}

idl_source *idl_source_text(idl_sources *sources, const char *name, const char *text, size_t length)
{
    idl_source *source = idl_source_aside(sources, name, "");
    if (length > IDL_SOURCE_LIMIT) {
        const idl_range range = { .file = &source->file };
        idl_error(sources->diagnostics, IDL_DIAG_CANNOT_READ, &range, "cannot read this file: %s", reason(EFBIG));
        return NULL;
    }
    source->file.text = idl_arena_text(sources->arena, text, length);
    source->file.length = length;
    source->file.is_main = true;
    append(sources, source);
    return source;
}

idl_source *idl_source_aside(idl_sources *sources, const char *name, const char *text)
{
    idl_source *source = idl_arena_alloc(sources->arena, sizeof *source);
    source->self = source;
    source->file.path = idl_arena_text(sources->arena, name, strlen(name));
    source->file.spelling = base_name(source->file.path);
    source->file.length = strlen(text);
    source->file.text = idl_arena_text(sources->arena, text, source->file.length);
    return source;
}

/* It would lead out of the folder that it is looked for in. */
static bool leads_out(const char *spelling)
{
    long depth = 0;
    const char *at = spelling;
    while (*at != '\0') {
        const size_t length = strcspn(at, "/");
        if (length == 2 && at[0] == '.' && at[1] == '.') {
            depth--;
        } else if (length > 0 && !(length == 1 && at[0] == '.')) {
            depth++;
        }
        if (depth < 0) {
            return true;
        }
        at += length;
        at += *at == '/' ? 1 : 0;
    }
    return false;
}

/* folder (its first folder_length bytes), a slash, spelling. */
static char *join(idl_arena *arena, const char *folder, size_t folder_length, const char *spelling)
{
    const size_t length = strlen(spelling);
    const bool slash = folder_length > 0 && folder[folder_length - 1] != '/';
    char *path = idl_arena_alloc(arena, folder_length + 1 + length + 1);
    memcpy(path, folder, folder_length);
    size_t at = folder_length;
    if (slash) {
        path[at++] = '/';
    }
    memcpy(path + at, spelling, length);
    return path;
}

static void remember_inclusion(idl_arena *arena, idl_source *from, const idl_source *included, const char *spelling)
{
    for (const idl_inclusion *old = from->inclusions; old != NULL; old = old->next) {
        if (old->file == &included->file) {
            return;
        }
    }
    idl_inclusion *inclusion = idl_arena_alloc(arena, sizeof *inclusion);
    inclusion->file = &included->file;
    inclusion->spelling = spelling;
    inclusion->next = from->inclusions;
    from->inclusions = inclusion;
    from->n_inclusions++;
}

/* Looks in one folder. False: go on with the next one. */
static bool look_in(idl_sources *sources, const char *folder, size_t folder_length, const char *spelling, const idl_range *range,
                    idl_source **ret)
{
    char *path = join(sources->arena, folder, folder_length, spelling);
    errno = 0;
    *ret = open_source(sources, path);
    if (*ret != NULL) {
        return true;
    }
    if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR) {
        return false;
    }
    idl_error(sources->diagnostics, IDL_DIAG_CANNOT_READ, range, "cannot read '%s': %s", path, reason(errno));
    return true;
}

idl_source *idl_source_include(idl_sources *sources, idl_source *from, const char *spelling, bool angled, const idl_range *range)
{
    idl_source *found = NULL;
    if (spelling[0] == '/') {
        idl_error(sources->diagnostics, IDL_DIAG_INCLUDE_PATH, range,
                  "an #include cannot name an absolute path: name the folder with -I");
        return NULL;
    }
    if (leads_out(spelling)) {
        idl_error(sources->diagnostics, IDL_DIAG_INCLUDE_PATH, range,
                  "this #include leads out of the folder with '..': name the folder with -I");
        return NULL;
    }
    bool stop = false;
    if (!angled) {
        const size_t folder = (size_t)(base_name(from->file.path) - from->file.path);
        stop = look_in(sources, from->file.path, folder, spelling, range, &found);
    }
    for (size_t i = 0; !stop && i < sources->options->n_include_dirs; i++) {
        const char *folder = sources->options->include_dirs[i];
        stop = look_in(sources, folder, strlen(folder), spelling, range, &found);
    }
    if (!stop) {
        idl_error(sources->diagnostics, IDL_DIAG_INCLUDE_NOT_FOUND, range, "cannot find '%s'%s", spelling,
                  sources->options->n_include_dirs == 0 ? ": -I names folders to search" : "");
    }
    if (found != NULL) {
        if (!found->file.is_main && found->processed == 0) {
            found->file.spelling = spelling;
        }
        remember_inclusion(sources->arena, from, found, spelling);
    }
    return found;
}

bool idl_source_sees(idl_sources *sources, const idl_file *from, const idl_file *what)
{
    idl_source *start = (idl_source *)from;
    idl_source *target = (idl_source *)what;
    if (from == what) {
        return true;
    }
    /* What it sees once, it sees for ever. */
    if (idl_names_get(&start->seen, (const char *)&target->self, sizeof target->self) != NULL) {
        return true;
    }
    const uint64_t mark = ++sources->mark;
    idl_source *pending = start;
    start->mark = mark;
    start->next = NULL;
    while (pending != NULL && target->mark != mark) {
        const idl_inclusion *inclusion = pending->inclusions;
        pending = pending->next;
        for (; inclusion != NULL; inclusion = inclusion->next) {
            idl_source *next = (idl_source *)inclusion->file;
            if (next->mark != mark) {
                next->mark = mark;
                next->next = pending;
                pending = next;
            }
        }
    }
    if (target->mark != mark) {
        return false;
    }
    idl_names_put(&start->seen, sources->arena, (const char *)&target->self, sizeof target->self, target);
    return true;
}

void idl_sources_finish(idl_sources *sources)
{
    for (idl_file *file = sources->first; file != NULL; file = file->next) {
        idl_source *source = (idl_source *)file;
        const idl_file **list = idl_arena_alloc(sources->arena, (source->n_inclusions + 1) * sizeof *list);
        const char **spellings = idl_arena_alloc(sources->arena, (source->n_inclusions + 1) * sizeof *spellings);
        size_t at = source->n_inclusions;
        for (const idl_inclusion *inclusion = source->inclusions; inclusion != NULL; inclusion = inclusion->next) {
            list[--at] = inclusion->file;
            spellings[at] = inclusion->spelling;
        }
        file->includes = list;
        file->include_spellings = spellings;
    }
}
