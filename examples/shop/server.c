/* shop-server [LISTEN]: hosts a shop, example.shop.Shop. Several customers are served at once: each operation looks at the
 * accounts, and changes them, under one lock. */
#include "shop.corbel.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NAME "example.shop.Shop"

enum { MOST_CUSTOMERS = 1000 };

typedef struct account {
    char *customer;
    shop_Cents balance;
} account;

typedef struct shop {
    pthread_mutex_t lock; /* of what follows */
    size_t n_accounts;
    account accounts[MOST_CUSTOMERS]; /* in the order of the customers' names */
} shop;

/* Where a customer's account stands, or would stand. */
static size_t shop_place_locked(const shop *self, const char *customer)
{
    size_t at = 0;
    while (at < self->n_accounts && strcmp(self->accounts[at].customer, customer) < 0) {
        at++;
    }
    return at;
}

/* NULL: the customer has no account. */
static account *shop_find_locked(shop *self, const char *customer)
{
    const size_t at = shop_place_locked(self, customer);
    return at < self->n_accounts && strcmp(self->accounts[at].customer, customer) == 0 ? &self->accounts[at] : NULL;
}

static bool shop_open_locked(shop *self, const char *customer)
{
    const size_t at = shop_place_locked(self, customer);
    char *copy = self->n_accounts < MOST_CUSTOMERS ? strdup(customer) : NULL;
    if (copy == NULL) {
        return false;
    }
    memmove(&self->accounts[at + 1], &self->accounts[at], (self->n_accounts - at) * sizeof *self->accounts);
    self->accounts[at] = (account) { copy, 0 };
    self->n_accounts++;
    return true;
}

static corbel_status unknown_account(corbel_request *request)
{
    return shop_UnknownAccount_raise(request, &(shop_UnknownAccount) { .reason = "unknown account" });
}

static corbel_status get_name(void *self, corbel_request *request, const char **ret)
{
    (void)self;
    (void)request;
    *ret = "BuyAnythingOnline";
    return CORBEL_OK;
}

static corbel_status log_on(void *self, corbel_request *request, const char *customer)
{
    shop *s = self;
    pthread_mutex_lock(&s->lock);
    const bool has_account = shop_find_locked(s, customer) != NULL || shop_open_locked(s, customer);
    pthread_mutex_unlock(&s->lock);
    return has_account ? CORBEL_OK : corbel_request_fail(request, CORBEL_LIMIT, "the shop has no room for another account");
}

static corbel_status log_out(void *self, corbel_request *request, const char *customer)
{
    shop *s = self;
    pthread_mutex_lock(&s->lock);
    const bool is_known = shop_find_locked(s, customer) != NULL;
    pthread_mutex_unlock(&s->lock);
    if (!is_known) {
        return unknown_account(request);
    }
    printf("logout %s\n", customer);
    return CORBEL_OK;
}

static corbel_status deposit(void *self, corbel_request *request, const char *customer, shop_Cents amount)
{
    shop *s = self;
    bool has_room = false;
    if (amount <= 0) {
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "an amount is more than nothing");
    }
    pthread_mutex_lock(&s->lock);
    account *a = shop_find_locked(s, customer);
    if (a != NULL && a->balance <= INT64_MAX - amount) {
        has_room = true;
        a->balance += amount;
    }
    pthread_mutex_unlock(&s->lock);
    if (a == NULL) {
        return unknown_account(request);
    }
    return has_room ? CORBEL_OK : corbel_request_fail(request, CORBEL_LIMIT, "an account cannot hold that much");
}

static corbel_status buy(void *self, corbel_request *request, const char *customer, shop_Cents price)
{
    shop *s = self;
    shop_Cents balance = 0;
    if (price <= 0) {
        return corbel_request_fail(request, CORBEL_INVALID_ARGUMENT, "a price is more than nothing");
    }
    pthread_mutex_lock(&s->lock);
    account *a = shop_find_locked(s, customer);
    if (a != NULL) {
        balance = a->balance;
        a->balance -= price <= balance ? price : 0;
    }
    pthread_mutex_unlock(&s->lock);
    if (a == NULL) {
        return unknown_account(request);
    }
    if (price > balance) {
        return shop_InsufficientFunds_raise(request, &(shop_InsufficientFunds) { .balance = balance, .price = price });
    }
    return CORBEL_OK;
}

static corbel_status get_balance(void *self, corbel_request *request, const char *customer, shop_Cents *ret)
{
    shop *s = self;
    pthread_mutex_lock(&s->lock);
    const account *a = shop_find_locked(s, customer);
    *ret = a == NULL ? 0 : a->balance;
    pthread_mutex_unlock(&s->lock);
    return a == NULL ? unknown_account(request) : CORBEL_OK;
}

/* The result is a copy in the request's memory: the accounts may change while it is being sent. */
static corbel_status all_accounts(void *self, corbel_request *request, shop_Accounts *ret)
{
    shop *s = self;
    pthread_mutex_lock(&s->lock);
    shop_Account *items = corbel_request_alloc(request, s->n_accounts, sizeof *items);
    for (size_t i = 0; i < s->n_accounts && items != NULL; i++) {
        items[i] = (shop_Account) { corbel_request_strdup(request, s->accounts[i].customer), s->accounts[i].balance };
    }
    *ret = (shop_Accounts) { items == NULL ? 0 : s->n_accounts, items };
    pthread_mutex_unlock(&s->lock);
    return items == NULL ? CORBEL_NO_MEMORY : CORBEL_OK;
}

static const shop_Shop_servant servant = {
    .get_name = get_name,
    .log_on = log_on,
    .log_out = log_out,
    .deposit = deposit,
    .buy = buy,
    .balance = get_balance,
    .all_accounts = all_accounts,
};

int main(int argc, char **argv)
{
    static shop self = { .lock = PTHREAD_MUTEX_INITIALIZER };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    shop_Shop *object = NULL;
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    object = shop_Shop_new(runtime, &servant, &self, NULL);
    if (corbel_daemon_register(daemon, NAME, shop_Shop_as_object(object), &error) ||
        corbel_daemon_publish(daemon, NAME, shop_Shop_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, shop_Shop_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    shop_Shop_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    for (size_t i = 0; i < self.n_accounts; i++) {
        free(self.accounts[i].customer);
    }
    return result;
}
