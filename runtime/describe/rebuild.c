/** From a description to tables, whoever sent it. First all types are entered, so that they can point to each other; then they
 * are laid out (rebuild_layout.c); then what needs sizes follows: maps, defaults, operations. The codec trusts tables, so nothing
 * gets into one that was not checked here. */
#include "runtime/describe/rebuild.h"

#include "runtime/base/fail.h"
#include "runtime/value/codec.h"
#include "runtime/value/field.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REBUILD_MAX_NAME = 1024, REBUILD_MAX_DIGITS = 31 };

typedef struct rebuild {
    crb_tables *tables;
    const corbel_InterfaceDescription *from;
    corbel_error *reterr;
    corbel_status status;
} rebuild;

CORBEL_PRINTF(2, 3) static bool rebuild_refuse(rebuild *run, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    run->status = crb_fail(run->reterr, CORBEL_DECODE, CORBEL_COMPLETED_YES, "the description: %s", text);
    return false;
}

static void *rebuild_alloc(rebuild *run, size_t count, size_t size)
{
    void *const memory = crb_arena_alloc(run->tables->arena, count, size);
    if (memory == NULL && count <= crb_arena_left(run->tables->arena) / (size == 0 ? 1 : size)) {
        run->status = crb_fail(run->reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for a description");
    } else if (memory == NULL) {
        run->status = crb_fail(run->reterr, CORBEL_LIMIT, CORBEL_COMPLETED_YES, "the description: it takes more than %zu bytes",
                               run->tables->limits.memory);
    }
    return memory;
}

/* ---- texts ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/** Identifiers, with "::" between them where scoped; errors and logs show them as they are. */
static bool is_name(const char *text, bool scoped)
{
    bool start = true;
    size_t length = 0;
    for (const char *at = text; *at != '\0'; at++, length++) {
        if (scoped && !start && at[0] == ':' && at[1] == ':') {
            at++;
            length++;
            start = true;
        } else if (is_letter(*at) || (!start && *at >= '0' && *at <= '9')) {
            start = false;
        } else {
            return false;
        }
    }
    return !start && length <= REBUILD_MAX_NAME;
}

/** A copy; NULL for "", too. */
static bool rebuild_text(rebuild *run, const char *text, const char **ret)
{
    const size_t size = text == NULL ? 1 : strlen(text) + 1;
    *ret = NULL;
    if (size == 1) {
        return true;
    }
    char *const copy = rebuild_alloc(run, size, 1);
    *ret = copy == NULL ? NULL : memcpy(copy, text, size);
    return copy != NULL;
}

static bool rebuild_name(rebuild *run, const char *text, bool scoped, const char **ret)
{
    if (!is_name(text, scoped)) {
        return rebuild_refuse(run, "a name that is none");
    }
    return rebuild_text(run, text, ret);
}

static bool rebuild_index(rebuild *run, uint32_t index, const corbel_type **ret)
{
    if (index >= run->tables->n_types) {
        return rebuild_refuse(run, "type %u of %u", (unsigned)index, (unsigned)run->tables->n_types);
    }
    *ret = &run->tables->types[index];
    return true;
}

static bool is_id(uint32_t id, uint32_t before)
{
    return id > before && id <= CRB_MAX_FIELD_ID;
}

/* ---- types ---- */

static corbel_interface *rebuild_new_interface(rebuild *run)
{
    crb_counted_interface *const counted = rebuild_alloc(run, 1, sizeof *counted);
    if (counted == NULL) {
        return NULL;
    }
    counted->tables = run->tables;
    counted->interface.flags = CRB_COUNTED;
    return &counted->interface;
}

/** A table for an interface of which only the name is known. */
static const corbel_interface *rebuild_interface_name(rebuild *run, const char *text)
{
    const char *name = NULL;
    corbel_interface *const interface = rebuild_new_interface(run);
    if (interface == NULL || !rebuild_name(run, text, true, &name)) {
        return NULL;
    }
    interface->name = name;
    return interface;
}

static bool rebuild_members(rebuild *run, const corbel_TypeDescription *from, corbel_type *to)
{
    const bool is_union = to->kind == CORBEL_KIND_UNION;
    if (from->members.len >= UINT32_MAX) {
        return rebuild_refuse(run, "too many members");
    }
    corbel_member *const members = rebuild_alloc(run, from->members.len, sizeof *members);
    if (members == NULL) {
        return false;
    }
    uint32_t id = 0;
    for (size_t i = 0; i < from->members.len; i++) {
        const corbel_MemberDescription *const m = &from->members.items[i];
        const bool is_case = is_union && i > 0;
        if (!is_id(m->id, id) || (m->is_optional && (m->has_default || is_union)) || (m->has_default && is_union) ||
            (m->is_default && !is_case) || (m->labels.len > 0 && !is_case) || m->labels.len > UINT32_MAX) {
            return rebuild_refuse(run, "member %zu of type %zu is not valid", i, (size_t)(to - run->tables->types));
        }
        id = m->id;
        if (!rebuild_name(run, m->name, false, &members[i].name) || !rebuild_index(run, m->type, &members[i].type) ||
            !rebuild_text(run, m->doc, &members[i].doc) || !rebuild_text(run, m->annotations, &members[i].annotations)) {
            return false;
        }
        members[i].id = id;
        members[i].flags = (m->is_optional ? CORBEL_OPTIONAL : 0u) | (m->has_default ? CORBEL_PRESENT : 0u) |
                           (m->is_default ? CORBEL_DEFAULT : 0u);
        if (m->labels.len > 0) {
            int64_t *const labels = rebuild_alloc(run, m->labels.len, sizeof *labels);
            if (labels == NULL) {
                return false;
            }
            memcpy(labels, m->labels.items, m->labels.len * sizeof *labels);
            members[i].labels = labels;
            members[i].n_labels = (uint32_t)m->labels.len;
        }
    }
    if (is_union && (from->members.len == 0 || members[0].id != 1)) {
        return rebuild_refuse(run, "a union without a discriminator");
    }
    to->members = members;
    to->count = (uint32_t)from->members.len;
    return true;
}

static bool rebuild_enumerators(rebuild *run, const corbel_TypeDescription *from, corbel_type *to)
{
    if (from->enumerators.len >= UINT32_MAX) {
        return rebuild_refuse(run, "too many enumerators");
    }
    corbel_enumerator *const items = rebuild_alloc(run, from->enumerators.len, sizeof *items);
    for (size_t i = 0; items != NULL && i < from->enumerators.len; i++) {
        const corbel_EnumeratorDescription *const e = &from->enumerators.items[i];
        if (to->kind == CORBEL_KIND_BITMASK && (e->value < 0 || (uint32_t)e->value >= to->bound)) {
            return rebuild_refuse(run, "a bit beyond the bitmask");
        }
        if (!rebuild_name(run, e->name, false, &items[i].name) || !rebuild_text(run, e->doc, &items[i].doc) ||
            !rebuild_text(run, e->annotations, &items[i].annotations)) {
            return false;
        }
        items[i].value = e->value;
    }
    to->enumerators = items;
    to->count = (uint32_t)from->enumerators.len;
    return items != NULL;
}

static bool rebuild_range(rebuild *run, const corbel_TypeDescription *from, corbel_type *to)
{
    if (!from->range.has_min && !from->range.has_max) {
        return true;
    }
    if (!crb_is_scalar(to) && to->kind != CORBEL_KIND_LONG_DOUBLE) {
        return rebuild_refuse(run, "a range of what is no number");
    }
    corbel_range *const range = rebuild_alloc(run, 1, sizeof *range);
    if (range == NULL) {
        return false;
    }
    range->has_min = from->range.has_min;
    range->has_max = from->range.has_max;
    memcpy(&range->min, &from->range.min, sizeof from->range.min);
    memcpy(&range->max, &from->range.max, sizeof from->range.max);
    to->range = range;
    return true;
}

static bool rebuild_dimensions(rebuild *run, const corbel_TypeDescription *from, corbel_type *to)
{
    uint64_t product = 1;
    uint32_t *const dimensions = rebuild_alloc(run, from->dimensions.len + 1, sizeof *dimensions);
    if (dimensions == NULL) {
        return false;
    }
    for (size_t i = 0; i < from->dimensions.len; i++) {
        dimensions[i] = from->dimensions.items[i];
        product *= dimensions[i]; /* both below 2^32 */
        if (product == 0 || product > to->bound) {
            return rebuild_refuse(run, "the dimensions of an array");
        }
    }
    if (to->bound == 0 || (from->dimensions.len > 0 && product != to->bound)) {
        return rebuild_refuse(run, "the dimensions of an array");
    }
    to->dimensions = from->dimensions.len > 0 ? dimensions : NULL;
    return true;
}

static bool rebuild_element(rebuild *run, const corbel_TypeDescription *from, corbel_type *to)
{
    if (!rebuild_index(run, from->element, &to->element)) {
        return false;
    }
    if (from->is_bytes) {
        to->flags |= CORBEL_BYTES; /* of what, is checked when all types have a kind */
    }
    return true;
}

static bool rebuild_type(rebuild *run, const corbel_TypeDescription *from, corbel_type *to)
{
    if (from->kind > corbel_TYPE_ANY) {
        return rebuild_refuse(run, "a kind of type that this process does not know");
    }
    to->kind = (corbel_kind)from->kind;
    to->bound = from->bound;
    if ((from->name[0] != '\0' && !rebuild_name(run, from->name, true, &to->name)) || !rebuild_text(run, from->doc, &to->doc) ||
        !rebuild_text(run, from->annotations, &to->annotations) || !rebuild_range(run, from, to)) {
        return false;
    }
    switch (to->kind) {
    case CORBEL_KIND_STRING:
        to->flags = from->is_wide ? CORBEL_WIDE : 0;
        return true;
    case CORBEL_KIND_FIXED:
        to->count = from->scale;
        return (from->bound >= 1 && from->bound <= REBUILD_MAX_DIGITS && from->scale <= from->bound) ||
               rebuild_refuse(run, "the digits of a fixed");
    case CORBEL_KIND_BITMASK:
        return ((from->bound >= 1 && from->bound <= 64) || rebuild_refuse(run, "the width of a bitmask")) &&
               rebuild_enumerators(run, from, to);
    case CORBEL_KIND_ENUM:
        return rebuild_enumerators(run, from, to);
    case CORBEL_KIND_UNION:
    case CORBEL_KIND_STRUCT:
        to->flags = (from->is_plain ? CORBEL_PLAIN : 0u) | (from->is_bitset ? CORBEL_BITSET : 0u);
        return rebuild_members(run, from, to);
    case CORBEL_KIND_ARRAY:
        return rebuild_element(run, from, to) && rebuild_dimensions(run, from, to);
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        return rebuild_element(run, from, to);
    case CORBEL_KIND_REFERENCE:
        if (to->name != NULL) {
            to->interface =
                strcmp(to->name, run->tables->interface->name) == 0 ? run->tables->interface : rebuild_interface_name(run, to->name);
            return to->interface != NULL;
        }
        to->name = "Object";
        return true;
    case CORBEL_KIND_UINT8:
        to->flags = from->is_octet ? CORBEL_OCTET : 0;
        return true;
    default:
        return true;
    }
}

/** Its fields are whole numbers and booleans, each as wide as its range. */
static bool rebuild_check_bitset(rebuild *run, const corbel_type *type)
{
    bool ok = type->kind == CORBEL_KIND_STRUCT && (type->flags & CORBEL_PLAIN) != 0;
    for (uint32_t i = 0; ok && i < type->count; i++) {
        const corbel_type *const of = type->members[i].type;
        ok = crb_is_scalar(of) && of->kind != CORBEL_KIND_FLOAT && of->kind != CORBEL_KIND_DOUBLE &&
             of->kind != CORBEL_KIND_BITMASK && type->members[i].flags == 0;
    }
    return ok || rebuild_refuse(run, "a bitset's fields");
}

/** Whether what stands in a type may stand there. */
static bool rebuild_check(rebuild *run, const corbel_type *type)
{
    if ((type->flags & CORBEL_BYTES) != 0 && (type->kind == CORBEL_KIND_MAP || type->element->kind != CORBEL_KIND_UINT8)) {
        return rebuild_refuse(run, "octets of another type");
    }
    if ((type->flags & CORBEL_BITSET) != 0) {
        return rebuild_check_bitset(run, type);
    }
    if (type->kind == CORBEL_KIND_UNION) {
        const corbel_type *const discriminator = type->members[0].type;
        const bool ok = crb_is_scalar(discriminator) && discriminator->kind != CORBEL_KIND_FLOAT &&
                        discriminator->kind != CORBEL_KIND_DOUBLE && discriminator->kind != CORBEL_KIND_BITMASK;
        uint32_t defaults = 0;
        for (uint32_t i = 1; i < type->count; i++) {
            defaults += (type->members[i].flags & CORBEL_DEFAULT) != 0;
        }
        return (ok && defaults <= 1) || rebuild_refuse(run, "a union's discriminator");
    }
    if (type->kind == CORBEL_KIND_MAP) {
        const corbel_type *const item = type->element;
        const bool ok = item->kind == CORBEL_KIND_STRUCT && item->count == 2 && item->members[0].id == 1 &&
                        item->members[1].id == 2 && item->members[0].flags == 0 && item->members[1].flags == 0;
        const corbel_kind key = ok ? item->members[0].type->kind : CORBEL_KIND_ANY;
        const bool fits = key == CORBEL_KIND_STRING || (key <= CORBEL_KIND_ENUM && key != CORBEL_KIND_FLOAT &&
                                                        key != CORBEL_KIND_DOUBLE && key != CORBEL_KIND_BITMASK);
        return fits || rebuild_refuse(run, "a map's item");
    }
    for (uint32_t i = 0; type->kind == CORBEL_KIND_STRUCT && i < type->count; i++) {
        const corbel_type *const of = type->members[i].type;
        if ((type->members[i].flags & CORBEL_PRESENT) != 0 && !crb_is_scalar(of) && of->kind != CORBEL_KIND_STRING &&
            of->kind != CORBEL_KIND_FIXED && of->kind != CORBEL_KIND_LONG_DOUBLE) {
            return rebuild_refuse(run, "a default of what has none");
        }
    }
    return true;
}

static bool rebuild_fallbacks(rebuild *run, const corbel_TypeDescription *from, corbel_type *to)
{
    corbel_member *const members = (corbel_member *)(uintptr_t)to->members; /* made by us, and not const */
    for (uint32_t i = 0; i < from->members.len; i++) {
        const corbel_bytes bytes = from->members.items[i].fallback;
        if ((members[i].flags & CORBEL_PRESENT) == 0) {
            continue;
        }
        const corbel_param field = { .name = members[i].name, .id = 1, .type = members[i].type };
        const crb_codec_limits limits = { run->tables->limits.memory, 1 };
        crb_held held = { 0 };
        const void *value = NULL;
        corbel_error error = CORBEL_ERROR_INIT;
        if (crb_decode_args(&field, 1, bytes.items, bytes.len, &limits, NULL, run->tables->arena, &held, &value, &error)) {
            rebuild_refuse(run, "the default of a member: %s", error.message);
            if (error.status == CORBEL_NO_MEMORY) {
                run->status = crb_fail(run->reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for a description");
            }
            corbel_error_clear(&error);
            return false;
        }
        members[i].fallback = value;
    }
    return true;
}

static bool rebuild_types(rebuild *run)
{
    crb_tables *const tables = run->tables;
    const corbel_TypeDescription *const items = run->from->types.items;
    for (uint32_t i = 0; i < tables->n_types; i++) {
        if (!rebuild_type(run, &items[i], &tables->types[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < tables->n_types; i++) {
        if (!rebuild_check(run, &tables->types[i])) {
            return false;
        }
        run->status = crb_tables_lay_out(tables, i, 0, run->reterr);
        if (run->status != CORBEL_OK) {
            return false;
        }
    }
    for (uint32_t i = 0; i < tables->n_types; i++) {
        if (tables->types[i].kind == CORBEL_KIND_STRUCT && !rebuild_fallbacks(run, &items[i], &tables->types[i])) {
            return false;
        }
    }
    return true;
}

/* ---- operations ---- */

static bool rebuild_params(rebuild *run, const corbel_ParameterDescriptions *from, const corbel_param **ret, uint32_t *ret_n)
{
    corbel_param *const params = rebuild_alloc(run, from->len, sizeof *params);
    uint32_t id = 0;
    for (size_t i = 0; params != NULL && i < from->len; i++) {
        const corbel_ParameterDescription *const p = &from->items[i];
        if (!is_id(p->id, id)) {
            return rebuild_refuse(run, "the number of a parameter");
        }
        id = p->id;
        if (!rebuild_name(run, p->name, false, &params[i].name) || !rebuild_index(run, p->type, &params[i].type) ||
            !rebuild_text(run, p->doc, &params[i].doc) || !rebuild_text(run, p->annotations, &params[i].annotations)) {
            return false;
        }
        params[i].id = id;
        params[i].position = p->position;
    }
    *ret = params;
    *ret_n = (uint32_t)from->len; /* ids ascend: below 2^29 */
    return params != NULL;
}

static bool rebuild_stream(rebuild *run, const corbel_ParameterDescription *from, const corbel_param **ret)
{
    const corbel_ParameterDescriptions one = { 1, from };
    uint32_t n = 0;
    return from == NULL || rebuild_params(run, &one, ret, &n);
}

/** An item is a field of the same message. */
static bool is_number_of(const corbel_param *params, uint32_t n, const corbel_param *stream)
{
    bool found = false;
    for (uint32_t i = 0; stream != NULL && i < n; i++) {
        found = found || params[i].id == stream->id;
    }
    return found;
}

static bool rebuild_streams(rebuild *run, const corbel_OperationDescription *from, corbel_operation *to)
{
    if (!rebuild_stream(run, from->stream_in, &to->stream_in) || !rebuild_stream(run, from->stream_out, &to->stream_out)) {
        return false;
    }
    if (is_number_of(to->in, to->n_in, to->stream_in) || is_number_of(to->out, to->n_out, to->stream_out)) {
        return rebuild_refuse(run, "the number of a stream");
    }
    return true;
}

static bool rebuild_raises(rebuild *run, const corbel_TypeIndexes *from, const corbel_type *const **ret)
{
    if (from->len == 0) {
        return true;
    }
    const corbel_type **const raises = rebuild_alloc(run, from->len + 1, sizeof *raises);
    for (size_t i = 0; raises != NULL && i < from->len; i++) {
        if (!rebuild_index(run, from->items[i], &raises[i])) {
            return false;
        }
        if (raises[i]->kind != CORBEL_KIND_STRUCT || raises[i]->name == NULL) {
            return rebuild_refuse(run, "an exception that is none");
        }
    }
    *ret = raises;
    return raises != NULL;
}

static bool rebuild_operation(rebuild *run, const corbel_OperationDescription *from, corbel_operation *to)
{
    to->flags = (from->is_oneway ? CORBEL_ONEWAY : 0u) | (from->is_idempotent ? CORBEL_IDEMPOTENT : 0u) |
                (from->overlaps ? CORBEL_OVERLAP : 0u) | (from->is_once ? CORBEL_ONCE : 0u) | CRB_COUNTED;
    to->fingerprint = from->fingerprint;
    to->deadline_ms = from->deadline_ms;
    if (from->is_oneway && (from->outs.len > 0 || from->exceptions.len > 0)) {
        return rebuild_refuse(run, "a oneway operation with an answer");
    }
    if (from->is_oneway && (from->stream_in != NULL || from->stream_out != NULL)) {
        return rebuild_refuse(run, "a oneway operation with a stream");
    }
    return rebuild_name(run, from->declared_by, true, &to->interface) && rebuild_name(run, from->name, false, &to->name) &&
           (from->of_attribute[0] == '\0' || rebuild_name(run, from->of_attribute, false, &to->attribute)) &&
           rebuild_params(run, &from->ins, &to->in, &to->n_in) && rebuild_params(run, &from->outs, &to->out, &to->n_out) &&
           rebuild_streams(run, from, to) && rebuild_raises(run, &from->exceptions, &to->raises) &&
           rebuild_text(run, from->doc, &to->doc) && rebuild_text(run, from->annotations, &to->annotations);
}

static bool rebuild_bases(rebuild *run, corbel_interface *to)
{
    const size_t n = run->from->bases.len;
    const corbel_interface **const bases = n == 0 ? NULL : rebuild_alloc(run, n + 1, sizeof *bases);
    if (n > 0 && bases == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bases[i] = rebuild_interface_name(run, run->from->bases.items[i]);
        if (bases[i] == NULL) {
            return false;
        }
    }
    to->bases = bases;
    return true;
}

static bool rebuild_interface(rebuild *run)
{
    const corbel_InterfaceDescription *const from = run->from;
    corbel_interface *const to = run->tables->interface;
    if (from->operations.len >= UINT32_MAX) {
        return rebuild_refuse(run, "too many operations");
    }
    corbel_method *const methods = rebuild_alloc(run, from->operations.len, sizeof *methods);
    crb_counted_operation *const operations = rebuild_alloc(run, from->operations.len, sizeof *operations);
    if (methods == NULL || operations == NULL || !rebuild_bases(run, to) || !rebuild_text(run, from->doc, &to->doc) ||
        !rebuild_text(run, from->annotations, &to->annotations)) {
        return false;
    }
    for (size_t i = 0; i < from->operations.len; i++) {
        if (!rebuild_operation(run, &from->operations.items[i], &operations[i].operation)) {
            return false;
        }
        operations[i].tables = run->tables;
        methods[i].operation = &operations[i].operation;
    }
    to->fingerprint = from->fingerprint;
    to->flags = (from->is_local ? CORBEL_LOCAL : 0u) | (from->is_serial ? CORBEL_SERIAL : 0u) |
                (from->is_serial && from->is_strict ? CORBEL_STRICT : 0u) | CRB_COUNTED;
    to->methods = methods;
    to->n_methods = (uint32_t)from->operations.len;
    return true;
}

static bool rebuild_start(rebuild *run)
{
    crb_tables *const tables = run->tables;
    const size_t n = run->from->types.len;
    if (n > tables->limits.types) {
        run->status = crb_fail(run->reterr, CORBEL_LIMIT, CORBEL_COMPLETED_YES, "the description: more than %u types",
                               (unsigned)tables->limits.types);
        return false;
    }
    tables->interface = rebuild_new_interface(run);
    tables->types = tables->interface == NULL ? NULL : rebuild_alloc(run, n, sizeof *tables->types);
    tables->aligns = tables->types == NULL ? NULL : rebuild_alloc(run, n, sizeof *tables->aligns);
    tables->states = tables->aligns == NULL ? NULL : rebuild_alloc(run, n, sizeof *tables->states);
    tables->n_types = (uint32_t)n;
    return tables->states != NULL && rebuild_name(run, run->from->name, true, &tables->interface->name);
}

corbel_status crb_tables_new(const corbel_InterfaceDescription *description, const crb_rebuild_limits *limits, crb_tables **ret,
                             corbel_error *reterr)
{
    const crb_rebuild_limits defaults = CRB_REBUILD_LIMITS_DEFAULT;
    const crb_rebuild_limits use = limits == NULL ? defaults : *limits;
    crb_arena *const arena = crb_arena_new(use.memory);
    crb_tables *const tables = arena == NULL ? NULL : crb_arena_alloc(arena, 1, sizeof *tables);
    if (tables == NULL) {
        crb_arena_free(arena);
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for a description");
    }
    *tables = (crb_tables) { .arena = arena, .limits = use };
    atomic_init(&tables->refs, 1);
    rebuild run = { .tables = tables, .from = description, .reterr = reterr };
    if (!rebuild_start(&run) || !rebuild_types(&run) || !rebuild_interface(&run)) {
        crb_arena_free(arena);
        return run.status;
    }
    *ret = tables;
    return CORBEL_OK;
}
