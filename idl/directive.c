/* The directives: #include, #define, #undef, #if and its kin, #error, #pragma. */
#include "idl/preprocess.h"
#include "idl/text.h"

#include <stdio.h>
#include <string.h>

static bool is_name(const idl_token *token)
{
    return token->kind == IDL_TOKEN_NAME || token->kind == IDL_TOKEN_KEYWORD;
}

static bool is_word(const idl_token *token, const char *word)
{
    return is_name(token) && token->length == strlen(word) && memcmp(token->text, word, token->length) == 0;
}

static void skip_line(idl_preprocessor *preprocessor)
{
    idl_lexer *lexer = &preprocessor->input->lexer;
    const char *text;
    size_t length;
    idl_range range;
    if (lexer->in_directive) {
        idl_lex_rest_of_line(lexer, &text, &length, &range);
        idl_token token;
        idl_lex(lexer, &token);
    }
}

/* Nothing but a comment may follow. */
static void expect_newline(idl_preprocessor *preprocessor, const char *directive)
{
    idl_token token;
    idl_lex(&preprocessor->input->lexer, &token);
    if (token.kind != IDL_TOKEN_NEWLINE) {
        char text[IDL_TOKEN_TEXT];
        idl_error(preprocessor->diagnostics, IDL_DIAG_DIRECTIVE_SYNTAX, &token.range, "unexpected %s after #%s",
                  idl_token_text(&token, text), directive);
        skip_line(preprocessor);
    }
}

/* The macro's name after #define, #undef, #ifdef, #ifndef. */
static bool macro_name(idl_preprocessor *preprocessor, const char *directive, idl_token *name)
{
    idl_lex(&preprocessor->input->lexer, name);
    if (is_name(name) && !is_word(name, "defined")) {
        return true;
    }
    char text[IDL_TOKEN_TEXT];
    idl_error(preprocessor->diagnostics, IDL_DIAG_DIRECTIVE_SYNTAX, &name->range, "#%s needs a macro's name, found %s", directive,
              idl_token_text(name, text));
    if (name->kind != IDL_TOKEN_NEWLINE) {
        skip_line(preprocessor);
    }
    return false;
}

static bool same_tokens(const idl_macro *one, const idl_macro *other)
{
    if (one->n_tokens != other->n_tokens) {
        return false;
    }
    for (size_t i = 0; i < one->n_tokens; i++) {
        const idl_token *a = &one->tokens[i];
        const idl_token *b = &other->tokens[i];
        if (a->length != b->length || memcmp(a->text, b->text, a->length) != 0) {
            return false;
        }
    }
    return true;
}

static void read_tokens(idl_preprocessor *preprocessor, idl_macro *macro)
{
    size_t room = 0;
    for (;;) {
        idl_token token;
        idl_lex(&preprocessor->input->lexer, &token);
        if (token.kind == IDL_TOKEN_NEWLINE) {
            return;
        }
        if (macro->n_tokens == room) {
            room = room == 0 ? 4 : 2 * room;
            idl_token *larger = idl_arena_alloc(preprocessor->arena, room * sizeof *larger);
            if (macro->n_tokens > 0) {
                memcpy(larger, macro->tokens, macro->n_tokens * sizeof *larger);
            }
            macro->tokens = larger;
        }
        macro->tokens[macro->n_tokens++] = token;
    }
}

/* "#define" name tokens */
static void define(idl_preprocessor *preprocessor)
{
    idl_token name;
    if (!macro_name(preprocessor, "define", &name)) {
        return;
    }
    const idl_lexer *lexer = &preprocessor->input->lexer;
    if (lexer->at < lexer->end && *lexer->at == '(') {
        idl_error(preprocessor->diagnostics, IDL_DIAG_MACRO_WITH_ARGUMENTS, &name.range,
                  "macros with arguments are not supported yet");
        skip_line(preprocessor);
        return;
    }
    idl_macro *macro = idl_arena_alloc(preprocessor->arena, sizeof *macro);
    macro->name = idl_arena_text(preprocessor->arena, name.text, name.length);
    macro->range = name.range;
    read_tokens(preprocessor, macro);
    const idl_macro *old = idl_names_get(&preprocessor->macros, macro->name, name.length);
    if (old != NULL && !same_tokens(old, macro)) {
        idl_error(preprocessor->diagnostics, IDL_DIAG_MACRO_REDEFINED, &name.range, "macro '%s' is already defined otherwise",
                  macro->name);
        idl_note(preprocessor->diagnostics, &old->range, "defined here");
        return;
    }
    if (old == NULL) {
        idl_names_put(&preprocessor->macros, preprocessor->arena, macro->name, name.length, macro);
    }
}

/* "#undef" name */
static void undefine(idl_preprocessor *preprocessor)
{
    idl_token name;
    if (macro_name(preprocessor, "undef", &name)) {
        idl_names_remove(&preprocessor->macros, name.text, name.length);
        expect_newline(preprocessor, "undef");
    }
}

