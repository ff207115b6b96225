/** See library.c. */
#ifndef TESTS_CODEGEN_LIBRARY_H
#define TESTS_CODEGEN_LIBRARY_H

#include <corbel/generated.h>

/** The most outputs of an operation here. */
#define LIBRARY_MOST 8

/** What the last call or exception was. */
typedef struct library_seen {
    const char *interface;
    const char *operation;
    bool is_oneway;
    bool is_idempotent;
    const corbel_type *raised;
    const void *exception;
    const corbel_operation *replied;
    const char *promised; /* the operation of which; by corbel_stub_promised() */
    const uint32_t *path;
    size_t n_path;
    const corbel_interface *promised_as;
} library_seen;
extern library_seen library_last;

#endif /* TESTS_CODEGEN_LIBRARY_H */
