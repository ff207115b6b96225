/* See support.h. */
#include "tests/runtime/transport/support.h"

#include "runtime/uri/uri.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void support_append(test_message **first, test_message **last, const void *data, size_t len)
{
    test_message *message = calloc(1, sizeof *message);
    assert_non_null(message);
    crb_buf_append(&message->buf, data, len);
    assert_false(message->buf.failed);
    *(*last != NULL ? &(*last)->next : first) = message;
    *last = message;
}

static bool support_pop(test_message **first, test_message **last, crb_buf *buf)
{
    test_message *message = *first;
    if (message == NULL) {
        return false;
    }
    *first = message->next;
    if (*first == NULL) {
        *last = NULL;
    }
    *buf = message->buf;
    free(message);
    return true;
}

static void end_received(void *user, const uint8_t *data, size_t len)
{
    test_end *end = user;
    if (end->on_message != NULL) {
        end->on_message(end, data, len);
        return;
    }
    pthread_mutex_lock(&end->lock);
    end->received++;
    end->received_at = crb_now();
    support_append(&end->in_first, &end->in_last, data, len);
    if (end->waiter != NULL) {
        crb_io_wake(end->waiter);
    }
    pthread_mutex_unlock(&end->lock);
}

bool test_sends_now;

/* Sends the next, or closes. */
static void end_next_locked(test_end *end)
{
    crb_buf buf;
    if (end->closed) {
        return;
    }
    while (!end->busy && support_pop(&end->out_first, &end->out_last, &buf)) {
        end->busy = true;
        if (!test_sends_now) {
            end->link->ops->send(end->link, &buf);
        } else if (end->link->ops->send_now(end->link, &buf)) {
            end->busy = false;
            end->sent++;
            end->sent_now++;
        }
        crb_buf_clear(&buf);
    }
    if (!end->busy && end->close_when_sent) {
        end->close_when_sent = false;
        end->link->ops->close(end->link, true);
    }
}

static void end_sent(void *user)
{
    test_end *end = user;
    pthread_mutex_lock(&end->lock);
    end->busy = false;
    end->sent++;
    end_next_locked(end);
    pthread_mutex_unlock(&end->lock);
}

static void end_closed(void *user, const char *why)
{
    test_end *end = user;
    pthread_mutex_lock(&end->lock);
    end->closed = true;
    end->n_closed++;
    (void)snprintf(end->why, sizeof end->why, "%s", why);
    if (end->waiter != NULL) {
        crb_io_wake(end->waiter);
    }
    pthread_mutex_unlock(&end->lock);
}

const crb_link_handler test_handler = { .received = end_received, .sent = end_sent, .closed = end_closed };

void test_end_init(test_end *end)
{
    memset(end, 0, sizeof *end);
    pthread_mutex_init(&end->lock, NULL);
}

void test_end_clear(test_end *end)
{
    crb_buf buf;
    while (support_pop(&end->in_first, &end->in_last, &buf) || support_pop(&end->out_first, &end->out_last, &buf)) {
        crb_buf_clear(&buf);
    }
    if (end->link != NULL) {
        assert_true(end->closed);
        assert_int_equal(end->n_closed, 1);
        end->link->ops->free(end->link);
    }
    pthread_mutex_destroy(&end->lock);
}

void test_end_send(test_end *end, const void *data, size_t len)
{
    pthread_mutex_lock(&end->lock);
    support_append(&end->out_first, &end->out_last, data, len);
    end_next_locked(end);
    pthread_mutex_unlock(&end->lock);
}

static bool end_wait(test_end *end, crb_waiter *waiter, crb_buf *buf)
{
    const uint64_t deadline = crb_now() + PATIENCE;
    bool got = false;
    pthread_mutex_lock(&end->lock);
    end->waiter = waiter;
    while (true) {
        got = buf != NULL ? support_pop(&end->in_first, &end->in_last, buf) : end->closed;
        if (got || end->closed || crb_now() > deadline) {
            break;
        }
        pthread_mutex_unlock(&end->lock);
        (void)crb_io_wait(waiter, deadline);
        pthread_mutex_lock(&end->lock);
    }
    end->waiter = NULL;
    pthread_mutex_unlock(&end->lock);
    return got;
}

bool test_end_take(test_end *end, crb_waiter *waiter, crb_buf *buf)
{
    return end_wait(end, waiter, buf);
}

bool test_end_wait_closed(test_end *end, crb_waiter *waiter)
{
    return end_wait(end, waiter, NULL);
}

void test_end_close_in_order(test_end *end)
{
    pthread_mutex_lock(&end->lock);
    end->close_when_sent = true;
    end_next_locked(end);
    pthread_mutex_unlock(&end->lock);
}

/* ---- the server ---- */

static void server_message(test_end *end, const uint8_t *data, size_t len)
{
    test_server *server = end->user;
    pthread_mutex_lock(&end->lock);
    end->received++;
    end->received_at = crb_now();
    pthread_mutex_unlock(&end->lock);
    pthread_mutex_lock(&server->lock);
    test_message *message = calloc(1, sizeof *message);
    assert_non_null(message);
    crb_buf_append(&message->buf, &end, sizeof end);
    crb_buf_append(&message->buf, data, len);
    *(server->work_last != NULL ? &server->work_last->next : &server->work_first) = message;
    server->work_last = message;
    crb_io_wake(&server->worker);
    pthread_mutex_unlock(&server->lock);
}

