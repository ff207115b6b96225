#include "tests/runtime/describe/print_idl.h"

#include "idl/keywords.h"
#include "runtime/describe/describe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PRINT_MOST = 1024, PRINT_TEXT = 2048, PRINT_RANGES = 64 };

/** A named type or an interface; types of an interface's scope are printed inside it. */
typedef struct node {
    const char *name;
    const corbel_type *type; /* NULL: an interface */
    const corbel_interface *interface;
    bool is_exception, started, printed;
} node;

typedef struct printer {
    FILE *out;
    node nodes[PRINT_MOST];
    size_t n;
    struct print_range { /* that annotations do not explain: a typedef's */
        const corbel_type *type;
        bool min, max;
    } ranges[PRINT_RANGES];
    size_t n_ranges;
    const corbel_interface *(*find)(const char *name);
} printer;

/* ---- what there is ---- */

static node *node_named(printer *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->nodes[i].name, name) == 0) {
            return &p->nodes[i];
        }
    }
    return NULL;
}

static node *node_add(printer *p, const char *name)
{
    if (p->n == PRINT_MOST) {
        abort();
    }
    p->nodes[p->n] = (node) { .name = name };
    return &p->nodes[p->n++];
}

static bool is_ranged_by_typedef(const corbel_type *type, const char *annotations, bool *min, bool *max)
{
    if (type->range == NULL || type->kind == CORBEL_KIND_ENUM || crb_is_annotated(annotations, "range")) {
        return false;
    }
    *min = type->range->has_min && !crb_is_annotated(annotations, "min");
    *max = type->range->has_max && !crb_is_annotated(annotations, "max");
    return *min || *max;
}

/** The typedef that gives the type what of its range the annotations do not say, counted from 1; 0: none. */
static size_t range_typedef(const printer *p, const corbel_type *type, const char *annotations)
{
    bool min = false, max = false;
    if (is_ranged_by_typedef(type, annotations, &min, &max)) {
        for (size_t i = 0; i < p->n_ranges; i++) {
            if (p->ranges[i].type == type && p->ranges[i].min == min && p->ranges[i].max == max) {
                return i + 1;
            }
        }
    }
    return 0;
}

static void collect_range(printer *p, const corbel_type *type, const char *annotations)
{
    struct print_range one = { .type = type };
    if (is_ranged_by_typedef(type, annotations, &one.min, &one.max) && range_typedef(p, type, annotations) == 0) {
        if (p->n_ranges == PRINT_RANGES) {
            abort();
        }
        p->ranges[p->n_ranges++] = one;
    }
}

static void collect_interface(printer *p, const corbel_interface *interface);

static void collect_type(printer *p, const corbel_type *type, bool is_exception)
{
    if (type->kind == CORBEL_KIND_REFERENCE) {
        if (type->interface != NULL) {
            const corbel_interface *const known = p->find(type->interface->name);
            collect_interface(p, known != NULL ? known : type->interface);
        }
        return;
    }
    if (type->name != NULL && strcmp(type->name, "TypeCode") != 0) {
        if (node_named(p, type->name) != NULL) {
            return;
        }
        node *const added = node_add(p, type->name);
        added->type = type;
        added->is_exception = is_exception;
    }
    if (type->element != NULL) {
        collect_type(p, type->element, false);
    }
    for (uint32_t i = 0; type->members != NULL && i < type->count; i++) {
        collect_type(p, type->members[i].type, false);
        if ((type->flags & CORBEL_BITSET) == 0 && type->name != NULL) {
            collect_range(p, type->members[i].type, type->members[i].annotations);
        }
    }
}