static void enter_included(idl_preprocessor *preprocessor, idl_source *source, const idl_range *range)
{
    idl_diagnostics *diagnostics = preprocessor->diagnostics;
    if (preprocessor->input->depth >= IDL_INCLUDE_DEPTH) {
        idl_fatal(diagnostics, IDL_DIAG_INCLUDE_NESTING, range,
                  "#includes nest deeper than %d: does '%s' lack its include guard?", IDL_INCLUDE_DEPTH, source->file.spelling);
    }
    preprocessor->bytes += source->file.length;
    if (++preprocessor->inclusions > IDL_INCLUSIONS || preprocessor->bytes > IDL_INCLUDED_BYTES) {
        idl_fatal(diagnostics, IDL_DIAG_INCLUDE_LIMIT, range,
                  "this unit has too many #includes: do all files have include guards?");
    }
    idl_preprocess_enter(preprocessor, source);
}

/* "#include" ( '"' path '"' | "<" path ">" ) */
static void include(idl_preprocessor *preprocessor)
{
    idl_input *input = preprocessor->input;
    const char *name;
    bool angled;
    idl_range range;
    if (!idl_lex_header_name(&input->lexer, &name, &angled, &range)) {
        idl_token token;
        idl_lex(&input->lexer, &token);
        idl_error(preprocessor->diagnostics, IDL_DIAG_INCLUDE_SYNTAX, &token.range, "#include needs \"file\" or <file>");
        if (token.kind != IDL_TOKEN_NEWLINE) {
            skip_line(preprocessor);
        }
        return;
    }
    expect_newline(preprocessor, "include");
    if (preprocessor->braces > 0 && preprocessor->diagnostics->errors == 0) {
        idl_error(preprocessor->diagnostics, IDL_DIAG_INCLUDE_IN_BRACES, &range, "#include cannot stand inside braces");
        return;
    }
    idl_source *source = idl_source_include(preprocessor->sources, input->source, name, angled, &range);
    if (source != NULL) {
        enter_included(preprocessor, source, &range);
    }
}

/* Blanks in place of the line ends that backslashes take away. */
static const char *without_splices(idl_arena *arena, const char *text, size_t length)
{
    if (memchr(text, '\n', length) == NULL) {
        return text;
    }
    char *copy = idl_arena_text(arena, text, length);
    for (size_t i = 0; i < length; i++) {
        if (copy[i] == '\n') {
            copy[i] = ' ';
            for (size_t j = i; j-- > 0 && (copy[j] == '\r' || copy[j] == '\\');) {
                const bool is_last = copy[j] == '\\';
                copy[j] = ' ';
                if (is_last) {
                    break;
                }
            }
        }
    }
    return copy;
}

/* "#error" text */
static void error_directive(idl_preprocessor *preprocessor, const idl_token *word)
{
    const char *text;
    size_t length;
    idl_range range;
    idl_lex_rest_of_line(&preprocessor->input->lexer, &text, &length, &range);
    text = without_splices(preprocessor->input->lexer.arena, text, length);
    idl_error(preprocessor->diagnostics, IDL_DIAG_ERROR_DIRECTIVE, length == 0 ? &word->range : &range, "#error%s%.*s",
              length == 0 ? "" : " ", (int)(length > 500 ? 500 : length), text);
    skip_line(preprocessor);
}

/* "#pragma" ( "prefix" | "ID" | "version" ) rest of the line. Other pragmas belong to other compilers. True: token is one for the
 * parser. */
static bool pragma(idl_preprocessor *preprocessor, idl_token *token)
{
    static const char *const ours[] = { "prefix", "ID", "version" };
    idl_lexer *lexer = &preprocessor->input->lexer;
    idl_lex_skip_blank(lexer);
    const char *start = lexer->at;
    const char *end = start;
    while (end < lexer->end && idl_is_name_part(*end)) {
        end++;
    }
    const size_t length = (size_t)(end - start);
    const char *word = NULL;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        word = length == strlen(ours[i]) && memcmp(start, ours[i], length) == 0 ? ours[i] : word;
    }
    if (word == NULL || preprocessor->input->silent) {
        skip_line(preprocessor);
        return false;
    }
    *token = (idl_token) { .kind = IDL_TOKEN_PRAGMA, .string = word, .begins_line = true };
    token->range = idl_lex_range(lexer, start, end);
    lexer->at = end;
    idl_range rest;
    idl_lex_rest_of_line(lexer, &token->text, &token->length, &rest);
    token->text = without_splices(lexer->arena, token->text, token->length);
    skip_line(preprocessor);
    return true;
}

static void pop_condition(idl_input *input)
{
    input->conditions = input->conditions->outer;
}

