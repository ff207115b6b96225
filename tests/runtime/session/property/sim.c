/* The world: peers, sessions between them, pipes, time, and what is kept for the report of a failure. */
#include "tests/runtime/session/property/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t sim_pick(sim *s, uint64_t n)
{
    return crb_scripted_random(&s->random) % n;
}

bool sim_chance(sim *s, uint64_t one_in)
{
    return sim_pick(s, one_in) == 0;
}

void sim_count(sim *s, sim_doing doing)
{
    s->counts->doings[doing]++;
}

uint64_t sim_now(const sim_side *at)
{
    const crb_scripted *const pipe = at->sim->links[at->link].pipe;
    if (pipe == NULL) {
        return SIM_START;
    }
    /* Time goes on where a pipe is over, too. */
    const uint64_t now = crb_scripted_now(pipe);
    return crb_scripted_is_over(pipe) && at->sim->clock > now ? at->sim->clock : now;
}

/* ---- what failed ---- */

void sim_note(const sim_side *at, const char *what, uint64_t a, uint64_t b)
{
    sim *const s = at->sim;
    s->trace[s->n_trace++ % SIM_TRACE] =
        (sim_trace) { s->step, sim_now(at) - SIM_START, what, at->node->index, at->peer->node->index, a, b };
}

void sim_print_trace(const sim *s)
{
    const uint64_t first = s->n_trace > SIM_TRACE ? s->n_trace - SIM_TRACE : 0;
    for (uint64_t i = first; i < s->n_trace; i++) {
        const sim_trace *const t = &s->trace[i % SIM_TRACE];
        fprintf(stderr, "  step %4llu  %9.3f ms  %c with %c: %s %llu %llu\n", (unsigned long long)t->step, (double)t->time / 1e6,
                'A' + t->node, 'A' + t->peer, t->what, (unsigned long long)t->a, (unsigned long long)t->b);
    }
}

void sim_fail(sim *s, const char *file, int line, const char *text, ...)
{
    const char *const slash = strrchr(file, '/');
    const int n = snprintf(s->why, sizeof s->why, "%s:%d: ", slash != NULL ? slash + 1 : file, line);
    va_list arguments;
    va_start(arguments, text);
    (void)vsnprintf(s->why + n, sizeof s->why - (size_t)n, text, arguments);
    va_end(arguments);
    longjmp(s->failed, 1);
}

/* ---- the ends of the pipes ---- */

static void sim_digest(sim *s, const uint8_t *data, size_t len)
{
    uint64_t digest = s->digest ^ len;
    for (size_t i = 0; i < len; i++) {
        digest = (digest ^ data[i]) * UINT64_C(0x100000001b3);
    }
    s->digest = digest;
}

static void sim_event(sim_side *at, crb_event *event)
{
    sim *const s = at->sim;
    SIM_CHECK(s, !at->closed || event->kind == CRB_EVENT_UNEXPORTED, "event %d after CLOSED", (int)event->kind);
    s->counts->events[event->kind]++;
    switch (event->kind) {
    case CRB_EVENT_OPEN:
    case CRB_EVENT_DRAINING:
        break;
    case CRB_EVENT_CREDIT:
        SIM_CHECK(s, at->waits[CRB_WIN_REQUESTS] || at->waits[CRB_WIN_NESTED], "CRB_EVENT_CREDIT, and nobody waits for it");
        at->waits[CRB_WIN_REQUESTS] = at->session->tx[CRB_WIN_REQUESTS].refused;
        at->waits[CRB_WIN_NESTED] = at->session->tx[CRB_WIN_NESTED].refused;
        break;
    case CRB_EVENT_BIND:
    case CRB_EVENT_CALL:
        sim_arrived(at, event);
        break;
    case CRB_EVENT_BODY:
        sim_body(at, event);
        break;
    case CRB_EVENT_CANCEL:
        sim_cancelled(at, event);
        break;
    case CRB_EVENT_RETURN:
        sim_returned(at, event);
        break;
    case CRB_EVENT_ITEMS:
        sim_items(at, event);
        break;
    case CRB_EVENT_ROOM:
        sim_room(at, event);
        break;
    case CRB_EVENT_UNEXPORTED:
        sim_unexported(at, event->object);
        break;
    case CRB_EVENT_GONE:
        sim_note(at, "was told that an object is gone", 0, 0);
        break;
    case CRB_EVENT_CLOSED:
        at->closed = true;
        at->clean = event->clean;
        sim_note(at, event->clean ? "session over, clean" : "session over", 0, 0);
        /* Nobody breaks the protocol but by order of the schedule. */
        SIM_CHECK(s, !at->session->final_is_abort || at->aborts, "aborted: %s", event->why);
        break;
    }
}

