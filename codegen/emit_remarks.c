/* What annotations add to the text without changing a type: @deprecated, @unit, @verbatim.
 *
 * A deprecated type is named by declarations of the same header, and a deprecated operation by the .c: the header silences the
 * compiler for itself, and the .c for all (CORBEL_ALLOW_DEPRECATED). So only users hear of it. */
#include "codegen/emit.h"

#include "idl/annotations.h"

#include <string.h>

static const char *word_of(const idl_annotation *annotation, const char *parameter, const char *otherwise)
{
    const idl_argument *argument = idl_argument_find(annotation, parameter);
    return argument == NULL || argument->value.string == NULL ? otherwise : argument->value.string;
}

static bool is_standard(const idl_annotation *annotation, const char *name)
{
    return annotation->is_known && annotation->definition == NULL && strcmp(annotation->name, name) == 0;
}

/* ---- @deprecated ---- */

static const char *deprecation(const idl_decl *decl)
{
    for (const idl_annotation *at = decl->annotations; at != NULL; at = at->next) {
        if (is_standard(at, "deprecated")) {
            return word_of(at, "value", "");
        }
    }
    return NULL;
}

const char *emit_deprecated(emit_run *run, const idl_decl *decl, size_t column)
{
    const char *text = deprecation(decl);
    if (text == NULL) {
        return NULL;
    }
    const char *head = "CORBEL_DEPRECATED(";
    const char *before = column == 0 ? "" : "\n        ";
    const char *between = column == 0 ? "\n                  " : before; /* below the first quote */
    const char *literal = emit_string_literal(run->arena, text, column + strlen(head) + 2, before, between);
    return emit_format(run->arena, "%s%s)", head, literal);
}

const char *emit_deprecated_behind(emit_run *run, const idl_decl *decl, size_t column)
{
    const char *attribute = emit_deprecated(run, decl, column + 1);
    return attribute == NULL ? "" : emit_format(run->arena, " %s", attribute);
}

static bool is_any_deprecated(const idl_decl *decl)
{
    if (decl->is_deprecated) {
        return true;
    }
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (is_any_deprecated(child)) {
            return true;
        }
    }
    return false;
}

bool emit_has_deprecated(const emit_file *file)
{
    for (size_t i = 0; i < file->decls.length; i++) {
        if (is_any_deprecated(file->decls.items[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < file->n_closure; i++) {
        for (size_t d = 0; d < file->closure[i]->decls.length; d++) {
            if (is_any_deprecated(file->closure[i]->decls.items[d])) {
                return true;
            }
        }
    }
    return false;
}

/* ---- facts for comments ---- */

static void add_text(emit_strings *facts, const char *name, const char *before, const char *text)
{
    const size_t length = strlen(text);
    const char *end = length > 0 && strchr(".!?", text[length - 1]) != NULL ? "" : ".";
    emit_add(facts, "%s%s%s%s", name == NULL ? "" : emit_format(facts->arena, "%s: ", name), before, text, end);
}

void emit_add_deprecation(emit_strings *facts, const char *name, const idl_decl *decl)
{
    const char *text = deprecation(decl);
    if (text != NULL) {
        const char *word = name == NULL ? "Deprecated" : "deprecated";
        add_text(facts, name, *text == '\0' ? word : emit_format(facts->arena, "%s: ", word), text);
    }
}

void emit_add_unit(emit_strings *facts, const char *name, const idl_decl *decl)
{
    if (decl->unit != NULL) {
        add_text(facts, name, name == NULL ? "In " : "in ", decl->unit);
    }
}

/* ---- @verbatim ---- */

/* Is it meant for a C header? */
static bool is_for_c(const idl_annotation *at)
{
    const char *language = word_of(at, "language", "*");
    return is_standard(at, "verbatim") &&
           (strcmp(language, "*") == 0 || strcmp(language, "c") == 0 || strcmp(language, "C") == 0);
}

void emit_verbatim(emit_buf *out, const idl_decl *decl, const char *placement)
{
    for (const idl_annotation *at = decl->annotations; at != NULL; at = at->next) {
        if (is_for_c(at) && strcmp(word_of(at, "placement", "BEFORE_DECLARATION"), placement) == 0) {
            const char *text = word_of(at, "text", "");
            const size_t length = strlen(text);
            emit_raw(out, text, length);
            emit(out, "%s", length > 0 && text[length - 1] == '\n' ? "" : "\n");
        }
    }
}

/* Modules nest no deeper than the front end allows. */
static void verbatim_of_all(const emit_file *file, emit_buf *out, const idl_decl *first, const char *placement)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (emit_is_own(file, decl)) {
            emit_verbatim(out, decl, placement);
        }
        verbatim_of_all(file, out, decl->children, placement);
    }
}

void emit_verbatim_of_file(const emit_file *file, emit_buf *out, const char *placement)
{
    verbatim_of_all(file, out, file->run->unit->definitions, placement);
}

static bool has_lines(const idl_decl *decl)
{
    return decl->kind != IDL_MODULE && decl->kind != IDL_PARAMETER && decl->kind != IDL_FORWARD &&
           decl->kind != IDL_ANNOTATION_TYPE && decl->kind != IDL_BIT;
}

static bool has_body(const idl_decl *decl)
{
    return decl->kind == IDL_STRUCT || decl->kind == IDL_EXCEPTION || decl->kind == IDL_UNION || decl->kind == IDL_ENUM ||
           decl->kind == IDL_BITSET || decl->kind == IDL_INTERFACE;
}

static void check_verbatim(const emit_file *file, const idl_decl *decl)
{
    for (const idl_annotation *at = decl->annotations; at != NULL; at = at->next) {
        if (!is_for_c(at)) {
            continue;
        }
        const char *placement = word_of(at, "placement", "BEFORE_DECLARATION");
        const bool is_inside = strcmp(placement, "BEGIN_DECLARATION") == 0 || strcmp(placement, "END_DECLARATION") == 0;
        const bool is_beside = strcmp(placement, "BEFORE_DECLARATION") == 0 || strcmp(placement, "AFTER_DECLARATION") == 0;
        if (is_inside && !has_body(decl)) {
            idl_error(file->run->diagnostics, IDL_DIAG_VERBATIM_PLACE, &at->range,
                      "in C there is nothing inside of '%s': no place for this text", decl->scoped_name);
        } else if (is_beside && !has_lines(decl)) {
            idl_error(file->run->diagnostics, IDL_DIAG_VERBATIM_PLACE, &at->range,
                      "in C '%s' has no lines of its own: no place for this text", decl->scoped_name);
        }
    }
}

static void check_all(const emit_file *file, const idl_decl *first)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (emit_is_own(file, decl)) {
            check_verbatim(file, decl);
        }
        check_all(file, decl->children);
    }
}

void emit_check_verbatim(const emit_file *file)
{
    check_all(file, file->run->unit->definitions);
}
