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

/** Flags of tables that were made at run time, beside those of <corbel/generated.h>. */
enum {
    CRB_COUNTED = 1 << 16, /* of an operation or an interface: it goes when nobody holds it any more */
    CRB_RAW = 1 << 17      /* of an operation: its one argument and its one result are corbel_messages, not decoded */
};

/** Tables that were made at run time, with the interfaces and operations in them. Counted: a call holds those of its operation.
 */
typedef struct crb_tables crb_tables;
/** Makes them: what corbelc would write for the same IDL on this machine, but for thunks, which are NULL, and bases, of which the
 *  names alone are known. The description may be anything that decodes: indexes, bounds, names and numbers
 *  are checked, and sizes and offsets computed here, so that the codec may trust the tables. limits may be NULL (the default
 *  ones). CORBEL_DECODE: the description is not one; CORBEL_LIMIT; CORBEL_NO_MEMORY. Completion YES. */
corbel_status crb_tables_new(const corbel_InterfaceDescription *description, const crb_rebuild_limits *limits, crb_tables **ret,
                             corbel_error *reterr);
/** Tables of one operation of which only the names are known, copied; with CRB_RAW. of: the operation that is meant, held
 *  meanwhile; NULL: not known. NULL: no memory. */
crb_tables *crb_tables_new_raw(const char *interface, const char *operation, uint32_t flags, const corbel_operation *of);
void crb_tables_ref(crb_tables *tables);
/** Gives a count back. Takes NULL. */
void crb_tables_free(crb_tables *tables);
/** NULL in those of crb_tables_new_raw(). */
const corbel_interface *crb_tables_interface(const crb_tables *tables);
/** The one of crb_tables_new_raw(). */
const corbel_operation *crb_tables_operation(const crb_tables *tables);
/** Zeroed memory that lives as long as the tables; only while nobody else knows of them. NULL: no memory. */
void *crb_tables_alloc(crb_tables *tables, size_t count, size_t size);

/** Of an operation that is counted: the tables that it stands in; else NULL. Takes NULL. */
crb_tables *crb_tables_of(const corbel_operation *operation);
crb_tables *crb_tables_of_interface(const corbel_interface *interface);
/** Of one of crb_tables_new_raw(): the operation that is meant. */
const corbel_operation *crb_tables_means(const corbel_operation *operation);

static inline bool crb_interface_is_counted(const corbel_interface *interface)
{
    return interface != NULL && (interface->flags & CRB_COUNTED) != 0;
}
/** What holds an operation for longer than the function that was given it. Free for those of generated tables. */
static inline void crb_operation_hold(const corbel_operation *operation)
{
    if (operation != NULL && (operation->flags & CRB_COUNTED) != 0) {
        crb_tables_ref(crb_tables_of(operation));
    }
}
static inline void crb_operation_release(const corbel_operation *operation)
{
    if (operation != NULL && (operation->flags & CRB_COUNTED) != 0) {
        crb_tables_free(crb_tables_of(operation));
    }
}

/** Calls of ours, as here says, on an object whose process thinks of there (NULL: it has no such operation): do both agree on
 * what travels? The rules are those of corbelc --check (docs/evolution.md): what is wire-breaking there is a difference here.
 * False: out has the first difference for people: "parameter amount is long here, long long there". */
bool crb_operations_agree(const corbel_operation *here, const corbel_operation *there, char *out, size_t max);

/** The type in words of IDL, bounds included: "sequence<string<12>, 5>", "bank::Entry". At most max - 1 bytes and a NUL. */
const char *crb_type_phrase(const corbel_type *type, char *out, size_t max);
/** Has the annotations' text ("@key @unit(\"m\")", or NULL) the annotation of that name? */
bool crb_is_annotated(const char *annotations, const char *name);

#endif /* CRB_DESCRIBE_H */
