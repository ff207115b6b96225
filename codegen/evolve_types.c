/* Two types in the same place. Types with one name are the same here: what changed inside is reported where they are declared.
 * Others are compared by their shape, which is what travels: numbers and types, not names. */
#include "codegen/evolve_impl.h"

#include <math.h>
#include <string.h>

bool evolve_same_value(const idl_value *one, const idl_value *other)
{
    if (one->kind != other->kind) {
        return false;
    }
    switch (one->kind) {
    case IDL_VALUE_NONE:
        return true;
    case IDL_VALUE_FLOAT:
        return one->number == other->number && signbit(one->number) == signbit(other->number);
    case IDL_VALUE_STRING:
    case IDL_VALUE_WSTRING:
    case IDL_VALUE_FIXED:
        return strcmp(one->string, other->string) == 0;
    case IDL_VALUE_ENUM:
        return strcmp(one->enumerator->name, other->enumerator->name) == 0;
    default:
        return one->negative == other->negative && one->magnitude == other->magnitude;
    }
}

/* ---- ranges ---- */

/* -1, 0, 1: a is less than, as much as, more than b, both of one kind. */
static int compare_values(const idl_value *a, const idl_value *b)
{
    if (a->kind == IDL_VALUE_FLOAT || b->kind == IDL_VALUE_FLOAT) {
        const double x = a->kind == IDL_VALUE_FLOAT ? a->number : (double)a->magnitude * (a->negative ? -1 : 1);
        const double y = b->kind == IDL_VALUE_FLOAT ? b->number : (double)b->magnitude * (b->negative ? -1 : 1);
        return x < y ? -1 : x > y ? 1 : 0;
    }
    const idl_value *x = a->kind == IDL_VALUE_ENUM ? &a->enumerator->value : a;
    const idl_value *y = b->kind == IDL_VALUE_ENUM ? &b->enumerator->value : b;
    const bool x_negative = x->negative && x->magnitude > 0, y_negative = y->negative && y->magnitude > 0;
    if (x_negative != y_negative) {
        return x_negative ? -1 : 1;
    }
    const int order = x->magnitude < y->magnitude ? -1 : x->magnitude > y->magnitude ? 1 : 0;
    return x_negative ? -order : order;
}

/* How far new lets values go that old does not: 1; less far: -1. direction: 1 for an upper end, -1 for a lower one. */
static int compare_ends(const idl_value *old, const idl_value *new, int direction)
{
    if (old->kind == IDL_VALUE_NONE || new->kind == IDL_VALUE_NONE) {
        return (new->kind == IDL_VALUE_NONE) - (old->kind == IDL_VALUE_NONE);
    }
    return compare_values(new, old) * direction;
}

typedef struct ends {
    const idl_value *min, *max;
} ends;

/* The declaration's own, else those of the typedefs that it is named by, except of one that the other side has, too: there it is
 * compared by itself. */
static ends ends_of(const idl_decl *decl, const idl_type *other)
{
    ends found = { &decl->min, &decl->max };
    const char *shared = other->kind == IDL_NAMED ? other->decl->scoped_name : "";
    for (const idl_type *type = decl->type; type->kind == IDL_NAMED && type->decl->kind == IDL_TYPEDEF; type = type->decl->type) {
        if (strcmp(type->decl->scoped_name, shared) == 0) {
            break;
        }
        found.min = found.min->kind == IDL_VALUE_NONE ? &type->decl->min : found.min;
        found.max = found.max->kind == IDL_VALUE_NONE ? &type->decl->max : found.max;
    }
    return found;
}

static evolve_rule_id range_rule(const idl_decl *old, const idl_decl *new)
{
    const ends before = ends_of(old, new->type), now = ends_of(new, old->type);
    const int min = compare_ends(before.min, now.min, -1), max = compare_ends(before.max, now.max, 1);
    return min < 0 || max < 0 ? EVOLVE_RULE_RANGE_NARROWED : min > 0 || max > 0 ? EVOLVE_RULE_RANGE_WIDENED : EVOLVE_NO_RULE;
}

