/** Desks: servants that write down what they are told, in the order in which they are; and a world with three of them, seen from
 *  another runtime over a session and from their own. For the tests of batches. */
#ifndef DESKS_H
#define DESKS_H

#include "probe.h"

#include "batches.corbel.h"

#include <stddef.h>

enum { BOOK = 40000 };

/** What the desks of one place share. */
typedef struct office {
    pthread_mutex_t lock;
    int32_t book[BOOK];
    uint32_t n;
    probe_event written, entered, go_on;
} office;
void office_init(office *self);
/** Its self is an office. */
extern const batches_Desk_servant desk_servant;

typedef struct world_state {
    probe_server server;
    office there; /* of all desks at the server */
    corbel_runtime *client;
    batches_Desk *remote[3], *local[3]; /* as the client sees them, and as the server does */
} world_state;
extern world_state world;
/** The remote ones, the local ones. */
extern batches_Desk *const *const world_sides[2];
int world_set_up(void **state);
int world_tear_down(void **state);
/** The book holds exactly these; then it is emptied. */
void world_expect_book(const int32_t *numbers, size_t n);

/** The three as members of a batch: yours, desks_give_back(). */
void desks_derive(batches_Desk *const *from, corbel_batch *batch, batches_Desk **ret);
void desks_give_back(batches_Desk **desks);

#endif /* DESKS_H */
