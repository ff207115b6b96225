/** An interface printed as IDL again, from its tables alone: with all interfaces and types that it speaks of, comments and
 *  annotations. What it prints compiles to the same tables. */
#ifndef TESTS_DESCRIBE_PRINT_IDL_H
#define TESTS_DESCRIBE_PRINT_IDL_H

#include <corbel/generated.h>
#include <stdio.h>

/** The n interfaces and what they reach. Interfaces that they only refer to are declared, and described by find (which may answer
 *  NULL: then only declared). */
void print_idl(const corbel_interface *const *interfaces, size_t n, const corbel_interface *(*find)(const char *name), FILE *out);

#endif /* TESTS_DESCRIBE_PRINT_IDL_H */