/* Of items, keys and values: what has no declaration of its own, but perhaps a typedef with a range. */
static evolve_rule_id item_rule(evolve_run *run, const idl_type *old, const idl_type *new)
{
    const evolve_rule_id rule = evolve_type_rule(run, old, new);
    const idl_decl before = { .type = old }, now = { .type = new };
    return rule != EVOLVE_NO_RULE ? rule : range_rule(&before, &now);
}

evolve_rule_id evolve_value_rule(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const evolve_rule_id rule = evolve_type_rule(run, old->type, new->type);
    return rule != EVOLVE_NO_RULE ? rule : range_rule(old, new);
}

/* ---- shapes ---- */

/* A rule that says that both do not travel in one form. */
static bool is_apart(evolve_rule_id rule)
{
    return rule != EVOLVE_NO_RULE && evolve_rules[rule].class == EVOLVE_WIRE;
}

static bool has_default(const idl_decl *member)
{
    return member->default_value.kind != IDL_VALUE_NONE;
}

static bool same_members(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const idl_decl_list before = evolve_members(run->arena, old), now = evolve_members(run->arena, new);
    if (before.length != now.length) {
        return false;
    }
    for (size_t i = 0; i < before.length; i++) {
        const idl_decl *a = before.items[i], *b = now.items[i];
        for (size_t j = 0; b->id != a->id && j < now.length; j++) { /* mostly it stands in the same place */
            b = now.items[j];
        }
        const bool is_silent = evolve_has(a, "non_serialized");
        if (a->id != b->id || a->is_optional != b->is_optional || has_default(a) != has_default(b) ||
            is_silent != evolve_has(b, "non_serialized") || (!is_silent && is_apart(evolve_value_rule(run, a, b)))) {
            return false;
        }
    }
    return true;
}

