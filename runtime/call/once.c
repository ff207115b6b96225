/** Keys of our calls with @once: drawn when a call starts, kept over its attempts, done with at its end. What was done with is
 * told with later calls, to the peers that got keys. */
#include "runtime/call/call_impl.h"

#include <stdlib.h>
#include <string.h>

static void once_note_lowest_locked(corbel_runtime *runtime)
{
    atomic_store_explicit(&runtime->once_lowest, crb_once_lowest(&runtime->once), memory_order_relaxed);
}

crb_once_mine *crb_once_begin(corbel_runtime *runtime)
{
    crb_once_mine *const once = malloc(sizeof *once);
    if (once != NULL) {
        pthread_mutex_lock(&runtime->once_lock);
        crb_once_draw(&runtime->once, once);
        once_note_lowest_locked(runtime);
        pthread_mutex_unlock(&runtime->once_lock);
    }
    return once;
}

void crb_once_end(corbel_runtime *runtime, crb_once_mine *once)
{
    if (once == NULL) {
        return;
    }
    pthread_mutex_lock(&runtime->once_lock);
    crb_once_close(&runtime->once, once);
    once_note_lowest_locked(runtime);
    pthread_mutex_unlock(&runtime->once_lock);
    free(once);
}

bool crb_once_say_locked(crb_peer *peer, const crb_send *send, crb_once_wire *ret)
{
    if (send->relayed_once != NULL) {
        *ret = *send->relayed_once;
        return true;
    }
    /* Read after the key was drawn, which is open: never above it. */
    const uint64_t lowest = atomic_load_explicit(&peer->runtime->once_lowest, memory_order_relaxed);
    *ret = (crb_once_wire) { .acknowledged = lowest };
    if (send->once != NULL) {
        ret->sequence = send->once->sequence;
        ret->again = send->once->again;
    }
    return send->once != NULL || lowest != peer->once_told;
}
