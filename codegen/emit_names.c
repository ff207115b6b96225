/* Who is called what in C. All names that a file can see live in one table, `taken`: C has one space for them, and macros know
 * no space at all. The IDL's names are entered first, those of the included files before; then what is derived from the
 * file's own declarations, which gives way by a trailing underscore. */
#include "codegen/emit.h"

#include <string.h>

typedef struct emit_taken {
    const char *name;
    const idl_decl *decl;
    const idl_decl *member; /* what of decl the name is derived from, or NULL */
    const char *suffix;     /* NULL: the IDL's own name */
    struct emit_taken *next;
} emit_taken;

const char *emit_own_name(const idl_decl *decl)
{
    return decl->c_name != NULL ? decl->c_name : decl->name;
}

static const char *join(emit_run *run, const idl_decl *decl)
{
    const idl_decl *scope = decl->parent;
    if (decl->kind == IDL_ENUMERATOR && scope != NULL && scope->kind == IDL_ENUM) {
        scope = scope->parent;
    }
    const char *name = emit_own_name(decl);
    return scope == NULL ? name : emit_format(run->arena, "%s_%s", join(run, scope), name);
}

const char *emit_name(emit_run *run, const idl_decl *decl)
{
    if (decl->kind == IDL_FORWARD) {
        decl = decl->definition;
    }
    const char *name = join(run, decl);
    const bool as_macro = decl->kind == IDL_CONST && emit_is_reserved_macro(name);
    return emit_is_reserved(name) || as_macro ? emit_format(run->arena, "%s_", name) : name;
}

static const char *key_of(emit_run *run, const idl_decl *decl, const idl_decl *member, const char *suffix)
{
    return emit_format(run->arena, "%p %p %s", (const void *)decl, (const void *)member, suffix);
}

static const char *describe(emit_run *run, const emit_taken *taken)
{
    if (taken->suffix == NULL) {
        return emit_format(run->arena, "'%s'", taken->decl->scoped_name);
    }
    return emit_format(run->arena, "the '%s' derived from '%s'", taken->name, taken->decl->scoped_name);
}

static bool same_thing(const emit_taken *a, const emit_taken *b)
{
    if (a->suffix == NULL || b->suffix == NULL) {
        return a->suffix == b->suffix && a->decl == b->decl;
    }
    return a->decl == b->decl && a->member == b->member && strcmp(a->suffix, b->suffix) == 0;
}

static void report_meeting(emit_file *file, const emit_taken *late, const emit_taken *early)
{
    emit_run *run = file->run;
    idl_error(run->diagnostics, IDL_DIAG_C_NAME_COLLISION, &late->decl->range, "%s and %s would both be '%s' in C",
              describe(run, late), describe(run, early), late->name);
    idl_note(run->diagnostics, &early->decl->range, "%s is declared here", describe(run, early));
}

/* Enters a name; false: it is taken. */
static bool enter(emit_file *file, emit_taken *one, bool is_own)
{
    const size_t length = strlen(one->name);
    const emit_taken *there = idl_names_get(&file->taken, one->name, length);
    if (there != NULL) {
        if (same_thing(there, one)) {
            return true;
        }
        if (one->suffix == NULL || !is_own) {
            report_meeting(file, one, there);
        }
        return false;
    }
    idl_names_put(&file->taken, file->run->arena, one->name, length, one);
    return true;
}

static void enter_own(emit_file *file, const idl_decl *decl, const idl_decl *member, const char *suffix, const char *name)
{
    emit_taken *one = idl_arena_alloc(file->run->arena, sizeof *one);
    *one = (emit_taken) { .name = name, .decl = decl, .member = member, .suffix = suffix };
    if (enter(file, one, true)) {
        *file->own_end = one;
        file->own_end = &one->next;
    }
}

static void enter_idl_name(emit_file *file, const idl_decl *decl)
{
    enter_own(file, decl, NULL, NULL, emit_name(file->run, decl));
}

static void enter_idl_names(emit_file *file)
{
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_FORWARD) {
            if (emit_is_opaque(file, decl->definition)) {
                enter_idl_name(file, decl->definition);
            }
            continue;
        }
        enter_idl_name(file, decl);
        for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
            if (child->kind == IDL_ENUMERATOR || child->kind == IDL_OPERATION || child->kind == IDL_BIT) {
                enter_idl_name(file, child);
            }
        }
    }
}

