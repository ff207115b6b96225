/* overload-client [URI]: eight customers at once, five orders each. Who is refused comes back when he was told to. */
#include "overload.corbel.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CUSTOMERS = 8, ORDERS = 5 };

static pthread_barrier_t together;
static atomic_uint answered, refused, untold;

/* One order, until it is served. The library makes refused calls again by itself, as long as there are not too many; here we want
 * to see them. */
static corbel_status order(overload_Desk *desk, corbel_error *error)
{
    corbel_status status;
    while ((status = overload_Desk_order(desk, error)) == CORBEL_OVERLOADED) {
        const uint32_t ms = corbel_error_retry_after_ms(error);
        atomic_fetch_add(&refused, 1);
        if (error->completion != CORBEL_COMPLETED_NO || ms == 0) {
            atomic_fetch_add(&untold, 1);
        }
        (void)poll(NULL, 0, (int)ms);
    }
    return status;
}

static void *customer(void *desk)
{
    corbel_error error = CORBEL_ERROR_INIT;
    (void)pthread_barrier_wait(&together);
    for (int i = 0; i < ORDERS; i++) {
        if (order(desk, &error)) {
            (void)corbel_error_print(&error, stderr);
        } else {
            atomic_fetch_add(&answered, 1);
        }
    }
    corbel_error_clear(&error);
    return NULL;
}

static corbel_status open_for_business(overload_Desk *desk, corbel_error *error)
{
    pthread_t threads[CUSTOMERS];
    int n = 0;
    uint32_t served = 0;
    (void)pthread_barrier_init(&together, NULL, CUSTOMERS);
    while (n < CUSTOMERS && pthread_create(&threads[n], NULL, customer, desk) == 0) {
        n++;
    }
    if (n < CUSTOMERS) { /* those who are here wait for the others at the barrier */
        fputs("overload-client: cannot start a thread\n", stderr);
        exit(1);
    }
    for (int i = 0; i < CUSTOMERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_barrier_destroy(&together);
    const corbel_status status = overload_Desk_get_served(desk, &served, error);
    if (status == CORBEL_OK) {
        printf("customers got %u of %d orders\n", atomic_load(&answered), CUSTOMERS * ORDERS);
        printf("the desk served %u: what was refused did not happen\n", served);
        printf("somebody was refused: %s\n", atomic_load(&refused) > 0 ? "yes" : "no");
        printf("refused without being told when to come back: %u\n", atomic_load(&untold));
    }
    return status;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *runtime = NULL;
    overload_Desk *desk = NULL;
    int result = 0;

    options.no_retry = true;
    if (corbel_runtime_new(&options, &runtime, &error) ||
        overload_Desk_from_uri(runtime, argc > 1 ? argv[1] : "corbelname:example.overload", &desk, &error) ||
        open_for_business(desk, &error)) {
        result = corbel_error_print(&error, stderr);
    }
    overload_Desk_unref(desk);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
