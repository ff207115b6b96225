/* Arguments and results of calls by name, as JSON: two bytes choose an operation of the kitchen sink, one its arguments or
 * results and whose tables, the generated ones or those made of a description; the rest is the text. What is taken is a message,
 * whose JSON gives the same message again, and whose values both tables read alike. */
#include "kitchen.corbel.h"

#include <corbel/dynamic.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RESULTS = 1, DESCRIBED = 2, REFERENCES = 4 };

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static const corbel_interface *described(void)
{
    static const corbel_interface *made;
    if (made == NULL) {
        char *json = NULL;
        must(corbel_interface_to_json(&kitchen_Sink_interface, &json, NULL) == CORBEL_OK);
        must(corbel_interface_from_json(json, &made, NULL) == CORBEL_OK);
        corbel_string_free(json);
    }
    return made;
}

/** It failed as it may fail: with a status for bad text, a message, and completion NO. */
static void check_refusal(corbel_status status, corbel_error *error)
{
    must(status == CORBEL_INVALID_ARGUMENT || status == CORBEL_LIMIT);
    must(error->status == status && error->completion == CORBEL_COMPLETED_NO && error->message[0] != '\0');
    corbel_error_clear(error);
}

static bool same(const corbel_message *a, const corbel_message *b)
{
    return a->body.len == b->body.len && memcmp(a->body.items, b->body.items, a->body.len) == 0 &&
           a->n_references == b->n_references;
}

/** The JSON of the message gives the message, with these tables and with the others. */
static void check_message(const corbel_param *params, const corbel_param *others, uint32_t n, const corbel_message *message)
{
    char *one = NULL, *two = NULL;
    corbel_object_seq beside = { 0, NULL };
    corbel_message again = CORBEL_MESSAGE_INIT;
    must(corbel_message_to_json(params, n, message, &one, &beside, NULL) == CORBEL_OK);
    must(corbel_message_from_json(NULL, params, n, one, &beside, &again, NULL) == CORBEL_OK);
    must(same(message, &again));
    corbel_message_clear(&again);
    must(corbel_message_to_json(others, n, message, &two, NULL, NULL) == CORBEL_OK);
    must(strcmp(one, two) == 0);
    must(corbel_message_from_json(NULL, others, n, two, NULL, &again, NULL) == CORBEL_OK);
    must(same(message, &again));
    corbel_message_clear(&again);
    corbel_string_free(one);
    corbel_string_free(two);
    corbel_object_seq_clear(&beside);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    const uint32_t which = ((uint32_t)data[0] << 8 | data[1]) % kitchen_Sink_interface.n_methods;
    const corbel_operation *const one = kitchen_Sink_interface.methods[which].operation;
    const corbel_operation *const two = described()->methods[which].operation;
    const corbel_operation *const use = (data[2] & DESCRIBED) != 0 ? two : one, *const other = use == one ? two : one;
    const bool results = (data[2] & RESULTS) != 0;
    const uint32_t n = results ? use->n_out : use->n_in;
    const corbel_param *const params = results ? use->out : use->in, *const others = results ? other->out : other->in;
    char *const text = malloc(size - 2);
    must(text != NULL);
    memcpy(text, data + 3, size - 3);
    text[size - 3] = '\0';
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_message message = CORBEL_MESSAGE_INIT;
    corbel_object *nil[2] = { NULL, NULL };
    const corbel_object_seq beside = { 2, nil };
    const corbel_status status =
        corbel_message_from_json(NULL, params, n, text, (data[2] & REFERENCES) != 0 ? &beside : NULL, &message, &error);
    if (status == CORBEL_OK) {
        check_message(params, others, n, &message);
    } else {
        check_refusal(status, &error);
    }
    corbel_message_clear(&message);
    free(text);
    return 0;
}
