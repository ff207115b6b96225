/* The condition of #if and #elif. A macro in it counts as what it is defined as, if that is 0 or 1 or another such macro; a name
 * that is no macro is 0. */
#include "idl/preprocess.h"

#include <string.h>

typedef struct condition_reader {
    idl_preprocessor *preprocessor;
    idl_token token;
    uint32_t depth;
    bool failed; /* and reported */
} condition_reader;

static bool or_condition(condition_reader *reader);

static void advance(condition_reader *reader)
{
    if (reader->token.kind != IDL_TOKEN_NEWLINE) {
        idl_lex(&reader->preprocessor->input->lexer, &reader->token);
    }
}

static bool is_mark(const condition_reader *reader, int mark)
{
    return reader->token.kind == IDL_TOKEN_PUNCTUATION && reader->token.mark == mark;
}

static bool is_name(const condition_reader *reader)
{
    return reader->token.kind == IDL_TOKEN_NAME || reader->token.kind == IDL_TOKEN_KEYWORD;
}

static bool fail(condition_reader *reader, const char *wanted)
{
    if (!reader->failed) {
        char text[IDL_TOKEN_TEXT];
        idl_error(reader->preprocessor->diagnostics, IDL_DIAG_CONDITION_SYNTAX, &reader->token.range,
                  "expected %s, found %s (conditions have defined, ||, &&, !, 0, 1 and parentheses)", wanted,
                  idl_token_text(&reader->token, text));
        reader->failed = true;
    }
    return false;
}

/* defined = "defined" ( name | "(" name ")" ) */
static bool defined_condition(condition_reader *reader)
{
    advance(reader);
    const bool parenthesis = is_mark(reader, '(');
    if (parenthesis) {
        advance(reader);
    }
    if (!is_name(reader)) {
        return fail(reader, "a macro's name");
    }
    const bool value = idl_names_get(&reader->preprocessor->macros, reader->token.text, reader->token.length) != NULL;
    advance(reader);
    if (parenthesis) {
        if (!is_mark(reader, ')')) {
            return fail(reader, "')'");
        }
        advance(reader);
    }
    return value;
}

/* The value of a name that is used as a condition. */
static bool named_condition(condition_reader *reader)
{
    idl_token token = reader->token;
    for (uint32_t steps = 0; steps < IDL_CONDITION_DEPTH; steps++) {
        if (token.kind == IDL_TOKEN_INTEGER && !token.bad && token.integer <= 1) {
            advance(reader);
            return token.integer == 1;
        }
        if (token.kind != IDL_TOKEN_NAME && token.kind != IDL_TOKEN_KEYWORD) {
            break;
        }
        const idl_macro *macro = idl_names_get(&reader->preprocessor->macros, token.text, token.length);
        if (macro == NULL) {
            advance(reader);
            return false;
        }
        if (macro->n_tokens != 1) {
            break;
        }
        token = macro->tokens[0];
    }
    return fail(reader, "a macro that is 0 or 1");
}

/* primary = "(" or ")" | defined | name | "0" | "1" */
static bool primary_condition(condition_reader *reader)
{
    if (is_mark(reader, '(')) {
        if (++reader->depth > IDL_CONDITION_DEPTH) {
            return fail(reader, "fewer parentheses");
        }
        advance(reader);
        const bool value = or_condition(reader);
        if (!reader->failed && !is_mark(reader, ')')) {
            return fail(reader, "')'");
        }
        reader->depth--;
        advance(reader);
        return value;
    }
    if (is_name(reader)) {
        const bool is_defined = reader->token.length == 7 && memcmp(reader->token.text, "defined", 7) == 0;
        return is_defined ? defined_condition(reader) : named_condition(reader);
    }
    if (reader->token.kind == IDL_TOKEN_INTEGER && !reader->token.bad && reader->token.integer <= 1) {
        const bool value = reader->token.integer == 1;
        advance(reader);
        return value;
    }
    return fail(reader, "a condition");
}

/* not = { "!" } primary */
static bool not_condition(condition_reader *reader)
{
    bool negated = false;
    while (is_mark(reader, '!')) {
        negated = !negated;
        advance(reader);
    }
    return primary_condition(reader) != negated;
}

/* The token is the first half of || or &&: takes it, and the second half has to follow at once. */
static bool take_double(condition_reader *reader, int mark)
{
    if (reader->failed || !is_mark(reader, mark)) {
        return false;
    }
    advance(reader);
    if (!is_mark(reader, mark) || !reader->token.adjacent) {
        fail(reader, mark == '|' ? "'||'" : "'&&'");
        return false;
    }
    advance(reader);
    return true;
}

/* and = not { "&&" not } */
static bool and_condition(condition_reader *reader)
{
    bool value = not_condition(reader);
    while (take_double(reader, '&')) {
        const bool right = not_condition(reader);
        value = value && right;
    }
    return value;
}

/* or = and { "||" and } */
static bool or_condition(condition_reader *reader)
{
    bool value = and_condition(reader);
    while (take_double(reader, '|')) {
        const bool right = and_condition(reader);
        value = value || right;
    }
    return value;
}

bool idl_condition_value(idl_preprocessor *preprocessor)
{
    condition_reader reader = { .preprocessor = preprocessor };
    idl_lex(&preprocessor->input->lexer, &reader.token);
    const bool value = or_condition(&reader);
    if (!reader.failed && reader.token.kind != IDL_TOKEN_NEWLINE) {
        fail(&reader, "the end of the condition");
    }
    while (reader.token.kind != IDL_TOKEN_NEWLINE) {
        advance(&reader);
    }
    return value && !reader.failed;
}
