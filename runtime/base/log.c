/* A line is built on the stack, escaped, and given to the sink, or printed. */
#include "runtime/base/log.h"
#include "runtime/base/clock.h"
#include "runtime/base/fail.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_MAX_TEXT = 1024, LOG_MAX_CORRELATION = 4 * 128 + 1, LOG_MAX_LINE = 4 * LOG_MAX_TEXT + 256 + LOG_MAX_CORRELATION };

static _Thread_local const char *log_correlation; /* NULL, "": none */

void crb_log_set_correlation(const char *id)
{
    log_correlation = id;
}

long long crb_log_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** To stderr, by one write(2), so that lines of several processes do not mix. */
static void log_print(crb_log_level level, const char *room, const char *correlation, const char *text)
{
    const long long now = crb_log_now_ms();
    const time_t seconds = (time_t)(now / 1000);
    struct tm utc;
    char line[LOG_MAX_LINE];
    gmtime_r(&seconds, &utc);
    size_t len = strftime(line, 64, "%Y-%m-%dT%H:%M:%S", &utc);
    const bool correlated = correlation[0] != '\0';
    const int rest =
        snprintf(line + len, sizeof line - len, ".%03lldZ corbel[%ld] %s %.32s: %s%s%s%s\n", now % 1000, (long)getpid(),
                 crb_log_names[level], room, correlated ? "[" : "", correlation, correlated ? "] " : "", text);
    if (rest < 0) {
        return;
    }
    len = len + (size_t)rest < sizeof line ? len + (size_t)rest : sizeof line - 1;
    ssize_t written = 0;
    do {
        written = write(STDERR_FILENO, line, len);
    } while (written < 0 && errno == EINTR);
}

CORBEL_PRINTF(3, 0) static void log_write(crb_log_level level, const char *room, const char *format, va_list args)
{
    char text[LOG_MAX_TEXT];
    const int needed = vsnprintf(text, sizeof text, format, args);
    if (needed < 0) {
        return;
    }
    char correlation[LOG_MAX_CORRELATION], escaped[4 * LOG_MAX_TEXT + 8];
    crb_escape(log_correlation, correlation, sizeof correlation);
    crb_escape(text, escaped, sizeof escaped - 8);
    if ((size_t)needed >= sizeof text) {
        const size_t end = strlen(escaped);
        memcpy(escaped + end, " ...", 5);
    }
    if (!crb_log_to_sink((corbel_log_level)level, room, correlation, escaped)) {
        log_print(level, room, correlation, escaped);
    }
}

void crb_log_write(crb_log_level level, const char *room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_write(level, room, format, args);
    va_end(args);
}

void crb_log(crb_log_level level, const char *room, const char *format, ...)
{
    const int saved = errno;
    if (crb_log_enabled_in(level, room)) {
        errno = saved; /* for %m */
        va_list args;
        va_start(args, format);
        log_write(level, room, format, args);
        va_end(args);
    }
    errno = saved;
}

/** May one more line about a peer be written? *ret_left_out: how many were not, since the last. */
static bool log_peer_may(unsigned *ret_left_out)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t
        spent_until; /* each line is paid for with a part of a second; never so far in the future as a burst is worth */
    static unsigned left_out;
    const uint64_t cost = CRB_SECOND / CRB_LOG_PEER_PER_SECOND;
    const uint64_t now = crb_now();
    pthread_mutex_lock(&lock);
    const uint64_t from = spent_until > now ? spent_until : now;
    const bool may = from - now <= (CRB_LOG_PEER_BURST - 1) * cost;
    if (may) {
        spent_until = from + cost;
        *ret_left_out = left_out;
        left_out = 0;
    } else {
        left_out++;
    }
    pthread_mutex_unlock(&lock);
    return may;
}

void crb_log_peer(crb_log_level level, const char *room, const char *format, ...)
{
    const int saved = errno;
    unsigned left_out = 0;
    if (crb_log_enabled_in(level, room) && log_peer_may(&left_out)) {
        char text[LOG_MAX_TEXT];
        va_list args;
        errno = saved; /* for %m */
        va_start(args, format);
        const int needed = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        if (needed >= 0 && left_out == 0) {
            crb_log(level, room, "%s", text);
        } else if (needed >= 0) {
            crb_log(level, room, "%s (and %u lines like this left out)", text, left_out);
        }
    }
    errno = saved;
}

void corbel_log(corbel_log_level level, const char *room, const char *format, ...)
{
    const int saved = errno;
    if (level > CORBEL_LOG_OFF && level <= CORBEL_LOG_DEBUG && crb_log_enabled_in((crb_log_level)level, room)) {
        errno = saved; /* for %m */
        va_list args;
        va_start(args, format);
        log_write((crb_log_level)level, room, format, args);
        va_end(args);
    }
    errno = saved;
}
