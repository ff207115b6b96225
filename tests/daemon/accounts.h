/** Branches and accounts: what the tests of promises call, in three runtimes, each a process to the others. */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include "probe.h"
#include "promises.corbel.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))

/** A runtime, a daemon, and a branch registered as "branch". */
typedef struct place {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    promises_Branch *branch;
    char *uri;
    probe_event finalized;
} place;
void place_start(place *at);
/** listen: as of corbel_daemon_new(). */
void place_start_at(place *at, const char *listen);
void place_stop(place *at);

extern place near, far; /* far is a third process to the client */
extern place own;       /* the client's own objects: the runtime is client, and it has no daemon */
extern corbel_runtime *client;
extern promises_Branch *branch, *far_branch; /* the client's of near's, near's of far's */
extern probe_event go_on;                    /* what later(), mirror() and hold() of an account wait for */
extern _Atomic uint64_t made;                /* accounts */

promises_Branch *branch_new(place *at);
promises_Account *account_new(place *at, const char *owner);

int accounts_set_up(void **state);
/** Fails unless every account that was made is gone: nobody holds what nobody has. */
int accounts_tear_down(void **state);

void assert_owner(promises_Account *account, const char *expected);
void assert_fails(promises_Account *account, corbel_status status, const char *message);

#endif /* ACCOUNTS_H */
