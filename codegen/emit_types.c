/* How IDL types look in C, in each place where one may stand. */
#include "codegen/emit.h"

typedef struct basic {
    const char *c_type;
    const char *name; /* of corbel_<name>_type and corbel_<name>_seq; NULL: no basic type */
} basic;

static basic basic_of(idl_type_kind kind)
{
    switch (kind) {
    case IDL_BOOLEAN:
        return (basic) { "bool ", "bool" };
    case IDL_OCTET:
        return (basic) { "uint8_t ", "uint8" };
    case IDL_CHAR:
        return (basic) { "char ", "char" };
    case IDL_INT16:
        return (basic) { "int16_t ", "int16" };
    case IDL_UINT16:
        return (basic) { "uint16_t ", "uint16" };
    case IDL_INT32:
        return (basic) { "int32_t ", "int32" };
    case IDL_UINT32:
        return (basic) { "uint32_t ", "uint32" };
    case IDL_INT64:
        return (basic) { "int64_t ", "int64" };
    case IDL_UINT64:
        return (basic) { "uint64_t ", "uint64" };
    case IDL_FLOAT:
        return (basic) { "float ", "float" };
    case IDL_DOUBLE:
        return (basic) { "double ", "double" };
    case IDL_STRING:
        return (basic) { "const char *", "string" };
    case IDL_VOID:
    case IDL_SEQUENCE:
    case IDL_NAMED:
    default: /* emit_gate.c refuses the others */
        break;
    }
    return (basic) { NULL, NULL };
}

const char *emit_basic_name(const idl_type *type)
{
    return basic_of(idl_type_resolve(type)->kind).name;
}

static bool is_reference(const idl_type *resolved)
{
    return resolved->kind == IDL_NAMED && (resolved->decl->kind == IDL_INTERFACE || resolved->decl->kind == IDL_FORWARD);
}

emit_shape emit_shape_of(const idl_type *type)
{
    type = idl_type_resolve(type);
    if (type->kind == IDL_STRING) {
        return EMIT_STRING;
    }
    if (type->kind == IDL_SEQUENCE) {
        return EMIT_SEQUENCE;
    }
    if (type->kind == IDL_NAMED && type->decl->kind == IDL_STRUCT) {
        return EMIT_STRUCT;
    }
    return is_reference(type) ? EMIT_REFERENCE : EMIT_PLAIN;
}

const char *emit_view_name(emit_run *run, const idl_type *sequence)
{
    const idl_type *element = idl_type_resolve(idl_type_resolve(sequence)->element);
    if (element->kind == IDL_SEQUENCE) {
        return emit_format(run->arena, "%s_seq", emit_view_name(run, element));
    }
    if (element->kind == IDL_NAMED) {
        return emit_derived(run, element->decl, NULL, "_seq");
    }
    return element->kind == IDL_OCTET ? "corbel_bytes" : emit_format(run->arena, "corbel_%s_seq", basic_of(element->kind).name);
}

/* The name under which the IDL wrote the type; strings are always written out. */
static const char *base_name(emit_run *run, const idl_type *type)
{
    const idl_type *resolved = idl_type_resolve(type);
    if (resolved->kind == IDL_STRING) {
        return "const char *";
    }
    if (type->kind == IDL_NAMED) {
        return emit_format(run->arena, "%s ", emit_name(run, type->decl));
    }
    if (type->kind == IDL_SEQUENCE) {
        return emit_format(run->arena, "%s ", emit_view_name(run, type));
    }
    return basic_of(type->kind).c_type;
}

const char *emit_value_type(emit_run *run, const idl_type *type)
{
    const char *base = base_name(run, type);
    return emit_shape_of(type) == EMIT_REFERENCE ? emit_format(run->arena, "%s*", base) : base;
}

