/* Messages as they travel: made of values or of JSON, read as either, and put into calls as they are. */
#include "runtime/call/message.h"

#include "runtime/base/fail.h"
#include "runtime/value/codec.h"
#include "runtime/value/json_params.h"

#include <stdlib.h>
#include <string.h>

/* ---- in and out of calls ---- */

corbel_status crb_message_send(const corbel_message *message, crb_buf *body, crb_ref_list *refs, corbel_error *reterr)
{
    if (message == NULL) {
        return CORBEL_OK;
    }
    for (size_t i = 0; i < message->n_references; i++) {
        const corbel_tagged *const entry = &message->references[i];
        if (entry->tag == 0) {
            return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "reference %zu of the message has no tag", i);
        }
        if (entry->object == NULL) {
            continue; /* its reader says that it does not exist any more */
        }
        if (crb_ref_list_add(refs, entry->object, NULL, reterr) == 0) {
            return CORBEL_NO_MEMORY;
        }
        refs->items[refs->len - 1].tag = entry->tag;
        if (entry->interface != NULL) {
            refs->items[refs->len - 1].interface = entry->interface;
        }
    }
    if (message->body.len > 0) {
        crb_buf_append(body, message->body.items, message->body.len);
    }
    return body->failed ? crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a message") : CORBEL_OK;
}

/** Copies what has come into a block whose value is the list of references. */
static bool message_fill(crb_arena *arena, const uint8_t *body, size_t len, const crb_ref *refs, size_t n, corbel_message *ret)
{
    crb_block *const block = crb_block_new(arena, (n + 1) * sizeof(corbel_tagged));
    corbel_object **const held = block == NULL ? NULL : crb_arena_alloc(arena, n, sizeof(corbel_object *));
    uint8_t *const bytes = held == NULL ? NULL : crb_arena_take(arena, len + 1, 1);
    if (bytes == NULL) {
        return false;
    }
    block->refs.items = held;
    block->unref = corbel_object_unref;
    corbel_tagged *const entries = crb_block_value(block);
    bool done = true;
    for (size_t i = 0; i < n && done; i++) {
        entries[i].tag = refs[i].tag;
        if (refs[i].interface != NULL) {
            const size_t size = strlen(refs[i].interface) + 1;
            char *const copy = crb_arena_take(arena, size, 1);
            entries[i].interface = copy == NULL ? NULL : memcpy(copy, refs[i].interface, size);
            done = copy != NULL;
        }
        if (done && refs[i].target != NULL) {
            const crb_target *const target = refs[i].target;
            const corbel_interface *const is = target->kind == CRB_TARGET_LOCAL ? target->local.skeleton.interface : NULL;
            entries[i].object = crb_object_new(crb_target_ref(refs[i].target), is);
            held[block->refs.len] = entries[i].object;
            done = entries[i].object != NULL;
            block->refs.len += done;
        }
    }
    if (!done) {
        for (size_t i = 0; i < block->refs.len; i++) {
            corbel_object_unref(held[i]);
        }
        return false;
    }
    if (len > 0) {
        memcpy(bytes, body, len);
    }
    *ret = (corbel_message) { .body = { len, bytes }, .n_references = n, .references = entries };
    return true;
}

corbel_status crb_message_received(const uint8_t *body, size_t len, const crb_ref *refs, size_t n, corbel_message *ret,
                                   corbel_error *reterr)
{
    if (ret == NULL) {
        return CORBEL_OK;
    }
    crb_arena *const arena = crb_arena_new_sized(0, CRB_BLOCK_OVERHEAD + len + (n + 1) * (sizeof(corbel_tagged) + 24));
    if (arena != NULL && message_fill(arena, body, len, refs, n, ret)) {
        return CORBEL_OK;
    }
    crb_arena_free(arena);
    return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_YES, "no memory for a message");
}

void corbel_message_clear(corbel_message *self)
{
    if (self != NULL) {
        corbel_block_free(self->references);
        *self = (corbel_message)CORBEL_MESSAGE_INIT;
    }
}

corbel_object *crb_message_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr)
{
    const corbel_message *const message = user;
    for (size_t i = 0; i < message->n_references; i++) {
        if (message->references[i].tag == tag && message->references[i].object != NULL) {
            return crb_object_as(message->references[i].object, interface, reterr);
        }
        if (message->references[i].tag == tag) {
            crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "the object that is passed does not exist any more");
            return NULL;
        }
    }
    crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_NO, "no reference with this tag came along");
    return NULL;
}

/* ---- of values ---- */

