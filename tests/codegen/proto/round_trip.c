/* One message a line, "Type hex": what becomes of it when we read and write it, and when protobuf-c does; two hexadecimal
 * numbers, or why not. Driven by round_trip.py, which has made the messages with Python's protobuf. */
#include "everything.corbel.h"
#include "everything.pb-c.h"

#include "runtime/value/codec.h"

#include <protobuf-c/protobuf-c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    const char *name;
    const corbel_type *type;
    const ProtobufCMessageDescriptor *descriptor;
} row;

#define ROW(ours, theirs)                                                                                                        \
    {                                                                                                                            \
#ours, &all_##ours##_type, &all__##theirs##__descriptor                                                                  \
    }

static void print_hex(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        printf("%02x", data[i]);
    }
    putchar('.');
}

static void ours(const row *of, const uint8_t *data, size_t length)
{
    corbel_error error = CORBEL_ERROR_INIT;
    void *value = NULL;
    crb_buf out = CRB_BUF_INIT;
    if (crb_decode_struct(of->type, data, length, NULL, NULL, &value, &error) != CORBEL_OK ||
        crb_encode_struct(of->type, value, NULL, &out, &error) != CORBEL_OK) {
        printf("%s", error.message);
    } else {
        print_hex(out.data, out.len);
    }
    corbel_block_free(value);
    crb_buf_clear(&out);
    corbel_error_clear(&error);
}

static void theirs(const row *of, const uint8_t *data, size_t length)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(of->descriptor, NULL, length, data);
    if (message == NULL) {
        printf("protobuf-c refuses it");
        return;
    }
    const size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = malloc(size + 1);
    if (packed != NULL) {
        print_hex(packed, protobuf_c_message_pack(message, packed));
    }
    free(packed);
    protobuf_c_message_free_unpacked(message, NULL);
}

int main(void)
{
    const row rows[] = { ROW(Basic, basic), ROW(Lists, lists), ROW(Presence, presence), ROW(message, message),
                         ROW(Heir, heir),   ROW(Empty, empty), ROW(Wrong, wrong),       ROW(Value, value),
                         ROW(Flag, flag),   ROW(Bits, bits),   ROW(Node, node) };
    char name[64];
    static char hex[200000];
    static uint8_t data[100000];
    while (scanf("%63s %199999s", name, hex) == 2) {
        const row *found = NULL;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            found = strcmp(rows[i].name, name) == 0 ? &rows[i] : found;
        }
        size_t length = 0;
        for (const char *at = hex; *at != '.' && *at != '\0'; at += 2, length++) {
            unsigned byte = 0;
            if (sscanf(at, "%2x", &byte) != 1) {
                return EXIT_FAILURE;
            }
            data[length] = (uint8_t)byte;
        }
        if (found == NULL) {
            return EXIT_FAILURE;
        }
        ours(found, data, length);
        putchar('|');
        theirs(found, data, length);
        putchar('\n');
    }
    return EXIT_SUCCESS;
}
