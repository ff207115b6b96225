/* The distance is that of optimal string alignment, over letters without their case; underscores count for nothing. */
#include "runtime/base/suggest.h"

#include <stdint.h>

enum { SUGGEST_MOST = 64 }; /* longer names have no suggestion: the work is bounded */

void crb_suggest_begin(crb_suggestion *self, const char *name)
{
    *self = (crb_suggestion) { .name = name };
}

/** Small letters, no underscores; SUGGEST_MOST + 1: too long. */
static size_t suggest_fold(const char *name, char *out)
{
    size_t n = 0;
    for (; *name != '\0'; name++) {
        if (*name == '_') {
            continue;
        }
        if (n == SUGGEST_MOST) {
            return SUGGEST_MOST + 1;
        }
        out[n++] = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
    }
    return n;
}

static uint8_t suggest_least(uint8_t a, uint8_t b, uint8_t c)
{
    const uint8_t less = a < b ? a : b;
    return less < c ? less : c;
}

static size_t suggest_distance(const char *a, size_t n, const char *b, size_t m)
{
    uint8_t rows[3][SUGGEST_MOST + 1];
    uint8_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++) {
        last[j] = (uint8_t)j;
    }
    for (size_t i = 1; i <= n; i++) {
        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= m; j++) {
            const uint8_t cost = a[i - 1] != b[j - 1];
            row[j] = suggest_least((uint8_t)(last[j] + 1), (uint8_t)(row[j - 1] + 1), (uint8_t)(last[j - 1] + cost));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j]) {
                row[j] = (uint8_t)(before[j - 2] + 1);
            }
        }
        uint8_t *const oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[m];
}

void crb_suggest(crb_suggestion *self, const char *candidate)
{
    char a[SUGGEST_MOST], b[SUGGEST_MOST];
    const size_t n = suggest_fold(self->name, a), m = suggest_fold(candidate, b);
    if (n > SUGGEST_MOST || m > SUGGEST_MOST || n == 0 || m == 0) {
        return;
    }
    const size_t distance = suggest_distance(a, n, b, m);
    const size_t most = (n > m ? n : m) / 3;
    if (distance <= most && (self->best == NULL || distance < self->distance)) {
        self->best = candidate;
        self->distance = distance;
    }
}
