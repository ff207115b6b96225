/** Unions: which case a discriminator selects. */
#ifndef CRB_UNION_H
#define CRB_UNION_H

#include <corbel/generated.h>

/** The case that the discriminator in value selects; NULL: none. */
const corbel_member *crb_union_case(const corbel_type *type, const void *value);

#endif /* CRB_UNION_H */
