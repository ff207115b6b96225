/* Lists of what is known by a number on the wire: members, cases, bit fields, parameters. */
#include "codegen/evolve_impl.h"

#include <inttypes.h>
#include <string.h>

/* Tables of one list, so that long ones are compared quickly. */
typedef struct table {
    idl_names by_name, by_id;
} table;

static table table_of(idl_arena *arena, const evolve_items *list)
{
    table made = { 0 };
    for (size_t i = 0; i < list->length; i++) {
        evolve_item *item = &list->items[i];
        if (idl_names_get(&made.by_name, item->name, strlen(item->name)) == NULL) {
            idl_names_put(&made.by_name, arena, item->name, strlen(item->name), item);
        }
        if (idl_names_get(&made.by_id, (const char *)&item->id, sizeof item->id) == NULL) {
            idl_names_put(&made.by_id, arena, (const char *)&item->id, sizeof item->id, item);
        }
    }
    return made;
}

static const evolve_item *named(const table *list, const evolve_item *item)
{
    return idl_names_get(&list->by_name, item->name, strlen(item->name));
}

static const evolve_item *numbered(const table *list, const evolve_item *item)
{
    return idl_names_get(&list->by_id, (const char *)&item->id, sizeof item->id);
}

/* "member 'x' of 'S'", "the result of 'f'" */
static const char *describe(const evolve_lists *lists, const evolve_item *item, const idl_decl *owner)
{
    return item->is_result
               ? emit_format(lists->run->arena, "the result of '%s'", owner->scoped_name)
               : emit_format(lists->run->arena, "%s '%s' of '%s'", lists->rules->what, item->name, owner->scoped_name);
}

/* One of the same number and another name: the same under a new name, or something else. */
static void compare_successor(evolve_lists *lists, const evolve_item *old, const evolve_item *new)
{
    evolve_run *run = lists->run;
    const evolve_rule_id rule = evolve_type_rule(run, old->decl->type, new->decl->type);
    if (rule == EVOLVE_NO_RULE && old->is_result != new->is_result) {
        evolve_report(run, EVOLVE_RULE_PARAMETERS_REORDERED, &new->decl->range, "%s is %s now",
                      describe(lists, old, lists->owner_old), describe(lists, new, lists->owner_new));
        return;
    }
    if (rule != EVOLVE_NO_RULE) {
        evolve_report(run, lists->rules->replaced, &new->decl->range, "%s was number %" PRIu32 ", which is %s now",
                      describe(lists, old, lists->owner_old), old->id, describe(lists, new, lists->owner_new));
        return;
    }
    evolve_report(run, lists->rules->renamed, &new->decl->range, "%s is called '%s' now", describe(lists, old, lists->owner_old),
                  new->name);
    lists->on_kept(lists, old, new);
}

static void compare_old(evolve_lists *lists, const table *before, const table *now, const evolve_item *old)
{
    evolve_run *run = lists->run;
    const evolve_item *same = named(now, old), *successor = numbered(now, old);
    if (same != NULL) {
        lists->on_kept(lists, old, same);
    } else if (successor != NULL && named(before, successor) == NULL) {
        compare_successor(lists, old, successor);
    } else if (successor != NULL) {
        lists->is_shifted = true;
        evolve_report(run, lists->rules->removed_before_others, &old->decl->range,
                      "%s is gone, and its number %" PRIu32 " is that of '%s' now", describe(lists, old, lists->owner_old),
                      old->id, successor->name);
    } else {
        lists->on_removed(lists, old);
    }
}

static void compare_new(evolve_lists *lists, const table *before, const evolve_item *new, uint32_t highest)
{
    const evolve_item *predecessor = numbered(before, new);
    if (predecessor == NULL) {
        lists->on_added(lists, new);
        return;
    }
    lists->is_shifted = true;
    evolve_report(lists->run, lists->rules->inserted, &new->decl->range,
                  "%s is new, and its number %" PRIu32 " was that of '%s': put it last, or write @id(%" PRIu32 ") before it",
                  describe(lists, new, lists->owner_new), new->id, predecessor->name, highest + 1 - lists->first);
}

void evolve_compare_lists(evolve_lists *lists)
{
    idl_arena *arena = lists->run->arena;
    const table before = table_of(arena, &lists->old), now = table_of(arena, &lists->new);
    uint32_t highest = 0;
    for (size_t i = 0; i < lists->old.length; i++) {
        highest = lists->old.items[i].id > highest ? lists->old.items[i].id : highest;
        compare_old(lists, &before, &now, &lists->old.items[i]);
    }
    for (size_t i = 0; i < lists->new.length; i++) {
        const evolve_item *new = &lists->new.items[i], *predecessor = numbered(&before, new);
        const bool succeeds = predecessor != NULL && named(&now, predecessor) == NULL;
        if (named(&before, new) == NULL && !succeeds) {
            compare_new(lists, &before, new, highest);
        }
    }
    for (size_t i = 0; i < lists->old.length && !lists->is_shifted; i++) {
        const evolve_item *old = &lists->old.items[i], *new = named(&now, old);
        if (new != NULL &&new->id != old->id) {
            lists->is_shifted = true; /* one cause, one report */
            evolve_report(lists->run, lists->rules->renumbered, &new->decl->range, "%s was number %" PRIu32 " and is %" PRIu32,
                          describe(lists, new, lists->owner_new), old->id, new->id);
        }
    }
}

bool evolve_is_reordered(evolve_run *run, const evolve_items *old, const evolve_items *new)
{
    const table now = table_of(run->arena, new);
    const evolve_item *last = NULL;
    for (size_t i = 0; i < old->length; i++) {
        const evolve_item *same = named(&now, &old->items[i]);
        if (same != NULL && last != NULL && same < last) {
            return true;
        }
        last = same != NULL ? same : last;
    }
    return false;
}
