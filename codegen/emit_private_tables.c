/* Tables of types without a name of their own: bounded strings, ranges, sequences, maps, arrays, references. They are private to
 * the file, and made when something first needs them. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <string.h>

/* Starts a private table: returns its name, and in ret_new whether the caller must write it. */
static const char *private_table(emit_file *file, const char *what, bool *ret_new)
{
    const size_t length = strlen(what);
    const char *name = idl_names_get(&file->statics, what, length);
    *ret_new = name == NULL;
    if (name == NULL) {
        name = emit_static_name(file, what);
        idl_names_put(&file->statics, file->run->arena, what, length, (void *)(uintptr_t)name);
    }
    return name;
}

/* "_from_m5_to_7": as a name may have it. */
static const char *range_stem(emit_run *run, const idl_type *type, const idl_decl *decl)
{
    const emit_range range = emit_range_of(type, decl);
    const idl_value *const ends[] = { &range.min, &range.max };
    static const char *const words[] = { "_from_", "_to_" };
    emit_buf out = { .arena = run->arena };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const idl_value *end = ends[i];
        if (end->kind == IDL_VALUE_FLOAT) {
            uint64_t bits = 0;
            memcpy(&bits, &end->number, sizeof bits);
            emit(&out, "%s%" PRIx64, words[i], bits);
        } else if (end->kind != IDL_VALUE_NONE) {
            const idl_value *number = end->kind == IDL_VALUE_ENUM ? &end->enumerator->value : end;
            emit(&out, "%s%s%" PRIu64, words[i], number->negative && number->magnitude > 0 ? "m" : "", number->magnitude);
        }
    }
    return out.text == NULL ? "" : out.text;
}

/* What a private table is called, without "_type": the whole structure, bounds and ranges included. */
static const char *table_stem(emit_run *run, const idl_type *type, const idl_decl *decl)
{
    const idl_type *resolved = emit_resolve(type);
    const char *bound = resolved->bound > 0 ? emit_format(run->arena, "_%" PRIu64, resolved->bound) : "";
    if (resolved->kind == IDL_SEQUENCE) {
        return emit_format(run->arena, "%s_seq%s", table_stem(run, resolved->element, NULL), bound);
    }
    if (resolved->kind == IDL_MAP) {
        return emit_format(run->arena, "%s_by_%s%s", table_stem(run, resolved->element, NULL),
                           table_stem(run, resolved->key, NULL), bound);
    }
    if (resolved->kind == IDL_ARRAY) {
        emit_buf out = { .arena = run->arena };
        emit(&out, "%s_array", table_stem(run, resolved->element, NULL));
        for (uint32_t i = 0; i < resolved->n_dimensions; i++) {
            emit(&out, "_%" PRIu32, resolved->dimensions[i]);
        }
        return out.text;
    }
    if (resolved->kind == IDL_NAMED) {
        return emit_format(run->arena, "%s%s", emit_name(run, resolved->decl), range_stem(run, type, decl));
    }
    if (resolved->kind == IDL_FIXED) {
        return emit_format(run->arena, "fixed_%" PRIu32 "_%" PRIu32, resolved->digits, resolved->scale);
    }
    return emit_format(run->arena, "%s%s%s", resolved->kind == IDL_OCTET ? "octet" : emit_basic_table(resolved), bound,
                       range_stem(run, type, decl));
}

static const char *new_table(emit_file *file, const idl_type *type, const idl_decl *decl, bool *ret_new)
{
    return private_table(file, emit_format(file->run->arena, "%s_type", table_stem(file->run, type, decl)), ret_new);
}

/* ---- text and numbers ---- */

static const char *text_address(emit_file *file, const idl_type *type)
{
    bool is_new = false;
    const char *name = new_table(file, type, NULL, &is_new);
    if (is_new) {
        emit_buf *out = &file->static_tables;
        emit(out, "static const corbel_type %s = {\n    .kind = CORBEL_KIND_%s,\n", name, emit_basic_kind(type));
        if (type->kind == IDL_WSTRING) {
            emit(out, "    .flags = CORBEL_WIDE,\n");
        }
        emit(out, "    .size = sizeof(const char *),\n    .bound = %" PRIu64 ",\n",
             type->kind == IDL_FIXED ? (uint64_t)type->digits : type->bound);
        if (type->kind == IDL_FIXED && type->scale > 0) {
            emit(out, "    .count = %" PRIu32 ",\n", type->scale);
        }
        emit(out, "};\n");
    }
    return emit_format(file->run->arena, "&%s", name);
}

