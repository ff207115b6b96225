/* Where '@once' has a meaning: before what has an effect and may be repeated only with a key. */
#include "idl/parser.h"

static bool has_stream(const idl_decl *operation)
{
    for (const idl_decl *at = operation->children; at != NULL; at = at->next) {
        if (at->is_stream) {
            return true;
        }
    }
    return operation->kind == IDL_OPERATION && operation->is_stream;
}

void idl_check_once(idl_parser *parser, const idl_decl *decl)
{
    const idl_annotation *once = idl_annotation_find(decl->annotations, "once");
    const char *why = NULL;
    if (once == NULL || !once->is_known) {
        return;
    }
    if (decl->kind == IDL_ATTRIBUTE && decl->is_readonly) {
        why = "to read an attribute has no effect that could happen twice";
    } else if (decl->is_oneway) {
        why = "a oneway operation is never repeated: nobody learns what became of it";
    } else if (has_stream(decl)) {
        why = "a call with streams is never repeated: its items have gone";
    } else if (idl_annotation_find(decl->annotations, "idempotent") != NULL ||
               idl_annotation_find(decl->annotations, "readonly_op") != NULL) {
        why = "it may be repeated as it is: leave one of the two out";
    }
    if (why != NULL) {
        idl_error(parser->diagnostics, IDL_DIAG_ONCE_WITHOUT_EFFECT, &once->range, "%s", why);
    }
}
