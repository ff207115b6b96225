/** Source files: reading them, each once, and finding what an #include names. */
#ifndef IDL_SOURCE_H
#define IDL_SOURCE_H

#include "idl/diagnostics.h"
#include "idl/idl.h"
#include "idl/names.h"

#include <sys/types.h>

/** The largest source file, in bytes. */
#define IDL_SOURCE_LIMIT ((size_t)16 << 20)

/** An idl_file and what only this folder knows of it. */
typedef struct idl_source {
    idl_file file;    /* first: an idl_file of ours is an idl_source */
    const void *self; /* itself: its key in tables */
    bool on_disk;     /* device and inode say which file it is */
    dev_t device;
    ino_t inode;
    uint32_t processed;      /* by which main file's processing it was first read, counted from 1; 0: not yet */
    const char *prefix;      /* what #pragma prefix says, outside modules; NULL: nothing yet */
    bool bad_bytes_reported; /* NUL or what is not UTF-8: once a file is enough */
    struct idl_inclusion *inclusions;
    size_t n_inclusions;
    idl_names seen;          /* files that are known to be among what this one includes, by self */
    uint64_t mark;           /* for walks */
    struct idl_source *next; /* in a walk: what is still to be visited */
} idl_source;

typedef struct idl_sources {
    idl_arena *arena;
    idl_diagnostics *diagnostics;
    const idl_options *options;
    idl_file *first;
    uint64_t mark;
} idl_sources;

/** Reads a file given on the command line. Reports and returns NULL if it cannot. */
idl_source *idl_source_main(idl_sources *sources, const char *path);

/** A main file of text in memory. */
idl_source *idl_source_text(idl_sources *sources, const char *name, const char *text, size_t length);

/** Text that is no file of the unit, for messages about it. */
idl_source *idl_source_aside(idl_sources *sources, const char *name, const char *text);

/** Finds and reads what stands between the quotes or angles of an #include in from. Reports at range and returns NULL if it
 * cannot. */
idl_source *idl_source_include(idl_sources *sources, idl_source *from, const char *spelling, bool angled, const idl_range *range);

/** Whether from includes what, directly or through others, as far as #includes have been read; a file includes itself. */
bool idl_source_sees(idl_sources *sources, const idl_file *from, const idl_file *what);

/** Makes the includes lists of all files. */
void idl_sources_finish(idl_sources *sources);

#endif /* IDL_SOURCE_H */
