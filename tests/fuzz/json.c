/* JSON, fed by structure: the first byte says of which type, and whether the rest is a text (raw), or decisions: for a random
 * value of the type, and then for changes to its text. Every text on the way is held against tests/runtime/value/json_rules.c. */
#include "tests/runtime/value/json_rules.h"
#include "tests/runtime/value/random_value.h"

#include <corbel/json.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW = 0x80, MOST_CHANGES = 6, DEPTH = 4 };

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

/** Pieces that mean something. */
static const char *const pieces[] = { "{",       "}",       "[",       "]",       "\"",         ",",
                                      ":",       "null",    "true",    "-",       "1e400",      "0.5",
                                      "\"NaN\"", "\\u0000", "\\ud83d", "\xff",    " ",          "99999999999999999999",
                                      "{}",      "[]",      "\"\"",    "\"D\":1", "\"items\":", "fake:1",
                                      "AAAA",    "1",       "" };

/** Some bytes of the text, in favour of a piece. */
static char *change(chance *c, char *text)
{
    const size_t len = strlen(text), at = chance_below(c, len + 1), gone = chance_below(c, len - at < 8 ? len - at + 1 : 8);
    const char *const piece = pieces[chance_below(c, sizeof pieces / sizeof *pieces)];
    const size_t n = strlen(piece);
    char *const changed = malloc(len + n + 1);
    must(changed != NULL);
    memcpy(changed, text, at);
    memcpy(changed + at, piece, n);
    memcpy(changed + at + n, text + at + gone, len - at - gone + 1);
    free(text);
    return changed;
}

static void run_decisions(const corbel_type *type, const uint8_t *data, size_t size)
{
    crb_arena *const arena = crb_arena_new(0);
    must(arena != NULL);
    chance c = { .state = 1, .data = data, .len = size, .arena = arena };
    void *const value = crb_arena_alloc(arena, 1, type->size);
    const size_t changes = chance_below(&c, MOST_CHANGES + 1);
    if (type != json_types[JSON_TYPES - 1]) { /* anys are not made at random */
        random_value(&c, type, value, DEPTH);
    }
    json_check_value(type, value);
    char *json = NULL;
    must(corbel_value_to_json(type, value, &json, NULL) == CORBEL_OK);
    char *text = strdup(json);
    must(text != NULL);
    corbel_string_free(json);
    for (size_t i = 0; i < changes; i++) {
        text = change(&c, text);
        json_check_text(type, text);
    }
    free(text);
    crb_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const corbel_type *const type = json_types[(data[0] & ~RAW) % JSON_TYPES];
    if ((data[0] & RAW) == 0) {
        run_decisions(type, data + 1, size - 1);
        return 0;
    }
    char *const text = malloc(size);
    must(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    json_check_text(type, text);
    free(text);
    return 0;
}
