/** Descriptions of interfaces, as a hostile peer may send them, and messages for what they describe. What becomes tables can be
 *  described again to the same tables; the codec, which trusts tables, reads and writes with both alike. Input: the length of the
 *  description in two bytes, the lowest first, the description, and a message. */
#include "runtime/describe/describe.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/fail.h"
#include "runtime/value/codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_PARAMS = 32, MOST_OPERATIONS = 16 };

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

/** There are no objects here. */
static corbel_object *no_object(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    (void)tag;
    must(interface == NULL || interface->name != NULL);
    (void)crb_fail(reterr, CORBEL_DECODE, CORBEL_COMPLETED_NO, "no objects here");
    return NULL;
}

static uint64_t no_tag(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr)
{
    (void)user;
    (void)object;
    (void)interface;
    (void)reterr;
    abort(); /* none was read */
}

/** Reads the message and writes it again. The status of the first that failed. */
static corbel_status read_and_write(const corbel_param *params, uint32_t n, const uint8_t *data, size_t len, crb_buf *out)
{
    const crb_codec_limits limits = { 1 << 20, 16 };
    const crb_ref_reader reader = { .take = no_object };
    const crb_ref_writer writer = { .add = no_tag };
    const void *values[MOST_PARAMS];
    crb_held held = { 0 };
    crb_arena *const arena = crb_arena_new(0);
    must(arena != NULL && n <= MOST_PARAMS);
    corbel_status status = crb_decode_args(params, n, data, len, &limits, &reader, arena, &held, values, NULL);
    if (status == CORBEL_OK) {
        status = crb_encode_params(params, n, values, &writer, out, NULL);
        must(status == CORBEL_OK || status == CORBEL_INVALID_ARGUMENT); /* what is absent may be out of its range */
        crb_held_release(&held);
    }
    crb_arena_free(arena);
    return status;
}

static void check_message(const corbel_param *a, const corbel_param *b, uint32_t n, const uint8_t *data, size_t len)
{
    crb_buf one = CRB_BUF_INIT, other = CRB_BUF_INIT, again = CRB_BUF_INIT;
    const corbel_status status = read_and_write(a, n, data, len, &one);
    must(read_and_write(b, n, data, len, &other) == status);
    if (status == CORBEL_OK) {
        must(one.len == other.len && (one.len == 0 || memcmp(one.data, other.data, one.len) == 0));
        if (read_and_write(a, n, one.data, one.len, &again) == CORBEL_OK) {
            must(one.len == again.len && (one.len == 0 || memcmp(one.data, again.data, one.len) == 0));
        }
    }
    crb_buf_clear(&one);
    crb_buf_clear(&other);
    crb_buf_clear(&again);
}

static void check_operations(const corbel_interface *a, const corbel_interface *b, const uint8_t *data, size_t len)
{
    must(a->n_methods == b->n_methods);
    for (uint32_t m = 0; m < a->n_methods && m < MOST_OPERATIONS; m++) {
        const corbel_operation *const one = a->methods[m].operation, *const other = b->methods[m].operation;
        char text[100];
        must(one->n_in == other->n_in && one->n_out == other->n_out && strcmp(one->name, other->name) == 0);
        if (one->n_in <= MOST_PARAMS && one->n_out <= MOST_PARAMS) {
            check_message(one->in, other->in, one->n_in, data, len);
            check_message(one->out, other->out, one->n_out, data, len);
        }
        for (uint32_t i = 0; i < one->n_in && i < MOST_PARAMS; i++) {
            must(strlen(crb_type_phrase(one->in[i].type, text, sizeof text)) < sizeof text);
            must(one->in[i].type->size == other->in[i].type->size);
            (void)crb_is_annotated(one->in[i].annotations, "min");
        }
        for (size_t i = 0; one->raises != NULL && one->raises[i] != NULL && i < MOST_PARAMS; i++) {
            const corbel_param e = { .name = "e", .id = 1, .type = one->raises[i] },
                               f = { "e", 1, other->raises[i], 0, NULL, NULL };
            check_message(&e, &f, 1, data, len);
        }
        must(crb_operations_agree(one, other, text, sizeof text) || (text[0] != '\0' && strlen(text) < sizeof text));
        (void)crb_operations_agree(one, b->methods[b->n_methods - 1 - m].operation, text, sizeof text);
        must(strlen(text) < sizeof text);
    }
}

/** NULL: refused, with a message. */
static crb_tables *tables_of(const uint8_t *data, size_t len)
{
    const crb_rebuild_limits limits = { 1 << 20, 1000, 16, 1 << 16 };
    void *description = NULL;
    crb_tables *tables = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    if (crb_decode_struct(&corbel_InterfaceDescription_type, data, len, NULL, NULL, &description, NULL)) {
        return NULL;
    }
    const corbel_status status = crb_tables_new(description, &limits, &tables, &error);
    must((status == CORBEL_OK) == (tables != NULL) && error.status == status);
    must(status == CORBEL_OK || strncmp(error.message, "the description: ", 17) == 0);
    corbel_error_clear(&error);
    corbel_block_free(description);
    return tables;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t said = size < 2 ? 0 : (size_t)data[0] | (size_t)data[1] << 8;
    if (size < 2) {
        return 0;
    }
    const size_t len = said < size - 2 ? said : size - 2;
    crb_tables *const tables = tables_of(data + 2, len);
    if (tables == NULL) {
        return 0;
    }
    corbel_InterfaceDescription description = { 0 };
    crb_tables *again = NULL;
    crb_arena *const arena = crb_arena_new(0);
    must(arena != NULL);
    /* A default that its own range forbids cannot be written. */
    if (crb_describe(crb_tables_interface(tables), arena, &description, NULL) == CORBEL_OK) {
        must(crb_tables_new(&description, NULL, &again, NULL) == CORBEL_OK);
        check_operations(crb_tables_interface(tables), crb_tables_interface(again), data + 2 + len, size - 2 - len);
    }
    crb_tables_free(again);
    crb_tables_free(tables);
    crb_arena_free(arena);
    return 0;
}
