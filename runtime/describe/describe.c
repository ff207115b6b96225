/** From tables to a description. Types are numbered as they are first met; each table is one type, so that what is recursive
 * ends. */
#include "runtime/describe/describe.h"

#include "runtime/base/buf.h"
#include "runtime/base/fail.h"
#include "runtime/value/codec.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* The numbers of TypeKind are those of corbel_kind: both only grow. */
_Static_assert((int)corbel_TYPE_BOOLEAN == (int)CORBEL_KIND_BOOL && (int)corbel_TYPE_INT8 == (int)CORBEL_KIND_INT8 &&
                   (int)corbel_TYPE_ENUM == (int)CORBEL_KIND_ENUM && (int)corbel_TYPE_STRING == (int)CORBEL_KIND_STRING &&
                   (int)corbel_TYPE_UNION == (int)CORBEL_KIND_UNION && (int)corbel_TYPE_ANY == (int)CORBEL_KIND_ANY,
               "TypeKind of daemon.idl and corbel_kind differ");

/** A table that was met. */
typedef struct describe_seen {
    const void *table;
    uint32_t index;
    UT_hash_handle hh;
} describe_seen;

typedef struct describe_run {
    crb_arena *arena;
    describe_seen *seen;
    const corbel_type **types; /* by index; malloc'ed */
    uint32_t n_types, room;
    bool failed; /* no memory */
} describe_run;

static void *describe_alloc(describe_run *run, size_t count, size_t size)
{
    void *const memory = crb_arena_alloc(run->arena, count, size);
    run->failed = run->failed || memory == NULL;
    return memory;
}

static const char *describe_text(const char *text)
{
    return text == NULL ? "" : text;
}

/** Remembers the table; false: it was known (its index is in ret), or there is no memory. */
static bool describe_meet(describe_run *run, const void *table, uint32_t index, uint32_t *ret)
{
    describe_seen *seen = NULL;
    HASH_FIND_PTR(run->seen, &table, seen);
    if (seen != NULL) {
        *ret = seen->index;
        return false;
    }
    seen = calloc(1, sizeof *seen);
    if (seen != NULL) {
        seen->table = table;
        seen->index = index;
        HASH_ADD_PTR(run->seen, table, seen);
        if (seen->hh.tbl == NULL) {
            free(seen);
            seen = NULL;
        }
    }
    run->failed = run->failed || seen == NULL;
    *ret = index;
    return seen != NULL;
}

static void describe_end(describe_run *run)
{
    describe_seen *seen = NULL, *next = NULL;
    HASH_ITER(hh, run->seen, seen, next)
    {
        HASH_DEL(run->seen, seen);
        free(seen);
    }
    free(run->types);
}

static uint32_t describe_index(describe_run *run, const corbel_type *type)
{
    uint32_t index = 0;
    if (run->failed || !describe_meet(run, type, run->n_types, &index)) {
        return index;
    }
    if (run->n_types == run->room) {
        const uint32_t room = run->room == 0 ? 32 : 2 * run->room;
        const corbel_type **const types = realloc(run->types, room * sizeof(const corbel_type *));
        if (types == NULL) {
            run->failed = true;
            return 0;
        }
        run->types = types;
        run->room = room;
    }
    run->types[run->n_types++] = type;
    return index;
}

static corbel_bytes describe_fallback(describe_run *run, const corbel_member *member)
{
    const corbel_param field = { .name = member->name, .id = 1, .type = member->type };
    crb_buf buf = CRB_BUF_INIT;
    corbel_bytes bytes = { 0, NULL };
    const void *const values[] = { member->fallback };
    if (crb_encode_params(&field, 1, values, NULL, &buf, NULL)) {
        run->failed = true; /* a default that corbelc wrote is valid: there is no memory */
    } else if (buf.len > 0) {
        uint8_t *const copy = describe_alloc(run, buf.len, 1);
        if (copy != NULL) {
            bytes = (corbel_bytes) { buf.len, memcpy(copy, buf.data, buf.len) };
        }
    }
    crb_buf_clear(&buf);
    return bytes;
}

static corbel_MemberDescriptions describe_members(describe_run *run, const corbel_type *type)
{
    corbel_MemberDescription *const items = describe_alloc(run, type->count, sizeof *items);
    for (uint32_t i = 0; items != NULL && i < type->count; i++) {
        const corbel_member *const from = &type->members[i];
        items[i] = (corbel_MemberDescription) {
            .name = from->name,
            .id = from->id,
            .type = describe_index(run, from->type),
            .is_optional = (from->flags & CORBEL_OPTIONAL) != 0,
            .has_default = (from->flags & CORBEL_PRESENT) != 0,
            .is_default = (from->flags & CORBEL_DEFAULT) != 0,
            .labels = { from->n_labels, from->labels },
            .doc = describe_text(from->doc),
            .annotations = describe_text(from->annotations),
        };
        if (items[i].has_default && from->fallback != NULL) {
            items[i].fallback = describe_fallback(run, from);
        }
    }
    return (corbel_MemberDescriptions) { items == NULL ? 0 : type->count, items };
}

