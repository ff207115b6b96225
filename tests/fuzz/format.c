/* Any text is laid out or refused. What is laid out has the same tokens, comments and directives, and laying it out again gives
 * the same bytes. */
#include "idl/format.h"
#include "tests/idl/format_support.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(int truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    char *messages = NULL;
    size_t messages_length = 0;
    char *once = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&messages, &messages_length);
    need(out != NULL);
    const idl_format_result result = idl_format("fuzz.idl", text, size, out, &once, &length);
    fclose(out);
    need((result == IDL_FORMAT_DONE) == (messages_length == 0));
    free(messages);
    if (result != IDL_FORMAT_DONE) {
        need(once == NULL);
        return 0;
    }
    char *twice = NULL;
    size_t again = 0;
    need(idl_format("fuzz.idl", once, length, NULL, &twice, &again) == IDL_FORMAT_DONE);
    need(again == length && memcmp(once, twice, length) == 0);
    free(twice);

    char *before = format_essence(text, size);
    char *after = format_essence(once, length);
    need(strcmp(before, after) == 0);
    free(before);
    free(after);
    free(once);
    return 0;
}
