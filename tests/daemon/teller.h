/** A servant that tells what its calls carry. */
#ifndef TELLER_H
#define TELLER_H

#include "context.corbel.h"

#include <pthread.h>

typedef struct teller_state {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *heard; /* what the last oneway carried; NULL: none since the last look */
} teller_state;

void teller_init(teller_state *self);
void teller_destroy(teller_state *self);
ctx_Teller *teller_new(corbel_runtime *runtime, teller_state *self);
/** "correlation|traceparent|name=value,name=value!" with the names in order, and a ! behind values for here alone. Yours. */
char *teller_line(const corbel_context *context);

#endif /* TELLER_H */
