/* What a value holds: its members and their numbers, what it may be, and what it starts as. */
#include "codegen/emit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The most items that an _INIT writes out one by one. */
#define INIT_ITEMS_MOST 256

/* ---- members ---- */

static void add_fields(emit_run *run, const idl_decl *bitset, const idl_decl **items, size_t *length)
{
    if (bitset->bases.length > 0) {
        add_fields(run, bitset->bases.items[0], items, length);
    }
    for (const idl_decl *field = bitset->children; field != NULL; field = field->next) {
        if (field->name[0] != '\0') {
            if (items != NULL) {
                items[*length] = field;
            }
            ++*length;
        }
    }
}

emit_members emit_members_of(emit_run *run, const idl_decl *decl)
{
    if (decl->kind == IDL_STRUCT) {
        return (emit_members) { decl->members.items, decl->members.length };
    }
    size_t length = 0;
    if (decl->kind == IDL_BITSET) {
        add_fields(run, decl, NULL, &length);
        const idl_decl **fields = idl_arena_alloc(run->arena, (length + 1) * sizeof *fields);
        length = 0;
        add_fields(run, decl, fields, &length);
        return (emit_members) { fields, length };
    }
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        length += member->kind == IDL_MEMBER;
    }
    const idl_decl **items = idl_arena_alloc(run->arena, (length + 1) * sizeof *items);
    length = 0;
    for (const idl_decl *member = decl->children; member != NULL; member = member->next) {
        if (member->kind == IDL_MEMBER) {
            items[length++] = member;
        }
    }
    return (emit_members) { items, length };
}

uint32_t emit_member_id(const idl_decl *member)
{
    return member->id + (member->parent->kind == IDL_UNION ? 2 : 1);
}

bool emit_is_marked(const idl_decl *decl, const char *flag)
{
    const idl_annotation *found = idl_annotation_find(decl->annotations, flag);
    if (found == NULL || !found->is_known || found->definition != NULL) {
        return false;
    }
    const idl_argument *argument = idl_argument_find(found, "value");
    return argument == NULL || argument->value.magnitude != 0;
}

static int compare_fields(const void *one, const void *other)
{
    const emit_field *a = one, *b = other;
    return a->id < b->id ? -1 : a->id > b->id;
}

emit_fields emit_fields_of(emit_run *run, const idl_decl *decl)
{
    const emit_members members = emit_members_of(run, decl);
    emit_field *items = idl_arena_alloc(run->arena, (members.length + 1) * sizeof *items);
    size_t length = 0;
    for (size_t i = 0; i < members.length; i++) {
        const idl_decl *member = members.items[i];
        if (!emit_is_unsent(member)) { /* the fields of a bitset are counted with those of its bases */
            const uint32_t id = decl->kind == IDL_BITSET ? (uint32_t)i + 1 : emit_member_id(member);
            items[length++] = (emit_field) { .id = id, .member = member };
        }
    }
    if (length > 0) {
        qsort(items, length, sizeof *items, compare_fields);
    }
    return (emit_fields) { items, length };
}

bool emit_is_unsent(const idl_decl *member)
{
    return emit_is_marked(member, "non_serialized");
}

/* ---- ranges ---- */

/* Less than 0, 0, more than 0; both are of one kind. */
static int compare(const idl_value *one, const idl_value *other)
{
    if (one->kind == IDL_VALUE_FLOAT) {
        return one->number < other->number ? -1 : one->number > other->number;
    }
    if (one->kind == IDL_VALUE_ENUM) {
        one = &one->enumerator->value;
        other = &other->enumerator->value;
    }
    const bool a = one->negative && one->magnitude > 0, b = other->negative && other->magnitude > 0;
    if (a != b) {
        return a ? -1 : 1;
    }
    const int order = one->magnitude < other->magnitude ? -1 : one->magnitude > other->magnitude;
    return a ? -order : order;
}

static void narrow(emit_range *range, const idl_value *min, const idl_value *max)
{
    if (min->kind != IDL_VALUE_NONE && (range->min.kind == IDL_VALUE_NONE || compare(min, &range->min) > 0)) {
        range->min = *min;
    }
    if (max->kind != IDL_VALUE_NONE && (range->max.kind == IDL_VALUE_NONE || compare(max, &range->max) < 0)) {
        range->max = *max;
    }
}

/* How many bits the type's values have anyway. */
static uint32_t width_of(idl_type_kind kind)
{
    switch (kind) {
    case IDL_BOOLEAN:
        return 1;
    case IDL_OCTET:
    case IDL_INT8:
    case IDL_UINT8:
        return 8;
    case IDL_INT16:
    case IDL_UINT16:
        return 16;
    case IDL_INT32:
    case IDL_UINT32:
        return 32;
    default:
        return 64;
    }
}

