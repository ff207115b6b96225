/* The codec, fed by structure: the first byte says of which type, and whether the rest is a message (raw), or decisions: for a
 * random value of the type, and then for changes to its message, field by field. Every message on the way is held against
 * agreement.c. */
#include "runtime/value/codec.h"
#include "tests/runtime/value/agreement.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/mutate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW = 0x80, MOST_CHANGES = 6, DEPTH = 5 };

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void run_decisions(const agreement_schema *schema, const uint8_t *data, size_t size)
{
    crb_arena *arena = crb_arena_new(0);
    must(arena != NULL);
    chance c = { .state = 1, .data = data, .len = size, .arena = arena };
    void *value = crb_arena_alloc(arena, 1, schema->type->size);
    crb_buf buf = CRB_BUF_INIT;
    const size_t changes = chance_below(&c, MOST_CHANGES + 1);
    random_value(&c, schema->type, value, DEPTH);
    must(crb_encode_struct(schema->type, value, &fake_writer, &buf, NULL) == CORBEL_OK);
    must(agreement_check(schema, buf.data, buf.len));
    for (size_t i = 0; i < changes; i++) {
        crb_buf changed = CRB_BUF_INIT;
        mutate(&c, buf.data, buf.len, &changed);
        agreement_check(schema, changed.data, changed.len);
        crb_buf_clear(&buf);
        buf = changed;
    }
    crb_buf_clear(&buf);
    crb_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const agreement_schema *schema = &agreement_schemas[(data[0] & ~RAW) % AGREEMENT_SCHEMAS];
    if ((data[0] & RAW) != 0) {
        agreement_check(schema, data + 1, size - 1);
    } else {
        run_decisions(schema, data + 1, size - 1);
    }
    return 0;
}
