/* Interfaces, operations and attributes. */
#include "codegen/emit.h"
#include "codegen/evolve_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const evolve_list_rules parameter_rules = {
    .what = "parameter",
    .inserted = EVOLVE_RULE_PARAMETER_INSERTED,
    .removed = EVOLVE_RULE_PARAMETER_REMOVED,
    .removed_before_others = EVOLVE_RULE_PARAMETER_REMOVED_BEFORE_OTHERS,
    .renumbered = EVOLVE_RULE_PARAMETER_RENUMBERED,
    .renamed = EVOLVE_RULE_PARAMETER_RENAMED,
    .replaced = EVOLVE_RULE_PARAMETER_REPLACED,
};

static const idl_decl *child_named(const idl_decl *owner, const char *name)
{
    const idl_decl *at = owner->children;
    while (at != NULL && strcmp(at->name, name) != 0) {
        at = at->next;
    }
    return at;
}

/* ---- parameters ---- */

/* What travels one way: without is the direction that does not. Numbers are positions or @id, plus 1; behind a result plus 2. */
static evolve_items parameters_of(evolve_run *run, const idl_decl *operation, idl_direction without)
{
    size_t length = 1;
    for (const idl_decl *at = operation->children; at != NULL; at = at->next) {
        length++;
    }
    evolve_items list = { .items = idl_arena_alloc(run->arena, length * sizeof(evolve_item)) };
    const bool has_result = without == IDL_IN && operation->type->kind != IDL_VOID;
    if (has_result) {
        list.items[list.length++] = (evolve_item) { .name = "", .decl = operation, .is_result = true, .id = 1 };
    }
    uint32_t position = 0;
    for (const idl_decl *at = operation->children; at != NULL; at = at->next) {
        if (at->direction != without) {
            list.items[list.length++] =
                (evolve_item) { .name = at->name, .decl = at, .id = (at->has_id ? at->id : position) + (has_result ? 2 : 1) };
            position++;
        }
    }
    return list;
}

static void report_parameter(evolve_lists *lists, const evolve_item *item, const idl_decl *owner, evolve_rule_id rule,
                             const char *what)
{
    if (item->is_result) {
        evolve_report(lists->run, rule, &item->decl->range, "the result of '%s' is %s", owner->scoped_name, what);
    } else {
        evolve_report(lists->run, rule, &item->decl->range, "parameter '%s' of '%s' is %s", item->name, owner->scoped_name, what);
    }
}

static void parameter_added(evolve_lists *lists, const evolve_item *item)
{
    report_parameter(lists, item, lists->owner_new, EVOLVE_RULE_PARAMETER_ADDED, "new");
}

static void parameter_removed(evolve_lists *lists, const evolve_item *item)
{
    report_parameter(lists, item, lists->owner_old, EVOLVE_RULE_PARAMETER_REMOVED, "gone");
}

static void parameter_kept(evolve_lists *lists, const evolve_item *old, const evolve_item *new)
{
    const evolve_rule_id rule = evolve_value_rule(lists->run, old->decl, new->decl);
    if (rule != EVOLVE_NO_RULE) {
        report_parameter(lists, new, lists->owner_new, rule, "of another type");
    }
    if (!new->is_result) {
        evolve_annotations(lists->run, old->decl, new->decl);
    }
}

static bool compare_directions(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    bool any = false;
    for (const idl_decl *at = old->children; at != NULL; at = at->next) {
        const idl_decl *same = child_named(new, at->name);
        if (same != NULL && same->direction != at->direction) {
            any = true;
            evolve_report(run, EVOLVE_RULE_DIRECTION_CHANGED, &same->range, "parameter '%s' of '%s' goes another way", same->name,
                          new->scoped_name);
        }
    }
    return any;
}

