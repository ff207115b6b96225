/* How an any travels: { string type = 1; bytes value = 2; repeated uint64 references = 3 }. Its value is not looked at. The
 * references are tags of the table of the message, or indexes into the list of an any around it: whatever refs deals in. */
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"
#include "runtime/value/any.h"

enum { ANY_TYPE = 1, ANY_VALUE = 2, ANY_REFERENCES = 3 };

static void any_write_bytes(crb_buf *out, uint32_t id, const void *data, size_t len)
{
    crb_buf_varint(out, (uint64_t)id << 3 | CRB_WIRE_LEN);
    crb_buf_varint(out, len);
    if (len > 0) {
        crb_buf_append(out, data, len);
    }
}

static bool any_write_references(const corbel_any *any, const crb_ref_writer *refs, crb_buf *out, corbel_error *reterr)
{
    if (refs == NULL) {
        crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "a reference cannot be sent here");
        return false;
    }
    crb_buf tags = CRB_BUF_INIT;
    bool done = true;
    for (size_t i = 0; i < any->n_objects && done; i++) {
        uint64_t tag = 0;
        if (any->objects[i] != NULL) {
            tag = refs->add(refs->user, any->objects[i], NULL, reterr);
            done = tag != 0;
        }
        crb_buf_varint(&tags, tag);
    }
    if (done) {
        any_write_bytes(out, ANY_REFERENCES, tags.data, tags.len);
        out->failed = out->failed || tags.failed;
    }
    crb_buf_clear(&tags);
    return done;
}

bool crb_any_write(const corbel_any *any, const crb_ref_writer *refs, crb_buf *out, corbel_error *reterr)
{
    if (any == NULL) {
        return true;
    }
    any_write_bytes(out, ANY_TYPE, any->type, strlen(any->type));
    if (any->len > 0) {
        any_write_bytes(out, ANY_VALUE, any->value, any->len);
    }
    return any->n_objects == 0 || any_write_references(any, refs, out, reterr);
}

/** What one pass over the fields finds. */
typedef struct any_fields {
    crb_span type, value;
    size_t n_references;
} any_fields;

static size_t any_count_varints(crb_span span)
{
    size_t n = 0;
    for (const uint8_t *at = span.at; at < span.end; at++) {
        n += *at < 0x80;
    }
    return n;
}

static bool any_scan(crb_decoder *d, crb_span span, const crb_path *path, any_fields *fields)
{
    while (span.at < span.end) {
        uint32_t id = 0;
        crb_wire_type wire = CRB_WIRE_VARINT;
        crb_span contents = { NULL, NULL };
        if (!crb_decode_field(d, &span, path, &id, &wire, &contents)) {
            return false;
        }
        const bool delimited = wire == CRB_WIRE_LEN;
        if ((id == ANY_TYPE || id == ANY_VALUE) && !delimited) {
            return crb_decoder_fail(d, CORBEL_DECODE, path, "wire type %d, not %d", (int)wire, (int)CRB_WIRE_LEN);
        }
        if (id == ANY_TYPE) {
            fields->type = contents;
        } else if (id == ANY_VALUE) {
            fields->value = contents;
        } else if (id == ANY_REFERENCES) {
            if (!delimited && wire != CRB_WIRE_VARINT) {
                return crb_decoder_fail(d, CORBEL_DECODE, path, "wire type %d, not %d", (int)wire, (int)CRB_WIRE_VARINT);
            }
            fields->n_references += any_count_varints(contents);
        }
    }
    return true;
}

/** Takes the reference with a tag, as whatever it is. */
static bool any_take(crb_decoder *d, uint64_t tag, const crb_path *path, corbel_object **ret)
{
    if (tag == 0) {
        *ret = NULL;
        return true;
    }
    if (d->refs == NULL) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "a reference cannot stand here");
    }
    *ret = d->refs->take(d->refs->user, tag, NULL, &d->error);
    if (*ret == NULL) {
        const corbel_status status = d->error.status;
        return crb_decoder_fail(d, status != CORBEL_OK ? status : CORBEL_DECODE, path, "%s",
                                status != CORBEL_OK ? d->error.message : "no such reference");
    }
    return true;
}

/** Takes all of them, behind those that stand in objects already. */
static bool any_take_all(crb_decoder *d, crb_span span, const crb_path *path, corbel_any *any, size_t n)
{
    while (span.at < span.end) {
        uint32_t id = 0;
        crb_wire_type wire = CRB_WIRE_VARINT;
        crb_span contents = { NULL, NULL };
        if (!crb_decode_field(d, &span, path, &id, &wire, &contents)) {
            return false;
        }
        while (id == ANY_REFERENCES && contents.at < contents.end) {
            uint64_t tag = 0;
            if (!crb_decode_varint(d, &contents, path, &tag) || !any_take(d, tag, path, &any->objects[n])) {
                return false;
            }
            n++;
        }
    }
    return true;
}

/** The any belongs to the values from now on, or to nobody. */
static bool any_hold(crb_decoder *d, corbel_any *any, const crb_path *path)
{
    if (d->arena == NULL) {
        d->arena = crb_arena_new_sized(0, sizeof(crb_held_any));
    }
    crb_held_any *held = NULL;
    if (d->arena == NULL) {
        crb_decoder_fail(d, CORBEL_NO_MEMORY, path, "no memory for it");
    } else {
        held = crb_decoder_alloc(d, 1, sizeof *held, path);
    }
    if (held == NULL) {
        corbel_any_unref(any);
        return false;
    }
    *held = (crb_held_any) { d->held->anys, any };
    d->held->anys = held;
    return true;
}

bool crb_any_read(crb_decoder *d, void *at, crb_span contents, const crb_path *path)
{
    const corbel_any *const before = crb_any_get(at);
    any_fields fields = { { NULL, NULL }, { NULL, NULL }, 0 };
    size_t first = 0;
    if (before != NULL) { /* it comes again: read over it, as proto3 has it */
        const uint8_t *const text = (const uint8_t *)before->type;
        fields.type = (crb_span) { text, text + strlen(before->type) };
        fields.value = (crb_span) { before->value, before->value + before->len };
        first = before->n_objects;
    }
    if (!any_scan(d, contents, path, &fields)) {
        return false;
    }
    const size_t type_len = (size_t)(fields.type.end - fields.type.at), len = (size_t)(fields.value.end - fields.value.at);
    const size_t n = first + fields.n_references;
    if (type_len == 0) {
        return (len == 0 && n == 0) || crb_decoder_fail(d, CORBEL_DECODE, path, "an any without a type");
    }
    if (!crb_utf8_valid(fields.type.at, type_len)) {
        return crb_decoder_fail(d, CORBEL_DECODE, path, "the name of an any's type is not UTF-8, or has a NUL in it");
    }
    /* Each is at most the message's length: their sum is far from an overflow. */
    if (!crb_decoder_charge(d, sizeof(corbel_any) + type_len + 1 + len + n * sizeof(corbel_object *), path)) {
        return false;
    }
    corbel_any *const any = crb_any_new((const char *)fields.type.at, type_len, len, n);
    if (any == NULL) {
        return crb_decoder_fail(d, CORBEL_NO_MEMORY, path, "no memory for it");
    }
    if (len > 0) {
        memcpy(crb_any_bytes(any), fields.value.at, len);
    }
    for (size_t i = 0; i < first; i++) {
        any->objects[i] = corbel_object_ref(before->objects[i]);
    }
    if (!any_take_all(d, contents, path, any, first)) {
        corbel_any_unref(any);
        return false;
    }
    if (!any_hold(d, any, path)) {
        return false;
    }
    crb_any_set(at, any);
    return true;
}
