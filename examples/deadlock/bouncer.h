/* What the server and the client have alike: an object that bounces messages back. */
#ifndef BOUNCER_H
#define BOUNCER_H

#include "deadlock.corbel.h"

typedef struct bouncer {
    const char *name;
    deadlock_Bouncer *self; /* as whom it is called back; borrowed */
} bouncer;

corbel_status bouncer_process(void *self, corbel_request *request, deadlock_Message message, deadlock_Bouncer *back,
                              deadlock_Message *ret);
corbel_status bouncer_meet(void *self, corbel_request *request, deadlock_Bouncer *other, const char **ret);
corbel_status bouncer_name(void *self, corbel_request *request, const char **ret);

#endif
