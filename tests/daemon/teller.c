#include "teller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROOM (64u << 10)
enum { PATIENCE_S = 60 };

void teller_init(teller_state *self)
{
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    self->heard = NULL;
}

void teller_destroy(teller_state *self)
{
    free(self->heard);
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->changed);
}

static int teller_order(const void *a, const void *b)
{
    const corbel_context_value *const first = a, *const second = b;
    return strcmp(first->name, second->name);
}

char *teller_line(const corbel_context *context)
{
    const size_t n = corbel_context_count(context);
    corbel_context_value *const values = calloc(n + 1, sizeof *values);
    char *const line = malloc(ROOM);
    if (values == NULL || line == NULL) {
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        values[i] = corbel_context_value_at(context, i);
    }
    qsort(values, n, sizeof *values, teller_order);
    size_t len =
        (size_t)snprintf(line, ROOM, "%s|%s|", corbel_context_get_correlation(context), corbel_context_get_traceparent(context));
    for (size_t i = 0; i < n && len < ROOM; i++) {
        len += (size_t)snprintf(line + len, ROOM - len, "%s%s=%s%s", i == 0 ? "" : ",", values[i].name, values[i].value,
                                values[i].here ? "!" : "");
    }
    free(values);
    return line;
}

static corbel_status teller_tell(void *self, corbel_request *request, const char **ret)
{
    char *const line = teller_line(corbel_request_context(request));
    (void)self;
    corbel_log(CORBEL_LOG_DEBUG, "teller", "told");
    *ret = corbel_request_strdup(request, line);
    free(line);
    return CORBEL_OK;
}

static corbel_status teller_give(corbel_request *request, corbel_status status, char *line, corbel_error *error, const char **ret)
{
    if (status != CORBEL_OK) {
        return corbel_request_forward(request, error);
    }
    *ret = corbel_request_strdup(request, line);
    corbel_string_free(line);
    return CORBEL_OK;
}

static corbel_status teller_pass(void *self, corbel_request *request, ctx_Teller *next, ctx_Way way, const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *line = NULL;
    corbel_status status = CORBEL_OK;
    (void)self;
    if (way == ctx_by_begin) {
        corbel_call *const call = ctx_Teller_tell_begin(next);
        status = ctx_Teller_tell_finish(call, &line, &error);
    } else if (way == ctx_by_oneway) {
        status = ctx_Teller_hear(next, &error);
        if (status == CORBEL_OK) {
            status = ctx_Teller_heard(next, &line, &error);
        }
    } else {
        status = ctx_Teller_tell(next, &line, &error);
    }
    return teller_give(request, status, line, &error, ret);
}

static corbel_status teller_pass_twice(void *self, corbel_request *request, ctx_Teller *between, ctx_Teller *next,
                                       const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *line = NULL;
    (void)self;
    const corbel_status status = ctx_Teller_pass(between, next, ctx_by_call, &line, &error);
    return teller_give(request, status, line, &error, ret);
}

static corbel_status teller_pass_more(void *self, corbel_request *request, ctx_Teller *next, const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    char *line = NULL;
    corbel_context *const more = corbel_context_new();
    (void)self;
    corbel_status status = corbel_context_set(more, "added", "by the first", &error);
    if (status == CORBEL_OK) {
        status = corbel_context_set_here(more, "once", "for the second", &error);
    }
    if (status == CORBEL_OK) {
        status = corbel_context_enter(more, &error);
    }
    if (status == CORBEL_OK) {
        status = ctx_Teller_tell(next, &line, &error);
        corbel_context_leave();
    }
    corbel_context_unref(more);
    return teller_give(request, status, line, &error, ret);
}

static corbel_status teller_answer(void *self, corbel_request *request, const char *name, const char *value, bool fail)
{
    (void)self;
    const corbel_status status = corbel_request_set_reply_value(request, name, value);
    return status != CORBEL_OK ? status : fail ? corbel_request_fail(request, CORBEL_REFUSED, "as asked") : CORBEL_OK;
}

static corbel_status teller_answer_through(void *self, corbel_request *request, ctx_Teller *next, const char *name,
                                           const char *value, const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_options options = CORBEL_OPTIONS_INIT;
    corbel_context *const reply = corbel_context_new();
    (void)self;
    options.reply = reply;
    ctx_Teller *const watched = ctx_Teller_with(next, &options);
    const corbel_status status = ctx_Teller_answer(watched, name, value, false, &error);
    if (status == CORBEL_OK) {
        char *const line = teller_line(reply);
        *ret = corbel_request_strdup(request, line);
        free(line);
    }
    ctx_Teller_unref(watched);
    corbel_context_unref(reply);
    return status == CORBEL_OK ? CORBEL_OK : corbel_request_forward(request, &error);
}

static corbel_status teller_hear(void *self, corbel_request *request)
{
    teller_state *const t = self;
    char *const line = teller_line(corbel_request_context(request));
    pthread_mutex_lock(&t->lock);
    free(t->heard);
    t->heard = line;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    return CORBEL_OK;
}

static corbel_status teller_heard(void *self, corbel_request *request, const char **ret)
{
    teller_state *const t = self;
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&t->lock);
    int problem = 0;
    while (t->heard == NULL && problem == 0) {
        problem = pthread_cond_timedwait(&t->changed, &t->lock, &end);
    }
    *ret = corbel_request_strdup(request, t->heard == NULL ? "nothing" : t->heard);
    free(t->heard);
    t->heard = NULL;
    pthread_mutex_unlock(&t->lock);
    return CORBEL_OK;
}

static corbel_status teller_caller(void *self, corbel_request *request, uint32_t *ret_uid, uint32_t *ret_gid, uint32_t *ret_pid,
                                   const char **ret)
{
    corbel_user user = { 0, 0, 0 };
    (void)self;
    if (corbel_request_caller_user(request, &user)) {
        *ret_uid = user.uid;
        *ret_gid = user.gid;
        *ret_pid = (uint32_t)user.pid;
    }
    *ret = corbel_request_caller_address(request);
    return CORBEL_OK;
}

static corbel_status teller_enter_and_return(void *self, corbel_request *request)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_context *const left = corbel_context_new();
    corbel_status status = corbel_context_set(left, "left", "behind", &error);
    (void)self;
    for (int i = 0; i < 3 && status == CORBEL_OK; i++) {
        status = corbel_context_enter(left, &error);
    }
    corbel_context_unref(left);
    return status == CORBEL_OK ? CORBEL_OK : corbel_request_forward(request, &error);
}

static const ctx_Teller_servant teller_servant = {
    .tell = teller_tell,
    .pass = teller_pass,
    .pass_twice = teller_pass_twice,
    .pass_more = teller_pass_more,
    .answer = teller_answer,
    .answer_through = teller_answer_through,
    .hear = teller_hear,
    .heard = teller_heard,
    .caller = teller_caller,
    .enter_and_return = teller_enter_and_return,
};

ctx_Teller *teller_new(corbel_runtime *runtime, teller_state *self)
{
    return ctx_Teller_new(runtime, &teller_servant, self, NULL);
}