static void *server_work(void *user)
{
    test_server *server = user;
    pthread_mutex_lock(&server->lock);
    while (!server->stop) {
        crb_buf buf;
        if (support_pop(&server->work_first, &server->work_last, &buf)) {
            pthread_mutex_unlock(&server->lock);
            test_end *end;
            memcpy(&end, buf.data, sizeof end);
            test_end_send(end, buf.data + sizeof end, buf.len - sizeof end);
            crb_buf_clear(&buf);
        } else {
            pthread_mutex_unlock(&server->lock);
            (void)crb_io_wait(&server->worker, CRB_NEVER);
        }
        pthread_mutex_lock(&server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static bool server_accept(void *user, crb_link *link, const crb_link_handler **ret_handler, void **ret_user)
{
    test_server *server = user;
    if (server->refuse) {
        return false;
    }
    test_end *end = malloc(sizeof *end);
    assert_non_null(end);
    test_end_init(end);
    end->link = link;
    end->user = server;
    end->on_message = server->no_echo ? NULL : server_message;
    *ret_handler = &test_handler;
    *ret_user = end;
    pthread_mutex_lock(&server->lock);
    test_end **last = &server->ends;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = end;
    server->n_ends++;
    if (server->watcher != NULL) {
        crb_io_wake(server->watcher);
    }
    pthread_mutex_unlock(&server->lock);
    return true;
}

crb_address test_address(const char *text)
{
    crb_address *list = NULL;
    size_t n = 0;
    corbel_error error = CORBEL_ERROR_INIT;
    if (crb_addresses_parse(text, &list, &n, &error) != CORBEL_OK || n != 1) {
        fail_msg("%s: %s", text, error.message);
    }
    const crb_address address = list[0];
    free(list);
    return address;
}

void test_server_start(test_server *server, const char *address, const crb_listener_limits *limits)
{
    const crb_listener_limits usual = { .opening_ns = 10 * CRB_SECOND };
    corbel_error error = CORBEL_ERROR_INIT;
    crb_address at = test_address(address);
    const bool no_echo = server->no_echo, refuse = server->refuse;
    memset(server, 0, sizeof *server);
    server->no_echo = no_echo;
    server->refuse = refuse;
    pthread_mutex_init(&server->lock, NULL);
    crb_waiter_init(&server->worker, CRB_WAITER_WORKER);
    if (crb_listener_new_with(limits != NULL ? limits : &usual, &at, 1, server_accept, server, &server->listener, &error) !=
        CORBEL_OK) {
        fail_msg("%s", error.message);
    }
    size_t n = 0;
    server->address = crb_listener_addresses(server->listener, &n)[0];
    assert_int_equal(n, 1);
    free(at.host);
    if (!server->no_echo) {
        assert_int_equal(pthread_create(&server->thread, NULL, server_work, server), 0);
    }
}

test_end *test_server_end(test_server *server, size_t i, crb_waiter *waiter)
{
    const uint64_t deadline = crb_now() + PATIENCE;
    test_end *end = NULL;
    pthread_mutex_lock(&server->lock);
    server->watcher = waiter;
    while (server->n_ends <= i && crb_now() < deadline) {
        pthread_mutex_unlock(&server->lock);
        (void)crb_io_wait(waiter, deadline);
        pthread_mutex_lock(&server->lock);
    }
    server->watcher = NULL;
    for (end = server->ends; end != NULL && i > 0; i--) {
        end = end->next;
    }
    pthread_mutex_unlock(&server->lock);
    assert_non_null(end);
    return end;
}

void test_server_stop(test_server *server)
{
    crb_waiter waiter;
    crb_waiter_init(&waiter, CRB_WAITER_CALLER);
    crb_listener_close(server->listener);
    pthread_mutex_lock(&server->lock);
    server->stop = true;
    crb_io_wake(&server->worker);
    pthread_mutex_unlock(&server->lock);
    if (!server->no_echo) {
        assert_int_equal(pthread_join(server->thread, NULL), 0);
    }
    for (test_end *end = server->ends; end != NULL; end = end->next) {
        end->link->ops->close(end->link, false);
    }
    crb_listener_free(server->listener);
    while (server->ends != NULL) {
        test_end *end = server->ends;
        server->ends = end->next;
        test_end_clear(end);
        free(end);
    }
    crb_buf buf;
    while (support_pop(&server->work_first, &server->work_last, &buf)) {
        crb_buf_clear(&buf);
    }
    pthread_mutex_destroy(&server->lock);
}

void test_dial(test_end *end, const crb_address *address)
{
    corbel_error error = CORBEL_ERROR_INIT;
    test_end_init(end);
    crb_link *link = NULL;
    if (crb_grpc_dial(address, crb_now() + PATIENCE, &test_handler, end, &link, &error) != CORBEL_OK) {
        fail_msg("%s", error.message);
    }
    end->link = link;
}

/* ---- processes, descriptors, folders ---- */

pid_t test_spawn(const char *mode, const char *arg, char *line, size_t max)
{
    char self[4096];
    int out[2];
    const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(len > 0);
    self[len] = '\0';
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], 1), 0);
    char *argv[] = { self, (char *)mode, (char *)arg, NULL };
    pid_t pid = 0;
    assert_int_equal(posix_spawn(&pid, self, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    size_t at = 0;
    while (at + 1 < max) {
        const ssize_t n = read(out[0], line + at, 1);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || line[at] == '\n') {
            break;
        }
        at++;
    }
    line[at] = '\0';
    close(out[0]);
    return pid;
}

int test_reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

size_t test_count_descriptors(void)
{
    size_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        n++;
    }
    closedir(folder);
    return n;
}

static char support_scratch[64];

static void support_remove_scratch(void)
{
    (void)rmdir(support_scratch);
}

const char *test_folder(void)
{
    if (support_scratch[0] == '\0') {
        (void)snprintf(support_scratch, sizeof support_scratch, "/tmp/corbel-transport-XXXXXX");
        assert_non_null(mkdtemp(support_scratch));
        (void)atexit(support_remove_scratch);
    }
    return support_scratch;
}
