/* chain-server THIS NEXT [LISTEN]: hosts the link example.chainTopology.THIS, which passes messages on to the one called NEXT.
 *
 * The servers of a ring may start in any order: a link looks for its next one when the first message comes. One worker is
 * enough: while a link waits for the next one's answer, the message that comes round to it is served by the same thread. */
#include "chain.corbel.h"

#include <pthread.h>
#include <string.h>

#define PREFIX "example.chainTopology."

typedef struct node {
    const char *name, *next_name;
    pthread_mutex_t lock; /* of next */
    chain_Link *next;     /* NULL until it is needed */
} node;

/* A reference to the next link, made at first use and kept. */
static corbel_status node_next(node *self, corbel_runtime *runtime, chain_Link **ret, corbel_error *error)
{
    char uri[512];
    corbel_status status = CORBEL_OK;
    snprintf(uri, sizeof uri, "corbelname:" PREFIX "%s", self->next_name);
    pthread_mutex_lock(&self->lock);
    if (self->next == NULL) {
        status = chain_Link_from_uri(runtime, uri, &self->next, error);
    }
    *ret = self->next;
    pthread_mutex_unlock(&self->lock);
    return status;
}

static corbel_status node_process(void *self, corbel_request *request, chain_Message message, chain_Message *ret)
{
    node *n = self;
    corbel_error error = CORBEL_ERROR_INIT;
    chain_Link *next = NULL;
    chain_Message passed = { 0, NULL };

    for (size_t i = 0; i < message.len; i++) {
        if (strcmp(message.items[i], n->name) == 0) {
            const char **items = corbel_request_alloc(request, 1, sizeof *items);
            if (items == NULL) {
                return CORBEL_NO_MEMORY;
            }
            printf("Back at %s; the chain is closed!\n", n->name);
            items[0] = corbel_request_printf(request, "complete at %s", n->name);
            *ret = (chain_Message) { 1, items };
            return CORBEL_OK;
        }
    }

    const char **longer = corbel_request_alloc(request, message.len + 1, sizeof *longer);
    if (longer == NULL) {
        return CORBEL_NO_MEMORY;
    }
    for (size_t i = 0; i < message.len; i++) {
        longer[i] = message.items[i];
    }
    longer[message.len] = n->name;
    printf("%s forwarding the message to the object %s\n", n->name, n->next_name);
    if (node_next(n, corbel_request_runtime(request), &next, &error) ||
        chain_Link_process(next, (chain_Message) { message.len + 1, longer }, &passed, &error)) {
        return corbel_request_forward(request, &error);
    }

    const char **items = corbel_request_alloc(request, passed.len + 1, sizeof *items);
    if (items != NULL) {
        items[0] = corbel_request_printf(request, "passed on from %s", n->name);
        for (size_t i = 0; i < passed.len; i++) {
            items[i + 1] = corbel_request_strdup(request, passed.items[i]);
        }
        *ret = (chain_Message) { passed.len + 1, items };
    }
    corbel_string_seq_clear(&passed);
    return items == NULL ? CORBEL_NO_MEMORY : CORBEL_OK;
}

static const chain_Link_servant servant = { .process = node_process };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    chain_Link *object = NULL;
    char id[256];
    int result = 0;

    if (argc < 3) {
        fputs("usage: chain-server THIS NEXT [LISTEN]\n", stderr);
        return 2;
    }
    node self = { .name = argv[1], .next_name = argv[2], .lock = PTHREAD_MUTEX_INITIALIZER };
    snprintf(id, sizeof id, PREFIX "%s", self.name);

    const corbel_runtime_options one_worker = { .size = sizeof one_worker, .max_workers = 1, .no_substitutes = true };
    if (corbel_runtime_new(&one_worker, &runtime, &error) ||
        corbel_daemon_new(runtime, argc > 3 ? argv[3] : NULL, &daemon, &error)) {
        goto failed;
    }
    object = chain_Link_new(runtime, &servant, &self, NULL);
    if (corbel_daemon_register(daemon, id, chain_Link_as_object(object), &error) ||
        corbel_daemon_publish(daemon, id, chain_Link_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error)) {
        goto failed;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    printf("server_%s started \n", self.name);
    if (corbel_daemon_ready(daemon, chain_Link_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    chain_Link_unref(self.next);
    chain_Link_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
