/* A line is built on the stack, escaped, and written with one write(2), so that lines of several processes do not mix. */
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

static const char *const log_names[] = { "off", "error", "warning", "info", "debug" };

static pthread_once_t log_once = PTHREAD_ONCE_INIT;
static crb_log_level log_level = CRB_LOG_WARNING; /* written once, inside log_once */

static _Thread_local const char *log_correlation; /* NULL, "": none */

void crb_log_set_correlation(const char *id)
{
    log_correlation = id;
}

CORBEL_PRINTF(3, 0) static void log_write(crb_log_level level, const char *room, const char *format, va_list args)
{
    char text[LOG_MAX_TEXT];
    const int needed = vsnprintf(text, sizeof text, format, args);
    if (needed < 0) {
        return;
    }
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);

    char line[LOG_MAX_LINE];
    size_t len = strftime(line, 64, "%Y-%m-%dT%H:%M:%S", &utc);
    const int head = snprintf(line + len, 128, ".%03ldZ corbel[%ld] %s %.32s: ", now.tv_nsec / 1000000, (long)getpid(),
                              log_names[level], room);
    if (head < 0) {
        return;
    }
    len += (size_t)head;
    if (log_correlation != NULL && log_correlation[0] != '\0') {
        line[len++] = '[';
        crb_escape(log_correlation, line + len, LOG_MAX_CORRELATION);
        len += strlen(line + len);
        line[len++] = ']';
        line[len++] = ' ';
    }
    crb_escape(text, line + len, sizeof line - len - 8);
    len += strlen(line + len);
    if ((size_t)needed >= sizeof text) {
        memcpy(line + len, " ...", 4);
        len += 4;
    }
    line[len++] = '\n';
    ssize_t written = 0;
    do {
        written = write(STDERR_FILENO, line, len);
    } while (written < 0 && errno == EINTR);
}

CORBEL_PRINTF(1, 2) static void log_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_write(CRB_LOG_WARNING, "log", format, args);
    va_end(args);
}

static void log_read_level(void)
{
    const char *wanted = getenv("CORBEL_LOG");
    if (wanted == NULL || *wanted == '\0') {
        return;
    }
    for (size_t i = 0; i < sizeof log_names / sizeof *log_names; i++) {
        if (strcmp(wanted, log_names[i]) == 0) {
            log_level = (crb_log_level)i;
            return;
        }
    }
    log_complain("CORBEL_LOG is '%s'; it can be error, warning, info, debug, or off; warning it is", wanted);
}

bool crb_log_enabled(crb_log_level level)
{
    pthread_once(&log_once, log_read_level);
    return level != CRB_LOG_OFF && level <= log_level;
}

void crb_log(crb_log_level level, const char *room, const char *format, ...)
{
    const int saved = errno;
    if (crb_log_enabled(level)) {
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
    if (crb_log_enabled(level) && log_peer_may(&left_out)) {
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
