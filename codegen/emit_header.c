/* The header: banner, types in IDL order, then the interfaces, then the small print (emit_small_print.c). */
#include "codegen/emit.h"

#include "codegen/comment.h"

#include <inttypes.h>
#include <string.h>

/* ---- types ---- */

static bool mentions(const idl_type *type, const idl_decl *decl)
{
    type = emit_resolve(type);
    if (type->kind == IDL_NAMED) {
        return type->decl == decl || (emit_is_array_decl(type->decl) && mentions(type->decl->type, decl));
    }
    return (type->element != NULL && mentions(type->element, decl)) || (type->key != NULL && mentions(type->key, decl));
}

/* Only in a sequence or map, which is why its name must be there before its members. */
static bool names_itself(const idl_decl *decl)
{
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        if (member->kind == IDL_MEMBER && mentions(member->type, decl)) {
            return true;
        }
    }
    return false;
}

/* What stands behind a member: its bounds, whether it may be absent, what it is unless given. */
static const char *member_note(emit_run *run, const idl_decl *member)
{
    const char *bound = emit_bound_note(run, member->type, member);
    const emit_shape shape = emit_shape_of(run, member->type);
    const char *presence = NULL;
    if (member->is_optional) {
        presence = "optional: NULL when absent";
    } else if (member->default_value.kind != IDL_VALUE_NONE) {
        const char *value = emit_written(run, member->type, &member->default_value);
        presence = emit_inline_doc(run->arena, emit_format(run->arena, "%s unless given", value));
    } else if (shape == EMIT_REFERENCE || shape == EMIT_ANY) {
        presence = "may be NULL";
    }
    if (emit_is_unsent(member)) {
        presence = presence == NULL ? "is not sent" : emit_format(run->arena, "%s; is not sent", presence);
    }
    const char *unit = member->unit == NULL ? NULL : emit_inline_doc(run->arena, emit_format(run->arena, "in %s", member->unit));
    const char *const notes[] = { presence, bound, unit };
    emit_buf out = { .arena = run->arena };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (notes[i] != NULL) {
            emit(&out, "%s%s", out.length > 0 ? "; " : "", notes[i]);
        }
    }
    return out.text;
}

void emit_member(emit_file *file, emit_buf *out, const idl_decl *member, int indent, const char *note)
{
    emit_run *run = file->run;
    const char *name = emit_member_name(file, member);
    const char *own = member_note(run, member);
    note = own == NULL || note == NULL ? (note != NULL ? note : own) : emit_format(run->arena, "%s; %s", note, own);
    const char *line = member->is_optional
                           ? emit_format(run->arena, "%*s%s", indent, "", emit_optional_member(run, member->type, name))
                           : emit_format(run->arena, "%*s%s%s%s", indent, "", emit_value_type(run, member->type), name,
                                         emit_dimensions(run, member->type));
    line = emit_format(run->arena, "%s%s;", line, emit_deprecated_behind(run, member, emit_width(line)));
    emit_verbatim(out, member, "BEFORE_DECLARATION");
    const char *doc = emit_inline_doc(run->arena, member->doc);
    const char *behind = doc == NULL || note == NULL ? (doc != NULL ? doc : note) : emit_format(run->arena, "%s (%s)", doc, note);
    const size_t column = emit_width(line) < 39 ? 39 : emit_width(line) + 1;
    if (behind != NULL && (doc != NULL || member->doc == NULL) &&
        column + strlen("/**<  */") + emit_width(behind) <= EMIT_COLUMNS) {
        emit(out, "%s%*s/**< %s */\n", line, (int)(column - emit_width(line)), "", behind);
    } else {
        emit_strings facts = { .arena = run->arena };
        if (note != NULL) {
            emit_add(&facts, "%c%s.", note[0] >= 'a' && note[0] <= 'z' ? note[0] - 'a' + 'A' : note[0], note + 1);
        }
        emit_comment(out, indent, member->doc, &facts);
        emit(out, "%s\n", line);
    }
    emit_verbatim(out, member, "AFTER_DECLARATION");
}

