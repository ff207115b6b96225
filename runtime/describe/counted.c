/* The life of tables that were made at run time: they go with the last count of them, which may be that of a call under way. */
#include "runtime/describe/rebuild.h"

#include <string.h>

crb_tables *crb_tables_new_raw(const char *interface, const char *operation, uint32_t flags, const corbel_operation *of)
{
    const size_t interface_size = strlen(interface) + 1, size = strlen(operation) + 1;
    crb_arena *const arena =
        crb_arena_new_sized(0, sizeof(crb_tables) + sizeof(crb_counted_operation) + interface_size + size + 64);
    crb_tables *const tables = arena == NULL ? NULL : crb_arena_alloc(arena, 1, sizeof *tables);
    crb_counted_operation *const raw = tables == NULL ? NULL : crb_arena_alloc(arena, 1, sizeof *raw);
    char *const names = raw == NULL ? NULL : crb_arena_alloc(arena, 1, interface_size + size);
    if (names == NULL) {
        crb_arena_free(arena);
        return NULL;
    }
    memcpy(names, interface, interface_size);
    memcpy(names + interface_size, operation, size);
    raw->operation = (corbel_operation) { .interface = names,
                                          .name = names + interface_size,
                                          .flags = flags | CRB_COUNTED | CRB_RAW,
                                          .deadline_ms = of == NULL ? 0 : of->deadline_ms };
    raw->tables = tables;
    tables->arena = arena;
    tables->raw = raw;
    tables->means = of;
    crb_operation_hold(of);
    atomic_init(&tables->refs, 1);
    return tables;
}

void crb_tables_ref(crb_tables *tables)
{
    atomic_fetch_add_explicit(&tables->refs, 1, memory_order_relaxed);
}

void crb_tables_free(crb_tables *tables)
{
    if (tables != NULL && atomic_fetch_sub(&tables->refs, 1) == 1) {
        crb_operation_release(tables->means);
        crb_arena_free(tables->arena);
    }
}

const corbel_interface *crb_tables_interface(const crb_tables *tables)
{
    return tables->interface;
}

const corbel_operation *crb_tables_operation(const crb_tables *tables)
{
    return &tables->raw->operation;
}

void *crb_tables_alloc(crb_tables *tables, size_t count, size_t size)
{
    return crb_arena_alloc(tables->arena, count, size);
}

crb_tables *crb_tables_of(const corbel_operation *operation)
{
    if (operation == NULL || (operation->flags & CRB_COUNTED) == 0) {
        return NULL;
    }
    return ((const crb_counted_operation *)(const void *)operation)->tables; /* its first member */
}

crb_tables *crb_tables_of_interface(const corbel_interface *interface)
{
    return crb_interface_is_counted(interface) ? ((const crb_counted_interface *)(const void *)interface)->tables : NULL;
}

const corbel_operation *crb_tables_means(const corbel_operation *operation)
{
    const crb_tables *const tables = crb_tables_of(operation);
    return tables == NULL ? NULL : tables->means;
}
