/** The scripted transport: a pipe between two ends in virtual time, for tests. What is sent becomes a stream of bytes each way,
 * with a length before each message; the script delays it, splits it at any byte, holds it up and cuts it. No thread, no clock,
 * no socket: the same script and the same ends give the same run, byte for byte. */
#ifndef CRB_SCRIPTED_H
#define CRB_SCRIPTED_H

#include "runtime/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What stands at one end: a session and its driver. Called from crb_scripted_step() alone. */
typedef struct crb_scripted_end {
    void *user;
    /** Appends the next message to out; false: there is none. */
    bool (*pull)(void *user, crb_buf *out, uint64_t now);
    void (*received)(void *user, const uint8_t *message, size_t len, uint64_t now);
    /** The pipe has ended for this end: comes at most once, and last. */
    void (*lost)(void *user, const char *why, uint64_t now);
    void (*tick)(void *user, uint64_t now);
    /** UINT64_MAX: never. */
    uint64_t (*next_tick)(void *user);
    /** True: once all that was pulled has arrived, the pipe is closed. */
    bool (*wants_close)(void *user);
} crb_scripted_end;

#define CRB_SCRIPTED_NEVER UINT64_MAX

/** Arrays: [0] is the way from end 0 to end 1, [1] the way back. */
typedef struct crb_script {
    uint64_t seed;
    uint32_t delay_us[2];  /* each way, at least */
    uint32_t jitter_us[2]; /* and at random up to so much more; order is kept */
    uint32_t split;        /* pieces of at random 1 to so many bytes; 0: whole messages */
    size_t capacity;       /* bytes on the way in one direction, above which nothing is pulled; 0: no bound */
    uint64_t cut_after[2]; /* so many bytes arrive (lengths included), then both ends lose the pipe; CRB_SCRIPTED_NEVER */
} crb_script;
#define CRB_SCRIPT_INIT                                                                                                          \
    {                                                                                                                            \
        1, { 1000, 1000 }, { 0, 0 }, 0, 0,                                                                                       \
        {                                                                                                                        \
            CRB_SCRIPTED_NEVER, CRB_SCRIPTED_NEVER                                                                               \
        }                                                                                                                        \
    }

typedef struct crb_scripted crb_scripted;

/** now: where the virtual time starts, in nanoseconds. NULL: no memory. */
crb_scripted *crb_scripted_new(const crb_script *script, crb_scripted_end first, crb_scripted_end second, uint64_t now);
/** Takes NULL. */
void crb_scripted_free(crb_scripted *pipe);

/** Pulls what the ends have, then does the next thing that is due (an arrival, or ticks) and moves the time there. False: nothing
 * is due up to and including until; the time is then until (unless that is CRB_SCRIPTED_NEVER). */
bool crb_scripted_step(crb_scripted *pipe, uint64_t until);
uint64_t crb_scripted_now(const crb_scripted *pipe);

/** Nothing arrives in this direction (0, 1) while it is stalled. */
void crb_scripted_stall(crb_scripted *pipe, int direction, bool stalled);
/** Both ends lose the pipe now. */
void crb_scripted_cut(crb_scripted *pipe, const char *why);
bool crb_scripted_is_over(const crb_scripted *pipe);
/** Bytes that arrived in this direction, lengths included. */
uint64_t crb_scripted_arrived(const crb_scripted *pipe, int direction);

/** The pseudo-random numbers of the script, for tests that want their own in the same sequence. */
uint64_t crb_scripted_random(uint64_t *state);

#endif /* CRB_SCRIPTED_H */