/* A struct, exception, union, bitset or named array: its name, what it holds, and the views of it. */
static void emit_value_type_of(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    const bool is_announced = emit_is_announced(file, decl);
    const bool is_recursive = is_announced || names_itself(decl);
    if (is_recursive && !is_announced) {
        const char *line = emit_format(run->arena, "typedef struct %s %s", name, name);
        emit(out, "%s%s;\n", line, emit_deprecated_behind(run, decl, emit_width(line)));
        emit_views_of(file, out, decl, false);
    }
    emit_comment(out, 0, decl->doc, NULL);
    emit(out, "%sstruct %s {\n", is_recursive ? "" : "typedef ", name);
    emit_verbatim(out, decl, "BEGIN_DECLARATION");
    const emit_members members = emit_members_of(run, decl);
    if (decl->kind == IDL_UNION) {
        emit_union(file, out, decl);
    } else if (decl->kind == IDL_TYPEDEF) {
        emit(out, "    %sitems%s;\n", emit_value_type(run, decl->type), emit_dimensions(run, decl->type));
    } else {
        for (size_t i = 0; i < members.length; i++) {
            emit_member(file, out, members.items[i], 4, NULL);
        }
        if (members.length == 0) {
            emit(out, "    char unused_; /* C has no empty struct */\n");
        }
    }
    emit_verbatim(out, decl, "END_DECLARATION");
    const char *behind = emit_deprecated_behind(run, decl, strlen("} ") + emit_width(name));
    emit(out, "}%s%s%s;\n", is_recursive ? "" : " ", is_recursive ? "" : name, is_recursive ? "" : behind);
    if (is_recursive) {
        emit_map_items(file, out, decl);
    } else {
        emit_views_of(file, out, decl, true);
    }
    emit(out, "\n");
}

static void emit_enum(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    emit_strings items = { .arena = run->arena };
    bool has_docs = false;
    size_t width = strlen(name) * 2 + strlen("typedef enum  {  } ;");
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        const char *item = emit_name(run, child);
        emit_add(&items, "%s%s = %s", item, emit_deprecated_behind(run, child, 4 + emit_width(item)),
                 emit_enumerator_value(run, child));
        width += strlen(items.items[items.length - 1]) + 2;
        has_docs |= child->doc != NULL || child->annotations != NULL;
    }
    emit_comment(out, 0, decl->doc, NULL);
    if (!has_docs && decl->annotations == NULL && width <= EMIT_COLUMNS) {
        emit(out, "typedef enum %s { ", name);
        for (size_t i = 0; i < items.length; i++) {
            emit(out, "%s%s", i > 0 ? ", " : "", items.items[i]);
        }
        emit(out, " } %s%s;\n", name, emit_deprecated_behind(run, decl, strlen(" } ") + emit_width(name)));
    } else {
        emit(out, "typedef enum %s {\n", name);
        emit_verbatim(out, decl, "BEGIN_DECLARATION");
        size_t i = 0;
        for (const idl_decl *child = decl->children; child != NULL; child = child->next, i++) {
            emit_verbatim(out, child, "BEFORE_DECLARATION");
            emit_comment(out, 4, child->doc, NULL);
            emit(out, "    %s%s\n", items.items[i], child->next != NULL ? "," : "");
            emit_verbatim(out, child, "AFTER_DECLARATION");
        }
        emit_verbatim(out, decl, "END_DECLARATION");
        emit(out, "} %s%s;\n", name, emit_deprecated_behind(run, decl, strlen("} ") + emit_width(name)));
    }
    emit_views_of(file, out, decl, true);
    emit(out, "\n");
}