/* "i": which member of a range's ends a kind has. */
static const char *end_of(const idl_type *resolved)
{
    switch (resolved->kind) {
    case IDL_INT8:
    case IDL_INT16:
    case IDL_INT32:
    case IDL_INT64:
    case IDL_NAMED: /* an enum */
        return "i";
    case IDL_FLOAT:
    case IDL_DOUBLE:
    case IDL_LONG_DOUBLE:
        return "d";
    default:
        return "u";
    }
}

static const char *end_value(emit_run *run, const idl_type *resolved, const idl_value *value)
{
    if (value->kind == IDL_VALUE_CHAR || value->kind == IDL_VALUE_BOOLEAN) {
        return emit_format(run->arena, "%" PRIu64, value->magnitude);
    }
    if (value->kind == IDL_VALUE_FLOAT) { /* with the digits of a double, whatever the type */
        const idl_type exact = { .kind = IDL_DOUBLE };
        return emit_literal(run, &exact, value);
    }
    return emit_literal(run, resolved, value);
}

static void emit_range_field(emit_run *run, emit_buf *out, const idl_type *type, const idl_decl *decl)
{
    const idl_type *resolved = emit_resolve(type);
    const emit_range range = emit_range_of(type, decl);
    emit_strings fields = { .arena = run->arena };
    if (range.min.kind != IDL_VALUE_NONE) {
        emit_add(&fields, ".has_min = true");
        emit_add(&fields, ".min.%s = %s", end_of(resolved), end_value(run, resolved, &range.min));
    }
    if (range.max.kind != IDL_VALUE_NONE) {
        emit_add(&fields, ".has_max = true");
        emit_add(&fields, ".max.%s = %s", end_of(resolved), end_value(run, resolved, &range.max));
    }
    emit_list(out, "    .range = &(const corbel_range){ ", &fields, " },");
}

/* A copy of a number's or enum's table, with a range. */
static const char *ranged_address(emit_file *file, const idl_type *type, const idl_decl *decl)
{
    emit_run *run = file->run;
    const idl_type *resolved = emit_resolve(type);
    bool is_new = false;
    const char *name = new_table(file, type, decl, &is_new);
    if (!is_new) {
        return emit_format(run->arena, "&%s", name);
    }
    emit_buf *out = &file->static_tables;
    const char *c_type = emit_value_type(run, resolved);
    emit(out, "static const corbel_type %s = {\n    .kind = CORBEL_KIND_%s,\n    .flags = CORBEL_PLAIN%s,\n", name,
         resolved->kind == IDL_NAMED ? "ENUM" : emit_basic_kind(resolved), resolved->kind == IDL_OCTET ? " | CORBEL_OCTET" : "");
    if (resolved->kind == IDL_NAMED) {
        emit(out, "    .name = \"%s\",\n", resolved->decl->scoped_name);
    }
    emit(out, "    .size = sizeof(%.*s),\n", (int)strlen(c_type) - 1, c_type);
    if (resolved->kind == IDL_NAMED) {
        const emit_strings rows = emit_enumerator_rows(run, resolved->decl);
        emit(out, "    .count = %zu,\n", rows.length);
        emit_rows(out, "    .enumerators = (const corbel_enumerator[]){", &rows, "},");
    }
    emit_range_field(run, out, type, decl);
    emit(out, "};\n");
    return emit_format(run->arena, "&%s", name);
}

static bool has_range(const idl_type *type, const idl_decl *decl)
{
    const emit_range range = emit_range_of(type, decl);
    const idl_type *resolved = emit_resolve(type);
    const bool is_number = resolved->kind == IDL_NAMED ? resolved->decl->kind == IDL_ENUM
                                                       : emit_basic_kind(resolved) != NULL && resolved->kind != IDL_FIXED;
    return is_number && (range.min.kind != IDL_VALUE_NONE || range.max.kind != IDL_VALUE_NONE);
}

