/* shop-client: Rashmi buys a book, Meeta deposits money; then the accounts of the shop are printed.
 * shop-client mistakes: what a customer can do wrong, and how the shop says so. */
#include "shop.corbel.h"

#include <inttypes.h>
#include <string.h>

enum { DOLLAR = 100 }; /* in cents */

static void print_balance(const char *before, const char *name, shop_Cents cents)
{
    printf("%s%s%" PRId64 ".%02" PRId64 "\n", before, name, cents / DOLLAR, cents % DOLLAR);
}

static corbel_status begin(shop_Shop *shop, const char *customer, corbel_error *error)
{
    char *name = NULL;
    if (shop_Shop_get_name(shop, &name, error)) {
        return error->status;
    }
    printf("*** %s is doing shopping with %s:\n", customer, name);
    corbel_string_free(name);
    puts("Log on");
    return shop_Shop_log_on(shop, customer, error);
}

static corbel_status deposit(shop_Shop *shop, const char *customer, int dollars, corbel_error *error)
{
    shop_Cents balance = 0;
    printf("Deposit money %d\n", dollars);
    if (shop_Shop_deposit(shop, customer, (shop_Cents)dollars * DOLLAR, error) ||
        shop_Shop_balance(shop, customer, &balance, error)) {
        return error->status;
    }
    print_balance("balance", "=", balance);
    return CORBEL_OK;
}

static corbel_status buy(shop_Shop *shop, const char *customer, const char *what, int dollars, corbel_error *error)
{
    printf("%s is buying %s for %d$\n", customer, what, dollars);
    return shop_Shop_buy(shop, customer, (shop_Cents)dollars * DOLLAR, error);
}

static corbel_status end(shop_Shop *shop, const char *customer, corbel_error *error)
{
    puts("Log out");
    return shop_Shop_log_out(shop, customer, error);
}

static corbel_status print_accounts(shop_Shop *shop, corbel_error *error)
{
    char *name = NULL;
    shop_Accounts accounts = { 0, NULL };
    if (shop_Shop_get_name(shop, &name, error) || shop_Shop_all_accounts(shop, &accounts, error)) {
        corbel_string_free(name);
        return error->status;
    }
    printf("\n\n\n\nThe accounts in the %s:\n", name);
    for (size_t i = 0; i < accounts.len; i++) {
        printf("  %s", accounts.items[i].customer);
        print_balance(" ", ": ", accounts.items[i].balance);
    }
    shop_Account_seq_clear(&accounts);
    corbel_string_free(name);
    return CORBEL_OK;
}

static corbel_status go_shopping(shop_Shop *shop, corbel_error *error)
{
    const bool failed = begin(shop, "Rashmi", error) || deposit(shop, "Rashmi", 100, error) ||
                        buy(shop, "Rashmi", "a book", 37, error) || end(shop, "Rashmi", error) || begin(shop, "Meeta", error) ||
                        deposit(shop, "Meeta", 50, error) || deposit(shop, "Meeta", 50, error) || end(shop, "Meeta", error) ||
                        print_accounts(shop, error);
    return failed ? error->status : CORBEL_OK;
}

/* A raised exception is printed, and all is well; anything else is an error. */
static corbel_status expect_exception(corbel_status status, corbel_error *error)
{
    const shop_UnknownAccount *unknown = shop_UnknownAccount_of(error);
    const shop_InsufficientFunds *insufficient = shop_InsufficientFunds_of(error);
    if (status == CORBEL_RAISED && unknown != NULL) {
        printf("UnknownAccount: %s\n", unknown->reason);
    } else if (status == CORBEL_RAISED && insufficient != NULL) {
        print_balance("InsufficientFunds: the price is ", "", insufficient->price);
        print_balance("InsufficientFunds: the balance is ", "", insufficient->balance);
    } else {
        return status;
    }
    corbel_error_clear(error);
    return CORBEL_OK;
}

static corbel_status make_mistakes(shop_Shop *shop, corbel_error *error)
{
    const bool failed = expect_exception(deposit(shop, "John", 10, error), error) || begin(shop, "John", error) ||
                        deposit(shop, "John", 10, error) || expect_exception(buy(shop, "John", "a book", 37, error), error) ||
                        begin(shop, "John", error) || deposit(shop, "John", 10, error) || end(shop, "John", error);
    return failed ? error->status : CORBEL_OK;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    shop_Shop *shop = NULL;
    int result = 0;

    const bool with_mistakes = argc > 1 && strcmp(argv[1], "mistakes") == 0;
    if (corbel_runtime_new(NULL, &runtime, &error) ||
        shop_Shop_from_uri(runtime, "corbelname:example.shop.Shop", &shop, &error) ||
        (with_mistakes ? make_mistakes(shop, &error) : go_shopping(shop, &error))) {
        result = corbel_error_print(&error, stderr);
    }
    shop_Shop_unref(shop);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
