/** One exchange with something of everything: a bind, a pipelined call, a call with a reference and a callback inside, a large
 * call, a oneway, a cancelled call, and everything given back at the end. */
#ifndef CRB_TEST_EXCHANGE_H
#define CRB_TEST_EXCHANGE_H

#include "tests/runtime/session/world.h"

/** As far as the pipe and the memory let it; large: bytes of the large call and its result. True: it went to its end. */
bool exchange(world *w, size_t large);

#endif /* CRB_TEST_EXCHANGE_H */
