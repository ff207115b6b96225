/* Where '@stream' may stand: before a result and before one `in` parameter, which are sequences without a bound. */
#include "idl/parser.h"

static void check_type(idl_parser *parser, idl_decl *decl, const idl_range *at)
{
    const idl_type *type = decl->type == parser->bad_type ? NULL : idl_type_resolve(decl->type);
    const bool is_known = type != NULL && type != parser->bad_type; /* else it was reported */
    if (is_known && type->kind != IDL_SEQUENCE) {
        idl_error(parser->diagnostics, IDL_DIAG_STREAM_TYPE, at, "'@stream' is for a sequence, whose items flow one by one");
    } else if (is_known && type->bound > 0) {
        idl_error(parser->diagnostics, IDL_DIAG_STREAM_BOUND, at,
                  "a stream of a bounded sequence: nobody counts its items, so leave the bound out");
    }
    decl->is_stream = is_known && type->kind == IDL_SEQUENCE && type->bound == 0;
}

static const idl_range *place_of(const idl_decl *decl)
{
    return &idl_annotation_find(decl->annotations, "stream")->range;
}

static void check_parameters(idl_parser *parser, const idl_decl *operation)
{
    const idl_decl *first = NULL;
    for (idl_decl *at = operation->children; at != NULL; at = at->next) {
        if (!at->is_stream) {
            continue;
        }
        const idl_range *range = place_of(at);
        if (at->direction != IDL_IN) {
            at->is_stream = false;
            idl_error(parser->diagnostics, IDL_DIAG_STREAM_DIRECTION, range,
                      "an output is no stream: what flows to the caller is the result");
        } else if (operation->is_oneway) {
            at->is_stream = false;
            idl_error(parser->diagnostics, IDL_DIAG_ONEWAY_STREAM, range,
                      "a oneway operation has no stream: it is over when it is sent");
        } else if (first != NULL) {
            at->is_stream = false;
            idl_error(parser->diagnostics, IDL_DIAG_REPEATED_STREAM, range, "only one parameter of an operation is a stream");
            idl_note(parser->diagnostics, &first->range, "the first is here");
        } else {
            first = at;
            check_type(parser, at, range);
        }
    }
}

void idl_check_streams(idl_parser *parser, idl_node *operation)
{
    idl_decl *const decl = &operation->decl;
    if (decl->is_stream && decl->is_oneway) { /* that it has a result was reported */
        decl->is_stream = false;
    } else if (decl->is_stream) {
        check_type(parser, decl, place_of(decl));
    }
    check_parameters(parser, decl);
}
