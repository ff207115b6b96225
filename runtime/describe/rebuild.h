/** What the files that make tables share. */
#ifndef CRB_REBUILD_H
#define CRB_REBUILD_H

#include "runtime/describe/describe.h"

#include <stdatomic.h>

/** Operations and interfaces of tables made at run time stand in these, by which their tables are found. */
typedef struct crb_counted_operation {
    corbel_operation operation;
    crb_tables *tables;
} crb_counted_operation;
typedef struct crb_counted_interface {
    corbel_interface interface;
    crb_tables *tables;
} crb_counted_interface;

typedef enum crb_layout_state { CRB_LAYOUT_NONE, CRB_LAYOUT_UNDER_WAY, CRB_LAYOUT_DONE } crb_layout_state;

struct crb_tables {
    _Atomic uint32_t refs;
    crb_arena *arena; /* holds all, this struct too */
    corbel_interface *interface;
    crb_counted_operation *raw; /* of crb_tables_new_raw(), and what is meant by it, held */
    const corbel_operation *means;
    corbel_type *types;
    size_t *aligns;           /* of each type, once laid out */
    crb_layout_state *states; /* the same */
    uint32_t n_types;
    crb_rebuild_limits limits;
};

/** Gives the type its size, its members their offsets, and CORBEL_PLAIN back where the description had it. Types that contain
 *  themselves by value, more of them inside each other than the limit, and values beyond the limit are refused. */
corbel_status crb_tables_lay_out(crb_tables *tables, uint32_t index, uint32_t depth, corbel_error *reterr);

#endif /* CRB_REBUILD_H */
