/* bank-server [LISTEN]: hosts a bank, example.bank. docs/tutorial.md explains it piece by piece. */
#include "bank.corbel.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct account {
    char *owner;
    pthread_mutex_t lock; /* of what follows */
    int64_t balance;
    bank_Watcher *watcher; /* NULL: nobody is told */
} account;

/* The lock is not held during the call: the watcher may call this very account. */
static void account_tell(account *self)
{
    corbel_error error = CORBEL_ERROR_INIT;

    pthread_mutex_lock(&self->lock);
    const int64_t balance = self->balance;
    bank_Watcher *watcher = bank_Watcher_ref(self->watcher);
    pthread_mutex_unlock(&self->lock);

    if (watcher != NULL && bank_Watcher_changed(watcher, self->owner, balance, &error)) {
        corbel_error_print(&error, stderr);
    }
    bank_Watcher_unref(watcher);
    corbel_error_clear(&error);
}

static corbel_status get_balance(void *self, corbel_request *request, int64_t *ret)
{
    account *a = self;
    (void)request;
    pthread_mutex_lock(&a->lock);
    *ret = a->balance;
    pthread_mutex_unlock(&a->lock);
    return CORBEL_OK;
}

static corbel_status deposit(void *self, corbel_request *request, int64_t amount)
{
    account *a = self;
    if (amount <= 0) {
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "%" PRId64 " cannot be deposited", amount);
    }
    pthread_mutex_lock(&a->lock);
    const bool has_room = a->balance <= INT64_MAX - amount;
    a->balance += has_room ? amount : 0;
    pthread_mutex_unlock(&a->lock);
    if (!has_room) {
        return corbel_request_fail(request, CORBEL_LIMIT, "no account holds that much");
    }
    account_tell(a);
    return CORBEL_OK;
}

static corbel_status withdraw(void *self, corbel_request *request, int64_t amount)
{
    account *a = self;
    if (amount <= 0) {
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "%" PRId64 " cannot be withdrawn", amount);
    }
    pthread_mutex_lock(&a->lock);
    const int64_t balance = a->balance;
    a->balance -= amount <= balance ? amount : 0;
    pthread_mutex_unlock(&a->lock);
    if (amount > balance) {
        return bank_InsufficientFunds_raise(request, &(bank_InsufficientFunds) { .balance = balance });
    }
    account_tell(a);
    return CORBEL_OK;
}

static corbel_status watch(void *self, corbel_request *request, bank_Watcher *watcher)
{
    account *a = self;
    (void)request;
    pthread_mutex_lock(&a->lock);
    bank_Watcher *before = a->watcher;
    a->watcher = bank_Watcher_ref(watcher);
    pthread_mutex_unlock(&a->lock);
    bank_Watcher_unref(before);
    return CORBEL_OK;
}

static const bank_Account_servant account_servant = {
    .get_balance = get_balance,
    .deposit = deposit,
    .withdraw = withdraw,
    .watch = watch,
};

static void account_finalize(void *self)
{
    account *a = self;
    printf("the account of %s is closed\n", a->owner);
    bank_Watcher_unref(a->watcher);
    pthread_mutex_destroy(&a->lock);
    free(a->owner);
    free(a);
}

static corbel_status open_account(void *self, corbel_request *request, const char *owner, bank_Account **ret)
{
    (void)self;
    account *a = calloc(1, sizeof *a);
    char *copy = strdup(owner);
    if (a == NULL || copy == NULL || pthread_mutex_init(&a->lock, NULL) != 0) {
        free(a);
        free(copy);
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for an account of %s", owner);
    }
    a->owner = copy;
    *ret = bank_Account_new(corbel_request_runtime(request), &account_servant, a, account_finalize);
    return CORBEL_OK;
}

static const bank_Bank_servant bank_servant = { .open = open_account };

static corbel_status serve(corbel_runtime *runtime, corbel_daemon *daemon, corbel_error *error)
{
    bank_Bank *mine = bank_Bank_new(runtime, &bank_servant, NULL, NULL);
    corbel_object *object = bank_Bank_as_object(mine);
    const bool failed = corbel_daemon_register(daemon, "example.bank", object, error) ||
                        corbel_daemon_publish(daemon, "example.bank", object, NULL, true, error) ||
                        corbel_daemon_shutdown_on_signals(daemon, error) || corbel_daemon_ready(daemon, object, stdout, error) ||
                        corbel_daemon_run(daemon, error);
    bank_Bank_unref(mine);
    return failed ? error->status : CORBEL_OK;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    const bool failed = corbel_runtime_new(NULL, &runtime, &error) ||
                        corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error) || serve(runtime, daemon, &error);
    const int result = failed ? corbel_error_print(&error, stderr) : 0;
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