/* ---- sequences, maps, arrays ---- */

static const char *sequence_address(emit_file *file, const idl_type *type)
{
    emit_run *run = file->run;
    const idl_type *element = emit_resolve(type->element);
    const char *basic = emit_basic_table(element);
    if (type->bound == 0 && element->bound == 0 && basic != NULL && !has_range(type->element, NULL)) {
        return element->kind == IDL_OCTET ? "&corbel_bytes_type" : emit_format(run->arena, "&corbel_%s_seq_type", basic);
    }
    const char *inner = emit_type_address(file, type->element, NULL);
    bool is_new = false;
    const char *name = new_table(file, type, NULL, &is_new);
    if (is_new) {
        emit_buf *out = &file->static_tables;
        emit(out, "static const corbel_type %s = {\n    .kind = CORBEL_KIND_SEQUENCE,\n", name);
        if (element->kind == IDL_OCTET) {
            emit(out, "    .flags = CORBEL_BYTES,\n");
        }
        emit(out, "    .size = sizeof(%s),\n", emit_view_name(run, type));
        if (type->bound > 0) {
            emit(out, "    .bound = %" PRIu64 ",\n", type->bound);
        }
        emit(out, "    .element = %s,\n};\n", inner);
    }
    return emit_format(run->arena, "&%s", name);
}

static const char *map_address(emit_file *file, const idl_type *type)
{
    emit_run *run = file->run;
    const char *key = emit_type_address(file, type->key, NULL);
    const char *value = emit_type_address(file, type->element, NULL);
    bool is_new = false;
    const char *name = new_table(file, type, NULL, &is_new);
    if (is_new) {
        emit_buf *out = &file->static_tables;
        const char *view = emit_view_name(run, type);
        emit_strings rows = { .arena = run->arena };
        emit_add(&rows, "{ .name = \"key\", .id = 1, .offset = offsetof(%s_item, key), .type = %s }", view, key);
        emit_add(&rows, "{ .name = \"value\", .id = 2, .offset = offsetof(%s_item, value), .type = %s }", view, value);
        emit(out, "static const corbel_type %s = {\n    .kind = CORBEL_KIND_MAP,\n    .size = sizeof(%s),\n", name, view);
        if (type->bound > 0) {
            emit(out, "    .bound = %" PRIu64 ",\n", type->bound);
        }
        emit(out,
             "    .element = &(const corbel_type){\n        .kind = CORBEL_KIND_STRUCT,\n        .size = sizeof(%s_item),\n"
             "        .count = 2,\n",
             view);
        emit_rows(out, "        .members = (const corbel_member[]){", &rows, "},");
        emit(out, "    },\n};\n");
    }
    return emit_format(run->arena, "&%s", name);
}

void emit_array_table(emit_file *file, emit_buf *out, const idl_type *array, const char *head, const idl_decl *decl)
{
    emit_run *run = file->run;
    const bool is_bytes = emit_resolve(array->element)->kind == IDL_OCTET;
    const bool is_plain = emit_is_plain(run, array->element);
    const char *element = emit_type_address(file, array->element, NULL);
    emit_strings dimensions = { .arena = run->arena };
    uint64_t count = 1;
    for (uint32_t i = 0; i < array->n_dimensions; i++) {
        count *= array->dimensions[i];
        emit_add(&dimensions, "%" PRIu32, array->dimensions[i]);
    }
    emit(out, "%s = {\n    .kind = CORBEL_KIND_ARRAY,\n", head);
    if (is_plain) {
        emit(out, "    .flags = CORBEL_PLAIN%s,\n", is_bytes ? " | CORBEL_BYTES" : "");
    }
    if (decl != NULL) {
        emit(out, "    .name = \"%s\",\n    .size = sizeof(%s),\n", decl->scoped_name, emit_name(run, decl));
    } else {
        const char *c_type = emit_value_type(run, array);
        const size_t length = strlen(c_type);
        emit(out, "    .size = sizeof(%.*s%s),\n", (int)(c_type[length - 1] == ' ' ? length - 1 : length), c_type,
             emit_dimensions(run, array));
    }
    emit(out, "    .bound = %" PRIu64 ",\n    .element = %s,\n", count, element);
    if (array->n_dimensions > 1) {
        emit_add(&dimensions, "0");
        emit_list(out, "    .dimensions = (const uint32_t[]){ ", &dimensions, " },");
    }
    if (decl != NULL) {
        emit_described(out, decl->doc, emit_annotations(run, decl->annotations));
    }
    emit(out, "};\n");
}

