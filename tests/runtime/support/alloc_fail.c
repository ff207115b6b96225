#include "tests/runtime/support/alloc_fail.h"

#include "tests/runtime/support/test.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ALLOC_WAIT_MS = 2000 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
FILE *__real_open_memstream(char **text, size_t *length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);
char *__wrap_strdup(const char *text);
int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
FILE *__wrap_open_memstream(char **text, size_t *length);

static atomic_bool alloc_armed;
static atomic_llong alloc_left; /* 0: the next one fails; below 0: it has failed */
static atomic_size_t alloc_live;

static bool alloc_must_fail(void)
{
    if (!atomic_load(&alloc_armed) || atomic_fetch_sub(&alloc_left, 1) != 0) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

static void *alloc_count(void *memory)
{
    if (memory != NULL) {
        atomic_fetch_add(&alloc_live, 1);
    }
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
    if (memory != NULL) {
        atomic_fetch_sub(&alloc_live, 1);
    }
    __real_free(memory);
}

char *__wrap_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *const copy = __wrap_malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    const int length = alloc_must_fail() ? -1 : vasprintf(&text, format, arguments);
    va_end(arguments);
    *ret = length < 0 ? NULL : alloc_count(text);
    return length;
}

/* The text is the caller's to free, so it counts; libc gives it up itself when the stream does not open. */
FILE *__wrap_open_memstream(char **text, size_t *length)
{
    FILE *const stream = alloc_must_fail() ? NULL : __real_open_memstream(text, length);
    alloc_count(stream);
    return stream;
}

void alloc_fail_at(size_t n)
{
    atomic_store(&alloc_left, (long long)n);
    atomic_store(&alloc_armed, true);
}

bool alloc_fail_end(void)
{
    atomic_store(&alloc_armed, false);
    return atomic_load(&alloc_left) < 0;
}

size_t alloc_fail_live(void)
{
    return atomic_load(&alloc_live);
}

static size_t alloc_descriptors(void)
{
    DIR *const folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    size_t n = 0;
    while (readdir(folder) != NULL) {
        n++;
    }
    (void)closedir(folder);
    return n;
}

/** What other threads (gRPC's, too) still put in order is waited for. */
static bool alloc_is_clean(size_t live, size_t descriptors)
{
    for (int waited = 0; waited < ALLOC_WAIT_MS; waited++) {
        if (alloc_fail_live() == live && alloc_descriptors() == descriptors) {
            return true;
        }
        (void)nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }
    return false;
}

/** Returns whether an allocation failed. */
static bool alloc_run_case(const alloc_case *one, size_t n)
{
    const size_t live = alloc_fail_live(), descriptors = alloc_descriptors();
    alloc_fail_at(n);
    const alloc_outcome outcome = one->run();
    const bool failed = alloc_fail_end();
    if (outcome != (failed ? ALLOC_REFUSED : ALLOC_DONE) && !(failed && one->copes)) {
        fail_msg("%s, allocation %zu %s: %s", one->name, n, failed ? "failed" : "did not come",
                 outcome == ALLOC_DONE ? "done" : "refused");
    }
    if (!alloc_is_clean(live, descriptors)) {
        fail_msg("%s, allocation %zu: %zd blocks and %zd descriptors are left", one->name, n, (ssize_t)(alloc_fail_live() - live),
                 (ssize_t)(alloc_descriptors() - descriptors));
    }
    return failed;
}

void alloc_fail_cases(const alloc_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t reached = 0;
        while (alloc_run_case(&cases[i], reached)) {
            reached++;
        }
        if (reached < cases[i].least) {
            fail_msg("%s: %zu allocations only", cases[i].name, reached);
        }
        print_message("  %s: %zu allocations, each failed once\n", cases[i].name, reached);
    }
}
