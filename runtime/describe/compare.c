/** Two versions of one operation: what would go wrong on the wire. The rules are those of corbelc --check; each difference here
 * is one of its wire-breaking rules, named in the comments; idempotent-removed and overlap-removed are left out, as nothing of
 * them travels. Types with one name may have grown; types with other names must have the very same shape. Pairs of types under
 * comparison are taken as equal, so that what is recursive ends. */
#include "runtime/describe/describe.h"
#include "runtime/value/field.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum { COMPARE_DEPTH = 64, COMPARE_PHRASE = 160 };

typedef struct compare_pair {
    struct compare_key {
        const corbel_type *here, *there;
    } key;
    UT_hash_handle hh;
} compare_pair;

typedef struct compare_run {
    compare_pair *pairs;
    char *out;
    size_t max;
} compare_run;

/** The way to what is compared; lives on the stack. */
typedef struct compare_place {
    const struct compare_place *up;
    const char *what; /* "parameter amount", "member zip"; of those inside the name alone */
} compare_place;

/* ---- saying it ---- */

static size_t compare_place_print(const compare_place *place, char *out, size_t max)
{
    const size_t len = place->up == NULL ? 0 : compare_place_print(place->up, out, max);
    const int n = snprintf(out + len, max - len, "%s%s", place->up == NULL ? "" : ".", place->what);
    return n < 0 ? len : len + (size_t)n < max ? len + (size_t)n : max - 1;
}

/** Always false. */
CORBEL_PRINTF(3, 4) static bool compare_differs(compare_run *run, const compare_place *place, const char *format, ...)
{
    size_t len = place == NULL ? 0 : compare_place_print(place, run->out, run->max);
    if (len > 0 && len + 1 < run->max) {
        run->out[len++] = ' ';
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(run->out + len, run->max - len, format, arguments);
    va_end(arguments);
    return false;
}

static bool compare_types_differ(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there)
{
    char one[COMPARE_PHRASE], other[COMPARE_PHRASE];
    crb_type_phrase(here, one, sizeof one);
    crb_type_phrase(there, other, sizeof other);
    if (strcmp(one, other) == 0) {
        return compare_differs(run, place, "is another %s here than there", one);
    }
    return compare_differs(run, place, "is %s here, %s there", one, other);
}

/** " from 1 to 5", " from 0", "" */
static void range_phrase(const corbel_type *type, char *out, size_t max)
{
    static const corbel_range none;
    const corbel_range *const range = type->range == NULL ? &none : type->range;
    const char *const words[] = { range->has_min ? " from " : "", range->has_max ? " to " : "" };
    size_t len = 0;
    out[0] = '\0';
    for (int end = 0; end < 2; end++) {
        const int64_t i = end == 0 ? range->min.i : range->max.i;
        const uint64_t u = end == 0 ? range->min.u : range->max.u;
        const double d = end == 0 ? range->min.d : range->max.d;
        int n = 0;
        if (words[end][0] == '\0') {
            continue;
        }
        if (type->kind == CORBEL_KIND_FLOAT || type->kind == CORBEL_KIND_DOUBLE) {
            n = snprintf(out + len, max - len, "%s%.17g", words[end], d);
        } else if (type->kind == CORBEL_KIND_UINT64) {
            n = snprintf(out + len, max - len, "%s%" PRIu64, words[end], u);
        } else {
            n = snprintf(out + len, max - len, "%s%" PRIi64, words[end], i);
        }
        len = n < 0 ? len : len + (size_t)n < max ? len + (size_t)n : max - 1;
    }
}

static bool compare_ranges_differ(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there)
{
    char type[COMPARE_PHRASE], one[COMPARE_PHRASE], other[COMPARE_PHRASE];
    crb_type_phrase(here, type, sizeof type);
    range_phrase(here, one, sizeof one);
    range_phrase(there, other, sizeof other);
    return compare_differs(run, place, "is %s%s here, %s%s there", type, one, type, other);
}

/* ---- types ---- */

static bool compare_type(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there,
                         unsigned depth);

static bool same_text(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool same_end(bool has_a, const void *a, bool has_b, const void *b)
{
    return has_a == has_b && (!has_a || memcmp(a, b, sizeof(uint64_t)) == 0);
}

/** range-widened, range-narrowed */
static bool same_range(const corbel_range *a, const corbel_range *b)
{
    static const corbel_range none;
    a = a == NULL ? &none : a;
    b = b == NULL ? &none : b;
    return same_end(a->has_min, &a->min, b->has_min, &b->min) && same_end(a->has_max, &a->max, b->has_max, &b->max);
}

static const corbel_member *member_by_id(const corbel_type *type, uint32_t id)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (type->members[i].id == id) {
            return &type->members[i];
        }
    }
    return NULL;
}

