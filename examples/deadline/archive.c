/* deadline-archive [LISTEN]: hosts example.archive. A scan looks whether somebody still waits for it after each page: it waits
 * for the next page on the descriptor that tells. */
#include "deadline.corbel.h"

#include <poll.h>
#include <pthread.h>

enum { PAGE_MS = 10, PAGES_OF_A_WORD = 4 };

typedef struct archive {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned scans; /* under way */
    const char *last;
} archive;

static void scan_begins(archive *a)
{
    pthread_mutex_lock(&a->lock);
    a->scans++;
    pthread_mutex_unlock(&a->lock);
}

static void scan_ends(archive *a, const char *how)
{
    pthread_mutex_lock(&a->lock);
    a->scans--;
    a->last = how;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static corbel_status scan(void *self, corbel_request *request, const char *word, uint32_t pages, uint32_t *ret)
{
    archive *a = self;
    struct pollfd cancelled = { .fd = corbel_request_cancel_fd(request), .events = POLLIN };
    (void)word;
    scan_begins(a);
    for (uint32_t page = 1; page <= pages; page++) {
        if (poll(&cancelled, 1, PAGE_MS) > 0) { /* else that was one page */
            const bool late = corbel_request_remaining_ms(request) == 0;
            scan_ends(a, late ? "its deadline passed" : "its caller gave up");
            return late ? CORBEL_DEADLINE : CORBEL_CANCELLED; /* nobody hears it */
        }
        *ret += page % PAGES_OF_A_WORD == 0;
    }
    scan_ends(a, "all pages were looked at");
    return CORBEL_OK;
}

static corbel_status last_scan(void *self, corbel_request *request, const char **ret)
{
    archive *a = self;
    pthread_mutex_lock(&a->lock);
    while (a->scans > 0) {
        pthread_cond_wait(&a->changed, &a->lock);
    }
    *ret = corbel_request_strdup(request, a->last);
    pthread_mutex_unlock(&a->lock);
    return CORBEL_OK;
}

static const deadline_Archive_servant servant = { .scan = scan, .last_scan = last_scan };

int main(int argc, char **argv)
{
    archive self = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = "nobody has asked" };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    deadline_Archive *object = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    object = deadline_Archive_new(runtime, &servant, &self, NULL);
    if (corbel_daemon_register(daemon, "example.archive", deadline_Archive_as_object(object), &error) ||
        corbel_daemon_publish(daemon, "example.archive", deadline_Archive_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, deadline_Archive_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    deadline_Archive_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
