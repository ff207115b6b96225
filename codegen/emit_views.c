/* The views of sequences and maps. A file declares those that its declarations use and that no file it includes has declared. */
#include "codegen/emit.h"

#include <string.h>

const emit_view *emit_view_visible(const emit_file *file, const char *name)
{
    for (size_t i = 0; i < file->n_views; i++) {
        if (strcmp(file->views[i].name, name) == 0) {
            return &file->views[i];
        }
    }
    for (size_t i = 0; i < file->n_closure; i++) {
        for (size_t v = 0; v < file->closure[i]->n_views; v++) {
            if (strcmp(file->closure[i]->views[v].name, name) == 0) {
                return &file->closure[i]->views[v];
            }
        }
    }
    return NULL;
}

/* ---- which ones ---- */

static const idl_decl *definition_of(const idl_decl *decl)
{
    return decl->kind == IDL_FORWARD ? decl->definition : decl;
}

static size_t place_of(const emit_file *file, const idl_decl *decl)
{
    size_t place = 0;
    while (place < file->decls.length && file->decls.items[place] != decl) {
        place++;
    }
    return place;
}

/* The last of the file's own declarations in type; interfaces, which stand at the top, before all others. */
static const idl_decl *root_of(const emit_file *file, const idl_type *type)
{
    type = emit_resolve(type);
    if (type->kind == IDL_NAMED) {
        const idl_decl *decl = definition_of(type->decl);
        return emit_is_own(file, decl) ? decl : NULL;
    }
    if (type->kind != IDL_SEQUENCE && type->kind != IDL_MAP) {
        return NULL;
    }
    const idl_decl *element = root_of(file, type->element);
    const idl_decl *key = type->key == NULL ? NULL : root_of(file, type->key);
    if (element == NULL || key == NULL) {
        return element != NULL ? element : key;
    }
    if (element->kind == IDL_INTERFACE || key->kind == IDL_INTERFACE) {
        return element->kind == IDL_INTERFACE ? key : element;
    }
    return place_of(file, element) > place_of(file, key) ? element : key;
}

/* A map's view has the names of two types in its own, so it may meet another name; @c_name settles it. */
static void check_map_name(emit_file *file, const idl_type *map, const emit_view *visible, const char *name)
{
    emit_run *run = file->run;
    const idl_decl *taken = emit_taken_by(file, name);
    const idl_type *key = emit_resolve(map->key);
    if (taken != NULL) {
        idl_error(run->diagnostics, IDL_DIAG_C_NAME_COLLISION, &map->range, "this map and '%s' would both be '%s' in C",
                  taken->scoped_name, name);
    } else if (visible != NULL && key->kind == IDL_NAMED && key->decl != emit_resolve(visible->type->key)->decl) {
        idl_error(run->diagnostics, IDL_DIAG_C_NAME_COLLISION, &map->range,
                  "this map and one with keys of type '%s' would both be '%s' in C",
                  emit_resolve(visible->type->key)->decl->scoped_name, name);
    }
}

static void use_type(emit_file *file, const idl_type *type)
{
    if (type->kind == IDL_ARRAY) {
        use_type(file, type->element);
        return;
    }
    if (type->kind != IDL_SEQUENCE && type->kind != IDL_MAP) {
        return; /* a typedef's sequence is seen at the typedef */
    }
    emit_run *run = file->run;
    use_type(file, type->element);
    if (type->kind == IDL_MAP) {
        use_type(file, type->key);
    }
    if (emit_is_library_view(type)) {
        return;
    }
    const char *name = emit_view_name(run, type);
    const emit_view *visible = emit_view_visible(file, name);
    if (type->kind == IDL_MAP) {
        check_map_name(file, type, visible, name);
    }
    if (visible != NULL) {
        return;
    }
    if ((file->n_views & (file->n_views - 1)) == 0) { /* full at every power of two */
        emit_view *views = idl_arena_alloc(run->arena, (2 * file->n_views + 1) * sizeof *views);
        if (file->n_views > 0) {
            memcpy(views, file->views, file->n_views * sizeof *views);
        }
        file->views = views;
    }
    idl_type *bare = idl_arena_alloc(run->arena, sizeof *bare);
    *bare = (idl_type) { .kind = type->kind, .element = emit_resolve(type->element) };
    bare->key = type->key == NULL ? NULL : emit_resolve(type->key);
    const idl_decl *root = root_of(file, type);
    file->views[file->n_views++] = (emit_view) {
        .name = name,
        .type = bare,
        .root = root,
        .is_foreign = root == NULL || emit_is_opaque(file, root),
    };
}

/* A sequence that is written out for a stream is never in one piece: only its items may have a view. */
static const idl_type *viewed(const idl_decl *decl)
{
    return decl->is_stream && decl->type->kind == IDL_SEQUENCE ? decl->type->element : decl->type;
}

static void use_children(emit_file *file, const idl_decl *decl)
{
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (child->kind == IDL_MEMBER || child->kind == IDL_ATTRIBUTE || child->kind == IDL_PARAMETER) {
            use_type(file, viewed(child));
        } else if (child->kind == IDL_OPERATION) {
            use_type(file, viewed(child));
            use_children(file, child);
        }
    }
}

