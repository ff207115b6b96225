/* A pipe in virtual time. Each direction has the bytes on their way, cut into pieces with the time at which each arrives, and
 * what has arrived of a message that is not whole. Memory that runs out cuts the pipe. */
#include "runtime/transport/scripted.h"

#include <stdlib.h>
#include <string.h>

enum { SCRIPTED_LENGTH = 4 };
#define SCRIPTED_US UINT64_C(1000)

typedef struct scripted_piece {
    uint64_t due;
    size_t len;
} scripted_piece;

typedef struct scripted_way {
    crb_buf bytes; /* on their way; those before at have arrived */
    size_t at;
    scripted_piece *pieces;
    size_t first, n, capacity;
    uint64_t last_due;
    crb_buf partial;
    uint64_t arrived;
    bool stalled;
} scripted_way;

struct crb_scripted {
    crb_script script;
    crb_scripted_end ends[2];
    scripted_way ways[2];
    uint64_t now, random;
    bool over;
};

uint64_t crb_scripted_random(uint64_t *state)
{
    /* splitmix64 */
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

crb_scripted *crb_scripted_new(const crb_script *script, crb_scripted_end first, crb_scripted_end second, uint64_t now)
{
    crb_scripted *const pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL) {
        return NULL;
    }
    pipe->script = *script;
    pipe->ends[0] = first;
    pipe->ends[1] = second;
    pipe->now = now;
    pipe->random = script->seed;
    return pipe;
}

void crb_scripted_free(crb_scripted *pipe)
{
    if (pipe == NULL) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        crb_buf_clear(&pipe->ways[i].bytes);
        crb_buf_clear(&pipe->ways[i].partial);
        free(pipe->ways[i].pieces);
    }
    free(pipe);
}

static void scripted_end(crb_scripted *pipe, const char *first_why, const char *second_why)
{
    if (!pipe->over) {
        pipe->over = true;
        pipe->ends[0].lost(pipe->ends[0].user, first_why, pipe->now);
        pipe->ends[1].lost(pipe->ends[1].user, second_why, pipe->now);
    }
}

void crb_scripted_cut(crb_scripted *pipe, const char *why)
{
    scripted_end(pipe, why, why);
}

/* ---- sending ---- */

/** False: no memory. */
static bool scripted_add_piece(scripted_way *way, uint64_t due, size_t len)
{
    if (way->first == way->n) {
        way->first = 0;
        way->n = 0;
    }
    if (way->n == way->capacity) {
        const size_t capacity = way->capacity == 0 ? 64 : way->capacity * 2;
        scripted_piece *const pieces = realloc(way->pieces, capacity * sizeof *pieces);
        if (pieces == NULL) {
            return false;
        }
        way->pieces = pieces;
        way->capacity = capacity;
    }
    way->pieces[way->n++] = (scripted_piece) { due, len };
    return true;
}

static bool scripted_send(crb_scripted *pipe, int direction, const crb_buf *message)
{
    scripted_way *const way = &pipe->ways[direction];
    if (way->at == way->bytes.len) {
        way->bytes.len = 0;
        way->at = 0;
    }
    const uint8_t length[SCRIPTED_LENGTH] = { (uint8_t)message->len, (uint8_t)(message->len >> 8), (uint8_t)(message->len >> 16),
                                              (uint8_t)(message->len >> 24) };
    crb_buf_append(&way->bytes, length, sizeof length);
    crb_buf_append(&way->bytes, message->data, message->len);
    if (way->bytes.failed) {
        return false;
    }
    size_t left = message->len + sizeof length;
    while (left > 0) {
        const uint32_t split = pipe->script.split;
        const size_t wanted = split == 0 ? left : (size_t)(crb_scripted_random(&pipe->random) % split) + 1;
        const size_t len = wanted < left ? wanted : left;
        const uint32_t jitter = pipe->script.jitter_us[direction];
        const uint64_t extra = jitter == 0 ? 0 : crb_scripted_random(&pipe->random) % (jitter + UINT64_C(1));
        const uint64_t due = pipe->now + (pipe->script.delay_us[direction] + extra) * SCRIPTED_US;
        way->last_due = due > way->last_due ? due : way->last_due;
        if (!scripted_add_piece(way, way->last_due, len)) {
            return false;
        }
        left -= len;
    }
    return true;
}