static corbel_EnumeratorDescriptions describe_enumerators(describe_run *run, const corbel_type *type)
{
    corbel_EnumeratorDescription *const items = describe_alloc(run, type->count, sizeof *items);
    for (uint32_t i = 0; items != NULL && i < type->count; i++) {
        const corbel_enumerator *const from = &type->enumerators[i];
        items[i] = (corbel_EnumeratorDescription) { .name = from->name,
                                                    .value = from->value,
                                                    .doc = describe_text(from->doc),
                                                    .annotations = describe_text(from->annotations) };
    }
    return (corbel_EnumeratorDescriptions) { items == NULL ? 0 : type->count, items };
}

static void describe_type(describe_run *run, const corbel_type *type, corbel_TypeDescription *ret)
{
    *ret = (corbel_TypeDescription) {
        .kind = (corbel_TypeKind)type->kind,
        .name = describe_text(type->kind == CORBEL_KIND_REFERENCE && type->interface == NULL ? NULL : type->name),
        .bound = type->bound,
        .is_wide = (type->flags & CORBEL_WIDE) != 0,
        .is_bytes = (type->flags & CORBEL_BYTES) != 0,
        .is_plain = (type->flags & CORBEL_PLAIN) != 0,
        .is_octet = (type->flags & CORBEL_OCTET) != 0,
        .is_bitset = (type->flags & CORBEL_BITSET) != 0,
        .doc = describe_text(type->doc),
        .annotations = describe_text(type->annotations),
    };
    if (type->element != NULL) {
        ret->element = describe_index(run, type->element);
    }
    if (type->range != NULL) {
        ret->range = (corbel_RangeDescription) { .has_min = type->range->has_min, .has_max = type->range->has_max };
        memcpy(&ret->range.min, &type->range->min, sizeof ret->range.min);
        memcpy(&ret->range.max, &type->range->max, sizeof ret->range.max);
    }
    while (type->dimensions != NULL && type->dimensions[ret->dimensions.len] != 0) {
        ret->dimensions.len++;
    }
    ret->dimensions.items = type->dimensions;
    if (type->kind == CORBEL_KIND_FIXED) {
        ret->scale = type->count;
    } else if (type->members != NULL) {
        ret->members = describe_members(run, type);
    } else if (type->enumerators != NULL) {
        ret->enumerators = describe_enumerators(run, type);
    }
}

static corbel_ParameterDescriptions describe_params(describe_run *run, const corbel_param *params, uint32_t n)
{
    corbel_ParameterDescription *const items = describe_alloc(run, n, sizeof *items);
    for (uint32_t i = 0; items != NULL && i < n; i++) {
        items[i] = (corbel_ParameterDescription) { .name = params[i].name,
                                                   .id = params[i].id,
                                                   .type = describe_index(run, params[i].type),
                                                   .position = params[i].position,
                                                   .doc = describe_text(params[i].doc),
                                                   .annotations = describe_text(params[i].annotations) };
    }
    return (corbel_ParameterDescriptions) { items == NULL ? 0 : n, items };
}

/** NULL: there is none. */
static const corbel_ParameterDescription *describe_stream(describe_run *run, const corbel_param *stream)
{
    return stream == NULL ? NULL : describe_params(run, stream, 1).items;
}

static corbel_TypeIndexes describe_exceptions(describe_run *run, const corbel_type *const *raises)
{
    size_t n = 0;
    while (raises != NULL && raises[n] != NULL) {
        n++;
    }
    uint32_t *const items = describe_alloc(run, n, sizeof *items);
    for (size_t i = 0; items != NULL && i < n; i++) {
        items[i] = describe_index(run, raises[i]);
    }
    return (corbel_TypeIndexes) { items == NULL ? 0 : n, items };
}

static corbel_OperationDescription describe_operation(describe_run *run, const corbel_operation *operation)
{
    return (corbel_OperationDescription) {
        .declared_by = operation->interface,
        .name = operation->name,
        .of_attribute = describe_text(operation->attribute),
        .is_oneway = (operation->flags & CORBEL_ONEWAY) != 0,
        .is_idempotent = (operation->flags & CORBEL_IDEMPOTENT) != 0,
        .overlaps = (operation->flags & CORBEL_OVERLAP) != 0,
        .deadline_ms = operation->deadline_ms,
        .is_once = (operation->flags & CORBEL_ONCE) != 0,
        .ins = describe_params(run, operation->in, operation->n_in),
        .outs = describe_params(run, operation->out, operation->n_out),
        .exceptions = describe_exceptions(run, operation->raises),
        .fingerprint = operation->fingerprint,
        .doc = describe_text(operation->doc),
        .annotations = describe_text(operation->annotations),
        .stream_in = describe_stream(run, operation->stream_in),
        .stream_out = describe_stream(run, operation->stream_out),
    };
}

