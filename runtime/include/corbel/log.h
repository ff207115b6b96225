/** The log: lines about what no caller is told. */
#ifndef CORBEL_LOG_H
#define CORBEL_LOG_H

#include <corbel/error.h>

CORBEL_BEGIN_DECLS

/** Each level has those before it. */
typedef enum corbel_log_level {
    CORBEL_LOG_OFF,
    CORBEL_LOG_ERROR,
    CORBEL_LOG_WARNING, /**< the default */
    CORBEL_LOG_INFO,
    CORBEL_LOG_DEBUG
} corbel_log_level;

#define CORBEL_LOG_MAX_ROOM 16u  /**< bytes of a room's name, with its NUL */
#define CORBEL_LOG_MAX_ROOMS 32u /**< rooms with a level of their own */

/** Sets the levels of the process: a level for all rooms, and of rooms, with commas between them: "warning,session=debug". What
 *  is not said is "warning". At the start the environment's CORBEL_LOG says it. Any thread, any time.
 *  CORBEL_INVALID_ARGUMENT: what is wrong; nothing has changed. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_log_set_levels(const char *levels, corbel_error *reterr);
/** The level of a room. */
CORBEL_API corbel_log_level corbel_log_get_level(const char *room);

/** One line. Valid during the sink. */
typedef struct corbel_log_line {
    size_t size; /**< sizeof(corbel_log_line): the structure may grow */
    corbel_log_level level;
    const char *room;
    const char *correlation; /**< of the call that the thread worked for; "": none */
    const char *text;        /**< without the others */
    long long when_ms;       /**< since 1970, UTC */
} corbel_log_line;
/** Gets lines: one at a time, on a thread of its own, with no lock held; it may call anything but corbel_log_set_sink(). What
 * comes from others is escaped in all texts: no control characters. What it logs itself, it does not get. */
typedef void (*corbel_log_sink)(void *user, const corbel_log_line *line);
/** From now on lines go to sink instead of stderr; NULL: to stderr again. When it returns, the sink before has got all lines that
 *  came before, and is not called any more. A sink that is too slow misses lines, and is told how many. Not from a sink.
 *  CORBEL_SYSTEM: there is no thread for it; lines go to stderr. CORBEL_MISUSE: from a sink. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_log_set_sink(corbel_log_sink sink, void *user, corbel_error *reterr);

/** A line of the program's own, of a room of its own, at its level, cut after 1 KiB. errno stays as it is. */
CORBEL_API CORBEL_PRINTF(3, 4) void corbel_log(corbel_log_level level, const char *room, const char *format, ...);

CORBEL_END_DECLS
#endif /* CORBEL_LOG_H */
