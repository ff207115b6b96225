/* What the standard annotations mean to the declaration that they stand before. */
#include "idl/annotations.h"

#include "idl/fixed.h"
#include "idl/md5.h"
#include "idl/parser.h"
#include "idl/text.h"

#include <inttypes.h>
#include <string.h>

/* The standard's: 28 bits. So no id is too large for protobuf. */
#define ID_MOST 0x0FFFFFFF
#define ENUM_BITS_MOST 32
#define BITMASK_BITS_MOST 64

static const idl_value *value_of(const idl_annotation *annotation, const char *name)
{
    static const idl_value none;
    const idl_argument *argument = idl_argument_find(annotation, name);
    return argument == NULL ? &none : &argument->value;
}

/* A flag without its argument is set. */
static bool is_set(const idl_annotation *annotation)
{
    const idl_value *value = value_of(annotation, "value");
    return value->kind == IDL_VALUE_NONE || value->magnitude != 0;
}

static const idl_range *range_of(const idl_annotation *annotation, const char *name)
{
    const idl_argument *argument = idl_argument_find(annotation, name);
    return argument == NULL ? &annotation->range : &argument->range;
}

uint32_t idl_hash_id(const char *name)
{
    uint8_t digest[16];
    idl_md5(name, strlen(name), digest);
    const uint32_t low = digest[0] | (uint32_t)digest[1] << 8 | (uint32_t)digest[2] << 16 | (uint32_t)digest[3] << 24;
    return low & ID_MOST;
}

static void apply_number(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation, idl_meaning meaning)
{
    const idl_value *value = value_of(annotation, "value");
    const idl_range *range = range_of(annotation, "value");
    if (meaning == IDL_MEANING_POSITION) {
        decl->value.magnitude = value->magnitude;
    } else if (meaning == IDL_MEANING_ID) {
        if (value->magnitude > ID_MOST) {
            idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_VALUE, range, "an id is at most %d", ID_MOST);
            return;
        }
        decl->id = (uint32_t)value->magnitude;
        decl->has_id = true;
    } else {
        const uint32_t most = decl->kind == IDL_ENUM ? ENUM_BITS_MOST : BITMASK_BITS_MOST;
        if (value->magnitude < 1 || value->magnitude > most) {
            idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_VALUE, range, "the bit bound of %s is 1 to %" PRIu32,
                      idl_kind_text(decl), most);
            return;
        }
        decl->bits = (uint32_t)value->magnitude;
    }
}

/* @value of an enumerator. */
static void apply_value(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation)
{
    const idl_value *value = value_of(annotation, "value");
    if (value->kind != IDL_VALUE_INTEGER) {
        idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_VALUE, range_of(annotation, "value"),
                  "the value of an enumerator is an integer");
        return;
    }
    decl->value = *value;
    decl->value.negative = value->negative && value->magnitude > 0;
}

static void apply_extensibility(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation, idl_extensibility wanted)
{
    if (decl->extensibility != IDL_EXTENSIBILITY_NONE && decl->extensibility != wanted) {
        static const char *const names[] = { "", "final", "appendable", "mutable" };
        idl_error(parser->diagnostics, IDL_DIAG_EXTENSIBILITY_CONFLICT, &annotation->range,
                  "%s is final, appendable or mutable: '%s' is already %s", idl_kind_text(decl), decl->name,
                  names[decl->extensibility]);
        return;
    }
    decl->extensibility = wanted;
}

static idl_extensibility named_extensibility(const idl_annotation *annotation)
{
    const char *word = value_of(annotation, "value")->string;
    return strcmp(word, "FINAL") == 0 ? IDL_FINAL : strcmp(word, "APPENDABLE") == 0 ? IDL_APPENDABLE : IDL_MUTABLE;
}

