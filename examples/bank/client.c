/* bank-client [OWNER]: opens an account and uses it, while a watcher of its own is told of each change. */
#include "bank.corbel.h"

#include <inttypes.h>

static corbel_status changed(void *self, corbel_request *request, const char *owner, int64_t balance)
{
    (void)self;
    (void)request;
    printf("the account of %s holds %" PRId64 "\n", owner, balance);
    return CORBEL_OK;
}

static const bank_Watcher_servant watcher_servant = { .changed = changed };

/* Tries again what may work a little later, but only if it is certain that nothing was deposited. */
static corbel_status deposit_once(bank_Account *account, int64_t amount, corbel_error *error)
{
    corbel_status status = CORBEL_OK;
    for (int attempt = 0; attempt < 3; attempt++) {
        status = bank_Account_deposit(account, amount, error);
        if (status == CORBEL_OK || corbel_status_reaction(status) != CORBEL_RETRY || error->completion != CORBEL_COMPLETED_NO) {
            break;
        }
    }
    return status;
}

static corbel_status withdraw(bank_Account *account, int64_t amount, corbel_error *error)
{
    const corbel_status status = bank_Account_withdraw(account, amount, error);
    const bank_InsufficientFunds *poor = bank_InsufficientFunds_of(error);
    if (status == CORBEL_RAISED && poor != NULL) {
        printf("%" PRId64 " cannot be withdrawn: the account holds %" PRId64 "\n", amount, poor->balance);
        corbel_error_clear(error);
        return CORBEL_OK;
    }
    return status;
}

/* Everything that hangs on the account; each call is made only if those before it went well. */
static corbel_status use(bank_Account *account, bank_Watcher *watcher, corbel_error *error)
{
    const bool failed = bank_Account_watch(account, watcher, error) || deposit_once(account, 100, error) ||
                        withdraw(account, 37, error) || withdraw(account, 100, error);
    return failed ? error->status : CORBEL_OK;
}

static corbel_status open_and_use(bank_Bank *bank, const char *owner, bank_Watcher *watcher, corbel_error *error)
{
    bank_Account *account = NULL;
    if (bank_Bank_open(bank, owner, &account, error)) {
        return error->status;
    }
    const corbel_options patience = { .size = sizeof patience, .deadline_ms = 20000 };
    bank_Account *patient = bank_Account_with(account, &patience);
    const corbel_status status = use(patient, watcher, error);
    bank_Account_unref(patient);
    bank_Account_unref(account);
    return status;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    bank_Bank *bank = NULL;
    bank_Watcher *watcher = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || bank_Bank_from_uri(runtime, "corbelname:example.bank", &bank, &error)) {
        goto failed;
    }
    watcher = bank_Watcher_new(runtime, &watcher_servant, NULL, NULL);
    if (open_and_use(bank, argc > 1 ? argv[1] : "Meeta", watcher, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    bank_Watcher_unref(watcher);
    bank_Bank_unref(bank);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