static void sim_events(sim_side *at)
{
    crb_event event;
    while (crb_session_next_event(at->session, &event)) {
        sim_event(at, &event);
    }
}

static bool end_pull(void *user, crb_buf *out, uint64_t now)
{
    sim_side *const at = user;
    sim_events(at);
    const size_t before = out->len;
    const bool some = crb_session_pull(at->session, out, now);
    if (some) {
        sim_digest(at->sim, out->data + before, out->len - before);
        sim_wire(at, out->data + before, out->len - before);
    }
    sim_events(at);
    return some;
}

static void end_received(void *user, const uint8_t *message, size_t len, uint64_t now)
{
    sim_side *const at = user;
    crb_session_input(at->session, message, len, now);
    sim_events(at);
}

static void end_lost(void *user, const char *why, uint64_t now)
{
    sim_side *const at = user;
    if (at->end == 0 && !at->closed) {
        sim_count(at->sim, SIM_DO_CUT);
    }
    crb_session_lost(at->session, why, now);
    sim_events(at);
}

static void end_tick(void *user, uint64_t now)
{
    sim_side *const at = user;
    crb_session_tick(at->session, now);
    sim_events(at);
}

void sim_tick(sim_side *at, uint64_t now)
{
    end_tick(at, now);
}

static uint64_t end_next_tick(void *user)
{
    return crb_session_next_tick(((sim_side *)user)->session);
}

static bool end_wants_close(void *user)
{
    return crb_session_wants_close(((sim_side *)user)->session);
}

/* ---- time ---- */

/** The time that no pipe has passed which still carries something; when none does, the latest of all. */
static uint64_t sim_earliest(const sim *s)
{
    uint64_t earliest = UINT64_MAX, latest = 0;
    for (int i = 0; i < s->n_links; i++) {
        const uint64_t now = crb_scripted_now(s->links[i].pipe);
        latest = now > latest ? now : latest;
        if (!crb_scripted_is_over(s->links[i].pipe)) {
            earliest = now < earliest ? now : earliest;
        }
    }
    return earliest != UINT64_MAX ? earliest : latest;
}

/** Time has passed until then at most. */
static void sim_pass(sim *s, uint64_t until)
{
    bool all_over = true;
    for (int i = 0; i < s->n_links; i++) {
        all_over = all_over && crb_scripted_is_over(s->links[i].pipe);
    }
    const uint64_t now = all_over ? until : sim_earliest(s);
    s->clock = now > s->clock ? now : s->clock;
    /* A pipe that is over ticks no more: what is kept of a lost peer's goes at its time all the same. */
    for (int i = 0; i < s->n_links; i++) {
        for (int k = 0; k < 2 && crb_scripted_is_over(s->links[i].pipe); k++) {
            sim_side *const at = &s->links[i].sides[k];
            if (at->closed && crb_session_keeps(at->session) && crb_session_next_tick(at->session) <= s->clock) {
                sim_tick(at, s->clock);
                sim_count(s, SIM_DO_KEPT_LET_GO);
            }
        }
    }
}

