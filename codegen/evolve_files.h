/** `corbelc --check`: the files. */
#ifndef EVOLVE_FILES_H
#define EVOLVE_FILES_H

#include "idl/idl.h"

#include <stdio.h>

/** The exit status when there is no answer; else it is an evolve_class. */
#define EVOLVE_EXIT_FAILED 3

/** Compiles both, compares them, writes the list to out. The exit status. Messages go where options say. */
int evolve_files(const idl_options *options, const char *old, const char *new, FILE *out);

#endif /* EVOLVE_FILES_H */
