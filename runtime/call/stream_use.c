/** Streams used: items to bytes and back, room and what has come waited for. */
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"
#include "runtime/base/fork.h"
#include "runtime/call/stream_impl.h"
#include "runtime/value/codec.h"

#include <stdlib.h>
#include <string.h>

enum {
    STREAM_HEAD = 20,         /* bytes in front of an item, at most: two varints */
    STREAM_GATHER = 16 << 10, /* bytes of items that are kept in one piece, in this process */
    STREAM_KEEP = 64 << 10    /* memory that is used again, at most */
};

/* ---- failing ---- */

void crb_stream_fail(corbel_stream *stream, corbel_error *error)
{
    corbel_call *const call = stream->call;
    if (stream->failure.status == CORBEL_OK) {
        crb_error_move(&stream->failure, error);
    }
    corbel_error_clear(error);
    stream->left = true;
    crb_stream_leave(stream);
    if (call == NULL) {
        return;
    }
    corbel_call_cancel(call);
}

static void stream_fail_waiting(corbel_stream *stream)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, CORBEL_DEADLINE, CORBEL_COMPLETED_MAYBE, "waiting for %s took longer than the deadline allows",
             stream->writes ? "the reader of a stream" : "an item of a stream");
    crb_stream_fail(stream, &error);
}

/* ---- reading ---- */

/** Tells the writer what was used up. Under the guard. */
static void reader_give_back_locked(corbel_stream *stream)
{
    crb_conduit *const conduit = stream->conduit;
    const uint64_t cost = stream->used_up;
    stream->used_up = 0;
    if (conduit->peer == NULL) {
        const uint64_t half = stream->runtime->limits.window_stream / 2;
        const bool was_full = conduit->queued >= half;
        conduit->queued -= cost;
        if (was_full && conduit->queued < half) {
            crb_side_wake_locked(&conduit->writer);
        }
    } else if (conduit->core != NULL && cost > 0) {
        crb_session_stream_taken(conduit->peer->session, conduit->core, cost);
    }
}

static crb_items *conduit_pop_locked(crb_conduit *conduit)
{
    crb_items *const items = conduit->first;
    if (items != NULL) {
        conduit->first = items->next;
        items->next = NULL;
        if (conduit->first == NULL) {
            conduit->last = &conduit->first;
            conduit->tail = NULL;
        }
    }
    return items;
}

/** The memory of what was read goes back to a writer of this process. Under the guard. Returns what is to be freed. */
static crb_items *reader_recycle_locked(corbel_stream *stream)
{
    crb_conduit *const conduit = stream->conduit;
    crb_items *const old = stream->current;
    stream->current = NULL;
    stream->at = 0;
    if (old == NULL || conduit->peer != NULL || conduit->spare != NULL || old->bytes.capacity > STREAM_KEEP) {
        return old;
    }
    old->bytes.len = 0;
    conduit->spare = old;
    return NULL;
}

/** The references of what was popped wait for their items. False: no memory. */
static bool reader_keep_refs(corbel_stream *stream, crb_items *items)
{
    if (items->n_refs == 0) {
        return true;
    }
    const size_t have = stream->n_refs - stream->ref_at;
    if (have + items->n_refs > stream->room_refs) {
        crb_ref *const refs = malloc((have + items->n_refs) * sizeof *refs);
        if (refs == NULL) {
            return false;
        }
        if (have > 0) {
            memcpy(refs, stream->refs + stream->ref_at, have * sizeof *refs);
        }
        free(stream->refs);
        stream->refs = refs;
        stream->room_refs = have + items->n_refs;
    } else if (stream->ref_at > 0) {
        memmove(stream->refs, stream->refs + stream->ref_at, have * sizeof *stream->refs);
    }
    memcpy(stream->refs + have, items->refs, items->n_refs * sizeof *stream->refs);
    stream->ref_at = 0;
    stream->n_refs = have + items->n_refs;
    free(items->refs);
    items->refs = NULL;
    items->n_refs = 0;
    return true;
}

