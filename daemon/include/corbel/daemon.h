/** Daemons: a listening address for a runtime, and objects under ids and names. */
#ifndef CORBEL_DAEMON_H
#define CORBEL_DAEMON_H

#include <corbel/object.h>
#include <corbel/request.h>
#include <corbel/runtime.h>

CORBEL_BEGIN_DECLS

/** Any thread may use it. */
typedef struct corbel_daemon corbel_daemon;

/** Listens at listen: a comma-separated list of HOST:PORT (port 0: the kernel chooses; localhost is 127.0.0.1 and ::1 on one
 *  port), unix:/path and unix:@abstract; NULL: localhost:0. Calls are served from then on. ret: yours, corbel_daemon_unref().
 *  CORBEL_SYSTEM: an address cannot be bound; the error names it. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_new(corbel_runtime *runtime, const char *listen, corbel_daemon **ret,
                                                             corbel_error *reterr);
/** "corbel:ID@HOST:PORT,…" of this daemon; id need not be registered. ret: yours, corbel_string_free(). */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_uri(corbel_daemon *self, const char *id, char **ret,
                                                             corbel_error *reterr);

/** Gives object an id by which URIs find it; holds it until unregistered. id NULL: a random one is made (ask
 *  corbel_object_to_uri()). CORBEL_EXISTS: the id is taken. CORBEL_INVALID_ARGUMENT: not an object of this runtime, or an id
 *  that is empty or too long. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_register(corbel_daemon *self, const char *id, corbel_object *object,
                                                                  corbel_error *reterr);
/** Takes the id back: new calls on the object from outside fail with CORBEL_NOT_FOUND, running ones end. Returns at once.
 *  CORBEL_NOT_FOUND: no such id. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_unregister(corbel_daemon *self, const char *id, corbel_error *reterr);

/** Enters a registered object at the name server under name, with tags (NULL-terminated, or NULL). The entry goes when this
 *  daemon's session to the name server ends, at once when the daemon closes or is killed. replace: take over a name that is
 *  taken; else CORBEL_EXISTS. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_publish(corbel_daemon *self, const char *name, corbel_object *object,
                                                                 const char *const *tags, bool replace, corbel_error *reterr);
/** Takes the name back. CORBEL_NOT_FOUND: this daemon did not publish it. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_unpublish(corbel_daemon *self, const char *name, corbel_error *reterr);

/** Prints the one line that others wait for, "ready corbel:ID@HOST:PORT", to out, flushed. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_ready(corbel_daemon *self, corbel_object *object, FILE *out,
                                                               corbel_error *reterr);

/** Asks the daemon to shut down and returns at once: no new chains are taken; those that run may finish. May be called from any
 *  thread, from inside an operation, and from a signal handler. More than once is as good as once. */
CORBEL_API void corbel_daemon_shutdown(corbel_daemon *self);
/** SIGINT and SIGTERM call corbel_daemon_shutdown() from now on: installs handlers (the library itself never does). One daemon
 *  a process. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_shutdown_on_signals(corbel_daemon *self, corbel_error *reterr);
/** Waits until corbel_daemon_shutdown() is asked for, then at most grace_ms for the calls that run, then closes all sessions.
 *  CORBEL_BUSY: calls did not end in time; the error names them; nothing was freed; may be called again. Not from inside an
 *  operation. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_join(corbel_daemon *self, uint32_t grace_ms, corbel_error *reterr);
/** What a server's main() ends with: corbel_daemon_join() with 5 s. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_daemon_run(corbel_daemon *self, corbel_error *reterr);
/** Shuts down, if nobody did, and releases. Not from inside an operation. Takes NULL, returns NULL. */
CORBEL_API corbel_daemon *corbel_daemon_unref(corbel_daemon *self);

CORBEL_END_DECLS
#endif /* CORBEL_DAEMON_H */