static const char *array_address(emit_file *file, const idl_type *type)
{
    emit_run *run = file->run;
    bool is_new = false;
    const char *name = new_table(file, type, NULL, &is_new);
    if (is_new) {
        emit_buf table = { .arena = run->arena }; /* its element's table may have to come first */
        emit_array_table(file, &table, type, emit_format(run->arena, "static const corbel_type %s", name), NULL);
        emit_raw(&file->static_tables, table.text, table.length);
    }
    return emit_format(run->arena, "&%s", name);
}

/* ---- names ---- */

static const char *reference_address(emit_file *file, const idl_decl *interface)
{
    emit_run *run = file->run;
    bool is_new = false;
    const char *c_name = emit_name(run, interface);
    const char *name = private_table(file, emit_format(run->arena, "%s_reference", c_name), &is_new);
    if (is_new) {
        const char *description = emit_derived(run, interface, NULL, "_interface");
        emit(&file->static_tables,
             "static const corbel_type %s = {\n    .kind = CORBEL_KIND_REFERENCE,\n    .name = \"%s\",\n"
             "    .size = sizeof(%s *),\n    .interface = &%s,\n};\n",
             name, interface->scoped_name, c_name, description);
    }
    return emit_format(run->arena, "&%s", name);
}

/* A native value stays in this process: its address travels as a number, between local objects only. */
static const char *native_address(emit_file *file, const idl_decl *native)
{
    emit_run *run = file->run;
    bool is_new = false;
    const char *name = private_table(file, emit_format(run->arena, "%s_native", emit_name(run, native)), &is_new);
    if (is_new) {
        emit(&file->static_tables,
             "static const corbel_type %s = {\n"
             "    .kind = sizeof(void *) == sizeof(uint64_t) ? CORBEL_KIND_UINT64 : CORBEL_KIND_UINT32,\n"
             "    .flags = CORBEL_PLAIN,\n    .name = \"%s\",\n    .size = sizeof(%s),\n};\n",
             name, native->scoped_name, emit_name(run, native));
    }
    return emit_format(run->arena, "&%s", name);
}

static const char *named_address(emit_file *file, const idl_decl *decl)
{
    const char *name = emit_derived(file->run, decl, NULL, "_type");
    bool is_new = false;
    if (emit_is_unseen(file, decl)) {
        private_table(file, emit_format(file->run->arena, "extern %s", name), &is_new);
    }
    if (is_new) { /* it was declared forward, and is defined in a file that includes this one */
        emit(&file->static_tables, "extern const corbel_type %s;\n", name);
    }
    return emit_format(file->run->arena, "&%s", name);
}

const char *emit_type_address(emit_file *file, const idl_type *type, const idl_decl *decl)
{
    emit_run *run = file->run;
    const idl_type *resolved = emit_resolve(type);
    if (has_range(type, decl)) {
        return ranged_address(file, type, decl);
    }
    switch (resolved->kind) {
    case IDL_SEQUENCE:
        return sequence_address(file, resolved);
    case IDL_MAP:
        return map_address(file, resolved);
    case IDL_ARRAY:
        return array_address(file, resolved);
    case IDL_NAMED:
        break;
    default:
        return resolved->bound > 0 || resolved->kind == IDL_FIXED
                   ? text_address(file, resolved)
                   : emit_format(run->arena, "&corbel_%s_type",
                                 resolved->kind == IDL_OCTET ? "octet" : emit_basic_table(resolved));
    }
    const idl_decl *named = resolved->decl->kind == IDL_FORWARD ? resolved->decl->definition : resolved->decl;
    return named->kind == IDL_INTERFACE ? reference_address(file, named)
           : named->kind == IDL_NATIVE  ? native_address(file, named)
                                        : named_address(file, named);
}