static void derive(emit_file *file, const idl_decl *decl, const idl_decl *member, const char *suffix)
{
    emit_run *run = file->run;
    const char *wanted = emit_format(run->arena, "%s%s", join(run, decl), suffix);
    const char *name = emit_is_reserved(wanted) ? emit_format(run->arena, "%s_", wanted) : wanted;
    const emit_taken self = { .decl = decl, .member = member, .suffix = suffix };
    const emit_taken *in_the_way = idl_names_get(&file->taken, name, strlen(name));
    if (in_the_way != NULL && same_thing(in_the_way, &self)) {
        in_the_way = NULL; /* an included file knew no more than the name, and needed this, too */
    }
    for (const emit_taken *other = in_the_way; other != NULL;) {
        name = emit_format(run->arena, "%s_", name);
        other = idl_names_get(&file->taken, name, strlen(name));
    }
    if (in_the_way != NULL && file->file->is_main && run->diagnostics->errors == 0) { /* else it may only follow from that */
        idl_warning(run->diagnostics, IDL_DIAG_DERIVED_NAME, &in_the_way->decl->range,
                    "%s is in the way: what is derived from '%s' is called '%s' in C", describe(run, in_the_way),
                    decl->scoped_name, name);
    }
    enter_own(file, decl, member, suffix, name);
    const char *key = key_of(run, decl, member, suffix);
    idl_names_put(&file->derived, run->arena, key, strlen(key), (void *)(uintptr_t)name);
}

static void derive_all(emit_file *file, const idl_decl *decl, const char *const *suffixes)
{
    for (; *suffixes != NULL; suffixes++) {
        derive(file, decl, NULL, *suffixes);
    }
}

static void derive_call(emit_file *file, const idl_decl *interface, const emit_call *call)
{
    emit_run *run = file->run;
    if (call->role != EMIT_OPERATION) {
        derive(file, interface, call->decl, emit_format(run->arena, "_%s", call->stem));
    }
    if (emit_has_halves(call)) {
        derive(file, interface, call->decl, emit_format(run->arena, "_%s_begin", call->stem));
        derive(file, interface, call->decl, emit_format(run->arena, "_%s_finish", call->stem));
    }
    if (emit_is_promised(run, call)) {
        derive(file, interface, call->decl, emit_format(run->arena, "_%s_promise", call->stem));
    }
    const emit_promises promises = call->owner == interface ? emit_promises_of(run, call) : (emit_promises) { NULL, 0 };
    for (size_t i = 0; i < promises.length; i++) {
        const char *suffix = emit_promised_suffix(run, &promises.items[i]);
        derive(file, interface, call->decl, emit_format(run->arena, "_%s%s", call->stem, suffix));
    }
    if (call->owner == interface && emit_has_halves(call)) {
        derive(file, interface, call->decl, emit_format(run->arena, "_%s_reply", call->stem));
    }
    if (call->owner == interface && emit_lends_arguments(call)) {
        derive(file, interface, call->decl, emit_format(run->arena, "_%s_args", call->stem));
        derive(file, interface, call->decl, emit_format(run->arena, "_%s_defer", call->stem));
    }
}

/* "_as_Named"; with two bases of that name in different scopes "_as_bank_Named". */
static const char *upcast_suffix(emit_run *run, const idl_decl *interface, const idl_decl *base)
{
    size_t same = 0;
    for (size_t i = 0; i < interface->all_bases.length; i++) {
        same += strcmp(emit_own_name(interface->all_bases.items[i]), emit_own_name(base)) == 0;
    }
    return emit_format(run->arena, "_as_%s", same > 1 ? join(run, base) : emit_own_name(base));
}

static void derive_view(emit_file *file, const idl_decl *decl)
{
    static const char *const suffixes[] = { "_seq",          "_seq_clear",   "_seq_copy",      "_seq_to_any",
                                            "_seq_from_any", "_seq_to_json", "_seq_from_json", "_stream",
                                            "_stream_next",  "_stream_put",  "_stream_end",    NULL };
    derive_all(file, decl, suffixes);
}

static void derive_conversions(emit_file *file, const idl_decl *decl)
{
    static const char *const suffixes[] = { "_to_any", "_from_any", "_to_json", "_from_json", NULL };
    derive_all(file, decl, suffixes);
    derive_view(file, decl);
}

static void derive_interface(emit_file *file, const idl_decl *decl)
{
    static const char *const suffixes[] = { "_servant", "_ref",      "_unref",     "_new",       "_with",
                                            "_cast",    "_skeleton", "_as_object", "_interface", NULL };
    derive_all(file, decl, suffixes);
    derive_conversions(file, decl);
    if (!decl->is_local) {
        derive(file, decl, NULL, "_from_uri");
    }
    for (size_t i = 0; i < decl->all_bases.length; i++) {
        const idl_decl *base = decl->all_bases.items[i];
        derive(file, decl, base, upcast_suffix(file->run, decl, base));
    }
    const emit_calls calls = emit_calls_of(file->run, decl, true);
    for (size_t i = 0; i < calls.length; i++) {
        derive_call(file, decl, &calls.items[i]);
    }
}

