/* Packages and names. The IDL's names come first, then requests and replies, which give way by "_2". */
#include "codegen/proto.h"

#include "idl/text.h"

#include <string.h>

/* ---- what a file gives ---- */

static void add(proto_file *file, const idl_decl *decl)
{
    emit_decls *list = &file->decls;
    if (list->length == list->capacity) {
        list->capacity = list->capacity == 0 ? 32 : 2 * list->capacity;
        const idl_decl **items = idl_arena_alloc(file->run->arena, list->capacity * sizeof *items);
        if (list->length > 0) {
            memcpy(items, list->items, list->length * sizeof *items);
        }
        list->items = items;
    }
    list->items[list->length++] = decl;
}

/* Local interfaces and their operations do not travel. */
static void collect(const proto_run *all, const idl_decl *first)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        switch (decl->kind) {
        case IDL_MODULE:
            collect(all, decl->children);
            break;
        case IDL_INTERFACE:
            if (!decl->is_local && !decl->is_undefined) {
                add(proto_file_of(all, decl->range.file), decl);
            }
            collect(all, decl->children);
            break;
        case IDL_ENUM:
        case IDL_STRUCT:
        case IDL_EXCEPTION:
        case IDL_UNION:
        case IDL_BITSET:
            add(proto_file_of(all, decl->range.file), decl);
            break;
        default:
            break;
        }
    }
}

/* ---- packages ---- */

static size_t modules_of(const idl_decl *decl, const idl_decl **path, size_t most)
{
    size_t n = 0;
    for (const idl_decl *at = decl->parent; at != NULL; at = at->parent) {
        n += at->kind == IDL_MODULE;
    }
    size_t i = n;
    for (const idl_decl *at = decl->parent; at != NULL; at = at->parent) {
        if (at->kind == IDL_MODULE && i-- <= most) {
            path[i] = at;
        }
    }
    return n < most ? n : most;
}

/* What all declarations have in common. Modules nest 64 deep at most. */
static void find_package(proto_file *file)
{
    enum { MOST = 64 };
    const idl_decl *common[MOST], *path[MOST];
    size_t n = 0;
    for (size_t i = 0; i < file->decls.length; i++) {
        const size_t length = modules_of(file->decls.items[i], i == 0 ? common : path, MOST);
        size_t same = 0;
        while (i > 0 && same < length && same < n && strcmp(common[same]->scoped_name, path[same]->scoped_name) == 0) {
            same++;
        }
        n = i == 0 ? length : same;
    }
    emit_buf package = { .arena = file->run->arena };
    emit_raw(&package, "", 0);
    for (size_t i = 0; i < n; i++) {
        emit(&package, "%s%s", i == 0 ? "" : ".", common[i]->name);
    }
    file->package = package.text == NULL ? "" : package.text;
    file->depth = n;
}

/* ---- names ---- */

static size_t depth_of(const idl_decl *decl)
{
    size_t n = 0;
    for (const idl_decl *at = decl->parent; at != NULL; at = at->parent) {
        n++;
    }
    return n;
}

/* Its name behind those of its scopes beyond the package; an enumerator stands beside its enum. */
static const char *joined(proto_file *file, const idl_decl *decl)
{
    const idl_decl *scope = decl->parent;
    if (decl->kind == IDL_ENUMERATOR && scope != NULL && scope->kind == IDL_ENUM) {
        scope = scope->parent;
    }
    return scope == NULL || depth_of(scope) < file->depth
               ? decl->name
               : emit_format(file->run->arena, "%s_%s", joined(file, scope), decl->name);
}

/* A name that nobody has in this package, as far as the file sees. */
static bool is_taken(const proto_run *all, const proto_file *file, const char *name)
{
    if (idl_names_get(&file->taken, name, strlen(name)) != NULL) {
        return true;
    }
    for (size_t i = 0; i < file->file->n_closure; i++) {
        const proto_file *other = proto_file_of(all, file->file->closure[i]->file);
        if (strcmp(other->package, file->package) == 0 && idl_names_get(&other->taken, name, strlen(name)) != NULL) {
            return true;
        }
    }
    return strcmp(file->package, "corbel") == 0 && strcmp(name, "Any") == 0;
}