/** The next piece becomes current. */
static corbel_stream_result reader_more(corbel_stream *stream, bool may_wait)
{
    crb_conduit *const conduit = stream->conduit;
    corbel_stream_result result = CORBEL_STREAM_OK;
    crb_conduit_lock(conduit);
    crb_items *const old = reader_recycle_locked(stream);
    reader_give_back_locked(stream);
    bool in_time = true;
    while (conduit->first == NULL && !conduit->ended && may_wait && in_time) {
        in_time = crb_stream_wait_locked(stream);
    }
    const bool no_memory = conduit->no_memory;
    stream->current = conduit_pop_locked(conduit);
    if (stream->current == NULL) {
        result = conduit->ended || !in_time ? CORBEL_STREAM_OVER : CORBEL_STREAM_WOULD_BLOCK;
    }
    in_time = in_time || conduit->ended;
    crb_conduit_unlock(conduit);
    crb_items_free(old);
    if (stream->current == NULL && !in_time) {
        stream_fail_waiting(stream);
    } else if (no_memory || (stream->current != NULL && !reader_keep_refs(stream, stream->current))) {
        corbel_error error = CORBEL_ERROR_INIT;
        crb_fail(&error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_MAYBE, "no memory for the items of a stream");
        crb_stream_fail(stream, &error);
        result = CORBEL_STREAM_OVER;
    }
    return result;
}

typedef struct stream_head {
    size_t len; /* of itself */
    uint64_t size, n_refs;
} stream_head;

typedef enum stream_head_result { HEAD_OK, HEAD_INCOMPLETE, HEAD_BAD } stream_head_result;

static stream_head_result head_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        if (*at == end) {
            return HEAD_INCOMPLETE;
        }
        const uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            *ret = value;
            return HEAD_OK;
        }
    }
    return HEAD_BAD;
}

static stream_head_result head_read(const uint8_t *data, size_t len, stream_head *ret)
{
    const uint8_t *at = data;
    uint64_t first = 0;
    ret->n_refs = 0;
    stream_head_result result = head_varint(&at, data + len, &first);
    if (result == HEAD_OK && (first & 1) != 0) {
        result = head_varint(&at, data + len, &ret->n_refs);
        if (result == HEAD_OK && ret->n_refs == 0) {
            result = HEAD_BAD;
        }
    }
    ret->size = first >> 1;
    ret->len = (size_t)(at - data);
    return result;
}

static void reader_fail(corbel_stream *stream, corbel_status status, const char *message)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, status, stream->call != NULL ? CORBEL_COMPLETED_MAYBE : CORBEL_COMPLETED_YES, "item %llu of the stream: %s",
             (unsigned long long)stream->n_items + 1, message);
    crb_stream_fail(stream, &error);
}

/** Is the head one that this side takes? */
static bool reader_takes(corbel_stream *stream, stream_head_result result, const stream_head *head)
{
    if (result == HEAD_BAD) {
        reader_fail(stream, CORBEL_DECODE, "its length is not valid");
    } else if (result == HEAD_OK && head->size > stream->runtime->limits.max_body) {
        reader_fail(stream, CORBEL_LIMIT, "it is longer than this side takes");
    } else if (result == HEAD_OK && head->n_refs > stream->n_refs - stream->ref_at) {
        reader_fail(stream, CORBEL_DECODE, "its references did not come along");
    } else {
        return true;
    }
    return false;
}

static void reader_consume(corbel_stream *stream, size_t n)
{
    stream->at += n;
    stream->used_up += n;
}

/** Puts the next item together of pieces. */
static corbel_stream_result reader_join(corbel_stream *stream, stream_head *head, bool *ret_whole)
{
    crb_buf *const partial = &stream->partial;
    const stream_head_result result = head_read(partial->data, partial->len, head);
    if (!reader_takes(stream, result, head)) {
        return CORBEL_STREAM_OVER;
    }
    const size_t left = stream->current->bytes.len - stream->at;
    const uint64_t wants = result == HEAD_OK ? head->len + head->size - partial->len : 1;
    const size_t n = wants < left ? (size_t)wants : left;
    crb_buf_append(partial, stream->current->bytes.data + stream->at, n);
    if (partial->failed) {
        reader_fail(stream, CORBEL_NO_MEMORY, "no memory for it");
        return CORBEL_STREAM_OVER;
    }
    reader_consume(stream, n);
    *ret_whole = result == HEAD_OK && n == wants;
    return CORBEL_STREAM_OK;
}