/* Types whose values have an order. */
static bool is_ordered(const idl_type *type)
{
    switch (type->kind) {
    case IDL_CHAR:
    case IDL_WCHAR:
    case IDL_OCTET:
    case IDL_INT8:
    case IDL_UINT8:
    case IDL_INT16:
    case IDL_UINT16:
    case IDL_INT32:
    case IDL_UINT32:
    case IDL_INT64:
    case IDL_UINT64:
    case IDL_FLOAT:
    case IDL_DOUBLE:
    case IDL_LONG_DOUBLE:
    case IDL_FIXED:
        return true;
    case IDL_NAMED:
        return type->decl->kind == IDL_ENUM;
    default:
        return false;
    }
}

/* One end of a range, or NONE after a message. */
static idl_value limit_value(idl_parser *parser, const idl_type *type, const idl_annotation *annotation, const char *parameter)
{
    if (type == parser->bad_type) {
        return (idl_value) { 0 };
    }
    if (!is_ordered(idl_type_resolve(type))) {
        idl_error(parser->diagnostics, IDL_DIAG_RANGE_OF_TYPE, &annotation->range, "'@%s' is for numbers, characters and enums",
                  annotation->name);
        return (idl_value) { 0 };
    }
    return idl_convert_value(parser, value_of(annotation, parameter), type, range_of(annotation, parameter));
}

/* Less than 0, 0, more than 0; both are of one kind. */
static int compare(const idl_value *one, const idl_value *other)
{
    if (one->kind == IDL_VALUE_ENUM) {
        one = &one->enumerator->value;
        other = &other->enumerator->value;
    }
    if (one->kind == IDL_VALUE_FLOAT) {
        return one->number < other->number ? -1 : one->number > other->number;
    }
    if (one->kind == IDL_VALUE_FIXED) {
        return idl_fixed_compare(one->string, other->string);
    }
    if (one->negative != other->negative) {
        return one->negative ? -1 : 1;
    }
    const int order = one->magnitude < other->magnitude ? -1 : one->magnitude > other->magnitude;
    return one->negative ? -order : order;
}

/* The least is at most the greatest, and the default between them. */
static void check_limits(idl_parser *parser, const idl_decl *decl, const idl_annotation *annotation)
{
    const bool has_min = decl->min.kind != IDL_VALUE_NONE;
    const bool has_max = decl->max.kind != IDL_VALUE_NONE;
    const bool has_default = decl->default_value.kind != IDL_VALUE_NONE && decl->default_value.kind != IDL_VALUE_STRING;
    if (has_min && has_max && compare(&decl->min, &decl->max) > 0) {
        idl_error(parser->diagnostics, IDL_DIAG_EMPTY_RANGE, &annotation->range,
                  "the least value of '%s' is greater than the greatest", decl->name);
    } else if (has_default && ((has_min && compare(&decl->default_value, &decl->min) < 0) ||
                               (has_max && compare(&decl->default_value, &decl->max) > 0))) {
        idl_error(parser->diagnostics, IDL_DIAG_DEFAULT_OUTSIDE_RANGE, &annotation->range,
                  "the default of '%s' is outside its range", decl->name);
    }
}

static void check_optional_default(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation)
{
    if (decl->is_optional && decl->default_value.kind != IDL_VALUE_NONE) {
        idl_error(parser->diagnostics, IDL_DIAG_OPTIONAL_DEFAULT, &annotation->range,
                  "a member that is optional has no default: it may be absent");
        decl->is_optional = false;
    }
}

static void apply_flag(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation, idl_meaning meaning)
{
    const bool in_union = decl->parent != NULL && decl->parent->kind == IDL_UNION;
    if (meaning == IDL_MEANING_OPTIONAL && in_union) {
        idl_error(parser->diagnostics, IDL_DIAG_OPTIONAL_UNION_MEMBER, &annotation->range,
                  "a member of a union cannot be optional");
        return;
    }
    if (meaning == IDL_MEANING_OPTIONAL) {
        decl->is_optional = is_set(annotation);
    } else {
        decl->is_key = is_set(annotation);
    }
    if (decl->is_optional && decl->is_key) {
        idl_error(parser->diagnostics, IDL_DIAG_OPTIONAL_KEY, &annotation->range, "a member that is a key cannot be optional");
        decl->is_optional = false;
    }
    check_optional_default(parser, decl, annotation);
}

