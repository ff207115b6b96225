/* The parser of JSON: jansson, given the text in pieces. Between them stands what it does not do itself: to see that there is
 * memory for what comes next. */
#include "runtime/value/json_tree.h"
#include "runtime/base/buf.h"
#include "runtime/base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TREE_GROWTH = 80,  /* bytes that a byte of text becomes at most: "{}," is a table of its own */
    TREE_STEP = 16384, /* bytes of text for which there must be memory before they are parsed */
};

/** The text on its way to the parser. */
typedef struct tree_text {
    const char *text;
    size_t len, fed, granted; /* granted: for so much there was memory */
    bool no_memory;
} tree_text;

/** Is there memory for the next step? A token may be all that came so far, and its buffer doubles while the old one is kept. */
static void tree_grant(tree_text *t)
{
    const size_t n = t->len - t->fed < TREE_STEP ? t->len - t->fed : TREE_STEP;
    const size_t needed = TREE_GROWTH * n + 3 * (t->fed + n);
    void *const room = malloc(needed > 0 ? 2 * needed : 1); /* of the C library, which has to have it; it may lie apart */
    t->no_memory = room == NULL;
    t->granted = t->no_memory ? t->granted : t->fed + n;
    free(room);
}

/** The next piece; 0: the end. Where a token is longer than its buffer, and there is no memory for a larger one, jansson (2.14)
 *  leaves bytes of the token out and goes on: it aborts, or writes behind a block. So nothing is given to it before memory for it
 *  has been there. */
static size_t tree_feed(void *piece, size_t size, void *user)
{
    tree_text *const t = user;
    if (t->fed == t->granted && t->fed < t->len && !t->no_memory) {
        tree_grant(t);
    }
    const size_t n = t->granted - t->fed < size ? t->granted - t->fed : size;
    memcpy(piece, t->text + t->fed, n);
    t->fed += n;
    return n;
}

/** Was it memory that jansson had not? It has no error for that, or takes a string without memory for none. */
static bool tree_lacks_memory(const tree_text *t, const json_error_t *problem)
{
    static const char token[] = "invalid token", key[] = "string or '}' expected";
    if (t->no_memory || problem->text[0] == '\0') {
        return true;
    }
    const bool behind_string =
        problem->position > 0 && (size_t)problem->position <= t->len && t->text[problem->position - 1] == '"';
    return behind_string &&
           (strncmp(problem->text, token, sizeof token - 1) == 0 || strncmp(problem->text, key, sizeof key - 1) == 0);
}

static void tree_explain(const json_error_t *problem, enum json_error_code code, corbel_error *error)
{
    char shown[4 * JSON_ERROR_TEXT_LENGTH];
    const bool whole = code == json_error_numeric_overflow && strstr(problem->text, "big integer") != NULL;
    crb_fail(error, code == json_error_stack_overflow ? CORBEL_LIMIT : CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO,
             "line %d, column %d: %s%s", problem->line, problem->column, crb_escape(problem->text, shown, sizeof shown),
             whole ? "; above 9223372036854775807 it must be a string" : "");
}

json_t *crb_json_parse(const char *text, size_t len, size_t flags, enum json_error_code *ret_code, corbel_error *error)
{
    tree_text t = { .text = text, .len = len };
    json_error_t problem = { .line = 0 };
    json_t *const json = json_load_callback(tree_feed, &t, flags, &problem);
    enum json_error_code code = json_error_unknown;
    if (json != NULL && !t.no_memory) {
        return json;
    }
    json_decref(json);
    if (tree_lacks_memory(&t, &problem)) {
        code = json_error_out_of_memory;
        crb_fail(error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the text's values");
    } else {
        code = json_error_code(&problem);
        tree_explain(&problem, code, error);
    }
    if (ret_code != NULL) {
        *ret_code = code;
    }
    return NULL;
}

bool crb_json_fail(corbel_error *error, corbel_status status, const crb_path *path, const char *format, ...)
{
    char member[CRB_MAX_PATH], message[256];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    crb_fail(error, status, CORBEL_COMPLETED_NO, "%s%s%s", path != NULL ? crb_path_print(path, member) : "",
             path != NULL ? ": " : "", message);
    return false;
}

const char *crb_json_what(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    default:
        return "null";
    }
}