const char *emit_in_type(emit_run *run, const idl_type *type)
{
    const char *base = base_name(run, type);
    switch (emit_shape_of(type)) {
    case EMIT_STRUCT:
        return emit_format(run->arena, "const %s*", base);
    case EMIT_REFERENCE:
        return emit_format(run->arena, "%s*", base);
    case EMIT_PLAIN:
    case EMIT_STRING:
    case EMIT_SEQUENCE:
        break;
    }
    return base;
}

const char *emit_out_type(emit_run *run, const idl_type *type)
{
    const char *base = base_name(run, type);
    switch (emit_shape_of(type)) {
    case EMIT_STRING:
        return "char **";
    case EMIT_STRUCT:
    case EMIT_REFERENCE:
        return emit_format(run->arena, "%s**", base);
    case EMIT_PLAIN:
    case EMIT_SEQUENCE:
        break;
    }
    return emit_format(run->arena, "%s*", base);
}

const char *emit_servant_out_type(emit_run *run, const idl_type *type)
{
    const char *base = base_name(run, type);
    return emit_format(run->arena, emit_shape_of(type) == EMIT_REFERENCE ? "%s**" : "%s*", base);
}

const char *emit_const_pointer(emit_run *run, const idl_type *type)
{
    const char *base = base_name(run, type);
    switch (emit_shape_of(type)) {
    case EMIT_STRING:
        return "const char *const *";
    case EMIT_REFERENCE:
        return emit_format(run->arena, "%s*const *", base);
    case EMIT_PLAIN:
    case EMIT_STRUCT:
    case EMIT_SEQUENCE:
        break;
    }
    return emit_format(run->arena, "const %s*", base);
}

const char *emit_release(emit_run *run, const idl_type *type)
{
    const idl_type *resolved = idl_type_resolve(type);
    switch (emit_shape_of(type)) {
    case EMIT_STRING:
        return "corbel_string_free";
    case EMIT_STRUCT:
        return emit_derived(run, resolved->decl, NULL, "_free");
    case EMIT_REFERENCE:
        return emit_derived(run, resolved->decl, NULL, "_unref");
    case EMIT_SEQUENCE: {
        const idl_type *element = idl_type_resolve(resolved->element);
        return element->kind == IDL_NAMED ? emit_derived(run, element->decl, NULL, "_seq_clear")
                                          : emit_format(run->arena, "%s_clear", emit_view_name(run, resolved));
    }
    case EMIT_PLAIN:
        break;
    }
    return NULL;
}

const char *emit_initial(emit_run *run, const idl_type *type)
{
    const idl_type *resolved = idl_type_resolve(type);
    switch (emit_shape_of(type)) {
    case EMIT_STRING:
    case EMIT_REFERENCE:
        return "NULL";
    case EMIT_STRUCT:
        return emit_derived(run, resolved->decl, NULL, "_INIT");
    case EMIT_SEQUENCE:
        return "{ 0, NULL }";
    case EMIT_PLAIN:
        break;
    }
    if (resolved->kind == IDL_NAMED) {
        return emit_initial_enumerator(run, resolved->decl);
    }
    return resolved->kind == IDL_BOOLEAN ? "false" : "0";
}

const char *emit_bound_note(emit_run *run, const idl_type *type)
{
    type = idl_type_resolve(type);
    if (type->kind == IDL_STRING && type->bound > 0) {
        return emit_format(run->arena, "at most %llu byte%s", (unsigned long long)type->bound, type->bound == 1 ? "" : "s");
    }
    if (type->kind != IDL_SEQUENCE) {
        return NULL;
    }
    const char *inner = emit_bound_note(run, type->element);
    if (type->bound == 0) {
        return inner == NULL ? NULL : emit_format(run->arena, "items: %s", inner);
    }
    const char *note =
        emit_format(run->arena, "at most %llu %s%s", (unsigned long long)type->bound,
                    idl_type_resolve(type->element)->kind == IDL_OCTET ? "byte" : "item", type->bound == 1 ? "" : "s");
    return inner == NULL ? note : emit_format(run->arena, "%s, each: %s", note, inner);
}