static void give(proto_run *all, proto_file *file, const char *key, const char *wanted)
{
    idl_arena *arena = file->run->arena;
    const char *name = wanted;
    for (unsigned i = 2; is_taken(all, file, name); i++) {
        name = emit_format(arena, "%s_%u", wanted, i);
    }
    idl_names_put(&file->taken, arena, name, strlen(name), (void *)(uintptr_t)key);
    idl_names_put(&file->given, arena, key, strlen(key), (void *)(uintptr_t)name);
}

/* protoc's own rule: enumerators are compared without the name of their enum before them, their words capitalised. */
static const char *pascal(idl_arena *arena, const char *of_enum, const char *name)
{
    const char *prefix = of_enum, *rest = name;
    while (*prefix != '\0' && *rest != '\0') {
        if (*prefix == '_' || *rest == '_') {
            prefix += *prefix == '_';
            rest += *rest == '_';
            continue;
        }
        if ((*prefix | 0x20) != (*rest | 0x20)) {
            break;
        }
        prefix++;
        rest++;
    }
    rest += *prefix == '\0' ? strspn(rest, "_") : 0;
    const char *from = *prefix == '\0' && *rest != '\0' ? rest : name;
    emit_buf made = { .arena = arena };
    emit_raw(&made, "", 0);
    bool starts = true;
    for (; *from != '\0'; from++) {
        if (*from == '_') {
            starts = true;
            continue;
        }
        const bool is_letter = (*from | 0x20) >= 'a' && (*from | 0x20) <= 'z';
        const char c = (char)(is_letter ? (starts ? *from & ~0x20 : *from | 0x20) : *from);
        emit_raw(&made, &c, 1);
        starts = false;
    }
    return made.text;
}

const idl_decl *proto_zero_of(const idl_decl *decl)
{
    const idl_decl *at = decl->children;
    while (at != NULL && at->value.magnitude != 0) {
        at = at->next;
    }
    return at;
}

static const char *zero_key(emit_run *run, const idl_decl *decl)
{
    return emit_format(run->arena, "%s zero", decl->scoped_name);
}

static void give_enumerators(proto_run *all, proto_file *file, const idl_decl *decl)
{
    idl_arena *arena = file->run->arena;
    idl_names used = { 0 };
    for (const idl_decl *at = decl->children; at != NULL; at = at->next) {
        const char *stem = joined(file, at), *wanted = stem;
        if (strcmp(stem, "option") == 0 || strcmp(stem, "reserved") == 0) { /* they begin a statement there */
            wanted = emit_format(arena, "%s_", stem);
        }
        for (unsigned i = 2;; i++) {
            const char *key = pascal(arena, proto_name(all, decl), wanted);
            if (idl_names_get(&used, key, strlen(key)) == NULL && !is_taken(all, file, wanted)) {
                idl_names_put(&used, arena, key, strlen(key), (void *)(uintptr_t)at);
                break;
            }
            wanted = emit_format(arena, "%s_%u", stem, i);
        }
        give(all, file, at->scoped_name, wanted);
    }
    if (proto_zero_of(decl) == NULL) {
        give(all, file, zero_key(file->run, decl), emit_format(arena, "%s_unspecified", proto_name(all, decl)));
    }
}

static const char *call_key(emit_run *run, const emit_call *call, const char *what)
{
    return emit_format(run->arena, "%s::%s %s", call->owner->scoped_name, call->wire_name, what);
}

static void give_names(proto_run *all, proto_file *file)
{
    emit_run *run = file->run;
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        give(all, file, decl->scoped_name, joined(file, decl));
    }
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind == IDL_ENUM) {
            give_enumerators(all, file, file->decls.items[i]);
        }
    }
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        const emit_calls calls = decl->kind == IDL_INTERFACE ? emit_calls_of(run, decl, false) : (emit_calls) { 0 };
        for (size_t c = 0; c < calls.length; c++) {
            const char *stem = emit_format(run->arena, "%s_%s", proto_name(all, decl), calls.items[c].wire_name);
            give(all, file, call_key(run, &calls.items[c], "request"), emit_format(run->arena, "%s_request", stem));
            give(all, file, call_key(run, &calls.items[c], "reply"), emit_format(run->arena, "%s_reply", stem));
            if (calls.items[c].stream_in != NULL) {
                give(all, file, call_key(run, &calls.items[c], "request item"), emit_format(run->arena, "%s_request_item", stem));
            }
            if (calls.items[c].stream_out != NULL) {
                give(all, file, call_key(run, &calls.items[c], "reply item"), emit_format(run->arena, "%s_reply_item", stem));
            }
        }
    }
}

