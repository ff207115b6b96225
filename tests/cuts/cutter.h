/** A proxy for bytes, in a thread of its own: it passes on what comes between those who connect to it and a server, and cuts all
 * of its connections after exactly so many bytes, when it is told to. It knows nothing of what passes. */
#ifndef CORBEL_TEST_CUTTER_H
#define CORBEL_TEST_CUTTER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cutter cutter;

typedef enum cutter_direction { CUTTER_TO_SERVER, CUTTER_TO_CLIENT } cutter_direction;

/** server: where it connects to, "127.0.0.1:PORT" or "unix:@NAME", as in a URI. It listens at an address of the same kind. Fails
 * the program when it cannot. */
cutter *cutter_new(const char *server);
/** Cuts what there is. */
void cutter_free(cutter *self);
/** Where it listens; its own. */
const char *cutter_address(const cutter *self);
/** The next so many bytes in that direction are passed on, and then all connections end. reset: not in order but by a reset,
 * where the socket can. Connections made afterwards are left alone, until it is armed again. */
void cutter_arm(cutter *self, cutter_direction direction, uint64_t bytes, bool reset);
/** Not any more. False: it has cut already. */
bool cutter_disarm(cutter *self);
bool cutter_has_cut(const cutter *self);
/** Connections that were cut, or ended by themselves, so far. */
uint64_t cutter_ended(const cutter *self);

#endif /* CORBEL_TEST_CUTTER_H */
