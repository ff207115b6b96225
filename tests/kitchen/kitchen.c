#include "tests/kitchen/kitchen.h"

#include <corbel/any.h>
#include <stdlib.h>
#include <string.h>

_Atomic unsigned kitchen_entered;

static void kitchen_count(unsigned row)
{
    (void)row;
    atomic_fetch_add(&kitchen_entered, 1);
}

#include "kitchen_calls.inc"

enum { ROWS = sizeof kitchen_rows / sizeof *kitchen_rows };
const size_t kitchen_n_rows = ROWS;

static const corbel_type *row_types[ROWS];

const corbel_type *kitchen_type(unsigned row)
{
    return row_types[row];
}

void kitchen_find_types(void)
{
    for (size_t row = 0; row < ROWS; row++) {
        for (uint32_t i = 0; i < kitchen_Sink_interface.n_methods && row_types[row] == NULL; i++) {
            const corbel_operation *const operation = kitchen_Sink_interface.methods[i].operation;
            if (strcmp(operation->name, kitchen_rows[row].operation) == 0) {
                row_types[row] = operation->in[0].type;
            }
        }
        if (row_types[row] == NULL) {
            abort();
        }
    }
}

static bool is_block(const corbel_type *type)
{
    return (type->kind == CORBEL_KIND_STRUCT || type->kind == CORBEL_KIND_UNION || type->kind == CORBEL_KIND_ARRAY) &&
           (type->flags & CORBEL_PLAIN) == 0;
}

const void *kitchen_slot_value(const corbel_type *type, const kitchen_slot *slot)
{
    return is_block(type) ? slot->pointer : (const void *)slot;
}

void kitchen_slot_release(const corbel_type *type, kitchen_slot *slot)
{
    if (is_block(type)) {
        corbel_block_free(slot->pointer);
    } else if (type->kind == CORBEL_KIND_STRING || type->kind == CORBEL_KIND_FIXED) {
        corbel_string_free((char *)(uintptr_t)slot->pointer);
    } else if (type->kind == CORBEL_KIND_SEQUENCE || type->kind == CORBEL_KIND_MAP) {
        corbel_block_free(slot->view.items);
    } else if (type->kind == CORBEL_KIND_REFERENCE) {
        corbel_object_unref((corbel_object *)(uintptr_t)slot->pointer);
    } else if (type->kind == CORBEL_KIND_ANY) {
        corbel_any_unref((corbel_any *)(uintptr_t)slot->pointer);
    }
}