static void scripted_pull(crb_scripted *pipe, int direction)
{
    const scripted_way *const way = &pipe->ways[direction];
    const crb_scripted_end *const end = &pipe->ends[direction];
    while (!pipe->over && (pipe->script.capacity == 0 || way->bytes.len - way->at < pipe->script.capacity)) {
        crb_buf message = CRB_BUF_INIT;
        const bool some = end->pull(end->user, &message, pipe->now);
        const bool sent = !some || scripted_send(pipe, direction, &message);
        crb_buf_clear(&message);
        if (!sent) {
            crb_scripted_cut(pipe, "out of memory");
        }
        if (!some) {
            return;
        }
    }
}

/* ---- arriving ---- */

static void scripted_deliver(crb_scripted *pipe, int direction)
{
    const crb_scripted_end *const end = &pipe->ends[1 - direction];
    scripted_way *const way = &pipe->ways[direction];
    size_t at = 0;
    while (!pipe->over && way->partial.len - at >= SCRIPTED_LENGTH) {
        const uint8_t *const head = way->partial.data + at;
        const size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        if (way->partial.len - at - SCRIPTED_LENGTH < len) {
            break;
        }
        end->received(end->user, head + SCRIPTED_LENGTH, len, pipe->now);
        at += SCRIPTED_LENGTH + len;
    }
    memmove(way->partial.data, way->partial.data + at, way->partial.len - at);
    way->partial.len -= at;
}

static void scripted_arrive(crb_scripted *pipe, int direction)
{
    scripted_way *const way = &pipe->ways[direction];
    const scripted_piece piece = way->pieces[way->first++];
    const uint64_t before_cut = pipe->script.cut_after[direction] - way->arrived;
    const size_t len = piece.len < before_cut ? piece.len : (size_t)before_cut;
    crb_buf_append(&way->partial, way->bytes.data + way->at, len);
    way->at += piece.len;
    way->arrived += len;
    if (way->partial.failed) {
        crb_scripted_cut(pipe, "out of memory");
        return;
    }
    scripted_deliver(pipe, direction);
    if (way->arrived == pipe->script.cut_after[direction]) {
        crb_scripted_cut(pipe, "cut by the script");
    }
}

/* ---- time ---- */

static uint64_t scripted_due(const scripted_way *way)
{
    return way->stalled || way->first == way->n ? CRB_SCRIPTED_NEVER : way->pieces[way->first].due;
}

/** An end that has said its last word closes, once that has arrived. */
static void scripted_close(crb_scripted *pipe)
{
    for (int i = 0; i < 2 && !pipe->over; i++) {
        if (pipe->ways[i].first == pipe->ways[i].n && pipe->ends[i].wants_close(pipe->ends[i].user)) {
            scripted_end(pipe, "closed", "closed");
        }
    }
}

bool crb_scripted_step(crb_scripted *pipe, uint64_t until)
{
    scripted_pull(pipe, 0);
    scripted_pull(pipe, 1);
    scripted_close(pipe);
    if (pipe->over) {
        return false;
    }
    uint64_t dues[4] = { scripted_due(&pipe->ways[0]), scripted_due(&pipe->ways[1]), pipe->ends[0].next_tick(pipe->ends[0].user),
                         pipe->ends[1].next_tick(pipe->ends[1].user) };
    int next = 0;
    for (int i = 1; i < 4; i++) {
        next = dues[i] < dues[next] ? i : next;
    }
    if (dues[next] == CRB_SCRIPTED_NEVER || dues[next] > until) {
        pipe->now = until != CRB_SCRIPTED_NEVER && until > pipe->now ? until : pipe->now;
        return false;
    }
    pipe->now = dues[next] > pipe->now ? dues[next] : pipe->now;
    if (next < 2) {
        scripted_arrive(pipe, next);
    } else {
        pipe->ends[next - 2].tick(pipe->ends[next - 2].user, pipe->now);
    }
    return true;
}

uint64_t crb_scripted_now(const crb_scripted *pipe)
{
    return pipe->now;
}

void crb_scripted_stall(crb_scripted *pipe, int direction, bool stalled)
{
    pipe->ways[direction].stalled = stalled;
}

bool crb_scripted_is_over(const crb_scripted *pipe)
{
    return pipe->over;
}

uint64_t crb_scripted_arrived(const crb_scripted *pipe, int direction)
{
    return pipe->ways[direction].arrived;
}