static void compare_parameters(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    if (compare_directions(run, old, new)) {
        return; /* what follows from that is no second change */
    }
    const idl_direction ways[] = { IDL_OUT, IDL_IN };
    bool is_shifted = false, is_reordered = false;
    for (size_t i = 0; i < 2; i++) {
        evolve_lists lists = {
            .run = run,
            .rules = &parameter_rules,
            .old = parameters_of(run, old, ways[i]),
            .new = parameters_of(run, new, ways[i]),
            .owner_old = old,
            .owner_new = new,
            .on_added = parameter_added,
            .on_removed = parameter_removed,
            .on_kept = parameter_kept,
            .first = ways[i] == IDL_IN &&new->type->kind != IDL_VOID ? 2 : 1,
        };
        evolve_compare_lists(&lists);
        is_shifted = is_shifted || lists.is_shifted;
        is_reordered = is_reordered || evolve_is_reordered(run, &lists.old, &lists.new);
    }
    if (is_reordered && !is_shifted) {
        evolve_report(run, EVOLVE_RULE_PARAMETERS_REORDERED, &new->range, "the parameters of '%s' stand in another order",
                      new->scoped_name);
    }
}

/* ---- operations and attributes ---- */

static bool lists_exception(const idl_decl_list *raises, const char *scoped_name)
{
    for (size_t i = 0; i < raises->length; i++) {
        if (strcmp(raises->items[i]->scoped_name, scoped_name) == 0) {
            return true;
        }
    }
    return false;
}

static void compare_raises(evolve_run *run, const idl_decl_list *old, const idl_decl_list *new, const idl_decl *owner)
{
    for (size_t i = 0; i < old->length; i++) {
        if (!lists_exception(new, old->items[i]->scoped_name)) {
            evolve_report(run, EVOLVE_RULE_RAISES_REMOVED, &owner->range, "'%s' does not raise '%s' any more", owner->scoped_name,
                          old->items[i]->scoped_name);
        }
    }
    for (size_t i = 0; i < new->length; i++) {
        if (!lists_exception(old, new->items[i]->scoped_name)) {
            evolve_report(run, EVOLVE_RULE_RAISES_ADDED, &owner->range, "'%s' raises '%s', too", owner->scoped_name,
                          new->items[i]->scoped_name);
        }
    }
}

static bool is_idempotent(const idl_decl *decl)
{
    return evolve_has(decl, "idempotent") || evolve_has(decl, "readonly_op");
}

static void compare_idempotent(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    if (is_idempotent(old) != is_idempotent(new)) {
        evolve_report(run, is_idempotent(new) ? EVOLVE_RULE_IDEMPOTENT_ADDED : EVOLVE_RULE_IDEMPOTENT_REMOVED, &new->range,
                      "'%s' %s be repeated", new->scoped_name, is_idempotent(new) ? "may" : "must not");
    }
}

static void compare_once(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const bool is = evolve_has(new, "once");
    if (evolve_has(old, "once") != is) {
        evolve_report(run, is ? EVOLVE_RULE_ONCE_ADDED : EVOLVE_RULE_ONCE_REMOVED, &new->range, "'%s' is repeated %s",
                      new->scoped_name, is ? "with a key now" : "with a key no more");
    }
}

static bool overlaps(const idl_decl *decl)
{
    return evolve_has(decl, "overlap") || evolve_has(decl->parent, "overlap");
}

static void compare_overlap(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    if (overlaps(old) != overlaps(new)) {
        evolve_report(run, overlaps(new) ? EVOLVE_RULE_OVERLAP_ADDED : EVOLVE_RULE_OVERLAP_REMOVED, &new->range,
                      "calls of '%s' %s", new->scoped_name,
                      overlaps(new) ? "need not keep their order" : "must keep their order");
    }
}

static uint32_t deadline_of(const idl_decl *decl)
{
    return decl->deadline_ms != 0 ? decl->deadline_ms : decl->parent->deadline_ms;
}

static void compare_deadline(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const uint32_t before = deadline_of(old);
    const uint32_t now = deadline_of(new);
    if (before != now) {
        const char *of_default = "that of the runtime";
        char was[32], is[32];
        (void)snprintf(was, sizeof was, "%" PRIu32 " ms", before);
        (void)snprintf(is, sizeof is, "%" PRIu32 " ms", now);
        evolve_report(run, EVOLVE_RULE_DEADLINE_CHANGED, &new->range, "the deadline of '%s' is %s, and was %s", new->scoped_name,
                      now == 0 ? of_default : is, before == 0 ? of_default : was);
    }
}