void sim_step_one(sim *s, uint64_t ms)
{
    const uint64_t until = (s->clock > sim_earliest(s) ? s->clock : sim_earliest(s)) + ms * SIM_MS;
    const int first = (int)sim_pick(s, (uint64_t)s->n_links);
    for (int i = 0; i < s->n_links; i++) {
        crb_scripted_step(s->links[(first + i) % s->n_links].pipe, until);
    }
    sim_pass(s, until);
}

void sim_run(sim *s, uint64_t ms)
{
    const uint64_t until = (s->clock > sim_earliest(s) ? s->clock : sim_earliest(s)) + ms * SIM_MS;
    for (bool some = true; some;) {
        some = false;
        for (int i = 0; i < s->n_links; i++) {
            some = crb_scripted_step(s->links[i].pipe, until) || some;
        }
    }
    sim_pass(s, until);
}

/* ---- a world by its seed ---- */

static crb_session_limits sim_limits(sim *s)
{
    crb_session_limits limits = CRB_SESSION_LIMITS_DEFAULT;
    if (s->cut_all != 0) {
        return limits;
    }
    if (sim_chance(s, 2)) {
        limits.window_requests = 1024 + (uint32_t)sim_pick(s, 12000);
        limits.window_nested = 1024 + (uint32_t)sim_pick(s, 6000);
        limits.window_responses = 1024 + (uint32_t)sim_pick(s, 20000);
        limits.window_stream = 1024 + (uint32_t)sim_pick(s, 6000);
    }
    if (sim_chance(s, 4)) {
        limits.max_body = 20000 + sim_pick(s, 100000);
        limits.max_queued = 50000 + sim_pick(s, 200000);
    }
    if (sim_chance(s, 6)) {
        limits.max_questions = 1 + (uint32_t)sim_pick(s, 20);
        limits.max_exports = 1 + (uint32_t)sim_pick(s, 10);
        limits.max_operations = (uint32_t)sim_pick(s, 3);
        limits.max_references = 1 + (uint32_t)sim_pick(s, 3);
        limits.max_hops = 1 + (uint32_t)sim_pick(s, 3);
    }
    limits.ping_idle_ms = 20 + (uint32_t)sim_pick(s, 200);
    limits.ping_timeout_ms = 5000;
    return limits;
}

static crb_script sim_script(sim *s)
{
    crb_script script = CRB_SCRIPT_INIT;
    script.seed = crb_scripted_random(&s->random);
    for (int i = 0; i < 2; i++) {
        script.delay_us[i] = (uint32_t)sim_pick(s, 5000);
        script.jitter_us[i] = (uint32_t)sim_pick(s, 3) * 2000;
        if (s->cut_all != 0) {
            continue;
        }
        if (sim_chance(s, 12)) {
            script.cut_after[i] = sim_pick(s, 30000);
        }
    }
    script.split = sim_chance(s, 2) ? 0 : 1 + (uint32_t)sim_pick(s, 700);
    script.capacity = sim_chance(s, 2) ? 0 : 1 + (size_t)sim_pick(s, 100000);
    if (s->cut_all != 0 && !s->winding_down) {
        script.split = script.split == 0 ? 0 : 16 + script.split;
        script.capacity = script.capacity == 0 ? 0 : 2000 + script.capacity;
        script.cut_after[sim_pick(s, 2)] = SIM_HELLO_BYTES + sim_pick(s, s->cut_all);
    }
    return script;
}

static bool sim_connect(sim *s, int first, int second)
{
    sim_link *const link = &s->links[s->n_links];
    const int ends[2] = { first, second };
    for (int i = 0; i < 2; i++) {
        sim_side *const at = &link->sides[i];
        at->sim = s;
        at->node = &s->nodes[ends[i]];
        at->peer = &link->sides[1 - i];
        at->link = s->n_links;
        at->end = i;
        at->node->sides[ends[1 - i]] = at;
        crb_session_config config = { .dialer = i == 0, .name = "a peer", .limits = sim_limits(s) };
        memset(config.instance, ends[i] + 1, sizeof config.instance);
        memset(config.secret, ends[i] + 11, sizeof config.secret);
        at->session = crb_session_new(&config, s->clock);
        if (at->session == NULL) {
            return false;
        }
    }
    const crb_script script = sim_script(s);
    crb_scripted_end both[2];
    for (int i = 0; i < 2; i++) {
        both[i] =
            (crb_scripted_end) { &link->sides[i], end_pull, end_received, end_lost, end_tick, end_next_tick, end_wants_close };
    }
    link->pipe = crb_scripted_new(&script, both[0], both[1], s->clock);
    s->n_links++;
    return link->pipe != NULL;
}

