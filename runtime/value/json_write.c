/* Values to JSON. What it refuses is what has no form there: text that is not UTF-8, items at NULL, references without a URI,
 * values nested too deep. Bounds and ranges are not looked at, so that also a value that a call has refused can be looked at. */
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"
#include "runtime/value/any.h"
#include "runtime/value/fixed.h"
#include "runtime/value/json.h"
#include "runtime/value/json_params.h"
#include "runtime/value/long_double.h"
#include "runtime/value/union.h"

#include <corbel/json.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct json_writer {
    crb_buf out;
    uint32_t depth; /* left */
    corbel_error error;
    crb_any_objects *references; /* where those without a URI go, named by their places; NULL: they are refused */
} json_writer;

static bool write_value(json_writer *w, const corbel_type *type, const void *at, bool wrapped, const crb_path *path);

static bool write_fail(json_writer *w, const crb_path *path, corbel_status status, const char *message)
{
    char where[CRB_MAX_PATH];
    crb_fail(&w->error, status, CORBEL_COMPLETED_NO, "%s: %s", crb_path_print(path, where), message);
    return false;
}

static void write_text(json_writer *w, const char *text)
{
    crb_buf_append(&w->out, text, strlen(text));
}

static bool write_string(json_writer *w, const char *text, const crb_path *path)
{
    const size_t len = strlen(text);
    if (!crb_utf8_valid((const uint8_t *)text, len)) {
        return write_fail(w, path, CORBEL_INVALID_ARGUMENT, "not UTF-8");
    }
    write_text(w, "\"");
    const char *from = text;
    for (const char *at = text; at < text + len; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        static const char letters[] = "btnvfr"; /* from 8 on; \v has none in JSON */
        char escaped[8];
        if (c == '"' || c == '\\') {
            (void)snprintf(escaped, sizeof escaped, "\\%c", c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            (void)snprintf(escaped, sizeof escaped, "\\%c", letters[c - 8]);
        } else {
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", c);
        }
        crb_buf_append(&w->out, from, (size_t)(at - from));
        write_text(w, escaped);
        from = at + 1;
    }
    crb_buf_append(&w->out, from, (size_t)(text + len - from));
    write_text(w, "\"");
    return true;
}

static void write_base64(json_writer *w, const uint8_t *data, size_t len)
{
    write_text(w, "\"");
    crb_json_put_base64(data, len, &w->out);
    write_text(w, "\"");
}

/** The shortest text that reads back as the same number. */
static void write_floating(json_writer *w, double number, bool is_float)
{
    char text[40];
    if (isnan(number)) {
        write_text(w, "\"NaN\"");
        return;
    }
    if (isinf(number)) {
        write_text(w, number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    const int most = is_float ? 9 : 17;
    const bool subnormal = fabs(number) < (is_float ? (double)FLT_MIN : DBL_MIN); /* which has fewer digits than others */
    for (int digits = subnormal ? 1 : is_float ? 6 : 15; digits <= most; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
        const double back = strtod(text, NULL);
        if (is_float ? (float)back == (float)number : back == number) {
            break;
        }
    }
    write_text(w, text);
    if (number == 0 && signbit(number)) {
        write_text(w, ".0"); /* "-0" would be an integer, which has no such zero */
    }
}

static const char *write_enumerator(const corbel_type *type, int64_t value)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (type->enumerators[i].value == value) {
            return type->enumerators[i].name;
        }
    }
    return NULL;
}

/** quoted: as the key of a map. */
static void write_scalar(json_writer *w, const corbel_type *type, const void *at, bool quoted)
{
    const int64_t number = crb_integer_get(type, at);
    char text[32];
    float f = 0;
    double d = 0;
    switch (type->kind) {
    case CORBEL_KIND_FLOAT:
        memcpy(&f, at, sizeof f);
        write_floating(w, (double)f, true);
        return;
    case CORBEL_KIND_DOUBLE:
        memcpy(&d, at, sizeof d);
        write_floating(w, d, false);
        return;
    case CORBEL_KIND_BOOL:
        (void)snprintf(text, sizeof text, "%s", number != 0 ? "true" : "false");
        break;
    case CORBEL_KIND_ENUM:
        if (write_enumerator(type, number) != NULL) {
            write_text(w, "\"");
            write_text(w, write_enumerator(type, number));
            write_text(w, "\"");
            return;
        }
        (void)snprintf(text, sizeof text, "%" PRId64, number);
        break;
    default:
        if (crb_is_signed(type->kind)) {
            (void)snprintf(text, sizeof text, "%" PRId64, number);
        } else {
            (void)snprintf(text, sizeof text, "%" PRIu64, (uint64_t)number);
        }
        quoted = quoted || crb_json_is_long(type);
        break;
    }
    write_text(w, quoted ? "\"" : "");
    write_text(w, text);
    write_text(w, quoted ? "\"" : "");
}

static bool write_fixed(json_writer *w, const corbel_type *type, const char *text, const crb_path *path)
{
    crb_fixed number;
    if (!crb_fixed_parse(text, strlen(text), &number)) {
        return write_fail(w, path, CORBEL_INVALID_ARGUMENT, "not a decimal number");
    }
    (void)type;
    write_text(w, "\"");
    const size_t len = crb_fixed_len(&number);
    uint8_t *const at = crb_buf_reserve(&w->out, len);
    if (at != NULL) {
        crb_fixed_print(&number, (char *)at);
        w->out.len += len;
    }
    write_text(w, "\"");
    return true;
}

/** "#2": the second of the references beside the text. */
static bool write_place(json_writer *w, corbel_object *object)
{
    char text[32];
    uint64_t place = 0;
    while (place < w->references->len && w->references->items[place] != object) {
        place++;
    }
    if (place++ == w->references->len && (place = crb_any_objects_add(w->references, object, NULL, &w->error)) == 0) {
        return false;
    }
    (void)snprintf(text, sizeof text, "\"#%" PRIu64 "\"", place);
    write_text(w, text);
    return true;
}

static bool write_reference(json_writer *w, corbel_object *object, const crb_path *path)
{
    char *uri = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    if (object == NULL) {
        write_text(w, "\"\"");
        return true;
    }
    if (corbel_object_to_uri(object, &uri, &error)) {
        if (error.status == CORBEL_NOT_FOUND && w->references != NULL) {
            corbel_error_clear(&error);
            return write_place(w, object);
        }
        write_fail(w, path, error.status == CORBEL_NOT_FOUND ? CORBEL_INVALID_ARGUMENT : error.status, error.message);
        corbel_error_clear(&error);
        return false;
    }
    const bool done = write_string(w, uri, path);
    corbel_string_free(uri);
    return done;
}

static bool write_any(json_writer *w, const corbel_any *any, const crb_path *path)
{
    if (any == NULL) {
        write_text(w, "{}");
        return true;
    }
    write_text(w, "{\"type\":");
    if (!write_string(w, any->type, path)) {
        return false;
    }
    if (any->len > 0) {
        write_text(w, ",\"value\":");
        write_base64(w, any->value, any->len);
    }
    for (size_t i = 0; i < any->n_objects; i++) {
        write_text(w, i == 0 ? ",\"references\":[" : ",");
        if (!write_reference(w, any->objects[i], path)) {
            return false;
        }
    }
    write_text(w, any->n_objects > 0 ? "]}" : "}");
    return true;
}

static bool write_enter(json_writer *w, const crb_path *path)
{
    if (w->depth == 0) {
        return write_fail(w, path, CORBEL_INVALID_ARGUMENT, "nested too deep");
    }
    w->depth--;
    return true;
}

/** Is it left out, where it is not optional? Not known of structs and unions before they are written. */
static bool write_is_zero(const corbel_type *type, const void *at)
{
    static const uint8_t zero[CRB_LONG_DOUBLE_WIRE];
    uint8_t wire[CRB_LONG_DOUBLE_WIRE];
    crb_fixed number;
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        return *crb_string_get(at) == '\0';
    case CORBEL_KIND_FIXED:
        return crb_fixed_parse(crb_string_get(at), strlen(crb_string_get(at)), &number) && crb_fixed_is_zero(&number);
    case CORBEL_KIND_LONG_DOUBLE:
        crb_long_double_load(at, wire);
        return memcmp(wire, zero, sizeof wire) == 0;
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_MAP:
        return crb_view_get(at).len == 0;
    case CORBEL_KIND_REFERENCE:
        return crb_reference_get(at) == NULL;
    case CORBEL_KIND_ANY:
        return crb_any_get(at) == NULL;
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
    case CORBEL_KIND_ARRAY:
        return false;
    default:
        return crb_scalar_load(type, at) == 0;
    }
}

