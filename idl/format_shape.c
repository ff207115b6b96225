/* The machine of the formatter's grammar: takes token after token, says what does not fit, and puts its state aside at an #if. */
#include "idl/format_grammar.h"
#include "idl/preprocess.h"

#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

static const char *wanted_by(unsigned symbol, char *text, size_t size)
{
    switch (symbol) {
    case NAME:
    case IDL_SYMBOL_MEMBER_NAME:
        return "a name";
    case IDL_SYMBOL_STRING:
        return "a string";
    case IDL_SYMBOL_END:
    case DEFINITION:
        return "a definition";
    case PARAMETER:
        return "'in', 'out' or 'inout'";
    case MODULE_REST:
        return "'{'";
    case PRIMARY:
        return "a value";
    case TYPE:
        return "a type";
    case EXPORT:
    case GENERIC_ITEM:
        return "an operation, an attribute or '}'";
    case MEMBER:
        return "a member or '}'";
    case ANNOTATION_NAME:
        return "the name of an annotation";
    default:
        if (symbol == IDL_MARK_SCOPE) {
            return "'::'";
        }
        if (symbol < 127) {
            snprintf(text, size, "'%c'", (char)symbol);
        } else if (symbol > IDL_SYMBOL_KEYWORD && symbol < SPECIFICATION) {
            snprintf(text, size, "'%s'", idl_keyword_word((idl_keyword)(symbol - IDL_SYMBOL_KEYWORD)));
        } else {
            return "something else";
        }
        return text;
    }
}

/* As the parser's messages have them. */
static idl_diagnostic_id id_of(unsigned wanted)
{
    switch (wanted) {
    case NAME:
    case IDL_SYMBOL_MEMBER_NAME:
    case ANNOTATION_NAME:
        return IDL_DIAG_EXPECTED_NAME;
    case IDL_SYMBOL_STRING:
        return IDL_DIAG_EXPECTED_STRING;
    case IDL_SYMBOL_END:
    case DEFINITION:
    case EXPORT:
    case GENERIC_ITEM:
    case MEMBER:
        return IDL_DIAG_EXPECTED_DEFINITION;
    case PRIMARY:
        return IDL_DIAG_EXPECTED_VALUE;
    case TYPE:
        return IDL_DIAG_EXPECTED_TYPE;
    case ';':
        return IDL_DIAG_MISSING_SEMICOLON;
    case '}':
        return IDL_DIAG_MISSING_BRACE;
    case ',':
    case ':':
    case '=':
        return IDL_DIAG_EXPECTED_SEPARATOR;
    default:
        return wanted < 127 || wanted == MODULE_REST ? IDL_DIAG_EXPECTED_BRACKET : IDL_DIAG_EXPECTED_WORD;
    }
}

/* What nests too deeply, when there is no room for that rule. */
static idl_diagnostic_id nesting_of(unsigned symbol)
{
    return symbol == DEFINITION || symbol == DEFINITIONS || symbol == MODULE_REST ? IDL_DIAG_MODULE_NESTING
           : symbol >= STRINGS || symbol == ARGUMENTS                             ? IDL_DIAG_EXPRESSION_NESTING
                                                                                  : IDL_DIAG_TYPE_NESTING;
}

static bool complain(idl_shape *shape, unsigned wanted, const idl_token *token)
{
    char text[IDL_TOKEN_TEXT];
    char name[32];
    idl_range range = token->range;
    const bool line_ended =
        token->begins_line || token->kind == IDL_TOKEN_END || (token->kind == IDL_TOKEN_PUNCTUATION && token->mark == '}');
    if (wanted == ';' && line_ended) {
        range = shape->previous_range;
        range.column += range.length;
        range.length = 1;
        idl_error(shape->diagnostics, id_of(wanted), &range, "expected ';'");
        return false;
    }
    idl_error(shape->diagnostics, id_of(wanted), &range, "expected %s, found %s", wanted_by(wanted, name, sizeof name),
              idl_token_text(token, text));
    return false;
}

/* ---- tokens ---- */

/* The terminal on top is the token. */
static void take(idl_shape *shape, idl_piece *piece, uint32_t symbol, const idl_token *token)
{
    piece->role = (uint8_t)(symbol >> 16);
    piece->depth = shape->expected.depth;
    piece->marks |= (uint16_t)shape->pending;
    shape->pending = 0;
    shape->previous = piece->symbol;
    shape->previous_range = token->range;
    if (piece->role == IDL_ROLE_OPEN_BODY && shape->expected.depth < UINT16_MAX) {
        shape->expected.depth++;
    } else if (piece->role == IDL_ROLE_CLOSE_BODY && shape->expected.depth > 0) {
        piece->depth = --shape->expected.depth;
    }
}

