/* A fuzz target with an overflow, planted: what begins with "fuzz" is read beyond its end. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 4 && memcmp(data, "fuzz", 4) == 0) {
        const volatile uint8_t *const end = data + size;
        (void)*end;
    }
    return 0;
}
