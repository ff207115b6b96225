#include "runtime/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

uint64_t crb_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * CRB_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t crb_after_ms(uint64_t now, uint32_t ms)
{
    const uint64_t span = ms * CRB_MS;
    return now > CRB_NEVER - span ? CRB_NEVER : now + span;
}

void crb_random(void *data, size_t len)
{
    uint8_t *at = data;
    while (len > 0) {
        const ssize_t got = getrandom(at, len, 0);
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        } else if (got < 0 && errno != EINTR) {
            abort(); /* ids are rights to call: better none than guessable ones */
        }
    }
}
