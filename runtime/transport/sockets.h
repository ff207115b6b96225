/** Plain sockets: connecting, listening, naming the peer. All descriptors are close-on-exec. */
#ifndef CRB_SOCKETS_H
#define CRB_SOCKETS_H

#include "runtime/transport/crowd.h"
#include "runtime/transport/transport.h"
#include "runtime/uri/uri.h"

#include <corbel/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CRB_MAX_SOCKET_WHY 128 /* bytes of a text that says why, with its NUL */

/** Connects, blocking at most until deadline (crb_now() time): a non-blocking descriptor, the caller's, or -1 with the cause in
 *  why. The host must be numeric. */
int crb_socket_connect(const crb_address *address, uint64_t deadline, char *why, size_t max);

/** "127.0.0.1:43210", "[::1]:43210", "unix (pid 12, uid 1000)". */
void crb_socket_peer(int fd, char *text, size_t max);
/** Who connected, or listens, at a Unix socket. false: it is none. */
bool crb_socket_user(int fd, crb_link_user *ret);
/** Where an accepted connection comes from, as far as connections are counted together. */
void crb_socket_origin(int fd, crb_origin_key *ret);

/** One listening socket. */
typedef struct crb_socket_bound {
    int fd;     /* non-blocking; -1: none */
    char *path; /* of a Unix socket in the file system: removed at the end, if it is still the same one */
    dev_t device;
    ino_t inode;
} crb_socket_bound;

/** Binds and listens on one address: a numeric host, "localhost" (two sockets, where ::1 exists; *ret_n says how many were made),
 *  a Unix path or an abstract name. Replaces a Unix path that a dead process left. *port: the port as bound. False: the cause is
 *  in why, and nothing is left. */
bool crb_socket_listen(const crb_address *address, crb_socket_bound ret[2], size_t *ret_n, uint16_t *port, char *why, size_t max);
/** Closes it, and removes its path. */
void crb_socket_unlisten(crb_socket_bound *bound);
/** Is it reachable from other machines? */
bool crb_socket_is_public(const crb_socket_bound *bound);

#endif /* CRB_SOCKETS_H */
