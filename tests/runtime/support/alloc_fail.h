/** Failing allocations: for programs linked with --wrap=malloc, calloc, realloc and free. What the library itself and the test
 *  allocate is seen; what libc and cmocka allocate inside is not. */
#ifndef CRB_TEST_ALLOC_FAIL_H
#define CRB_TEST_ALLOC_FAIL_H

#include <stdbool.h>
#include <stddef.h>

/** From now on the n-th allocation (from 0) fails, once. */
void alloc_fail_at(size_t n);
/** Ends it. True: the n-th allocation was reached, so that one failed. */
bool alloc_fail_end(void);
/** Blocks of memory allocated and not freed. */
size_t alloc_fail_live(void);

#endif /* CRB_TEST_ALLOC_FAIL_H */
