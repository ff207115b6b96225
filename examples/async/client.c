/* async-client: orders first and waits later: for whichever comes first, by callbacks, not for long, and for a hundred at once.
 */
#include "async.corbel.h"

#include <pthread.h>

enum { DISHES = 3, TOASTS = 5, GUESTS = 100 };

static const char *const dishes[DISHES] = { "soup", "cake", "tea" };
static const uint32_t times[DISHES] = { 300, 600, 50 };

/* Whatever comes first is eaten first. */
static bool first_come(async_Kitchen *kitchen, corbel_error *error)
{
    corbel_call *calls[DISHES] = { NULL };
    bool good = true;
    for (int i = 0; i < DISHES; i++) {
        calls[i] = async_Kitchen_cook_begin(kitchen, dishes[i], times[i]);
    }
    printf("ordered soup, cake and tea\n");
    if (corbel_call_wait(calls[1], 0) == CORBEL_DEADLINE) {
        printf("the cake is not ready yet\n"); /* and its call goes on, as if nobody had looked */
    }
    for (int n = 0; n < DISHES && good; n++) {
        size_t i = 0;
        char *served = NULL;
        good = corbel_call_wait_any(calls, DISHES, UINT32_MAX, &i) == CORBEL_OK &&
               async_Kitchen_cook_finish(calls[i], &served, error) == CORBEL_OK;
        calls[i] = NULL; /* finished, whatever came of it */
        if (good) {
            printf("%s\n", served);
        }
        corbel_string_free(served);
    }
    for (int i = 0; i < DISHES; i++) {
        corbel_call_drop(calls[i]);
    }
    return good;
}

typedef struct breakfast {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int served, failed;
} breakfast;

/* Runs on a thread of the library. The call is ours to finish. */
static void toast_done(corbel_call *call, void *user)
{
    breakfast *b = user;
    corbel_error error = CORBEL_ERROR_INIT;
    char *toast = NULL;
    const corbel_status status = async_Kitchen_cook_finish(call, &toast, &error);
    if (status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    pthread_mutex_lock(&b->lock);
    b->served++;
    b->failed += status != CORBEL_OK;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->lock);
    corbel_string_free(toast);
    corbel_error_clear(&error);
}

static bool by_callback(async_Kitchen *kitchen)
{
    breakfast b = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    for (int i = 0; i < TOASTS; i++) {
        corbel_call_on_done(async_Kitchen_cook_begin(kitchen, "toast", 20), toast_done, &b);
    }
    pthread_mutex_lock(&b.lock);
    while (b.served < TOASTS) { /* they all come: a call ends at its deadline */
        pthread_cond_wait(&b.changed, &b.lock);
    }
    pthread_mutex_unlock(&b.lock);
    printf("%d toasts told of themselves\n", b.served - b.failed);
    return b.failed == 0;
}

static bool impatient(async_Kitchen *kitchen, corbel_error *error)
{
    corbel_call *call = async_Kitchen_cook_begin(kitchen, "stew", 20000);
    if (corbel_call_wait(call, 50) != CORBEL_DEADLINE) {
        fprintf(stderr, "async-client: fast food\n");
        corbel_call_drop(call);
        return false;
    }
    corbel_call_cancel(call);
    const corbel_status status = async_Kitchen_cook_finish(call, NULL, error);
    printf("stew: %s\n", corbel_status_text(status));
    return status == CORBEL_CANCELLED;
}

static bool at_once(async_Kitchen *kitchen, corbel_error *error)
{
    corbel_call *calls[GUESTS];
    int served = 0;
    for (int i = 0; i < GUESTS; i++) {
        calls[i] = async_Kitchen_cook_begin(kitchen, "pizza", 200);
    }
    const corbel_status status = corbel_call_wait_all(calls, GUESTS, 10000); /* one after the other they would take 20 s */
    for (int i = 0; i < GUESTS; i++) {
        if (status != CORBEL_OK) {
            corbel_call_drop(calls[i]);
        } else {
            served += async_Kitchen_cook_finish(calls[i], NULL, error) == CORBEL_OK;
        }
    }
    printf("%d pizzas at once\n", served);
    return served == GUESTS;
}

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    async_Kitchen *kitchen = NULL;
    int result = 1;

    if (corbel_runtime_new(NULL, &runtime, &error) ||
        async_Kitchen_from_uri(runtime, "corbelname:example.async", &kitchen, &error)) {
        goto done;
    }
    if (first_come(kitchen, &error) && by_callback(kitchen) && at_once(kitchen, &error) && impatient(kitchen, &error)) {
        corbel_error_clear(&error); /* of the stew */
        result = 0;
    }
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    async_Kitchen_unref(kitchen);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
