/** Values of any type, made from its table alone: the lowest, the highest, empty ones, random ones, and those that are one past
 *  what the type allows. What they point to lives until kitchen_values_free(). */
#ifndef KITCHEN_VALUES_H
#define KITCHEN_VALUES_H

#include <corbel/generated.h>

/** The reference that values hold, and the type of anys' contents is chosen from these; set before the first value is made. */
extern corbel_object *kitchen_object;

enum { KITCHEN_EMPTY, KITCHEN_LOWEST, KITCHEN_HIGHEST, KITCHEN_RANDOM /* and all above: seeds */ };

/** Makes a value at ret, which has type->size zeroed bytes. */
void kitchen_value(const corbel_type *type, unsigned which, void *ret);
/** The highest value, made bad in the way number k. False: there are not so many ways. */
bool kitchen_bad_value(const corbel_type *type, unsigned k, void *ret);
void kitchen_values_free(void);
/** Zeroed, until kitchen_values_free(). */
void *kitchen_take(size_t size);

#endif /* KITCHEN_VALUES_H */
