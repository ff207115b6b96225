/** Descriptions: an interface's tables as a value that travels (corbel::InterfaceDescription), such a value as tables again, and
 *  two versions of an operation compared. No thread, no lock, no call. */
#ifndef CRB_DESCRIBE_H
#define CRB_DESCRIBE_H

#include "runtime/base/arena.h"

#include <corbel/daemon.corbel.h>
#include <corbel/generated.h>

/** Fills ret with all that the tables of interface say, in arena, which may have a budget; texts are the tables' own.
 *  CORBEL_NO_MEMORY. */
corbel_status crb_describe(const corbel_interface *interface, crb_arena *arena, corbel_InterfaceDescription *ret,
                           corbel_error *reterr);

/** The interface of that name among roots, those that they inherit from, and those that any of their operations speaks of, at any
 *  distance; where there are several the one with the fingerprint, else the first. NULL: none. *ret_no_memory is set when memory
 * ran out while looking. */
const corbel_interface *crb_find_interface(const corbel_interface *const *roots, size_t n, const char *name, uint64_t fingerprint,
                                           bool *ret_no_memory);

/** What a description may become. */
typedef struct crb_rebuild_limits {
    size_t memory;       /* bytes of tables */
    uint32_t types;      /* in the list */
    uint32_t depth;      /* types by value inside each other */
    uint64_t value_size; /* bytes of one C value, without what it points to */
} crb_rebuild_limits;
#define CRB_REBUILD_LIMITS_DEFAULT                                                                                               \
    {                                                                                                                            \
        (size_t)16 << 20, 65536, 64, (uint64_t)64 << 20                                                                          \
    }

/** Tables that were made at run time. */
typedef struct crb_tables crb_tables;
/** Makes them: what corbelc would write for the same IDL on this machine, but for thunks, which are NULL, and bases, of which the
 *  names alone are known. The description may be anything that decodes: indexes, bounds, names and numbers
 *  are checked, and sizes and offsets computed here, so that the codec may trust the tables. limits may be NULL (the default
 *  ones). CORBEL_DECODE: the description is not one; CORBEL_LIMIT; CORBEL_NO_MEMORY. Completion YES. */
corbel_status crb_tables_new(const corbel_InterfaceDescription *description, const crb_rebuild_limits *limits, crb_tables **ret,
                             corbel_error *reterr);
/** Takes NULL. A session remembers the address of an operation that was called on it (crb_call_out.operation_key): tables that
 * were used for calls must live as long as their runtime. */
void crb_tables_free(crb_tables *tables);
const corbel_interface *crb_tables_interface(const crb_tables *tables);

/** Calls of ours, as here says, on an object whose process thinks of there (NULL: it has no such operation): do both agree on
 * what travels? The rules are those of corbelc --check (docs/evolution.md): what is wire-breaking there is a difference here.
 * False: out has the first difference for people: "parameter amount is long here, long long there". */
bool crb_operations_agree(const corbel_operation *here, const corbel_operation *there, char *out, size_t max);

/** The type in words of IDL, bounds included: "sequence<string<12>, 5>", "bank::Entry". At most max - 1 bytes and a NUL. */
const char *crb_type_phrase(const corbel_type *type, char *out, size_t max);
/** Has the annotations' text ("@key @unit(\"m\")", or NULL) the annotation of that name? */
bool crb_is_annotated(const char *annotations, const char *name);

#endif /* CRB_DESCRIBE_H */
