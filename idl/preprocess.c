/* The stack of files and the stack of macros being expanded. The lexer of the file on top gives tokens unless a macro does. */
#include "idl/preprocess.h"

#include "idl/text.h"

#include <stdio.h>
#include <string.h>

void idl_preprocess_enter(idl_preprocessor *preprocessor, idl_source *source)
{
    idl_input *input = idl_arena_alloc(preprocessor->arena, sizeof *input);
    input->source = source;
    input->below = preprocessor->input;
    input->depth = preprocessor->input == NULL ? 1 : preprocessor->input->depth + 1;
    input->silent = source->processed != 0 && source->processed < preprocessor->main_number;
    if (source->processed == 0) {
        source->processed = preprocessor->main_number;
    }
    idl_lexer_init(&input->lexer, preprocessor->arena, preprocessor->diagnostics, source);
    input->lexer.silent = input->silent;
    preprocessor->input = input;
}

static void define_from_command_line(idl_preprocessor *preprocessor, const idl_define *define)
{
    idl_arena *arena = preprocessor->arena;
    const idl_range nowhere = { 0 };
    bool is_name = idl_is_name_start(define->name[0]) && strcmp(define->name, "defined") != 0;
    for (const char *at = define->name; *at != '\0'; at++) {
        is_name = is_name && idl_is_name_part(*at);
    }
    if (!is_name) {
        idl_error(preprocessor->diagnostics, IDL_DIAG_INVALID_DEFINE, &nowhere, "'%s' cannot be the name of a macro",
                  define->name);
        return;
    }
    if (strchr(define->value, '\n') != NULL) {
        idl_error(preprocessor->diagnostics, IDL_DIAG_INVALID_DEFINE, &nowhere, "macro '%s' is defined as more than one line",
                  define->name);
        return;
    }
    const size_t size = strlen(define->name) + strlen(define->value) + sizeof "#define  \n";
    char *text = idl_arena_alloc(arena, size);
    snprintf(text, size, "#define %s %s\n", define->name, define->value);
    idl_preprocess_enter(preprocessor, idl_source_aside(preprocessor->sources, "<command line>", text));
    idl_token token;
    idl_preprocess_next(preprocessor, &token);
    idl_preprocess_leave(preprocessor);
}

void idl_preprocess_main(idl_preprocessor *preprocessor, idl_source *source)
{
    preprocessor->main_number++;
    preprocessor->input = NULL;
    preprocessor->expansion = NULL;
    preprocessor->macros = (idl_names) { 0 };
    preprocessor->braces = 0;
    for (size_t i = 0; i < preprocessor->options->n_defines; i++) {
        define_from_command_line(preprocessor, &preprocessor->options->defines[i]);
    }
    idl_preprocess_enter(preprocessor, source);
}

bool idl_preprocess_leave(idl_preprocessor *preprocessor)
{
    preprocessor->input = preprocessor->input->below;
    return preprocessor->input != NULL;
}

static idl_macro *find_macro(const idl_preprocessor *preprocessor, const idl_token *token)
{
    if ((token->kind != IDL_TOKEN_NAME && token->kind != IDL_TOKEN_KEYWORD) || preprocessor->macros.first == NULL) {
        return NULL;
    }
    idl_macro *macro = idl_names_get(&preprocessor->macros, token->text, token->length);
    return macro == NULL || macro->busy ? NULL : macro;
}

static void expand(idl_preprocessor *preprocessor, idl_macro *macro, const idl_token *use)
{
    idl_expansion *expansion = idl_arena_alloc(preprocessor->arena, sizeof *expansion);
    expansion->outer = preprocessor->expansion;
    expansion->macro = macro;
    expansion->use = *use;
    macro->busy = true;
    preprocessor->expansion = expansion;
}

/* From the macro on top; false: none is being expanded. */
static bool next_of_macro(idl_preprocessor *preprocessor, idl_token *token)
{
    idl_expansion *expansion = preprocessor->expansion;
    while (expansion != NULL && expansion->next == expansion->macro->n_tokens) {
        expansion->macro->busy = false;
        expansion = expansion->outer;
        preprocessor->expansion = expansion;
    }
    if (expansion == NULL) {
        return false;
    }
    if (++preprocessor->expanded > IDL_EXPANDED_TOKENS) {
        idl_fatal(preprocessor->diagnostics, IDL_DIAG_MACRO_LIMIT, &expansion->use.range, "macros expand to more than %d tokens",
                  IDL_EXPANDED_TOKENS);
    }
    const bool first = expansion->next == 0;
    *token = expansion->macro->tokens[expansion->next++];
    token->range = expansion->use.range;
    token->begins_line = first && expansion->use.begins_line;
    token->doc = first ? expansion->use.doc : NULL;
    token->trailing = first ? expansion->use.trailing : NULL;
    return true;
}

static void end_of_file(idl_preprocessor *preprocessor)
{
    for (const idl_condition *open = preprocessor->input->conditions; open != NULL; open = open->outer) {
        idl_error(preprocessor->diagnostics, IDL_DIAG_CONDITION_NOT_CLOSED, &open->range, "this condition has no #endif");
    }
    preprocessor->input->conditions = NULL;
}

void idl_preprocess_next(idl_preprocessor *preprocessor, idl_token *token)
{
    for (;;) {
        if (!next_of_macro(preprocessor, token)) {
            idl_input *input = preprocessor->input;
            idl_lex(&input->lexer, token);
            if (token->kind == IDL_TOKEN_DIRECTIVE) {
                if (idl_directive(preprocessor, token)) {
                    return;
                }
                continue;
            }
            if (token->kind == IDL_TOKEN_END) {
                end_of_file(preprocessor);
                if (input->silent && input->below != NULL) {
                    idl_preprocess_leave(preprocessor);
                    continue;
                }
                return;
            }
            if (input->silent) {
                continue;
            }
        }
        idl_macro *macro = find_macro(preprocessor, token);
        if (macro == NULL) {
            break;
        }
        expand(preprocessor, macro, token);
    }
    if (token->kind == IDL_TOKEN_PUNCTUATION && token->mark == '{') {
        preprocessor->braces++;
    } else if (token->kind == IDL_TOKEN_PUNCTUATION && token->mark == '}' && preprocessor->braces > 0) {
        preprocessor->braces--;
    }
}

const char *idl_token_text(const idl_token *token, char *buffer)
{
    switch (token->kind) {
    case IDL_TOKEN_END:
        return "the end of the file";
    case IDL_TOKEN_NEWLINE:
        return "the end of the line";
    case IDL_TOKEN_STRING:
        return "a string";
    case IDL_TOKEN_CHAR:
        return "a character";
    default: {
        const bool cut = token->length > IDL_TOKEN_TEXT - 8;
        snprintf(buffer, IDL_TOKEN_TEXT, "'%.*s%s'", (int)(cut ? IDL_TOKEN_TEXT - 8 : token->length), token->text,
                 cut ? "..." : "");
        return buffer;
    }
    }
}