static const corbel_member *member_by_name(const corbel_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (strcmp(type->members[i].name, name) == 0) {
            return &type->members[i];
        }
    }
    return NULL;
}

static bool is_final(const corbel_type *type)
{
    return crb_is_annotated(type->annotations, "final") || /* not CORBEL_PLAIN: bitsets may grow */
           (type->annotations != NULL && strstr(type->annotations, "@extensibility(FINAL)") != NULL);
}

/** What two versions of one member have to agree on. */
static bool compare_member(compare_run *run, const compare_place *up, const corbel_member *here, const corbel_member *there,
                           unsigned depth)
{
    const compare_place place = { up, here->name };
    const uint32_t differs = here->flags ^ there->flags;
    if ((differs & CORBEL_OPTIONAL) != 0) { /* optional-added, optional-removed */
        return compare_differs(run, &place, "is %s here, %s there",
                               (here->flags & CORBEL_OPTIONAL) != 0 ? "optional" : "not optional",
                               (there->flags & CORBEL_OPTIONAL) != 0 ? "optional" : "not");
    }
    if ((differs & CORBEL_PRESENT) != 0) { /* default-added, default-removed */
        return compare_differs(run, &place, "has %s here, %s there",
                               (here->flags & CORBEL_PRESENT) != 0 ? "a default" : "no default",
                               (there->flags & CORBEL_PRESENT) != 0 ? "one" : "none");
    }
    return compare_type(run, &place, here->type, there->type, depth);
}

/** member-inserted, member-removed-before-others, member-renumbered, member-replaced, final-struct-changed; whatever one side
 * alone has is skipped and defaulted by the other. */
static bool compare_members(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there,
                            unsigned depth)
{
    const bool exact = !same_text(here->name, there->name) || (is_final(here) && is_final(there));
    uint32_t shared = 0;
    for (uint32_t i = 0; i < here->count; i++) {
        const corbel_member *const member = &here->members[i];
        const corbel_member *const named = member_by_name(there, member->name), *const numbered = member_by_id(there, member->id);
        if (named != NULL && named->id != member->id && same_text(here->name, there->name)) {
            const compare_place at = { place, member->name };
            return compare_differs(run, &at, "is number %u here, %u there", (unsigned)member->id, (unsigned)named->id);
        }
        if (numbered == NULL) {
            continue;
        }
        shared++;
        if (!compare_member(run, place, member, numbered, depth)) {
            return false;
        }
    }
    return !exact || (shared == here->count && shared == there->count) || compare_types_differ(run, place, here, there);
}

/** enumerator-renumbered, bit-renumbered. Of enums with other names the numbers must be the same. */
static bool compare_enumerators(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there)
{
    if (!same_text(here->name, there->name)) {
        bool same = here->count == there->count;
        for (uint32_t i = 0; same && i < here->count; i++) {
            same = here->enumerators[i].value == there->enumerators[i].value;
        }
        return same || compare_types_differ(run, place, here, there);
    }
    for (uint32_t i = 0; i < here->count; i++) {
        const corbel_enumerator *const one = &here->enumerators[i];
        for (uint32_t j = 0; j < there->count; j++) {
            const corbel_enumerator *const other = &there->enumerators[j];
            if (strcmp(one->name, other->name) == 0 && one->value != other->value) {
                return compare_differs(run, place, "is of %s, whose %s is %ld here, %ld there", here->name, one->name,
                                       (long)one->value, (long)other->value);
            }
        }
    }
    return true;
}

/* ---- unions ---- */

static bool has_label(const corbel_member *of, int64_t label)
{
    for (uint32_t i = 0; i < of->n_labels; i++) {
        if (of->labels[i] == label) {
            return true;
        }
    }
    return false;
}

/** The case that the label selects, the default's, too; NULL: none. */
static const corbel_member *selected(const corbel_type *type, int64_t label)
{
    const corbel_member *otherwise = NULL;
    for (uint32_t i = 1; i < type->count; i++) {
        if (has_label(&type->members[i], label)) {
            return &type->members[i];
        }
        otherwise = (type->members[i].flags & CORBEL_DEFAULT) != 0 ? &type->members[i] : otherwise;
    }
    return otherwise;
}

/** label-added, label-removed, label-moved: whether each label of here selects the same there, where both have the case. */
static bool compare_labels(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there,
                           const char *where)
{
    for (uint32_t i = 1; i < here->count; i++) {
        const corbel_member *const one = &here->members[i], *const other = member_by_id(there, one->id);
        if (other != NULL && ((one->flags ^ other->flags) & CORBEL_DEFAULT) != 0) {
            return compare_differs(run, place, "has the label default at another case %s", where);
        }
        for (uint32_t l = 0; l < one->n_labels; l++) {
            const corbel_member *const there_selected = selected(there, one->labels[l]);
            if (other != there_selected) {
                return compare_differs(run, place, "has a label %lld that selects %s %s, %s otherwise", (long long)one->labels[l],
                                       one->name, where, there_selected == NULL ? "nothing" : there_selected->name);
            }
        }
    }
    return true;
}

