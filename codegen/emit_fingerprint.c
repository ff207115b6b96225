/* The fingerprint of an interface: FNV-1a, 64 bits, over a text that says all that two programs must agree on, and nothing
 * else: no comments, no order of declaration, no typedef's name.
 *
 *   interface  = scoped name "{" operation* "}"      its own and inherited ones, sorted by the text before their "("
 *   operation  = declaring interface "::" name "(" parameter* ")" [ "oneway" ] [ "raises" names ]
 *   parameter  = [ "stream " ] ( "in" | "out" ) number name ":" type ";"
 *   type       = basic name [ "<" bound ">" ] [ range ] | "fixed<" digits "," scale ">" | "seq<" type "," bound ">"
 *              | "map<" type "," type "," bound ">" | "array<" type [ "," dimension ]+ ">" | "ref " interface | named [ range ]
 *   range      = "[" [ least ] "," [ greatest ] "]"
 *   named      = scoped name, followed at its first mention in the text by what it has, in "{" "}": enumerators and bits with
 *                their values; members that travel with number, name and type, "?" if they are optional, "=" and their default;
 *                of a union first the discriminator, and behind each case its labels
 *
 * A reference says only which interface it is to: that one has a fingerprint of its own. An operation's fingerprint is that of
 * its text alone. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct canon {
    emit_run *run;
    emit_buf text;
    idl_names mentioned;
} canon;

static void canon_type(canon *out, const idl_type *type, const idl_decl *decl);

static void canon_constant(canon *out, const idl_value *value)
{
    if (value->kind == IDL_VALUE_ENUM) {
        emit(&out->text, "%s", value->enumerator->name);
    } else if (value->kind == IDL_VALUE_FLOAT) {
        emit(&out->text, "%a", value->number);
    } else if (value->string != NULL) { /* its length, too: it may hold anything */
        emit(&out->text, "%zu'%s'", strlen(value->string), value->string);
    } else if (value->kind != IDL_VALUE_NONE) {
        emit(&out->text, "%s%" PRIu64, value->negative && value->magnitude > 0 ? "-" : "", value->magnitude);
    }
}

static void canon_range(canon *out, const idl_type *type, const idl_decl *decl)
{
    const emit_range range = emit_range_of(type, decl);
    if (range.min.kind != IDL_VALUE_NONE || range.max.kind != IDL_VALUE_NONE) {
        emit(&out->text, "[");
        canon_constant(out, &range.min);
        emit(&out->text, ",");
        canon_constant(out, &range.max);
        emit(&out->text, "]");
    }
}

static void canon_field(canon *out, const emit_field *field)
{
    const idl_decl *member = field->member;
    emit(&out->text, "%" PRIu32 " %s%s:", field->id, member->name, member->is_optional ? "?" : "");
    canon_type(out, member->type, member);
    if (member->default_value.kind != IDL_VALUE_NONE && !member->is_optional) {
        emit(&out->text, "=");
        canon_constant(out, &member->default_value);
    }
    for (uint32_t i = 0; i < member->n_labels; i++) {
        emit(&out->text, " case ");
        canon_constant(out, &member->labels[i]);
    }
    emit(&out->text, "%s;", member->is_default ? " default" : "");
}

static void canon_named(canon *out, const idl_decl *decl)
{
    emit(&out->text, "%s", decl->scoped_name);
    const size_t length = strlen(decl->scoped_name);
    if (idl_names_get(&out->mentioned, decl->scoped_name, length) != NULL) {
        return;
    }
    idl_names_put(&out->mentioned, out->run->arena, decl->scoped_name, length, (void *)(uintptr_t)decl);
    emit(&out->text, "{");
    if (decl->kind == IDL_ENUM || decl->kind == IDL_BITMASK) {
        const bool names_count = !emit_is_marked(decl, "ignore_literal_names");
        if (decl->kind == IDL_BITMASK) {
            emit(&out->text, "%" PRIu32 ";", decl->bits);
        }
        for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
            if (child->kind == IDL_ENUMERATOR) {
                emit(&out->text, "%s=%s;", names_count ? child->name : "", emit_enumerator_value(out->run, child));
            } else if (child->kind == IDL_BIT) {
                emit(&out->text, "%s=%" PRIu64 ";", child->name, child->value.magnitude);
            }
        }
    } else if (decl->kind != IDL_NATIVE) {
        if (decl->kind == IDL_UNION) {
            canon_type(out, decl->type, NULL);
            emit(&out->text, ";");
        }
        const emit_fields fields = emit_fields_of(out->run, decl);
        for (size_t i = 0; i < fields.length; i++) {
            canon_field(out, &fields.items[i]);
        }
    }
    emit(&out->text, "}");
}

