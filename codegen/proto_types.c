/* Fields. Where proto3 cannot repeat or select what is repeated itself, a message of the one field 1 stands for it, declared
 * right before the field, inside the message that has it. */
#include "codegen/comment.h"
#include "codegen/proto.h"
#include "idl/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- kinds ---- */

/* Octets travel as bytes. */
static bool is_bytes(const idl_type *type)
{
    return (type->kind == IDL_SEQUENCE || type->kind == IDL_ARRAY) && idl_type_resolve(type->element)->kind == IDL_OCTET;
}

static bool is_repeated(const idl_type *type)
{
    return (type->kind == IDL_SEQUENCE || type->kind == IDL_ARRAY || type->kind == IDL_MAP) && !is_bytes(type);
}

/* Of what is one value on the wire. */
static const char *simple_type(proto_run *all, proto_file *file, const idl_type *type)
{
    switch (type->kind) {
    case IDL_BOOLEAN:
        return "bool";
    case IDL_OCTET:
    case IDL_UINT8:
    case IDL_CHAR:
    case IDL_WCHAR:
    case IDL_UINT16:
    case IDL_UINT32:
        return "uint32";
    case IDL_INT8:
    case IDL_INT16:
    case IDL_INT32:
        return "sint32";
    case IDL_INT64:
        return "sint64";
    case IDL_UINT64:
    case IDL_OBJECT:
        return "uint64";
    case IDL_FLOAT:
        return "float";
    case IDL_DOUBLE:
        return "double";
    case IDL_LONG_DOUBLE:
    case IDL_SEQUENCE:
    case IDL_ARRAY:
        return "bytes";
    case IDL_ANY:
        file->uses_any = true;
        return ".corbel.Any";
    case IDL_NAMED:
        switch (type->decl->kind) {
        case IDL_INTERFACE:
        case IDL_NATIVE: /* only of local operations, which have no messages */
            return "uint64";
        case IDL_BITMASK:
            return type->decl->bits > 32 ? "uint64" : "uint32";
        default: /* the message of another file that this one does not include is bytes to it */
            return !proto_is_unseen(file, type->decl) ? proto_full_name(all, type->decl)
                   : type->decl->kind == IDL_ENUM     ? "int32"
                                                      : "bytes";
        }
    default: /* string, wstring, fixed, TypeCode */
        return "string";
    }
}

/* A key that proto3's map can have. */
static bool is_map_key(const idl_type *key)
{
    return idl_type_resolve(key)->kind != IDL_NAMED;
}

static bool is_message(const proto_file *file, const idl_type *type)
{
    if (type->kind != IDL_NAMED) {
        return type->kind == IDL_ANY;
    }
    const idl_decl_kind kind = type->decl->kind;
    return (kind == IDL_STRUCT || kind == IDL_UNION || kind == IDL_BITSET) && !proto_is_unseen(file, type->decl);
}

static bool is_reference(const idl_type *type)
{
    return type->kind == IDL_OBJECT || (type->kind == IDL_NAMED && type->decl->kind == IDL_INTERFACE);
}

/* ---- fields ---- */

static void write_repeated(proto_run *all, proto_file *file, proto_scope *scope, emit_buf *out, int indent, const idl_type *type,
                           const char *name, uint32_t id, const char *comment_doc, const char *comment_fact);

/* A message of the one field 1 around what is repeated; its name. */
static const char *write_wrapper(proto_run *all, proto_file *file, proto_scope *scope, emit_buf *out, int indent,
                                 const idl_type *type, const char *stem)
{
    const char *name = proto_scope_enter(scope, stem);
    proto_scope inner = { .arena = scope->arena };
    emit(out, "%*smessage %s {\n", indent, "", name);
    write_repeated(all, file, &inner, out, indent + 2, type, proto_scope_enter(&inner, "items"), 1, NULL, NULL);
    emit(out, "%*s}\n", indent, "");
    return name;
}

const char *proto_single_type(proto_run *all, proto_file *file, proto_scope *scope, emit_buf *out, int indent,
                              const idl_type *type, const char *stem)
{
    type = idl_type_resolve(type);
    return is_repeated(type) ? write_wrapper(all, file, scope, out, indent, type, stem) : simple_type(all, file, type);
}

