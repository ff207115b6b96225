/** A version of tests/codegen/evolve/proofs.idl at work: one shared object for the old programs, one for the new. */
#ifndef TESTS_CODEGEN_EVOLVE_SIDE_H
#define TESTS_CODEGEN_EVOLVE_SIDE_H

#include <corbel/corbel.h>

#include <stddef.h>

/** What both sides tell the test: what a client got, what a servant got, as text. Thread-safe. */
typedef struct side_host {
    void (*client)(const char *format, ...) __attribute__((format(printf, 1, 2)));
    void (*servant)(const char *format, ...) __attribute__((format(printf, 1, 2)));
} side_host;

/** The server and the client of one rule. */
typedef struct side_row {
    const char *rule; /* "member_added" */
    /** An object: yours. */
    corbel_object *(*make)(corbel_runtime *runtime);
    /** Calls the object with that URI. */
    corbel_status (*call)(corbel_runtime *runtime, const char *uri, corbel_error *reterr);
} side_row;

/** The one symbol of a side. The rows are ended by one without a rule. */
typedef const side_row *side_open(const side_host *host);
__attribute__((visibility("default"))) const side_row *evolve_side(const side_host *host);

#endif /* TESTS_CODEGEN_EVOLVE_SIDE_H */