static bool has_label(const idl_decl *of_case, const idl_value *label)
{
    for (uint32_t i = 0; i < of_case->n_labels; i++) {
        if (compare_values(&of_case->labels[i], label) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_cases(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const idl_decl *a = old->children, *b = new->children;
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (a->id != b->id || a->n_labels != b->n_labels || a->is_default != b->is_default ||
            is_apart(evolve_value_rule(run, a, b))) {
            return false;
        }
        for (uint32_t i = 0; i < a->n_labels; i++) {
            if (!has_label(b, &a->labels[i])) {
                return false;
            }
        }
    }
    return a == NULL && b == NULL && !is_apart(evolve_type_rule(run, old->type, new->type));
}

/* Children in their order: enumerators, bits, bit fields. */
static bool same_children(const idl_decl *old, const idl_decl *new)
{
    const idl_decl *a = old->children, *b = new->children;
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (compare_values(&a->value, &b->value) != 0 || a->bits != b->bits || (a->name[0] == '\0') != (b->name[0] == '\0') ||
            (a->type != NULL && idl_type_resolve(a->type)->kind != idl_type_resolve(b->type)->kind)) {
            return false;
        }
    }
    return a == NULL && b == NULL && old->bits == new->bits && old->bases.length == 0 && new->bases.length == 0;
}

static bool same_shape(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    if (old->kind != new->kind) {
        return false;
    }
    const char *key = emit_format(run->arena, "%s %s", old->scoped_name, new->scoped_name);
    const bool *known = idl_names_get(&run->shapes, key, strlen(key));
    if (known != NULL) {
        return *known; /* while it is being compared: true, as types that contain themselves need it */
    }
    bool *is_same = idl_arena_alloc(run->arena, sizeof *is_same);
    *is_same = true;
    idl_names_put(&run->shapes, run->arena, key, strlen(key), is_same);
    switch (old->kind) {
    case IDL_STRUCT:
    case IDL_EXCEPTION:
        *is_same = same_members(run, old, new);
        break;
    case IDL_UNION:
        *is_same = same_cases(run, old, new);
        break;
    case IDL_ENUM:
    case IDL_BITMASK:
    case IDL_BITSET:
        *is_same = same_children(old, new);
        break;
    default: /* references are to an interface of a name */
        *is_same = false;
        break;
    }
    return *is_same;
}

/* ---- types ---- */

static evolve_rule_id bound_rule(const idl_type *old, const idl_type *new)
{
    if (old->bound == new->bound) {
        return EVOLVE_NO_RULE;
    }
    const bool is_raised = new->bound == 0 || (old->bound != 0 && new->bound > old->bound);
    return is_raised ? EVOLVE_RULE_BOUND_RAISED : EVOLVE_RULE_BOUND_LOWERED;
}

static evolve_rule_id array_rule(const idl_type *old, const idl_type *new)
{
    uint64_t before = 1, now = 1;
    bool is_same = old->n_dimensions == new->n_dimensions;
    for (uint32_t i = 0; i < old->n_dimensions; i++) {
        before *= old->dimensions[i];
        is_same = is_same && old->dimensions[i] == new->dimensions[i];
    }
    for (uint32_t i = 0; i < new->n_dimensions; i++) {
        now *= new->dimensions[i];
    }
    return is_same ? EVOLVE_NO_RULE : before == now ? EVOLVE_RULE_ARRAY_SHAPE_CHANGED : EVOLVE_RULE_ARRAY_SIZE_CHANGED;
}

/* The worse of two. */
static evolve_rule_id worse(evolve_rule_id one, evolve_rule_id other)
{
    if (one == EVOLVE_NO_RULE || other == EVOLVE_NO_RULE) {
        return one == EVOLVE_NO_RULE ? other : one;
    }
    return evolve_rules[other].class > evolve_rules[one].class ? other : one;
}

static bool is_same_name(const idl_type *old, const idl_type *new)
{
    return old->kind == IDL_NAMED && new->kind == IDL_NAMED &&
           old->decl->kind == new->decl->kind &&strcmp(old->decl->scoped_name, new->decl->scoped_name) == 0;
}

/* Alone they are one number in every respect. */
static bool are_octets(const idl_type *one, const idl_type *other)
{
    return (one->kind == IDL_OCTET && other->kind == IDL_UINT8) || (one->kind == IDL_UINT8 && other->kind == IDL_OCTET);
}

/* Of a sequence or an array: octets are bytes there, and uint8 numbers. */
static evolve_rule_id list_rule(evolve_run *run, const idl_type *old, const idl_type *new)
{
    return are_octets(idl_type_resolve(old), idl_type_resolve(new)) ? EVOLVE_RULE_TYPE_CHANGED : item_rule(run, old, new);
}

evolve_rule_id evolve_type_rule(evolve_run *run, const idl_type *old, const idl_type *new)
{
    if (is_same_name(old, new)) {
        return EVOLVE_NO_RULE;
    }
    old = idl_type_resolve(old);
    new = idl_type_resolve(new);
    if (old->kind != new->kind) {
        return are_octets(old, new) ? EVOLVE_NO_RULE : EVOLVE_RULE_TYPE_CHANGED;
    }
    switch (old->kind) {
    case IDL_STRING:
    case IDL_WSTRING:
        return bound_rule(old, new);
    case IDL_SEQUENCE:
        return worse(list_rule(run, old->element, new->element), bound_rule(old, new));
    case IDL_MAP:
        return worse(worse(item_rule(run, old->key, new->key), item_rule(run, old->element, new->element)), bound_rule(old, new));
    case IDL_ARRAY:
        return worse(list_rule(run, old->element, new->element), array_rule(old, new));
    case IDL_FIXED:
        return old->digits == new->digits && old->scale == new->scale ? EVOLVE_NO_RULE : EVOLVE_RULE_DIGITS_CHANGED;
    case IDL_NAMED:
        return is_same_name(old, new)                  ? EVOLVE_NO_RULE
               : same_shape(run, old->decl, new->decl) ? EVOLVE_RULE_TYPE_RENAMED
                                                       : EVOLVE_RULE_TYPE_CHANGED;
    default:
        return EVOLVE_NO_RULE;
    }
}
