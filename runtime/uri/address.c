#include "runtime/base/fail.h"
#include "runtime/uri/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { ADDRESS_MAX_NAME = 253, ADDRESS_MAX_LABEL = 63 };
/* Bytes of a path with its NUL, or of an abstract name behind the NUL that marks it. */
#define ADDRESS_MAX_PATH (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

static corbel_status address_no_memory(const crb_text *text)
{
    return crb_fail(text->reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for an address");
}

static bool address_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool address_is_label_char(char c)
{
    return address_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/** The first c in [from, to), or to. */
static const char *address_find(const char *from, const char *to, char c)
{
    while (from < to && *from != c) {
        from++;
    }
    return from;
}

/** Is [from, to) an address of the family, as the system's own reader has it? */
static bool address_is_numeric(int family, const char *from, const char *to)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char binary[sizeof(struct in6_addr)];
    const size_t len = (size_t)(to - from);
    if (len >= sizeof copy) {
        return false;
    }
    memcpy(copy, from, len);
    copy[len] = '\0';
    return inet_pton(family, copy, binary) == 1;
}

/** name = label { "." label } [ "." ] ;  the last label is not all digits, which nobody could tell from an IPv4 address. */
static corbel_status address_check_name(const crb_text *text, const char *from, const char *to)
{
    if (to - from > ADDRESS_MAX_NAME) {
        return crb_text_fail(text, from, "a host name of %zu bytes, at most %d", (size_t)(to - from), ADDRESS_MAX_NAME);
    }
    const char *label = from;
    while (label < to) {
        const char *at = label;
        bool digits = true;
        for (; at < to && *at != '.'; at++) {
            if (!address_is_label_char(*at)) {
                return crb_text_fail(text, at, "not a character of a host name");
            }
            digits = digits && address_is_digit(*at);
        }
        if (at == label || *label == '-' || at[-1] == '-' || at - label > ADDRESS_MAX_LABEL) {
            return crb_text_fail(text, label, "not a host name");
        }
        if (digits && to - at <= 1) {
            return crb_text_fail(text, label, "neither a host name nor an IPv4 address");
        }
        label = at < to ? at + 1 : at;
    }
    return CORBEL_OK;
}

/** port = "0" | digit1-9 { digit } ; */
static corbel_status address_port(const crb_text *text, const char *from, const char *to, uint16_t *ret)
{
    unsigned port = 0;
    for (const char *at = from; at < to; at++) {
        if (!address_is_digit(*at)) {
            return crb_text_fail(text, at, "a port is a number");
        }
        port = port <= UINT16_MAX ? port * 10 + (unsigned)(*at - '0') : port;
    }
    if (from == to) {
        return crb_text_fail(text, from, "the port is missing");
    }
    if (port > UINT16_MAX || (*from == '0' && to - from > 1) || (port == 0 && !text->may_listen)) {
        return crb_text_fail(text, from, "a port is 1 to 65535");
    }
    *ret = (uint16_t)port;
    return CORBEL_OK;
}

/** host [ ":" port ] ;  host = name | IPv4 | "[" IPv6 "]" ; */
static corbel_status address_host(const crb_text *text, const char *from, const char *to, crb_address *address)
{
    const char *host = from, *host_end = NULL, *rest = NULL;
    if (from < to && *from == '[') {
        host++;
        host_end = address_find(host, to, ']');
        if (host_end == to) {
            return crb_text_fail(text, from, "[ without ]");
        }
        if (!address_is_numeric(AF_INET6, host, host_end)) {
            return crb_text_fail(text, host, "not an IPv6 address");
        }
        rest = host_end + 1;
        if (rest < to && *rest != ':') {
            return crb_text_fail(text, rest, "behind ] stands :PORT or nothing");
        }
    } else {
        host_end = address_find(from, to, ':');
        rest = host_end;
        if (host_end == host) {
            return crb_text_fail(text, host, "the host is missing");
        }
        if (rest < to && address_find(rest + 1, to, ':') < to) {
            return crb_text_fail(text, from, "more than one colon; an IPv6 address stands in brackets");
        }
        if (!address_is_numeric(AF_INET, host, host_end)) {
            const corbel_status status = address_check_name(text, host, host_end);
            if (status != CORBEL_OK) {
                return status;
            }
        }
    }
    address->has_port = rest < to;
    if (address->has_port) {
        const corbel_status status = address_port(text, rest + 1, to, &address->port);
        if (status != CORBEL_OK) {
            return status;
        }
    }
    const size_t len = (size_t)(host_end - host);
    address->host = malloc(len + 1);
    if (address->host == NULL) {
        return address_no_memory(text);
    }
    memcpy(address->host, host, len);
    address->host[len] = '\0';
    return CORBEL_OK;
}

/** "/" path | "@" name ; */
static corbel_status address_unix(const crb_text *text, const char *from, const char *to, crb_address *address)
{
    if (from < to && *from == '@') {
        address->kind = CRB_ADDRESS_ABSTRACT;
        return crb_text_decode(text, from + 1, to, "the socket's name", ADDRESS_MAX_PATH, &address->host);
    }
    if (to - from < 2 || *from != '/') {
        return crb_text_fail(text, from, "behind unix: stands /PATH or @NAME");
    }
    address->kind = CRB_ADDRESS_UNIX;
    return crb_text_decode(text, from, to, "the path", ADDRESS_MAX_PATH, &address->host);
}

/** address = [ "tls:" ] host [ ":" port ] | "unix:" ( "/" path | "@" name ) ; */
static corbel_status address_parse(const crb_text *text, const char *from, const char *to, crb_address *ret)
{
    *ret = (crb_address) { .kind = CRB_ADDRESS_TCP };
    if (from == to) {
        return crb_text_fail(text, from, "an address is missing");
    }
    if (crb_text_begins(from, to, "unix:")) {
        return address_unix(text, from + strlen("unix:"), to, ret);
    }
    if (crb_text_begins(from, to, "tls:")) {
        ret->kind = CRB_ADDRESS_TLS;
        from += strlen("tls:");
    }
    return address_host(text, from, to, ret);
}

/** addresses = address { "," address } ; */
corbel_status crb_text_addresses(const crb_text *text, const char *from, crb_address **ret, size_t *ret_n)
{
    crb_address found[CRB_MAX_ADDRESSES];
    size_t n = 0;
    corbel_status status = CORBEL_OK;
    for (const char *at = from;;) {
        const char *to = address_find(at, text->end, ',');
        if (n == CRB_MAX_ADDRESSES) {
            status = crb_text_fail(text, at, "more than %d addresses", CRB_MAX_ADDRESSES);
            break;
        }
        status = address_parse(text, at, to, &found[n]);
        if (status != CORBEL_OK) {
            break;
        }
        n++;
        if (to == text->end) {
            break;
        }
        at = to + 1;
    }
    crb_address *addresses = NULL;
    if (status == CORBEL_OK) {
        addresses = malloc(n * sizeof *addresses);
        status = addresses != NULL ? CORBEL_OK : address_no_memory(text);
    }
    if (status != CORBEL_OK) {
        for (size_t i = 0; i < n; i++) {
            free(found[i].host);
        }
        return status;
    }
    memcpy(addresses, found, n * sizeof *addresses);
    *ret = addresses;
    *ret_n = n;
    return CORBEL_OK;
}

corbel_status crb_addresses_parse(const char *text, crb_address **ret, size_t *ret_n, corbel_error *reterr)
{
    const size_t len = strnlen(text, CRB_MAX_URI + 1);
    const crb_text all = { text, text + len, true, reterr };
    if (len > CRB_MAX_URI) {
        return crb_text_fail(&all, text + CRB_MAX_URI, "more than %d bytes", CRB_MAX_URI);
    }
    return crb_text_addresses(&all, text, ret, ret_n);
}

void crb_text_put_address(crb_buf *out, const crb_address *address)
{
    if (address->kind == CRB_ADDRESS_UNIX || address->kind == CRB_ADDRESS_ABSTRACT) {
        const bool abstract = address->kind == CRB_ADDRESS_ABSTRACT;
        crb_buf_append(out, "unix:@", abstract ? 6 : 5);
        crb_text_encode(out, address->host);
        return;
    }
    if (address->kind == CRB_ADDRESS_TLS) {
        crb_buf_append(out, "tls:", 4);
    }
    const bool brackets = strchr(address->host, ':') != NULL;
    crb_buf_append(out, "[", brackets ? 1 : 0);
    crb_buf_append(out, address->host, strlen(address->host));
    crb_buf_append(out, "]", brackets ? 1 : 0);
    if (address->has_port) {
        char port[8];
        const int len = snprintf(port, sizeof port, ":%u", (unsigned)address->port);
        crb_buf_append(out, port, (size_t)len);
    }
}

char *crb_address_format(const crb_address *address)
{
    crb_buf out = CRB_BUF_INIT;
    crb_text_put_address(&out, address);
    crb_buf_append(&out, "", 1);
    if (out.failed) {
        crb_buf_clear(&out);
    }
    return (char *)out.data;
}

void crb_addresses_free(crb_address *addresses, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(addresses[i].host);
    }
    free(addresses);
}
