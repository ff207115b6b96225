/** `corbelc --check`: what changed between two versions of an interface, and whom that breaks. Only models are compared
 *  (idl/model.h); nothing is read or written here but the report. Not thread-safe: one thread a run. */
#ifndef EVOLVE_EVOLVE_H
#define EVOLVE_EVOLVE_H

#include "codegen/evolve_rules.h"
#include "idl/model.h"

#include <stdbool.h>
#include <stdio.h>

/** How bad a change is; the numbers are the exit statuses. */
typedef enum evolve_class {
    EVOLVE_COMPATIBLE, /* old and new programs understand each other, and old source compiles */
    EVOLVE_SOURCE,     /* they understand each other; source that uses it has to be changed before it is compiled again */
    EVOLVE_WIRE        /* something that one side may send the other refuses, lacks, or takes for something else */
} evolve_class;

/** Why a change is of its class. */
typedef struct evolve_rule {
    const char *name; /* "member-renamed" */
    evolve_class class;
    const char *explanation;
    const char *test; /* the function that proves it, of tests/codegen/evolve_proofs.c */
} evolve_rule;

/** Every rule, by its evolve_rule_id. */
extern const evolve_rule evolve_rules[EVOLVE_N_RULES];

/** "wire-breaking" */
const char *evolve_class_name(evolve_class class);

/** One change. */
typedef struct evolve_change {
    evolve_rule_id rule;
    idl_range range; /* in the new version; of what is gone, in the old one */
    const char *text;
} evolve_change;

typedef struct evolve_result {
    const evolve_change *changes;
    size_t length;
    evolve_class worst; /* COMPATIBLE, too, when there are none */
    bool is_complete;   /* false: out of memory */
    void *memory;
} evolve_result;

/** Both units are from compilations without errors, and outlive the result, which is the caller's: evolve_result_free(). */
evolve_result evolve_compare(const idl_unit *old, const idl_unit *new);
void evolve_result_free(evolve_result *result);

/** One line a change, `file:line:col: class: text [rule]`, and one that counts them. */
void evolve_print(const evolve_result *result, FILE *out);

#endif /* EVOLVE_EVOLVE_H */