/* The type may have stayed the same. */
static void compare_stream(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    if (old->is_stream != new->is_stream) {
        evolve_report(run, new->is_stream ? EVOLVE_RULE_STREAM_ADDED : EVOLVE_RULE_STREAM_REMOVED, &new->range, "%s'%s' is %s",
                      new->kind == IDL_OPERATION ? "the result of " : "parameter ", new->scoped_name,
                      new->is_stream ? "a stream now" : "no stream any more");
    }
}

static void compare_streams(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    compare_stream(run, old, new);
    for (const idl_decl *at = old->children; at != NULL; at = at->next) {
        const idl_decl *same = child_named(new, at->name);
        if (same != NULL) {
            compare_stream(run, at, same);
        }
    }
}

static void compare_operation(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    evolve_annotations(run, old, new);
    if (old->is_oneway != new->is_oneway) {
        evolve_report(run, new->is_oneway ? EVOLVE_RULE_ONEWAY_ADDED : EVOLVE_RULE_ONEWAY_REMOVED, &new->range, "'%s' is %s",
                      new->scoped_name, new->is_oneway ? "oneway now" : "not oneway any more");
    }
    compare_idempotent(run, old, new);
    compare_once(run, old, new);
    compare_overlap(run, old, new);
    compare_deadline(run, old, new);
    compare_streams(run, old, new);
    compare_parameters(run, old, new);
    compare_raises(run, &old->raises, &new->raises, new);
}

static void compare_attribute(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    evolve_annotations(run, old, new);
    compare_once(run, old, new);
    compare_overlap(run, old, new);
    compare_deadline(run, old, new);
    const evolve_rule_id rule = evolve_value_rule(run, old, new);
    if (rule != EVOLVE_NO_RULE) {
        evolve_report(run, rule, &new->range, "attribute '%s' is of another type", new->scoped_name);
    }
    if (old->is_readonly != new->is_readonly) {
        evolve_report(run, new->is_readonly ? EVOLVE_RULE_READONLY_ADDED : EVOLVE_RULE_READONLY_REMOVED, &new->range,
                      "attribute '%s' can %s be written", new->scoped_name, new->is_readonly ? "not" : "also");
    }
    if (!new->is_readonly && !old->is_readonly) {
        compare_idempotent(run, old, new); /* reading always is */
        compare_raises(run, &old->set_raises, &new->set_raises, new);
    }
    compare_raises(run, &old->raises, &new->raises, new);
}

/* ---- interfaces ---- */

static bool is_called(const idl_decl *decl)
{
    return decl->kind == IDL_OPERATION || decl->kind == IDL_ATTRIBUTE;
}

static const idl_decl *in_interface(const idl_decl *interface, const idl_decl *like)
{
    const idl_decl *found = child_named(interface, like->name);
    return found != NULL && found->kind == like->kind ? found : NULL;
}

static bool inherits(const idl_decl *heir, const idl_decl *base)
{
    for (size_t i = 0; i < heir->all_bases.length; i++) {
        if (heir->all_bases.items[i] == base) {
            return true;
        }
    }
    return false;
}

/* Where an operation that is gone from interface has come up among its bases and heirs; NULL: nowhere. */
static const idl_decl *moved_to(evolve_run *run, const idl_decl *gone, const idl_decl *interface)
{
    for (size_t i = 0; i < run->new.length; i++) {
        const idl_decl *other = run->new.items[i];
        if (other->kind == IDL_INTERFACE && (inherits(other, interface) || inherits(interface, other))) {
            const idl_decl *found = in_interface(other, gone);
            const idl_decl *before = found == NULL ? NULL : evolve_find(&run->old, other->scoped_name);
            if (found != NULL && (before == NULL || in_interface(before, gone) == NULL)) {
                return found;
            }
        }
    }
    return NULL;
}

