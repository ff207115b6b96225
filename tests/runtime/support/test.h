/** What test programs include: cmocka with what it needs in front of it. */
#ifndef CRB_TEST_H
#define CRB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka looks for these above. */
#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))

#endif /* CRB_TEST_H */
