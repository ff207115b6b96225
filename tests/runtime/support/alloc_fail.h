/** Failing allocations: for programs that corbel_test() links with FAILING_ALLOCATIONS. What the library itself and the test
 *  allocate is seen, on every thread; what libc, gRPC, c-ares and cmocka allocate inside is not. */
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

/** How a run ended. */
typedef enum alloc_outcome {
    ALLOC_DONE,   /* with the right result */
    ALLOC_REFUSED /* it said that there is no memory, and handed nothing out */
} alloc_outcome;

/** What is run again and again: with the first allocation failing, with the second, …, until nothing fails. */
typedef struct alloc_case {
    const char *name;
    size_t least;               /* allocations that it must have, so that what is tested does not go away unseen */
    alloc_outcome (*run)(void); /* leaves nothing behind; asserts what must be true either way */
    bool copes;                 /* it may also be DONE when an allocation failed: it does without */
} alloc_case;

/** Each case must be DONE when nothing fails and REFUSED when something does, and leave no memory and no descriptor. */
void alloc_fail_cases(const alloc_case *cases, size_t n);

#endif /* CRB_TEST_ALLOC_FAIL_H */
