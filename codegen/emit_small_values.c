/* The small print of values: what starts, releases, copies and compares them. */
#include "codegen/emit.h"

#include "codegen/comment.h"

#include <string.h>

static bool has_value(const emit_file *file, idl_decl_kind kind)
{
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == kind && (emit_is_value_decl(decl) || kind == IDL_EXCEPTION)) {
            return true;
        }
    }
    return false;
}

static emit_strings initial_items(emit_run *run, const idl_decl *decl)
{
    emit_strings items = { .arena = run->arena };
    const emit_members members = emit_members_of(run, decl);
    if (decl->kind == IDL_TYPEDEF) {
        emit_add(&items, "%s", emit_initial(run, decl->type));
    } else if (decl->kind == IDL_UNION) { /* C starts the first case; the discriminator selects it */
        emit_add(&items, "%s", emit_case_label(run, decl, members.items[0]));
        emit_add(&items, "{ %s }", emit_initial_member(run, members.items[0]));
    } else {
        for (size_t i = 0; i < members.length; i++) {
            emit_add(&items, "%s", emit_initial_member(run, members.items[i]));
        }
    }
    if (items.length == 0) {
        emit_add(&items, "0");
    }
    return items;
}

/* Up to the next space outside of quotes; text there is none of. */
static size_t word_length(const char *text)
{
    char quote = '\0';
    size_t length = 0;
    for (; text[length] != '\0' && (quote != '\0' || text[length] != ' '); length++) {
        if (quote != '\0' && text[length] == '\\') {
            length++;
        } else if (quote != '\0') {
            quote = text[length] == quote ? '\0' : quote;
        } else if (text[length] == '"' || text[length] == '\'') {
            quote = text[length];
        }
    }
    return length;
}

static void emit_init(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const emit_strings items = initial_items(run, decl);
    const char *head = emit_format(run->arena, "#define %s {", emit_derived(run, decl, NULL, "_INIT"));
    size_t column = emit_width(head);
    emit(out, "%s", head);
    for (size_t i = 0; i < items.length; i++) {
        const char *item = emit_format(run->arena, "%s%s", items.items[i], i + 1 < items.length ? "," : " }");
        const bool is_long = emit_width(item) + 4 + strlen(" \\") > EMIT_COLUMNS; /* it is broken inside, too */
        while (*item != '\0') {
            const size_t length = is_long ? word_length(item) : strlen(item);
            if (column + 1 + length + strlen(" \\") > EMIT_COLUMNS && column > 3) {
                emit(out, " \\\n   ");
                column = 3;
            }
            emit(out, " %.*s", (int)length, item);
            column += length + 1;
            item += length + (item[length] == '\0' ? 0 : 1);
        }
    }
    emit(out, "\n");
}

static void emit_struct_prototypes(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    const char *pointer = emit_format(run->arena, "%s *", name);
    const char *self = emit_format(run->arena, "const %s *self", name);
    emit_prototype(file, out, pointer, emit_derived(run, decl, NULL, "_free"), emit_format(run->arena, "%s *self", name), NULL,
                   NULL, NULL);
    emit_prototype(file, out, pointer, emit_derived(run, decl, NULL, "_copy"), self, NULL, NULL, NULL);
    emit_prototype(file, out, "bool ", emit_derived(run, decl, NULL, "_equal"), emit_format(run->arena, "const %s *a", name),
                   emit_format(run->arena, "const %s *b", name), NULL, NULL);
    emit_prototype(file, out, "CORBEL_MUST_CHECK corbel_status ", emit_derived(run, decl, NULL, "_copy_for"),
                   "corbel_request *request", emit_format(run->arena, "const %s *value", name),
                   emit_format(run->arena, "%s *ret", name), NULL);
}

static bool is_plain(emit_run *run, const idl_decl *decl)
{
    const idl_type self = { .kind = IDL_NAMED, .decl = decl };
    return emit_is_plain(run, &self);
}