/* Its flags are constants, as an enum's could not have 64 bits. */
static void emit_bitmask(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    const char *name = emit_name(run, decl);
    emit_strings facts = { .arena = run->arena };
    emit_add(&facts, "Any of the flags below.");
    emit_comment(out, 0, decl->doc, &facts);
    const char *line = emit_format(run->arena, "typedef %s %s", emit_bitmask_type(decl), name);
    emit(out, "%s%s;\n", line, emit_deprecated_behind(run, decl, emit_width(line)));
    for (const idl_decl *bit = decl->children; bit != NULL; bit = bit->next) {
        if (bit->kind == IDL_BIT) {
            emit_strings more = { .arena = run->arena };
            emit_add_deprecation(&more, NULL, bit);
            emit_comment(out, 0, bit->doc, &more);
            emit(out, decl->bits > 32 ? "#define %s UINT64_C(0x%" PRIX64 ")\n" : "#define %s 0x%" PRIX64 "u\n",
                 emit_name(run, bit), UINT64_C(1) << bit->value.magnitude);
        }
    }
    emit_views_of(file, out, decl, true);
    emit(out, "\n");
}

static void emit_typedef(emit_file *file, emit_buf *out, const idl_decl *decl)
{
    emit_run *run = file->run;
    if (decl->kind == IDL_NATIVE) {
        emit_comment(out, 0, decl->doc, NULL);
        const char *line = emit_format(run->arena, "typedef void *%s", emit_name(run, decl));
        emit(out, "%s%s;\n", line, emit_deprecated_behind(run, decl, emit_width(line)));
        emit_views_of(file, out, decl, true);
        return;
    }
    const char *note = emit_bound_note(run, decl->type, decl);
    emit_strings facts = { .arena = run->arena };
    if (note != NULL) {
        emit_add(&facts, "%s: %s.", decl->name, note);
    }
    emit_add_unit(&facts, NULL, decl);
    emit_comment(out, 0, decl->doc, &facts);
    const idl_type *type_of = emit_resolve(decl->type);
    const emit_shape shape = emit_shape_of(run, decl->type);
    const char *type = emit_value_type(run, decl->type);
    if (shape == EMIT_REFERENCE || shape == EMIT_ANY) { /* the star stays where the type is used */
        type = decl->type->kind == IDL_NAMED ? emit_format(run->arena, "%s ", emit_name(run, decl->type->decl))
               : type_of->kind == IDL_ANY    ? "corbel_any "
                                             : "corbel_object ";
    }
    const char *line = emit_format(run->arena, "typedef %s%s", type, emit_name(run, decl));
    emit(out, "%s%s;\n", line, emit_deprecated_behind(run, decl, emit_width(line)));
}

static const idl_decl *module_of(const idl_decl *decl)
{
    const idl_decl *scope = decl->parent;
    while (scope != NULL && scope->kind != IDL_MODULE) {
        scope = scope->parent;
    }
    return scope;
}

static void emit_module_heading(emit_file *file, emit_buf *out, const idl_decl *module)
{
    emit_heading(out, emit_format(file->run->arena, "module %s", module->scoped_name), module->doc);
}

/* The comment of a module that has interfaces alone in this file would stand nowhere: it gets a heading before the first of them.
 */
static bool wants_module_heading(const emit_file *file, size_t index)
{
    const idl_decl *module = module_of(file->decls.items[index]);
    if (module == NULL || module->doc == NULL) {
        return false;
    }
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        const bool is_headed = decl->kind == IDL_INTERFACE ? i < index : decl->kind != IDL_FORWARD;
        if (is_headed && module_of(decl) == module) {
            return false;
        }
    }
    return true;
}

