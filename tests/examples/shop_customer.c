/* shop_customer CUSTOMER ROUNDS: one of a crowd. Logs on and says so by a line "ready"; when its stdin ends, makes ROUNDS
 * deposits of 3 cents and as many purchases for 1 cent, as fast as it can. shop_customer CUSTOMER: prints the balance, in cents.
 */
#include "shop.corbel.h"

#include <inttypes.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    shop_Shop *shop = NULL;
    shop_Cents balance = 0;
    int result = 0;

    if (argc < 2) {
        fputs("usage: shop_customer CUSTOMER [ROUNDS]\n", stderr);
        return 2;
    }
    if (corbel_runtime_new(NULL, &runtime, &error) ||
        shop_Shop_from_uri(runtime, "corbelname:example.shop.Shop", &shop, &error)) {
        goto failed;
    }
    if (argc == 2) {
        if (shop_Shop_balance(shop, argv[1], &balance, &error)) {
            goto failed;
        }
        printf("%" PRId64 "\n", balance);
        goto done;
    }
    if (shop_Shop_log_on(shop, argv[1], &error)) {
        goto failed;
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    for (long i = strtol(argv[2], NULL, 10); i > 0; i--) {
        if (shop_Shop_deposit(shop, argv[1], 3, &error) || shop_Shop_buy(shop, argv[1], 1, &error)) {
            goto failed;
        }
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    shop_Shop_unref(shop);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