static void narrow_to_bits(emit_range *range, const idl_decl *field)
{
    const idl_type_kind kind = emit_resolve(field->type)->kind;
    const bool is_signed = kind == IDL_INT8 || kind == IDL_INT16 || kind == IDL_INT32 || kind == IDL_INT64;
    if (field->bits >= width_of(kind)) {
        return;
    }
    const uint64_t half = UINT64_C(1) << (field->bits - 1);
    const idl_value least = { .kind = IDL_VALUE_INTEGER, .negative = true, .magnitude = half };
    const idl_value most = { .kind = IDL_VALUE_INTEGER, .magnitude = is_signed ? half - 1 : 2 * half - 1 };
    narrow(range, is_signed ? &least : &(const idl_value) { .kind = IDL_VALUE_NONE }, &most);
}

emit_range emit_range_of(const idl_type *type, const idl_decl *decl)
{
    emit_range range = { 0 };
    if (decl != NULL) {
        narrow(&range, &decl->min, &decl->max);
        if (decl->kind == IDL_BITFIELD) {
            narrow_to_bits(&range, decl);
        }
    }
    for (;;) {
        if (type->limits != NULL) {
            narrow(&range, &type->limits->min, &type->limits->max);
        }
        if (type->kind != IDL_NAMED || type->decl->kind != IDL_TYPEDEF) {
            return range;
        }
        narrow(&range, &type->decl->min, &type->decl->max);
        type = type->decl->type;
    }
}

/* ---- initial values ---- */

static bool enum_starts_as_zero(const idl_decl *decl)
{
    for (const idl_decl *child = decl->children; child != NULL; child = child->next) {
        if (child->is_default && child->value.magnitude != 0) {
            return false;
        }
    }
    return true;
}

static bool starts_as_zero(emit_run *run, const idl_type *type);

static bool members_start_as_zero(emit_run *run, const idl_decl *decl)
{
    if (decl->kind == IDL_UNION) { /* its discriminator selects the first case */
        return false;
    }
    if (emit_is_array_decl(decl)) {
        return starts_as_zero(run, decl->type->element);
    }
    const emit_members members = emit_members_of(run, decl);
    for (size_t i = 0; i < members.length; i++) {
        const idl_decl *member = members.items[i];
        if (!member->is_optional && (member->default_value.kind != IDL_VALUE_NONE || !starts_as_zero(run, member->type))) {
            return false;
        }
    }
    return true;
}

static bool starts_as_zero(emit_run *run, const idl_type *type)
{
    static const char yes[] = "zero", no[] = "";
    type = emit_resolve(type);
    if (type->kind == IDL_ARRAY) {
        return starts_as_zero(run, type->element);
    }
    if (type->kind != IDL_NAMED) {
        return true;
    }
    const idl_decl *decl = type->decl;
    if (decl->kind == IDL_ENUM) {
        return enum_starts_as_zero(decl);
    }
    if (!emit_is_value_decl(decl)) {
        return true;
    }
    const char *known = idl_names_get(&run->zero, decl->scoped_name, strlen(decl->scoped_name));
    if (known == NULL) {
        known = members_start_as_zero(run, decl) ? yes : no;
        idl_names_put(&run->zero, run->arena, decl->scoped_name, strlen(decl->scoped_name), (void *)(uintptr_t)known);
    }
    return *known != '\0';
}

static void add_items(emit_buf *out, const idl_type *array, uint32_t level, const char *item, bool once)
{
    const uint32_t n = once ? 1 : array->dimensions[level];
    emit(out, "{ ");
    for (uint32_t i = 0; i < n; i++) {
        emit(out, "%s", i > 0 ? ", " : "");
        if (level + 1 < array->n_dimensions) {
            add_items(out, array, level + 1, item, once);
        } else {
            emit(out, "%s", item);
        }
    }
    emit(out, " }");
}

/* The rest of an array starts as zeros by itself. */
static const char *initial_array(emit_run *run, const idl_type *array)
{
    emit_buf out = { .arena = run->arena };
    uint64_t count = 1;
    for (uint32_t i = 0; i < array->n_dimensions; i++) {
        count *= array->dimensions[i];
    }
    add_items(&out, array, 0, emit_initial(run, array->element), count > INIT_ITEMS_MOST || starts_as_zero(run, array->element));
    return out.text;
}

