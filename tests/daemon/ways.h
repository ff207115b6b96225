/** Places: servants that call each other in every way there is, and note what each call carried. One runtime each: within a
 *  program, or (tests/process/ways_server.c) one program each. */
#ifndef WAYS_H
#define WAYS_H

#include "probe.h"
#include "ways.corbel.h"

/** A call under way whose answer another thread gives. */
typedef struct ways_later {
    struct ways_later *next;
    struct ways_place *place;
    corbel_request *request;
    pthread_t thread;
} ways_later;

typedef struct ways_place {
    corbel_runtime *runtime;
    corbel_daemon *daemon;
    ways_Place *object;       /* "place" */
    corbel_object *raw;       /* "raw": notes by itself what comes */
    corbel_object *forwarder; /* "forwarder": passes everything on to object, undecoded */
    char *uris[3];            /* of these three */
    pthread_mutex_t lock;     /* guards: */
    pthread_cond_t changed;
    char *notes[64];
    size_t n_notes;
    ways_later *laters;
} ways_place;

/** Fails the program when it cannot. */
void ways_place_start(ways_place *place);
void ways_place_stop(ways_place *place);

/** What is to be noted of one way. */
typedef struct ways_row {
    ways_Way how;
    const char *noted; /* the operations that note, in order of their names, each with a space behind it */
} ways_row;
extern const ways_row ways_rows[];
extern const size_t ways_n_rows;

/** What a line of notes starts with instead of a traceparent that continues WAYS_TRACE: the parent id is drawn. */
#define WAYS_TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

/** Notes, as they come from noted(): are they those of the row, each carrying what is expected ("id|TRACE|name=value")? No two
 *  with the same parent id. Fails the test if not. Takes noted. */
void ways_expect(const ways_row *row, char *noted, const char *expected);
/** How many notes the row wants. */
uint32_t ways_count(const ways_row *row);

#endif /* WAYS_H */