/* Inherited operations under the heir's name: nearly the IDL's own, so they come before all that is derived. */
static void derive_inherited(emit_file *file)
{
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind != IDL_INTERFACE) {
            continue;
        }
        const emit_calls calls = emit_calls_of(file->run, decl, true);
        for (size_t c = 0; c < calls.length; c++) {
            const emit_call *call = &calls.items[c];
            if (call->role == EMIT_OPERATION && !emit_call_is_plain_name(decl, call)) {
                derive(file, decl, call->decl, emit_format(file->run->arena, "_%s", call->stem));
            }
        }
    }
}

static void derive_union(emit_file *file, const idl_decl *decl)
{
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        if (member->kind == IDL_MEMBER) {
            derive(file, decl, member, emit_format(file->run->arena, "_make_%s", emit_own_name(member)));
            derive(file, decl, member, emit_format(file->run->arena, "_get_%s", emit_own_name(member)));
        }
    }
}

static void derive_names(emit_file *file)
{
    static const char *const of_enum[] = { "_to_string", "_from_string", "_is_valid", "_type", NULL };
    static const char *const of_struct[] = { "_INIT", "_free", "_copy", "_equal", "_copy_for", "_type", NULL };
    static const char *const of_plain[] = { "_INIT", "_equal", "_type", NULL };
    static const char *const of_bits[] = { "_type", NULL };
    static const char *const of_exception[] = { "_INIT", "_raise", "_of", "_type", NULL };
    static const char *const of_opaque[] = { "_ref", "_unref", "_interface", NULL };
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_ENUM) {
            derive_all(file, decl, of_enum);
            derive_conversions(file, decl);
        } else if (emit_is_value_decl(decl)) {
            const idl_type self = { .kind = IDL_NAMED, .decl = decl };
            derive_all(file, decl, emit_is_plain(file->run, &self) ? of_plain : of_struct);
            derive_conversions(file, decl);
            if (decl->kind == IDL_UNION) {
                derive_union(file, decl);
            }
        } else if (decl->kind == IDL_BITMASK) {
            derive_all(file, decl, of_bits);
            derive_conversions(file, decl);
        } else if (decl->kind == IDL_NATIVE) {
            derive_view(file, decl);
        } else if (decl->kind == IDL_EXCEPTION) {
            derive_all(file, decl, of_exception);
        } else if (decl->kind == IDL_INTERFACE) {
            derive_interface(file, decl);
        } else if (emit_is_first_forward(file, i) && emit_is_opaque(file, decl->definition)) {
            derive_all(file, decl->definition, of_opaque);
            derive_view(file, decl->definition);
        }
    }
}

void emit_names_give(emit_file *file)
{
    if (file->state != EMIT_UNNAMED) {
        return; /* done, or a circle of includes */
    }
    file->state = EMIT_NAMING;
    for (size_t i = 0; i < file->n_closure; i++) {
        emit_names_give(file->closure[i]);
        for (emit_taken *taken = file->closure[i]->own; taken != NULL; taken = taken->next) {
            enter(file, taken, false);
        }
    }
    enter_idl_names(file);
    derive_inherited(file);
    derive_names(file);
    file->state = EMIT_NAMED;
}

const char *emit_derived(emit_run *run, const idl_decl *decl, const idl_decl *member, const char *suffix)
{
    if (decl->kind == IDL_FORWARD) {
        decl = decl->definition;
    }
    if (member != NULL && strncmp(suffix, "_as_", 4) == 0 && suffix[4] == '\0') {
        suffix = upcast_suffix(run, decl, member);
    }
    emit_file *file = emit_file_of(run, decl->range.file);
    emit_names_give(file);
    const char *key = key_of(run, decl, member, suffix);
    const char *name = idl_names_get(&file->derived, key, strlen(key));
    return name != NULL ? name : emit_format(run->arena, "%s%s", join(run, decl), suffix);
}

const idl_decl *emit_taken_by(const emit_file *file, const char *name)
{
    const emit_taken *taken = idl_names_get(&file->taken, name, strlen(name));
    return taken == NULL ? NULL : taken->decl;
}

const char *emit_static_name(emit_file *file, const char *wanted)
{
    while (idl_names_get(&file->taken, wanted, strlen(wanted)) != NULL) {
        wanted = emit_format(file->run->arena, "%s_", wanted);
    }
    return wanted;
}

bool emit_is_constant(const emit_file *file, const char *name)
{
    const emit_taken *there = idl_names_get(&file->taken, name, strlen(name));
    return there != NULL && there->suffix == NULL && there->decl->kind == IDL_CONST;
}

const char *emit_member_name(emit_file *file, const idl_decl *member)
{
    return emit_local_name(file, emit_own_name(member), false);
}

const char *emit_local_name(emit_file *file, const char *name, bool is_parameter)
{
    if (emit_is_reserved(name) || (is_parameter && emit_is_reserved_parameter(name))) {
        name = emit_format(file->run->arena, "%s_", name);
    }
    return emit_static_name(file, name); /* a parameter would hide a type, a constant would replace a member */
}
