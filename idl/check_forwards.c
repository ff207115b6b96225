/* What was declared forward has to be defined. Of an interface the name alone is of use: references to it can be passed on. */
#include "idl/parser.h"

static void check_one(idl_parser *parser, const idl_decl *forward)
{
    idl_node *definition = idl_node_of(forward->definition);
    if (definition->is_defined || definition->is_poisoned || definition->decl.is_undefined) {
        return;
    }
    if (definition->decl.kind == IDL_INTERFACE) {
        definition->decl.is_undefined = true;
        idl_warning(parser->diagnostics, IDL_DIAG_UNDEFINED_INTERFACE, &forward->range,
                    "interface '%s' is declared but never defined", forward->name);
        return;
    }
    definition->is_poisoned = true;
    idl_error(parser->diagnostics, IDL_DIAG_UNDEFINED_TYPE, &forward->range, "%s '%s' is declared but never defined",
              definition->decl.kind == IDL_STRUCT ? "struct" : "union", forward->name);
}

/* Modules nest no deeper than IDL_NESTING_LIMIT. */
static void check(idl_parser *parser, const idl_decl *first)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (decl->kind == IDL_MODULE || decl->kind == IDL_INTERFACE) {
            check(parser, decl->children);
        } else if (decl->kind == IDL_FORWARD) {
            check_one(parser, decl);
        }
    }
}

void idl_check_forwards(idl_parser *parser)
{
    check(parser, parser->unit->definitions);
}
