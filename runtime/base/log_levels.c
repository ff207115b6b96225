/* The levels: one for all rooms, and some rooms' own. The highest of all is read without a lock, so that a line that nobody wants
 * costs a look. */
#include "runtime/base/fail.h"
#include "runtime/base/log.h"

#include <corbel/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const char *const crb_log_names[] = { "off", "error", "warning", "info", "debug" };

typedef struct levels {
    crb_log_level all;
    size_t n;
    struct {
        char name[CORBEL_LOG_MAX_ROOM];
        crb_log_level level;
    } rooms[CORBEL_LOG_MAX_ROOMS];
} levels;

static pthread_mutex_t levels_lock = PTHREAD_MUTEX_INITIALIZER; /* guards: */
static levels levels_now = { .all = CRB_LOG_WARNING };
static _Atomic int levels_highest = CRB_LOG_WARNING;
static pthread_once_t levels_once = PTHREAD_ONCE_INIT;

static bool levels_find(const char *name, size_t len, crb_log_level *ret)
{
    for (int i = CRB_LOG_OFF; i <= CRB_LOG_DEBUG; i++) {
        if (strlen(crb_log_names[i]) == len && memcmp(crb_log_names[i], name, len) == 0) {
            *ret = (crb_log_level)i;
            return true;
        }
    }
    return false;
}

/** One of what stands between commas. */
static bool levels_parse_one(const char *word, size_t len, levels *ret)
{
    const char *const equals = memchr(word, '=', len);
    if (equals == NULL) {
        return levels_find(word, len, &ret->all);
    }
    const size_t name_len = (size_t)(equals - word);
    if (name_len == 0 || name_len >= CORBEL_LOG_MAX_ROOM || ret->n == CORBEL_LOG_MAX_ROOMS ||
        !levels_find(equals + 1, len - name_len - 1, &ret->rooms[ret->n].level)) {
        return false;
    }
    memcpy(ret->rooms[ret->n].name, word, name_len);
    ret->rooms[ret->n++].name[name_len] = '\0';
    return true;
}

/** NULL: valid; else the word that is not. */
static const char *levels_parse(const char *text, levels *ret)
{
    *ret = (levels) { .all = CRB_LOG_WARNING };
    for (const char *word = text;;) {
        const size_t len = strcspn(word, ",");
        if (!levels_parse_one(word, len, ret)) {
            return word;
        }
        if (word[len] == '\0') {
            return NULL;
        }
        word += len + 1;
    }
}

static void levels_set(const levels *set)
{
    int highest = (int)set->all;
    for (size_t i = 0; i < set->n; i++) {
        highest = (int)set->rooms[i].level > highest ? (int)set->rooms[i].level : highest;
    }
    pthread_mutex_lock(&levels_lock);
    levels_now = *set;
    atomic_store(&levels_highest, highest);
    pthread_mutex_unlock(&levels_lock);
}

static void levels_read_environment(void)
{
    const char *const wanted = getenv("CORBEL_LOG");
    levels set;
    if (wanted == NULL || *wanted == '\0') {
        return;
    }
    if (levels_parse(wanted, &set) == NULL) {
        levels_set(&set);
    } else {
        crb_log_write(CRB_LOG_WARNING, "log", "CORBEL_LOG is '%s'; it can be error, warning, info, debug, or off; warning it is",
                      wanted);
    }
}

bool crb_log_enabled(crb_log_level level)
{
    pthread_once(&levels_once, levels_read_environment);
    return level != CRB_LOG_OFF && (int)level <= atomic_load_explicit(&levels_highest, memory_order_relaxed);
}

corbel_log_level corbel_log_get_level(const char *room)
{
    pthread_once(&levels_once, levels_read_environment);
    pthread_mutex_lock(&levels_lock);
    crb_log_level level = levels_now.all;
    for (size_t i = 0; i < levels_now.n; i++) { /* the last word counts */
        level = strcmp(levels_now.rooms[i].name, room) == 0 ? levels_now.rooms[i].level : level;
    }
    pthread_mutex_unlock(&levels_lock);
    return (corbel_log_level)level;
}

bool crb_log_enabled_in(crb_log_level level, const char *room)
{
    return crb_log_enabled(level) && (int)level <= (int)corbel_log_get_level(room);
}

corbel_status corbel_log_set_levels(const char *text, corbel_error *reterr)
{
    levels set;
    const char *const wrong = text == NULL ? "" : levels_parse(text, &set);
    if (wrong != NULL) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO,
                        "'%.*s' is no level of the log (error, warning, info, debug, off) and no room with one (session=debug)",
                        (int)strcspn(wrong, ","), wrong);
    }
    pthread_once(&levels_once, levels_read_environment);
    levels_set(&set);
    return CORBEL_OK;
}
