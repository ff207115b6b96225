/** SIGINT and SIGTERM as a wish to shut down: only when the program asks for it. */
#include "daemon/daemon_impl.h"

#include "runtime/base/fail.h"
#include "runtime/base/fork.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static _Atomic(corbel_daemon *) signals_daemon;
static struct sigaction signals_before[2];
static const int signals_numbers[2] = { SIGINT, SIGTERM };

static void signals_handler(int number)
{
    corbel_daemon *const daemon = atomic_load(&signals_daemon);
    (void)number;
    if (daemon != NULL) {
        corbel_daemon_shutdown(daemon);
    }
}

corbel_status corbel_daemon_shutdown_on_signals(corbel_daemon *self, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_daemon_shutdown_on_signals()");
    }
    corbel_daemon *none = NULL;
    if (!atomic_compare_exchange_strong(&signals_daemon, &none, self)) {
        return none == self
                   ? CORBEL_OK
                   : crb_fail(reterr, CORBEL_EXISTS, CORBEL_COMPLETED_NO, "signals shut another daemon of this process down");
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = signals_handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < 2; i++) {
        if (sigaction(signals_numbers[i], &action, &signals_before[i]) != 0) {
            return crb_fail(reterr, CORBEL_SYSTEM, CORBEL_COMPLETED_NO, "signal %d cannot be handled: %s", signals_numbers[i],
                            strerror(errno));
        }
    }
    return CORBEL_OK;
}

void crb_signals_forget(const corbel_daemon *daemon)
{
    if (atomic_load(&signals_daemon) == daemon) {
        for (size_t i = 0; i < 2; i++) {
            (void)sigaction(signals_numbers[i], &signals_before[i], NULL); /* cannot fail: it was set before */
        }
        atomic_store(&signals_daemon, NULL);
    }
}
