/** What the servants of the cut tests know, and what the callers were told: held against each other at the end, when nothing runs
 *  any more. Each call has a number; a call's own counter, at the servant, is the truth. */
#ifndef CORBEL_TEST_LEDGER_H
#define CORBEL_TEST_LEDGER_H

#include "cuts.corbel.h"

#include <stdatomic.h>
#include <stddef.h>

typedef enum ledger_told {
    LEDGER_NOTHING,
    LEDGER_RESULT,
    LEDGER_RAISED,
    LEDGER_NO,
    LEDGER_YES,
    LEDGER_MAYBE,
    LEDGER_TOLD
} ledger_told;

/** What an operation promises. */
typedef enum ledger_promise { LEDGER_PLAIN, LEDGER_IDEMPOTENT, LEDGER_PROMISES } ledger_promise;

typedef struct ledger_entry {
    _Atomic uint32_t entered; /* the servant's */
    _Atomic uint8_t told;     /* ledger_told */
    uint8_t promise;
} ledger_entry;

typedef struct ledger {
    ledger_entry *entries;
    size_t n, size;
} ledger;

/** size: of calls at most. */
void ledger_init(ledger *self, size_t size);
void ledger_free(ledger *self);
/** The number of a new call. One thread. */
uint64_t ledger_next(ledger *self, ledger_promise promise);
/** Its completion, once. Any thread. status CORBEL_OK: its result came. */
void ledger_tell(ledger *self, uint64_t number, corbel_status status, const corbel_error *error);

/** How many calls were told what, and entered how often (0, 1, more). Fails the program where a promise was not kept. */
typedef struct ledger_sums {
    uint64_t calls[LEDGER_PROMISES][LEDGER_TOLD][3];
} ledger_sums;
void ledger_check(const ledger *self, ledger_sums *ret);
void ledger_print(const ledger_sums *sums);

/** Objects that count. The ledger outlives them. */
cuts_Counter *ledger_counter_new(corbel_runtime *runtime, ledger *self);
cuts_Sink *ledger_sink_new(corbel_runtime *runtime, ledger *self);

#endif /* CORBEL_TEST_LEDGER_H */
