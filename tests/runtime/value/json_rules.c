#include "tests/runtime/value/json_rules.h"
#include "tests/runtime/value/fake_object.h"
#include "tests/runtime/value/kinds.h"
#include "tests/runtime/value/rich.h"

#include <corbel/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Anys, which random values have not. */
typedef struct box {
    corbel_any *one;
    corbel_any_seq list;
} box;
static const corbel_member box_members[] = {
    { .name = "one", .id = 1, .offset = offsetof(box, one), .type = &corbel_any_type },
    { .name = "list", .id = 2, .offset = offsetof(box, list), .type = &corbel_any_seq_type },
};
static const corbel_type box_type = {
    .kind = CORBEL_KIND_STRUCT, .name = "test::Box", .size = sizeof(box), .count = 2, .members = box_members
};

const corbel_type *const json_types[JSON_TYPES] = { &rich_All_type,  &kinds_All_type,  &rich_Tree_type, &rich_Pick_type,
                                                    &rich_Leaf_type, &rich_Small_type, &box_type };

static void must(bool condition, const corbel_type *type, const char *rule, const char *text)
{
    if (!condition) {
        fprintf(stderr, "%s: %s: %s\n", type->name, rule, text);
        abort();
    }
}

/** The value's text; free() it. */
static char *write_text(const corbel_type *type, const void *value)
{
    char *text = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    must(corbel_value_to_json(type, value, &text, &error) == CORBEL_OK, type, "a value has a text", error.message);
    corbel_error_clear(&error);
    char *const copy = strdup(text);
    corbel_string_free(text);
    return copy;
}

/** What comes out of the text, in the caller's storage or a block; free with drop(). */
typedef struct read_value {
    void *value;
    bool plain;
} read_value;

static bool read_text(const corbel_type *type, const char *text, read_value *ret, corbel_error *error)
{
    *ret = (read_value) { NULL, (type->flags & CORBEL_PLAIN) != 0 };
    if (!ret->plain) {
        return corbel_value_from_json(fake_runtime, type, text, &ret->value, error) == CORBEL_OK;
    }
    ret->value = calloc(1, type->size);
    if (corbel_value_from_json(fake_runtime, type, text, ret->value, error) == CORBEL_OK) {
        return true;
    }
    free(ret->value);
    return false;
}

static void drop(read_value *read)
{
    if (read->plain) {
        free(read->value);
    } else {
        corbel_block_free(read->value);
    }
}

/** The value's text is read to the same text and, but for NaN, to an equal value. */
static void check_back(const corbel_type *type, const void *value)
{
    read_value back;
    corbel_error error = CORBEL_ERROR_INIT;
    char *const text = write_text(type, value);
    must(read_text(type, text, &back, &error), type, error.message, text);
    char *const again = write_text(type, back.value);
    must(strcmp(text, again) == 0, type, "its text is always the same", text);
    must(strstr(text, "NaN") != NULL || corbel_value_equal(type, value, back.value), type, "it comes back", text);
    drop(&back);
    free(text);
    free(again);
}

bool json_check_text(const corbel_type *type, const char *json)
{
    const long counts = fake_counts();
    read_value read;
    corbel_error error = CORBEL_ERROR_INIT;
    const bool taken = read_text(type, json, &read, &error);
    if (taken) {
        check_back(type, read.value);
        drop(&read);
    } else {
        must(error.status == CORBEL_INVALID_ARGUMENT || error.status == CORBEL_LIMIT, type, "refused for its own sake",
             error.message);
        corbel_error_clear(&error);
    }
    must(fake_counts() == counts, type, "references are given back", json);
    return taken;
}

void json_check_value(const corbel_type *type, const void *value)
{
    const long counts = fake_counts();
    check_back(type, value);
    must(fake_counts() == counts, type, "references are given back", "");
}
