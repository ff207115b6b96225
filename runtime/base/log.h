/** The log: lines on stderr, "2026-01-31T12:00:00.123Z corbel[pid] warning session: text". CORBEL_LOG chooses the level: error,
 *  warning (the default), info, debug, or off; also by rooms (see <corbel/log.h>). What comes from a peer is escaped. */
#ifndef CRB_LOG_H
#define CRB_LOG_H

#include <corbel/log.h>
#include <corbel/status.h>
#include <stdbool.h>

typedef enum crb_log_level { CRB_LOG_OFF, CRB_LOG_ERROR, CRB_LOG_WARNING, CRB_LOG_INFO, CRB_LOG_DEBUG } crb_log_level;

/** "off", "error", … */
extern const char *const crb_log_names[];
/** room: "session", "transport", "daemon", … */
CORBEL_PRINTF(3, 4) void crb_log(crb_log_level level, const char *room, const char *format, ...);
/** In some room, at least. */
bool crb_log_enabled(crb_log_level level);
bool crb_log_enabled_in(crb_log_level level, const char *room);
/** Whatever the levels are. */
CORBEL_PRINTF(3, 4) void crb_log_write(crb_log_level level, const char *room, const char *format, ...);
long long crb_log_now_ms(void);
/** false: there is no sink. The texts are escaped. */
bool crb_log_to_sink(corbel_log_level level, const char *room, const char *correlation, const char *text);
/** Lines of this thread show id from now on, "": none; borrowed until the next one is set. */
void crb_log_set_correlation(const char *id);

#define CRB_LOG_PEER_BURST 64u     /* lines about what peers did wrong, at once */
#define CRB_LOG_PEER_PER_SECOND 8u /* and afterwards */
/** The same for a line that a peer can cause as often as it likes: beyond the burst so many a second are written; the next says
 * how many were left out. */
CORBEL_PRINTF(3, 4) void crb_log_peer(crb_log_level level, const char *room, const char *format, ...);

#endif /* CRB_LOG_H */
