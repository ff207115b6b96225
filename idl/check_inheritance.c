/* What an interface gets from its bases: the list of all of them, the list of all members, and no name in it twice. */
#include "idl/parser.h"

#include <string.h>

void idl_charge_inherited(idl_parser *parser, const idl_node *heir, size_t count)
{
    parser->inherited += count;
    if (parser->inherited > IDL_INHERITED_LIMIT) {
        idl_fatal(parser->diagnostics, IDL_DIAG_INHERITANCE_LIMIT, &heir->decl.range,
                  "the interfaces up to here inherit more than %d bases and members", IDL_INHERITED_LIMIT);
    }
}

/* Direct and indirect bases, each once, a base before its heirs. */
static void list_bases(idl_parser *parser, idl_node *interface, idl_decl_list bases)
{
    size_t most = 0;
    for (size_t i = 0; i < bases.length; i++) {
        most += bases.items[i]->all_bases.length + 1;
    }
    idl_charge_inherited(parser, interface, most);
    const idl_decl **all = idl_arena_alloc(parser->arena, (most + 1) * sizeof *all);
    const uint64_t mark = ++parser->mark;
    size_t length = 0;
    for (size_t i = 0; i < bases.length; i++) {
        const idl_decl_list indirect = bases.items[i]->all_bases;
        for (size_t j = 0; j <= indirect.length; j++) {
            const idl_decl *base = j < indirect.length ? indirect.items[j] : bases.items[i];
            if (idl_node_of(base)->mark != mark) {
                idl_node_of(base)->mark = mark;
                all[length++] = base;
            }
        }
    }
    interface->decl.bases = bases;
    interface->decl.all_bases = (idl_decl_list) { length, all };
}

/* Operations and attributes are the interface's own under their names; types, constants and exceptions can be declared anew. */
static bool is_fixed(const idl_node *node)
{
    return node->decl.kind == IDL_OPERATION || node->decl.kind == IDL_ATTRIBUTE;
}

/* A name that stands for one thing in one base and for another in the next: using it is an error, but not inheriting it. */
static void make_ambiguous(idl_parser *parser, idl_node *interface, const idl_node *old, const idl_node *member)
{
    if (old->ambiguous != NULL) {
        return;
    }
    idl_node *both = idl_arena_alloc(parser->arena, sizeof *both);
    *both = *old;
    both->ambiguous = member;
    idl_names_remove(&interface->scope->inherited, both->key, strlen(both->key));
    idl_names_put(&interface->scope->inherited, parser->arena, both->key, strlen(both->key), both);
}

/* Takes in names of one base: its own, or those that it inherits. Two different members under one name are reported once a base.
 */
static void inherit(idl_parser *parser, idl_node *interface, const idl_names *names, const idl_names *hiding,
                    const idl_range *range, bool *reported)
{
    void *value;
    const struct idl_name *at = NULL;
    while ((at = idl_names_next(names, at, &value)) != NULL) {
        idl_node *member = value;
        const size_t length = strlen(member->key);
        idl_charge_inherited(parser, interface, 1);
        const idl_node *hider = hiding == NULL ? NULL : idl_names_get(hiding, member->key, length);
        if (hider != NULL && !hider->is_poisoned) {
            continue;
        }
        const idl_node *old = idl_names_get(&interface->scope->inherited, member->key, length);
        if (old == NULL) {
            idl_names_put(&interface->scope->inherited, parser->arena, member->key, length, member);
        } else if (old == member || old->is_poisoned || member->is_poisoned || *reported) {
            continue;
        } else if (!is_fixed(old) && !is_fixed(member)) {
            make_ambiguous(parser, interface, old, member);
        } else {
            *reported = true;
            idl_error(parser->diagnostics, IDL_DIAG_INHERITED_CLASH, range, "interface '%s' inherits two different '%s'",
                      interface->decl.name, member->decl.name);
            idl_note(parser->diagnostics, &old->decl.range, "one is '%s'", old->decl.scoped_name);
            idl_note(parser->diagnostics, &member->decl.range, "the other is '%s'", member->decl.scoped_name);
        }
    }
}

void idl_inherit_names(idl_parser *parser, idl_node *heir, const idl_node *base)
{
    bool reported = false;
    inherit(parser, heir, &base->scope->inherited, &base->scope->names, &heir->decl.range, &reported);
    inherit(parser, heir, &base->scope->names, NULL, &heir->decl.range, &reported);
}

/* A reference to an interface can leave the process unless it is local, and one to an abstract interface may be to a value. */
static void check_kinds(idl_parser *parser, const idl_node *interface, const idl_decl *base, const idl_range *range)
{
    const idl_decl *heir = &interface->decl;
    if (base->is_local && !heir->is_local) {
        idl_error(parser->diagnostics, IDL_DIAG_BASE_IS_LOCAL, range,
                  "interface '%s' is not local, and cannot inherit from '%s', which is", heir->name, base->name);
    } else if (heir->is_abstract && !base->is_abstract) {
        idl_error(parser->diagnostics, IDL_DIAG_BASE_NOT_ABSTRACT, range,
                  "interface '%s' is abstract, and cannot inherit from '%s', which is not", heir->name, base->name);
    } else {
        return;
    }
    idl_note(parser->diagnostics, &base->range, "declared here");
}

void idl_check_bases(idl_parser *parser, idl_node *interface, idl_decl_list bases, const idl_range *ranges)
{
    list_bases(parser, interface, bases);
    for (size_t i = 0; i < bases.length; i++) {
        const idl_scope *base = idl_node_of(bases.items[i])->scope;
        bool reported = false;
        check_kinds(parser, interface, bases.items[i], &ranges[i]);
        inherit(parser, interface, &base->inherited, &base->names, &ranges[i], &reported);
        inherit(parser, interface, &base->names, NULL, &ranges[i], &reported);
    }
}

void idl_list_members(idl_parser *parser, idl_node *interface)
{
    const idl_decl_list bases = interface->decl.all_bases;
    size_t inherited = 0;
    for (size_t i = 0; i < bases.length; i++) {
        inherited += idl_node_of(bases.items[i])->n_children;
    }
    idl_charge_inherited(parser, interface, inherited);
    const idl_decl **members = idl_arena_alloc(parser->arena, (inherited + interface->n_children + 1) * sizeof *members);
    size_t length = 0;
    for (size_t i = 0; i <= bases.length; i++) {
        const idl_decl *from = i < bases.length ? bases.items[i] : &interface->decl;
        for (const idl_decl *member = from->children; member != NULL; member = member->next) {
            if (is_fixed(idl_node_of(member))) {
                members[length++] = member;
            }
        }
    }
    interface->decl.members = (idl_decl_list) { length, members };
}

idl_decl_list idl_interface_members(const idl_unit *unit, const idl_decl *interface)
{
    (void)unit;
    return interface->members;
}