static void emit_plain(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    bool is_first = true;
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (!emit_is_value_decl(decl) || !is_plain(run, decl)) {
            continue;
        }
        if (is_first) {
            emit(out, "\n");
            emit_remark(out, "Plain values are copied as they are, and need no release.");
            is_first = false;
        }
        const char *name = emit_name(run, decl);
        emit_prototype(file, out, "bool ", emit_derived(run, decl, NULL, "_equal"), emit_format(run->arena, "const %s *a", name),
                       emit_format(run->arena, "const %s *b", name), NULL, NULL);
    }
}

static void emit_values(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    emit(out, "\n");
    emit_remark(out, "Values: start, release (takes NULL, returns NULL), copy (one block; NULL: out of memory), compare; and, "
                     "for servants, copy deeply into ret with counts of the references, after which value may change or go "
                     "away.");
    for (size_t i = 0; i < file->decls.length; i++) {
        if (emit_is_value_decl(file->decls.items[i]) || file->decls.items[i]->kind == IDL_EXCEPTION) {
            emit_init(file, out, file->decls.items[i]);
        }
    }
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (emit_is_value_decl(decl) && !is_plain(run, decl)) {
            emit(out, "\n");
            emit_struct_prototypes(file, out, decl);
        }
    }
    emit_plain(file, out);
}

static void emit_sequences(emit_file *file, emit_buf *out)
{
    emit_run *run = file->run;
    emit(out, "\n");
    emit_remark(out, emit_has_maps(file)
                         ? "Sequences and maps: release what a call returned, and empty the view; copy, into a view of yours to "
                           "clear. Maps: _get() finds a value, NULL if it is not there; _sort() brings items into the ascending "
                           "order of their keys that a map must have."
                         : "Sequences: release what a call returned, and empty the view; copy, into a view of yours to clear.");
    for (size_t i = 0; i < file->n_views; i++) {
        const emit_view *view = &file->views[i];
        const char *self = emit_format(run->arena, "%s self", view->name);
        emit_prototype(file, out, "void ", emit_view_function(run, view->type, "_clear"),
                       emit_format(run->arena, "%s *self", view->name), NULL, NULL, NULL);
        emit_prototype(file, out, "CORBEL_MUST_CHECK corbel_status ", emit_view_function(run, view->type, "_copy"), self,
                       emit_format(run->arena, "%s *ret", view->name), NULL, NULL);
        if (view->type->kind == IDL_MAP) {
            emit_prototype(file, out, emit_found_type(run, view->type->element), emit_view_function(run, view->type, "_get"),
                           self, emit_format(run->arena, "%skey", emit_in_type(run, view->type->key)), NULL, NULL);
            emit_prototype(file, out, "void ", emit_view_function(run, view->type, "_sort"),
                           emit_format(run->arena, "%s_item *items", view->name), "size_t len", NULL, NULL);
        }
    }
}

static void emit_unions(emit_file *file, emit_buf *out)
{
    emit(out, "\n");
    emit_remark(out, "Unions: _make_x() sets the discriminator, too; _get_x() is NULL when another case is there. An array is "
                     "given by its first item.");
    bool is_first = true;
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind == IDL_UNION) {
            emit(out, "%s", is_first ? "" : "\n");
            is_first = false;
            emit_union_functions(file, out, file->decls.items[i], true);
        }
    }
}

void emit_small_values(emit_file *file, emit_buf *out)
{
    if (has_value(file, IDL_STRUCT) || has_value(file, IDL_EXCEPTION) || has_value(file, IDL_UNION) ||
        has_value(file, IDL_BITSET) || has_value(file, IDL_TYPEDEF)) {
        emit_values(file, out);
    }
    if (file->n_views > 0) {
        emit_sequences(file, out);
    }
    if (has_value(file, IDL_UNION)) {
        emit_unions(file, out);
    }
}
