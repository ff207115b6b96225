/** "Did you mean …?": the name that is nearest to one that does not exist. */
#ifndef CRB_SUGGEST_H
#define CRB_SUGGEST_H

#include <stddef.h>

typedef struct crb_suggestion {
    const char *name;
    const char *best; /* borrowed from a candidate; NULL: none is near */
    size_t distance;  /* of best */
} crb_suggestion;

void crb_suggest_begin(crb_suggestion *self, const char *name);
/** One that exists. Near is: at most a third of the letters wrong, missing, too many, or swapped with their neighbours; or no
 * more than capitals and underscores differ. */
void crb_suggest(crb_suggestion *self, const char *candidate);

#endif /* CRB_SUGGEST_H */
