/** A sink, for both sides of a flood. */
#ifndef FLOOD_SINK_H
#define FLOOD_SINK_H

#include "flood.corbel.h"

#include <corbel/corbel.h>
#include <stdatomic.h>

typedef struct flood_sink {
    _Atomic uint64_t taken, wrong, bounced, failed;
    _Atomic uint32_t last;
} flood_sink;

extern const flood_Sink_servant flood_sink_servant;

/** One worker and no other: what blocks, blocks. */
#define FLOOD_ONE_WORKER                                                                                                         \
    {                                                                                                                            \
        .size = sizeof(corbel_runtime_options), .max_workers = 1, .no_substitutes = true                                         \
    }

#endif /* FLOOD_SINK_H */
