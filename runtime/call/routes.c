/** Routes: which addresses lead to which peer that this side dialled, or to this runtime itself; in a table by address, so that
 *  finding one does not grow with the number of sessions. All under corbel_runtime.lock. */
#include "runtime/call/peer.h"

#include <stdlib.h>
#include <string.h>

/* An element that could not be added has hh.tbl == NULL afterwards. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)(element))
#include <uthash.h>

struct crb_route {
    UT_hash_handle hh; /* in corbel_runtime.routes */
    crb_peer *peer;    /* NULL: this runtime itself */
    crb_route *next;   /* of the same peer */
    char address[];
};

static crb_route *routes_find(corbel_runtime *runtime, const char *address)
{
    crb_route *route = NULL;
    HASH_FIND_STR(runtime->routes, address, route);
    return route;
}

static void routes_give(crb_route *route, crb_peer *peer)
{
    if (route->peer != NULL) {
        crb_route **at = &route->peer->routes;
        while (*at != route) {
            at = &(*at)->next;
        }
        *at = route->next;
    }
    route->peer = peer;
    route->next = NULL;
    if (peer != NULL) {
        route->next = peer->routes;
        peer->routes = route;
    }
}

bool crb_routes_set_locked(corbel_runtime *runtime, const char *address, crb_peer *peer)
{
    crb_route *route = routes_find(runtime, address);
    if (route == NULL) {
        const size_t size = strlen(address) + 1;
        route = malloc(sizeof *route + size);
        if (route == NULL) {
            return false;
        }
        route->peer = NULL;
        memcpy(route->address, address, size);
        HASH_ADD_STR(runtime->routes, address, route);
        if (route->hh.tbl == NULL) {
            free(route);
            return false;
        }
    }
    routes_give(route, peer);
    return true;
}

crb_peer *crb_routes_find_locked(corbel_runtime *runtime, const char *address, bool *ret_itself)
{
    crb_route *const route = routes_find(runtime, address);
    *ret_itself = route != NULL && route->peer == NULL;
    return route != NULL && route->peer != NULL && atomic_load(&route->peer->alive) ? route->peer : NULL;
}

crb_peer *crb_routes_named_locked(const crb_peer *peer, uint64_t id)
{
    for (crb_route *route = id == 0 ? NULL : peer->runtime->routes; route != NULL; route = route->hh.next) {
        crb_peer *const other = route->peer;
        if (other != NULL && other != peer && other->address != NULL && other->id == id && atomic_load(&other->alive)) {
            return other;
        }
    }
    return NULL;
}

void crb_routes_move_locked(crb_peer *from, crb_peer *to)
{
    while (from->routes != NULL) {
        routes_give(from->routes, to);
    }
}

static void routes_remove(corbel_runtime *runtime, crb_route *route)
{
    HASH_DEL(runtime->routes, route);
    free(route);
}

void crb_routes_forget_locked(crb_peer *peer)
{
    while (peer->routes != NULL) {
        crb_route *const route = peer->routes;
        peer->routes = route->next;
        routes_remove(peer->runtime, route);
    }
}

void crb_routes_free(corbel_runtime *runtime)
{
    while (runtime->routes != NULL) {
        routes_remove(runtime, runtime->routes);
    }
}
