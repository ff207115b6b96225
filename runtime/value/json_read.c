/* JSON to values. The text becomes jansson's tree; the tree is written as the message that would travel; and that is read by the
 * decoder, straight into the caller's outputs. What is not of the type is refused here, or slips through to the decoder: both
 * name the path to the member. Nothing is recursive here that the type is not, and that is bounded. */
#include "runtime/value/json_read.h"
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"
#include "runtime/value/fixed.h"
#include "runtime/value/json.h"
#include "runtime/value/long_double.h"

#include <corbel/json.h>
#include <locale.h>
#include <stdlib.h>

bool crb_json_enter(crb_json_reader *r, const crb_path *path)
{
    const crb_codec_limits limits = CRB_CODEC_LIMITS_DEFAULT;
    if (r->depth == 0) {
        return crb_json_fail(&r->error, CORBEL_LIMIT, path, "nested more than %u deep", limits.depth);
    }
    r->depth--;
    return true;
}

const char *crb_json_string(crb_json_reader *r, json_t *json, const crb_path *path, size_t *ret_len)
{
    if (!json_is_string(json)) {
        crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s, not a string", crb_json_what(json));
        return NULL;
    }
    const char *const text = json_string_value(json);
    *ret_len = json_string_length(json);
    if (memchr(text, '\0', *ret_len) != NULL) {
        crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "a NUL in a string");
        return NULL;
    }
    return text;
}

bool crb_json_fits(crb_json_reader *r, const corbel_type *type, const char *text, size_t len, const crb_path *path)
{
    if ((type->flags & CORBEL_WIDE) != 0) {
        const size_t n = type->bound > 0 ? crb_utf8_count((const uint8_t *)text, len) : 0;
        return n <= type->bound ||
               crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%zu characters, at most %u", n, type->bound);
    }
    return type->bound == 0 || len <= type->bound ||
           crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%zu bytes, at most %u", len, type->bound);
}

static void read_put(crb_json_reader *r, uint32_t id, const void *data, size_t len)
{
    crb_encode_tag(&r->e, id, CRB_WIRE_LEN);
    crb_encode_varint(&r->e, len);
    crb_encode_bytes(&r->e, data, len);
}

static bool read_string(crb_json_reader *r, json_t *json, uint32_t id, const corbel_type *type, const crb_path *path)
{
    char problem[CRB_FIXED_PROBLEM];
    crb_fixed number;
    size_t len = 0;
    const char *const text = crb_json_string(r, json, path, &len);
    if (text == NULL) {
        return false;
    }
    if (type->kind == CORBEL_KIND_FIXED) {
        if (!crb_fixed_check(type, text, len, &number, problem)) {
            return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s", problem);
        }
    } else if (!crb_json_fits(r, type, text, len, path)) {
        return false;
    }
    read_put(r, id, text, len);
    return true;
}

/** Octets: exact tells how many there must be, unless it is 0. */
static bool read_bytes(crb_json_reader *r, json_t *json, uint32_t id, size_t most, size_t exact, const crb_path *path)
{
    size_t len = 0;
    const char *const text = crb_json_string(r, json, path, &len);
    if (text == NULL) {
        return false;
    }
    r->scratch.len = 0;
    crb_buf_append(&r->scratch, text, len + 1);
    if (r->scratch.failed) {
        crb_fail(&r->error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for octets");
        return false;
    }
    if (!crb_json_from_base64(r->scratch.data, len, &len)) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "not base64");
    }
    if (exact > 0 && len != exact) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%zu bytes, not %zu", len, exact);
    }
    if (most > 0 && len > most) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%zu bytes, at most %zu", len, most);
    }
    read_put(r, id, r->scratch.data, len);
    return true;
}

/* ---- objects ---- */

/** Which members have come. */
typedef struct read_seen {
    uint8_t few[32];
    uint8_t *bits; /* few, or malloc'ed */
} read_seen;

static bool read_seen_init(crb_json_reader *r, read_seen *seen, uint32_t n)
{
    memset(seen->few, 0, sizeof seen->few);
    seen->bits = n <= 8 * sizeof seen->few ? seen->few : calloc(1, n / 8 + 1);
    if (seen->bits == NULL) {
        crb_fail(&r->error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for an object");
        return false;
    }
    return true;
}

static void read_seen_clear(read_seen *seen)
{
    if (seen->bits != seen->few) {
        free(seen->bits);
    }
}

/** The member with the name. */
static const corbel_member *read_name(crb_json_reader *r, const corbel_type *type, const char *name, read_seen *seen,
                                      const crb_path *path)
{
    char shown[64];
    const corbel_member *const member = crb_json_find(type, name);
    if (member == NULL) {
        crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "no member \"%s\"", crb_escape(name, shown, sizeof shown));
        return NULL;
    }
    const size_t i = (size_t)(member - type->members);
    if ((seen->bits[i / 8] >> (i % 8) & 1) != 0) { /* by its other name */
        crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s comes again", member->name);
        return NULL;
    }
    seen->bits[i / 8] = (uint8_t)(seen->bits[i / 8] | 1u << (i % 8));
    return member;
}