/** The bytes of the next item; they last until the next one is asked for. */
static corbel_stream_result reader_item(corbel_stream *stream, bool may_wait, stream_head *head, const uint8_t **ret)
{
    if (stream->partial_done) {
        stream->partial_done = false;
        stream->partial.len = 0;
        if (stream->partial.capacity > STREAM_KEEP) {
            crb_buf_clear(&stream->partial);
        }
    }
    for (;;) {
        if (stream->current == NULL || stream->at == stream->current->bytes.len) {
            const corbel_stream_result result = reader_more(stream, may_wait);
            if (result != CORBEL_STREAM_OK) {
                const bool failed = stream->call != NULL && atomic_load(&stream->call->done) &&
                                    stream->call->value.outcome == CRB_OUTCOME_ERROR;     /* which tells why */
                if (result == CORBEL_STREAM_OVER && stream->partial.len > 0 && !failed) { /* it can not have been meant so */
                    reader_fail(stream, CORBEL_DECODE, "it ends early");
                }
                return result;
            }
            continue;
        }
        const uint8_t *const at = stream->current->bytes.data + stream->at;
        const size_t left = stream->current->bytes.len - stream->at;
        if (stream->partial.len == 0) {
            const stream_head_result result = head_read(at, left, head);
            if (!reader_takes(stream, result, head)) {
                return CORBEL_STREAM_OVER;
            }
            if (result == HEAD_OK && head->size <= left - head->len) {
                reader_consume(stream, head->len + (size_t)head->size);
                *ret = at + head->len;
                return CORBEL_STREAM_OK;
            }
            if (result == HEAD_OK) { /* so that the item is not moved while it grows, unless it is large */
                (void)crb_buf_reserve(&stream->partial, head->size < STREAM_KEEP ? head->len + (size_t)head->size : left);
            }
            crb_buf_append(&stream->partial, at, left);
            if (stream->partial.failed) {
                reader_fail(stream, CORBEL_NO_MEMORY, "no memory for it");
                return CORBEL_STREAM_OVER;
            }
            reader_consume(stream, left);
            continue;
        }
        bool whole = false;
        const corbel_stream_result result = reader_join(stream, head, &whole);
        if (result != CORBEL_STREAM_OK) {
            return result;
        }
        if (whole) {
            stream->partial_done = true;
            *ret = stream->partial.data + head->len;
            return CORBEL_STREAM_OK;
        }
    }
}

static bool reader_is_by_address(const corbel_type *type)
{
    return type->kind == CORBEL_KIND_STRUCT || type->kind == CORBEL_KIND_UNION || type->kind == CORBEL_KIND_ARRAY;
}

/** The item becomes a value, lent until the next one. */
static bool reader_decode(corbel_stream *stream, const uint8_t *data, const stream_head *head, void *ret)
{
    crb_ref_table table = { stream->refs + stream->ref_at, (size_t)head->n_refs };
    const crb_ref_reader reader = { crb_ref_table_take, &table };
    const void *value = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    if (stream->arena == NULL && (stream->arena = crb_arena_new(0)) == NULL) {
        reader_fail(stream, CORBEL_NO_MEMORY, "no memory for it");
        return false;
    }
    crb_arena_reset(stream->arena);
    const corbel_status status = crb_decode_args(stream->item, 1, data, (size_t)head->size, &stream->runtime->values, &reader,
                                                 stream->arena, &stream->held, &value, &error);
    for (size_t i = 0; i < head->n_refs; i++) {
        crb_target_unref(table.items[i].target);
    }
    stream->ref_at += (size_t)head->n_refs;
    stream->used_up += CRB_STREAM_REF_COST * head->n_refs;
    if (status != CORBEL_OK) {
        reader_fail(stream, status, error.message);
        corbel_error_clear(&error);
        return false;
    }
    stream->n_items++;
    if (reader_is_by_address(stream->item->type)) {
        memcpy(ret, &value, sizeof value);
    } else {
        memcpy(ret, value, stream->item->type->size);
    }
    return true;
}

static void stream_misused(corbel_stream *stream, const char *what)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, CORBEL_MISUSE, CORBEL_COMPLETED_MAYBE, "%s", what);
    crb_stream_fail(stream, &error);
}

static corbel_stream_result stream_next(corbel_stream *self, const corbel_type *type, void *ret, bool may_wait)
{
    if (self == NULL || self->conduit == NULL || self->left || crb_forked()) {
        return CORBEL_STREAM_OVER;
    }
    if (self->writes || (type != NULL && type->size != self->item->type->size)) {
        stream_misused(self,
                       self->writes ? "_next() of a stream that is written here" : "items of another type than the stream's");
        return CORBEL_STREAM_OVER;
    }
    if (self->held.len > 0 || self->held.anys != NULL) {
        crb_held_release(&self->held);
        self->held = (crb_held) { 0 };
    }
    stream_head head;
    const uint8_t *data = NULL;
    self->wait_until = 0;
    const corbel_stream_result result = reader_item(self, may_wait, &head, &data);
    if (result != CORBEL_STREAM_OK) {
        return result;
    }
    if (self->used_up >= self->runtime->limits.window_stream / 8) {
        crb_conduit_lock(self->conduit);
        reader_give_back_locked(self);
        crb_conduit_unlock(self->conduit);
    }
    return reader_decode(self, data, &head, ret) ? CORBEL_STREAM_OK : CORBEL_STREAM_OVER;
}