static bool compare_unions(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there,
                           unsigned depth)
{
    return compare_members(run, place, here, there, depth) && compare_labels(run, place, here, there, "here") &&
           compare_labels(run, place, there, here, "there");
}

/* ---- any types ---- */

/** False: they are under comparison already, or were. */
static bool compare_enter(compare_run *run, const corbel_type *here, const corbel_type *there)
{
    struct compare_key key;
    compare_pair *pair = NULL;
    memset(&key, 0, sizeof key);
    key.here = here;
    key.there = there;
    HASH_FIND(hh, run->pairs, &key, sizeof key, pair);
    if (pair != NULL || (pair = calloc(1, sizeof *pair)) == NULL) {
        return pair == NULL; /* without memory: the depth bounds it */
    }
    pair->key = key;
    HASH_ADD(hh, run->pairs, key, sizeof pair->key, pair);
    if (pair->hh.tbl == NULL) {
        free(pair);
    }
    return true;
}

static bool compare_shape(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there,
                          unsigned depth)
{
    if (!compare_enter(run, here, there)) {
        return true;
    }
    switch (here->kind) {
    case CORBEL_KIND_UNION:
        return compare_unions(run, place, here, there, depth);
    case CORBEL_KIND_ENUM:
        return compare_enumerators(run, place, here, there);
    case CORBEL_KIND_BITMASK:
        return here->bound == there->bound ? compare_enumerators(run, place, here, there)
                                           : compare_types_differ(run, place, here, there);
    default:
        return compare_members(run, place, here, there, depth);
    }
}

/** bound-raised, bound-lowered, array-size-changed, digits-changed, type-changed */
static bool compare_type(compare_run *run, const compare_place *place, const corbel_type *here, const corbel_type *there,
                         unsigned depth)
{
    if (here == there || depth == 0) {
        return true;
    }
    if (here->kind != there->kind) {
        return compare_types_differ(run, place, here, there);
    }
    if (!same_range(here->range, there->range)) {
        return compare_ranges_differ(run, place, here, there);
    }
    const bool same_bound = here->bound == there->bound && ((here->flags ^ there->flags) & (CORBEL_WIDE | CORBEL_BYTES)) == 0;
    switch (here->kind) {
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
    case CORBEL_KIND_ENUM:
    case CORBEL_KIND_BITMASK:
        return compare_shape(run, place, here, there, depth - 1);
    case CORBEL_KIND_FIXED:
        return (same_bound && here->count == there->count) || compare_types_differ(run, place, here, there);
    case CORBEL_KIND_STRING:
        return same_bound || compare_types_differ(run, place, here, there);
    case CORBEL_KIND_REFERENCE:
        return same_text(here->name, there->name) || compare_types_differ(run, place, here, there);
    case CORBEL_KIND_MAP:
        /* The item's type has no name: its key and value must be the same. */
        return same_bound ? compare_members(run, place, here->element, there->element, depth - 1)
                          : compare_types_differ(run, place, here, there);
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_ARRAY:
        return same_bound ? compare_type(run, place, here->element, there->element, depth - 1)
                          : compare_types_differ(run, place, here, there);
    default:
        return true;
    }
}

/* ---- operations ---- */

static const corbel_param *param_by_name(const corbel_param *params, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(params[i].name, name) == 0) {
            return &params[i];
        }
    }
    return NULL;
}

/** An operation of which one may say that its first output is the result, and not a parameter called so. */
static bool is_result(const corbel_param *param)
{
    return param->id == 1 && param->position == 0 && strcmp(param->name, "ret") == 0;
}

/** parameter-inserted, -removed-before-others, -renumbered, -replaced */
static bool compare_params(compare_run *run, const corbel_param *here, uint32_t n_here, const corbel_param *there,
                           uint32_t n_there)
{
    for (uint32_t i = 0; i < n_here; i++) {
        char what[COMPARE_PHRASE];
        (void)snprintf(what, sizeof what, "parameter %s", here[i].name);
        const compare_place place = { NULL, is_result(&here[i]) ? "the result" : what };
        const corbel_param *const named = param_by_name(there, n_there, here[i].name);
        if (named != NULL && named->id != here[i].id) {
            return compare_differs(run, &place, "is number %u here, %u there", (unsigned)here[i].id, (unsigned)named->id);
        }
        for (uint32_t j = 0; j < n_there; j++) {
            if (there[j].id == here[i].id && !compare_type(run, &place, here[i].type, there[j].type, COMPARE_DEPTH)) {
                return false;
            }
        }
    }
    return true;
}

