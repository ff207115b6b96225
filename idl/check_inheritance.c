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

void idl_check_bases(idl_parser *parser, idl_node *interface, idl_decl_list bases, const idl_range *ranges)
{
    (void)ranges;
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

/* Takes in what one base has. False: a name of it came from another base, which was reported. */
static void inherit(idl_parser *parser, const idl_node *interface, const idl_decl *base, const idl_range *range, idl_names *names)
{
    bool reported = false;
    for (size_t i = 0; i < base->members.length; i++) {
        idl_node *member = idl_node_of(base->members.items[i]);
        const idl_node *old = idl_names_get(names, member->key, strlen(member->key));
        if (old == NULL) {
            idl_names_put(names, parser->arena, member->key, strlen(member->key), member);
        } else if (old != member && !reported) {
            reported = true;
            idl_error(parser->diagnostics, range, "interface '%s' inherits two different '%s'", interface->decl.name,
                      member->decl.name);
            idl_note(parser->diagnostics, &old->decl.range, "one is '%s'", old->decl.scoped_name);
            idl_note(parser->diagnostics, &member->decl.range, "the other is '%s'", member->decl.scoped_name);
        }
    }
}

void idl_check_members(idl_parser *parser, idl_node *interface, const idl_range *ranges)
{
    const idl_decl_list bases = interface->decl.bases;
    idl_names names = { 0 };
    size_t count = 0;
    for (size_t i = 0; i < bases.length; i++) {
        charge(parser, interface, bases.items[i]->members.length);
        inherit(parser, interface, bases.items[i], &ranges[i], &names);
    }
    for (const idl_decl *own = interface->decl.children; own != NULL; own = own->next) {
        count++;
        const idl_node *node = idl_node_of(own);
        const idl_node *old = idl_names_get(&names, node->key, strlen(node->key));
        if (old != NULL) {
            idl_error(parser->diagnostics, &own->range, "'%s' is already inherited: '%s'", own->name, old->decl.scoped_name);
            idl_note(parser->diagnostics, &old->decl.range, "declared here");
        }
    }
    const idl_decl_list all = interface->decl.all_bases;
    for (size_t i = 0; i < all.length; i++) {
        for (const idl_decl *member = all.items[i]->children; member != NULL; member = member->next) {
            count++;
        }
    }
    charge(parser, interface, count);
    const idl_decl **members = idl_arena_alloc(parser->arena, (count + 1) * sizeof *members);
    size_t length = 0;
    for (size_t i = 0; i <= all.length; i++) {
        const idl_decl *from = i < all.length ? all.items[i] : &interface->decl;
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
