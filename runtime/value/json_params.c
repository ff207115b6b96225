/* Arguments from a JSON object. Other than in a struct nothing may be left out: who forgets an argument means no zero. */
#include "runtime/value/json_params.h"

#include "runtime/base/fail.h"
#include "runtime/base/suggest.h"
#include "runtime/value/json.h"

#include <stdlib.h>

corbel_member *crb_json_params_type(const corbel_param *params, uint32_t n, corbel_type *ret)
{
    corbel_member *const members = calloc((size_t)n + 1, sizeof *members);
    for (uint32_t i = 0; members != NULL && i < n; i++) {
        members[i] = (corbel_member) { .name = params[i].name, .id = params[i].id, .type = params[i].type };
    }
    *ret = (corbel_type) { .kind = CORBEL_KIND_STRUCT, .count = n, .members = members };
    return members;
}

static bool params_unknown(crb_json_reader *r, const corbel_type *type, const char *name)
{
    char shown[64];
    crb_suggestion suggestion;
    crb_suggest_begin(&suggestion, name);
    for (uint32_t i = 0; i < type->count; i++) {
        crb_suggest(&suggestion, type->members[i].name);
    }
    crb_escape(name, shown, sizeof shown);
    return suggestion.best == NULL ? crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, NULL, "no parameter \"%s\"", shown)
                                   : crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, NULL,
                                                   "no parameter \"%s\"; did you mean \"%s\"?", shown, suggestion.best);
}

bool crb_json_read_params(crb_json_reader *r, json_t *json, const void *user)
{
    const corbel_type *const type = user;
    if (!json_is_object(json)) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, NULL, "the arguments are %s, not an object",
                             crb_json_what(json));
    }
    json_t **const values = calloc((size_t)type->count + 1, sizeof(json_t *));
    if (values == NULL) {
        crb_fail(&r->error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for the arguments");
        return false;
    }
    bool done = true;
    for (void *at = json_object_iter(json); done && at != NULL; at = json_object_iter_next(json, at)) {
        const corbel_member *const param = crb_json_find(type, json_object_iter_key(at));
        if (param == NULL) {
            done = params_unknown(r, type, json_object_iter_key(at));
        } else if (values[param - type->members] != NULL) { /* by its other name */
            done = crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, NULL, "parameter %s comes again", param->name);
        } else {
            values[param - type->members] = json_object_iter_value(at);
        }
    }
    for (uint32_t i = 0; done && i < type->count; i++) {
        const corbel_member *const param = &type->members[i];
        const crb_path path = { .name = param->name };
        if (values[i] == NULL) {
            done = crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, NULL, "parameter %s is missing", param->name);
        } else if (!json_is_null(values[i])) {
            done = crb_json_read_value(r, values[i], param->id, param->type, false, &path);
        }
    }
    free(values);
    return done;
}
