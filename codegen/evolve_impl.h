/** What the files of --check share. Memory is the run's arena. */
#ifndef EVOLVE_IMPL_H
#define EVOLVE_IMPL_H

#include "codegen/buf.h"
#include "codegen/evolve.h"
#include "idl/names.h"

/** What a rule of this value is none. */
#define EVOLVE_NO_RULE EVOLVE_N_RULES

/** The declarations of one version that have a name of their own, in order. */
typedef struct evolve_side {
    const idl_decl **items;
    size_t length;
    size_t capacity;
    idl_names by_name; /* by scoped name */
} evolve_side;

typedef struct evolve_run {
    idl_arena *arena;
    evolve_side old, new;
    evolve_change *changes;
    size_t n_changes;
    size_t capacity;
    idl_names shapes; /* bool by a pair of types: their shapes are alike */
} evolve_run;

/** Adds a change, unless the same rule was reported at this place. */
void evolve_report(evolve_run *run, evolve_rule_id rule, const idl_range *range, const char *format, ...) EMIT_PRINTF(4, 5);

/** NULL: that version has none of this name and kind. */
const idl_decl *evolve_find(const evolve_side *side, const char *scoped_name);

/* ---- types (evolve_types.c) ---- */

/** The rule for two types that stand in the same place; EVOLVE_NO_RULE: they are the same, or what changed has a name and is
 *  reported there. */
evolve_rule_id evolve_type_rule(evolve_run *run, const idl_type *old, const idl_type *new);
/** For two values, with the ranges that their declarations give them. */
evolve_rule_id evolve_value_rule(evolve_run *run, const idl_decl *old, const idl_decl *new);
bool evolve_same_value(const idl_value *one, const idl_value *other);

/* ---- what has numbers (evolve_members.c) ---- */

typedef struct evolve_item {
    const char *name;
    const idl_decl *decl; /* member, parameter, bit field; of a result: the operation */
    bool is_result;
    uint32_t id; /* on the wire */
} evolve_item;

typedef struct evolve_items {
    evolve_item *items;
    size_t length;
} evolve_items;

/** Which rule says what of a list. */
typedef struct evolve_list_rules {
    const char *what; /* "member" */
    evolve_rule_id inserted, removed, removed_before_others, renumbered, renamed, replaced;
} evolve_list_rules;

/** Two lists, as one sees them that knows only numbers. owner: of both, for messages. on_added, on_removed: report what is added
 *  behind all others and removed without a successor; on_kept: compares two that are one. is_shifted: that numbers are others was
 *  reported already. */
typedef struct evolve_lists {
    evolve_run *run;
    evolve_items old, new;
    const evolve_list_rules *rules;
    const idl_decl *owner_old, *owner_new;
    void (*on_added)(struct evolve_lists *lists, const evolve_item *item);
    void (*on_removed)(struct evolve_lists *lists, const evolve_item *item);
    void (*on_kept)(struct evolve_lists *lists, const evolve_item *old, const evolve_item *new);
    uint32_t first; /* the number that @id(0) is */
    bool is_shifted;
} evolve_lists;

void evolve_compare_lists(evolve_lists *lists);
/** Those that are in both lists stand in another order, each with its number. */
bool evolve_is_reordered(evolve_run *run, const evolve_items *old, const evolve_items *new);

/* ---- parts ---- */

/** Of a struct, those of its base first; of an exception or a union. */
idl_decl_list evolve_members(idl_arena *arena, const idl_decl *decl);
void evolve_struct(evolve_run *run, const idl_decl *old, const idl_decl *new);
void evolve_bitset(evolve_run *run, const idl_decl *old, const idl_decl *new);
void evolve_union(evolve_run *run, const idl_decl *old, const idl_decl *new);
void evolve_interface(evolve_run *run, const idl_decl *old, const idl_decl *new);
/** What everything may have: @c_name, annotations that only document. */
void evolve_annotations(evolve_run *run, const idl_decl *old, const idl_decl *new);
bool evolve_has(const idl_decl *decl, const char *annotation);

#endif /* EVOLVE_IMPL_H */
