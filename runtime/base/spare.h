/** Large blocks of memory that were given back, for whoever needs one next.
 *
 *  The C library returns large blocks to the system and gets new ones, page by page, each of which the kernel clears: for calls
 * with a body of 1 MiB that was a third of all their time. So a few are kept, of at most 16 MiB together, until the process ends.
 *  Thread-safe, without a lock: so a fork's child may use it. */
#ifndef CRB_SPARE_H
#define CRB_SPARE_H

#include <stdbool.h>
#include <stddef.h>

/* None is kept where a sanitizer looks for uses of freed memory. */
#define CRB_SPARE_KEEPS 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef CRB_SPARE_KEEPS
#define CRB_SPARE_KEEPS 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#undef CRB_SPARE_KEEPS
#define CRB_SPARE_KEEPS 0
#endif
#define CRB_SPARE_BLOCKS 4u                 /* kept at most */
#define CRB_SPARE_LEAST ((size_t)256 << 10) /* bytes: smaller ones are the C library's business */
#define CRB_SPARE_MOST ((size_t)4 << 20)

/** A block for so many bytes and more than CRB_SPARE_LEAST / 2, and in *ret_capacity what it has; its contents are undefined.
 *  NULL: there is none. The caller's, free() or crb_spare_give(). */
void *crb_spare_take(size_t needed, size_t *ret_capacity);
/** Keeps a malloc'ed block of so many bytes, or frees it. */
void crb_spare_give(void *block, size_t capacity);

#endif /* CRB_SPARE_H */