/** What a union has to keep while its members come in any order. */
typedef struct read_union {
    size_t start;      /* of its message */
    uint8_t bytes[16]; /* the discriminator's field, which goes in front */
    size_t n_bytes;
    const corbel_member *selected; /* the case that came */
} read_union;

/** json: an item of the object, which comes with its name. */
static bool read_member(crb_json_reader *r, json_t *json, const corbel_type *type, const corbel_member *member, read_union *u,
                        const crb_path *path)
{
    const crb_path here = { .up = path, .name = member->name };
    if (json_is_null(json)) {
        return true; /* as if it had not come */
    }
    if (type->kind != CORBEL_KIND_UNION) {
        return crb_json_read_value(r, json, member->id, member->type, (member->flags & CORBEL_OPTIONAL) != 0, &here);
    }
    if (member != &type->members[0]) {
        if (u->selected != NULL) {
            return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s beside %s", member->name, u->selected->name);
        }
        u->selected = member;
        return crb_json_read_value(r, json, member->id, member->type, true, &here);
    }
    const size_t before = r->out.len;
    if (!crb_json_read_value(r, json, member->id, member->type, false, &here)) {
        return false;
    }
    if (!r->out.failed) { /* a tag and a number: 15 bytes at most */
        u->n_bytes = r->out.len - before;
        memcpy(u->bytes, r->out.data + before, u->n_bytes);
        r->out.len = before;
    }
    return true;
}

/** The discriminator goes in front of the case. */
static void read_union_end(crb_json_reader *r, const read_union *u)
{
    if (u->n_bytes > 0 && crb_buf_reserve(&r->out, u->n_bytes) != NULL) {
        uint8_t *const at = r->out.data + u->start;
        memmove(at + u->n_bytes, at, r->out.len - u->start);
        memcpy(at, u->bytes, u->n_bytes);
        r->out.len += u->n_bytes;
    }
}

/** The members of a struct or union, without a tag and a length. */
static bool read_members(crb_json_reader *r, json_t *json, const corbel_type *type, const crb_path *path)
{
    read_seen seen;
    read_union u = { .start = r->out.len };
    if (!json_is_object(json)) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s, not an object", crb_json_what(json));
    }
    if (!read_seen_init(r, &seen, type->count)) {
        return false;
    }
    bool done = true;
    for (void *at = json_object_iter(json); done && at != NULL; at = json_object_iter_next(json, at)) {
        const corbel_member *const member = read_name(r, type, json_object_iter_key(at), &seen, path);
        done = member != NULL && read_member(r, json_object_iter_value(at), type, member, &u, path);
    }
    read_union_end(r, &u);
    read_seen_clear(&seen);
    return done;
}

/* An any's and a wrapper's message as tables, so that they are read like all others. */
static const corbel_type read_uris_type = { .kind = CORBEL_KIND_SEQUENCE,
                                            .size = sizeof(crb_view),
                                            .element = &corbel_object_type };
static const corbel_member read_any_members[] = {
    { .name = "type", .id = 1, .type = &corbel_string_type },
    { .name = "value", .id = 2, .type = &corbel_bytes_type },
    { .name = "references", .id = 3, .type = &read_uris_type },
};
static const corbel_type read_any_type = { .kind = CORBEL_KIND_STRUCT, .count = 3, .members = read_any_members };

/** A message: what has none of its own is the one member of it. */
static bool read_message(crb_json_reader *r, json_t *json, uint32_t id, const corbel_type *type, const crb_path *path)
{
    const corbel_member items = { .name = CRB_JSON_ITEMS, .id = 1, .type = type };
    const corbel_type wrapper = { .kind = CORBEL_KIND_STRUCT, .count = 1, .members = &items };
    if (!crb_json_enter(r, path)) {
        return false;
    }
    crb_encode_tag(&r->e, id, CRB_WIRE_LEN);
    const size_t start = crb_encode_begin(&r->e);
    const corbel_type *const members = crb_is_repeated(type) ? &wrapper : type->kind == CORBEL_KIND_ANY ? &read_any_type : type;
    if (!read_members(r, json, members, path)) {
        return false;
    }
    crb_encode_end(&r->e, start);
    r->depth++;
    return true;
}