static void collect_interface(printer *p, const corbel_interface *interface)
{
    if (node_named(p, interface->name) != NULL) {
        return;
    }
    node_add(p, interface->name)->interface = interface;
    for (const corbel_interface *const *base = interface->bases; base != NULL && *base != NULL; base++) {
        const corbel_interface *const known = p->find((*base)->name);
        collect_interface(p, known != NULL ? known : *base);
    }
    for (uint32_t i = 0; i < interface->n_methods; i++) {
        const corbel_operation *const operation = interface->methods[i].operation;
        for (const corbel_type *const *type = operation->raises; type != NULL && *type != NULL; type++) {
            collect_type(p, *type, true);
        }
        if (operation->stream_in != NULL) {
            collect_type(p, operation->stream_in->type, false);
        }
        if (operation->stream_out != NULL) {
            collect_type(p, operation->stream_out->type, false);
        }
        for (uint32_t j = 0; j < operation->n_in; j++) {
            collect_type(p, operation->in[j].type, false);
            collect_range(p, operation->in[j].type,
                          operation->attribute != NULL ? operation->annotations : operation->in[j].annotations);
        }
        for (uint32_t j = 0; j < operation->n_out; j++) {
            collect_type(p, operation->out[j].type, false);
            collect_range(p, operation->out[j].type,
                          j == 0 && operation->out[j].annotations == NULL && strcmp(operation->out[j].name, "ret") == 0
                              ? operation->annotations
                              : operation->out[j].annotations);
        }
    }
}

/* ---- words ---- */

/** The last part of a scoped name, escaped where it is a keyword. */
static const char *short_name(const char *name)
{
    static char text[4][PRINT_TEXT];
    static unsigned next;
    const char *at = strrchr(name, ':');
    at = at == NULL ? name : at + 1;
    char *const out = text[next++ % 4];
    snprintf(out, PRINT_TEXT, "%s%s", idl_keyword_find(at, strlen(at)) != IDL_KEYWORD_NONE ? "_" : "", at);
    return out;
}

static bool is_within(const char *name, const char *scope)
{
    const size_t length = strlen(scope);
    return strncmp(name, scope, length) == 0 && strncmp(name + length, "::", 2) == 0;
}

/** The interface whose scope the type stands in; NULL: a module's. */
static node *outer_of(printer *p, const node *one)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->nodes[i].type == NULL && is_within(one->name, p->nodes[i].name)) {
            return &p->nodes[i];
        }
    }
    return NULL;
}

/** Prints "module a { module b { " up to the last part of name, or, closing, the braces of that. */
static void print_modules(printer *p, const char *name, bool closing)
{
    for (const char *end = strstr(name, "::"), *at = name; end != NULL; at = end + 2, end = strstr(at, "::")) {
        char part[PRINT_TEXT];
        snprintf(part, sizeof part, "%.*s", (int)(end - at), at);
        fprintf(p->out, closing ? "};\n" : "module %s {\n", short_name(part));
    }
}

static void print_said(printer *p, const char *doc, const char *annotations)
{
    for (const char *at = doc; at != NULL;) {
        const size_t length = strcspn(at, "\n");
        fprintf(p->out, "///%s%.*s\n", length > 0 ? " " : "", (int)length, at);
        at = at[length] == '\0' ? NULL : at + length + 1;
    }
    if (annotations != NULL) {
        fprintf(p->out, "%s ", annotations);
    }
}

static void print_end(FILE *out, const corbel_type *type, const char *word, const void *end)
{
    int64_t i = 0;
    uint64_t u = 0;
    double d = 0;
    memcpy(&i, end, sizeof i);
    memcpy(&u, end, sizeof u);
    memcpy(&d, end, sizeof d);
    if (type->kind == CORBEL_KIND_FLOAT || type->kind == CORBEL_KIND_DOUBLE) {
        fprintf(out, "@%s(%.17e) ", word, d);
    } else if (type->kind == CORBEL_KIND_INT8 || type->kind == CORBEL_KIND_INT16 || type->kind == CORBEL_KIND_INT32 ||
               type->kind == CORBEL_KIND_INT64) {
        fprintf(out, "@%s(%" PRId64 ") ", word, i);
    } else {
        fprintf(out, "@%s(%" PRIu64 ") ", word, u);
    }
}

