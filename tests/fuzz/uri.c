/* URIs and lists of addresses, fed anything. What is taken comes back from its own text, unchanged. */
#include "runtime/uri/uri.h"

#include <corbel/value.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool same_addresses(const crb_address *a, const crb_address *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i].kind != b[i].kind || strcmp(a[i].host, b[i].host) != 0 || a[i].port != b[i].port ||
            a[i].has_port != b[i].has_port) {
            return false;
        }
    }
    return true;
}

static void check_uri(const char *text)
{
    crb_uri uri, again;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = crb_uri_parse(text, &uri, &error);
    must(error.status == status);
    if (status != CORBEL_OK) {
        must(status == CORBEL_INVALID_ARGUMENT && strncmp(error.message, "column ", 7) == 0);
        must(strtoul(error.message + 7, NULL, 10) <= strlen(text) + 1);
        corbel_error_clear(&error);
        return;
    }
    must(crb_object_id_fault(uri.id) == NULL);
    char *formatted = crb_uri_format(&uri);
    must(formatted != NULL && crb_uri_parse(formatted, &again, NULL) == CORBEL_OK);
    must(uri.kind == again.kind && strcmp(uri.id, again.id) == 0 && uri.n_addresses == again.n_addresses);
    must(same_addresses(uri.addresses, again.addresses, uri.n_addresses));
    char *twice = crb_uri_format(&again);
    must(twice != NULL && strcmp(formatted, twice) == 0);
    corbel_string_free(formatted);
    corbel_string_free(twice);
    crb_uri_clear(&uri);
    crb_uri_clear(&again);
}

static void check_addresses(const char *text)
{
    crb_address *addresses = NULL, *again = NULL;
    size_t n = 0, n_again = 0;
    if (crb_addresses_parse(text, &addresses, &n, NULL) != CORBEL_OK) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        char *formatted = crb_address_format(&addresses[i]);
        must(formatted != NULL && crb_addresses_parse(formatted, &again, &n_again, NULL) == CORBEL_OK);
        must(n_again == 1 && same_addresses(&addresses[i], again, 1));
        crb_addresses_free(again, n_again);
        free(formatted);
    }
    crb_addresses_free(addresses, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, size > 0 ? data : (const uint8_t *)"", size);
    text[size] = '\0';
    check_uri(text);
    check_addresses(text);
    free(text);
    return 0;
}