/* Skips to the #elif, #else or #endif that ends the group, and carries that out. */
static void skip_group(idl_preprocessor *preprocessor)
{
    idl_input *input = preprocessor->input;
    size_t inner = 0;
    for (;;) {
        idl_token token;
        idl_lex_skip_to_directive(&input->lexer, &token);
        if (token.kind == IDL_TOKEN_END) {
            return; /* read again at once, and reported then */
        }
        idl_token word;
        idl_lex_skip_blank(&input->lexer);
        if (!idl_is_name_start(*input->lexer.at)) {
            skip_line(preprocessor);
            continue;
        }
        idl_lex(&input->lexer, &word);
        if (is_word(&word, "if") || is_word(&word, "ifdef") || is_word(&word, "ifndef")) {
            inner++;
            skip_line(preprocessor);
        } else if (inner > 0) {
            inner -= is_word(&word, "endif") ? 1 : 0;
            skip_line(preprocessor);
        } else if (is_word(&word, "endif")) {
            expect_newline(preprocessor, "endif");
            pop_condition(input);
            return;
        } else if (is_word(&word, "else")) {
            expect_newline(preprocessor, "else");
            if (input->conditions->had_else) {
                idl_error(preprocessor->diagnostics, IDL_DIAG_MISPLACED_ELSE, &word.range, "a second #else");
            }
            input->conditions->had_else = true;
            if (!input->conditions->taken) {
                input->conditions->taken = true;
                return;
            }
        } else if (is_word(&word, "elif")) {
            if (input->conditions->had_else) {
                idl_error(preprocessor->diagnostics, IDL_DIAG_MISPLACED_ELSE, &word.range, "#elif after #else");
            }
            if (input->conditions->taken || input->conditions->had_else) {
                skip_line(preprocessor);
            } else if (idl_condition_value(preprocessor)) {
                input->conditions->taken = true;
                return;
            }
        } else {
            skip_line(preprocessor);
        }
    }
}

static void begin_condition(idl_preprocessor *preprocessor, const idl_token *word, bool value)
{
    idl_condition *condition = idl_arena_alloc(preprocessor->arena, sizeof *condition);
    condition->outer = preprocessor->input->conditions;
    condition->range = word->range;
    condition->taken = value;
    preprocessor->input->conditions = condition;
    if (!value) {
        skip_group(preprocessor);
    }
}

/* ( "#ifdef" | "#ifndef" ) name */
static void if_defined(idl_preprocessor *preprocessor, const idl_token *word, const char *directive, bool wanted)
{
    idl_token name;
    bool value = false;
    if (macro_name(preprocessor, directive, &name)) {
        value = (idl_names_get(&preprocessor->macros, name.text, name.length) != NULL) == wanted;
        expect_newline(preprocessor, directive);
    }
    begin_condition(preprocessor, word, value);
}

/* "#elif" and "#else" after a group that was read, "#endif" */
static void end_group(idl_preprocessor *preprocessor, const idl_token *word)
{
    idl_input *input = preprocessor->input;
    if (input->conditions == NULL) {
        idl_error(preprocessor->diagnostics, IDL_DIAG_CONDITION_NOT_OPENED, &word->range, "#%.*s without #if", (int)word->length,
                  word->text);
        skip_line(preprocessor);
        return;
    }
    if (is_word(word, "endif")) {
        expect_newline(preprocessor, "endif");
        pop_condition(input);
        return;
    }
    if (input->conditions->had_else) {
        idl_error(preprocessor->diagnostics, IDL_DIAG_MISPLACED_ELSE, &word->range,
                  is_word(word, "else") ? "a second #else" : "#elif after #else");
    }
    if (is_word(word, "else")) {
        expect_newline(preprocessor, "else");
        input->conditions->had_else = true;
    } else {
        skip_line(preprocessor);
    }
    skip_group(preprocessor);
}

bool idl_directive(idl_preprocessor *preprocessor, idl_token *token)
{
    idl_token word;
    idl_lex(&preprocessor->input->lexer, &word);
    if (word.kind == IDL_TOKEN_NEWLINE) {
        return false;
    }
    if (is_word(&word, "include")) {
        include(preprocessor);
    } else if (is_word(&word, "define")) {
        define(preprocessor);
    } else if (is_word(&word, "undef")) {
        undefine(preprocessor);
    } else if (is_word(&word, "ifdef")) {
        if_defined(preprocessor, &word, "ifdef", true);
    } else if (is_word(&word, "ifndef")) {
        if_defined(preprocessor, &word, "ifndef", false);
    } else if (is_word(&word, "if")) {
        begin_condition(preprocessor, &word, idl_condition_value(preprocessor));
    } else if (is_word(&word, "elif") || is_word(&word, "else") || is_word(&word, "endif")) {
        end_group(preprocessor, &word);
    } else if (is_word(&word, "error")) {
        error_directive(preprocessor, &word);
    } else if (is_word(&word, "pragma")) {
        return pragma(preprocessor, token);
    } else {
        char text[IDL_TOKEN_TEXT];
        idl_error(preprocessor->diagnostics, IDL_DIAG_UNKNOWN_DIRECTIVE, &word.range, "unknown directive %s",
                  idl_token_text(&word, text));
        skip_line(preprocessor);
    }
    return false;
}