/** A range of an element, or of what has one from a typedef: the tables do not have the typedef's name. */
static void print_range(printer *p, const corbel_type *type, const char *annotations)
{
    if (range_typedef(p, type, annotations) != 0 || type->range == NULL || crb_is_annotated(annotations, "range")) {
        return;
    }
    if (type->range->has_min && !crb_is_annotated(annotations, "min")) {
        print_end(p->out, type, "min", &type->range->min);
    }
    if (type->range->has_max && !crb_is_annotated(annotations, "max")) {
        print_end(p->out, type, "max", &type->range->max);
    }
}

static void print_bound(printer *p, const corbel_type *type)
{
    if (type->bound > 0) {
        fprintf(p->out, ", %" PRIu32, type->bound);
    }
    fprintf(p->out, ">");
}

static void print_type_of(printer *p, const corbel_type *type, const char *annotations);

static void print_type(printer *p, const corbel_type *type)
{
    char text[PRINT_TEXT];
    if (type->kind == CORBEL_KIND_SEQUENCE && type->name == NULL) {
        fprintf(p->out, "sequence<");
        print_range(p, type->element, NULL);
        print_type_of(p, type->element, NULL);
        print_bound(p, type);
    } else if (type->kind == CORBEL_KIND_MAP && type->name == NULL) {
        fprintf(p->out, "map<");
        print_range(p, type->element->members[0].type, NULL);
        print_type_of(p, type->element->members[0].type, NULL);
        fprintf(p->out, ", ");
        print_range(p, type->element->members[1].type, NULL);
        print_type_of(p, type->element->members[1].type, NULL);
        print_bound(p, type);
    } else if (type->kind == CORBEL_KIND_ARRAY && type->name == NULL) {
        print_type(p, type->element);
    } else {
        /* "::" behind an annotation would belong to its name: only where a member's name might hide the type. */
        const bool is_global = type->name != NULL && strstr(type->name, "::") == NULL && type->kind != CORBEL_KIND_STRING &&
                               (type->kind != CORBEL_KIND_REFERENCE || type->interface != NULL);
        fprintf(p->out, "%s%s", is_global ? "::" : "", crb_type_phrase(type, text, sizeof text));
    }
}

/** What a member or parameter with these annotations has for a type. */
static void print_type_of(printer *p, const corbel_type *type, const char *annotations)
{
    const size_t range = range_typedef(p, type, annotations);
    if (range == 0) {
        print_type(p, type);
    } else {
        fprintf(p->out, "print_ranges::R%zu", range);
    }
}

/** The type of what is a stream of such items. */
static void print_streamed(printer *p, const corbel_type *item)
{
    fprintf(p->out, "sequence<");
    print_range(p, item, NULL);
    print_type_of(p, item, NULL);
    fprintf(p->out, ">");
}

/** Typedefs for ranges that came from such. */
static void print_ranges(printer *p)
{
    fprintf(p->out, p->n_ranges > 0 ? "module print_ranges {\n" : "");
    for (size_t i = 0; i < p->n_ranges; i++) {
        const corbel_type *const type = p->ranges[i].type;
        if (p->ranges[i].min) {
            print_end(p->out, type, "min", &type->range->min);
        }
        if (p->ranges[i].max) {
            print_end(p->out, type, "max", &type->range->max);
        }
        fprintf(p->out, "typedef ");
        print_type(p, type);
        fprintf(p->out, " R%zu;\n", i + 1);
    }
    fprintf(p->out, p->n_ranges > 0 ? "};\n" : "");
}

static void print_declarator(printer *p, const corbel_type *type, const char *name)
{
    fprintf(p->out, " %s", short_name(name));
    if (type->kind == CORBEL_KIND_ARRAY && (type->name == NULL || strcmp(type->name, name) == 0)) {
        for (const uint32_t *at = type->dimensions; at != NULL && *at != 0; at++) {
            fprintf(p->out, "[%" PRIu32 "]", *at);
        }
        if (type->dimensions == NULL) {
            fprintf(p->out, "[%" PRIu32 "]", type->bound);
        }
    }
}

/* ---- types ---- */