/* One enumerator is the default. */
static void apply_default_literal(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation)
{
    for (const idl_decl *other = decl->parent == NULL ? NULL : decl->parent->children; other != NULL; other = other->next) {
        if (other != decl && other->is_default) {
            idl_error(parser->diagnostics, IDL_DIAG_REPEATED_DEFAULT_LITERAL, &annotation->range,
                      "'%s' is already the default of this enum", other->name);
            idl_note(parser->diagnostics, &other->range, "declared here");
            return;
        }
    }
    decl->is_default = true;
}

static void apply_c_name(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation)
{
    const char *text = value_of(annotation, "value")->string;
    bool is_name = idl_is_name_start(*text) && strlen(text) <= IDL_NAME_LIMIT;
    for (const char *at = text; *at != '\0'; at++) {
        is_name = is_name && idl_is_name_part(*at);
    }
    if (!is_name) {
        idl_error(parser->diagnostics, IDL_DIAG_INVALID_C_NAME, range_of(annotation, "value"), "this is not a name in C");
        return;
    }
    decl->c_name = text;
}

static void apply_deadline(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation)
{
    const idl_value *value = value_of(annotation, "value");
    if (value->magnitude == 0) {
        idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_VALUE, range_of(annotation, "value"),
                  "a deadline is one millisecond or more");
        return;
    }
    decl->deadline_ms = (uint32_t)value->magnitude;
}

static void apply(idl_parser *parser, idl_decl *decl, const idl_annotation *annotation, idl_meaning meaning)
{
    switch (meaning) {
    case IDL_MEANING_ID:
    case IDL_MEANING_POSITION:
    case IDL_MEANING_BIT_BOUND:
        apply_number(parser, decl, annotation, meaning);
        break;
    case IDL_MEANING_VALUE:
        apply_value(parser, decl, annotation);
        break;
    case IDL_MEANING_HASHID: {
        const char *name = value_of(annotation, "value")->string;
        decl->id = idl_hash_id(name == NULL || *name == '\0' ? decl->name : name);
        decl->has_id = true;
        break;
    }
    case IDL_MEANING_OPTIONAL:
    case IDL_MEANING_KEY:
        apply_flag(parser, decl, annotation, meaning);
        break;
    case IDL_MEANING_EXTENSIBILITY:
        apply_extensibility(parser, decl, annotation, named_extensibility(annotation));
        break;
    case IDL_MEANING_FINAL:
        apply_extensibility(parser, decl, annotation, IDL_FINAL);
        break;
    case IDL_MEANING_APPENDABLE:
        apply_extensibility(parser, decl, annotation, IDL_APPENDABLE);
        break;
    case IDL_MEANING_MUTABLE:
        apply_extensibility(parser, decl, annotation, IDL_MUTABLE);
        break;
    case IDL_MEANING_DEFAULT_LITERAL:
        apply_default_literal(parser, decl, annotation);
        break;
    case IDL_MEANING_DEFAULT:
        decl->default_value = idl_convert_value(parser, value_of(annotation, "value"), decl->type, range_of(annotation, "value"));
        check_limits(parser, decl, annotation);
        check_optional_default(parser, decl, annotation);
        break;
    case IDL_MEANING_RANGE:
    case IDL_MEANING_MIN:
    case IDL_MEANING_MAX:
        if (meaning != IDL_MEANING_MAX) {
            decl->min = limit_value(parser, decl->type, annotation, meaning == IDL_MEANING_RANGE ? "min" : "value");
        }
        if (meaning != IDL_MEANING_MIN) {
            decl->max = limit_value(parser, decl->type, annotation, meaning == IDL_MEANING_RANGE ? "max" : "value");
        }
        check_limits(parser, decl, annotation);
        break;
    case IDL_MEANING_UNIT:
        decl->unit = value_of(annotation, "value")->string;
        break;
    case IDL_MEANING_ONEWAY: /* the same as the keyword, which FALSE does not take back */
        decl->is_oneway = decl->is_oneway || is_set(annotation);
        break;
    case IDL_MEANING_DEPRECATED:
        decl->is_deprecated = true;
        break;
    case IDL_MEANING_C_NAME:
        apply_c_name(parser, decl, annotation);
        break;
    case IDL_MEANING_STREAM: /* idl_check_streams() sees whether it may be one */
        decl->is_stream = true;
        break;
    case IDL_MEANING_DEADLINE:
        apply_deadline(parser, decl, annotation);
        break;
    case IDL_MEANING_REFUSED: /* said before */
    case IDL_MEANING_AUTOID:  /* for idl_check_ids() */
    case IDL_MEANING_NONE:
        break;
    }
}

