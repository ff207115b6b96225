/* Which sequence views a file declares: those that its declarations use and that no file it includes has declared. */
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

const char *emit_view_function(emit_run *run, const emit_view *view, const char *suffix)
{
    if (view->element->kind == IDL_NAMED) {
        return emit_derived(run, view->element->decl, NULL, emit_format(run->arena, "_seq%s", suffix));
    }
    return emit_format(run->arena, "%s%s", view->name, suffix);
}

static void use_type(emit_file *file, const idl_type *type)
{
    if (type == NULL || type->kind != IDL_SEQUENCE || !emit_gate_knows(type)) {
        return; /* a typedef's sequence is seen at the typedef */
    }
    emit_run *run = file->run;
    use_type(file, type->element);
    const idl_type *element = idl_type_resolve(type->element);
    if (emit_basic_name(element) != NULL) {
        return;
    }
    const char *name = emit_view_name(run, type);
    if (emit_view_visible(file, name) != NULL) {
        return;
    }
    const idl_type *innermost = element;
    while (innermost->kind == IDL_SEQUENCE) {
        innermost = idl_type_resolve(innermost->element);
    }
    const idl_decl *root = innermost->kind == IDL_NAMED ? innermost->decl : NULL;
    if (root != NULL && root->kind == IDL_FORWARD) {
        root = root->definition;
    }
    if ((file->n_views & (file->n_views - 1)) == 0) { /* full at every power of two */
        emit_view *views = idl_arena_alloc(run->arena, (2 * file->n_views + 1) * sizeof *views);
        if (file->n_views > 0) {
            memcpy(views, file->views, file->n_views * sizeof *views);
        }
        file->views = views;
    }
    file->views[file->n_views++] = (emit_view) {
        .name = name,
        .element_name = element->kind == IDL_SEQUENCE ? emit_view_name(run, element) : emit_name(run, element->decl),
        .element = element,
        .root = root,
        .is_foreign = root == NULL || !emit_is_own(file, root) || emit_is_opaque(file, root),
    };
}

static void use_children(emit_file *file, const idl_decl *decl)
{
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (child->kind == IDL_MEMBER || child->kind == IDL_ATTRIBUTE || child->kind == IDL_PARAMETER) {
            use_type(file, child->type);
        } else if (child->kind == IDL_OPERATION) {
            use_type(file, child->type);
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
        } else if (decl->kind == IDL_STRUCT || decl->kind == IDL_EXCEPTION || decl->kind == IDL_INTERFACE) {
            use_children(file, decl);
        }
    }
}