bool corbel_stream_next(corbel_stream *self, const corbel_type *type, void *ret)
{
    return stream_next(self, type, ret, true) == CORBEL_STREAM_OK;
}

/** What came behind references without bytes joins them. False: no memory. */
static bool reader_join_items(crb_items *items, crb_items *more)
{
    if (more->n_refs > 0) {
        crb_ref *const refs = realloc(items->refs, (items->n_refs + more->n_refs) * sizeof *refs);
        if (refs == NULL) {
            return false;
        }
        memcpy(refs + items->n_refs, more->refs, more->n_refs * sizeof *refs);
        items->refs = refs;
        items->n_refs += more->n_refs;
        free(more->refs);
        more->refs = NULL;
        more->n_refs = 0;
    }
    items->bytes = more->bytes;
    more->bytes = (crb_buf)CRB_BUF_INIT;
    return true;
}

corbel_stream_result crb_stream_take_items(corbel_stream *stream, crb_items **items)
{
    crb_conduit *const conduit = stream->conduit;
    for (;;) {
        crb_conduit_lock(conduit);
        const bool over = conduit->ended || stream->left;
        crb_items *const more = conduit_pop_locked(conduit);
        crb_conduit_unlock(conduit);
        if (more == NULL) {
            return over ? CORBEL_STREAM_OVER : CORBEL_STREAM_WOULD_BLOCK;
        }
        if (*items == NULL) {
            *items = more;
        } else {
            const bool joined = reader_join_items(*items, more);
            crb_items_free(more);
            if (!joined) {
                reader_fail(stream, CORBEL_NO_MEMORY, "no memory for its references");
                return CORBEL_STREAM_OVER;
            }
        }
        if ((*items)->bytes.len > 0) {
            return CORBEL_STREAM_OK;
        }
    }
}

void crb_stream_used(corbel_stream *stream, uint64_t cost)
{
    crb_conduit_lock(stream->conduit);
    stream->used_up += cost;
    reader_give_back_locked(stream);
    crb_conduit_unlock(stream->conduit);
}

/* ---- writing ---- */

/** Into the reader's queue. Under the guard. */
static corbel_status writer_push_locked(crb_conduit *conduit, const uint8_t *bytes, size_t len, const crb_ref *refs,
                                        size_t n_refs)
{
    crb_items *tail = conduit->tail;
    if (tail == NULL || n_refs > 0 || tail->n_refs > 0 || tail->bytes.len + len > STREAM_GATHER) {
        tail = conduit->spare != NULL ? conduit->spare : calloc(1, sizeof *tail);
        if (tail == NULL) {
            return CORBEL_NO_MEMORY;
        }
        conduit->spare = NULL;
    }
    crb_buf_append(&tail->bytes, bytes, len);
    crb_ref *const copies = n_refs == 0 || tail->bytes.failed ? NULL : malloc(n_refs * sizeof *copies);
    if (tail->bytes.failed || (n_refs > 0 && copies == NULL)) {
        tail->bytes.failed = false; /* as long as it was */
        if (tail != conduit->tail) {
            tail->bytes.len = 0;
            conduit->spare = tail;
        }
        return CORBEL_NO_MEMORY;
    }
    for (size_t i = 0; i < n_refs; i++) {
        copies[i] = refs[i];
        crb_target_ref(refs[i].target);
    }
    if (tail != conduit->tail) {
        tail->refs = copies;
        tail->n_refs = n_refs;
        *conduit->last = tail;
        conduit->last = &tail->next;
        conduit->tail = tail;
    }
    conduit->queued += len + CRB_STREAM_REF_COST * (uint64_t)n_refs;
    crb_side_wake_locked(&conduit->reader);
    return CORBEL_OK;
}

/** Into the session. Under the peer's lock. */
static corbel_status writer_send_locked(crb_conduit *conduit, const uint8_t *bytes, size_t len, const crb_ref *refs,
                                        size_t n_refs, crb_ref_out *out)
{
    if (n_refs > 0) {
        crb_peer_refs_out_locked(conduit->peer, refs, n_refs, out);
    }
    const corbel_status status = crb_session_stream_put(conduit->peer->session, conduit->core, bytes, len, out, n_refs);
    if (status == CORBEL_OK && n_refs > 0) {
        crb_peer_refs_sent_locked(conduit->peer, refs, n_refs, out);
    }
    return status;
}

