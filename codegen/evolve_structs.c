/* Structs, exceptions, bitsets and unions. */
#include "codegen/evolve_impl.h"

#include <string.h>

/* ---- annotations ---- */

/* Those whose meaning is compared as what they mean; all others only document. */
static const char *const with_meaning[] = {
    "id",         "autoid",      "hashid",         "optional", "position", "value",    "extensibility", "final",
    "appendable", "mutable",     "default",        "range",    "min",      "max",      "bit_bound",     "c_name",
    "idempotent", "readonly_op", "non_serialized", "overlap",  "stream",   "deadline", "serial",        "once",
};

bool evolve_has(const idl_decl *decl, const char *annotation)
{
    const idl_annotation *found = idl_annotation_find(decl->annotations, annotation);
    if (found == NULL || !found->is_known) {
        return false;
    }
    const idl_argument *value = idl_argument_find(found, "value");
    return value == NULL || value->value.kind != IDL_VALUE_BOOLEAN || value->value.magnitude != 0;
}

static bool only_documents(const idl_annotation *annotation)
{
    for (size_t i = 0; i < sizeof with_meaning / sizeof *with_meaning; i++) {
        if (annotation->definition == NULL && strcmp(annotation->name, with_meaning[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool same_arguments(const idl_annotation *one, const idl_annotation *other)
{
    if (one->n_arguments != other->n_arguments) {
        return false;
    }
    for (size_t i = 0; i < one->n_arguments; i++) {
        const idl_argument *a = &one->arguments[i], *b = &other->arguments[i];
        const bool same_text = a->text == NULL || b->text == NULL ? a->text == b->text : strcmp(a->text, b->text) == 0;
        if (!same_text || strcmp(a->name, b->name) != 0 || !evolve_same_value(&a->value, &b->value)) {
            return false;
        }
    }
    return true;
}

static const idl_annotation *next_documenting(const idl_annotation *at)
{
    while (at != NULL && !only_documents(at)) {
        at = at->next;
    }
    return at;
}

void evolve_annotations(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const char *before = old->c_name == NULL ? old->name : old->c_name, *now = new->c_name == NULL ? new->name : new->c_name;
    if ((old->c_name != NULL || new->c_name != NULL) && strcmp(before, now) != 0) {
        evolve_report(run, EVOLVE_RULE_C_NAME_CHANGED, &new->range, "'%s' was called '%s' in C, and is called '%s'",
                      new->scoped_name, before, now);
    }
    const idl_annotation *a = next_documenting(old->annotations), *b = next_documenting(new->annotations);
    while (a != NULL && b != NULL && strcmp(a->name, b->name) == 0 && same_arguments(a, b)) {
        a = next_documenting(a->next);
        b = next_documenting(b->next);
    }
    if (a != NULL || b != NULL) {
        evolve_report(run, EVOLVE_RULE_ANNOTATION_CHANGED, &new->range, "'%s' has another '@%s'", new->scoped_name,
                      b != NULL ? b->name : a->name);
    }
    if (old->repository_id != NULL && new->repository_id != NULL && strcmp(old->repository_id, new->repository_id) != 0) {
        evolve_report(run, EVOLVE_RULE_REPOSITORY_ID_CHANGED, &new->range, "'%s' has the repository id '%s' now",
                      new->scoped_name, new->repository_id);
    }
}

/* ---- members ---- */

idl_decl_list evolve_members(idl_arena *arena, const idl_decl *decl)
{
    if (decl->kind == IDL_STRUCT) {
        return decl->members;
    }
    size_t length = 0;
    for (const idl_decl *at = decl->children; at != NULL; at = at->next) {
        length++;
    }
    const idl_decl **members = idl_arena_alloc(arena, (length + 1) * sizeof *members);
    length = 0;
    for (const idl_decl *at = decl->children; at != NULL; at = at->next) {
        members[length++] = at;
    }
    return (idl_decl_list) { .length = length, .items = members };
}

static const evolve_list_rules member_rules = {
    .what = "member",
    .inserted = EVOLVE_RULE_MEMBER_INSERTED,
    .removed = EVOLVE_RULE_MEMBER_REMOVED,
    .removed_before_others = EVOLVE_RULE_MEMBER_REMOVED_BEFORE_OTHERS,
    .renumbered = EVOLVE_RULE_MEMBER_RENUMBERED,
    .renamed = EVOLVE_RULE_MEMBER_RENAMED,
    .replaced = EVOLVE_RULE_MEMBER_REPLACED,
};

/* Of a struct, the base's first; of an exception or a union. first: the number that id 0 has. */
static evolve_items items_of(evolve_run *run, const idl_decl *decl, uint32_t first)
{
    const idl_decl_list members = evolve_members(run->arena, decl);
    evolve_items list = { .items = idl_arena_alloc(run->arena, (members.length + 1) * sizeof(evolve_item)) };
    for (size_t i = 0; i < members.length; i++) {
        const idl_decl *member = members.items[i];
        list.items[list.length++] = (evolve_item) { .name = member->name, .decl = member, .id = member->id + first };
    }
    return list;
}

static bool both_final(const evolve_lists *lists)
{
    return lists->owner_old->extensibility == IDL_FINAL && lists->owner_new->extensibility == IDL_FINAL;
}

static void member_added(evolve_lists *lists, const evolve_item *item)
{
    const evolve_rule_id rule = both_final(lists)         ? EVOLVE_RULE_FINAL_STRUCT_CHANGED
                                : item->decl->is_optional ? EVOLVE_RULE_OPTIONAL_MEMBER_ADDED
                                                          : EVOLVE_RULE_MEMBER_ADDED;
    evolve_report(lists->run, rule, &item->decl->range, "member '%s' of '%s' is new", item->name, lists->owner_new->scoped_name);
}

static void member_removed(evolve_lists *lists, const evolve_item *item)
{
    evolve_report(lists->run, both_final(lists) ? EVOLVE_RULE_FINAL_STRUCT_CHANGED : lists->rules->removed, &item->decl->range,
                  "member '%s' of '%s' is gone", item->name, lists->owner_old->scoped_name);
}

static void compare_default(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const bool had = old->default_value.kind != IDL_VALUE_NONE, has = new->default_value.kind != IDL_VALUE_NONE;
    if (had != has) {
        evolve_report(run, has ? EVOLVE_RULE_DEFAULT_ADDED : EVOLVE_RULE_DEFAULT_REMOVED, &new->range,
                      "member '%s' has %s default", new->scoped_name, has ? "a" : "no");
    } else if (has && !evolve_same_value(&old->default_value, &new->default_value)) {
        evolve_report(run, EVOLVE_RULE_DEFAULT_CHANGED, &new->range, "member '%s' has another default", new->scoped_name);
    }
}

static void member_kept(evolve_lists *lists, const evolve_item *old_item, const evolve_item *new_item)
{
    evolve_run *run = lists->run;
    const idl_decl *old = old_item->decl, *new = new_item->decl;
    const evolve_rule_id rule = evolve_value_rule(run, old, new);
    if (evolve_has(old, "non_serialized") && evolve_has(new, "non_serialized")) {
        if (rule != EVOLVE_NO_RULE) { /* in whatever form: it does not travel */
            evolve_report(run, EVOLVE_RULE_TYPE_RENAMED, &new->range,
                          "member '%s' of '%s', which does not travel, is of another type", new->name,
                          lists->owner_new->scoped_name);
        }
        evolve_annotations(run, old, new);
        return;
    }
    if (old->bits != new->bits) { /* of a bit field */
        evolve_report(run, new->bits > old->bits ? EVOLVE_RULE_RANGE_WIDENED : EVOLVE_RULE_RANGE_NARROWED, &new->range,
                      "bit field '%s' had %u bits and has %u", new->scoped_name, old->bits, new->bits);
    } else if (rule != EVOLVE_NO_RULE) {
        evolve_report(run, rule, &new->range, "member '%s' of '%s' is of another type", new->name, lists->owner_new->scoped_name);
    }
    if (old->is_optional != new->is_optional) {
        evolve_report(run, new->is_optional ? EVOLVE_RULE_OPTIONAL_ADDED : EVOLVE_RULE_OPTIONAL_REMOVED, &new->range,
                      "member '%s' is %s", new->scoped_name, new->is_optional ? "optional now" : "not optional any more");
    }
    if (evolve_has(old, "non_serialized") != evolve_has(new, "non_serialized")) {
        evolve_report(run, EVOLVE_RULE_SERIALIZATION_CHANGED, &new->range, "member '%s' %s", new->scoped_name,
                      evolve_has(new, "non_serialized") ? "does not travel any more" : "travels now");
    }
    compare_default(run, old, new);
    evolve_annotations(run, old, new);
}

static void compare_bases(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const char *before = old->bases.length == 0 ? "" : old->bases.items[0]->scoped_name;
    const char *now = new->bases.length == 0 ? "" : new->bases.items[0]->scoped_name;
    if (strcmp(before, now) != 0) {
        evolve_report(run, EVOLVE_RULE_STRUCT_BASE_CHANGED, &new->range, "'%s' inherits from %s%s%s", new->scoped_name,
                      now[0] == '\0' ? "nothing" : "'", now, now[0] == '\0' ? " any more" : "' now");
    }
}

static void compare_final(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const bool was = old->extensibility == IDL_FINAL, is = new->extensibility == IDL_FINAL;
    if (was != is && (new->kind == IDL_STRUCT || new->kind == IDL_UNION)) {
        evolve_report(run, is ? EVOLVE_RULE_FINAL_ADDED : EVOLVE_RULE_FINAL_REMOVED, &new->range, "'%s' is %s", new->scoped_name,
                      is ? "final now" : "not final any more");
    }
}

void evolve_struct(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    evolve_lists lists = {
        .run = run,
        .rules = &member_rules,
        .old = items_of(run, old, 1),
        .new = items_of(run, new, 1),
        .owner_old = old,
        .owner_new = new,
        .on_added = member_added,
        .on_removed = member_removed,
        .on_kept = member_kept,
        .first = 1,
    };
    compare_bases(run, old, new);
    compare_final(run, old, new);
    evolve_compare_lists(&lists);
    if (!lists.is_shifted && evolve_is_reordered(run, &lists.old, &lists.new)) {
        evolve_report(run, EVOLVE_RULE_MEMBERS_REORDERED, &new->range, "the members of '%s' stand in another order",
                      new->scoped_name);
    }
}

/* Its named fields, the base's first, numbered in their order. */
static evolve_items fields_of(evolve_run *run, const idl_decl *bitset)
{
    size_t length = 0;
    for (const idl_decl *at = bitset; at != NULL; at = at->bases.length == 0 ? NULL : at->bases.items[0]) {
        for (const idl_decl *field = at->children; field != NULL; field = field->next) {
            length += field->name[0] != '\0';
        }
    }
    evolve_items list = { .items = idl_arena_alloc(run->arena, (length + 1) * sizeof(evolve_item)) };
    if (bitset->bases.length > 0) {
        const evolve_items inherited = fields_of(run, bitset->bases.items[0]);
        memcpy(list.items, inherited.items, inherited.length * sizeof *list.items);
        list.length = inherited.length;
    }
    for (const idl_decl *field = bitset->children; field != NULL; field = field->next) {
        if (field->name[0] != '\0') {
            list.items[list.length] = (evolve_item) { .name = field->name, .decl = field, .id = (uint32_t)list.length + 1 };
            list.length++;
        }
    }
    return list;
}

void evolve_bitset(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    evolve_lists lists = {
        .run = run,
        .rules = &member_rules,
        .old = fields_of(run, old),
        .new = fields_of(run, new),
        .owner_old = old,
        .owner_new = new,
        .on_added = member_added,
        .on_removed = member_removed,
        .on_kept = member_kept,
        .first = 1,
    };
    compare_bases(run, old, new);
    evolve_compare_lists(&lists);
}

/* ---- unions ---- */

static const evolve_list_rules case_rules = {
    .what = "case",
    .inserted = EVOLVE_RULE_MEMBER_INSERTED,
    .removed = EVOLVE_RULE_CASE_REMOVED,
    .removed_before_others = EVOLVE_RULE_MEMBER_REMOVED_BEFORE_OTHERS,
    .renumbered = EVOLVE_RULE_MEMBER_RENUMBERED,
    .renamed = EVOLVE_RULE_MEMBER_RENAMED,
    .replaced = EVOLVE_RULE_MEMBER_REPLACED,
};

static const idl_decl *default_of(const idl_decl *decl)
{
    const idl_decl *at = decl->children;
    while (at != NULL && !at->is_default) {
        at = at->next;
    }
    return at;
}

static bool same_label(const idl_value *one, const idl_value *other)
{
    const idl_value *a = one->kind == IDL_VALUE_ENUM ? &one->enumerator->value : one;
    const idl_value *b = other->kind == IDL_VALUE_ENUM ? &other->enumerator->value : other;
    return a->magnitude == b->magnitude && a->negative == b->negative;
}

static bool has_label(const idl_decl *of_case, const idl_value *label)
{
    for (uint32_t i = 0; i < of_case->n_labels; i++) {
        if (same_label(&of_case->labels[i], label)) {
            return true;
        }
    }
    return false;
}

/* The case that a label selects, the default's too; NULL: none. */
static const idl_decl *selected(const idl_decl *decl, const idl_value *label)
{
    for (const idl_decl *at = decl->children; at != NULL; at = at->next) {
        if (has_label(at, label)) {
            return at;
        }
    }
    return default_of(decl);
}

static void case_added(evolve_lists *lists, const evolve_item *item)
{
    for (uint32_t i = 0; i < item->decl->n_labels; i++) {
        const idl_decl *other = selected(lists->owner_old, &item->decl->labels[i]);
        if (other != NULL) {
            evolve_report(lists->run, EVOLVE_RULE_LABEL_MOVED, &item->decl->range,
                          "case '%s' of '%s' is new, and its label selected '%s'", item->name, lists->owner_new->scoped_name,
                          other->name);
            return;
        }
    }
    evolve_report(lists->run, both_final(lists) ? EVOLVE_RULE_FINAL_STRUCT_CHANGED : EVOLVE_RULE_CASE_ADDED, &item->decl->range,
                  "case '%s' of '%s' is new", item->name, lists->owner_new->scoped_name);
}

static void case_removed(evolve_lists *lists, const evolve_item *item)
{
    for (uint32_t i = 0; i < item->decl->n_labels; i++) {
        const idl_decl *other = selected(lists->owner_new, &item->decl->labels[i]);
        if (other != NULL) {
            evolve_report(lists->run, EVOLVE_RULE_LABEL_MOVED, &item->decl->range,
                          "case '%s' of '%s' is gone, and its label selects '%s' now", item->name, lists->owner_old->scoped_name,
                          other->name);
            return;
        }
    }
    evolve_report(lists->run, both_final(lists) ? EVOLVE_RULE_FINAL_STRUCT_CHANGED : EVOLVE_RULE_CASE_REMOVED, &item->decl->range,
                  "case '%s' of '%s' is gone", item->name, lists->owner_old->scoped_name);
}

/* Labels that one version of a case has and the other, other, has not; where they are in other's union. */
static void compare_labels(evolve_run *run, const idl_decl *one, const idl_decl *other, const idl_range *place,
                           evolve_rule_id rule, const char *what)
{
    if (one->is_default && !other->is_default) {
        evolve_report(run, rule, place, "case '%s' %s the label 'default'", one->scoped_name, what);
    }
    for (uint32_t i = 0; i < one->n_labels; i++) {
        if (!has_label(other, &one->labels[i])) {
            const idl_decl *there = selected(other->parent, &one->labels[i]);
            if (there == other) {
                continue; /* by its `default` */
            }
            evolve_report(run, there == NULL ? rule : EVOLVE_RULE_LABEL_MOVED, place, "case '%s' %s a label%s%s%s",
                          one->scoped_name, what, there == NULL ? "" : ", which selects '", there == NULL ? "" : there->name,
                          there == NULL ? "" : "' in the other version");
            return;
        }
    }
}

static void case_kept(evolve_lists *lists, const evolve_item *old_item, const evolve_item *new_item)
{
    const idl_decl *old = old_item->decl, *new = new_item->decl;
    member_kept(lists, old_item, new_item);
    compare_labels(lists->run, new, old, &new->range, EVOLVE_RULE_LABEL_ADDED, "has got");
    compare_labels(lists->run, old, new, &new->range, EVOLVE_RULE_LABEL_REMOVED, "has lost");
}

void evolve_union(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    evolve_lists lists = {
        .run = run,
        .rules = &case_rules,
        .old = items_of(run, old, 2),
        .new = items_of(run, new, 2),
        .owner_old = old,
        .owner_new = new,
        .on_added = case_added,
        .on_removed = case_removed,
        .on_kept = case_kept,
        .first = 2,
    };
    const evolve_rule_id rule = evolve_type_rule(run, old->type, new->type);
    if (rule != EVOLVE_NO_RULE) {
        evolve_report(run, rule == EVOLVE_RULE_TYPE_RENAMED ? rule : EVOLVE_RULE_DISCRIMINATOR_CHANGED, &new->type->range,
                      "'%s' is switched by another type", new->scoped_name);
        return; /* labels of two types do not compare */
    }
    compare_final(run, old, new);
    evolve_compare_lists(&lists);
    if (!lists.is_shifted && evolve_is_reordered(run, &lists.old, &lists.new)) {
        evolve_report(run, EVOLVE_RULE_MEMBERS_REORDERED, &new->range, "the cases of '%s' stand in another order",
                      new->scoped_name);
    }
}