bool crb_json_read_value(crb_json_reader *r, json_t *json, uint32_t id, const corbel_type *type, bool wrapped,
                         const crb_path *path)
{
    uint64_t wire = 0;
    switch (type->kind) {
    case CORBEL_KIND_STRING:
    case CORBEL_KIND_FIXED:
        return read_string(r, json, id, type, path);
    case CORBEL_KIND_LONG_DOUBLE:
        return read_bytes(r, json, id, 0, CRB_LONG_DOUBLE_WIRE, path);
    case CORBEL_KIND_SEQUENCE:
    case CORBEL_KIND_ARRAY:
    case CORBEL_KIND_MAP:
        if (!crb_is_repeated(type)) {
            return read_bytes(r, json, id, type->bound, type->kind == CORBEL_KIND_ARRAY ? type->bound : 0, path);
        }
        return wrapped ? read_message(r, json, id, type, path) : crb_json_read_list(r, json, id, type, path);
    case CORBEL_KIND_STRUCT:
    case CORBEL_KIND_UNION:
    case CORBEL_KIND_ANY:
        return read_message(r, json, id, type, path);
    default:
        if (!crb_json_read_scalar(r, json, type, path, &wire)) {
            return false;
        }
        crb_encode_tag(&r->e, id, crb_wire_type_of(type));
        crb_encode_scalar(&r->e, type->kind, wire);
        return true;
    }
}

/* ---- all of it ---- */

corbel_object *crb_json_reader_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr)
{
    const crb_any_objects *const objects = user;
    return crb_object_as(objects->items[tag - 1], interface, reterr);
}

/** What was read, from its message into the caller's output. */
static corbel_status read_decode(crb_json_reader *r, const corbel_type *type, void *out, corbel_error *error)
{
    const corbel_param param = { .name = NULL, .id = 1, .type = type };
    const crb_ref_reader reader = { crb_json_reader_take, &r->objects };
    corbel_status status = crb_decode_results(&param, 1, r->out.data, r->out.len, NULL, &reader, &out, error);
    if (status != CORBEL_OK) {
        error->completion = CORBEL_COMPLETED_NO;
        if (status == CORBEL_DECODE) { /* of a message that only the text is to blame for */
            status = error->status = CORBEL_INVALID_ARGUMENT;
        }
    }
    return status;
}

static bool read_text(crb_json_reader *r, const char *text, bool (*read)(crb_json_reader *r, json_t *json, const void *user),
                      const void *user)
{
    static const size_t flags = JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
    const size_t len = strnlen(text, CRB_JSON_MAX_TEXT + 1);
    if (len > CRB_JSON_MAX_TEXT) {
        return crb_json_fail(&r->error, CORBEL_LIMIT, NULL, "more than %d bytes of text", CRB_JSON_MAX_TEXT);
    }
    json_t *const json = crb_json_parse(text, len, flags, NULL, &r->error);
    const bool done = json != NULL && read(r, json, user);
    json_decref(json);
    return done;
}

void crb_json_reader_init(crb_json_reader *r, corbel_runtime *runtime)
{
    const crb_codec_limits limits = CRB_CODEC_LIMITS_DEFAULT;
    *r = (crb_json_reader) {
        .error = CORBEL_ERROR_INIT, .out = CRB_BUF_INIT, .scratch = CRB_BUF_INIT, .depth = limits.depth, .runtime = runtime
    };
    r->e = (crb_encoder) { .out = &r->out, .error = CORBEL_ERROR_INIT };
}

void crb_json_reader_clear(crb_json_reader *r)
{
    crb_any_objects_clear(&r->objects);
    crb_buf_clear(&r->out);
    crb_buf_clear(&r->scratch);
    corbel_error_clear(&r->error);
}

corbel_status crb_json_reader_run(crb_json_reader *r, const char *text,
                                  bool (*read)(crb_json_reader *r, json_t *json, const void *user), const void *user,
                                  corbel_error *error)
{
    if (text == NULL) {
        return crb_fail(error, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "no text");
    }
    /* Numbers have a point, whatever the program's locale. "C" is static in the C library: this takes no memory. */
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = plain != (locale_t)0 ? uselocale(plain) : (locale_t)0;
    const bool done = plain != (locale_t)0 && read_text(r, text, read, user);
    if (plain != (locale_t)0) {
        uselocale(before);
        freelocale(plain);
    }
    if (!done && r->error.status != CORBEL_OK) {
        const corbel_status status = r->error.status;
        crb_error_move(error, &r->error);
        return status;
    }
    return done && !r->out.failed ? CORBEL_OK : crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the value");
}

static bool read_one(crb_json_reader *r, json_t *json, const void *type)
{
    return crb_json_read_value(r, json, 1, type, false, NULL);
}

corbel_status corbel_value_from_json(corbel_runtime *runtime, const corbel_type *type, const char *json, void *out,
                                     corbel_error *reterr)
{
    crb_json_reader r;
    corbel_error error = CORBEL_ERROR_INIT;
    crb_json_reader_init(&r, runtime);
    corbel_status status = crb_json_reader_run(&r, json, read_one, type, &error);
    if (status == CORBEL_OK) {
        status = read_decode(&r, type, out, &error);
    }
    crb_json_reader_clear(&r);
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
    }
    return status;
}