static void print_node(printer *p, node *one);

/** What the type is made of has to stand before it, but for what it only points to. */
static void print_needed(printer *p, const corbel_type *type)
{
    node *needed = type->name == NULL || type->kind == CORBEL_KIND_REFERENCE ? NULL : node_named(p, type->name);
    if (needed != NULL) {
        node *const outer = outer_of(p, needed);
        print_node(p, outer != NULL && !outer->started ? outer : needed);
    } else if (type->element != NULL && type->kind == CORBEL_KIND_MAP) {
        print_needed(p, type->element->members[0].type);
        print_needed(p, type->element->members[1].type);
    } else if (type->element != NULL) {
        print_needed(p, type->element);
    }
}

static void print_member(printer *p, const corbel_member *member)
{
    print_said(p, member->doc, member->annotations);
    print_range(p, member->type, member->annotations);
    print_type_of(p, member->type, member->annotations);
    print_declarator(p, member->type, member->name);
    fprintf(p->out, ";\n");
}

static void print_label(printer *p, const corbel_type *discriminator, int64_t label)
{
    if (discriminator->kind == CORBEL_KIND_ENUM) {
        for (uint32_t i = 0; i < discriminator->count; i++) {
            if (discriminator->enumerators[i].value == label) {
                const char *const end = strrchr(discriminator->name, ':');
                fprintf(p->out, "case %.*s%s:\n", (int)(end == NULL ? 0 : end + 1 - discriminator->name), discriminator->name,
                        short_name(discriminator->enumerators[i].name));
                return;
            }
        }
    } else if (discriminator->kind == CORBEL_KIND_BOOL) {
        fprintf(p->out, "case %s:\n", label != 0 ? "TRUE" : "FALSE");
    } else if (discriminator->kind == CORBEL_KIND_CHAR) {
        fprintf(p->out, "case '\\%03o':\n", (unsigned)label & 0xFF);
    } else if (discriminator->kind == CORBEL_KIND_WCHAR) {
        fprintf(p->out, "case L'\\u%04x':\n", (unsigned)label);
    } else if (discriminator->kind == CORBEL_KIND_UINT64) {
        fprintf(p->out, "case %" PRIu64 ":\n", (uint64_t)label);
    } else {
        fprintf(p->out, "case %" PRId64 ":\n", label);
    }
}

static void print_union(printer *p, const corbel_type *type)
{
    fprintf(p->out, "union %s switch (", short_name(type->name));
    print_said(p, NULL, type->members[0].annotations);
    print_type(p, type->members[0].type);
    fprintf(p->out, ") {\n");
    for (uint32_t i = 1; i < type->count; i++) {
        for (uint32_t l = 0; l < type->members[i].n_labels; l++) {
            print_label(p, type->members[0].type, type->members[i].labels[l]);
        }
        if ((type->members[i].flags & CORBEL_DEFAULT) != 0) {
            fprintf(p->out, "default:\n");
        }
        print_member(p, &type->members[i]);
    }
    fprintf(p->out, "};\n");
}

static void print_names(printer *p, const corbel_type *type)
{
    fprintf(p->out, "%s %s {\n", type->kind == CORBEL_KIND_ENUM ? "enum" : "bitmask", short_name(type->name));
    for (uint32_t i = 0; i < type->count; i++) {
        print_said(p, type->enumerators[i].doc, type->enumerators[i].annotations);
        fprintf(p->out, "%s%s\n", short_name(type->enumerators[i].name), i + 1 < type->count ? "," : "");
    }
    fprintf(p->out, "};\n");
}

