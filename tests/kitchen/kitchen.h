/** The kitchen sink: its servant, its operations as rows, and their outputs whatever their shape. */
#ifndef KITCHEN_KITCHEN_H
#define KITCHEN_KITCHEN_H

#include "kitchen.corbel.h"
#include "tests/kitchen/values.h"

#include <stdatomic.h>

/** An operation `T call_X(in T a, inout T b, out T c)`, whose servant returns a as result and as b, and b as c; and, for some,
 *  `void raise_X(in T a)`, which raises an exception with a in it. a and b are addresses of C values, the others where the
 *  generated function wants its outputs. */
typedef struct kitchen_row {
    const char *operation;
    corbel_status (*call)(kitchen_Sink *self, const void *a, const void *b, void *ret_b, void *ret_c, void *ret,
                          corbel_error *reterr);
    corbel_status (*raise)(kitchen_Sink *self, const void *a, corbel_error *reterr);
    const void *(*of)(const corbel_error *error); /* what the exception holds */
} kitchen_row;
extern const kitchen_row kitchen_rows[];
extern const size_t kitchen_n_rows;

extern const kitchen_Sink_servant kitchen_servant;
/** How often a function of the servant was entered. */
extern _Atomic unsigned kitchen_entered;

/** The type of the row's parameters. Any thread, after kitchen_find_types(). */
const corbel_type *kitchen_type(unsigned row);
void kitchen_find_types(void);

/** Room for an output. */
typedef union kitchen_slot {
    max_align_t align;
    uint8_t bytes[4096]; /* of a plain aggregate */
    const void *pointer;
    struct {
        size_t len;
        const void *items;
    } view;
} kitchen_slot;
const void *kitchen_slot_value(const corbel_type *type, const kitchen_slot *slot);
void kitchen_slot_release(const corbel_type *type, kitchen_slot *slot);

#endif /* KITCHEN_KITCHEN_H */
