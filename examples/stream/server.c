/* stream-server MARKET SYMBOL... : hosts a market that quotes these symbols, as example.stream.MARKET. */
#include "stream.corbel.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_SYMBOLS = 32 };

typedef struct market {
    const char *name;
    const char *const *symbols;
    size_t n_symbols;
} market;

static corbel_status get_name(void *self, corbel_request *request, const char **ret)
{
    const market *m = self;
    (void)request;
    *ret = m->name;
    return CORBEL_OK;
}

static bool market_has(const market *self, const char *symbol)
{
    for (size_t i = 0; i < self->n_symbols; i++) {
        if (strcmp(self->symbols[i], symbol) == 0) {
            return true;
        }
    }
    return false;
}

/* Prices go up and down by a few cents, the same way for every listener. */
static int64_t next_price(int64_t price, uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    const int64_t change = (int64_t)(*state >> 16) % 21 - 10;
    return price + change > 0 ? price + change : price;
}

/* Runs for as long as the caller reads, on a thread of the daemon of its own. Nothing is computed that nobody wants: _put() waits
 * when the reader has some quotes in store. */
static corbel_status market_listen(void *self, corbel_request *request, quotes_Symbols symbols, quotes_Quote_stream *ret)
{
    const market *m = self;
    int64_t prices[MOST_SYMBOLS];
    uint32_t state = (uint32_t)strlen(m->name);
    for (size_t i = 0; i < symbols.len; i++) {
        if (!market_has(m, symbols.items[i])) {
            return quotes_UnknownSymbol_raise(request, &(quotes_UnknownSymbol) { .symbol = symbols.items[i] });
        }
    }
    if (symbols.len == 0) {
        symbols = (quotes_Symbols) { m->n_symbols, m->symbols };
    }
    if (symbols.len > MOST_SYMBOLS) {
        return corbel_request_fail(request, CORBEL_LIMIT, "a listener has %d symbols at most", MOST_SYMBOLS);
    }
    for (size_t i = 0; i < symbols.len; i++) {
        prices[i] = 10000 * (int64_t)strlen(symbols.items[i]);
    }
    for (size_t i = 0;; i = (i + 1) % symbols.len) {
        prices[i] = next_price(prices[i], &state);
        if (!quotes_Quote_stream_put(ret, &(quotes_Quote) { .symbol = symbols.items[i], .price = prices[i] })) {
            printf("%s: a listener to %zu symbols has had enough\n", m->name, symbols.len);
            return CORBEL_OK;
        }
    }
}

static const quotes_Market_servant servant = { .get_name = get_name, .listen = market_listen };

int main(int argc, char **argv)
{
    if (argc < 3 || argc - 2 > MOST_SYMBOLS) {
        fprintf(stderr, "usage: stream-server MARKET SYMBOL...\n");
        return 2;
    }
    market self = { argv[1], (const char *const *)&argv[2], (size_t)argc - 2 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    quotes_Market *object = NULL;
    char name[128];
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    snprintf(name, sizeof name, "example.stream.%s", self.name);
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, NULL, &daemon, &error)) {
        goto failed;
    }
    object = quotes_Market_new(runtime, &servant, &self, NULL);
    if (corbel_daemon_register(daemon, name, quotes_Market_as_object(object), &error) ||
        corbel_daemon_publish(daemon, name, quotes_Market_as_object(object), NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, quotes_Market_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    quotes_Market_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
