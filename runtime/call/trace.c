/** The traceparent of the W3C's Trace Context (recommendation of 2021, and level 2's flag for random ids):
 *  version "-" trace-id "-" parent-id "-" flags, lower-case hexadecimal, no id all zero, version ff not allowed. */
#include "runtime/call/trace.h"

#include "runtime/base/clock.h"
#include "runtime/call/runtime_impl.h"

#include <string.h>

enum { TRACE_LEN = CRB_TRACE_TEXT - 1, TRACE_SAMPLED = 1, TRACE_RANDOM = 2 };

bool crb_trace_is_set(const crb_trace *trace)
{
    static const uint8_t zero[sizeof trace->id];
    return memcmp(trace->id, zero, sizeof zero) != 0;
}

static int trace_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** n bytes from 2 n digits. */
static bool trace_hex(const char *text, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int high = trace_digit(text[2 * i]);
        const int low = trace_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool trace_is_zero(const uint8_t *bytes, size_t n)
{
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

const char *crb_trace_parse(const char *text, size_t len, crb_trace *ret)
{
    uint8_t version = 0;
    crb_trace trace = { .flags = 0 };
    if (len < TRACE_LEN) {
        return "it is too short";
    }
    if (!trace_hex(text, &version, 1)) {
        return "its version is not two lower-case hexadecimal digits";
    }
    if (version == 0xff) {
        return "its version ff is not allowed";
    }
    if (version == 0 ? len != TRACE_LEN : len > TRACE_LEN && text[TRACE_LEN] != '-') {
        return "it is too long";
    }
    if (text[2] != '-' || text[35] != '-' || text[52] != '-') {
        return "its fields are not divided by '-' where they should be";
    }
    if (!trace_hex(text + 3, trace.id, sizeof trace.id) || trace_is_zero(trace.id, sizeof trace.id)) {
        return "its trace id is not 32 lower-case hexadecimal digits, not all 0";
    }
    if (!trace_hex(text + 36, trace.span, sizeof trace.span) || trace_is_zero(trace.span, sizeof trace.span)) {
        return "its parent id is not 16 lower-case hexadecimal digits, not all 0";
    }
    if (!trace_hex(text + 53, &trace.flags, 1)) {
        return "its flags are not two lower-case hexadecimal digits";
    }
    trace.flags &= TRACE_SAMPLED | TRACE_RANDOM;
    *ret = trace;
    return NULL;
}

static char *trace_put(char *out, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    return out;
}

void crb_trace_format(const crb_trace *trace, char *out)
{
    if (crb_trace_is_set(trace)) {
        static const uint8_t version;
        out = trace_put(out, &version, 1);
        *out++ = '-';
        out = trace_put(out, trace->id, sizeof trace->id);
        *out++ = '-';
        out = trace_put(out, trace->span, sizeof trace->span);
        *out++ = '-';
        out = trace_put(out, &trace->flags, 1);
    }
    *out = '\0';
}

void crb_trace_draw_span(crb_trace *trace)
{
    const uint64_t drawn = crb_random_id();
    memcpy(trace->span, &drawn, sizeof trace->span);
}

void crb_trace_draw(crb_trace *trace, bool sampled)
{
    const uint64_t drawn[2] = { crb_random_id(), crb_random_id() };
    memcpy(trace->id, drawn, sizeof trace->id);
    trace->flags = (uint8_t)(TRACE_RANDOM | (sampled ? TRACE_SAMPLED : 0));
    crb_trace_draw_span(trace);
}
