/* An object that bounces messages back. */
#include "bouncer.h"

#include <pthread.h>

#define LONG_ENOUGH 3

corbel_status bouncer_process(void *self, corbel_request *request, deadlock_Message message, deadlock_Bouncer *back,
                              deadlock_Message *ret)
{
    const bouncer *me = self;
    corbel_error error = CORBEL_ERROR_INIT;
    deadlock_Message answer = { 0, NULL };
    const char *complete = corbel_request_printf(request, "complete at %s", me->name);

    if (message.len < LONG_ENOUGH) {
        const char *longer[LONG_ENOUGH] = { NULL };
        for (size_t i = 0; i < message.len; i++) {
            longer[i] = message.items[i];
        }
        longer[message.len] = me->name;
        if (deadlock_Bouncer_process(back, (deadlock_Message) { message.len + 1, longer }, me->self, &answer, &error)) {
            return corbel_request_forward(request, &error);
        }
    }
    const char **items = corbel_request_alloc(request, answer.len + 1, sizeof *items);
    if (items != NULL) {
        items[0] = message.len < LONG_ENOUGH ? corbel_request_printf(request, "passed on from %s", me->name) : complete;
        for (size_t i = 0; i < answer.len; i++) {
            items[i + 1] = corbel_request_strdup(request, answer.items[i]);
        }
        *ret = (deadlock_Message) { answer.len + 1, items };
    }
    corbel_string_seq_clear(&answer);
    return items == NULL ? CORBEL_NO_MEMORY : CORBEL_OK;
}

/* Where two meet. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned n_here;

corbel_status bouncer_meet(void *self, corbel_request *request, deadlock_Bouncer *other, const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *name = NULL;
    (void)self;
    pthread_mutex_lock(&lock);
    const unsigned wanted = n_here + 2 - n_here % 2; /* both of this pair are here */
    n_here++;
    pthread_cond_broadcast(&changed);
    while (n_here < wanted) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    if (deadlock_Bouncer_name(other, &name, &error)) {
        return corbel_request_forward(request, &error);
    }
    *ret = corbel_request_strdup(request, name);
    corbel_string_free(name);
    return CORBEL_OK;
}

corbel_status bouncer_name(void *self, corbel_request *request, const char **ret)
{
    const bouncer *me = self;
    (void)request;
    *ret = me->name;
    return CORBEL_OK;
}
