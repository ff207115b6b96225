/** Exactly-once effects: what both sides of a call with a key remember of it.
 *
 *  Pure, as everything here: no clock, lock or thread; the time (nanoseconds of one monotonic clock) comes as an argument. There
 *  is one table and one caller's book a runtime, over all its sessions; who drives them serialises the calls on each.
 *
 *  A *key* is whose call it is (the instance id of the runtime that made it) and a sequence that this runtime never gives twice.
 *  Of a key at most one call is ever entered here: its repetitions join the call that runs or get the reply that was kept. What
 *  was given up is remembered by marks, so that a key that is not in the table any more is refused, never entered again. */
#ifndef CRB_ONCE_H
#define CRB_ONCE_H

#include "runtime/session/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What travels with a CALL. */
typedef struct crb_once_wire {
    uint64_t sequence;     /* 0: the call has no key */
    uint64_t acknowledged; /* every sequence of that caller's below it is done with; 0: nothing is said */
    bool again;            /* an attempt before this one may have arrived */
    bool relayed;          /* whose holds: it is another's call, passed on */
    uint8_t whose[16];
} crb_once_wire;

/* ---- who serves ---- */

typedef struct crb_once_table crb_once_table;
typedef struct crb_once_caller crb_once_caller;

/** What is kept, at most. Of calls that run there are no more than keys, either: one more is refused. */
typedef struct crb_once_limits {
    uint32_t keys, keys_of_one;   /* in all, and of one caller; default 16,384 and 1,024 */
    uint64_t bytes, bytes_of_one; /* of replies; default 16 MiB and 4 MiB */
    uint32_t callers;             /* that are remembered; default 16,384 */
    uint64_t keep;                /* ns after the answer; default 60 s */
    uint64_t idle; /* ns without a key after which a caller may be forgotten, for another; default 600 s. No CALL may
                      be on its way for so long: its deadline is over before that, or it says that it comes again */
} crb_once_limits;
#define CRB_ONCE_LIMITS_DEFAULT                                                                                                  \
    {                                                                                                                            \
        16384, 1024, (uint64_t)16 << 20, (uint64_t)4 << 20, 16384, UINT64_C(60000000000), UINT64_C(600000000000)                 \
    }

typedef enum crb_once_state {
    CRB_ONCE_RUNNING,
    CRB_ONCE_ANSWERED, /* its reply is kept */
    CRB_ONCE_UNSURE    /* passed on, and nobody knows what became of it */
} crb_once_state;

/** A key of the table. Lives until its call is over (crb_once_answered() and the like), then until the table gives it up. */
typedef struct crb_once_entry {
    crb_once_caller *caller;
    uint64_t sequence;
    uint64_t operation; /* what tells operations apart: a key is good for the one that it came with */
    crb_once_state state;
    void *user;                 /* the driver's: RUNNING: the call; ANSWERED: the reply */
    void *waiting;              /* the driver's: repetitions that joined it */
    uint64_t bytes;             /* of the reply */
    uint64_t until;             /* ANSWERED, UNSURE */
    crb_node by_age, of_caller; /* of those that do not run, the oldest first */
} crb_once_entry;

typedef struct crb_once_key {
    uint8_t via[16];   /* the runtime at the other end of the session */
    uint8_t whose[16]; /* the runtime that made the call; the same unless it was passed on */
    uint64_t sequence;
    uint64_t operation;
    bool again;
} crb_once_key;

typedef enum crb_once_verdict {
    CRB_ONCE_RUN,       /* enter it; *ret is RUNNING */
    CRB_ONCE_RUN_AGAIN, /* pass it on once more, as a repetition; *ret is RUNNING */
    CRB_ONCE_JOIN,      /* it runs: *ret */
    CRB_ONCE_REPLAY,    /* *ret has its reply */
    CRB_ONCE_FORGET,    /* it may have run: refuse it, completion MAYBE */
    CRB_ONCE_OTHER,     /* the key belongs to a call of another operation */
    CRB_ONCE_FULL,      /* more keys run than the table has room for: refuse it, completion NO */
    CRB_ONCE_NO_MEMORY  /* the same */
} crb_once_verdict;