/** As many bits as the field's values need. */
static void print_field(printer *p, const corbel_member *field)
{
    const corbel_type *const type = field->type;
    char text[PRINT_TEXT];
    unsigned width = type->kind == CORBEL_KIND_BOOL ? 1 : (unsigned)(8 * type->size);
    const bool is_signed = type->kind == CORBEL_KIND_INT8 || type->kind == CORBEL_KIND_INT16 || type->kind == CORBEL_KIND_INT32 ||
                           type->kind == CORBEL_KIND_INT64;
    if (type->range != NULL && type->range->has_max) {
        width = is_signed ? 1 : 0;
        for (uint64_t most = type->range->max.u; most > 0; most >>= 1) {
            width++;
        }
    }
    print_said(p, field->doc, field->annotations);
    fprintf(p->out, "bitfield<%u, %s> %s;\n", width, crb_type_phrase(type, text, sizeof text), short_name(field->name));
}

static void print_definition(printer *p, const node *one)
{
    const corbel_type *const type = one->type;
    print_said(p, type->doc, type->annotations);
    switch (type->kind) {
    case CORBEL_KIND_ENUM:
    case CORBEL_KIND_BITMASK:
        print_names(p, type);
        break;
    case CORBEL_KIND_UNION:
        print_union(p, type);
        break;
    case CORBEL_KIND_UINT32:
    case CORBEL_KIND_UINT64:
        fprintf(p->out, "native %s;\n", short_name(one->name)); /* no other number has a name */
        break;
    case CORBEL_KIND_STRUCT:
        fprintf(p->out, "%s %s {\n",
                one->is_exception                    ? "exception"
                : (type->flags & CORBEL_BITSET) != 0 ? "bitset"
                                                     : "struct",
                short_name(one->name));
        for (uint32_t i = 0; i < type->count; i++) {
            if ((type->flags & CORBEL_BITSET) != 0) {
                print_field(p, &type->members[i]);
            } else {
                print_member(p, &type->members[i]);
            }
        }
        fprintf(p->out, "};\n");
        break;
    case CORBEL_KIND_ARRAY:
        fprintf(p->out, "typedef ");
        print_type(p, type->element);
        print_declarator(p, type, type->name);
        fprintf(p->out, ";\n");
        break;
    default:
        abort();
    }
}

/* ---- interfaces ---- */

static void print_raises(printer *p, const corbel_operation *operation, const char *word)
{
    for (size_t i = 0; operation->raises != NULL && operation->raises[i] != NULL; i++) {
        fprintf(p->out, "%s%s::%s", i == 0 ? word : ", ", i == 0 ? " (" : "", operation->raises[i]->name);
        if (operation->raises[i + 1] == NULL) {
            fprintf(p->out, ")");
        }
    }
}

static const corbel_param *param_named(const corbel_param *params, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(params[i].name, name) == 0) {
            return &params[i];
        }
    }
    return NULL;
}

static const corbel_param *result_of(const corbel_operation *operation)
{
    const bool has = operation->n_out > 0 && operation->out[0].id == 1 && operation->out[0].position == 0 &&
                     strcmp(operation->out[0].name, "ret") == 0;
    return has ? &operation->out[0] : NULL;
}

static void print_param(printer *p, const corbel_param *param, const char *way, bool is_first)
{
    fprintf(p->out, "%s", is_first ? "\n" : ",\n");
    print_said(p, param->doc, param->annotations);
    print_range(p, param->type, param->annotations);
    fprintf(p->out, "%s ", way);
    print_type_of(p, param->type, param->annotations);
    fprintf(p->out, " %s", short_name(param->name));
}

static void print_stream(printer *p, const corbel_param *stream, bool is_first)
{
    fprintf(p->out, "%s", is_first ? "\n" : ",\n");
    print_said(p, stream->doc, stream->annotations);
    fprintf(p->out, "in ");
    print_streamed(p, stream->type);
    fprintf(p->out, " %s", short_name(stream->name));
}