void emit_views_collect(emit_file *file)
{
    if (file->views_known) {
        return;
    }
    file->views_known = true;
    for (size_t i = 0; i < file->n_closure; i++) {
        emit_views_collect(file->closure[i]);
    }
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_TYPEDEF) {
            use_type(file, decl->type);
        } else if (decl->kind == IDL_STRUCT || decl->kind == IDL_EXCEPTION || decl->kind == IDL_INTERFACE ||
                   decl->kind == IDL_UNION) {
            use_children(file, decl);
        }
    }
}

/* ---- how they look ---- */

static void emit_struct_line(emit_buf *out, const char *name, const char *first, const char *second)
{
    const char *line = emit_format(out->arena, "typedef struct %s { %s; %s; } %s;", name, first, second, name);
    if (emit_width(line) <= EMIT_COLUMNS) {
        emit(out, "%s\n", line);
    } else {
        emit(out, "typedef struct %s {\n    %s;\n    %s;\n} %s;\n", name, first, second, name);
    }
}

static void emit_item(emit_file *file, emit_buf *out, const emit_view *view, bool is_announced)
{
    emit_run *run = file->run;
    const char *key = emit_format(run->arena, "%skey", emit_value_type(run, view->type->key));
    const char *value = emit_format(run->arena, "%svalue", emit_value_type(run, view->type->element));
    if (is_announced) {
        emit(out, "struct %s_item {\n    %s;\n    %s;\n};\n", view->name, key, value);
    } else {
        emit_struct_line(out, emit_format(run->arena, "%s_item", view->name), key, value);
    }
}

/* What an item is called: of a sequence its type, of a map a struct of its own. */
static const char *items_of(emit_run *run, const emit_view *view)
{
    return view->type->kind == IDL_MAP ? emit_format(run->arena, "const %s_item *items", view->name)
                                       : emit_format(run->arena, "%sitems", emit_const_pointer(run, view->type->element));
}

static void emit_one_view(emit_file *file, emit_buf *out, const emit_view *view, bool is_complete)
{
    emit_run *run = file->run;
    const bool is_map = view->type->kind == IDL_MAP;
    const char *guard = is_map ? emit_format(run->arena, "CORBEL_MAP_%s", view->name)
                               : emit_format(run->arena, "CORBEL_SEQ_%.*s", (int)strlen(view->name) - 4, view->name);
    if (view->is_foreign) {
        emit(out, "#ifndef %s\n#define %s\n", guard, guard);
    }
    if (is_map && is_complete) {
        emit_item(file, out, view, false);
    } else if (is_map) {
        emit(out, "typedef struct %s_item %s_item;\n", view->name, view->name);
    }
    emit_struct_line(out, view->name, "size_t len", items_of(run, view));
    if (view->is_foreign) {
        emit(out, "#endif\n");
    }
}

void emit_views_of(emit_file *file, emit_buf *out, const idl_decl *root, bool is_complete)
{
    for (size_t i = 0; i < file->n_views; i++) {
        if (!file->views[i].is_foreign && file->views[i].root == root) {
            emit_one_view(file, out, &file->views[i], is_complete);
        }
    }
}

void emit_map_items(emit_file *file, emit_buf *out, const idl_decl *root)
{
    for (size_t i = 0; i < file->n_views; i++) {
        if (file->views[i].root == root && file->views[i].type->kind == IDL_MAP) {
            emit_item(file, out, &file->views[i], true);
        }
    }
}

void emit_foreign_views(emit_file *file, emit_buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < file->n_views; i++) {
        if (!file->views[i].is_foreign) {
            continue;
        }
        if (is_first) {
            bool has_maps = false;
            for (size_t v = i; v < file->n_views; v++) {
                has_maps |= file->views[v].is_foreign && file->views[v].type->kind == IDL_MAP;
            }
            emit(out, "\n/* Sequences%s that other files may declare, too. */\n", has_maps ? " and maps" : "");
            is_first = false;
        }
        emit_one_view(file, out, &file->views[i], true);
    }
}

/* ---- maps ---- */

bool emit_has_maps(const emit_file *file)
{
    for (size_t i = 0; i < file->n_views; i++) {
        if (file->views[i].type->kind == IDL_MAP) {
            return true;
        }
    }
    return false;
}

void emit_map_functions(emit_file *file, emit_buf *out, const emit_view *view, const char *shared)
{
    emit_run *run = file->run;
    const char *table = emit_type_address(file, view->type, NULL);
    const char *found = emit_found_type(run, view->type->element);
    emit_strings params = { .arena = run->arena }, sorted = { .arena = run->arena };
    emit_add(&params, "%s self", view->name);
    emit_add(&params, "%skey", emit_in_type(run, view->type->key));
    emit_function(out, emit_format(run->arena, "%s%s", shared, found), emit_view_function(run, view->type, "_get"), &params, "");
    emit(out, "{\n");
    emit_statement(out, 4, emit_format(run->arena, "const %s_item *item = corbel_map_find(%s, &self, &key);", view->name, table));
    emit(out, "    return item == NULL ? NULL : %sitem->value;\n}\n", emit_is_pointer(run, view->type->element) ? "" : "&");
    emit_add(&sorted, "%s_item *items", view->name);
    emit_add(&sorted, "size_t len");
    emit_short_function(out, emit_format(run->arena, "%svoid ", shared), emit_view_function(run, view->type, "_sort"), &sorted,
                        emit_format(run->arena, "corbel_map_sort(%s, items, len);", table));
}