static bool writer_has_room_locked(const corbel_stream *stream)
{
    const crb_conduit *const conduit = stream->conduit;
    if (conduit->peer == NULL) {
        return conduit->queued < stream->runtime->limits.window_stream;
    }
    return crb_session_stream_has_room(conduit->peer->session, conduit->core);
}

static bool writer_is_over_locked(const crb_conduit *conduit)
{
    return conduit->closed || conduit->ended || (conduit->peer != NULL && conduit->core == NULL);
}

static corbel_status writer_put(corbel_stream *stream, const uint8_t *bytes, size_t len, const crb_ref *refs, size_t n_refs,
                                bool may_wait)
{
    crb_conduit *const conduit = stream->conduit;
    crb_ref_out few[8];
    crb_ref_out *const out = n_refs <= sizeof few / sizeof few[0] ? few : calloc(n_refs, sizeof *out);
    if (out == NULL) {
        return CORBEL_NO_MEMORY;
    }
    corbel_status status = CORBEL_OK;
    crb_conduit_lock(conduit);
    while (status == CORBEL_OK && !writer_is_over_locked(conduit) && !writer_has_room_locked(stream)) {
        status = !may_wait ? CORBEL_WOULD_BLOCK : !crb_stream_wait_locked(stream) ? CORBEL_DEADLINE : CORBEL_OK;
    }
    if (writer_is_over_locked(conduit)) {
        status = CORBEL_CANCELLED;
    } else if (status == CORBEL_OK) {
        status = conduit->peer == NULL ? writer_push_locked(conduit, bytes, len, refs, n_refs)
                                       : writer_send_locked(conduit, bytes, len, refs, n_refs, out);
    }
    crb_conduit_unlock(conduit);
    if (out != few) {
        free(out);
    }
    return status;
}

static void writer_fail(corbel_stream *stream, corbel_status status, const char *message)
{
    corbel_error error = CORBEL_ERROR_INIT;
    crb_fail(&error, status, stream->call != NULL ? CORBEL_COMPLETED_MAYBE : CORBEL_COMPLETED_YES, "item %llu of the stream: %s",
             (unsigned long long)stream->n_items + 1, message);
    crb_stream_fail(stream, &error);
}

/** What a put that failed means for the stream. */
static corbel_stream_result writer_result(corbel_stream *stream, corbel_status status)
{
    switch (status) {
    case CORBEL_OK:
        return CORBEL_STREAM_OK;
    case CORBEL_WOULD_BLOCK:
        return CORBEL_STREAM_WOULD_BLOCK;
    case CORBEL_DEADLINE:
        stream_fail_waiting(stream);
        break;
    case CORBEL_LIMIT:
        writer_fail(stream, status, "it is longer, or has more references, than the reader takes");
        break;
    case CORBEL_NOT_FOUND:
        writer_fail(stream, status, "it has a reference to an object that is gone");
        break;
    case CORBEL_INVALID_ARGUMENT:
        writer_fail(stream, status, "it has a reference that is a promise still");
        break;
    case CORBEL_NO_MEMORY:
        writer_fail(stream, status, "no memory for it");
        break;
    default: /* the reader has had enough, or is gone: the call tells */
        stream->left = true;
        break;
    }
    return CORBEL_STREAM_OVER;
}

corbel_stream_result crb_stream_put_items(corbel_stream *stream, const uint8_t *bytes, size_t len, const crb_ref *refs,
                                          size_t n_refs, bool may_wait)
{
    corbel_status gone = CORBEL_OK;
    for (size_t i = 0; i < n_refs; i++) {
        gone = refs[i].target == NULL ? CORBEL_NOT_FOUND : gone;
    }
    if (gone != CORBEL_OK) {
        return writer_result(stream, gone);
    }
    return stream->left ? CORBEL_STREAM_OVER : writer_result(stream, writer_put(stream, bytes, len, refs, n_refs, may_wait));
}

bool crb_stream_ask(corbel_stream *stream, void (*notify)(void *user), void *user)
{
    crb_conduit *const conduit = stream->conduit;
    crb_conduit_lock(conduit);
    const bool now = stream->writes ? writer_is_over_locked(conduit) || writer_has_room_locked(stream)
                                    : conduit->first != NULL || conduit->ended;
    if (!now) {
        crb_stream_side *const side = stream->writes ? &conduit->writer : &conduit->reader;
        side->notify = notify;
        side->user = user;
        side->asked = true;
    }
    crb_conduit_unlock(conduit);
    return !now;
}