static void print_params(printer *p, const corbel_operation *operation)
{
    const corbel_param *const result = result_of(operation), *const stream = operation->stream_in;
    const uint32_t most = operation->n_in + operation->n_out + 1;
    bool is_first = true, is_printed = stream == NULL;
    /* By position where there is one; else those that go in, by their numbers, then those that only come out. */
    for (uint32_t position = 0; position <= most; position++) {
        for (uint32_t i = 0; i <= operation->n_in; i++) {
            if (!is_printed && stream->position == position && (i == operation->n_in || stream->id < operation->in[i].id)) {
                print_stream(p, stream, is_first);
                is_first = false;
                is_printed = true;
            }
            if (i == operation->n_in) {
                break;
            }
            if (operation->in[i].position == position) {
                const uint32_t results = result != NULL;
                const bool both =
                    param_named(operation->out + results, operation->n_out - results, operation->in[i].name) != NULL;
                print_param(p, &operation->in[i], both ? "inout" : "in", is_first);
                is_first = false;
            }
        }
        for (uint32_t i = 0; i < operation->n_out; i++) {
            const corbel_param *const out = &operation->out[i];
            if (out != result && out->position == position && param_named(operation->in, operation->n_in, out->name) == NULL) {
                print_param(p, out, "out", is_first);
                is_first = false;
            }
        }
    }
}

static void print_operation(printer *p, const corbel_operation *operation)
{
    const corbel_param *const result = result_of(operation);
    print_said(p, operation->doc, operation->annotations);
    if (result != NULL) {
        print_range(p, result->type, operation->annotations);
    }
    fprintf(p->out, "%s", (operation->flags & CORBEL_ONEWAY) != 0 ? "oneway " : "");
    if (operation->stream_out != NULL) {
        print_streamed(p, operation->stream_out->type);
    } else if (result == NULL) {
        fprintf(p->out, "void");
    } else {
        print_type_of(p, result->type, operation->annotations);
    }
    fprintf(p->out, " %s(", short_name(operation->name));
    print_params(p, operation);
    fprintf(p->out, ")");
    print_raises(p, operation, " raises");
    fprintf(p->out, ";\n");
}

static void print_attribute(printer *p, const corbel_operation *getter, const corbel_operation *setter)
{
    print_said(p, getter->doc, getter->annotations);
    print_range(p, getter->out[0].type, getter->annotations);
    fprintf(p->out, "%sattribute ", setter == NULL ? "readonly " : "");
    print_type_of(p, getter->out[0].type, getter->annotations);
    fprintf(p->out, " %s", short_name(getter->attribute));
    print_raises(p, getter, setter == NULL ? " raises" : " getraises");
    if (setter != NULL) {
        print_raises(p, setter, " setraises");
    }
    fprintf(p->out, ";\n");
}

static void print_interface(printer *p, const corbel_interface *interface)
{
    print_said(p, interface->doc, interface->annotations);
    fprintf(p->out, "%sinterface %s", (interface->flags & CORBEL_LOCAL) != 0 ? "local " : "", short_name(interface->name));
    for (size_t i = 0; interface->bases != NULL && interface->bases[i] != NULL; i++) {
        fprintf(p->out, "%s::%s", i == 0 ? " : " : ", ", interface->bases[i]->name);
    }
    fprintf(p->out, " {\n");
    for (size_t i = 0; i < p->n; i++) {
        if (p->nodes[i].type != NULL && is_within(p->nodes[i].name, interface->name)) {
            print_node(p, &p->nodes[i]);
        }
    }
    for (uint32_t i = 0; i < interface->n_methods; i++) {
        const corbel_operation *const operation = interface->methods[i].operation;
        if (strcmp(operation->interface, interface->name) != 0) {
            continue;
        }
        if (operation->attribute == NULL) {
            print_operation(p, operation);
            continue;
        }
        const corbel_operation *const next = i + 1 < interface->n_methods ? interface->methods[i + 1].operation : NULL;
        const bool has_setter =
            next != NULL && next->n_in == 1 && next->attribute != NULL && strcmp(next->attribute, operation->attribute) == 0;
        print_attribute(p, operation, has_setter ? next : NULL);
        i += has_setter;
    }
    fprintf(p->out, "};\n");
}