/* The items are messages of key and value. proto3's own map is the same, where it takes such keys and values. */
static void write_map(proto_run *all, proto_file *file, proto_scope *scope, emit_buf *out, int indent, const idl_type *type,
                      const char *name, uint32_t id, const char *doc, const char *fact)
{
    idl_arena *arena = scope->arena;
    const idl_type *value = idl_type_resolve(type->element);
    const char *key = simple_type(all, file, idl_type_resolve(type->key));
    if (is_map_key(type->key) && !is_repeated(value)) {
        proto_scope_enter(scope, emit_format(arena, "%s_entry", name)); /* which protoc makes of it */
        proto_comment(out, indent, doc, fact);
        emit(out, "%*smap<%s, %s> %s = %" PRIu32 ";\n", indent, "", key, simple_type(all, file, value), name, id);
        return;
    }
    const char *item = proto_scope_enter(scope, emit_format(arena, "%s_item", name));
    proto_scope inner = { .arena = arena };
    proto_scope_enter(&inner, "key");
    const proto_field field = { .name = proto_scope_enter(&inner, "value"), .type = value, .id = 2 };
    emit(out, "%*smessage %s {\n%*s%s key = 1;\n", indent, "", item, indent + 2, "", key);
    proto_emit_field(all, file, &inner, out, indent + 2, &field);
    emit(out, "%*s}\n", indent, "");
    proto_comment(out, indent, doc, fact);
    emit(out, "%*srepeated %s %s = %" PRIu32 ";\n", indent, "", item, name, id);
}

static void write_repeated(proto_run *all, proto_file *file, proto_scope *scope, emit_buf *out, int indent, const idl_type *type,
                           const char *name, uint32_t id, const char *doc, const char *fact)
{
    if (type->kind == IDL_MAP) {
        write_map(all, file, scope, out, indent, type, name, id, doc, fact);
        return;
    }
    const char *item =
        proto_single_type(all, file, scope, out, indent, type->element, emit_format(scope->arena, "%s_item", name));
    proto_comment(out, indent, doc, fact);
    emit(out, "%*srepeated %s %s = %" PRIu32 ";\n", indent, "", item, name, id);
}

void proto_emit_field(proto_run *all, proto_file *file, proto_scope *scope, emit_buf *out, int indent, const proto_field *field)
{
    const idl_type *type = idl_type_resolve(field->type);
    const char *doc = field->decl == NULL ? NULL : field->decl->doc, *fact = proto_facts(file, field);
    if (is_repeated(type) && !field->has_presence) {
        write_repeated(all, file, scope, out, indent, type, field->name, field->id, doc, fact);
        return;
    }
    const char *single =
        proto_single_type(all, file, scope, out, indent, type, emit_format(scope->arena, "%s_items", field->name));
    /* Messages and references tell absent from empty as they are. */
    if (field->has_presence && !is_repeated(type) && !is_message(file, type) && !is_reference(type)) {
        const char *oneof = proto_scope_enter(scope, emit_format(scope->arena, "%s_presence", field->name));
        emit(out, "%*soneof %s {\n", indent, "", oneof);
        proto_comment(out, indent + 2, doc, fact);
        emit(out, "%*s%s %s = %" PRIu32 ";\n%*s}\n", indent + 2, "", single, field->name, field->id, indent, "");
        return;
    }
    proto_comment(out, indent, doc, fact);
    emit(out, "%*s%s %s = %" PRIu32 ";\n", indent, "", single, field->name, field->id);
}

/* ---- what a comment adds ---- */

static void add(emit_buf *out, const char *format, ...) EMIT_PRINTF(2, 3);

static void add(emit_buf *out, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    emit(out, "%s%s.", out->length == 0 ? "" : " ", text);
}

static void add_end(emit_buf *out, const char *what, const idl_value *value)
{
    if (value->kind == IDL_VALUE_INTEGER) {
        add(out, "%s %s%" PRIu64, what, value->negative ? "-" : "", value->magnitude);
    } else if (value->kind == IDL_VALUE_FLOAT) {
        add(out, "%s %.17g", what, value->number);
    }
}

