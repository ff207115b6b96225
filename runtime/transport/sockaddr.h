/** The kernel's form of an address: between sockets.c and sockets_listen.c. */
#ifndef CRB_SOCKADDR_H
#define CRB_SOCKADDR_H

#include "runtime/uri/uri.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct crb_sockaddr {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } at;
    socklen_t len;
} crb_sockaddr;

/** False: the address cannot be used as it is, and why is in why. */
bool crb_sockaddr_make(const crb_address *address, crb_sockaddr *ret, char *why, size_t max);
void crb_sockaddr_set_port(crb_sockaddr *at, uint16_t port);

#endif /* CRB_SOCKADDR_H */
