/* deadlock-client: bounces messages with the server's objects, and then makes two of them wait for each other. */
#include "deadlock.corbel.h"

#include <string.h>

#define PREFIX "corbelname:example.deadlock."

/* The client's own bouncer appends a word to what the server passes on, and calls it back, inside the call that it serves. */
static corbel_status own_process(void *self, corbel_request *request, deadlock_Message message, deadlock_Bouncer *back,
                                 deadlock_Message *ret)
{
    deadlock_Bouncer *const *own = self;
    corbel_error error = CORBEL_ERROR_INIT;
    deadlock_Message answer = { 0, NULL };
    const char **longer = corbel_request_alloc(request, message.len + 1, sizeof *longer);
    if (longer == NULL) {
        return CORBEL_NO_MEMORY;
    }
    for (size_t i = 0; i < message.len; i++) {
        longer[i] = message.items[i];
    }
    longer[message.len] = "client";
    if (deadlock_Bouncer_process(back, (deadlock_Message) { message.len + 1, longer }, *own, &answer, &error)) {
        return corbel_request_forward(request, &error);
    }
    const char **items = corbel_request_alloc(request, answer.len + 1, sizeof *items);
    if (items != NULL) {
        items[0] = "passed on from client";
        for (size_t i = 0; i < answer.len; i++) {
            items[i + 1] = corbel_request_strdup(request, answer.items[i]);
        }
        *ret = (deadlock_Message) { answer.len + 1, items };
    }
    corbel_string_seq_clear(&answer);
    return items == NULL ? CORBEL_NO_MEMORY : CORBEL_OK;
}

static const deadlock_Bouncer_servant servant = { .process = own_process };

static corbel_status find(corbel_runtime *runtime, const char *name, deadlock_Bouncer **ret, corbel_error *error)
{
    char uri[64];
    snprintf(uri, sizeof uri, PREFIX "%s", name);
    return deadlock_Bouncer_from_uri(runtime, uri, ret, error);
}

/* The message goes to the server, back to here, to the server again, and so on, each call inside the one before. */
static void bounce(deadlock_Bouncer *server, const char *name, deadlock_Bouncer *own)
{
    const char *const hello[] = { "hello" };
    corbel_error error = CORBEL_ERROR_INIT;
    deadlock_Message way = { 0, NULL };
    if (deadlock_Bouncer_process(server, (deadlock_Message)CORBEL_SEQ(hello), own, &way, &error)) {
        printf("%s: %s: %s\n", name, corbel_status_name(error.status), error.message);
        for (size_t i = 0; i < corbel_error_hops(&error); i++) {
            printf("    at %s\n", corbel_error_hop(&error, i).daemon);
        }
    } else {
        printf("%s:", name);
        for (size_t i = 0; i < way.len; i++) {
            printf("%s %s", i == 0 ? "" : ",", way.items[i]);
        }
        puts("");
    }
    corbel_string_seq_clear(&way);
    corbel_error_clear(&error);
}

/* Each serves a call, and calls the other one in it. */
static void meet(deadlock_Bouncer *left, deadlock_Bouncer *right)
{
    corbel_call *calls[] = { deadlock_Bouncer_meet_begin(left, right), deadlock_Bouncer_meet_begin(right, left) };
    int went = 0, told = 0;
    for (int i = 0; i < 2; i++) {
        corbel_error error = CORBEL_ERROR_INIT;
        if (deadlock_Bouncer_meet_finish(calls[i], NULL, &error) == CORBEL_OK) {
            went++;
        } else if (error.status == CORBEL_DEADLOCK && strstr(error.message, "example.deadlock.left") != NULL &&
                   strstr(error.message, "example.deadlock.right") != NULL) {
            told++;
            fprintf(stderr, "%s\n", error.message);
        } else {
            corbel_error_print(&error, stderr);
        }
        corbel_error_clear(&error);
    }
    printf("two that wait for each other: %d failed with the names of both, %d went on\n", told, went);
}

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    deadlock_Bouncer *patient = NULL, *strict = NULL, *left = NULL, *right = NULL;
    deadlock_Bouncer *own = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || find(runtime, "patient", &patient, &error) ||
        find(runtime, "strict", &strict, &error) || find(runtime, "left", &left, &error) ||
        find(runtime, "right", &right, &error)) {
        result = corbel_error_print(&error, stderr);
        goto done;
    }
    own = deadlock_Bouncer_new(runtime, &servant, &own, NULL);
    bounce(patient, "serial", own);
    bounce(strict, "strict", own);
    meet(left, right);
done:
    deadlock_Bouncer_unref(own);
    deadlock_Bouncer_unref(patient);
    deadlock_Bouncer_unref(strict);
    deadlock_Bouncer_unref(left);
    deadlock_Bouncer_unref(right);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
