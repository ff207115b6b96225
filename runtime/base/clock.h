/** Time: nanoseconds of CLOCK_MONOTONIC (deadlines) and CLOCK_BOOTTIME (PING); random bytes from the kernel. */
#ifndef CRB_CLOCK_H
#define CRB_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CRB_NEVER UINT64_MAX
#define CRB_MS 1000000ULL
#define CRB_SECOND 1000000000ULL

uint64_t crb_now(void);
/** The time that deadline_ms milliseconds after now is; never beyond CRB_NEVER. */
uint64_t crb_after_ms(uint64_t now, uint32_t ms);
/** Fills data with random bytes from the kernel; aborts the process when the kernel has none to give. */
void crb_random(void *data, size_t len);

#endif /* CRB_CLOCK_H */
