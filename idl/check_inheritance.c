/* What an interface gets from its bases: the list of all of them, the list of all members, and no name in it twice. */
#include "idl/parser.h"

#include <string.h>

static void charge(idl_parser *parser, const idl_node *interface, size_t count)
{
    parser->inherited += count;
    if (parser->inherited > IDL_INHERITED_LIMIT) {
        idl_fatal(parser->diagnostics, &interface->decl.range, "the interfaces up to here inherit more than %d bases and members",
                  IDL_INHERITED_LIMIT);
    }
}

/* Direct and indirect bases, each once, a base before its heirs. */
static void list_bases(idl_parser *parser, idl_node *interface, idl_decl_list bases)
{
    size_t most = 0;
    for (size_t i = 0; i < bases.length; i++) {
        most += bases.items[i]->all_bases.length + 1;
    }
    charge(parser, interface, most);
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

/* Takes in names of one base: its own, or those that it inherits. Two different things under one name are reported once a base.
 */
static void inherit(idl_parser *parser, idl_node *interface, const idl_names *names, const idl_range *range, bool *reported)
{
    void *value;
    const struct idl_name *at = NULL;
    while ((at = idl_names_next(names, at, &value)) != NULL) {
        idl_node *member = value;
        const size_t length = strlen(member->key);
        const idl_node *old = idl_names_get(&interface->scope->inherited, member->key, length);
        charge(parser, interface, 1);
        if (old == NULL) {
            idl_names_put(&interface->scope->inherited, parser->arena, member->key, length, member);
        } else if (old != member && !old->is_poisoned && !member->is_poisoned && !*reported) {
            *reported = true;
            idl_error(parser->diagnostics, range, "interface '%s' inherits two different '%s'", interface->decl.name,
                      member->decl.name);
            idl_note(parser->diagnostics, &old->decl.range, "one is '%s'", old->decl.scoped_name);
            idl_note(parser->diagnostics, &member->decl.range, "the other is '%s'", member->decl.scoped_name);
        }
    }
}

void idl_check_bases(idl_parser *parser, idl_node *interface, idl_decl_list bases, const idl_range *ranges)
{
    list_bases(parser, interface, bases);
    for (size_t i = 0; i < bases.length; i++) {
        const idl_scope *base = idl_node_of(bases.items[i])->scope;
        bool reported = false;
        inherit(parser, interface, &base->inherited, &ranges[i], &reported);
        inherit(parser, interface, &base->names, &ranges[i], &reported);
    }
}

void idl_list_members(idl_parser *parser, idl_node *interface)
{
    const idl_decl_list bases = interface->decl.all_bases;
    size_t inherited = 0;
    for (size_t i = 0; i < bases.length; i++) {
        inherited += idl_node_of(bases.items[i])->n_children;
    }
    charge(parser, interface, inherited);
    const idl_decl **members = idl_arena_alloc(parser->arena, (inherited + interface->n_children + 1) * sizeof *members);
    size_t length = 0;
    for (size_t i = 0; i <= bases.length; i++) {
        const idl_decl *from = i < bases.length ? bases.items[i] : &interface->decl;
        for (const idl_decl *member = from->children; member != NULL; member = member->next) {
            members[length++] = member;
        }
    }
    interface->decl.members = (idl_decl_list) { length, members };
}

idl_decl_list idl_interface_members(const idl_unit *unit, const idl_decl *interface)
{
    (void)unit;
    return interface->members;
}
