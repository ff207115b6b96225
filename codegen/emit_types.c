/* How IDL types look in C, in each place where one may stand. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <string.h>

typedef struct basic {
    idl_type_kind kind;
    const char *c_type;
    const char *name;  /* of corbel_<name>_seq */
    const char *what;  /* CORBEL_KIND_<what> */
    const char *table; /* of corbel_<table>_type and corbel_<table>_seq_type; NULL: there is none */
} basic;

static const basic basics[] = {
    { IDL_BOOLEAN, "bool ", "bool", "BOOL", "bool" },
    { IDL_OCTET, "uint8_t ", "uint8", "UINT8", "uint8" },
    { IDL_CHAR, "char ", "char", "CHAR", "char" },
    { IDL_WCHAR, "uint32_t ", "wchar", "WCHAR", "wchar" },
    { IDL_INT8, "int8_t ", "int8", "INT8", "int8" },
    { IDL_UINT8, "uint8_t ", "uint8", "UINT8", "uint8" },
    { IDL_INT16, "int16_t ", "int16", "INT16", "int16" },
    { IDL_UINT16, "uint16_t ", "uint16", "UINT16", "uint16" },
    { IDL_INT32, "int32_t ", "int32", "INT32", "int32" },
    { IDL_UINT32, "uint32_t ", "uint32", "UINT32", "uint32" },
    { IDL_INT64, "int64_t ", "int64", "INT64", "int64" },
    { IDL_UINT64, "uint64_t ", "uint64", "UINT64", "uint64" },
    { IDL_FLOAT, "float ", "float", "FLOAT", "float" },
    { IDL_DOUBLE, "double ", "double", "DOUBLE", "double" },
    { IDL_LONG_DOUBLE, "long double ", "long_double", "LONG_DOUBLE", "long_double" },
    { IDL_STRING, "const char *", "string", "STRING", "string" },
    { IDL_WSTRING, "const char *", "string", "STRING", "wstring" },
    { IDL_TYPECODE, "const char *", "string", "STRING", "typecode" },
    { IDL_FIXED, "const char *", "string", "FIXED", NULL },
    { IDL_ANY, "corbel_any *", "any", "ANY", "any" },
    { IDL_OBJECT, "corbel_object *", "object", "REFERENCE", "object" },
};

static const basic *basic_of(const idl_type *resolved)
{
    for (size_t i = 0; i < sizeof basics / sizeof *basics; i++) {
        if (basics[i].kind == resolved->kind) {
            return &basics[i];
        }
    }
    return NULL;
}

const char *emit_basic_name(const idl_type *type)
{
    const basic *found = basic_of(emit_resolve(type));
    return found == NULL ? NULL : found->name;
}

const char *emit_basic_table(const idl_type *type)
{
    const basic *found = basic_of(emit_resolve(type));
    return found == NULL ? NULL : found->table;
}

const char *emit_basic_kind(const idl_type *type)
{
    const basic *found = basic_of(emit_resolve(type));
    return found == NULL ? NULL : found->what;
}

bool emit_is_array_decl(const idl_decl *decl)
{
    return decl->kind == IDL_TYPEDEF && decl->type->kind == IDL_ARRAY;
}

const idl_type *emit_resolve(const idl_type *type)
{
    while (type->kind == IDL_NAMED && type->decl->kind == IDL_TYPEDEF && !emit_is_array_decl(type->decl)) {
        type = type->decl->type;
    }
    return type;
}

/* ---- plain types ---- */

static bool is_plain_aggregate(emit_run *run, const idl_decl *decl)
{
    if (decl->kind == IDL_BITSET) {
        return true;
    }
    if (emit_is_array_decl(decl)) {
        return emit_is_plain(run, decl->type->element);
    }
    if (decl->extensibility != IDL_FINAL) {
        return false;
    }
    const emit_members members = emit_members_of(run, decl);
    for (size_t i = 0; i < members.length; i++) {
        if (members.items[i]->is_optional || !emit_is_plain(run, members.items[i]->type)) {
            return false;
        }
    }
    return true;
}

bool emit_is_plain(emit_run *run, const idl_type *type)
{
    static const char yes[] = "plain", no[] = "";
    type = emit_resolve(type);
    if (type->kind == IDL_ARRAY) {
        return emit_is_plain(run, type->element);
    }
    if (type->kind != IDL_NAMED) {
        return type->kind < IDL_STRING || type->kind == IDL_INT8 || type->kind == IDL_UINT8 || type->kind == IDL_WCHAR ||
               type->kind == IDL_LONG_DOUBLE;
    }
    const idl_decl *decl = type->decl;
    if (!emit_is_value_decl(decl)) {
        return decl->kind == IDL_ENUM || decl->kind == IDL_BITMASK || decl->kind == IDL_NATIVE;
    }
    const char *known = idl_names_get(&run->plain, decl->scoped_name, strlen(decl->scoped_name));
    if (known == NULL) { /* remembered: the same struct may be reached on very many ways */
        known = is_plain_aggregate(run, decl) ? yes : no;
        idl_names_put(&run->plain, run->arena, decl->scoped_name, strlen(decl->scoped_name), (void *)(uintptr_t)known);
    }
    return *known != '\0';
}

