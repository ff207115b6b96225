/** A first project: what corbelc --starter NAME writes. */
#ifndef EMIT_STARTER_H
#define EMIT_STARTER_H

#include <stdbool.h>
#include <stdio.h>

enum { STARTER_NAME_LIMIT = 64 };

/** A file of the project. In the path and the text, @n stands for the project's name, @i for its interface, @v for the version
 *  of Corbel that it needs; there is no other @. */
typedef struct starter_file {
    const char *path;
    const char *text;
} starter_file;

/** Ends with a NULL path. */
extern const starter_file starter_files[];

/** Can a project have that name? If not, the reason goes to diagnostics. */
bool starter_check_name(const char *name, FILE *diagnostics);

/** Makes the folder name, with all files of the project in it, here. All is written into a folder of another name first, which
 *  then takes the name: nothing half-written ever bears it. name: one that was checked. false: a message went to diagnostics, and
 *  nothing is left; a folder, or whatever else there is of that name, is never touched. */
bool starter_write(const char *name, FILE *diagnostics);

#endif /* EMIT_STARTER_H */
