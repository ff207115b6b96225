/** What is to be done when somebody starts or continues to lead, and not before: RECV is armed so. Armed right after a message it
 *  would cost a WINDOW_UPDATE of its own; armed after the next SEND, the update rides with the data. */
#ifndef CRB_ARM_H
#define CRB_ARM_H

#include <stdbool.h>

typedef struct crb_armable {
    void (*arm)(struct crb_armable *armable); /* on the leader, with no lock of io held */
    struct crb_armable *next, *prev;          /* io.c's */
    bool listed;                              /* io.c's */
} crb_armable;

/** Has arm() called, once, before the next time somebody polls. Any thread; it is not listed already. */
void crb_io_arm_later(crb_armable *armable);
/** Afterwards arm() is not called any more. On the leader. */
void crb_io_arm_not(crb_armable *armable);

#endif /* CRB_ARM_H */
