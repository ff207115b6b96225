/* stream-client [SYMBOL...]: listens to two markets at once, prints what each quotes in turn, and leaves when it has seen enough.
 * With SYMBOLs it wants these alone. */
#include "stream.corbel.h"

#include <inttypes.h>

enum { MARKETS = 2, ENOUGH = 4 };

typedef struct listener {
    quotes_Market *market;
    char *name;
    corbel_call *call;
    quotes_Quote_stream *quotes;
} listener;

static corbel_status start(listener *self, corbel_runtime *runtime, const char *uri, quotes_Symbols symbols, corbel_error *reterr)
{
    if (quotes_Market_from_uri(runtime, uri, &self->market, reterr) ||
        quotes_Market_get_name(self->market, &self->name, reterr)) {
        return reterr->status;
    }
    self->call = quotes_Market_listen_begin(self->market, symbols, &self->quotes);
    return CORBEL_OK;
}

/* Prints the next quote; false: there are no more. */
static bool show_next(listener *self)
{
    const quotes_Quote *quote = NULL; /* lent until the next one is asked for */
    if (!quotes_Quote_stream_next(self->quotes, &quote)) {
        return false;
    }
    printf("%-8s %-5s %3" PRId64 ".%02" PRId64 "\n", self->name, quote->symbol, quote->price / 100, quote->price % 100);
    return true;
}

/* The market learns that nobody listens any more; what is still on its way is dropped. An exception is told here, too. */
static corbel_status stop(listener *self, corbel_error *reterr)
{
    corbel_call *call = self->call;
    self->call = NULL;
    return call == NULL ? CORBEL_OK : quotes_Market_listen_finish(call, reterr);
}

int main(int argc, char **argv)
{
    static const char *const uris[MARKETS] = { "corbelname:example.stream.NASDAQ", "corbelname:example.stream.NYSE" };
    const quotes_Symbols symbols = { (size_t)argc - 1, (const char *const *)&argv[1] };
    listener listeners[MARKETS] = { 0 };
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    int result = 1;

    if (corbel_runtime_new(NULL, &runtime, &error)) {
        goto done;
    }
    for (int i = 0; i < MARKETS; i++) {
        if (start(&listeners[i], runtime, uris[i], symbols, &error)) {
            goto done;
        }
    }
    for (int n = 0; n < ENOUGH; n++) {
        for (int i = 0; i < MARKETS; i++) {
            if (!show_next(&listeners[i])) {
                n = ENOUGH; /* stop() says why */
            }
        }
    }
    for (int i = 0; i < MARKETS; i++) {
        if (stop(&listeners[i], &error)) {
            const quotes_UnknownSymbol *unknown = quotes_UnknownSymbol_of(&error);
            if (unknown == NULL) {
                goto done;
            }
            printf("%s does not know %s\n", listeners[i].name, unknown->symbol);
        }
        corbel_error_clear(&error);
    }
    result = 0;
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    for (int i = 0; i < MARKETS; i++) {
        corbel_call_drop(listeners[i].call);
        corbel_string_free(listeners[i].name);
        quotes_Market_unref(listeners[i].market);
    }
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