proto_run *proto_names_give(emit_run *run)
{
    proto_run *all = idl_arena_alloc(run->arena, sizeof *all);
    all->run = run;
    for (emit_file *file = run->files; file != NULL; file = file->next) {
        all->n_files++;
    }
    all->files = idl_arena_alloc(run->arena, (all->n_files + 1) * sizeof *all->files);
    size_t n = 0;
    for (emit_file *file = run->files; file != NULL; file = file->next) {
        all->files[n++] = (proto_file) { .file = file, .run = run };
    }
    collect(all, run->unit->definitions);
    for (size_t i = 0; i < n; i++) {
        find_package(&all->files[i]);
    }
    /* A file after those that it includes: the closure of the last holds all that it needs. */
    bool *done = idl_arena_alloc(run->arena, (all->n_files + 1) * sizeof *done);
    for (size_t i = 0; i < all->n_files; i++) {
        const emit_file *file = all->files[i].file;
        for (size_t c = 0; c <= file->n_closure; c++) {
            const idl_file *wanted = c == file->n_closure ? file->file : file->closure[c]->file;
            proto_file *one = proto_file_of(all, wanted);
            if (!done[one - all->files]) {
                done[one - all->files] = true;
                give_names(all, one);
            }
        }
    }
    return all;
}

proto_file *proto_file_of(const proto_run *all, const idl_file *file)
{
    for (size_t i = 0; i < all->n_files; i++) {
        if (all->files[i].file->file == file) {
            return &all->files[i];
        }
    }
    return NULL; /* not reached: every declaration has a file of the unit */
}

bool proto_is_circle(const proto_file *file, const idl_file *other)
{
    const emit_file *there = emit_file_of(file->run, other);
    for (size_t i = 0; i < there->n_closure; i++) {
        if (there->closure[i] == file->file) {
            return other != file->file->file;
        }
    }
    return false;
}

bool proto_is_unseen(const proto_file *file, const idl_decl *decl)
{
    return emit_is_unseen(file->file, decl) || proto_is_circle(file, decl->range.file);
}

const char *proto_name(const proto_run *all, const idl_decl *decl)
{
    return idl_names_get(&proto_file_of(all, decl->range.file)->given, decl->scoped_name, strlen(decl->scoped_name));
}

const char *proto_zero_name(const proto_run *all, const idl_decl *decl)
{
    const char *key = zero_key(all->run, decl);
    return idl_names_get(&proto_file_of(all, decl->range.file)->given, key, strlen(key));
}

const char *proto_full_name(const proto_run *all, const idl_decl *decl)
{
    const proto_file *file = proto_file_of(all, decl->range.file);
    return emit_format(all->run->arena, ".%s%s%s", file->package, file->depth == 0 ? "" : ".", proto_name(all, decl));
}

const char *proto_call_name(const proto_run *all, const emit_call *call, const char *what)
{
    const char *key = call_key(all->run, call, what);
    return idl_names_get(&proto_file_of(all, call->owner->range.file)->given, key, strlen(key));
}

const char *proto_scope_enter(proto_scope *scope, const char *wanted)
{
    for (unsigned i = 1;; i++) {
        const char *name = i == 1 ? wanted : emit_format(scope->arena, "%s_%u", wanted, i);
        emit_buf key = { .arena = scope->arena };
        emit_raw(&key, "", 0);
        for (const char *c = name; *c != '\0'; c++) {
            const char lower = idl_lower(*c);
            if (*c != '_') {
                emit_raw(&key, &lower, 1);
            }
        }
        if (idl_names_get(&scope->used, key.text, key.length) == NULL) {
            idl_names_put(&scope->used, scope->arena, key.text, key.length, scope);
            return name;
        }
    }
}
