/** Parameters as a JSON object by their names. */
#ifndef CRB_JSON_PARAMS_H
#define CRB_JSON_PARAMS_H

#include "runtime/value/json_read.h"

/** The parameters as the members of a struct without places, for names and paths; members are malloc'ed: free(). NULL: no memory.
 */
corbel_member *crb_json_params_type(const corbel_param *params, uint32_t n, corbel_type *ret);
/** A reader's function: all of them, in any order, as one message. user: that type. */
bool crb_json_read_params(crb_json_reader *r, json_t *json, const void *user);
/** The reverse; in json_write.c. values[i]: address of the C value. references: where those without a URI go; NULL: refused. */
corbel_status crb_json_write_params(const corbel_type *params, const void *const *values, crb_any_objects *references, char **ret,
                                    corbel_error *reterr);

#endif /* CRB_JSON_PARAMS_H */
