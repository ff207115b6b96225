/* The windows: how many bytes one side may have on the way to the other. Four each way:
 *
 * - requests and nested requests: headers of CALL with the bytes in them, given back when the call enters or is refused;
 * - responses: the bytes in RETURN frames, given back when the event is taken;
 * - bulk: the bytes in BODY frames, given back on receipt, as room for all of a body was reserved at its header.
 *
 * Why nothing can stand still for ever: bulk and responses come back without anybody's doing but the driver's taking events, so
 * a body that has begun always ends, whatever calls wait behind it. A call takes at most half a window at once, and what is given
 * back is announced from a quarter on: with every call entered, more than half is available. (A call that came while less than a
 * quarter was on the way, and for which no memory is reserved, may give back as late as with its answer: all those together hold
 * less than a quarter, as does what is not announced yet. So the driver takes the session's lock once less.)
 *
 * Invariant: the peer never has more than a window on the way, nor do we of the peer's. */
#include "runtime/session/session_impl.h"

static uint64_t flow_allowed(const crb_session *session, crb_window window)
{
    const uint64_t size = session->rx[window].size;
    const bool early = window == CRB_WIN_REQUESTS || window == CRB_WIN_NESTED;
    return early && size < CRB_EARLY_BYTES ? CRB_EARLY_BYTES : size;
}

uint64_t crb_flow_available(const crb_session *session, crb_window window)
{
    const crb_send_window *const tx = &session->tx[window];
    if (session->phase == CRB_PHASE_NEW) {
        return window == CRB_WIN_BULK || session->early_calls == CRB_EARLY_CALLS ? 0 : CRB_EARLY_BYTES - session->early_bytes;
    }
    return tx->size > tx->used ? tx->size - tx->used : 0;
}

uint32_t crb_flow_cost(const crb_session *session, crb_window window, size_t n_refs, size_t context, size_t len,
                       size_t *ret_first)
{
    const uint64_t size = session->phase == CRB_PHASE_NEW ? CRB_EARLY_BYTES : session->tx[window].size;
    const uint64_t most = size / 2;
    const uint64_t overhead = CRB_CALL_COST + (uint64_t)n_refs * CRB_REF_COST + context;
    *ret_first = 0;
    if (overhead > most) {
        return 0;
    }
    const uint64_t room = most - overhead < CRB_PIECE ? most - overhead : CRB_PIECE;
    *ret_first = len < room ? len : (size_t)room;
    return (uint32_t)(overhead + *ret_first);
}

bool crb_flow_take(crb_session *session, crb_window window, uint32_t cost)
{
    crb_send_window *const tx = &session->tx[window];
    if (crb_flow_available(session, window) < cost) {
        tx->refused = true;
        return false;
    }
    tx->used += cost;
    if (session->phase == CRB_PHASE_NEW) {
        session->early_bytes += cost;
        session->early_calls++;
    }
    return true;
}

bool crb_flow_take_early(crb_session *session, uint32_t cost)
{
    if (session->phase != CRB_PHASE_NEW) {
        return true;
    }
    if (crb_flow_available(session, CRB_WIN_REQUESTS) < cost) {
        session->tx[CRB_WIN_REQUESTS].refused = true;
        return false;
    }
    session->early_bytes += cost;
    session->early_calls++;
    return true;
}

/** Something of this window was given back. */
static void flow_more(crb_session *session, crb_window window)
{
    if (session->tx[window].refused && !crb_session_over(session)) {
        session->tx[window].refused = false;
        crb_event_queue(session, &session->credit_event);
    }
}

void crb_flow_untake(crb_session *session, crb_window window, uint32_t cost)
{
    assert(session->tx[window].used >= cost);
    session->tx[window].used -= cost;
    if (session->phase == CRB_PHASE_NEW) {
        session->early_bytes -= cost;
        session->early_calls--;
    }
    if (cost > 0) {
        flow_more(session, window);
    }
}

const char *crb_flow_receive(crb_session *session, crb_window window, uint64_t cost)
{
    crb_receive_window *const rx = &session->rx[window];
    if (cost > flow_allowed(session, window) || rx->used > flow_allowed(session, window) - cost) {
        return "more bytes on the way than the window allows";
    }
    rx->used += cost;
    return NULL;
}

void crb_flow_give_back(crb_session *session, crb_window window, uint64_t cost)
{
    crb_receive_window *const rx = &session->rx[window];
    rx->owed += cost;
    assert(rx->owed <= rx->used);
}

bool crb_flow_credit_due(const crb_session *session)
{
    for (int i = 0; i < CRB_WINDOWS; i++) {
        if (session->rx[i].owed > 0 && session->rx[i].owed >= session->rx[i].size / 4) {
            return true;
        }
    }
    return session->rx[CRB_WIN_BULK].owed >= CRB_BULK_ACK;
}

bool crb_flow_is_tight(const crb_session *session, crb_window window)
{
    return session->rx[window].used >= session->rx[window].size / 4;
}

const char *crb_flow_on_credit(crb_session *session, const crb_frame *frame)
{
    const uint64_t given[CRB_WINDOWS] = { frame->u.credit.requests, frame->u.credit.nested, frame->u.credit.responses,
                                          frame->u.credit.bulk };
    for (int i = 0; i < CRB_WINDOWS; i++) {
        if (given[i] > session->tx[i].used) {
            return "more credit than was used";
        }
        session->tx[i].used -= given[i];
        if (given[i] > 0) {
            flow_more(session, (crb_window)i);
        }
    }
    return NULL;
}

void crb_flow_opened(crb_session *session)
{
    session->tx[CRB_WIN_REQUESTS].size = session->peer.window_requests;
    session->tx[CRB_WIN_NESTED].size = session->peer.window_nested;
    session->tx[CRB_WIN_RESPONSES].size = session->peer.window_responses;
    session->tx[CRB_WIN_BULK].size = session->peer_window_bulk;
    flow_more(session, CRB_WIN_REQUESTS);
    flow_more(session, CRB_WIN_NESTED);
}