static void canon_array(canon *out, const idl_type *array)
{
    emit(&out->text, "array<");
    canon_type(out, array->element, NULL);
    for (uint32_t i = 0; i < array->n_dimensions; i++) {
        emit(&out->text, ",%" PRIu32, array->dimensions[i]);
    }
    emit(&out->text, ">");
}

/* decl: what has the type, for its range, or NULL. */
static void canon_type(canon *out, const idl_type *type, const idl_decl *decl)
{
    const idl_type *resolved = idl_type_resolve(type);
    switch (resolved->kind) {
    case IDL_SEQUENCE:
    case IDL_MAP:
        emit(&out->text, "%s", resolved->kind == IDL_MAP ? "map<" : "seq<");
        if (resolved->kind == IDL_MAP) {
            canon_type(out, resolved->key, NULL);
            emit(&out->text, ",");
        }
        canon_type(out, resolved->element, NULL);
        emit(&out->text, ",%" PRIu64 ">", resolved->bound);
        return;
    case IDL_ARRAY:
        canon_array(out, resolved);
        return;
    case IDL_FIXED:
        emit(&out->text, "fixed<%" PRIu32 ",%" PRIu32 ">", resolved->digits, resolved->scale);
        break;
    case IDL_NAMED:
        if (emit_shape_of(out->run, resolved) == EMIT_REFERENCE) {
            emit(&out->text, "ref %s", resolved->decl->scoped_name);
            return;
        }
        canon_named(out, resolved->decl);
        break;
    default:
        emit(&out->text, "%s", resolved->kind == IDL_OCTET ? "octet" : emit_basic_table(resolved));
        if (resolved->bound > 0) {
            emit(&out->text, "<%" PRIu64 ">", resolved->bound);
        }
        break;
    }
    canon_range(out, type, decl);
}

static void canon_value(canon *out, const char *direction, uint32_t id, const char *name, const idl_type *type,
                        const idl_decl *decl)
{
    emit(&out->text, "%s%" PRIu32 " %s:", direction, id, name);
    canon_type(out, type, decl);
    emit(&out->text, ";");
}

static void canon_call(canon *out, const emit_call *call)
{
    emit(&out->text, "%s::%s(", call->owner->scoped_name, call->wire_name);
    for (size_t i = 0; i < call->n_params; i++) {
        if (call->params[i].in_id != 0) {
            canon_value(out, call->params[i].is_stream ? "stream in" : "in", call->params[i].in_id, call->params[i].name,
                        call->params[i].type, call->params[i].decl);
        }
    }
    if (call->result != NULL) {
        canon_value(out, "out", 1, "ret", call->result, call->decl);
    }
    if (call->stream_out != NULL) {
        canon_value(out, "stream out", 1, "ret", call->stream_out, call->decl);
    }
    for (size_t i = 0; i < call->n_params; i++) {
        if (call->params[i].out_id != 0) {
            canon_value(out, "out", call->params[i].out_id, call->params[i].name, call->params[i].type, call->params[i].decl);
        }
    }
    emit(&out->text, ")%s", emit_has_halves(call) ? "" : "oneway");
    if (call->raises->length > 0) {
        emit(&out->text, "raises");
        for (size_t i = 0; i < call->raises->length; i++) {
            emit(&out->text, " ");
            canon_named(out, call->raises->items[i]);
        }
    }
}

static int compare_calls(const void *one, const void *other)
{
    const emit_call *a = *(const emit_call *const *)one, *b = *(const emit_call *const *)other;
    const int order = strcmp(a->owner->scoped_name, b->owner->scoped_name);
    return order != 0 ? order : strcmp(a->wire_name, b->wire_name);
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = text; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    return hash;
}

uint64_t emit_call_fingerprint(emit_run *run, const emit_call *call)
{
    canon out = { .run = run, .text = run->scratch };
    out.text.length = 0;
    canon_call(&out, call);
    run->scratch = out.text;
    return hash_of(out.text.text);
}

uint64_t emit_fingerprint(emit_run *run, const idl_decl *interface)
{
    canon out = { .run = run, .text = run->scratch };
    out.text.length = 0;
    const emit_calls calls = emit_calls_of(run, interface, true);
    const emit_call **sorted = idl_arena_alloc(run->arena, (calls.length + 1) * sizeof *sorted);
    for (size_t i = 0; i < calls.length; i++) {
        sorted[i] = &calls.items[i];
    }
    if (calls.length > 0) {
        qsort(sorted, calls.length, sizeof *sorted, compare_calls);
    }
    emit(&out.text, "%s{", interface->scoped_name);
    for (size_t i = 0; i < calls.length; i++) {
        canon_call(&out, sorted[i]);
    }
    emit(&out.text, "}");
    run->scratch = out.text;
    return hash_of(out.text.text);
}
