#include "tests/runtime/dns/name_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 12, MAX_PACKET = 512 };

struct name_server {
    const record *records;
    size_t n;
    int silent, socket, stop[2];
    atomic_uint questions;
    pthread_t thread;
    char address[32];
};

static uint8_t *put16(uint8_t *at, unsigned value)
{
    *at++ = (uint8_t)(value >> 8);
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_name(uint8_t *at, const char *name)
{
    while (*name != '\0') {
        const size_t len = strcspn(name, ".");
        *at++ = (uint8_t)len;
        memcpy(at, name, len);
        at += len;
        name += len + (name[len] == '.');
    }
    *at++ = 0;
    return at;
}

/** The question's name as text; returns what stands behind it, NULL: nonsense. */
static const uint8_t *get_name(const uint8_t *at, const uint8_t *end, char *text)
{
    while (at < end && *at != 0) {
        const size_t len = *at++;
        if (len > 63 || at + len > end) {
            return NULL;
        }
        memcpy(text, at, len);
        text += len;
        *text++ = '.';
        at += len;
    }
    text[-1] = '\0';
    return at + 1;
}

static uint8_t *put_record(uint8_t *at, const record *r)
{
    uint8_t data[256];
    uint8_t *end = data;
    if (r->type == RECORD_SRV) {
        end = put16(put16(put16(end, r->priority), r->weight), r->port);
        end = put_name(end, r->value);
    } else {
        inet_pton(r->type == RECORD_A ? AF_INET : AF_INET6, r->value, data);
        end += r->type == RECORD_A ? 4 : 16;
    }
    at = put16(at, 0xc000 | HEADER); /* the question's name */
    at = put16(put16(at, (unsigned)r->type), 1);
    at = put16(put16(at, 0), 60);
    at = put16(at, (unsigned)(end - data));
    memcpy(at, data, (size_t)(end - data));
    return at + (end - data);
}

/** Makes the question an answer; returns its length. */
static size_t answer(const name_server *s, uint8_t packet[MAX_PACKET], size_t len)
{
    char name[300];
    const uint8_t *at = len > HEADER + 5 ? get_name(packet + HEADER, packet + len, name) : NULL;
    if (at == NULL || at + 4 > packet + len) {
        return 0;
    }
    const unsigned type = (unsigned)at[0] << 8 | at[1];
    uint8_t *end = packet + (at + 4 - packet);
    unsigned answers = 0;
    bool known = false;
    for (size_t i = 0; i < s->n; i++) {
        if (strcasecmp(s->records[i].name, name) == 0) {
            known = true;
            if ((unsigned)s->records[i].type == type) {
                end = put_record(end, &s->records[i]);
                answers++;
            }
        }
    }
    put16(packet + 2, known ? 0x8180 : 0x8183); /* an answer; no such name */
    put16(packet + 4, 1);
    put16(packet + 6, answers);
    put16(put16(packet + 8, 0), 0);
    return (size_t)(end - packet);
}

static void *serve(void *user)
{
    name_server *s = user;
    for (;;) {
        struct pollfd fds[] = { { s->socket, POLLIN, 0 }, { s->stop[0], POLLIN, 0 } };
        if (poll(fds, 2, -1) < 0 || fds[1].revents != 0) {
            return NULL;
        }
        uint8_t packet[MAX_PACKET];
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        const ssize_t len = recvfrom(s->socket, packet, sizeof packet, 0, (struct sockaddr *)&peer, &size);
        if (len <= 0) {
            continue;
        }
        atomic_fetch_add(&s->questions, 1);
        const size_t n = s->silent ? 0 : answer(s, packet, (size_t)len);
        if (n > 0) {
            (void)!sendto(s->socket, packet, n, 0, (struct sockaddr *)&peer, size);
        }
    }
}

name_server *name_server_start(const record *records, size_t n, int silent)
{
    name_server *s = calloc(1, sizeof *s);
    struct sockaddr_in self = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof self;
    if (s == NULL) {
        abort();
    }
    s->records = records;
    s->n = n;
    s->silent = silent;
    s->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s->socket < 0 || bind(s->socket, (struct sockaddr *)&self, size) != 0 ||
        getsockname(s->socket, (struct sockaddr *)&self, &size) != 0 || pipe(s->stop) != 0) {
        abort();
    }
    snprintf(s->address, sizeof s->address, "127.0.0.1:%u", (unsigned)ntohs(self.sin_port));
    if (pthread_create(&s->thread, NULL, serve, s) != 0) {
        abort();
    }
    return s;
}

const char *name_server_address(const name_server *server)
{
    return server->address;
}

unsigned name_server_questions(const name_server *server)
{
    return atomic_load(&server->questions);
}

void name_server_stop(name_server *server)
{
    close(server->stop[1]);
    pthread_join(server->thread, NULL);
    close(server->stop[0]);
    close(server->socket);
    free(server);
}
