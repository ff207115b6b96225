/** URIs: corbel:OBJECT@ADDRESS[,ADDRESS...] and corbelname:NAME[@ADDRESS,...].
 *
 *  An address is HOST:PORT, HOST, tls:HOST:PORT, tls:HOST, unix:/path or unix:@abstract; a HOST is a name, an IPv4 address or an
 *  IPv6 address in brackets. Schemes and tls:, unix: are read in any case. In ids, names and paths, which are UTF-8, these are
 *  written as % and two hex digits: , @ % space and control characters. */
#ifndef CRB_URI_H
#define CRB_URI_H

#include <corbel/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum crb_address_kind { CRB_ADDRESS_TCP, CRB_ADDRESS_TLS, CRB_ADDRESS_UNIX, CRB_ADDRESS_ABSTRACT } crb_address_kind;

typedef struct crb_address {
    crb_address_kind kind;
    char *host; /* TCP, TLS: a name, or an IPv4 or IPv6 address without brackets; UNIX, ABSTRACT: the path or name */
    uint16_t port;
    bool has_port; /* false: the port goes by DNS SRV */
} crb_address;

typedef enum crb_uri_kind { CRB_URI_OBJECT, CRB_URI_NAME } crb_uri_kind;

typedef struct crb_uri {
    crb_uri_kind kind;
    char *id; /* the object id or the name, decoded */
    crb_address *addresses;
    size_t n_addresses; /* of a name: may be 0 (the runtime's own name server) */
} crb_uri;

/** CORBEL_INVALID_ARGUMENT with the position in bytes ("column 12: …") for whatever is not a URI. ret: crb_uri_clear(). */
corbel_status crb_uri_parse(const char *text, crb_uri *ret, corbel_error *reterr);
/** parse(format(u)) == u. NULL: out of memory. The caller's: corbel_string_free(), so it is a corbel block. */
char *crb_uri_format(const crb_uri *uri);
/** One address, or a comma-separated list of them, as they stand behind the @; what listen lists and --ns take. Here, and not in
 *  URIs, port 0 is allowed: the kernel chooses. ret: crb_addresses_free(). */
corbel_status crb_addresses_parse(const char *text, crb_address **ret, size_t *ret_n, corbel_error *reterr);
/** "127.0.0.1:9676", "[::1]:9676", "unix:/run/x": a plain malloc'ed string, free(). NULL: out of memory. */
char *crb_address_format(const crb_address *address);
void crb_addresses_free(crb_address *addresses, size_t n);
void crb_uri_clear(crb_uri *uri);
/** NULL: text may be an object id or a name; otherwise what is wrong with it, "empty". */
const char *crb_object_id_fault(const char *text);

#define CRB_MAX_URI 8192      /* bytes of a URI's text; what is within the other limits always fits */
#define CRB_MAX_OBJECT_ID 255 /* bytes of a decoded object id or name */
#define CRB_MAX_ADDRESSES 16

#endif /* CRB_URI_H */
