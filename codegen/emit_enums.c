/* Enums: how their values are written, and their functions. Where the values are 0, 1, 2, … they are indices; else they are
 * looked for. Zero is what {0} and an absent member are; @default_literal says what _INIT holds. */
#include "codegen/emit.h"

#include <inttypes.h>

const char *emit_enumerator_value(emit_run *run, const idl_decl *enumerator)
{
    const idl_value *value = &enumerator->value;
    if (value->negative && value->magnitude == UINT64_C(1) << 31) {
        return "-2147483647 - 1"; /* C has no literal for it */
    }
    return emit_format(run->arena, "%s%" PRIu64, value->negative && value->magnitude > 0 ? "-" : "", value->magnitude);
}

static bool counts_from_zero(const idl_decl *decl)
{
    uint64_t next = 0;
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (child->value.magnitude != next++ || (child->value.negative && child->value.magnitude > 0)) {
            return false;
        }
    }
    return true;
}

static emit_strings list_of(emit_run *run, const char *first, const char *second)
{
    emit_strings list = { .arena = run->arena };
    emit_add(&list, "%s", first);
    if (second != NULL) {
        emit_add(&list, "%s", second);
    }
    return list;
}

void emit_enum_functions(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    const char *items = emit_static_name(file, emit_format(run->arena, "%s_enumerators", name));
    const char *to_string = emit_derived(run, decl, NULL, "_to_string");
    const bool is_dense = counts_from_zero(decl);
    size_t count = 0;
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        count++;
    }
    emit_strings params = list_of(run, emit_format(run->arena, "%s self", name), NULL);
    if (is_dense) {
        emit_short_function(out, "const char *", to_string, &params,
                            emit_format(run->arena, "return (unsigned)self < %zu ? %s[self].name : NULL;", count, items));
    } else {
        emit_function(out, "const char *", to_string, &params, "");
        emit(out,
             "{\n    for (size_t i = 0; i < %zu; i++) {\n        if (%s[i].value == (int32_t)self) {\n"
             "            return %s[i].name;\n        }\n    }\n    return NULL;\n}\n",
             count, items, items);
    }
    emit_short_function(out, "bool ", emit_derived(run, decl, NULL, "_is_valid"), &params,
                        is_dense ? emit_format(run->arena, "return (unsigned)self < %zu;", count)
                                 : emit_format(run->arena, "return %s(self) != NULL;", to_string));
    params = list_of(run, "const char *text", emit_format(run->arena, "%s *ret", name));
    emit_function(out, "bool ", emit_derived(run, decl, NULL, "_from_string"), &params, "");
    emit(out,
         "{\n    for (size_t i = 0; text != NULL && i < %zu; i++) {\n"
         "        if (strcmp(%s[i].name, text) == 0) {\n"
         "            *ret = (%s)%s[i].value;\n            return true;\n        }\n    }\n    return false;\n}\n",
         count, items, name, items);
}

const char *emit_initial_enumerator(emit_run *run, const idl_decl *decl)
{
    const idl_decl *zero = NULL;
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (child->is_default) {
            return emit_name(run, child);
        }
        if (child->value.magnitude == 0) {
            zero = child;
        }
    }
    return zero != NULL ? emit_name(run, zero) : emit_format(run->arena, "(%s)0", emit_name(run, decl));
}