bool emit_is_value_decl(const idl_decl *decl)
{
    return decl->kind == IDL_STRUCT || decl->kind == IDL_UNION || decl->kind == IDL_BITSET || emit_is_array_decl(decl);
}

emit_shape emit_shape_of(emit_run *run, const idl_type *type)
{
    type = emit_resolve(type);
    switch (type->kind) {
    case IDL_STRING:
    case IDL_WSTRING:
    case IDL_FIXED:
    case IDL_TYPECODE:
        return EMIT_STRING;
    case IDL_SEQUENCE:
    case IDL_MAP:
        return EMIT_SEQUENCE;
    case IDL_ANY:
        return EMIT_ANY;
    case IDL_OBJECT:
        return EMIT_REFERENCE;
    case IDL_ARRAY:
        return EMIT_ARRAY;
    case IDL_NAMED:
        break;
    default:
        return EMIT_PLAIN;
    }
    if (emit_is_value_decl(type->decl)) {
        return emit_is_plain(run, type) ? EMIT_FLAT : EMIT_STRUCT;
    }
    return type->decl->kind == IDL_INTERFACE || type->decl->kind == IDL_FORWARD ? EMIT_REFERENCE : EMIT_PLAIN;
}

bool emit_is_pointer(emit_run *run, const idl_type *type)
{
    const emit_shape shape = emit_shape_of(run, type);
    return shape == EMIT_STRING || shape == EMIT_REFERENCE || shape == EMIT_ANY;
}

/* ---- C types ---- */

/* The name under which the IDL wrote the type; text is always written out. The star of a reference is left to the caller. */
static const char *base_name(emit_run *run, const idl_type *type)
{
    const idl_type *resolved = emit_resolve(type);
    const emit_shape shape = emit_shape_of(run, resolved);
    if (shape == EMIT_STRING) {
        return "const char *";
    }
    if (resolved->kind == IDL_ARRAY) {
        return base_name(run, resolved->element);
    }
    if (type->kind == IDL_NAMED) {
        return emit_format(run->arena, "%s ", emit_name(run, type->decl));
    }
    if (type->kind == IDL_ANY || type->kind == IDL_OBJECT) {
        return type->kind == IDL_ANY ? "corbel_any " : "corbel_object ";
    }
    if (type->kind == IDL_SEQUENCE || type->kind == IDL_MAP) {
        return emit_format(run->arena, "%s ", emit_view_name(run, type));
    }
    return basic_of(resolved)->c_type;
}

const char *emit_value_type(emit_run *run, const idl_type *type)
{
    const char *base = base_name(run, type);
    const idl_type *held = emit_resolve(type);
    held = held->kind == IDL_ARRAY ? held->element : held;
    const emit_shape shape = emit_shape_of(run, held);
    return shape == EMIT_REFERENCE || shape == EMIT_ANY ? emit_format(run->arena, "%s*", base) : base;
}

const char *emit_dimensions(emit_run *run, const idl_type *type)
{
    emit_buf out = { .arena = run->arena };
    type = emit_resolve(type);
    for (uint32_t i = 0; type->kind == IDL_ARRAY && i < type->n_dimensions; i++) {
        emit(&out, "[%" PRIu32 "]", type->dimensions[i]);
    }
    return out.text == NULL ? "" : out.text;
}

const char *emit_optional_member(emit_run *run, const idl_type *type, const char *name)
{
    if (emit_is_pointer(run, type)) {
        return emit_format(run->arena, "%s%s", emit_value_type(run, type), name);
    }
    if (emit_shape_of(run, type) == EMIT_ARRAY) {
        return emit_format(run->arena, "%s(*%s)%s", emit_const_pointer(run, type), name, emit_dimensions(run, type));
    }
    return emit_format(run->arena, "%s%s", emit_const_pointer(run, type), name);
}

const char *emit_found_type(emit_run *run, const idl_type *type)
{
    return emit_is_pointer(run, type) ? emit_value_type(run, type) : emit_const_pointer(run, type);
}

const char *emit_in_type(emit_run *run, const idl_type *type)
{
    switch (emit_shape_of(run, type)) {
    case EMIT_STRUCT:
    case EMIT_FLAT:
    case EMIT_ARRAY: /* of a union's _make_x(): the first item */
        return emit_shape_of(run, type) == EMIT_ARRAY ? emit_format(run->arena, "%s*", emit_const_pointer(run, type))
                                                      : emit_const_pointer(run, type);
    case EMIT_PLAIN:
    case EMIT_STRING:
    case EMIT_SEQUENCE:
    case EMIT_REFERENCE:
    case EMIT_ANY:
        break;
    }
    return emit_value_type(run, type);
}

