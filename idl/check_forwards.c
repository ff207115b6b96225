/* What was declared forward has to be defined. */
#include "idl/parser.h"

/* Modules nest no deeper than IDL_NESTING_LIMIT. */
static void check(idl_parser *parser, const idl_decl *first)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (decl->kind == IDL_MODULE) {
            check(parser, decl->children);
        } else if (decl->kind == IDL_FORWARD) {
            idl_node *definition = idl_node_of(decl->definition);
            if (!definition->is_defined && !definition->is_poisoned) {
                definition->is_poisoned = true;
                idl_error(parser->diagnostics, &decl->range, "interface '%s' is declared but never defined", decl->name);
            }
        }
    }
}

void idl_check_forwards(idl_parser *parser)
{
    check(parser, parser->unit->definitions);
}