corbel_status corbel_message_encode(const corbel_param *params, uint32_t n, const void *const *values, corbel_message *ret,
                                    corbel_error *reterr)
{
    crb_ref_list refs = { .indexes = true }; /* so that it may be an exception's, and is the same each time */
    crb_buf body = CRB_BUF_INIT;
    const crb_ref_writer writer = { crb_ref_list_add, &refs };
    corbel_status status = crb_encode_params(params, n, values, &writer, &body, reterr);
    if (status == CORBEL_OK) {
        status = crb_message_received(body.data, body.len, refs.items, refs.len, ret, reterr);
        if (status != CORBEL_OK && reterr != NULL) {
            reterr->completion = CORBEL_COMPLETED_NO;
        }
    }
    crb_buf_clear(&body);
    crb_refs_free(refs.items, refs.len);
    return status;
}

corbel_status corbel_message_decode(const corbel_param *params, uint32_t n, const corbel_message *self, void *const *out,
                                    corbel_error *reterr)
{
    const crb_ref_reader reader = { crb_message_take, (void *)(uintptr_t)self };
    return crb_decode_results(params, n, self->body.items, self->body.len, NULL, &reader, out, reterr);
}

/* ---- JSON ---- */

/** Values that were decoded, for as long as it takes to write them another way. */
typedef struct message_values {
    crb_arena *arena;
    const void **values;
    crb_held held;
} message_values;

static corbel_status message_values_read(message_values *v, const corbel_param *params, uint32_t n, const uint8_t *body,
                                         size_t len, const crb_ref_reader *reader, corbel_error *reterr)
{
    *v = (message_values) { .arena = crb_arena_new(0) };
    v->values = v->arena == NULL ? NULL : crb_arena_alloc(v->arena, n, sizeof(void *));
    if (v->values == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for values");
    }
    return crb_decode_args(params, n, body, len, NULL, reader, v->arena, &v->held, v->values, reterr);
}

static void message_values_clear(message_values *v)
{
    crb_held_release(&v->held);
    crb_arena_free(v->arena);
}

corbel_status corbel_message_to_json(const corbel_param *params, uint32_t n, const corbel_message *self, char **ret,
                                     corbel_object_seq *ret_references, corbel_error *reterr)
{
    const crb_ref_reader reader = { crb_message_take, (void *)(uintptr_t)self };
    message_values v;
    corbel_type type;
    crb_any_objects references = { NULL, 0, 0 };
    char *text = NULL;
    corbel_member *const members = crb_json_params_type(params, n, &type);
    corbel_status status = message_values_read(&v, params, n, self->body.items, self->body.len, &reader, reterr);
    if (status == CORBEL_OK && members == NULL) {
        status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the text");
    }
    if (status == CORBEL_OK) {
        status = crb_json_write_params(&type, v.values, ret_references == NULL ? NULL : &references, &text, reterr);
    }
    if (status == CORBEL_OK && ret_references != NULL) {
        const corbel_object_seq lent = { references.len, references.items };
        status = corbel_sequence_copy(&corbel_object_seq_type, &lent, ret_references);
        if (status != CORBEL_OK) {
            crb_fail(reterr, status, CORBEL_COMPLETED_NO, "no memory for references");
        }
    }
    if (status == CORBEL_OK) {
        *ret = text;
    } else {
        corbel_string_free(text);
    }
    crb_any_objects_clear(&references);
    message_values_clear(&v);
    free(members);
    return status;
}

/** What was read from JSON is written again from its values: so that it is checked, and what a stub would have sent. */
static corbel_status message_rewrite(crb_json_reader *r, const corbel_param *params, uint32_t n, corbel_message *ret,
                                     corbel_error *error)
{
    const crb_ref_reader reader = { crb_json_reader_take, &r->objects };
    message_values v;
    corbel_status status = message_values_read(&v, params, n, r->out.data, r->out.len, &reader, error);
    if (status == CORBEL_DECODE) { /* of a message that only the text is to blame for */
        status = error->status = CORBEL_INVALID_ARGUMENT;
    }
    if (status == CORBEL_OK) {
        status = corbel_message_encode(params, n, v.values, ret, error);
    }
    message_values_clear(&v);
    return status;
}

corbel_status corbel_message_from_json(corbel_runtime *runtime, const corbel_param *params, uint32_t n, const char *json,
                                       const corbel_object_seq *references, corbel_message *ret, corbel_error *reterr)
{
    crb_json_reader r;
    corbel_type type;
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_member *const members = crb_json_params_type(params, n, &type);
    if (members == NULL) {
        return crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the arguments");
    }
    crb_json_reader_init(&r, runtime);
    r.references = references;
    corbel_status status = crb_json_reader_run(&r, json, crb_json_read_params, &type, &error);
    if (status == CORBEL_OK) {
        status = message_rewrite(&r, params, n, ret, &error);
    }
    crb_json_reader_clear(&r);
    free(members);
    if (status != CORBEL_OK) {
        crb_error_move(reterr, &error);
    }
    return status;
}