/** A member with its name; first tells whether it was the first one. */
static bool write_member(json_writer *w, const corbel_type *type, const corbel_member *member, const void *at, bool present,
                         bool *first, const crb_path *path)
{
    const crb_path here = { .up = path, .name = member->name };
    const bool wrapped = present && (member->flags & CORBEL_PRESENT) == 0;
    if (!present && write_is_zero(member->type, at)) {
        return true;
    }
    const size_t before = w->out.len;
    write_text(w, *first ? "\"" : ",\"");
    crb_json_put_name(type, member, &w->out);
    write_text(w, "\":");
    const size_t start = w->out.len;
    if (!write_value(w, member->type, at, wrapped, &here)) {
        return false;
    }
    const bool message = member->type->kind == CORBEL_KIND_STRUCT || member->type->kind == CORBEL_KIND_UNION;
    if (!present && message && w->out.len == start + 2) { /* {}: zero, and so not sent either */
        w->out.len = before;
    } else {
        *first = false;
    }
    return true;
}

static bool write_members(json_writer *w, const corbel_type *type, const void *value, const crb_path *path)
{
    bool first = true, done = true;
    const uint8_t *const base = value;
    if (!write_enter(w, path)) {
        return false;
    }
    write_text(w, "{");
    if (type->kind == CORBEL_KIND_UNION) {
        const corbel_member *const discriminator = &type->members[0], *const selected = crb_union_case(type, value);
        done = write_member(w, type, discriminator, base + discriminator->offset, false, &first, path) &&
               (selected == NULL || write_member(w, type, selected, base + selected->offset, true, &first, path));
    } else {
        for (uint32_t i = 0; i < type->count && done; i++) {
            const corbel_member *const member = &type->members[i];
            const void *at = base + member->offset;
            const bool optional = (member->flags & CORBEL_OPTIONAL) != 0;
            if (optional && crb_pointer_get(at) == NULL) {
                continue;
            }
            at = optional && !crb_is_pointer(member->type) ? crb_pointer_get(at) : at;
            done = write_member(w, type, member, at, optional || (member->flags & CORBEL_PRESENT) != 0, &first, path);
        }
    }
    write_text(w, "}");
    w->depth++;
    return done;
}

