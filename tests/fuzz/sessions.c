/* Two sessions with each other: what the drivers of both do, and when messages travel, is in the input. A byte: bit 0 says which
 * side; bits 1 and 2, 0: a message of that side's is taken to the other; 1: all that both have to say travels, in turns; else the
 * next byte is an act of its driver's. So questions, promises, streams, batches, cancelling and endings cross as they may.
 *
 * Neither side may ever find that the other breaks the protocol; when all is quiet each holds what the other has sent. */
#include "tests/fuzz/session_driver.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct pair {
    driver sides[2];
} pair;

/** What ends a session of two that are right. */
static bool pair_may_end(const char *why)
{
    static const char *const reasons[] = { "goodbye", "closed", "in time", "silent", "answer" };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (strstr(why, reasons[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void pair_check(const pair *p)
{
    for (int i = 0; i < 2; i++) {
        driver_require(!p->sides[i].closed || pair_may_end(p->sides[i].why));
    }
}

/** One message from a side to the other. False: there is none. */
static bool pair_move(pair *p, int from)
{
    crb_buf message = CRB_BUF_INIT;
    driver *const to = &p->sides[1 - from];
    const bool moved = driver_pull(&p->sides[from], &message);
    if (moved && !to->closed) {
        to->now = p->sides[from].now > to->now ? p->sides[from].now : to->now;
        driver_input(to, message.data, message.len);
    }
    crb_buf_clear(&message);
    return moved;
}

static void pair_settle(pair *p)
{
    for (int quiet = 0, from = 0; quiet < 2; from = 1 - from) {
        quiet = pair_move(p, from) ? 0 : quiet + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pair p;
    if (!driver_open(&p.sides[0], true)) {
        return 0;
    }
    if (!driver_open(&p.sides[1], false)) {
        driver_end(&p.sides[0]);
        return 0;
    }
    p.sides[0].batches = p.sides[1].batches = true;
    for (size_t i = 0; i < size; i++) {
        const int side = data[i] & 1;
        const unsigned what = data[i] >> 1 & 3;
        if (what == 0) {
            (void)pair_move(&p, side);
        } else if (what == 1) {
            pair_settle(&p);
        } else if (++i < size) {
            driver_act(&p.sides[side], data[i]);
        }
        pair_check(&p);
    }
    pair_settle(&p);
    pair_check(&p);
    driver_end(&p.sides[0]);
    driver_end(&p.sides[1]);
    return 0;
}