static void emit_types(emit_file *file, emit_buf *out)
{
    const idl_decl *module = NULL;
    bool is_first = true, is_apart = true;
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        if (decl->kind == IDL_INTERFACE || decl->kind == IDL_FORWARD) {
            continue;
        }
        if (is_first || module_of(decl) != module) {
            module = module_of(decl);
            if (module == NULL) {
                emit_heading(out, "types", NULL);
            } else {
                emit_module_heading(file, out, module);
            }
            is_first = false;
            is_apart = true;
        }
        const bool is_line =
            decl->kind == IDL_CONST || decl->kind == IDL_NATIVE || (decl->kind == IDL_TYPEDEF && !emit_is_array_decl(decl));
        if (!is_line && !is_apart) {
            emit(out, "\n");
        }
        emit_verbatim(out, decl, "BEFORE_DECLARATION");
        if (decl->kind == IDL_CONST) {
            emit_constant(file, out, decl);
        } else if (is_line) {
            emit_typedef(file, out, decl);
        } else if (decl->kind == IDL_ENUM) {
            emit_enum(file, out, decl);
        } else if (decl->kind == IDL_BITMASK) {
            emit_bitmask(file, out, decl);
        } else {
            emit_value_type_of(file, out, decl);
        }
        emit_verbatim(out, decl, "AFTER_DECLARATION");
        is_apart = !is_line;
    }
}

/* What has a name before it has a definition: references, and structs that were declared forward. */
static void emit_early_names(emit_file *file, emit_buf *out, bool of_interfaces, const char *remark)
{
    emit_run *run = file->run;
    bool is_first = true;
    for (size_t i = 0; i < file->decls.length; i++) {
        const idl_decl *decl = file->decls.items[i];
        const idl_decl *definition = decl->kind == IDL_FORWARD ? decl->definition : decl;
        const bool is_interface = definition->kind == IDL_INTERFACE;
        const bool is_wanted = decl->kind == IDL_FORWARD
                                   ? emit_is_first_forward(file, i) &&
                                         (is_interface ? emit_is_opaque(file, definition)
                                                       : emit_is_own(file, definition) || emit_is_unseen(file, definition))
                                   : is_interface;
        if (is_interface != of_interfaces || !is_wanted) {
            continue;
        }
        if (is_first) {
            emit(out, "\n%s\n", remark);
            is_first = false;
        }
        const char *name = emit_name(run, definition);
        const char *line = emit_format(run->arena, "typedef struct %s %s", name, name);
        emit(out, "%s%s;\n", line, emit_deprecated_behind(run, definition, emit_width(line)));
        if (!is_interface) {
            emit_views_of(file, out, definition, false);
        }
    }
}

/* Files that include each other: the header that is read first finds the other one's references here. */
static void emit_circular_references(emit_file *file, emit_buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < file->n_closure; i++) {
        const emit_file *other = file->closure[i];
        bool is_circle = false;
        for (size_t k = 0; k < other->n_closure; k++) {
            is_circle = is_circle || other->closure[k] == file;
        }
        for (size_t d = 0; is_circle && d < other->decls.length; d++) {
            if (other->decls.items[d]->kind == IDL_INTERFACE) {
                const char *name = emit_name(file->run, other->decls.items[d]);
                emit(out, "%stypedef struct %s %s;\n", is_first ? "\n/* References of files that include this one. */\n" : "",
                     name, name);
                is_first = false;
            }
        }
    }
}

static void emit_reference_types(emit_file *file, emit_buf *out)
{
    emit_circular_references(file, out);
    emit_early_names(file, out, true, "/* References: counted, to objects near or far. */");
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind == IDL_INTERFACE) {
            emit_views_of(file, out, file->decls.items[i], true);
        }
    }
    emit_early_names(file, out, false, "/* What is used before its members are known. */");
    emit_foreign_views(file, out);
}

/* ---- the whole ---- */

/* BANK_CORBEL_H_bank_Account: files of the same name in different folders must not shut each other out, and no two files
 * that meet in one program define the same name. */
static const char *guard_of(emit_file *file)
{
    emit_run *run = file->run;
    char *upper = idl_arena_text(run->arena, file->stem, strlen(file->stem));
    for (char *c = upper; *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        if (!((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9'))) {
            *c = '_';
        }
    }
    const char *prefix = *upper >= '0' && *upper <= '9' ? "IDL_" : "";
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind != IDL_FORWARD) {
            return emit_format(run->arena, "%s%s_CORBEL_H_%s", prefix, upper, emit_name(run, file->decls.items[i]));
        }
    }
    return emit_format(run->arena, "%s%s_CORBEL_H", prefix, upper);
}

