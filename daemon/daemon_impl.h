/** Daemons, as the files of daemon/ see them. */
#ifndef CRB_DAEMON_IMPL_H
#define CRB_DAEMON_IMPL_H

#include "daemon/host.h"
#include "runtime/transport/transport.h"

#include <corbel/daemon.h>

/** A name that this daemon entered at the name server. */
typedef struct crb_published {
    struct crb_published *next;
    corbel_object *registration; /* the name is ours as long as we hold this, */
    corbel_object *lessee;       /* and the session to this lasts */
    char name[];
} crb_published;

struct corbel_daemon {
    corbel_runtime *runtime; /* its memory is counted */
    crb_listener *listener;
    int stop_event; /* an eventfd: readable once corbel_daemon_shutdown() was called */
    _Atomic bool stopping;
    pthread_mutex_t lock; /* guards: */
    crb_published *published;
    bool joined;
};

/** Forgets all ids of the daemon. */
void crb_ids_forget(corbel_daemon *daemon);
/** Gives all names back. */
void crb_publish_forget(corbel_daemon *daemon);
/** Ends the connection between signals and the daemon, if there is one. */
void crb_signals_forget(const corbel_daemon *daemon);

#endif /* CRB_DAEMON_IMPL_H */
