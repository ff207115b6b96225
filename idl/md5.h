/** MD5, which the standard takes the ids of @autoid(HASH) and @hashid from. Not for secrets. */
#ifndef IDL_MD5_H
#define IDL_MD5_H

#include <stddef.h>
#include <stdint.h>

void idl_md5(const char *text, size_t length, uint8_t ret[16]);

#endif /* IDL_MD5_H */
