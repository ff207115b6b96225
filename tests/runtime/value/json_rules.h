/** What must be true of values and JSON, whatever they are. */
#ifndef CRB_TEST_JSON_RULES_H
#define CRB_TEST_JSON_RULES_H

#include <corbel/generated.h>

enum { JSON_TYPES = 7 };
/** Structs and unions with all kinds in them. */
extern const corbel_type *const json_types[JSON_TYPES];

/** Aborts, after a line on stderr, where what is read from the text does not come back from what it is written as. true: it was
 *  taken. */
bool json_check_text(const corbel_type *type, const char *json);
/** The same for a value: it must come back. */
void json_check_value(const corbel_type *type, const void *value);

#endif /* CRB_TEST_JSON_RULES_H */