static void print_node(printer *p, node *one)
{
    if (one->started) {
        return;
    }
    one->started = true;
    if (one->type != NULL) {
        if (one->type->element != NULL) {
            print_needed(p, one->type->element);
        }
        for (uint32_t i = 0; one->type->members != NULL && i < one->type->count; i++) {
            print_needed(p, one->type->members[i].type);
        }
    } else {
        for (const corbel_interface *const *base = one->interface->bases; base != NULL && *base != NULL; base++) {
            print_node(p, node_named(p, (*base)->name));
        }
        for (size_t i = 0; i < p->n; i++) { /* what its own types are made of, and what its operations use */
            if (p->nodes[i].type != NULL && is_within(p->nodes[i].name, one->name)) {
                for (uint32_t m = 0; p->nodes[i].type->members != NULL && m < p->nodes[i].type->count; m++) {
                    const corbel_type *const type = p->nodes[i].type->members[m].type;
                    if (type->name == NULL || !is_within(type->name, one->name)) {
                        print_needed(p, type->element != NULL && type->element->name != NULL &&
                                                is_within(type->element->name, one->name)
                                            ? &corbel_bool_type
                                            : type);
                    }
                }
            }
        }
        for (uint32_t i = 0; i < one->interface->n_methods; i++) {
            const corbel_operation *const operation = one->interface->methods[i].operation;
            const uint32_t n = operation->n_in + operation->n_out;
            const corbel_param *const streams[] = { operation->stream_in, operation->stream_out };
            for (uint32_t j = 0; j < n + 2; j++) {
                const corbel_param *const param = j < operation->n_in ? &operation->in[j]
                                                  : j < n             ? &operation->out[j - operation->n_in]
                                                                      : streams[j - n];
                const corbel_type *type = param == NULL ? &corbel_bool_type : param->type;
                while (type->name == NULL && type->element != NULL && type->kind != CORBEL_KIND_MAP) {
                    type = type->element;
                }
                if (type->name == NULL || !is_within(type->name, one->name)) {
                    print_needed(p, type);
                }
            }
            for (const corbel_type *const *type = operation->raises; type != NULL && *type != NULL; type++) {
                if (!is_within((*type)->name, one->name)) {
                    print_needed(p, *type);
                }
            }
        }
    }
    const node *const outer = one->type == NULL ? NULL : outer_of(p, one);
    if (outer == NULL) {
        print_modules(p, one->name, false);
    }
    if (one->type != NULL) {
        print_definition(p, one);
    } else {
        print_interface(p, one->interface);
    }
    if (outer == NULL) {
        print_modules(p, one->name, true);
    }
}

void print_idl(const corbel_interface *const *interfaces, size_t n, const corbel_interface *(*find)(const char *name), FILE *out)
{
    printer *const p = calloc(1, sizeof *p);
    if (p == NULL) {
        abort();
    }
    p->out = out;
    p->find = find;
    for (size_t i = 0; i < n; i++) {
        collect_interface(p, interfaces[i]);
    }
    print_ranges(p);
    for (size_t i = 0; i < p->n; i++) { /* whatever is referred to is known by then */
        if (p->nodes[i].type == NULL || (p->nodes[i].type->kind == CORBEL_KIND_STRUCT && !p->nodes[i].is_exception &&
                                         (p->nodes[i].type->flags & CORBEL_BITSET) == 0 && outer_of(p, &p->nodes[i]) == NULL)) {
            print_modules(p, p->nodes[i].name, false);
            fprintf(out, "%s %s;\n",
                    p->nodes[i].type != NULL                             ? "struct"
                    : (p->nodes[i].interface->flags & CORBEL_LOCAL) != 0 ? "local interface"
                                                                         : "interface",
                    short_name(p->nodes[i].name));
            print_modules(p, p->nodes[i].name, true);
        }
    }
    for (size_t i = 0; i < p->n; i++) {
        if (p->nodes[i].type != NULL && outer_of(p, &p->nodes[i]) != NULL) {
            continue;
        }
        if (p->nodes[i].type == NULL && p->nodes[i].interface->fingerprint == 0) {
            continue; /* known by its name alone */
        }
        print_node(p, &p->nodes[i]);
    }
    free(p);
}
