/* A bad connection, for the example: it passes bytes on between whoever connects and a server, and cuts every connection after so
 * many of them. */
#ifndef CUTTER_H
#define CUTTER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cutter {
    uint16_t to, port; /* on 127.0.0.1: the server's; ours */
    size_t bytes;      /* after which a connection is cut */
    atomic_uint cuts;
    int listener;
} cutter;

/* Starts its thread, which goes on until the process ends. 0, or -1. */
int cutter_start(cutter *self, uint16_t to, size_t bytes);

#endif
