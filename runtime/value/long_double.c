/* binary128 has 1 bit of sign, 15 of exponent and 112 of fraction. x86's extended format has the same exponent and 64 bits of
 * mantissa, whose first, which binary128 leaves out, is 1 but for zero and subnormal numbers. So writing is a matter of shifting,
 * and reading of rounding away 49 bits. */
#include "runtime/value/long_double.h"

#include <float.h>
#include <stdbool.h>
#include <string.h>

enum { LONG_DOUBLE_SPECIAL = 0x7fff };

#if LDBL_MANT_DIG == 64

void crb_long_double_load(const void *at, uint8_t out[CRB_LONG_DOUBLE_WIRE])
{
    uint64_t mantissa = 0;
    uint16_t head = 0;
    memcpy(&mantissa, at, 8);
    memcpy(&head, (const uint8_t *)at + 8, 2);
    const bool leading = mantissa >> 63 != 0;
    uint64_t fraction = mantissa << 1;
    if ((head & LONG_DOUBLE_SPECIAL) == 0 && leading) {
        head |= 1; /* a subnormal number with a leading 1 is the normal one of exponent 1 */
    } else if ((head & LONG_DOUBLE_SPECIAL) != 0 && !leading) {
        head |= LONG_DOUBLE_SPECIAL; /* no number: x86 refuses to compute with it */
        fraction |= (uint64_t)1 << 63;
    }
    const uint64_t high = (uint64_t)head << 48 | fraction >> 16, low = fraction << 48;
    memcpy(out, &low, 8);
    memcpy(out + 8, &high, 8);
}

void crb_long_double_store(const uint8_t in[CRB_LONG_DOUBLE_WIRE], void *at)
{
    uint64_t low = 0, high = 0;
    memcpy(&low, in, 8);
    memcpy(&high, in + 8, 8);
    uint16_t head = (uint16_t)(high >> 48);
    const uint16_t exponent = head & LONG_DOUBLE_SPECIAL;
    /* The 63 bits of the fraction that stay, and the 49 that go. */
    uint64_t mantissa = (high & 0xffffffffffff) << 15 | low >> 49;
    const uint64_t rest = low & 0x1ffffffffffff, half = (uint64_t)1 << 48;
    if (exponent == LONG_DOUBLE_SPECIAL) {
        if ((mantissa | rest) != 0) {
            mantissa |= (uint64_t)1 << 62; /* a NaN stays one, and quiet */
        }
        mantissa |= (uint64_t)1 << 63;
    } else {
        mantissa |= exponent != 0 ? (uint64_t)1 << 63 : 0;
        if (rest > half || (rest == half && (mantissa & 1) != 0)) {
            mantissa++;
            if (mantissa == 0 || (exponent == 0 && mantissa >> 63 != 0)) {
                mantissa = (uint64_t)1 << 63;
                head++; /* to infinity, from the largest */
            }
        }
    }
    memset(at, 0, sizeof(long double));
    memcpy(at, &mantissa, 8);
    memcpy((uint8_t *)at + 8, &head, 2);
}

#elif LDBL_MANT_DIG == 113

void crb_long_double_load(const void *at, uint8_t out[CRB_LONG_DOUBLE_WIRE])
{
    memcpy(out, at, CRB_LONG_DOUBLE_WIRE);
}

void crb_long_double_store(const uint8_t in[CRB_LONG_DOUBLE_WIRE], void *at)
{
    memcpy(at, in, CRB_LONG_DOUBLE_WIRE);
}

#else
#error "this machine's long double is neither x86's nor IEEE binary128"
#endif
