/** The references and anys in a value, at any depth. */
#ifndef CRB_REFS_H
#define CRB_REFS_H

#include <corbel/generated.h>

/** Values that nest deeper are no values: cycles. */
enum { CRB_VALUE_DEPTH = 256 };

/** Counts every reference and any in value. A cycle ends the visit; crb_value_release_refs() then ends at the same place. */
void crb_value_hold_refs(const corbel_type *type, const void *value);

#endif /* CRB_REFS_H */
