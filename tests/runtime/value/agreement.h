/** What must be true of any bytes that are read as a message: see agreement.c. */
#ifndef CRB_TEST_AGREEMENT_H
#define CRB_TEST_AGREEMENT_H

#include <corbel/generated.h>
#include <protobuf-c/protobuf-c.h>

typedef struct agreement_schema {
    const corbel_type *type;
    const ProtobufCMessageDescriptor *descriptor;
} agreement_schema;

enum { AGREEMENT_SCHEMAS = 6 };
/** A struct or union each, and what protoc-c made of the same. */
extern const agreement_schema agreement_schemas[AGREEMENT_SCHEMAS];

/** Aborts, after a line on stderr, where something is not as it must be. true: the reader took the bytes. */
bool agreement_check(const agreement_schema *schema, const uint8_t *data, size_t len);

/** Reasons for which the reader refuses what protobuf-c takes; how often each was seen. */
typedef struct agreement_reason {
    const char *text; /* part of the message */
    const char *why;
    size_t seen;
} agreement_reason;
agreement_reason *agreement_reasons(size_t *ret_n);

#endif /* CRB_TEST_AGREEMENT_H */
