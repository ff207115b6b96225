/** The other side of a session in the frames' fuzz target: it speaks in frames that are mostly right, because it knows what was
 *  said so far, and wrong where a byte of the input says so. What the session says is held against the rules of
 *  docs/protocol.md: abort() is the finding. */
#ifndef FUZZ_SESSION_PEER_H
#define FUZZ_SESSION_PEER_H

#include "runtime/session/session_impl.h"
#include "tests/fuzz/session_driver.h"

enum { PEER_QUESTIONS = 64, PEER_EXPORTS = 16 };

/** A question of either side, as the peer knows it. */
typedef struct peer_question {
    uint64_t number; /* 0: a free place */
    bool bind, finished, answered;
    bool kept;                       /* a promise until it is finished: a bind, or a call */
    uint64_t args_left, result_left; /* bytes of its bodies that are still to come as BODY */
    uint64_t response;               /* bytes of the result's first piece, to be given back */
} peer_question;

typedef struct peer_export {
    uint32_t index, generation; /* generation 0: not used yet; index: of held only */
    uint64_t count;             /* receipts that are not given back */
} peer_export;

typedef struct fuzz_peer {
    driver *d;
    const uint8_t *data; /* what is left of the input */
    size_t left;
    crb_buf message; /* frames gathered so far */
    crb_scratch scratch;
    bool books;      /* nothing was sent that the books do not know */
    bool hello_sent; /* ours */
    /* what we asked, and what we were asked */
    uint64_t last_asked, last_heard;
    peer_question asked[PEER_QUESTIONS], heard[PEER_QUESTIONS];
    uint32_t bound, heard_bound; /* operations */
    uint64_t calls, heard_calls;
    peer_export exports[PEER_EXPORTS]; /* ours */
    peer_export held[PEER_EXPORTS];    /* some of the session's */
    uint64_t room[CRB_WINDOWS];        /* what we may send still */
    uint64_t owed[CRB_WINDOWS];        /* what we may give back */
    uint64_t window[CRB_WINDOWS];      /* of ours */
    bool heard_hello, heard_end;
} fuzz_peer;

void peer_run(driver *d, const uint8_t *data, size_t size);
/** A HELLO with small limits. */
crb_frame peer_hello(void);

/* session_peer_listen.c */
/** Takes all that the session has to say, and holds it against the rules. */
void peer_listen(fuzz_peer *p);
/** The place of a question, or NULL. Number 0: a free place. */
peer_question *peer_find(peer_question questions[PEER_QUESTIONS], uint64_t number);

#endif /* FUZZ_SESSION_PEER_H */
