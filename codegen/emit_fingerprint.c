/* The fingerprint of an interface: FNV-1a, 64 bits, over a text that says all that two programs must agree on, and nothing
 * else: no comments, no order of declaration, no typedef's name.
 *
 *   interface  = scoped name "{" operation* "}"      its own and inherited ones, sorted by the text before their "("
 *   operation  = declaring interface "::" name "(" [ "in" | "out" number name ":" type ";" ]* ")" [ "oneway" ] [ "raises" names ]
 *   type       = basic name [ "<" bound ">" ] | "seq<" type "," bound ">" | "ref " interface | named
 *   named      = scoped name, followed at its first mention in the text by its members or enumerators in "{" "}"
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

static void canon_type(canon *out, const idl_type *type);

/* A flag of the standard. */
static bool is_set(const idl_annotation *first, const char *name)
{
    const idl_annotation *found = idl_annotation_find(first, name);
    const idl_argument *argument = found == NULL ? NULL : idl_argument_find(found, "value");
    return found != NULL && found->is_known && found->definition == NULL && (argument == NULL || argument->value.magnitude != 0);
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
    const bool names_count = !is_set(decl->annotations, "ignore_literal_names");
    uint32_t id = 1;
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (decl->kind == IDL_ENUM) {
            emit(&out->text, "%s=%s;", names_count ? child->name : "", emit_enumerator_value(out->run, child));
        } else {
            emit(&out->text, "%" PRIu32 " %s:", id++, child->name);
            canon_type(out, child->type);
            emit(&out->text, ";");
        }
    }
    emit(&out->text, "}");
}

static void canon_type(canon *out, const idl_type *type)
{
    type = idl_type_resolve(type);
    if (type->kind == IDL_SEQUENCE) {
        emit(&out->text, "seq<");
        canon_type(out, type->element);
        emit(&out->text, ",%" PRIu64 ">", type->bound);
    } else if (type->kind != IDL_NAMED) {
        emit(&out->text, "%s", emit_basic_name(type));
        if (type->bound > 0) {
            emit(&out->text, "<%" PRIu64 ">", type->bound);
        }
    } else if (emit_shape_of(type) == EMIT_REFERENCE) {
        emit(&out->text, "ref %s", type->decl->scoped_name);
    } else {
        canon_named(out, type->decl);
    }
}

static void canon_value(canon *out, const char *direction, uint32_t id, const char *name, const idl_type *type)
{
    emit(&out->text, "%s%" PRIu32 " %s:", direction, id, name);
    canon_type(out, type);
    emit(&out->text, ";");
}

static void canon_call(canon *out, const emit_call *call)
{
    emit(&out->text, "%s::%s(", call->owner->scoped_name, call->wire_name);
    for (size_t i = 0; i < call->n_params; i++) {
        if (call->params[i].in_id != 0) {
            canon_value(out, "in", call->params[i].in_id, call->params[i].name, call->params[i].type);
        }
    }
    if (call->result != NULL) {
        canon_value(out, "out", 1, "ret", call->result);
    }
    for (size_t i = 0; i < call->n_params; i++) {
        if (call->params[i].out_id != 0) {
            canon_value(out, "out", call->params[i].out_id, call->params[i].name, call->params[i].type);
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