bool crb_stream_ask_no_more(corbel_stream *stream)
{
    crb_conduit *const conduit = stream->conduit;
    crb_conduit_lock(conduit);
    crb_stream_side *const side = stream->writes ? &conduit->writer : &conduit->reader;
    const bool asked = side->asked;
    side->asked = false;
    crb_conduit_unlock(conduit);
    return asked;
}

/** Writes a varint so that it ends before end; returns where it begins. */
static uint8_t *writer_varint_before(uint8_t *end, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;
    while (value >= 0x80) {
        bytes[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[n++] = (uint8_t)value;
    return memcpy(end - n, bytes, n);
}

/** The item as bytes behind STREAM_HEAD of scratch; its references into list. */
static bool writer_encode(corbel_stream *stream, const void *value, crb_ref_list *list)
{
    const crb_ref_writer writer = { crb_ref_list_add, list };
    corbel_error error = CORBEL_ERROR_INIT;
    stream->scratch.len = 0;
    if (crb_buf_reserve(&stream->scratch, STREAM_HEAD) == NULL) {
        stream->scratch.failed = false;
        writer_fail(stream, CORBEL_NO_MEMORY, "no memory for it");
        return false;
    }
    stream->scratch.len = STREAM_HEAD;
    corbel_status status = crb_encode_params(stream->item, 1, &value, &writer, &stream->scratch, &error);
    if (status == CORBEL_OK && list->len > 0 && stream->conduit->peer != NULL) {
        status = crb_refs_may_leave(list->items, list->len, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, &error);
    }
    if (status == CORBEL_OK && stream->scratch.len - STREAM_HEAD > stream->runtime->limits.max_body) {
        status = crb_fail(&error, CORBEL_LIMIT, CORBEL_COMPLETED_NO, "it is longer than a body may be");
    }
    if (status != CORBEL_OK) {
        const corbel_status said = stream->call != NULL || status != CORBEL_INVALID_ARGUMENT ? status : CORBEL_BAD_REPLY;
        stream->scratch.failed = false;
        writer_fail(stream, said, error.message);
        corbel_error_clear(&error);
        return false;
    }
    return true;
}

static corbel_stream_result stream_put(corbel_stream *self, const corbel_type *type, const void *value, bool may_wait)
{
    if (self == NULL || self->conduit == NULL || self->left || crb_forked()) {
        return CORBEL_STREAM_OVER;
    }
    if (!self->writes || (type != NULL && type->size != self->item->type->size)) {
        stream_misused(self, self->writes ? "items of another type than the stream's" : "_put() to a stream that is read here");
        return CORBEL_STREAM_OVER;
    }
    crb_ref_list list = { 0 };
    corbel_stream_result result = CORBEL_STREAM_OVER;
    self->wait_until = 0;
    if (writer_encode(self, value, &list)) {
        const size_t size = self->scratch.len - STREAM_HEAD;
        uint8_t *const end = self->scratch.data + STREAM_HEAD;
        uint8_t *at = list.len > 0 ? writer_varint_before(end, list.len) : end;
        at = writer_varint_before(at, (uint64_t)size << 1 | (list.len > 0));
        result = writer_result(self, writer_put(self, at, (size_t)(end - at) + size, list.items, list.len, may_wait));
        self->n_items += result == CORBEL_STREAM_OK;
    }
    if (list.items != NULL) {
        crb_refs_free(list.items, list.len);
    }
    if (self->scratch.capacity > (size_t)STREAM_KEEP * 4) {
        crb_buf_clear(&self->scratch);
    }
    return result;
}

bool corbel_stream_put(corbel_stream *self, const corbel_type *type, const void *value)
{
    return stream_put(self, type, value, true) == CORBEL_STREAM_OK;
}

corbel_stream_result corbel_stream_try_next(corbel_stream *self, const corbel_type *type, void *ret)
{
    return stream_next(self, type, ret, false);
}

corbel_stream_result corbel_stream_try_put(corbel_stream *self, const corbel_type *type, const void *value)
{
    return stream_put(self, type, value, false);
}

void corbel_stream_end(corbel_stream *self)
{
    if (self != NULL && !self->left && !crb_forked()) {
        self->left = true;
        crb_stream_leave(self);
    }
}