const char *emit_out_type(emit_run *run, const idl_type *type)
{
    switch (emit_shape_of(run, type)) {
    case EMIT_STRING:
        return "char **";
    case EMIT_STRUCT:
        return emit_format(run->arena, "%s**", base_name(run, type));
    case EMIT_PLAIN:
    case EMIT_FLAT:
    case EMIT_SEQUENCE:
    case EMIT_REFERENCE:
    case EMIT_ANY:
    case EMIT_ARRAY:
        break;
    }
    return emit_format(run->arena, "%s*", emit_value_type(run, type));
}

const char *emit_servant_out_type(emit_run *run, const idl_type *type)
{
    return emit_format(run->arena, "%s*", emit_value_type(run, type));
}

const char *emit_const_pointer(emit_run *run, const idl_type *type)
{
    const idl_type *resolved = emit_resolve(type);
    if (resolved->kind == IDL_ARRAY) {
        const char *element = emit_const_pointer(run, resolved->element); /* the declarator has the star itself */
        return emit_format(run->arena, "%.*s", (int)strlen(element) - 1, element);
    }
    const char *value = emit_value_type(run, type);
    return emit_is_pointer(run, type) ? emit_format(run->arena, "%sconst *", value) : emit_format(run->arena, "const %s*", value);
}

/* ---- sequences and maps ---- */

/* "bank_Entry", "corbel_string": the view's name, without its ending. */
static const char *item_name(emit_run *run, const idl_type *type)
{
    type = emit_resolve(type);
    if (type->kind == IDL_SEQUENCE || type->kind == IDL_MAP) {
        return emit_view_name(run, type);
    }
    return type->kind == IDL_NAMED ? emit_name(run, type->decl) : emit_format(run->arena, "corbel_%s", basic_of(type)->name);
}

/* "string", "Kind": as the IDL has it where key and value are of one module, else with its scope. */
static const char *key_name(emit_run *run, const idl_type *map)
{
    const idl_type *key = emit_resolve(map->key);
    const idl_type *value = emit_resolve(map->element);
    if (key->kind != IDL_NAMED) {
        return basic_of(key)->name;
    }
    const bool is_beside = value->kind == IDL_NAMED && value->decl->parent == key->decl->parent;
    return is_beside ? emit_own_name(key->decl) : emit_name(run, key->decl);
}

const char *emit_bitmask_type(const idl_decl *bitmask)
{
    return bitmask->bits <= 8 ? "uint8_t" : bitmask->bits <= 16 ? "uint16_t" : bitmask->bits <= 32 ? "uint32_t" : "uint64_t";
}

const char *emit_view_name(emit_run *run, const idl_type *view)
{
    view = emit_resolve(view);
    if (view->kind == IDL_MAP) {
        return emit_format(run->arena, "%s_by_%s", item_name(run, view->element), key_name(run, view));
    }
    const idl_type *element = emit_resolve(view->element);
    if (element->kind == IDL_NAMED) {
        return emit_derived(run, element->decl, NULL, "_seq");
    }
    return element->kind == IDL_OCTET ? "corbel_bytes" : emit_format(run->arena, "%s_seq", item_name(run, element));
}

bool emit_is_library_view(const idl_type *view)
{
    view = emit_resolve(view);
    return view->kind == IDL_SEQUENCE && emit_basic_name(view->element) != NULL;
}

const char *emit_view_function(emit_run *run, const idl_type *view, const char *suffix)
{
    view = emit_resolve(view);
    const idl_type *element = emit_resolve(view->element);
    if (view->kind == IDL_SEQUENCE && element->kind == IDL_NAMED) {
        return emit_derived(run, element->decl, NULL, emit_format(run->arena, "_seq%s", suffix));
    }
    return emit_format(run->arena, "%s%s", emit_view_name(run, view), suffix);
}

const char *emit_release(emit_run *run, const idl_type *type)
{
    const idl_type *resolved = emit_resolve(type);
    switch (emit_shape_of(run, type)) {
    case EMIT_STRING:
        return "corbel_string_free";
    case EMIT_STRUCT:
        return emit_derived(run, resolved->decl, NULL, "_free");
    case EMIT_REFERENCE:
        return resolved->kind == IDL_OBJECT ? "corbel_object_unref" : emit_derived(run, resolved->decl, NULL, "_unref");
    case EMIT_ANY:
        return "corbel_any_unref";
    case EMIT_SEQUENCE:
        return emit_view_function(run, resolved, "_clear");
    case EMIT_PLAIN:
    case EMIT_FLAT:
    case EMIT_ARRAY:
        break;
    }
    return NULL;
}
