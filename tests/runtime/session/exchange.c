/* What the cuts and the failing allocations go through. */
#include "tests/runtime/session/exchange.h"

/** Answers what waits at both ends; the server calls back while it serves a call with a reference. */
static void exchange_serve(world *w, asked **callback)
{
    for (int i = 0; i < 2; i++) {
        side *const at = &w->sides[i];
        for (size_t k = 0; k < at->n_pending; k++) {
            pending *const p = at->pending[k];
            if (at->closed || !p->complete || p->bind) {
                continue;
            }
            if (p->oneway) {
                world_done(at, p);
                return;
            }
            if (p->asked->kept) {
                crb_ref_out promised = world_ref_object(at, 8);
                world_return_bytes(at, p, "\x08\x09", 2, &promised, 1);
                return;
            }
            if (p->ref != NULL && !p->asked->entered) {
                corbel_status status = CORBEL_OK;
                world_enter(at, p);
                *callback = world_call(at, &(call_options) { .target = p->ref, .hop = 1 }, &status);
                return;
            }
            if (p->ref != NULL && *callback != NULL && !(*callback)->done) {
                continue; /* waits for it */
            }
            crb_ref_out ref = world_ref_object(at, 9);
            world_return(at, p, p->args_len, &ref, 1);
            return;
        }
    }
}

bool exchange(world *w, size_t large)
{
    side *const client = &w->sides[0];
    side *const server = &w->sides[1];
    asked *callback = NULL;
    corbel_status status = CORBEL_OK;
    server->answers_binds = true;
    asked *const bind = world_bind(client, "0", &status);
    if (bind == NULL) {
        return false;
    }
    asked *const pipelined = world_call(client, &(call_options) { .promise = bind, .args = 20 }, &status);
    static const uint32_t path[] = { 1 };
    asked *calls[4] = { NULL }, *promise = NULL, *on = NULL, *with = NULL;
    bool second = false, cancelled = false, released = false;
    for (int step = 0; step < 3000; step++) {
        if (!crb_scripted_step(w->pipe, world_now(w) + 5 * MS) && (crb_scripted_is_over(w->pipe) || released)) {
            break;
        }
        exchange_serve(w, &callback);
        if (!second && bind->done && bind->ref != NULL && pipelined != NULL && pipelined->done) {
            second = true;
            crb_ref_out ref = world_ref_object(client, 1);
            calls[0] = world_call(client, &(call_options) { .target = bind->ref, .refs = &ref, .n_refs = 1 }, &status);
            calls[1] = world_call(client, &(call_options) { .target = bind->ref, .args = large }, &status);
            calls[2] = world_call(client, &(call_options) { .target = bind->ref, .oneway = true }, &status);
            calls[3] = world_call(client, &(call_options) { .target = bind->ref }, &status);
            promise = world_call(client, &(call_options) { .target = bind->ref, .promised = true }, &status);
            if (promise != NULL) {
                ref = (crb_ref_out) { .tag = 1, .interface = "o", .promise = promise->question, .path = path, .n_path = 1 };
                on = world_call(client, &(call_options) { .promise = promise, .path = path, .n_path = 1 }, &status);
                with = world_call(client, &(call_options) { .target = bind->ref, .refs = &ref, .n_refs = 1, .hop = 1 }, &status);
            }
        }
        if (second && !cancelled && calls[3] != NULL && calls[3]->question != NULL && server->n_pending > 0) {
            cancelled = true;
            world_finish(calls[3], true);
            world_events(w);
        }
        if (second && !released && calls[0] != NULL && calls[0]->done && calls[1] != NULL && calls[1]->done && calls[3] != NULL &&
            calls[3]->done && on != NULL && on->done && with != NULL && with->done && !client->closed) {
            released = true;
            world_finish(promise, false);
            world_finish(bind, false);
            world_release_all(client);
            world_release_all(server);
        }
    }
    return released && !crb_scripted_is_over(w->pipe);
}
