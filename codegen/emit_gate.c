/* The gate: what the front end accepts and the emitters cannot write yet is refused here, at its place, and nothing is written.
 *
 * The rows and functions of this file are the whole list. To teach the emitters something:
 *   1. let them write it, with a golden file;
 *   2. delete its row below (a kind of type, a kind of declaration, an annotation), or its `if` in check_declaration();
 *   3. let its row of tests/codegen/gate_test.c pass (NULL, 0), and take it out of the last chapter of docs/mapping.md.
 * The `default:` labels in the other files of this folder that speak of the gate can only be reached by what has lost its row: as
 * long as a kind has a row, no emitter sees it. When the last row is gone, this file goes, and the labels with it. */
#include "codegen/emit.h"

#include <string.h>

/* A kind and what it is called: "WHAT not supported yet". */
typedef struct gate_row {
    int kind;
    const char *what;
} gate_row;

static const gate_row types[] = {
    { IDL_INT8, "type 'int8' is" },   { IDL_UINT8, "type 'uint8' is" },     { IDL_LONG_DOUBLE, "type 'long double' is" },
    { IDL_WCHAR, "type 'wchar' is" }, { IDL_WSTRING, "type 'wstring' is" }, { IDL_FIXED, "type 'fixed' is" },
    { IDL_ANY, "type 'any' is" },     { IDL_OBJECT, "type 'Object' is" },   { IDL_TYPECODE, "type 'TypeCode' is" },
    { IDL_MAP, "maps are" },          { IDL_ARRAY, "arrays are" },
};

static const gate_row declarations[] = {
    { IDL_UNION, "unions are" },
    { IDL_BITSET, "bitsets are" },
    { IDL_BITMASK, "bitmasks are" },
    { IDL_NATIVE, "native types are" },
};

/* Those that change what is written or what travels. The others say nothing about calls or only permit: they pass. So does a flag
 * that is FALSE. */
/* clang-format off */
static const char *const annotations[] = {
    "id",
    "autoid",
    "hashid",
    "optional",
    "position",
    "extensibility",
    "final",
    "default",
    "range",
    "min",
    "max",
    "default_literal",
    "non_serialized",
    "try_construct",
    "must_understand",
};
/* clang-format on */

static const char *find(const gate_row *rows, size_t length, int kind)
{
    for (size_t i = 0; i < length; i++) {
        if (rows[i].kind == kind) {
            return rows[i].what;
        }
    }
    return NULL;
}

static const char *refused_type(idl_type_kind kind)
{
    return find(types, sizeof types / sizeof *types, (int)kind);
}

static const char *refused_declaration(idl_decl_kind kind)
{
    return find(declarations, sizeof declarations / sizeof *declarations, (int)kind);
}

static void refuse(emit_run *run, const idl_range *range, const char *what)
{
    idl_error(run->diagnostics, IDL_DIAG_UNSUPPORTED_IN_C, range, "%s not supported yet", what);
}

bool emit_gate_knows(const idl_type *type)
{
    for (type = idl_type_resolve(type); type->kind == IDL_SEQUENCE; type = idl_type_resolve(type->element)) {
    }
    return refused_type(type->kind) == NULL && (type->kind != IDL_NAMED || refused_declaration(type->decl->kind) == NULL);
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
    }
}

/* A type where it is used, or in a typedef. What a main file declares is refused there, and not again at each use. Types nest no
 * deeper than the front end allows. */
static void check_type(emit_run *run, const idl_type *type, const idl_range *range)
{
    check_annotations(run, type->annotations);
    if (refused_type(type->kind) != NULL) {
        refuse(run, range, refused_type(type->kind));
    } else if (type->kind == IDL_SEQUENCE) {
        check_type(run, type->element, type->element->range.file == range->file ? &type->element->range : range);
    } else if (type->kind == IDL_NAMED && !type->decl->range.file->is_main) {
        if (refused_declaration(type->decl->kind) != NULL) {
            refuse(run, range, refused_declaration(type->decl->kind));
        } else if (type->decl->kind == IDL_TYPEDEF) {
            check_type(run, type->decl->type, range);
        }
    }
}

static void check_call_types(emit_run *run, const idl_decl *member, const idl_range *range)
{
    if (member->type->kind != IDL_VOID) {
        check_type(run, member->type, range == NULL ? &member->type->range : range);
    }
    for (const idl_decl *parameter = member->children; parameter != NULL; parameter = parameter->next) {
        check_type(run, parameter->type, range == NULL ? &parameter->type->range : range);
        check_annotations(run, parameter->annotations);
    }
}

static void check_declaration(emit_run *run, const idl_decl *decl);

static void check_interface(emit_run *run, const idl_decl *decl)
{
    for (size_t i = 0; i < decl->members.length; i++) {
        const idl_decl *member = decl->members.items[i];
        if (!member->range.file->is_main) {
            check_call_types(run, member, &decl->range); /* it is written again under the heir's name */
        }
    }
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (child->kind == IDL_OPERATION || child->kind == IDL_ATTRIBUTE) {
            check_call_types(run, child, NULL);
            check_annotations(run, child->annotations);
        } else {
            check_declaration(run, child);
        }
    }
}

static void check_members(emit_run *run, const idl_decl *decl)
{
    if (decl->kind == IDL_STRUCT && decl->bases.length > 0) {
        refuse(run, &decl->range, "inheritance of structs is");
        return;
    }
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        const bool is_array = member->type->kind == IDL_ARRAY;
        check_type(run, member->type, is_array ? &member->range : &member->type->range);
        check_annotations(run, member->annotations);
    }
}

static void check_declaration(emit_run *run, const idl_decl *decl)
{
    check_annotations(run, decl->annotations);
    if (refused_declaration(decl->kind) != NULL) {
        refuse(run, &decl->range, refused_declaration(decl->kind));
        return;
    }
    switch (decl->kind) {
    case IDL_TYPEDEF:
        check_type(run, decl->type, decl->type->kind == IDL_ARRAY ? &decl->range : &decl->type->range);
        break;
    case IDL_ENUM:
        for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
            check_annotations(run, child->annotations);
        }
        break;
    case IDL_STRUCT:
    case IDL_EXCEPTION:
        check_members(run, decl);
        break;
    case IDL_INTERFACE:
        check_interface(run, decl);
        break;
    default:
        break;
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
