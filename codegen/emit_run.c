/* Files, what each of them declares, and what each of them can see. */
#include "codegen/emit.h"

#include <string.h>

emit_file *emit_file_of(const emit_run *run, const idl_file *file)
{
    emit_file *found = run->files;
    while (found != NULL && found->file != file) {
        found = found->next;
    }
    return found;
}

static void add_decl(emit_run *run, const idl_decl *decl)
{
    emit_file *file = emit_file_of(run, decl->range.file);
    emit_decls *list = &file->decls;
    if (list->length == list->capacity) {
        list->capacity = list->capacity == 0 ? 32 : list->capacity * 2;
        const idl_decl **items = idl_arena_alloc(run->arena, list->capacity * sizeof *items);
        if (list->length > 0) {
            memcpy(items, list->items, list->length * sizeof *items);
        }
        list->items = items;
    }
    list->items[list->length++] = decl;
}

static void collect(emit_run *run, const idl_decl *first)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        switch (decl->kind) {
        case IDL_MODULE:
            collect(run, decl->children);
            break;
        case IDL_INTERFACE:
            add_decl(run, decl);
            collect(run, decl->children);
            break;
        case IDL_CONST:
        case IDL_TYPEDEF:
        case IDL_ENUM:
        case IDL_STRUCT:
        case IDL_UNION:
        case IDL_BITSET:
        case IDL_BITMASK:
        case IDL_NATIVE:
        case IDL_EXCEPTION:
        case IDL_FORWARD:
            add_decl(run, decl);
            break;
        case IDL_ENUMERATOR:
        case IDL_MEMBER:
        case IDL_ATTRIBUTE:
        case IDL_OPERATION:
        case IDL_PARAMETER:
        default: /* emit_gate.c refuses the others */
            break;
        }
    }
}

static const char *stem_of(idl_arena *arena, const char *path)
{
    const char *base = strrchr(path, '/');
    base = base == NULL ? path : base + 1;
    const char *dot = strrchr(base, '.');
    const size_t length = dot == NULL || strcmp(dot, ".idl") != 0 ? strlen(base) : (size_t)(dot - base);
    return idl_arena_text(arena, base, length);
}

/* Adds the includes of file, and theirs before them. */
static void close_over(emit_run *run, emit_file *of, const idl_file *file, size_t room)
{
    for (const idl_file *const *include = file->includes; include != NULL && *include != NULL; include++) {
        emit_file *next = emit_file_of(run, *include);
        bool known = next == of;
        for (size_t i = 0; i < of->n_closure && !known; i++) {
            known = of->closure[i] == next;
        }
        if (known || of->n_closure == room) {
            continue;
        }
        const size_t place = of->n_closure++;
        of->closure[place] = next; /* holds the place, so that circles end */
        close_over(run, of, *include, room);
        memmove(&of->closure[place], &of->closure[place + 1], (of->n_closure - place - 1) * sizeof(emit_file *));
        of->closure[of->n_closure - 1] = next;
    }
}

emit_run *emit_run_new(idl_arena *arena, const idl_unit *unit, idl_diagnostics *diagnostics)
{
    emit_run *run = idl_arena_alloc(arena, sizeof *run);
    *run = (emit_run) { .arena = arena, .unit = unit, .diagnostics = diagnostics, .scratch = { .arena = arena } };
    emit_file **end = &run->files;
    size_t n_files = 0;
    for (const idl_file *file = unit->files; file != NULL; file = file->next) {
        emit_file *one = idl_arena_alloc(arena, sizeof *one);
        *one = (emit_file) { .run = run, .file = file, .static_tables = { .arena = arena } };
        one->stem = stem_of(arena, file->path);
        one->own_end = &one->own;
        *end = one;
        end = &one->next;
        n_files++;
    }
    for (emit_file *file = run->files; file != NULL; file = file->next) {
        file->closure = idl_arena_alloc(arena, n_files * sizeof(emit_file *));
        close_over(run, file, file->file, n_files);
    }
    collect(run, unit->definitions);
    return run;
}

bool emit_is_own(const emit_file *file, const idl_decl *decl)
{
    return decl->range.file == file->file;
}

bool emit_is_unseen(const emit_file *file, const idl_decl *decl)
{
    if (emit_is_own(file, decl)) {
        return false;
    }
    for (size_t i = 0; i < file->n_closure; i++) {
        if (file->closure[i]->file == decl->range.file) {
            return false;
        }
    }
    return true;
}

bool emit_is_opaque(const emit_file *file, const idl_decl *interface)
{
    return interface->kind == IDL_INTERFACE && (interface->is_undefined || emit_is_unseen(file, interface));
}

bool emit_is_first_forward(const emit_file *file, size_t index)
{
    const idl_decl *forward = file->decls.items[index];
    for (size_t i = 0; i < index; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_FORWARD && decl->definition == forward->definition) {
            return false;
        }
    }
    return forward->kind == IDL_FORWARD;
}

bool emit_is_announced(const emit_file *file, const idl_decl *decl)
{
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind == IDL_FORWARD && file->decls.items[i]->definition == decl) {
            return true;
        }
    }
    return false;
}

const char *emit_include_name(emit_run *run, const idl_file *includer, size_t index)
{
    const char *spelling = includer->include_spellings[index];
    const size_t length = strlen(spelling);
    const bool has_ending = length > 4 && strcmp(spelling + length - 4, ".idl") == 0;
    return emit_format(run->arena, "%.*s.corbel.h", (int)(has_ending ? length - 4 : length), spelling);
}

bool emit_is_beside(const idl_file *includer, size_t index)
{
    const char *slash = strrchr(includer->path, '/');
    const size_t folder = slash == NULL ? 0 : (size_t)(slash - includer->path) + 1;
    const char *path = includer->includes[index]->path;
    return strncmp(path, includer->path, folder) == 0 && strcmp(path + folder, includer->include_spellings[index]) == 0;
}