static void add_type(const proto_file *file, emit_buf *out, const idl_type *type)
{
    switch (type->kind) {
    case IDL_STRING:
    case IDL_WSTRING:
        if (type->bound > 0) {
            add(out, "At most %" PRIu64 " %s", type->bound, type->kind == IDL_STRING ? "bytes" : "characters");
        }
        break;
    case IDL_SEQUENCE:
        if (type->bound > 0) {
            add(out, "At most %" PRIu64 " %s", type->bound, is_bytes(type) ? "bytes" : "items");
        }
        break;
    case IDL_MAP:
        if (type->bound > 0) {
            add(out, "At most %" PRIu64 " items", type->bound);
        }
        add(out, "In ascending order of the keys");
        break;
    case IDL_ARRAY: {
        uint64_t n = 1;
        for (uint32_t i = 0; i < type->n_dimensions; i++) {
            n *= type->dimensions[i];
        }
        add(out, "Exactly %" PRIu64 " %s", n, is_bytes(type) ? "bytes" : "items");
        break;
    }
    case IDL_CHAR:
        add(out, "A byte");
        break;
    case IDL_WCHAR:
        add(out, "A code point");
        break;
    case IDL_LONG_DOUBLE:
        add(out, "16 bytes: IEEE binary128, little-endian");
        break;
    case IDL_FIXED:
        add(out, "A decimal of at most %" PRIu32 " digits, %" PRIu32 " of them behind the point", type->digits, type->scale);
        break;
    case IDL_TYPECODE:
        add(out, "A type's repository id");
        break;
    case IDL_OBJECT:
        add(out, "A reference: a tag of the frame's table");
        break;
    default:
        break;
    }
    if (type->kind == IDL_NAMED && type->decl->kind != IDL_INTERFACE && proto_is_unseen(file, type->decl)) {
        add(out, "%s, which a file defines that cannot be imported here", type->decl->scoped_name);
    } else if (type->kind == IDL_NAMED && type->decl->kind == IDL_INTERFACE) {
        add(out, "A reference to %s: a tag of the frame's table", type->decl->scoped_name);
    } else if (type->kind == IDL_NAMED && type->decl->kind == IDL_BITMASK) {
        add(out, "The bits of %s", type->decl->scoped_name);
    }
}

const char *proto_facts(const proto_file *file, const proto_field *field)
{
    emit_buf out = { .arena = file->run->arena };
    const idl_type *type = idl_type_resolve(field->type);
    add_type(file, &out, type);
    if (is_repeated(type) && type->element != NULL && !is_repeated(idl_type_resolve(type->element))) {
        const idl_type *element = idl_type_resolve(type->element);
        if (element->bound > 0) {
            add(&out, "Each of at most %" PRIu64 " %s", element->bound, element->kind == IDL_WSTRING ? "characters" : "bytes");
        } else if (is_reference(element)) {
            add_type(file, &out, element);
        }
    }
    if (field->decl != NULL && field->decl->kind == IDL_BITFIELD) {
        add(&out, "%" PRIu32 " bit%s", field->decl->bits, field->decl->bits == 1 ? "" : "s");
    } else if (field->decl != NULL) {
        add_end(&out, "At least", &field->decl->min);
        add_end(&out, "At most", &field->decl->max);
    }
    if (field->decl != NULL && field->decl->default_value.kind != IDL_VALUE_NONE) {
        add(&out, "Always written; one that is absent has the default");
    }
    return out.length == 0 ? NULL : out.text;
}

/* ---- comments ---- */

static void comment_line(emit_buf *out, int indent, const char *text, size_t length)
{
    const char *end = text + length;
    emit_buf line = { .arena = out->arena };
    emit_raw(&line, "", 0);
    while (text < end) { /* what a reader would not see, or would be deceived by, is left out */
        const size_t n = idl_utf8_length(text, end);
        if (n > 0 && (unsigned char)*text >= 0x20 && *text != 0x7F && !emit_is_deceptive(text, n)) {
            emit_raw(&line, text, n);
        } else if (n == 0 || *text == '\t') {
            emit_raw(&line, n == 0 ? "?" : " ", 1);
        }
        text += n == 0 ? 1 : n;
    }
    const char *rest = line.text;
    const size_t room = EMIT_COLUMNS - (size_t)indent - 3;
    do {
        size_t cut = strlen(rest);
        while (cut > 0 && rest[cut - 1] == ' ') {
            cut--;
        }
        const size_t whole = cut;
        while (cut > room && memchr(rest, ' ', cut) != NULL) { /* at the last space that fits, else at the first */
            const char *space = memrchr(rest, ' ', cut);
            if (space == rest || (size_t)(space - rest) == cut) {
                break;
            }
            cut = (size_t)(space - rest);
        }
        emit(out, "%*s//%s%.*s\n", indent, "", cut == 0 ? "" : " ", (int)cut, rest);
        rest += cut;
        rest += cut < whole ? strspn(rest, " ") : strlen(rest);
    } while (*rest != '\0');
}

void proto_comment(emit_buf *out, int indent, const char *doc, const char *fact)
{
    while (doc != NULL && *doc != '\0') {
        const size_t length = strcspn(doc, "\n");
        comment_line(out, indent, doc, length);
        doc += length + (doc[length] == '\n');
    }
    if (fact != NULL) {
        comment_line(out, indent, fact, strlen(fact));
    }
}