static void describe_interface(describe_run *run, const corbel_interface *interface, corbel_InterfaceDescription *ret)
{
    size_t n_bases = 0;
    while (interface->bases != NULL && interface->bases[n_bases] != NULL) {
        n_bases++;
    }
    const char **const bases = describe_alloc(run, n_bases, sizeof *bases);
    corbel_OperationDescription *const operations = describe_alloc(run, interface->n_methods, sizeof *operations);
    if (run->failed) {
        return;
    }
    for (size_t i = 0; i < n_bases; i++) {
        bases[i] = interface->bases[i]->name;
    }
    for (uint32_t i = 0; i < interface->n_methods && !run->failed; i++) {
        operations[i] = describe_operation(run, interface->methods[i].operation);
    }
    *ret = (corbel_InterfaceDescription) { .name = interface->name,
                                           .fingerprint = interface->fingerprint,
                                           .bases = { n_bases, bases },
                                           .operations = { interface->n_methods, operations },
                                           .doc = describe_text(interface->doc),
                                           .annotations = describe_text(interface->annotations),
                                           .is_local = (interface->flags & CORBEL_LOCAL) != 0,
                                           .is_serial = (interface->flags & CORBEL_SERIAL) != 0,
                                           .is_strict = (interface->flags & CORBEL_STRICT) != 0 };
}

corbel_status crb_describe(const corbel_interface *interface, crb_arena *arena, corbel_InterfaceDescription *ret,
                           corbel_error *reterr)
{
    describe_run run = { .arena = arena };
    corbel_InterfaceDescription description = { 0 };
    describe_interface(&run, interface, &description);
    /* Describing a type may meet others, which join the list behind it: their number is known at the end alone. */
    corbel_TypeDescription *types = NULL;
    uint32_t n = 0, room = 0;
    while (n < run.n_types && !run.failed) {
        if (n == room) {
            room = 2 * run.n_types;
            corbel_TypeDescription *const more = describe_alloc(&run, room, sizeof *more);
            if (more != NULL && n > 0) {
                memcpy(more, types, n * sizeof *more);
            }
            types = more;
        }
        if (types != NULL) {
            describe_type(&run, run.types[n], &types[n]);
            n++;
        }
    }
    describe_end(&run);
    if (run.failed) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the description of %s", interface->name);
    }
    description.types = (corbel_TypeDescriptions) { n, types };
    *ret = description;
    return CORBEL_OK;
}

/* ---- finding ---- */

/** The types that an operation speaks of join the list. */
static void find_in_operation(describe_run *run, const corbel_operation *operation)
{
    for (uint32_t i = 0; i < operation->n_in; i++) {
        (void)describe_index(run, operation->in[i].type);
    }
    for (uint32_t i = 0; i < operation->n_out; i++) {
        (void)describe_index(run, operation->out[i].type);
    }
    for (const corbel_type *const *type = operation->raises; type != NULL && *type != NULL; type++) {
        (void)describe_index(run, *type);
    }
    if (operation->stream_in != NULL) {
        (void)describe_index(run, operation->stream_in->type);
    }
    if (operation->stream_out != NULL) {
        (void)describe_index(run, operation->stream_out->type);
    }
}

typedef struct find_run {
    describe_run types, interfaces; /* met so far */
    const char *name;
    uint64_t fingerprint;
    const corbel_interface *exactly, *first;
} find_run;

static void find_interface(find_run *run, const corbel_interface *interface)
{
    uint32_t index = 0;
    if (run->exactly != NULL || !describe_meet(&run->interfaces, interface, 0, &index)) {
        return;
    }
    if (strcmp(interface->name, run->name) == 0 && interface->fingerprint != 0) { /* 0: known here by its name alone */
        run->first = run->first == NULL ? interface : run->first;
        run->exactly = run->fingerprint == 0 || run->fingerprint == interface->fingerprint ? interface : NULL;
    }
    for (uint32_t i = 0; i < interface->n_methods; i++) {
        find_in_operation(&run->types, interface->methods[i].operation);
    }
    for (const corbel_interface *const *base = interface->bases; base != NULL && *base != NULL; base++) {
        find_interface(run, *base); /* all bases stand in each list: no deeper than this */
    }
}

const corbel_interface *crb_find_interface(const corbel_interface *const *roots, size_t n, const char *name, uint64_t fingerprint,
                                           bool *ret_no_memory)
{
    find_run run = { .name = name, .fingerprint = fingerprint };
    for (size_t i = 0; i < n; i++) {
        find_interface(&run, roots[i]);
    }
    for (uint32_t i = 0; i < run.types.n_types && run.exactly == NULL; i++) {
        const corbel_type *const type = run.types.types[i];
        if (type->element != NULL) {
            (void)describe_index(&run.types, type->element);
        }
        for (uint32_t m = 0; type->members != NULL && m < type->count; m++) {
            (void)describe_index(&run.types, type->members[m].type);
        }
        if (type->kind == CORBEL_KIND_REFERENCE && type->interface != NULL) {
            find_interface(&run, type->interface);
        }
    }
    const corbel_interface *const found = run.exactly != NULL ? run.exactly : run.first;
    *ret_no_memory = found == NULL && (run.types.failed || run.interfaces.failed);
    describe_end(&run.types);
    describe_end(&run.interfaces);
    return found;
}