bool idl_shape_token(idl_shape *shape, const idl_token *token)
{
    idl_pieces *pieces = shape->pieces;
    idl_piece *piece = &pieces->items[pieces->length - 1];
    const unsigned next = piece->symbol;
    shape->token = token;
    if (token->kind == IDL_TOKEN_END && shape->n_branches > 0) {
        idl_error(shape->diagnostics, IDL_DIAG_CONDITION_NOT_CLOSED, &shape->branches[shape->n_branches - 1].range,
                  "this #if has no #endif");
        return false;
    }
    while (shape->expected.length > 0) {
        const uint32_t symbol = shape->expected.items[--shape->expected.length];
        const unsigned what = symbol & 0xFFFF;
        if (what >= KIND) {
            pieces->items[shape->item].item = (uint8_t)(what - KIND);
        } else if (what >= MARK) {
            static const uint16_t marks[] = { IDL_PIECE_ITEM,   IDL_PIECE_ELEMENT,  IDL_PIECE_ANNOTATED,
                                              IDL_PIECE_CLAUSE, IDL_PIECE_LABELLED, IDL_PIECE_LABEL };
            shape->pending |= marks[what - MARK];
            shape->item = what == ITEM ? pieces->length - 1 : shape->item;
        } else if (what < SPECIFICATION) {
            const bool is_joined = (symbol >> 16) != IDL_ROLE_SHIFT_END || token->adjacent;
            if (is_joined && (what == next || (what == NAME && idl_grammar_is_name(next)) ||
                              (what == IDL_SYMBOL_MEMBER_NAME && idl_grammar_is_member_name(next)))) {
                take(shape, piece, symbol, token);
                return true;
            }
            return complain(shape, what, token);
        } else if (!idl_grammar_expand(shape, what, next)) {
            if (shape->expected.length + 16 > IDL_EXPECTED_LIMIT) {
                idl_error(shape->diagnostics, nesting_of(what), &token->range, "this nests too deeply");
                return false;
            }
            return complain(shape, what, token);
        }
    }
    return complain(shape, IDL_SYMBOL_END, token);
}

/* ---- conditionals ---- */

static bool copy_expected(idl_shape *shape, idl_expected *to)
{
    free(to->items);
    *to = shape->expected;
    to->items = malloc((to->length + 1) * sizeof *to->items);
    if (to->items == NULL) {
        idl_stop(shape->diagnostics->arena, IDL_STOP_MEMORY);
    }
    memcpy(to->items, shape->expected.items, to->length * sizeof *to->items);
    return true;
}

static void take_up(idl_shape *shape, const idl_expected *from)
{
    memcpy(shape->expected.items, from->items, from->length * sizeof *from->items);
    shape->expected.length = from->length;
    shape->expected.depth = from->depth;
}

bool idl_shape_if(idl_shape *shape, const idl_range *range)
{
    if (shape->n_branches == IDL_CONDITIONS_LIMIT) {
        idl_error(shape->diagnostics, IDL_DIAG_CONDITION_SYNTAX, range, "conditionals nest deeper than %d", IDL_CONDITIONS_LIMIT);
        return false;
    }
    idl_branch *branch = &shape->branches[shape->n_branches];
    *branch = (idl_branch) { .range = *range };
    shape->n_branches++;
    return copy_expected(shape, &branch->before);
}

static bool without_if(const idl_shape *shape, const idl_range *range)
{
    if (shape->n_branches == 0) {
        idl_error(shape->diagnostics, IDL_DIAG_CONDITION_NOT_OPENED, range, "there is no #if before it");
    }
    return shape->n_branches == 0;
}

bool idl_shape_else(idl_shape *shape, const idl_range *range, bool is_last)
{
    if (without_if(shape, range)) {
        return false;
    }
    idl_branch *branch = &shape->branches[shape->n_branches - 1];
    if (branch->had_else) {
        idl_error(shape->diagnostics, IDL_DIAG_MISPLACED_ELSE, range, "the #else of this #if is over");
        return false;
    }
    branch->had_else = is_last;
    if (!branch->has_after) {
        branch->has_after = true;
        copy_expected(shape, &branch->after);
    }
    take_up(shape, &branch->before);
    return true;
}

bool idl_shape_endif(idl_shape *shape, const idl_range *range)
{
    if (without_if(shape, range)) {
        return false;
    }
    idl_branch *branch = &shape->branches[--shape->n_branches];
    if (branch->has_after) {
        take_up(shape, &branch->after);
    }
    free(branch->before.items);
    free(branch->after.items);
    *branch = (idl_branch) { 0 };
    return true;
}

bool idl_shape_init(idl_shape *shape, idl_diagnostics *diagnostics, idl_pieces *pieces)
{
    *shape = (idl_shape) { .diagnostics = diagnostics, .pieces = pieces };
    shape->expected.items = malloc(IDL_EXPECTED_LIMIT * sizeof *shape->expected.items);
    if (shape->expected.items == NULL) {
        return false;
    }
    return idl_grammar_push(shape, (const uint32_t[]) { SPECIFICATION }, 1);
}

void idl_shape_free(idl_shape *shape)
{
    free(shape->expected.items);
    for (size_t i = 0; i < shape->n_branches; i++) {
        free(shape->branches[i].before.items);
        free(shape->branches[i].after.items);
    }
}
