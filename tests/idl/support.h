/** What the tests of the IDL front end share: compiling text, reading its messages, finding its declarations. */
#ifndef IDL_TEST_SUPPORT_H
#define IDL_TEST_SUPPORT_H

#include "idl/idl.h"
#include "tests/runtime/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A compilation and what it said. */
typedef struct compiled {
    idl_result result;
    char *messages; /* never NULL */
    FILE *out;      /* NULL once it was read */
} compiled;

/** Starts the collection of messages; options->diagnostics has to be its out. */
compiled compiled_start(void);
void compiled_end(compiled *self, idl_result result);

/** Compiles text as "test.idl"; options may be NULL. */
compiled compile_text(const char *text, const idl_options *options);
compiled compile_bytes(const char *text, size_t length, const idl_options *options);
compiled compile_files(const char *const *paths, size_t n_paths, const idl_options *options);
void compiled_free(compiled *self);

/** The unit; fails the test, showing the messages, if there were any. */
const idl_unit *good(const compiled *self);

/** The n-th declaration (from 0) with the scoped name; fails the test if there is none. */
const idl_decl *find_nth(const idl_unit *unit, const char *scoped_name, size_t n);
const idl_decl *find(const idl_unit *unit, const char *scoped_name);

/** The child with the name. */
const idl_decl *child(const idl_decl *parent, const char *name);

/** The type in one word or more: "long", "sequence<string<3>, 4>", "m::Point". Lives until the next call of it but seven. */
const char *type_text(const idl_type *type);

/** The names of a list, joined with spaces; scoped ones. As long-lived as type_text(). */
const char *list_text(idl_decl_list list);

#endif /* IDL_TEST_SUPPORT_H */