const char *emit_initial(emit_run *run, const idl_type *type)
{
    const idl_type *resolved = emit_resolve(type);
    switch (emit_shape_of(run, type)) {
    case EMIT_STRING:
    case EMIT_REFERENCE:
    case EMIT_ANY:
        return "NULL";
    case EMIT_STRUCT:
    case EMIT_FLAT:
        return emit_derived(run, resolved->decl, NULL, "_INIT");
    case EMIT_SEQUENCE:
        return "{ 0, NULL }";
    case EMIT_ARRAY:
        return initial_array(run, resolved);
    case EMIT_PLAIN:
        break;
    }
    if (resolved->kind == IDL_NAMED && resolved->decl->kind == IDL_ENUM) {
        return emit_initial_enumerator(run, resolved->decl);
    }
    if (resolved->kind == IDL_NAMED && resolved->decl->kind == IDL_NATIVE) {
        return "NULL";
    }
    return resolved->kind == IDL_BOOLEAN ? "false" : "0";
}

const char *emit_initial_member(emit_run *run, const idl_decl *member)
{
    if (member->is_optional) {
        return "NULL";
    }
    return member->default_value.kind != IDL_VALUE_NONE ? emit_literal(run, member->type, &member->default_value)
                                                        : emit_initial(run, member->type);
}

/* ---- what the comments say of it ---- */

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

const char *emit_written(emit_run *run, const idl_type *type, const idl_value *value)
{
    if (value->kind == IDL_VALUE_INTEGER) {
        return emit_format(run->arena, "%s%" PRIu64, value->negative && value->magnitude > 0 ? "-" : "", value->magnitude);
    }
    return value->kind == IDL_VALUE_FLOAT ? emit_format(run->arena, "%g", value->number) : emit_literal(run, type, value);
}

static const char *range_note(emit_run *run, const idl_type *type, const idl_decl *decl)
{
    const emit_range range = emit_range_of(type, decl);
    const char *min = range.min.kind == IDL_VALUE_NONE ? NULL : emit_written(run, type, &range.min);
    const char *max = range.max.kind == IDL_VALUE_NONE ? NULL : emit_written(run, type, &range.max);
    if (min != NULL && max != NULL) {
        return emit_format(run->arena, "%s to %s", min, max);
    }
    if (max != NULL && decl != NULL && decl->kind == IDL_BITFIELD) {
        return emit_format(run->arena, "0 to %s", max);
    }
    return min != NULL   ? emit_format(run->arena, "at least %s", min)
           : max != NULL ? emit_format(run->arena, "at most %s", max)
                         : NULL;
}

/* Of a sequence, map or array: what its items are, too. */
static const char *items_note(emit_run *run, const idl_type *type, const char *own)
{
    const char *inner = emit_bound_note(run, type->element, NULL);
    const char *key = type->kind == IDL_MAP ? emit_bound_note(run, type->key, NULL) : NULL;
    const char *word = own == NULL ? (type->kind == IDL_MAP ? "values" : "items") : "each";
    if (key != NULL) {
        own = own == NULL ? emit_format(run->arena, "keys: %s", key) : emit_format(run->arena, "%s, keys: %s", own, key);
    }
    if (inner == NULL) {
        return own;
    }
    return own == NULL ? emit_format(run->arena, "%s: %s", word, inner) : emit_format(run->arena, "%s, %s: %s", own, word, inner);
}

const char *emit_bound_note(emit_run *run, const idl_type *type, const idl_decl *decl)
{
    const idl_type *resolved = emit_resolve(type);
    const unsigned long long bound = resolved->bound;
    switch (resolved->kind) {
    case IDL_STRING:
    case IDL_WSTRING:
        return bound == 0 ? NULL
                          : emit_format(run->arena, "at most %llu %s%s", bound,
                                        resolved->kind == IDL_STRING ? "byte" : "character", plural(bound));
    case IDL_FIXED:
        return emit_format(run->arena, "decimal, %" PRIu32 " digit%s, %" PRIu32 " behind the point", resolved->digits,
                           plural(resolved->digits), resolved->scale);
    case IDL_WCHAR:
        return "a code point";
    case IDL_TYPECODE:
        return "a repository id";
    case IDL_SEQUENCE:
    case IDL_MAP: {
        const bool is_bytes = resolved->kind == IDL_SEQUENCE && emit_resolve(resolved->element)->kind == IDL_OCTET;
        const char *own =
            bound == 0 ? NULL : emit_format(run->arena, "at most %llu %s%s", bound, is_bytes ? "byte" : "item", plural(bound));
        return items_note(run, resolved, own);
    }
    case IDL_ARRAY:
        return items_note(run, resolved, NULL);
    default:
        return range_note(run, type, decl);
    }
}
