/** Maps: views of items, structs of key and value, in ascending order of their keys. */
#ifndef CRB_MAP_H
#define CRB_MAP_H

#include <corbel/generated.h>

/** Below 0, 0, above 0: numbers by value, strings by their bytes. key: the type of the keys. */
int crb_map_compare_keys(const corbel_type *key, const void *a, const void *b);
/** The first of len items whose key does not come after that of the one before it; len: they are in order. type: of the map.
 *  ret_twice: it is the same key. */
size_t crb_map_disorder(const corbel_type *type, const void *items, size_t len, bool *ret_twice);

/** What errors about keys say. */
#define CRB_MAP_TWICE "twice"
#define CRB_MAP_DISORDER "not in ascending order"

#endif /* CRB_MAP_H */