static bool write_items(json_writer *w, const corbel_type *type, crb_view view, const crb_path *path)
{
    const uint8_t *at = view.items;
    write_text(w, "[");
    for (size_t i = 0; i < view.len; i++, at += type->element->size) {
        const crb_path here = { .up = path, .index = i, .dimensions = type->dimensions };
        write_text(w, i > 0 ? "," : "");
        if (!write_value(w, type->element, at, true, &here)) {
            return false;
        }
    }
    write_text(w, "]");
    return true;
}

static bool write_map(json_writer *w, const corbel_type *type, crb_view view, const crb_path *path)
{
    const corbel_member *const key = &type->element->members[0], *const value = &type->element->members[1];
    const uint8_t *at = view.items;
    write_text(w, "{");
    for (size_t i = 0; i < view.len; i++, at += type->element->size) {
        const crb_path item = { .up = path, .index = i }, key_path = { .up = &item, .name = key->name },
                       value_path = { .up = &item, .name = value->name };
        write_text(w, i > 0 ? "," : "");
        if (key->type->kind == CORBEL_KIND_STRING) {
            if (!write_string(w, crb_string_get(at + key->offset), &key_path)) {
                return false;
            }
        } else {
            write_scalar(w, key->type, at + key->offset, true);
        }
        write_text(w, ":");
        if (!write_enter(w, path) || !write_value(w, value->type, at + value->offset, false, &value_path)) {
            return false;
        }
        w->depth++;
    }
    write_text(w, "}");
    return true;
}

static bool write_list(json_writer *w, const corbel_type *type, const void *at, bool wrapped, const crb_path *path)
{
    const bool array = type->kind == CORBEL_KIND_ARRAY, octets = (type->flags & CORBEL_BYTES) != 0;
    const crb_view view = array ? (crb_view) { type->bound, at } : crb_view_get(at);
    if (view.len > 0 && view.items == NULL) {
        return write_fail(w, path, CORBEL_INVALID_ARGUMENT, "items at NULL");
    }
    if (octets && type->kind != CORBEL_KIND_MAP) {
        write_base64(w, view.items, view.len);
        return true;
    }
    if (wrapped && !write_enter(w, path)) {
        return false;
    }
    bool done = true;
    if (wrapped && view.len == 0) {
        write_text(w, "{}");
    } else {
        write_text(w, wrapped ? "{\"" CRB_JSON_ITEMS "\":" : "");
        done = type->kind == CORBEL_KIND_MAP ? write_map(w, type, view, path) : write_items(w, type, view, path);
        write_text(w, wrapped ? "}" : "");
    }
    w->depth += wrapped;
    return done;
}

