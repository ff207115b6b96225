/** corbelc --explain: what a message means. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stdbool.h>

/** Prints to standard output what the id means, with its examples. false: there is no such id, which was said. */
bool explain_id(const char *id);

/** Prints all ids with their titles, one a line. */
void explain_list(void);

#endif /* EXPLAIN_H */
