/** Names at the name server that live and end with a daemon. */
#include "daemon/daemon_impl.h"

#include "runtime/base/fail.h"
#include "runtime/base/fork.h"

#include <corbel/naming.corbel.h>
#include <stdlib.h>
#include <string.h>

static corbel_status publish_failed(const char *name, corbel_error *error, corbel_error *reterr)
{
    corbel_status status = error->status;
    const corbel_NameTaken *const taken = corbel_NameTaken_of(error);
    const corbel_InvalidEntry *const invalid = corbel_InvalidEntry_of(error);
    if (taken != NULL) {
        status = crb_fail(reterr, CORBEL_EXISTS, CORBEL_COMPLETED_NO, "the name '%s' is taken by %s", name, taken->uri);
        corbel_error_clear(error);
    } else if (invalid != NULL) {
        status = crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "the name '%s' was refused: %s", name,
                          invalid->reason);
        corbel_error_clear(error);
    } else {
        crb_error_reword(error, "the name '%s' cannot be published: %s%s", name, error->message,
                         error->status == CORBEL_UNREACHABLE ? "; is corbel-ns running?" : "");
        crb_error_move(reterr, error);
    }
    return status;
}

static corbel_status publish_ping(void *self, corbel_request *request)
{
    (void)self;
    (void)request;
    return CORBEL_OK;
}

static const corbel_Lessee_servant publish_lessee = { .ping = publish_ping };

corbel_status corbel_daemon_publish(corbel_daemon *self, const char *name, corbel_object *object, const char *const *tags,
                                    bool replace, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_daemon_publish()");
    }
    corbel_object *server = NULL;
    corbel_Registration *registration = NULL;
    corbel_error error = CORBEL_ERROR_INIT;
    char *uri = NULL;
    if (name == NULL) {
        return crb_fail(reterr, CORBEL_INVALID_ARGUMENT, CORBEL_COMPLETED_NO, "a name is missing");
    }
    corbel_status status = corbel_object_to_uri(object, &uri, reterr);
    if (status != CORBEL_OK) {
        return status;
    }
    const size_t size = strlen(name) + 1;
    crb_published *const published = calloc(1, sizeof *published + size);
    corbel_Lessee *const lessee = corbel_Lessee_new(self->runtime, &publish_lessee, NULL, NULL);
    corbel_Tags list = { 0, tags };
    while (tags != NULL && tags[list.len] != NULL) {
        list.len++;
    }
    if (published == NULL) {
        status = crb_fail(reterr, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory to publish '%s'", name);
    } else if ((status = crb_runtime_name_server(self->runtime, &server, reterr)) == CORBEL_OK) {
        status = corbel_NameServer_lease((corbel_NameServer *)server, name, uri, list, replace, lessee, &registration, &error);
        if (status != CORBEL_OK) {
            status = publish_failed(name, &error, reterr);
        }
    }
    corbel_string_free(uri);
    if (status != CORBEL_OK) {
        corbel_Lessee_unref(lessee);
        free(published);
        return status;
    }
    memcpy(published->name, name, size);
    published->registration = corbel_Registration_as_object(registration);
    published->lessee = corbel_Lessee_as_object(lessee);
    pthread_mutex_lock(&self->lock);
    published->next = self->published;
    self->published = published;
    pthread_mutex_unlock(&self->lock);
    return CORBEL_OK;
}

static void publish_free(crb_published *published)
{
    corbel_object_unref(published->registration); /* the last reference: the name server takes the name back */
    corbel_object_unref(published->lessee);
    free(published);
}

corbel_status corbel_daemon_unpublish(corbel_daemon *self, const char *name, corbel_error *reterr)
{
    if (crb_forked()) {
        return crb_fail_forked(reterr, "corbel_daemon_unpublish()");
    }
    pthread_mutex_lock(&self->lock);
    crb_published **at = &self->published;
    while (*at != NULL && (name == NULL || strcmp((*at)->name, name) != 0)) {
        at = &(*at)->next;
    }
    crb_published *const found = *at;
    if (found != NULL) {
        *at = found->next;
    }
    pthread_mutex_unlock(&self->lock);
    if (found == NULL) {
        return crb_fail(reterr, CORBEL_NOT_FOUND, CORBEL_COMPLETED_NO, "this daemon did not publish the name '%s'",
                        name == NULL ? "" : name);
    }
    publish_free(found);
    return CORBEL_OK;
}

void crb_publish_forget(corbel_daemon *daemon)
{
    pthread_mutex_lock(&daemon->lock);
    crb_published *published = daemon->published;
    daemon->published = NULL;
    pthread_mutex_unlock(&daemon->lock);
    while (published != NULL) {
        crb_published *const next = published->next;
        publish_free(published);
        published = next;
    }
}
