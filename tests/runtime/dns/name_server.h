/** A DNS server on loopback that knows a table; a thread of the test. */
#ifndef CRB_TEST_NAME_SERVER_H
#define CRB_TEST_NAME_SERVER_H

#include <stddef.h>
#include <stdint.h>

typedef enum record_type { RECORD_A = 1, RECORD_AAAA = 28, RECORD_SRV = 33 } record_type;

typedef struct record {
    const char *name;
    record_type type;
    const char *value; /* an address in numbers, or the target */
    uint16_t priority, weight, port;
} record;

typedef struct name_server name_server;

/** silent: it takes questions and never answers. */
name_server *name_server_start(const record *records, size_t n, int silent);
/** "127.0.0.1:PORT". */
const char *name_server_address(const name_server *server);
unsigned name_server_questions(const name_server *server);
void name_server_stop(name_server *server);

#endif /* CRB_TEST_NAME_SERVER_H */
