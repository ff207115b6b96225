/* Bitsets: integers of any width, side by side. */
#include "idl/parser.h"

#include <inttypes.h>

/* All bit fields of a bitset together, its base's too. */
#define WIDTH_LIMIT 64

/* The type of a bit field that names none: as narrow as can be. */
static const idl_type *type_of_width(idl_parser *parser, uint32_t width, const idl_range *range)
{
    return idl_make_type(parser,
                         width == 1    ? IDL_BOOLEAN
                         : width <= 8  ? IDL_OCTET
                         : width <= 16 ? IDL_UINT16
                         : width <= 32 ? IDL_UINT32
                                       : IDL_UINT64,
                         range);
}

/* How many bits a value of the type can have; 0: it is no type for a bit field. */
static uint32_t width_of_type(const idl_type *type)
{
    switch (type->kind) {
    case IDL_BOOLEAN:
        return 1;
    case IDL_OCTET:
    case IDL_INT8:
    case IDL_UINT8:
        return 8;
    case IDL_INT16:
    case IDL_UINT16:
        return 16;
    case IDL_INT32:
    case IDL_UINT32:
        return 32;
    case IDL_INT64:
    case IDL_UINT64:
        return 64;
    default:
        return 0;
    }
}

/* destination_type = boolean_type | octet_type | integer_type */
static const idl_type *destination_type(idl_parser *parser, uint32_t width)
{
    const idl_type *type = idl_parse_type_spec(parser);
    if (type == parser->bad_type) {
        return type;
    }
    const uint32_t most = width_of_type(idl_type_resolve(type));
    if (most == 0) {
        idl_error(parser->diagnostics, IDL_DIAG_BIT_FIELD_TYPE, &type->range, "a bit field is an integer, an octet or a boolean");
    } else if (width > most) {
        idl_error(parser->diagnostics, IDL_DIAG_BIT_FIELD_WIDTH, &type->range,
                  "a bit field of %" PRIu32 " bits does not fit into this type, which has %" PRIu32, width, most);
    } else {
        return type;
    }
    return parser->bad_type;
}

/* The name of a field, or of a nameless one: "". */
static void declare_field(idl_parser *parser, idl_node *owner, idl_token *name, const idl_decl *like, idl_annotation *annotations)
{
    idl_node *node;
    if (name->name == NULL) {
        name->name = "";
        node = idl_make_node(parser, IDL_BITFIELD, name, like->doc);
        idl_append(parser, node);
    } else {
        node = idl_declare(parser, IDL_BITFIELD, name, like->doc);
    }
    node->decl.type = like->type;
    node->decl.bits = like->bits;
    node->decl.offset = owner->decl.bits;
    owner->decl.bits += like->bits;
    idl_annotate(parser, node, annotations);
    if (owner->decl.bits > WIDTH_LIMIT) {
        if (owner->decl.bits - like->bits <= WIDTH_LIMIT) {
            idl_error(parser->diagnostics, IDL_DIAG_BITSET_WIDTH, &name->range, "bitset '%s' is wider than %d bits",
                      owner->decl.name, WIDTH_LIMIT);
        }
        owner->decl.bits = WIDTH_LIMIT + 1;
    }
}

/* bitfield = { annotation_appl } "bitfield" "<" positive_int_const [ "," destination_type ] ">" { identifier } ";" */
static bool bitfield(idl_parser *parser, idl_node *owner)
{
    idl_decl like = { .doc = parser->token.doc };
    idl_annotation *annotations = idl_parse_annotations(parser);
    like.doc = like.doc == NULL ? parser->token.doc : like.doc;
    const idl_range keyword = parser->token.range;
    if (!idl_parser_take_keyword(parser, IDL_KEYWORD_BITFIELD)) {
        return idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_DEFINITION, "'bitfield' or '}'");
    }
    if (!idl_parser_expect(parser, '<', "'<' after 'bitfield'")) {
        return false;
    }
    const idl_range number = parser->token.range;
    uint64_t width = idl_parse_bound(parser);
    if (width > WIDTH_LIMIT) {
        idl_error(parser->diagnostics, IDL_DIAG_BIT_FIELD_WIDTH, &number, "a bit field has at most %d bits", WIDTH_LIMIT);
        width = 0;
    }
    like.bits = width == 0 ? 1 : (uint32_t)width;
    if (idl_parser_take_mark(parser, ',')) {
        like.type = destination_type(parser, like.bits);
    } else {
        like.type = type_of_width(parser, like.bits, &keyword);
    }
    if (!idl_parser_expect(parser, '>', "'>'")) {
        return false;
    }
    idl_node *before = owner->decl.children == NULL ? NULL : idl_node_of(owner->last);
    if (idl_parser_is_mark(parser, ';')) {
        idl_token none = { .range = keyword };
        declare_field(parser, owner, &none, &like, annotations);
    }
    while (!idl_parser_is_mark(parser, ';')) {
        idl_token name;
        if (!idl_parse_identifier(parser, "a name for the bit field", &name)) {
            return false;
        }
        declare_field(parser, owner, &name, &like, annotations);
    }
    const bool ok = idl_parser_expect_semicolon(parser, "a bit field");
    const idl_decl *first = before == NULL ? owner->decl.children : before->decl.next;
    if (first != NULL) {
        idl_take_trailing(parser, idl_node_of(first));
    }
    return ok;
}

/* ":" scoped_name */
static void inheritance(idl_parser *parser, idl_node *node)
{
    idl_range range;
    idl_parser_advance(parser);
    const idl_node *base = idl_parse_scoped_name(parser, IDL_WANT_BITSET, &range);
    if (base == NULL) {
        node->is_poisoned = true;
        return;
    }
    if (base == node) {
        idl_error(parser->diagnostics, IDL_DIAG_INHERITS_ITSELF, &range, "bitset '%s' cannot inherit from itself",
                  node->decl.name);
        return;
    }
    const idl_decl **bases = idl_arena_alloc(parser->arena, sizeof *bases);
    bases[0] = &base->decl;
    node->decl.bases = (idl_decl_list) { 1, bases };
    node->decl.bits = base->decl.bits;
    idl_set_depth(parser, node, base->depth + 1);
    idl_inherit_names(parser, node, base);
}

/* bitset_dcl = "bitset" identifier [ ":" scoped_name ] "{" { bitfield } "}" */
bool idl_parse_bitset_dcl(idl_parser *parser, idl_lead lead, idl_node **ret)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the bitset", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_BITSET, &name, lead.doc);
    idl_annotate(parser, node, lead.annotations);
    *ret = node;
    idl_node *outer = parser->owner;
    idl_enter_scope(parser, node); /* so that even one with a broken body has a scope */
    idl_leave_scope(parser, outer);
    if (idl_parser_is_mark(parser, ':')) {
        inheritance(parser, node);
    }
    const idl_range open = parser->token.range;
    if (!idl_parser_expect(parser, '{', "'{'")) {
        return false;
    }
    const uint32_t errors = parser->diagnostics->errors;
    idl_enter_scope(parser, node);
    while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '}') && !idl_parser_at_definition(parser)) {
        if (!bitfield(parser, node)) {
            idl_parser_recover(parser);
        }
    }
    idl_leave_scope(parser, outer);
    if (node->decl.bits == 0 && errors == parser->diagnostics->errors && !node->is_poisoned) {
        idl_error(parser->diagnostics, IDL_DIAG_EMPTY_DEFINITION, &name.range, "bitset '%s' has no bits", name.name);
    }
    return idl_parser_expect_close(parser, &open);
}