/* Is it in its place, and for the first time? */
static bool check_place(idl_parser *parser, const idl_annotation *annotation, const idl_annotation *before, uint32_t target,
                        const char *what)
{
    const idl_standard_annotation *standard = idl_standard_annotation_find(annotation->name);
    if ((standard->targets & target) == 0) {
        idl_error(parser->diagnostics, IDL_DIAG_ANNOTATION_PLACEMENT, &annotation->range,
                  "'@%s' cannot stand before %s: it is for %s", annotation->name, what, standard->place);
        return false;
    }
    if (standard->meaning == IDL_MEANING_REFUSED) {
        idl_error(parser->diagnostics, IDL_DIAG_UNSUPPORTED_ANNOTATION, &annotation->range, "'@%s' is not supported yet",
                  annotation->name);
        return false;
    }
    const idl_annotation *old = idl_annotation_find(before, annotation->name);
    if (old != NULL && !standard->may_repeat) {
        idl_error(parser->diagnostics, IDL_DIAG_REPEATED_ANNOTATION, &annotation->range, "'@%s' stands here twice",
                  annotation->name);
        idl_note(parser->diagnostics, &old->range, "the first is here");
        return false;
    }
    return true;
}

void idl_annotate(idl_parser *parser, idl_node *node, idl_annotation *annotations)
{
    idl_decl *decl = &node->decl;
    idl_annotation **end = &decl->annotations;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    const idl_decl_kind kind = decl->kind == IDL_FORWARD && decl->definition != NULL ? decl->definition->kind : decl->kind;
    for (const idl_annotation *at = annotations; at != NULL; at = at->next) {
        const idl_standard_annotation *standard = at->is_known ? idl_standard_annotation_find(at->name) : NULL;
        if (standard != NULL && !check_place(parser, at, decl->annotations, IDL_TARGET(kind), idl_kind_text(decl))) {
            continue;
        }
        idl_annotation *own = idl_arena_alloc(parser->arena, sizeof *own);
        *own = *at;
        own->next = NULL;
        *end = own;
        end = &own->next;
        if (standard != NULL && decl->kind != IDL_FORWARD) {
            apply(parser, decl, own, standard->meaning);
        }
    }
}

const idl_type *idl_annotate_type(idl_parser *parser, const idl_type *type, idl_annotation *annotations, uint32_t target)
{
    if (annotations == NULL || type == parser->bad_type) {
        return type;
    }
    idl_type *annotated = idl_arena_alloc(parser->arena, sizeof *annotated);
    *annotated = *type;
    annotated->annotations = NULL;
    /* What an annotation says about a value is checked against a declaration of that type, and kept in it. */
    idl_decl *scratch = idl_arena_alloc(parser->arena, sizeof *scratch);
    *scratch = (idl_decl) { .kind = IDL_TYPEDEF, .name = "this type", .type = type, .range = type->range };
    annotated->limits = scratch;
    const idl_annotation **end = &annotated->annotations;
    for (idl_annotation *at = annotations; at != NULL;) {
        idl_annotation *next = at->next;
        const idl_standard_annotation *standard = at->is_known ? idl_standard_annotation_find(at->name) : NULL;
        const char *what = target == IDL_TARGET_TYPE ? "a type" : "a discriminator";
        if (standard == NULL || check_place(parser, at, annotated->annotations, target, what)) {
            *end = at;
            end = (const idl_annotation **)&at->next;
            *end = NULL;
            if (standard != NULL) {
                apply(parser, scratch, at, standard->meaning);
            }
        }
        at = next;
    }
    return annotated;
}
