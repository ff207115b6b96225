#include "tests/idl/support.h"

#include "idl/constant.h"

#include <inttypes.h>

compiled compiled_start(void)
{
    compiled self = { .out = tmpfile() };
    assert_non_null(self.out);
    return self;
}

void compiled_end(compiled *self, idl_result result)
{
    const long size = ftell(self->out);
    assert_true(size >= 0);
    self->result = result;
    self->messages = calloc(1, (size_t)size + 1);
    assert_non_null(self->messages);
    rewind(self->out);
    assert_int_equal(fread(self->messages, 1, (size_t)size, self->out), size);
    fclose(self->out);
    self->out = NULL;
}

static idl_options with_output(const idl_options *options, FILE *out)
{
    idl_options copy = { 0 };
    if (options != NULL) {
        copy = *options;
    }
    copy.diagnostics = out;
    return copy;
}

compiled compile_bytes(const char *text, size_t length, const idl_options *options)
{
    compiled self = compiled_start();
    const idl_options used = with_output(options, self.out);
    compiled_end(&self, idl_compile_text(&used, "test.idl", text, length));
    return self;
}

compiled compile_text(const char *text, const idl_options *options)
{
    return compile_bytes(text, strlen(text), options);
}

compiled compile_files(const char *const *paths, size_t n_paths, const idl_options *options)
{
    compiled self = compiled_start();
    const idl_options used = with_output(options, self.out);
    compiled_end(&self, idl_compile(&used, paths, n_paths));
    return self;
}

void compiled_free(compiled *self)
{
    idl_unit_free(self->result.unit);
    free(self->messages);
    *self = (compiled) { 0 };
}

const idl_unit *good(const compiled *self)
{
    assert_string_equal(self->messages, "");
    assert_int_equal(self->result.errors, 0);
    assert_int_equal(self->result.warnings, 0);
    assert_non_null(self->result.unit);
    return self->result.unit;
}

static const idl_decl *search(const idl_decl *first, const char *scoped_name, size_t *n)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        if (strcmp(decl->scoped_name, scoped_name) == 0 && (*n)-- == 0) {
            return decl;
        }
        const idl_decl *below = search(decl->children, scoped_name, n);
        if (below != NULL) {
            return below;
        }
    }
    return NULL;
}

const idl_decl *find_nth(const idl_unit *unit, const char *scoped_name, size_t n)
{
    const idl_decl *found = search(unit->definitions, scoped_name, &n);
    if (found == NULL) {
        fail_msg("there is no '%s'", scoped_name);
    }
    return found;
}

const idl_decl *find(const idl_unit *unit, const char *scoped_name)
{
    return find_nth(unit, scoped_name, 0);
}

const idl_decl *child(const idl_decl *parent, const char *name)
{
    for (const idl_decl *decl = parent->children; decl != NULL; decl = decl->next) {
        if (strcmp(decl->name, name) == 0) {
            return decl;
        }
    }
    fail_msg("'%s' has no '%s'", parent->scoped_name, name);
    return NULL;
}

static char *next_buffer(void)
{
    static char buffers[8][1024];
    static size_t used;
    char *buffer = buffers[used++ % LENGTH_OF(buffers)];
    buffer[0] = '\0';
    return buffer;
}

static void append(char *buffer, const char *text)
{
    const size_t length = strlen(buffer);
    snprintf(buffer + length, 1024 - length, "%s", text);
}

static void append_type(char *buffer, const idl_type *type)
{
    const bool is_container = type->kind == IDL_SEQUENCE || type->kind == IDL_MAP;
    char bound[48] = "";
    append(buffer, type->kind == IDL_NAMED ? type->decl->scoped_name : idl_basic_type_text(type->kind));
    if (type->bound > 0) {
        snprintf(bound, sizeof bound, is_container ? ", %" PRIu64 ">" : "<%" PRIu64 ">", type->bound);
    } else if (type->kind == IDL_FIXED) {
        snprintf(bound, sizeof bound, "<%" PRIu32 ", %" PRIu32 ">", type->digits, type->scale);
    } else if (is_container) {
        snprintf(bound, sizeof bound, ">");
    }
    if (is_container) {
        append(buffer, "<");
        if (type->key != NULL) {
            append_type(buffer, type->key);
            append(buffer, ", ");
        }
        append_type(buffer, type->element);
    }
    append(buffer, bound);
}

const char *type_text(const idl_type *type)
{
    char *buffer = next_buffer();
    append_type(buffer, type);
    return buffer;
}

const char *list_text(idl_decl_list list)
{
    char *buffer = next_buffer();
    for (size_t i = 0; i < list.length; i++) {
        append(buffer, i == 0 ? "" : " ");
        append(buffer, list.items[i]->scoped_name);
    }
    return buffer;
}