/* The files that of includes. Of one that nothing is generated from its own includes take the place: something of theirs may be
 * needed. `to`: the folder in which the spellings of `of` begin, as seen from the header, with its '/'. */
static void emit_includes_of(emit_file *file, emit_buf *out, const idl_file *of, const char *to, unsigned depth)
{
    for (size_t i = 0; of->includes != NULL && of->includes[i] != NULL; i++) {
        const idl_file *included = of->includes[i];
        const char *name = emit_include_name(file->run, of, i);
        const char *spelling = emit_format(file->run->arena, "%s%s", to, name);
        if (!included->is_partial) {
            emit(out, "#include \"%s\"\n", emit_is_beside(of, i) ? spelling : name);
        } else if (depth < file->n_closure) { /* files may include each other */
            emit(out, "/* %s.idl defines what Corbel does not support: nothing of it is used here. */\n",
                 emit_file_of(file->run, included)->stem);
            const char *slash = strrchr(spelling, '/');
            emit_includes_of(file, out, included,
                             slash == NULL ? "" : idl_arena_text(file->run->arena, spelling, (size_t)(slash - spelling) + 1),
                             depth + 1);
        }
    }
}

static void emit_includes(emit_file *file, emit_buf *out)
{
    emit(out, "#include <corbel/corbel.h>\n");
    if (file->file->includes != NULL && file->file->includes[0] != NULL) {
        emit(out, "\n");
        emit_includes_of(file, out, file->file, "", 0);
    }
}

void emit_header(emit_file *file, emit_buf *out)
{
    const char *guard = guard_of(file);
    emit(out,
         "/* Generated by corbelc " CORBELC_SHORT_VERSION " from %s.idl. Do not edit.\n"
         " *\n"
         " * For all that follows: what goes in is borrowed for the call. What comes out through ret is\n"
         " * yours, untouched on failure, and released by the one function that its comment names; a ret\n"
         " * that you do not want may be NULL. Values are plain C: {0} or _INIT starts one, what it points\n"
         " * to is yours while you send it. reterr may be NULL. Any thread may call. */\n"
         "/* clang-format off */\n"
         "#ifndef %s\n"
         "#define %s\n\n",
         file->stem, guard, guard);
    const bool has_deprecated = emit_has_deprecated(file);
    emit_verbatim_of_file(file, out, "BEGIN_FILE");
    emit_includes(file, out);
    emit(out,
         "\n#if CORBEL_VERSION < %d\n"
         "#error \"%s.corbel.h needs Corbel " CORBELC_SHORT_VERSION ": upgrade it, or run its own corbelc again\"\n"
         "#endif\n\n"
         "CORBEL_BEGIN_DECLS\n",
         CORBELC_VERSION_NUMBER, file->stem);
    if (has_deprecated) {
        emit(out, "\n#pragma GCC diagnostic push /* what is deprecated is named here, too */\n"
                  "#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\"\n");
    }
    emit_reference_types(file, out);
    emit_types(file, out);
    emit_stream_types(file, out);
    bool with_rules = true;
    for (size_t i = 0; i < file->decls.length; i++) {
        if (file->decls.items[i]->kind == IDL_INTERFACE) {
            if (wants_module_heading(file, i)) {
                emit_module_heading(file, out, module_of(file->decls.items[i]));
            }
            emit_header_interface(file, out, file->decls.items[i], with_rules);
            with_rules = false;
        }
    }
    emit_header_small_print(file, out);
    if (has_deprecated) {
        emit(out, "\n#pragma GCC diagnostic pop\n");
    }
    emit(out, "\nCORBEL_END_DECLS\n");
    emit_verbatim_of_file(file, out, "END_FILE");
    emit(out, "#endif /* %s */\n", guard);
}