static void report_gone(evolve_run *run, const idl_decl *gone, const idl_decl *interface)
{
    const char *what = gone->kind == IDL_OPERATION ? "operation" : "attribute";
    const idl_decl *moved = moved_to(run, gone, interface);
    if (moved != NULL) {
        evolve_report(run, EVOLVE_RULE_OPERATION_MOVED, &moved->range, "%s '%s' has become '%s'", what, gone->scoped_name,
                      moved->scoped_name);
        return;
    }
    evolve_report(run, gone->kind == IDL_OPERATION ? EVOLVE_RULE_OPERATION_REMOVED : EVOLVE_RULE_ATTRIBUTE_REMOVED, &gone->range,
                  "%s '%s' is gone", what, gone->scoped_name);
}

static void compare_base_lists(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    for (size_t i = 0; i < old->all_bases.length; i++) {
        if (!lists_exception(&new->all_bases, old->all_bases.items[i]->scoped_name)) {
            evolve_report(run, EVOLVE_RULE_BASE_REMOVED, &new->range, "'%s' does not inherit from '%s' any more",
                          new->scoped_name, old->all_bases.items[i]->scoped_name);
        }
    }
    for (size_t i = 0; i < new->all_bases.length; i++) {
        if (!lists_exception(&old->all_bases, new->all_bases.items[i]->scoped_name)) {
            evolve_report(run, EVOLVE_RULE_BASE_ADDED, &new->range, "'%s' inherits from '%s' now", new->scoped_name,
                          new->all_bases.items[i]->scoped_name);
        }
    }
}

/* Of an interface, by name. */
static idl_names table_of(evolve_run *run, const idl_decl *interface)
{
    idl_names table = { 0 };
    for (const idl_decl *at = interface->children; at != NULL; at = at->next) {
        if (is_called(at)) {
            idl_names_put(&table, run->arena, at->name, strlen(at->name), (void *)(uintptr_t)at);
        }
    }
    return table;
}

static const idl_decl *same_in(const idl_names *table, const idl_decl *like)
{
    const idl_decl *found = idl_names_get(table, like->name, strlen(like->name));
    return found != NULL && found->kind == like->kind ? found : NULL;
}

static void compare_serial(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const emit_serial before = emit_serial_of(old), now = emit_serial_of(new);
    if ((before == EMIT_NOT_SERIAL) != (now == EMIT_NOT_SERIAL)) {
        evolve_report(run, now != EMIT_NOT_SERIAL ? EVOLVE_RULE_SERIAL_ADDED : EVOLVE_RULE_SERIAL_REMOVED, &new->range,
                      "objects of '%s' %s", new->scoped_name,
                      now != EMIT_NOT_SERIAL ? "take one chain of calls at a time" : "take calls as they come");
    }
    if ((before == EMIT_STRICT) != (now == EMIT_STRICT)) {
        evolve_report(run, now == EMIT_STRICT ? EVOLVE_RULE_STRICT_ADDED : EVOLVE_RULE_STRICT_REMOVED, &new->range,
                      "objects of '%s' %s a chain that comes back to them", new->scoped_name,
                      now == EMIT_STRICT ? "refuse" : "do not refuse");
    }
}

void evolve_interface(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    if (old->is_local != new->is_local) {
        evolve_report(run, EVOLVE_RULE_LOCAL_CHANGED, &new->range, "'%s' is %s", new->scoped_name,
                      new->is_local ? "local now" : "not local any more");
    }
    compare_serial(run, old, new);
    compare_base_lists(run, old, new);
    const idl_names before = table_of(run, old), now = table_of(run, new);
    for (const idl_decl *at = old->children; at != NULL; at = at->next) {
        const idl_decl *same = is_called(at) ? same_in(&now, at) : NULL;
        if (is_called(at) && same == NULL) {
            report_gone(run, at, new);
        } else if (same != NULL && at->kind == IDL_OPERATION) {
            compare_operation(run, at, same);
        } else if (same != NULL) {
            compare_attribute(run, at, same);
        }
    }
    for (const idl_decl *at = new->children; at != NULL; at = at->next) {
        if (is_called(at) && same_in(&before, at) == NULL) {
            evolve_report(run, at->kind == IDL_OPERATION ? EVOLVE_RULE_OPERATION_ADDED : EVOLVE_RULE_ATTRIBUTE_ADDED, &at->range,
                          "%s '%s' is new", at->kind == IDL_OPERATION ? "operation" : "attribute", at->scoped_name);
        }
    }
}