bool sim_restart(sim_side *at)
{
    sim *const s = at->sim;
    const sim_link *const link = &s->links[at->link];
    const bool over = crb_scripted_is_over(link->pipe) && link->sides[0].closed && link->sides[1].closed;
    const bool leaving = at->session->draining || at->session->goaway_sent;
    if (at->node->sides[at->peer->node->index] != at || (!over && !leaving) || s->n_links == SIM_LINKS) {
        return false;
    }
    sim_count(s, over ? SIM_DO_RESTART : SIM_DO_RESTART_BESIDE);
    const int ends[2] = { at->node->index, at->peer->node->index };
    const uint64_t first = sim_pick(s, 2);
    SIM_CHECK(s, sim_connect(s, ends[first], ends[1 - first]), "no memory");
    sim_note(at->node->sides[ends[1]], "a new session", (uint64_t)s->n_links - 1, 0);
    return true;
}

static sim *sim_make(uint64_t seed, uint64_t cut_all, sim_counts *counts)
{
    sim *const s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->random = seed;
    s->counts = counts;
    crb_scratch_init(&s->scratch);
    s->clock = SIM_START;
    s->cut_all = cut_all;
    const uint64_t many = cut_all != 0 ? 0 : sim_pick(s, 8);
    s->n_nodes = many < 3 ? 2 : many < 6 ? 3 : 4;
    s->overloaded = cut_all == 0 && sim_chance(s, 4);
    for (int i = 0; i < s->n_nodes; i++) {
        sim_node *const node = &s->nodes[i];
        node->sim = s;
        node->index = i;
        const crb_once_limits few = {
            4 + (uint32_t)sim_pick(s, 8), 1 + (uint32_t)sim_pick(s, 4), 20000, 8000, 8, (20 + sim_pick(s, 300)) * SIM_MS, SIM_MS
        };
        node->forgetful = cut_all == 0 && sim_chance(s, 2);
        node->once = crb_once_new(node->forgetful ? &few : NULL);
        crb_once_book_init(&node->book);
        for (int k = 0; k < SIM_OBJECTS + SIM_RELAYS; k++) {
            node->objects[k].node = node;
            node->objects[k].index = k;
        }
    }
    for (int i = 0; i < s->n_nodes; i++) {
        for (int k = i + 1; k < s->n_nodes; k++) {
            if (!sim_connect(s, i, k)) {
                sim_free(s);
                return NULL;
            }
        }
    }
    return s;
}

sim *sim_new(uint64_t seed, sim_counts *counts)
{
    return sim_make(seed, 0, counts);
}

sim *sim_new_cut(uint64_t seed, uint64_t bytes, sim_counts *counts)
{
    return sim_make(seed, bytes, counts);
}

void sim_free(sim *s)
{
    for (int i = 0; i < s->n_nodes; i++) {
        while (s->nodes[i].requests != NULL) {
            sim_request *const request = s->nodes[i].requests;
            s->nodes[i].requests = request->next;
            free(request);
        }
        crb_once_drop_all(s->nodes[i].once);
        sim_once_settle(&s->nodes[i]);
        crb_once_free(s->nodes[i].once);
    }
    for (int i = 0; i < SIM_LINKS; i++) {
        crb_session_free(s->links[i].sides[0].session);
        crb_session_free(s->links[i].sides[1].session);
        crb_scripted_free(s->links[i].pipe);
    }
    crb_scratch_reset(&s->scratch, 0);
    free(s);
}
