/* reconnect-client URI: counts, draws a ticket, waits until the server has been killed, and counts on with the next one. */
#include "reconnect.corbel.h"

#include <semaphore.h>

static sem_t broken;
static int told;

/* On a thread of the runtime's, once. */
static void ticket_is_broken(void *context, const corbel_error *why)
{
    (void)context;
    (void)why;
    told++;
    sem_post(&broken);
}

static corbel_status count(reconnect_Counter *counter, corbel_error *error)
{
    uint32_t life = 0, number = 0;
    const corbel_status status = reconnect_Counter_next(counter, &life, &number, error);
    if (status == CORBEL_OK) {
        printf("life %u answers\n", life);
    }
    return status;
}

static corbel_status show(reconnect_Counter *counter, corbel_error *error)
{
    reconnect_Ticket *ticket = NULL, *another = NULL;
    uint32_t number = 0;
    corbel_status status = count(counter, error);
    if (status == CORBEL_OK && (status = reconnect_Counter_draw(counter, &ticket, error)) == CORBEL_OK &&
        (status = reconnect_Ticket_get_number(ticket, &number, error)) == CORBEL_OK &&
        (status = corbel_object_on_broken(reconnect_Ticket_as_object(ticket), ticket_is_broken, NULL)) == CORBEL_OK) {
        printf("holding ticket %u\n", number);
        fflush(stdout);
        while (sem_wait(&broken) != 0) {
        }
        puts("the ticket is broken");
        fflush(stdout);
        status = count(counter, error); /* whoever serves it by then, wherever that is */
    }
    if (status == CORBEL_OK) {
        printf("the old ticket: %s\n", corbel_status_name(reconnect_Ticket_get_number(ticket, &number, error)));
        status = reconnect_Counter_draw(counter, &another, error);
    }
    if (status == CORBEL_OK && (status = reconnect_Ticket_get_number(another, &number, error)) == CORBEL_OK) {
        puts("another ticket is good");
    }
    reconnect_Ticket_unref(ticket);
    reconnect_Ticket_unref(another);
    if (status == CORBEL_OK) {
        printf("told %d time\n", told);
    }
    return status;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime_options options = CORBEL_RUNTIME_OPTIONS_INIT;
    corbel_runtime *runtime = NULL;
    reconnect_Counter *counter = NULL;
    int result = 0;

    options.wait_for_ready = true; /* while there is no server calls wait for one, until their deadline */
    sem_init(&broken, 0, 0);
    if (corbel_runtime_new(&options, &runtime, &error) ||
        reconnect_Counter_from_uri(runtime, argc > 1 ? argv[1] : "corbelname:example.reconnect", &counter, &error) ||
        show(counter, &error)) {
        result = corbel_error_print(&error, stderr);
    }
    reconnect_Counter_unref(counter);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
