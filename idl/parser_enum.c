/* Enums and bitmasks: lists of names with a number each. */
#include "idl/parser.h"

#include <inttypes.h>

#define BIT_BOUND_DEFAULT 32

/* An enum or a bitmask while it is read. */
typedef struct open_list {
    idl_node *node;
    idl_value next;    /* number of the next one, unless it says otherwise */
    idl_names numbers; /* idl_node of each, by number */
} open_list;

/* Two of one number are an error. */
static void enter_number(idl_parser *parser, open_list *open, idl_node *node, const char *what)
{
    typedef struct number_key {
        uint64_t magnitude;
        uint64_t negative;
    } number_key;
    number_key *key = idl_arena_alloc(parser->arena, sizeof *key);
    *key = (number_key) { node->decl.value.magnitude, node->decl.value.negative };
    const idl_node *old = idl_names_get(&open->numbers, (const char *)key, sizeof *key);
    if (old == NULL) {
        idl_names_put(&open->numbers, parser->arena, (const char *)key, sizeof *key, node);
        return;
    }
    idl_error(parser->diagnostics, IDL_DIAG_DUPLICATE_ENUM_VALUE, &node->decl.range, "'%s' has the same %s as '%s'",
              node->decl.name, what, old->decl.name);
    idl_note(parser->diagnostics, &old->decl.range, "declared here");
}

/* The number after this one. */
static void count_on(open_list *open, const idl_value *value)
{
    open->next = *value;
    open->next.magnitude += value->negative ? UINT64_MAX : 1;
    open->next.negative = value->negative && open->next.magnitude > 0;
}

static bool fits_enum(const idl_decl *decl, const idl_value *value)
{
    const unsigned bits = decl->bits == 0 ? 32 : decl->bits;
    const uint64_t half = UINT64_C(1) << (bits - 1);
    return value->negative ? value->magnitude <= half : value->magnitude < half;
}

/* enumerator = { annotation_appl } identifier */
static bool enumerator(idl_parser *parser, open_list *open, idl_node **ret)
{
    idl_token name;
    const char *doc = parser->token.doc;
    idl_annotation *annotations = idl_parse_annotations(parser);
    doc = doc == NULL ? parser->token.doc : doc;
    if (!idl_parse_identifier(parser, "an enumerator", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_ENUMERATOR, &name, doc);
    idl_decl *decl = &node->decl;
    node->of_enum = &open->node->decl;
    decl->value = open->next;
    idl_annotate(parser, node, annotations);
    if (!fits_enum(node->of_enum, &decl->value)) {
        idl_error(parser->diagnostics, IDL_DIAG_ENUM_VALUE_OUT_OF_RANGE, &decl->range,
                  "the value of '%s', %s%" PRIu64 ", does not fit into %u bits", decl->name, decl->value.negative ? "-" : "",
                  decl->value.magnitude, node->of_enum->bits == 0 ? 32 : node->of_enum->bits);
    } else {
        enter_number(parser, open, node, "value");
    }
    count_on(open, &decl->value);
    *ret = node;
    return true;
}

/* bit_value = { annotation_appl } identifier */
static bool bit_value(idl_parser *parser, open_list *open, idl_node **ret)
{
    idl_token name;
    const char *doc = parser->token.doc;
    idl_annotation *annotations = idl_parse_annotations(parser);
    doc = doc == NULL ? parser->token.doc : doc;
    if (!idl_parse_identifier(parser, "a name for the bit", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_BIT, &name, doc);
    idl_decl *decl = &node->decl;
    node->of_enum = &open->node->decl;
    decl->value = open->next;
    idl_annotate(parser, node, annotations);
    if (decl->value.magnitude >= open->node->decl.bits) {
        idl_error(parser->diagnostics, IDL_DIAG_ENUM_VALUE_OUT_OF_RANGE, &decl->range,
                  "bit '%s' has position %" PRIu64 ", and bitmask '%s' has %" PRIu32 " bits", decl->name, decl->value.magnitude,
                  open->node->decl.name, open->node->decl.bits);
        decl->value.magnitude = 0;
    } else {
        enter_number(parser, open, node, "position");
    }
    count_on(open, &decl->value);
    *ret = node;
    return true;
}

/* "{" item { "," item } "}" */
static bool items(idl_parser *parser, open_list *open, bool (*item)(idl_parser *, open_list *, idl_node **))
{
    const idl_range brace = parser->token.range;
    if (!idl_parser_expect(parser, '{', "'{'")) {
        return false;
    }
    bool ok = true;
    bool more = true;
    while (ok && more) {
        idl_node *last = NULL;
        ok = item(parser, open, &last);
        if (ok) {
            idl_take_trailing(parser, last);
            more = idl_parser_take_mark(parser, ',');
            idl_take_trailing(parser, last);
        }
    }
    if (ok && !idl_parser_is_mark(parser, '}') && !idl_parser_at_definition(parser)) {
        ok = idl_parser_unexpected(parser, IDL_DIAG_EXPECTED_SEPARATOR, "',' or '}'");
    }
    if (!ok) {
        /* Names may follow: to the end of the block, so that one error is one message. */
        while (parser->token.kind != IDL_TOKEN_END && !idl_parser_is_mark(parser, '}') && !idl_parser_at_definition(parser)) {
            idl_parser_advance(parser);
        }
    }
    return idl_parser_expect_close(parser, &brace);
}

/* enum_dcl = "enum" identifier "{" enumerator { "," enumerator } "}" */
bool idl_parse_enum_dcl(idl_parser *parser, idl_lead lead, idl_node **ret)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the enum", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_ENUM, &name, lead.doc);
    idl_annotate(parser, node, lead.annotations);
    *ret = node;
    open_list open = { .node = node, .next = { .kind = IDL_VALUE_INTEGER } };
    idl_node *outer = parser->owner;
    parser->owner = node; /* the enumerators are its children, but their names belong to the scope around */
    const bool ok = items(parser, &open, enumerator);
    parser->owner = outer;
    return ok;
}

/* bitmask_dcl = "bitmask" identifier "{" bit_value { "," bit_value } "}" */
bool idl_parse_bitmask_dcl(idl_parser *parser, idl_lead lead, idl_node **ret)
{
    idl_token name;
    idl_parser_advance(parser);
    if (!idl_parse_identifier(parser, "a name for the bitmask", &name)) {
        return false;
    }
    idl_node *node = idl_declare(parser, IDL_BITMASK, &name, lead.doc);
    idl_annotate(parser, node, lead.annotations);
    if (node->decl.bits == 0) {
        node->decl.bits = BIT_BOUND_DEFAULT;
    }
    *ret = node;
    open_list open = { .node = node, .next = { .kind = IDL_VALUE_INTEGER } };
    idl_node *outer = parser->owner;
    idl_enter_scope(parser, node);
    const bool ok = items(parser, &open, bit_value);
    idl_leave_scope(parser, outer);
    return ok;
}
