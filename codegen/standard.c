/* The standard IDL files are found from where the program is, not from where it was built or installed: a prefix can be moved. */
#include "codegen/standard.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *corbelc_standard_folder(void)
{
    char program[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program);
    if (length <= 0 || (size_t)length >= sizeof program) {
        return NULL;
    }
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL) {
        return NULL;
    }
    *slash = '\0';
    char folder[PATH_MAX + sizeof "/" CORBELC_TO_IDL];
    snprintf(folder, sizeof folder, "%s/%s", program, CORBELC_TO_IDL);
    return realpath(folder, NULL);
}
