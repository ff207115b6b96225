/* The gate: what the front end accepts and the emitters cannot write yet is refused here, at its place, and nothing is written.
 *
 * The rows and functions of this file are the whole list. To teach the emitters something:
 *   1. let them write it, with a golden file;
 *   2. delete its row below (an annotation), or its function;
 *   3. let its row of tests/codegen/gate_test.c pass (NULL, 0), and take it out of the last chapter of docs/mapping.md.
 * When the last row is gone, this file goes. */
#include "codegen/emit.h"

#include <string.h>

/* Those that change what is written or what travels. The others say nothing about calls or only permit: they pass. So does a flag
 * that is FALSE. */
/* clang-format off */
static const char *const annotations[] = {
    "must_understand",
};
/* clang-format on */

static void refuse(emit_run *run, const idl_range *range, const char *what)
{
    idl_error(run->diagnostics, IDL_DIAG_UNSUPPORTED_IN_C, range, "%s not supported yet", what);
}

/* What a receiver does with a value that does not fit: an error is what DISCARD says, and the only thing that ours do. */
static void check_try_construct(emit_run *run, const idl_annotation *at)
{
    const idl_argument *argument = idl_argument_find(at, "value");
    if (argument == NULL || strcmp(argument->value.string, "DISCARD") != 0) {
        refuse(run, &at->range,
               emit_format(run->arena, "'@try_construct(%s)' is", argument == NULL ? "USE_DEFAULT" : argument->value.string));
    }
}

static bool is_unset(const idl_annotation *annotation)
{
    const idl_argument *argument = idl_argument_find(annotation, "value");
    return argument != NULL && argument->value.kind == IDL_VALUE_BOOLEAN && argument->value.magnitude == 0;
}

static void check_annotations(emit_run *run, const idl_annotation *first)
{
    for (const idl_annotation *at = first; at != NULL; at = at->next) {
        for (size_t i = 0; i < sizeof annotations / sizeof *annotations; i++) {
            if (at->is_known && at->definition == NULL && strcmp(at->name, annotations[i]) == 0 && !is_unset(at)) {
                refuse(run, &at->range, emit_format(run->arena, "'@%s' is", at->name));
            }
        }
        if (at->is_known && at->definition == NULL && strcmp(at->name, "try_construct") == 0) {
            check_try_construct(run, at);
        }
    }
}

/* A file that cannot be compiled itself has no header to include. */
static void check_use(emit_run *run, const idl_decl *used, const idl_range *range)
{
    if (used->range.file->is_partial && range->file->is_main) {
        idl_error(run->diagnostics, IDL_DIAG_UNSUPPORTED_IN_C, range,
                  "'%s' cannot be used: its file, '%s', also defines what is not supported yet, so there is no header of it",
                  used->scoped_name, used->range.file->path);
        idl_note(run->diagnostics, &used->range, "declared here");
    }
}

/* A type where it is used, or in a typedef. Types nest no deeper than the front end allows. */
static void check_type(emit_run *run, const idl_type *type)
{
    check_annotations(run, type->annotations);
    if (type->kind == IDL_NAMED) {
        check_use(run, type->decl, &type->range);
    }
    if (type->element != NULL) {
        check_type(run, type->element);
    }
    if (type->key != NULL) {
        check_type(run, type->key);
    }
}

/* The tables have no place for it. */
static void check_range(emit_run *run, const idl_decl *decl)
{
    const bool has_range = decl->min.kind != IDL_VALUE_NONE || decl->max.kind != IDL_VALUE_NONE;
    if (has_range && idl_type_resolve(decl->type)->kind == IDL_FIXED) {
        refuse(run, &decl->range, "a range of a fixed is");
    }
}

static void check_children(emit_run *run, const idl_decl *decl)
{
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        check_annotations(run, child->annotations);
        if (child->type != NULL) {
            check_type(run, child->type);
            check_range(run, child);
        }
    }
}

static void check_uses(emit_run *run, const idl_decl_list *used, const idl_range *range)
{
    for (size_t i = 0; i < used->length; i++) {
        check_use(run, used->items[i], range);
    }
}

static void check_declaration(emit_run *run, const idl_decl *decl);

static void check_interface(emit_run *run, const idl_decl *decl)
{
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (child->kind == IDL_OPERATION || child->kind == IDL_ATTRIBUTE) {
            check_type(run, child->type);
            check_uses(run, &child->raises, &child->range);
            check_uses(run, &child->set_raises, &child->range);
            check_range(run, child);
            check_annotations(run, child->annotations);
            check_children(run, child);
        } else {
            check_declaration(run, child);
        }
    }
}

static void check_declaration(emit_run *run, const idl_decl *decl)
{
    check_uses(run, &decl->bases, &decl->range);
    check_annotations(run, decl->annotations);
    if (decl->kind == IDL_TYPEDEF || decl->kind == IDL_UNION) {
        check_type(run, decl->type);
        check_range(run, decl);
    }
    if (decl->kind == IDL_INTERFACE) {
        check_interface(run, decl);
    } else {
        check_children(run, decl);
    }
}

static void check_all(emit_run *run, const idl_decl *first)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (decl->kind == IDL_MODULE) {
            if (decl->range.file->is_main) {
                check_annotations(run, decl->annotations);
            }
            check_all(run, decl->children);
        } else if (decl->range.file->is_main) {
            check_declaration(run, decl);
        }
    }
}

void emit_gate(emit_run *run)
{
    check_all(run, run->unit->definitions);
}