/** limits NULL: the defaults. NULL: no memory. */
crb_once_table *crb_once_new(const crb_once_limits *limits);
/** Takes NULL. Every entry is gone afterwards; replies that were not taken by crb_once_take_dropped() are lost. */
void crb_once_free(crb_once_table *table);
/** Every answered entry is given up, as if its time had come. */
void crb_once_drop_all(crb_once_table *table);

/** A call with a key is about to be entered. durable: where the table does not know the key any more somebody else does, who will
 *  be asked: the verdict is then CRB_ONCE_RUN in place of CRB_ONCE_FORGET. */
crb_once_verdict crb_once_admit(crb_once_table *table, const crb_once_key *key, bool durable, uint64_t now, crb_once_entry **ret);
/** Is the key in the table? */
bool crb_once_knows(crb_once_table *table, const crb_once_key *key);
/** The call of a RUNNING entry is answered: reply (not NULL) is kept until acknowledged, for limits.keep, or until others need
 *  the room. The entry may be gone afterwards. */
void crb_once_answered(crb_once_table *table, crb_once_entry *entry, void *reply, uint64_t bytes, uint64_t now);
/** The same without a reply, as there was no memory to keep it: repetitions are refused. The entry is gone. */
void crb_once_unkept(crb_once_table *table, crb_once_entry *entry, uint64_t now);
/** The servant was not entered: the key is as if it had never come, unless an attempt before may have been passed on (before: the
 *  verdict was CRB_ONCE_RUN_AGAIN). The entry is gone, or UNSURE. */
void crb_once_not_run(crb_once_table *table, crb_once_entry *entry, bool before, uint64_t now);
/** It was passed on, and nobody knows what became of it: UNSURE. */
void crb_once_unsure(crb_once_table *table, crb_once_entry *entry, uint64_t now);
/** Somebody else knows whether it ran, and is to be asked the next time: the entry is gone, without a mark. */
void crb_once_leave(crb_once_table *table, crb_once_entry *entry, uint64_t now);
/** Every key of that caller's below is done with: its replies are given up. */
void crb_once_acknowledge(crb_once_table *table, const uint8_t via[16], const uint8_t whose[16], uint64_t below, uint64_t now);
/** Gives up what was kept long enough. Returns when to come again; UINT64_MAX: nothing is kept. */
uint64_t crb_once_expire(crb_once_table *table, uint64_t now);
/** A reply that the table has given up, for the driver to free; NULL: there is none. To be taken after each of the above. */
void *crb_once_take_dropped(crb_once_table *table);

/** For tests and figures. */
typedef struct crb_once_stats {
    uint64_t keys, running, bytes, callers;
} crb_once_stats;
crb_once_stats crb_once_get_stats(const crb_once_table *table);

/* ---- who calls ---- */

/** A call of ours with a key, from its start to its end, over all its attempts. */
typedef struct crb_once_mine {
    uint64_t sequence; /* never 0 */
    bool again;        /* an attempt ended with completion MAYBE: the next one says so */
    crb_node open;
} crb_once_mine;

/** A runtime's own keys. */
typedef struct crb_once_book {
    uint64_t last;
    crb_node open; /* crb_once_mine, by sequence */
} crb_once_book;

void crb_once_book_init(crb_once_book *book);
/** A new key for mine. */
void crb_once_draw(crb_once_book *book, crb_once_mine *mine);
/** The call is over, and will not be repeated. */
void crb_once_close(crb_once_book *book, crb_once_mine *mine);
/** The lowest sequence that is not done with: what travels as acknowledged. */
uint64_t crb_once_lowest(const crb_once_book *book);

#endif /* CRB_ONCE_H */