/** NULL: there is no such parameter. */
static const char *way_of(const corbel_operation *operation, const char *name)
{
    const bool is_in = param_by_name(operation->in, operation->n_in, name) != NULL;
    const corbel_param *const out = param_by_name(operation->out, operation->n_out, name);
    const bool is_out = out != NULL && !is_result(out);
    return is_in && is_out ? "inout" : is_in ? "in" : is_out ? "out" : NULL;
}

/** direction-changed */
static bool compare_ways(compare_run *run, const corbel_operation *here, const corbel_operation *there)
{
    for (uint32_t i = 0; i < here->n_in + here->n_out; i++) {
        const char *const name = i < here->n_in ? here->in[i].name : here->out[i - here->n_in].name;
        const char *const way_here = way_of(here, name), *const way_there = way_of(there, name);
        if (way_here != NULL && way_there != NULL && strcmp(way_here, way_there) != 0) {
            char what[COMPARE_PHRASE];
            (void)snprintf(what, sizeof what, "parameter %s", name);
            const compare_place place = { NULL, what };
            return compare_differs(run, &place, "is %s here, %s there", way_here, way_there);
        }
    }
    return true;
}

static const corbel_type *raised(const corbel_operation *operation, const char *name)
{
    for (const corbel_type *const *type = operation->raises; type != NULL && *type != NULL; type++) {
        if (strcmp((*type)->name, name) == 0) {
            return *type;
        }
    }
    return NULL;
}

/** raises-added, raises-removed */
static bool compare_raises(compare_run *run, const corbel_operation *here, const corbel_operation *there)
{
    for (const corbel_type *const *type = here->raises; type != NULL && *type != NULL; type++) {
        char what[COMPARE_PHRASE];
        (void)snprintf(what, sizeof what, "exception %s", (*type)->name);
        const compare_place place = { NULL, what };
        const corbel_type *const other = raised(there, (*type)->name);
        if (other == NULL) {
            return compare_differs(run, &place, "is raised here, not there");
        }
        if (!compare_type(run, &place, *type, other, COMPARE_DEPTH)) {
            return false;
        }
    }
    for (const corbel_type *const *type = there->raises; type != NULL && *type != NULL; type++) {
        if (raised(here, (*type)->name) == NULL) {
            return compare_differs(run, NULL, "exception %s is raised there, not here", (*type)->name);
        }
    }
    return true;
}

/** stream-added, stream-removed, and of the items what is said of parameters */
static bool compare_stream(compare_run *run, const corbel_param *here, const corbel_param *there, bool is_result)
{
    const corbel_param *const any = here != NULL ? here : there;
    char what[COMPARE_PHRASE];
    if (any == NULL) {
        return true;
    }
    (void)snprintf(what, sizeof what, "parameter %s", any->name);
    const compare_place place = { NULL, is_result ? "the result" : what };
    if (here == NULL || there == NULL) {
        return compare_differs(run, &place, "is %s here, %s there", here != NULL ? "a stream" : "no stream",
                               there != NULL ? "a stream" : "no stream");
    }
    if (here->id != there->id) {
        return compare_differs(run, &place, "is number %u here, %u there", (unsigned)here->id, (unsigned)there->id);
    }
    return compare_type(run, &place, here->type, there->type, COMPARE_DEPTH);
}

static bool compare_operation(compare_run *run, const corbel_operation *here, const corbel_operation *there)
{
    if (there == NULL) { /* operation-removed, operation-moved */
        return compare_differs(run, NULL, "there is no such operation there");
    }
    if (((here->flags ^ there->flags) & CORBEL_ONEWAY) != 0) { /* oneway-added, oneway-removed */
        return compare_differs(run, NULL, "it is %s here, %s there", (here->flags & CORBEL_ONEWAY) != 0 ? "oneway" : "not oneway",
                               (there->flags & CORBEL_ONEWAY) != 0 ? "oneway" : "not");
    }
    return compare_stream(run, here->stream_in, there->stream_in, false) &&
           compare_stream(run, here->stream_out, there->stream_out, true) && compare_ways(run, here, there) &&
           compare_params(run, here->in, here->n_in, there->in, there->n_in) &&
           compare_params(run, here->out, here->n_out, there->out, there->n_out) && compare_raises(run, here, there);
}

bool crb_operations_agree(const corbel_operation *here, const corbel_operation *there, char *out, size_t max)
{
    compare_run run = { .out = out, .max = max };
    out[0] = '\0';
    const bool agree = compare_operation(&run, here, there);
    compare_pair *pair = NULL, *next = NULL;
    HASH_ITER(hh, run.pairs, pair, next)
    {
        HASH_DEL(run.pairs, pair);
        free(pair);
    }
    return agree;
}
