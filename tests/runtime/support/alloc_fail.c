#include "tests/runtime/support/alloc_fail.h"

#include <stdint.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);

static bool alloc_armed, alloc_hit;
static size_t alloc_left, alloc_live;

static bool alloc_must_fail(void)
{
    if (!alloc_armed || alloc_hit) {
        return false;
    }
    alloc_hit = alloc_left == 0;
    alloc_left -= alloc_hit ? 0 : 1;
    return alloc_hit;
}

static void *alloc_count(void *memory)
{
    alloc_live += memory != NULL ? 1 : 0;
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return alloc_must_fail() ? NULL : alloc_count(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return alloc_must_fail() ? NULL : alloc_count(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (alloc_must_fail()) {
        return NULL;
    }
    void *memory = __real_realloc(old, size);
    return old == NULL ? alloc_count(memory) : memory;
}

void __wrap_free(void *memory)
{
    alloc_live -= memory != NULL ? 1 : 0;
    __real_free(memory);
}

void alloc_fail_at(size_t n)
{
    alloc_armed = true;
    alloc_hit = false;
    alloc_left = n;
}

bool alloc_fail_end(void)
{
    alloc_armed = false;
    return alloc_hit;
}

size_t alloc_fail_live(void)
{
    return alloc_live;
}
