/* Servants that count, and the truth. */
#include "tests/cuts/ledger.h"

#include <stdio.h>
#include <stdlib.h>

static void ledger_must(bool fine, const char *what, uint64_t number)
{
    if (!fine) {
        (void)fprintf(stderr, "ledger: call %llu: %s\n", (unsigned long long)number, what);
        abort();
    }
}

void ledger_init(ledger *self, size_t size)
{
    *self = (ledger) { calloc(size, sizeof *self->entries), 0, size };
    ledger_must(self->entries != NULL, "no memory", 0);
}

void ledger_free(ledger *self)
{
    free(self->entries);
}

uint64_t ledger_next(ledger *self, ledger_promise promise)
{
    ledger_must(self->n < self->size, "more calls than there is room for", self->n);
    self->entries[self->n].promise = (uint8_t)promise;
    return self->n++;
}

void ledger_tell(ledger *self, uint64_t number, corbel_status status, const corbel_error *error)
{
    ledger_told told = LEDGER_RESULT;
    if (status == CORBEL_RAISED) {
        told = LEDGER_RAISED;
    } else if (status != CORBEL_OK) {
        ledger_must(error->status == status, "the error says another status", number);
        told = error->completion == CORBEL_COMPLETED_NO    ? LEDGER_NO
               : error->completion == CORBEL_COMPLETED_YES ? LEDGER_YES
                                                           : LEDGER_MAYBE;
    }
    ledger_must(atomic_exchange(&self->entries[number].told, (uint8_t)told) == LEDGER_NOTHING, "completed twice", number);
}

/* ---- the truth ---- */

static const char *const told_names[LEDGER_TOLD] = { "nothing", "a result", "an exception", "NO", "YES", "MAYBE" };
static const char *const promise_names[LEDGER_PROMISES] = { "plain", "@idempotent" };

static void ledger_check_one(const ledger_entry *entry, uint64_t number)
{
    const uint32_t entered = atomic_load(&entry->entered);
    const ledger_told told = (ledger_told)atomic_load(&entry->told);
    ledger_must(told != LEDGER_NO || entered == 0, "NO, but the servant was entered", number);
    const bool ran = told == LEDGER_RESULT || told == LEDGER_RAISED || told == LEDGER_YES;
    ledger_must(!ran || entered > 0, "a result or YES, but the servant was not entered", number);
    if (entry->promise == LEDGER_PLAIN) {
        ledger_must(entered <= 1, "entered more than once", number);
    } else {
        ledger_must(told == LEDGER_RESULT, "an idempotent call did not succeed", number);
    }
}

void ledger_check(const ledger *self, ledger_sums *ret)
{
    *ret = (ledger_sums) { 0 };
    for (uint64_t i = 0; i < self->n; i++) {
        const ledger_entry *const entry = &self->entries[i];
        const uint32_t entered = atomic_load(&entry->entered);
        ledger_check_one(entry, i);
        ret->calls[entry->promise][atomic_load(&entry->told)][entered > 2 ? 2 : entered]++;
    }
}

void ledger_print(const ledger_sums *sums)
{
    for (int promise = 0; promise < LEDGER_PROMISES; promise++) {
        for (int told = 0; told < LEDGER_TOLD; told++) {
            const uint64_t *const n = sums->calls[promise][told];
            if (n[0] + n[1] + n[2] > 0) {
                printf("%-12s told %-12s entered never %7llu, once %7llu, more often %7llu\n", promise_names[promise],
                       told_names[told], (unsigned long long)n[0], (unsigned long long)n[1], (unsigned long long)n[2]);
            }
        }
    }
}

/* ---- servants ---- */

static void ledger_enter(ledger *self, uint64_t number)
{
    ledger_must(number < self->size, "a call that nobody made", number);
    atomic_fetch_add(&self->entries[number].entered, 1);
}

static corbel_status counter_plain(void *self, corbel_request *request, uint64_t number, corbel_bytes load, corbel_bytes *ret)
{
    (void)request;
    ledger_enter(self, number);
    *ret = load;
    return CORBEL_OK;
}

static corbel_status counter_wrong(void *self, corbel_request *request, uint64_t number)
{
    ledger_enter(self, number);
    return cuts_Wrong_raise(request, &(cuts_Wrong) { .number = number });
}

static corbel_status counter_tell(void *self, corbel_request *request, uint64_t number)
{
    (void)request;
    ledger_enter(self, number);
    return CORBEL_OK;
}

static const cuts_Counter_servant counter_servant;

static corbel_status counter_me(void *self, corbel_request *request, uint64_t number, cuts_Counter **ret)
{
    ledger_enter(self, number);
    *ret = cuts_Counter_new(corbel_request_runtime(request), &counter_servant, self, NULL);
    return CORBEL_OK;
}

static corbel_status counter_back(void *self, corbel_request *request, uint64_t number, cuts_Sink *sink, uint64_t nested)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)request;
    ledger_enter(self, number);
    const corbel_status status = cuts_Sink_heard(sink, nested, &error);
    ledger_tell(self, nested, status, &error);
    corbel_error_clear(&error);
    return CORBEL_OK;
}

static corbel_status counter_pour(void *self, corbel_request *request, uint64_t number, corbel_uint64_stream *items,
                                  corbel_uint64_stream *ret)
{
    uint64_t item = 0;
    (void)request;
    ledger_enter(self, number);
    while (corbel_uint64_stream_next(items, &item) && corbel_uint64_stream_put(ret, item)) {
    }
    return CORBEL_OK;
}

static const cuts_Counter_servant counter_servant = {
    .plain = counter_plain,
    .wrong = counter_wrong,
    .tell = counter_tell,
    .me = counter_me,
    .back = counter_back,
    .pour = counter_pour,
    .again = counter_plain,
};

cuts_Counter *ledger_counter_new(corbel_runtime *runtime, ledger *self)
{
    return cuts_Counter_new(runtime, &counter_servant, self, NULL);
}

static corbel_status sink_heard(void *self, corbel_request *request, uint64_t number)
{
    (void)request;
    ledger_enter(self, number);
    return CORBEL_OK;
}

static const cuts_Sink_servant sink_servant = { .heard = sink_heard };

cuts_Sink *ledger_sink_new(corbel_runtime *runtime, ledger *self)
{
    return cuts_Sink_new(runtime, &sink_servant, self, NULL);
}