/** wrapped: a sequence, map or array stands in a message of its own. */
static bool write_value(json_writer *w, const corbel_type *type, const void *at, bool wrapped, const crb_path *path)
{
    uint8_t wire[CRB_LONG_DOUBLE_WIRE];
    switch (type->kind) {
    case CORBEL_KIND_STRING:
        return write_string(w, crb_string_get(at), path);
    case CORBEL_KIND_FIXED:
        return write_fixed(w, type, crb_string_get(at), path);
    case CORBEL_KIND_LONG_DOUBLE:
        crb_long_double_load(at, wire);
        write_base64(w, wire, sizeof wire);
        return true;
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
        return write_members(w, type, at, path);
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_ARRAY:
    case CORBEL_KIND_MAP:
        return write_list(w, type, at, wrapped, path);
    case CORBEL_KIND_REFERENCE:
        return write_reference(w, crb_reference_get(at), path);
    case CORBEL_KIND_ANY:
        return write_any(w, crb_any_get(at), path);
    default:
        write_scalar(w, type, at, false);
        return true;
    }
}

/** What write() writes, as a block. */
static corbel_status write_run(json_writer *w, bool (*write)(json_writer *w, const void *user), const void *user, char **ret,
                               corbel_error *reterr)
{
    const crb_codec_limits limits = CRB_CODEC_LIMITS_DEFAULT;
    w->out = (crb_buf)CRB_BUF_INIT;
    w->depth = limits.depth + 1; /* the outermost is not in one */
    w->error = (corbel_error)CORBEL_ERROR_INIT;
    /* Numbers have a point, whatever the program's locale. "C" is static in the C library: this takes no memory. */
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = plain != (locale_t)0 ? uselocale(plain) : (locale_t)0;
    const bool done = plain != (locale_t)0 && write(w, user);
    char *const text = done && !w->out.failed ? crb_block_string((const char *)w->out.data, w->out.len) : NULL;
    if (plain != (locale_t)0) {
        uselocale(before);
        freelocale(plain);
    }
    crb_buf_clear(&w->out);
    if (text != NULL) {
        *ret = text;
        return CORBEL_OK;
    }
    if (w->error.status == CORBEL_OK) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the text");
    }
    const corbel_status status = w->error.status;
    crb_error_move(reterr, &w->error);
    return status;
}

/** A value and its type. */
typedef struct write_one {
    const corbel_type *type;
    const void *value;
} write_one;

static bool write_one_value(json_writer *w, const void *user)
{
    const write_one *const one = user;
    return write_value(w, one->type, one->value, false, NULL);
}

corbel_status corbel_value_to_json(const corbel_type *type, const void *value, char **ret, corbel_error *reterr)
{
    const write_one one = { type, value };
    json_writer w = { .references = NULL };
    return write_run(&w, write_one_value, &one, ret, reterr);
}

typedef struct write_many {
    const corbel_type *params; /* as the members of a struct */
    const void *const *values;
} write_many;

static bool write_params(json_writer *w, const void *user)
{
    const write_many *const many = user;
    write_text(w, "{");
    for (uint32_t i = 0; i < many->params->count; i++) {
        const corbel_member *const param = &many->params->members[i];
        const crb_path here = { .name = param->name };
        write_text(w, i == 0 ? "\"" : ",\"");
        crb_json_put_name(many->params, param, &w->out);
        write_text(w, "\":");
        if (!write_value(w, param->type, many->values[i], false, &here)) {
            return false;
        }
    }
    write_text(w, "}");
    return true;
}

corbel_status crb_json_write_params(const corbel_type *params, const void *const *values, crb_any_objects *references, char **ret,
                                    corbel_error *reterr)
{
    const write_many many = { params, values };
    json_writer w = { .references = references };
    return write_run(&w, write_params, &many, ret, reterr);
}
