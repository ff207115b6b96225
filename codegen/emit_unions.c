/* Unions: a discriminator and an anonymous union, one function a case that makes and one that looks. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <string.h>

/* Is number the value of a label? Enumerators count by their value. */
static bool is_label(const idl_decl *decl, bool is_negative, uint64_t magnitude)
{
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        for (uint32_t i = 0; i < member->n_labels; i++) {
            const idl_value *value = &member->labels[i];
            value = value->kind == IDL_VALUE_ENUM ? &value->enumerator->value : value;
            if (value->magnitude == magnitude && (value->negative && magnitude > 0) == is_negative) {
                return true;
            }
        }
    }
    return false;
}

/* The lowest value from 0 on, or the first enumerator, that is no label; a default case is never without one, but with negative
 * numbers alone. */
static const char *free_label(emit_run *run, const idl_decl *decl)
{
    const idl_type *type = emit_resolve(decl->type);
    if (type->kind == IDL_NAMED) {
        for (const idl_decl *child = type->decl->children; child != NULL; child = child->next) {
            if (!is_label(decl, child->value.negative, child->value.magnitude)) {
                return emit_name(run, child);
            }
        }
    }
    const bool is_signed =
        type->kind == IDL_INT8 || type->kind == IDL_INT16 || type->kind == IDL_INT32 || type->kind == IDL_INT64;
    const uint64_t most = type->kind == IDL_INT8 ? INT8_MAX : type->kind == IDL_INT16 ? INT16_MAX : UINT32_MAX;
    idl_value value = { .kind = type->kind == IDL_BOOLEAN ? IDL_VALUE_BOOLEAN
                                : type->kind == IDL_CHAR  ? IDL_VALUE_CHAR
                                : type->kind == IDL_WCHAR ? IDL_VALUE_WCHAR
                                                          : IDL_VALUE_INTEGER };
    while (is_label(decl, value.negative, value.magnitude)) {
        value.magnitude++;
        if (is_signed && !value.negative && value.magnitude > most) {
            value.negative = true;
            value.magnitude = 1;
        }
    }
    return emit_literal(run, decl->type, &value);
}

const char *emit_case_label(emit_run *run, const idl_decl *decl, const idl_decl *member)
{
    return member->n_labels > 0 ? emit_literal(run, decl->type, &member->labels[0]) : free_label(run, decl);
}

/* "bank_DEPOSIT, bank_FEE", "all others". */
static const char *labels_note(emit_run *run, const idl_decl *decl, const idl_decl *member)
{
    emit_buf out = { .arena = run->arena };
    for (uint32_t i = 0; i < member->n_labels; i++) {
        emit(&out, "%s%s", i > 0 ? ", " : "", emit_written(run, decl->type, &member->labels[i]));
    }
    if (member->is_default) {
        emit(&out, "%sall others", member->n_labels > 0 ? ", " : "");
    }
    return out.text;
}

void emit_union(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *range = emit_bound_note(run, decl->type, NULL);
    const char *line = emit_format(run->arena, "    %s_d;", emit_value_type(run, decl->type));
    emit(out, "%s%*s/**< says which of these is there%s%s */\n    union {\n", line,
         (int)(emit_width(line) < 39 ? 39 - emit_width(line) : 1), "", range == NULL ? "" : "; ", range == NULL ? "" : range);
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        if (member->kind == IDL_MEMBER) {
            emit_member(file, out, member, 8, labels_note(run, decl, member));
        }
    }
    emit(out, "    };\n");
}

/* ---- functions ---- */

/* "self->_d == A || self->_d == B": does the discriminator select the case? NULL: always. */
static const char *selects(emit_run *run, const idl_decl *decl, const idl_decl *member)
{
    emit_buf out = { .arena = run->arena };
    if (!member->is_default) {
        for (uint32_t i = 0; i < member->n_labels; i++) {
            emit(&out, "%sself->_d == %s", i > 0 ? " || " : "", emit_literal(run, decl->type, &member->labels[i]));
        }
        return out.text;
    }
    for (const idl_decl *other = decl->children; other != NULL; other = other->next) {
        for (uint32_t i = 0; other != member && i < other->n_labels; i++) {
            emit(&out, "%sself->_d != %s", out.length > 0 ? " && " : "", emit_literal(run, decl->type, &other->labels[i]));
        }
    }
    return out.text;
}

static void emit_make(emit_file *file, emit_buf *out, const idl_decl *decl, const idl_decl *member, bool is_header)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    const char *function = emit_derived(run, decl, member, emit_format(run->arena, "_make_%s", emit_own_name(member)));
    const char *field = emit_member_name(file, member);
    const char *value = emit_local_name(file, emit_own_name(member), true);
    const emit_shape shape = emit_shape_of(run, member->type);
    emit_strings params = { .arena = run->arena };
    emit_add(&params, "%s%s", emit_in_type(run, member->type), value);
    const char *prefix = emit_format(run->arena, "%s ", name);
    if (is_header) {
        emit_function(out, prefix, function, &params, ";");
    } else if (shape == EMIT_ARRAY) {
        const char *made = strcmp(value, "made") == 0 ? "made_" : "made";
        emit_function(out, prefix, function, &params, "");
        emit(out, "{\n    %s %s = { ._d = %s };\n    memcpy(%s.%s, %s, sizeof %s.%s);\n    return %s;\n}\n", name, made,
             emit_case_label(run, decl, member), made, field, value, made, field, made);
    } else {
        emit_short_function(out, prefix, function, &params,
                            emit_format(run->arena, "return (%s){ ._d = %s, .%s = %s%s };", name,
                                        emit_case_label(run, decl, member), field,
                                        shape == EMIT_STRUCT || shape == EMIT_FLAT ? "*" : "", value));
    }
}

static void emit_get(emit_file *file, emit_buf *out, const idl_decl *decl, const idl_decl *member, bool is_header)
{
    emit_run *run = file->run;
    const char *function = emit_derived(run, decl, member, emit_format(run->arena, "_get_%s", emit_own_name(member)));
    const char *field = emit_member_name(file, member);
    const idl_type *type = emit_resolve(member->type);
    const bool is_itself = emit_is_pointer(run, type);
    emit_strings params = { .arena = run->arena };
    emit_add(&params, "const %s *self", emit_name(run, decl));
    const char *result = type->kind == IDL_ARRAY ? emit_in_type(run, member->type) : emit_found_type(run, member->type);
    if (is_header) {
        emit_function(out, result, function, &params, ";");
        return;
    }
    emit_buf first = { .arena = run->arena }; /* of an array its first item */
    emit(&first, "%sself->%s", is_itself ? "" : "&", field);
    for (uint32_t i = 0; type->kind == IDL_ARRAY && i < type->n_dimensions; i++) {
        emit(&first, "[0]");
    }
    const char *test = selects(run, decl, member);
    emit_short_function(out, result, function, &params,
                        test == NULL ? emit_format(run->arena, "return %s;", first.text)
                                     : emit_format(run->arena, "return %s ? %s : NULL;", test, first.text));
}

void emit_union_functions(emit_file *file, emit_buf *out, const idl_decl *decl, bool is_header)
{
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        if (member->kind == IDL_MEMBER) {
            emit_make(file, out, decl, member, is_header);
        }
    }
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        if (member->kind == IDL_MEMBER) {
            emit_get(file, out, decl, member, is_header);
        }
    }
}
