/* The interfaces of one version of pairs.idl. With NEW the other, whose C names begin with renewed_ so that both fit into one
 * program; the names in its tables are as in the IDL. */
#include "pairs.corbel.h"
#include "tests/codegen/evolve/pairs.h"

#ifdef NEW
#define PAIR_INTERFACE(name) [PAIR_##name] = &renewed_##name##_I_interface,
const corbel_interface *const pairs_new[] = {
#else
#define PAIR_INTERFACE(name) [PAIR_##name] = &version_##name##_I_interface,
const corbel_interface *const pairs_old[] = {
#endif
    EVOLVE_PAIRS(PAIR_INTERFACE)
};
