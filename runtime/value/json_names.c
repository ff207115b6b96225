/* Names of members in JSON, and base64. */
#include "runtime/value/json.h"

/** Steps through protobuf's name of a member: underscores go, and what is behind them is a capital. 0 at its end. */
static char names_next(const char **at)
{
    const char *const before = *at;
    while (**at == '_') {
        (*at)++;
    }
    const char c = **at;
    if (c == '\0') {
        return c;
    }
    const bool capital = *at != before && c >= 'a' && c <= 'z';
    (*at)++;
    return capital ? (char)(c - 'a' + 'A') : c;
}

static bool names_same(const char *a, const char *b)
{
    char x = 0, y = 0;
    do {
        x = names_next(&a);
        y = names_next(&b);
    } while (x == y && x != '\0');
    return x == y;
}

/** Is protobuf's name of the member also that of another one, or nothing? */
static bool names_is_own(const corbel_type *type, const corbel_member *member)
{
    const char *at = member->name;
    if (names_next(&at) == '\0') {
        return true;
    }
    for (uint32_t i = 0; i < type->count; i++) {
        if (&type->members[i] != member && names_same(type->members[i].name, member->name)) {
            return true;
        }
    }
    return false;
}

void crb_json_put_name(const corbel_type *type, const corbel_member *member, crb_buf *out)
{
    if (names_is_own(type, member)) {
        crb_buf_append(out, member->name, strlen(member->name));
        return;
    }
    const char *at = member->name;
    for (char c = names_next(&at); c != '\0'; c = names_next(&at)) {
        crb_buf_append(out, &c, 1);
    }
}

const corbel_member *crb_json_find(const corbel_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (strcmp(type->members[i].name, name) == 0) {
            return &type->members[i];
        }
    }
    if (strchr(name, '_') != NULL) {
        return NULL; /* protobuf's names have none */
    }
    for (uint32_t i = 0; i < type->count; i++) {
        const corbel_member *const member = &type->members[i];
        const char *at = member->name, *expected = name;
        char c = names_next(&at);
        while (c != '\0' && c == *expected) {
            c = names_next(&at);
            expected++;
        }
        if (c == '\0' && *expected == '\0' && *name != '\0') {
            return names_is_own(type, member) ? NULL : member;
        }
    }
    return NULL;
}

static const char names_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void crb_json_put_base64(const uint8_t *data, size_t len, crb_buf *out)
{
    for (size_t i = 0; i < len; i += 3) {
        const size_t n = len - i < 3 ? len - i : 3;
        const uint32_t bits =
            (uint32_t)data[i] << 16 | (n > 1 ? (uint32_t)data[i + 1] << 8 : 0) | (n > 2 ? (uint32_t)data[i + 2] : 0);
        const char text[4] = { names_alphabet[bits >> 18], names_alphabet[bits >> 12 & 63],
                               n > 1 ? names_alphabet[bits >> 6 & 63] : '=', n > 2 ? names_alphabet[bits & 63] : '=' };
        crb_buf_append(out, text, sizeof text);
    }
}

static int names_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+' || c == '-') {
        return 62;
    }
    return c == '/' || c == '_' ? 63 : -1;
}

bool crb_json_from_base64(uint8_t *text, size_t len, size_t *ret_len)
{
    if (len > 0 && len % 4 == 0 && text[len - 1] == '=') {
        len -= text[len - 2] == '=' ? 2 : 1;
    }
    size_t n = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        const int digit = names_digit(text[i]);
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 > 0) {
            text[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        }
    }
    *ret_len = n;
    return len % 4 != 1;
}
